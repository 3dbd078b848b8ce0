"""Search for programs: `/api/v1/search`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ...lists.columns import Reference
from ...lists.errors import Invalid
from ..request import actor, home, session
from ..search.searching import MOST_HITS, Hit, search
from .json import answer
from .operations import fields, listed, operation, query

blueprint = Blueprint("api_search", __name__, url_prefix="/api/v1")
USUAL_TOP = 20
_REFERENCE = {"anyOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]}
HIT = fields(
    {
        "list": {"type": "string"}, "id": {"type": "integer"},
        "title": {"type": "string"}, "snippet": {"type": "string"},
        "company": _REFERENCE, "case": _REFERENCE,
        "modified": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    },
    "list", "id", "title", "snippet", "company", "case", "modified",
)  # fmt: skip


@blueprint.get("/search")
@operation(
    summary="Find items, documents and mails by their words",
    tag="search",
    answers={200: listed(HIT)},
    description='All words must be there; "a phrase" stands together, -word leaves out, the last word may be a '
    "beginning. The most fitting come first, among equals the lately changed. Only what the user may read is found.",
    parameters=[
        query("q", "The words", required=True),
        query("top", "How many at most", {"type": "integer", "minimum": 1, "maximum": MOST_HITS, "default": USUAL_TOP}),
        query("list", "The name of a list to look in; may stand several times"),
    ],
    problems=[422],
)
def find() -> ResponseReturnValue:
    who, top = actor(), _top(request.args.get("top"))
    hits = search(
        home(), session(), who, request.args.get("q", ""), lists=request.args.getlist("list") or None, limit=top
    )
    return answer({"value": [_json(hit) for hit in hits]})


def _top(text: str | None) -> int:
    if text is None:
        return USUAL_TOP
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_HITS:
        raise Invalid("top", "This must be a whole number from 1 to %(max)s.", max=MOST_HITS)
    return int(text)


def _json(hit: Hit) -> dict[str, Any]:
    return {
        "list": hit.list, "id": hit.id, "title": hit.title, "snippet": hit.snippet,
        "company": _reference(hit.company), "case": _reference(hit.case),
        "modified": hit.modified.isoformat() if hit.modified else None,
    }  # fmt: skip


def _reference(place: Reference | None) -> dict[str, Any] | None:
    return {"id": place.id, "title": place.title} if place else None
