"""What a list's formulas say to a form: with what its fields begin, and which of them are not written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ...lists import checks, default_items
from ...lists.catalogue import ListDefinition
from ...lists.errors import Invalid
from ...lists.rights import Actor
from ...lists.rules import Rules
from . import forms


def with_defaults(
    session: Session, found: ListDefinition, actor: Actor, values: Mapping[str, Any], preset: Collection[str]
) -> dict[str, Any]:
    """What a new item's form begins with (from `empty`), and the values of default formulas beside it."""
    values = {**values, **default_items.of_list(session, actor, found, preset)}
    known = stored(found, values)
    Rules(session, actor, found).fill_in(known, preset)
    made = {
        column.name: forms.as_typed(column, known[column.name], actor)
        for column in forms.columns_of(found)
        if column.options.get("default_formula") and column.name not in preset
    }
    return {**values, **made}


def without_hidden(
    session: Session,
    found: ListDefinition,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Of a form's values (from `read`) those of columns that apply: what is hidden by its condition is not written."""
    if not any(column.options.get("show_when") for column in found.ruled_columns):
        return dict(values)
    known = {name: checks.plain(value) for name, value in (before or {}).items()} | stored(found, values)
    hidden = Rules(session, actor, found).hidden(known)
    return {name: value for name, value in values.items() if name not in hidden}


def stored(found: ListDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the door would store them; what it would refuse is blank."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        try:
            made[name] = found.column(name).type.parse(value)
        except Invalid:
            made[name] = None
    return made
