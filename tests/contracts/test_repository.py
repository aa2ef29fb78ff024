"""Rules of the repository that no linter has, each with its reason and its way out in the message."""

import configparser
import functools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

LINES_AT_MOST = 600
# A ratchet: a longer file stands here with its present length and why it is still one subject.
# It may only become shorter.
LONG_FILES: dict[str, tuple[int, str]] = {
    "tests/support/race.py": (700, "one client that applies every live event of the protocol, and how it is compared"),
    "web/src/features/messages/messages.module.css": (660, "the look of one screen, the line of messages"),
}
# Written by a program, or (migrations) never edited again.
GENERATED = {"web/src/api/generated.ts"}

# Names that say nothing about what is inside, and so attract everything.
NO_SUBJECT = {"helpers", "helper", "utils", "util", "misc", "common"}

# Put together here, so that this file does not find itself.
REGISTRY_HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
    ("npmmirror", "com"), ("deb", "debian", "org"), ("ghcr", "io"),
)]  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + "|".join(("w" + "ork", "f" + "arm", "r" + "oot")) + r")/[a-z.]")
OUTSIDE = "../" + "shared/"
TYPE_IGNORE = re.compile(r"#\s*type:\s*" + r"ignore(?P<rest>.*)")
TYPE_IGNORE_CODE = re.compile(r"\[[\w, -]+\]")


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Everything that is, or would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    # A file that is deleted and not yet staged is still listed.
    return tuple(sorted(path for path in paths if path.is_file()))


def lines_of(*suffixes: str) -> Iterator[tuple[str, int, str]]:
    """(path, line number, line) of the tracked text files, of those suffixes if any are named."""
    for path in tracked_files():
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield path.relative_to(ROOT).as_posix(), number, line


