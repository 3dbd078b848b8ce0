"""What items were before some lines of the change log: their versions, and the list's table as it stood then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import case, literal, select
from sqlalchemy.orm import Session

from ...lists.catalogue import ListDefinition
from ...lists.models import Change, Version

Lines = Mapping[int, Sequence[Change]]


@dataclass(frozen=True)
class Span:
    """The versions that an item's lines made: `made` by the lines' numbers, `last` after all of the log."""

    made: Mapping[int, int]
    last: int

    def of(self, line: Change) -> int:
        """The version that stood after this line."""
        earlier = [version for seq, version in self.made.items() if seq <= line.seq]
        return max(earlier, default=min(self.made.values(), default=self.last + 1) - 1)


def versions(session: Session, found: ListDefinition, lines: Lines) -> dict[int, Span]:
    """Every line but a comment's made one version: counted back from the one that stands."""
    ids = sorted(lines)
    table = found.table
    standing = {row.id: row.version for row in session.execute(
        select(table.c.id, table.c.version).where(table.c.id.in_(ids))
    )}  # fmt: skip
    first = min((some[0].seq for some in lines.values() if some), default=0)
    made = select(Change.seq, Change.item_id).where(
        Change.list_id == found.id, Change.item_id.in_(ids), Change.seq >= first, Change.kind != "comment"
    )
    by_item: dict[int, list[int]] = {}
    for row in session.execute(made.order_by(Change.seq)):
        by_item.setdefault(row.item_id, []).append(row.seq)
    spans = {}
    for number in ids:
        last, seqs = standing.get(number, 0), by_item.get(number, [])
        spans[number] = Span({seq: last - len(seqs) + place for place, seq in enumerate(seqs, 1)}, last)
    return spans


def as_it_was(session: Session, found: ListDefinition, lines: Lines, spans: Mapping[int, Span]) -> ListDefinition:
    """The list over a table in which these items stand as they were before their lines; new ones are not in it."""
    then = {number: _old(session, found, number, some, spans[number]) for number, some in lines.items()}
    then = {number: old for number, old in then.items() if old is not None}
    table = found.table
    columns = []
    for column in table.c:
        whens = [
            (table.c.id == number, literal(old[column.name], column.type))
            for number, old in then.items()
            if column.name in old
        ]
        columns.append(case(*whens, else_=column).label(column.name) if whens else column)
    other = replace(found)
    other.__dict__["_table"] = select(*columns).where(table.c.id.in_(sorted(then))).subquery()
    return other


def _old(
    session: Session, found: ListDefinition, number: int, lines: Sequence[Change], span: Span
) -> dict[str, Any] | None:
    """What differed then, by the table's columns; None for an item that was not there."""
    first = next((line for line in lines if line.kind != "comment"), None)
    if first is None:
        return {}
    if first.kind in ("create", "restore"):
        return None
    old: dict[str, Any] = {"deleted": None, "scope_id": first.scope_before}
    by_id = {str(column.id): column for column in found.columns}
    stored = select(Version.old).where(
        Version.list_id == found.id, Version.item_id == number, Version.version >= span.of(first)
    )
    for values in session.scalars(stored.order_by(Version.version.desc())):
        for key, value in values.items():
            if key in by_id:
                old[by_id[key].physical] = by_id[key].type.from_json(value)
    return old
