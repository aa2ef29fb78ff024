"""The cookies of a session: which names and flags they have where."""

import logging
from typing import Literal

from litestar.datastructures import Cookie

from pegboard.kernel.http.signed_in import SECURE_SESSION_COOKIE, SESSION_COOKIE

DEVICE_COOKIE = "pegboard_device"
_DEVICE_PATH = "/api/v1"
_DEVICE_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie (RFC 6265bis §5.6.1)."""

_log = logging.getLogger(__name__)
_warned: set[Literal["plain cookie"]] = set()


def session_cookie(token: str, *, trustworthy: bool, days: int) -> Cookie:
    """The cookie that carries the session: bound to this host and unreadable for scripts."""
    if not trustworthy and "plain cookie" not in _warned:
        _warned.add("plain cookie")
        _log.warning("sessions travel in clear text: serve Pegboard over TLS (--tls-cert, or a proxy that says so)")
    return Cookie(
        key=SECURE_SESSION_COOKIE if trustworthy else SESSION_COOKIE,
        value=token,
        path="/",
        httponly=True,
        secure=trustworthy,
        samesite="lax",
        max_age=days * 24 * 3600,
    )


def ended_cookie(*, trustworthy: bool) -> Cookie:
    """Takes the session's cookie away."""
    return Cookie(
        key=SECURE_SESSION_COOKIE if trustworthy else SESSION_COOKIE,
        value="",
        path="/",
        httponly=True,
        secure=trustworthy,
        samesite="lax",
        max_age=0,
    )


def device_cookie(device_token: str, *, trustworthy: bool) -> Cookie:
    """Marks a device from which somebody has signed in; it opens nothing by itself."""
    return Cookie(
        key=DEVICE_COOKIE,
        value=device_token,
        path=_DEVICE_PATH,
        httponly=True,
        secure=trustworthy,
        samesite="lax",
        max_age=_DEVICE_SECONDS,
    )
