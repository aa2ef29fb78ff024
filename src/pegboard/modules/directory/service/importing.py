"""Importing a staff list: read, checked, and stored in one transaction."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import asyncpg

from pegboard.kernel.actor import Actor, operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Database, Row, UnitOfWork
from pegboard.kernel.errors import Conflict
from pegboard.kernel.i18n import DEFAULT_LANGUAGE
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import ImportUnreadable, OrganisationNotFound
from pegboard.modules.directory.service.import_plan import (
    Change,
    Errors,
    Newcomer,
    Path,
    Plan,
    Reach,
    Standing,
    Tree,
    blank_errors,
    change_of,
    in_one_spelling,
)
from pegboard.modules.directory.service.import_storing import Progress, write_plan
from pegboard.modules.directory.service.returning import is_same_person
from pegboard.modules.directory.staff_list import (
    Checked,
    KnownMembers,
    RowError,
    StaffListUnreadable,
    StaffRow,
    Table,
    check,
    read_table,
)
from pegboard.modules.directory.staff_list.values import COLUMNS, Column
from pegboard.modules.directory.store import departments, members, organisations
from pegboard.modules.directory.store import importing as store
from pegboard.modules.directory.views import ImportResult, ImportRowError, MemberState
from pegboard.modules.identity import api as identity

Also = Callable[[UnitOfWork, ImportResult], Awaitable[None]]
"""Done in the transaction that stores the list."""

_ATTEMPTS = 4
_AT_ONCE = 5000
"""Rows read, and accounts looked up, in one statement: others want a turn in between."""
# Somebody was added, or signed up, beside us: looked at again, it is a duplicate, or an account that exists.
_COLLISIONS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError)


async def _nobody_asks(_done: int, _total: int) -> None:
    """No progress is shown."""


async def import_staff_list(
    database: Database,
    org_id: OrgId,
    data: bytes,
    file_name: str,
    *,
    dry_run: bool = False,
    skip_errors: bool = False,
    actor: Actor | None = None,
    language: str = DEFAULT_LANGUAGE,
    progress: Progress = _nobody_asks,
    also: Also | None = None,
) -> ImportResult:
    """Import a staff list (CSV or XLSX; `data` is the file) into an organisation: all of it or nothing.

    Opens units of work of its own, so it is called outside of any; needs no running server. Errors of rows
    come back in the result, their messages in `language`: then nothing is stored and `refused` is set, unless
    `skip_errors` stores the good rows. `dry_run` finds every error and stores nothing. `actor` needs the power
    to import, and a sub-administrator puts people into their own departments only; default: the operator.

    A userid that the organisation has makes the row an update of that member: what the list leaves empty
    stays, the departments become those of the list, the password is not looked at. Somebody who left returns
    under their userid as the same member. A new person gets an account, with the list's password if there is
    one, and is active; where mobile or email belongs to an account already, its owner is invited and
    confirms. Departments are made if missing. The same list again changes nothing and tells nothing.

    `progress(done, total)` is awaited while the transaction is open; `also(uow, result)` belongs to the
    transaction. Raises `import.unreadable` (no staff list at all), `organisation.not_found`,
    `permission.denied`.
    """
    actor = actor or operator_actor(org_id)
    policy.import_people(actor)
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        country = await uow.value(organisations.COUNTRY, id=org_id)
        known = await _known(uow)
    if country is None:
        raise OrganisationNotFound
    table = await _read(data, file_name, language)
    job = _Import(
        table=table,
        country=country,
        actor=actor,
        dry_run=dry_run,
        skip_errors=skip_errors,
        language=language,
        digest=hashlib.sha256(data).hexdigest(),
        file_name=file_name,
        progress=progress,
        also=also,
    )
    checked = await _check(job, known)
    if not dry_run and (skip_errors or not checked.errors):
        job = replace(job, password_hashes=await _hash_passwords(database, checked, known))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with UnitOfWork(database, orgs=(org_id,)) as uow:
                return await _run(uow, job, known, checked)
        except _COLLISIONS:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """What is to be done, and how."""

    table: Table
    country: str
    actor: Actor
    dry_run: bool
    skip_errors: bool
    language: str
    digest: str
    file_name: str
    progress: Progress
    also: Also | None
    password_hashes: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Userid → hash, of new people."""


# --- reading, checking, hashing: outside the transaction -------------------------------------------


async def _known(uow: UnitOfWork) -> KnownMembers:
    pages: list[list[Row]] = [await uow.rows(store.KNOWN, after="", limit=_AT_ONCE)]
    while len(pages[-1]) == _AT_ONCE:
        pages.append(await uow.rows(store.KNOWN, after=pages[-1][-1]["userid"], limit=_AT_ONCE))
    return await asyncio.to_thread(_known_members, [row for page in pages for row in page])


