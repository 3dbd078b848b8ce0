"""Nothing that somebody asks for keeps the database longer than `statement_seconds`; background work has its time."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext

import pytest
from house import House, application
from sqlalchemy import text

from caseroom.lists import changing, items, schema, views
from caseroom.lists.errors import TooSlow
from caseroom.portal.checking import findings
from caseroom.portal.home import Home

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
LONG = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
)  # some hundredths of a second
TOO_SLOW = "This takes too long and was stopped; nothing was changed. Narrow the filter or try later."


def impatient(house: House, seconds: float) -> None:
    """Let the house's application stop every statement after this time."""
    settings = dataclasses.replace(house.home.settings, statement_seconds=seconds)  # type: ignore[arg-type]
    house.app = application(Home(settings, house.home.database, house.home.blobs))


def test_a_question_without_an_end_is_stopped_and_the_next_is_answered(house: House) -> None:
    database = house.home.database
    for begin in (database.read, database.write):
        with database.statements_within(0.05), pytest.raises(TooSlow, match="too long"), begin() as session:
            assert session.scalar(text("SELECT 1")) == 1
            session.execute(ENDLESS)
    with database.read() as session:
        assert session.scalar(LONG) == 300_000  # not bound, by the same connection


def test_what_was_written_before_a_statement_that_was_stopped_is_not_there(house: House) -> None:
    with house.home.database.statements_within(0.05):
        with pytest.raises(TooSlow), house.write("north") as (session, actor):
            items.create(session, actor, "relations", {"name": "Gone"})
            session.execute(ENDLESS)
        with house.write("north") as (session, actor):
            items.create(session, actor, "relations", {"name": "There"})
    assert [item["name"] for item in house.api("north").get("/api/v1/lists/relations/items").json["value"]] == ["There"]
    assert list(findings(house.home)) == []


def test_a_change_of_a_list_takes_its_time(house: House) -> None:
    with house.home.database.statements_within(0.01), house.write("admin") as (session, actor):
        schema.add_column(session, actor, "relations", {"name": "own", "type": "text"})
        assert session.scalar(LONG) == 300_000
        changing.change_column(session, actor, "relations", "own", {"title": "Own"})


def test_pages_and_programs_are_told_that_it_takes_too_long(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "papers", "columns": [{
            "name": "said", "type": "text", "multiline": True,
        }]})  # fmt: skip
        for number in range(40):
            items.add(session, actor, "papers", {"name": f"Paper {number}", "said": f"{number} é" * 1500})
    slow = " or ".join(f"contains(said,'q{number}')" for number in range(150))
    with house.write("north") as (session, actor):
        views.save(session, actor, "papers", {"name": "slow", "filter": slow})
    impatient(house, 0.02)
    asked = {"$filter": slow}
    answer = house.api("north").get("/api/v1/lists/papers/items", query_string=asked)
    assert (answer.status_code, answer.json["title"]) == (503, "Takes too long")
    assert answer.json["detail"] == TOO_SLOW and answer.mimetype == "application/problem+json"
    page = house.client("north").get("/lists/papers", query_string={"view": "slow"})
    assert page.status_code == 503 and TOO_SLOW in page.text
    file = house.client("north").get("/lists/papers/export", query_string={"format": "csv", "view": "slow"})
    assert file.status_code == 503
    assert house.api("north").get("/api/v1/lists/papers/items").status_code == 200
    impatient(house, 60)
    asked = {"$filter": "contains(said,'q1')"}
    assert house.api("north").get("/api/v1/lists/papers/items", query_string=asked).json["value"] == []


def test_a_connection_keeps_its_limit_and_another_one_is_told(house: House) -> None:
    """One connection, limited and not in turn, whatever became of the transactions between."""
    database = house.home.database
    for seconds in (0.05, None, 0.05, 5, 0.05):
        with (
            pytest.raises(TooSlow) if seconds == 0.05 else nullcontext(),
            database.statements_within(seconds),  # type: ignore[arg-type]
            database.read() as session,
        ):
            assert session.scalar(ENDLESS if seconds == 0.05 else LONG) == 300_000


def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = house.home.database
    if database.is_sqlite:
        return  # there is no server
    monkeypatch.setattr("caseroom.lists.database.TRUSTED_SECONDS", -1)
    with database.read() as session:
        number = session.scalar(text("SELECT pg_backend_pid()"))
    with database.engine.connect() as _first, database.engine.connect() as second:
        second.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
