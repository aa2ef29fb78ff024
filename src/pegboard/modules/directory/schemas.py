"""The wire shapes of the directory."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pegboard.kernel.audit import Entry
from pegboard.modules.directory import views
from pegboard.modules.directory.views import AdminKind, MemberState, OrganisationSettings

Name = Annotated[str, Meta(min_length=1, max_length=200)]
"""Looser than what is stored: the verbs say precisely what is wrong with a name."""
Userid = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=400)]
Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Order = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
DepartmentRef = Annotated[str, Meta(min_length=4, max_length=36)]
"""A department's id, or `root`."""
Departments = Annotated[list[DepartmentRef], Meta(max_length=50)]
ImportState = Literal["queued", "running", "done", "refused"]

# --- organisation ----------------------------------------------------------------------------------------------------


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation. `code` is what its people sign in with beside their userid."""

    org_id: UUID
    name: str
    code: str
    default_country: str
    time_zone: str
    settings: OrganisationSettings
    revision: int

    @classmethod
    def of(cls, organisation: views.Organisation) -> "Organisation":
        return cls(
            org_id=organisation.org_id,
            name=organisation.name,
            code=organisation.code,
            default_country=organisation.default_country,
            time_zone=organisation.time_zone,
            settings=organisation.settings,
            revision=organisation.revision,
        )


class OrganisationPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed. `settings` replace all settings."""

    revision: Revision
    name: Name | None = None
    default_country: Annotated[str, Meta(min_length=2, max_length=2)] | None = None
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    settings: OrganisationSettings | None = None


# --- members ---------------------------------------------------------------------------------------------------------


class DepartmentOfMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member's place in a department. `path` leads from below the root to the department itself."""

    id: UUID
    name: str
    path: list[str]
    main: bool
    leader: bool
    order: int


