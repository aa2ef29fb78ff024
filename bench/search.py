"""How fast words are found among many messages, what the index costs, and how large it is.

    python -m bench.search [--messages 200000] [--queries 100] [--data DIR]

Starts a database of its own in a temporary directory (or in --data, which is kept and used again), fills one
organisation with made-up talk, four fifths Chinese and one fifth English, whose words are as unevenly frequent as those
of languages, spread as unevenly over conversations; makes the index as `pegboard search rebuild` does; asks as two
people: one who is in every conversation (the worst case), and one who is in some. Prints one JSON line for each figure.
Times are those of the verb, from the words to the answer ready for encoding, on a connection of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import os
import random  # noqa: TID251  # seeded: the same talk each time
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from pegboard.app.engine import engine
from pegboard.app.migrate import migrate
from pegboard.app.registry import MODULES
from pegboard.app.wiring import wired
from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.db.database import as_role
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import load
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.service.new_members import NewPerson, insert_people
from pegboard.modules.identity import api as identity
from pegboard.modules.messaging.service import indexing, searching
from pegboard.modules.messaging.service.searching import Filters

CONVERSATIONS = 2_000
SOME = 150  # conversations of the person who is in some
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
SPAN_S = 3 * 365 * 86_400
CHUNK = 50_000
TABLES = ("messages", "message_words", "message_segments")


@dataclass(frozen=True, slots=True)
class Talk:
    """Words, the most frequent first."""

    chinese: list[str]
    english: list[str]


def make_talk(chance: random.Random) -> Talk:
    """A made-up vocabulary: 30,000 Chinese words of one to four characters, 8,000 English ones."""
    characters = [chr(0x4E00 + number) for number in chance.sample(range(20_000), 3_500)]
    weights = [1 / (rank + 10) for rank in range(len(characters))]
    chinese: dict[str, None] = {}
    while len(chinese) < 30_000:
        length = chance.choices((1, 2, 3, 4), (5, 70, 15, 10))[0]
        chinese["".join(chance.choices(characters, weights, k=length))] = None
    english: dict[str, None] = {}
    while len(english) < 8_000:
        syllables = chance.choices(
            ("re", "port", "con", "ta", "ling", "sys", "em", "pro", "duct", "ver", "o", "ma"), k=4
        )
        english["".join(syllables[: chance.randint(1, 4)]) + chance.choice(("", "s", "ed", "ing", "er"))] = None
    return Talk(list(chinese), list(english))


def texts(talk: Talk, chance: random.Random, count: int) -> Iterator[str]:
    """Made-up messages of 3 to 24 words."""
    chinese = _frequencies(len(talk.chinese))
    english = _frequencies(len(talk.english))
    for _ in range(count):
        length = chance.randint(3, 24)
        if chance.random() < 0.8:
            words = chance.choices(talk.chinese, cum_weights=chinese, k=length)
            half = length // 2
            yield "".join(words[:half]) + "，" + "".join(words[half:]) + "。"
        else:
            yield " ".join(chance.choices(talk.english, cum_weights=english, k=length))


def _frequencies(count: int) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 3) for rank in range(count)))


async def main() -> None:
    """Fill, index, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=100, help="of each class")
    parser.add_argument("--data", type=Path, help="where the database is, or will be, and stays")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pegboard-bench-") as scratch:
        settings = load(
            None,
            {},
            {module.name: module.settings for module in MODULES if module.settings is not None},
            overrides={"server": {"data": arguments.data or Path(scratch) / "data"}},
        )
        async with engine(settings, role="command") as place:
            await migrate(place.owner_url)
            async with wired(settings, place.url) as parts:
                chance = random.Random(1)
                talk = make_talk(chance)
                everybody, somebody = await _people(parts)
                superuser = await asyncpg.connect(as_role(place.owner_url, "postgres"))
                if not await superuser.fetchval("SELECT count(*) FROM messages"):
                    await _fill(superuser, everybody, somebody, talk, chance, arguments.messages)
                if not await superuser.fetchval("SELECT count(*) FROM message_words"):
                    await _index(parts, everybody.org_id)
                    await superuser.execute("VACUUM ANALYZE")
                await _sizes(superuser)
                await superuser.close()
                gc.collect()
                gc.freeze()  # as the server does
                for name, actor in (("everybody", everybody), ("somebody", somebody)):
                    await _ask(parts, name, actor, talk, arguments.queries)


