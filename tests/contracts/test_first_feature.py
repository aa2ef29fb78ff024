"""Follows docs/guides/first-feature.md in a copy of the repository: what it says to write is written, and works."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guides" / "first-feature.md"
NOT_COPIED = shutil.ignore_patterns("__pycache__", "web_dist", "*.pyc")

_BLOCK = re.compile(r"^```(?P<kind>\w+)\n# (?P<name>[\w./-]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of the guide that begins with the name of its file."""

    kind: str
    name: str
    text: str


def blocks() -> list[Block]:
    return [Block(**found.groupdict()) for found in _BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))]


def follow(block: Block, repository: Path) -> None:
    """Write the file, or change it as the diff says."""
    path = repository / block.name
    if block.kind != "diff":
        assert not path.exists(), f"{block.name} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    lines = block.text.splitlines()
    before = "\n".join(line[1:] for line in lines if line[0] in " -") + "\n"
    after = "\n".join(line[1:] for line in lines if line[0] in " +") + "\n"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{block.name} has no longer what the guide changes:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the guide's reader has, after following every block."""
    copy = tmp_path_factory.mktemp("repository")
    for name in ("src", "tests/support", "tests/contracts"):
        shutil.copytree(ROOT / name, copy / name, ignore=NOT_COPIED)
    for name in ("pyproject.toml", ".importlinter", "tests/conftest.py", "tests/modules/conftest.py"):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    for block in blocks():
        follow(block, copy)
    return copy


def run(repository: Path, *command: str) -> str:
    """Run a Python module in the copy; what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PEGBOARD_", "PYTEST"))}
    environment |= {"PYTHONPATH": f"{repository / 'src'}{os.pathsep}{repository}", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=repository, env=environment, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_the_guide_leads_to_a_module_that_works(repository: Path) -> None:
    drafts = repository / "src" / "pegboard" / "app" / "migrations" / "versions"
    before = set(drafts.glob("*.py"))
    run(repository, "-m", "pegboard", "migrations", "draft", "Add notes")
    (draft,) = set(drafts.glob("*.py")) - before
    assert draft.name.endswith("_add_notes.py")
    assert 'protect("notes", tenant=True' in draft.read_text(encoding="utf-8").replace("'", '"')
    assert '"ok": true' in run(repository, "-m", "pegboard", "migrations", "check", "--json")
    assert " passed" in run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/modules/notes")


def test_the_guide_keeps_the_import_contracts(repository: Path) -> None:
    program = "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"
    assert "0 broken" in run(repository, "-c", program)
    run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/test_needs.py")


def test_the_guide_is_typed_and_tidy(repository: Path) -> None:
    run(repository, "-m", "ruff", "check", "src/pegboard/modules/notes", "tests/modules/notes")
    run(repository, "-m", "mypy", "src/pegboard/modules/notes")


def test_every_python_block_names_its_file() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    opened = re.findall(r"^```(python|json|diff)$", text, re.MULTILINE)
    assert len(opened) == len([block for block in blocks() if block.kind in ("python", "json", "diff")])
