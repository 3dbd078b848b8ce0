"""Items of any list: `/api/v1/lists/<list>/items` and below."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import UnsupportedMediaType

from ...lists import items, query, versions
from ...lists.catalogue import SYSTEM_COLUMNS, ListDefinition, catalogue, definition
from ...lists.columns import Reference, column_type
from ...lists.columns.numbers import WholeColumn
from ...lists.errors import Invalid, NotFound, Stale
from ...lists.query import Item
from ...lists.reading import Stage
from ..attachments import give, take, with_stored_files
from ..request import actor, home, saved, session
from .etags import etag, seen_version
from .json import answer, body, item_answer, item_json, items_json, parsed
from .operations import BINARY, IF_MATCH, IF_MATCH_OPTIONAL, fields, header, operation, ref
from .operations import query as option
from .options import Options, read_options, stage_of

blueprint = Blueprint("api_items", __name__, url_prefix="/api/v1/lists/<name>/items")
TAG = "items"
_SELECT = option("$select", "Columns, comma between; without it all")
_EXPAND = option("$expand", "Lookup columns whose target is shown with all its columns, as far as it may be read")
_BINS = (
    option("deleted", "The recycle bin instead", {"type": "boolean"}),
    option("discarded", "The administrators' second recycle bin instead", {"type": "boolean"}),
)
_PAGE_OPTIONS = (
    option("$filter", "OData: name eq 'x' and (value gt 10 or company/name eq 'y')"),
    option("$orderby", "Columns with asc or desc: expected_close desc, name"),
    _SELECT,
    _EXPAND,
    option(
        "$top", "How many at most", {"type": "integer", "minimum": 0, "maximum": query.MOST_PER_PAGE, "default": 50}
    ),
    option("$skiptoken", "Where an earlier page ended; @odata.nextLink has it"),
    option("$count", "Whether to count all that the filter finds", {"type": "boolean"}),
    *_BINS,
)


@blueprint.get("")
@operation(summary="Items of a list", tag=TAG, answers={200: ref("Page")}, parameters=_PAGE_OPTIONS, problems=(422,))
def browse(name: str) -> ResponseReturnValue:
    who, found = actor(), definition(session(), name)
    options = read_options(request.args, found, who, catalogue(session()))
    page = _page(found, options) if options.top else query.Page([], None)
    data: dict[str, Any] = {"value": _shown(page.items, options)}
    if page.next:
        data["@odata.nextLink"] = _next_link(page.next)
    if options.count:
        count = query.count(session(), who, name, where=options.where, stage=options.stage)
        data["@odata.count"] = count.number
        if count.capped:
            data["@caseroom.countCapped"] = True
    return answer(data)


def _page(found: ListDefinition, options: Options) -> query.Page:
    columns = None if options.select is None else [*options.select, *options.expand]
    if columns is None:
        columns = [*SYSTEM_COLUMNS, *(column.name for column in found.visible_columns)]
    return query.page(
        session(),
        actor(),
        found.name,
        where=options.where,
        order=options.order,
        columns=columns,
        limit=options.top,
        after=options.after,
        stage=options.stage,
    )


def _next_link(cursor: str) -> str:
    """The next page's absolute address: this one's with another place to go on from."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "$skiptoken"]
    return f"{home().settings.public_url}{request.path}?{urlencode([*kept, ('$skiptoken', cursor)], safe='$')}"


def _shown(found: list[Item], options: Options) -> list[dict[str, Any]]:
    columns = None if options.select is None else (*options.select, *options.expand)
    shown = items_json(found, columns)
    targets = _targets(found, options.expand)
    for item, data in zip(found, shown, strict=True):
        for column in options.expand:
            value = item[column]
            data[column] = (
                [_whole(one, targets) for one in value] if isinstance(value, list) else _whole(value, targets)
            )
    return shown


def _targets(found: list[Item], expand: tuple[str, ...]) -> dict[tuple[str, int], Item]:
    """The items that the expanded columns point to: one statement per target list."""
    wanted: dict[str, set[int]] = {}
    for value in (item[column] for item in found for column in expand):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Reference):
                wanted.setdefault(one.list, set()).add(one.id)
    return {
        (target, number): item
        for target, ids in wanted.items()
        for number, item in query.many(session(), actor(), target, sorted(ids)).items()
    }


def _whole(value: Any, targets: dict[tuple[str, int], Item]) -> Any:
    """A reference with all that may be read of its target; a target that may only be named stays a reference."""
    if not isinstance(value, Reference):
        return None
    target = targets.get((value.list, value.id))
    return {"id": value.id, "title": value.title, **(item_json(target) if target else {})}


@blueprint.post("")
@operation(
    summary="Make an item",
    tag=TAG,
    body=ref("Item"),
    answers={201: ref("Item")},
    problems=(409,),
    description="The body holds the values by column: see Write.<list>.",
)
def create(name: str) -> ResponseReturnValue:
    who, values = actor(), with_stored_files(body())
    made = items.add(session(), who, name, values)
    return item_answer(query.get(saved(), who, name, made), 201)


