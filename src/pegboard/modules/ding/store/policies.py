"""What organisations have decided."""

from pegboard.kernel.db import sql

FIND = sql("SELECT policy, revision FROM ding_policies WHERE org_id = :org_id")
ENSURE = sql("""
    INSERT INTO ding_policies (org_id, policy, revision) VALUES (:org_id, CAST(:policy AS jsonb), 1)
    ON CONFLICT DO NOTHING
""")
CHANGE = sql("""
    UPDATE ding_policies SET policy = CAST(:policy AS jsonb), revision = revision + 1
    WHERE org_id = :org_id AND revision = :revision RETURNING revision
""")
