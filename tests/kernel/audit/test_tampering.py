"""Whoever changes the log behind our back is found, and the first bad entry is named.

The tampering is done by the owner of the tables with the triggers switched off: the worst that somebody at
the database can do without recomputing the whole chain.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from pegboard.kernel.audit import Verification, export, record, verify, verify_export
from pegboard.kernel.audit.chain import canonical, entry_hash
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import OrgId
from tests.kernel.audit.people import person

pytestmark = pytest.mark.anyio

ROWS = 12


@pytest.fixture
async def chain(database: Database, org_id: OrgId) -> None:
    """Twelve entries."""
    for number in range(ROWS // 3):
        async with UnitOfWork(database, orgs=[org_id]) as uow:
            for part in range(3):
                record(uow, person(org_id), action=f"a.{part}", object_=f"o:{number}", detail={"n": number})


@pytest.fixture
async def tamperer(database: Database, owner: Any, org_id: OrgId) -> AsyncIterator[Any]:
    """The owner, in the organisation, with the guards away."""
    guards = [
        ("audit_log", "audit_log_only_grows"),
        ("audit_personal", "audit_personal_never_changes"),
        ("audit_heads", "audit_heads_stay"),
        ("audit_heads", "audit_heads_move_on"),
    ]
    for table, trigger in guards:
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    await owner.execute(f"SET app.orgs = '{org_id}'")
    yield owner
    for table, trigger in guards:
        await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


async def verdicts(database: Database, org_id: OrgId) -> list[Verification]:
    """Of the database, and of an export made after the tampering."""
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        lines = [line async for line in export(uow)]
        return [await verify(uow), verify_export(lines)]


async def test_an_untouched_log_is_whole(database: Database, org_id: OrgId, chain: None) -> None:
    for verification in await verdicts(database, org_id):
        assert verification == Verification(rows=ROWS)


async def test_a_log_without_entries_is_whole(database: Database, org_id: OrgId) -> None:
    assert await verdicts(database, org_id) == [Verification(rows=0), Verification(rows=0)]


@pytest.mark.parametrize(
    "change",
    [
        "action = 'x'",
        "object = 'x'",
        "detail = '{\"n\": 7}'",
        "at = at + interval '1 microsecond'",
        "actor_id = gen_random_uuid()",
        "actor_id = NULL",
        "actor_kind = 'system'",
        "on_behalf_of = gen_random_uuid()",
        "request_id = 'x'",
        "prev_hash = '\\x00'",
        "hash = '\\x00'",
        "personal_digest = '\\x00'",
    ],
)
@pytest.mark.parametrize("seq", [1, 5, ROWS])
async def test_an_edited_entry_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, change: str, seq: int
) -> None:
    await tamperer.execute(f"UPDATE audit_log SET {change} WHERE seq = $1", seq)
    for verification in await verdicts(database, org_id):
        assert (verification.ok, verification.first_bad_seq) == (False, seq)
        assert verification.rows == seq - 1


@pytest.mark.parametrize("seq", [1, 5, ROWS - 1])
async def test_a_deleted_entry_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, seq: int
) -> None:
    await tamperer.execute("DELETE FROM audit_log WHERE seq = $1", seq)
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (seq, "missing")


async def test_a_deleted_entry_whose_gap_is_closed_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any
) -> None:
    await tamperer.execute("DELETE FROM audit_log WHERE seq = 5")
    await tamperer.execute("UPDATE audit_log SET seq = seq + 1000 WHERE seq > 5")
    await tamperer.execute("UPDATE audit_log SET seq = seq - 1001 WHERE seq > 1000")
    await tamperer.execute("UPDATE audit_heads SET seq = seq - 1")
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (5, "changed")


@pytest.mark.parametrize("seq", [1, 5, ROWS + 1])
async def test_an_inserted_entry_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, seq: int
) -> None:
    """The forger knows the recipe and gives the new entry a right hash; what follows no longer fits."""
    await tamperer.execute("UPDATE audit_log SET seq = seq + 1000 WHERE seq >= $1", seq)
    await tamperer.execute("UPDATE audit_log SET seq = seq - 999 WHERE seq > 1000")
    forged = dict(await tamperer.fetchrow("SELECT * FROM audit_log WHERE seq <> $1 LIMIT 1", seq))
    before = await tamperer.fetchval("SELECT hash FROM audit_log WHERE seq = $1", seq - 1)
    forged |= {"seq": seq, "action": "forged", "prev_hash": before or bytes(32)}
    forged["detail"] = msgspec.json.decode(forged["detail"])
    forged["hash"] = entry_hash(forged["prev_hash"], forged)
    forged["detail"] = json.dumps(forged["detail"])
    await tamperer.execute("DELETE FROM audit_personal WHERE seq = $1", seq)
    places = ", ".join(f"${number}" for number in range(1, len(forged) + 1))
    await tamperer.execute(f"INSERT INTO audit_log ({', '.join(forged)}) VALUES ({places})", *forged.values())
    for verification in await verdicts(database, org_id):
        if seq > ROWS:
            if verification.ok:  # an export goes up to the head, so it does not even have the forged entry
                assert verification.rows == ROWS
            else:
                assert (verification.first_bad_seq, verification.reason) == (seq, "beyond_head")
        else:
            # The forged entry fits what is before it; the true one that now follows it does not.
            assert (verification.first_bad_seq, verification.reason) == (seq + 1, "changed")


@pytest.mark.parametrize("pair", [(1, 2), (4, 9), (11, 12)])
async def test_reordered_entries_are_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, pair: Sequence[int]
) -> None:
    for before, after in ((pair[0], 1000), (pair[1], pair[0]), (1000, pair[1])):
        await tamperer.execute("UPDATE audit_log SET seq = $2 WHERE seq = $1", before, after)
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (pair[0], "changed")


@pytest.mark.parametrize("left", [0, 5, ROWS - 1])
async def test_a_cut_off_tail_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, left: int
) -> None:
    await tamperer.execute("DELETE FROM audit_log WHERE seq > $1", left)
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (left + 1, "tail_missing")


async def test_a_cut_off_tail_with_a_head_that_was_set_back_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any
) -> None:
    """Setting back only the number leaves the head's hash of an entry that is not the last."""
    await tamperer.execute("DELETE FROM audit_log WHERE seq > 5")
    await tamperer.execute("UPDATE audit_heads SET seq = 5")
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (5, "head_changed")


