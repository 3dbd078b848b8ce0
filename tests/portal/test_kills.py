"""A worker that is killed in the midst of long work: the next goes on, nothing is done twice and nothing is lost."""

from __future__ import annotations

import io
import subprocess
import time
from collections import Counter
from collections.abc import Callable

import pytest
from house import House
from processes import start, stop, until
from sqlalchemy import func, select

from caseroom.lists import bulk_editing, imports, query, retyping, retyping_jobs, schema
from caseroom.lists.catalogue import definition
from caseroom.lists.models import Change, Retyping
from caseroom.portal import imports as reading
from caseroom.portal.checking import findings

ROWS = 1600


def killed_midway(worker: subprocess.Popen[bytes], done: Callable[[], int]) -> int:
    """Kill the worker (SIGKILL) as soon as something is done; answers how much is."""
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        time.sleep(0.005)
    worker.kill()
    worker.wait()
    return done()


def test_an_import_a_change_of_many_rows_and_one_of_a_type_go_on_after_a_kill(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other on the same rows, each with a worker of its own that is killed in the midst of it."""
    monkeypatch.setattr(retyping, "AT_ONCE", 100)  # so that few rows are many
    with house.write("admin") as (session, admin):
        columns = [{"name": "weight", "type": "number", "decimals": 0}, {"name": "state", "type": "text"}]
        schema.create_list(session, admin, {"name": "crates", "columns": columns})
    worker = start(house, "worker")
    try:
        worker = _import(house, worker)
        worker = _change_rows(house, worker)
        worker = _change_type(house, worker)
    finally:
        stop(worker)
    assert [one for one in findings(house.home) if not one.startswith("follower")] == []


def _import(house: House, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    database, lines = house.home.database, [f"Crate {number},{number},new" for number in range(ROWS)]
    with house.read("admin") as (_session, admin):
        pass
    table = io.BytesIO("\n".join(["Name,Weight,State", *lines[:-1], "Crate of lead,heavy,new"]).encode())
    number = reading.take(house.home, admin, "crates", table, "crates.csv")
    wanted = {"name": {"from": "Name"}, "weight": {"from": "Weight"}, "state": {"from": "State"}}

    def standing() -> imports.Import:
        with database.read() as session:
            return session.get_one(imports.Import, number)

    with house.write("admin") as (session, admin):
        imports.try_out(session, admin, number, {"match": ["name"], "columns": wanted})
    assert until(lambda: standing().state == "tried"), standing().state
    with house.write("admin") as (session, admin):
        imports.start(session, admin, number)
    reached = killed_midway(worker, lambda: standing().done)
    assert 0 < reached < ROWS and reached % 200 == 0 and standing().state == "running"
    with house.read("admin") as (session, admin):
        assert query.count(session, admin, "crates").number == reached
    worker = start(house, "worker")
    assert until(lambda: standing().state == "done"), standing().done
    assert (standing().counts["created"], standing().counts["refused"]) == (ROWS - 1, 1)
    assert _versions(house) == {1: ROWS - 1} and _lines(house, "create") == {1: ROWS - 1}
    return worker


def _change_rows(house: House, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    with house.write("north") as (session, actor):
        number = bulk_editing.start(session, actor, "crates", "update", {"state": "used"}, where="weight ge 0").id

    def done() -> int:
        with house.read("north") as (session, actor):
            return bulk_editing.counts(session, bulk_editing.get(session, actor, number)).get("done", 0)

    reached = killed_midway(worker, done)
    assert 0 < reached < ROWS - 1 and reached % 200 == 0
    assert _versions(house) == {1: ROWS - 1 - reached, 2: reached}
    worker = start(house, "worker")
    assert until(lambda: done() == ROWS - 1), done()
    assert _versions(house) == {2: ROWS - 1} and _lines(house, "update") == {1: ROWS - 1}
    return worker


def _change_type(house: House, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    database = house.home.database
    with house.read("admin") as (_session, admin):
        pass
    number = retyping_jobs.change_type(database, admin, "crates", "weight", {"type": "text", "max": 100})
    assert isinstance(number, int)

    def standing() -> Retyping:
        with database.read() as session:
            return session.get_one(Retyping, number)

    reached = killed_midway(worker, lambda: standing().converted)
    assert 0 < reached < ROWS - 1 and standing().state == "filling"
    with house.read("admin") as (session, _actor):
        assert definition(session, "crates").column("weight").type.name == "number"
    worker = start(house, "worker")
    assert until(lambda: standing().state == "done"), standing().state
    assert (standing().converted, standing().lost) == (ROWS - 1, 0)
    with house.read("admin") as (session, _actor):
        found = definition(session, "crates")
        stored = session.scalars(select(found.sql("weight"))).all()
    assert sorted(map(int, stored)) == list(range(ROWS - 1)) and _versions(house) == {2: ROWS - 1}
    return worker


def _versions(house: House) -> dict[int, int]:
    """How many items stand at which version."""
    with house.read("admin") as (session, _actor):
        table = definition(session, "crates").table
        rows = session.execute(select(table.c.version, func.count()).group_by(table.c.version))
        return {row[0]: row[1] for row in rows}


def _lines(house: House, kind: str) -> dict[int, int]:
    """How many items have how many lines of this kind in the change log."""
    with house.read("admin") as (session, _actor):
        of_list = Change.list_id == definition(session, "crates").id, Change.kind == kind
        return dict(Counter(Counter(session.scalars(select(Change.item_id).where(*of_list))).values()))
