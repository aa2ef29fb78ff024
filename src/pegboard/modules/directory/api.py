"""What other modules and the application may ask of the directory.

Every function that takes a `uow` works inside the caller's unit of work, which is in the organisation in question.
None of them checks permissions except where it takes an `actor`.
"""

from pegboard.modules.directory.policy import Powers, see_departments
from pegboard.modules.directory.service.actors import ActorCache, actor_of
from pegboard.modules.directory.service.departments import set_department_conversation
from pegboard.modules.directory.service.importing import import_staff_list
from pegboard.modules.directory.service.organisations import (
    all_organisations,
    create_organisation,
    organisation,
    organisation_settings,
)
from pegboard.modules.directory.service.people import (
    all_active_members,
    by_userids,
    department,
    department_members,
    departments_below,
    departments_of,
    mobiles,
    people,
)
from pegboard.modules.directory.service.search import search
from pegboard.modules.directory.views import (
    AdminKind,
    CreatedOrganisation,
    Department,
    DepartmentId,
    ImportResult,
    ImportRowError,
    MemberState,
    Organisation,
    OrganisationSettings,
    Person,
    RoleId,
)

__all__ = [
    "ActorCache",
    "AdminKind",
    "CreatedOrganisation",
    "Department",
    "DepartmentId",
    "ImportResult",
    "ImportRowError",
    "MemberState",
    "Organisation",
    "OrganisationSettings",
    "Person",
    "Powers",
    "RoleId",
    "actor_of",
    "all_active_members",
    "all_organisations",
    "by_userids",
    "create_organisation",
    "department",
    "department_members",
    "departments_below",
    "departments_of",
    "import_staff_list",
    "mobiles",
    "organisation",
    "organisation_settings",
    "people",
    "search",
    "see_departments",
    "set_department_conversation",
]
