"""Many changes of a list as one: `/api/v1/lists/<list>/batch`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...lists import editing
from ...lists.columns.attachment import StoredFile
from ...lists.editing import Edit, Refused
from ...lists.errors import FieldError, Invalid
from ..attachments import with_stored_files
from ..errors import answer as problem
from ..errors import said
from ..request import actor, session
from .json import answer, body, only
from .operations import fields, operation
from .schemas import ID, TEXT

blueprint = Blueprint("api_batch", __name__, url_prefix="/api/v1/lists/<name>/batch")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "*"}]}
_CHANGE = {
    **fields(
        {
            "kind": {"enum": list(editing.KINDS)},
            "id": ID,
            "key": {**TEXT, "maxLength": 100, "description": "Your own name for it; the answer has it too"},
            "version": {**_VERSION, "description": "The version that you saw, * for any; for update and delete"},
            "values": {"type": "object", "description": "By column: see Write.<list>"},
            "expected": {"type": "object", "description": "Values that must still stand, by column"},
        },
        "kind",
    ),
}
_GIVEN = fields(
    {
        "changes": {"type": "array", "items": _CHANGE, "minItems": 1, "maxItems": editing.MOST_ROWS},
        "batch": {"type": "string", "format": "uuid", "description": "Sent again with the same, it is written once"},
    },
    "changes",
)
_DONE = fields({"kind": TEXT, "id": ID, "key": {"type": ["string", "null"]}, "version": ID}, "kind", "id", "version")


@blueprint.post("")
@operation(
    summary="Many changes at once, all or nothing",
    tag="items",
    body=_GIVEN,
    answers={200: fields({"batch": TEXT, "value": {"type": "array", "items": _DONE}}, "batch", "value")},
    problems=(409,),
    description="Everything is written in one transaction, under one batch in the change log, or nothing is, and "
    "`errors` names every refused cell: `changes[3].price`. "
    f"At most {editing.MOST_ROWS} changes with {editing.MOST_CELLS} values.",
)
def write(name: str) -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "changes", "batch")
    edits, batch = edits_of(given.get("changes")), batch_of(given.get("batch"))
    try:
        done = editing.write(session(), who, name, edits, batch=batch)
    except Refused as refused:
        return problem(422, said(refused), [refusal_json(one, edits) for one in refused.refusals])
    value = [{"kind": one.kind, "id": one.item_id, "key": one.key, "version": one.version} for one in done.written]
    return answer({"batch": done.id, "value": value})


def refusal_json(one: editing.Refusal, edits: list[Edit]) -> dict[str, Any]:
    """A refused cell in the reader's words."""
    edit = edits[one.place]
    return {
        "field": one.error.field, "message": said(one.error), "change": one.place,
        "id": edit.item_id, "key": edit.key, "column": one.column, "value": _told(one.value),
    }  # fmt: skip


def _told(value: Any) -> Any:
    """A refused value as it was sent; of a file its name, since its content is not sent back."""
    if isinstance(value, StoredFile):
        return {"name": value.name}
    return [_told(one) for one in value] if isinstance(value, list) else value


def batch_of(given: Any) -> str | None:
    """The batch's UUID. Raises Invalid."""
    if given is not None and not (isinstance(given, str) and _UUID.fullmatch(given)):
        raise Invalid("batch", "This must be a UUID in small letters.")
    return given


def edits_of(given: Any) -> list[Edit]:
    """The changes of a body. Raises Invalid naming every one that is none."""
    if not isinstance(given, list) or not given:
        raise Invalid("changes", "This must be a list of changes, at least one.")
    edits, errors = [], []
    for place, one in enumerate(given):
        try:
            edits.append(_edit(one))
        except Invalid as refusal:
            where = f"changes[{place}]"
            errors += [FieldError(f"{where}.{one.field}" if one.field else where, one.message, one.values)
                       for one in refusal.errors]  # fmt: skip
    if errors:
        raise Invalid.many(errors)
    return edits


def _edit(given: Any) -> Edit:
    if not isinstance(given, dict):
        raise Invalid("", "This must be an object.")
    only(given, "kind", "id", "key", "version", "values", "expected")
    kind = given.get("kind")
    if kind not in editing.KINDS:
        raise Invalid("kind", "“%(value)s” is not one of: %(choices)s.",
                      value=str(kind)[:40], choices=", ".join(editing.KINDS))  # fmt: skip
    if kind != "create" and not _is_number(given.get("id")):
        raise Invalid("id", "This must be the number of an item.")
    version = given.get("version")
    must = kind in ("update", "delete") or version is not None
    if must and version != "*" and not _is_number(version):
        raise Invalid("version", "Say which version you saw, or * for any.")
    if not isinstance(given.get("key") or "", str):
        raise Invalid("key", "This must be a text.")
    return Edit(
        kind,
        given.get("id") if kind != "create" else None,
        str(given["key"])[:100] if given.get("key") else None,
        None if version == "*" else version,
        with_stored_files(_object(given, "values")),
        _object(given, "expected"),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name) or {}
    if not isinstance(value, dict):
        raise Invalid(name, "This must be an object.")
    return value