@blueprint.get("/<int:item_id>")
@operation(summary="One item", tag=TAG, answers={200: ref("Item")}, parameters=(_SELECT, _EXPAND), problems=(422,))
def read(name: str, item_id: int) -> ResponseReturnValue:
    who, found = actor(), definition(session(), name)
    options = read_options(request.args, found, who, catalogue(session()), known=("$select", "$expand"))
    item = query.get(session(), who, name, item_id)
    return answer(_shown([item], options)[0], ETag=etag(item.version))


@blueprint.patch("/<int:item_id>")
@operation(
    summary="Change an item",
    tag=TAG,
    body=ref("Item"),
    answers={200: ref("Item")},
    parameters=(IF_MATCH,),
    problems=(409, 412, 423, 428),
    description="The body holds the values to change, by column: see Write.<list>.",
)
def change(name: str, item_id: int) -> ResponseReturnValue:
    who, values = actor(), with_stored_files(body())
    version = seen_version(lambda: query.get(session(), who, name, item_id).version)
    items.change(session(), who, name, item_id, values, version=version)
    return item_answer(query.get(saved(), who, name, item_id))


@blueprint.delete("/<int:item_id>")
@operation(
    summary="Put an item into the recycle bin",
    tag=TAG,
    answers={204: None},
    parameters=(IF_MATCH_OPTIONAL, *_BINS),
    problems=(403, 409, 412, 423),
    description="With `deleted`, take it out of the recycle bin into the administrators' second one; with "
    "`discarded`, an administrator ends it for good.",
)
def delete(name: str, item_id: int) -> ResponseReturnValue:
    who, stage = actor(), stage_of(request.args)
    if stage is not Stage.STANDING:
        (items.discard if stage is Stage.BIN else items.purge)(session(), who, name, item_id)
        return Response(status=204)
    version = seen_version(lambda: query.get(session(), who, name, item_id).version, required=False)
    items.delete(session(), who, name, item_id, version=version)
    return Response(status=204)


@blueprint.post("/<int:item_id>/files/<column>")
@operation(
    summary="Attach files to an item",
    tag=TAG,
    body=fields({"file": {"type": "array", "items": BINARY}}, "file"),
    body_type="multipart/form-data",
    answers={200: ref("Item")},
    parameters=(IF_MATCH_OPTIONAL,),
    problems=(409, 412, 423, 507),
    description="The files are added to those that the column has. What is there and stays is written with the item's "
    "other columns, as a list of ids.",
)
def attach(name: str, item_id: int, column: str) -> ResponseReturnValue:
    who = actor()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    sent = [take(file) for file in request.files.getlist("file") if file.filename]
    if not sent:
        raise Invalid("file", "Choose a file.")
    version = seen_version(lambda: query.get(session(), who, name, item_id).version, required=False)
    item = query.get(session(), who, name, item_id)
    if column not in item.definition.by_name or item.definition.column(column).type.name != "attachment":
        raise NotFound()
    there = [*(item[column] or ()), *sent]
    items.change(session(), who, name, item_id, {column: there}, version=version or item.version)
    return item_answer(query.get(saved(), who, name, item_id))


@blueprint.get("/<int:item_id>/files/<column>/<file_id>")
@operation(
    summary="Download a file of an item",
    tag=TAG,
    answers={200: BINARY, 206: BINARY, 304: None, 412: None, 416: None},
    answer_type="application/octet-stream",
    parameters=(option("inline", "1 = a PDF is shown, not saved"), header("Range", "One range of bytes")),
)
def download(name: str, item_id: int, column: str, file_id: str) -> ResponseReturnValue:
    return give(actor(), name, item_id, column, file_id)


@blueprint.get("/<int:item_id>/versions")
@operation(summary="What an item was, newest version first", tag=TAG, answers={200: ref("Versions")})
def history(name: str, item_id: int) -> ResponseReturnValue:
    return answer({"value": [_entry_json(entry) for entry in versions.history(session(), actor(), name, item_id)]})


def _entry_json(entry: versions.Entry) -> dict[str, Any]:
    by = {"id": entry.by.id, "title": entry.by.title} if entry.by else None
    changes = [
        {"column": one.column.name, "old": one.column.type.to_json(one.old), "new": one.column.type.to_json(one.new)}
        for one in entry.changes
    ]
    return {
        "version": entry.version,
        "kind": entry.kind,
        "at": column_type("datetime", {}).to_json(entry.at),
        "by": by,
        "changes": changes,
    }


@blueprint.post("/<int:item_id>/restore")
@operation(
    summary="Bring an item back",
    tag=TAG,
    body=fields({"version": {"type": "integer", "minimum": 1}}),
    body_required=False,
    answers={200: ref("Item")},
    parameters=(IF_MATCH_OPTIONAL,),
    problems=(409, 412, 423),
    description="Without a body from the recycle bin; with a version, the values of that version as a new one.",
)
def restore(name: str, item_id: int) -> ResponseReturnValue:
    who, wanted = actor(), parsed(body(optional=True), {"version": WholeColumn({})})
    if wanted.get("version") is None:
        return item_answer(items.restore(session(), who, name, item_id))
    seen = seen_version(lambda: query.get(session(), who, name, item_id).version, required=False)
    if seen is not None and query.get(session(), who, name, item_id).version != seen:
        raise Stale("Somebody else has changed this meanwhile.")
    return item_answer(items.restore_version(session(), who, name, item_id, wanted["version"]))
