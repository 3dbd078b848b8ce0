"""Quick edit: a list's rows in a grid, written batch by batch, each all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ...lists import editing, query
from ...lists.catalogue import ListDefinition, definition
from ...lists.editing import Edit, Refusal, Refused, Written
from ...lists.errors import FieldError, Forbidden, Invalid, NotFound
from ...lists.rights import Actor, may_add, may_open
from .. import attachments
from ..api.batch import batch_of, edits_of, refusal_json
from ..api.json import answer, body, only
from ..errors import said
from ..request import actor, home, session
from . import forms, grid_cells, grid_rows, list_folders, list_state
from .cells import Shown
from .grid_cells import Typed
from .list_table import shown_columns

blueprint = Blueprint("grid", __name__, url_prefix="/lists/<list_name>/grid")
PER_PAGE = 100
FURTHER = 5  # times as many come when one scrolls on


@blueprint.get("")
def show(list_name: str) -> ResponseReturnValue:
    """The page, whose script fetches the rows."""
    me, found = actor(), definition(session(), list_name)
    if not may_open(found, me):
        return redirect(url_for("lists.show", list_name=list_name), 303)
    state = list_state.read(found, me, request.args)
    own = [one.name for one in shown_columns(state, me)
           if one.type.name in grid_rows.WITH_FIELDS and not grid_rows.reason_fixed(one)]  # fmt: skip
    return render_template(
        "lists/grid.html", definition=found, actor=me, back=state.href(url_for("lists.show", list_name=list_name)),
        fields=forms.build(session(), found, me, {}, only=own),
        rows_href=state.href(url_for("grid.rows", list_name=list_name)),
        write_href=state.href(url_for("grid.write", list_name=list_name)), most=editing,
        files_href=url_for("grid.take_file", list_name=list_name),
    )  # fmt: skip


@blueprint.get("/rows")
def rows(list_name: str) -> ResponseReturnValue:
    """A page of the rows that the address names, with the columns: as the list's page would show them."""
    me, found = actor(), definition(session(), list_name)
    state, where = list_state.usable(session(), list_state.read(found, me, request.args), me)
    columns = shown_columns(state, me)
    page = query.page(
        session(), me, list_name, where=where, order=state.order, columns=_asked(columns), after=state.after,
        limit=PER_PAGE * FURTHER if state.after else PER_PAGE, search=state.search or None,
    )  # fmt: skip
    return answer({
        "columns": [grid_rows.column_json(me, column) for column in columns],
        "rows": grid_rows.rows_json(session(), me, found, columns, page.items),
        "next": state.href(request.path, after=page.next) if page.next else None,
        # What begins with a file or a message begins on a page of its own.
        "may_add": may_add(found, me) and not found.settings.get("new_page"),
        "problems": list(state.problems),
    })  # fmt: skip


@blueprint.post("")
def write(list_name: str) -> ResponseReturnValue:
    """Write a batch of changes, whose cells are texts as typed or values as the API has them (`values`)."""
    me, given = actor(), body()
    only(given, "batch", "changes")
    with home().database.read() as reading:  # before the one writer's lock is held
        found = definition(reading, list_name)
        state = list_state.read(found, me, request.args)
        columns = shown_columns(state, me)
        read = _read(reading, me, found, given.get("changes"), list_folders.preset(reading, state))
    batch = batch_of(given.get("batch"))
    try:
        done = editing.write(session(), me, list_name, read.edits, batch=batch, refused=read.refusals)
    except Refused as refused:
        told = [refusal_json(one, read.edits) for one in refused.refusals]
        ids = sorted({one["id"] for one in told if one["id"] and not one["column"]})
        return answer({"detail": said(refused), "refusals": told, "rows": _rows(me, found, columns, ids)}, 422)
    stand = [one.item_id for one in done.written if one.kind != "delete"]
    made = {one.item_id: one.key for one in done.written if one.key}
    return answer({
        "batch": done.id,
        "rows": [row | {"key": made.get(row["id"])} for row in _rows(me, found, columns, stand)],
        "gone": [one.item_id for one in done.written if one.kind == "delete"],
        "undo": [_undo_json(found, one) for one in done.written if one.kind != "update" or one.undo.values],
    })  # fmt: skip


@blueprint.post("/files")
def take_file(list_name: str) -> ResponseReturnValue:
    """Store a file that a cell is to have: the token by which the batch with that cell names it."""
    me = actor()
    if not may_open(definition(session(), list_name), me):
        raise NotFound()
    if not me.may_write:
        raise Forbidden("You cannot change items.")
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("file", "Choose a file.")
    stored = attachments.take(sent)
    return answer({"id": attachments.token_of(stored, me), "name": stored.name, "size": stored.size})


@dataclass
class _Read:
    """The changes of a batch as the door takes them, and what of them could not be read."""

    edits: list[Edit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def _read(reading: Session, me: Actor, found: ListDefinition, given: Any, begun: Mapping[str, Any]) -> _Read:
    """The batch of a request: typed cells become values, names become ids. Raises Invalid for what is no batch.

    `begun`: what new rows begin with beside their cells.
    """
    changes = [dict(one) if isinstance(one, dict) else one for one in given] if isinstance(given, list) else given
    cells = [_cells(one, place) for place, one in enumerate(changes)] if isinstance(changes, list) else []
    edits = edits_of(changes)
    typed = [
        Typed(place, column, some[name])
        for place, some in enumerate(cells)
        for name, column in grid_cells.columns_by_name(found, some).items()
    ]
    editing.check_size([Edit(edit.kind, values={**edit.values, **some})
                        for edit, some in zip(edits, cells, strict=True)])  # fmt: skip
    values, refusals = grid_cells.read(reading, me, found, typed)
    whole = []
    for place, edit in enumerate(edits):
        own = {name: values[place, name] for name in cells[place] if (place, name) in values}
        files, lost = grid_cells.read_files(me, found, place, edit.values)
        refusals += lost
        kept = {name: value for name, value in edit.values.items() if name not in {one.column for one in lost}}
        first = begun if edit.kind == "create" else {}
        whole.append(replace(edit, values={**first, **kept, **own, **files}))
    return _Read(whole, refusals)


def _cells(change: Any, place: int) -> dict[str, str]:
    """The typed cells of one change, taken out of it. Raises Invalid."""
    cells = change.pop("cells", None) or {} if isinstance(change, dict) else {}
    if not isinstance(cells, dict) or not all(isinstance(text, str) for text in cells.values()):
        raise Invalid.many([FieldError(f"changes[{place}].cells", "This must be an object.")])
    return cells


def _asked(columns: Sequence[Shown]) -> list[str]:
    return [column.name for column in columns]


def _rows(me: Actor, found: ListDefinition, columns: Sequence[Shown], ids: Sequence[int]) -> list[dict[str, Any]]:
    stand = query.many(session(), me, found.name, ids, columns=_asked(columns)) if ids else {}
    return grid_rows.rows_json(session(), me, found, columns, [stand[number] for number in ids if number in stand])


def _undo_json(found: ListDefinition, written: Written) -> dict[str, Any]:
    """The change that takes one back, in the form in which it is sent again. A row that was changed since by others
    is not deleted: the script adds the version that it knows."""
    undo = written.undo
    told: dict[str, Any] = {"kind": undo.kind, "id": undo.item_id, "values": dict(undo.values)}
    return told | {"expected": dict(undo.expected), "version": "*" if undo.kind == "update" else undo.version}


__all__ = ["blueprint"]
