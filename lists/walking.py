"""Walking along an index past rows that the reader does not see, without fetching them.

An index of a list's column ends with what rights ask of a row. PostgreSQL before its version 17 looks at that end only
where it need not keep the index's order, and fetches every row that it meets: of somebody who reads a tenth, nine for
each that it shows. Asked for ids and rights alone, under another name, the index answers by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.sql.util import ClauseAdapter

from .database import database_of
from .keyset import Key
from .reading import Reading, Stage


@dataclass(frozen=True)
class Beside:
    """The list under another name: its ids, which of them the reader sees, and what makes a clause ask it instead."""

    id: ColumnElement[int]
    conditions: Sequence[ColumnElement[bool]]
    along: Callable[[Any], Any]


def helps(reading: Reading, keys: Sequence[Key]) -> bool:
    """Whether the rows are sorted by an index alone, and the reader's rights are asked by their scopes."""
    return (
        not database_of(reading.session).is_sqlite
        and reading.stage is Stage.STANDING
        and len(keys) == 2
        and keys[0].indexed
        and reading.access_is_limited
        and not reading.definition.settings.get("readers")
    )


def beside(reading: Reading) -> Beside:
    """The list as rights ask it, to be walked along."""
    other = reading.table.alias()
    along = ClauseAdapter(other).traverse
    return Beside(other.c.id, [along(condition) for condition in reading.conditions()], along)
