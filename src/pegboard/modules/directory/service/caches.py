"""What this process remembers of people for some seconds, and how a change makes it forget."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hints import Hearing, Hint, tell_others
from pegboard.modules.directory.service.actors import ActorCache
from pegboard.modules.directory.views import OrganisationSettings, Person

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


class SettingsCache:
    """A part: what organisations have decided, for `ttl_s` seconds; asked for at every page of messages."""

    def __init__(self, *, ttl_s: float = 5.0) -> None:
        self._ttl_s = ttl_s
        self._known: dict[OrgId, tuple[float, OrganisationSettings]] = {}

    def known(self, org_id: OrgId) -> OrganisationSettings | None:
        """The settings, if they are remembered."""
        entry = self._known.get(org_id)
        return entry[1] if entry is not None and entry[0] > time.monotonic() - self._ttl_s else None

    def remember(self, org_id: OrgId, settings: OrganisationSettings) -> None:
        """Keep what was just read."""
        self._known[org_id] = (time.monotonic(), settings)

    def forget(self, org_id: OrgId) -> None:
        """They have changed."""
        self._known.pop(org_id, None)


class CountCache:
    """A part: how many people the subtrees of large departments have, for `ttl_s` seconds.

    Counting a hundred thousand people once takes a tenth of a second, and everybody who opens the tree asks.
    """

    def __init__(self, *, ttl_s: float = 5.0, size: int = 10_000) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._known: OrderedDict[tuple[OrgId, UUID], tuple[float, int]] = OrderedDict()
        self.changes = 0

    def known(self, org_id: OrgId, department_ids: Iterable[UUID]) -> dict[UUID, int]:
        """Those of the counts that are remembered."""
        oldest = time.monotonic() - self._ttl_s
        found: dict[UUID, int] = {}
        for department_id in department_ids:
            entry = self._known.get((org_id, department_id))
            if entry is not None and entry[0] > oldest:
                found[department_id] = entry[1]
        return found

    def remember(self, org_id: OrgId, counts: Mapping[UUID, int], *, changes: int) -> None:
        """Keep what was read when `changes` had this value; nothing, if somebody has changed something since."""
        if changes != self.changes:
            return
        for department_id, count in counts.items():
            self._known[org_id, department_id] = (time.monotonic(), count)
            self._known.move_to_end((org_id, department_id))
        while len(self._known) > self._size:
            self._known.popitem(last=False)

    def forget(self, org_id: OrgId) -> None:
        """Somebody in the organisation has come, gone or moved."""
        self.changes += 1
        for key in [key for key in self._known if key[0] == org_id]:
            del self._known[key]


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

    hint = MembersChanged(org_id=org_id, member_ids=None if member_ids is None else list(member_ids))
    uow.after_commit(partial(_changed, parts, hint))
    tell_others(uow, hint)


class MembersChanged(Hint, frozen=True, kw_only=True, tag="directory.members_changed"):
    """These members of an organisation have changed; None: many, or the organisation itself."""

    for_workers: ClassVar[bool] = True
    org_id: OrgId
    member_ids: list[MemberId] | None


def _changed(parts: Parts, hint: MembersChanged) -> None:
    org_id, member_ids = hint.org_id, hint.member_ids
    if SettingsCache in parts and member_ids is None:
        parts[SettingsCache].forget(org_id)
    if CountCache in parts:
        parts[CountCache].forget(org_id)
    if PeopleCache in parts:
        parts[PeopleCache].forget(org_id, member_ids)
    if ActorCache in parts:
        for member_id in (None,) if member_ids is None else member_ids:
            parts[ActorCache].forget(org_id, member_id)


def put_caches(parts: Parts) -> None:
    """Empty ones, at the start of a process; and later, where it may have missed what others have changed."""
    parts.put(ActorCache, ActorCache())
    parts.put(CountCache, CountCache())
    parts.put(PeopleCache, PeopleCache())
    parts.put(SettingsCache, SettingsCache())


CHANGED = Hearing(hint=MembersChanged, hear=_changed, missed=put_caches)
