"""The head of a column on a list page: its sort link, and its menu, which is asked for when somebody reaches for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists.errors import NotFound, Words
from ...lists.totals import functions_of
from ...lists.view_settings import can_group
from ..errors import said
from . import list_state
from .cells import Shown, shown
from .list_filters import operators
from .list_state import NONE, ListState, argument_of
from .list_views import opened

blueprint = Blueprint("column_menu", __name__)


@blueprint.get("/lists/<list_name>/menu/<column>")
def show(list_name: str, column: str) -> ResponseReturnValue:
    """A column's menu for the list page with the same arguments; for scripts its entries alone."""
    me, found = opened(list_name)
    state = list_state.read(found, me, request.args)
    asked = shown(found, column, me.language) if column in state.columns else None
    if asked is None:
        raise NotFound("The list %(list)s shows no column %(column)s.", list=found.name, column=column[:80])
    entries = menu(asked, state, url_for("lists.show", list_name=list_name))
    template = "lists/_column_menu.html" if request.headers.get("HX-Request") else "lists/column_menu.html"
    return render_template(template, definition=found, actor=me, column=asked, entries=entries)


def heads(columns: list[Shown], state: ListState, base: str) -> list[dict[str, Any]]:
    """What the table's head needs of each column."""
    to_menu = url_for("column_menu.show", list_name=state.definition.name, column="-").removesuffix("-")
    arguments = state.href("")
    return [{**_head(column, state, base), "menu_href": f"{to_menu}{column.name}{arguments}"} for column in columns]


def _head(column: Shown, state: ListState, base: str) -> dict[str, Any]:
    """Label, link that sorts, direction, place among the sort keys, width."""
    sorted_ = state.sorted_by(column.name)
    kind = "title" if column.name == "name" else "number" if column.is_number else None
    sort = (
        None if column.type.is_multi else state.href(base, sort=f"-{column.name}" if sorted_ == "asc" else column.name)
    )
    return {
        "name": column.name,
        "label": column.label,
        "kind": kind,
        "sort_href": sort,
        "sorted": sorted_,
        "rank": [name for name, _down in state.sort].index(column.name) + 1
        if sorted_ and len(state.sort) > 1
        else None,
        "width": state.widths.get(column.name),
    }


def menu(column: Shown, state: ListState, base: str) -> list[dict[str, Any]]:
    """The entries of a column's menu, in groups: sort; filter and group; totals; place."""
    entries = _sorting(column, state, base) if not column.type.is_multi else []
    if "eq" in operators(column.type) or "contains" in operators(column.type):
        address = url_for("list_filter.values", list_name=state.definition.name, column=column.name)
        entries.append(_entry(_("Filter…"), state.href(address), "filter"))
    entries += _grouping(column, state, base) if can_group(column.type) else []
    return [*entries, *_totals(column, state, base), *_placing(column, state, base)]


def _entry(
    label: str, href: str, icon: str | None = None, *, current: bool = False, line: bool = False
) -> dict[str, Any]:
    return {"label": label, "href": href, "icon": icon, "current": current, "line": line}


def _sorting(column: Shown, state: ListState, base: str) -> list[dict[str, Any]]:
    name, now = column.name, state.sorted_by(column.name)
    entries = [
        _entry(_("Sort upwards"), state.href(base, sort=name), "arrow-up", current=now == "asc"),
        _entry(_("Sort downwards"), state.href(base, sort=f"-{name}"), "arrow-down", current=now == "desc"),
    ]
    others = [part for part in state.sort if part[0] != name]
    if others and now is None:
        further = argument_of([*others, (name, False)])
        entries.append(_entry(_("Then sort by this"), state.href(base, sort=further), "sort"))
    elif now is not None and others:
        turned = argument_of([(one, not down if one == name else down) for one, down in state.sort])
        entries.append(_entry(_("Turn this key round"), state.href(base, sort=turned), "sort"))
    return entries


def _grouping(column: Shown, state: ListState, base: str) -> list[dict[str, Any]]:
    name, grouped = column.name, [name for name, _down in state.group]
    if name in grouped:
        rest = argument_of([part for part in state.group if part[0] != name]) or NONE
        return [_entry(_("Do not group by this"), state.href(base, group=rest, fold=None), "close", current=True)]
    entries = [_entry(_("Group by this"), state.href(base, group=name, fold=None), "list")]
    if len(grouped) == 1:
        within = f"{argument_of(state.group)},{name}"
        entries.append(_entry(_("Group by this within"), state.href(base, group=within, fold=None), "list"))
    return entries


def _totals(column: Shown, state: ListState, base: str) -> list[dict[str, Any]]:
    entries = []
    for function in functions_of(column.type):
        current = state.totals.get(column.name) == function
        wanted = {**state.totals, column.name: function}
        if current:
            del wanted[column.name]
        text = ",".join(f"{name}:{one}" for name, one in wanted.items()) or NONE
        entries.append(
            _entry(total_label(function), state.href(base, totals=text), "check" if current else None, current=current)
        )
    entries[0]["line"] = True
    return entries


def _placing(column: Shown, state: ListState, base: str) -> list[dict[str, Any]]:
    names, entries = list(state.columns), []
    at = names.index(column.name)
    for step, label, icon in (
        (-1, _("Move to the left"), "chevron-left"),
        (1, _("Move to the right"), "chevron-right"),
    ):
        if 0 <= at + step < len(names):
            moved = list(names)
            moved[at], moved[at + step] = moved[at + step], moved[at]
            entries.append(_entry(label, state.href(base, columns=",".join(moved)), icon))
    if column.name != "name":
        rest = ",".join(name for name in names if name != column.name)
        entries.append(_entry(_("Hide this column"), state.href(base, columns=rest), "close"))
    if entries:
        entries[0]["line"] = True
    return entries


_TOTALS = {
    "sum": Words("Sum"), "avg": Words("Average"), "min": Words("Smallest"), "max": Words("Largest"),
    "count": Words("Count"), "filled": Words("Filled in"),
}  # fmt: skip


def total_label(function: str) -> str:
    """What a total is called."""
    return said(_TOTALS[function])
