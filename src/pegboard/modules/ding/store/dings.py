"""DINGs: writing them, finding those that are due, and lists."""

from pegboard.kernel.db import sql

# Somebody who sends the same twice at once waits here for the first of the two.
INSERT = sql("""
    INSERT INTO dings (org_id, id, sender_id, client_id, content, files, conversation_id, message_seq, steps, targets,
                       pierces, state, send_at, due_at, fired_at, repeat, series_at, created_at)
    VALUES (:org_id, :id, :sender_id, :client_id, :content, CAST(:files AS jsonb), CAST(:conversation_id AS uuid),
            CAST(:message_seq AS bigint), CAST(:steps AS jsonb), CAST(:targets AS jsonb), :pierces, :state, :send_at,
            CAST(:due_at AS timestamptz), CAST(:fired_at AS timestamptz), CAST(:repeat AS jsonb),
            CAST(:series_at AS timestamptz), :created_at)
    ON CONFLICT (org_id, sender_id, client_id) DO NOTHING
""")
BY_CLIENT_ID = sql("""
    SELECT id FROM dings WHERE org_id = :org_id AND sender_id = :sender_id AND client_id = :client_id
""")
FIND = sql("SELECT * FROM dings WHERE org_id = :org_id AND id = :id")
LOCK = sql("SELECT * FROM dings WHERE org_id = :org_id AND id = :id FOR UPDATE")
FIND_MANY = sql("SELECT * FROM dings WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[]))")
DUE = sql("""
    SELECT * FROM dings WHERE org_id = :org_id AND due_at <= :now ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
FIRED = sql("""
    UPDATE dings SET state = 'sent', due_at = NULL, fired_at = :now WHERE org_id = :org_id AND id = :id
""")
CANCEL = sql("""
    UPDATE dings SET state = 'cancelled', due_at = NULL, cancelled_at = :now, repeat = NULL
    WHERE org_id = :org_id AND id = :id
""")
NEXT_ROUND = sql("""
    UPDATE dings SET round = round + 1, reminded_at = :now WHERE org_id = :org_id AND id = :id RETURNING round
""")
SCHEDULED_BY = sql("""
    SELECT * FROM dings
    WHERE org_id = :org_id AND sender_id = :sender_id AND due_at IS NOT NULL ORDER BY id FOR UPDATE
""")

# --- lists, the newest first -----------------------------------------------------------------------------------------

SENT = sql("""
    SELECT * FROM dings d
    WHERE d.org_id = :org_id AND d.sender_id = :member_id AND d.id < :before
      AND (NOT :only_open OR d.due_at IS NOT NULL OR d.state = 'sent' AND EXISTS (
            SELECT FROM ding_recipients r
            WHERE r.org_id = d.org_id AND r.ding_id = d.id AND r.acknowledged_at IS NULL AND r.state <> 'cancelled'))
    ORDER BY d.id DESC LIMIT :limit
""")
_RECEIVED = """
    SELECT d.*, r.told_at AS received_at FROM ding_recipients r
    JOIN dings d ON d.org_id = r.org_id AND d.id = r.ding_id
    WHERE r.org_id = :org_id AND r.member_id = :member_id AND r.told_at IS NOT NULL
      AND (r.told_at, r.ding_id) < (:before_at, :before) {open}
    ORDER BY r.told_at DESC, r.ding_id DESC LIMIT :limit
"""
RECEIVED = sql(_RECEIVED.format(open=""))
RECEIVED_OPEN = sql(_RECEIVED.format(open="AND r.acknowledged_at IS NULL AND r.state <> 'cancelled'"))
