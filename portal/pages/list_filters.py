"""The filters of a list page's address: what each asks, in words, and as the text that a saved view keeps.

`f.value.gt=10000` must hold; of `f1.status=new&f1.value.gt=10000` one must, so too of `f2.…` to `f9.…`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import odata, query, tokens
from ...lists.catalogue import ListDefinition
from ...lists.columns import ColumnType
from ...lists.errors import Invalid
from ...lists.filters import And, Compare, Filter, Or
from ...lists.models import now
from ...lists.rights import Actor
from ...lists.tokens import Days
from .cells import Shown, shown
from .filter_words import word_label
from .typed import day_beside_today, read_day, read_instant, read_number

OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le", "contains", "startswith", "endswith", "empty")
MOST_FILTERS = 30
_TIME = re.compile(r"\d\s*[:tT]\s*\d")
_ARGUMENT = re.compile(r"f([1-9]?)\.(.+)")


@dataclass(frozen=True)
class Chosen:
    """One filter: a column compared with one value, or with any of several. Of one `any_of` (1–9) one must hold."""

    column: Shown
    operator: str
    values: tuple[str, ...]
    any_of: int = 0

    @property
    def argument(self) -> str:
        name = f"f{self.any_of or ''}.{self.column.name}"
        return name if self.operator == "eq" else f"{name}.{self.operator}"


def read(
    found: ListDefinition, actor: Actor, pairs: Sequence[tuple[str, str]], problems: list[str]
) -> tuple[Chosen, ...]:
    """The filters among an address's arguments; what is none of this list is named in `problems`."""
    values: dict[tuple[int, str, str], list[str]] = {}
    for name, value in pairs:
        if value and (argument := _ARGUMENT.fullmatch(name)):
            key = (int(argument[1] or 0), *_asked(found, argument[2]))
            values.setdefault(key, []).append(value)
    chosen = []
    for (any_of, name, operator), given in list(values.items())[:MOST_FILTERS]:
        column = shown(found, name, actor.language)
        if column is None or operator not in operators(column.type):
            problems.append(_("“%(name)s” is not a filter of this list.", name=f"{name}.{operator}"[:60]))
        else:
            chosen.append(Chosen(column, operator, tuple(dict.fromkeys(given[:50])), any_of))
    return tuple(sorted(chosen, key=lambda one: one.any_of))


def _asked(found: ListDefinition, text: str) -> tuple[str, str]:
    """Column and operator; the name of a column that comes along with a lookup has a dot in it."""
    column, _dot, operator = text.rpartition(".")
    return (text, "eq") if found.has(text) or not column else (column, operator)


def from_text(text: str, found: ListDefinition, actor: Actor) -> tuple[Chosen, ...] | None:
    """The filter of a view as filters of the address; None for one that these cannot say."""
    chosen: list[Chosen] = []
    groups, alone = 0, set()
    for clause in odata.clauses_of(text) or [[("", "", "")]]:
        compared = {(name, operator) for name, operator, _value in clause}
        of_several = len(compared) == 1 and clause[0][1] == "eq"
        if len(clause) == 1 or of_several:
            in_group = bool(compared & alone)  # one argument more would be another value of the first
            alone |= compared
        else:
            in_group = True
        groups += in_group
        values = [value for _name, _operator, value in clause]
        parts = [(*clause[0][:2], values)] if of_several else [(*one[:2], [one[2]]) for one in clause]
        for name, operator, some in parts:
            column = shown(found, name, actor.language)
            if column is None or operator not in operators(column.type) or groups > 9:
                return None
            chosen.append(Chosen(column, operator, tuple(some), groups if in_group else 0))
    return tuple(sorted(chosen, key=lambda one: one.any_of))


def operators(kind: ColumnType) -> frozenset[str]:
    """How a column of this type may be compared on a page."""
    allowed = kind.operators | ({"empty"} if not kind.is_multi or "empty" in kind.operators else frozenset())
    return allowed & frozenset(OPERATORS)


