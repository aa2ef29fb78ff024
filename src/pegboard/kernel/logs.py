"""JSON lines on standard error, with no bodies and no secrets in them.

What is logged is what the code says in its own words; texts that come from elsewhere (exceptions, extras)
pass `redact` first, and PostgreSQL's errors lose the parts in which it quotes rows.
"""

import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, Any

import asyncpg
import msgspec

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request or job that the running task works for; lines get it where they do not bring one."""

_LONGEST_TEXT = 8000
_LONGEST_MESSAGE = 500
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Our own tokens: kind, underscore, the secret part.
    (re.compile(r"\b(pb[a-z]{1,3}_)[A-Za-z0-9_-]{8,}"), r"\1…"),
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;]+", re.IGNORECASE), r"\1 …"),
    # Whole header lines, as `Name: value` or as pairs of a list (`(b'cookie', b'…')`, `"cookie": "…"`).
    (
        re.compile(
            r"\b((?:proxy-)?authorization|(?:set-)?cookie|pegboard-csrf)\b(['\"]?\s*[:=,]\s*)[^\r\n]*",
            re.IGNORECASE,
        ),
        r"\1\2…",
    ),
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE), r"\1:…@"),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:password|passwd|secret|token|api_?key|signature|credential)[\w-]*)"
            r"(['\"]?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s&,;)}\]]+)"
        ),
        r"\1\2…",
    ),
    # Signed links to files.
    (re.compile(r"(/files/content/)[^\s\"'?]+"), r"\1…"),
)


# Every pattern above needs one of these; most lines have none, and one look is cheaper than six.
_SUSPICIOUS = re.compile(
    r"pb[a-z]{1,3}_|bearer|basic|authorization|cookie|csrf|://|passw|secret|token|api_?key|signature|credential"
    r"|/files/content/",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text without what looks like a secret."""
    if _SUSPICIOUS.search(text) is None:
        return text
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class JsonLines(logging.Formatter):
    """One JSON object a line: `at, level, logger, message`, then `request_id`, extras and `exception` where
    there are any.
    """

    def __init__(self, *, process: str = "") -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._process,
            "logger": record.name,
            "message": redact(record.getMessage())[:_LONGEST_TEXT],
        }
        if current := getattr(record, "request_id", "") or request_id.get():
            fields["request_id"] = current
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name != "request_id":
                fields[name] = _extra(value)
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = exception_text(record.exc_info[1])
        return msgspec.json.encode(fields).decode()


def _extra(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))[:_LONGEST_TEXT]


def exception_text(error: BaseException) -> str:
    """The traceback with causes and groups, safe to keep."""
    lines: list[str] = []
    _explain(error, lines, seen=set())
    return "\n".join(lines)[:_LONGEST_TEXT]


def _explain(error: BaseException, lines: list[str], seen: set[int]) -> None:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        _explain(earlier, lines, seen)
        lines.append("which led to:")
    lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}: {safe_message(error)}")
    if isinstance(error, BaseExceptionGroup):
        for number, part in enumerate(error.exceptions, 1):
            lines.append(f"part {number}:")
            _explain(part, lines, seen)


def safe_message(error: BaseException) -> str:
    """What the exception says, without secrets, and without the data that PostgreSQL quotes."""
    if isinstance(error, asyncpg.PostgresError):
        parts = [f"sqlstate {error.sqlstate}"]
        # Class 22 ("invalid input syntax …: "x"") quotes the value itself; DETAIL and CONTEXT quote rows
        # everywhere.
        if not str(error.sqlstate).startswith("22"):
            parts.append(str(error.args[0]) if error.args else "")
        parts += [
            f"{name} {value}"
            for name in ("table_name", "column_name", "constraint_name")
            if (value := getattr(error, name, None))
        ]
        return redact("; ".join(parts))[:_LONGEST_MESSAGE]
    return redact(str(error))[:_LONGEST_MESSAGE]


def configure(level: str = "info", stream: IO[str] | None = None, *, process: str = "") -> None:
    """Send every logger's lines, uvicorn's too, to `stream` (standard error) as JSON. Call it once, first.

    `process`: its name among several, for each line.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(process=process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "litestar"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # It has a line for each start and stop that says nothing of ours.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
