"""Imports for programs: a file, its columns, a trial, the import in the background, what it refused, its undoing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import UnsupportedMediaType

from ...libraries.uploads import tidy_name
from ...lists import importing, imports, proposing
from ...lists.catalogue import ListDefinition, catalogue, definition
from ...lists.columns import column_type
from ...lists.errors import Invalid, NotFound, words_from_json
from ...lists.imports import Import, ImportRemark
from ...lists.titles import titles_by_list
from .. import imports as reading
from ..errors import said
from ..request import actor, home, saved, session
from ..settings import languages
from .import_schemas import MAPPING, PROPOSAL, REFUSED
from .json import answer, body, only
from .operations import BINARY, fields, listed, operation, query, ref
from .options import whole
from .schemas import TEXT

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/v1")
TAG = "imports"
USUAL, MOST, SAMPLES = 100, 1000, 3
_INSTANT = column_type("datetime", {})
_BEFORE = query("before", "The id of the last import of an earlier page", {"type": "integer", "minimum": 1})
_ABOUT = {"try": "trial", "run": "import", "undo": "undo"}


@blueprint.before_request
def only_administrators() -> None:
    """Everybody else hears that, and not which imports there are."""
    if request.method != "OPTIONS":
        imports.administrators_only(actor())


@blueprint.get("/lists/<name>/imports")
@operation(
    summary="The imports into a list",
    tag=TAG,
    answers={200: listed(ref("Import"))},
    parameters=(_BEFORE,),
    problems=(403, 422),
    description=f"Newest first, at most {USUAL}. Administrators only, as all about imports.",
)
def browse(name: str) -> ResponseReturnValue:
    before, target = whole("before", request.args), definition(session(), name)
    found = imports.every(session(), actor(), target.id, before=before, limit=USUAL)
    return answer({"value": _shown(found)})


@blueprint.post("/lists/<name>/imports")
@operation(
    summary="Upload a file to import",
    tag=TAG,
    body=fields({"file": BINARY}, "file"),
    body_type="multipart/form-data",
    answers={201: fields({"import": ref("Import"), "proposal": PROPOSAL}, "import", "proposal")},
    problems=(507,),
    description="A table (CSV, XLSX, XLS, ODS), vCards (VCF) or a calendar (ICS). Nothing is written before its start.",
)
def upload(name: str) -> ResponseReturnValue:
    who = actor()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    with home().database.read() as early:
        definition(early, name)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("file", "Choose a file.")
    number = reading.take(home(), who, name, sent.stream, tidy_name(sent.filename))
    found = imports.get(saved(), who, number)
    where = url_for("api_imports.read", number=number)
    return answer({"import": _json(found), "proposal": _proposal(found)}, 201, Location=where)


@blueprint.get("/imports/<int:number>")
@operation(summary="How an import stands", tag=TAG, answers={200: ref("Import")}, problems=(403,))
def read(number: int) -> ResponseReturnValue:
    return answer(_json(imports.get(session(), actor(), number)))


@blueprint.get("/imports/<int:number>/proposal")
@operation(
    summary="Which column of the file may be which of the list",
    tag=TAG,
    answers={200: PROPOSAL},
    problems=(403,),
    description="`remembered`: the mapping of the last file with these columns, if there is one.",
)
def propose(number: int) -> ResponseReturnValue:
    return answer(_proposal(imports.get(session(), actor(), number)))


@blueprint.post("/imports/<int:number>/start")
@operation(
    summary="Import in the background, or only try",
    tag=TAG,
    body=fields({"mapping": MAPPING, "dry_run": {"type": "boolean"}, "remember_as": TEXT}),
    body_required=False,
    answers={202: ref("Import")},
    problems=(409,),
    description="Without a mapping by the one that was tried last, and after a stop where it was. `dry_run`: find out "
    f"what the first {reading.TRIED} rows would do; nothing is written. The mapping is remembered for the next file "
    "with these columns.",
)
def start(number: int) -> ResponseReturnValue:
    who, given = actor(), body(optional=True)
    only(given, "mapping", "dry_run", "remember_as")
    dry, name = _yes(given, "dry_run"), given.get("remember_as")
    if name is not None and not (isinstance(name, str) and len(name) <= imports.MOST_NAME):
        raise Invalid("remember_as", "A mapping has a name of at most %(max)s characters.", max=imports.MOST_NAME)
    found = imports.get(session(), who, number, lock=True)
    wanted = given.get("mapping")
    if wanted is not None:
        importing.check_mapping(session(), found, wanted)
    if dry:
        imports.try_out(session(), who, number, wanted if wanted is not None else found.mapping)
    else:
        imports.start(session(), who, number, wanted)
    if wanted is not None:
        imports.remember(session(), who, found, (name or "").strip() or None)
    return answer(_json(found), 202)


@blueprint.post("/imports/<int:number>/stop")
@operation(
    summary="Stop an import",
    tag=TAG,
    body=fields({}),
    body_required=False,
    answers={200: ref("Import")},
    problems=(409,),
    description="What is written stays; its start goes on.",
)
def stop(number: int) -> ResponseReturnValue:
    only(body(optional=True))
    imports.stop(session(), actor(), number)
    return answer(_json(imports.get(session(), actor(), number)))


@blueprint.post("/imports/<int:number>/undo")
@operation(
    summary="Take back what an import wrote",
    tag=TAG,
    body=fields({"columns": {"type": "boolean"}}),
    body_required=False,
    answers={202: ref("Import")},
    problems=(409,),
    description="In the background. What somebody has changed since stays; with `columns` those of its columns are put "
    "back that nobody has touched. An import is undone once.",
)
def undo(number: int) -> ResponseReturnValue:
    who, given = actor(), body(optional=True)
    only(given, "columns")
    imports.start_undo(session(), who, number, columns=_yes(given, "columns"))
    return answer(_json(imports.get(session(), who, number)), 202)


@blueprint.delete("/imports/<int:number>")
@operation(
    summary="Forget an import",
    tag=TAG,
    answers={204: None},
    problems=(403, 409),
    description="With its file and what it refused. One that has written items is undone first.",
)
def delete(number: int) -> ResponseReturnValue:
    imports.delete(session(), actor(), number)
    return Response(status=204)


@blueprint.get("/imports/<int:number>/refused")
@operation(
    summary="What was refused, value by value",
    tag=TAG,
    answers={200: REFUSED},
    parameters=(
        query("top", f"1 to {MOST}, {USUAL} if nothing is said", {"type": "integer", "minimum": 1, "maximum": MOST}),
        query("after", "Where the page before ended: its `next`", {"type": "integer", "minimum": 1}),
    ),
    problems=(403, 422),
    description="In the order of the file. `row` is the number that a spreadsheet shows; of an undoing, `item` of "
    "`list` stayed as it is.",
)
def refused(number: int) -> ResponseReturnValue:
    top, after = whole("top", request.args, most=MOST) or USUAL, whole("after", request.args) or 0
    found = imports.get(session(), actor(), number)
    about = imports.told_of(found)
    lines = imports.remarks(session(), found, about, after=after, limit=top + 1)
    data: dict[str, Any] = {"about": _ABOUT[about], "value": [_refused_json(one) for one in lines[:top]]}
    return answer({**data, "next": lines[top - 1].id} if len(lines) > top else data)


def _refused_json(one: ImportRemark) -> dict[str, Any]:
    of_item = one.about == "undo"
    known = catalogue(session()).by_id.get(one.list_id)
    return {
        "row": None if of_item else one.row,
        "list": known.name if known else None,
        "item": one.row if of_item else None,
        "column": one.column,
        "value": one.value,
        "reason": said(words_from_json(one.words)),
    }


def _proposal(found: Import) -> Mapping[str, Any]:
    target, rows = _list_of(found), reading.first_rows(home(), found, proposing.SAMPLE)
    kept = imports.remembered(session(), found.list_id, found.header)
    return {
        "columns": [{"name": name, "sample": _sample(proposing.sample(rows, name))} for name in found.header],
        "targets": [one.name for one in proposing.targets(target)],
        "mapping": proposing.propose(target, found.header, rows, languages()),
        "remembered": {"name": kept.name, "mapping": kept.mapping} if kept else None,
    }


def _sample(values: list[Any]) -> list[str]:
    """The first different values, as texts."""
    return list(dict.fromkeys(str(value)[:200] for value in values))[:SAMPLES]


def _list_of(found: Import) -> ListDefinition:
    target = catalogue(session()).by_id.get(found.list_id)
    if target is None:
        raise NotFound("The list of this import is not there any more.")
    return target


def _json(found: Import) -> dict[str, Any]:
    return _shown([found])[0]


def _shown(imported: Sequence[Import]) -> list[dict[str, Any]]:
    lists, refused = catalogue(session()).by_id, imports.remarks_counted(session(), imported)
    people = titles_by_list(session(), actor(), {"users": {one.user_id for one in imported if one.user_id}})["users"]
    return [
        {
            "id": one.id,
            "list": lists[one.list_id].name if one.list_id in lists else None,
            "file": one.file,
            "state": one.state,
            "rows": one.total,
            "done": one.done,
            "counts": one.counts,
            "tried": one.tried,
            "undone": one.undone,
            "refused": refused.get(one.id, 0),
            "problem": said(words_from_json(one.problem)) if one.problem else None,
            "mapping": one.mapping or None,
            "by": {"id": one.user_id, "title": people.get(one.user_id, "")} if one.user_id else None,
            "created": _INSTANT.to_json(one.created),
            "ended": _INSTANT.to_json(one.ended) if one.ended else None,
        }
        for one in imported
    ]


def _yes(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(name, "This must be true or false.")
    return value
