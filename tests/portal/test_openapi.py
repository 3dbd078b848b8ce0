"""The description of the API agrees with the code, and what the API answers agrees with the description."""
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalIterable=false

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from house import House
from jsonschema import Draft202012Validator

from caseroom.lists.columns import TYPES
from caseroom.portal.api.openapi import api_rules
from caseroom.portal.api.operations import answer_of
from caseroom.portal.api.schemas import _READ

OPTIONS = {
    "choice": {"choices": ["good", "bad"]},
    "multi_choice": {"choices": ["price", "service"]},
    "lookup": {"list": "relations", "show": ["phone"]},
    "reverse_lookup": {"list": "visits", "column": "before"},
    "rollup": {"list": "visits", "column": "before", "function": "max", "of": "a_currency"},
    "multi_lookup": {"list": "contacts"},
    "calculated": {"formula": "a_number * 2"},
}
VISITS = {
    "name": "visits",
    "separation": "by_group",
    "columns": [
        *({"name": f"a_{kind}", "type": kind, **OPTIONS.get(kind, {})} for kind in sorted({*TYPES} - {"content_type"})),
        {"name": "content_type", "type": "content_type", "choices": ["visit", "call"]},
        {"name": "before", "type": "lookup", "list": "visits"},
    ],
}
TEXT_LIKE = {"text", "rich_text", "choice", "content_type", "email", "phone", "url", "country", "auto_number"}


@pytest.fixture
def description(house: House) -> dict[str, Any]:
    return house.api("north").get("/api/v1/openapi.json").json


