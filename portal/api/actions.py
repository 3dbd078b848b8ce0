"""One-click actions: `POST /api/v1/cases/<id>/actions/…` and a call on a relation (SPEC 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...lists.columns import ColumnType, column_type
from ...lists.crm import cases, relations
from ...lists.errors import FieldError, Invalid
from ...lists.query import get
from ..request import actor, session
from .etags import seen_version
from .json import body, made, parsed
from .operations import IF_MATCH_OPTIONAL, Schema, fields, operation, ref
from .schemas import written_schema

blueprint = Blueprint("api_actions", __name__, url_prefix="/api/v1")
TAG = "actions"

Fields = Mapping[str, ColumnType]
LONG = column_type("text", {"multiline": True})
TASK: Fields = {"description": LONG, "due": column_type("date", {})}
CALL: Fields = {"description": LONG, "contact": column_type("lookup", {"list": "contacts"})}
MEETING: Fields = {
    "name": column_type("text", {}),
    "description": LONG,
    "start": column_type("datetime", {}),
    "end": column_type("datetime", {}),
    "place": column_type("text", {}),
    "participants": column_type("participants", {}),
}
CLOSE: Fields = {
    "outcome": column_type("choice", {"choices": ["won", "lost"]}),
    "closing_note": LONG,
    "closing_reason": column_type("lookup", {"list": "closing_reasons"}),
    "continue_as_support": column_type("boolean", {}),
    "support_group": column_type("lookup", {"list": "sales_groups"}),
    "support_salesperson": column_type("lookup", {"list": "salespeople"}),
}


def _body_of(kinds: Fields, *required: str) -> Schema:
    return fields({name: written_schema(kind) for name, kind in kinds.items()}, *required)


def _made(*names: str) -> Schema:
    known = {"activity": "activities", "event": "events", "case": "cases", "support_case": "cases"}
    return fields({name: ref(f"Item.{known[name]}") for name in names}, names[0])


def given(kinds: Fields, *required: str) -> dict[str, Any]:
    """The body's values by these kinds; empty ones are left out, required ones must be there. Raises Invalid."""
    values = {name: value for name, value in parsed(body(optional=not required), kinds).items() if value is not None}
    missing = [
        FieldError(name, "“%(column)s” must be filled in.", {"column": name}) for name in required if name not in values
    ]
    if missing:
        raise Invalid.many(missing)
    return values


@blueprint.post("/cases/<int:item_id>/actions/task")
@operation(
    summary="Make a task on a case", tag=TAG, body=_body_of(TASK), body_required=False, answers={201: _made("activity")}
)
def task(item_id: int) -> ResponseReturnValue:
    who, values = actor(), given(TASK)
    return made(cases.task(session(), who, item_id, **values), 201)


@blueprint.post("/cases/<int:item_id>/actions/call")
@operation(
    summary="Record a phone call on a case",
    tag=TAG,
    body=_body_of(CALL),
    body_required=False,
    answers={201: _made("activity")},
)
def call(item_id: int) -> ResponseReturnValue:
    who, values = actor(), given(CALL)
    return made(cases.call(session(), who, item_id, **values), 201)


@blueprint.post("/cases/<int:item_id>/actions/meeting")
@operation(
    summary="Arrange a meeting on a case",
    tag=TAG,
    body=_body_of(MEETING, "start", "end"),
    answers={201: _made("activity", "event")},
    description="One activity and one calendar event.",
)
def meeting(item_id: int) -> ResponseReturnValue:
    who, values = actor(), given(MEETING, "start", "end")
    return made(cases.meeting(session(), who, item_id, **values), 201)


@blueprint.post("/cases/<int:item_id>/actions/close")
@operation(
    summary="Close a case",
    tag=TAG,
    body=_body_of(CLOSE, "outcome"),
    answers={200: _made("case", "support_case")},
    parameters=(IF_MATCH_OPTIONAL,),
    problems=(409, 412),
)
def close(item_id: int) -> ResponseReturnValue:
    who, values = actor(), given(CLOSE, "outcome")
    return made(cases.close(session(), who, item_id, **values, version=_seen(item_id)))


@blueprint.post("/cases/<int:item_id>/actions/reopen")
@operation(
    summary="Make a closed case New again",
    tag=TAG,
    body=fields({}),
    body_required=False,
    answers={200: _made("case")},
    parameters=(IF_MATCH_OPTIONAL,),
    problems=(409, 412),
)
def reopen(item_id: int) -> ResponseReturnValue:
    who = actor()
    given({})
    return made(cases.reopen(session(), who, item_id, version=_seen(item_id)))


@blueprint.post("/relations/<int:item_id>/actions/call")
@operation(
    summary="Record a phone call with a company",
    tag=TAG,
    body=_body_of(CALL),
    body_required=False,
    answers={201: _made("activity")},
)
def call_relation(item_id: int) -> ResponseReturnValue:
    who, values = actor(), given(CALL)
    return made(relations.call(session(), who, item_id, **values), 201)


def _seen(case_id: int) -> int | None:
    return seen_version(lambda: get(session(), actor(), "cases", case_id).version, required=False)
