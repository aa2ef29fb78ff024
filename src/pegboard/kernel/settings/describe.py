"""The page about all settings, made from the sections themselves."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pegboard.kernel.settings.load import variable
from pegboard.kernel.settings.sections import KERNEL_SECTIONS
from pegboard.kernel.settings.values import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingText:
    """One setting in words. `default` is TOML; None: it has none and must be given."""

    section: str
    name: str
    variable: str
    default: str | None
    secret: bool
    text: str


def describe(sections: Mapping[str, type[Any]] | None = None) -> list[SettingText]:
    """Every setting of the kernel and of the modules' `sections`."""
    kinds = {**KERNEL_SECTIONS, **(sections or {})}
    return [text for section, kind in kinds.items() for text in _texts(section, kind)]


def settings_page(sections: Mapping[str, type[Any]] | None = None) -> str:
    """The content of docs/operations/settings.md."""
    kinds = {**KERNEL_SECTIONS, **(sections or {})}
    lines = [
        "# Settings",
        "",
        "Made by `pegboard config describe`; the words stand in the code.",
        "",
        "Settings come from the command line, the environment and one TOML file (`--config`, else",
        "`PEGBOARD_CONFIG`, else `pegboard.toml` in the data directory), in this order.",
        "`pegboard config check` names every mistake. In the environment lists are separated by commas.",
        "Where it says *secret*, the value may lie in a file: add `_FILE` to the variable's name, or `_file`",
        "to the name in the TOML file.",
    ]
    texts = describe(sections)
    for section, kind in kinds.items():
        lines += ["", f"## [{section}]", "", inspect.cleandoc(kind.__doc__ or "").strip(), ""]
        lines += ["| setting | environment | default | |", "|---|---|---|---|"]
        for text in texts:
            if text.section == section:
                default = f"`{text.default}`" if text.default else ""
                words = text.text.replace("|", "\\|") + (" *Secret.*" if text.secret else "")
                lines.append(f"| `{text.name}` | `{text.variable}` | {default} | {words} |")
    return "\n".join(lines) + "\n"


def _texts(section: str, kind: type[Any]) -> Iterator[SettingText]:
    words = _docstrings(kind)
    for field in msgspec.structs.fields(kind):
        yield SettingText(
            section=section,
            name=field.name,
            variable=variable(section, field.name),
            default=None if field.required else _toml(field.default),
            secret=field.type is Secret,
            text=words.get(field.name, ""),
        )


def _docstrings(kind: type[Any]) -> dict[str, str]:
    """The text literal right below each field."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 -- the source of a class
    found = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _toml(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | Path():
            return f'"{value}"'
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return str(value)
