"""Who may do what in the directory: the powers, and one function an action.

Three questions are asked everywhere: is the power held (`Actor.can`), is it held here (`Actor.subtrees`: the action
must lie inside of them with all its ends), and is the other one of lower rank. What somebody may not see does not
exist for them (404); what they see but may not touch is refused (403).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import Forbidden, invalid
from pegboard.kernel.http.permissions import Permission
from pegboard.kernel.ids import MemberId
from pegboard.kernel.parts import Parts
from pegboard.modules.directory.errors import (
    DepartmentNotFound,
    MemberNotFound,
    OutranksYou,
    OutsideScope,
    OwnerStays,
    PowerNotHeld,
    RootStays,
)
from pegboard.modules.directory.store import departments, members, sights
from pegboard.modules.directory.views import AdminKind

MANAGE_MEMBERS = Permission(name="directory.members.manage", level="power", scope="subtree")
MANAGE_DEPARTMENTS = Permission(name="directory.departments.manage", level="power", scope="subtree")
MANAGE_ROLES = Permission(name="directory.roles.manage", level="power", scope="subtree")
INVITE = Permission(name="directory.invite", level="power", scope="subtree")
IMPORT = Permission(name="directory.import", level="power", scope="subtree")
MANAGE_ORGANISATION = Permission(name="organisation.manage", level="power", scope="organisation")
READ_AUDIT = Permission(name="audit.read", level="power", scope="organisation")
MANAGE_ADMINISTRATORS = Permission(name="administrators.manage", level="power", scope="organisation")

PERMISSIONS = (
    MANAGE_MEMBERS,
    MANAGE_DEPARTMENTS,
    MANAGE_ROLES,
    INVITE,
    IMPORT,
    MANAGE_ORGANISATION,
    READ_AUDIT,
    MANAGE_ADMINISTRATORS,
)


class Powers:
    """A part: every power that the modules declare.

    Owners and super administrators hold all of them. Sub-administrators hold those that they were given; of these,
    the ones whose scope is not a subtree count only for somebody whose subtrees include the root.
    """

    def __init__(self, permissions: Iterable[Permission]) -> None:
        powers = [permission for permission in permissions if permission.level == "power"]
        self.names = frozenset(power.name for power in powers)
        self.grantable = self.names - {MANAGE_ADMINISTRATORS.name}
        self.within_subtree = frozenset(power.name for power in powers if power.scope == "subtree") & self.grantable

    @classmethod
    def known_to(cls, parts: Parts) -> "Powers":
        """Those of the running application; without one, the directory's own."""
        if cls in parts:
            return parts[cls]
        return _OWN_POWERS


_OWN_POWERS = Powers(PERMISSIONS)

# --- sight -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What of the directory somebody sees.

    `closed` subtrees not, `only` these (None: no restriction), and `always` those.
    """

    me: MemberId | None
    all: bool = False
    closed: tuple[UUID, ...] = ()
    only: tuple[UUID, ...] | None = None
    always: tuple[UUID, ...] = ()

    @property
    def params(self) -> dict[str, Any]:
        """As statements made by `sighted` take it."""
        return {
            "sees_all": self.all,
            "sees_as": self.me,
            "sees_not": self.closed,
            "sees_only": self.only,
            "sees_always": self.always,
        }


async def sight_of(uow: UnitOfWork, actor: Actor) -> Sight:
    """What the actor sees. Those who administer everything see everything, sub-administrators always their subtrees."""
    if actor.kind != "person" or (actor.rank > 0 and actor.subtrees is None):
        return Sight(me=actor.member_id, all=True)
    closed = tuple(row["id"] for row in await uow.rows(sights.HIDDEN_FROM, member_id=actor.member_id))
    only = await _restriction(uow, actor)
    return Sight(
        me=actor.member_id,
        all=not closed and only is None,
        closed=closed,
        only=only,
        always=tuple(actor.subtrees or ()),
    )


async def _restriction(uow: UnitOfWork, actor: Actor) -> tuple[UUID, ...] | None:
    """The union of what each of their departments lets its people see; None if one of them lets them see all."""
    rows = await uow.rows(sights.RESTRICTIONS, member_id=actor.member_id)
    seen: list[UUID] = []
    for row in rows:
        if row["restricted"] is None:
            return None
        if row["restricted"] == "listed":
            seen += [row["id"], *row["visible_ids"]]
    return tuple(seen) if rows else None


async def see_member(uow: UnitOfWork, actor: Actor, member_id: UUID | None) -> None:
    """Refuse as if there were none, unless the actor sees the member."""
    sight = await sight_of(uow, actor)
    if member_id is None or not (sight.all or await uow.value(sights.SEEN_MEMBER, id=member_id, **sight.params)):
        raise MemberNotFound


async def see_departments(uow: UnitOfWork, actor: Actor, department_ids: Collection[UUID]) -> None:
    """Refuse as if there were none, unless they exist and the actor sees them all."""
    sight = await sight_of(uow, actor)
    rows = await uow.rows(sights.SEEN_DEPARTMENTS, ids=list(department_ids), **sight.params)
    if len(rows) != len(set(department_ids)):
        raise DepartmentNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileSight:
    """Whose numbers somebody sees: everybody's, those of people in these subtrees, or (`open`) what is not hidden."""

    all: bool
    subtrees: tuple[UUID, ...]
    open: bool

    @property
    def any(self) -> bool:
        """Whether they see any but their own."""
        return self.all or self.open or bool(self.subtrees)


