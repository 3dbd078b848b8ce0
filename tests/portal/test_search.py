"""Search under rights: what the index, the reader's rights now and the item's values now give together."""

from __future__ import annotations

import pytest
from house import House
from search_house import PEOPLE, case_of_north, found, index, keys, leave_north, suggested
from sqlalchemy import select

from caseroom.lists import items, query
from caseroom.lists.filters import field
from caseroom.lists.models import Follower
from caseroom.portal.search.indexing import catch_up, rebuild


def test_a_word_is_found_in_items_in_documents_and_in_mails(house: House) -> None:
    made = case_of_north(house)
    index(house)
    expected = {(name, made[name]) for name in ("cases", "activities", "documents", "mails")}
    for who in ("north", "both", "reader", "manager", "admin"):
        assert keys(house, who, "quagga") == expected, who
    assert keys(house, "north", "quagga", "mails") == {("mails", made["mails"])}
    assert keys(house, "north", "quagga", "no_such_list") == set()


def test_who_may_not_read_a_case_finds_nothing_of_it_but_finds_the_company(house: House) -> None:
    made = case_of_north(house)
    event = house.make("events", {"case": made["cases"], "description": "quagga talk", "name": None})
    index(house)
    assert ("events", event.id) in keys(house, "north", "quagga")
    for who in ("south", "west", "templates"):
        for text in ("quagga", "quag", '"the quagga"', "quagga -zebra", "delivery", "terms"):
            assert not found(house, who, text), (who, text)
        assert ("cases", "Quagga delivery") not in suggested(house, who, "qua")
        # The company's name leads to nothing that hangs on the case either.
        assert keys(house, who, "tatra") == {("relations", made["relations"])}
    assert ("relations", "Tatra Steel") in suggested(house, "south", "tat")


def test_a_word_to_leave_out_never_tells_what_stands_in_a_hidden_text(house: House) -> None:
    made = case_of_north(house)
    typed = house.make("events", {"case": made["cases"], "description": "quagga", "name": "Visit", "place": "Trenčín"})
    mail = house.make("mails", {"privacy": "subject"}, program={"subject": "Zebra", "text": "quagga"})
    index(house)
    for text in ("trencin", "trencin -quagga", "visit", "visit -quagga"):
        assert keys(house, "south", text) == {("events", typed.id)}, text
    assert keys(house, "manager", "zebra -quagga") == keys(house, "manager", "zebra") == {("mails", mail.id)}
    assert keys(house, "north", "zebra") == {("mails", mail.id)} and not keys(house, "north", "zebra -quagga")


def test_a_mails_privacy_binds_search_and_snippets(house: House) -> None:
    program = {
        "subject": "Zebra",
        "sender": "okapi@x.test",
        "text": "Quagga",
        "addressed_users": [house.people["both"]],
    }
    mail = house.make("mails", {"privacy": "subject"}, program=program)
    hidden = house.make("mails", {"privacy": "existence"}, program={**program, "subject": "Giraffe"})
    index(house)
    for who in ("reader", "manager", "admin"):
        (hit,) = found(house, who, "zebra")
        assert hit.id == mail.id and "uagga" not in hit.snippet and "okapi" not in hit.snippet
        for text in ("quagga", "okapi", "giraffe", "zebra quagga"):
            assert not found(house, who, text), (who, text)
    for who in ("north", "both"):
        assert keys(house, who, "quagga") == {("mails", mail.id), ("mails", hidden.id)}
        assert "Quagga" in " ".join(hit.snippet for hit in found(house, who, "quagga"))


def test_a_private_event_is_found_by_its_participants_only(house: House) -> None:
    event = house.make(
        "events",
        {"name": "Quagga", "private": True, "participants": [{"user": house.people["south"]}], "place": "Nitra"},
    )
    index(house)
    for who in PEOPLE:
        expected = {("events", event.id)} if who in ("north", "south") else set()
        assert keys(house, who, "quagga") == keys(house, who, "nitra") == expected, who


def test_who_leaves_a_group_finds_nothing_of_it_at_once_and_who_joins_finds_it(house: House) -> None:
    made = case_of_north(house)
    index(house)
    assert ("cases", made["cases"]) in keys(house, "both", "quagga") and suggested(house, "both", "quagga")
    leave_north(house)  # and nothing is indexed after it
    assert not keys(house, "both", "quagga") and not suggested(house, "both", "quagga")
    with house.write("admin") as (session, actor):
        person = query.find(session, actor, "salespeople", field("user", "eq", house.people["both"]))
        assert person
        items.update(session, actor, "salespeople", person.id, {"groups": [house.groups["North"]]}, version=None)
    assert ("cases", made["cases"]) in keys(house, "both", "quagga") and suggested(house, "both", "quagga")


