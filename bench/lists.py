"""What a list costs beside the bare SQL of the same run: pages, counts, saving, importing, exporting, many scopes.

A list of 20 columns in 2,000 groups' scopes, of which the actor reads 200, on SQLite and where one answers on
PostgreSQL; `--quick` with 20,000 rows, the full run with 1,000,000.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import _report
import sqlalchemy as sa
from _big_list import (
    FIRST,
    MINE,
    ORDER,
    SHOWN,
    WHERE,
    everything,
    fill,
    homes,
    limited,
    memberships,
    server_there,
)  # fmt: skip
from _report import Results
from flask import Flask
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from caseroom.lists import exporting, importing, items, query
from caseroom.lists.catalogue import ListDefinition, definition
from caseroom.lists.filters import Compare
from caseroom.lists.mapping import read_bundle
from caseroom.lists.models import User, UserRole
from caseroom.lists.rights import PROGRAM, Actor
from caseroom.portal import sign_in
from caseroom.portal.app import create_app
from caseroom.portal.home import Home, open_home
from caseroom.portal.request import COOKIE, cookie_value
from caseroom.portal.settings import load

# --- Measuring ------------------------------------------------------------------------------------


def milliseconds(work: Callable[[], object], times: int = 15) -> float:
    """The median of several runs, the first left out."""
    runs = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        work()
        runs.append((time.perf_counter() - begun) * 1000)
    return statistics.median(runs[1:])


def ratio(work: Callable[[], object], peer: Callable[[], object], times: int = 15) -> float:
    """The median of ratios of two things done in turn."""
    return statistics.median(milliseconds(work, 1) / milliseconds(peer, 1) for _ in range(times))


def bare(found: ListDefinition, session: Session, limit: int = 51) -> Callable[[], object]:
    """The page as who knows the table would write it by hand: filter, rights, sort; prebuilt, rows fetched, no more."""
    names = ", ".join(found.by_name[name].physical for name in SHOWN)
    state, amount = found.by_name["state"].physical, found.by_name["amount"].physical
    table = found.table.name
    if session.get_bind().dialect.name == "sqlite":
        table += f" INDEXED BY ix_{table}_{amount}"
    mine = ", ".join(str(n) for n in range(FIRST, FIRST + MINE))
    statement = sa.text(
        f"SELECT id, guid, version, {names} FROM {table} WHERE {state} = 'open' AND deleted IS NULL"
        f" AND scope_id IN ({mine}) AND {amount} IS NOT NULL ORDER BY {amount}, id LIMIT {limit}"
    )
    connection = session.connection()
    return lambda: connection.execute(statement).all()


def measure(home: Home, results: Results, count: int, seconds: float) -> None:
    with home.database.read() as session:
        user = session.scalars(sa.select(User.id)).one()
    _pages(home, user, results, count)
    _over_http(home, user, results)
    _saving(home, user, results, seconds)
    _importing(home, user, results, min(count, 50_000))


def _pages(home: Home, user: int, results: Results, count: int) -> None:
    me, admin = limited(user), everything(user)
    with home.database.read() as session:
        found = definition(session, "bench")

        def page(actor: Actor = me, after: str | None = None) -> query.Page:
            return query.page(session, actor, "bench", where=WHERE, order=ORDER, columns=SHOWN, after=after)

        sql = bare(found, session)
        one = milliseconds(page)
        results.add("page", ratio(page, sql), "ratio", 2, f"a filtered, sorted page of 50 ({one:.1f} ms) / bare SQL")
        far = _place(session, admin)
        deep = ratio(lambda: page(admin, far), lambda: page(admin))
        results.add("deep", deep, "ratio", 1.3, "a page in the middle of all / the first one")
        counting = milliseconds(lambda: query.count(session, me, "bench", where=WHERE))
        results.add("count", counting, "ms", 25, "a filtered count, capped at 10,000")


def _place(session: Session, admin: Actor) -> str:
    """A cursor into the middle of the sorted list: amounts are spread evenly up to 100,000."""
    middle = Compare(("amount",), "ge", Decimal(50_000))
    place = query.page(session, admin, "bench", where=middle, order=ORDER, columns=SHOWN, limit=1).next
    assert place is not None
    return place


def _over_http(home: Home, user: int, results: Results) -> None:
    """Whole requests by an API token, so that no sign-in is measured: of an administrator, of who reads some."""
    address = "/api/v1/lists/bench/items?$filter=state%20eq%20'open'&$orderby=amount&$top=50"
    app = create_app(home.settings, opened=home)
    tokens = [_token(home, user, "administrator"), _token(home, _limited_user(home), "salesperson")]

    def get(token: str) -> None:
        answer = app.test_client().get(address, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text

    whole = milliseconds(lambda: get(tokens[0]))
    with home.database.read() as session:
        admin = everything(user)
        service = milliseconds(lambda: query.page(session, admin, "bench", where=WHERE, order=ORDER))
    results.add("json", whole - service, "ms", 15, f"a page of 50 as JSON ({whole:.1f} ms) beyond the service's time")
    seen = _page_of(app, home, user)
    results.add("html", seen - service, "ms", 15, f"a page of 50 as HTML ({seen:.1f} ms) beyond the service's time")
    rights = ratio(lambda: get(tokens[1]), lambda: get(tokens[0]), 30)
    results.add("rights", rights, "ratio", 1.5, "a request of who reads 200 of 2,000 groups / the administrator's")


def _page_of(app: Flask, home: Home, user: int) -> float:
    """The whole list page as a browser gets it, milliseconds."""
    with home.database.write() as session:
        secret = sign_in.open_session(session, session.get_one(User, user), address="127.0.0.1", agent="bench")
    with app.app_context():
        headers = {"Cookie": f"{COOKIE}={cookie_value(secret)}"}
    browser = app.test_client(use_cookies=False)

    def get() -> None:
        answer = browser.get("/lists/bench?f.state=open&sort=amount", headers=headers)
        assert answer.status_code == 200, answer.text

    return milliseconds(get)


def _token(home: Home, user: int, role: str) -> str:
    with home.database.write() as session:
        session.add(UserRole(user_id=user, role=role))
        return sign_in.add_token(session, session.get_one(User, user))


def _limited_user(home: Home) -> int:
    with home.database.write() as session:
        user = User(email="limited@bench.test", name="Limited", feed_secret="limited")
        session.add(user)
        session.flush()
        session.add_all(memberships(user.id))
        return user.id


def _saving(home: Home, user: int, results: Results, seconds: float) -> None:
    """One transaction each, as people save: row, version, log line."""
    values = {"name": "Saved", "state": "open", "amount": "12.50", "text_1": "Some words", "number_1": "7"}
    admin, saved, begun = everything(user), 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        with home.database.write() as session:
            items.add(session, admin, "bench", values)
        saved += 1
    rate = saved / (time.perf_counter() - begun)
    wanted = 400 if home.database.is_sqlite else 0  # on PostgreSQL several processes save at once
    results.add("saving", rate, "items/s", wanted, "items saved, each in a transaction of its own", at_least=True)


def _importing(home: Home, user: int, results: Results, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{n},Imported {n},open,{n}.25,some text {n}" for n in range(rows)]
        Path(folder, "rows.csv").write_text("\n".join(["no,name,state,amount,text", *lines]))
        Path(folder, "bundle.toml").write_text(BUNDLE)
        prepared = importing.prepare(read_bundle(Path(folder, "bundle.toml")), Path(folder))
        begun = time.perf_counter()
        [done] = importing.run(home.database, everything(user), prepared)
        rate = rows / (time.perf_counter() - begun)
    assert done.counts["created"] == rows, done
    results.add("import", rate, "rows/s", 5000, "rows imported, with versions and log", at_least=True)


BUNDLE = """
[[steps]]
list = "bench"
file = "rows.csv"
match = ["external_id"]
columns = { external_id = "no", name = "name", state = "state", amount = "amount", text_1 = "text" }
"""


def export_memory(folder: Path) -> None:
    """In a process of its own: the peak memory (kB) after exporting the whole list as CSV."""
    home = open_home(load(folder, environ=os.environ))
    if home.database.is_sqlite:  # its pages that are kept, up to a bound, would be counted as memory
        for kept in ("mmap_size=0", "cache_size=-2000"):
            listen(home.database.engine, "connect", lambda raw, _record, kept=kept: raw.execute(f"PRAGMA {kept}"))
    with home.database.read() as session, open(os.devnull, "wb") as target:
        exporting.export(session, PROGRAM, "bench", sys.argv[2], target)
    # Not `ru_maxrss`, which begins with what the process that started this one had.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]))


def _memory(folder: Path, url: str, kind: str) -> int:
    environ = {**os.environ, "CASEROOM_DATABASE_URL": url}
    command = [sys.executable, __file__, "--export", kind, str(folder)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return int(done.stdout)


# --- Both databases -------------------------------------------------------------------------------


def run(kind: str, server: str | None, count: int, seconds: float) -> list[dict[str, Any]]:
    results = Results(kind)
    with homes(kind, server) as (home, url):
        fill(home, count // 4)
        little = _memory(home.settings.home, url, "csv")
    with homes(kind, server) as (home, url):
        fill(home, count)
        grown = _memory(home.settings.home, url, "csv") / little
        measure(home, results, count, seconds)
    results.add("export", grown, "ratio", 1.1, "peak memory of an export / of one of a quarter of the rows")
    return results.all


def main() -> None:
    options = _report.options(__doc__, "20,000 rows instead of 1,000,000")
    count, seconds = (20_000, 2) if options.quick else (1_000_000, 10)
    server = server_there()
    results = run("sqlite", None, count, seconds)
    if server is None:
        print("no PostgreSQL answers: SQLite only")
    else:
        results += run("postgresql", server, count, seconds)
    _report.tell(results, options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--export"]:
        export_memory(Path(sys.argv[3]))
    else:
        main()
