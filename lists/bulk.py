"""Many writes in one transaction: what they refer to is read once, since only the door changes it meanwhile."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from . import pending
from .models import now
from .rights import Actor

MOST_PER_TRANSACTION = 200
ROWS, IDS, INSTANT = "bulk_rows", "bulk_ids", "bulk_instant"


@contextmanager
def many_writes(session: Session) -> Iterator[None]:
    """Within this block the rows and ids that lookups refer to are remembered, and new rows may wait for others
    (`pending`). Every check is made all the same.

    Meant for at most MOST_PER_TRANSACTION writes: a longer transaction keeps others waiting (DESIGN 3).
    """
    session.info[ROWS], session.info[IDS], session.info[INSTANT] = {}, {}, now()
    try:
        with pending.together(session):
            yield
    finally:
        del session.info[ROWS], session.info[IDS], session.info[INSTANT]


def instant(session: Session) -> datetime.datetime:
    """Now; of many writes, that of all of them."""
    return session.info.get(INSTANT) or now()


def known_rows(session: Session, list_name: str) -> dict[int, dict[str, Any] | None] | None:
    """The remembered rows of a list by id; None outside of `many_writes`."""
    rows = session.info.get(ROWS)
    return None if rows is None else rows.setdefault(list_name, {})


def known_ids(session: Session, actor: Actor, list_name: str) -> set[int] | None:
    """The ids of a list that were found to be there for the actor; None outside of `many_writes`."""
    ids = session.info.get(IDS)
    return None if ids is None else ids.setdefault(list_name, {}).setdefault(actor, set())


def forget(session: Session, list_name: str, item_id: int) -> None:
    """The item has changed: what was remembered of it, and who may see what, is asked again."""
    if ROWS in session.info:
        session.info[ROWS].get(list_name, {}).pop(item_id, None)
        session.info[IDS].pop(list_name, None)
