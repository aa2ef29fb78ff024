"""When each organisation has something due next: how the scheduler finds it among all."""

from pegboard.kernel.db import sql

# In the transaction that makes something due, after the rows: whoever sets the clock anew holds its row first, and
# then sees those rows; whoever comes after that finds its row free and lowers it again.
RAISE = sql("""
    INSERT INTO ding_clock AS c (org_id, lane, next_due_at) VALUES (:org_id, :lane, :due_at)
    ON CONFLICT (org_id, lane) DO UPDATE SET next_due_at = least(c.next_due_at, excluded.next_due_at)
    WHERE c.next_due_at IS NULL OR c.next_due_at > excluded.next_due_at
""")
DUE_ORGS = sql("""
    SELECT org_id FROM ding_clock WHERE lane = :lane AND next_due_at <= :now ORDER BY next_due_at LIMIT :limit
""")
NEXT = sql("SELECT min(next_due_at) FROM ding_clock WHERE lane = :lane AND next_due_at IS NOT NULL")
# Setting it later may be lost: then it is early, and the scheduler looks once for nothing.
NOT_DURABLY = sql("SET LOCAL synchronous_commit = off")
HOLD = sql("SELECT next_due_at FROM ding_clock WHERE org_id = :org_id AND lane = :lane FOR UPDATE")
SET_NEAR = sql("""
    UPDATE ding_clock SET next_due_at = least(
        (SELECT min(r.due_at) FROM ding_recipients r
         WHERE r.org_id = :org_id AND r.due_at IS NOT NULL AND NOT r.outside),
        (SELECT min(d.due_at) FROM dings d WHERE d.org_id = :org_id AND d.due_at IS NOT NULL))
    WHERE org_id = :org_id AND lane = 0
""")
SET_OUTSIDE = sql("""
    UPDATE ding_clock SET next_due_at =
        (SELECT min(r.due_at) FROM ding_recipients r WHERE r.org_id = :org_id AND r.due_at IS NOT NULL AND r.outside)
    WHERE org_id = :org_id AND lane = 1
""")
