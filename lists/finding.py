"""Finding the items that a chunk of an import's rows means: by their key, and by the names in their lookups."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from . import items, mapping, trees
from .catalogue import Column, ListDefinition, definition
from .columns.address import read_line
from .errors import N_, Gathered, Invalid
from .mapping import Rule, Step
from .reading import SYSTEM_TYPES
from .rights import Actor


class Finder:
    """Finds the items that a chunk's rows mean: by their key, and by the names in their lookups."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, step: Step, rows: Sequence[mapping.Mapped],
        time_zone: str,
    ) -> None:  # fmt: skip
        self.session, self.actor, self.found, self.step, self.time_zone = session, actor, found, step, time_zone
        self.ids: dict[tuple[str, str], dict[Any, list[int]]] = {}
        self.undo: list[Callable[[], object]] = []
        for name, rule in step.columns.items():
            column = found.by_name.get(name)
            if column and column.type.target:
                self._find(column, rule, {text for row in rows for text in _texts(row.values[name])})
        self.keys = self._standing_keys(rows)

    def _find(self, column: Column, rule: Rule, texts: set[Any]) -> None:
        target = definition(self.session, str(column.type.target))
        known = self.ids.setdefault((target.name, rule.lookup), {})
        wanted = sorted(str(text) for text in texts if text not in known)
        place = target.sql(rule.lookup)
        for start in range(0, len(wanted), 500):
            rows = self.session.execute(
                select(place, target.table.c.id).where(
                    place.in_(wanted[start : start + 500]), target.table.c.deleted.is_(None)
                )
            )
            for text, item_id in rows:
                known.setdefault(text, []).append(item_id)
        for text in wanted:
            if text not in known and (names := _steps(target, rule, text)):
                known[text] = list(trees.at(self.session, target, names))

    def resolved(self, row: mapping.Mapped, gathered: Gathered) -> dict[str, Any]:
        """The row's values with ids in the place of names, without those that are refused: a name that is not there."""
        values: dict[str, Any] = {"flagged": row.flagged}
        for name, value in row.values.items():
            with gathered.also():
                values[name] = self._resolved(name, value)
        return {name: value for name, value in values.items() if name not in gathered.fields}

    def _resolved(self, name: str, value: Any) -> Any:
        column = self.found.by_name.get(name)
        kind = column.type if column else SYSTEM_TYPES.get(name)
        if column and column.type.target and value not in (None, ""):
            ids = [self._id(column, self.step.columns[name], text) for text in _texts(value)]
            return ids if column.type.is_multi else next(iter(ids), None)
        if kind and kind.name == "address" and isinstance(value, str):
            return read_line(value, mapping.country_codes())
        if kind and kind.name == "datetime" and type(value) is datetime.date:
            return mapping.as_instant(value, self.time_zone)
        return value

    def _id(self, column: Column, rule: Rule, text: Any) -> int:
        target = str(column.type.target)
        known = self.ids.setdefault((target, rule.lookup), {})
        found = known.get(str(text), [])
        if len(found) > 1:
            raise Invalid(
                column.name, "There is more than one “%(value)s” in %(list)s.", value=str(text)[:80], list=target
            )
        if found:
            return found[0]
        if rule.create is False:
            raise Invalid(column.name, "There is no “%(value)s” in %(list)s.", value=str(text)[:80], list=target)
        made = self._make(column, rule, str(text))
        known[str(text)] = [made]
        self.undo.append(lambda: known.pop(str(text)))
        return made

    def _make(self, column: Column, rule: Rule, text: str) -> int:
        """The item that a lookup names; of a path all that is not there."""
        more = rule.create if isinstance(rule.create, Mapping) else {}
        target = definition(self.session, str(column.type.target))
        names = _steps(target, rule, text)
        if not names:
            return items.add(self.session, self.actor, target.name, {rule.lookup: text, **more})
        inside: int | None = None
        for depth, name in enumerate(names, 1):
            there = trees.at(self.session, target, names[:depth])
            if len(there) > 1:
                words = N_("There is more than one “%(value)s” in %(list)s.")
                raise Invalid(column.name, words, value=" / ".join(names[:depth])[:80], list=target.name)
            values = {"name": name, target.trees[0].name: inside, **more}
            inside = there[0] if there else items.add(self.session, self.actor, target.name, values)
        assert inside is not None
        return inside

    def _standing_keys(self, rows: Sequence[mapping.Mapped]) -> dict[tuple[Any, ...], list[int]]:
        """The ids of standing items by key, for the keys of this chunk."""
        if not self.step.match:
            return {}
        table, names = self.found.table, self.step.match
        places = [self.found.sql(name) for name in names]
        keys = {key for row in rows if (key := self._early_key(row)) is not None}
        standing: dict[tuple[Any, ...], list[int]] = {}
        for start in range(0, len(keys), 200):
            some = sorted(keys, key=repr)[start : start + 200]
            either = places[0].in_([key[0] for key in some]) if len(places) == 1 else tuple_(*places).in_(some)
            for row in self.session.execute(select(table.c.id, *places).where(or_(either), table.c.deleted.is_(None))):
                standing.setdefault(tuple(row[1:]), []).append(row[0])
        return standing

    def _early_key(self, row: mapping.Mapped) -> tuple[Any, ...] | None:
        """The row's key before anything is made for it; None where it has none yet."""
        parsed = []
        for name in self.step.match:
            value, column = row.values[name], self.found.by_name.get(name)
            if value in (None, ""):
                return None
            if column and column.type.target:
                ids = self.ids[(column.type.target, self.step.columns[name].lookup)].get(str(value), [])
                if len(ids) != 1:
                    return None
                value = ids[0]
            try:
                parsed.append(self._parsed(name, value))
            except Invalid:
                return None
        return tuple(parsed)

    def _parsed(self, name: str, value: Any) -> Any:
        column = self.found.by_name.get(name)
        try:
            return column.type.parse(value) if column else str(value or "")
        except Invalid as refusal:
            raise Invalid(name, refusal.message, **refusal.values) from None

    def _key(self, values: Mapping[str, Any], program: Mapping[str, Any]) -> tuple[Any, ...]:
        both = {**values, **program}
        return tuple(self._parsed(name, both[name]) for name in self.step.match)

    def standing(self, values: Mapping[str, Any], program: Mapping[str, Any]) -> int | None:
        """The item that the row means, None for a new one. Raises Invalid for no key, or more than one such item."""
        if not self.step.match:
            return None
        key = self._key(values, program)
        if any(part in (None, "") for part in key):
            raise Invalid(self.step.match[0], "The row has no value by which it could be found again.")
        ids = self.keys.get(key, [])
        if len(ids) > 1:
            words = N_("There is more than one item with this key: %(key)s.")
            raise Invalid(self.step.match[0], words, key=", ".join(str(part) for part in key)[:120])
        if not ids and self.step.missing == "refuse":
            words = N_("There is no item with this key: %(key)s.")
            raise Invalid(self.step.match[0], words, key=", ".join(str(part) for part in key)[:120])
        return ids[0] if ids else None

    def remember(self, values: Mapping[str, Any], program: Mapping[str, Any], item_id: int) -> None:
        """A later row of the same key means the item just made."""
        ids = self.keys.setdefault(self._key(values, program), [])
        ids.append(item_id)
        self.undo.append(ids.pop)

    def keep(self) -> None:
        """The rows were taken, with what was made for them."""
        self.undo.clear()

    def forget(self) -> None:
        """The rows were not taken: they are gone, and what was made for them."""
        for undo in reversed(self.undo):
            undo()
        self.undo.clear()


def _steps(target: ListDefinition, rule: Rule, text: str) -> list[str]:
    return trees.steps(target, text) if rule.lookup == "name" else []


def _texts(value: Any) -> list[Any]:
    return [] if value in (None, "") else value if isinstance(value, list) else [value]
