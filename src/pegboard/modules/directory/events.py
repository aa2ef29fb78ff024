"""The facts that the directory reports. Ids are members' and departments' ids of the fact's organisation.

"Present" is who has joined and not left: active or suspended. An invited member is not present yet.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pegboard.kernel.events import Event
from pegboard.kernel.ids import MemberId

BATCH = 1000
"""No fact names more members than this; more make several facts."""


class OrganisationCreated(Event, frozen=True, kw_only=True):
    """A new organisation, with a root department and its owner (whose `member.joined` follows)."""

    name: ClassVar[str] = "organisation.created"
    organisation_name: str
    code: str
    owner_id: MemberId
    root_department_id: UUID


class OrganisationChanged(Event, frozen=True, kw_only=True):
    """Its name or settings were changed; `fields` are the names of what was."""

    name: ClassVar[str] = "organisation.changed"
    fields: list[str]


class MemberInvited(Event, frozen=True, kw_only=True):
    """Somebody stands in the directory who has not joined yet: they still have to say yes."""

    name: ClassVar[str] = "member.invited"
    member_id: MemberId


class MembersInvited(Event, frozen=True, kw_only=True):
    """Many at once: the same as as many `member.invited`, which are not told besides."""

    name: ClassVar[str] = "members.invited"
    member_ids: list[MemberId]


class MemberJoined(Event, frozen=True, kw_only=True):
    """Somebody became an active member. A `department.members_changed` for each of their departments follows."""

    name: ClassVar[str] = "member.joined"
    member_id: MemberId
    department_ids: list[UUID]


class MembersJoined(Event, frozen=True, kw_only=True):
    """Many at once (an import): the same as as many `member.joined`, which are not told besides."""

    name: ClassVar[str] = "members.joined"
    member_ids: list[MemberId]


class MemberChanged(Event, frozen=True, kw_only=True):
    """`fields` are the names of what changed: name, title, avatar_file_id, mobile, manager, departments, …"""

    name: ClassVar[str] = "member.changed"
    member_id: MemberId
    fields: list[str]


class MemberSuspended(Event, frozen=True, kw_only=True):
    """They can act no more for the time being; their places in departments and conversations stay."""

    name: ClassVar[str] = "member.suspended"
    member_id: MemberId


class MemberResumed(Event, frozen=True, kw_only=True):
    """A suspended member is active again."""

    name: ClassVar[str] = "member.resumed"
    member_id: MemberId


class MemberLeft(Event, frozen=True, kw_only=True):
    """Somebody left for good. What they own goes to `handed_over_to`, where that is known.

    They are in no department any more: a `department.members_changed` for each of `department_ids` follows.
    """

    name: ClassVar[str] = "member.left"
    member_id: MemberId
    handed_over_to: MemberId | None
    department_ids: list[UUID]


class JoinRequested(Event, frozen=True, kw_only=True):
    """Somebody who followed an invitation waits to be approved; `inviter_id` is whose invitation it was."""

    name: ClassVar[str] = "join.requested"
    request_id: UUID
    inviter_id: MemberId | None


class DepartmentCreated(Event, frozen=True, kw_only=True):
    """A new department; `parent_id` is None for the root only."""

    name: ClassVar[str] = "department.created"
    department_id: UUID
    parent_id: UUID | None
    department_name: str
    own_group: bool


class DepartmentChanged(Event, frozen=True, kw_only=True):
    """`fields` are the names of what changed: name, position, hidden, restricted, own_group, leaders."""

    name: ClassVar[str] = "department.changed"
    department_id: UUID
    department_name: str
    own_group: bool
    fields: list[str]


class DepartmentMoved(Event, frozen=True, kw_only=True):
    """A department was put below another one, with everything below it."""

    name: ClassVar[str] = "department.moved"
    department_id: UUID
    from_parent_id: UUID
    to_parent_id: UUID


class DepartmentDeleted(Event, frozen=True, kw_only=True):
    """A department without members or children is no more; `conversation_id` was its own group."""

    name: ClassVar[str] = "department.deleted"
    department_id: UUID
    parent_id: UUID
    department_name: str
    conversation_id: UUID | None


class DepartmentMembersChanged(Event, frozen=True, kw_only=True):
    """Present members came to the department or went from it (not those of departments below it)."""

    name: ClassVar[str] = "department.members_changed"
    department_id: UUID
    joined: list[MemberId]
    left: list[MemberId]


class RoleCreated(Event, frozen=True, kw_only=True):
    """A new role."""

    name: ClassVar[str] = "role.created"
    role_id: UUID
    role_name: str
    group: str


class RoleChanged(Event, frozen=True, kw_only=True):
    """A role has another name or group."""

    name: ClassVar[str] = "role.changed"
    role_id: UUID
    role_name: str
    group: str


class RoleDeleted(Event, frozen=True, kw_only=True):
    """A role is no more; nobody has it."""

    name: ClassVar[str] = "role.deleted"
    role_id: UUID


class RoleMembersChanged(Event, frozen=True, kw_only=True):
    """Who has the role."""

    name: ClassVar[str] = "role.members_changed"
    role_id: UUID
    joined: list[MemberId]
    left: list[MemberId]


class AdministratorChanged(Event, frozen=True, kw_only=True):
    """Somebody's powers changed; `kind` None: they are no administrator any more."""

    name: ClassVar[str] = "administrator.changed"
    member_id: MemberId
    kind: Literal["owner", "super", "sub"] | None


EVENTS: tuple[type[Event], ...] = (
    OrganisationCreated,
    OrganisationChanged,
    MemberInvited,
    MembersInvited,
    MemberJoined,
    MembersJoined,
    MemberChanged,
    MemberSuspended,
    MemberResumed,
    MemberLeft,
    JoinRequested,
    DepartmentCreated,
    DepartmentChanged,
    DepartmentMoved,
    DepartmentDeleted,
    DepartmentMembersChanged,
    RoleCreated,
    RoleChanged,
    RoleDeleted,
    RoleMembersChanged,
    AdministratorChanged,
)
