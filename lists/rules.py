"""What a list's formulas say of one row: its defaults, whether it is valid, and which columns do not apply to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import Column, ListDefinition, catalogue
from .columns.numbers import NumberColumn
from .errors import FieldError, Invalid, Titles
from .formulas import compiling, evaluating
from .formulas.definitions import formula_of, moments_of
from .formulas.tree import Moments, Node, Through, asks_if_blank, own_columns
from .reading import Reading
from .rights import Actor


class _Row:
    """The stored values of one row; what stands behind a lookup is read as the actor may see it."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, values: Mapping[str, Any], moments: Moments
    ) -> None:
        self.session, self.actor, self.found, self.values, self.moments = session, actor, found, values, moments

    def value(self, name: str) -> Any:
        column = self.found.by_name.get(name)
        if column is None or column.type.is_stored:
            return self.values.get(name)
        if not self.values.get("id"):
            return getattr(column.type, "of_nothing", None)
        reading = Reading(self.session, self.found, self.actor)
        return self.session.scalar(select(reading.source(name).shown).where(reading.id == self.values["id"]))

    def through(self, node: Through) -> Any:
        number = self.values.get(node.field.name)
        if number is None:
            return None
        reading = Reading(self.session, self.found, self.actor)
        return self.session.scalar(compiling.behind(reading, node, int(number), self.moments))


class Rules:
    """A list's formulas for one actor, now. `unread`: the columns whose values are not known, since they are refused;
    no formula that uses one of them is asked."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, unread: Collection[str] = frozenset()
    ) -> None:
        self.session, self.actor, self.found, self.unread = session, actor, found, set(unread)
        self.lists = catalogue(session)

    @cached_property
    def moments(self) -> Moments:
        return moments_of(self.actor)

    def fill_in(self, values: dict[str, Any], given: Collection[str]) -> None:
        """Set the default formulas' values of a new item's columns that nobody gave, in the columns' order."""
        for column, node in self._with("default_formula"):
            if column.name in given or column.name in self.unread:
                continue
            if self._knows(node):
                values[column.name] = self._fitting(column, self._value(node, values))
            else:
                self.unread.add(column.name)

    def hidden(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The columns whose condition does not hold: they are neither required nor written by a form."""
        return frozenset(
            column.name
            for column, node in self._with("show_when")
            if not self._knows(node) or not self._value(node, values)
        )

    def asked_anew(self, changed: Collection[str]) -> set[str]:
        """The columns whose condition may have become true by these changes."""
        return {column.name for column, node in self._with("show_when") if set(own_columns(node)) & set(changed)}

    def check(self, values: Mapping[str, Any], changed: Collection[str] | None = None) -> None:
        """Refuse values that break a validation, each in its own words. Raises Invalid.

        A column's own rule is asked of values, and of none only where it says ISBLANK of the column.
        `changed`: of a standing item only what these columns have to do with is asked, so that a new rule stops
        nobody from changing something else in an old item.
        """
        errors = []
        for column in (None, *self.found.ruled_columns):
            node = formula_of(self.lists, self.found, column, "validation")
            if node is None or (column is not None and _is_let_empty(node, column, values)):
                continue
            asked = {*own_columns(node), *([column.name] if column else [])}
            if asked & self.unread:
                continue
            if (changed is None or asked & set(changed)) and not self._value(node, values):
                errors.append(self._refusal(column))
        if errors:
            raise Invalid.many(errors)

    def _knows(self, node: Node) -> bool:
        return self.unread.isdisjoint(own_columns(node))

    def _with(self, option: str) -> Iterator[tuple[Column, Node]]:
        for column in self.found.ruled_columns:
            node = formula_of(self.lists, self.found, column, option)
            if node is not None:
                yield column, node

    def _value(self, node: Node, values: Mapping[str, Any]) -> Any:
        row = _Row(self.session, self.actor, self.found, values, self.moments)
        return evaluating.evaluate(node, row, self.moments)

    def _fitting(self, column: Column, value: Any) -> Any:
        """The value as the column keeps it; blank where it does not fit."""
        if isinstance(value, Decimal) and isinstance(column.type, NumberColumn):
            value = value.quantize(Decimal(1).scaleb(-column.type.decimals), ROUND_HALF_UP)
        try:
            return column.type.parse(value)
        except Invalid:
            return None

    def _refusal(self, column: Column | None) -> FieldError:
        """In the rule's own words, where it has any."""
        name = column.name if column else ""
        words = (column.options if column else self.found.settings)["validation"].get("message")
        if words:
            return FieldError(name, "%(words)s", {"words": Titles(words)})
        return FieldError(name, "This is not valid: a rule of the list says otherwise.")


def _is_let_empty(node: Node, column: Column, values: Mapping[str, Any]) -> bool:
    """Whether a column's rule has nothing to say, as there is no value; whether there must be one, `required` says."""
    return values.get(column.name) in (None, "", []) and not asks_if_blank(node, column.name)
