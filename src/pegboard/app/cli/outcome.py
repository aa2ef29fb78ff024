"""How a command ends: one JSON object, or lines for people; a refusal with its stable code."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from pegboard.kernel.errors import PegboardError


class CommandRefused(PegboardError):
    """A refusal that carries more than code and message: `answer` stands beside `error` in the JSON object."""

    def __init__(self, answer: Mapping[str, Any], **params: Any) -> None:
        super().__init__(**params)
        self.answer = answer


def tell(answer: Mapping[str, Any], *, as_json: bool) -> int:
    """Print the answer; the exit code 0."""
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, default=str))
    else:
        for name, value in answer.items():
            print(f"{name}: {_shown(value)}")
    return 0


def refuse(error: Exception, *, as_json: bool, language: str) -> int:
    """Print the refusal; the exit code 1."""
    code, message = _explained(error, language)
    more = dict(error.answer) if isinstance(error, CommandRefused) else {}
    refusal: dict[str, Any] = {"code": code, "message": message}
    if isinstance(error, PegboardError) and error.fields:
        refusal["fields"] = [{"path": field.path, "code": field.code} for field in error.fields]
    if as_json:
        print(json.dumps({"error": refusal, **more}, ensure_ascii=False, default=str))
    else:
        print(f"pegboard: {message} ({code})", file=sys.stderr)
        for line in _details(error, more, language):
            print(f"  {line}", file=sys.stderr)
    return 1


def _explained(error: Exception, language: str) -> tuple[str, str]:
    from pegboard.kernel.postgres import PostgresError

    if isinstance(error, PegboardError):
        return error.code, _catalogues().text(error.code, language, **error.params)
    if isinstance(error, PostgresError):
        return error.code, str(error)
    from pegboard.kernel.http.errors import InternalError, as_refusal

    known = as_refusal(error)
    if isinstance(known, InternalError):
        _report(error)
    else:
        return known.code, f"{_catalogues().text(known.code, language)} {error}".strip()
    return known.code, _catalogues().text("command.failed", language, kind=type(error).__name__)


def _report(error: Exception) -> None:
    import logging

    logging.getLogger("pegboard").error("the command failed", exc_info=error)


def _details(error: Exception, more: Mapping[str, Any], language: str) -> list[str]:
    lines = [f"row {row['row']}, {row['column']}: {row['message']} ({row['code']})" for row in more.get("errors", ())]
    if isinstance(error, PegboardError):
        lines += [
            f"{field.path}: {field.message or _catalogues().text(f'field.{field.code}', language, **error.params)}"
            for field in error.fields
        ]
    return lines


def _catalogues() -> Any:
    from pegboard.app.catalogues import all_texts

    return all_texts()


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str) if value else "none"
    return str(value)


def language_of_terminal(environ: Mapping[str, str]) -> str:
    """The language of messages: that of the terminal."""
    from pegboard.kernel.i18n import language_of

    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return language_of(locale.partition(".")[0])
