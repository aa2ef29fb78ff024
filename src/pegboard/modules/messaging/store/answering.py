"""The query that finds answers to calls. It runs for replies only, and looks at their threads only.

Calls of everybody stand in `mentions` under no member's id, so nobody answers them.
"""

from collections.abc import Collection
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql

ANSWERS = sql("""
    SELECT m.sender_id, m.sent_at
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    JOIN messages m ON m.org_id = :org_id AND m.conversation_id = w.conversation AND m.seq = w.seq
    CROSS JOIN LATERAL (
        SELECT max(c.seq) AS seq FROM mentions c
        WHERE c.org_id = :org_id AND c.conversation_id = m.conversation_id AND c.member_id = m.sender_id
            AND c.seq >= m.thread_seq AND c.seq < m.seq
            AND c.sender_id <> m.sender_id AND (c.seq = m.thread_seq OR c.thread_seq = m.thread_seq)
    ) AS called
    WHERE called.seq IS NOT NULL AND NOT EXISTS (
        SELECT FROM messages e
        WHERE e.org_id = :org_id AND e.conversation_id = m.conversation_id AND e.thread_seq = m.thread_seq
            AND e.seq > called.seq AND e.seq < m.seq AND e.sender_id = m.sender_id
    )
    ORDER BY m.sent_at
""")


async def answers_among(uow: UnitOfWork, replies: Collection[tuple[UUID, int]]) -> list[Row]:
    """(sender_id, sent_at) of those replies that are the first of their sender since a call in the same thread."""
    conversations, seqs = zip(*replies, strict=True)
    return await uow.rows(ANSWERS, conversations=conversations, seqs=seqs)
