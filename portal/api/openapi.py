"""The description of the API for programs: `/api/v1/openapi.json` (OpenAPI 3.1), made from the URL map."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from ... import __version__
from ...lists.catalogue import Catalogue, catalogue
from ..request import actor, home, session
from .alerts import ALERT
from .import_schemas import IMPORT
from .json import answer
from .operations import PROBLEMS, Operation, Schema, answer_of, listed, operation, ref
from .schemas import (
    ANY_ITEM,
    COLUMN,
    COMMENT,
    LIST,
    ME,
    NOTICES,
    PAGE,
    PROBLEM,
    REFERENCE,
    VERSION,
    VIEW,
    item_schema,
    item_write_schema,
)

blueprint = Blueprint("api_openapi", __name__, url_prefix="/api/v1")
_PLACE = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_BY_ITSELF = {"HEAD", "OPTIONS"}  # answered from GET and from the URL map


@blueprint.get("/openapi.json")
@operation(summary="This description", tag="me", answers={200: {"type": "object"}})
def description() -> ResponseReturnValue:
    actor()
    return answer(describe(current_app._get_current_object(), catalogue(session()), home().settings.public_url))  # type: ignore[attr-defined]


def describe(app: Flask, lists: Catalogue, public_url: str) -> dict[str, Any]:
    """The OpenAPI document of the application's API. Raises LookupError for an address that nobody described."""
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view in api_rules(app):
        described = answer_of(view)
        if described is None:
            raise LookupError(f"{method} {rule.rule} has no description: put @operation beside its view")
        paths.setdefault(_PLACE.sub(r"{\g<name>}", rule.rule), {})[method.lower()] = _operation_json(rule, described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Caseroom",
            "version": __version__,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": public_url}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(_components(lists)),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of `caseroom token add`"}
            },
        },
    }


def api_rules(app: Flask) -> Iterator[tuple[Rule, str, Any]]:
    """(rule, method, view) of every address below `/api/`."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for method in sorted((rule.methods or set()) - _BY_ITSELF):
                yield rule, method, app.view_functions[rule.endpoint]


def _operation_json(rule: Rule, described: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": rule.endpoint.replace("api_", "", 1).replace(".", "_"),
        "summary": described.summary,
        "tags": [described.tag],
        "parameters": [*_path_parameters(rule), *described.parameters],
        "responses": {str(status): _answer_json(schema, described) for status, schema in described.answers.items()},
    }
    if described.description:
        found["description"] = described.description
    if described.body is not None:
        found["requestBody"] = {
            "required": described.body_required,
            "content": {described.body_type: {"schema": described.body}},
        }
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    for status in described.problems:
        found["responses"][str(status)] = {"description": PROBLEMS[status], "content": problem}
    return found


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": place["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if place["kind"] == "int" else "string"},
        }
        for place in _PLACE.finditer(rule.rule)
    ]


def _answer_json(schema: Mapping[str, Any] | None, described: Operation) -> dict[str, Any]:
    if schema is None:
        return {"description": "Done; there is nothing to say"}
    return {"description": described.summary, "content": {described.answer_type: {"schema": schema}}}


def _components(lists: Catalogue) -> Mapping[str, Schema]:
    """All named schemas: the fixed ones, and two for each list."""
    named: dict[str, Schema] = {
        "Problem": PROBLEM,
        "Item": ANY_ITEM,
        "Page": PAGE,
        "Column": COLUMN,
        "View": VIEW,
        "List": LIST,
        "Lists": dict(listed(ref("List"))),
        "Versions": dict(listed(VERSION)),
        "Me": ME,
        "Notices": NOTICES,
        "Comment": COMMENT,
        "Comments": dict(listed(ref("Comment"))),
        "Reference": REFERENCE,
        "Import": IMPORT,
        "Alert": ALERT,
    }
    for name, found in sorted(lists.by_name.items()):
        named[f"Item.{name}"] = item_schema(found)
        named[f"Write.{name}"] = item_write_schema(found)
    return named
