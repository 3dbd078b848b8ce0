"""The one-click actions: their forms, what they do, what they refuse, and that a refusal leaves nothing behind."""

from __future__ import annotations

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from house import House, token_of
from werkzeug.test import TestResponse

from caseroom.lists import query
from caseroom.lists.columns import Reader
from caseroom.lists.errors import Invalid
from caseroom.lists.models import User
from caseroom.portal.app import create_app
from caseroom.portal.free_time import first_free
from caseroom.portal.pages.typed import read_day, read_instant

BRATISLAVA = ZoneInfo("Europe/Bratislava")
NOON = datetime.datetime(2026, 11, 23, 12, 10, tzinfo=BRATISLAVA)  # a Monday
HOUR = datetime.timedelta(hours=1)


def send(client: FlaskClient, address: str, **fields: object) -> TestResponse:
    return client.post(address, data={"csrf_token": token_of(client.get("/").text), **fields})


def all_of(house: House, list_name: str, by: str = "north") -> list[query.Item]:
    with house.read(by) as (session, actor):
        return query.page(session, actor, list_name, order=[("id", False)]).items


@pytest.mark.parametrize("action", ["call", "task", "meeting", "email", "close"])
def test_every_form_opens_as_a_page_and_as_a_part_for_the_dialog(house: House, action: str) -> None:
    case, client = house.make_case(name="Licence"), house.client("north")
    page = client.get(f"/cases/{case.id}/{action}")
    part = client.get(f"/cases/{case.id}/{action}", headers={"HX-Request": "true"})
    assert page.status_code == part.status_code == 200
    assert "<html" in page.text and "<html" not in part.text
    assert 'id="dialog-title"' in part.text and f'action="/cases/{case.id}/{action}"' in part.text


def test_a_task_takes_its_day_in_words_and_says_what_was_made(house: House) -> None:
    case, client = house.make_case(), house.client("north")
    answer = send(client, f"/cases/{case.id}/task", description="Send the offer", due="in 2 weeks", next="/lists/cases")
    assert answer.status_code == 303 and answer.location == "/lists/cases"
    (task,) = all_of(house, "activities")
    today = datetime.datetime.now(ZoneInfo("UTC")).date()
    assert abs((task["due"] - today).days - 14) <= 1 and task["salesperson"].title == "North Person"
    assert "Task made: Send the offer" in client.get("/").text


def test_a_name_that_ends_with_a_stop_ends_its_sentence_with_one(house: House) -> None:
    company, client = house.make_relation(name="Tatra, a.s."), house.client("north")
    send(client, f"/relations/{company.id}/call", description="They ask for more …")
    assert "<p>Call logged with Tatra, a.s.</p>" in client.get("/").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"description": "x", "due": "someday soon"}, "not a date"), ({"due": "tomorrow"}, "Say what is to be done")],
)
def test_a_refused_task_comes_back_with_what_was_typed(house: House, fields: dict[str, str], words: str) -> None:
    case, client = house.make_case(), house.client("north")
    answer = send(client, f"/cases/{case.id}/task", **fields)
    assert answer.status_code == 422 and words in answer.text and fields["due"] in answer.text
    assert not all_of(house, "activities")


def test_a_meeting_makes_an_activity_and_an_event_for_the_cases_contacts(house: House) -> None:
    company = house.make_relation()
    contact = house.make("contacts", {"surname": "Buyer", "company": company.id})
    case = house.make_case(name="Licence", company=company.id, contacts=[contact.id])
    with house.write("north") as (session, _actor):
        session.get_one(User, house.people["north"]).time_zone = "Europe/Istanbul"
    client = house.client("north")
    form = client.get(f"/cases/{case.id}/meeting").text
    assert f'value="{contact.id}" checked' in form
    send(
        client,
        f"/cases/{case.id}/meeting",
        start="2026-12-01 10:00",
        end="2026-12-01 11:00",
        place="Tallinn",
        participants=contact.id,
    )
    (activity,), (event,) = all_of(house, "activities"), all_of(house, "events")
    assert event["activity"].id == activity.id and event["place"] == "Tallinn"
    assert event["participants"] == [{"contact": contact.id, "answer": "none"}]
    assert event["start"].isoformat() == "2026-12-01T07:00:00+00:00", "read in the user's own zone"
    (masked,) = all_of(house, "events", by="south")
    assert masked.title == "Meeting" and masked["case"] is None and masked["place"] == "Tallinn"


def test_a_meeting_that_ends_before_it_starts_leaves_nothing_behind(house: House) -> None:
    case, client = house.make_case(), house.client("north")
    answer = send(client, f"/cases/{case.id}/meeting", start="2026-12-01 10:00", end="2026-12-01 09:00", place="Hall")
    assert answer.status_code == 422 and "The end is before the start" in answer.text and 'value="Hall"' in answer.text
    assert not all_of(house, "activities") and not all_of(house, "events")


def test_closing_asks_for_the_outcome_and_does_all_at_once(house: House) -> None:
    case, client = house.make_case(), house.client("north")
    refused = send(client, f"/cases/{case.id}/close")
    assert refused.status_code == 422 and "won or lost" in refused.text
    wrong = send(client, f"/cases/{case.id}/close", outcome="won", continue_as_support="1", support_group="9999")
    assert wrong.status_code == 422
    assert [one["status"] for one in all_of(house, "cases")] == ["new"], "a refused service case leaves the case open"
    answer = send(client, f"/cases/{case.id}/close", outcome="won", closing_note="by a hair", continue_as_support="1")
    assert answer.status_code == 303 and answer.location == f"/lists/cases/{case.id}"
    closed, service = all_of(house, "cases")
    assert (closed["status"], closed["outcome"], closed["closing_note"]) == ("closed", "won", "by a hair")
    assert service["support_of"].id == case.id and service["status"] == "new"
    again = send(client, f"/cases/{case.id}/close", outcome="lost")
    assert again.status_code == 409 and "closed already" in again.text
    assert send(client, f"/cases/{case.id}/reopen").status_code == 303
    assert all_of(house, "cases")[0]["outcome"] is None


