"""The lists themselves: what there is, and making and changing it at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from ...lists import changing, schema
from ...lists.catalogue import Column, ListDefinition, View, catalogue, definition
from ...lists.errors import Invalid
from ...lists.formulas import definitions as formulas
from ...lists.models import now
from ..request import actor, session
from .json import answer, body, only
from .odata import column_type_of, parse_filter, parse_orderby
from .operations import fields as object_of
from .operations import operation, ref
from .schemas import COLUMN_CHANGED, COLUMN_GIVEN, LIST_GIVEN, TITLE_GIVEN, VALIDATION_GIVEN, VIEW_GIVEN

blueprint = Blueprint("api_lists", __name__, url_prefix="/api/v1/lists")
TAG = "lists"
_HIDDEN_OPTIONS = ("hidden", "section", "in_form", "by_program")


@blueprint.get("")
@operation(summary="All lists", tag=TAG, answers={200: ref("Lists")})
def browse() -> ResponseReturnValue:
    who = actor()
    return answer({"value": [_list_json(found, who.user_id) for found in catalogue(session()).by_name.values()]})


@blueprint.post("")
@operation(
    summary="Make a list",
    tag=TAG,
    body=LIST_GIVEN,
    answers={201: ref("List")},
    problems=(409,),
    description="Every list begins with a column `name`. Administrators only.",
)
def create() -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "name", "title", "separation", "description", "columns", "views", "validation")
    views = _objects(given, "views")
    made = {key: value for key, value in given.items() if key not in ("views", "description")}
    made |= {"columns": _objects(given, "columns"), "settings": _settings(given)}
    schema.create_list(session(), who, made)
    for view in views:
        _save_view(given["name"], {**view, "shared": True})
    response = answer(_list_json(definition(session(), given["name"]), who.user_id), 201)
    response.headers["Location"] = url_for("api_lists.read", name=given["name"])
    return response


@blueprint.get("/<name>")
@operation(summary="One list with its columns and views", tag=TAG, answers={200: ref("List")})
def read(name: str) -> ResponseReturnValue:
    who = actor()
    return answer(_list_json(definition(session(), name), who.user_id))


@blueprint.patch("/<name>")
@operation(
    summary="Change a list",
    tag=TAG,
    answers={200: ref("List")},
    body=object_of(
        {"title": TITLE_GIVEN, "separation": {"enum": list(schema.SEPARATIONS)}, "validation": VALIDATION_GIVEN}
    ),
    description="A new separation gives every item its new rights in the same transaction. Administrators only.",
)
def change(name: str) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "title", "separation", "validation")
    schema.change_list(session(), who, name, given)
    return answer(_list_json(definition(session(), name), who.user_id))


@blueprint.delete("/<name>")
@operation(
    summary="Put a list away",
    tag=TAG,
    answers={204: None},
    problems=(403, 409),
    description="The CRM's own lists stay, and those that others point to. Administrators only.",
)
def delete(name: str) -> ResponseReturnValue:
    schema.delete_list(session(), actor(), name)
    return Response(status=204)


@blueprint.get("/<name>/columns")
@operation(
    summary="A list's columns",
    tag=TAG,
    answers={200: {"type": "object", "properties": {"value": {"type": "array", "items": ref("Column")}}}},
)
def columns(name: str) -> ResponseReturnValue:
    actor()
    found = definition(session(), name)
    return answer({"value": [_column_json(found, column) for column in found.visible_columns]})


@blueprint.post("/<name>/columns")
@operation(
    summary="Add a column",
    tag=TAG,
    body=COLUMN_GIVEN,
    answers={201: ref("Column")},
    problems=(409,),
    description="Administrators only.",
)
def add_column(name: str) -> ResponseReturnValue:
    who, given = actor(), body()
    schema.add_column(session(), who, name, given)
    found = definition(session(), name)
    return answer(_column_json(found, found.column(given["name"])), 201)


@blueprint.patch("/<name>/columns/<column>")
@operation(
    summary="Change a column's title, description or formulas",
    tag=TAG,
    body=COLUMN_CHANGED,
    answers={200: ref("Column")},
    description="null takes an option away. Administrators only.",
)
def change_column(name: str, column: str) -> ResponseReturnValue:
    who, given = actor(), body()
    changing.change_column(session(), who, name, column, given)
    found = definition(session(), name)
    return answer(_column_json(found, found.column(column)))


@blueprint.delete("/<name>/columns/<column>")
@operation(
    summary="Take a column out of a list",
    tag=TAG,
    answers={204: None},
    problems=(403, 409),
    description="Not while a formula or a view uses it. Administrators only.",
)
def delete_column(name: str, column: str) -> ResponseReturnValue:
    changing.delete_column(session(), actor(), name, column)
    return Response(status=204)


@blueprint.get("/<name>/views")
@operation(
    summary="A list's views: everybody's and one's own",
    tag=TAG,
    answers={200: {"type": "object", "properties": {"value": {"type": "array", "items": ref("View")}}}},
)
def views(name: str) -> ResponseReturnValue:
    who = actor()
    return answer({"value": _views_json(definition(session(), name), who.user_id)})


@blueprint.post("/<name>/views")
@operation(
    summary="Save a view",
    tag=TAG,
    body=VIEW_GIVEN,
    answers={201: ref("View")},
    description="`shared`: for everybody, by administrators only; else one's own.",
)
def save_view(name: str) -> ResponseReturnValue:
    given = body()
    actor()
    return answer(_view_json(_save_view(name, given)), 201)


def _save_view(list_name: str, given: Mapping[str, Any]) -> View:
    """Save a view whose columns, filter and order the list understands. Raises Invalid."""
    who, found = actor(), definition(session(), list_name)
    only(given, "name", "title", "columns", "filter", "order", "group", "shared", "default")
    for name in ("filter", "order", "group"):
        if given.get(name) is not None and not isinstance(given[name], str):
            raise Invalid(name, "This must be a text.")
    if given.get("filter"):
        parse_filter(given["filter"], found, who, now(), catalogue(session()))
    if given.get("order"):
        parse_orderby(given["order"], found)
    given = {name: value for name, value in given.items() if value is not None}
    names = given.get("columns", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("columns", "This must be a list of words.")
    for name in [*names, *filter(None, [given.get("group")])]:
        column_type_of(found, name, "columns")
    number = schema.save_view(session(), who, list_name, given)
    return next(view for view in definition(session(), list_name).views if view.id == number)


def _objects(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = given.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Invalid(name, "This must be a list of objects.")
    return found


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    rule = {"validation": given["validation"]} if given.get("validation") is not None else {}
    text = given.get("description")
    if text is None:
        return rule
    texts = {"en": text} if isinstance(text, str) else text
    if not isinstance(texts, dict) or not all(isinstance(one, str) for one in texts.values()):
        raise Invalid("description", "This is a text, or one text per language.")
    return {"description": texts, **rule}


def _list_json(found: ListDefinition, user_id: int | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": found.name,
        "title": dict(found.titles),
        "separation": found.separation,
        "kind": found.kind,
        "columns": [_column_json(found, column) for column in found.visible_columns],
        "views": _views_json(found, user_id),
    }
    if found.settings.get("description"):
        shown["description"] = found.settings["description"]
    if found.settings.get("validation"):
        shown |= formulas.shown(catalogue(session()), found, {"validation": found.settings["validation"]})
    return shown


def _column_json(found: ListDefinition, column: Column) -> dict[str, Any]:
    options = {key: value for key, value in column.options.items() if key not in _HIDDEN_OPTIONS}
    options = formulas.shown(catalogue(session()), found, options)
    if not column.type.is_stored:
        options["result"] = column.type.result.name
    fixed = {"name": column.name, "type": column.type.name, "title": dict(column.titles)}
    return {**options, **fixed, "required": column.required, "read_only": column.by_program}


def _views_json(found: ListDefinition, user_id: int | None) -> list[dict[str, Any]]:
    return [_view_json(view) for view in found.views if view.user_id in (None, user_id)]


def _view_json(view: View) -> dict[str, Any]:
    return {
        **view.settings,
        "id": view.id,
        "name": view.name,
        "title": dict(view.titles),
        "shared": view.user_id is None,
    }
