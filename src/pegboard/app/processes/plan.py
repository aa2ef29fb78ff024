"""What the parent tells a child over its standard input: secrets have no place in a command line or an environment."""

from typing import Any

import msgspec

from pegboard.app.registry import MODULES
from pegboard.kernel.settings import ServerSettings, Settings, load
from pegboard.kernel.settings.sections import KERNEL_SECTIONS

READY = b"ready\n"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One line of JSON. Its end of file, later, is the parent's."""

    name: str
    """Within this server: `web-1`, `worker`."""
    settings: dict[str, dict[str, Any]]
    server: str
    """This server's name among others."""
    listening: int | None
    """The descriptor of its socket; a worker has none."""
    ready: int
    """The descriptor to say `READY` to."""
    figures: str
    """The directory where every child answers for its figures."""


def sections() -> dict[str, type[Any]]:
    """The modules' settings."""
    return {module.name: module.settings for module in MODULES if module.settings is not None}


def written(settings: Settings, **server: Any) -> dict[str, dict[str, Any]]:
    """The settings as they are, to be read by `read`; `server` are others than the parent's."""
    found = {
        name: msgspec.to_builtins(msgspec.structs.asdict(settings[kind]), enc_hook=str)
        for name, kind in {**KERNEL_SECTIONS, **sections()}.items()
    }
    found["server"] |= server
    return found


def read(plan: Plan) -> Settings:
    """The settings of a child."""
    return load(None, {}, sections(), overrides=plan.settings)


def is_worker(settings: Settings) -> bool:
    """Whether it takes no requests."""
    return settings[ServerSettings].role == "worker"
