"""Organisations: founding one, its settings."""

import secrets
import zoneinfo
from dataclasses import dataclass

import msgspec

from pegboard.kernel.actor import Actor, operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.events import emit
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.names import clean_name
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import OrganisationNotFound
from pegboard.modules.directory.events import DepartmentCreated, OrganisationChanged, OrganisationCreated
from pegboard.modules.directory.service.caches import SettingsCache, forget_everybody, has_changes
from pegboard.modules.directory.service.contacts import clean_email, clean_mobile
from pegboard.modules.directory.service.new_members import NewPerson, clean_userid, insert_people
from pegboard.modules.directory.store import administrators, departments
from pegboard.modules.directory.store import organisations as store
from pegboard.modules.directory.views import (
    AdminKind,
    CreatedOrganisation,
    DepartmentId,
    Organisation,
    OrganisationSettings,
)
from pegboard.modules.identity import api as identity

# Without the letters and digits that are taken for one another when somebody reads them out.
_CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChange:
    """What is to be changed; None: stays. `settings` replace all settings."""

    revision: int
    name: str | None = None
    default_country: str | None = None
    time_zone: str | None = None
    settings: OrganisationSettings | None = None


async def create_organisation(
    uow: UnitOfWork, *, name: str, owner_name: str, owner_userid: str, owner_login: str, owner_password: str
) -> CreatedOrganisation:
    """A new organisation with its root department (of the same name) and its owner, who gets an account.

    `owner_login` is a mobile or an email; if an account has it already, the password has to be that account's
    (`session.wrong_credentials`). The unit of work may be in no organisation: it enters the new one.
    """
    name = clean_name(name)
    org_id, root_id = OrgId(uuid7()), DepartmentId(uuid7())
    owner = await _owner(uow, owner_name, owner_userid, owner_login, owner_password)
    await uow.enter(org_id)
    code = await _insert(uow, org_id, name)
    await uow.execute(departments.INSERT, id=root_id, parent_id=None, name=name, position=0)
    await uow.execute(departments.INSERT_PAIRS, id=root_id, parent_id=None)
    await identity.set_org_code(uow, org_id, code)
    operator = operator_actor(org_id)
    emit(uow, DepartmentCreated(department_id=root_id, parent_id=None, department_name=name, own_group=False))
    (owner_id,) = await insert_people(uow, operator, [owner.placed_in(root_id)])
    await uow.execute(administrators.PUT, member_id=owner_id, kind=AdminKind.OWNER)
    emit(
        uow,
        OrganisationCreated(organisation_name=name, code=code, owner_id=owner_id, root_department_id=root_id),
    )
    record(
        uow,
        operator,
        action="organisation.created",
        object_=f"organisation:{org_id}",
        detail={"name": name, "code": code, "owner": owner.userid},
    )
    return CreatedOrganisation(
        org_id=org_id, corp_id=code, owner_userid=owner.userid, owner_id=owner_id, root_department_id=root_id
    )


async def _owner(uow: UnitOfWork, name: str, userid: str, login: str, password: str) -> NewPerson:
    """The owner as a person to be added: with a new account, or with the one that login and password open."""
    name, userid = clean_name(name, path="owner_name"), clean_userid(userid, path="owner_userid")
    if "@" in login:
        mobile, email = None, clean_email(login, path="owner_login")
    else:
        mobile, email = clean_mobile(login, "CN", path="owner_login"), None
    if mobile is None and email is None:
        raise invalid("owner_login", "required")
    account_id = await identity.find_account(uow, mobile=mobile, email=email)
    if account_id is not None:
        await identity.prove_account(uow.database, login=login, password=password)
    else:
        identity.check_password(password, name, userid, mobile, email, path="owner_password")
        password_hash = await identity.hash_password(uow.parts, password)
        key = identity.PersonKey(name=name, mobile=mobile, email=email, password_hash=password_hash)
        account_id = await identity.create_account(uow, key)
    return NewPerson(userid=userid, name=name, account_id=account_id, active=True, mobile=mobile, email=email)


async def _insert(uow: UnitOfWork, org_id: OrgId, name: str) -> str:
    """Insert it under a code that no other has; the code."""
    while True:
        code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
        if await uow.execute(store.INSERT, id=org_id, code=code, name=name, created_at=uow.now()):
            return code


async def all_organisations(uow: UnitOfWork) -> list[OrgId]:
    """Every active organisation, for work that goes round all of them."""
    return [row["id"] for row in await uow.rows(store.ALL_IDS)]


async def organisation(uow: UnitOfWork) -> Organisation:
    """The organisation that the unit of work is in, with its settings."""
    row = await uow.one(store.FIND, id=uow.org_id)
    if row is None:
        raise OrganisationNotFound
    return _view(row)


async def organisation_settings(uow: UnitOfWork) -> OrganisationSettings:
    """What the organisation has decided; at most 5 s old, at once after a change by this process."""
    cache = uow.parts[SettingsCache] if SettingsCache in uow.parts and not has_changes(uow) else None
    settings = cache.known(uow.org_id) if cache is not None else None
    if settings is None:
        settings = (await organisation(uow)).settings
        if cache is not None:
            cache.remember(uow.org_id, settings)
    return settings


async def change_organisation(uow: UnitOfWork, actor: Actor, change: OrganisationChange) -> Organisation:
    """Change name, country, zone or settings. Raises `revision.mismatch`."""
    policy.change_organisation(actor)
    row = await uow.one(store.LOCK, id=uow.org_id)
    if row is None:
        raise OrganisationNotFound
    if row["revision"] != change.revision:
        raise RevisionMismatch
    before = _view(row)
    after = {
        "name": before.name if change.name is None else clean_name(change.name),
        "default_country": change.default_country or before.default_country,
        "time_zone": change.time_zone or before.time_zone,
        "settings": change.settings or before.settings,
    }
    _check_places(after["default_country"], after["time_zone"])
    fields = [field for field, value in after.items() if value != getattr(before, field)]
    if not fields:
        return before
    await uow.execute(store.UPDATE, id=uow.org_id, **after)
    forget_everybody(uow)
    emit(uow, OrganisationChanged(fields=fields), actor_id=actor.member_id)
    record(
        uow,
        actor,
        action="organisation.changed",
        object_=f"organisation:{uow.org_id}",
        detail={
            "before": {field: msgspec.to_builtins(getattr(before, field)) for field in fields},
            "after": {field: msgspec.to_builtins(after[field]) for field in fields},
        },
    )
    return await organisation(uow)


def _check_places(country: object, zone: object) -> None:
    from phonenumbers import SUPPORTED_REGIONS  # a large table, needed here only

    if country not in SUPPORTED_REGIONS:
        raise invalid("default_country", "invalid")
    if zone not in zoneinfo.available_timezones():
        raise invalid("time_zone", "invalid")


def _view(row: Row) -> Organisation:
    return Organisation(
        org_id=OrgId(row["id"]),
        code=row["code"],
        name=row["name"],
        parent_org_id=row["parent_org_id"],
        state=row["state"],
        default_country=row["default_country"],
        time_zone=row["time_zone"],
        settings=msgspec.convert(row["settings"], OrganisationSettings),
        revision=row["revision"],
        created_at=row["created_at"],
    )
