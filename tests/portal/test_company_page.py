"""A company's page: all that has happened with it, in one timeline, and nothing that the reader may not see."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from house import House, token_of
from statements import statements

from caseroom.lists import items, query
from caseroom.lists.crm import cases, relations
from caseroom.lists.models import now
from caseroom.portal import timeline

DAY = datetime.timedelta(days=1)


def a_full_company(house: House, many: int = 1) -> tuple[int, int]:
    """A company of everybody's with a case of North and something of every kind on it."""
    company = house.make_relation(name="Tatra Steel", phone="+421 2 111", registration_no="31337")
    buyer = house.make("contacts", {"surname": "Buyer", "company": company.id, "email": "buyer@tatra.test"})
    case = house.make_case(company=company.id, name="Enterprise licence", contacts=[buyer.id], value="48000")
    with house.write("north") as (session, actor):
        for number in range(many):
            cases.call(session, actor, case.id, description=f"canary call {number}", contact=buyer.id)
            cases.task(session, actor, case.id, description=f"canary task {number}", due="2026-12-01")
            begun = now() - DAY * (number + 1)
            cases.meeting(
                session,
                actor,
                case.id,
                start=begun,
                end=begun + DAY / 24,
                place="canary hall",
                description="canary talk",
            )
            file = {"sha256": "0" * 64, "file_name": "paper.pdf", "file_version": "1.0"}
            items.create(session, actor, "documents", {"name": f"canary paper {number}", "case": case.id}, program=file)
            program = {"subject": f"canary mail {number}", "sender": "buyer@tatra.test", "sent": now() - DAY * number}
            items.create(session, actor, "mails", {"case": case.id}, program=program)
    return company.id, case.id


def test_one_timeline_holds_calls_tasks_meetings_mails_and_documents(house: House) -> None:
    company, _case = a_full_company(house)
    page = house.client("north").get(f"/lists/relations/{company}").text
    for text in (
        "canary call",
        "canary task",
        "canary hall",
        "canary paper",
        "canary mail",
        "Enterprise licence",
        "48,000",
    ):
        assert text in page


def test_somebody_of_another_group_sees_the_company_but_nothing_of_norths(house: House) -> None:
    company, _case = a_full_company(house)
    client = house.client("south")
    for address in (
        f"/lists/relations/{company}",
        f"/lists/relations/{company}?kind=meetings",
        f"/lists/relations/{company}?kind=mail",
    ):
        page = client.get(address).text
        assert "Tatra Steel" in page
        assert "canary" not in page and "Enterprise" not in page and "48,000" not in page
    assert "No open case" in client.get(f"/lists/relations/{company}").text


def test_a_mail_in_the_timeline_names_its_sender_without_the_address(house: House) -> None:
    company = house.make_relation()
    for subject, sender in (("With a name", "Berta Buyer <berta@tatra.test>"), ("Without", "un@known.test")):
        house.make("mails", {"company": company.id}, program={"subject": subject, "sender": sender, "sent": now()})
    page = house.client("north").get(f"/lists/relations/{company.id}").text
    assert "<div>Berta Buyer</div>" in page and "<div>un@known.test</div>" in page and "berta@tatra.test" not in page


def test_a_filter_shows_one_kind_only(house: House) -> None:
    company, _case = a_full_company(house)
    client = house.client("north")

    def timeline_of(kind: str) -> str:
        headers = {"HX-Request": "true", "HX-Target": "timeline-part"}
        return client.get(f"/lists/relations/{company}?kind={kind}", headers=headers).text

    shown = {
        "calls": "canary call",
        "mail": "canary mail",
        "meetings": "canary hall",
        "tasks": "canary task",
        "documents": "canary paper",
    }
    for kind, own in shown.items():
        part = timeline_of(kind)
        assert own in part and "<html" not in part
        assert not [other for other in shown.values() if other != own and other in part], kind


