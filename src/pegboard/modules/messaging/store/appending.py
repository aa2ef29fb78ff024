"""Statements of the one place where messages get their numbers, shared by the group commit and by single transactions.

They run on a connection, since a group commit spans organisations: every one of them names the organisation of each
row itself, beside the row-level security that lists exactly the batch's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.db.database import Connection, encode_json
from pegboard.kernel.files import KEEP_MANY
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.modules.messaging.events import MessagesSent
from pegboard.modules.messaging.links import may_hold_links
from pegboard.modules.messaging.models import EVERYBODY
from pegboard.modules.messaging.store.reading import merge_after
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
           p.role, p.silenced, p.left_seq, m.id, m.seq, m.sent_at, w.n,
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
# Everything that a plain message needs, in one statement, so that it can be a transaction by itself. What is not as
# it was seen takes no part: `heads` holds the conversations that took theirs, and all else is joined to it.
# Whoever had read everything before has read their own words too (`own`); whoever had not keeps their place.
_APPEND = sql("""
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(
            CAST(:head_orgs AS uuid[]), CAST(:head_conversations AS uuid[]), CAST(:seen_heads AS bigint[]),
            CAST(:seen_revisions AS bigint[]), CAST(:head_seqs AS bigint[]), CAST(:main_seqs AS bigint[]),
            CAST(:reply_seqs AS bigint[]), CAST(:event_ids AS uuid[]), CAST(:payloads AS text[]))
            AS w (org, conversation, seen_head, seen_revision, seq, main_seq, reply_seq, event_id, payload)
    ),
    heads AS (
        UPDATE conversations c
        SET head_seq = w.seq,
            main_seq = coalesce(w.main_seq, c.main_seq, c.head_seq),
            reply_seq = coalesce(w.reply_seq, c.reply_seq),
            last_at = CASE WHEN w.main_seq IS NULL THEN c.last_at ELSE :at END
        FROM wanted w
        WHERE c.org_id = w.org AND c.id = w.conversation AND c.head_seq = w.seen_head
          AND (w.seen_revision IS NULL OR c.revision = w.seen_revision)
        RETURNING c.org_id, c.id, coalesce(old.main_seq, old.head_seq) AS main_before
    ),
    facts AS (
        INSERT INTO outbox (event_id, org_id, name, payload, at)
        SELECT w.event_id, w.org, :fact, CAST(w.payload AS jsonb), :at
        FROM wanted w JOIN heads h ON h.org_id = w.org AND h.id = w.conversation
    ),
    own AS (
        UPDATE participants p
        SET cursor_seq = o.seq,
            moved_from = CASE WHEN p.moved_at > :merge_after THEN p.moved_from ELSE p.cursor_seq END,
            moved_at = :at
        FROM unnest(CAST(:own_orgs AS uuid[]), CAST(:own_conversations AS uuid[]), CAST(:own_members AS uuid[]),
                    CAST(:own_seqs AS bigint[])) AS o (org, conversation, member, seq)
        JOIN heads h ON h.org_id = o.org AND h.id = o.conversation
        WHERE p.org_id = o.org AND p.conversation_id = o.conversation AND p.member_id = o.member
          AND p.cursor_seq >= h.main_before AND p.cursor_seq < o.seq
    ),
    stored AS (
        INSERT INTO messages (org_id, conversation_id, seq, id, sender_id, client_id, kind, content, mention_all,
                              reply_to, thread_seq, also_in_main, sent_at)
        SELECT m.org, m.conversation, m.seq, m.id, m.sender, m.client_id, m.kind, CAST(m.content AS jsonb),
               m.mention_all, m.reply_to, m.thread_seq, m.also_in_main, :at
        FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[]),
                    CAST(:ids AS uuid[]), CAST(:senders AS uuid[]), CAST(:client_ids AS text[]),
                    CAST(:kinds AS text[]), CAST(:contents AS text[]), CAST(:mention_alls AS boolean[]),
                    CAST(:replies AS bigint[]), CAST(:thread_seqs AS bigint[]), CAST(:also_in_mains AS boolean[]))
            AS m (org, conversation, seq, id, sender, client_id, kind, content, mention_all, reply_to, thread_seq,
                  also_in_main)
        JOIN heads h ON h.org_id = m.org AND h.id = m.conversation
    )
    SELECT org_id, id FROM heads
