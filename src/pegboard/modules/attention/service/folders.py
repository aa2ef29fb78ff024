"""Folders: one's own and the organisation's, and what stands in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.ids import MemberId, uuid7
from pegboard.kernel.names import clean_name
from pegboard.kernel.realtime.live import tell
from pegboard.modules.attention import policy, store
from pegboard.modules.attention.errors import FolderFull, FolderNotFound, TooManyFolders
from pegboard.modules.attention.live import FoldersChanged, member_topic, org_topic
from pegboard.modules.attention.schemas import (
    MOST_BY_HAND,
    MOST_FOLDERS,
    FolderChange,
    FolderOrder,
    FolderOut,
    NewFolder,
)
from pegboard.modules.attention.views import Folder, FolderRule, OfDepartment
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import DepartmentId


async def folders_of(uow: UnitOfWork, member_id: MemberId) -> list[Folder]:
    """The member's folders and the organisation's, in the member's order; `matches` says what stands in each."""
    rows = await uow.rows(store.FOLDERS_OF, member_id=member_id)
    rules = {row["id"]: _rules(row) for row in rows}
    named = {department_id for each in rules.values() for department_id in _subtrees(each)}
    below = await directory.departments_below(uow, named) if named else {}
    return [
        Folder(
            id=row["id"],
            name=row["name"],
            scope="organisation" if row["owner_id"] is None else "personal",
            position=position,
            collapsed=row["collapsed"],
            hidden=row["hidden"],
            rules=rules[row["id"]],
            conversation_ids=frozenset(row["conversation_ids"]),
            below=frozenset(id_ for above in _subtrees(rules[row["id"]]) for id_ in below.get(above, ())),
            revision=row["revision"],
        )
        for position, row in enumerate(rows)
    ]


def _rules(row: Row) -> list[FolderRule]:
    return msgspec.convert(row["rules"], list[FolderRule])


def _subtrees(rules: Sequence[FolderRule]) -> list[DepartmentId]:
    return [DepartmentId(rule.department_id) for rule in rules if isinstance(rule, OfDepartment) and rule.subtree]


async def folder_of(uow: UnitOfWork, member_id: MemberId, folder_id: UUID) -> Folder:
    """One folder of the member's or the organisation's. Raises `folder.not_found`."""
    for folder in await folders_of(uow, member_id):
        if folder.id == folder_id:
            return folder
    raise FolderNotFound


async def folders(uow: UnitOfWork, actor: Actor) -> list[FolderOut]:
    """The actor's folders and the organisation's, in the actor's order."""
    return [_shown(actor, folder) for folder in await folders_of(uow, policy.own(actor))]


async def _one(uow: UnitOfWork, actor: Actor, folder_id: UUID) -> FolderOut:
    return _shown(actor, await folder_of(uow, policy.own(actor), folder_id))


async def make(uow: UnitOfWork, actor: Actor, new: NewFolder) -> tuple[FolderOut, bool]:
    """A new folder; with whether it is new. Raises `folder.too_many`, `department.not_found`."""
    me = policy.own(actor)
    owner = me if new.scope == "personal" else None
    if owner is None:
        policy.make_for_organisation(actor)
    await uow.execute(store.LOCK_PLACE, place=f"folders:{uow.org_id}:{me}")
    if owner is None:
        await uow.execute(store.LOCK_PLACE, place=f"folders:{uow.org_id}")
    if new.client_id and (known := await uow.value(store.BY_CLIENT_ID, created_by=me, client_id=new.client_id)):
        return await _one(uow, actor, known), False
    if await uow.value(store.COUNT_FOLDERS, owner_id=owner) >= MOST_FOLDERS:
        raise TooManyFolders(limit=MOST_FOLDERS)
    await _see_departments(uow, actor, new.rules, known=())
    folder_id = uuid7()
    await uow.execute(
        store.INSERT_FOLDER,
        id=folder_id,
        owner_id=owner,
        created_by=me,
        client_id=new.client_id,
        name=clean_name(new.name, path="name"),
        rules=msgspec.to_builtins(new.rules),
        created_at=uow.now(),
    )
    _tell(uow, me, owner)
    shown = await _one(uow, actor, folder_id)
    if owner is None:
        _record(uow, actor, "made", folder_id, name=shown.name, rules=msgspec.to_builtins(shown.rules))
    return shown, True


async def change(uow: UnitOfWork, actor: Actor, folder_id: UUID, wanted: FolderChange) -> FolderOut:
    """Change a folder's name or rules, or how the actor has it. Raises `revision.mismatch`, `department.not_found`."""
    me = policy.own(actor)
    changes = {name: value for name in ("name", "rules") if (value := getattr(wanted, name)) is not UNSET}
    if changes:
        row = await policy.changed_folder(uow, actor, folder_id)
        await _change(uow, actor, row, wanted.revision, changes)
    else:
        row = await policy.seen_folder(uow, actor, folder_id)
    view = {name: _given(getattr(wanted, name)) for name in ("collapsed", "hidden")}
    if view["hidden"] and row["owner_id"] is not None:
        raise invalid("hidden", "invalid")  # one's own is deleted
    if any(value is not None for value in view.values()):
        await uow.execute(store.VIEW, member_id=me, folder_id=folder_id, **view)
        _tell(uow, me, me)
    return await _one(uow, actor, folder_id)


