"""Accounts: found, made, and changed by their owner."""

from collections.abc import Collection, Sequence

import asyncpg

from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.events import emit
from pegboard.kernel.i18n import DEFAULT_LANGUAGE, LANGUAGES
from pegboard.kernel.ids import NO_ORG, AccountId, OrgId, uuid7
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import AccountNotFound, LoginTaken
from pegboard.modules.identity.events import AccountCreated, PasswordChanged
from pegboard.modules.identity.service.token_cache import forget
from pegboard.modules.identity.views import AccountMatch, AccountView, PersonKey


async def accounts_for(uow: UnitOfWork, people: Sequence[PersonKey]) -> list[AccountMatch]:
    """The accounts of these people, in their order: found by mobile or email, else made.

    A few statements for any number. An account that existed is never changed: no password, no name, no second
    login. Two people with the same mobile or email get the same account, the second as `existed`.
    """
    found = await _match(uow, people, range(len(people)))
    added = await _add(uow, people, [number for number in range(len(people)) if number not in found])
    # What could not be added met an account of this very call, or one that somebody else has just made.
    late = [number for number in range(len(people)) if number not in found and number not in added]
    if late:
        found |= await _match(uow, people, late)
    return [
        AccountMatch(account_id=added[number], existed=False) if number in added else found[number]
        for number in range(len(people))
    ]


async def create_account(uow: UnitOfWork, person: PersonKey) -> AccountId:
    """Make one account. Raises `account.login_taken` if mobile or email belongs to another."""
    added = await _add(uow, [person], [0])
    if not added:
        raise LoginTaken
    emit(uow, AccountCreated(account_id=added[0]), org_id=NO_ORG)
    return added[0]


async def _match(uow: UnitOfWork, people: Sequence[PersonKey], numbers: Collection[int]) -> dict[int, AccountMatch]:
    rows = await uow.rows(
        store.MATCH_ACCOUNTS,
        numbers=list(numbers),
        mobiles=[people[number].mobile for number in numbers],
        emails=[_stored_email(people[number]) for number in numbers],
    )
    return {row["number"]: _found(row) for row in rows}


def _found(row: Row) -> AccountMatch:
    by_mobile, by_email = row["by_mobile"], row["by_email"]
    if by_mobile is not None and by_email is not None and by_mobile != by_email:
        return AccountMatch(account_id=None, existed=True)
    return AccountMatch(account_id=by_mobile or by_email, existed=True)


async def _add(uow: UnitOfWork, people: Sequence[PersonKey], numbers: Sequence[int]) -> dict[int, AccountId]:
    if not numbers:
        return {}
    ids = {number: AccountId(uuid7()) for number in numbers}
    rows = await uow.rows(
        store.ADD_ACCOUNTS,
        ids=[ids[number] for number in numbers],
        names=[people[number].name for number in numbers],
        mobiles=[people[number].mobile for number in numbers],
        emails=[_stored_email(people[number]) for number in numbers],
        password_hashes=[people[number].password_hash for number in numbers],
        languages=[people[number].language or DEFAULT_LANGUAGE for number in numbers],
        now=uow.now(),
    )
    made = {row["id"] for row in rows}
    return {number: account_id for number, account_id in ids.items() if account_id in made}


def _stored_email(person: PersonKey) -> str | None:
    return stored_email(person.email)


def stored_email(email: str | None) -> str | None:
    """An email as it is stored and compared."""
    return email.strip().lower() if email else None


async def find_account(uow: UnitOfWork, *, mobile: str | None = None, email: str | None = None) -> AccountId | None:
    """The account with this mobile (E.164) or this email."""
    found: AccountId | None = await uow.value(store.FIND_ACCOUNT, mobile=mobile, email=stored_email(email))
    return found


async def account_of(uow: UnitOfWork, account_id: AccountId) -> AccountView:
    """The account; raises `account.not_found`."""
    found = await accounts_of(uow, [account_id])
    if account_id not in found:
        raise AccountNotFound
    return found[account_id]


async def accounts_of(uow: UnitOfWork, account_ids: Collection[AccountId]) -> dict[AccountId, AccountView]:
    """Those of the accounts that exist."""
    rows = await uow.rows(store.ACCOUNTS, account_ids=list(account_ids))
    return {row["id"]: _view(row) for row in rows}


def _view(row: Row) -> AccountView:
    return AccountView(
        account_id=row["id"],
        name=row["name"],
        mobile=row["mobile"],
        email=row["email"],
        language=row["language"],
        has_password=row["has_password"],
        created_at=row["created_at"],
    )


async def change_language(uow: UnitOfWork, account_id: AccountId, language: str) -> AccountView:
    """The person reads this language from now on (one of the catalogues'); raises `request.invalid`."""
    if language not in LANGUAGES:
        raise invalid("language", "invalid")
    await uow.execute(store.SET_LANGUAGE, account_id=account_id, language=language)
    forget(uow, account_ids=[account_id])
    return await account_of(uow, account_id)


async def change_account(uow: UnitOfWork, account_id: AccountId, *, language: str | None) -> AccountView:
    """Change what is given; None leaves it as it is."""
    if language is None:
        return await account_of(uow, account_id)
    return await change_language(uow, account_id, language)


async def change_logins(
    uow: UnitOfWork, account_id: AccountId, *, org_id: OrgId, mobile: str | None, email: str | None
) -> bool:
    """An administrator corrects the logins of somebody who belongs to this organisation only.

    False, and nothing changed, if the account belongs to others too: then it is the person's own matter.
    Raises `account.login_taken`.
    """
    if await uow.value(store.BELONGS_ELSEWHERE, account_id=account_id, only_org=org_id) is not False:
        return False
    try:
        async with uow.savepoint():
            await uow.execute(store.SET_LOGINS, account_id=account_id, mobile=mobile, email=stored_email(email))
    except asyncpg.UniqueViolationError:
        raise LoginTaken from None
    return True


async def set_first_password(uow: UnitOfWork, account_id: AccountId, password_hash: str) -> bool:
    """Give an account that has no password one; False, and nothing changed, if it has one."""
    changed = await uow.execute(
        store.SET_FIRST_PASSWORD, account_id=account_id, password_hash=password_hash, now=uow.now()
    )
    if changed:
        emit(uow, PasswordChanged(account_id=account_id), org_id=NO_ORG)
    return bool(changed)
