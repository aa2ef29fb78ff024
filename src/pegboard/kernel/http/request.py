"""The request as handlers get it: a JSON body is decoded once, strictly, as what the handler declares."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg

from pegboard.kernel.errors import BadRequest
from pegboard.kernel.http.errors import UnsupportedMedia, from_msgspec


class StrictRequest(Request[Any, Any, Any]):
    """Litestar would convert (`"5"` is no number in JSON), and would take any content type for JSON."""

    async def body(self) -> bytes:
        """The whole body; where JSON is wanted, other kinds (which nobody has measured) are not even read."""
        kind = self.headers.get("content-type", "")
        if kind and body_type(self.route_handler) is not None:
            check_content_type(kind)
        return await super().body()

    async def json(self) -> Any:
        """The body as the type of the handler's `data`; without one, whatever JSON it is."""
        content = await self.body()
        check_content_type(self.headers.get("content-type", ""))
        try:
            return _decoder(self.route_handler).decode(content)
        except msgspec.ValidationError as error:
            raise from_msgspec(error) from None
        except msgspec.DecodeError:
            raise BadRequest from None


def check_content_type(content_type: str) -> None:
    """Refuse a body that does not say it is JSON: what does, no page of another site can send unasked."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMedia


def body_type(handler: Any) -> Any:
    """What the handler takes as its JSON body; None if it takes none (or a form)."""
    field = handler.parsed_fn_signature.parameters.get("data")
    if field is None:
        return None
    body = field.kwarg_definition
    if isinstance(body, BodyKwarg) and body.media_type not in (RequestEncodingType.JSON, "application/json"):
        return None
    return field.raw


@lru_cache(maxsize=4096)
def _decoder(handler: Any) -> msgspec.json.Decoder[Any]:
    kind = body_type(handler)
    return msgspec.json.Decoder(Any if kind is None else kind)