def test_a_contact_of_another_company_is_refused_beside_its_field(house: House) -> None:
    stranger = house.make("contacts", {"company": house.make_relation().id})
    case, client = house.make_case(), house.client("north")
    answer = send(client, f"/cases/{case.id}/call", description="canary", contact=stranger.id)
    assert answer.status_code == 422 and "belongs to another company" in answer.text and "canary" in answer.text
    assert not all_of(house, "activities")


def test_a_group_that_was_given_the_case_to_read_cannot_act_on_it(house: House) -> None:
    case = house.make_case(shared_with=[house.groups["South"]])
    client = house.client("south")
    assert client.get(f"/lists/cases/{case.id}").status_code == 200
    for action in ("call", "task", "meeting", "email", "close"):
        assert client.get(f"/cases/{case.id}/{action}").status_code == 403
        assert send(client, f"/cases/{case.id}/{action}", description="x", outcome="won").status_code == 403
    assert not all_of(house, "activities", by="admin")


def test_the_way_back_never_leads_out_of_the_portal(house: House) -> None:
    case, client = house.make_case(), house.client("north")
    for there in ("https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"):
        answer = send(client, f"/cases/{case.id}/call", description="x", next=there)
        assert answer.location == f"/lists/cases/{case.id}"


def test_without_a_mail_server_the_form_says_so_and_sends_nothing(house: House) -> None:
    case, client = house.make_case(), house.client("north")
    assert "No mail server is configured" in client.get(f"/cases/{case.id}/email").text
    answer = send(client, f"/cases/{case.id}/email", to="a@b.test", subject="Hi", text="canary")
    assert answer.status_code == 409 and "No mail server" in answer.text and "canary" in answer.text


def test_from_the_plus_menu_one_chooses_the_company_first(house: House) -> None:
    company, client = house.make_relation(name="Tatra Steel"), house.client("north")
    assert "Tatra Steel" in client.get("/call?company__q=tatra").text
    assert "Tatra Steel" not in client.get("/call?company__q=nobody").text
    answer = client.get(f"/call?company={company.id}")
    assert answer.location == f"/relations/{company.id}/call"
    assert "What was said" in client.get(answer.location).text


def test_a_mail_is_filed_with_the_case_and_put_on_its_way(house: House) -> None:
    case = house.make_case(name="Licence")
    settings = house.home.settings
    sending = replace(settings, smtp_url="smtp://127.0.0.1:1", mail_from="house@example.test")
    app = create_app(sending, opened=replace(house.home, settings=sending))
    app.testing = True
    house.app = app
    client = house.client("north")
    refused = send(client, f"/cases/{case.id}/email", to="nobody", subject="Hi", text="canary")
    assert refused.status_code == 422 and "is not an e-mail address" in refused.text and "canary" in refused.text
    assert not all_of(house, "activities")
    answer = send(client, f"/cases/{case.id}/email", to="a@example.test", subject="Offer", text="canary")
    assert answer.status_code == 303
    (activity,), (filed,) = all_of(house, "activities"), all_of(house, "mails")
    assert activity["activity_type"] == "email" and filed["activity"].id == activity.id
    page = client.get(f"/lists/cases/{case.id}").text
    assert page.count('class="timeline-entry"') == 1, "the mail stands for its activity: told once"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("today", "2026-11-23"),
        ("Tomorrow", "2026-11-24"),
        ("zajtra", "2026-11-24"),
        ("3.12.", "2026-12-03"),
        ("3. 12. 2027", "2027-12-03"),
        ("in 2 weeks", "2026-12-07"),
        ("o 2 týždne", "2026-12-07"),
        ("in 3 days", "2026-11-26"),
        ("Friday", "2026-11-27"),
        ("piatok", "2026-11-27"),
        ("Monday", "2026-11-30"),
        ("2026-12-24", "2026-12-24"),
        ("1.2.", "2027-02-01"),
    ],
)
def test_days_are_understood_as_people_type_them(typed: str, day: str) -> None:
    assert read_day(typed, Reader("sk", "Europe/Bratislava"), NOON) == day


@pytest.mark.parametrize("typed", ["soon", "31.2.", "in many weeks", "2026-13-01", "99.99.", "in 999 years"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        if read_day(typed, Reader("en", "Europe/Bratislava"), NOON) > "2200":
            raise Invalid("", "too far")


def test_a_time_is_read_in_the_readers_zone() -> None:
    at = read_instant("tomorrow 9:30", Reader("en", "Europe/Bratislava"), NOON)
    assert at.astimezone(datetime.UTC).isoformat() == "2026-11-24T08:30:00+00:00"


def test_the_next_free_half_hour_of_a_working_day_is_proposed() -> None:
    at = lambda hour, minute=0, day=23: datetime.datetime(2026, 11, day, hour, minute, tzinfo=BRATISLAVA)  # noqa: E731
    assert first_free([], NOON, HOUR) == at(12, 30)
    assert first_free([(at(12), at(13, 15))], NOON, HOUR) == at(13, 30), "not while another event lasts"
    assert first_free([(at(13), at(14))], NOON, HOUR) == at(14), "an hour must fit before the next event"
    assert first_free([], at(16, 30), HOUR) == at(8, day=24), "not after work"
    assert first_free([], at(9, day=28), HOUR) == at(8, day=30), "not on a Saturday"
    assert first_free([], at(3), HOUR) == at(8), "not at night"
