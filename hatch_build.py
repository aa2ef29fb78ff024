"""Builds the web client into the package: for `pip install .`, for wheels and sdists, and for `make web`.

`npm ci` and `npm run build` in web/ write to src/pegboard/app/web_dist. They do not run when
- `PEGBOARD_SKIP_WEB_BUILD=1` is set: the client is left out of the wheel,
- web/ is absent: this is an unpacked sdist, which carries the built client,
- the built client was made from the very sources that lie in web/ (a digest of them is kept beside it).
An editable install does not build either: there `make web` does.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
BUILT = ROOT / "src" / "pegboard" / "app" / "web_dist"
DIGEST = BUILT / ".sources"
NODE_AT_LEAST = (20, 19)

# Made by tools, or read by tests only: they do not change what is built.
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", ".vite", "__snapshots__"}
NOT_SOURCE_SUFFIXES = (".test.ts", ".test.tsx", ".tsbuildinfo", ".md")


class WebClientHook(BuildHookInterface[Any]):
    """hatchling calls `initialize` before it collects the files of a wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get("PEGBOARD_SKIP_WEB_BUILD") == "1":
            return
        build()
        # git ignores the built client, and so would hatchling.
        build_data["artifacts"].append("/src/pegboard/app/web_dist/**")


def build() -> bool:
    """Build the web client where it is not fresh; says whether it did.

    Raises SystemExit with the reason and the way out when it cannot.
    """
    if not (WEB / "package.json").is_file():
        if not (BUILT / "index.html").is_file():
            raise SystemExit(
                "There is no web client here, neither its sources (web/) nor the built one. "
                "Set PEGBOARD_SKIP_WEB_BUILD=1 to build a server without it."
            )
        return False
    digest = sources_digest()
    if (BUILT / "index.html").is_file() and DIGEST.is_file() and DIGEST.read_text().strip() == digest:
        return False
    npm = _npm()
    if not _modules_are_fresh():
        _run(npm, "ci")
    _run(npm, "run", "build")
    if not (BUILT / "index.html").is_file():
        raise SystemExit(f"The web client was built, but {BUILT.relative_to(ROOT)}/index.html is not there.")
    # Written last: a build that was broken off is not taken for a fresh one.
    DIGEST.write_text(digest + "\n")
    return True


def sources_digest() -> str:
    """SHA-256 over the names and bytes of everything in web/ that the build reads."""
    digest = hashlib.sha256()
    for path in sorted(_sources(WEB)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in NOT_SOURCES or entry.name.endswith(NOT_SOURCE_SUFFIXES):
            continue
        if entry.is_dir():
            found += _sources(entry)
        elif entry.is_file():
            found.append(entry)
    return found


def _modules_are_fresh() -> bool:
    # npm writes this file at the end of an install, and only then.
    installed = WEB / "node_modules" / ".package-lock.json"
    return installed.is_file() and all(
        installed.stat().st_mtime >= (WEB / name).stat().st_mtime for name in ("package.json", "package-lock.json")
    )


def _npm() -> str:
    npm, node = shutil.which("npm"), shutil.which("node")
    way_out = "Install it, or set PEGBOARD_SKIP_WEB_BUILD=1 to leave the web client out."
    if npm is None or node is None:
        raise SystemExit(f"Building the web client needs Node and npm, and they are not in PATH. {way_out}")
    said = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if tuple(int(part) for part in said.lstrip("v").split(".")[:2]) < NODE_AT_LEAST:
        needed = ".".join(str(part) for part in NODE_AT_LEAST)
        raise SystemExit(f"Building the web client needs Node {needed} or newer; this is {said}. {way_out}")
    return npm


def _run(*command: str) -> None:
    # On standard error: a build's standard output belongs to the tool that asked for it.
    done = subprocess.run(command, cwd=WEB, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        raise SystemExit(f"`{Path(command[0]).name} {' '.join(command[1:])}` in web/ failed; its words are above.")


if __name__ == "__main__":
    print("web client built" if build() else "web client is fresh")
