"""Whole programs, as an operator runs them: see tests/app/conftest.py, where their handling is written."""

import socket
from collections.abc import Iterator

import pytest

from tests.app.conftest import Program, environment, running

__all__ = ["environment", "port", "program"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Program]:
    """A data directory of its own; rates do not hold writers up, and passwords are hashed in no time."""
    eased = {
        "PEGBOARD_MESSAGING__MESSAGES_PER_PERSON": "0",
        "PEGBOARD_MESSAGING__MESSAGES_PER_CONVERSATION": "0",
        "PEGBOARD_LIMITS__REQUESTS_PER_S": "0",
        "PEGBOARD_LIMITS__FRAMES_PER_S": "0",
        "PEGBOARD_IDENTITY__ARGON2_MEMORY_KIB": "8",
        "PEGBOARD_IDENTITY__ARGON2_ITERATIONS": "1",
    }
    data = tmp_path_factory.mktemp("journey") / "data"
    yield from running(Program(data=data, environment=environment | eased))


@pytest.fixture(scope="module")
def port() -> int:
    """A free port, which a server that is started again can have again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found
