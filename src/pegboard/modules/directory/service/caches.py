"""What this process remembers of people for some seconds, and how a change makes it forget."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.directory.service.actors import ActorCache
from pegboard.modules.directory.views import Person

_DIRTY = object()


class PeopleCache:
    """A part: how people are shown, for `ttl_s` seconds, at most `size` of them."""

    def __init__(self, *, ttl_s: float = 5.0, size: int = 200_000) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._known: OrderedDict[tuple[OrgId, MemberId], tuple[float, Person]] = OrderedDict()
        self.changes = 0

    def known(self, org_id: OrgId, member_ids: Iterable[MemberId]) -> dict[MemberId, Person]:
        """Those of them that are remembered."""
        oldest = time.monotonic() - self._ttl_s
        found: dict[MemberId, Person] = {}
        for member_id in member_ids:
            entry = self._known.get((org_id, member_id))
            if entry is not None and entry[0] > oldest:
                found[member_id] = entry[1]
        return found

    def remember(self, org_id: OrgId, people: Mapping[MemberId, Person], *, changes: int) -> None:
        """Keep what was read when `changes` had this value; nothing, if somebody has changed something since."""
        if changes != self.changes:
            return
        now = time.monotonic()
        for member_id, person in people.items():
            self._known[org_id, member_id] = (now, person)
            self._known.move_to_end((org_id, member_id))
        while len(self._known) > self._size:
            self._known.popitem(last=False)

    def forget(self, org_id: OrgId, member_ids: Iterable[MemberId] | None) -> None:
        """These members have changed; None: the whole organisation."""
        self.changes += 1
        if member_ids is None:
            member_ids = [member_id for org, member_id in self._known if org == org_id]
        for member_id in member_ids:
            self._known.pop((org_id, member_id), None)


def has_changes(uow: UnitOfWork) -> bool:
    """Whether this unit of work has changed people itself: then memory is no answer for it, nor it for memory."""
    return bool(uow.gathered.get(_DIRTY))


def forget(uow: UnitOfWork, *member_ids: MemberId) -> None:
    """These members are changed in this unit of work: everybody forgets them once it comes true."""
    _forget(uow, member_ids)


def forget_everybody(uow: UnitOfWork) -> None:
    """Many members, or something about the whole organisation, are changed in this unit of work."""
    _forget(uow, None)


def _forget(uow: UnitOfWork, member_ids: tuple[MemberId, ...] | None) -> None:
    uow.gathered[_DIRTY] = True
    org_id, parts = uow.org_id, uow.parts

    def now() -> None:
        if PeopleCache in parts:
            parts[PeopleCache].forget(org_id, member_ids)
        if ActorCache in parts:
            for member_id in (None,) if member_ids is None else member_ids:
                parts[ActorCache].forget(org_id, member_id)

    uow.after_commit(now)
