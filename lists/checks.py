"""What the door checks of values before it writes: types, required, lookups, uniqueness. All refusals at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import bulk, default_items, filters, query
from .catalogue import Column, ListDefinition, catalogue
from .columns import ColumnType, Reference, money
from .columns.text import TextColumn
from .database import database_of, one_at_a_time
from .errors import N_, FieldError, Gathered, Invalid, Titles
from .models import User
from .reading import SYSTEM_TYPES, Reading
from .rights import Actor, Level
from .sqltypes import fold

EXTERNAL_ID = TextColumn({"max": 200})
# What an import may set beside the list's own columns, of new items only.
SETTABLE_BY_IMPORT = frozenset({"created", "created_by", "modified", "modified_by"})


def parse(
    found: ListDefinition, actor: Actor, values: Mapping[str, Any], program: Mapping[str, Any], *, creating: bool,
    gathered: Gathered | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The stored values of what was given, without those that are refused, which go to `gathered`.

    Raises Invalid naming every refused field where there is no `gathered`.
    """
    parsed: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, raw in {**values, **program}.items():
        column = found.by_name.get(name)
        if name == "external_id":
            errors += _take(parsed, name, EXTERNAL_ID, raw)
        elif name == "flagged" and actor.by_import and _may_set(actor):
            parsed[name] = bool(raw) or None
        elif name in SETTABLE_BY_IMPORT and actor.by_import and _may_set(actor) and creating:
            errors += _take(parsed, name, SYSTEM_TYPES[name], raw)
        elif column is None or (column.hidden and name not in program):
            errors.append(
                FieldError(name, "The list %(list)s has no column %(column)s.", {"list": found.name, "column": name})
            )
        elif column.by_program and name not in program and not _may_set(actor):
            errors.append(FieldError(name, "This is set by the program."))
        else:
            errors += _take(parsed, name, column.type, raw)
    if gathered is not None:
        gathered.errors += errors
    elif errors:
        raise Invalid.many(errors)
    return parsed


def _take(parsed: dict[str, Any], name: str, kind: ColumnType, raw: Any) -> list[FieldError]:
    """Put the stored value of `raw` into `parsed`, or answer why not. No instant of making is left empty."""
    try:
        value = kind.parse(raw)
    except Invalid as refusal:
        return [FieldError(name, refusal.message, refusal.values)]
    if name not in ("created", "modified") or value is not None:
        parsed[name] = value
    return []


def _may_set(actor: Actor) -> bool:
    return actor.is_program or (actor.by_import and actor.is_administrator)


def currencies(
    session: Session, found: ListDefinition, given: Mapping[str, Any], new: Mapping[str, Any],
    unread: frozenset[str],
) -> None:  # fmt: skip
    """Refuse amounts given with the sign of another currency than the item's (“$5” where the item is in euros).

    `unread`: the columns that are refused already.
    """
    errors = []
    for name in found.amounts & given.keys():
        raw = given[name]
        named = money.currencies_of(raw)
        beside = str(found.column(name).type.options.get("currency_column", "currency"))
        if named and unread.isdisjoint((name, beside)):
            code = new.get(beside) or database_of(session).house.currency
            if code not in named:
                words = N_("“%(value)s” is in another currency than this amount, which is in %(currency)s.")
                errors.append(FieldError(name, words, {"value": str(raw)[:40], "currency": code}))
    if errors:
        raise Invalid.many(errors)


def defaults(session: Session, found: ListDefinition, actor: Actor) -> dict[str, Any]:
    """What every stored column of a new item of this actor begins with."""
    pointing: dict[str, Any] = {}
    for name, number in default_items.of_list(session, actor, found).items():
        pointing[name] = None
        if number and _visible_ids(session, actor, str(found.by_name[name].type.target), {number}):
            pointing[name] = number
    given = pointing | {
        name: _me(kind, actor) if default == "@me" else kind.parse(default)
        for name, default in found.defaults.items() if name not in pointing
        for kind in [found.by_name[name].type]
    }  # fmt: skip
    return dict.fromkeys(found.stored_names) | given


def _me(kind: ColumnType, actor: Actor) -> Any:
    return [actor.user_id] if kind.is_multi and actor.user_id else actor.user_id


def required(
    found: ListDefinition, values: Mapping[str, Any], *, by_import: bool, besides: Collection[str] = ()
) -> bool:
    """Refuse empty required values, but those `besides`. An import may leave gaps where the definition says so:
    answers whether it did."""
    allowed = found.settings.get("gap_flagged", ()) if by_import else ()
    empty = gaps(found, values, besides)
    if empty and (errors := missing(found, values, allowed={*allowed, *besides})):
        raise Invalid.many(errors)
    return bool(empty)


def missing(found: ListDefinition, values: Mapping[str, Any], *, allowed: Collection[str] = ()) -> list[FieldError]:
    """A refusal for each required column that is empty among these values."""
    return [
        FieldError(column.name, "“%(column)s” must be filled in.", {"column": Titles(column.titles)})
        for column in gaps(found, values) if column.name not in allowed
    ]  # fmt: skip