def check(description: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """`value` fits the schema, whose references are into the description."""
    whole = {
        **schema,
        "components": description["components"],
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    }
    errors = [
        f"{error.json_path}: {error.message[:200]}"
        for error in Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(value)
    ]
    assert not errors, errors


def test_every_address_and_method_is_described(house: House, description: dict[str, Any]) -> None:
    seen = 0
    for rule, method, view in api_rules(house.app):
        assert answer_of(view) is not None, f"{method} {rule.rule} needs @operation beside its view"
        path = "".join(
            "{" + part.split(">")[0].split(":")[-1] + "}" + part.split(">")[1] if ">" in part else part
            for part in rule.rule.split("<")
        )
        assert method.lower() in description["paths"][path], (method, path)
        seen += 1
    assert seen == sum(len(methods) for methods in description["paths"].values()) >= 20


def test_an_address_without_a_description_is_noticed(house: House) -> None:
    app = Flask("other")
    app.add_url_rule("/api/v1/secret", view_func=lambda: "", endpoint="secret")
    assert [answer_of(view) for _, _, view in api_rules(app)] == [None]


def test_it_is_openapi(description: dict[str, Any]) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")
    validator.validate(description)
    for path, methods in description["paths"].items():
        ids = [
            parameter["name"] for parameter in next(iter(methods.values()))["parameters"] if parameter["in"] == "path"
        ]
        assert ids == [part[1:-1] for part in path.split("/") if part.startswith("{")], path
        for method, found in methods.items():
            assert "401" in found["responses"], (method, path)
            assert method not in ("post", "patch") or "requestBody" in found, (method, path)
    operation_ids = [found["operationId"] for methods in description["paths"].values() for found in methods.values()]
    assert len(set(operation_ids)) == len(operation_ids)


def test_every_column_type_has_a_schema() -> None:
    assert set(TYPES) - {"calculated", "rollup"} == (set(_READ) - {"whole"}) | TEXT_LIKE


def test_real_answers_fit_the_description(house: House, description: dict[str, Any]) -> None:
    north, case = house.api("north"), house.make_case(name="Deal", value="12.50")
    base = f"/api/v1/cases/{case.id}/actions"
    meeting = {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"}
    item = f"/api/v1/lists/cases/items/{case.id}"
    for method, address, path, body in (
        ("GET", "/api/v1/me", None, None),
        ("GET", "/api/v1/lists", None, None),
        ("GET", "/api/v1/lists/cases", "/api/v1/lists/{name}", None),
        ("GET", "/api/v1/lists/cases/columns", "/api/v1/lists/{name}/columns", None),
        ("GET", "/api/v1/lists/cases/views", "/api/v1/lists/{name}/views", None),
        ("POST", "/api/v1/lists/cases/views", "/api/v1/lists/{name}/views", {"name": "mine2", "filter": "value gt 1"}),
        ("GET", "/api/v1/lists/cases/items?$count=true&$top=0", "/api/v1/lists/{name}/items", None),
        ("GET", "/api/v1/lists/cases/items", "/api/v1/lists/{name}/items", None),
        ("POST", "/api/v1/lists/relations/items", "/api/v1/lists/{name}/items", {"name": "x"}),
        ("PATCH", item, "/api/v1/lists/{name}/items/{item_id}", {"description": "x"}),
        ("GET", f"{item}?$expand=company", "/api/v1/lists/{name}/items/{item_id}", None),
        ("GET", f"{item}/versions", "/api/v1/lists/{name}/items/{item_id}/versions", None),
        ("POST", f"{item}/restore", "/api/v1/lists/{name}/items/{item_id}/restore", {"version": 1}),
        *(
            ("POST", f"{base}/{action}", "/api/v1/cases/{item_id}/actions/" + action, given)
            for action, given in (
                ("task", {}),
                ("call", {}),
                ("meeting", meeting),
                ("close", {"outcome": "won"}),
                ("reopen", None),
            )
        ),
        ("GET", "/api/v1/me/nothing", None, None),
        ("POST", "/api/v1/lists/cases/items", "/api/v1/lists/{name}/items", {"nonsense": 1}),
        ("PATCH", item, "/api/v1/lists/{name}/items/{item_id}", {"value": "x"}),
        ("GET", "/api/v1/lists/cases/items/99999", "/api/v1/lists/{name}/items/{item_id}", None),
    ):
        headers = {"If-Match": "*"} if method == "PATCH" else {}
        answer = north.open(address, method=method, json=body, headers=headers)
        if answer.status_code == 404 and path is None:
            check(description, description["components"]["schemas"]["Problem"], answer.json)
            continue
        described = description["paths"][path or address][method.lower()]["responses"]
        assert str(answer.status_code) in described, (method, address, answer.status_code, answer.text)
        schema = described[str(answer.status_code)]["content"][answer.mimetype]["schema"]
        check(description, schema, answer.json)


def test_items_of_every_list_fit_their_lists_schema(house: House) -> None:
    admin = house.api("admin")
    assert admin.post("/api/v1/lists", json=VISITS).status_code == 201
    firm, case = house.make_relation(), house.make_case()
    house.make("contacts", {"company": firm.id})
    house.make("products", {"price": "3.20"}, by="admin")
    whole = {
        "a_tags": ["a"],
        "a_address": {"street": "x"},
        "a_multi_choice": ["price"],
        "a_participants": [{"email": "a@b.c"}],
        "a_person": house.people["north"],
        "a_number": "2",
        "a_datetime": "2026-01-01T00:00:00Z",
    }
    house.api("north").post("/api/v1/lists/visits/items", json={"name": "v", "a_lookup": firm.id, **whole})
    house.api("north").post(
        f"/api/v1/cases/{case.id}/actions/meeting",
        json={"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"},
    )
    description = admin.get("/api/v1/openapi.json").json
    filled = set()
    for reader in ("admin", "north", "south"):
        client = house.api(reader)
        for found in client.get("/api/v1/lists").json["value"]:
            schema = description["components"]["schemas"][f"Item.{found['name']}"]
            for item in client.get(f"/api/v1/lists/{found['name']}/items").json["value"]:
                check(description, schema, item)
                assert set(item) == set(schema["properties"])
                filled.add(found["name"])
    assert {
        "cases",
        "relations",
        "contacts",
        "activities",
        "events",
        "visits",
        "products",
        "owners",
        "sales_groups",
        "salespeople",
    } <= filled


def test_a_new_list_is_described_at_once(house: House, description: dict[str, Any]) -> None:
    assert "Item.visits" not in description["components"]["schemas"]
    assert house.api("admin").post("/api/v1/lists", json=VISITS).status_code == 201
    schemas = house.api("north").get("/api/v1/openapi.json").json["components"]["schemas"]
    assert schemas["Write.visits"]["properties"]["a_choice"]["anyOf"][0] == {"enum": ["good", "bad"]}
    assert (
        "owner" not in schemas["Write.visits"]["properties"]
        and schemas["Item.visits"]["properties"]["owner"]["readOnly"]
    )