def test_going_on_to_older_entries_shows_each_exactly_once_in_order(house: House) -> None:
    company, _case = a_full_company(house, many=7)
    with house.read("north") as (session, actor):
        everything = timeline.of_company(session, actor, company, now=now(), limit=200).entries
        walked, before = [], None
        while True:
            part = timeline.of_company(session, actor, company, now=now(), limit=4, before=before)
            walked += part.entries
            before = part.older
            if before is None:
                break
    keys = [(entry.item.definition.name, entry.item.id) for entry in walked]
    assert keys == [(entry.item.definition.name, entry.item.id) for entry in everything]
    assert len(keys) == len(set(keys)) == 7 * 5, "a meeting that has begun stands once: as its event"
    assert [entry.at for entry in walked] == sorted((entry.at for entry in walked), reverse=True)


def test_entries_of_the_same_instant_are_not_lost_between_pages(house: House) -> None:
    company = house.make_relation()
    same = now() - DAY
    with house.write("admin") as (session, actor):
        for number in range(6):
            items.create(
                session,
                actor,
                "mails",
                {"company": company.id, "sales_group": house.groups["North"]},
                program={"subject": f"m{number}", "sent": same},
            )
            items.create(
                session,
                actor,
                "events",
                {
                    "name": f"e{number}",
                    "company": company.id,
                    "start": same,
                    "end": same,
                    "sales_group": house.groups["North"],
                },
            )
    with house.read("north") as (session, actor):
        seen, before = [], None
        while True:
            part = timeline.of_company(session, actor, company.id, now=now(), limit=5, before=before)
            seen += [(entry.item.definition.name, entry.item.id) for entry in part.entries]
            before = part.older
            if before is None:
                break
    assert len(seen) == len(set(seen)) == 12


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "~~",
        "2026-01-01~0~1",
        "2026-01-01T00:00:00+00:00~0~999999999999",
        "2026-01-01T00:00:00+00:00~a~1",
        "0001-01-01T00:00:00+00:00~0~1",
    ],
)
def test_a_place_in_the_timeline_that_cannot_be_is_refused_in_words(house: House, cursor: str) -> None:
    company = house.make_relation()
    answer = house.client("north").get(f"/lists/relations/{company.id}", query_string={"before": cursor})
    assert answer.status_code == 422 and "begin again" in answer.text


