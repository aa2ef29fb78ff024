"""What the directory refuses."""

from pegboard.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class MemberNotFound(NotFound):
    """No such member, or none that the asker may see."""

    code = "member.not_found"


class MemberExists(Conflict):
    """That person belongs to the organisation already."""

    code = "member.exists"


class UseridTaken(Conflict):
    """Another member has this userid."""

    code = "member.userid_taken"


class MobileTaken(Conflict):
    """Another member has this mobile number."""

    code = "member.mobile_taken"


class EmailTaken(Conflict):
    """Another member has this email address."""

    code = "member.email_taken"


class LoginsDisagree(Conflict):
    """Mobile and email belong to two different accounts."""

    code = "member.logins_disagree"


class ManagerCycle(Conflict):
    """Somebody would be the manager of their own manager, near or far."""

    code = "member.manager_cycle"


class WrongState(Conflict):
    """Not in this state: `state` says which it is."""

    code = "member.wrong_state"


class OwnerStays(Conflict):
    """The owner can neither be suspended nor leave nor lose their powers: hand the organisation over first."""

    code = "member.is_owner"


class OutranksYou(Forbidden):
    """Nobody acts on somebody of their own or a higher rank."""

    code = "member.outranks"


class OutsideScope(Forbidden):
    """The power is held, but not here."""

    code = "permission.outside_scope"


class DepartmentNotFound(NotFound):
    """No such department, or none that the asker may see."""

    code = "department.not_found"


class DepartmentNotEmpty(Conflict):
    """It still has `members` members and `children` departments below it."""

    code = "department.not_empty"


class DepartmentCycle(Conflict):
    """A department cannot stand below itself."""

    code = "department.cycle"


class DepartmentTooDeep(Conflict):
    """The tree would be deeper than `limit`."""

    code = "department.too_deep"


class DepartmentNameTaken(Conflict):
    """Its parent has another department of this name."""

    code = "department.name_taken"


class RootStays(Conflict):
    """The root can be neither moved nor deleted."""

    code = "department.root"


class RoleNotFound(NotFound):
    """No such role."""

    code = "role.not_found"


class RoleNameTaken(Conflict):
    """The group has another role of this name."""

    code = "role.name_taken"


class PowerNotHeld(Forbidden):
    """Nobody grants a power that they lack, or that cannot be granted."""

    code = "administrator.power_not_held"


class AdministratorNotFound(NotFound):
    """That member is no administrator."""

    code = "administrator.not_found"


class OrganisationNotFound(NotFound):
    """No such organisation."""

    code = "organisation.not_found"


class ImportUnreadable(Invalid):
    """The file as a whole is no staff list: `reason`, in the asker's language, says why."""

    code = "import.unreadable"


class ImportNotFound(NotFound):
    """No such import, none that the asker may see, or one of more than 30 days ago."""

    code = "import.not_found"


class TooManyImports(Conflict):
    """The person has `limit` imports waiting or running already."""

    code = "import.too_many"


class InvitationNotFound(NotFound):
    """No such invitation, or not any more: expired, used up, taken back. Never told apart."""

    code = "invitation.not_found"


class TooManyRequests(Conflict):
    """As many people as may wait for an answer to one invitation are waiting."""

    code = "invitation.too_many_waiting"


class PasswordNotNeeded(Conflict):
    """That member has a password of their own already, or an account that others share: nobody can hand it out."""

    code = "invitation.has_password"


class JoinRequestNotFound(NotFound):
    """No such request, or none that still waits, or none that the asker may decide."""

    code = "join_request.not_found"