def see_mobiles(actor: Actor, *, shown_to_everybody: bool) -> MobileSight:
    """Whose mobiles and emails the actor sees: by the power over members, or by the organisation's setting."""
    manages = actor.can(MANAGE_MEMBERS.name)
    return MobileSight(
        all=manages and actor.subtrees is None,
        subtrees=tuple(actor.subtrees or ()) if manages else (),
        open=shown_to_everybody,
    )


# --- scope and rank --------------------------------------------------------------------------------------------------


def _hold(actor: Actor, power: Permission) -> None:
    if not actor.can(power.name):
        raise Forbidden


def _hold_everywhere(actor: Actor, power: Permission) -> None:
    _hold(actor, power)
    if actor.subtrees is not None:
        raise OutsideScope


async def _inside(uow: UnitOfWork, actor: Actor, department_ids: Collection[UUID]) -> None:
    """Every one of the departments (there must be some) lies in the actor's subtrees."""
    if actor.subtrees is None:
        return
    if await uow.value(departments.ANY_OUTSIDE, ids=list(department_ids), subtrees=list(actor.subtrees)):
        raise OutsideScope


def _above(actor: Actor, kind: str | None) -> None:
    """The actor's rank is higher than that of somebody of this kind."""
    if actor.rank <= (AdminKind(kind).rank if kind else 0):
        raise OutranksYou


