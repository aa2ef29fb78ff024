"""Who acts: the one value that every verb and policy asks."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pegboard.kernel.errors import Forbidden
from pegboard.kernel.ids import AccountId, MemberId, OrgId


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody signed in, before an organisation is chosen. `session_id` is a session or a personal token."""

    account_id: AccountId
    session_id: UUID
    name: str
    language: str
    client_ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A member acting in an organisation; or the system, or an operator at the command line, on its behalf.

    `powers` are the names of the permissions they hold; `subtrees` the departments within which a
    sub-administrator holds them (None: everywhere). `rank` orders people: nobody acts on a higher rank.
    """

    kind: Literal["person", "system", "operator"] = "person"
    org_id: OrgId
    member_id: MemberId | None
    userid: str
    name: str
    account_id: AccountId | None = None
    session_id: UUID | None = None
    powers: frozenset[str] = field(default_factory=frozenset)
    subtrees: frozenset[UUID] | None = None
    rank: int = 0
    language: str = "en"
    client_ip: str = ""

    @property
    def me(self) -> MemberId:
        """The acting member; refuses the system and operators, who are nobody in particular."""
        if self.member_id is None:
            raise Forbidden
        return self.member_id

    def can(self, permission: str) -> bool:
        """Whether they hold the permission at all; where, is `subtrees`."""
        return self.kind != "person" or permission in self.powers


def system_actor(org_id: OrgId) -> Actor:
    """The system itself: holds every power."""
    return Actor(kind="system", org_id=org_id, member_id=None, userid="", name="system", rank=100)


def operator_actor(org_id: OrgId) -> Actor:
    """Whoever runs a command on the server: holds every power, and the audit log says `operator`."""
    return Actor(kind="operator", org_id=org_id, member_id=None, userid="", name="operator", rank=100)
