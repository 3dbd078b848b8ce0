"""Saved views of a list: `/api/v1/lists/<list>/views` and below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from ...lists import view_settings, views
from ...lists.catalogue import ListDefinition, View, definition
from ...lists.view_settings import SETTINGS
from ...lists.views import views_for
from ..request import actor, session
from .json import answer, body, only
from .operations import operation, ref
from .schemas import VIEW_CHANGED, VIEW_GIVEN

blueprint = Blueprint("api_views", __name__, url_prefix="/api/v1/lists/<name>/views")
TAG = "lists"


@blueprint.get("")
@operation(
    summary="A list's views: everybody's and one's own",
    tag=TAG,
    answers={200: {"type": "object", "properties": {"value": {"type": "array", "items": ref("View")}}}},
)
def browse(name: str) -> ResponseReturnValue:
    who = actor()
    found = definition(session(), name)
    return answer({"value": [view_json(found, view) for view in views_for(session(), found, who)]})


@blueprint.post("")
@operation(
    summary="Save a view",
    tag=TAG,
    body=VIEW_GIVEN,
    answers={201: ref("View")},
    problems=(409,),
    description="`shared`: for everybody, by administrators only; else one's own.",
)
def create(name: str) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "name", "title", "shared", *SETTINGS)
    return _answer(name, views.save(session(), who, name, given), 201)


@blueprint.patch("/<int:view_id>")
@operation(
    summary="Change a view: its title, its settings, its place",
    tag=TAG,
    body=VIEW_CHANGED,
    answers={200: ref("View")},
    problems=(409,),
    description="null takes a setting away. `position`: its place among everybody's views, or among one's own. "
    "`shared` gives one's own view to everybody. Everybody's views: administrators only.",
)
def change(name: str, view_id: int) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "title", "shared", "position", *SETTINGS)
    return _answer(name, views.change(session(), who, name, view_id, given))


@blueprint.delete("/<int:view_id>")
@operation(summary="Delete a view", tag=TAG, answers={204: None}, problems=(403,))
def delete(name: str, view_id: int) -> ResponseReturnValue:
    views.delete(session(), actor(), name, view_id)
    return Response(status=204)


def _answer(list_name: str, view: View, status: int = 200) -> Response:
    return answer(view_json(definition(session(), list_name), view), status)


def view_json(found: ListDefinition, view: View) -> Mapping[str, Any]:
    """A view as the API shows it."""
    return {
        **view_settings.shown(session(), found, view.settings),
        "id": view.id,
        "name": view.name,
        "title": dict(view.titles),
        "shared": view.user_id is None,
    }
