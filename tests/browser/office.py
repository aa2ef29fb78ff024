"""A company of people with names, departments and passwords, as the browser tests need it."""

import csv
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.modules.directory import api as directory
from tests.support.live_server import PASSWORD, Company, LiveServer, Person

COLUMNS = ("userid", "name", "email", "title", "departments", "password")
# Userid, name, title, department. The first founds the company.
STAFF = (
    ("mei", "林美玲", "總經理", ""),
    ("daming", "王大明", "研發工程師", "研發部"),
    ("yijun", "陳怡君", "產品經理", "研發部/產品組"),
    ("zhiwei", "李志偉", "業務經理", "業務部"),
)


@dataclass(kw_only=True)
class Colleague(Person):
    """A person who can sign in, and whose token is a session's."""

    name: str
    login: str


async def open_office(server: LiveServer, *, name: str = "釘板測試", guest: Person | None = None) -> Company:
    """A new company of `STAFF`, everybody active. `guest`, of another company, is invited under that userid."""
    domain = f"{secrets.token_hex(6)}.example"
    logins = {userid: f"{userid}@{domain}" for userid, *_ in STAFF}
    (owner_userid, owner_name, *_), *others = STAFF

    async def make() -> directory.CreatedOrganisation:
        database = server.parts[Database]
        async with UnitOfWork(database) as uow:
            made = await directory.create_organisation(
                uow,
                name=name,
                owner_name=owner_name,
                owner_userid=owner_userid,
                owner_login=logins[owner_userid],
                owner_password=PASSWORD,
            )
        rows = [
            (userid, named, logins[userid], title, department, PASSWORD) for userid, named, title, department in others
        ]
        if isinstance(guest, Colleague):
            rows.append(("guest", guest.name, guest.login, "顧問", "顧問組", ""))
        done = await directory.import_staff_list(database, made.org_id, staff_list(rows), "staff.csv")
        assert not done.refused, done
        return made

    made: directory.CreatedOrganisation = await server.acall(make)
    people: dict[str, Person] = {}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", verify=False) as client:
        for userid, named, *_ in STAFF:
            answer = await client.post("/sessions", json={"login": logins[userid], "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            people[userid] = Colleague(
                server=server,
                userid=userid,
                member_id=None,
                token=answer.json()["token"],
                org_id=made.org_id,
                name=named,
                login=logins[userid],
            )
    return Company(server=server, org_id=made.org_id, corp_id=made.corp_id, people=people)


def login_of(person: Person) -> str:
    """What this colleague signs in with."""
    assert isinstance(person, Colleague)
    return person.login


def staff_list(rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A staff list as CSV."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(columns)
    table.writerows(rows)
    return text.getvalue().encode()