""")
# A message of the server's own takes its number in one statement, which locks the conversation if nobody did.
_SAY = sql("""
    WITH head AS (
        UPDATE conversations c
        SET head_seq = c.head_seq + 1, main_seq = c.head_seq + 1, last_at = :at
        WHERE c.org_id = :org_id AND c.id = :conversation_id
        RETURNING c.head_seq
    ),
    fact AS (
        INSERT INTO outbox (event_id, org_id, name, payload, at)
        SELECT CAST(:event_id AS uuid), :org_id, :fact,
               CAST(CAST(:payload AS text) AS jsonb)
                   || jsonb_build_object('from_seq', head_seq, 'to_seq', head_seq), :at
        FROM head
    )
    INSERT INTO messages (org_id, conversation_id, seq, id, kind, content, sent_at)
    SELECT :org_id, :conversation_id, head_seq, CAST(:id AS uuid), :kind, CAST(CAST(:content AS text) AS jsonb), :at
    FROM head
    RETURNING seq
""")
_MENTION = sql("""
    UPDATE messages SET mentions = :mentions
    WHERE org_id = :org AND conversation_id = :conversation AND seq = :seq
""")
_NOTE_MENTIONS = sql("""
    INSERT INTO mentions (org_id, conversation_id, member_id, seq, why, sender_id, thread_seq)
    SELECT * FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                         CAST(:seqs AS bigint[]), CAST(:whys AS text[]), CAST(:senders AS uuid[]),
                         CAST(:thread_seqs AS bigint[]))
""")
Place = tuple[OrgId, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A conversation as somebody saw it who is about to append; `revision` None where it does not matter."""

    head_seq: int
    revision: int | None = None


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


async def locked_standings(connection: Connection, asked: Mapping[int, Asked]) -> dict[int, Standing]:
    """Lock the conversations in the order of their ids; then, for each (organisation, conversation, member, client_id),
    by its number: the conversation's state, the member's place in it, and the message if it came before.

    Absent: there is no such conversation.
    """
    orgs, conversations, members, client_ids = zip(*asked.values(), strict=True) if asked else ((), (), (), ())
    arguments = _LOCKED_STANDINGS.arguments(
        {"orgs": orgs, "conversations": conversations, "members": members, "client_ids": client_ids}
    )
    rows = await connection.fetch(_LOCKED_STANDINGS.sql, *arguments)
    if not all(row["undisturbed"] for row in rows):
        rows = await connection.fetch(_LOCKED_STANDINGS.sql, *arguments)  # now nobody can be in between
    numbers = list(asked)
    return {(number := numbers[row["n"] - 1]): _standing(row, asked[number]) for row in rows}


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
        revision=row["revision"],
        kind=row["kind"],
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


async def warm_up(connection: Connection) -> None:
    """Have the hot statements parsed and their tables known, so that the first message need not wait for that."""
    await locked_standings(connection, {})
    await append(connection, [], {})


async def append(connection: Connection, messages: Sequence[Appended], seen: Mapping[Place, Seen]) -> set[Place]:
    """Store messages that have their numbers, move the heads of their conversations, and report one fact for each.

    Returns where this came true. Elsewhere the conversation is no longer as it was `seen`, and nothing was stored;
    who holds its lock need not look.
    """
    wanted: dict[Place, _Wanted] = {}
    for message in messages:
        found = wanted.get(message.place)
        if found is None:
            found = wanted[message.place] = _Wanted(message)
        found.include(message)
    # Another process commits too: all lock their conversations in the order of the ids.
    wanted = dict(sorted(wanted.items(), key=lambda each: each[0][1]))
    own = [(*place, member, seq) for place, each in wanted.items() for member, seq in each.own.items()]
    at = max((message.sent_at for message in messages), default=None)
    rows = await connection.fetch(
        _APPEND.sql,
        *_APPEND.arguments(
            {
                "at": at,
                "merge_after": at and merge_after(at),
                "head_orgs": [org for org, _ in wanted],
                "head_conversations": [conversation for _, conversation in wanted],
                "seen_heads": [seen[place].head_seq for place in wanted],
                "seen_revisions": [seen[place].revision for place in wanted],
                "head_seqs": [each.to_seq for each in wanted.values()],
                "main_seqs": [each.main_seq for each in wanted.values()],
                "reply_seqs": [each.reply_seq for each in wanted.values()],
                "own_orgs": [org for org, _, _, _ in own],
                "own_conversations": [conversation for _, conversation, _, _ in own],
                "own_members": [member for _, _, member, _ in own],
                "own_seqs": [seq for _, _, _, seq in own],
                "fact": MessagesSent.name,
                "event_ids": [uuid7() for _ in wanted],
                "payloads": [encode_json(each.report()) for each in wanted.values()],
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
                "thread_seqs": [message.draft.thread_seq for message in messages],
                "also_in_mains": [message.draft.also_in_main for message in messages],
            }
        ),
    )
    return {(row["org_id"], row["id"]) for row in rows}


