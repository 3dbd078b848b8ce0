"""What a list page's address says: view, columns, sort, groups, totals, filters, search, place.

Read once, asked by page, count and links. What the address does not say, the view says:
`?view=open&sort=-value,name&group=stage&totals=value:sum&columns=name,value&f.status=new&search=licence&after=…`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote_plus, urlencode

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ...lists import odata, view_settings
from ...lists.catalogue import ListDefinition, View, catalogue
from ...lists.colours import COLOURS, rules_of, rules_written
from ...lists.errors import Invalid
from ...lists.filters import And, Filter
from ...lists.formulas.tree import Node
from ...lists.models import now
from ...lists.rights import Actor
from ...lists.views import first_view, view_called
from ..errors import said
from ..request import session as request_session
from . import list_filters, list_folders
from .cells import shown
from .list_filters import Chosen

LONGEST_VALUE, LONGEST_ADDRESS = 500, 8000
LONG = {"after": 4000, "columns": 4000, "widths": 4000, "colours": 1500}  # what may be longer than other values
DEFAULT_COLUMNS = 6
NONE = "none"  # an argument that takes away what the view says
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
# What a view would keep.
SHAPING = ("columns", "widths", "filter", "sort", "group", "totals", "colours", "kind", "board", "start", "end")
KEPT = ("view", *SHAPING, "folder", "fold", "date", "search")
Order = tuple[tuple[str, bool], ...]


class Arguments(Protocol):
    """Werkzeug's query string."""

    def items(self, multi: bool = ...) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True)
class ListState:
    """The whole state of a list page. `problems`: what in the address could not be used, in the reader's words."""

    definition: ListDefinition
    view: View | None
    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    sort: Order = ()
    group: Order = ()
    totals: Mapping[str, str] = field(default_factory=dict)
    kind: str = "table"
    named: Mapping[str, str] = field(default_factory=dict)  # board, start, end
    chosen: tuple[Chosen, ...] = ()
    search: str = ""
    folder: str = ""
    folded: bool = False
    after: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    marks: tuple[Node, ...] = ()  # the conditions of the colour rules, see `coloured`
    hues: tuple[int, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.chosen or self.search)

    @property
    def differs(self) -> bool:
        """Whether the address says what the view does not, so that there is something to save."""
        return bool(self.chosen or any(name in self.given for name in SHAPING))

    @property
    def view_filter(self) -> str:
        """The filter of the view, where the address does not take it away (`filter=none`)."""
        return "" if self.view is None or self.given.get("filter") == NONE else self.view.settings.get("filter") or ""

    @property
    def order(self) -> Order:
        """What rows are sorted by: their groups first."""
        grouped = {name for name, _down in self.group}
        return (*self.group, *(part for part in self.sort if part[0] not in grouped))

    def arguments(self, *, without: Sequence[Chosen] = (), **changed: str | None) -> list[tuple[str, str]]:
        """The address's arguments with these changed (None = left out); the place in the list is given anew."""
        wanted = {**{name: self.given.get(name) for name in KEPT}, **changed}
        pairs = [(name, value) for name, value in wanted.items() if value]
        return pairs + [(one.argument, value) for one in self.chosen if one not in without for value in one.values]

    def href(self, base: str, *, without: Sequence[Chosen] = (), **changed: str | None) -> str:
        """The address of this list page with these arguments changed."""
        pairs = self.arguments(without=without, **changed)
        return f"{base}?{'&'.join(_encoded(*pair) for pair in pairs)}" if pairs else base

    def with_filter(self, base: str, argument: str, value: str, **changed: str | None) -> str:
        """The address with one filter more."""
        return f"{base}?{urlencode([*self.arguments(without=(), **changed), (argument, value)])}"

    def sorted_by(self, name: str) -> str | None:
        """`asc` or `desc` where the list is sorted by this column, be it first or further on."""
        found = dict(self.sort).get(name)
        return None if found is None else "desc" if found else "asc"

    def colours(self, session: Session) -> list[dict[str, str]]:
        """The colour rules as people write them: the address's, else the view's."""
        if "colours" in self.given:
            return colour_rules(self.given["colours"])
        settings = view_settings.shown(session, self.definition, self.view.settings) if self.view else {}
        return list(settings.get("colours", ()))

    def settings(self, session: Session, actor: Actor) -> dict[str, Any]:
        """What a view must say to show what this page shows. Raises Invalid for a filter that means nothing."""
        parts = [text for text in [self.view_filter] if text]
        if self.chosen:
            parts = [f"({text})" for text in parts] + list_filters.written(self.chosen, actor)
        return {
            "columns": list(self.columns),
            "widths": dict(self.widths),
            "colours": self.colours(session),
            "filter": " and ".join(parts),
            "order": ordered(self.sort),
            "group": ordered(self.group),
            "totals": dict(self.totals),
            "kind": self.kind,
            **{name: self.named.get(name) for name in ("board", "start", "end")},
        }


