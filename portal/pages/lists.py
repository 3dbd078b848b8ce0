"""The pages that every list has: all lists, a list's table, its count, its recycle bin, its suggestions."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from ...lists import query
from ...lists.catalogue import ListDefinition, catalogue, definition
from ...lists.database import database_of
from ...lists.errors import Invalid
from ...lists.filters import Filter
from ...lists.models import User, UserRole, now
from ...lists.query import Count, Item
from ...lists.rights import Actor, may_add, may_open
from ..request import actor, session
from . import list_state
from . import suggest as suggesting
from .cells import Cell, Shown, cell, item_href, shown
from .filter_form import filter_fields
from .list_state import ListState
from .row_actions import actions_for, needed_columns

blueprint = Blueprint("lists", __name__)
PER_PAGE = 50
DEFAULT_COLUMNS = 6


@blueprint.get("/lists")
def index() -> ResponseReturnValue:
    """All lists that the user may open, in groups."""
    me = actor()
    groups: dict[str, list[ListDefinition]] = {"crm": [], "documents": [], "own": [], "codes": []}
    for found in catalogue(session()).by_name.values():
        if may_open(found, me):
            groups[_group_of(found)].append(found)
    titles = {
        "crm": _("Customers and cases"),
        "documents": _("Documents"),
        "own": _("Your own lists"),
        "codes": _("Code lists"),
    }
    sections = [
        (titles[key], sorted(found, key=lambda one: one.title(me.language))) for key, found in groups.items() if found
    ]
    return render_template("lists/index.html", sections=sections, actor=me)


@blueprint.get("/lists/<list_name>")
def show(list_name: str) -> ResponseReturnValue:
    """A list's page; for htmx the table part alone."""
    me, found = actor(), definition(session(), list_name)
    if not may_open(found, me):
        return render_template("lists/no_right.html", definition=found, helpers=_administrators(), actor=me), 403
    part = request.headers.get("HX-Target") == "rows"
    state = list_state.read(found, me, request.args)
    base = url_for("lists.show", list_name=list_name)
    if not part and any(not value for value in request.args.values()):
        return redirect(state.href(base), 302)  # a form sends its empty fields along; the address should not keep them
    context = _table_context(found, me, state, base)
    if not part:
        context |= _page_context(found, me, context, base)
    response = Response(
        render_template("lists/_table.html" if part else "lists/list.html", **context), mimetype="text/html"
    )
    if part:
        response.headers["HX-Replace-Url" if request.headers.get("HX-Trigger-Name") == "search" else "HX-Push-Url"] = (
            context["here"]
        )
    return response


@blueprint.get("/lists/<list_name>/count")
def count(list_name: str) -> ResponseReturnValue:
    """How many rows the list page's state has, counted when the rows already stand."""
    me, found = actor(), definition(session(), list_name)
    state, where = list_state.usable(session(), list_state.read(found, me, request.args), me)
    counted = query.count(session(), me, list_name, where=where, search=state.search or None)
    return f'<span class="count">{_count_text(counted)}</span>'


@blueprint.get("/lists/<list_name>/bin")
def recycle_bin(list_name: str) -> ResponseReturnValue:
    """What was deleted and can be brought back, latest first."""
    me, found = actor(), definition(session(), list_name)
    state = list_state.read(found, me, request.args)
    columns = ["name", "modified", "modified_by"]
    try:
        page = query.page(
            session(),
            me,
            list_name,
            order=[("modified", True)],
            columns=columns,
            limit=PER_PAGE,
            after=state.after,
            deleted=True,
        )
    except Invalid:
        return redirect(url_for("lists.recycle_bin", list_name=list_name), 302)
    base = url_for("lists.recycle_bin", list_name=list_name)
    return render_template(
        "lists/bin.html",
        definition=found,
        actor=me,
        items=page.items,
        cells=_cells(page.items, [_must(found, name, me) for name in columns], me),
        next_href=f"{base}?after={page.next}" if page.next else None,
        previous_href=f"{base}?after={page.previous}" if page.previous else None,
    )


@blueprint.get("/lists/<list_name>/suggest")
def suggest(list_name: str) -> ResponseReturnValue:
    """What a lookup into the list may choose for what was typed so far."""
    return jsonify(suggesting.suggest(session(), actor(), list_name, request.args.get("q", "")))


def _table_context(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, Any]:
    """What the table part needs: columns, rows, chips, pager. One statement, and one per kind of lookup."""
    state, where = list_state.usable(session(), state, me)
    columns = _columns(found, state, me)
    page, state = _rows(found, me, state, where, columns)
    titles = list_state.titles(session(), state, me)
    here, chips = state.href(base, after=state.after), list_state.labels(state, titles, me)
    whole = page.next is None and page.previous is None
    return {
        "definition": found,
        "actor": me,
        "state": state,
        "here": here,
        "base": base,
        "columns": [_head(column, state, base) for column in columns],
        "rows": _row_views(page.items, columns, found, me, here),
        "chips": [{"label": label, "remove_href": state.href(base, without=one)} for one, label in chips]
        + (
            [{"label": _("Search: %(words)s", words=state.search), "remove_href": state.href(base, search=None)}]
            if state.search
            else []
        ),
        "clear_href": state.href(base, search=None) if not state.chosen else _cleared(state, base),
        "next_href": state.href(base, after=page.next) if page.next else None,
        "previous_href": state.href(base, after=page.previous) if page.previous else None,
        "count": _count_text(Count(len(page.items), False)) if whole else _counted(found, me, state, where),
        "count_href": state.href(url_for("lists.count", list_name=found.name)),
        "count_here": state.href(base, after=state.after, count="1"),
        "is_empty": not page.items,
        "about": found.description(me.language) or None,
        "view_filters": bool(state.view and state.view.settings.get("filter")),
        "titles": titles,
        "other_view": _other_view(found, me, state, base),
        "may_add": may_add(found, me),
        "new_href": _new_href(found, me),
        "new_label": _("File a mail") if found.name == "mails" else None,
    }


