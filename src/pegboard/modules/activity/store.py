"""Every query of `activity`."""

from pegboard.kernel.db import sql

POLICY = sql("SELECT enabled, revision FROM activity_policies WHERE org_id = :org_id")
SET_POLICY = sql("""
    INSERT INTO activity_policies (org_id, enabled, revision) VALUES (:org_id, :enabled, 1)
    ON CONFLICT (org_id) DO UPDATE SET enabled = excluded.enabled, revision = activity_policies.revision + 1
    WHERE activity_policies.revision = :revision
    RETURNING revision
""")
LOCK_POLICY = sql("SELECT enabled, revision FROM activity_policies WHERE org_id = :org_id FOR UPDATE")

OPEN_PERIOD = sql("""
    INSERT INTO activity_periods (org_id, length, starts, ends_at, salt)
    VALUES (:org_id, :length, :starts, :ends_at, :salt) ON CONFLICT DO NOTHING
""")
SALT = sql("""
    SELECT salt FROM activity_periods
    WHERE org_id = :org_id AND length = :length AND starts = :starts FOR SHARE
""")
MARK = sql("""
    INSERT INTO activity_marks (org_id, length, starts, act, mark)
    SELECT :org_id, :length, :starts, act, mark
    FROM unnest(CAST(:acts AS text[]), CAST(:marks AS text[])) AS m (act, mark)
    ORDER BY act, mark ON CONFLICT DO NOTHING
""")
COUNT = sql("""
    INSERT INTO activity_counts (org_id, length, starts, act, version, acts)
    SELECT :org_id, :length, :starts, act, :version, acts
    FROM unnest(CAST(:names AS text[]), CAST(:acts AS bigint[])) AS n (act, acts)
    ORDER BY act
    ON CONFLICT (org_id, length, starts, act)
    DO UPDATE SET acts = activity_counts.acts + excluded.acts, version = excluded.version
""")

DUE = sql("""
    SELECT length, starts FROM activity_periods
    WHERE org_id = :org_id AND salt IS NOT NULL AND ends_at < :ended_before
    ORDER BY length, starts LIMIT 100 FOR UPDATE SKIP LOCKED
""")
SUM_UP = sql("""
    UPDATE activity_counts c
    SET people = (SELECT count(*) FROM activity_marks m
                  WHERE m.org_id = :org_id AND m.length = c.length AND m.starts = c.starts AND m.act = c.act)
    WHERE c.org_id = :org_id AND c.length = :length AND c.starts = :starts
""")
DROP_MARKS = sql("DELETE FROM activity_marks WHERE org_id = :org_id AND length = :length AND starts = :starts")
CLOSE_PERIOD = sql("""
    UPDATE activity_periods SET salt = NULL WHERE org_id = :org_id AND length = :length AND starts = :starts
""")
DROP_OPEN = sql("DELETE FROM activity_periods WHERE org_id = :org_id AND salt IS NOT NULL")

READ = sql("""
    SELECT c.starts, c.act, c.version, c.acts, c.people
    FROM activity_counts c
    WHERE c.org_id = :org_id AND c.length = :length AND c.starts BETWEEN :first AND :last AND c.people IS NOT NULL
    ORDER BY c.starts, c.act
""")
