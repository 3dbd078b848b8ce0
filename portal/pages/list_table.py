"""The table of a list page: columns with their menus, rows with groups and colours, totals, chips, pager."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from ...lists import content_types, query, view_settings, views
from ...lists.catalogue import ListDefinition
from ...lists.database import database_of
from ...lists.errors import Invalid
from ...lists.filters import Filter
from ...lists.models import now
from ...lists.query import Count, Item
from ...lists.rights import Actor, may_add
from ..request import session
from . import list_filters, list_folders, list_state
from .cells import Cell, Shown, cell, item_href, shown
from .column_menu import heads
from .list_groups import Groups, groups
from .list_state import ListState
from .row_actions import actions_for, needed_columns

PER_PAGE = 50


def context(found: ListDefinition, me: Actor, state: ListState, where: Filter, base: str) -> dict[str, Any]:
    """What the table needs beside `around`. One statement, one per kind of lookup, one for groups and totals."""
    columns = shown_columns(state, me)
    grouped = groups(session(), me, state, where, base)
    folded = state.folded and bool(state.group) and grouped.found is not None and not grouped.found.capped
    page, state = (query.Page([], None), state) if folded else _rows(found, me, state, where, columns)
    here = state.href(base, after=state.after)
    whole = page.next is None and page.previous is None
    count = (
        Count(len(page.items), False) if whole and not folded else _known(grouped) or _counted(found, me, state, where)
    )
    return {
        "state": state,
        "here": here,
        "columns": heads(columns, state, base),
        "rows": _row_views(page.items, columns, found, me, here, grouped),
        "sizes": _sizes(found, me, state, base),
        "folded": grouped.folded() if folded else None,
        "totals": grouped.totals(grouped.found.whole) if grouped.found else {},
        "too_many": bool(grouped.found and grouped.found.capped),
        "fold_href": state.href(base, fold="1") if state.group and not folded else None,
        "unfold_href": state.href(base, fold=None) if folded else None,
        "next_href": state.href(base, after=page.next) if page.next else None,
        "previous_href": state.href(base, after=page.previous) if page.previous else None,
        "count": None if count is None else count_text(count),
        "may_choose": bool(page.items) and may_add(found, me),
        "is_empty": not page.items and not (folded and grouped.found and grouped.found.groups()),
    }


def around(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, Any]:
    """What stands around the rows, whatever their kind: chips, saving, addresses."""
    titles = list_filters.titles(session(), state.chosen, me)
    chips = [
        {"label": label, "remove_href": state.href(base, without=some)}
        for some, label in list_filters.labels(state.chosen, titles, me)
    ]
    if state.search:
        searched = _("Search: %(words)s", words=state.search)
        chips.append({"label": searched, "remove_href": state.href(base, search=None)})
    view, presets = state.view, list_folders.preset(session(), state)
    return {
        "definition": found,
        "actor": me,
        "base": base,
        "chips": chips,
        "clear_href": replace(state, chosen=()).href(base, search=None),
        "count_href": state.href(url_for("lists.count", list_name=found.name)),
        "count_here": state.href(base, after=state.after, count="1"),
        "about": found.description(me.language) or None,
        "view_filters": bool(state.view_filter),
        "other_view": _other_view(found, me, state, base),
        "may_add": may_add(found, me),
        "new_href": _new_href(found, me, presets),
        "new_types": _new_types(found, me, presets),
        "folders": list_folders.context(session(), found, me, state, base),
        "new_label": _("File a mail") if found.name == "mails" else None,
        "query": state.href(""),
        "may_save": view is not None and views.may_change(view, me),
    }


def shown_columns(state: ListState, me: Actor) -> list[Shown]:
    """The columns of the state as the reader's language names them."""
    found = (shown(state.definition, name, me.language) for name in state.columns)
    return [column for column in found if column]


def _sizes(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, str]:
    """What scripts need to draw columns wider: where widths go, into one's own view or into the address."""
    view, into_view = state.view, None
    if view is not None and view.user_id == me.user_id and "widths" not in state.given:
        into_view = url_for("list_views.save_widths", list_name=found.name, view_id=view.id)
    widths = list_state.widths_argument(state.widths) if state.widths else ""
    least, most = view_settings.WIDTHS
    return {
        "data-widths": widths,
        "data-widths-min": str(least),
        "data-widths-max": str(most),
        **({"data-widths-save": into_view} if into_view else {"data-widths-show": state.href(base, after=state.after)}),
    }


