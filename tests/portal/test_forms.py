"""Forms: what people type is understood in their own way of writing, and what they typed is never lost."""

from __future__ import annotations

import datetime

import pytest
from house import House, token_of
from werkzeug.datastructures import MultiDict

from caseroom.lists import schema
from caseroom.lists.catalogue import definition
from caseroom.lists.columns import Reader
from caseroom.lists.errors import Gathered, Invalid
from caseroom.portal.pages import forms
from caseroom.portal.pages.typed import read_day, read_instant, read_number

NOW = datetime.datetime(2026, 11, 23, 22, 30, tzinfo=datetime.UTC)  # a Monday; the 24th in Bratislava after 23:00


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("1,200", "en", "1200"),
        ("1,200.50", "en", "1200.50"),
        ("1,5", "en", "1.5"),
        ("48 000", "en", "48000"),
        ("1 200,50", "sk", "1200.50"),
        ("1,200", "sk", "1,200"),
        ("1.200", "en", "1,200"),
        ("1.200", "sk", "1,200"),
        ("€1,200", "sk", "€ 1,200"),
        ("€1,200", "en", "€ 1200"),
        ("1.200 €", "en", "€ 1,200"),
        ("(1,200)", "en", "-1200"),
        ("0.5,5", "en", "0.5,5"),
        ("1_000", "en", "1_000"),
        ("1.200", "tr", "1200"),
        ("1.200,5", "tr", "1200.5"),
        ("1’200", "sk", "1200"),
        ("-3", "en", "-3"),
        ("many", "en", "many"),
    ],
)
def test_numbers_are_read_in_the_readers_way_of_writing(text: str, language: str, number: str) -> None:
    assert read_number(text, language) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-11-23"),
        ("Tomorrow", "2026-11-24"),
        ("3.12.", "2026-12-03"),
        ("3. 12. 2027", "2027-12-03"),
        ("28/11/27", "2027-11-28"),
        ("11/28/2027", "2027-11-28"),
        ("5/5/27", "2027-05-05"),
        ("in 2 weeks", "2026-12-07"),
        ("+3d", "2026-11-26"),
        ("in 1 month", "2026-12-23"),
        ("friday", "2026-11-27"),
        ("monday", "2026-11-30"),
        ("3.1.", "2027-01-03"),
        ("2026-02-03", "2026-02-03"),
        ("zajtra", "2026-11-24"),
        ("o 2 týždne", "2026-12-07"),
    ],
)
def test_days_are_read_as_people_write_them(text: str, day: str) -> None:
    assert read_day(text, Reader("en", "UTC"), NOW) == day


def test_in_english_a_day_between_slashes_that_may_be_two_is_refused_and_elsewhere_the_day_stands_first() -> None:
    with pytest.raises(Invalid, match="may be two different days"):
        read_day("3/12/27", Reader("en", "UTC"), NOW)
    assert read_day("3/12/27", Reader("sk", "UTC"), NOW) == "2027-12-03"


def test_today_is_the_readers_own_day() -> None:
    late = NOW + datetime.timedelta(hours=1)
    assert read_day("today", Reader("sk", "Europe/Bratislava"), late) == "2026-11-24"


@pytest.mark.parametrize("text", ["soon", "30.2.", "2026-13-01", "in 999 years of", "99.99.", ""])
def test_what_is_no_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match=r"is not a date"):
        read_day(text, Reader("en", "UTC"), NOW)


def test_times_are_in_the_readers_zone() -> None:
    reader = Reader("en", "Europe/Bratislava")
    assert read_instant("2026-12-03 10:00", reader, NOW).astimezone(datetime.UTC).hour == 9
    assert read_instant("2026-07-03T10:00", reader, NOW).astimezone(datetime.UTC).hour == 8
    assert read_instant("tomorrow 9:30", reader, NOW).isoformat() == "2026-11-24T09:30:00+01:00"
    assert read_instant("3.12. 2:05 pm", reader, NOW).isoformat() == "2026-12-03T14:05:00+01:00"
    with pytest.raises(Invalid):
        read_instant("tomorrow 25:00", reader, NOW)


def test_a_time_that_the_clocks_leave_out_is_refused_and_of_two_the_first_is_meant() -> None:
    reader = Reader("en", "Europe/Bratislava")
    with pytest.raises(Invalid, match=r"^2026-03-29 02:30 does not exist in Europe/Bratislava: the clocks are put"):
        read_instant("2026-03-29 02:30", reader, NOW)
    assert read_instant("2026-03-29 03:00", reader, NOW).astimezone(datetime.UTC).hour == 1
    assert read_instant("2026-10-25 02:30", reader, NOW).isoformat() == "2026-10-25T02:30:00+02:00"
    assert read_instant("2026-03-29 02:30", Reader("en", "UTC"), NOW).hour == 2
    with pytest.raises(Invalid, match="year must be between"):
        read_instant("0001-01-01 00:30", reader, NOW)


