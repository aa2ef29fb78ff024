"""What a typed GET of 20 rows behind authentication costs: server CPU and time per request.

    python -m bench.http [--requests 3000]

Starts a server of its own in a temporary directory, fills one group with messages, and asks for the newest 20 over one
connection that is kept open. CPU is read from /proc, the database's backends apart.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
ROWS = 20
PEGBOARD = (sys.executable, "-m", "pegboard")
NO_RATE_LIMITS = {
    "PEGBOARD_MESSAGING__MESSAGES_PER_PERSON": "0",
    "PEGBOARD_MESSAGING__MESSAGES_PER_CONVERSATION": "0",
    "PEGBOARD_LIMITS__REQUESTS_PER_S": "0",
}


def main() -> None:
    """Measure, and print one JSON line for each path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pegboard-bench-") as scratch:
        data, port = Path(scratch) / "data", _free_port()
        server = _serve(data, port)
        try:
            token, conversation = _fill(data, port)
            for path in (f"/conversations/{conversation}/messages?limit={ROWS}", f"/conversations?limit={ROWS}"):
                print(json.dumps(_measure(server.pid, port, token, path, conversation, arguments.requests)), flush=True)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _serve(data: Path, port: int) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [*PEGBOARD, "serve", "--data", str(data), "--port", str(port)],
        env=os.environ | NO_RATE_LIMITS,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "ready" in line:
            return server
    raise RuntimeError("the server did not start")


def _fill(data: Path, port: int) -> tuple[str, str]:
    """A company, a person's token, and a group with 60 messages; the person is in 20 more groups."""
    org = _command(data, *("org", "create", "--name", "Bench", "--owner-name", "Owner", "--owner-userid", "owner"),
                   *("--owner-login", "owner@bench.example", "--owner-password", "correct-horse-bench"))  # fmt: skip
    token = str(_command(data, "token", "create", "--org", org["org_id"], "--userid", "owner")["token"])
    groups = [
        _post(port, token, "/conversations", {"kind": "group", "name": f"g{n}", "members": []}) for n in range(21)
    ]
    conversation = str(groups[0]["id"])
    for number in range(60):
        body = {"kind": "text", "content": {"text": f"message {number} " + "x" * 200}}
        _post(port, token, f"/conversations/{conversation}/messages", body)
    return token, conversation


def _measure(pid: int, port: int, token: str, path: str, conversation: str, requests: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"authorization": f"Bearer {token}"}
    times_ns: list[int] = []

    def ask(count: int) -> None:
        for _ in range(count):
            started_ns = time.perf_counter_ns()
            connection.request("GET", f"/api/v1{path}", headers=headers)
            answer = connection.getresponse()
            items = json.loads(answer.read())["items"]
            times_ns.append(time.perf_counter_ns() - started_ns)
            assert answer.status == 200 and len(items) == ROWS  # noqa: PT018  # one check of one answer

    ask(300)
    times_ns.clear()
    before_s, family_before_s = _cpu_s([pid]), _cpu_s(_family(pid))
    ask(requests)
    server_s, family_s = _cpu_s([pid]) - before_s, _cpu_s(_family(pid)) - family_before_s
    times_ns.sort()
    return {
        "path": path.replace(conversation, "{id}").partition("?")[0],
        "rows": ROWS,
        "requests": requests,
        "server_cpu_ms": round(server_s / requests * 1000, 3),
        "database_cpu_ms": round((family_s - server_s) / requests * 1000, 3),
        "p50_ms": round(times_ns[len(times_ns) // 2] / 1e6, 2),
        "p99_ms": round(times_ns[int(len(times_ns) * 0.99)] / 1e6, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def _command(data: Path, *words: str) -> Any:
    done = subprocess.run(
        [*PEGBOARD, *words, "--data", str(data), "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _post(port: int, token: str, path: str, body: object) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection.request("POST", f"/api/v1{path}", body=json.dumps(body), headers=headers)
    return json.loads(connection.getresponse().read())


def _family(pid: int) -> list[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(int(entry))):
            parents.setdefault(int(stat[1]), []).append(int(entry))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def _cpu_s(pids: list[int]) -> float:
    stats = [stat for pid in pids if (stat := _stat(pid))]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS_PER_S


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
