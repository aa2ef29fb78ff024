"""What others may ask of `identity`. Each verb says what it promises where it is written.

Verbs that take `uow` work in the caller's transaction, in any organisation or none, and never commit. Signing
in and proving also count guesses in units of work of their own, which stay counted whatever becomes of the
caller's.
"""

from pegboard.modules.identity.events import SessionEndReason
from pegboard.modules.identity.service.accounts import (
    account_of,
    accounts_for,
    accounts_of,
    change_language,
    change_logins,
    create_account,
    find_account,
    set_first_password,
)
from pegboard.modules.identity.service.memberships import (
    add_memberships,
    change_userid,
    confirm_membership,
    memberships_by_userids,
    memberships_of,
    set_membership_states,
    set_org_code,
)
from pegboard.modules.identity.service.passwords import (
    check_password,
    hash_password,
    hash_passwords,
    is_weak_password,
)
from pegboard.modules.identity.service.sessions import end_sessions, start_session
from pegboard.modules.identity.service.sign_in import prove_account, sign_in
from pegboard.modules.identity.service.tokens import create_personal_token, session_of
from pegboard.modules.identity.views import (
    AccountMatch,
    AccountView,
    Membership,
    MembershipState,
    NewPersonalToken,
    NewSession,
    PersonKey,
    TokenHolder,
)

__all__ = [
    "AccountMatch",
    "AccountView",
    "Membership",
    "MembershipState",
    "NewPersonalToken",
    "NewSession",
    "PersonKey",
    "SessionEndReason",
    "TokenHolder",
    "account_of",
    "accounts_for",
    "accounts_of",
    "add_memberships",
    "change_language",
    "change_logins",
    "change_userid",
    "check_password",
    "confirm_membership",
    "create_account",
    "create_personal_token",
    "end_sessions",
    "find_account",
    "hash_password",
    "hash_passwords",
    "is_weak_password",
    "memberships_by_userids",
    "memberships_of",
    "prove_account",
    "session_of",
    "set_first_password",
    "set_membership_states",
    "set_org_code",
    "sign_in",
    "start_session",
]
