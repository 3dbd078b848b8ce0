"""The head of a column on a list page: its sort link and its menu."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from ...lists.errors import Words
from ...lists.totals import functions_of
from ...lists.view_settings import can_group
from ..errors import said
from .cells import Shown
from .list_filters import operators
from .list_state import NONE, ListState, argument_of


def head(column: Shown, state: ListState, base: str) -> dict[str, Any]:
    """What the table's head needs of a column: label, link that sorts, direction, menu."""
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
        "menu": menu(column, state, base),
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
