"""In which order rows are locked on PostgreSQL, where many write at once. SQLite has one writer at a time.

First the row whose rights an item takes (its case), then the item's own, then what hangs on it: so two writers do not
wait for each other. Where they do all the same the database ends one of them, who is told (`database.in_words`).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import ListDefinition, catalogue
from .database import database_of


def lock_row(session: Session, found: ListDefinition, item_id: int) -> None:
    """Keep an item's row, and the row whose rights it takes, from others until the transaction ends.

    Whoever reads the row in the next statement sees it, and the rights to it, as they were left by whom we waited for.
    """
    if database_of(session).is_sqlite:
        return
    if found.follows:
        target = catalogue(session).get(str(found.column(found.follows).type.target)).table
        followed = select(found.sql(found.follows)).where(found.table.c.id == item_id).scalar_subquery()
        session.execute(select(target.c.id).where(target.c.id == followed).with_for_update(read=True))
    session.execute(select(found.table.c.id).where(found.table.c.id == item_id).with_for_update())
