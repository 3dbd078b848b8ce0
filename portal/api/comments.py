"""Comments on items: `/api/v1/lists/<list>/items/<id>/comments`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from ...lists import comments
from ...lists.columns import column_type
from ...lists.comments import Said
from ...lists.errors import Invalid
from ..request import actor, session
from .json import answer, body, only
from .operations import fields, operation, ref

blueprint = Blueprint("api_comments", __name__, url_prefix="/api/v1/lists/<name>/items/<int:item_id>/comments")
TAG = "comments"
_TEXT = {"type": "string", "description": "Plain text; @Name Surname or @address names a person"}
_INSTANT = column_type("datetime", {})


@blueprint.get("")
@operation(summary="What is said of an item, each followed by its answers", tag=TAG, answers={200: ref("Comments")})
def browse(name: str, item_id: int) -> ResponseReturnValue:
    return answer({"value": [_json(one) for one in comments.of_item(session(), actor(), name, item_id)]})


@blueprint.post("")
@operation(
    summary="Say something of an item",
    tag=TAG,
    body=fields({"text": _TEXT, "answers": {"type": ["integer", "null"], "minimum": 1}}, "text"),
    answers={201: ref("Comment")},
)
def add(name: str, item_id: int) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "text", "answers")
    answers = given.get("answers")
    if answers is not None and (not isinstance(answers, int) or isinstance(answers, bool)):
        raise Invalid("answers", "This must be a whole number.")
    return answer(_json(comments.add(session(), who, name, item_id, _text(given), answers=answers)), 201)


@blueprint.patch("/<int:comment_id>")
@operation(
    summary="Change a comment of one's own",
    tag=TAG,
    body=fields({"text": _TEXT}, "text"),
    answers={200: ref("Comment")},
)
def change(name: str, item_id: int, comment_id: int) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "text")
    return answer(_json(comments.change(session(), who, name, item_id, comment_id, _text(given))))


@blueprint.delete("/<int:comment_id>")
@operation(summary="Delete a comment", tag=TAG, answers={204: None}, problems=(403,))
def delete(name: str, item_id: int, comment_id: int) -> ResponseReturnValue:
    comments.delete(session(), actor(), name, item_id, comment_id)
    return Response(status=204)


def _text(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        raise Invalid("text", "This must be a text.")
    return text


def _json(one: Said) -> dict[str, Any]:
    named = dict.fromkeys(mention.user for mention in one.mentions if mention.user in one.people)
    return {
        "id": one.id,
        "author": {"id": one.author.id, "title": one.author.title} if one.author else None,
        "text": one.text,
        "mentions": [{"id": number, "title": one.people[number]} for number in named],
        "at": _INSTANT.to_json(one.at),
        "edited": _INSTANT.to_json(one.edited) if one.edited else None,
        "answers": one.parent,
        "deleted": one.deleted,
    }