async def _people(parts: Parts) -> tuple[Actor, Actor]:
    """The two who ask; made at the first start."""
    names = ("everybody", "somebody")
    async with UnitOfWork(parts[Database]) as uow:
        organisations = await directory.all_organisations(uow)
        if organisations:
            org_id = organisations[0]
        else:
            made = await directory.create_organisation(
                uow, name="Bench", owner_name=names[0], owner_userid=names[0], owner_login="bench@example.com",
                owner_password="correct horse bench",
            )  # fmt: skip
            org_id = made.org_id
    async with UnitOfWork(parts[Database], orgs=(org_id,)) as uow:
        people = await directory.by_userids(uow, names)
        if names[1] not in people:
            key = identity.PersonKey(name=names[1], mobile=None, email=None, password_hash=None)
            account = await identity.create_account(uow, key)
            other = NewPerson(userid=names[1], name=names[1], account_id=account, active=True, department_ids=())
            await insert_people(uow, _actor(org_id, people[names[0]]), [other])
            people = await directory.by_userids(uow, names)
    return _actor(org_id, people[names[0]]), _actor(org_id, people[names[1]])


def _actor(org_id: OrgId, person: directory.Person) -> Actor:
    return Actor(org_id=org_id, member_id=person.member_id, userid=person.userid, name=person.name)


async def _fill(
    superuser: Any, everybody: Actor, somebody: Actor, talk: Talk, chance: random.Random, count: int
) -> None:
    """Conversations and messages, past the walls and the group commit: they are not what is measured."""
    org, conversations = everybody.org_id, [uuid7() for _ in range(CONVERSATIONS)]
    shares = _frequencies(CONVERSATIONS)
    members = [MemberId(uuid7()) for _ in range(200)]
    heads = [0] * CONVERSATIONS
    last = [BEGIN] * CONVERSATIONS
    numbers = range(CONVERSATIONS)
    await superuser.copy_records_to_table(
        "conversations",
        records=[(org, each, "group", f"G{n}", "{}", 2, BEGIN, BEGIN) for n, each in enumerate(conversations)],
        columns=("org_id", "id", "kind", "name", "rules", "member_count", "last_at", "created_at"),
    )
    places = [(everybody.member_id, each) for each in conversations]
    places += [(somebody.member_id, conversations[n]) for n in chance.sample(numbers, SOME)]
    await superuser.copy_records_to_table(
        "participants",
        records=[(org, each, member, 1, BEGIN) for member, each in places],
        columns=("org_id", "conversation_id", "member_id", "joined_seq", "joined_at"),
    )
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        records = []
        said = zip(
            itertools.count(start), chance.choices(numbers, cum_weights=shares, k=size), texts(talk, chance, size)
        )  # fmt: skip
        for number, where, text in said:
            heads[where] += 1
            last[where] = BEGIN + timedelta(seconds=SPAN_S * number / count)
            content = json.dumps({"text": text}, ensure_ascii=False)
            sender = members[number % len(members)]
            records.append((org, conversations[where], heads[where], uuid7(), sender, "text", content, last[where]))
        await superuser.copy_records_to_table(
            "messages",
            records=records,
            columns=("org_id", "conversation_id", "seq", "id", "sender_id", "kind", "content", "sent_at"),
        )
    await superuser.execute(
        """
        UPDATE conversations c SET head_seq = w.head, last_at = w.last
        FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS w (id, head, last) WHERE c.id = w.id
        """,
        conversations, heads, last,
    )  # fmt: skip
    await superuser.execute("VACUUM ANALYZE")


