"""What a saved view may say, checked against its list.

`columns` (in order) and `widths`, `filter` (OData text), `order` (several keys), `group` (one column or two),
`totals` {column: function}, `colours` [{formula, colour}], `kind` with `board` or `start` and `end`. `default` makes a
view everybody's first (or, of one's own, one's own first), `default_for` that of sales groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from . import filters, odata, own_views
from .catalogue import Column, ListDefinition, View, catalogue
from .colours import COLOURS
from .columns import ColumnType
from .errors import N_, Invalid
from .formulas import definitions as formulas
from .formulas import storing
from .models import now
from .reading import Reading
from .rights import Actor
from .totals import FUNCTIONS, functions_of

KINDS = ("table", "board", "calendar")
SETTINGS = (
    "columns", "widths", "filter", "order", "group", "totals", "colours", "kind", "board", "start", "end", "default",
    "default_for",
)  # fmt: skip
MOST_COLUMNS, MOST_GROUPS, MOST_COLOURS = 100, 2, 20
_POINTING = ("lookup", "person", "group")
WIDTHS = (40, 1000)  # pixels
_WHOLE_DAYS = ("date", "datetime")
_NAMED = ("board", "start", "end")
_TEXTS = ("filter", "order", "group", "kind", *_NAMED)


def shown(session: Session, found: ListDefinition, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A view's settings as people write them: formulas by names."""
    made = dict(settings)
    if made.get("colours"):
        lists = catalogue(session)
        made["colours"] = [
            {**rule, "formula": storing.by_names(str(rule["formula"]), lists, found)} for rule in made["colours"]
        ]
    return made


def checked(
    session: Session, actor: Actor, found: ListDefinition, body: Mapping[str, Any], *, shared: bool
) -> dict[str, Any]:
    """The settings that `body` gives, every name and formula of them known to the list. Raises Invalid on the setting.

    What is empty is left out, as what is None.
    """
    given: dict[str, Any] = {}
    for name in SETTINGS:
        value = body.get(name)
        if value is None:
            continue
        if name in _TEXTS and not isinstance(value, str):
            raise Invalid(name, "This must be a text.")
        made = _CHECKS[name](found, value) if name in _CHECKS and value != "" else value
        if made:
            given[name] = made
    if "filter" in given:
        _check_filter(session, actor, found, given["filter"])
    if "colours" in given:
        given["colours"] = [_settled(session, found, rule, number) for number, rule in enumerate(given["colours"], 1)]
    check_kind(found, given)
    if "default_for" in given and not shared:
        raise Invalid("default_for", "Only a view that everybody has can be the first of a sales group.")
    return given


def _settled(session: Session, found: ListDefinition, rule: Mapping[str, str], number: int) -> dict[str, str]:
    lists = catalogue(session)
    try:
        return {**rule, "formula": formulas.settled_condition(lists, found, rule["formula"], "colours")}
    except Invalid as refusal:
        words = N_("Rule %(number)s: %(refusal)s")
        raise Invalid("colours", words, number=number, refusal=refusal.words) from None


def uses(session: Session, found: ListDefinition, column: Column) -> list[View]:
    """The views that need the column, everybody's own ones too."""
    views = [*found.views, *own_views.of_list(session, found.id)]
    return [view for view in views if _names(view.settings, column)]


def _names(settings: Mapping[str, Any], column: Column) -> bool:
    texts = [str(settings.get(key) or "") for key in ("filter", "order", "group", *_NAMED)]
    listed = [*(settings.get("columns") or ()), *(settings.get("totals") or {})]
    named = column.name in {name.partition(".")[0] for name in listed}  # with what comes along with it
    coloured = any(f"[#{column.id}]" in str(rule.get("formula")) for rule in settings.get("colours") or ())
    return named or coloured or any(column.name in re.findall(r"\w+", text) for text in texts)


# --- What each setting may be ---------------------------------------------------------------------


