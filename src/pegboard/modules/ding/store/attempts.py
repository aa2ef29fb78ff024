"""Deliveries through adapters, and what each has used of the day."""

from pegboard.kernel.db import sql

# The same delivery again (after a lease that ran out) keeps its id, by which the other side knows it.
CLAIM = sql("""
    INSERT INTO ding_attempts (org_id, delivery_id, ding_id, member_id, round, step, channel, state, tries, lease_epoch,
                               claimed_at)
    SELECT CAST(:org_id AS uuid), v.delivery_id, v.ding_id, v.member_id, v.round, v.step, v.channel, 'claimed', 1,
           v.lease_epoch, CAST(:now AS timestamptz)
    FROM unnest(CAST(:delivery_ids AS uuid[]), CAST(:ding_ids AS uuid[]), CAST(:member_ids AS uuid[]),
                CAST(:rounds AS int[]), CAST(:steps AS int[]), CAST(:channels AS text[]),
                CAST(:lease_epochs AS bigint[]))
         AS v (delivery_id, ding_id, member_id, round, step, channel, lease_epoch)
    ON CONFLICT (org_id, delivery_id) DO UPDATE
    SET state = 'claimed', tries = ding_attempts.tries + 1, lease_epoch = excluded.lease_epoch,
        claimed_at = excluded.claimed_at
""")
FAILED = sql("""
    INSERT INTO ding_attempts (org_id, delivery_id, ding_id, member_id, round, step, channel, state, code, claimed_at,
                               ended_at)
    SELECT CAST(:org_id AS uuid), v.delivery_id, v.ding_id, v.member_id, v.round, v.step, v.channel, 'failed', v.code,
           CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM unnest(CAST(:delivery_ids AS uuid[]), CAST(:ding_ids AS uuid[]), CAST(:member_ids AS uuid[]),
                CAST(:rounds AS int[]), CAST(:steps AS int[]), CAST(:channels AS text[]), CAST(:codes AS text[]))
         AS v (delivery_id, ding_id, member_id, round, step, channel, code)
    ON CONFLICT (org_id, delivery_id) DO UPDATE
    SET state = 'failed', code = excluded.code, ended_at = excluded.ended_at
""")
BEGUN = sql("""
    UPDATE ding_attempts SET state = 'begun', begun_at = clock_timestamp()
    WHERE org_id = :org_id AND delivery_id = :delivery_id AND lease_epoch = :lease_epoch
""")
ENDED = sql("""
    UPDATE ding_attempts SET state = :state, code = CAST(:code AS text), reference = CAST(:reference AS text),
        ended_at = :now
    WHERE org_id = :org_id AND delivery_id = :delivery_id AND lease_epoch = :lease_epoch AND state = 'begun'
""")
FIND = sql("""
    SELECT * FROM ding_attempts WHERE org_id = :org_id AND delivery_id = :delivery_id
""")
RECEIPT = sql("""
    UPDATE ding_attempts SET state = :state, receipt_at = :now, code = CAST(:code AS text)
    WHERE org_id = :org_id AND delivery_id = :delivery_id AND receipt_at IS NULL AND state IN ('begun', 'accepted')
""")
OF_DING = sql("""
    SELECT member_id, channel, state, code, tries, claimed_at, begun_at, ended_at FROM ding_attempts
    WHERE org_id = :org_id AND ding_id = :ding_id ORDER BY claimed_at, delivery_id LIMIT :limit
""")

# --- the day -------------------------------------------------------------------------------------------------------

USED = sql("SELECT used FROM ding_usage WHERE org_id = :org_id AND day = :day AND kind = :kind AND key = :key")
# Takes what is left, at most `wanted`; answers how much that was. The row is held until the commit, so two who take
# at once never get more than there is.
TAKE = sql("""
    INSERT INTO ding_usage AS u (org_id, day, kind, key, used)
    VALUES (:org_id, :day, :kind, :key, least(CAST(:wanted AS int), CAST(:most AS int)))
    ON CONFLICT (org_id, day, kind, key)
    DO UPDATE SET used = greatest(u.used, least(u.used + CAST(:wanted AS int), CAST(:most AS int)))
    RETURNING new.used - coalesce(old.used, 0) AS taken
""")
FORGET_DAYS = sql("DELETE FROM ding_usage WHERE org_id = :org_id AND day < :before")