class _Wanted:
    """What is to be appended to one conversation; the messages come in the order of their numbers."""

    __slots__ = ("_linked", "_main_sender", "_replies", "_several", "first", "main_seq", "own", "reply_seq", "to_seq")

    def __init__(self, first: Appended) -> None:
        self.first = first
        self.to_seq = first.seq
        self.own: dict[MemberId, int] = {}
        """How far somebody's own words go without anybody else's in the main line before them."""
        self._main_sender: MemberId | None = None
        self._several = False
        self.main_seq: int | None = None
        self.reply_seq: int | None = None
        self._linked: list[int] = []
        self._replies: list[int] = []

    def include(self, message: Appended) -> None:
        draft, seq = message.draft, message.seq
        self.to_seq = seq
        sender = message.sender_id
        if not self._several and sender is not None and self._main_sender in (None, sender):
            self.own[sender] = seq
        if draft.thread_seq is not None:
            self.reply_seq = seq
        if not draft.thread_only:
            self.main_seq = seq
            self._several = self._several or self._main_sender not in (None, sender)
            self._main_sender = sender
        if draft.reply_to is not None:
            self._replies.append(seq)
        if may_hold_links(draft.kind, draft.content):
            self._linked.append(seq)

    def report(self) -> MessagesSent:
        return MessagesSent(
            conversation_id=self.first.conversation_id,
            from_seq=self.first.seq,
            to_seq=self.to_seq,
            linked=self._linked,
            replies=self._replies,
        )


async def say(uow: UnitOfWork, conversation_id: UUID, message_id: UUID, draft: MessageDraft, at: datetime) -> int:
    """Append a message of the server's own; its seq."""
    seq: int = await uow.value(
        _SAY,
        conversation_id=conversation_id,
        id=message_id,
        kind=draft.kind,
        content=draft.content.decode(),
        event_id=uuid7(),
        fact=MessagesSent.name,
        payload=encode_json(MessagesSent(conversation_id=conversation_id, from_seq=0, to_seq=0)),
        at=at,
    )
    return seq


async def note_mentions(connection: Connection, messages: Sequence[Appended]) -> None:
    """Whom the messages call, with the message and with the people; costs nothing where they call nobody."""
    mentioning = [message for message in messages if message.draft.mentions]
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
    if calls := [(message, *call) for message in messages for call in called_by(message).items()]:
        await connection.execute(
            _NOTE_MENTIONS.sql,
            *_NOTE_MENTIONS.arguments(
                {
                    "orgs": [message.org_id for message, _, _ in calls],
                    "conversations": [message.conversation_id for message, _, _ in calls],
                    "members": [member for _, member, _ in calls],
                    "seqs": [message.seq for message, _, _ in calls],
                    "whys": [why for _, _, why in calls],
                    "senders": [message.sender_id for message, _, _ in calls],
                    "thread_seqs": [
                        message.draft.thread_seq if message.draft.thread_only else None for message, _, _ in calls
                    ],
                }
            ),
        )


def called_by(message: Appended) -> dict[UUID, str]:
    """Whom a message calls, and why: by name, by a reply to them, or as everybody. Nobody calls themselves."""
    draft = message.draft
    calls: dict[UUID, str] = {}
    if draft.mention_all:
        calls[EVERYBODY] = "mention_all"
    if draft.reply_author is not None:
        calls[draft.reply_author] = "reply"
    calls.update(dict.fromkeys(draft.mentions, "mention"))
    if message.sender_id is None:
        return {}
    calls.pop(message.sender_id, None)
    return calls


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
        main_seq=row["main_seq"] if row["main_seq"] is not None else row["head_seq"],
        reply_seq=row["reply_seq"],
        last_at=row["last_at"],
        dissolved_at=row["dissolved_at"],
        revision=row["revision"],
        created_at=row["created_at"],
    )
