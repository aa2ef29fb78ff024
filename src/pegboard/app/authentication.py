"""Joins identity (whose token is it) and directory (whom are they here) to the port that HTTP and sockets ask."""

from pegboard.kernel.actor import Account
from pegboard.kernel.db import Database
from pegboard.kernel.http.signed_in import Credentials, SignedIn
from pegboard.modules.directory import api as directory
from pegboard.modules.identity import api as identity


class TokenAuthenticator:
    """Answers from caches that are at most 5 s old, so most requests ask the database nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authenticate(self, credentials: Credentials) -> SignedIn | None:
        """Whose token it is, and the member that they are in the organisation that they want or last used."""
        holder = await identity.session_of(self._database, credentials.token, wanted_org=credentials.wanted_org)
        if holder is None:
            return None
        account = Account(
            account_id=holder.account_id,
            session_id=holder.session_id,
            name=holder.name,
            language=holder.language,
            client_ip=credentials.client_ip,
        )
        actor = await directory.actor_of(
            self._database, holder, wanted_org=credentials.wanted_org, client_ip=credentials.client_ip
        )
        return SignedIn(account=account, actor=actor, csrf_token=holder.csrf_token)
