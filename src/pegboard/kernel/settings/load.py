"""Reads the settings; every mistake is found at once, and named with its place."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import msgspec

from pegboard.kernel.errors import FieldError, Invalid
from pegboard.kernel.settings.sections import KERNEL_SECTIONS
from pegboard.kernel.settings.values import Secret, decode_value

T = TypeVar("T")

FILE_NAME = "pegboard.toml"
TOP_SECTION = "server"
_PREFIX = "PEGBOARD_"
# Variables of ours that are no settings.
_NOT_SETTINGS = frozenset({"PEGBOARD_CONFIG", "PEGBOARD_SKIP_WEB_BUILD", "PEGBOARD_SOAK", "PEGBOARD_CHROMIUM"})
# Kubernetes puts these into every container beside a service named `pegboard`.
_OF_KUBERNETES = re.compile(r"PEGBOARD(_\w+)?(_SERVICE_(HOST|PORT)(_\w+)?|_PORT(_\d+_(TCP|UDP)(_\w+)?)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `where` is a place to go to: `data/pegboard.toml: server.port`, `environment:
    PEGBOARD_PORT`.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class SettingsInvalid(Invalid):
    """The settings cannot be used; `problems` has every mistake."""

    code = "settings.invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            fields=[FieldError(path=problem.where, code="invalid", message=problem.message) for problem in problems],
            problems="; ".join(str(problem) for problem in problems),
        )


class Settings:
    """All sections, found by their type: `settings[ServerSettings].port`."""

    def __init__(self, sections: Mapping[str, Any], *, config_file: Path | None = None) -> None:
        self._by_type = {type(section): section for section in sections.values()}
        self.config_file = config_file

    def __getitem__(self, kind: type[T]) -> T:
        return cast(T, self._by_type[kind])

    def __repr__(self) -> str:
        return f"Settings({', '.join(map(repr, self._by_type.values()))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    value: Any
    where: str
    from_text: bool = False  # the environment knows only texts


def load(
    config_file: Path | None,
    environ: Mapping[str, str],
    sections: Mapping[str, type[Any]] | None = None,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """The settings: what the command line says (`overrides`) before the environment, that before the file.

    `sections` are the modules' (name → Struct); the kernel's are always there. The file is `config_file`,
    else what PEGBOARD_CONFIG names, else `pegboard.toml` in the data directory if there is one. In the
    environment the setting `name` of a section is `PEGBOARD_<SECTION>__<NAME>`, of the section `server` just
    `PEGBOARD_<NAME>`; lists are separated by commas. A secret may lie in a file: `…_FILE` in the environment,
    `…_file` in the TOML file. Raises `SettingsInvalid`.
    """
    kinds = {**KERNEL_SECTIONS, **(sections or {})}
    problems: list[Problem] = []
    commanded = _commanded(overrides or {})
    from_environment = _from_environment(environ, kinds, problems)
    file = _find_file(config_file, environ, commanded, from_environment)
    given = {**_from_file(file, kinds, problems), **from_environment, **commanded}
    made = {name: _section(name, kind, given, problems) for name, kind in kinds.items()}
    if problems:
        raise SettingsInvalid(problems)
    return Settings(made, config_file=file)


_Values = dict[tuple[str, str], _Given]


def _commanded(overrides: Mapping[str, Mapping[str, Any]]) -> _Values:
    return {
        (section, name): _Given(value=value, where=f"--{name.replace('_', '-')}", from_text=isinstance(value, str))
        for section, values in overrides.items()
        for name, value in values.items()
        if value is not None
    }


def _find_file(explicit: Path | None, environ: Mapping[str, str], *sources: _Values) -> Path | None:
    if explicit is None and environ.get("PEGBOARD_CONFIG"):
        explicit = Path(environ["PEGBOARD_CONFIG"])
    if explicit is not None:
        return explicit
    data = next((source[TOP_SECTION, "data"].value for source in sources if (TOP_SECTION, "data") in source), "data")
    beside_data = Path(data) / FILE_NAME
    return beside_data if beside_data.is_file() else None


# --- the environment ----------------------------------------------------------------------------------------


def variable(section: str, name: str) -> str:
    """The environment variable of a setting."""
    return _PREFIX + (name if section == TOP_SECTION else f"{section}__{name}").upper()


def _from_environment(environ: Mapping[str, str], kinds: Mapping[str, type[Any]], problems: list[Problem]) -> _Values:
    known = dict(_variables(kinds))
    found: _Values = {}
    for name in sorted(environ):
        where = f"environment: {name}"
        if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
            continue
        if _OF_KUBERNETES.fullmatch(name) and (name not in known or environ[name].startswith(("tcp://", "udp://"))):
            continue
        if name in known:
            found[known[name]] = _Given(value=environ[name], where=where, from_text=True)
        elif name.endswith("_FILE") and _is_secret(kinds, target := known.get(name[:-5])):
            if target in found:
                problems.append(Problem(where=where, message=f"{name[:-5]} is set as well"))
            elif (content := _read_secret(Path(environ[name]), where, problems)) is not None:
                found[cast(tuple[str, str], target)] = _Given(value=content, where=where, from_text=True)
        elif "__" in name or name.removesuffix("_FILE") in known:
            problems.append(Problem(where=where, message="no such setting"))
        # Without a section it may be somebody else's (a build's, a test's, a script's), unless it is a slip.
        elif meant := get_close_matches(name, known, n=1, cutoff=0.9):
            problems.append(Problem(where=where, message=f"no such setting; {meant[0]}?"))
    return found


def _variables(kinds: Mapping[str, type[Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    for section, kind in kinds.items():
        for field in msgspec.structs.fields(kind):
            yield variable(section, field.name), (section, field.name)


def _is_secret(kinds: Mapping[str, type[Any]], target: tuple[str, str] | None) -> bool:
    if target is None:
        return False
    section, name = target
    return any(field.name == name and field.type is Secret for field in msgspec.structs.fields(kinds[section]))


def _read_secret(file: Path, where: str, problems: list[Problem]) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(where=where, message=f"{file} cannot be read: {_reason(error)}"))
        return None


def _reason(error: Exception) -> str:
    return (error.strerror or "error") if isinstance(error, OSError) else "it is not UTF-8 text"


# --- the file -----------------------------------------------------------------------------------------------


def _from_file(file: Path | None, kinds: Mapping[str, type[Any]], problems: list[Problem]) -> _Values:
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(where=str(file), message=f"cannot be read: {_reason(error)}"))
        return {}
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(where=str(file), message=f"is not TOML: {error}"))
        return {}
    found: _Values = {}
    for section, values in content.items():
        where = f"{file}: {section}"
        if section not in kinds:
            problems.append(Problem(where=where, message="no such section"))
        elif not isinstance(values, dict):
            problems.append(Problem(where=where, message=f"is a section: write [{section}]"))
        else:
            found |= _section_of_file(file, section, kinds, values, problems)
    return found


def _section_of_file(
    file: Path, section: str, kinds: Mapping[str, type[Any]], values: dict[str, Any], problems: list[Problem]
) -> _Values:
    names = {field.name for field in msgspec.structs.fields(kinds[section])}
    found: _Values = {}
    for name, value in values.items():
        where = f"{file}: {section}.{name}"
        if name in names:
            found[section, name] = _Given(value=value, where=where)
        elif name.endswith("_file") and _is_secret(kinds, (section, plain := name[:-5])):
            if plain in values:
                problems.append(Problem(where=where, message=f"{plain} is set as well"))
            elif (content := _read_secret(file.parent / str(value), where, problems)) is not None:
                found[section, plain] = _Given(value=content, where=where)
        else:
            problems.append(Problem(where=where, message="no such setting"))
    return found


# --- one section --------------------------------------------------------------------------------------------


def _section(section: str, kind: type[Any], given: _Values, problems: list[Problem]) -> Any:
    values: dict[str, Any] = {}
    before = len(problems)
    for field in msgspec.structs.fields(kind):
        found = given.get((section, field.name))
        if found is None:
            if field.required:
                problems.append(Problem(where=f"{section}.{field.name}", message="is needed"))
            continue
        try:
            values[field.name] = _convert(found, field.type)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(Problem(where=found.where, message=_words(error)))
    if len(problems) > before:
        return None
    try:
        return kind(**values)
    except ValueError as error:
        problems.append(Problem(where=f"section {section}", message=str(error)))
        return None


def _convert(found: _Given, kind: Any) -> Any:
    value = found.value
    if found.from_text and isinstance(value, str) and _is_list(kind):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if isinstance(value, Path):
        value = str(value)
    return msgspec.convert(value, kind, strict=not found.from_text, dec_hook=decode_value)


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", kind) in (list, tuple, set, frozenset) or any(
        getattr(part, "__origin__", None) in (list, tuple) for part in get_args(kind)
    )


def _words(error: Exception) -> str:
    words = str(error).partition(" - at `")[0]
    return words[:1].lower() + words[1:]
