"""HTTP of the directory, one file a noun."""

from pegboard.modules.directory.routes import (
    administrators,
    audit,
    departments,
    imports,
    invitations,
    leaving,
    me,
    members,
    organisation,
    roles,
)

ROUTES = (
    *me.ROUTES,
    *organisation.ROUTES,
    *members.ROUTES,
    *leaving.ROUTES,
    *imports.ROUTES,
    *invitations.ROUTES,
    *departments.ROUTES,
    *roles.ROUTES,
    *administrators.ROUTES,
    *audit.ROUTES,
)
