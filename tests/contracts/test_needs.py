"""A module declares whom it needs: `needs=(...)` in its manifest. The manifest is read, not run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULES = Path(__file__).resolve().parents[2] / "src" / "pegboard" / "modules"
PACKAGE = "pegboard.modules"


def declared_needs(manifest: str) -> set[str]:
    """The names in the `needs=` of the one `Module(...)` call; AssertionError when they cannot be read."""
    calls = [
        node for node in ast.walk(ast.parse(manifest))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Module"
    ]  # fmt: skip
    assert len(calls) == 1, "module.py makes exactly one Module(...)"
    for keyword in calls[0].keywords:
        if keyword.arg == "needs":
            names = ast.literal_eval(keyword.value)
            assert isinstance(names, tuple), "needs= is a literal tuple, so that it can be read without running it"
            return {str(name) for name in names}
    return set()


def imported_modules(source: str) -> Iterator[tuple[str, int]]:
    """(module, line) of every import from below `pegboard.modules`, also of those inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            names = [f"{PACKAGE}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.startswith(f"{PACKAGE}."):
                yield name.removeprefix(f"{PACKAGE}.").split(".")[0], node.lineno


def undeclared(folder: Path) -> list[str]:
    allowed = declared_needs((folder / "module.py").read_text(encoding="utf-8")) | {folder.name}
    return [
        f"{path.relative_to(folder.parent)}:{line} imports {name}: add it to needs= in module.py"
        for path in sorted(folder.rglob("*.py"))
        for name, line in imported_modules(path.read_text(encoding="utf-8"))
        if name not in allowed
    ]


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODULES.glob("*/module.py")))
def test_every_import_between_modules_is_declared(name: str) -> None:
    assert undeclared(MODULES / name) == []


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODULES.glob("*/module.py")))
def test_every_need_is_a_module_and_not_itself(name: str) -> None:
    needs = declared_needs((MODULES / name / "module.py").read_text(encoding="utf-8"))
    assert name not in needs
    assert [need for need in needs if not (MODULES / need / "module.py").is_file()] == []


def test_an_undeclared_import_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "ding"
    folder.mkdir()
    (folder / "module.py").write_text('module = Module(name="ding", needs=("identity",))\n')
    (folder / "service.py").write_text(
        "from pegboard.modules.identity.api import account\n"
        "def late():\n"
        "    from pegboard.modules import messaging\n"
        "    import pegboard.modules.directory.api\n"
        "    from pegboard.modules.ding import store\n"
    )
    assert undeclared(folder) == [
        "ding/service.py:3 imports messaging: add it to needs= in module.py",
        "ding/service.py:4 imports directory: add it to needs= in module.py",
    ]
