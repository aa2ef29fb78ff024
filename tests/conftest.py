"""Fixtures for every test: see tests/support/README.md."""

import pytest

pytest_plugins = ["tests.support.postgres", "tests.support.live_server", "tests.support.small_web"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
