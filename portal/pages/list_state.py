"""What a list page's address says: view, sort, filters, search, place. Read once, asked by page, count and links.

`?view=open&sort=-value&f.status=new&f.value.gt=10000&f.company.contains=steel&search=licence&after=…`
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import query
from ...lists.catalogue import ListDefinition, View, catalogue
from ...lists.columns import ColumnType
from ...lists.errors import Invalid
from ...lists.filters import And, Compare, Filter, Not, Or
from ...lists.models import now
from ...lists.rights import Actor
from ..api import odata
from ..errors import said
from .cells import Shown, shown
from .typed import read_day, read_instant, read_number

OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le", "contains", "startswith", "endswith", "empty")
MOST_FILTERS, LONGEST_VALUE = 30, 500
_TIME = re.compile(r"\d\s*[:tT]\s*\d")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_KEPT = ("view", "sort", "search")


class Arguments(Protocol):
    """Werkzeug's query string."""

    def items(self, multi: bool = ...) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True)
class Chosen:
    """One filter of the address: a column compared with one value, or with any of several."""

    column: Shown
    operator: str
    values: tuple[str, ...]

    @property
    def argument(self) -> str:
        return f"f.{self.column.name}" if self.operator == "eq" else f"f.{self.column.name}.{self.operator}"


@dataclass(frozen=True)
class ListState:
    """The whole state of a list page. `problems`: what in the address could not be used, in the reader's words."""

    definition: ListDefinition
    view: View | None
    sort: tuple[tuple[str, bool], ...] = ()
    chosen: tuple[Chosen, ...] = ()
    search: str = ""
    after: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.chosen or self.search)

    def arguments(self, *, without: Chosen | None = None, **changed: str | None) -> list[tuple[str, str]]:
        """The address's arguments with these changed (None = left out); the place in the list is given anew."""
        wanted = {**{name: self.given.get(name) for name in _KEPT}, **changed}
        pairs = [(name, value) for name, value in wanted.items() if value]
        return pairs + [(one.argument, value) for one in self.chosen if one is not without for value in one.values]

    def href(self, base: str, *, without: Chosen | None = None, **changed: str | None) -> str:
        """The address of this list page with these arguments changed."""
        pairs = self.arguments(without=without, **changed)
        return f"{base}?{urlencode(pairs)}" if pairs else base

    def sorted_by(self, name: str) -> str | None:
        """`asc` or `desc` where the list is sorted by this column first."""
        if not self.sort or self.sort[0][0] != name:
            return None
        return "desc" if self.sort[0][1] else "asc"


def read(found: ListDefinition, actor: Actor, arguments: Arguments) -> ListState:
    """The state that an address asks for. Never raises: what cannot be used is left out and named in `problems`."""
    pairs = [
        (name, _UNSTORABLE.sub("", value).strip()[: LONGEST_VALUE * (8 if name == "after" else 1)])
        for name, value in arguments.items(multi=True)
    ]
    plain = dict(reversed([(name, value) for name, value in pairs if value]))
    problems: list[str] = []
    view = _view(found, actor, plain.get("view"), problems)
    sort = _sort(found, actor, plain.get("sort"), view, problems)
    chosen = _chosen(found, actor, pairs, problems)
    given = {name: plain[name] for name in _KEPT if name in plain}
    return ListState(
        found, view, sort, chosen, plain.get("search", "")[:200], plain.get("after"), given, tuple(problems)
    )


def views_for(found: ListDefinition, actor: Actor) -> list[View]:
    """Everybody's views and the actor's own."""
    return [view for view in found.views if view.user_id is None or view.user_id == actor.user_id]


def where(session: Session, state: ListState, actor: Actor) -> Filter:
    """The view's filter and the address's together. Raises Invalid for a value that its column cannot have."""
    parts: list[Filter] = []
    text = state.view.settings.get("filter") if state.view else None
    if text:
        parts.append(odata.parse_filter(text, state.definition, actor, now(), catalogue(session)))
    parts += [_filter(one, actor) for one in state.chosen]
    return And(parts)


def usable(session: Session, state: ListState, actor: Actor) -> tuple[ListState, Filter]:
    """The state without filters that cannot be used, and the filter of the rest."""
    try:
        return state, where(session, state, actor)
    except Invalid:
        pass
    kept, problems = [], list(state.problems)
    for one in state.chosen:
        try:
            _filter(one, actor)
            kept.append(one)
        except Invalid as refusal:
            problems.append(_("The filter on %(column)s is left out:", column=one.column.label) + " " + said(refusal))
    lighter = replace(state, chosen=tuple(kept), problems=tuple(problems))
    try:
        return lighter, where(session, lighter, actor)
    except Invalid as refusal:
        problems.append(_("The filter of this view cannot be used:") + " " + said(refusal))
        return replace(lighter, problems=tuple(problems)), And([_filter(one, actor) for one in kept])


def titles(session: Session, state: ListState, actor: Actor) -> dict[str, dict[int, str]]:
    """The titles of the items that filters name, by list: one statement per kind of lookup among them."""
    wanted: dict[str, set[int]] = {}
    for one in state.chosen:
        if one.column.type.target:
            wanted.setdefault(one.column.type.target, set()).update(int(value) for value in one.values if is_id(value))
    return {target: query.titles(session, actor, target, sorted(ids)) for target, ids in wanted.items() if ids}


def is_id(value: str) -> bool:
    """Whether a filter's text is an item's number."""
    return value.isdecimal() and value.isascii() and len(value) < 10


