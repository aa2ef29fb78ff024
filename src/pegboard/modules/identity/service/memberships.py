"""Which accounts belong to which organisations: the directory writes it, signing in reads it."""

from collections.abc import Collection, Sequence

from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.ids import AccountId, MemberId, OrgId
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import MembershipNotFound
from pegboard.modules.identity.service.token_cache import forget
from pegboard.modules.identity.service.tokens import tell_ended, tell_revoked
from pegboard.modules.identity.views import Membership, MembershipState


async def add_memberships(uow: UnitOfWork, memberships: Sequence[Membership]) -> list[AccountId]:
    """Write down that these accounts belong to these organisations. A membership that was left is begun anew.

    Answers with the accounts that belong to the organisation already (nothing was changed for them); an
    account that is named twice for one organisation belongs to it already the second time.
    """
    first: dict[tuple[AccountId, OrgId], Membership] = {}
    already: list[AccountId] = []
    for membership in memberships:
        key = (membership.account_id, membership.org_id)
        if key in first:
            already.append(membership.account_id)
        first.setdefault(key, membership)
    rows = await uow.rows(
        store.ADD_MEMBERSHIPS,
        account_ids=[membership.account_id for membership in first.values()],
        org_ids=[membership.org_id for membership in first.values()],
        member_ids=[membership.member_id for membership in first.values()],
        userids=[membership.userid for membership in first.values()],
        states=[membership.state for membership in first.values()],
        now=uow.now(),
    )
    added = {(row["account_id"], row["org_id"]) for row in rows}
    already += [key[0] for key in first if key not in added]
    _forget(uow, {account_id for account_id, _ in added})
    return already


async def set_membership_states(
    uow: UnitOfWork, org_id: OrgId, member_ids: Collection[MemberId], state: MembershipState
) -> list[AccountId]:
    """Change the state of these members; their accounts.

    `suspended` and `left` also end what `end_sessions` would. An account whose every membership is suspended
    or left can sign in nowhere.
    """
    rows = await uow.rows(store.SET_MEMBERSHIP_STATES, member_org=org_id, member_ids=list(member_ids), state=state)
    account_ids = [AccountId(row["account_id"]) for row in rows]
    if state in ("suspended", "left"):
        params = {"account_ids": account_ids, "left_org": org_id, "except_session": None}
        tell_ended(uow, await uow.rows(store.END_SESSIONS_IN_ORG, **params), "membership_ended")
        tell_revoked(uow, await uow.rows(store.REVOKE_TOKENS, now=uow.now(), **params), "membership_ended")
    _forget(uow, account_ids)
    return account_ids


async def change_userid(uow: UnitOfWork, org_id: OrgId, member_id: MemberId, userid: str) -> None:
    """The member signs in by another userid from now on. Raises `membership.not_found`."""
    account_id = await uow.value(store.SET_USERID, member_org=org_id, member_id=member_id, userid=userid)
    if account_id is None:
        raise MembershipNotFound
    _forget(uow, [account_id])


async def confirm_membership(uow: UnitOfWork, account_id: AccountId, org_id: OrgId) -> Membership:
    """An invited account says yes; the active membership. Raises `membership.not_found` unless it is invited.

    Twice is once: an active membership is answered as it is.
    """
    row = await uow.one(store.CONFIRM_MEMBERSHIP, account_id=account_id, member_org=org_id)
    if row is None:
        raise MembershipNotFound
    _forget(uow, [account_id])
    return _membership(row)


async def memberships_of(uow: UnitOfWork, account_id: AccountId) -> list[Membership]:
    """Where the account belongs (not what it has left), the last used first."""
    return [_membership(row) for row in await uow.rows(store.MEMBERSHIPS_OF, account_id=account_id)]


async def memberships_by_userids(uow: UnitOfWork, org_id: OrgId, userids: Collection[str]) -> dict[str, Membership]:
    """The present memberships of one organisation under these userids; unknown ones are missing."""
    rows = await uow.rows(store.MEMBERSHIPS_BY_USERIDS, member_org=org_id, userids=list(userids))
    return {row["userid"]: _membership(row) for row in rows}


async def set_org_code(uow: UnitOfWork, org_id: OrgId, code: str) -> None:
    """The code with which members of this organisation sign in by userid; case does not matter.

    It has to be unique: the caller, who keeps the registry of organisations, sees to that.
    """
    await uow.execute(store.SET_ORG_CODE, coded_org=org_id, code=folded_code(code))


def folded_code(code: str) -> str:
    """An organisation's code as it is compared."""
    return code.strip().casefold()


def _membership(row: Row) -> Membership:
    return Membership(
        account_id=row["account_id"],
        org_id=row["org_id"],
        member_id=row["member_id"],
        userid=row["userid"],
        state=row["state"],
    )


def _forget(uow: UnitOfWork, account_ids: Collection[AccountId]) -> None:
    """What their tokens stand for is read anew, once this is true."""
    forget(uow, account_ids=account_ids)
