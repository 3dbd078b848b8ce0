"""A filtered, sorted page of 50 as JSON with rights, and a new item, over HTTP: beside Directus on the same rows.

Both serve as they come (without our worker, who would index the list first), on this machine, to somebody who reads 200
of 2,000 groups, over 8 connections. Directus is installed from npm into --peer (0.5 GB). `--quick` with 20,000 rows on
SQLite, the full run with 1,000,000 on both.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import _directus
import _report
import sqlalchemy as sa
from _big_list import FIRST, MINE, SHOWN, fill, fresh_database, homes, memberships, server_there
from _report import Results

from caseroom.lists.catalogue import definition
from caseroom.lists.models import User, UserRole
from caseroom.portal import sign_in
from caseroom.portal.home import Home

CONNECTIONS, ROUNDS = 8, 3
COLUMNS = {
    "name": "text", "state": "text", "amount": "number", "due": "day", **{f"text_{n}": "text" for n in range(1, 6)},
    **{f"number_{n}": "number" for n in range(1, 6)}, "flag_1": "truth", "flag_2": "truth",
}  # fmt: skip

NEW = {"name": "Made", "state": "open", "amount": "12.50", "text_1": "Some words", "number_1": "7"}


@dataclass(frozen=True)
class Service:
    """Where pages come from and where items are made, and by whose token."""

    host: str
    page: str
    create: str
    token: str
    body: dict[str, Any]


def rate(service: Service, seconds: float, *, make: bool) -> float:
    """Requests answered per second."""
    counts, stop = [0] * CONNECTIONS, time.perf_counter() + seconds
    threads = [threading.Thread(target=_ask, args=(service, make, stop, counts, n)) for n in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def _ask(service: Service, make: bool, stop: float, counts: list[int], place: int) -> None:
    request, connection = _request(service, make), _connected(service)
    answers = connection.makefile("rb")
    while time.perf_counter() < stop:
        connection.sendall(request)
        status, said = _answer(answers)
        if status not in (200, 201):
            raise SystemExit(f"{request[:200]!r}: {status} {said[:300]!r}")
        counts[place] += 1
    connection.close()


def _request(service: Service, make: bool) -> bytes:
    body = json.dumps(service.body).encode() if make else b""
    first = f"POST {service.create}" if make else f"GET {service.page}"
    heads = [f"{first} HTTP/1.1", f"Host: {service.host}", f"Authorization: Bearer {service.token}"]
    if make:
        heads += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*heads, "", ""]).encode() + body


def _connected(service: Service) -> socket.socket:
    host, _colon, port = service.host.partition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def _answer(answers: BinaryIO) -> tuple[int, bytes]:
    """Status and body, read by hand: who asks takes its time from the same processors as who answers."""
    status, length = int(answers.readline().split()[1]), 0
    while (line := answers.readline()) != b"\r\n":
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            raise SystemExit("an answer without a length cannot be read")
    return status, answers.read(length)


def compare(ours: Service, theirs: Service, results: Results, seconds: float) -> None:
    """In turn, several times: the median of the ratios."""
    for name, make in (("page", False), ("create", True)):
        for service in (ours, theirs):
            rate(service, 1, make=make)  # warm
        rounds = [(rate(ours, seconds, make=make), rate(theirs, seconds, make=make)) for _ in range(ROUNDS)]
        mine, other = (statistics.median(one[side] for one in rounds) for side in (0, 1))
        ratio = statistics.median(own / theirs for own, theirs in rounds)
        what = "a page of 50 with rights" if name == "page" else "a new item"
        what += f", requests/s ({mine:.0f}) / Directus' ({other:.0f})"
        results.add(f"{name}-directus", ratio, "ratio", 4, what, at_least=True)


# --- Ours -----------------------------------------------------------------------------------------


@contextmanager
def ours(home: Home, url: str) -> Iterator[Service]:
    """Caseroom serving this home, for a member of the first groups."""
    with home.database.write() as session:
        user = session.scalars(sa.select(User)).one()
        session.add(UserRole(user_id=user.id, role="salesperson"))
        session.add_all(memberships(user.id))
        token = sign_in.add_token(session, user)
    port = _directus.free_port()
    program = Path(sys.executable).with_name("caseroom")
    environ = {**os.environ, "CASEROOM_DATABASE_URL": url}
    command = [program, "serve", "--no-worker", "--home", home.settings.home, "--port", str(port)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        address = f"127.0.0.1:{port}"
        _directus.within(60, lambda: urllib.request.urlopen(f"http://{address}/sign-in", timeout=5).close())
        asked = {"$filter": "state eq 'open'", "$orderby": "amount", "$top": 50, "$select": ",".join(SHOWN)}
        items = "/api/v1/lists/bench/items"
        yield Service(address, f"{items}?{urllib.parse.urlencode(asked)}", items, token, NEW)
    finally:
        server.terminate()
        server.wait()


# --- Theirs ---------------------------------------------------------------------------------------


@contextmanager
def theirs(program: Path, folder: Path, home: Home, server: str | None) -> Iterator[Service]:
    """Directus with the same rows and the same indexes, for who reads the same scopes."""
    with _database(folder, server) as (told, url), _directus.running(program, folder, told) as peer:
        peer.make(COLUMNS)
        _copy(home, url)
        peer.limit(range(FIRST, FIRST + MINE))
        asked = {"filter[state][_eq]": "open", "sort": "amount", "limit": 50, "fields": ",".join(["id", *SHOWN])}
        host = peer.address.removeprefix("http://")
        page = f"/items/bench?{urllib.parse.urlencode(asked)}"
        yield Service(host, page, "/items/bench", peer.token, {**NEW, "scope_id": FIRST})


@contextmanager
def _database(folder: Path, server: str | None) -> Iterator[tuple[dict[str, str], str]]:
    if server is None:
        path = str(folder / "directus.db")
        yield {"DB_CLIENT": "sqlite3", "DB_FILENAME": path}, f"sqlite:///{path}"
        return
    with fresh_database(server) as url:
        plain = url.replace("postgresql+psycopg:", "postgresql:")
        by_socket = {"PGHOST": "/var/run/postgresql", "PGUSER": getpass.getuser()}
        host = {} if "@" in plain or "127.0.0.1" in plain else by_socket
        yield {"DB_CLIENT": "pg", "DB_CONNECTION_STRING": plain, **host}, url


def _copy(home: Home, url: str) -> None:
    """All rows, and the indexes that ours have."""
    engine = sa.create_engine(url)
    with home.database.read() as session, engine.begin() as target:
        found = definition(session, "bench")
        there = [found.sql(name).label(name) for name in COLUMNS]
        table = sa.Table("bench", sa.MetaData(), autoload_with=target)
        rows = session.execute(sa.select(*there, found.table.c.scope_id)).yield_per(5000)
        for some in rows.mappings().partitions():
            target.execute(table.insert(), [dict(row) for row in some])
        for column in ("state", "amount", "name"):
            target.execute(sa.text(f"CREATE INDEX bench_{column} ON bench ({column}, id)"))
    engine.dispose()


def run(kind: str, server: str | None, program: Path, count: int, seconds: float) -> list[dict[str, Any]]:
    results = Results(kind)
    with homes(kind, server) as (home, url), tempfile.TemporaryDirectory(prefix="caseroom-peer-") as folder:
        fill(home, count)
        with theirs(program, Path(folder), home, server) as other, ours(home, url) as own:
            compare(own, other, results, seconds)
    return results.all


def main() -> None:
    kept = Path.home() / ".cache" / "caseroom-bench" / "directus"
    peer = {"type": Path, "metavar": "DIR", "default": kept, "help": "where Directus is, or goes"}
    options = _report.options(__doc__, "20,000 rows on SQLite instead of 1,000,000 on both", peer=peer)
    if options.quick and not _directus.program(options.peer).exists():
        print(f"there is no Directus in {options.peer}; without --quick it is installed")
        return
    program = _directus.installed(options.peer)
    count, seconds = (20_000, 2) if options.quick else (1_000_000, 8)
    results = run("sqlite", None, program, count, seconds)
    server = None if options.quick else server_there()
    if server is not None:
        results += run("postgresql", server, program, count, seconds)
    _report.tell(results, options.json)


if __name__ == "__main__":
    main()
