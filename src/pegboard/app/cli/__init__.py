"""The command `pegboard`. Each subject has a file; what a command needs is imported when it runs."""

import os
import sys
from collections.abc import Sequence

from pegboard.app.cli import arguments, outcome


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Run one command; its exit code. 0: done, 1: refused, 2: not a command."""
    parsed = arguments.parse(argv)
    language = outcome.language_of_terminal(os.environ)
    try:
        code: int = parsed.run(parsed)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; end without complaint
        return 1
    except Exception as error:  # noqa: BLE001  # the outermost place: whatever it is becomes a refusal
        return outcome.refuse(error, as_json=getattr(parsed, "json", False), language=language)
    return code
