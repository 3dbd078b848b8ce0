"""Copies of a prepared PostgreSQL database, one for every test, made and dropped while other tests run."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import sqlalchemy as sa

AHEAD = 2


def on_server(url: str, *statements: str) -> None:
    """Run statements that PostgreSQL allows in no transaction."""
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


class Copies:
    """Copying and dropping wait for the disk; a thread does both, a few copies ahead, so that no test waits.

    `url`: a database on the server; `template`: the name of the database to copy, to which nobody is connected.
    """

    def __init__(self, url: str, template: str) -> None:
        self.url, self.template = url, template
        self.thread = ThreadPoolExecutor(1)
        self.ready: deque[Future[str]] = deque()
        self.used: list[Future[None]] = []
        self.lock = threading.Lock()

    def take(self) -> str:
        """The name of a copy that nobody has used."""
        with self.lock:
            while len(self.ready) <= AHEAD:
                self.ready.append(self.thread.submit(self._copy))
            return self.ready.popleft().result()

    def give_back(self, name: str) -> None:
        """Drop a copy, a moment later."""
        self.used.append(self.thread.submit(self._drop, name))

    def close(self) -> None:
        """Drop all copies. Raises what went wrong with any of them."""
        for copy in self.ready:
            self.give_back(copy.result())
        self.thread.shutdown()
        for dropped in self.used:
            dropped.result()

    def _copy(self) -> str:
        name = f"{self.template}_{uuid.uuid4().hex[:12]}"
        on_server(self.url, f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return name

    def _drop(self, name: str) -> None:
        on_server(self.url, f"DROP DATABASE {name} WITH (FORCE)")