def together(chosen: Sequence[Chosen], actor: Actor) -> list[Filter]:
    """What must hold. Raises Invalid for a value that its column cannot have."""
    found: list[Filter] = []
    for any_of, some in groupby(chosen, key=lambda one: one.any_of):
        parts = [condition(one, actor) for one in some]
        found += [Or(parts)] if any_of else parts
    return found


def condition(one: Chosen, actor: Actor) -> Filter:
    """What one filter asks. Raises Invalid for a value that its column cannot have."""
    path = (one.column.name,)
    if one.operator == "empty":
        return Compare(path, "empty", _truth(one.values[0]))
    parts = [_comparison(path, one, value, actor) for value in one.values]
    if len(parts) == 1:
        return parts[0]
    return And(parts) if one.operator == "ne" else Or(parts)


def _comparison(path: tuple[str, ...], one: Chosen, value: str, actor: Actor) -> Filter:
    kind, operator = one.column.type, one.operator
    if operator in ("contains", "startswith", "endswith"):
        return Compare(path, operator, value)
    meant = tokens.meaning(kind, value, actor, now())
    if meant is not None:
        return _of_word(path, operator, kind, meant)
    if kind.name == "datetime" and not _TIME.search(value):
        return _whole_day(value, actor).compare(path, operator, kind)
    operand = _operand(value, kind, actor)
    # A wrong operand must show itself here, where it can be named, not in the middle of the page.
    kind.parse_operand(operand)
    return Compare(path, operator, operand)


def _of_word(path: tuple[str, ...], operator: str, kind: ColumnType, meant: list[Any]) -> Filter:
    parts = [
        one.compare(path, operator, kind) if isinstance(one, Days) else Compare(path, operator, one) for one in meant
    ]
    return And(parts) if operator == "ne" else Or(parts)  # "@me" of somebody who is nobody here: none


def _operand(value: str, kind: ColumnType, actor: Actor) -> Any:
    match kind.name:
        case "number" | "currency" | "percent" | "whole":
            return kind.parse_operand(read_number(value, actor.language))
        case "date":
            return datetime.date.fromisoformat(read_day(value, actor.reader, now()))
        case "datetime" if re.search(r"[+-]\d\d:\d\d$|Z$", value):
            return kind.parse(value)
        case "datetime" if _TIME.search(value):
            return read_instant(value, actor.reader, now())
        case "datetime":
            return datetime.datetime.fromisoformat(read_day(value, actor.reader, now())).replace(
                tzinfo=ZoneInfo(actor.time_zone)
            )
        case "boolean":
            return _truth(value)
    return value


def _whole_day(value: str, actor: Actor) -> Days:
    """A day where an instant is compared: from its beginning to its end in the reader's zone."""
    day = datetime.date.fromisoformat(read_day(value, actor.reader, now()))
    if not 1000 <= day.year <= 9990:
        raise Invalid("", "The year must be between %(first)s and %(last)s.", first=1000, last=9990)
    return Days(day, day, actor.time_zone)


def _truth(value: str) -> bool:
    return value.lower() not in ("0", "false", "no", "off")


def titles(session: Session, chosen: Sequence[Chosen], actor: Actor) -> dict[str, dict[int, str]]:
    """The titles of the items that filters name, by list: one statement per kind of lookup among them."""
    wanted: dict[str, set[int]] = {}
    for one in chosen:
        if one.column.type.target:
            wanted.setdefault(one.column.type.target, set()).update(int(value) for value in one.values if is_id(value))
    return {target: query.titles(session, actor, target, sorted(ids)) for target, ids in wanted.items() if ids}


def is_id(value: str) -> bool:
    """Whether a filter's text is an item's number."""
    return value.isdecimal() and value.isascii() and len(value) < 10


