"""The commands that operators' scripts rely on, beside a running server."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.app.conftest import Program, Served

COLUMNS = "userid,name,mobile,email,title,departments,manager_userid,password"


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    served = program.serve()
    yield served
    assert served.end() == 0


@pytest.fixture(scope="module")
def org(program: Program, served: Served) -> dict[str, Any]:
    """An organisation with three people more."""
    org = program.found()
    people = program.data.with_name("people.csv")
    people.write_text(
        f"{COLUMNS}\nlin,林一,,,,總部,,\nchen,陳二,,,,總部/業務,lin,\nwang,王三,,,,總部/業務;總部/客服,lin,\n"
    )
    done = program("org", "import", str(people), "--org", org["org_id"], "--json")
    assert (done.code, done.answer) == (0, {"members": 3, "departments": 3, "errors": []})
    return org


def token(program: Program, org: dict[str, Any], userid: str) -> str:
    answer = program("token", "create", "--org", org["org_id"], "--userid", userid, "--json").answer
    assert list(answer) == ["token"]
    made: str = answer["token"]
    return made


def test_an_organisation_is_founded_and_its_owner_signs_in(served: Served, org: dict[str, Any]) -> None:
    assert set(org) == {"org_id", "corp_id", "owner_userid"}
    assert org["owner_userid"] == "mei"
    opened = httpx.post(
        f"{served.address}/api/v1/sessions", json={"login": "mei@example.com", "password": "plain wooden board 7"}
    )
    assert opened.status_code == 201, opened.text


def test_a_group_and_tokens_for_its_people(program: Program, served: Served, org: dict[str, Any]) -> None:
    made = program(
        "group", "create", "--org", org["org_id"], "--name", "業務群", "--owner", "lin", "--member", "chen", "--json"
    ).answer
    assert set(made) == {"conversation_id", "open_conversation_id"}
    chen = served.get("/api/v1/conversations", authorization=f"Bearer {token(program, org, 'chen')}").json()
    assert made["conversation_id"] in [conversation["id"] for conversation in chen["items"]]
    wang = served.get(
        f"/api/v1/conversations/{made['conversation_id']}", authorization=f"Bearer {token(program, org, 'wang')}"
    )
    assert wang.status_code == 404


def test_several_tokens_at_once(program: Program, served: Served, org: dict[str, Any]) -> None:
    options = [part for userid in ("lin", "chen", "wang") for part in ("--userid", userid)]
    answer = program("token", "create", "--org", org["org_id"], *options, "--json").answer
    assert [each["userid"] for each in answer["tokens"]] == ["lin", "chen", "wang"]
    for each in answer["tokens"]:
        me = served.get("/api/v1/me", authorization=f"Bearer {each['token']}").json()
        assert me["member"]["userid"] == each["userid"]


def test_everything_is_in_the_audit_log_and_it_is_whole(program: Program, served: Served, org: dict[str, Any]) -> None:
    mei = token(program, org, "mei")
    entries = served.get("/api/v1/audit?limit=200", authorization=f"Bearer {mei}").json()["items"]
    assert {"organisation.created", "members.imported", "token.created"} <= {entry["action"] for entry in entries}
    everywhere = program("audit", "verify", "--json").answer
    assert everywhere["ok"] is True
    assert (everywhere["organisations"], everywhere["rows"] >= len(entries)) == (1, True)
    one = program("audit", "verify", "--org", org["org_id"], "--json").answer
    assert (one["organisations"], one["ok"]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["token", "create", "--userid", "nobody"], "command.member_unknown"),
        (["group", "create", "--name", "群", "--owner", "lin", "--member", "nobody"], "command.member_unknown"),
        (["org", "import", "/nowhere.csv"], "command.file_unreadable"),
    ],
)
def test_refusals(program: Program, org: dict[str, Any], arguments: list[str], code: str) -> None:
    done = program(*arguments, "--org", org["org_id"], "--json")
    assert done.code == 1
    assert list(done.answer) == ["error"]
    assert done.answer["error"]["code"] == code
    assert done.answer["error"]["message"] not in ("", code)


def test_an_unknown_organisation(program: Program, org: dict[str, Any]) -> None:
    for unknown in ("01920000-0000-7000-8000-000000000000", "nonsense"):
        done = program("token", "create", "--org", unknown, "--userid", "lin", "--json")
        assert (done.code, done.answer["error"]["code"]) == (1, "organisation.not_found")


def test_wrong_rows_are_named_and_nothing_is_stored(program: Program, served: Served, org: dict[str, Any]) -> None:
    people = program.data.with_name("wrong.csv")
    people.write_text(f"{COLUMNS}\ngood,好人,,,,總部,,\nbad,,,,,總部,,\ngood,又好,,,,總部,,\n")
    done = program("org", "import", str(people), "--org", org["org_id"], "--json")
    assert done.code == 1
    assert done.answer["error"]["code"] == "import.rows_wrong"
    found = [(error["row"], error["column"], error["code"]) for error in done.answer["errors"]]
    assert found == [(3, "name", "required"), (4, "userid", "duplicate")]
    assert all(error["message"] for error in done.answer["errors"])
    refused = program("token", "create", "--org", org["org_id"], "--userid", "good", "--json")
    assert refused.answer["error"]["code"] == "command.member_unknown"
    skipped = program("org", "import", str(people), "--org", org["org_id"], "--skip-errors", "--json")
    assert (skipped.code, skipped.answer["members"], len(skipped.answer["errors"])) == (0, 1, 2)


def test_for_people_it_speaks_in_lines(program: Program, org: dict[str, Any]) -> None:
    listing = program("jobs", "list")
    assert (listing.code, listing.err) == (0, "")
    assert "dead: none" in listing.out
    refused = program("jobs", "retry", "nonsense")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("pegboard: ")
    assert "job.not_found" in refused.err


def test_a_staff_list_that_csv_writes_is_read(program: Program, org: dict[str, Any]) -> None:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS.split(","))
    table.writerow(["quoted", '王"大"明', "", "", "a,b", "總部", "", ""])
    people = program.data.with_name("quoted.csv")
    people.write_text(text.getvalue())
    done = program("org", "import", str(people), "--org", org["org_id"], "--dry-run", "--json")
    assert (done.code, done.answer["members"]) == (0, 1)


def test_the_index_of_words_is_made_anew(program: Program, served: Served, org: dict[str, Any]) -> None:
    made = program("group", "create", "--org", org["org_id"], "--name", "字", "--owner", "lin", "--json").answer
    headers = {"authorization": f"Bearer {token(program, org, 'lin')}"}
    one = f"{served.address}/api/v1/conversations/{made['conversation_id']}/messages"
    body = {"kind": "text", "content": {"text": "找得到的字"}}
    assert httpx.post(one, json=body, headers=headers).status_code == 201
    done = program("search", "rebuild", "--org", org["org_id"], "--json")
    assert (done.code, done.answer["organisations"]) == (0, 1)
    assert done.answer["messages"] >= 2  # that the group was made, and what was said
    found = httpx.get(f"{served.address}/api/v1/search/messages", params={"q": "得到"}, headers=headers).json()
    assert [item["message"]["content"] for item in found["items"]] == [body["content"]]
    refused = program("search", "rebuild", "--org", "0", "--json")
    assert (refused.code, refused.answer["error"]["code"]) == (1, "organisation.not_found")