async def test_a_removed_head_is_found(database: Database, org_id: OrgId, chain: None, tamperer: Any) -> None:
    await tamperer.execute("DELETE FROM audit_heads")
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        verification = await verify(uow)
    assert (verification.first_bad_seq, verification.reason) == (ROWS + 1, "head_missing")


@pytest.mark.parametrize("change", ["data = '{}'", "salt = '\\x00'"])
async def test_changed_personal_data_is_found(
    database: Database, org_id: OrgId, chain: None, tamperer: Any, change: str
) -> None:
    await tamperer.execute(f"UPDATE audit_personal SET {change} WHERE seq = 7")
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (7, "personal_changed")


async def test_the_log_of_a_tampered_chain_still_grows(
    database: Database, org_id: OrgId, chain: None, tamperer: Any
) -> None:
    await tamperer.execute("DELETE FROM audit_log WHERE seq > 5")
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(uow, person(org_id), action="a", object_="o")
    for verification in await verdicts(database, org_id):
        assert (verification.first_bad_seq, verification.reason) == (6, "missing")


# --- exports ------------------------------------------------------------------------------------------------


@pytest.fixture
async def lines(database: Database, org_id: OrgId, chain: None) -> list[bytes]:
    """An export, line by line."""
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        return [line async for line in export(uow)]


async def test_an_export_is_verified_by_the_words_of_the_document_alone(lines: list[bytes]) -> None:
    """docs/protocol/audit.md, step by step, with nothing of ours: what an outsider would write."""
    head, *rest = [json.loads(line) for line in lines]
    hashed = [
        "action",
        "actor_id",
        "actor_kind",
        "at",
        "detail",
        "object",
        "on_behalf_of",
        "org_id",
        "personal_digest",
        "request_id",
        "seq",
    ]
    last = bytes(32)
    for number, entry in enumerate(rest, 1):
        assert entry["seq"] == number
        assert entry["prev_hash"] == last.hex()
        text = json.dumps(
            {name: entry[name] for name in hashed}, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        last = hashlib.sha256(last + text.encode()).digest()
        assert entry["hash"] == last.hex()
        personal = json.dumps(entry["personal"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        digest = hashlib.sha256(bytes.fromhex(entry["salt"]) + personal.encode()).hexdigest()
        assert entry["personal_digest"] == digest
    assert (head["head_seq"], head["head_hash"]) == (ROWS, last.hex())


@pytest.mark.parametrize(
    ("tamper", "first_bad_seq"),
    [
        (lambda lines: [*lines[:3], *lines[4:]], 3),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 3),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], 4),
        (lambda lines: lines[:-2], ROWS - 1),
        (lambda lines: [*lines[:3], lines[3].replace(b'"a.', b'"b.'), *lines[4:]], 3),
        (lambda lines: [*lines[:3], lines[3][:40], *lines[4:]], 3),
        (lambda lines: [*lines[:3], b"[]", *lines[4:]], 3),
        (lambda lines: [*lines[:3], b'{"seq": 3}', *lines[4:]], 3),
        (lambda lines: [lines[0].replace(b'"head_seq":12', b'"head_seq":11'), *lines[1:]], ROWS),
        (lambda lines: [b"{}", *lines[1:]], 1),
    ],
)
async def test_a_changed_export_is_found(
    lines: list[bytes], tamper: Callable[[list[bytes]], list[bytes]], first_bad_seq: int
) -> None:
    assert verify_export(lines).ok
    assert verify_export(tamper(lines)).first_bad_seq == first_bad_seq


async def test_canonical_json_is_that_of_rfc_8785() -> None:
    assert canonical({"b": 1, "a": [True, None, "\u20ac$\u000f\nA'B\"\\"]}) == (
        '{"a":[true,null,"\u20ac$\\u000f\\nA\'B\\"\\\\"],"b":1}'.encode()
    )
    # Its own example of sorting (§3.2.3): by UTF-16 code units, so the emoji comes before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(dict.fromkeys(keys, 0)))) == expected