def test_next_step_and_last_contact_come_first(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    case = house.make_case(company=company.id)
    client = house.client("north")
    assert "No next step" in client.get(f"/lists/relations/{company.id}").text
    today = now().astimezone(ZoneInfo(house.home.settings.time_zone)).date()
    with house.write("north") as (session, actor):
        cases.task(session, actor, case.id, description="Send the offer", due=(today + 5 * DAY).isoformat())
        cases.task(session, actor, case.id, description="Ring about it", due=(today + DAY).isoformat())
        cases.task(session, actor, case.id, description="Some day")
        relations.call(session, actor, company.id, description="hello")
    page = client.get(f"/lists/relations/{company.id}").text
    line = page[page.index('class="next-line"') :][:900]
    assert "Ring about it" in line and "Tomorrow" in line
    assert "Call" in line and "today" in line


def test_a_contact_of_long_ago_is_told_by_its_date(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    sent = datetime.datetime(2005, 5, 10, 12, tzinfo=datetime.UTC)
    letter = {"subject": "Old news", "sender": "buyer@tatra.test", "sent": sent}
    with house.write("north") as (session, actor):
        items.create(session, actor, "mails", {"company": company.id}, program=letter)
    page = house.client("north").get(f"/lists/relations/{company.id}").text
    line = page[page.index('class="next-line"') :][:900]
    assert "Old news" in line and "10 May 2005" in line and "days ago" not in line


def test_a_page_costs_at_most_twelve_statements_whatever_hangs_on_the_company(house: House) -> None:
    few, _case = a_full_company(house)
    many, case = a_full_company(house, many=40)
    with house.write("north") as (session, actor):
        for number in range(30):
            contact = items.create(session, actor, "contacts", {"surname": f"P{number}", "company": many})
            items.create(
                session,
                actor,
                "cases",
                {"name": f"c{number}", "company": many, "contacts": [contact.id], "currency": "CZK", "value": "1"},
            )
            items.create(session, actor, "relations", {"name": f"s{number}", "parent": many})
    client, counts = house.client("north"), []
    for company in (few, many):
        client.get(f"/lists/relations/{company}")
        with statements(house) as seen:
            assert client.get(f"/lists/relations/{company}").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12
    with statements(house) as seen:
        client.get(f"/lists/cases/{case}")
    assert len(seen) <= 12


def test_open_cases_are_counted_and_added_up_per_currency(house: House) -> None:
    company = house.make_relation()
    for value, currency in (("1000", "EUR"), ("500.50", "EUR"), ("700", "CZK")):
        house.make_case(company=company.id, value=value, currency=currency)
    page = house.client("north").get(f"/lists/relations/{company.id}").text
    assert "1,500.50" in page and "CZK" in page
    assert "3 ·" in page


def test_a_call_is_logged_in_two_steps_and_nothing_else_is_required(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    client = house.client("north")
    page = client.get(f"/lists/relations/{company.id}?log=call")
    assert "autofocus" in page.text[page.text.index('id="log-text"') :][:300]
    answer = client.post(
        f"/relations/{company.id}/call",
        data={
            "csrf_token": token_of(page.text),
            "description": "They want a new offer",
            "next": f"/lists/relations/{company.id}",
        },
    )
    assert answer.status_code == 303 and answer.location == f"/lists/relations/{company.id}"
    page = client.get(answer.location).text
    assert "They want a new offer" in page and "Call logged with Tatra Steel" in page


def test_what_was_just_made_can_be_taken_back_by_its_maker_only(house: House) -> None:
    case = house.make_case()
    with house.write("north") as (session, actor):
        made = cases.meeting(
            session, actor, case.id, start="2026-12-01T10:00:00+01:00", end="2026-12-01T11:00:00+01:00"
        )
    address = f"/activities/{made['activity'].id}/undo?version=1"
    other, own = house.client("both"), house.client("north")
    assert other.post(address, data={"csrf_token": token_of(other.get("/").text)}).status_code == 403
    assert own.post(address, data={"csrf_token": token_of(own.get("/").text)}).status_code == 303
    with house.read("north") as (session, actor):
        assert not query.page(session, actor, "activities").items and not query.page(session, actor, "events").items


def test_a_reader_sees_the_page_without_what_changes_it(house: House) -> None:
    company, case = a_full_company(house)
    client = house.client("reader")
    page = client.get(f"/lists/relations/{company}").text
    assert "canary call" in page and "log-text" not in page
    assert client.get(f"/relations/{company}/call").status_code == 403
    assert client.get(f"/cases/{case}/close").status_code == 403


def test_a_company_that_is_not_there_is_not_found(house: House) -> None:
    client = house.client("north")
    assert client.get("/lists/relations/99999").status_code == 404
    assert client.get("/relations/99999/call").status_code == 404


def test_a_private_meeting_is_on_no_other_readers_timeline(house: House) -> None:
    company = house.make_relation()
    start = now() - DAY
    house.make("events", {"name": "Secret talk", "company": company.id, "start": start, "end": start, "private": True})
    assert "Secret talk" in house.client("north").get(f"/lists/relations/{company.id}").text
    assert "Secret talk" not in house.client("both").get(f"/lists/relations/{company.id}").text


def test_a_list_row_opens_the_company_in_the_side_panel_without_the_shell(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    part = (
        house.client("north")
        .get(f"/lists/relations/{company.id}", headers={"HX-Request": "true", "HX-Target": "panel-body"})
        .text
    )
    assert "Tatra Steel" in part and "<html" not in part
