"""What can be typed: commands, their options and help."""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pegboard

Run = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as JSON, where JSON was asked for."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        if _Parser.as_json:
            print(json.dumps({"error": {"code": "command.usage", "message": message}}, ensure_ascii=False))
            self.exit(1)
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\n")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command's options, and its function as `run`."""
    _Parser.as_json = "--json" in argv  # asked before anything is parsed: what is wrong may stand in front of it
    return parser().parse_args(argv)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = _Parser(prog="pegboard", description="Pegboard (釘板): the work platform that an organisation owns.")
    root.add_argument("--version", action="version", version=f"pegboard {pegboard.__version__}")
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _serve(commands)
    _org(commands)
    _token(commands)
    _group(commands)
    _audit(commands)
    _jobs(commands)
    _search(commands)
    _config(commands)
    _migrations(commands)
    _leaf(commands, "openapi", "schema", "openapi", "Print the OpenAPI document.")
    return root


def _leaf(commands: Any, name: str, module: str, function: str, help: str) -> argparse.ArgumentParser:
    """A command that is run by `function` of the file `module` beside this one."""

    def run(parsed: argparse.Namespace) -> int:
        found: Run = getattr(importlib.import_module(f"pegboard.app.cli.{module}"), function)
        return found(parsed)

    added: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    added.set_defaults(run=run)
    return added


def _family(commands: Any, name: str, help: str) -> Any:
    added = commands.add_parser(name, help=help, description=help)
    return added.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _place(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Where the settings come from: every command that needs them has these."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data directory (PEGBOARD_DATA; ./data)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the settings (PEGBOARD_CONFIG; DIR/pegboard.toml)")
    return parser


def _administrative(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    return _place(parser)


def _serve(commands: Any) -> None:
    serve = _place(_leaf(commands, "serve", "serving", "serve", "Serve until SIGTERM or Ctrl-C."))
    serve.add_argument("--host", metavar="H", help="the address to listen at (127.0.0.1)")
    serve.add_argument("--port", metavar="P", help="the port to listen at (8700)")
    serve.add_argument("--tls-cert", metavar="F", help="certificate chain, PEM")
    serve.add_argument("--tls-key", metavar="F", help="the certificate's key, PEM")
    serve.add_argument("--public-url", metavar="URL", help="how browsers reach this server, if not as they ask it")
    serve.add_argument(
        "--allow-egress", nargs="+", action="extend", metavar="CIDR",
        help="networks that requests made for others may reach, besides public addresses",
    )  # fmt: skip
    serve.add_argument("--demo", action="store_true", help="on the first start, make a demonstration company")
    serve.add_argument("--processes", metavar="N", help="how many web processes to run")
    serve.add_argument("--role", choices=("all", "web", "worker"), help="what this process does")


def _org(commands: Any) -> None:
    org = _family(commands, "org", "Organisations.")
    create = _administrative(_leaf(org, "create", "organisations", "create", "Found an organisation."))
    create.add_argument("--name", required=True, metavar="N")
    create.add_argument("--owner-name", required=True, metavar="X")
    create.add_argument("--owner-userid", required=True, metavar="U")
    create.add_argument("--owner-login", required=True, metavar="L", help="a mobile number or an email address")
    create.add_argument("--owner-password", required=True, metavar="P")
    load = _administrative(_leaf(org, "import", "organisations", "import_staff", "Import a staff list (CSV or xlsx)."))
    load.add_argument("file", type=Path, metavar="FILE")
    load.add_argument("--org", required=True, metavar="ORG_ID")
    load.add_argument("--dry-run", action="store_true", help="find every error, store nothing")
    load.add_argument("--skip-errors", action="store_true", help="store the good rows")


def _token(commands: Any) -> None:
    token = _family(commands, "token", "Tokens for programs.")
    about = "Make a member's bearer token for /api/v1."
    create = _administrative(_leaf(token, "create", "tokens", "create", about))
    create.add_argument("--org", required=True, metavar="ORG_ID")
    create.add_argument("--userid", required=True, action="append", metavar="U", help="may be given several times")
    create.add_argument("--name", default="command line", metavar="N", help="what the token's list calls it")


def _group(commands: Any) -> None:
    group = _family(commands, "group", "Group conversations.")
    create = _administrative(_leaf(group, "create", "groups", "create", "Begin a group."))
    create.add_argument("--org", required=True, metavar="ORG_ID")
    create.add_argument("--name", required=True, metavar="N")
    create.add_argument("--owner", required=True, metavar="U")
    create.add_argument("--member", action="append", default=[], metavar="U", help="may be given several times")


def _audit(commands: Any) -> None:
    audit = _family(commands, "audit", "The audit log.")
    verify = _administrative(_leaf(audit, "verify", "audits", "verify", "Look for traces of tampering."))
    verify.add_argument("--org", metavar="ORG_ID", help="only this organisation")


def _jobs(commands: Any) -> None:
    jobs = _family(commands, "jobs", "Background jobs that failed for good.")
    listing = _administrative(_leaf(jobs, "list", "jobs", "show", "Show them."))
    listing.add_argument("--limit", type=int, default=100, metavar="N")
    retry = _administrative(_leaf(jobs, "retry", "jobs", "retry", "Give one all its attempts again."))
    retry.add_argument("id", metavar="JOB_ID")


def _search(commands: Any) -> None:
    search = _family(commands, "search", "The index of words.")
    about = "Make the index anew; search works meanwhile, only slower."
    rebuild = _administrative(_leaf(search, "rebuild", "searching", "rebuild", about))
    rebuild.add_argument("--org", metavar="ORG_ID", help="only this organisation")


def _config(commands: Any) -> None:
    config = _family(commands, "config", "Settings.")
    _administrative(_leaf(config, "check", "configuration", "check", "Name every mistake in the settings."))
    _leaf(config, "describe", "configuration", "describe", "Print the page about all settings.")


def _migrations(commands: Any) -> None:
    migrations = _family(commands, "migrations", "The schema's history (for developers).")
    about = "Bring an empty database to the head, and compare it with the tables in the code."
    check = _leaf(migrations, "check", "schema", "check", about)
    check.add_argument("--json", action="store_true", help="answer with one JSON object")
    draft = _leaf(migrations, "draft", "schema", "draft", "Write the next revision from the tables in the code.")
    draft.add_argument("message", metavar="MESSAGE", help='what it does, in the imperative: "Add notes"')
