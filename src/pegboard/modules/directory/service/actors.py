"""From somebody signed in to the member that acts."""

import time
from collections import OrderedDict
from dataclasses import replace

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.directory.policy import Powers
from pegboard.modules.directory.store import administrators as store
from pegboard.modules.directory.views import AdminKind, MemberState
from pegboard.modules.identity.api import TokenHolder

_Key = tuple[OrgId, MemberId]


async def actor_of(
    database: Database, holder: TokenHolder, *, wanted_org: OrgId | None, client_ip: str = ""
) -> Actor | None:
    """The active member that the holder is in the wanted organisation (None: their last used one), with their powers.

    None: they are none there, or not any more. At most 5 s old; at once after a change by this process.
    """
    membership = holder.membership_in(holder.org_id if wanted_org is None else wanted_org)
    if membership is None:
        return None
    cache = database.parts[ActorCache] if ActorCache in database.parts else ActorCache()
    actor = await cache.actor(database, membership.org_id, membership.member_id)
    if actor is None or actor.account_id != holder.account_id:
        return None
    return replace(actor, session_id=holder.session_id, language=holder.language, client_ip=client_ip)


class ActorCache:
    """A part: who is who, for `ttl_s` seconds, at most `size` of them. Changes by this process empty it at once."""

    def __init__(self, *, ttl_s: float = 5.0, size: int = 50_000) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._known: OrderedDict[_Key, tuple[float, Actor | None]] = OrderedDict()
        self._changes = 0

    async def actor(self, database: Database, org_id: OrgId, member_id: MemberId) -> Actor | None:
        """The active member with their powers, of no session in particular."""
        key = (org_id, member_id)
        known = self._known.get(key)
        if known is not None and time.monotonic() - known[0] < self._ttl_s:
            return known[1]
        changes = self._changes
        read_at = time.monotonic()
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            actor = await read_actor(uow, member_id)
        # What was read before somebody changed something may be old already: it serves this call and no other.
        if changes == self._changes:
            self._known[key] = (read_at, actor)
            self._known.move_to_end(key)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return actor

    def forget(self, org_id: OrgId, member_id: MemberId | None = None) -> None:
        """This member has changed; without one, the whole organisation."""
        self._changes += 1
        if member_id is not None:
            self._known.pop((org_id, member_id), None)
        else:
            for key in [key for key in self._known if key[0] == org_id]:
                del self._known[key]


async def read_actor(uow: UnitOfWork, member_id: MemberId) -> Actor | None:
    """The active member as an actor, read now, with what they may do; None if they are not active (any more)."""
    row = await uow.one(store.ACTOR, member_id=member_id)
    if row is None or row["state"] != MemberState.ACTIVE or row["org_state"] != "active":
        return None
    kind = AdminKind(row["kind"]) if row["kind"] else None
    everywhere = kind in (AdminKind.OWNER, AdminKind.SUPER) or row["has_root"]
    return Actor(
        org_id=uow.org_id,
        member_id=member_id,
        userid=row["userid"],
        name=row["name"],
        account_id=row["account_id"],
        powers=_powers(Powers.known_to(uow.parts), kind, row["powers"], everywhere=everywhere),
        subtrees=None if kind is None or everywhere else frozenset(row["departments"]),
        rank=kind.rank if kind else 0,
    )


def _powers(powers: Powers, kind: AdminKind | None, given: list[str], *, everywhere: bool) -> frozenset[str]:
    if kind is None:
        return frozenset()
    if kind is not AdminKind.SUB:
        return powers.names
    held = powers.grantable & frozenset(given)
    return held if everywhere else held & powers.within_subtree
