"""What an edit changes, and what happens when two people edited the same thing: both values, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ...lists import checks, query, versions
from ...lists.catalogue import Column, ListDefinition
from ...lists.columns import Reference
from ...lists.errors import Invalid, NotFound
from ...lists.query import Item
from ...lists.rights import Actor
from .cells import Cell, at, shown, value_cell
from .forms import columns_of

CHOICE = "keep."


@dataclass(frozen=True)
class Both:
    """One field that two people changed: what each of them wants, ready to be shown."""

    name: str
    label: str
    theirs: Cell
    mine: Cell


@dataclass
class Conflicting:
    """`mine`: fields that only this user, or both, changed; `both`: those where one must give way."""

    who: str
    at: Cell
    mine: set[str] = field(default_factory=set)
    both: list[Both] = field(default_factory=list)
    theirs_only: list[str] = field(default_factory=list)


def changes(found: ListDefinition, values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Of a form's values those that differ from what the form showed; what the reader could not see stays untouched."""
    return {name: value for name, value in values.items() if differs(found.column(name), value, before.get(name))}


def differs(column: Column, raw: Any, shown_value: Any) -> bool:
    """Whether a form's raw value says something else than the value that the form began with."""
    try:
        wanted = column.type.parse(raw)
    except Invalid:
        return True  # the door says what is wrong with it
    plain = checks.plain(shown_value)
    if column.type.name == "attachment":
        return [one["id"] for one in wanted or ()] != [one["id"] for one in plain or ()]
    if column.type.name == "boolean":
        return bool(wanted) != bool(plain)
    return (wanted or None) != (plain or None) if wanted != 0 and plain != 0 else wanted != plain


def given_up(form: MultiDict[str, str]) -> list[str]:
    """The fields where the user lets the other's value stand."""
    return [name[len(CHOICE) :] for name, value in form.items() if name.startswith(CHOICE) and value == "theirs"]


def compare(
    session: Session, actor: Actor, found: ListDefinition, item: Item, version: int, values: Mapping[str, Any]
) -> Conflicting:
    """What this user changed since `version`, and where the others' changes stand against it."""
    base = _at(session, actor, found, item, version)
    latest = versions.history(session, actor, found.name, item.id)[0]
    result = Conflicting(latest.by.title if latest.by else "Caseroom", at(latest.at, actor))
    for column in columns_of(found):
        name = column.name
        mine = name in values and differs(column, values[name], base.get(name))
        theirs = checks.plain(item[name]) != checks.plain(base.get(name))
        if mine and theirs and differs(column, values[name], item[name]):
            result.both.append(_both(session, actor, found, column, item[name], values[name]))
        elif theirs:
            result.theirs_only.append(column.title(actor.language))
        if mine:
            result.mine.add(name)
    return result


def _both(session: Session, actor: Actor, found: ListDefinition, column: Column, theirs: Any, raw: Any) -> Both:
    as_shown = shown(found, column.name, actor.language)
    assert as_shown is not None
    try:
        mine = _with_titles(session, actor, column, column.type.parse(raw))
        own = value_cell(mine, as_shown, actor)
    except Invalid:
        own = Cell("text", str(raw))
    return Both(column.name, as_shown.label, value_cell(theirs, as_shown, actor), own)


def _at(session: Session, actor: Actor, found: ListDefinition, item: Item, version: int) -> dict[str, Any]:
    """What this reader saw of the item at `version`; as it is now where there never was such a version."""
    now = {name: checks.plain(value) for name, value in item.items()}
    try:
        then = versions.values_at(session, found, now, version)
    except NotFound:
        return now
    columns = {column.name: column for column in columns_of(found)}
    return {name: _with_titles(session, actor, columns[name], then[name]) for name in columns if name in then}


def _with_titles(session: Session, actor: Actor, column: Column, value: Any) -> Any:
    """References for ids; what may not be seen counts as absent."""
    target = column.type.target
    if not target or not value:
        return value
    many = value if isinstance(value, list) else [value]
    known = query.titles(session, actor, target, many)
    found = [Reference(one, known[one], target) for one in many if one in known]
    return found if column.type.is_multi else (found[0] if found else None)