def _known_members(rows: Sequence[Row]) -> KnownMembers:
    userids = {row["id"]: row["userid"] for row in rows}
    return KnownMembers(
        managers={row["userid"]: userids.get(row["manager_id"]) for row in rows},
        mobiles={row["mobile"]: row["userid"] for row in rows if row["mobile"]},
        emails={row["email"]: row["userid"] for row in rows if row["email"]},
    )


async def _read(data: bytes, file_name: str, language: str) -> Table:
    try:
        return await asyncio.to_thread(read_table, data, file_name)
    except StaffListUnreadable as error:
        raise ImportUnreadable(reason=error.message(language)) from None


async def _check(job: _Import, known: KnownMembers) -> Checked:
    def work() -> Checked:
        checked = in_one_spelling(check(job.table, default_region=job.country, known=known))
        return replace(checked, errors=(*checked.errors, *blank_errors(checked.people)))

    return await asyncio.to_thread(work)


async def _hash_passwords(database: Database, checked: Checked, known: KnownMembers) -> dict[str, str]:
    """Before the transaction, since thousands take minutes; only of people who may get an account."""
    rows = [row for row in checked.people if row.password and not known.is_member(row.userid)]
    hashes = await identity.hash_passwords(database.parts, [row.password or "" for row in rows])
    return {row.userid: password_hash for row, password_hash in zip(rows, hashes, strict=True)}


# --- inside the transaction ------------------------------------------------------------------------


