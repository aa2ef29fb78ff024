"""Small frozen values that cross the doors of the directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import msgspec

from pegboard.kernel.ids import AccountId, MemberId, OrgId

DepartmentId = NewType("DepartmentId", UUID)
RoleId = NewType("RoleId", UUID)


class MemberState(StrEnum):
    """Where somebody stands. Only `active` members can act; `suspended` ones keep their places meanwhile."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class AdminKind(StrEnum):
    """Kinds of administrators, the highest first."""

    OWNER = "owner"
    SUPER = "super"
    SUB = "sub"

    @property
    def rank(self) -> int:
        """Orders people: nobody acts on an equal or a higher one. Members without a kind have 0."""
        return {"owner": 3, "super": 2, "sub": 1}[self.value]


class OrganisationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation decides for all of its people."""

    read_lists: Literal["on", "off"] = "on"
    """Whether a message's read and unread lists and counts leave the server at all."""
    read_lists_up_to: Annotated[int, msgspec.Meta(ge=2, le=100_000)] | None = None
    """In conversations of more members than this they do not either; null: no such limit."""
    presence: bool = False
    """Whether people see who is online and who is typing."""
    show_mobiles: bool = False
    """Whether everybody sees everybody's mobile number, but for those who hide theirs."""
    link_previews: bool = True
    """Whether the server asks the pages behind links in messages for their titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation. `code` is the short name that people sign in with and other systems know it by (corp id)."""

    org_id: OrgId
    code: str
    name: str
    parent_org_id: OrgId | None
    state: Literal["active", "closed"]
    default_country: str
    time_zone: str
    settings: OrganisationSettings
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedOrganisation:
    """What `create_organisation` made."""

    org_id: OrgId
    corp_id: str
    owner_userid: str
    owner_id: MemberId
    root_department_id: DepartmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """As much of a member as it takes to show them beside something."""

    member_id: MemberId
    userid: str
    name: str
    avatar_file_id: UUID | None
    title: str
    state: MemberState


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A person in a list, with the department that they chiefly belong to."""

    person: Person
    main_department_id: DepartmentId | None
    main_department_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentPlace:
    """A member's place in one department. `path` leads from below the root to the department itself."""

    department_id: DepartmentId
    name: str
    path: tuple[str, ...]
    main: bool
    leader: bool
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleName:
    """A role that somebody has."""

    role_id: RoleId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDetail:
    """Everything about a member that the asker may see (`mobile` and `email` are None where they may not)."""

    member_id: MemberId
    account_id: AccountId | None
    userid: str
    name: str
    pinyin: str
    mobile: str | None
    email: str | None
    title: str
    job_number: str
    avatar_file_id: UUID | None
    work_place: str
    hired_on: date | None
    departments: tuple[DepartmentPlace, ...]
    manager_userid: str | None
    manager_name: str | None
    roles: tuple[RoleName, ...]
    admin: AdminKind | None
    state: MemberState
    extension: Mapping[str, Any]
    hide_mobile: bool
    revision: int
    joined_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Somebody who leads a department."""

    member_id: MemberId
    userid: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department. `member_count` counts each person of its subtree once; `child_count` its direct children.

    `restricted`: what its people may see of the directory: everything (`no`), themselves (`self`), or their own
    and the listed departments (`listed`: `visible_department_ids`).
    """

    department_id: DepartmentId
    parent_id: DepartmentId | None
    name: str
    position: int
    hidden: bool
    restricted: Literal["no", "self", "listed"]
    visible_department_ids: tuple[DepartmentId, ...]
    own_group: bool
    conversation_id: UUID | None
    member_count: int
    child_count: int
    leaders: tuple[Leader, ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentStep:
    """One step on the way from the root to a department."""

    department_id: DepartmentId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role; `group` is the heading that it stands under."""

    role_id: RoleId
    group: str
    name: str
    member_count: int
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Somebody with powers. `departments` is empty for those who hold them everywhere (owner, super)."""

    member_id: MemberId
    userid: str
    name: str
    kind: AdminKind
    powers: tuple[str, ...]
    departments: tuple[DepartmentStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRowError:
    """One wrong cell of a staff list; `row` is the line of its file, `message` is in the asker's language."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What became of a staff list.

    `refused`: rows were wrong and nothing was stored. Else `members` people of the list stand in the directory (or,
    after a dry run, would), in `departments` departments, those above them counted. Of the people `created` are new,
    `changed` were members or had left, `invited` have an account of their own and still must say yes.
    """

    refused: bool
    dry_run: bool
    rows: int
    members: int
    departments: int
    created: int
    changed: int
    invited: int
    errors: tuple[ImportRowError, ...]
