"""What the cells of a table's columns begin with, worked out once for all rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

_CLASSES = {"title": "cell-title", "number": "number"}


class ColumnCells(NamedTuple):
    """A column's name, whether it is the title's, and the attributes of its cells with and without a value."""

    name: str
    column: Mapping[str, Any]
    is_title: bool
    filled: Markup
    empty: Markup


def table_cells(columns: Iterable[Mapping[str, Any]]) -> list[ColumnCells]:
    """For the macro `table`: `columns` as it takes them."""
    return [_cells(column) for column in columns]


def _cells(column: Mapping[str, Any]) -> ColumnCells:
    kind = column.get("kind")
    own = _CLASSES.get(kind or "", "")
    label = Markup(' data-label="{}"').format(column["label"])
    filled = Markup(' class="{}"').format(own) + label if own else label
    empty = Markup(' class="{}"').format(f"{own} is-empty".strip()) + label
    return ColumnCells(column["name"], column, kind == "title", filled, empty)
