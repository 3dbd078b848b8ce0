"""The second bin of a list is emptied at once: a job of the worker, begun by who confirms how many items that ends."""

from __future__ import annotations

from sqlalchemy.orm import Session

from . import bulk_editing, query
from .bulk_editing import BulkJob
from .errors import Conflict, Forbidden
from .reading import Stage
from .rights import Actor

MOST = 2**31


def number(session: Session, actor: Actor, list_name: str) -> int:
    """How many items lie in a list's second bin. Raises NotFound, Forbidden."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may empty the second recycle bin.")
    return query.count(session, actor, list_name, cap=MOST, stage=Stage.SECOND_BIN).number


def empty(session: Session, actor: Actor, list_name: str, *, confirmed: int | None) -> BulkJob:
    """End for good what lies in a list's second bin now; what comes into it later stays.

    Raises NotFound, Forbidden, Conflict (it holds another number of items than was confirmed, or none).
    """
    count = number(session, actor, list_name)
    if not count:
        raise Conflict("The second recycle bin of this list is empty.")
    if confirmed != count:
        raise Conflict("This ends %(count)s items for good. Confirm this number.", count=count)
    return bulk_editing.start(session, actor, list_name, "purge", {})