def labels(
    chosen: Sequence[Chosen], known: Mapping[str, Mapping[int, str]], actor: Actor
) -> list[tuple[tuple[Chosen, ...], str]]:
    """What must hold in words ("Company is Tatra Steel"), with the filters behind it. `known`: what `titles` found."""
    found: list[tuple[tuple[Chosen, ...], str]] = []
    for any_of, some in groupby(chosen, key=lambda one: one.any_of):
        parts = [(one, _label(one, known, actor)) for one in some]
        if any_of and len(parts) > 1:
            found.append((tuple(one for one, _text in parts), _(" or ").join(text for _one, text in parts)))
        else:
            found += [((one,), text) for one, text in parts]
    return found


def _label(one: Chosen, known: Mapping[str, Mapping[int, str]], actor: Actor) -> str:
    if one.operator == "empty":
        return (
            _("%(column)s is empty", column=one.column.label)
            if _truth(one.values[0])
            else _("%(column)s is filled in", column=one.column.label)
        )
    texts = [value_text(replace(one, values=(value,)), known, actor) for value in one.values]
    return f"{one.column.label} {operator_labels()[one.operator]} {_(' or ').join(texts)}"


def operator_labels() -> dict[str, str]:
    """How columns are compared, in words."""
    return {
        "eq": _("is"),
        "ne": _("is not"),
        "gt": ">",
        "ge": "≥",
        "lt": "<",
        "le": "≤",
        "contains": _("contains"),
        "startswith": _("begins with"),
        "endswith": _("ends with"),
    }


def value_text(one: Chosen, known: Mapping[str, Mapping[int, str]], actor: Actor) -> str:
    """The (first) value of a filter as people read it. `known`: what `titles` found."""
    kind, value = one.column.type, one.values[0]
    return _value_text(value, kind, known.get(kind.target or "", {}), actor)


def _value_text(value: str, kind: ColumnType, titles: Mapping[int, str], actor: Actor) -> str:
    if value.startswith("@") and (words := word_label(value)):
        return words
    if kind.target and is_id(value):
        return titles.get(int(value), f"#{value}")
    if kind.name in ("choice", "content_type", "country"):
        return kind.format(value, actor.reader) or value
    if kind.name == "boolean":
        return _("yes") if _truth(value) else _("no")
    try:
        return (
            kind.format(_operand(value, kind, actor), actor.reader)
            if kind.name in ("date", "datetime", "number", "currency", "percent")
            else value
        )
    except (Invalid, TypeError, AttributeError, ValueError):
        return value


# --- As a saved view keeps them -------------------------------------------------------------------


def written(chosen: Sequence[Chosen], actor: Actor) -> list[str]:
    """What must hold, as parts of an OData text. Raises Invalid."""
    found: list[str] = []
    for any_of, some in groupby(chosen, key=lambda one: one.any_of):
        parts = [_written(one, actor) for one in some]
        found += [f"({' or '.join(parts)})"] if any_of and len(parts) > 1 else parts
    return found


def _written(one: Chosen, actor: Actor) -> str:
    name, operator = one.column.name, one.operator
    if operator == "empty":
        return f"{name} {'eq' if _truth(one.values[0]) else 'ne'} null"
    if operator in ("contains", "startswith", "endswith"):
        parts = [f"{operator}({name}, {_quoted(value)})" for value in one.values]
    else:
        parts = [f"{name} {operator} {_literal(value, one.column.type, actor)}" for value in one.values]
    if len(parts) == 1:
        return parts[0]
    return f"({(' and ' if operator == 'ne' else ' or ').join(parts)})"


def _literal(value: str, kind: ColumnType, actor: Actor) -> str:
    if tokens.is_word(kind, value):
        return _quoted(value)
    if kind.name in ("date", "datetime") and not _TIME.search(value):
        beside = day_beside_today(value)
        if beside is not None:
            return _quoted("@today" if not beside else f"@today{beside:+d}")
        return read_day(value, actor.reader, now())
    operand = _operand(value, kind, actor)
    if isinstance(operand, datetime.datetime):
        return f"{operand.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(operand, bool):
        return "true" if operand else "false"
    return str(operand) if isinstance(operand, (int, Decimal)) or (kind.target and is_id(value)) else _quoted(value)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
