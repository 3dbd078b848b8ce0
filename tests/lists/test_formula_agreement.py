"""A formula says the same whoever computes it: Python on a row's values, SQLite, PostgreSQL."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, example, given, note, reject, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from caseroom.lists import bulk, items, schema
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.errors import Invalid
from caseroom.lists.formulas import checking, compiling, evaluating, syntax
from caseroom.lists.formulas.definitions import moments_of
from caseroom.lists.formulas.tree import Kind, Node
from caseroom.lists.reading import Reading
from caseroom.lists.rights import Actor

COLUMNS = [
    {"name": "whole", "type": "number", "decimals": 0}, {"name": "money", "type": "currency"},
    {"name": "fine", "type": "number", "decimals": 6}, {"name": "note", "type": "text", "multiline": True},
    {"name": "word", "type": "text"}, {"name": "state", "type": "choice", "choices": ["new", "closed"]},
    {"name": "done", "type": "boolean"}, {"name": "start", "type": "date"}, {"name": "due", "type": "date"},
    {"name": "at", "type": "datetime"}, {"name": "who", "type": "person"},
]  # fmt: skip
WORDS = ["a", "Ab", "ÄB", "ab", "İstanbul", "istanbul", "ISI ısı", "žltý kôň", "Õunapuu", "Ёлка", "straße", "x" * 200,
         "two  spaces", "50 %", "_", "'", '"', "\\", "[]", "new"]  # fmt: skip
NUMBERS = ["0", "1", "-1", "0.5", "-0.5", "2.5", "7", "12", "-3", "0.000001", "-0.000001", "999999999999", "123456.78",
           "-999999999999", "1000000", "0.333333", "31", "2026", "100"]  # fmt: skip
DAYS = ["1000-01-01", "9998-12-31", "2024-02-29", "2026-01-31", "2026-12-01", "1999-12-31", "2026-11-27", "1900-03-01"]
INSTANTS = ["2026-11-27T23:30:00+00:00", "2026-03-29T00:59:59+00:00", "1901-01-01T00:00:00+02:00",
            "2026-06-30T22:00:00.123456+00:00", "9998-12-30T12:00:00+00:00"]  # fmt: skip


def some_rows(people: list[int]) -> Iterator[dict[str, Any]]:
    """Rows full of edges, the same each time; each value is blank now and then."""
    chance = random.Random(11)

    def of(values: list[Any]) -> Any:
        return chance.choice([None, *values]) if chance.random() < 0.9 else None

    for place in range(60):
        yield {
            "name": f"row {place}",
            "whole": of([number for number in NUMBERS if "." not in number]),
            "money": of([number for number in NUMBERS if len(number.partition(".")[2]) <= 2]),
            "fine": of(NUMBERS), "note": of(WORDS), "word": of(WORDS), "state": of(["new", "closed"]),
            "done": of([True, False]), "start": of(DAYS), "due": of(DAYS), "at": of(INSTANTS), "who": of(people),
        }  # fmt: skip


@pytest.fixture
def sheet(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "sheet", "columns": COLUMNS})
    with house.write("admin") as (session, actor), bulk.many_writes(session):
        for row in some_rows([house.people["north"], house.people["south"]]):
            items.add(session, actor, "sheet", row)
    return house


class Stored:
    """A row as the door has it."""

    def __init__(self, values: dict[Any, Any]) -> None:
        self.values = values

    def value(self, name: str) -> Any:
        return self.values[name]

    def through(self, node: Any) -> Any:
        raise AssertionError(node)


# --- Formulas of every kind -----------------------------------------------------------------------


def one_of(*shapes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(*shapes)


def shape(text: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda **made: text.format(**made), **parts)


def quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def formulas(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Formulas by kind, at most so deep."""
    numbers = st.sampled_from(["whole", "money", "fine", *[number.lstrip("-") for number in NUMBERS]])
    texts = st.sampled_from(["note", "word", "state", "name", '""', *map(quoted, WORDS)])
    truths = st.sampled_from(["done", "true", "false"])
    dates = st.sampled_from(["start", "due", "at", "TODAY()", "DATE(2026, 2, 28)"])
    if depth == 0:
        return {"number": numbers, "text": texts, "truth": truths, "date": dates}
    less = formulas(depth - 1)
    n, t, b, d = less["number"], less["text"], less["truth"], less["date"]
    unit = st.sampled_from(['"day"', '"week"', '"month"', '"year"'])
    sign, compare = st.sampled_from("+-*/^"), st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    rounding = st.sampled_from(["ABS", "INT", "CEILING", "-", "FLOOR"])
    return {
        "number": one_of(
            numbers, shape("({a} {s} {b})", a=n, b=n, s=sign), shape("{f}({a})", f=rounding, a=n),
            shape("ROUND({a}, {b})", a=n, b=n), shape("ROUND({a}, 2)", a=n), shape("MOD({a}, {b})", a=n, b=n),
            shape("{f}({a}, {b}, {c})", f=st.sampled_from(["MIN", "MAX", "SUM", "COALESCE"]), a=n, b=n, c=n),
            shape("IF({a}, {b}, {c})", a=b, b=n, c=n), shape("LEN({a})", a=t), shape("({a} - {b})", a=d, b=d),
            shape("{f}({a})", f=st.sampled_from(["YEAR", "MONTH", "DAY", "WEEKDAY"]), a=d),
            shape("WEEKDAY({a}, 2)", a=d), shape("DATEDIF({a}, {b}, {u})", a=d, b=d, u=unit), shape("{a}%", a=numbers),
        ),
        "text": one_of(
            texts, shape("({a} & {b})", a=t, b=t), shape("({a} & {b} & {c})", a=n, b=d, c=b),
            shape("{f}({a})", f=st.sampled_from(["UPPER", "LOWER", "TRIM"]), a=t), shape("LEFT({a}, {b})", a=t, b=n),
            shape("RIGHT({a}, {b})", a=t, b=n), shape("MID({a}, {b}, {c})", a=t, b=n, c=n), shape("TEXT({a})", a=n),
            shape("IF({a}, {b})", a=b, b=t), shape("COALESCE({a}, {b})", a=t, b=t), shape("TEXT({a})", a=d),
        ),
        "truth": one_of(
            truths, shape("({a} {c} {b})", a=n, b=n, c=compare), shape("({a} {c} {b})", a=t, b=t, c=compare),
            shape("({a} {c} {b})", a=d, b=d, c=compare), shape("({a} = {b})", a=b, b=b), shape("ISBLANK({a})", a=t),
            shape("ISBLANK({a})", a=n), shape("({a} and {b})", a=b, b=b), shape("OR({a}, {b})", a=b, b=b),
            shape("NOT({a})", a=b), shape("CONTAINS({a}, {b})", a=t, b=t), shape("STARTSWITH({a}, {b})", a=t, b=t),
            st.just("(who = ME())"), st.just("(who <> created_by)"), shape("IF({a}, {b}, {c})", a=b, b=b, c=b),
            st.just("(at < NOW())"), st.just("(MAX(at, created) = at)"),
        ),
        "date": one_of(
            dates, shape("({a} + {b})", a=d, b=n), shape("({a} - {b})", a=d, b=n),
            shape("DATEADD({a}, {b}, {u})", a=d, b=n, u=unit), shape("MIN({a}, {b})", a=d, b=d),
            shape("IF({a}, {b}, {c})", a=b, b=d, c=d), shape("DATE({a}, {b}, {c})", a=n, b=n, c=n),
        ),
    }  # fmt: skip


