"""The cards of a board: of every value of a column the first few rows, in one bounded statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import filters, keyset, plans, query
from .catalogue import definition
from .filters import Filter
from .formulas.tree import Node
from .query import Item
from .reading import Reading
from .rights import Actor
from .totals import MOST_ROWS

PER_COLUMN = 20
MOST_CARDS = 1000


def cards(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    column: str,
    where: Filter | None,
    search: str | None,
    order: Sequence[tuple[str, bool]],
    columns: Sequence[str],
    marks: Sequence[Node] = (),
) -> list[Item]:
    """Of each value of `column` the first `PER_COLUMN` rows in this order, as far as the reader sees them."""
    reading = Reading(session, definition(session, list_name), actor)
    keys = keyset.keys(reading, order)
    ranked = [key.label(f"k{place}") for place, (key, *_) in enumerate(keys)]
    inner = select(reading.id.label("id"), reading.source(column).shown.label("part"), *ranked)
    rows = inner.where(*plans.conditions(reading, where, search)).limit(MOST_ROWS).subquery()
    by = [rows.c[f"k{place}"] for place in range(len(keys))]
    directed = [(one.desc() if key.down else one.asc()).nulls_last() for one, key in zip(by, keys, strict=True)]
    place = func.row_number().over(partition_by=rows.c.part, order_by=directed).label("place")
    numbered = select(rows.c.id, place).subquery()
    chosen = select(numbered.c.id).where(numbered.c.place <= PER_COLUMN).limit(MOST_CARDS)
    ids = list(session.scalars(chosen))
    part = filters.Compare(("id",), "in", ids)
    return query.page(
        session, actor, list_name, where=part, order=order, columns=columns, limit=MOST_CARDS, marks=marks
    ).items