def test_a_form_reads_every_kind_of_column(house: House) -> None:
    sent: MultiDict[str, str] = MultiDict(
        [
            ("name", "Fair"),
            ("start", "2026-12-03 10:00"),
            ("end", "2026-12-03 11:00"),
            ("participants-users", "3"),
            ("participants-users", "4"),
            ("participants-contacts", "7"),
            ("participants-emails", "a@b.sk\nc@d.sk; e@f.sk"),
            ("reminder", "1,440"),
        ]
    )
    with house.read("north") as (session, actor):
        values = forms.read(sent, definition(session, "events"), actor, Gathered())
    assert values["participants"][:2] == [{"user": "3", "answer": "none"}, {"user": "4", "answer": "none"}]
    assert [one["email"] for one in values["participants"] if "email" in one] == ["a@b.sk", "c@d.sk", "e@f.sk"]
    assert values["reminder"] == "1440" and values["all_day"] is False
    assert values["start"].utcoffset() is not None
    sent = MultiDict(
        [
            ("name", "Firm"),
            ("address-street", "Hlavná 1"),
            ("address-country", "SK"),
            ("tags", "a, b"),
            ("shared_with", "1"),
            ("shared_with", "2"),
        ]
    )
    with house.read("north") as (session, actor):
        values = forms.read(sent, definition(session, "relations"), actor, Gathered())
    assert (
        values["address"]["street"] == "Hlavná 1" and values["shared_with"] == ["1", "2"] and values["tags"] == "a, b"
    )


def test_every_unreadable_field_is_named_at_once(house: House) -> None:
    gathered, sent = Gathered(), MultiDict[str, str]([("start", "soon"), ("end", "later"), ("name", "x")])
    with house.read("north") as (session, actor):
        assert forms.read(sent, definition(session, "events"), actor, gathered)["name"] == "x"
    assert [error.field for error in gathered.errors] == ["start", "end"]


def test_a_rule_that_fails_is_said_beside_what_is_unreadable(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "visits", "columns": [
            {"name": "start", "type": "date"}, {"name": "note", "type": "text", "required": True},
            {"name": "cost", "type": "number", "validation": {"formula": "cost > 0", "message": "It costs something."}},
        ]})  # fmt: skip
    visit, client = house.make("visits", {"note": "x", "cost": 5}), house.client("north")
    data = {"csrf_token": token_of(client.get("/lists/visits/new").text), "name": "A", "note": "", "version": "1"}
    for address in ("/lists/visits/new", f"/lists/visits/{visit.id}/edit"):
        answer = client.post(address, data={**data, "start": "some day", "cost": "-1"})
        assert answer.status_code == 422 and "3 things need your attention" in answer.text
        assert "It costs something." in answer.text and 'href="#f-start"' in answer.text


def test_what_is_unreadable_and_what_is_missing_is_said_together(house: House) -> None:
    client = house.client("north")
    data = {"csrf_token": token_of(client.get("/lists/cases/new").text), "name": "", "company": ""}
    answer = client.post("/lists/cases/new", data={**data, "value": "quite a lot", "expected_close": "some day"})
    assert answer.status_code == 422 and "4 things need your attention" in answer.text
    places = [answer.text.index(f'href="#f-{name}"') for name in ("name", "company", "value", "expected_close")]
    assert places == sorted(places)
    assert 'value="quite a lot"' in answer.text and 'value="some day"' in answer.text


def test_arguments_preset_a_new_form(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    page = house.client("north").get(f"/lists/activities/new?activity_type=call&company={company.id}").text
    assert 'value="call" selected' in page and f'<option value="{company.id}" selected>Tatra Steel</option>' in page


def test_a_refused_form_keeps_what_was_typed_and_links_to_the_field(house: House) -> None:
    client = house.client("north")
    token = token_of(client.get("/lists/cases/new").text)
    answer = client.post(
        "/lists/cases/new", data={"csrf_token": token, "name": "", "value": "a lot", "description": "Long words"}
    )
    assert answer.status_code == 422
    assert "Long words" in answer.text and 'value="a lot"' in answer.text and 'href="#f-' in answer.text
    assert 'aria-invalid="true"' in answer.text and "data-failed" in answer.text


def test_a_lookup_into_a_long_list_is_found_without_scripts(house: House) -> None:
    from caseroom.lists import items

    with house.write("north") as (session, actor):
        for number in range(205):
            items.create(session, actor, "relations", {"name": f"Firm {number}"})
        wanted = items.create(session, actor, "relations", {"name": "Žilinské strojárne"}).id
    client = house.client("north")
    page = client.get("/lists/cases/new").text
    assert 'name="company__q"' in page and "Firm 17" not in page and 'url="/lists/relations/suggest"' in page
    answer = client.post(
        "/lists/cases/new",
        data={"csrf_token": token_of(page), "name": "Typed so far", "company__q": "zilin", "_find": "company"},
    )
    assert answer.status_code == 200 and 'value="Typed so far"' in answer.text
    assert f'<option value="{wanted}">Žilinské strojárne</option>' in answer.text


def test_an_empty_group_is_worded_by_what_the_list_has(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "separation": "by_group"})
        firm = {"name": "company", "type": "lookup", "list": "sales_groups"}
        schema.create_list(session, actor, {"name": "other", "separation": "by_group", "columns": [firm]})
    client = house.client("both")
    words = {"activities": "As the case or company, else North", "cases": "As the company, else North",
             "tools": "Your group: North", "other": "Your group: North"}  # fmt: skip
    for name, said in words.items():
        choice = client.get(f"/lists/{name}/new").text.split('name="sales_group"')[1].split("</option>")[0]
        assert choice.endswith(f'<option value="">{said}'), name


def test_only_who_is_in_several_groups_chooses_one(house: House) -> None:
    assert 'name="sales_group"' in house.client("both").get("/lists/cases/new").text
    assert 'name="sales_group"' not in house.client("north").get("/lists/cases/new").text
    assert (
        ">South<"
        not in house.client("both").get("/lists/cases/new").text.split('name="sales_group"')[1].split("</select>")[0]
    )
