"""The cells of a table's rows: what those of a column begin with, worked out once, and a row's of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from .cell_html import show_cell

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


def row_cells(row: Mapping[str, Any], columns: Iterable[ColumnCells]) -> Markup:
    """The cells of a row that has them as `cells` by column, its title leading to its `href`."""
    href, cells, parts = row["href"], row["cells"], []
    for name, _column, is_title, filled, empty in columns:
        content = str(show_cell(cells[name])).strip()
        linked = f'<a href="{escape(href)}">{content}</a>' if is_title and href else content
        parts.append(f'\n<td role="cell"{filled if content else empty}>{linked}</td>')
    return Markup("".join(parts))
