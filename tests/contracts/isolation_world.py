"""Two organisations full of marker texts, and everything that can be named in them."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from tests.support.live_server import PASSWORD, Company, LiveServer, Person, found_company
from tests.support.polling import until
from tests.support.race import quiet

OURS, THEIRS = "marigold", "hemlock"
"""The marker in every text of the organisation that asks, and in every text of the other."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """What one organisation has. `names` are the values for places in paths, queries and bodies."""

    marker: str
    org_id: str
    tokens: Mapping[str, str]
    names: Mapping[str, str]


async def fill(server: LiveServer, marker: str) -> Organisation:
    """A company whose every text has the marker. Ann owns it; Bob is a member; one is called like nobody elsewhere."""
    only_here = f"only-{len(marker)}{marker[1:3]}"
    company = await found_company(server, "Ann", "Bob", only_here, name=f"{marker} company")
    ann, bob, eve = company["Ann"], company["Bob"], company[only_here]
    names = {"org_id": str(company.org_id), "userid": only_here}
    names |= await _directory(ann, marker, only_here)
    names |= await _joining(server, ann, marker, names["department_id"])
    names |= await _account(server, ann, marker)
    names |= await _files(ann, marker)
    names |= await _conversations(company, ann, bob, eve, marker, names["file_id"])
    names |= await _dings(ann, bob, marker, names)
    names |= await _import(ann, marker)
    names |= await _attention(ann, bob, marker, names)
    return Organisation(
        marker=marker,
        org_id=str(company.org_id),
        tokens={"Ann": names.pop("session"), "Bob": bob.token},
        names=names,
    )


async def _directory(ann: Person, marker: str, only_here: str) -> dict[str, str]:
    department = await ann.do("POST", "/departments", {"name": f"{marker} sales", "parent_id": "root"})
    child = await ann.do("POST", "/departments", {"name": f"{marker} inside", "parent_id": department["id"]})
    role = await ann.do("POST", "/roles", {"name": f"{marker} role", "group": f"{marker} roles"})
    for userid in ("Bob", only_here):
        revision = (await ann.get(f"/members/{userid}"))["revision"]
        body = {
            "revision": revision,
            "name": f"{userid} {marker}",
            "title": f"{marker} title",
            "work_place": f"{marker} street",
            "job_number": f"{marker}-{userid}",
            "email": f"{userid}@{marker}.example",
            "departments": [department["id"], child["id"]],
            "manager_userid": "Ann",
        }
        await ann.do("PATCH", f"/members/{userid}", body)
    await ann.do("PUT", f"/roles/{role['id']}/members/Bob")
    appointment = {"kind": "sub", "departments": [department["id"]], "powers": ["directory.members.manage"]}
    await ann.do("PUT", f"/administrators/{only_here}", appointment)
    return {"department_id": department["id"], "role_id": role["id"]}


async def _joining(server: LiveServer, ann: Person, marker: str, department_id: str) -> dict[str, str]:
    invitation = await ann.do("POST", "/invitations", {"department_id": department_id, "needs_approval": True})
    body = {"name": f"{marker} newcomer", "email": f"newcomer@{marker}.example", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1") as client:
        answer = await client.post(f"/invitations/{invitation['code']}/accept", json=body)
    assert answer.status_code == 201, answer.text
    [request] = (await ann.get("/join-requests"))["items"]
    return {"invitation_id": invitation["id"], "request_id": request["id"]}


async def _account(server: LiveServer, ann: Person, marker: str) -> dict[str, str]:
    login = (await ann.get("/me"))["user"]["email"]
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1") as client:
        answer = await client.post("/sessions", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        [session] = (await client.get("/sessions")).json()["items"]
        made = await client.post("/tokens", json={"name": f"{marker} token"})
        assert made.status_code == 201, made.text
    return {"token_id": made.json()["id"], "session_id": session["id"], "session": answer.json()["token"]}


async def _files(ann: Person, marker: str) -> dict[str, str]:
    content = {"file": (f"{marker}.txt", f"{marker} was here".encode(), "text/plain")}
    uploaded = await ann.ask("POST", "/files", files=content)
    assert uploaded.status_code == 201, uploaded.text
    begun = await ann.do("POST", "/files", {"name": f"{marker}-2.txt", "size": 10})
    return {"file_id": uploaded.json()["file_id"], "upload_id": begun["file_id"]}


async def _conversations(
    company: Company, ann: Person, bob: Person, eve: Person, marker: str, file_id: str
) -> dict[str, str]:
    group = await company.group("Ann", "Bob", name=f"{marker} group", join="approve")
    path = f"/conversations/{group}"
    revision = (await ann.get(path))["revision"]
    await ann.do("PATCH", path, {"revision": revision, "topic": f"{marker} topic", "notice": f"{marker} notice"})
    first = await ann.send(group, f"{marker} first", mentions=["Bob"])
    await ann.do("POST", f"{path}/messages", {"kind": "file", "content": {"file_id": file_id}})
    link = {"url": f"https://{marker}.example/", "title": f"{marker} link"}
    await ann.do("POST", f"{path}/messages", {"kind": "link", "content": link})
    sent = await bob.send(group, f"{marker} reply", reply_to=first["seq"])
    edit = {"content": {"text": f"{marker} edited"}, "rev": 0}
    await bob.do("PATCH", f"{path}/messages/{sent['seq']}", edit)
    await ann.do("PUT", f"{path}/messages/{sent['seq']}/reactions/👍")
    await ann.do("PATCH", f"{path}/mine", {"draft": f"{marker} draft"})
    await ann.do("PUT", f"{path}/messages/{first['seq']}/pin")
    await ann.do("PUT", f"{path}/messages/{first['seq']}/bookmark", {"note": f"{marker} note"})
    await bob.do("POST", f"{path}/threads/{first['seq']}/read", {"seq": sent["seq"]})
    await bob.do("POST", f"{path}/read", {})
    await eve.do("POST", f"{path}/join")
    direct = await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    await bob.send(direct["id"], f"{marker} between us")
    forward = {"from_conversation_id": group, "seqs": [first["seq"], sent["seq"]], "merged": True}
    await ann.do("POST", f"/conversations/{direct['id']}/forwards", forward)
    messages = (await ann.get(f"{path}/messages"))["items"]
    return {
        "conversation_id": group,
        "direct_id": direct["id"],
        "seq": str(sent["seq"]),
        "file_seq": next(str(each["seq"]) for each in messages if each["kind"] == "file"),
    }


async def _dings(ann: Person, bob: Person, marker: str, names: Mapping[str, str]) -> dict[str, str]:
    """One that is over, so that time changes nothing of it, and one for next year."""
    message = {"conversation_id": names["conversation_id"], "seq": int(names["seq"])}
    body = {"content": f"{marker} urgent", "userids": ["Bob"], "message": message}
    made = await ann.do("POST", "/dings", body)

    async def told() -> bool:
        return bool((await bob.get("/dings"))["items"])

    await until(told)
    await bob.do("POST", f"/dings/{made['id']}/acknowledge", {"reply": f"{marker} reply"})
    await ann.do("POST", "/dings", body | {"send_at": "2027-06-01T00:00:00Z"})
    sms = {"kind": "http", "url": f"https://{marker}.example/sms", "headers": {"x-secret": f"{marker} secret"}}
    await ann.do("PATCH", "/ding-policy", {"revision": 0, "adapters": {"sms": sms}})
    return {"ding_id": made["id"]}


async def _attention(ann: Person, bob: Person, marker: str, names: Mapping[str, str]) -> dict[str, str]:
    """Settings of Bob's, a folder of his own, and one of the organisation's."""
    await bob.do("PATCH", "/me/attention", {"revision": 0, "quiet_hours": {"enabled": True}})
    rule = {"kind": "department", "department_id": names["department_id"], "subtree": True}
    own = await bob.do("POST", "/folders", {"name": f"{marker} mine", "rules": [rule]})
    ours = await ann.do("POST", "/folders", {"name": f"{marker} ours", "scope": "organisation", "rules": [rule]})
    await ann.do("PUT", f"/folders/{ours['id']}/conversations/{names['conversation_id']}")
    await bob.do("PUT", "/folders/order", {"folder_ids": [ours["id"], own["id"]]})
    return {"folder_id": ours["id"]}


async def _import(ann: Person, marker: str) -> dict[str, str]:
    text = f"Name,Employee ID,Department,Email\n{marker} one,M1,{marker} sales,one@{marker}.example\n"
    started = await ann.ask("POST", "/imports?dry_run=true", files={"file": (f"{marker}.csv", text, "text/csv")})
    assert started.status_code == 202, started.text
    path = f"/imports/{started.json()['id']}"

    async def ended() -> bool:
        return (await ann.get(path))["state"] in ("done", "refused")

    await until(ended)
    return {"import_id": started.json()["id"]}


async def rows_of(superuser_url: str, org_id: str) -> dict[str, list[str]]:
    """Every row of an organisation in every table that knows organisations, as text."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(superuser_url)
    try:
        tables = await connection.fetch("""
            SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'org_id' ORDER BY table_name
        """)
        found = {}
        for (table,) in tables:
            rows = await connection.fetch(
                f"SELECT to_jsonb(t)::text FROM {table} t WHERE org_id = $1::text::uuid", org_id
            )
            found[table] = sorted(row[0] for row in rows)
        return found
    finally:
        await connection.close()


def ids_in(rows: Mapping[str, list[str]]) -> set[str]:
    """Every id that stands in these rows."""
    return {found for texts in rows.values() for text in texts for found in _UUID.findall(text)}


def both(server: LiveServer) -> tuple[Organisation, Organisation]:
    """Fill the two, and wait until all is told."""

    async def make() -> tuple[Organisation, Organisation]:
        ours, theirs = await fill(server, OURS), await fill(server, THEIRS)
        await quiet(server)
        return ours, theirs

    return asyncio.run(make())
