"""The pages that every list has: all lists, a list's table, its count, its recycle bin, its suggestions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...lists import query, views
from ...lists.catalogue import ListDefinition, catalogue, definition
from ...lists.errors import Invalid
from ...lists.folders import is_list_of_folders
from ...lists.models import User, UserRole
from ...lists.reading import Stage
from ...lists.rights import Actor, may_open
from ...lists.view_settings import can_board
from ..request import actor, home, session
from . import list_board, list_calendar, list_state, list_table
from . import suggest as suggesting
from .cells import Shown, shown
from .list_state import ListState

blueprint = Blueprint("lists", __name__)


@blueprint.get("/lists")
def index() -> ResponseReturnValue:
    """All lists that the user may open, in groups."""
    me = actor()
    groups: dict[str, list[ListDefinition]] = {"crm": [], "documents": [], "own": [], "codes": [], "archived": []}
    for found in catalogue(session()).by_name.values():
        if may_open(found, me) and (not found.is_archived or me.is_administrator) and not is_list_of_folders(found):
            groups[_group_of(found)].append(found)
    titles = {
        "crm": _("Customers and cases"),
        "documents": _("Documents"),
        "own": _("Your own lists"),
        "codes": _("Code lists"),
        "archived": _("Archived lists"),
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
    context = _context(found, me, state, base)
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
    return f'<span class="count">{list_table.count_text(counted)}</span>'


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
            limit=list_table.PER_PAGE,
            after=state.after,
            stage=Stage.BIN,
        )
    except Invalid:
        return redirect(url_for("lists.recycle_bin", list_name=list_name), 302)
    base = url_for("lists.recycle_bin", list_name=list_name)
    return render_template(
        "lists/bin.html",
        definition=found,
        actor=me,
        items=page.items,
        cells=list_table.cells_of(page.items, [_must(found, name, me) for name in columns], me),
        days=home().settings.recycle_days,
        next_href=f"{base}?after={page.next}" if page.next else None,
        previous_href=f"{base}?after={page.previous}" if page.previous else None,
    )


@blueprint.get("/lists/<list_name>/suggest")
def suggest(list_name: str) -> ResponseReturnValue:
    """What a lookup into the list may choose for what was typed so far."""
    return jsonify(suggesting.suggest(session(), actor(), list_name, request.args.get("q", "")))


def _context(found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, Any]:
    """What the part of the page that is replaced needs, by the kind of the view."""
    state, where = list_state.usable(session(), list_state.coloured(session(), state), me)
    return {
        **list_table.around(found, me, state, base),
        **_KINDS[state.kind](found, me, state, where, base),
        "shape": state.kind,
    }


_KINDS = {"table": list_table.context, "board": list_board.context, "calendar": list_calendar.context}


def _page_context(found: ListDefinition, me: Actor, context: dict[str, Any], base: str) -> dict[str, Any]:
    """What stands around: views, kinds, exports."""
    state: ListState = context["state"]
    usual = views.first_view(session(), found, me)
    shown_views = [
        {
            "label": view.title(me.language),
            "href": base if view is usual else f"{base}?view={view.name}",
            "current": view is state.view,
        }
        for view in views.views_for(session(), found, me)
    ]
    return {
        "views": shown_views,
        "filters_href": state.href(url_for("filter_form.show", list_name=found.name)),
        "filtered": [(one.argument, value) for one in state.chosen for value in one.values],
        "kinds": _kinds(found, me, state, base),
        "exports": [
            (label, state.with_filter(url_for("list_export.show", list_name=found.name), "format", kind, fold=None))
            for kind, label in _formats().items()
        ],
    }


def _kinds(found: ListDefinition, me: Actor, state: ListState, base: str) -> list[dict[str, Any]]:
    """The ways in which this list can be shown; a board and a calendar first by the columns that a view names."""
    named = [view.settings for view in views.views_for(session(), found, me)]
    ways = [("table", _("Table"), "table", {"kind": "table"})]
    for kind, label, column, fits in (
        ("board", _("Board"), "board", lambda one: can_board(one.type) and not one.by_program),
        ("calendar", _("Calendar"), "start", lambda one: one.type.result.name in ("date", "datetime")),
    ):
        by_views = [settings[column] for settings in named if settings.get(column)]
        fitting = [one.name for one in found.visible_columns if fits(one)]
        chosen = next(iter([*by_views, *fitting]), None)
        if chosen is not None:
            ways.append((kind, label, kind, {"kind": kind, column: state.named.get(column, chosen)}))
    if len(ways) == 1:
        return []
    return [
        {
            "label": label,
            "icon": icon,
            "current": state.kind == kind,
            "href": state.href(base, **{"fold": None, "date": None, "board": None, "start": None, **shape}),
        }
        for kind, label, icon, shape in ways
    ]


def _formats() -> dict[str, str]:
    return {"xlsx": _("Export to Excel"), "csv": _("Export as CSV"), "json": _("Export as JSON")}


def _group_of(found: ListDefinition) -> str:
    if found.is_archived:
        return "archived"
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
