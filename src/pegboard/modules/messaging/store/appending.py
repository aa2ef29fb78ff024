"""Statements of the one place where messages get their numbers, shared by the group commit and by single transactions.

They run on a connection, since a group commit spans organisations: every one of them names the organisation of each
row itself, beside the row-level security that lists exactly the batch's.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from pegboard.kernel.db import sql
from pegboard.kernel.db.database import Connection, encode_json
from pegboard.kernel.files import KEEP_MANY
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.modules.messaging.events import MessagesSent
from pegboard.modules.messaging.views import Appended, ConversationRow, MessageDraft, Rules, Standing

_LOCK = sql("""
    SELECT * FROM conversations
    WHERE org_id = ANY(CAST(:orgs AS uuid[])) AND id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR UPDATE
""")
# One round trip for locks and rights. The locked rows are the newest, what is joined to them is as of the
# statement's beginning: where the conversation has changed since, somebody was in between, and we look again.
# Whatever changes who may speak also moves the head or the revision.
_LOCKED_STANDINGS = sql("""
    SELECT c.head_seq, c.revision, c.rules::text AS rules, c.dissolved_at, c.kind,
           p.role, p.silenced, p.left_seq, p.cursor_seq, m.id, m.seq, m.sent_at, w.n,
           (SELECT s.head_seq + s.revision FROM conversations s
            WHERE s.org_id = w.org AND s.id = w.conversation) = c.head_seq + c.revision AS undisturbed
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                CAST(:client_ids AS text[])) WITH ORDINALITY AS w (org, conversation, member, client_id, n)
    JOIN conversations c ON c.org_id = w.org AND c.id = w.conversation
    LEFT JOIN participants p
        ON p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
    LEFT JOIN messages m
        ON m.org_id = w.org AND m.conversation_id = w.conversation AND m.sender_id = w.member
        AND m.client_id = w.client_id
    ORDER BY c.id FOR UPDATE OF c
""")
_PRESENT = sql("""
    SELECT p.conversation_id, p.member_id
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]))
        AS w (org, conversation, member)
    JOIN participants p ON p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
    WHERE p.left_seq IS NULL
""")
_EXISTING = sql("""
    SELECT m.conversation_id, m.seq
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[]))
        AS w (org, conversation, seq)
    JOIN messages m ON m.org_id = w.org AND m.conversation_id = w.conversation AND m.seq = w.seq
""")
_APPEND = sql("""
    WITH heads AS (
        UPDATE conversations c SET head_seq = h.seq, last_at = :at
        FROM unnest(CAST(:head_orgs AS uuid[]), CAST(:head_conversations AS uuid[]), CAST(:head_seqs AS bigint[]))
            AS h (org, conversation, seq)
        WHERE c.org_id = h.org AND c.id = h.conversation
    ),
    facts AS (
        INSERT INTO outbox (event_id, org_id, name, payload, at)
        SELECT event_id, org, :fact, CAST(payload AS jsonb), :at
        FROM unnest(CAST(:event_ids AS uuid[]), CAST(:head_orgs AS uuid[]), CAST(:payloads AS text[]))
            AS f (event_id, org, payload)
    )
    INSERT INTO messages (org_id, conversation_id, seq, id, sender_id, client_id, kind, content, mention_all,
                          reply_to, sent_at)
    SELECT org, conversation, seq, id, sender, client_id, kind, CAST(content AS jsonb), mention_all, reply_to, :at
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]),
                CAST(:senders AS uuid[]), CAST(:client_ids AS text[]), CAST(:kinds AS text[]),
                CAST(:contents AS text[]), CAST(:mention_alls AS boolean[]), CAST(:replies AS bigint[]))
        AS m (org, conversation, seq, id, sender, client_id, kind, content, mention_all, reply_to)
""")
_MENTION = sql("""
    UPDATE messages SET mentions = :mentions
    WHERE org_id = :org AND conversation_id = :conversation AND seq = :seq
""")
_NOTE_MENTIONS = sql("""
    UPDATE participants p SET mention_seq = greatest(p.mention_seq, w.seq)
    FROM (SELECT org, conversation, member, max(seq) AS seq
          FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                      CAST(:seqs AS bigint[])) AS v (org, conversation, member, seq)
          GROUP BY org, conversation, member) AS w
    WHERE p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
