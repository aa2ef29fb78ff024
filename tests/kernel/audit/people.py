"""Somebody who acts."""

from pegboard.kernel.actor import Actor
from pegboard.kernel.ids import MemberId, OrgId, uuid7


def person(org_id: OrgId) -> Actor:
    """A new member, called Ann."""
    return Actor(org_id=org_id, member_id=MemberId(uuid7()), userid="ann", name="Ann", client_ip="192.0.2.7")
