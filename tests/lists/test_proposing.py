"""A proposal finds a file's columns by their names and values, and never says what is not so."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists import filters, guessing, importing, mapping, proposing, query, spooling
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Invalid
from caseroom.lists.rights import PROGRAM
from caseroom.lists.spooling import SourceRow

LANGUAGES = ("en", "sk")


def proposed(house, list_name: str, table: dict[str, list[Any]]) -> dict[str, Any]:
    with house.home.database.read() as session:
        return proposing.propose(definition(session, list_name), list(table), rows_of(table), LANGUAGES)


def rows_of(table: dict[str, list[Any]]) -> list[SourceRow]:
    many = zip(*table.values(), strict=True)
    return [SourceRow(number, dict(zip(table, row, strict=True))) for number, row in enumerate(many, start=2)]


def test_columns_are_found_by_titles_of_every_language_and_usual_words(house):
    table = {"Firma": ["Alfa"], "PSČ": ["94901"], "Mesto": ["Nitra"], "Krajina": ["Slovensko"], "Web": ["alfa.test"]}
    body = proposed(house, "relations", table)
    assert {name: rule.get("from") for name, rule in body["columns"].items() if name != "address"} == {
        "name": "Firma", "web": "Web"
    }  # fmt: skip
    parts = body["columns"]["address"]["parts"]
    assert {name: rule["from"] for name, rule in parts.items()} == {
        "postcode": "PSČ", "city": "Mesto", "country": "Krajina"
    }  # fmt: skip
    assert parts["country"]["country"] is True and body["match"] == []


def test_a_column_of_any_name_is_found_by_what_only_it_holds(house):
    body = proposed(house, "relations", {"Firma": ["Alfa", "Beta"], "Reach": ["a@alfa.test", "b@beta.test"]})
    assert body["columns"]["email"] == {"from": "Reach"} and body["match"] == ["email"]
    two = proposed(house, "relations", {"Reach": ["a@alfa.test"], "Also": ["b@beta.test"]})
    assert "email" not in two["columns"]


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["2026-01-05", "2025-12-31"], "%Y-%m-%d"),
        (["5.1.2026", "31.12.2025"], "%d.%m.%Y"),
        (["01/31/2026", "02/01/2026"], "%m/%d/%Y"),
        (["05/01/2026", "06/02/2026"], "%d/%m/%Y"),
        (["5.1.2026 10:30", "6.1.2026 09:00"], "%d.%m.%Y %H:%M"),
        (["5.1.2026", "soon"], None),
        ([datetime.date(2026, 1, 5)], None),
    ],
)  # fmt: skip
def test_how_dates_are_written_is_told_by_all_of_them(values, written):
    assert guessing.date_format(values) == written


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        (["1,5", "2"], ","), (["1.200,5"], ","), (["1,200.50"], "."), (["1,200", "3,400,000"], "."), (["1,200"], None),
        (["7"], None),
    ],
)  # fmt: skip
def test_the_decimal_sign_is_told_where_only_one_can_be(values, sign):
    assert guessing.decimal_sign(values) == sign


NAMES = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(header=st.lists(NAMES, min_size=1, max_size=8, unique=True), data=st.data())
def test_a_proposal_is_a_sound_mapping_of_columns_that_are_there(house, header, data):
    cells = st.sampled_from(["", "x", "a@b.test", "5.1.2026", "1,5", "SK", "áno", "+421905111222"])
    table = {name: data.draw(st.lists(cells, min_size=3, max_size=3)) for name in header}
    body = proposed(house, "relations", table)
    if not body["columns"]:
        return
    step = mapping.step_of(body, "relations", "f.csv")
    assert step.all_sources <= set(header)
    with house.home.database.read() as session:
        importing.check_columns(definition(session, "relations"), step)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    amounts=st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=4),
    days=st.lists(st.dates(datetime.date(1990, 1, 1), datetime.date(2030, 1, 1)), min_size=4, max_size=4),
    written=st.sampled_from(guessing.DATES[:7]), decimal=st.sampled_from(",."),
)  # fmt: skip
def test_what_is_written_in_any_usual_way_comes_in_as_it_was_meant(house, amounts, days, written, decimal):
    days = [datetime.date(2020, 12, 31), *days][: len(amounts)]  # one day tells how all are written
    table = {
        "External ID": [f"k{place}" for place in range(len(amounts))],
        "Name": ["Case"] * len(amounts),
        "Value": [f"{amount:.2f}".replace(".", decimal) for amount in amounts],
        "Expected close": [day.strftime(written) for day in days],
    }
    body = proposed(house, "cases", table)
    rows = spooling.spooled(list(table), rows_of(table))
    step = mapping.step_of(body, "cases", "f.csv")
    importing.run(house.home.database, PROGRAM, [importing.Prepared(step, rows)])
    with house.home.database.read() as session:
        for place, (amount, day) in enumerate(zip(amounts, days, strict=True)):
            found = query.find(session, PROGRAM, "cases", filters.where(external_id=f"k{place}"))
            assert found is not None and (found["value"], found["expected_close"]) == (Decimal(amount), day)


@pytest.mark.parametrize(
    ("decimal", "written", "read"),
    [
        (".", "1,000.25", "1000.25"), (".", "12.50", "12.50"), (".", "€2.50", "€2.50"), (".", "1,200", "1200"),
        (",", "1.000,25", "1000.25"), (",", "99,90 €", "99.90 €"), (",", "1 200,50", "1200.50"), (",", "1.200", "1200"),
        (".", "12,34", None), (".", "99,90 €", None), (".", "0.5,5", None), (".", "1,20.5", None),
        (",", "12.50", None), (",", "€2.50", None), (",", "1,000.25", None),
    ],
)  # fmt: skip
def test_no_sign_is_taken_out_of_a_number_that_is_written_in_another_way(
    decimal: str, written: str, read: str | None
) -> None:
    rule = mapping.Rule(sources=("amount",), decimal=decimal)
    if read is None:
        with pytest.raises(Invalid, match="before its decimals"):
            mapping.value_of("amount", rule, {"amount": written}, "UTC")
    else:
        assert mapping.value_of("amount", rule, {"amount": written}, "UTC") == read


def test_values_that_contradict_each_other_say_nothing_of_the_decimal_sign() -> None:
    assert guessing.decimal_sign(["1,000.25", "12,34"]) is None
    assert guessing.decimal_sign(["99,90 €", "5"]) == "," and guessing.decimal_sign(["1.5", "1,000"]) == "."


def test_no_key_is_proposed_that_some_rows_do_not_have(house):
    cards = {"UID": ["", ""], "Name": ["Ján Kováč", "Eva Malá"], "Email": ["jan@alfa.test", "eva@alfa.test"]}
    assert proposed(house, "contacts", cards)["match"] == ["email"]
    assert proposed(house, "contacts", {**cards, "UID": ["a", "b"]})["match"] == ["external_id"]
    assert proposed(house, "contacts", {**cards, "Email": ["jan@alfa.test", ""]})["match"] == []
