"""Malformed and well-formed requests to every operation of the OpenAPI document: the answers are what it says they are.

Half of the requests name what exists, so that more than the lookup of ids is tried.
"""

import asyncio
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pegboard.app.asgi import described
from tests.contracts.isolation_world import OURS, fill
from tests.support.live_server import PASSWORD, LiveServer

CASES = 10_000 if os.environ.get("PEGBOARD_SOAK") == "1" else 500
DOCUMENT = described()
OPERATIONS = sum(len(methods) for methods in DOCUMENT["paths"].values())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PROBES = frozenset(("livez", "readyz", "metrics"))
"""Of no use to a client; `readyz` answers 503 here, since the tests' schema was not made by migrations."""

load_all_checks()
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(operation_id=sorted(PROBES))


@dataclass
class Target:
    """A server with an organisation in it, and somebody signed in there who may do everything."""

    url: str
    login: str
    names: dict[str, str]
    token: str
    turns: Iterator[int] = field(default_factory=itertools.count)

    def sign_in(self) -> str:
        """A new session; its token."""
        body = {"login": self.login, "password": PASSWORD}
        answer = httpx.post(f"{self.url}/api/v1/sessions", json=body, verify=False)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token


@pytest.fixture(scope="module")
def target(server: LiveServer) -> Target:
    organisation = asyncio.run(fill(server, OURS))
    headers = {"authorization": f"Bearer {organisation.tokens['Ann']}"}
    me = httpx.get(f"{server.url}/api/v1/me", headers=headers, verify=False).json()
    target = Target(url=server.url, login=me["user"]["email"], names=dict(organisation.names), token="")
    target.token = target.sign_in()  # not the session that the names name: that one may be ended
    return target


@pytest.mark.soak
@schema.parametrize()
@settings(
    max_examples=max(1, round(CASES / (OPERATIONS - len(PROBES)))),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case: Any, target: Target) -> None:
    if next(target.turns) % 2 and case.path_parameters:
        case.path_parameters = {name: target.names.get(name, value) for name, value in case.path_parameters.items()}
    ends_session = case.operation.definition.raw["operationId"] in ("signOut", "changePassword")
    token = target.sign_in() if ends_session else target.token
    headers = {"authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=target.url, headers=headers, checks=CHECKS, timeout=30)
