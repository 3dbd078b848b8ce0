"""Documents over the API: `/api/v1/libraries/<library>/files` and below (docs/documents.md)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import PreconditionRequired, UnsupportedMediaType

from ...libraries import documents, templating
from ...libraries.documents import HistoryEntry
from ...lists.columns import column_type
from .. import files
from ..request import actor, home, session
from .actions import given
from .etags import named_tags
from .json import answer, body, item_answer, parsed
from .operations import BINARY, Schema, fields, header, listed, operation, query, ref

blueprint = Blueprint("api_libraries", __name__, url_prefix="/api/v1/libraries/<library>/files")
TAG = "documents"
TEXT: Schema = {"type": "string"}
_UPLOAD: Schema = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": BINARY, "if_exists": {"enum": list(documents.IF_EXISTS)}, "comment": TEXT},
    "additionalProperties": {"type": "string", "description": "A column of the library; arrays as repeated fields"},
}
_WORDS = column_type("text", {"multiline": True, "max": 1000})
CHECK_IN = {"kind": column_type("choice", {"choices": ["minor", "major", "overwrite"]}), "comment": _WORDS}
PUBLISH = {"comment": _WORDS}
FROM_TEMPLATE = {
    "case": column_type("lookup", {"list": "cases"}),
    "document_type": column_type("lookup", {"list": "document_types"}),
    "contact": column_type("lookup", {"list": "contacts"}),
}
_ID: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
VERSION: Schema = fields(
    {
        "number": TEXT,
        "file_name": TEXT,
        "size": {"type": "integer"},
        "kind": TEXT,
        "comment": {"anyOf": [TEXT, {"type": "null"}]},
        "at": {"type": "string", "format": "date-time"},
        "by": {"anyOf": [ref("Reference"), {"type": "null"}]},
        "current": {"type": "boolean"},
        "draft": {"type": "boolean"},
    },
    "number",
    "file_name",
    "size",
    "kind",
    "comment",
    "at",
    "by",
    "current",
    "draft",
)
_VERSION_PARAMETER = query("version", "An earlier version's number, such as 2.0; without it the one that stands")


@blueprint.post("")
@operation(
    summary="Upload a document",
    tag=TAG,
    body=_UPLOAD,
    body_type="multipart/form-data",
    answers={201: ref("Item"), 200: ref("Item")},
    problems=(409, 423, 507),
    description="The file decides by its content whether it is taken. Where the same case has a document of that file "
    "name, if_exists says what to do: refuse (409, the default), new_version (200), keep_both.",
)
def upload(library: str) -> ResponseReturnValue:
    who = actor()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    columns = _columns(library)
    if_exists, comment = columns.pop("if_exists", "refuse"), columns.pop("comment", None)
    taken = files.take_form_file(library, request.files.get("file"))
    item = documents.add_file(
        session(),
        who,
        library,
        taken.blob,
        taken.file_name,
        columns,
        text=taken.text,
        if_exists=if_exists,
        comment=comment,
    )
    return item_answer(item, 201 if item.version == 1 else 200)


@blueprint.post("/from-template")
@operation(
    summary="Make a document of a case from its type's template",
    tag=TAG,
    answers={201: ref("Item")},
    problems=(507,),
    body=fields(dict.fromkeys(FROM_TEMPLATE, _ID), "case", "document_type"),
)
def from_template(library: str) -> ResponseReturnValue:
    who, chosen = actor(), given(FROM_TEMPLATE, "case", "document_type")
    wanted, filled = files.fill_template(who, library, chosen["case"], chosen["document_type"], chosen.get("contact"))
    return item_answer(templating.add(session(), who, library, wanted, filled), 201)


@blueprint.get("/<int:item_id>/content")
@operation(
    summary="Download a document",
    tag=TAG,
    answers={200: BINARY, 206: BINARY, 304: None, 412: None, 416: None},
    answer_type="application/octet-stream",
    parameters=(
        _VERSION_PARAMETER,
        query("inline", "1 = a PDF is shown, not saved"),
        header("Range", "One range of bytes"),
        header("If-None-Match", "The content's ETag: 304 where it is unchanged"),
    ),
)
def download(library: str, item_id: int) -> ResponseReturnValue:
    return files.give(documents.content_of(session(), actor(), library, item_id, request.args.get("version")))


@blueprint.put("/<int:item_id>/content")
@operation(
    summary="Save a document's content",
    tag=TAG,
    body=BINARY,
    body_type="application/octet-stream",
    answers={200: ref("Item")},
    parameters=(header("If-Match", "The content's ETag, or the item's; * for any.", required=True),),
    problems=(412, 423, 428, 507),
    description="A new version; while its sender has the document checked out, the working copy that only they see.",
)
def save(library: str, item_id: int) -> ResponseReturnValue:
    who = actor()
    version, seen = _seen()
    files.check_changeable(who, library, item_id)
    with home().database.read() as reading:
        name = documents.get(reading, who, library, item_id)["file_name"]
    taken = files.take(library, request.stream, name)  # type: ignore[arg-type]
    item = documents.put_content(
        session(), who, library, item_id, taken.blob, text=taken.text, version=version, seen=seen
    )
    response = item_answer(item)
    response.headers["ETag"] = f'"{documents.content_of(session(), who, library, item_id).tag}"'
    return response


@blueprint.post("/<int:item_id>/checkout")
@operation(
    summary="Check a document out",
    tag=TAG,
    body=fields({}),
    body_required=False,
    answers={200: ref("Item")},
    problems=(409, 423),
)
def checkout(library: str, item_id: int) -> ResponseReturnValue:
    who = actor()
    given({})
    return item_answer(documents.checkout(session(), who, library, item_id))


@blueprint.post("/<int:item_id>/checkin")
@operation(
    summary="Check a document in",
    tag=TAG,
    body=fields({"kind": {"enum": ["minor", "major", "overwrite"]}, "comment": TEXT}),
    body_required=False,
    answers={200: ref("Item")},
    problems=(409, 423),
    description="Without minor versions in the library each check-in that does not overwrite makes a major version.",
)
def checkin(library: str, item_id: int) -> ResponseReturnValue:
    who, said = actor(), parsed(body(optional=True), CHECK_IN)
    return item_answer(documents.checkin(session(), who, library, item_id, **said))


@blueprint.post("/<int:item_id>/discard")
@operation(
    summary="Give a check-out up",
    tag=TAG,
    body=fields({}),
    body_required=False,
    answers={200: ref("Item")},
    problems=(409, 423),
)
def discard(library: str, item_id: int) -> ResponseReturnValue:
    who = actor()
    given({})
    return item_answer(documents.discard(session(), who, library, item_id))


@blueprint.post("/<int:item_id>/publish")
@operation(
    summary="Make the current draft the next major version",
    tag=TAG,
    body=fields({"comment": TEXT}),
    body_required=False,
    answers={200: ref("Item")},
    problems=(409, 423),
)
def publish(library: str, item_id: int) -> ResponseReturnValue:
    who, said = actor(), parsed(body(optional=True), PUBLISH)
    return item_answer(documents.publish(session(), who, library, item_id, **said))


@blueprint.get("/<int:item_id>/versions")
@operation(summary="Versions of a document's file, newest first", tag=TAG, answers={200: listed(VERSION)})
def versions(library: str, item_id: int) -> ResponseReturnValue:
    return answer({"value": [_entry_json(entry) for entry in documents.history(session(), actor(), library, item_id)]})


@blueprint.post("/<int:item_id>/versions/<version>/restore")
@operation(
    summary="Make an earlier version's content the current one",
    tag=TAG,
    body=fields({}),
    body_required=False,
    answers={200: ref("Item")},
    problems=(409, 423),
    description="A version is appended; nothing is removed.",
)
def restore(library: str, item_id: int, version: str) -> ResponseReturnValue:
    who = actor()
    given({})
    return item_answer(documents.restore(session(), who, library, item_id, version))


def _columns(library: str) -> dict[str, Any]:
    """The form's fields as columns: repeated ones and those of many values as lists."""
    with home().database.read() as reading:
        found = documents.library_of(reading, library)
    columns: dict[str, Any] = {}
    for name, values in request.form.lists():
        many = name in found.by_name and found.by_name[name].type.is_multi
        columns[name] = [value for value in values if value] if many else values[0]
    return columns


def _seen() -> tuple[int | None, set[str] | None]:
    """What `If-Match` names: an item's version or tags of contents; both None = any. Raises 428 without it."""
    text = request.headers.get("If-Match", "").strip()
    if not text:
        raise PreconditionRequired(_("Say which version you saw: send its ETag as If-Match, or * for any."))
    named = named_tags(text)
    if named is None:
        return None, None
    numbers = [int(tag) for tag in named if tag.isascii() and tag.isdigit() and len(tag) < 12]
    return (numbers[0], None) if len(named) == 1 and numbers else (None, named)


def _entry_json(entry: HistoryEntry) -> dict[str, Any]:
    by = None if entry.by is None else {"id": entry.by.id, "title": entry.by.title}
    return {
        "number": entry.number,
        "file_name": entry.file_name,
        "size": entry.size,
        "kind": entry.kind,
        "comment": entry.comment,
        "at": entry.at.isoformat(),
        "by": by,
        "current": entry.current,
        "draft": entry.draft,
    }