def _columns(found: ListDefinition, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise Invalid("columns", "This must be a list of words.")
    if len(given) > MOST_COLUMNS:
        raise Invalid("columns", "There can be at most %(max)s columns.", max=MOST_COLUMNS)
    for name in given:
        odata.column_type_of(found, name, "columns")
    return list(dict.fromkeys(given))


def widths(found: ListDefinition, given: Any) -> dict[str, int]:
    """How wide columns are, in pixels. Raises Invalid."""
    for name, width in _mapping("widths", given).items():
        odata.column_type_of(found, name, "widths")
        if not isinstance(width, int) or isinstance(width, bool) or not WIDTHS[0] <= width <= WIDTHS[1]:
            raise Invalid("widths", "This must be between %(min)s and %(max)s.", min=WIDTHS[0], max=WIDTHS[1])
    return dict(given)


def _order(found: ListDefinition, given: str) -> str:
    odata.parse_orderby(given, found, "order")
    return given


def group_columns(found: ListDefinition, text: str | None) -> list[tuple[str, bool]]:
    """The columns that rows are grouped by, each with whether the last comes first. Raises Invalid."""
    if not text:
        return []
    order = odata.parse_orderby(text, found, "group")
    if len(order) > MOST_GROUPS:
        raise Invalid("group", "Rows are grouped by at most %(max)s columns.", max=MOST_GROUPS)
    for name, _descending in order:
        if not can_group(odata.column_type_of(found, name, "group")):
            raise Invalid("group", "Rows cannot be grouped by %(column)s.", column=name)
    return order


def can_group(kind: ColumnType) -> bool:
    """Whether several rows may be expected to share a value of this type."""
    plain = ("choice", "content_type", "boolean", "country", "text", "date", "number", "whole")
    return not kind.is_multi and kind.name in (*plain, *_POINTING) and not kind.options.get("multiline")


def can_board(kind: ColumnType) -> bool:
    """Whether a board may have a column for each value of this type."""
    return kind.name in ("choice", "content_type", "lookup", "group") and not kind.is_multi


def _group(found: ListDefinition, given: str) -> str:
    group_columns(found, given)
    return given


def totals(found: ListDefinition, given: Any) -> dict[str, str]:
    """Which total stands under which column. Raises Invalid."""
    for name, function in _mapping("totals", given).items():
        kind = odata.column_type_of(found, name, "totals")
        if function not in FUNCTIONS:
            choices = ", ".join(FUNCTIONS)
            raise Invalid(
                "totals", "“%(value)s” is not one of: %(choices)s.", value=str(function)[:40], choices=choices
            )
        if function not in functions_of(kind):
            raise Invalid("totals", "%(column)s has no such total: %(total)s.", column=name, total=function)
    return dict(given)


def _colours(_found: ListDefinition, given: Any) -> list[dict[str, str]]:
    if not isinstance(given, list) or not all(isinstance(rule, Mapping) for rule in given):
        raise Invalid("colours", "This must be a list of objects.")
    if len(given) > MOST_COLOURS:
        raise Invalid("colours", "There can be at most %(max)s of them.", max=MOST_COLOURS)
    for rule in given:
        if set(rule) != {"formula", "colour"} or not isinstance(rule["formula"], str):
            raise Invalid("colours", "A colour rule has a formula and a colour.")
        if rule["colour"] not in COLOURS:
            choices = ", ".join(COLOURS)
            value = str(rule["colour"])[:40]
            raise Invalid("colours", "“%(value)s” is not one of: %(choices)s.", value=value, choices=choices)
    return [dict(rule) for rule in given]


def _kind(_found: ListDefinition, given: str) -> str:
    if given not in KINDS:
        choices = ", ".join(KINDS)
        raise Invalid("kind", "“%(value)s” is not one of: %(choices)s.", value=given[:40], choices=choices)
    return given if given != "table" else ""


def _truth(_found: ListDefinition, given: Any) -> bool:
    if not isinstance(given, bool):
        raise Invalid("default", "This must be true or false.")
    return given


def _default_for(_found: ListDefinition, given: Any) -> list[int]:
    if not isinstance(given, list) or not all(isinstance(one, int) and 0 < one < 2**31 for one in given):
        raise Invalid("default_for", "This must be a list of numbers of sales groups.")
    return sorted(set(given))


_CHECKS: Mapping[str, Callable[[ListDefinition, Any], Any]] = {
    "columns": _columns, "widths": widths, "order": _order, "group": _group, "totals": totals, "colours": _colours,
    "kind": _kind, "default": _truth, "default_for": _default_for,
}  # fmt: skip


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise Invalid(name, "This must be an object with columns as names.")
    return given


def _check_filter(session: Session, actor: Actor, found: ListDefinition, text: str) -> None:
    """Refuse a filter that no question of this reader could carry, its values too."""
    try:
        tree = odata.parse_filter(text, found, actor, now(), catalogue(session))
        filters.condition(Reading(session, found, actor), tree)
    except Invalid as refusal:
        raise Invalid("filter", refusal.message, **refusal.values) from None


def check_kind(found: ListDefinition, given: Mapping[str, Any]) -> None:
    """Refuse a board or calendar without the columns that it is made of. Raises Invalid."""
    if given.get("kind"):
        _kind(found, given["kind"])
    for name in _NAMED:
        if name in given:
            kind = odata.column_type_of(found, given[name], name)
            if name == "board" and not (found.has(given[name]) and can_board(found.column(given[name]).type)):
                words = N_("A board is made of a choice or a lookup, which %(column)s is not.")
                raise Invalid("board", words, column=given[name])
            if name != "board" and kind.name not in _WHOLE_DAYS:
                raise Invalid(name, "%(column)s is no date.", column=given[name])
    if given.get("kind") == "board" and "board" not in given:
        raise Invalid("board", "A board needs the column that it is made of.")
    if given.get("kind") == "calendar" and "start" not in given:
        raise Invalid("start", "A calendar needs the column with the day.")
    if "end" in given and "start" not in given:
        raise Invalid("start", "A calendar needs the column with the day.")
