"""Who may do what with activity."""

from pegboard.kernel.actor import Actor
from pegboard.kernel.errors import Forbidden
from pegboard.kernel.http.permissions import Permission

READ = Permission(name="activity.read", level="power", scope="organisation")
MANAGE = Permission(name="activity.manage", level="power", scope="organisation")
KNOW = Permission(name="activity.know", level="member", scope="organisation")
"""Whether it is counted at all is no secret to those who are counted."""


def read(actor: Actor) -> None:
    """See the organisation's counts."""
    _hold(actor, READ)


def manage(actor: Actor) -> None:
    """Switch counting on and off."""
    _hold(actor, MANAGE)


def _hold(actor: Actor, power: Permission) -> None:
    if not actor.can(power.name) or actor.subtrees is not None:
        raise Forbidden