def gaps(found: ListDefinition, values: Mapping[str, Any], besides: Collection[str] = ()) -> list[Column]:
    """The required columns that are empty among these values, but those `besides`."""
    return [
        column
        for column in found.required_columns
        if column.name not in besides
        and column.name in values
        and values[column.name] in (None, "", [])
    ]


def lookups(
    session: Session,
    actor: Actor,
    found: ListDefinition,
    values: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Refuse references to what is not there or not to be seen, in the same words; retired entries and choices too."""
    errors = []
    for name, value in values.items():
        column = found.by_name.get(name)
        retired = getattr(column.type, "retired", None) if column else None
        if column is None or value is None or not (column.type.target or retired):
            continue
        wanted = set(value) if column.type.is_multi else {value}
        earlier = (before or {}).get(name) or []
        wanted -= set(earlier) if isinstance(earlier, list) else {earlier}
        if retired and wanted & retired and not actor.as_it_stood:
            words = N_("“%(value)s” is retired; choose another.")
            errors.append(FieldError(name, words, {"value": ", ".join(sorted(wanted & retired))}))
        elif column.type.target and wanted and wanted - _visible_ids(session, actor, column.type.target, wanted):
            errors.append(FieldError(name, "There is no such item to choose."))
    if errors:
        raise Invalid.many(errors)


def keep_unseen(
    session: Session, actor: Actor, found: ListDefinition, parsed: dict[str, Any], old: Mapping[str, Any]
) -> None:
    """What several-valued lookups pointed to and this actor does not see stays: nobody takes out what they were not
    shown. Where the actor sees everything, nothing is added."""
    for name, value in parsed.items():
        column = found.by_name.get(name)
        if column is None or not column.type.target or not column.type.is_multi or actor.is_administrator:
            continue
        left_out = [one for one in old.get(name) or () if one not in (value or ())]
        if left_out and column.type.target in catalogue(session).by_name:
            reading = Reading(session, catalogue(session).get(column.type.target), actor, Level.HEADLINE)
            seen = set(session.scalars(select(reading.id).where(reading.id.in_(left_out), *reading.conditions())))
            whole = [*(value or ()), *(one for one in left_out if one not in seen)]
            parsed[name] = old[name] if set(whole) == set(old[name]) else whole or None


def gone(session: Session, found: ListDefinition, values: Mapping[str, Any]) -> list[str]:
    """The lookups among these values whose target was deleted while nothing that stands pointed to it."""
    lists = catalogue(session)
    names = []
    for name, kind in found.pointing:
        target = lists.by_name.get(str(kind.target))
        if target is None or not target.keeps_used or kind.is_multi or not kind.is_stored or values.get(name) is None:
            continue
        there = select(target.table.c.id).where(target.table.c.id == values[name], target.table.c.deleted.is_(None))
        if session.scalar(there) is None:
            names.append(name)
    return names


def reachable(
    session: Session, actor: Actor, found: ListDefinition, values: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Of these stored values, those whose references still exist for the actor, or stood `before`."""
    kept = {}
    for name, value in values.items():
        try:
            lookups(session, actor, found, {name: value}, before=before)
        except Invalid:
            continue
        kept[name] = value
    return kept


def _visible_ids(session: Session, actor: Actor, target: str, ids: set[int]) -> set[int]:
    known = bulk.known_ids(session, actor, target)
    if known is not None:
        known |= _visible_now(session, actor, target, ids - known)
        return ids & known
    return _visible_now(session, actor, target, ids)


def _visible_now(session: Session, actor: Actor, target: str, ids: set[int]) -> set[int]:
    if not ids:
        return set()
    if target == "users":
        return set(session.scalars(select(User.id).where(User.id.in_(ids))))
    definition = catalogue(session).by_name.get(target)
    if definition is None:
        return set()
    if definition.keeps_used:  # nobody deletes it as unused before we have used it
        one_at_a_time(session, "use", definition.id, shared=True)
    reading = Reading(session, definition, actor, Level.HEADLINE)
    conditions = reading.conditions()
    if definition.has("retired") and not actor.as_it_stood:
        conditions.append(definition.sql("retired").is_not(True))
    return set(session.scalars(select(reading.id).where(reading.id.in_(ids), *conditions)))


def unique(
    session: Session,
    actor: Actor,
    found: ListDefinition,
    new: Mapping[str, Any],
    names: Collection[str],
    own_id: int | None,
) -> None:
    """Refuse a value that must be unique and stands in another item that the actor may see."""
    errors = []
    for column in found.unique_columns:
        value = new.get(column.name)
        if column.name not in names or value is None:
            continue
        one_at_a_time(session, "unique", found.id, column.id, fold(str(value)))
        other = query.find(session, actor, found.name, filters.And([
            filters.Compare((column.name,), "eq", value), filters.Compare(("id",), "ne", own_id or 0),
        ]))  # fmt: skip
        if other is not None:
            errors.append(
                FieldError(
                    column.name,
                    "“%(value)s” is already used by %(title)s.",
                    {"value": str(value), "title": other.title},
                )
            )
    if errors:
        raise Invalid.many(errors)


def plain(value: Any) -> Any:
    """A shown value as a stored one: References become ids."""
    if isinstance(value, Reference):
        return value.id
    return [plain(one) for one in value] if isinstance(value, list) else value