def modules() -> list[Path]:
    folder = ROOT / "src" / "pegboard" / "modules"
    return sorted(path for path in folder.iterdir() if (path / "__init__.py").is_file())


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(lock: str) -> dict[str, Version]:
    """Name and version of every line of a lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def test_nothing_names_a_registry_or_a_machine_or_a_folder_outside() -> None:
    faults = []
    for path, number, line in lines_of():
        if any(host in line for host in REGISTRY_HOSTS):
            faults.append(f"{path}:{number} names a package registry; use it by the client as it is set up")
        if MACHINE_PATH.search(line):
            faults.append(f"{path}:{number} is a path of one machine; derive it, or take it from the environment")
        # In the web client this is a relative import of web/src/shared.
        if OUTSIDE in line and not path.startswith("web/src/"):
            faults.append(f"{path}:{number} needs a folder outside the repository; what tests use lies in tests/")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_carry_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text, f"{lock}: download addresses do not belong into a lock file; `make lock` writes none"
    logical_lines = re.sub(r"\\\n\s*", "", text).splitlines()
    unhashed = [line for line in logical_lines if "==" in line and not re.search(r"--hash=sha256:[0-9a-f]{64}", line)]
    assert not unhashed, f"{lock}: without hashes (run `make lock`): {unhashed}"
    options = [line for line in logical_lines if line.startswith("-")]
    assert not options, f"{lock}: options do not belong into a lock file: {options}"


def test_lock_files_hold_what_pyproject_demands() -> None:
    project = pyproject()
    groups = project["dependency-groups"]
    assert isinstance(groups, dict)
    assert isinstance(project["project"], dict)
    demanded = {
        "requirements.lock": [*project["project"]["dependencies"], *groups["build"]],
        "requirements-dev.lock": [entry for entry in groups["dev"] if isinstance(entry, str)],
    }
    faults = []
    for lock, requirements in demanded.items():
        versions = pinned(lock)
        for requirement in map(Requirement, requirements):
            version = versions.get(canonicalize_name(requirement.name))
            if version is None or version not in requirement.specifier:
                faults.append(f"{lock} has {requirement.name} {version}, pyproject.toml wants {requirement}")
    assert not faults, "Run `make lock`.\n" + "\n".join(faults)


def test_both_lock_files_agree() -> None:
    run, dev = (pinned(lock) for lock in LOCKS)
    different = {name: (run[name], dev[name]) for name in run.keys() & dev.keys() if run[name] != dev[name]}
    assert not different, f"What is tested is not what runs; run `make lock`: {different}"


def test_package_lock_carries_integrity_and_no_addresses() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    resolved = [name for name, entry in packages.items() if "resolved" in entry]
    assert not resolved, f"web/.npmrc says omit-lockfile-registry-resolved=true; lock again with it: {resolved[:5]}"
    own = {"", *(name for name, entry in packages.items() if entry.get("link") or entry.get("inBundle"))}
    loose = [name for name, entry in packages.items() if name not in own and "integrity" not in entry]
    assert not loose, f"Without an integrity hash in web/package-lock.json: {loose[:5]}"


def test_package_lock_holds_the_binaries_of_every_platform() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = {name.rpartition("node_modules/")[2] for name in packages}
    missing = [
        f"{name} wants {optional}"
        for name, entry in packages.items()
        for optional in entry.get("optionalDependencies", {})
        if optional not in locked
    ]
    assert not missing, (
        "`npm ci` refuses this lock. Delete web/package-lock.json and run `make lock`. Where they are still"
        " missing, the registry has none of them: choose a version of the package whose binaries are there.\n"
        + "\n".join(missing)
    )


def test_a_silenced_type_error_has_its_code_and_reason() -> None:
    faults = []
    above = ""
    for path, number, line in lines_of(".py"):
        if found := TYPE_IGNORE.search(line):
            code = TYPE_IGNORE_CODE.match(found["rest"])
            reason = above.startswith("#") or (code and found["rest"][code.end() :].strip("# "))
            if not (code and reason):
                faults.append(f"{path}:{number} write `ignore[code]  # why`, or why in a comment just above")
        above = line.strip()
    faults += [
        f"{path}:{number} use @ts-expect-error with its reason: it tells when it is no longer needed"
        for path, number, line in lines_of(".ts", ".tsx")
        if "@ts-" + "ignore" in line or "@ts-" + "nocheck" in line
    ]
    assert not faults, "\n".join(faults)


def test_mypy_ignores_no_file_of_ours() -> None:
    tool = pyproject()["tool"]
    assert isinstance(tool, dict)
    mypy = tool["mypy"]
    assert mypy["strict"] is True
    assert not {"exclude", "ignore_errors", "follow_imports", "ignore_missing_imports"} & mypy.keys()
    for override in mypy.get("overrides", []):
        names = [override["module"]] if isinstance(override["module"], str) else override["module"]
        ours = [name for name in names if name.split(".")[0] in {"*", "pegboard", "tests", "bench"}]
        assert not ours, f"An override may speak of a library without types, not of {ours}"
        assert override.keys() <= {"module", "ignore_missing_imports"}
    silenced = [f"{path}:{number}" for path, number, line in lines_of(".py") if re.match(r"#\s*mypy:", line)]
    assert not silenced, f"Files that set their own mypy rules: {silenced}"


def test_import_contracts_ignore_nothing() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    for section in contracts.sections():
        assert "ignore_imports" not in contracts[section], f"{section}: move the code, or go through a port"


def test_a_skipped_test_says_why() -> None:
    pattern = re.compile(r"@pytest\.mark\." + r"(skip|xfail|skipif)\b")
    faults = [
        f"{path}:{number}" for path, number, line in lines_of(".py")
        if path.startswith("tests/") and pattern.search(line) and "reason=" not in line
    ]  # fmt: skip
    assert not faults, f"Without reason= (on the same line): {faults}"


def test_files_are_named_after_a_subject() -> None:
    faults = [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path.suffix in {".py", ".ts", ".tsx"} and path.stem.lower() in NO_SUBJECT
    ]
    assert not faults, f"Name them after what they do, or move each function to where it is used: {faults}"


def test_files_stay_short_enough_to_be_one_subject() -> None:
    faults = []
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in {".py", ".ts", ".tsx", ".css"} or name in GENERATED or "/migrations/versions/" in name:
            continue
        length = len(path.read_text(encoding="utf-8").splitlines())
        allowed, _why = LONG_FILES.get(name, (LINES_AT_MOST, ""))
        if length > allowed:
            faults.append(f"{name} has {length} lines, {allowed} are allowed")
    assert not faults, (
        "Split each at a meaning; where it truly is one subject, add it to LONG_FILES with the reason.\n"
        + "\n".join(faults)
    )


def test_the_ratchet_of_long_files_holds_only_long_files() -> None:
    for name, (allowed, why) in LONG_FILES.items():
        path = ROOT / name
        assert path.is_file(), f"{name} is gone; take it off LONG_FILES"
        length = len(path.read_text(encoding="utf-8").splitlines())
        assert LINES_AT_MOST < length <= allowed, f"{name} has {length} lines; LONG_FILES says {allowed}"
        assert length > allowed - 50, f"{name} has shrunk to {length} lines; lower its entry of {allowed}"
        assert len(why) > 20, f"{name}: say why it is one subject"


def test_every_module_has_a_page_and_its_two_doors() -> None:
    wanted = ("README.md", "module.py", "api.py", "events.py")
    missing = [f"{module.name}/{name}" for module in modules() for name in wanted if not (module / name).is_file()]
    assert modules(), "No module was found"
    assert not missing, f"Every module has {', '.join(wanted)}; missing: {missing}"


def test_every_decision_is_in_the_index_and_numbers_have_no_gaps() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    numbers = [int(name[:4]) for name in names]
    assert numbers == list(range(1, len(names) + 1)), f"Numbers have a gap or stand twice: {names}"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"({name})" not in index] == [], "docs/decisions/README.md lists every decision"
    assert f"next free number: {len(names) + 1:04}" in index
    undated = [
        name
        for name in names
        if not re.search(r"^- Date: \d{4}-\d\d-\d\d$", (folder / name).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert not undated, f"A decision carries its date (`- Date: YYYY-MM-DD`): {undated}"


def test_the_changelog_speaks_of_this_version() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {project['version']}" in changelog
