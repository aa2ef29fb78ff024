"""Mobile numbers and email addresses as they are stored."""

import re

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.names import is_allowed
from pegboard.modules.directory.staff_list.phones import to_e164
from pegboard.modules.directory.store import organisations

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
_LONGEST_EMAIL = 254


def clean_mobile(written: str | None, country: str, *, path: str = "mobile") -> str | None:
    """The number in E.164 (`country` is that of numbers without one), None for nothing; refuses what is none."""
    if written is None or not written.strip():
        return None
    if (number := to_e164(written.strip(), country)) is None:
        raise invalid(path, "invalid")
    return number


def clean_email(written: str | None, *, path: str = "email") -> str | None:
    """The address in lower case, None for nothing; refuses what is none."""
    if written is None or not written.strip():
        return None
    address = written.strip().lower()
    if len(address) > _LONGEST_EMAIL or not is_allowed(address) or not _EMAIL.fullmatch(address):
        raise invalid(path, "invalid")
    return address


async def default_country(uow: UnitOfWork) -> str:
    """The country (ISO 3166) of the organisation's phone numbers without one."""
    country: str | None = await uow.value(organisations.COUNTRY, id=uow.org_id)
    return country or "CN"
