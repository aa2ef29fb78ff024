"""What it means when PostgreSQL refuses a row."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from pegboard.kernel.errors import PegboardError
from pegboard.modules.directory.errors import (
    DepartmentNameTaken,
    DepartmentNotFound,
    EmailTaken,
    MemberExists,
    MobileTaken,
    RoleNameTaken,
    RoleNotFound,
    UseridTaken,
)

_MEANINGS: dict[str, type[PegboardError]] = {
    "uq_members_org_id_userid": UseridTaken,
    "uq_members_mobile": MobileTaken,
    "uq_members_email": EmailTaken,
    "uq_members_account": MemberExists,
    "uq_departments_org_id_parent_id_name": DepartmentNameTaken,
    "uq_roles_org_id_group_name_name": RoleNameTaken,
    "fk_member_departments_org_id_department_id": DepartmentNotFound,
    "fk_role_members_org_id_role_id": RoleNotFound,
}


@contextmanager
def refusals_named() -> Iterator[None]:
    """A row that a constraint refuses becomes the error of that name. The transaction is lost either way."""
    try:
        yield
    except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as error:
        meaning = _MEANINGS.get(error.constraint_name or "")
        if meaning is None:
            raise
        raise meaning from None
