"""Lists in the order of the reader's letters, the same on both databases, and the indexes that serve it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from house import House
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from caseroom.lists import altering, changing, indexes, items, query, schema, views
from caseroom.lists.catalogue import catalogue, table_name
from caseroom.lists.collations import LANGUAGES, collation, sort_key
from caseroom.lists.crm import users
from caseroom.lists.filters import And, field
from caseroom.lists.rights import PROGRAM

# As the dictionaries of each language have them.
IN_ORDER = {
    "en": "Ada Äpfel apple Čech cena chata Cyril žaba zub",
    "sk": "Adam cena čaj dom hora chata Ivan ľud mama okno ôsmy sud šach zub žaba",
    "et": "aed sada šokk zoo žanr tuli uni vana õde ämm öö ülo yks",
    "tr": "can çay gaz ğaz hız ırmak Isı ihale İzmir jant orak ördek son şal uç üç",
    "cs": "cena čaj hora chata ráno řeka sud šach",
    "pl": "adam ąbc cena ćma lot łza noc ńuk ocet ósmy sen śnieg zoo źdźbło żaba",
}


@pytest.mark.parametrize("language", IN_ORDER)
def test_a_list_stands_in_the_order_of_the_readers_letters(shared_house: House, language: str) -> None:
    words = IN_ORDER[language].split()
    company = shared_house.make_relation().id
    for word in sorted(words):
        shared_house.make("cases", {"name": word, "company": company})
    with shared_house.read("north") as (session, actor):
        reader = replace(actor, language=language)
        assert names(session, reader, company) == words
        assert names(session, reader, company, down=True) == words[::-1]
        middle = words[len(words) // 2]
        assert names(session, reader, company, beyond=middle) == words[len(words) // 2 + 1 :]


def names(session, actor, company: int, *, down: bool = False, beyond: str | None = None) -> list[str]:
    """The cases of a company by their names, read in pages of four."""
    where = And([field("company", "eq", company), *([field("name", "gt", beyond)] if beyond else [])])
    found, after = [], None
    while True:
        page = query.page(session, actor, "cases", where=where, order=[("name", down)], limit=4, after=after)
        found += [str(item["name"]) for item in page.items]
        if (after := page.next) is None:
            return found


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text("aábcčdehiíklmnoóôpqrsštuúvwxyzžõäöü", min_size=1, max_size=5), min_size=2, max_size=30),
    st.sampled_from(["en", "sk", "et", "cs", "pl"]),
)
def test_both_databases_go_by_the_same_letters(shared_house: House, words: list[str], language: str) -> None:
    each = "json_each(:words)"
    if not shared_house.home.database.is_sqlite:
        each = "jsonb_array_elements_text(CAST(:words AS jsonb)) AS words(value)"
    statement = text(f"SELECT value FROM {each} ORDER BY value COLLATE {collation(language)}")
    with shared_house.home.database.read() as session:
        letters = [sort_key(word, language)[0] for word in session.scalars(statement, {"words": json.dumps(words)})]
    assert letters == sorted(letters)


def test_whoever_is_the_first_to_read_in_a_language_gets_its_indexes_a_moment_later(house: House) -> None:
    database = house.home.database
    with database.read() as session:
        assert list(indexes.missing(session)) == []
        before = altering.index_names(session)
    with house.write("admin") as (session, actor):
        groups = [house.groups["North"]]
        users.change_user(
            session, actor, house.people["north"], name="North Person", role="salesperson", groups=groups, language="et"
        )
    while indexes.complete(database):
        pass
    with database.read() as session:
        made = altering.index_names(session) - before
        names = catalogue(session).get("relations")
        assert f"ix_{names.table.name}_{names.column('name').physical}_et" in made
        assert made and all(name.endswith("_et") for name in made)
        assert list(indexes.missing(session)) == []
    if database.is_sqlite:
        with house.read("north") as (session, actor):
            seen = plan(session, actor)
        assert "_et" in seen and "TEMP B-TREE" not in seen


def plan(session, actor) -> str:
    """How SQLite reads a page of companies by their names."""
    found: list[str] = []
    connection = session.connection().connection.driver_connection
    connection.set_trace_callback(found.append)
    query.page(session, actor, "relations", order=[("name", False)], limit=5)
    connection.set_trace_callback(None)
    (asked,) = [one for one in found if "ORDER BY" in one]
    return " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}"))


def test_an_index_that_is_gone_or_broke_while_it_was_made_is_made_again(house: House) -> None:
    database = house.home.database
    with database.write() as session:
        found = catalogue(session).get("relations")
        index = f"ix_{table_name(found.id)}_{found.column('name').physical}"
        broken = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass"
        session.execute(text(f"DROP INDEX {index}" if database.is_sqlite else broken))
    assert indexes.complete(database)
    with database.read() as session:
        assert index in altering.index_names(session) and list(indexes.missing(session)) == []
    assert not indexes.complete(database)


@pytest.mark.parametrize("whose", ["everybody", "own"])
@pytest.mark.parametrize("setting", [{"order": "rank desc,name"}, {"group": "rank", "order": "name"}])
def test_a_view_that_sorts_a_large_list_by_a_column_without_an_index_gets_one(
    house: House, monkeypatch: pytest.MonkeyPatch, whose: str, setting: dict[str, str]
) -> None:
    monkeypatch.setattr(indexes, "LARGE", 3)
    database = house.home.database
    with house.write("admin") as (session, actor):
        columns = [{"name": "rank", "type": "number"}, {"name": "code", "type": "text", "max": 600}]
        schema.create_list(session, actor, {"name": "tools", "columns": columns})
        for other in ({"order": "code"}, {"order": "modified desc"}):  # too long for one; of the system's own
            views.save(session, actor, "tools", {"name": other["order"][:4], **other, "shared": True})
    with house.write("admin" if whose == "everybody" else "north") as (session, actor):
        views.save(session, actor, "tools", {"name": "ranked", **setting, "shared": whose == "everybody"})
    for number in range(3):
        house.make("tools", {"name": f"Tool {number}", "rank": number})
    assert not indexes.complete(database)
    house.make("tools", {"name": "Tool 4", "rank": 4})
    assert indexes.complete(database) and not indexes.complete(database)
    with database.read() as session:
        found = catalogue(session).get("tools")
        assert f"ix_{found.table.name}_{found.column('rank').physical}" in altering.index_names(session)


def test_a_text_that_is_too_long_gets_no_index_for_a_view(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "LARGE", 1)
    with house.write("admin") as (session, actor):
        column = {"name": "code", "type": "text", "max": 9000}
        schema.create_list(session, actor, {"name": "tools", "columns": [column]})
        for number in range(3):
            items.create(session, actor, "tools", {"name": f"Tool {number}", "code": "x" * 9000})
        changing.change_column(session, actor, "tools", "code", {"max": 200})
        views.save(session, actor, "tools", {"name": "coded", "order": "code", "shared": True})
    while indexes.complete(house.home.database):
        pass
    with house.home.database.read() as session:
        found = catalogue(session).get("tools")
        assert f"ix_{found.table.name}_{found.column('code').physical}" not in altering.index_names(session)


def test_every_language_has_a_collation_of_its_own_or_the_roots() -> None:
    assert {collation(language) for language in ("de", "ru", "en")} == {"caseroom"}
    assert len({collation(language) for language in LANGUAGES}) == len(LANGUAGES)
    assert PROGRAM.language in LANGUAGES
