"""The filter form of a list page: one small group of fields per column, made from the column's type.

It is asked for when somebody reaches for it: of a list of 150 columns it is longer than the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists.catalogue import ListDefinition
from ...lists.rights import Actor
from ...lists.view_settings import can_group
from ..request import session
from . import list_filters, list_state
from .cells import Shown, shown
from .filter_words import OFFERED, word_label
from .list_filters import Chosen, is_id
from .list_state import ListState
from .list_views import opened

blueprint = Blueprint("filter_form", __name__)
Titles = Mapping[str, Mapping[int, str]]
_RANGES = ("number", "currency", "percent", "date", "datetime")


@dataclass
class FilterField:
    """A column's group: `kind` says which fields (choices, lookup, range, words, yes_no), `values` what they hold."""

    name: str
    label: str
    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)
    url: str | None = None
    values_href: str | None = None  # the page with the values that the whole list has
    chosen: list[dict[str, Any]] = field(default_factory=list)
    is_open: bool = False
    is_day: bool = False


@blueprint.get("/lists/<list_name>/filters")
def show(list_name: str) -> ResponseReturnValue:
    """The filter form for the list page with the same arguments; for scripts its fields alone."""
    me, found = opened(list_name)
    state = list_state.read(found, me, request.args)
    of_view = list_state.view_chosen(state, me) or ()
    titles = list_filters.titles(session(), (*of_view, *state.chosen), me)
    template = "lists/_filters.html" if request.headers.get("HX-Request") else "lists/filters.html"
    return render_template(
        template,
        definition=found,
        actor=me,
        base=url_for("lists.show", list_name=list_name),
        filters=filter_fields(found, me, state, titles),
        view_words=[label for _some, label in list_filters.labels(of_view, titles, me)],
        given=list(state.given.items()),
    )


def filter_fields(found: ListDefinition, actor: Actor, state: ListState, titles: Titles) -> dict[str, Any]:
    """The groups for the view's columns first and then all others, and the filters that the form has no field for."""
    names = dict.fromkeys([*state.columns, *(column.name for column in found.visible_columns), "created", "modified"])
    columns = [column for column in (shown(found, str(name), actor.language) for name in names) if column]
    offered = [(word, word_label(word) or word) for word in OFFERED]
    groups = [group for column in columns if (group := _group(column, state, actor, titles, offered))]
    known = {(group.name, operator) for group in groups for operator in group.values}
    kept = [
        (one.argument, value)
        for one in state.chosen
        if one.any_of or (one.column.name, one.operator) not in known
        for value in one.values
    ]
    return {"groups": groups, "kept": kept}


def _group(
    column: Shown, state: ListState, actor: Actor, titles: Titles, offered: list[tuple[str, str]]
) -> FilterField | None:
    kind = column.type
    own = {one.operator: one for one in state.chosen if one.column.name == column.name and not one.any_of}
    group = FilterField(column.name, column.label, "words", is_open=bool(own))
    if can_group(kind) and kind.name not in _RANGES:
        address = url_for("list_filter.values", list_name=state.definition.name, column=column.name)
        group.values_href = state.href(address)
    if kind.name in ("choice", "content_type", "multi_choice"):
        group.kind, group.choices = "choices", kind.choices(actor.reader)  # type: ignore[attr-defined]
        group.values = {"eq": list(own["eq"].values) if "eq" in own else []}
    elif kind.target:
        group.kind, group.url = "lookup", url_for("lists.suggest", list_name=kind.target)
        group.values = {"eq": [], "contains": _first(own, "contains")}
        group.chosen = _chosen(own.get("eq"), titles.get(kind.target, {}))
    elif kind.name == "boolean":
        group.kind, group.choices = "yes_no", [("1", _("yes")), ("0", _("no"))]
        group.values = {"eq": _first(own, "eq")}
    elif kind.name in _RANGES:
        group.kind, group.is_day = "range", kind.name in ("date", "datetime")
        group.values = {"ge": _first(own, "ge"), "le": _first(own, "le")}
        if group.is_day:
            group.choices = offered
            group.values["eq"] = _first(own, "eq")
    elif "contains" in kind.operators:
        group.values = {"contains": _first(own, "contains")}
    else:
        return None
    if "empty" in kind.operators and column.column is not None and not column.column.required:
        group.values["empty"] = _first(own, "empty")
    return group


def _first(own: dict[str, Chosen], operator: str) -> str:
    return own[operator].values[0] if operator in own else ""


def _chosen(one: Chosen | None, titles: Mapping[int, str]) -> list[dict[str, Any]]:
    if one is None:
        return []
    return [
        {
            "id": value,
            "title": titles.get(int(value), f"#{value}") if is_id(value) else word_label(value) or value,
        }
        for value in one.values
    ]
