"""What the token's user is told: `/api/v1/me/notices`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from ...lists.columns import column_type
from ...lists.columns.numbers import WholeColumn
from ..notices import reading
from ..notices.reading import Told
from ..request import actor, session
from .json import answer, body, parsed
from .operations import fields, operation, query, ref
from .options import whole

blueprint = Blueprint("api_notices", __name__, url_prefix="/api/v1/me/notices")
SHOWN = 50
_INSTANT = column_type("datetime", {})


@blueprint.get("")
@operation(
    summary="What I am told",
    tag="me",
    answers={200: ref("Notices")},
    parameters=(
        query("unseen", "Only what was not seen yet", {"type": "boolean"}),
        query("before", "The id of the last notice of an earlier page", {"type": "integer", "minimum": 1}),
    ),
    problems=(422,),
    description="Newest first, at most 50; of what may not be read now there is nothing.",
)
def browse() -> ResponseReturnValue:
    who, before = actor(), whole("before", request.args)
    only_unseen = request.args.get("unseen") == "true"
    found, older = reading.page(session(), who, before=before, limit=SHOWN, only_unseen=only_unseen)
    data: dict[str, Any] = {"value": [_json(one) for one in found], "unseen": reading.unseen(session(), who)}
    return answer({**data, "before": older} if older else data)


@blueprint.post("/seen")
@operation(
    summary="I have seen my notices",
    tag="me",
    body=fields({"up_to": {"type": "integer", "minimum": 1}, "id": {"type": "integer", "minimum": 1}}),
    body_required=False,
    answers={204: None},
    description="All of them, those up to the one with this id, or (`id`) one alone.",
)
def mark_seen() -> ResponseReturnValue:
    who, given = actor(), parsed(body(optional=True), {"up_to": WholeColumn({}), "id": WholeColumn({})})
    reading.mark_seen(session(), who, notice_id=given.get("id"), up_to=given.get("up_to"))
    return Response(status=204)


def _json(one: Told) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "list": one.definition.name,
        "item": {"id": one.item_id, "title": one.title},
        "who": one.who,
        "at": _INSTANT.to_json(one.at),
        "seen": one.seen,
        "change": one.change,
        "comment": one.comment,
        "message": one.message,
    }
