"""How long a statement may run: what somebody asks for must not keep the others waiting (DESIGN 3: every bound).

Whoever answers people works inside `Database.statements_within`; background work has no limit. PostgreSQL stops a
statement itself; SQLite asks us now and then, while it computes, whether to go on.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

SECONDS = "caseroom_seconds"  # an execution option of a connection
# In a connection's `info`: when its statement must be done (SQLite), what the server stops it by (PostgreSQL).
UNTIL, MILLISECONDS = "caseroom_until", "caseroom_milliseconds"
_IDLE = 0  # a connection's state outside of transactions (libpq, PQTRANS_IDLE)
STEPS = 20_000  # SQLite's virtual machine does them in about a millisecond


class Limit(threading.local):
    """What holds for the sessions that this thread opens now."""

    seconds: float | None = None

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """For the block: no statement runs longer than this; None = as long as it takes."""
        before, self.seconds = self.seconds, seconds
        try:
            yield
        finally:
            self.seconds = before


def bind(session: Session, seconds: float | None) -> None:
    """No statement of this session runs longer from now on. It ends with the session's transaction."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _bind_server(connection, 0 if seconds is None else max(1, round(seconds * 1000)))
    elif seconds is not None or SECONDS in connection.get_execution_options():
        connection.execution_options(**{SECONDS: seconds})


def _bind_server(connection: Connection, milliseconds: int) -> None:
    """A connection keeps the limit from one transaction to the next, so that the usual one is said but once."""
    raw: Any = connection.connection.driver_connection
    if raw.info.transaction_status != _IDLE:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
    elif connection.info.get(MILLISECONDS) != milliseconds:
        raw.autocommit = True  # in a transaction it would be rolled back with it
        try:
            raw.execute(f"SET statement_timeout = {milliseconds}")
        finally:
            raw.autocommit = False
        connection.info[MILLISECONDS] = milliseconds


def lift(session: Session) -> None:
    """Let this session's statements take the time that they take: an administrator changes a large list."""
    bind(session, None)


def watch(connection: sqlite3.Connection, info: dict[Any, Any]) -> None:
    """Let SQLite ask us whether the statement of this connection may go on."""

    def is_late() -> bool:
        until = info.get(UNTIL)
        return until is not None and time.monotonic() > until

    connection.set_progress_handler(is_late, STEPS)


def begin_watching(engine: Engine) -> None:
    """Note of each statement when it must be done."""

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(connection: Connection, *_more: Any) -> None:
        seconds = connection.get_execution_options().get(SECONDS)
        connection.info[UNTIL] = None if seconds is None else time.monotonic() + seconds
