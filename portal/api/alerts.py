"""What the token's user wants to be told of: `/api/v1/me/alerts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from ...lists.columns import ColumnType, column_type
from ...lists.columns.numbers import WholeColumn
from ...lists.errors import FieldError, Invalid
from ..notices import alerts
from ..notices.alerts import CHANGES, Shown, Wish
from ..notices.models import Alert
from ..notices.schedule import RHYTHMS
from ..request import actor, session
from .json import answer, body, only, parsed
from .operations import fields, listed, operation, ref
from .schemas import ID, TEXT

blueprint = Blueprint("api_alerts", __name__, url_prefix="/api/v1/me/alerts")
WAYS = ("portal", "mail")
_INSTANT = column_type("datetime", {})
_CHOICES: Mapping[str, ColumnType] = {
    "changes": column_type("choice", {"choices": list(CHANGES)}),
    "rhythm": column_type("choice", {"choices": list(RHYTHMS)}),
    "hour": WholeColumn({}),
    "weekday": WholeColumn({}),
}
_SUBJECT: Mapping[str, ColumnType] = {
    "list": column_type("text", {}), "item": WholeColumn({}), "view": WholeColumn({}),
}  # fmt: skip
_WISH = {
    "changes": {"enum": list(CHANGES)},
    "columns": {"type": "array", "items": TEXT, "description": "With `changes: columns`: which"},
    "rhythm": {"enum": list(RHYTHMS)},
    "hour": {"type": "integer", "minimum": 0, "maximum": 23, "description": "Of a digest, on one's own clock"},
    "weekday": {"type": "integer", "minimum": 0, "maximum": 6, "description": "Of a weekly one; 0 = Monday"},
    "by": {"type": "array", "items": {"enum": list(WAYS)}, "minItems": 1},
}
ALERT = fields(
    {
        "id": ID,
        "list": {"type": ["string", "null"], "description": "null where the list is gone"},
        "item": {"anyOf": [ID, {"type": "null"}]},
        "view": {"anyOf": [ID, {"type": "null"}]},
        "about": {"type": ["string", "null"], "description": "Its title, as far as it may be read now"},
        **_WISH,
        "created": {"type": "string", "format": "date-time"},
    },
    "id", "list", "item", "view", "about", *_WISH, "created",
)  # fmt: skip
_GIVEN = fields({"list": TEXT, "item": ID, "view": ID, **_WISH}, "list")


@blueprint.get("")
@operation(summary="My alerts", tag="me", answers={200: listed(ref("Alert"))}, description="Newest first.")
def browse() -> ResponseReturnValue:
    return answer({"value": [_json(one) for one in alerts.of_user(session(), actor())]})


@blueprint.post("")
@operation(
    summary="Alert me of an item, a view or a list",
    tag="me",
    body=_GIVEN,
    answers={201: ref("Alert")},
    description="What is left out: all changes, at once, in the portal.",
)
def add() -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, *_GIVEN["properties"])
    subject = parsed({name: given[name] for name in _SUBJECT if name in given}, _SUBJECT)
    if not subject.get("list"):
        raise Invalid("list", "“%(column)s” must be filled in.", column="list")
    wish = _wish(given)
    made = alerts.add(
        session(), who, subject["list"], item_id=subject.get("item"), view_id=subject.get("view"), **wish
    )  # fmt: skip
    response = _answer(made, 201)
    response.headers["Location"] = url_for("api_alerts.read", alert_id=made.id)
    return response


@blueprint.get("/<int:alert_id>")
@operation(summary="One alert", tag="me", answers={200: ref("Alert")})
def read(alert_id: int) -> ResponseReturnValue:
    return _answer(alerts.get(session(), actor(), alert_id))


@blueprint.patch("/<int:alert_id>")
@operation(
    summary="Change an alert of one's own",
    tag="me",
    body=fields(_WISH),
    answers={200: ref("Alert")},
    description="What it has found already is told at its new time.",
)
def change(alert_id: int) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, *_WISH)
    wish = _wish(given)
    alert, found = alerts.for_change(session(), who, alert_id)
    return _answer(alerts.change(session(), who, alert_id, **{**alerts.wish_of(alert, found), **wish}))


@blueprint.delete("/<int:alert_id>")
@operation(
    summary="End an alert",
    tag="me",
    answers={204: None},
    description="What it has found and not told yet is forgotten. Administrators end anybody's.",
)
def end(alert_id: int) -> ResponseReturnValue:
    alerts.end(session(), actor(), alert_id)
    return Response(status=204)


def _wish(given: Mapping[str, Any]) -> Wish:
    """What the body says of what, when and how; null is as if it were not there. Raises Invalid, naming every field."""
    errors: list[FieldError] = []
    wish: Wish = {}
    try:
        read = parsed({name: given[name] for name in _CHOICES if name in given}, _CHOICES)
        wish.update(**{name: value for name, value in read.items() if value is not None})  # type: ignore[typeddict-item]
    except Invalid as refusal:
        errors += refusal.errors
    for name in ("columns", "by"):
        texts = given.get(name)
        if texts is not None and not (isinstance(texts, list) and all(isinstance(one, str) for one in texts)):
            errors.append(FieldError(name, "This must be a list of texts."))
    if errors:
        raise Invalid.many(errors)
    if given.get("columns") is not None:
        wish["columns"] = given["columns"]
    if given.get("by") is not None:
        wish["by_portal"], wish["by_mail"] = _ways(given["by"])
    return wish


def _ways(given: list[str]) -> tuple[bool, bool]:
    unknown = sorted(set(given) - set(WAYS))
    if unknown:
        choices = {"value": unknown[0][:40], "choices": ", ".join(WAYS)}
        raise Invalid("by", "“%(value)s” is not one of: %(choices)s.", **choices)
    return "portal" in given, "mail" in given


def _answer(alert: Alert, status: int = 200) -> Response:
    return answer(_json(alerts.shown(session(), actor(), [alert])[0]), status)


def _json(one: Shown) -> dict[str, Any]:
    alert, found = one.alert, one.definition
    return {
        "id": alert.id,
        "list": found.name if found else None,
        "item": alert.item_id,
        "view": alert.view_id,
        "about": one.about,
        "changes": alert.changes,
        "columns": [column.name for column in found.columns if column.id in alert.columns] if found else [],
        "rhythm": alert.rhythm,
        "hour": alert.hour,
        "weekday": alert.weekday,
        "by": [way for way, on in zip(WAYS, (alert.by_portal, alert.by_mail), strict=True) if on],
        "created": _INSTANT.to_json(alert.created),
    }