async def _run(uow: UnitOfWork, job: _Import, known: KnownMembers, checked: Checked) -> ImportResult:
    # Whoever holds the root is alone in changing departments and lines of managers: imports queue here.
    await uow.execute(departments.LOCK_TREE)
    now_known = await _known(uow)
    if now_known != known:
        checked = await _check(job, now_known)
    await job.progress(0, len(job.table.rows))
    tree = Tree(await uow.rows(store.TREE))
    people = await _People.find(uow, job, now_known, checked, tree)
    refused = bool(people.errors) and not job.skip_errors
    plan = await _plan(uow, people.without_bad_rows(), tree)
    result = _result(job, people, plan, refused=refused)
    if refused or job.dry_run:
        await uow.rollback()  # with the accounts that were made to see whose they would be
        return result
    await write_plan(uow, job.actor, plan, job.progress, len(job.table.rows))
    if plan.newcomers or plan.changes or plan.departments:
        _record(uow, job, plan, result)
    if job.also is not None:
        await job.also(uow, result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """The rows that may be stored, and who stands behind them."""

    rows: tuple[StaffRow, ...]
    standing: Mapping[str, Standing]
    accounts: Mapping[str, identity.AccountMatch]
    """By userid, of those who have none yet."""
    known: KnownMembers
    errors: tuple[RowError, ...]

    @classmethod
    async def find(cls, uow: UnitOfWork, job: _Import, known: KnownMembers, checked: Checked, tree: Tree) -> "_People":
        """Look at every row that is right in itself; `errors` are all that are wrong, for whatever reason."""
        errors = Errors(checked.errors)
        rows = errors.right_ones(checked.people)
        standing = await _standing(uow, rows)
        reach = await _reach(uow, job.actor)
        wrong = await asyncio.to_thread(reach.errors, rows, standing, tree, known)
        errors.add_all(wrong)
        errors.add_all(await _returning_errors(uow, rows, standing))
        rows = errors.right_ones(rows)
        accounts = await _accounts(uow, job, rows, standing, errors)
        errors.add_all(await _login_errors(uow, rows, standing))
        return cls(
            rows=tuple(errors.right_ones(rows)),
            standing=standing,
            accounts=accounts,
            known=known,
            errors=tuple(sorted(errors.all(), key=lambda e: (e.row, COLUMNS.index(e.column)))),
        )

    def without_bad_rows(self) -> "_People":
        """Those whose manager's row is left out stay, without a manager."""
        known_userids = frozenset(
            row.manager_userid for row in self.rows if row.manager_userid and self.known.is_member(row.manager_userid)
        )
        checked = Checked(people=self.rows, departments=(), errors=self.errors, known_userids=known_userids)
        kept = checked.without_bad_rows()
        return replace(self, rows=kept.people, errors=kept.errors)


async def _standing(uow: UnitOfWork, rows: Iterable[StaffRow]) -> dict[str, Standing]:
    """Those of the list who stand in the directory already, by userid; held until the commit."""
    kinds = {row["member_id"]: row["kind"] for row in await uow.rows(store.ADMINISTRATORS)}
    standing: dict[str, Standing] = {}
    userids = [row.userid for row in rows]
    for start in range(0, len(userids), _AT_ONCE):
        found = await uow.rows(store.LOCK_BY_USERIDS, userids=userids[start : start + _AT_ONCE])
        if found:
            places = await uow.rows(store.PLACES, member_ids=[row["id"] for row in found])
            standing |= await asyncio.to_thread(_standing_of, found, places, kinds)
    return standing


def _standing_of(found: Sequence[Row], places: Sequence[Row], kinds: Mapping[UUID, str]) -> dict[str, Standing]:
    places_of: dict[UUID, list[Row]] = {}
    for place in places:
        places_of.setdefault(place["member_id"], []).append(place)
    return {row["userid"]: Standing.of(row, places_of.get(row["id"], ()), kinds.get(row["id"])) for row in found}


async def _reach(uow: UnitOfWork, actor: Actor) -> Reach:
    if actor.subtrees is None:
        return Reach(actor=actor, inside=None)
    rows = await uow.rows(store.INSIDE, subtrees=list(actor.subtrees))
    return Reach(actor=actor, inside=frozenset(row["id"] for row in rows))


async def _returning_errors(
    uow: UnitOfWork, rows: Iterable[StaffRow], standing: Mapping[str, Standing]
) -> list[RowError]:
    """Rows with the userid of somebody who left that mean somebody else."""
    returning = [
        (row, member) for row in rows if (member := standing.get(row.userid)) and member.state is MemberState.LEFT
    ]
    accounts = await identity.accounts_of(uow, [m.account_id for _, m in returning if m.account_id is not None])
    errors = []
    for row, member in returning:
        account = accounts.get(member.account_id) if member.account_id else None
        logins = (account.mobile, account.email) if account else (None, None)
        if not is_same_person(
            (row.name, row.mobile, row.email),
            former=(member.name, member.mobile, member.email),
            logins=logins,
        ):
            errors.append(_duplicate(row, "userid", "duplicate.userid", value=row.userid))
        elif account is not None and (row.mobile, row.email) != logins:
            holder = await identity.find_account(uow, mobile=row.mobile, email=row.email)
            if holder not in (None, account.account_id):
                errors.append(_login_taken(row, member))
    return errors


async def _accounts(
    uow: UnitOfWork,
    job: _Import,
    rows: Iterable[StaffRow],
    standing: Mapping[str, Standing],
    errors: Errors,
) -> dict[str, identity.AccountMatch]:
    """The accounts of new people, found or made; what speaks against one becomes an error of its row."""
    wanted = [row for row in rows if _needs_account(standing.get(row.userid))]
    matches: list[identity.AccountMatch] = []
    for start in range(0, len(wanted), _AT_ONCE):
        keys = [_key_of(job, row) for row in wanted[start : start + _AT_ONCE]]
        matches += await identity.accounts_for(uow, keys)
    existing = [match.account_id for match in matches if match.existed and match.account_id is not None]
    holders = {row["account_id"]: row for row in await uow.rows(store.HOLDERS, account_ids=existing)}
    line_of: dict[AccountId, int] = {}
    for row, match in zip(wanted, matches, strict=True):
        column: Column = "mobile" if row.mobile else "email"
        if match.account_id is None:
            errors.add(_duplicate(row, "email", "duplicate.logins"))
        elif (holder := holders.get(match.account_id)) is not None and holder["userid"] != row.userid:
            left = holder["state"] == MemberState.LEFT
            text = "duplicate.former" if left else "duplicate.member"
            value = row.mobile or row.email or ""
            errors.add(_duplicate(row, column, text, value=value, userid=holder["userid"]))
        elif line_of.setdefault(match.account_id, row.line) != row.line:
            other_row = line_of[match.account_id]
            errors.add(_duplicate(row, column, "duplicate.account", other_row=other_row))
    return {row.userid: match for row, match in zip(wanted, matches, strict=True)}


def _key_of(job: _Import, row: StaffRow) -> identity.PersonKey:
    return identity.PersonKey(
        name=row.name,
        mobile=row.mobile,
        email=row.email,
        password_hash=job.password_hashes.get(row.userid),
        language=job.language,
    )


def _needs_account(member: Standing | None) -> bool:
    return member is None or (member.state is MemberState.LEFT and member.account_id is None)


async def _login_errors(uow: UnitOfWork, rows: Iterable[StaffRow], standing: Mapping[str, Standing]) -> list[RowError]:
    """Whose mobile or email changes signs in with it, if their account is this organisation's alone."""
    errors = []
    for row in rows:
        member = standing.get(row.userid)
        if member is None or member.account_id is None or member.state is MemberState.LEFT:
            continue
        mobile, email = row.mobile or member.mobile, row.email or member.email
        if (mobile, email) == (member.mobile, member.email):
            continue
        try:
            await identity.change_logins(uow, member.account_id, org_id=uow.org_id, mobile=mobile, email=email)
        except Conflict:  # `account.login_taken`
            errors.append(_login_taken(row, member))
    return errors


def _login_taken(row: StaffRow, member: Standing) -> RowError:
    column: Column = "mobile" if row.mobile and row.mobile != member.mobile else "email"
    value = (row.mobile if column == "mobile" else row.email) or ""
    return _duplicate(row, column, "duplicate.login", value=value)


def _duplicate(row: StaffRow, column: Column, text: str, **params: str | int) -> RowError:
    return RowError(row=row.line, column=column, code="duplicate", text=text, params=params)


# --- the plan and its outcome ----------------------------------------------------------------------


async def _plan(uow: UnitOfWork, people: _People, tree: Tree) -> Plan:
    plan = await asyncio.to_thread(_plan_rows, people, tree)
    managers = {row.manager_userid for row in people.rows if row.manager_userid}
    named = managers - plan.manager_ids.keys()
    rows = await uow.rows(members.BY_USERIDS, userids=list(named)) if named else []
    return replace(plan, manager_ids={**plan.manager_ids, **{row["userid"]: row["id"] for row in rows}})


def _plan_rows(people: _People, tree: Tree) -> Plan:
    new_departments = tree.grow(paths_with_parents(people.rows))
    newcomers: list[Newcomer] = []
    changes: list[Change] = []
    for row in people.rows:
        member, match = people.standing.get(row.userid), people.accounts.get(row.userid)
        if member is not None:
            change = change_of(row, member, tree, people.known)
            if change is not None:
                changes.append(_under_account(change, match))
        elif match is not None and match.account_id is not None:
            newcomers.append(
                Newcomer(
                    row=row,
                    member_id=MemberId(uuid7()),
                    account_id=match.account_id,
                    state=MemberState.INVITED if match.existed else MemberState.ACTIVE,
                    department_ids=tuple(tree.ids[path] for path in row.departments),
                )
            )
    manager_ids: dict[str, UUID] = {newcomer.row.userid: newcomer.member_id for newcomer in newcomers}
    manager_ids |= {userid: member.member_id for userid, member in people.standing.items()}
    return Plan(departments=new_departments, newcomers=newcomers, changes=changes, manager_ids=manager_ids)


def _under_account(change: Change, match: identity.AccountMatch | None) -> Change:
    """Somebody who returns and never had an account gets one; if it is somebody's already, they confirm."""
    if match is None:
        return change
    state = MemberState.INVITED if match.existed else MemberState.ACTIVE
    return replace(change, account_id=match.account_id, state=state)


def paths_with_parents(people: Iterable[StaffRow]) -> list[Path]:
    """Every department of these people, and those above it, each once and after its parent."""
    paths: dict[Path, None] = {}
    for lists in dict.fromkeys(row.departments for row in people):
        for path in lists:
            for depth in range(1, len(path) + 1):
                paths[path[:depth]] = None
    return list(paths)


def _result(job: _Import, people: _People, plan: Plan, *, refused: bool) -> ImportResult:
    kept = people.without_bad_rows()
    return ImportResult(
        refused=refused,
        dry_run=job.dry_run,
        rows=len(job.table.rows),
        members=0 if refused else len(kept.rows),
        departments=0 if refused else len(paths_with_parents(kept.rows)),
        created=0 if refused else len(plan.newcomers),
        changed=0 if refused else len(plan.changes),
        invited=0 if refused else sum(n.state is MemberState.INVITED for n in plan.newcomers),
        errors=tuple(
            ImportRowError(row=error.row, column=error.column, code=error.code, message=error.message(job.language))
            for error in (people if refused else kept).errors
        ),
    )


def _record(uow: UnitOfWork, job: _Import, plan: Plan, result: ImportResult) -> None:
    record(
        uow,
        job.actor,
        action="members.imported",
        object_=f"organisation:{uow.org_id}",
        detail={
            "sha256": job.digest,
            "rows": result.rows,
            "created": result.created,
            "changed": result.changed,
            "returned": sum(change.returns for change in plan.changes),
            "invited": result.invited,
            "departments_created": len(plan.departments),
            "rows_skipped": len({error.row for error in result.errors}),
        },
        personal={"file_name": job.file_name},
    )