ANY = st.one_of(*formulas(3).values())


# --- The comparison -------------------------------------------------------------------------------


@contextmanager
def asking(house: House) -> Iterator[tuple[Session, Actor, Reading]]:
    with house.read("north") as (session, actor):
        yield session, actor, Reading(session, definition(session, "sheet"), actor)


def meaning(session: Session, text: str) -> Node:
    """What a formula means. Some are nested too deeply; for no other reason is any of them refused."""
    try:
        return checking.check(syntax.parse(text), catalogue(session), definition(session, "sheet")).node
    except Invalid as refusal:
        assert "nested too deeply" in refusal.message
        reject()


def answers(reading: Reading, node: Node, actor: Actor) -> tuple[list[Any], list[Any]]:
    """What Python and the database say, row by row."""
    session, found, moments = reading.session, reading.definition, moments_of(actor)
    made = compiling.expression(reading, node, moments, 6).label("answer")
    rows = session.execute(select(found.table, made).order_by(found.table.c.id)).mappings().all()
    names = {column.physical: column.name for column in found.columns}
    stored = [Stored({names.get(key, key): value for key, value in row.items()}) for row in rows]
    return [evaluating.evaluate(node, row, moments) for row in stored], [row["answer"] for row in rows]


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=ANY)
@example(text="due + ROUND(due - start, whole)")
@example(text="(note & (whole & start & NOT(done)))")
@example(text="due - 3999999")
@example(text="start + 3286817")
@example(text='DATEADD(due, -99999, "month") - DATEADD(start, 119999, "month")')
@example(text='DATEADD(start, 8998, "year") & DATEADD(due, -7, "year")')
def _agree(house: House, text: str) -> None:
    with asking(house) as (session, actor, reading):
        node = meaning(session, text)
        note(text)
        python, database = answers(reading, node, actor)
        assert python == database
        kinds = {Kind.NUMBER: Decimal, Kind.TEXT: str, Kind.BOOLEAN: bool, Kind.DATE: datetime.date}
        assert {type(value) for value in database if value is not None} <= {
            kinds.get(node.type.kind, datetime.datetime)
        }


def test_python_and_the_database_agree_on_any_formula(sheet: House) -> None:
    _agree(sheet)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=formulas(2)["truth"])
@example(text="done = NOT(done)")
@example(text="(done = NOT(done)) <> (money < 0)")
def _agree_as_condition(house: House, text: str) -> None:
    with asking(house) as (session, actor, reading):
        node = meaning(session, text)
        python, _ = answers(reading, node, actor)
        found = reading.definition
        condition = compiling.condition(reading, node, moments_of(actor))
        ids = session.scalars(select(found.table.c.id).where(condition).order_by(found.table.c.id)).all()
        everything = session.scalars(select(found.table.c.id).order_by(found.table.c.id)).all()
        assert ids == [number for number, holds in zip(everything, python, strict=True) if holds]


def test_python_and_the_database_agree_on_which_rows_a_condition_holds(sheet: House) -> None:
    _agree_as_condition(sheet)