async def _change(uow: UnitOfWork, actor: Actor, row: Row, revision: object, changes: dict[str, Any]) -> None:
    if revision is UNSET:
        raise invalid("revision", "required")
    new = {"name": row["name"], "rules": row["rules"]}
    if "name" in changes:
        new["name"] = clean_name(changes["name"], path="name")
    if "rules" in changes:
        await _see_departments(uow, actor, changes["rules"], known=_rules(row))
        new["rules"] = msgspec.to_builtins(changes["rules"])
    if not await uow.execute(
        store.CHANGE_FOLDER, folder=row["id"], seen_revision=revision, new_name=new["name"], new_rules=new["rules"]
    ):
        raise RevisionMismatch
    _tell(uow, actor.me, row["owner_id"])
    if row["owner_id"] is None:
        before = {"name": row["name"], "rules": row["rules"]}
        _record(uow, actor, "changed", row["id"], before=before, after=new)


async def _see_departments(
    uow: UnitOfWork, actor: Actor, rules: Sequence[FolderRule], *, known: Sequence[FolderRule]
) -> None:
    """Refuse rules about departments that the actor does not see. One that was deleted since may stay."""
    before = {rule.department_id for rule in known if isinstance(rule, OfDepartment)}
    named = {rule.department_id for rule in rules if isinstance(rule, OfDepartment)}
    if named - before:
        await directory.see_departments(uow, actor, named - before)


def _given(value: Any) -> Any:
    return None if value is UNSET else value


async def discard(uow: UnitOfWork, actor: Actor, folder_id: UUID) -> None:
    """Delete a folder; what stood in it stays where else it is."""
    row = await policy.changed_folder(uow, actor, folder_id)
    await uow.execute(store.DELETE_FOLDER, id=folder_id)
    _tell(uow, actor.me, row["owner_id"])
    if row["owner_id"] is None:
        _record(uow, actor, "deleted", folder_id, name=row["name"])


async def order(uow: UnitOfWork, actor: Actor, wanted: FolderOrder) -> list[FolderOut]:
    """Put folders into the actor's own order."""
    me = policy.own(actor)
    await uow.execute(store.ORDER, member_id=me, folders=list(dict.fromkeys(wanted.folder_ids)))
    _tell(uow, me, me)
    return await folders(uow, actor)


async def put_in(uow: UnitOfWork, actor: Actor, folder_id: UUID, conversation_id: UUID) -> None:
    """Let a conversation stand in a folder. Raises `folder.full`."""
    row = await policy.changed_folder(uow, actor, folder_id)
    if not await uow.execute(store.PUT_IN, folder_id=folder_id, conversation_id=conversation_id):
        return
    if await uow.value(store.COUNT_IN, folder_id=folder_id) > MOST_BY_HAND:
        raise FolderFull(limit=MOST_BY_HAND)
    _tell(uow, actor.me, row["owner_id"])
    if row["owner_id"] is None:
        _record(uow, actor, "conversation_added", folder_id, conversation_id=str(conversation_id))


async def take_out(uow: UnitOfWork, actor: Actor, folder_id: UUID, conversation_id: UUID) -> None:
    """Take a conversation out of a folder into which it was put by hand."""
    row = await policy.changed_folder(uow, actor, folder_id)
    if not await uow.execute(store.TAKE_OUT, folder_id=folder_id, conversation_id=conversation_id):
        return
    _tell(uow, actor.me, row["owner_id"])
    if row["owner_id"] is None:
        _record(uow, actor, "conversation_removed", folder_id, conversation_id=str(conversation_id))


async def forget(uow: UnitOfWork, member_id: MemberId) -> None:
    """Somebody has left for good: their folders, and how they had the organisation's, are no more."""
    await uow.execute(store.DELETE_VIEWS_OF, member_id=member_id)
    await uow.execute(store.DELETE_FOLDERS_OF, owner_id=member_id)


async def departments_moved(uow: UnitOfWork) -> None:
    """Somewhere in the tree a subtree has moved: folders that follow subtrees hold other groups now."""
    if await uow.value(store.WITH_DEPARTMENTS):
        tell(uow, org_topic(uow.org_id), FoldersChanged())


def _tell(uow: UnitOfWork, me: MemberId, owner: MemberId | None) -> None:
    tell(uow, org_topic(uow.org_id) if owner is None else member_topic(me), FoldersChanged())


def _record(uow: UnitOfWork, actor: Actor, what: str, folder_id: UUID, **detail: Any) -> None:
    record(uow, actor, action=f"folder.{what}", object_=f"folder:{folder_id}", detail=detail)


def _shown(actor: Actor, folder: Folder) -> FolderOut:
    by_hand = folder.scope == "personal" or policy.manages(actor)
    return FolderOut(
        id=folder.id,
        name=folder.name,
        scope=folder.scope,
        position=folder.position,
        collapsed=folder.collapsed,
        hidden=folder.hidden,
        rules=list(folder.rules),
        conversation_ids=sorted(folder.conversation_ids) if by_hand else [],
        revision=folder.revision,
    )