def labels(state: ListState, known: Mapping[str, Mapping[int, str]], actor: Actor) -> list[tuple[Chosen, str]]:
    """Each filter in words ("Company is Tatra Steel"). `known`: what `titles` found."""
    return [(one, _label(one, known, actor)) for one in state.chosen]


def _label(one: Chosen, known: Mapping[str, Mapping[int, str]], actor: Actor) -> str:
    kind = one.column.type
    if one.operator == "empty":
        return (
            _("%(column)s is empty", column=one.column.label)
            if _truth(one.values[0])
            else _("%(column)s is filled in", column=one.column.label)
        )
    titles = known.get(kind.target or "", {})
    texts = [_value_text(value, kind, titles, actor) for value in one.values]
    sign = {
        "eq": _("is"),
        "ne": _("is not"),
        "gt": ">",
        "ge": "≥",
        "lt": "<",
        "le": "≤",
        "contains": _("contains"),
        "startswith": _("begins with"),
        "endswith": _("ends with"),
    }[one.operator]
    return f"{one.column.label} {sign} {_(' or ').join(texts)}"


def _value_text(value: str, kind: ColumnType, titles: Mapping[int, str], actor: Actor) -> str:
    if value == "@me":
        return _("me")
    if kind.target and is_id(value):
        return titles.get(int(value), f"#{value}")
    if kind.name in ("choice", "country"):
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


def _view(found: ListDefinition, actor: Actor, name: str | None, problems: list[str]) -> View | None:
    views = views_for(found, actor)
    if name:
        for view in views:
            if view.name == name:
                return view
        problems.append(_("There is no view called “%(name)s”; this is the usual one.", name=name[:60]))
    return next((view for view in views if view.settings.get("default")), views[0] if views else None)


def _sort(
    found: ListDefinition, actor: Actor, text: str | None, view: View | None, problems: list[str]
) -> tuple[tuple[str, bool], ...]:
    if text:
        name = text.removeprefix("-")
        if shown(found, name, actor.language):
            return ((name, text.startswith("-")),)
        problems.append(_("There is no column called “%(name)s” to sort by.", name=name[:60]))
    try:
        return (
            tuple(odata.parse_orderby(view.settings["order"], found))
            if view and view.settings.get("order")
            else (("name", False),)
        )
    except Invalid:
        return (("name", False),)


def _chosen(
    found: ListDefinition, actor: Actor, pairs: Sequence[tuple[str, str]], problems: list[str]
) -> tuple[Chosen, ...]:
    values: dict[tuple[str, str], list[str]] = {}
    for name, value in pairs:
        if name.startswith("f.") and value:
            column, _dot, operator = name[2:].partition(".")
            values.setdefault((column, operator or "eq"), []).append(value)
    chosen = []
    for (name, operator), given in list(values.items())[:MOST_FILTERS]:
        column = shown(found, name, actor.language)
        if column is None or operator not in OPERATORS or operator not in _operators(column.type):
            problems.append(_("“%(name)s” is not a filter of this list.", name=f"{name}.{operator}"[:60]))
        else:
            chosen.append(Chosen(column, operator, tuple(dict.fromkeys(given[:50]))))
    return tuple(chosen)


def _operators(kind: ColumnType) -> frozenset[str]:
    return kind.operators | ({"empty"} if not kind.is_multi or "empty" in kind.operators else frozenset())


def _filter(one: Chosen, actor: Actor) -> Filter:
    path = (one.column.name,)
    if one.operator == "empty":
        return Compare(path, "empty", _truth(one.values[0]))
    parts = [_comparison(path, one, value, actor) for value in one.values]
    if len(parts) == 1:
        return parts[0]
    return And(parts) if one.operator == "ne" else Or(parts)


def _comparison(path: tuple[str, ...], one: Chosen, value: str, actor: Actor) -> Filter:
    kind = one.column.type
    if one.operator in ("contains", "startswith", "endswith"):
        return Compare(path, one.operator, value)
    if kind.name == "datetime" and not _TIME.search(value):
        return _whole_day(path, one.operator, value, actor)
    operand = _operand(value, kind, actor)
    if operand is None:
        return Or([])  # "@me" of somebody who is nobody here
    # A wrong operand must show itself here, where it can be named, not in the middle of the page.
    kind.parse_operand(operand)
    return Compare(path, one.operator, operand)


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
    if value == "@me" and kind.target in ("users", "salespeople"):
        return actor.user_id if kind.target == "users" else actor.salesperson_id
    return value


def _whole_day(path: tuple[str, ...], operator: str, value: str, actor: Actor) -> Filter:
    """A day where an instant is compared: from its beginning to its end in the reader's zone."""
    day = datetime.date.fromisoformat(read_day(value, actor.reader, now()))
    if not 1000 <= day.year <= 9990:
        raise Invalid("", "The year must be between %(first)s and %(last)s.", first=1000, last=9990)
    zone = ZoneInfo(actor.time_zone)
    begin = datetime.datetime.combine(day, datetime.time(), zone)
    end = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone)
    within = And([Compare(path, "ge", begin), Compare(path, "lt", end)])
    return {
        "eq": within,
        "ne": Not(within),
        "ge": Compare(path, "ge", begin),
        "gt": Compare(path, "ge", end),
        "lt": Compare(path, "lt", begin),
        "le": Compare(path, "lt", end),
    }[operator]


def _truth(value: str) -> bool:
    return value.lower() not in ("0", "false", "no", "off")