def _rows(
    found: ListDefinition, me: Actor, state: ListState, where: Filter, columns: list[Shown]
) -> tuple[query.Page, ListState]:
    grouped = [name for name, _down in state.group]
    names = [*(column.name for column in columns), *grouped, *needed_columns(found, columns)]
    arguments: dict[str, Any] = {
        "where": where,
        "order": state.order,
        "columns": names,
        "limit": PER_PAGE,
        "search": state.search or None,
        "marks": state.marks,
    }
    try:
        return query.page(session(), me, found.name, after=state.after, **arguments), state
    except Invalid:
        if not state.after:
            raise
    problem = _("This place in the list is not there any more; this is its beginning.")
    again = replace(state, after=None, problems=(*state.problems, problem))
    return query.page(session(), me, found.name, **arguments), again


def _row_views(
    items: list[Item], columns: list[Shown], found: ListDefinition, me: Actor, here: str, grouped: Groups
) -> list[dict[str, Any]]:
    today, heads = today_of(me), grouped.heads(items) if grouped.state.group else {}
    hues = grouped.state.hues
    return [
        {
            "id": item.id,
            "title": item.title,
            "href": item_href(found.name, item.id),
            "actions": actions_for(item, me, here),
            "cells": {column.name: cell_of(item, column, me, grouped.house, today) for column in columns},
            "heads": heads.get(item.id, []),
            "hue": None if item.mark is None else hues[item.mark],
        }
        for item in items
    ]


def today_of(me: Actor) -> datetime.date:
    """The day in the reader's zone."""
    return now().astimezone(ZoneInfo(me.time_zone)).date()


def cell_of(item: Item, column: Shown, me: Actor, currency: str, today: datetime.date) -> Cell:
    """One value of a row; the name as the item is called."""
    return Cell("text", item.title) if column.name == "name" else cell(item, column, me, currency, today)


def cells_of(items: list[Item], columns: list[Shown], me: Actor) -> dict[int, dict[str, Cell]]:
    """The values of these items by id and column."""
    currency, today = database_of(session()).house.currency, today_of(me)
    return {item.id: {column.name: cell_of(item, column, me, currency, today) for column in columns} for item in items}


def _known(grouped: Groups) -> Count | None:
    """The count that groups and totals brought along."""
    part = grouped.found.whole if grouped.found else None
    return None if part is None else Count(part.count, False)


def _counted(found: ListDefinition, me: Actor, state: ListState, where: Filter) -> Count | None:
    """The count where it was asked for by a link; scripts fetch it when the rows stand."""
    if not request.args.get("count"):
        return None
    return query.count(session(), me, found.name, where=where, search=state.search or None)


def count_text(counted: Count) -> str:
    """A count in words, with a plus where it was capped."""
    number = format_decimal(counted.number) + ("+" if counted.capped else "")
    return ngettext("%(number)s row", "%(number)s rows", counted.number + counted.capped, number=number)


def _other_view(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, str] | None:
    """A view without a filter, where this one hides things."""
    for view in views.views_for(session(), found, me):
        if view is not state.view and not view.settings.get("filter"):
            return {"label": view.title(me.language), "href": f"{base}?view={view.name}"}
    return None


def _new_types(found: ListDefinition, me: Actor, presets: dict[str, Any]) -> list[tuple[str, str]]:
    """What of several types may be made here: title and address."""
    column = content_types.column_of(found)
    if column is None or not may_add(found, me):
        return []
    kind = column.type
    there = [(value, title) for value, title in kind.choices(me.reader) if value not in kind.retired]  # type: ignore[attr-defined]
    made = [
        (title, url_for("items.new", list_name=found.name, content_type=value, **presets)) for value, title in there
    ]
    return made if len(made) > 1 else []


def _new_href(found: ListDefinition, me: Actor, presets: dict[str, Any]) -> str | None:
    if not may_add(found, me):
        return None
    return found.settings.get("new_page") or url_for("items.new", list_name=found.name, **presets)
