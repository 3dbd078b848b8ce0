"""Groups and totals of a list page as they are shown: counts, sums per currency, the row that a group begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import totals
from ...lists.collations import sort_key
from ...lists.columns import Reference
from ...lists.columns.numbers import NumberColumn
from ...lists.database import database_of
from ...lists.filters import Filter
from ...lists.query import Item
from ...lists.rights import Actor
from ...lists.totals import Key, Part, Summary
from .cells import Shown, money, shown, value_cell
from .column_menu import total_label
from .list_state import ListState


def key_of(item: Item, state: ListState) -> Key:
    """The group that an item belongs to."""
    return tuple(item.get(name) for name, _down in state.group)


@dataclass(frozen=True)
class Groups:
    """The groups and totals of one page. `found` None: it has neither; `house`: its currency."""

    state: ListState
    actor: Actor
    base: str
    house: str
    found: Summary | None

    def heads(self, rows: Sequence[Item]) -> dict[int, list[dict[str, Any]]]:
        """By item id, the rows of the groups that begin before it."""
        before: Key | None = None
        made: dict[int, list[dict[str, Any]]] = {}
        for item in rows:
            key = key_of(item, self.state)
            first = next((n for n in range(len(key)) if before is None or before[: n + 1] != key[: n + 1]), None)
            if first is not None:
                made[item.id] = [self.head(key[: level + 1]) for level in range(first, len(key))]
            before = key
        return made

    def folded(self) -> list[dict[str, Any]]:
        """All groups without their rows, in their order."""
        keys = [key for key in self.found.parts if key] if self.found else []
        return [self.head(key) for key in self._in_order(keys, ())]

    def head(self, key: Key) -> dict[str, Any]:
        """A group's own row. `href` narrows the list to it."""
        part = self.found.parts.get(key) if self.found else None
        column, value = self._column(self.state.group[len(key) - 1][0]), key[-1]
        argument, text = _argument(column, value)
        empty = value is None or value == ""
        return {
            "label": column.label,
            "value": _("empty") if empty else value_cell(value, column, self.actor).text,
            "level": len(key),
            "count": format_decimal(part.count) if part else None,
            "totals": self.totals(part),
            "href": self.state.with_filter(self.base, argument, text, fold=None) if text is not None else None,
        }

    def totals(self, part: Part | None) -> dict[str, dict[str, str]]:
        """By column, what its total is called and how much it is; money of each currency for itself."""
        if part is None:
            return {}
        return {
            name: {"label": total_label(function), "text": self._total(self._column(name), function, part)}
            for name, function in self.state.totals.items()
        }

    def _total(self, column: Shown, function: str, part: Part) -> str:
        amounts = part.totals.get(column.name, [])
        if function in ("count", "filled"):
            return format_decimal(amounts[0][1] if amounts else 0)
        joint = " + " if function == "sum" else " · "
        return joint.join(self._amount(column, code, value) for code, value in amounts) or "–"

    def _amount(self, column: Shown, code: str | None, value: Any) -> str:
        kind = column.type
        if isinstance(kind, NumberColumn):
            value = round(value, kind.decimals)
        if kind.name == "currency":
            return money(value, code or self.house, kind, self.actor.language)
        return kind.format(value, self.actor.reader)

    def _column(self, name: str) -> Shown:
        column = shown(self.state.definition, name, self.actor.language)
        assert column is not None, name
        return column

    def _in_order(self, keys: Sequence[Key], above: Key) -> Iterator[Key]:
        """The groups as the rows are sorted, what is empty last."""
        level = len(above)
        here = [key for key in keys if len(key) == level + 1 and key[:level] == above]
        if not here:
            return
        filled = [key for key in here if key[-1] is not None]
        rank = partial(_rank, language=self.actor.language)
        there = sorted(filled, key=rank, reverse=self.state.group[level][1])
        for key in [*there, *(key for key in here if key[-1] is None)]:
            yield key
            yield from self._in_order(keys, key)


def groups(session: Session, actor: Actor, state: ListState, where: Filter, base: str) -> Groups:
    """What groups and totals of a page are: one statement, where it has any."""
    found = None
    if state.group or state.totals:
        by = [name for name, _down in state.group]
        search = state.search or None
        found = totals.summarise(
            session, actor, state.definition.name, where=where, search=search, by=by, totals=state.totals
        )
    return Groups(state, actor, base, database_of(session).house.currency, found)


def _rank(key: Key, language: str) -> Any:
    value = key[-1].title if isinstance(key[-1], Reference) else key[-1]
    return sort_key(value, language) if isinstance(value, str) else value


def _argument(column: Shown, value: Any) -> tuple[str, str | None]:
    """The filter that narrows the list to a group."""
    if value is None:
        return f"f.{column.name}.empty", "1"
    if isinstance(value, Reference):
        return f"f.{column.name}", str(value.id)
    if isinstance(value, bool):
        return f"f.{column.name}", "1" if value else "0"
    text = column.type.to_json(value)
    return f"f.{column.name}", None if text is None else str(text)
