"""A list as a board: a column for each value of a choice or lookup, and cards that are moved by menu or pointer."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from ...lists import boards, items
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.columns import Reference
from ...lists.columns.choices import ChoiceColumn
from ...lists.database import savepoint
from ...lists.errors import DomainError, Invalid
from ...lists.filters import Filter
from ...lists.query import Count, Item
from ...lists.rights import Actor
from ...lists.totals import Part, Summary
from ...lists.view_settings import can_board
from ..errors import said
from ..request import next_page, session
from . import list_table
from .cells import Shown, is_overdue, item_href, shown
from .list_groups import groups
from .list_state import ListState
from .list_views import opened
from .row_actions import needed_columns
from .suggest import options

blueprint = Blueprint("list_board", __name__)
MOST_COLUMNS = 24


@blueprint.post("/lists/<list_name>/<int:item_id>/move")
def move(list_name: str, item_id: int) -> ResponseReturnValue:
    """Give a card its new column. What stands in the way is said above the board, and nothing is changed."""
    me, found = opened(list_name)
    form = request.form
    try:
        column, version = _movable(found, form.get("column", "")), form.get("version", "")
        if not version.isdecimal() or len(version) > 9:
            raise Invalid("version", "Say which version of it you saw.")
        with savepoint(session()):
            moved = items.update(
                session(), me, list_name, item_id, {column.name: form.get("to") or None}, version=int(version)
            )
        flash(_("%(title)s: %(column)s is now %(value)s.", title=moved.title, column=column.title(me.language),
                value=column.type.format(moved[column.name], me.reader) or _("empty")), "ok")  # fmt: skip
    except DomainError as refusal:
        flash(_("Nothing was moved:") + " " + said(refusal), "warn")
    return redirect(next_page(url_for("lists.show", list_name=list_name)), 303)


def _movable(found: ListDefinition, name: str) -> Column:
    column = found.by_name.get(name)
    if column is None or column.hidden or not can_board(column.type):
        raise Invalid("column", "A board is made of a choice or a lookup, which %(column)s is not.", column=name[:80])
    return column


def context(found: ListDefinition, me: Actor, state: ListState, where: Filter, base: str) -> dict[str, Any]:
    """What the board needs beside `around`: one statement for sums, two for cards, and one per kind of lookup."""
    name = state.named["board"]
    money = next((column.name for column in found.visible_columns if column.type.result.name == "currency"), None)
    wanted = dict(state.totals) or ({money: "sum"} if money else {})
    grouped = groups(session(), me, replace(state, group=((name, False),), totals=wanted), where, base)
    summary = grouped.found
    assert summary is not None
    column = shown(found, name, me.language)
    assert column is not None
    here = state.href(base)
    cards = [] if summary.capped else _cards(found, me, state, where, name)
    values = _values(me, column, summary, cards)
    movable = column.column is not None and not column.column.by_program
    rows = _shown_cards(found, me, state, cards, name, here, grouped.house)
    return {
        "state": state,
        "here": here,
        "board": [
            _column(column, value, title, summary.parts.get((value,)), rows.get(value, []), grouped)
            for value, title in values
        ],
        "moves": _moves(column, values) if movable else [],
        "board_column": column,
        "board_choices": [
            {
                "label": one.title(me.language),
                "href": state.href(base, kind="board", board=one.name),
                "current": one.name == name,
            }
            for one in found.visible_columns
            if can_board(one.type)
        ],
        "too_many": summary.capped,
        "count": list_table.count_text(Count(summary.whole.count, False)) if summary.whole else None,
        "is_empty": not summary.capped and not (summary.whole and summary.whole.count),
        "fold_href": None,
        "unfold_href": None,
    }


def _cards(found: ListDefinition, me: Actor, state: ListState, where: Filter, board: str) -> list[Item]:
    columns = list_table.shown_columns(state, me)
    late = found.settings.get("overdue", {})
    names = [*state.columns, board, *needed_columns(found, columns), *late, *late.values()]
    names += [name for name in ("status",) if found.has(name)]
    return boards.cards(
        session(), me, found.name, column=board, where=where, search=state.search or None, order=state.sort,
        columns=list(dict.fromkeys(names)), marks=state.marks,
    )  # fmt: skip


def _values(me: Actor, column: Shown, summary: Summary, cards: Sequence[Item]) -> list[tuple[Any, str]]:
    """The board's columns: all values of a choice or of a code list, and of other lists those that rows have."""
    kind = column.type
    there = [part.key[0] for part in summary.groups()]
    if isinstance(kind, ChoiceColumn):
        offered: list[tuple[Any, str]] = list(kind.choices(me.reader))
    else:
        fixed = catalogue(session()).get(str(kind.target)).kind == "code"
        entries = (options(session(), me, str(kind.target)) or []) if fixed else []
        offered = [(Reference(one["id"], one["title"], str(kind.target)), one["title"]) for one in entries]
        if len(offered) > MOST_COLUMNS:
            offered = [pair for pair in offered if pair[0] in there]
    known = {value for value, _title in offered}
    rest = [(value, kind.format(value, me.reader)) for value in there if value is not None and value not in known]
    blank = [(None, _("empty"))] if None in there else []
    return [*offered, *rest][:MOST_COLUMNS] + blank


def _column(column: Shown, value: Any, title: str, part: Part | None, cards: list[Any], grouped: Any) -> dict[str, Any]:
    head = grouped.head((value,))
    return {
        "value": _text(value),
        "title": title,
        "count": format_decimal(part.count if part else 0),
        "totals": list(head["totals"].values()) if part else [],
        "cards": cards,
        "more_href": head["href"] if part and part.count > len(cards) else None,
    }


def _moves(column: Shown, values: Sequence[tuple[Any, str]]) -> list[tuple[str, str]]:
    required = column.column is not None and column.column.required
    moves = [(_text(value), title) for value, title in values if value is not None]
    return moves if required else [*moves, ("", _("empty"))]


def _text(value: Any) -> str:
    return str(value.id) if isinstance(value, Reference) else str(value or "")


def _shown_cards(
    found: ListDefinition, me: Actor, state: ListState, cards: Sequence[Item], board: str, here: str, house: str
) -> dict[Any, list[dict[str, Any]]]:
    today = list_table.today_of(me)
    columns = [one for one in list_table.shown_columns(state, me) if one.name not in ("name", board)]
    made: dict[Any, list[dict[str, Any]]] = {}
    for item in cards:
        cells = [(one, list_table.cell_of(item, one, me, house, today)) for one in columns]
        card = {
            "id": item.id,
            "title": item.title,
            "href": item_href(found.name, item.id),
            "version": item.version,
            "editable": item.editable and me.may_write,
            "cells": [(one, cell) for one, cell in cells if cell.kind != "empty"],
            "overdue": _overdue(item, found, today),
            "hue": None if item.mark is None else state.hues[item.mark],
            "may_win": found.name == "cases" and item.editable and item.get("status") == "new",
        }
        made.setdefault(item.get(board), []).append(card)
    return made


def _overdue(item: Item, found: ListDefinition, today: datetime.date) -> bool:
    return any(is_overdue(item, name, today) for name in found.settings.get("overdue", {}))
