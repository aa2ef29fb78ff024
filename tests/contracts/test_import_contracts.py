"""The contracts of `.importlinter` really break when they should: each is tried on a small house."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *("module", "routes", "handlers", "jobs", "api", "service", "policy", "store"),
    *("schemas", "models", "events", "views", "errors"),
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with the modules of today, all files empty, under the real contracts."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    (tmp_path / "tests" / "contracts").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "contracts" / "import_contracts.py", tmp_path / "tests" / "contracts")
    package = tmp_path / "src" / "pegboard"
    for folder in (
        "",
        "kernel",
        "app",
        "modules",
        *(f"modules/{name}" for name in ("identity", "directory", "attention", "messaging", "ding", "activity")),
    ):
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").touch()
    for module in (package / "modules").iterdir():
        if module.is_dir():
            for name in FILES:
                (module / f"{name}.py").touch()
    return tmp_path


def lint(house: Path) -> tuple[int, str]:
    program = "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=house, env={"PYTHONPATH": f"{house / 'src'}:{house}", "COLUMNS": "200"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_an_empty_house_keeps_every_contract(house: Path) -> None:
    code, said = lint(house)
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("kernel/text.py", "import pegboard.modules.identity.api", "The house"),
        ("modules/identity/service.py", "import pegboard.app", "The house"),
        ("modules/identity/service.py", "from pegboard.modules.directory.api import member", "The map"),
        ("modules/identity/store.py", "from pegboard.modules.identity.policy import may", "Inside a module"),
        ("modules/identity/service.py", "from pegboard.modules.identity import routes", "Inside a module"),
        ("modules/directory/service.py", "from pegboard.modules.identity.store import accounts", "The doors"),
        ("modules/directory/service.py", "from pegboard.modules.identity import models", "The doors"),
        ("modules/directory/handlers.py", "import pegboard.modules.identity", "The doors"),
        ("modules/directory/module.py", "from pegboard.modules.identity.module import module", "The doors"),
        ("app/cli.py", "from pegboard.modules.identity.service import sign_in", "The doors"),
        ("modules/unheard_of/__init__.py", "", "The map"),
    ],
)
def test_a_trespass_breaks_its_contract(house: Path, file: str, line: str, broken: str) -> None:
    path = house / "src" / "pegboard" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n")
    code, said = lint(house)
    assert code == 1, said
    verdicts = [text for text in said.splitlines() if text.startswith(broken) and text.endswith("BROKEN")]
    assert verdicts, said


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("modules/directory/service.py", "from pegboard.modules.identity.api import account"),
        ("modules/messaging/handlers.py", "from pegboard.modules.directory.events import MemberLeft"),
        ("app/registry.py", "from pegboard.modules.identity.module import module"),
        ("app/cli.py", "from pegboard.modules.directory.api import import_members"),
        ("modules/identity/routes.py", "from pegboard.modules.identity import schemas, service"),
    ],
)
def test_the_doors_are_open(house: Path, file: str, line: str) -> None:
    (house / "src" / "pegboard" / file).write_text(f"{line}\n")
    code, said = lint(house)
    assert code == 0, said
