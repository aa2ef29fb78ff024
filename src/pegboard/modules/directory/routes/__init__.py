"""HTTP of the directory, one file a noun."""

from pegboard.modules.directory.routes import (
    administrators,
    audit,
    departments,
    me,
    members,
    organisation,
    roles,
)

ROUTES = (
    *me.ROUTES,
    *organisation.ROUTES,
    *members.ROUTES,
    *departments.ROUTES,
    *roles.ROUTES,
    *administrators.ROUTES,
    *audit.ROUTES,
)
