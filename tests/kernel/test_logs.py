"""Log lines: JSON, with what helps and nothing that must not be there."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from pegboard.kernel import logs
from pegboard.kernel.db import Database, UnitOfWork, sql


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    log = logging.getLogger("pegboard.test")
    log.info("first\nsecond %s", "三", extra={"request_id": "r-1", "ms": 1.5, "thing": object})
    line = last(stream)
    assert line.pop("at").endswith("+00:00")
    assert "object" in line.pop("thing")
    assert line == {
        "level": "info",
        "logger": "pegboard.test",
        "message": "first\nsecond 三",
        "request_id": "r-1",
        "ms": 1.5,
    }
    log.debug("not important enough")
    assert last(stream)["message"] != "not important enough"


def test_the_request_of_the_task_is_named(stream: io.StringIO) -> None:
    token = logs.request_id.set("r-2")
    logging.getLogger("pegboard.test").info("x")
    logs.request_id.reset(token)
    assert last(stream)["request_id"] == "r-2"


def test_uvicorns_lines_come_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("uvicorn says", extra={"color_message": "x"})
    assert last(stream)["message"] == "uvicorn says"
    assert "color_message" not in last(stream)
    logging.getLogger("uvicorn.error").info("Started server process")
    assert last(stream)["message"] == "uvicorn says"


@pytest.mark.parametrize(
    "text",
    [
        "session pbs_{0} ended",
        "token=pbt_{0}",
        "Authorization: Bearer {0}",
        "authorization: Basic {0}",
        "(b'cookie', b'pegboard={0}')",
        "Set-Cookie: pegboard={0}; HttpOnly",
        "Pegboard-CSRF: {0}",
        "postgresql://user:{0}@host/db",
        '{{"password": "{0}"}}',
        "new_password='{0}'",
        "GET /robot/send?access_token={0}&x=1",
        "secret_access_key={0}",
        "GET /api/v1/files/content/{0} 200",
    ],
)
def test_secrets_are_blanked_wherever_they_come_from(stream: io.StringIO, text: str) -> None:
    secret = "S3cr3tAbCdEfGh"
    log = logging.getLogger("pegboard.test")
    log.info("%s", text.format(secret))
    log.info("x", extra={"what": text.format(secret)})
    try:
        raise RuntimeError(text.format(secret))
    except RuntimeError:
        log.exception("x")
    assert secret not in stream.getvalue()


def test_ordinary_words_stay() -> None:
    text = "member.created for E1: 3 tokens left, see https://example.com/a?b=c"
    assert logs.redact(text) == text


def test_an_exception_comes_with_its_causes_and_parts(stream: io.StringIO) -> None:
    def first() -> None:
        raise KeyError("the first")

    try:
        try:
            first()
        except KeyError as error:
            raise ExceptionGroup("several", [ValueError("one"), OSError("two")]) from error
    except ExceptionGroup:
        logging.getLogger("pegboard.test").exception("x")
    text = last(stream)["exception"]
    for part in (
        "in first",
        "builtins.KeyError: 'the first'",
        "which led to:",
        "ValueError: one",
        "OSError: two",
    ):
        assert part in text
    assert text.index("the first") < text.index("several") < text.index("ValueError: one")


def test_an_exception_that_is_its_own_cause_ends() -> None:
    error = ValueError("round")
    other = ValueError("and round")
    error.__cause__, other.__cause__ = other, error
    assert logs.exception_text(error).count("round") == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("SELECT CAST('a secret' AS uuid)", "sqlstate 22"),
        (
            "INSERT INTO recurring_jobs VALUES ('a secret', 1, now()), ('a secret', 1, now())",
            "pk_recurring_jobs",
        ),
        ("INSERT INTO recurring_jobs VALUES ('a secret', 1, NULL)", "next_at"),
        ("SELECT no_such_thing", "no_such_thing"),
    ],
)
async def test_what_postgresql_quotes_of_rows_is_not_logged(
    stream: io.StringIO, database: Database, statement: str, kept: str
) -> None:
    uow = UnitOfWork(database, system=True)
    try:
        await uow.execute(sql(statement))
    except asyncpg.PostgresError:
        logging.getLogger("pegboard.test").exception("x")
    finally:
        await uow.rollback()
    assert kept in last(stream)["exception"]
    assert "secret" not in stream.getvalue()
