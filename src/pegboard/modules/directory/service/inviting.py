"""Invitations: links by which people come in by themselves, for as long and as often as whoever made them allows."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import (
    DepartmentNotFound,
    InvitationNotFound,
    MemberNotFound,
    PasswordNotNeeded,
    WrongState,
)
from pegboard.modules.directory.service.forgetting import forget_from
from pegboard.modules.directory.store import departments, members
from pegboard.modules.directory.store import invitations as store
from pegboard.modules.directory.views import MemberState
from pegboard.modules.identity import api as identity

DEFAULT_HOURS = 72
LONGEST_HOURS = 24 * 90
MOST_USES = 10_000

_RANDOM_BYTES = 16
_ORG_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms people come in. `max_uses` None: as many as like. `userid`: this member alone, once."""

    department_id: UUID | None = None
    userid: str | None = None
    expires_in_hours: int = DEFAULT_HOURS
    needs_approval: bool = False
    max_uses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation. `code` stands in none but the one just made: after that only its hash is known."""

    id: UUID
    code: str | None
    department_id: UUID | None
    department_name: str | None
    for_userid: str | None
    inviter_userid: str | None
    inviter_name: str | None
    needs_approval: bool
    max_uses: int | None
    uses: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What stands in a link: whose organisation's it is (nobody is in one yet who follows it), and a secret."""

    org_id: OrgId
    text: str

    @classmethod
    def new(cls, org_id: OrgId) -> "Code":
        """A new one, with 128 random bits."""
        secret = secrets.token_bytes(_RANDOM_BYTES)
        return cls(org_id=org_id, text=base64.urlsafe_b64encode(org_id.bytes + secret).decode().rstrip("="))

    @classmethod
    def read(cls, text: str) -> "Code":
        """The code that somebody came with. Raises `invitation.not_found` for what can be none."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise InvitationNotFound from None
        code = cls(org_id=OrgId(UUID(bytes=raw[:_ORG_BYTES].ljust(_ORG_BYTES, b"\0"))), text=text)
        if len(raw) != _ORG_BYTES + _RANDOM_BYTES or base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
            raise InvitationNotFound
        return code

    @property
    def hash(self) -> str:
        """As it is stored: random in full length, it needs no slow one."""
        return hashlib.sha256(self.text.encode()).hexdigest()


async def create_invitation(uow: UnitOfWork, actor: Actor, terms: Terms) -> Invitation:
    """Make a link into a department (none: the root), or with `userid` the one by which a member without a

    password chooses their first. Raises `invitation.has_password`, `member.wrong_state`, `department.not_found`.
    """
    member = await _invited_member(uow, actor, terms.userid) if terms.userid is not None else None
    department_id = await _department(uow, actor, terms, member)
    code, invitation_id = Code.new(uow.org_id), uuid7()
    expires_at = uow.now() + timedelta(hours=terms.expires_in_hours)
    await uow.execute(
        store.INSERT,
        id=invitation_id,
        code_hash=code.hash,
        inviter_id=actor.member_id,
        department_id=department_id,
        member_id=member["id"] if member else None,
        needs_approval=terms.needs_approval and member is None,
        max_uses=1 if member else terms.max_uses,
        created_at=uow.now(),
        expires_at=expires_at,
    )
    await forget_from(uow, expires_at)
    record(
        uow,
        actor,
        action="invitation.created",
        object_=f"invitation:{invitation_id}",
        detail={
            "department_id": str(department_id),
            "userid": terms.userid,
            "needs_approval": terms.needs_approval,
            "max_uses": 1 if member else terms.max_uses,
            "expires_at": expires_at.isoformat(),
        },
    )
    row = await _find(uow, actor, invitation_id)
    return _invitation(row, code.text)


async def _department(uow: UnitOfWork, actor: Actor, terms: Terms, member: Row | None) -> UUID:
    """Where they come to; for a member, who is somewhere already, their main department."""
    if member is not None:
        places = await uow.rows(members.DEPARTMENTS_OF, member_id=member["id"])
        root: UUID = await uow.value(departments.ROOT)
        return places[0]["department_id"] if places else root
    department_id: UUID = terms.department_id or await uow.value(departments.ROOT)
    if not await uow.rows(departments.HOLD, ids=[department_id]):
        raise DepartmentNotFound
    if terms.department_id is not None:
        await policy.see_departments(uow, actor, [department_id])
    await policy.invite(uow, actor, department_id)
    return department_id


async def _invited_member(uow: UnitOfWork, actor: Actor, userid: str) -> Row:
    member = await uow.one(members.LOCK, userid=userid)
    await policy.see_member(uow, actor, member["id"] if member else None)
    if member is None:
        raise MemberNotFound
    await policy.invite_member(uow, actor, member)
    if member["state"] not in (MemberState.ACTIVE, MemberState.INVITED):
        raise WrongState(state=member["state"])
    if not await may_choose_first_password(uow, member["account_id"]):
        raise PasswordNotNeeded
    return member


async def may_choose_first_password(uow: UnitOfWork, account_id: AccountId | None) -> bool:
    """Whether this organisation may let the account's owner in: it has no password, and belongs to no other one.

    Otherwise one organisation's administrator could take over somebody's place in another.
    """
    if account_id is None or (await identity.account_of(uow, account_id)).has_password:
        return False
    return all(place.org_id == uow.org_id for place in await identity.memberships_of(uow, account_id))


# --- listing and taking back -----------------------------------------------------------------------------------------


async def list_invitations(uow: UnitOfWork, actor: Actor, *, limit: int, after: UUID | None) -> list[Invitation]:
    """Those that still let somebody in, oldest first; sub-administrators see the ones of their departments."""
    rows = await uow.rows(store.LIST, **_seen_by(uow, actor), after=after or UUID(int=0), limit=limit)
    return [_invitation(row) for row in rows]


async def revoke_invitation(uow: UnitOfWork, actor: Actor, invitation_id: UUID) -> None:
    """Take it back: its link leads nowhere any more. Raises `invitation.not_found`."""
    await _find(uow, actor, invitation_id)
    await _revoke(uow, actor, [invitation_id])


async def revoke_invitations_of(uow: UnitOfWork, actor: Actor, member_id: MemberId) -> None:
    """Take back the links that somebody who leaves has given out, and the one that was given to them."""
    rows = await uow.rows(store.OPEN_OF_MEMBER, member_id=member_id, now=uow.now())
    await _revoke(uow, actor, [row["id"] for row in rows])


async def _revoke(uow: UnitOfWork, actor: Actor, ids: Sequence[UUID]) -> None:
    if not ids:
        return
    await uow.execute(store.REVOKE, ids=list(ids), now=uow.now())
    for invitation_id in ids:
        record(uow, actor, action="invitation.revoked", object_=f"invitation:{invitation_id}")


async def _find(uow: UnitOfWork, actor: Actor, invitation_id: UUID) -> Row:
    row = await uow.one(store.FIND, id=invitation_id, **_seen_by(uow, actor))
    if row is None:
        raise InvitationNotFound
    return row


def _seen_by(uow: UnitOfWork, actor: Actor) -> dict[str, object]:
    return {"now": uow.now(), "subtrees": None if actor.subtrees is None else list(actor.subtrees)}


def _invitation(row: Row, code: str | None = None) -> Invitation:
    return Invitation(
        id=row["id"],
        code=code,
        department_id=row["department_id"],
        department_name=row["department_name"],
        for_userid=row["for_userid"],
        inviter_userid=row["inviter_userid"],
        inviter_name=row["inviter_name"],
        needs_approval=row["needs_approval"],
        max_uses=row["max_uses"],
        uses=row["uses"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
