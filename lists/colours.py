"""Colour rules of views: the first whose formula holds gives its colour to the row, as far as its reader may know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, null

from .catalogue import Catalogue, ListDefinition
from .errors import Invalid
from .formulas import compiling
from .formulas.definitions import condition, condition_of, moments_of
from .formulas.tree import Node
from .reading import Reading

COLOURS = ("blue", "orange", "green", "purple", "yellow", "violet", "grey", "red")  # --hue-1 … --hue-8 of the face


def rules_of(lists: Catalogue, found: ListDefinition, settings: Any) -> tuple[list[Node], list[int]]:
    """The conditions of a view's rules that can still be asked, and their hues (1-8)."""
    nodes, hues = [], []
    for rule in settings.get("colours", ()):
        node = condition_of(lists, found, str(rule["formula"]))
        if node is not None:
            nodes.append(node)
            hues.append(COLOURS.index(rule["colour"]) + 1)
    return nodes, hues


def check(lists: Catalogue, found: ListDefinition, formula: str) -> Node:
    """What a rule's formula means as people write it. Raises Invalid on `colours`, with place."""
    return condition(lists, found, "colours", formula)[1]


def rules_written(
    lists: Catalogue, found: ListDefinition, rules: Iterable[Mapping[str, str]]
) -> tuple[list[Node], list[int], list[tuple[int, Invalid]]]:
    """As `rules_of`, of rules as people write them; what cannot be asked is left out, and told with its number."""
    nodes, hues, refused = [], [], []
    for number, rule in enumerate(rules, 1):
        try:
            nodes.append(check(lists, found, rule["formula"]))
            hues.append(COLOURS.index(rule["colour"]) + 1)
        except Invalid as refusal:
            refused.append((number, refusal))
    return nodes, hues, refused


def mark(reading: Reading, conditions: Sequence[Node]) -> ColumnElement[Any]:
    """Which of the conditions holds first on a row, by its place; of masked values none does."""
    moments, whens = moments_of(reading.actor), []
    for place, node in enumerate(conditions):
        shows, holds = compiling.visible(reading, node, "id"), compiling.condition(reading, node, moments)
        whens.append((holds if shows is None else and_(shows, holds), place))
    return case(*whens, else_=cast(null(), Integer))
