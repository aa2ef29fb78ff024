"""`pegboard serve --demo`: on the first start a company with people and a working day's talk, to try things in.

Everything is made through the doors that the product itself uses. The clock runs from this morning until now meanwhile,
so that the conversations look like a day and not like one second.
"""

import csv
import io
import os
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import msgspec

from pegboard.app import demo_script as script
from pegboard.kernel.actor import Actor
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.events import Relay
from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import ServerSettings, Settings
from pegboard.modules.directory import api as directory
from pegboard.modules.identity import api as identity
from pegboard.modules.messaging import api as messaging

PASSWORD = "pegboard-demo-2026"  # noqa: S105  # known to everybody, and said so
_COLUMNS = ("userid", "name", "mobile", "email", "title", "departments", "manager_userid", "password")


async def announce_demo(parts: Parts) -> None:
    """Make the company unless there is one, and say how to sign in."""
    if await _is_new(parts):
        await _make(parts)
    _say(parts)


async def _is_new(parts: Parts) -> bool:
    async with UnitOfWork(parts[Database]) as uow:
        return not await directory.all_organisations(uow)


def _say(parts: Parts, write: Callable[[str], Any] = sys.stdout.write) -> None:
    server, texts = parts[Settings][ServerSettings], parts[Catalogues]
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or "zh-TW"
    language = language_of(locale.partition(".")[0])
    facts = {"host": server.host, "port": server.port, "password": PASSWORD, "login": script.OWNER.email}
    write(texts.text("demo.address", language, **facts) + "\n")
    others = {"count": len(script.PEOPLE) - 1, "login": script.PEOPLE[1].email}
    write(texts.text("demo.others", language, **others) + "\n")
    if not _is_loopback(server.host):
        write(texts.text("demo.exposed", language, host=server.host) + "\n")
    sys.stdout.flush()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --- making it ------------------------------------------------------------------------------------------------


async def _make(parts: Parts) -> None:
    database = parts[Database]
    clock, kept = MovableClock(), database.clock
    database.clock = clock
    try:
        clock.offset = -script.DAY
        org_id = await _found(parts)
        imported = await directory.import_staff_list(database, org_id, _staff_list(), "demo.csv")
        if imported.refused:
            raise RuntimeError(f"the demonstration's own staff list is refused: {imported.errors}")
        await _tell_everything(parts)
        actors = await _actors(parts, org_id)
        for conversation in script.CONVERSATIONS:
            await _play(parts, clock, conversation, actors, await _begin(parts, org_id, conversation, actors))
        await _tell_everything(parts)
    finally:
        database.clock = kept


async def _found(parts: Parts) -> OrgId:
    async with UnitOfWork(parts[Database]) as uow:
        made = await directory.create_organisation(
            uow,
            name=script.COMPANY,
            owner_name=script.OWNER.name,
            owner_userid=script.OWNER.userid,
            owner_login=script.OWNER.email,
            owner_password=PASSWORD,
        )
    return made.org_id


def _staff_list() -> bytes:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for person in script.PEOPLE:
        row = (person.userid, person.name, person.mobile, person.email, person.title, person.departments)
        table.writerow((*row, person.manager, PASSWORD))
    return text.getvalue().encode()


async def _tell_everything(parts: Parts) -> None:
    """Have the handlers hear all facts so far: the all-hands group is made and filled by them."""
    while await parts[Relay].relay_some():
        pass


async def _actors(parts: Parts, org_id: OrgId) -> dict[str, Actor]:
    userids = [person.userid for person in script.PEOPLE]
    async with UnitOfWork(parts[Database], orgs=(org_id,)) as uow:
        people = await directory.by_userids(uow, userids)
        members = await identity.memberships_by_userids(uow, org_id, userids)
    return {
        userid: Actor(
            org_id=org_id,
            member_id=person.member_id,
            userid=userid,
            name=person.name,
            account_id=members[userid].account_id,
        )
        for userid, person in people.items()
    }


async def _begin(parts: Parts, org_id: OrgId, conversation: script.Conversation, actors: Mapping[str, Actor]) -> UUID:
    first, *others = conversation.members
    members = [actors[userid].me for userid in others]
    async with UnitOfWork(parts[Database], orgs=(org_id,)) as uow:
        if conversation.name:
            return await messaging.create_group(uow, actors[first].me, conversation.name, members)
        direct = messaging.NewConversation(kind="direct", userid=others[0])
        begun, _ = await messaging.begin_conversation(uow, actors[first], direct)
        return begun.id


async def _play(
    parts: Parts,
    clock: MovableClock,
    conversation: script.Conversation,
    actors: Mapping[str, Actor],
    conversation_id: UUID,
) -> None:
    """Say the lines, each at its minute before now; then everybody has read as far as the script says."""
    messenger = parts[messaging.Messenger]
    seqs: list[int] = []
    for line in conversation.lines:
        clock.offset = -timedelta(minutes=line.minutes_ago)
        new = messaging.NewMessage(
            kind="text",
            content=msgspec.Raw(msgspec.json.encode({"text": line.text})),
            mentions=list(line.mentions),
            reply_to=seqs[line.reply_to] if line.reply_to is not None else None,
        )
        seqs.append((await messenger.send(actors[line.who], conversation_id, new)).seq)
    for userid in conversation.members:
        behind = conversation.unread.get(userid, 0)
        if seqs and behind < len(seqs):
            await messenger.read(actors[userid], conversation_id, seqs[len(seqs) - 1 - behind])
