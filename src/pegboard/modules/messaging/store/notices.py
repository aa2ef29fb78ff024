"""What of a message somebody may be shown, asked for many readers at once."""

from pegboard.kernel.db import sql

READABLE = sql("""
    SELECT a.member_id, a.conversation_id, a.seq, m.kind, m.content
    FROM unnest(CAST(:members AS uuid[]), CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[]))
         AS a (member_id, conversation_id, seq)
    JOIN participants p ON p.org_id = :org_id AND p.conversation_id = a.conversation_id
        AND p.member_id = a.member_id AND p.left_seq IS NULL
    JOIN conversations c ON c.org_id = :org_id AND c.id = a.conversation_id
    JOIN messages m ON m.org_id = :org_id AND m.conversation_id = a.conversation_id AND m.seq = a.seq
    WHERE m.recalled_at IS NULL
      AND (a.seq >= p.joined_seq OR coalesce(CAST(c.rules ->> 'history_for_new' AS boolean), true))
""")