""")
_NOTE_ALL = sql("""
    UPDATE conversations SET all_mention_seq = greatest(all_mention_seq, :seq)
    WHERE org_id = :org AND id = :conversation
""")
_FOLLOW_OWN = sql("""
    UPDATE participants p
    SET cursor_seq = w.seq,
        moved_from = CASE WHEN p.moved_at > :merge_after THEN p.moved_from ELSE p.cursor_seq END,
        moved_at = :at
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                CAST(:seqs AS bigint[])) AS w (org, conversation, member, seq)
    WHERE p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
""")
Place = tuple[OrgId, UUID]


async def lock_conversations(connection: Connection, places: Collection[Place]) -> dict[Place, ConversationRow]:
    """Lock these conversations in the order of their ids, until the transaction ends."""
    rows = await connection.fetch(
        _LOCK.sql,
        *_LOCK.arguments(
            {"orgs": list({org for org, _ in places}), "ids": sorted(conversation for _, conversation in places)}
        ),
    )
    found = {(OrgId(row["org_id"]), row["id"]): as_conversation(row) for row in rows}
    return {place: found[place] for place in places if place in found}


Asked = tuple[OrgId, UUID, MemberId, str | None]


async def locked_standings(connection: Connection, asked: Sequence[Asked]) -> dict[int, Standing]:
    """Lock the conversations in the order of their ids; then, for each (organisation, conversation, member, client_id),
    by its number: the conversation's state, the member's place in it, and the message if it came before.

    Absent: there is no such conversation.
    """
    orgs, conversations, members, client_ids = zip(*asked, strict=True)
    arguments = _LOCKED_STANDINGS.arguments(
        {"orgs": orgs, "conversations": conversations, "members": members, "client_ids": client_ids}
    )
    rows = await connection.fetch(_LOCKED_STANDINGS.sql, *arguments)
    if not all(row["undisturbed"] for row in rows):
        rows = await connection.fetch(_LOCKED_STANDINGS.sql, *arguments)  # now nobody can be in between
    return {row["n"] - 1: _standing(row, asked[row["n"] - 1]) for row in rows}


_NOTHING = MessageDraft(kind="", content=b"")


def _standing(row: Any, asked: Asked) -> Standing:
    known = None
    if row["seq"] is not None:
        known = Appended(
            org_id=asked[0],
            conversation_id=asked[1],
            message_id=row["id"],
            seq=row["seq"],
            sent_at=row["sent_at"],
            sender_id=asked[2],
            draft=_NOTHING,
            fresh=False,
        )
    return Standing(
        head_seq=row["head_seq"],
        rules=_rules(row["rules"]),
        dissolved=row["dissolved_at"] is not None,
        role=row["role"],
        silenced=bool(row["silenced"]),
        left=row["left_seq"] is not None,
        cursor_seq=row["cursor_seq"] or 0,
        known=known,
    )


@lru_cache(maxsize=1024)
def _rules(text: str) -> Rules:
    """There are few different rules among many conversations."""
    return msgspec.json.decode(text, type=Rules)


async def present(connection: Connection, asked: Sequence[tuple[OrgId, UUID, MemberId]]) -> set[tuple[UUID, MemberId]]:
    """Which of these people are in these conversations now."""
    orgs, conversations, members = zip(*asked, strict=True)
    rows = await connection.fetch(
        _PRESENT.sql,
        *_PRESENT.arguments({"orgs": orgs, "conversations": conversations, "members": members}),
    )
    return {(row["conversation_id"], row["member_id"]) for row in rows}


async def existing(connection: Connection, asked: Sequence[tuple[OrgId, UUID, int]]) -> set[tuple[UUID, int]]:
    """Which of these messages there are."""
    orgs, conversations, seqs = zip(*asked, strict=True)
    rows = await connection.fetch(
        _EXISTING.sql, *_EXISTING.arguments({"orgs": orgs, "conversations": conversations, "seqs": seqs})
    )
    return {(row["conversation_id"], row["seq"]) for row in rows}


async def append(connection: Connection, messages: Sequence[Appended]) -> None:
    """Store messages that have their numbers, move the heads of their conversations, and report one fact for each.

    The caller holds the conversations' locks.
    """
    reports: dict[Place, MessagesSent] = {}
    for message in messages:
        place = (message.org_id, message.conversation_id)
        before = reports.get(place)
        reports[place] = MessagesSent(
            conversation_id=message.conversation_id,
            from_seq=before.from_seq if before else message.seq,
            to_seq=message.seq,
        )
    await connection.execute(
        _APPEND.sql,
        *_APPEND.arguments(
            {
                "at": messages[0].sent_at,
                "head_orgs": [org for org, _ in reports],
                "head_conversations": [conversation for _, conversation in reports],
                "head_seqs": [report.to_seq for report in reports.values()],
                "fact": MessagesSent.name,
                "event_ids": [uuid7() for _ in reports],
                "payloads": [encode_json(report) for report in reports.values()],
                "orgs": [message.org_id for message in messages],
                "conversations": [message.conversation_id for message in messages],
                "seqs": [message.seq for message in messages],
                "ids": [message.message_id for message in messages],
                "senders": [message.sender_id for message in messages],
                "client_ids": [message.draft.client_id for message in messages],
                "kinds": [message.draft.kind for message in messages],
                "contents": [message.draft.content.decode() for message in messages],
                "mention_alls": [message.draft.mention_all for message in messages],
                "replies": [message.draft.reply_to for message in messages],
            }
        ),
    )


async def note_mentions(connection: Connection, messages: Sequence[Appended]) -> None:
    """Who is mentioned, with the message and with the people; costs nothing where nobody is."""
    mentioning = [message for message in messages if message.draft.mentions]
    pairs = [(message, member) for message in mentioning for member in message.draft.mentions]
    for message in mentioning:
        await connection.execute(
            _MENTION.sql,
            *_MENTION.arguments(
                {
                    "mentions": list(message.draft.mentions),
                    "org": message.org_id,
                    "conversation": message.conversation_id,
                    "seq": message.seq,
                }
            ),
        )
    if pairs:
        await connection.execute(
            _NOTE_MENTIONS.sql,
            *_NOTE_MENTIONS.arguments(
                {
                    "orgs": [message.org_id for message, _ in pairs],
                    "conversations": [message.conversation_id for message, _ in pairs],
                    "members": [member for _, member in pairs],
                    "seqs": [message.seq for message, _ in pairs],
                }
            ),
        )
    for message in messages:
        if message.draft.mention_all:
            await connection.execute(
                _NOTE_ALL.sql,
                *_NOTE_ALL.arguments(
                    {"seq": message.seq, "org": message.org_id, "conversation": message.conversation_id}
                ),
            )


async def follow_own(connection: Connection, cursors: Mapping[tuple[OrgId, UUID, MemberId], int], at: datetime) -> None:
    """Move the cursors of senders who had read everything over their own messages."""
    from pegboard.modules.messaging.store.reading import merge_after

    orgs, conversations, members = zip(*cursors, strict=True)
    await connection.execute(
        _FOLLOW_OWN.sql,
        *_FOLLOW_OWN.arguments(
            {
                "orgs": orgs,
                "conversations": conversations,
                "members": members,
                "seqs": list(cursors.values()),
                "merge_after": merge_after(at),
                "at": at,
            }
        ),
    )


async def attach_files(connection: Connection, messages: Sequence[Appended]) -> None:
    """The files of these messages are in use, and will not be collected."""
    used = [(message.org_id, file_id) for message in messages for file_id in message.draft.file_ids]
    if used:
        orgs, files = zip(*used, strict=True)
        await connection.execute(KEEP_MANY.sql, *KEEP_MANY.arguments({"orgs": orgs, "files": files}))


def as_conversation(row: Any) -> ConversationRow:
    """A row of the table as a value."""
    return ConversationRow(
        org_id=row["org_id"],
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        topic=row["topic"],
        notice=row["notice"],
        avatar_file_id=row["avatar_file_id"],
        owner_id=row["owner_id"],
        department_id=row["department_id"],
        direct_key=row["direct_key"],
        rules=msgspec.convert(row["rules"], Rules),
        member_count=row["member_count"],
        head_seq=row["head_seq"],
        head_rev=row["head_rev"],
        all_mention_seq=row["all_mention_seq"],
        last_at=row["last_at"],
        dissolved_at=row["dissolved_at"],
        revision=row["revision"],
        created_at=row["created_at"],
    )