@lru_cache(maxsize=1024)
def _encoded(name: str, value: str) -> str:
    """An argument as an address has it; a page's hundred addresses share nearly all of theirs."""
    return f"{quote_plus(name)}={quote_plus(value)}"


def read(found: ListDefinition, actor: Actor, arguments: Arguments) -> ListState:
    """The state that an address asks for. Never raises: what cannot be used is left out and named in `problems`."""
    pairs = [
        (name, _UNSTORABLE.sub("", value).strip()[: LONG.get(name, LONGEST_VALUE)])
        for name, value in arguments.items(multi=True)
    ]
    plain = dict(reversed([(name, value) for name, value in pairs if value]))
    problems: list[str] = []
    view = _view(found, actor, plain.get("view"), problems)
    given = {name: plain[name] for name in KEPT if name in plain}
    folder = list_folders.known(request_session(), found, actor, plain.get("folder", ""))
    if folder is None:
        problems.append(_("This folder is not there any more, or you may not see it."))
        del given["folder"]
    shape = _Shape(found, actor, view.settings if view else {}, given, problems)
    return ListState(
        found,
        view,
        columns=shape.columns(),
        widths=shape.widths(),
        sort=shape.sort(),
        group=shape.group(),
        totals=shape.totals(),
        kind=shape.kind(),
        named=shape.named,
        chosen=list_filters.read(found, actor, pairs, problems),
        search=plain.get("search", "")[:200],
        folder=folder or "",
        folded=bool(plain.get("fold")),
        after=plain.get("after"),
        given=given,
        problems=tuple(problems),
    )


def read_text(found: ListDefinition, actor: Actor, text: str) -> ListState:
    """The state of an address's query, as forms carry it."""
    return read(found, actor, MultiDict(parse_qsl(text[:LONGEST_ADDRESS])))


def view_chosen(state: ListState, actor: Actor) -> tuple[Chosen, ...] | None:
    """The view's filter as filters of the address; None where it says what these cannot."""
    try:
        return list_filters.from_text(state.view_filter, state.definition, actor) if state.view_filter else ()
    except Invalid:
        return None


def where(session: Session, state: ListState, actor: Actor) -> Filter:
    """The view's filter and the address's together. Raises Invalid for a value that its column cannot have."""
    parts: list[Filter] = [part for part in [list_folders.condition(session, state)] if part]
    if state.view_filter:
        parts.append(odata.parse_filter(state.view_filter, state.definition, actor, now(), catalogue(session)))
    return And([*parts, *list_filters.together(state.chosen, actor)])


def usable(session: Session, state: ListState, actor: Actor) -> tuple[ListState, Filter]:
    """The state without filters that cannot be used, and the filter of the rest."""
    try:
        return state, where(session, state, actor)
    except Invalid:
        pass
    kept, problems = [], list(state.problems)
    for one in state.chosen:
        try:
            list_filters.condition(one, actor)
            kept.append(one)
        except Invalid as refusal:
            problems.append(_("The filter on %(column)s is left out:", column=one.column.label) + " " + said(refusal))
    lighter = replace(state, chosen=tuple(kept), problems=tuple(problems))
    try:
        return lighter, where(session, lighter, actor)
    except Invalid as refusal:
        problems.append(_("The filter of this view cannot be used:") + " " + said(refusal))
        return replace(lighter, problems=tuple(problems)), And(list_filters.together(kept, actor))


def coloured(session: Session, state: ListState) -> ListState:
    """The state with the conditions of its colour rules: the address's, else the view's."""
    lists, found = catalogue(session), state.definition
    if "colours" not in state.given:
        nodes, hues = rules_of(lists, found, state.view.settings if state.view else {})
        return replace(state, marks=tuple(nodes), hues=tuple(hues))
    nodes, hues, refused = rules_written(lists, found, colour_rules(state.given["colours"]))
    told = [_("Colour rule %(number)s is left out:", number=number) + " " + said(one) for number, one in refused]
    return replace(state, marks=tuple(nodes), hues=tuple(hues), problems=(*state.problems, *told))


def colour_rules(text: str) -> list[dict[str, str]]:
    """The rules of the argument `colours`: `red: value > 1000`, a line each. A word that is no colour is the first."""
    rules = []
    for line in text.splitlines() if text != NONE else ():
        colour, _colon, formula = line.partition(":")
        if formula.strip():
            known = colour.strip() in COLOURS
            rules.append({"formula": formula.strip(), "colour": colour.strip() if known else COLOURS[0]})
    return rules[: view_settings.MOST_COLOURS]