class RoleName(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody has."""

    id: UUID
    name: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member. `mobile` and `email` are null for those who may not see them."""

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
    departments: list[DepartmentOfMember]
    manager_userid: str | None
    manager_name: str | None
    roles: list[RoleName]
    admin: AdminKind | None
    state: MemberState
    hide_mobile: bool
    extension: dict[str, Any]
    revision: int

    @classmethod
    def of(cls, member: views.MemberDetail) -> "Member":
        return cls(
            userid=member.userid,
            name=member.name,
            pinyin=member.pinyin,
            mobile=member.mobile,
            email=member.email,
            title=member.title,
            job_number=member.job_number,
            avatar_file_id=member.avatar_file_id,
            work_place=member.work_place,
            hired_on=member.hired_on,
            departments=[
                DepartmentOfMember(
                    id=place.department_id,
                    name=place.name,
                    path=list(place.path),
                    main=place.main,
                    leader=place.leader,
                    order=place.position,
                )
                for place in member.departments
            ],
            manager_userid=member.manager_userid,
            manager_name=member.manager_name,
            roles=[RoleName(id=role.role_id, name=role.name) for role in member.roles],
            admin=member.admin,
            state=member.state,
            hide_mobile=member.hide_mobile,
            extension=dict(member.extension),
            revision=member.revision,
        )


class MainDepartment(msgspec.Struct, frozen=True, kw_only=True):
    """The department that somebody chiefly belongs to."""

    id: UUID
    name: str


class MemberBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A member in a list."""

    userid: str
    name: str
    title: str
    avatar_file_id: UUID | None
    state: MemberState
    main_department: MainDepartment | None

    @classmethod
    def of(cls, found: views.FoundPerson) -> "MemberBrief":
        main = None
        if found.main_department_id is not None:
            main = MainDepartment(id=found.main_department_id, name=found.main_department_name or "")
        return cls(
            userid=found.person.userid,
            name=found.person.name,
            title=found.person.title,
            avatar_file_id=found.person.avatar_file_id,
            state=found.person.state,
            main_department=main,
        )


class NewMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to be added. Without a userid one is made; without departments they belong to the root."""

    name: Name
    userid: Userid | None = None
    mobile: Annotated[str, Meta(max_length=64)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    title: Line = ""
    job_number: Line = ""
    work_place: Line = ""
    hired_on: date | None = None
    departments: Departments = []
    manager_userid: Userid | None = None
    password: Annotated[str, Meta(max_length=256)] | None = None


class MemberPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays. The first of `departments` is the main one."""

    revision: Revision
    name: Name | UnsetType = UNSET
    mobile: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    title: Line | UnsetType = UNSET
    job_number: Line | UnsetType = UNSET
    avatar_file_id: UUID | UnsetType | None = UNSET
    work_place: Line | UnsetType = UNSET
    hired_on: date | UnsetType | None = UNSET
    departments: Departments | UnsetType = UNSET
    manager_userid: Userid | UnsetType | None = UNSET
    hide_mobile: bool | UnsetType = UNSET
    extension: dict[str, Any] | UnsetType = UNSET


# --- departments -----------------------------------------------------------------------------------------------------


class DepartmentLeader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who leads a department."""

    userid: str
    name: str


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """A department. `member_count` counts each person of its subtree once, `child_count` its direct children.

    `restricted`: its people see of the directory everything (`no`), only themselves (`self`), or their own
    departments and those of `visible` (`listed`).
    """

    id: UUID
    name: str
    parent_id: UUID | None
    order: int
    member_count: int
    child_count: int
    leaders: list[DepartmentLeader]
    hidden: bool
    restricted: Literal["no", "self", "listed"]
    visible: list[UUID]
    own_group: bool
    conversation_id: UUID | None
    revision: int

    @classmethod
    def of(cls, department: views.Department) -> "Department":
        return cls(**_department(department))


class DepartmentStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step on the way from the root to a department."""

    id: UUID
    name: str


class DepartmentDetail(Department, frozen=True, kw_only=True):
    """A department, and the way from the root to it (itself included)."""

    path: list[DepartmentStep]

    @classmethod
    def at(cls, department: views.Department, path: Sequence[views.DepartmentStep]) -> "DepartmentDetail":
        return cls(
            **_department(department),
            path=[DepartmentStep(id=step.department_id, name=step.name) for step in path],
        )


def _department(department: views.Department) -> dict[str, Any]:
    return {
        "id": department.department_id,
        "name": department.name,
        "parent_id": department.parent_id,
        "order": department.position,
        "member_count": department.member_count,
        "child_count": department.child_count,
        "leaders": [DepartmentLeader(userid=leader.userid, name=leader.name) for leader in department.leaders],
        "hidden": department.hidden,
        "restricted": department.restricted,
        "visible": list(department.visible_department_ids),
        "own_group": department.own_group,
        "conversation_id": department.conversation_id,
        "revision": department.revision,
    }


class NewDepartment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department to be made below `parent_id` (an id, or `root`), by default behind its other children."""

    name: Name
    parent_id: DepartmentRef
    order: Order | None = None


class DepartmentPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays. Another `parent_id` moves everything below it along."""

    revision: Revision
    name: Name | UnsetType = UNSET
    parent_id: DepartmentRef | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    leaders: Annotated[list[Userid], Meta(max_length=50)] | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    restricted: Literal["no", "self", "listed"] | UnsetType = UNSET
    visible: Departments | UnsetType = UNSET
    own_group: bool | UnsetType = UNSET


# --- roles and administrators ----------------------------------------------------------------------------------------


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role under the heading `group`."""

    id: UUID
    name: str
    group: str
    member_count: int
    revision: int

    @classmethod
    def of(cls, role: views.Role) -> "Role":
        return cls(
            id=role.role_id,
            name=role.name,
            group=role.group,
            member_count=role.member_count,
            revision=role.revision,
        )


class NewRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to be made."""

    name: Name
    group: Line = ""


class RolePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays."""

    name: Name | None = None
    group: Line | None = None
    revision: Revision | None = None


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with powers. `departments` and `powers` are empty for owner and super: they hold all, everywhere."""

    userid: str
    name: str
    kind: AdminKind
    powers: list[str]
    departments: list[DepartmentStep]

    @classmethod
    def of(cls, administrator: views.Administrator) -> "Administrator":
        return cls(
            userid=administrator.userid,
            name=administrator.name,
            kind=administrator.kind,
            powers=list(administrator.powers),
            departments=[DepartmentStep(id=step.department_id, name=step.name) for step in administrator.departments],
        )


class Appointment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody is to be. A sub-administrator has at least one power and one department."""

    kind: Literal["super", "sub"]
    departments: Annotated[list[DepartmentRef], Meta(max_length=200)] = []
    powers: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)] = []


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """A power that a sub-administrator can be given, and what it is called."""

    name: str
    title: str


# --- oneself ---------------------------------------------------------------------------------------------------------


class MyAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account that is signed in."""

    id: UUID
    name: str
    mobile: str | None
    email: str | None
    language: str


class MyOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that the account belongs to, and as whom."""

    org_id: UUID
    name: str
    code: str
    userid: str
    state: MemberState


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, where they belong, and who they are in the chosen organisation (`Pegboard-Org`)."""

    user: MyAccount
    organisations: list[MyOrganisation]
    org: Organisation | None
    member: Member | None
    powers: list[str]
    csrf_token: str | None


# --- audit -----------------------------------------------------------------------------------------------------------


class AuditActor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it. `name` and `ip` are empty once they have been erased."""

    kind: str
    id: UUID | None
    name: str
    ip: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audit log. `personal` is empty once it has been erased."""

    seq: int
    at: datetime
    actor: AuditActor
    action: str
    object: str
    detail: dict[str, Any]
    personal: dict[str, Any]
    request_id: str

    @classmethod
    def of(cls, entry: Entry) -> "AuditEntry":
        return cls(
            seq=entry.seq,
            at=entry.at,
            actor=AuditActor(kind=entry.actor_kind, id=entry.actor_id, name=entry.actor_name, ip=entry.actor_ip),
            action=entry.action,
            object=entry.object,
            detail=entry.detail,
            personal=entry.personal,
            request_id=entry.request_id,
        )


class AuditVerification(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the log is whole; `rows` is how many lines are good before the first bad one."""

    rows: int
    ok: bool
    first_bad_seq: int | None


# --- joining and leaving ---------------------------------------------------------------------------------------------


class ImportStarted(msgspec.Struct, frozen=True, kw_only=True):
    """An import that waits to be run; ask for it by its id."""

    id: UUID
    state: ImportState


class ImportError(msgspec.Struct, frozen=True, kw_only=True):  # noqa: A001 -- the name that clients know it by
    """A wrong cell. `row` is the line of the file, the header being 1; 0 is the file as a whole."""

    row: int
    column: str
    code: str
    message: str


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is. `errors` are the first 1,000 of `errors_total`; `refused`: nothing was stored.

    Of the `members` of the list `created` are new, `changed` were there already, `invited` have to say yes.
    """

    id: UUID
    state: ImportState
    file_name: str
    dry_run: bool
    skip_errors: bool
    rows_total: int
    rows_done: int
    members: int
    departments: int
    created: int
    changed: int
    invited: int
    errors: list[ImportError]
    errors_total: int
    created_at: datetime
    finished_at: datetime | None


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which terms people come in. `userid`: for this member, who has no password yet, alone."""

    department_id: DepartmentRef | None = None
    userid: Userid | None = None
    expires_in_hours: Annotated[int, Meta(ge=1, le=2160)] = 72
    needs_approval: bool = False
    max_uses: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class InvitationMade(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation just made. Code and link are shown this once."""

    id: UUID
    code: str
    url: str
    expires_at: datetime


class InvitationItem(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that still lets somebody in. `userid`: it is for this member alone."""

    id: UUID
    department_id: UUID | None
    department_name: str | None
    userid: str | None
    inviter_userid: str | None
    inviter_name: str | None
    needs_approval: bool
    max_uses: int | None
    uses: int
    created_at: datetime
    expires_at: datetime


class InvitationPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody sees who follows a link. With `name` it is for that member alone, who only chooses a password."""

    org_name: str
    inviter_name: str
    expires_at: datetime
    needs_approval: bool
    name: str | None


class InvitationAcceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is coming. Empty for somebody who is signed in; the password alone for the member whom the link is for.

    The password is that of the account which has this mobile or email; if there is none, one is made with it.
    """

    name: Annotated[str, Meta(max_length=200)] = ""
    mobile: Annotated[str, Meta(max_length=64)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    password: Annotated[str, Meta(max_length=1024)] | None = None


class InvitationAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting`: somebody has to approve. `userid` is theirs in the organisation once they are `active`."""

    state: Literal["active", "waiting"]
    org_id: UUID
    userid: str | None


class JoinRequestItem(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who waits to be let in."""

    id: UUID
    name: str
    mobile: str | None
    email: str | None
    department_id: UUID | None
    department_name: str | None
    created_at: datetime


class MembershipConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation that one belongs to from now on, and as whom."""

    org_id: UUID
    userid: str
    state: Literal["active"] = "active"


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom goes what the one who leaves led, managed and owned; without it, some of it to nobody."""

    hand_over_to: Userid | None = None


class NewOwner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose the organisation shall be."""

    userid: Userid
