"""The OpenAPI document: what generated clients and schema tests rely on."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from litestar import get, post

from pegboard.app.asgi import described
from pegboard.app.cli import run
from pegboard.app.documentation import openapi_document
from pegboard.app.documentation.document import TwoOperations
from pegboard.kernel.http.application import routed
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import MEMBER, PUBLIC, requires


class Inner(msgspec.Struct):
    name: str
    note: str | None = None


class Given(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=9)]
    inner: list[Inner] = []


class Outer(msgspec.Struct):
    inner: Inner
    count: int = 0
    later: str | msgspec.UnsetType = msgspec.UNSET


@get("/outers", opt=requires(MEMBER), tags=["things"])
async def list_outers(limit: int = 50, cursor: str | None = None) -> Page[Outer]:
    """One line.

    And more.
    """
    raise NotImplementedError


@post("/outers/{name:str}", opt=requires(PUBLIC), tags=["things"], also=(200,))
async def make_outer(name: str, data: Given) -> Outer:
    raise NotImplementedError


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return openapi_document(routed([list_outers, make_outer], []))


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return described()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_parameters_and_answers(small: dict[str, Any]) -> None:
    operation = small["paths"]["/api/v1/outers"]["get"]
    assert operation["operationId"] == "listOuters"
    assert operation["description"].endswith("And more.")
    assert operation["parameters"] == [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 50}},
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
    ]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/OuterPage"}
    assert operation["security"] == [{"bearer": []}, {"cookie": []}]


def test_bodies_and_several_ways_to_succeed(small: dict[str, Any]) -> None:
    operation = small["paths"]["/api/v1/outers/{name}"]["post"]
    assert operation["parameters"] == [{"name": "name", "in": "path", "schema": {"type": "string"}, "required": True}]
    assert operation["requestBody"]["required"] is True
    assert {"200", "201", "400", "404", "413", "415", "422", "429", "503", "default"} <= operation["responses"].keys()
    assert not {"401", "403"} & operation["responses"].keys()
    assert operation["security"] == []


def test_what_only_goes_out_has_all_its_fields(small: dict[str, Any]) -> None:
    schemas = small["components"]["schemas"]
    assert schemas["Outer"]["required"] == ["inner", "count"]
    assert schemas["OuterPage"]["required"] == ["items", "next"]
    assert schemas["Given"]["required"] == ["title"]
    assert schemas["Given"]["additionalProperties"] is False
    # It comes in too, where `note` may be left out.
    assert schemas["Inner"]["required"] == ["name"]
    assert {"type": "null"} in schemas["Inner"]["properties"]["note"]["anyOf"]


def test_two_operations_of_one_name_are_refused() -> None:
    @get("/others", opt=requires(MEMBER), operation_id="listOuters")
    async def others() -> None:
        raise NotImplementedError

    with pytest.raises(TwoOperations, match="listOuters"):
        openapi_document(routed([list_outers, others], []))


def test_every_operation_is_complete(whole: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(whole)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(whole):
        place = f"{method} {path}"
        assert operation["tags"], place
        assert "default" in operation["responses"], place
        assert any(status.startswith("2") for status in operation["responses"]), place
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, place
        if path.startswith("/api/v1"):
            assert operation.get("description"), place


def test_every_reference_leads_somewhere(whole: dict[str, Any]) -> None:
    text = json.dumps(whole)
    wanted = {part.partition('"')[0] for part in text.split('"$ref": "#/components/')[1:]}
    for reference in wanted:
        kind, _, name = reference.partition("/")
        assert name in whole["components"][kind], reference


def test_refusals_are_the_envelope(whole: dict[str, Any]) -> None:
    for response in whole["components"]["responses"].values():
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorEnvelope"}


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str], whole: dict[str, Any]) -> None:
    assert run(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == whole
