"""An item is shown to colleagues: `/api/v1/lists/<list>/items/<id>/share`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...lists.errors import Invalid
from ...lists.rights import Actor
from ..notices import sharing
from ..request import actor, session
from .json import answer, body, only
from .operations import fields, operation
from .schemas import ID, REFERENCE, TEXT

blueprint = Blueprint("api_sharing", __name__, url_prefix="/api/v1/lists/<name>/items/<int:item_id>/share")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PEOPLE = {"anyOf": [{"type": "array", "items": REFERENCE}, {"type": "null"}]}


@blueprint.post("")
@operation(
    summary="Show an item to colleagues",
    tag="items",
    body=fields(
        {
            "people": {"type": "array", "items": ID, "minItems": 1, "maxItems": sharing.MOST, "description": "Users"},
            "message": {**TEXT, "maxLength": sharing.LONGEST},
            "let": {"type": "boolean", "description": "Let those read it first who may not read it yet"},
            "once": {"type": "string", "format": "uuid", "description": "Sent again with the same, they are told once"},
        },
        "people",
    ),
    answers={200: fields({"told": _PEOPLE, "others": _PEOPLE}, "told", "others")},
    problems=(409, 412, 423),
    description="Who may read it has a notice and a mail. `told` and `others` (who may not read it) are null for who "
    "may neither let them read it nor is an administrator.",
)
def share(name: str, item_id: int) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "people", "message", "let", "once")
    people, message, let = given.get("people"), given.get("message", ""), given.get("let", False)
    if not isinstance(people, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in people):
        raise Invalid("people", "This must be a list of ids.")
    if not isinstance(message, str):
        raise Invalid("message", "This must be a text.")
    if not isinstance(let, bool):
        raise Invalid("let", "This must be true or false.")
    once = _once(given.get("once"))
    shown = sharing.show(session(), who, name, item_id, people=people, message=message, let=let, once=once)
    return answer({"told": _names(shown.told), "others": _names(shown.others)})


def _once(given: Any) -> str:
    if given is None:
        return uuid.uuid4().hex
    if not (isinstance(given, str) and _UUID.fullmatch(given)):
        raise Invalid("once", "This must be a UUID in small letters.")
    return given.replace("-", "")


def _names(people: Sequence[Actor] | None) -> list[dict[str, Any]] | None:
    return None if people is None else [{"id": one.user_id, "title": one.name} for one in people]
