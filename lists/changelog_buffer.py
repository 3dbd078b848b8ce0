"""Lines of the change log that wait for their numbers until the transaction's last statement."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from .inserting import insert_many

KEY = "changes"


def add(session: Session, line: dict[str, Any]) -> None:
    """Remember one line (column name → value, without `seq`)."""
    session.info.setdefault(KEY, []).append(line)


def mark(session: Session) -> int:
    """How many lines wait now: a place to `reset` to."""
    return len(session.info.get(KEY, ()))


def reset(session: Session, mark: int) -> None:
    """Forget the lines that came after `mark`."""
    del session.info.get(KEY, [])[mark:]


def number(session: Session) -> int | None:
    """Give the waiting lines their numbers and write them. Returns the last number, None if there were none.

    The counter row stays locked until commit, so nobody can commit a higher number earlier.
    """
    from .models import Change  # the models need Base, which lives beside our caller

    lines: list[dict[str, Any]] = session.info.pop(KEY, [])
    if not lines:
        return None
    last = session.execute(
        text("UPDATE counters SET value = value + :n WHERE name = 'changes' RETURNING value"), {"n": len(lines)}
    ).scalar_one()
    first = last - len(lines) + 1
    rows = [{**line, "seq": first + offset} for offset, line in enumerate(lines)]
    insert_many(session, cast(Table, Change.__table__), rows)
    return last
