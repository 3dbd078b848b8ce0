"""A large list for benchmarks: 20 columns, rows in 2,000 groups' scopes of which one person reads 200; its home."""

from __future__ import annotations

import random
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from caseroom.lists import schema
from caseroom.lists.catalogue import ListDefinition, definition
from caseroom.lists.filters import Compare
from caseroom.lists.models import Membership, Scope, ScopeGrant, User, new_guid, now
from caseroom.lists.rights import PROGRAM, Actor
from caseroom.portal.home import Home, open_home, prepare
from caseroom.portal.settings import load

SCOPES, MINE, FIRST = 2000, 200, 1000
STATES = ("new", "open", "held", "won", "lost")
SHOWN = ["name", "state", "amount", "due", "text_1", "text_2", "number_1", "number_2"]
WHERE = Compare(("state",), "eq", "open")
ORDER = [("amount", False)]
POSTGRESQL = ("postgresql+psycopg:///test", "postgresql+psycopg://127.0.0.1/test")


# --- The list -------------------------------------------------------------------------------------


def make(session: Session) -> None:
    """The list: name, a choice, money, a day, and texts, numbers and truths to make 20 columns."""
    columns: list[dict[str, Any]] = [
        {"name": "state", "type": "choice", "choices": list(STATES), "indexed": True},
        {"name": "amount", "type": "number", "decimals": 2, "indexed": True},
        {"name": "due", "type": "date"},
        *({"name": f"text_{n}", "type": "text"} for n in range(1, 6)),
        *({"name": f"number_{n}", "type": "number", "decimals": 0} for n in range(1, 6)),
        *({"name": f"flag_{n}", "type": "boolean"} for n in range(1, 3)),
    ]
    schema.create_list(session, PROGRAM, {"name": "bench", "separation": "by_group", "columns": columns})


def fill(home: Home, count: int) -> None:
    """Rows spread over the scopes, and a person who reads MINE of them."""
    chance = random.Random(7)
    with home.database.write() as session:
        make(session)
        session.add(User(email="bench@bench.test", name="Bench", feed_secret="-"))
        groups = range(FIRST, FIRST + SCOPES)
        session.execute(sa.insert(Scope), [{"id": n, "key": f"bench {n}"} for n in groups])
        session.execute(
            sa.insert(ScopeGrant), [{"scope_id": n, "subject": f"group:{n}", "level": 4} for n in groups]
        )
    with home.database.read() as session:
        found = definition(session, "bench")
    for start in range(0, count, 5000):
        rows = [_row(found, chance, start + n) for n in range(min(5000, count - start))]
        with home.database.write() as session:
            session.execute(sa.insert(found.table), rows)
    with home.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As a server's autovacuum leaves it, which would otherwise run while we measure.
        connection.exec_driver_sql("ANALYZE" if home.database.is_sqlite else "VACUUM ANALYZE")


def _row(found: ListDefinition, chance: random.Random, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": f"Row {number}", "state": chance.choice(STATES), "amount": Decimal(chance.randrange(10**7)) / 100,
        "due": now().date(),
        **{f"text_{n}": f"text {chance.randrange(1000)} of some length" for n in range(1, 6)},
        **{f"number_{n}": Decimal(chance.randrange(1000)) for n in range(1, 6)},
        **{f"flag_{n}": chance.random() < 0.5 for n in range(1, 3)},
    }  # fmt: skip
    physical = {found.by_name[name].physical: value for name, value in values.items()}
    scope = FIRST + chance.randrange(SCOPES)
    return {"guid": new_guid(), "version": 1, "scope_id": scope, "created": now(), "modified": now(), **physical}


def limited(user: int) -> Actor:
    return Actor(user, "Bench", roles=frozenset({"salesperson"}), groups=frozenset(range(FIRST, FIRST + MINE)))


def memberships(user: int) -> list[Membership]:
    """What makes a user a member of the groups that one person reads."""
    groups = range(FIRST, FIRST + MINE)
    return [Membership(user_id=user, group_id=n, salesperson_id=1, is_default=n == FIRST) for n in groups]


def everything(user: int) -> Actor:
    return Actor(user, "Bench", roles=frozenset({"administrator"}))


# --- Homes ----------------------------------------------------------------------------------------


@contextmanager
def homes(kind: str, server: str | None) -> Iterator[tuple[Home, str]]:
    """An empty home on a database of its own, and the database's URL."""
    with (
        tempfile.TemporaryDirectory(prefix="caseroom-bench-") as folder,
        fresh_database(server) if server else nullcontext(f"sqlite:///{folder}/caseroom.db") as url,
    ):
        home = open_home(load(Path(folder), environ={}, database_url=url))
        try:
            prepare(home)
            yield home, url
        finally:
            home.database.dispose()


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of an empty database on this server, dropped at the end."""
    name = f"caseroom_bench_{uuid.uuid4().hex[:8]}"
    _on_server(server, f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def server_there() -> str | None:
    for url in POSTGRESQL:
        try:
            _on_server(url, "SELECT 1")
        except OperationalError:
            continue
        return url
    return None