def _page_context(found: ListDefinition, me: Actor, context: dict[str, Any], base: str) -> dict[str, Any]:
    """What stands around the table: views and the filter form."""
    views = [
        {
            "label": view.title(me.language),
            "href": f"{base}?view={view.name}" if not view.settings.get("default") else base,
            "current": view is context["state"].view,
        }
        for view in list_state.views_for(found, me)
    ]
    return {"views": views, "filters": filter_fields(found, me, context["state"], context["titles"])}


def _rows(
    found: ListDefinition, me: Actor, state: ListState, where: Filter, columns: list[Shown]
) -> tuple[query.Page, ListState]:
    names = [*(column.name for column in columns), *needed_columns(found, columns)]
    arguments: dict[str, Any] = {
        "where": where,
        "order": state.sort,
        "columns": names,
        "limit": PER_PAGE,
        "search": state.search or None,
    }
    try:
        return query.page(session(), me, found.name, after=state.after, **arguments), state
    except Invalid:
        if not state.after:
            raise
    problem = _("This place in the list is not there any more; this is its beginning.")
    again = list_state.replace(state, after=None, problems=(*state.problems, problem))
    return query.page(session(), me, found.name, **arguments), again


def _row_views(
    items: list[Item], columns: list[Shown], found: ListDefinition, me: Actor, here: str
) -> list[dict[str, Any]]:
    currency, today = database_of(session()).house.currency, now().astimezone(ZoneInfo(me.time_zone)).date()
    return [
        {
            "id": item.id,
            "title": item.title,
            "href": item_href(found.name, item.id),
            "actions": actions_for(item, me, here),
            "cells": {column.name: _cell(item, column, me, currency, today) for column in columns},
        }
        for item in items
    ]


def _cell(item: Item, column: Shown, me: Actor, currency: str, today: datetime.date) -> Cell:
    return Cell("text", item.title) if column.name == "name" else cell(item, column, me, currency, today)


def _cells(items: list[Item], columns: list[Shown], me: Actor) -> dict[int, dict[str, Cell]]:
    currency, today = database_of(session()).house.currency, now().astimezone(ZoneInfo(me.time_zone)).date()
    return {item.id: {column.name: _cell(item, column, me, currency, today) for column in columns} for item in items}


def _columns(found: ListDefinition, state: ListState, me: Actor) -> list[Shown]:
    """The view's columns, the name first among them; without a view the first few."""
    names = list(state.view.settings.get("columns", ())) if state.view else []
    names = names or [column.name for column in found.form_columns[:DEFAULT_COLUMNS]]
    wanted = dict.fromkeys(names if "name" in names else ["name", *names])
    return [column for column in (shown(found, str(name), me.language) for name in wanted) if column]


def _head(column: Shown, state: ListState, base: str) -> dict[str, Any]:
    sorted_ = state.sorted_by(column.name)
    kind = "title" if column.name == "name" else "number" if column.is_number else None
    sort = (
        None if column.type.is_multi else state.href(base, sort=f"-{column.name}" if sorted_ == "asc" else column.name)
    )
    return {"name": column.name, "label": column.label, "kind": kind, "sort_href": sort, "sorted": sorted_}


def _counted(found: ListDefinition, me: Actor, state: ListState, where: Filter) -> str | None:
    """The count where it was asked for by a link; scripts fetch it when the rows stand."""
    if not request.args.get("count"):
        return None
    return _count_text(query.count(session(), me, found.name, where=where, search=state.search or None))


def _count_text(counted: Count) -> str:
    number = format_decimal(counted.number) + ("+" if counted.capped else "")
    return ngettext("%(number)s row", "%(number)s rows", counted.number + counted.capped, number=number)


def _cleared(state: ListState, base: str) -> str:
    return list_state.replace(state, chosen=()).href(base, search=None)


def _other_view(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, str] | None:
    """A view without a filter, where this one hides things."""
    for view in list_state.views_for(found, me):
        if view is not state.view and not view.settings.get("filter"):
            return {"label": view.title(me.language), "href": f"{base}?view={view.name}"}
    return None


def _new_href(found: ListDefinition, me: Actor) -> str | None:
    if not may_add(found, me):
        return None
    return found.settings.get("new_page") or url_for("items.new", list_name=found.name)


def _group_of(found: ListDefinition) -> str:
    if found.kind == "library":
        return "documents"
    if found.kind == "code":
        return "codes"
    return "crm" if found.settings.get("built_in") else "own"


def _must(found: ListDefinition, name: str, me: Actor) -> Shown:
    column = shown(found, name, me.language)
    assert column is not None
    return column


def _administrators() -> list[dict[str, str]]:
    """Who can help somebody without a right; at most five."""
    statement = (
        select(User.name, User.email)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role == "administrator", User.active.is_(True))
    )
    return [{"name": row.name, "email": row.email} for row in session().execute(statement.order_by(User.name).limit(5))]
