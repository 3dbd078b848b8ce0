"""Words of filters: what they mean to whom, on which days."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from house import House

from caseroom.lists import tokens
from caseroom.lists.columns import column_type
from caseroom.lists.rights import Actor
from caseroom.lists.tokens import Days

DATE, INSTANT, TEXT = column_type("date", {}), column_type("datetime", {}), column_type("text", {})
SLOVAK = Actor(7, salesperson_id=3, groups=frozenset({2, 1}), time_zone="Europe/Bratislava")
LATE = datetime.datetime(2026, 11, 27, 23, 30, tzinfo=datetime.UTC)  # Saturday the 28th in Bratislava


def days(word: str, actor: Actor = SLOVAK, now: datetime.datetime = LATE) -> str:
    """First and last day of a word."""
    found = tokens.meaning(INSTANT, word, actor, now)
    assert found is not None and isinstance(found[0], Days), word
    return f"{found[0].first:%m-%d} {found[0].last:%m-%d}"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("@today", "11-28 11-28"),
        ("@yesterday", "11-27 11-27"),
        ("@tomorrow", "11-29 11-29"),
        ("@today+3", "12-01 12-01"),
        ("@this_week", "11-23 11-29"),
        ("@last_week", "11-16 11-22"),
        ("@next_week", "11-30 12-06"),
        ("@this_month", "11-01 11-30"),
        ("@next_month", "12-01 12-31"),
        ("@this_quarter", "10-01 12-31"),
        ("@last_quarter", "07-01 09-30"),
        ("@next_year", "01-01 12-31"),
        ("@last_7_days", "11-22 11-28"),
        ("@next_7_days", "11-28 12-04"),
        ("@last_2_weeks", "11-15 11-28"),
        ("@next_3_months", "11-28 02-27"),
    ],
)
def test_a_word_means_days_as_the_reader_counts_them(word: str, meant: str) -> None:
    assert days(word) == meant


def test_weeks_begin_as_is_usual_where_the_reader_is_and_short_months_end_early() -> None:
    assert days("@this_week", replace(SLOVAK, time_zone="America/New_York")) == "11-22 11-28"
    last_of_march = datetime.datetime(2027, 3, 31, 12, tzinfo=datetime.UTC)
    assert days("@last_1_months", now=last_of_march) == "03-01 03-31"
    assert days("@next_1_months", now=datetime.datetime(2027, 1, 31, 12, tzinfo=datetime.UTC)) == "01-31 02-27"


def test_a_word_means_something_only_where_it_can() -> None:
    users, people, groups = (column_type("lookup", {"list": name}) for name in ("users", "salespeople", "sales_groups"))
    assert tokens.meaning(column_type("person", {}), "@me", SLOVAK, LATE) == [7]
    assert tokens.meaning(people, "@me", SLOVAK, LATE) == [3] and tokens.meaning(
        groups, "@my_groups", SLOVAK, LATE
    ) == [1, 2]
    assert tokens.meaning(people, "@me", replace(SLOVAK, salesperson_id=None), LATE) == []
    for kind, word in ((TEXT, "@today"), (DATE, "@me"), (users, "@my_groups"), (DATE, "@last_0_days"), (DATE, "@soon"),
                       (DATE, "@last_1000_days"), (DATE, "today"), (None, "@today")):  # fmt: skip
        assert tokens.meaning(kind, word, SLOVAK, LATE) is None, word
    assert tokens.meaning(DATE, "@today", SLOVAK, LATE) == [datetime.date(2026, 11, 28)]


def test_words_find_the_same_over_the_api_and_on_pages(house: House) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    for name, later in (("Past", -400), ("Soon", 1), ("Far", 500), ("Never", None)):
        day = None if later is None else (today + datetime.timedelta(days=later)).isoformat()
        house.make_case(name=name, expected_close=day)
    api, page = house.api("north"), house.client("north")

    def found(filter_: str) -> set[str]:
        answer = api.get("/api/v1/lists/cases/items", query_string={"$filter": filter_})
        assert answer.status_code == 200, answer.text
        return {item["name"] for item in answer.json["value"]}

    assert found("expected_close lt '@today'") == {"Past"} == found("expected_close lt '@last_7_days'")
    assert found("expected_close eq '@next_7_days'") == {"Soon"}
    assert found("expected_close gt '@next_7_days'") == {"Far"}
    assert found("expected_close ne '@next_7_days'") == {"Past", "Far", "Never"}
    assert found("created eq '@this_year' and modified ge '@last_2_days'") == {"Past", "Soon", "Far", "Never"}
    assert found("expected_close in ('@next_7_days', null)") == {"Soon", "Never"}
    assert found("sales_group eq '@my_groups' and salesperson eq '@me'") == {"Past", "Soon", "Far", "Never"}
    shown = page.get("/lists/cases?f.expected_close=@next_7_days").text
    assert ">Soon<" in shown and ">Far<" not in shown and "Expected close is the next 7 days" in shown


def test_search_minds_neither_accents_nor_the_dots_of_i_in_any_language(house: House) -> None:
    """Turkish, Estonian, Slovak, Polish, Danish: the same on both databases."""
    words = {"İstanbul Çelik": ["istanbul", "ISTANBUL", "celik"], "IŞIK Kırtasiye": ["isik", "ışık", "kirtasiye"],
             "Õunapuu Žürii": ["ounapuu", "ÕUNA", "zurii"], "Žltý kôň": ["zlty", "KON", "kôň"],
             "Łódź Straße": ["lodz", "ŁÓDŹ", "strasse"],
             "Sørensen & Đurić Æbler": ["sorensen", "DURIC", "aebler"]}  # fmt: skip
    for name in words:
        house.make_relation(name=name)
    api = house.api("north")
    for name, typed in words.items():
        for word in typed:
            asked = {"$filter": f"contains(name, '{word}')"}
            value = api.get("/api/v1/lists/relations/items", query_string=asked).json["value"]
            assert [item["name"] for item in value] == [name], (name, word)
