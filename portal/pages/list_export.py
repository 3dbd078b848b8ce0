"""What a list page shows, as a file: its columns, filter and order, whole, in portions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from ...lists import exporting
from ...lists.catalogue import definition
from ...lists.errors import Invalid
from ...lists.exporting import FORMATS, Export
from ...lists.rights import Actor
from ..files import named
from ..request import actor, home, session
from . import list_state, list_table

blueprint = Blueprint("list_export", __name__)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("/lists/<list_name>/export")
def show(list_name: str) -> ResponseReturnValue:
    """All rows of a list page's address, beyond the page that it shows, as `format`: csv, xlsx or json."""
    me, found = actor(), definition(session(), list_name)
    kind = request.args.get("format", "xlsx")
    if kind not in FORMATS:
        raise Invalid("format", "“%(value)s” is not one of: %(choices)s.", value=kind[:40], choices=", ".join(FORMATS))
    state = list_state.read(found, me, request.args)
    if state.problems:  # a page says so beside its rows; a file with other rows than were meant says nothing
        raise Invalid("filter", "This cannot be exported: %(why)s", why=" ".join(state.problems))
    where = list_state.where(session(), state, me)
    columns = list_table.shown_columns(state, me)
    for_people = kind != "json"
    what = Export(
        names=[*(() if for_people else ("id",)), *(column.name for column in columns)],
        headings=[*(() if for_people else ("id",)), *(column.label for column in columns)],
        where=where,
        search=state.search or None,
        order=state.order,
        reader=me.reader if for_people else None,
        currency=home().settings.currency,
    )
    parts = _parts(me, list_name, kind, what)
    first = next(parts, b"")  # what is refused is refused before an answer begins
    name = f"{found.title(me.language)}.{kind}"
    headers = {"Content-Disposition": named(name), "Cache-Control": "no-store"}
    return Response(itertools.chain([first], parts), headers=headers, content_type=TYPES[kind])


def _parts(me: Actor, list_name: str, kind: str, what: Any) -> Iterator[bytes]:
    """In a session of its own, which lives until the last portion is sent."""
    with home().database.read() as own:
        yield from exporting.stream(own, me, list_name, kind, what)
