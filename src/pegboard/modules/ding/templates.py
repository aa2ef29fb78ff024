"""Filling an HTTP adapter's template: what is filled in can never become more than a text in its place."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from pegboard.modules.ding.views import HttpAdapter

PLACES = ("phone", "text", "sender", "name", "channel", "ding_id", "delivery_id", "receipt_url")
"""What may stand in braces in `url` and `body_template`. Other braces are left alone: JSON has many."""

_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def media_type(adapter: HttpAdapter) -> str:
    """What the body is, by the adapter's own header; JSON without one."""
    found = next((value for name, value in adapter.headers.items() if name.lower() == "content-type"), _JSON)
    return found.partition(";")[0].strip().lower()


def filled_url(adapter: HttpAdapter, values: Mapping[str, str]) -> str:
    """The address with every value percent-encoded."""
    return _PLACE.sub(lambda place: quote(values[place[1]], safe=""), adapter.url)


def filled_body(adapter: HttpAdapter, values: Mapping[str, str]) -> bytes:
    """The body with every value written as its media type writes a text."""
    kind = media_type(adapter)

    def fill(place: "re.Match[str]") -> str:
        value = values[place[1]]
        if kind == _JSON or kind.endswith("+json"):
            return json.dumps(value, ensure_ascii=False)[1:-1]
        if kind == _FORM:
            return quote(value, safe="")
        if kind.endswith("xml"):
            return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        return value

    return _PLACE.sub(fill, adapter.body_template).encode()


def wants_receipts(adapter: HttpAdapter) -> bool:
    """Whether the gateway will tell what became of a message: until then it counts as accepted, not as delivered."""
    return "{receipt_url}" in adapter.body_template or "{receipt_url}" in adapter.url


def is_fillable(adapter: HttpAdapter) -> bool:
    """Whether the host is fixed, and a JSON body is JSON when it is filled, whatever the text."""
    if "{" in adapter.url.partition("://")[2].partition("/")[0].partition("?")[0]:
        return False
    if adapter.method == "GET" or not media_type(adapter).endswith("json"):
        return True
    try:
        msgspec.json.decode(filled_body(adapter, dict.fromkeys(PLACES, 'a "quoted" \\ line\nand another')))
    except msgspec.DecodeError:
        return False
    return True