async def _index(parts: Parts, org_id: OrgId) -> None:
    database = parts[Database]
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        total = await indexing.begin_again(uow)
    started, before_s = time.perf_counter(), _cpu_s()
    family_before_s = _backends_s()
    taken = 1
    while taken:
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            taken = await indexing.index_some(uow)
    spent = time.perf_counter() - started
    _say(
        "index",
        messages=total,
        seconds=round(spent, 1),
        messages_per_s=round(total / spent),
        python_us_per_message=round((_cpu_s() - before_s) / total * 1e6, 1),
        database_us_per_message=round((_backends_s() - family_before_s) / total * 1e6, 1),
    )


async def _sizes(superuser: Any) -> None:
    count = await superuser.fetchval("SELECT count(*) FROM messages")
    for table in TABLES:
        size = await superuser.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
        _say("size", table=table, mib=round(size / 2**20, 1), bytes_per_message=round(size / count))


async def _ask(parts: Parts, who: str, actor: Actor, talk: Talk, count: int) -> None:
    for name, questions in _classes(talk).items():
        times_ms: list[float] = []
        found = unfinished = 0
        for question, filters in itertools.islice(itertools.cycle(questions), count):
            async with UnitOfWork(parts[Database], orgs=(actor.org_id,)) as uow:
                await uow.value(sql("SELECT 1"))
                started = time.perf_counter()
                page = await searching.search(uow, actor, question, filters, cursor=None, limit=20)
                times_ms.append((time.perf_counter() - started) * 1000)
            found += len(page.items)
            unfinished += page.next is not None and len(page.items) < 20
        times_ms.sort()
        _say(
            "query",
            who=who,
            query=name,
            p50_ms=round(times_ms[len(times_ms) // 2], 1),
            p99_ms=round(times_ms[int(len(times_ms) * 0.99)], 1),
            found=round(found / count, 1),
            unfinished=unfinished,
        )


def _classes(talk: Talk) -> dict[str, list[tuple[str, Filters]]]:
    two = [word for word in talk.chinese if len(word) == 2]
    four = [word for word in talk.chinese if len(word) == 4]
    english = [word for word in talk.english if len(word) > 4]
    late, early = BEGIN + timedelta(seconds=SPAN_S * 0.9), BEGIN + timedelta(seconds=SPAN_S * 0.1)

    def plain(*questions: str) -> list[tuple[str, Filters]]:
        return [(each, Filters()) for each in questions]

    return {
        "two characters, frequent": plain(*two[:20]),
        "two characters": plain(*two[2_000:2_100]),
        "two characters, rare": plain(*two[-100:]),
        "two characters, nowhere": plain("龘靐", "齉爩"),
        "one character": plain(*{word[0] for word in two[:400]}),
        "four characters": plain(*four[1_000:1_100]),
        "two words": plain(*(f"{one} {other}" for one, other in itertools.pairwise(two[200:300]))),
        "an English word": plain(*english[500:600]),
        "the beginning of a word": plain(*(word[:4] for word in english[500:600])),
        "before a date": [(word, Filters(before=early)) for word in two[200:300]],
        "after a date, rare": [(word, Filters(after=late)) for word in two[-100:]],
    }


def _say(figure: str, **values: Any) -> None:
    print(json.dumps({"figure": figure, **values, "load": round(os.getloadavg()[0], 1)}), flush=True)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _backends_s() -> float:
    """CPU that all our descendants have used so far, as far as they live."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(stat[1]), []).append(int(entry))
            used[int(entry)] = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    family = [os.getpid()]
    for each in family:
        family += parents.get(each, [])
    return sum(used[each] for each in family[1:])


if __name__ == "__main__":
    asyncio.run(main())
