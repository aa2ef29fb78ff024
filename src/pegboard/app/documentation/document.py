"""Builds the OpenAPI 3.1 document from the registered handlers.

Schemas are msgspec's own, so the document promises what the decoder checks. Of shapes that only go out every field
is required: the encoder writes all of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Operation

import pegboard
from pegboard.app.documentation.operations import (
    Described,
    describe,
    parameter_objects,
)
from pegboard.kernel.http.errors import ErrorEnvelope

REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("Malformed", "The request cannot be read."),
    401: ("Unauthenticated", "Nobody is signed in."),
    403: ("Forbidden", "Signed in, but not allowed."),
    404: ("NotFound", "It does not exist, or not for the caller: the two are never told apart."),
    409: ("Conflict", "The present state does not allow it. `revision.mismatch`: somebody changed it meanwhile."),
    413: ("TooLarge", "Over a size limit."),
    415: ("UnsupportedMedia", "The body is in a form that is not taken here."),
    422: ("Invalid", "Readable, but not acceptable; `fields` says where."),
    429: ("TooMany", "Over a rate; `Retry-After` says for how many seconds."),
    503: ("Unavailable", "Not now; `Retry-After` may say for how many seconds."),
}
_PAGE_NAME = re.compile(rb"\bPage_(\w+)_(?=\")")
_TEMPLATE = "#/components/schemas/{name}"
_INTRODUCTION = """
The native interface of Pegboard. Sign in with `POST /api/v1/sessions` and send the token as
`Authorization: Bearer …`; browsers get a cookie, and send its `csrf_token` (from `GET /api/v1/me`) as the header
`Pegboard-CSRF` with everything that writes. The header `Pegboard-Org` chooses an organisation.

