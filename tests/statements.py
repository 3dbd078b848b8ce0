"""Counting the SQL statements that a page costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from house import House
from sqlalchemy import event

WHO = ("user_sessions", "users", "user_roles", "memberships", "group_owners")


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """The SQL statements that are run meanwhile, those that find out who asks left out."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        who = "UNION" not in statement and any(f"FROM {table}" in statement for table in WHO)
        if statement != "BEGIN" and not statement.startswith("SET LOCAL") and not who:
            seen.append(statement)

    engine = house.home.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
