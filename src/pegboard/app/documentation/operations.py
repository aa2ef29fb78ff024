"""What a route handler says of itself: parameters, body, answers."""

import inspect
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec
from litestar import Response
from litestar.enums import ParamType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Operation
from litestar.params import ParameterKwarg
from litestar.response.base import ASGIResponse
from litestar.routes import BaseRoute
from litestar.typing import FieldDefinition

from pegboard.kernel.http.application import PROVIDED
from pegboard.kernel.http.permissions import Permission
from pegboard.kernel.http.request import body_type

_NOT_PARAMETERS = {*PROVIDED, "request", "socket", "state", "scope", "headers", "cookies", "query", "body", "data"}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "pattern": "pattern",
    "multiple_of": "multipleOf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One operation, before its schemas have names."""

    handler: HTTPRouteHandler
    method: str
    path: str
    path_parameters: tuple[str, ...]
    operation_id: str
    summary: str
    description: str
    tags: tuple[str, ...]
    permission: str
    is_public: bool
    body: Any
    body_required: bool
    answer: Any
    media_type: str
    statuses: tuple[int, ...]
    refusals: tuple[int, ...]


def describe(handler: HTTPRouteHandler, method: str, route: BaseRoute) -> Described:
    """Read one method of one handler. `opt["also"]` names further statuses of success."""
    permission: Permission = handler.opt["permission"]
    name = handler.fn.__name__.strip("_")
    answer, media_type = _answer(handler)
    parameters = handler.parsed_fn_signature.parameters
    body = body_type(handler)
    paths = tuple(route.path_parameters)
    takes_body = body is not None or handler.operation_class is not Operation
    return Described(
        handler=handler,
        method=method,
        path=route.path_format,
        path_parameters=paths,
        operation_id=_camel(_text(handler.operation_id) or name),
        summary=handler.summary or name.replace("_", " ").capitalize(),
        description=inspect.cleandoc(handler.description or handler.fn.__doc__ or ""),
        tags=tuple(sorted(handler.tags or ())),
        permission=permission.name,
        is_public=permission.level == "public",
        body=body,
        body_required=body is not None and not parameters["data"].has_default,
        answer=answer,
        media_type=media_type,
        statuses=(int(handler.status_code), *handler.opt.get("also", ())),
        refusals=_refusals(permission, method, takes_body=takes_body, has_path=bool(paths)),
    )


def _text(operation_id: Any) -> str:
    return operation_id if isinstance(operation_id, str) else ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _refusals(permission: Permission, method: str, *, takes_body: bool, has_path: bool) -> tuple[int, ...]:
    found = {422, 429, 503}
    if permission.level != "public":
        found |= {401, 403}
    if has_path:
        found.add(404)
    if method != "get":
        found.add(409)
    if takes_body:
        found |= {400, 413, 415}
    return tuple(sorted(found))


def _answer(handler: HTTPRouteHandler) -> tuple[Any, str]:
    """The type of the answer (None: no JSON), and its media type ("": no content)."""
    annotation = handler.parsed_fn_signature.return_type.annotation
    if get_origin(annotation) is not None and _is_response(get_origin(annotation)):
        (annotation,) = get_args(annotation)
    media_type = getattr(handler.media_type, "value", handler.media_type) or "application/json"
    if annotation in (None, NoneType):
        return None, ""
    if media_type != "application/json" or annotation is bytes or _is_response(annotation):
        return None, media_type
    return annotation, media_type


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, (Response, ASGIResponse))


# --- parameters -----------------------------------------------------------------------------------------------


def parameter_objects(described: Described) -> list[dict[str, Any]]:
    """The parameter objects of the operation: path first, then query and headers as the handler names them."""
    found = []
    for name, field in described.handler.parsed_fn_signature.parameters.items():
        if name in _NOT_PARAMETERS or name in described.handler.resolve_dependencies():
            continue
        place, wire_name = _place(name, field, described.path_parameters)
        parameter: dict[str, Any] = {"name": wire_name, "in": place, "schema": _schema(field)}
        if place == "path" or not (field.has_default or field.is_optional):
            parameter["required"] = True
        if field.has_default and field.default is not None:
            parameter["schema"]["default"] = msgspec.to_builtins(field.default)
        kwarg = field.kwarg_definition
        if isinstance(kwarg, ParameterKwarg) and kwarg.description:
            parameter["description"] = kwarg.description
        found.append(parameter)
    missing = [name for name in described.path_parameters if name not in {each["name"] for each in found}]
    found += [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in missing]
    return sorted(found, key=lambda parameter: parameter["in"] != "path")


def _place(name: str, field: FieldDefinition, path_parameters: tuple[str, ...]) -> tuple[str, str]:
    if name in path_parameters:
        return "path", name
    kwarg = field.kwarg_definition
    if not isinstance(kwarg, ParameterKwarg):
        return "query", name
    places = {ParamType.HEADER: "header", ParamType.COOKIE: "cookie"}
    return places.get(kwarg.param_type, "query") if kwarg.param_type else "query", kwarg.name or name


def _schema(field: FieldDefinition) -> dict[str, Any]:
    """The type without its null, which a query cannot say, and the bounds of Litestar's `Parameter`."""
    schema = dict(msgspec.json.schema(_plain(field.raw)))
    if "anyOf" in schema:
        kinds = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
        schema = {**kinds[0], **schema} if len(kinds) == 1 else {"anyOf": kinds, **schema}
    schema.pop("default", None)
    named = schema.pop("$defs", {})
    if "$ref" in schema:  # an enumeration: a parameter carries it itself
        schema = {**named[schema.pop("$ref").rpartition("/")[2]], **schema}
    kwarg = field.kwarg_definition
    if isinstance(kwarg, ParameterKwarg):
        for name, word in _BOUNDS.items():
            if (value := getattr(kwarg, name)) is not None:
                schema[word] = value
    return schema


def _plain(annotation: Any) -> Any:
    """Without Litestar's own metadata; msgspec's stays."""
    if hasattr(annotation, "__metadata__"):
        kept = [each for each in annotation.__metadata__ if isinstance(each, msgspec.Meta)]
        inner = annotation.__origin__
        return Annotated[inner, *kept] if kept else inner
    return annotation
