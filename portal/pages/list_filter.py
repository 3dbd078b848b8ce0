"""Filters of a list page in pages of their own: a column's values from the whole list, and conditions in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from sqlalchemy.orm import Session

from ...lists import totals
from ...lists.catalogue import ListDefinition
from ...lists.columns import Reference
from ...lists.columns.choices import ChoiceColumn
from ...lists.errors import NotFound
from ...lists.filters import And, Compare, Filter
from ...lists.rights import Actor
from ...lists.sqltypes import fold
from ...lists.view_settings import can_group
from ..request import session
from . import list_filters, list_state
from .cells import Shown, shown, value_cell
from .filter_words import OFFERED, word_label
from .list_state import ListState
from .list_views import opened
from .suggest import suggest

blueprint = Blueprint("list_filter", __name__)
MOST_VALUES = 60
CONDITIONS = 8


@dataclass(frozen=True)
class Value:
    """A value that a filter may ask for: as the address has it, in words, and how often it stands in the list."""

    text: str
    label: str
    count: str | None = None


@blueprint.get("/lists/<list_name>/values/<column>")
def values(list_name: str, column: str) -> ResponseReturnValue:
    """The values of a column in the whole list, to choose from; for htmx the values alone."""
    me, found = opened(list_name)
    state = list_state.read(found, me, request.args)
    asked, typed = _column(found, column, me), request.args.get("q", "").strip()[:100]
    others = replace(state, chosen=tuple(one for one in state.chosen if one.column.name != column))
    others, where = list_state.usable(session(), others, me)
    offered, more = values_of(session(), me, others, where, asked, typed)
    chosen = {
        value for one in state.chosen if one.column.name == column and one.operator == "eq" for value in one.values
    }
    part = request.headers.get("HX-Target") == "values"
    return render_template(
        "lists/_values.html" if part else "lists/values.html",
        definition=found,
        actor=me,
        column=asked,
        values=offered,
        kept_values=_unseen(chosen, offered, asked, me),
        chosen=chosen,
        more=more,
        typed=typed,
        kept=others.arguments(),
        base=url_for("lists.show", list_name=list_name),
        here=url_for("list_filter.values", list_name=list_name, column=column),
        can_empty="empty" in list_filters.operators(asked.type),
    )


def values_of(
    session: Session, actor: Actor, state: ListState, where: Filter, column: Shown, typed: str
) -> tuple[list[Value], bool]:
    """The values that fit what was typed, with counts where the list is short enough; and whether there are more."""
    kind, name = column.type, column.name
    if kind.name in ("date", "datetime"):
        words = [Value(word, word_label(word) or word) for word in OFFERED]
        return [one for one in words if fold(typed) in fold(one.label)], False
    if can_group(kind):
        wanted = And([where, Compare((name,), "contains", typed)]) if typed and "contains" in kind.operators else where
        search = state.search or None
        found = totals.summarise(session, actor, state.definition.name, where=wanted, search=search, by=[name])
        if not found.capped:
            parts = sorted((part for part in found.groups() if part.key[0] is not None), key=lambda part: -part.count)
            listed = [_value(column, part.key[0], part.count, actor) for part in parts]
            listed = [one for one in listed if fold(typed) in fold(one.label)]
            return listed[:MOST_VALUES], len(listed) > MOST_VALUES
    return _without_counts(session, actor, column, typed)


def _without_counts(session: Session, actor: Actor, column: Shown, typed: str) -> tuple[list[Value], bool]:
    """Of a list too long to count through, and of columns of several values: what the column may hold."""
    kind = column.type
    if isinstance(kind, ChoiceColumn):
        listed = [Value(value, label) for value, label in kind.choices(actor.reader)]
        return [one for one in listed if fold(typed) in fold(one.label)], False
    if kind.target:
        entries = suggest(session, actor, kind.target, typed, limit=MOST_VALUES + 1)
        return [Value(str(one["id"]), one["title"]) for one in entries][:MOST_VALUES], len(entries) > MOST_VALUES
    return [], True


def _value(column: Shown, value: Any, count: int, actor: Actor) -> Value:
    text = str(value.id) if isinstance(value, Reference) else _text(value, column)
    return Value(text, value_cell(value, column, actor).text, format_decimal(count))


def _text(value: Any, column: Shown) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(column.type.to_json(value))


def _unseen(chosen: set[str], offered: list[Value], column: Shown, me: Actor) -> list[Value]:
    """What is chosen already and not among the offered: it stays chosen."""
    missing = sorted(chosen - {one.text for one in offered})
    ones = [list_filters.Chosen(column, "eq", (value,)) for value in missing]
    known = list_filters.titles(session(), ones, me)
    return [Value(one.values[0], list_filters.value_text(one, known, me)) for one in ones]


# --- Conditions in groups -------------------------------------------------------------------------


@blueprint.get("/lists/<list_name>/conditions")
def conditions(list_name: str) -> ResponseReturnValue:
    """Conditions row by row: each must hold, or one of a group must. Sent, it leads to the list."""
    me, found = opened(list_name)
    state = list_state.read(found, me, request.args)
    base = url_for("lists.show", list_name=list_name)
    columns = {name: column for name in _offered(found) if (column := shown(found, name, me.language))}
    if "show" in request.args:
        return redirect(f"{base}?{urlencode([*replace(state, chosen=()).arguments(), *_typed(columns, me)])}", 303)
    of_view = list_state.view_chosen(state, me)
    bare = replace(state, chosen=())
    kept = bare.arguments(filter=list_state.NONE) if of_view else bare.arguments()
    most = max((one.any_of for one in of_view or ()), default=0)
    own = [replace(one, any_of=one.any_of and min(one.any_of + most, 9)) for one in state.chosen]
    rows = [
        (one.column.name, one.operator, value, one.any_of) for one in (*(of_view or ()), *own) for value in one.values
    ]
    return render_template(
        "lists/conditions.html",
        definition=found,
        actor=me,
        base=base,
        here=request.path,
        kept=kept,
        hidden_filter=state.view_filter if of_view is None else None,
        rows=[*rows, *[("", "eq", "", 0)] * max(3, CONDITIONS - len(rows))],
        columns=list(columns.values()),
        operators=list_filters.operator_labels(),
        words=[(word, word_label(word)) for word in ("@me", "@my_groups", *OFFERED)],
    )


def _typed(columns: Mapping[str, Shown], me: Actor) -> list[tuple[str, str]]:
    """The form's rows as arguments of a list page.

    Several values of one comparison are there one of several; what must hold besides is a group of its own.
    """
    rows = list(zip(*(request.args.getlist(name) for name in ("column", "operator", "value", "any_of")), strict=False))
    free = [number for number in "987654321" if number not in {any_of for *_more, any_of in rows}]
    pairs: list[tuple[str, str]] = []
    for name, typed, value, any_of in rows:
        operator = "empty" if typed == "filled" else typed
        value = "1" if typed == "empty" else "0" if typed == "filled" else value.strip()
        if name not in columns or not value:
            continue
        operator, value = understood(columns[name], operator, value, me)
        end = f".{name}" if operator == "eq" else f".{name}.{operator}"
        if not any_of and operator != "eq" and free and f"f{end}" in dict(pairs):
            any_of = free.pop()
        pairs.append((f"f{any_of[:1]}{end}", value))
    return pairs


def understood(column: Shown, operator: str, value: str, me: Actor) -> tuple[str, str]:
    """What was typed as the address has it: the word or choice that is so called, of a lookup a part of its title."""
    kind = column.type
    words = {label: word for word in ("@me", "@my_groups", *OFFERED) if (label := word_label(word))}
    if value in words and kind.name not in ("text", "choice", "content_type"):
        return operator, words[value]
    if isinstance(kind, ChoiceColumn):
        return operator, {fold(label): one for one, label in kind.choices(me.reader)}.get(fold(value), value)
    if kind.target and operator == "eq" and not list_filters.is_id(value) and not value.startswith("@"):
        return "contains", value
    return operator, value


def _offered(found: ListDefinition) -> list[str]:
    return [*(column.name for column in found.visible_columns), "created", "created_by", "modified", "modified_by"]


def _column(found: ListDefinition, name: str, me: Actor) -> Shown:
    column = shown(found, name, me.language)
    if column is None:
        raise NotFound("The list %(list)s has no column %(column)s.", list=found.name, column=name[:80])
    return column