def colours_argument(rules: Iterable[Mapping[str, str]]) -> str:
    """Colour rules as the address has them; what parts lines within one becomes a space."""
    return "\n".join(f"{rule['colour']}: {' '.join(rule['formula'].splitlines())}" for rule in rules) or NONE


def widths_argument(widths: Mapping[str, int]) -> str:
    """Widths as the address has them: `name:240,value:120`."""
    return ",".join(f"{name}:{width}" for name, width in widths.items()) or NONE


def widths_given(text: str) -> dict[str, int]:
    """What `widths_argument` wrote; what is no number counts as 0."""
    pairs = [part.rpartition(":") for part in text.split(",") if part]
    return {name: int(number) if number.isdecimal() and len(number) < 6 else 0 for name, _colon, number in pairs}


def ordered(order: Sequence[tuple[str, bool]]) -> str:
    """Sort keys as a view keeps them: `stage, value desc`."""
    return ", ".join(f"{name} desc" if down else name for name, down in order)


def argument_of(order: Sequence[tuple[str, bool]]) -> str:
    """Sort keys as the address has them: `stage,-value`."""
    return ",".join(f"-{name}" if down else name for name, down in order)


def _view(found: ListDefinition, actor: Actor, name: str | None, problems: list[str]) -> View | None:
    view = view_called(request_session(), found, actor, name) if name else None
    if name and view is None:
        problems.append(_("There is no view called “%(name)s”; this is the usual one.", name=name[:60]))
    return view or first_view(request_session(), found, actor)


@dataclass
class _Shape:
    """Columns, order, groups, totals, kind: the address's, else the view's, each only as far as the list has them."""

    found: ListDefinition
    actor: Actor
    settings: Mapping[str, Any]
    given: Mapping[str, str]
    problems: list[str]
    named: dict[str, str] = field(default_factory=dict)

    def columns(self) -> tuple[str, ...]:
        """The name first among them; without a view the first few."""
        text = self.given.get("columns")
        names = text.split(",") if text else list(self.settings.get("columns", ()))
        names = [name for name in names if shown(self.found, str(name), self.actor.language)]
        names = names or ["name", *(column.name for column in self.found.form_columns[:DEFAULT_COLUMNS])]
        return tuple(dict.fromkeys(names if "name" in names else ["name", *names]))[: view_settings.MOST_COLUMNS]

    def widths(self) -> dict[str, int]:
        """In pixels, of columns that need not be shown."""
        text = self.given.get("widths")
        if not text:
            of_view = self.settings.get("widths", {})
            return {name: width for name, width in of_view.items() if shown(self.found, name, self.actor.language)}
        try:
            return view_settings.widths(self.found, widths_given(text) if text != NONE else {})
        except Invalid as refusal:
            self.problems.append(said(refusal))
            return {}

    def sort(self) -> Order:
        text = self.given.get("sort")
        if text:
            found = [(name.removeprefix("-"), name.startswith("-")) for name in text.split(",")[: odata.MOST_ORDERS]]
            known: dict[str, bool] = {}
            for name, down in found:
                if shown(self.found, name, self.actor.language):
                    known.setdefault(name, down)
                else:
                    self.problems.append(_("There is no column called “%(name)s” to sort by.", name=name[:60]))
            if known:
                return tuple(known.items())
        try:
            return tuple(odata.parse_orderby(self.settings.get("order") or "name", self.found))
        except Invalid:
            return _BY_NAME

    def group(self) -> Order:
        text = self.given.get("group")
        if text == NONE:
            return ()
        parts = [(name.removeprefix("-"), name.startswith("-")) for name in text.split(",")] if text else []
        try:
            return tuple(
                view_settings.group_columns(self.found, ordered(parts) if text else self.settings.get("group", ""))
            )
        except Invalid as refusal:
            self.problems.append(said(refusal))
            return ()

    def totals(self) -> dict[str, str]:
        text = self.given.get("totals")
        if text == NONE:
            return {}
        pairs = [part.partition(":") for part in text.split(",")] if text else []
        wanted = {name: one for name, _colon, one in pairs} if text else self.settings.get("totals", {})
        try:
            return view_settings.totals(self.found, wanted)
        except Invalid as refusal:
            self.problems.append(said(refusal))
            return {}

    def kind(self) -> str:
        """How it is shown, with the columns that this needs in `named`."""
        kind = self.given.get("kind") or self.settings.get("kind") or "table"
        given = {name: self.given.get(name) or self.settings.get(name) for name in ("board", "start", "end")}
        wanted = {name: value for name, value in given.items() if value}
        try:
            view_settings.check_kind(self.found, {"kind": kind, **wanted})
        except Invalid as refusal:
            self.problems.append(said(refusal))
            return "table"
        self.named = wanted
        return kind


_BY_NAME: Order = (("name", False),)
