"""The database: one `Database` per home, short reading and writing transactions, one writer at a time on SQLite."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session

from . import changelog_buffer, collations, generations, pending, time_limits
from .errors import Conflict, DomainError, Invalid, StorageFull, TooSlow
from .formulas import postgresql, primitives
from .sqltypes import fold

WRITING, _RESTING_SINCE = "caseroom_writing", "caseroom_resting_since"
TRUSTED_SECONDS = 1.0  # a connection that rested no longer is not asked whether it still stands
# The system's words for a full disk, a quota that is used up, a file that may grow no further.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# SQLite says "disk I/O error" of a write that a quota or a limit refused; PostgreSQL has a state for each (appendix A).
_SQLITE_NO_ROOM = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"})
_POSTGRESQL_NO_ROOM = frozenset({"53000", "53100", "53400"})
_SQLITE_TOO_DEEP = ("parser stack overflow", "Expression tree is too large")
_POSTGRESQL_TOO_DEEP = "54001"
_STOPPED = ("SQLITE_INTERRUPT", "57014")  # by us, since it took too long
_POSTGRESQL_AT_ONCE = frozenset({"40001", "40P01", "55P03"})  # serialisation, deadlock, lock not to be had


class Base(DeclarativeBase):
    """Base of every system table, in whichever room it is declared."""


@dataclass(frozen=True)
class House:
    """What the home's settings say to every room."""

    currency: str = "EUR"
    time_zone: str = "Europe/Bratislava"
    language: str = "en"
    public_url: str = "http://127.0.0.1:8000"


class Database:
    """A home's database. Thread-safe; sessions are not shared between threads.

    `url`: an SQLAlchemy URL for SQLite (a file) or PostgreSQL (psycopg).
    """

    def __init__(self, url: str, house: House | None = None) -> None:
        self.url = make_url(url)
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            _sqlite_engine(self.url)
            if self.is_sqlite
            else _postgresql_engine(self.url)
        )
        self.house = house or House()
        self.caches: dict[Any, Any] = {}
        self._lock_path = Path(f"{self.url.database}.lock") if self.is_sqlite else None
        self._writing = threading.local()
        self._limit = time_limits.Limit()

    def statements_within(self, seconds: float) -> AbstractContextManager[None]:
        """For the block: no statement of a session that this thread opens runs longer (it raises TooSlow)."""
        return self._limit.within(seconds)

    @contextmanager
    def read(self, *, at_one_instant: bool = True) -> Iterator[Session]:
        """A session that only reads, all of it at one instant; whatever it holds at the end is rolled back.

        Not `at_one_instant`: each statement as of when it is asked, which on PostgreSQL begins and ends nothing.
        """
        level = "REPEATABLE READ" if at_one_instant else "AUTOCOMMIT"
        options = {} if self.is_sqlite else {"isolation_level": level}
        with in_words(), Session(self.engine, info={"database": self}, expire_on_commit=False) as session:
            session.connection(execution_options=options)
            time_limits.bind(session, self._limit.seconds)
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one writing transaction: committed at the end of the block, rolled back if it raises.

        The change log's numbers are given as the very last statement (DESIGN 3), so that they are
        commit-ordered and free of gaps. On SQLite a lock file lets one writer in at a time.
        Raises StorageFull, Conflict (on PostgreSQL: others write the same, and one of us had to give way).
        """
        info = {"database": self, WRITING: True}
        with in_words(), self._one_writer(), Session(self.engine, info=info, expire_on_commit=False) as session:
            session.connection(execution_options={WRITING: True})
            time_limits.bind(session, self._limit.seconds)
            try:
                yield session
                session.flush()
                generations.settle(session)
                changelog_buffer.number(session)
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self._lock_path is None:
            yield
            return
        if getattr(self._writing, "inside", False):
            raise RuntimeError("a writing transaction inside another would wait for itself")
        with self._lock_path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._writing.inside = True
            try:
                yield
            finally:
                self._writing.inside = False

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    def prepare_postgresql(self, session: Session) -> None:
        """Make what PostgreSQL needs beside the tables: the languages' collations, and what formulas compute with."""
        for statement in collations.statements():
            session.execute(text(statement))
        postgresql.prepare(session)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """All or nothing inside a larger transaction, the change log included."""
    pending.write(session)
    mark = changelog_buffer.mark(session)
    nested = session.begin_nested()
    try:
        yield
        pending.write(session)
        session.flush()
    except BaseException:
        pending.drop(session)
        nested.rollback()
        changelog_buffer.reset(session, mark)
        for key in [key for key in session.info if key in ("scope_ids", "grants of scopes") or isinstance(key, tuple)]:
            del session.info[key]  # what was looked up inside may be gone with it
        for remembered in (session.info.get("bulk_rows"), session.info.get("bulk_ids")):
            if remembered:
                remembered.clear()
        raise
    nested.commit()


