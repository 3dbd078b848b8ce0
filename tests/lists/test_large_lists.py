"""Pages of a large list: read by the index that fits, the same as any other way, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from random import Random
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from caseroom.lists import items, paths, plans, query, schema
from caseroom.lists.catalogue import definition
from caseroom.lists.filters import And, Compare, Filter, Not, Or
from caseroom.lists.reading import Stage
from caseroom.lists.rights import PROGRAM

COLUMNS = [
    {"name": "rank", "type": "number", "decimals": 1, "indexed": True},
    {"name": "code", "type": "text", "indexed": True},
    {"name": "state", "type": "choice", "choices": ["new", "used"], "indexed": True},
    {"name": "due", "type": "date", "indexed": True},
    {"name": "note", "type": "text"},
]
WORDS = ["Žeriav", "zub", "Chata", "cena", "čaj", "Ivan", "ÄSE"]


@pytest.fixture(scope="module")
def stocked(shared_house: House) -> House:
    """Tools of three groups, some values missing in each column."""
    chance = Random(11)

    def some(value: Any) -> Any:
        return None if chance.random() < 0.3 else value

    with shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "separation": "by_group", "columns": COLUMNS})
    with shared_house.home.database.write() as session:
        groups = [shared_house.groups[name] for name in ("North", "West", "South")]
        for number in range(90):
            items.add(session, PROGRAM, "tools", {
                "name": f"{chance.choice(WORDS)} {number % 40}", "rank": some(f"{chance.randrange(20)}.5"),
                "code": some(chance.choice(WORDS)), "state": some(chance.choice(["new", "used"])),
                "due": some(f"2026-0{chance.randrange(1, 9)}-01"), "note": some(chance.choice(WORDS)),
                "sales_group": chance.choice(groups),
            })  # fmt: skip
    return shared_house


COMPARISONS = st.one_of(
    st.builds(lambda op, value: Compare(("rank",), op, value), st.sampled_from(["eq", "ge", "lt"]), st.integers(0, 20)),
    st.builds(lambda op, one: Compare(("code",), op, one), st.sampled_from(["eq", "ne", "ge"]), st.sampled_from(WORDS)),
    st.builds(lambda words: Compare(("code",), "in", words), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.builds(lambda state: Compare(("state",), "eq", state), st.sampled_from(["new", "used"])),
    st.builds(lambda word: Compare(("note",), "contains", word[:2]), st.sampled_from(WORDS)),
    st.builds(lambda value: Compare(("due",), "empty", value), st.booleans()),
)
WHERE: Any = st.one_of(
    st.none(), COMPARISONS, st.builds(lambda parts: And(parts), st.lists(COMPARISONS, max_size=3)),
    st.builds(lambda parts: Or(parts), st.lists(COMPARISONS, min_size=1, max_size=2)), st.builds(Not, COMPARISONS),
)  # fmt: skip
ORDER: Any = st.lists(
    st.tuples(st.sampled_from(["name", "rank", "code", "state", "due", "note", "modified"]), st.booleans()),
    max_size=2, unique_by=lambda part: part[0],
)  # fmt: skip


Pages = list[list[int]]


def walk(house: House, who: str, where: Filter | None, order: Any, limit: int) -> tuple[Pages, Pages]:
    """The ids of each page, forward to the end, and from there back to the beginning."""
    forward: Pages = []
    back: Pages = []
    with house.read(who) as (session, actor):
        after, last = None, None
        while after is not None or last is None:
            last = query.page(session, actor, "tools", where=where, order=order, limit=limit, after=after)
            forward.append([item.id for item in last.items])
            after = last.next
        while last.previous is not None:
            last = query.page(session, actor, "tools", where=where, order=order, limit=limit, after=last.previous)
            back.append([item.id for item in last.items])
    return forward, back


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(where=WHERE, order=ORDER, limit=st.integers(1, 30), who=st.sampled_from(["north", "both", "admin"]))
def test_a_page_is_the_same_by_whichever_index_it_is_read(
    stocked: House, monkeypatch: pytest.MonkeyPatch, where: Any, order: Any, limit: int, who: str
) -> None:
    seen = []
    for small in (10**9, 0):
        monkeypatch.setattr(paths, "SMALL", small)
        monkeypatch.setattr(paths, "LONG", small)
        forward, back = walk(stocked, who, where, order, limit)
        with stocked.read(who) as (session, actor):
            whole = [item.id for item in query.page(session, actor, "tools", where=where, order=order, limit=500).items]
            assert query.count(session, actor, "tools", where=where).number == len(whole)
        assert list(chain(*forward)) == whole
        assert list(chain(*reversed(back), forward[-1])) == whole
        seen.append(whole)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("where", "order", "index"),
    [
        (None, [("name", False)], "name"),
        (None, [("rank", True)], "rank"),
        (Compare(("state",), "eq", "new"), [("rank", False)], "rank"),
        (Compare(("code",), "eq", "Ivan 7"), [("rank", False)], "code"),
        (And([Compare(("state",), "eq", "new"), Compare(("name",), "eq", "zub 1")]), [("due", False)], "name"),
    ],
)
def test_sqlite_reads_by_the_order_where_much_is_found_and_by_the_filter_where_little_is(
    house: House, monkeypatch: pytest.MonkeyPatch, where: Any, order: Any, index: str
) -> None:
    if not house.home.database.is_sqlite:
        return  # its planner knows how much is found
    monkeypatch.setattr(paths, "SMALL", 100)
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "separation": "by_group", "columns": COLUMNS})
    with house.home.database.write() as session:
        group = house.groups["North"]
        for number in range(400):
            values = {"name": f"zub {number}", "rank": number, "state": "new", "code": f"Ivan {number}"}
            items.add(session, PROGRAM, "tools", {**values, "due": "2026-01-01", "sales_group": group})
    with house.read("north") as (session, actor):
        query.page(session, actor, "tools", where=where, order=order, limit=5)  # how much is found is known now
        asked: list[str] = []
        connection: Any = session.connection().connection.driver_connection
        connection.set_trace_callback(asked.append)
        found = query.page(session, actor, "tools", where=where, order=order, limit=5)
        connection.set_trace_callback(None)
        (statement,) = [one for one in asked if "ORDER BY" in one][:1]
        plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        column = found.items[0].definition.column(index)
    assert f"INDEX ix_{found.items[0].definition.table.name}_{column.physical} " in f"{plan} ", plan
    assert ("TEMP B-TREE" in plan) is (index != order[0][0])


def test_postgresql_passes_by_what_the_reader_does_not_see_without_fetching_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    if house.home.database.is_sqlite:
        return  # reads the end of its index before it fetches a row
    monkeypatch.setattr(paths, "SMALL", 100)
    monkeypatch.setattr(paths, "LONG", 100)
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "separation": "by_group", "columns": COLUMNS})
    with house.home.database.write() as session:
        for number in range(400):
            group = house.groups["North" if number % 10 == 0 else "South"]
            items.add(session, PROGRAM, "tools", {"name": f"zub {number}", "rank": number, "sales_group": group})
    with house.read("admin") as (session, _actor):
        found = definition(session, "tools")
    with house.home.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM ANALYZE {found.table.name}")
    with house.read("north") as (session, actor):
        plan = plans.of_page(session, actor, "tools", where=Compare(("name",), "contains", "zub"), limit=5, marks=(),
                             order=[("rank", True)], columns=None, search=None, stage=Stage.STANDING)  # fmt: skip
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):  # so few rows are read whole otherwise
            session.execute(text(f"SET LOCAL {setting} = off"))
        [filled, _empty] = plan.page()
        asked = filled.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
        given = {**asked.params, plans.MOST_ROWS: 5}
        told = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked}", given).scalar_one()
    index = next(node for node in _nodes(told[0]["Plan"]) if node["Node Type"] == "Index Only Scan")
    assert index["Index Name"].endswith(found.by_name["rank"].physical)
    assert index["Rows Removed by Filter"] >= 36, told


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
