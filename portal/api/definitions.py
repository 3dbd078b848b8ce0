"""The lists themselves: what there is, and making and changing it at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from ...lists import (
    bins,
    changing,
    comments,
    folders,
    list_files,
    list_forms,
    list_settings,
    retyping,
    retyping_jobs,
    schema,
    views,
)  # fmt: skip
from ...lists.catalogue import Column, ListDefinition, catalogue, definition
from ...lists.errors import Invalid
from ...lists.formulas import definitions as formulas
from ...lists.rights import Actor
from ...lists.view_settings import SETTINGS
from ..request import actor, home, session
from .json import answer, body, only
from .operations import operation, ref
from .schemas import COLUMN_CHANGED, COLUMN_GIVEN, LIST_CHANGED, LIST_GIVEN
from .views import view_json

blueprint = Blueprint("api_lists", __name__, url_prefix="/api/v1/lists")
TAG = "lists"
_GIVEN = ("name", "title", "separation", "description", "kind", "headline", "translated", "validation", "form",
          "comments", "folders")  # fmt: skip
_HIDDEN_OPTIONS = ("hidden", "section", "in_form", "by_program")


@blueprint.get("")
@operation(summary="All lists", tag=TAG, answers={200: ref("Lists")})
def browse() -> ResponseReturnValue:
    who = actor()
    return answer({"value": [_list_json(found, who) for found in catalogue(session()).by_name.values()]})


@blueprint.post("")
@operation(
    summary="Make a list",
    tag=TAG,
    body=LIST_GIVEN,
    answers={201: ref("List")},
    problems=(409,),
    description="Every list begins with a column `name`. A refusal of a column names it by its place, counted from 0: "
    "`columns[3].type`. Administrators only.",
)
def create() -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, *_GIVEN, "columns", "views")
    given_views = _objects(given, "views")
    made = {key: value for key, value in given.items() if key != "views"}
    made["columns"] = _objects(given, "columns")
    with list_files.placed(made, first=0):
        list_settings.create(session(), who, made)
    for view in given_views:
        only(view, "name", "title", "shared", *SETTINGS)
        views.save(session(), who, given["name"], {**view, "shared": True})
    response = answer(_list_json(definition(session(), given["name"]), who), 201)
    response.headers["Location"] = url_for("api_lists.read", name=given["name"])
    return response


@blueprint.get("/<name>")
@operation(summary="One list with its columns and views", tag=TAG, answers={200: ref("List")})
def read(name: str) -> ResponseReturnValue:
    who = actor()
    return answer(_list_json(definition(session(), name), who))


@blueprint.patch("/<name>")
@operation(
    summary="Change a list",
    tag=TAG,
    answers={200: ref("List")},
    body=LIST_CHANGED,
    description="A new separation or kind gives every item its new rights in the same transaction. An archived list "
    "is read only. Administrators only.",
)
def change(name: str) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, *LIST_CHANGED["properties"])
    list_settings.change(session(), who, name, given)
    return answer(_list_json(definition(session(), name), who))


@blueprint.delete("/<name>")
@operation(
    summary="Put a list away",
    tag=TAG,
    answers={204: None},
    problems=(403, 409),
    description="The CRM's own lists stay, and those that others point to. Administrators only.",
)
def delete(name: str) -> ResponseReturnValue:
    bins.delete_list(session(), actor(), name)
    return Response(status=204)


@blueprint.get("/<name>/columns")
@operation(
    summary="A list's columns",
    tag=TAG,
    answers={200: {"type": "object", "properties": {"value": {"type": "array", "items": ref("Column")}}}},
)
def columns(name: str) -> ResponseReturnValue:
    who, found = actor(), definition(session(), name)
    becoming = _becoming(found, who)
    return answer({"value": [_column_json(found, one) | becoming.get(one.name, {}) for one in found.visible_columns]})


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
    summary="Change a column",
    tag=TAG,
    body=COLUMN_CHANGED,
    answers={200: ref("Column"), 202: ref("Column")},
    problems=(409,),
    description="null takes an option away. Another type or other decimals make new values of those that stand: what "
    "does not convert is told with 409, until `confirm` is true; the values as they were are kept for 30 days. Of a "
    "large list this is done in the background (202): `becoming` says how far; where it is `asking`, send it again "
    "with `confirm`. Administrators only.",
)
def change_column(name: str, column: str) -> ResponseReturnValue:
    who, given = actor(), body()
    confirmed = given.pop("confirm", False) is True
    if retyping.is_meant(home().database, name, column, given):
        told = retyping_jobs.change_type(home().database, who, name, column, given, confirmed=confirmed)
    else:
        told = changing.change_column(session(), who, name, column, given)
    found = definition(session(), name)
    made = _column_json(found, found.column(column)) | _becoming(found, who).get(column, {})
    return answer(made, 202 if isinstance(told, int) else 200)


@blueprint.delete("/<name>/columns/<column>")
@operation(
    summary="Take a column out of a list",
    tag=TAG,
    answers={204: None},
    problems=(403, 409),
    description="Not while a formula or a view uses it. It can be brought back for 30 days. Administrators only.",
)
def delete_column(name: str, column: str) -> ResponseReturnValue:
    bins.delete_column(session(), actor(), name, column)
    return Response(status=204)


def _becoming(found: ListDefinition, who: Actor) -> dict[str, dict[str, Any]]:
    """What the worker does to columns' types, by column, for administrators: `becoming`, to be put into their JSON."""
    if not who.is_administrator:
        return {}
    names = {column.id: column.name for column in found.own_columns}
    return {
        names[column_id]: {"becoming": {
            "type": retyping_jobs.wanted_type(session(), job), "state": job.state, "values": job.total,
            "converted": job.converted, "lost": job.lost,
        }}
        for column_id, job in retyping.running(session(), found).items() if column_id in names
    }  # fmt: skip


def _objects(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = given.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Invalid(name, "This must be a list of objects.")
    return found


def _list_json(found: ListDefinition, who: Actor) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": found.name,
        "title": dict(found.titles),
        "separation": found.separation,
        "kind": found.kind,
        "columns": [_column_json(found, column) for column in found.visible_columns],
        "views": [view_json(found, view) for view in views.views_for(session(), found, who)],
    }
    if found.settings.get("description"):
        shown["description"] = found.settings["description"]
    if found.settings.get("headline"):
        shown["headline"] = found.settings["headline"]
    if (form := list_forms.shown(found)) is not None:
        shown["form"] = form
    if (arranged := folders.of(catalogue(session()), found)) is not None:
        shown[folders.SETTING] = arranged.column.name
    if found.is_archived:
        shown["archived"] = True
    if not comments.are_on(found):
        shown["comments"] = False
    if found.settings.get("validation"):
        shown |= formulas.shown(catalogue(session()), found, {"validation": found.settings["validation"]})
    return shown


def _column_json(found: ListDefinition, column: Column) -> dict[str, Any]:
    options = {key: value for key, value in column.options.items() if key not in _HIDDEN_OPTIONS}
    options = formulas.shown(catalogue(session()), found, options)
    if not column.type.is_stored:
        options["result"] = column.type.result.name
    kind = column.type if column.is_own else column.type.result
    fixed = {"name": column.name, "type": kind.name, "title": dict(column.titles)}
    return {**options, **fixed, "required": column.required, "read_only": column.by_program}
