"""Changing a column that stands, as far as no stored value has to become another: see retyping.py for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import altering, column_options, content_types, schema, settling
from .catalogue import Column, ListDefinition, catalogue, fresh
from .columns import ColumnType, column_type
from .columns.choices import choice_value
from .errors import N_, Invalid
from .formulas import definitions as formulas
from .installing import read_definitions
from .models import ColumnRow, ListRow
from .rights import Actor
from .sqltypes import json_has

OF_ANY = frozenset({
    "title", "description", "validation", "default_formula", "show_when", "required", "unique", "indexed", "default",
    "hidden", "in_form", "section", "search", "position",
})  # fmt: skip
OF_COMPUTED = frozenset({"title", "description", "hidden", "section", "position"})
ANEW = frozenset({"type", "decimals", "multiple"})  # what makes other values of the stored ones: see retyping.py
EXAMPLES = 3


def change_column(session: Session, actor: Actor, list_name: str, name: str, body: Mapping[str, Any]) -> None:
    """Change a column's `title`, `position` (1 = first) or options; null takes an option away.

    Raises Invalid on the option: where values that stand contradict it (the same twice in a unique column, a choice
    in use), and where another formula, which uses this column, would no longer fit.
    """
    found = schema.for_change(session, actor, list_name, alone=bool({"unique", "choices", "hidden"} & set(body)))
    column = found.own_column(name)
    body = {key: value for key, value in body.items() if key not in ANEW or not _is_so(column, key, value)}
    _only_what_can_change(found, column, body)
    row = session.get_one(ColumnRow, column.id)
    if "title" in body:
        row.titles = schema.titles_of({"title": body["title"], "name": name})
    if "position" in body:
        _move(session, found, column, body["position"])
    options = options_with(session, found, column, body)
    schema.check_options(session, session.get_one(ListRow, found.id), column.type.name, options)
    kind = column_type(column.type.name, options)
    _agree_with_what_stands(session, found, column, kind, body)
    row.options = options
    if options.get("hidden") or options.get("in_form") is False:
        content_types.forget_column(session, found, name)
    schema.settle_formulas(session, [row])
    _settle_index(session, found, column, kind)
    if not column.type.is_stored:
        settle_users(session, column)
    schema.log_change(session, actor, found, name)


def makes_anew(column: Column, body: Mapping[str, Any]) -> bool:
    """Whether a change makes other values of the stored ones, so that it is for `retyping.change_type`."""
    return column.type.is_stored and any(key in body and not _is_so(column, key, body[key]) for key in ANEW)


def _is_so(column: Column, key: str, value: Any) -> bool:
    if key == "type":
        return value == column.type.name
    if key == "multiple":
        return value is True if column.type.options.get(key) else value in (None, False)
    return column.type.is_stored and not isinstance(value, bool) and value == getattr(column.type, "decimals", None)


def options_with(session: Session, found: ListDefinition, column: Column, body: Mapping[str, Any]) -> dict[str, Any]:
    """A column's options as people write them, with these put in; null takes one out."""
    options = formulas.shown(catalogue(session), found, column.options)
    options |= {key: value for key, value in body.items() if key not in ("title", "position", "type", "name")}
    if body.get("default") is not None and "default_formula" not in body:
        options.pop("default_formula", None)  # it would win
    return {key: value for key, value in options.items() if value is not None}


def is_shipped(found: ListDefinition, name: str) -> bool:
    """Whether the program relies on the column: those that every list has, and the CRM's own."""
    return name in _shipped(found)


def empty_in(session: Session, found: ListDefinition, column: Column) -> int:
    """In how many standing items the column has no value."""
    return _number(session, found, found.sql(column.name).is_(None))


def values_in(session: Session, found: ListDefinition, column: Column) -> int:
    """In how many standing items the column has a value."""
    return _number(session, found, found.sql(column.name).is_not(None)) if column.type.is_stored else 0


def _number(session: Session, found: ListDefinition, condition: Any) -> int:
    return session.scalar(select(func.count()).where(found.table.c.deleted.is_(None), condition)) or 0


# --- What may change ------------------------------------------------------------------------------


def own_options(kind: type[ColumnType]) -> frozenset[str]:
    """The type's own options that can be changed of a column that stands, without its values becoming others."""
    return kind.option_names - kind.lasting - (ANEW if kind.is_stored else frozenset())


def _only_what_can_change(found: ListDefinition, column: Column, body: Mapping[str, Any]) -> None:
    allowed = (OF_ANY if column.type.is_stored else OF_COMPUTED) | own_options(type(column.type))
    for key in body:
        if key not in allowed:
            raise Invalid(str(key)[:40], "This cannot be changed of a column that stands.")
    shipped = _shipped(found).get(column.name)
    if shipped is not None:
        _keep_what_the_program_needs(shipped, body)