def test_a_case_that_moved_to_another_group_is_gone_at_once_and_found_by_the_other(house: House) -> None:
    made = case_of_north(house)
    index(house)
    with house.write("admin") as (session, actor):
        items.update(session, actor, "cases", made["cases"], {"sales_group": house.groups["South"]}, version=None)
    assert not keys(house, "north", "quagga") and not suggested(house, "north", "quagga")
    index(house)
    assert not keys(house, "north", "quagga")
    assert {name for name, _number in keys(house, "south", "quagga")} == {"cases", "activities", "documents", "mails"}


def test_a_changed_text_is_not_found_by_its_old_words_even_before_it_is_indexed(house: House) -> None:
    case = house.make_case(name="Quagga")
    index(house)
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"name": "Okapi"}, version=None)
    assert not keys(house, "north", "quagga")
    index(house)
    assert not keys(house, "north", "quagga") and keys(house, "north", "okapi") == {("cases", case.id)}
    assert suggested(house, "north", "oka") == [("cases", "Okapi")] and not suggested(house, "north", "qua")


def test_what_is_deleted_is_not_found_and_what_is_restored_is(house: House) -> None:
    made = case_of_north(house)
    index(house)
    with house.write("north") as (session, actor):
        items.delete(session, actor, "cases", made["cases"], version=None)
    assert not keys(house, "north", "quagga") and not suggested(house, "north", "quagga")
    index(house)
    assert not keys(house, "north", "quagga")
    with house.write("north") as (session, actor):
        items.restore(session, actor, "cases", made["cases"])
    index(house)
    assert len(keys(house, "north", "quagga")) == 4 and suggested(house, "north", "quagga")


def test_a_company_by_its_new_name_leads_to_what_refers_to_it(house: House) -> None:
    made = case_of_north(house)
    index(house)
    assert ("mails", made["mails"]) in keys(house, "north", "tatra offer")
    with house.write("north") as (session, actor):
        items.update(session, actor, "relations", made["relations"], {"name": "Okapi Works"}, version=None)
    index(house)
    assert not keys(house, "north", "tatra")
    assert ("documents", made["documents"]) in keys(house, "north", "okapi terms")


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Ľubomír Žďárský", "lubomir zdarsky"),
        ("Ľubomír Žďárský", "ŽĎÁR"),
        ("Õnne Kütt", "onne KÜTT"),
        ("Diyarbakır İnşaat", "DİYARBAKIR insaat"),
        ("DIYARBAKIR INSAAT", "diyarbakır inşaat"),
        ("Илья Ёлкин", "ИЛЬЯ елкин"),
        ("Cafe\u0301 Slovan", "café"),
        ("Łódź Straße", "lodz strasse"),
        ("Søren Đurić", "SOREN DURIĆ"),
        ("Offer_2026_final-v2.docx", "offer final"),
        ("Offer_2026_final-v2.docx", '"2026 final"'),
    ],
)
def test_words_are_found_with_and_without_accents_in_every_language(house: House, written: str, asked: str) -> None:
    company = house.make_relation(name=written)
    house.make_relation(name="Other")
    index(house)
    assert keys(house, "south", asked) == {("relations", company.id)}
    if '"' not in asked:
        assert suggested(house, "south", asked) == [("relations", " ".join(company.title.split()))]


@pytest.mark.parametrize(
    "asked",
    ["36123456", "36 123 456", "36-123", "361234", "SK2020123456", "2020123456", "0905 123 456", "0905123456",
     "+421 905 123 456", "+421905123456", "jan.novak@tatra.test", "novak", "Krá"],
)  # fmt: skip
def test_numbers_addresses_and_beginnings_of_the_last_word_are_found(house: House, asked: str) -> None:
    values = {"registration_no": "36 123 456", "vat_no": "SK2020123456", "phone": "+421 905 123 456",
              "email": "Jan.Novak@tatra.test", "address": {"street": "Kráľovská 5", "city": "Košice"}}  # fmt: skip
    company = house.make_relation(name="Tatra", **values)
    house.make_relation(name="Other", registration_no="36999999", phone="+421905999999")
    index(house)
    assert keys(house, "south", asked) == {("relations", company.id)}
    if asked not in ("Krá", "novak", "jan.novak@tatra.test") and "905" not in asked:
        assert suggested(house, "south", asked) == [("relations", "Tatra")]


@pytest.mark.parametrize(
    "asked",
    ["", " ", '"', '""', '"unclosed', "-", "--", "-quagga", "* OR NOT (", "AND", "[a TO b]", "a:b^2~", "\x00", "\x1f",
     "%_", "'; DROP", "x" * 5000, "word " * 2000, "𝔘𝔫𝔦", "\u0301", "½ ²", "-\"a", "٣٤٥", "İ", "ß"],
)  # fmt: skip
def test_whatever_is_typed_gets_an_answer(house: House, asked: str) -> None:
    house.make_relation(name="Tatra")
    index(house)
    assert found(house, "north", asked) == [] and isinstance(suggested(house, "north", asked), list)