Errors are `{"error": {code, message, fields, request_id}}`; `code` is stable, `message` is in the language of
`Accept-Language` (zh-TW, zh-CN, en). Lists are `{"items": […], "next": cursor | null}`. With an `Idempotency-Key`
a POST that is sent again gets the first answer. The socket `/api/v1/realtime` has a page of its own:
docs/protocol/realtime.md.
"""


def openapi_document(litestar: Litestar) -> dict[str, Any]:
    """The document of everything that this application serves."""
    # Litestar keeps the handlers of a path in a set: without an order of ours the document is another at each start.
    operations = sorted(_operations(litestar), key=lambda described: (described.path, described.method))
    _check_ids(operations)
    schemas, references = _components(operations)
    paths: dict[str, dict[str, Any]] = {}
    for described in operations:
        paths.setdefault(described.path, {})[described.method] = _operation(described, references)
    return _named_pages(
        {
            "openapi": "3.1.0",
            "info": {"title": "Pegboard", "version": pegboard.__version__, "description": _INTRODUCTION.strip()},
            "tags": [{"name": tag} for tag in dict.fromkeys(tag for described in operations for tag in described.tags)],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "responses": {name: _refusal(words) for name, words in REFUSALS.values()}
                | {"Refusal": _refusal("Any other refusal.")},
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "The token of a session (`POST /api/v1/sessions`) or a personal token.",
                    },
                    "cookie": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": "__Host-pegboard",
                        "description": "The session of a browser. What writes also needs the header `Pegboard-CSRF`.",
                    },
                },
            },
        }
    )


def _named_pages(document: dict[str, Any]) -> dict[str, Any]:
    """`Page[Member]` is called MemberPage; msgspec would say `Page_Member_`."""
    renamed = _PAGE_NAME.sub(rb"\1Page", msgspec.json.encode(document))
    named: dict[str, Any] = msgspec.json.decode(renamed)
    return named


def _operations(litestar: Litestar) -> Iterator[Described]:
    for route in litestar.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.include_in_schema is not False:
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    yield describe(handler, str(method).lower(), route)


class TwoOperations(ValueError):
    """Two operations have the same id: clients that are generated from the document would lose one."""


def _check_ids(operations: Iterable[Described]) -> None:
    seen: dict[str, str] = {}
    for described in operations:
        place = f"{described.method.upper()} {described.path}"
        if (other := seen.setdefault(described.operation_id, place)) != place:
            raise TwoOperations(f"{described.operation_id}: {other} and {place}")


# --- one operation --------------------------------------------------------------------------------------------


def _operation(described: Described, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": described.operation_id, "summary": described.summary}
    if described.description:
        operation["description"] = described.description
    if described.tags:
        operation["tags"] = list(described.tags)
    if described.is_public:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
        operation["x-permission"] = described.permission
    if parameters := parameter_objects(described):
        operation["parameters"] = parameters
    if described.body is not None:
        operation["requestBody"] = {
            "required": described.body_required,
            "content": {"application/json": {"schema": references[described.body]}},
        }
    operation["responses"] = _responses(described, references)
    if described.handler.operation_class is not Operation:  # a handler that reads or writes bytes says so itself
        own = described.handler.operation_class(operation_id=described.operation_id).to_schema()
        if "requestBody" in own:
            operation["requestBody"] = own["requestBody"]
        operation["responses"] |= own.get("responses", {})
    return operation


def _responses(described: Described, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    success: dict[str, Any] = {}
    for status in described.statuses:
        success[str(status)] = {"description": HTTPStatus(status).phrase}
        if described.media_type and status != 204:
            schema = references.get(described.answer, {"type": "string"})
            success[str(status)]["content"] = {described.media_type: {"schema": schema}}
    refusals = {str(status): {"$ref": f"#/components/responses/{REFUSALS[status][0]}"} for status in described.refusals}
    return {**success, **refusals, "default": {"$ref": "#/components/responses/Refusal"}}


def _refusal(words: str) -> dict[str, Any]:
    schema = {"$ref": _TEMPLATE.format(name=ErrorEnvelope.__name__)}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


# --- schemas --------------------------------------------------------------------------------------------------


def _components(operations: Iterable[Described]) -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    """Every named shape, and the schema that stands for each type of a body or an answer."""
    bodies = {described.body for described in operations if described.body is not None}
    answers = {described.answer for described in operations if described.answer is not None}
    kinds = [*sorted({part for kind in bodies | answers for part in _alternatives(kind)}, key=str), ErrorEnvelope]
    found, schemas = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
    references = dict(zip(kinds, found, strict=True))
    for kind in bodies | answers:
        if kind not in references:
            references[kind] = {"anyOf": [references[part] for part in _alternatives(kind)]}
    taken = set(_reachable([references[kind] for kind in bodies], schemas))
    structs = [kind for kind in _structs(kinds) if isinstance(kind.cls, type)]  # not generic ones: they write all
    sparse = {kind.cls.__name__ for kind in structs if kind.cls.__struct_config__.omit_defaults}
    unset = {
        (kind.cls.__name__, field.encode_name)
        for kind in structs
        for field in kind.fields
        if not field.required and field.default is field.default_factory is msgspec.NODEFAULT  # UNSET
    }
    for name, schema in schemas.items():
        if name not in taken and name not in sparse and schema.get("type") == "object" and "properties" in schema:
            schema.pop("title", None)
            schema["required"] = [field for field in schema["properties"] if (name, field) not in unset]
            for field in schema["properties"].values():
                field.pop("default", None)
    return dict(sorted(schemas.items())), references


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """An answer may be one of several shapes that no tag tells apart; msgspec describes each for itself."""
    parts = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else ()
    untagged = [
        part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)
        and part.__struct_config__.tag is None
    ]  # fmt: skip
    return parts if len(untagged) > 1 else (kind,)


def _reachable(roots: Iterable[Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    waiting, seen = list(roots), set()
    while waiting:
        match waiting.pop():
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                if name not in seen:
                    seen.add(name)
                    yield name
                    waiting.append(schemas[name])
            case dict() as inner:
                waiting += inner.values()
            case list() as items:
                waiting += items


def _structs(kinds: Iterable[Any]) -> Iterator[msgspec.inspect.StructType]:
    """Every Struct that the types are made of."""
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(kinds))
    seen: set[int] = set()
    while waiting:
        kind = waiting.pop()
        if id(kind) in seen or not isinstance(kind, msgspec.inspect.Type):
            continue
        seen.add(id(kind))
        if isinstance(kind, msgspec.inspect.StructType):
            yield kind
            waiting += [field.type for field in kind.fields]
        else:
            for name in ("item_type", "key_type", "value_type", "type"):
                waiting.append(getattr(kind, name, None))
            waiting += [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