async def _over(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """The member is of lower rank, and wholly inside: also their other departments feel what is done to them."""
    _above(actor, member["kind"])
    if actor.subtrees is not None:
        places = await uow.rows(members.DEPARTMENTS_OF, member_id=member["id"])
        await _inside(uow, actor, [place["department_id"] for place in places])


# --- members ---------------------------------------------------------------------------------------------------------


async def add_members(uow: UnitOfWork, actor: Actor, department_ids: Collection[UUID]) -> None:
    """Add people to these departments."""
    _hold(actor, MANAGE_MEMBERS)
    await _inside(uow, actor, department_ids)


async def edit_member(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """Change what stands in the directory about a member; suspend and resume them."""
    _hold(actor, MANAGE_MEMBERS)
    await _over(uow, actor, member)


def edit_self(actor: Actor, member: Row, fields: Collection[str]) -> bool:
    """Whether this is somebody changing nothing but what everybody may change about themselves."""
    return actor.member_id == member["id"] and set(fields) <= {"avatar_file_id", "hide_mobile"}


async def place_member(
    uow: UnitOfWork, actor: Actor, member: Row, now: Collection[UUID], wanted: Collection[UUID]
) -> None:
    """Put a member into other departments: those they come to and go from lie inside, and so does one they are in."""
    _hold(actor, MANAGE_MEMBERS)
    _above(actor, member["kind"])
    if actor.subtrees is None:
        return
    await _inside(uow, actor, set(now) ^ set(wanted) or set(wanted))
    if await _all_outside(uow, actor, now):
        raise OutsideScope


async def _all_outside(uow: UnitOfWork, actor: Actor, department_ids: Collection[UUID]) -> bool:
    for department_id in department_ids:
        if not await uow.value(departments.ANY_OUTSIDE, ids=[department_id], subtrees=list(actor.subtrees or ())):
            return False
    return True


async def suspend_member(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """Take a member out of everything for a while; nobody does it to the owner."""
    await edit_member(uow, actor, member)
    if member["kind"] == AdminKind.OWNER:
        raise OwnerStays


async def end_membership(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """Let a member leave for good; nobody does it to the owner."""
    await suspend_member(uow, actor, member)


def import_people(actor: Actor) -> None:
    """Import a staff list; each row of a sub-administrator's list has to lie inside (service/import_plan.py)."""
    _hold(actor, IMPORT)


def sees_import(actor: Actor, row: Row) -> bool:
    """Whether this import's outcome, which names people, may be shown to the actor."""
    return actor.can(IMPORT.name) and (actor.subtrees is None or row["member_id"] == actor.member_id)


async def invite(uow: UnitOfWork, actor: Actor, department_id: UUID) -> None:
    """Let people come into this department by themselves, or decide on those who want to."""
    _hold(actor, INVITE)
    await _inside(uow, actor, [department_id])


async def decides_on(uow: UnitOfWork, actor: Actor, department_id: UUID) -> bool:
    """Whether the actor lets people into this department."""
    try:
        await invite(uow, actor, department_id)
    except Forbidden:
        return False
    return True


async def invite_member(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """Give a member who has no password the link by which they choose one: as good as being them until they do."""
    _hold(actor, INVITE)
    await _over(uow, actor, member)


# --- departments -----------------------------------------------------------------------------------------------------


async def create_department(uow: UnitOfWork, actor: Actor, parent_id: UUID) -> None:
    """Make a department below this one."""
    _hold(actor, MANAGE_DEPARTMENTS)
    await _inside(uow, actor, [parent_id])


async def edit_department(uow: UnitOfWork, actor: Actor, department_id: UUID) -> None:
    """Change a department itself: name, order, leaders, own group."""
    _hold(actor, MANAGE_DEPARTMENTS)
    await _inside(uow, actor, [department_id])


async def move_department(uow: UnitOfWork, actor: Actor, department: Row, to_parent_id: UUID) -> None:
    """Put a department below another one: rights on both ends, where it is taken away and where it comes to."""
    _hold(actor, MANAGE_DEPARTMENTS)
    if department["parent_id"] is None:
        raise RootStays
    await _inside(uow, actor, [department["id"], department["parent_id"], to_parent_id])


async def delete_department(uow: UnitOfWork, actor: Actor, department: Row) -> None:
    """Take a department away from its parent."""
    _hold(actor, MANAGE_DEPARTMENTS)
    if department["parent_id"] is None:
        raise RootStays
    await _inside(uow, actor, [department["id"], department["parent_id"]])


async def restrict_department(uow: UnitOfWork, actor: Actor, department: Row, visible_ids: Collection[UUID]) -> None:
    """Change what a department's people see, or whether others see them: what they are to see lies inside as well.

    Taking a restriction off shows them everything, so it is for those who may show everything.
    """
    await edit_department(uow, actor, department["id"])
    if visible_ids:
        await _inside(uow, actor, visible_ids)


def lift_restriction(actor: Actor) -> None:
    """Let a department's people see the whole directory again."""
    _hold_everywhere(actor, MANAGE_DEPARTMENTS)


# --- roles, administrators, organisation ----------------------------------------------------------------------------


def manage_roles(actor: Actor) -> None:
    """Make, rename and delete roles: they belong to the whole organisation."""
    _hold_everywhere(actor, MANAGE_ROLES)


async def assign_role(uow: UnitOfWork, actor: Actor, member: Row) -> None:
    """Give somebody a role or take it; to oneself too for those who manage roles everywhere."""
    _hold(actor, MANAGE_ROLES)
    if actor.subtrees is None:
        return
    await _over(uow, actor, member)


def see_administrators(actor: Actor) -> None:
    """See who administers what."""
    if actor.kind == "person" and actor.rank == 0:
        raise Forbidden


def appoint(
    actor: Actor,
    target: Row,
    kind: AdminKind,
    granted: Collection[str],
    scope: Collection[UUID],
    powers: Powers,
) -> None:
    """Make somebody an administrator, or change what they are: from a lower rank to a lower rank, by what one holds."""
    dismiss(actor, target)
    _above(actor, kind)
    if kind is not AdminKind.SUB:
        if granted or scope:
            raise invalid("powers" if granted else "departments", "invalid")
        return
    if unknown := set(granted) - powers.names:
        raise invalid("powers", "unknown", powers=sorted(unknown))
    lacking = set(granted) - (powers.grantable if actor.kind != "person" else powers.grantable & actor.powers)
    if lacking:
        raise PowerNotHeld(powers=sorted(lacking))
    if not granted or not scope:
        raise invalid("departments" if granted else "powers", "required")


def scope_powers(granted: Collection[str], *, everywhere: bool, powers: Powers) -> None:
    """A power over the whole organisation cannot be given within a subtree that is not the whole."""
    if not everywhere and (wide := set(granted) - powers.within_subtree):
        raise invalid("powers", "whole_organisation", powers=sorted(wide))


def dismiss(actor: Actor, target: Row) -> None:
    """Take somebody's powers: only from a lower rank, and never from oneself or the owner."""
    _hold_everywhere(actor, MANAGE_ADMINISTRATORS)
    if target["kind"] == AdminKind.OWNER:
        raise OwnerStays
    _above(actor, target["kind"])


def hand_over_organisation(actor: Actor) -> None:
    """Give the organisation to another owner: nobody but the owner, or an operator."""
    _hold_everywhere(actor, MANAGE_ADMINISTRATORS)
    if actor.rank < AdminKind.OWNER.rank:
        raise Forbidden


def change_organisation(actor: Actor) -> None:
    """Change the organisation's name and settings."""
    _hold_everywhere(actor, MANAGE_ORGANISATION)


def read_audit(actor: Actor) -> None:
    """Read the organisation's audit log."""
    _hold_everywhere(actor, READ_AUDIT)
