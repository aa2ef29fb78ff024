"""`pegboard serve` from its first start to its end, whichever way it ends."""

import json
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.app.conftest import OWNER, Program, running, wait_for_end


def test_a_life_of_a_server(program: Program) -> None:
    served = program.serve()
    assert served.get("/livez").json() == {"status": "ok"}
    ready = served.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert set(ready.json()["checks"]) == {"database", "migrations", "disk"}
    engine = served.engine_pid(program.data)

    second = program("serve", "--port", "0")
    assert second.code == 1
    assert "data_directory.busy" in second.err
    assert f"process {served.process.pid}" in second.err

    org = program.found()
    assert served.end() == 0
    wait_for_end(engine)

    # Without a server a command has an engine of its own, and leaves none behind.
    assert program("token", "create", "--org", org["org_id"], "--userid", "mei", "--json").code == 0
    assert not (program.data / "postgres" / "postmaster.pid").exists()

    again = program.serve()
    engine = again.engine_pid(program.data)
    again.end(signal.SIGKILL)
    last = program.serve()
    wait_for_end(engine)
    answer = program("audit", "verify", "--json").answer
    assert (answer["organisations"], answer["ok"]) == (1, True)
    log = [json.loads(line) for line in last.log.read_text().splitlines()]
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in log)
    assert last.end(signal.SIGINT) == 0


def test_nothing_secret_is_written_to_the_log(program: Program) -> None:
    logs = "".join(served.log.read_text() for served in program.started)
    assert logs
    assert OWNER["--owner-password"] not in logs


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Program]:
    yield from running(Program(data=tmp_path_factory.mktemp("demo") / "data", environment=environment))


def test_the_demonstration_is_made_once_and_can_be_signed_in_to(demo: Program) -> None:
    served = demo.serve("--demo")
    said = " ".join(served.said)
    assert "mei@demo.example" in said
    password = said.partition("password ")[2].split()[0]
    opened = httpx.post(
        f"{served.address}/api/v1/sessions", json={"login": "mei@demo.example", "password": password}, timeout=20
    )
    bearer = {"authorization": f"Bearer {opened.json()['token']}"}
    conversations = served.get("/api/v1/conversations", **bearer).json()["items"]
    assert {"group", "direct", "all"} <= {conversation["kind"] for conversation in conversations}
    assert any(conversation["mine"]["unread"] for conversation in conversations)
    assert served.end() == 0
    again = demo.serve("--demo")
    same = again.get("/api/v1/conversations", **bearer).json()["items"]
    assert [conversation["id"] for conversation in same] == [conversation["id"] for conversation in conversations]
    assert again.end() == 0