def test_phrases_and_words_to_leave_out_are_understood(house: House) -> None:
    one = house.make_relation(name="A", description="the rolling mill upgrade")
    two = house.make_relation(name="B", description="upgrade of the mill, rolling")
    index(house)
    assert keys(house, "north", "rolling mill") == {("relations", one.id), ("relations", two.id)}
    assert keys(house, "north", '"rolling mill"') == {("relations", one.id)}
    assert keys(house, "north", 'mill -"rolling mill"') == {("relations", two.id)}
    assert keys(house, "north", "upgrade -rolling") == set()
    # A phrase does not run from one column into the next.
    assert not keys(house, "north", '"a the rolling"')


def test_hits_come_with_the_place_where_the_word_stands(house: House) -> None:
    made = case_of_north(house)
    index(house)
    hits = {hit.list: hit for hit in found(house, "north", "quagga")}
    assert hits["documents"].snippet == "Terms. The quagga is sold as seen."
    assert ("quagga", True) in hits["documents"].marked_snippet
    assert ("Quagga", True) in hits["cases"].marked_title
    assert hits["mails"].case and hits["mails"].case.id == made["cases"]
    assert hits["mails"].company and hits["mails"].company.title == "Tatra Steel"


def test_titles_come_first_and_then_the_lately_changed(house: House) -> None:
    old = house.make_relation(name="Quagga")
    new = house.make_relation(name="Quagga")
    text = house.make_relation(name="Tatra", description="one quagga among many other words in a text")
    index(house)
    assert [hit.id for hit in found(house, "north", "quagga")] == [new.id, old.id, text.id]


def test_hidden_hits_do_not_use_up_the_places_of_the_readable(house: House) -> None:
    for number in range(60):
        house.make_case(name=f"Quagga quagga {number}")
    mine = house.make("cases", {"name": "One with a quagga somewhere", "company": house.make_relation().id}, by="south")
    index(house)
    assert [hit.id for hit in found(house, "south", "quagga", limit=1)] == [mine.id]
    assert len(found(house, "north", "quagga", limit=50)) == 50


def test_a_list_made_at_run_time_is_searched_and_gone_when_it_is_deleted(house: House) -> None:
    from caseroom.lists import bins, list_settings, schema

    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "visits", "title": "Visits", "columns": [
            {"name": "note", "type": "text", "title": "Note"},
            {"name": "about", "type": "lookup", "list": "cases"}]})  # fmt: skip
        schema.create_list(session, actor, {"name": "later", "title": "Later"})
    case = house.make_case(name="Quagga")
    visit = house.make("visits", {"name": "Visit", "note": "okapi", "about": case.id})
    index(house)
    # The title of a case that not everybody reads is no part of the common list's texts.
    assert keys(house, "south", "okapi") == {("visits", visit.id)} and not keys(house, "south", "quagga")
    with house.write("admin") as (session, actor):
        schema.add_column(session, actor, "visits", {"name": "place", "type": "text", "title": "Place"})
        items.update(session, actor, "visits", visit.id, {"place": "Nitra"}, version=None)
    index(house)
    assert keys(house, "south", "nitra") == {("visits", visit.id)}
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "cases", {"separation": "common"})
    index(house)
    assert keys(house, "south", "quagga") == {("visits", visit.id), ("cases", case.id)}
    with house.write("admin") as (session, actor):
        bins.delete_list(session, actor, "visits")
    assert not keys(house, "south", "okapi")
    index(house)
    assert not keys(house, "south", "okapi")


def test_a_rebuilt_index_gives_the_same_answers(house: House) -> None:
    import shutil

    case_of_north(house)
    house.make("mails", {"privacy": "subject"}, program={"subject": "quagga", "text": "okapi"})
    index(house)
    questions = [(who, text) for who in PEOPLE for text in ("quagga", "okapi", "tatra", "terms")]
    before = [found(house, *question) for question in questions]
    names = [suggested(house, "north", text) for text in ("qua", "tat")]
    rebuild(house.home)
    assert [found(house, *question) for question in questions] == before
    shutil.rmtree(house.home.index_folder)
    assert not found(house, "north", "quagga")
    index(house)
    assert [found(house, *question) for question in questions] == before
    (house.home.index_folder / next(house.home.index_folder.glob("*.toc")).name).write_bytes(b"broken")
    index(house)
    assert [found(house, *question) for question in questions] == before
    assert [suggested(house, "north", text) for text in ("qua", "tat")] == names


def test_the_follower_says_how_far_it_has_come(house: House) -> None:
    from caseroom.lists import changelog

    house.make_case()
    index(house)
    with house.home.database.read() as session:
        row = session.scalars(select(Follower).where(Follower.name == "search")).one()
        assert row.seq == changelog.last(session)
    assert catch_up(house.home) is False


def test_within_a_list_the_best_hits_are_found_among_many(house: House) -> None:
    company = house.make_relation()
    for number in range(40):
        house.make_case(name=f"Quagga {number}", description="quagga " * number, company=company.id)
    index(house)
    best = [hit.id for hit in found(house, "north", "quagga", limit=5)]
    assert len(best) == 5 and [hit.id for hit in found(house, "north", "quagga", "cases", limit=5)] == best
