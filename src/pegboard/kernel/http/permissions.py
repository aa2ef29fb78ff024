"""The permission registry: every route names what it takes to call it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["public", "account", "member", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What a route asks of its caller.

    `level`: nobody in particular (`public`), somebody signed in (`account`), a member of the chosen organisation
    (`member`), or a member who was given this power (`power`). `scope` names the object within which it is held
    ("organisation", "subtree", "conversation", …), for the matrix in the documentation: policies decide.
    """

    name: str
    level: Level
    scope: str


PUBLIC = Permission(name="public", level="public", scope="nothing")
ACCOUNT = Permission(name="account", level="account", scope="own account")
MEMBER = Permission(name="member", level="member", scope="organisation")
KERNEL_PERMISSIONS = (PUBLIC, ACCOUNT, MEMBER)


def requires(permission: Permission, *, secret_answer: bool = False) -> dict[str, Any]:
    """For a route's `opt`: calling it takes this permission. A `secret_answer` (a token) is never kept for a repeat."""
    return {"permission": permission, "secret_answer": secret_answer}


class UnregisteredRoute(RuntimeError):
    """A route that names no permission, or one that no module declares: the server does not start."""


def check_routes(handlers: Iterable[Any], declared: Iterable[Permission]) -> None:
    """Raise `UnregisteredRoute` unless every route handler names a declared permission."""
    known = set(declared)
    for handler in handlers:
        permission = handler.opt.get("permission")
        if permission not in known:
            paths = ", ".join(sorted(handler.paths))
            raise UnregisteredRoute(f"{paths}: {permission.name if permission else 'no permission'} is not registered")