def _keep_what_the_program_needs(shipped: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Of the CRM's own columns and those of every list the program needs what it is shipped with."""
    if body.get("hidden") and not shipped.get("hidden"):
        raise Invalid("hidden", "This column belongs to the list and is shown.")
    if "required" in body and shipped.get("required") and not body["required"]:
        raise Invalid("required", "This column belongs to the list and is required.")
    if body.get("required") and shipped.get("by_program"):
        raise Invalid("required", "This is set by the program.")
    if "choices" in body:
        kept = [one for one in body["choices"] or () if not isinstance(one, Mapping) or not one.get("retired")]
        missing = {choice_value(one) for one in shipped.get("choices") or ()} - {choice_value(one) for one in kept}
        if missing:
            words = N_("The program needs these choices: %(choices)s.")
            raise Invalid("choices", words, choices=", ".join(sorted(missing)))


@cache
def _definitions() -> Mapping[str, Mapping[str, Any]]:
    """The files that the program comes with, which do not change while it runs."""
    return {body["name"]: body for body in read_definitions()}


def _shipped(found: ListDefinition) -> dict[str, Mapping[str, Any]]:
    body = _definitions().get(found.name, {})
    grouped = schema.GROUP_COLUMNS if found.separation != "common" else []
    return {column["name"]: column for column in [schema.NAME_COLUMN, *grouped, *body.get("columns", ())]}


# --- What stands ----------------------------------------------------------------------------------


def _agree_with_what_stands(
    session: Session, found: ListDefinition, column: Column, kind: ColumnType, body: Mapping[str, Any]
) -> None:
    """Refuse what the stored values contradict, with how many and which. Raises Invalid."""
    options = kind.options
    if options.get("hidden") and options.get("required"):
        raise Invalid("hidden", "What is required cannot be hidden: nobody could fill it in.")
    if options.get("hidden") and (users := settling.uses(catalogue(session), found, column)):
        words = N_("%(places)s show %(column)s; change them first.")
        raise Invalid("hidden", words, places=", ".join(users), column=column.name)
    if options.get("unique") and not column.options.get("unique"):
        all_different(session, found, column)
    if "choices" in body and hasattr(kind, "values"):
        _no_used_choice_lost(session, found, column, {choice_value(one) for one in options["choices"]})
    if kind.is_text and kind.wants_index and not column.type.wants_index:
        longest = session.scalar(select(func.max(func.length(found.sql(column.name))))) or 0
        if longest > column_options.LONGEST_INDEXED:
            words = N_("A text of %(length)s characters stands in it; only up to %(max)s can be indexed.")
            name = "unique" if options.get("unique") else "indexed"
            raise Invalid(name, words, length=longest, max=column_options.LONGEST_INDEXED)


def all_different(session: Session, found: ListDefinition, column: Column) -> None:
    """Refuse where a value stands in more than one item: says how many, and examples. Raises Invalid."""
    value = found.sql(column.name)
    twice = (
        select(value, func.count()).where(found.table.c.deleted.is_(None), value.is_not(None))
        .group_by(value).having(func.count() > 1).order_by(func.count().desc(), value)
    )  # fmt: skip
    number = session.scalar(select(func.count()).select_from(twice.order_by(None).subquery())) or 0
    if not number:
        return
    rows = session.execute(twice.limit(EXAMPLES)).all()
    examples = ", ".join(f"“{str(row[0])[:60]}” ({row[1]}×)" for row in rows)
    words = N_("%(number)s values stand in more than one item: %(examples)s.")
    raise Invalid("unique", words, number=number, examples=examples)


def _no_used_choice_lost(session: Session, found: ListDefinition, column: Column, kept: set[str]) -> None:
    lost = [value for value in column.type.values if value not in kept]  # type: ignore[attr-defined]
    used = {value: number for value in lost if (number := _uses_of_choice(session, found, column, value))}
    if used:
        words = N_("%(choices)s: in use. Retire a choice instead of taking it out.")
        raise Invalid("choices", words, choices=", ".join(f"{value} ({number}×)" for value, number in used.items()))


def _uses_of_choice(session: Session, found: ListDefinition, column: Column, value: str) -> int:
    raw = found.sql(column.name)
    return _number(session, found, json_has(raw, value) if column.type.is_multi else raw == value)


def _settle_index(session: Session, found: ListDefinition, column: Column, kind: ColumnType) -> None:
    if kind.wants_index:
        altering.create_index(session, found.id, column.physical, kind)
    elif kind.is_stored:
        altering.drop_index(session, found.id, column.physical)


def _move(session: Session, found: ListDefinition, column: Column, position: Any) -> None:
    """Put the column at this place among all, 1 = first."""
    if isinstance(position, bool) or not isinstance(position, int) or not 1 <= position <= len(found.own_columns):
        raise Invalid("position", "This must be between %(min)s and %(max)s.", min=1, max=len(found.own_columns))
    others = [one for one in found.own_columns if one.id != column.id]
    others.insert(position - 1, column)
    for place, one in enumerate(others, 1):
        session.get_one(ColumnRow, one.id).position = place


# --- Formulas that use it -------------------------------------------------------------------------


def settle_users(session: Session, column: Column) -> None:
    """Look again at the formulas that use a column, and at those that use them. Raises Invalid."""
    waiting, done = [column], {column.id}
    while waiting:
        used = waiting.pop()
        for found, owner in formulas.uses(fresh(session), used):
            try:
                _settle_again(session, found, owner)
            except Invalid as refusal:
                place = f"{found.name}.{owner.name}" if owner else found.name
                words = N_("%(place)s uses this, and would no longer fit: %(reason)s")
                raise Invalid("formula", words, place=place, reason=refusal.words) from None
            if owner is not None and owner.id not in done:
                done.add(owner.id)
                waiting.append(owner)


def _settle_again(session: Session, found: ListDefinition, owner: Column | None) -> None:
    lists = fresh(session)
    if owner is None:
        formulas.validation_of_list(lists, found, found.settings["validation"], stored=True)
        return
    row = session.get_one(ColumnRow, owner.id)
    kept = {key: value for key, value in row.options.items() if key != "result"}
    there = replace(owner, options=kept, type=column_type(row.type, kept))
    row.options = settling.settled(lists, found, there, stored=True)