def database_of(session: Session) -> Database:
    """The database that a session belongs to."""
    return session.info["database"]


def writes_beside_others(session: Session) -> bool:
    """Whether this transaction writes while others may: what it has read may change until it locks it."""
    return bool(session.info.get(WRITING)) and not database_of(session).is_sqlite


def one_at_a_time(session: Session, *what: object, shared: bool = False) -> None:
    """Wait until no other transaction is at the same thing, named by `what`, and keep it until ours ends.

    For what no row stands for yet: a value that must be unique, a name that must be free. `shared`: beside others
    that share it, but not beside one that does not. Only writers wait, and on SQLite they take turns anyway.
    """
    if not writes_beside_others(session):
        return
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.execute(select(lock(int.from_bytes(digest, "big", signed=True))))


@contextmanager
def in_words() -> Iterator[None]:
    """Raise what a database refuses to everybody as the domain error that it is."""
    try:
        yield
    except DBAPIError as error:
        told = _told(error)
        if told is None:
            raise
        raise told from error


def _told(error: DBAPIError) -> DomainError | None:
    sqlite = getattr(error.orig, "sqlite_errorname", None)
    postgresql = getattr(error.orig, "sqlstate", None)
    if sqlite in _SQLITE_NO_ROOM or postgresql in _POSTGRESQL_NO_ROOM:
        why = " ".join(str(error.orig).split())
        return StorageFull("There is no room left for this; nothing was changed (%(why)s).", why=why)
    if postgresql == _POSTGRESQL_TOO_DEEP or any(words in str(error.orig) for words in _SQLITE_TOO_DEEP):
        # Within our bounds, but on top of deep formulas; SQLite has no code of its own for it.
        return Invalid("", "This question is nested too deeply for the database. Ask a simpler one.")
    if sqlite in _STOPPED or postgresql in _STOPPED:
        return TooSlow("This takes too long and was stopped; nothing was changed. Narrow the filter or try later.")
    if postgresql in _POSTGRESQL_AT_ONCE:
        return Conflict("Somebody else is changing the same at this moment; nothing was changed. Try again.")
    return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _postgresql_engine(url: Any) -> Engine:
    engine = create_engine(url, json_serializer=_json)

    @event.listens_for(engine, "checkin")
    def _rest(_raw: Any, record: Any) -> None:
        record.info[_RESTING_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _check(raw: Any, record: Any, _proxy: Any) -> None:
        # Asking whether the server is still there costs as much as a small statement: not of what was just in use.
        since = record.info.get(_RESTING_SINCE)
        if since is not None and time.monotonic() - since > TRUSTED_SECONDS and not _is_alive(engine, raw):
            raise DisconnectionError

    return engine


def _is_alive(engine: Engine, raw: Any) -> bool:
    try:
        return engine.dialect.do_ping(raw)
    except engine.dialect.loaded_dbapi.Error:
        return False


def _sqlite_engine(url: Any) -> Engine:
    engine = create_engine(url, json_serializer=_json, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN would come too late for DDL and too weak for writers: we begin ourselves.
        connection.isolation_level = None
        collations.register(connection)
        connection.create_function(
            "caseroom_fold", 1, lambda value: None if value is None else fold(str(value)), deterministic=True
        )
        primitives.register(connection)
        time_limits.watch(connection, _record.info)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "mmap_size=268435456",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    time_limits.begin_watching(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writing = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
