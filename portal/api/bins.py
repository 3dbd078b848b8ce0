"""A list's second bin as a whole, and how far a change of many rows has come."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from ...lists import bulk_editing, emptying
from ...lists.bulk_editing import KINDS, BulkJob
from ...lists.catalogue import catalogue
from ...lists.columns import column_type
from ...lists.errors import Invalid
from ..request import actor, session
from .json import answer
from .operations import fields, operation, query
from .options import whole
from .schemas import ID

blueprint = Blueprint("api_bins", __name__, url_prefix="/api/v1")
_INSTANT = column_type("datetime", {})
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
JOB = fields(
    {
        "id": ID,
        "list": {"type": ["string", "null"], "description": "null where the list is gone"},
        "kind": {"enum": list(KINDS)},
        "state": {"enum": ["gathering", "running", "done", "cancelled"]},
        "rows": {**_COUNT, "description": "Found so far"},
        "done": _COUNT,
        "unchanged": {**_COUNT, "description": "Were so already"},
        "refused": _COUNT,
        "waiting": _COUNT,
        "created": _TIME,
        "finished": {"anyOf": [_TIME, {"type": "null"}]},
    },
    "id", "list", "kind", "state", "rows", "done", "unchanged", "refused", "waiting", "created", "finished",
)  # fmt: skip


@blueprint.get("/lists/<name>/second-bin")
@operation(
    summary="How many items lie in a list's second recycle bin",
    tag="items",
    answers={200: fields({"count": _COUNT}, "count")},
    problems=(403,),
    description="Administrators only. The items themselves: `/items?discarded=true`.",
)
def read(name: str) -> ResponseReturnValue:
    return answer({"count": emptying.number(session(), actor(), name)})


@blueprint.delete("/lists/<name>/second-bin")
@operation(
    summary="Empty a list's second recycle bin",
    tag="items",
    answers={202: JOB},
    parameters=(query("confirm", "How many items end for good", {"type": "integer", "minimum": 1}, required=True),),
    problems=(403, 409, 422),
    description="In the background: nobody can bring the items back. 409 where `confirm` is not the number that there "
    "are. Administrators only.",
)
def empty(name: str) -> ResponseReturnValue:
    who, confirmed = actor(), whole("confirm", request.args)
    if len(request.args.getlist("confirm")) > 1:
        raise Invalid("confirm", "This may be said only once.")
    job = emptying.empty(session(), who, name, confirmed=confirmed)
    response = answer(_json(job), 202)
    response.headers["Location"] = url_for("api_bins.job", job_id=job.id)
    return response


@blueprint.get("/me/jobs/<int:job_id>")
@operation(
    summary="How far a change of many rows has come",
    tag="me",
    answers={200: JOB},
    description="Of one's own, for administrators of anybody's.",
)
def job(job_id: int) -> ResponseReturnValue:
    return answer(_json(bulk_editing.get(session(), actor(), job_id)))


def _json(one: BulkJob) -> dict[str, Any]:
    counts, found = bulk_editing.counts(session(), one), catalogue(session()).by_id.get(one.list_id)
    return {
        "id": one.id,
        "list": found.name if found else None,
        "kind": one.kind,
        "state": one.state,
        "rows": sum(counts.values()),
        **{state: counts.get(state, 0) for state in ("done", "unchanged", "refused", "waiting")},
        "created": _INSTANT.to_json(one.created),
        "finished": _INSTANT.to_json(one.finished) if one.finished else None,
    }
