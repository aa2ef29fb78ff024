"""HTTP: who am I."""

from litestar import get

from pegboard.kernel.actor import Account
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.permissions import ACCOUNT, requires
from pegboard.kernel.http.signed_in import SignedIn
from pegboard.modules.directory.schemas import Me, Member, MyAccount, MyOrganisation, Organisation
from pegboard.modules.directory.service import me


@get("/me", opt=requires(ACCOUNT), tags=["directory"], summary="Who am I", operation_id="me")
async def _me(account: Account, signed_in: SignedIn, uow: UnitOfWork) -> Me:
    """The account that is signed in, where it belongs, and who it is in the chosen organisation (`Pegboard-Org`).

    `powers` are the names of what may be done there. `csrf_token` goes into the header `Pegboard-CSRF` of writes that
    are signed in by cookie.
    """
    found = await me.who_am_i(uow, account, signed_in.actor)
    return Me(
        user=MyAccount(
            id=found.account.account_id,
            name=found.account.name,
            mobile=found.account.mobile,
            email=found.account.email,
            language=found.account.language,
        ),
        organisations=[
            MyOrganisation(
                org_id=place.org_id, name=place.name, code=place.code, userid=place.userid, state=place.state
            )
            for place in found.places
        ],
        org=Organisation.of(found.organisation) if found.organisation else None,
        member=Member.of(found.member) if found.member else None,
        powers=sorted(signed_in.actor.powers) if signed_in.actor else [],
        csrf_token=signed_in.csrf_token or None,
    )


ROUTES = (_me,)
