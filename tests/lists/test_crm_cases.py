"""What makes a case a case: its actions, its closing, its service case, the names that follow it (SPEC 2, 3, 4, 8)."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from house import House

from caseroom.lists import items, query
from caseroom.lists.crm import cases, relations
from caseroom.lists.errors import Conflict, Forbidden, Invalid, NotFound

TIMES = {"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00"}


def act(house: House, by: str, service: Any, item_id: int, **values: Any) -> dict[str, query.Item]:
    with house.write(by) as (session, actor):
        return service(session, actor, item_id, **values)


def get(house: House, by: str, list_name: str, item_id: int) -> query.Item:
    with house.read(by) as (session, actor):
        return query.get(session, actor, list_name, item_id)


def count(house: House, list_name: str) -> int:
    with house.read("admin") as (session, actor):
        return query.count(session, actor, list_name).number


def test_the_program_sets_owner_group_salesperson_and_status_of_a_new_case(house: House) -> None:
    case = house.make_case(by="south")
    assert (case["status"], case["outcome"], case["stage"].title) == ("new", None, "Contacted")
    assert case["owner"].title == "Beta" and case["sales_group"].title == "South"
    assert case["salesperson"].title == "South Person" and case["currency"] == "EUR"
    for name, value in (("status", "closed"), ("owner", 1), ("salesperson", 1), ("support_of", case.id)):
        with pytest.raises(Invalid), house.write("south") as (session, actor):
            items.update(session, actor, "cases", case.id, {name: value}, version=None)


def test_an_activity_takes_everything_from_its_case_and_is_named_in_the_readers_language(house: House) -> None:
    case = house.make_case(name="Licence")
    call = act(house, "both", cases.call, case.id, description="hello", minutes=12)["activity"]
    assert call["company"].id == case["company"].id and call["case"].id == case.id and call["minutes"] == 12
    assert call["sales_group"].id == case["sales_group"].id and call["salesperson"].title == "Both Person"
    assert call.title == "Call: Licence" and call["done"]
    with house.read("north") as (session, actor):
        assert query.get(session, replace(actor, language="sk"), "activities", call.id).title == "Hovor: Licence"


def test_a_meeting_is_an_activity_and_an_event_or_nothing(house: House) -> None:
    case = house.make_case(name="Licence")
    made = act(house, "north", cases.meeting, case.id, place="Tallinn", **TIMES)
    assert made["event"]["activity"].id == made["activity"].id and made["event"].title == "Meeting: Licence"
    with house.write("north") as (session, actor), pytest.raises(Invalid):
        cases.meeting(session, actor, case.id, start=TIMES["end"], end=TIMES["start"])
        # The caller goes on with the same transaction: nothing of the refused meeting may be in it.
    assert count(house, "activities") == count(house, "events") == 1


@pytest.mark.parametrize("service", [cases.task, cases.call])
def test_who_may_not_act_on_a_case_cannot(house: House, service: Any) -> None:
    case = house.make_case(shared_with=[house.groups["South"]])
    for by, refusal in (("west", NotFound), ("south", Forbidden), ("reader", Forbidden), ("templates", NotFound)):
        with pytest.raises(refusal):
            act(house, by, service, case.id, description="x")
        with pytest.raises(refusal):
            act(house, by, cases.close, case.id, outcome="won")
    act(house, "manager", service, case.id, description="x")
    assert count(house, "activities") == 1 and get(house, "admin", "cases", case.id)["status"] == "new"


def test_a_call_with_a_contact_of_another_company_is_refused(house: House) -> None:
    stranger = house.make("contacts", {"company": house.make_relation().id})
    case, company = house.make_case(), house.make_relation()
    for service, number in ((cases.call, case.id), (relations.call, company.id)):
        with pytest.raises(Invalid) as refusal:
            act(house, "north", service, number, contact=stranger.id)
        assert refusal.value.errors[0].field == "contact"
    assert count(house, "activities") == 0


def test_a_call_on_a_company_belongs_to_the_callers_group_not_to_everybody(house: House) -> None:
    company = house.make_relation(name="Tatra Steel", by="west")
    call = act(house, "south", relations.call, company.id, description="x")["activity"]
    assert call["sales_group"].title == "South" and call.title == "Call: Tatra Steel"
    with pytest.raises(NotFound):
        get(house, "west", "activities", call.id)


def test_a_case_is_closed_once_and_what_closed_it_stands(house: House) -> None:
    case = house.make_case()
    with house.read("admin") as (session, actor):
        reason = query.page(session, actor, "closing_reasons").items[0]
    closed = act(house, "north", cases.close, case.id, outcome="lost", closing_reason=reason.id, closing_note="n")[
        "case"
    ]
    assert (closed["status"], closed["outcome"], closed["closing_reason"].id) == ("closed", "lost", reason.id)
    assert closed["closed"] is not None
    with pytest.raises(Conflict, match="closed already"):
        act(house, "north", cases.close, case.id, outcome="won")
    opened = act(house, "north", cases.reopen, case.id)["case"]
    assert (opened["status"], opened["outcome"], opened["closed"]) == ("new", None, None)
    with pytest.raises(Conflict, match="open already"):
        act(house, "north", cases.reopen, case.id)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"outcome": ["won"]}, "outcome"),
        ({"outcome": "won", "closing_reason": 999}, "closing_reason"),
        ({"outcome": "won", "closing_reason": "x"}, "closing_reason"),
        ({"outcome": "won", "continue_as_support": True, "support_group": 999}, "support_group"),
        ({"outcome": "won", "continue_as_support": True, "support_salesperson": "x"}, "support_salesperson"),
    ],
)
def test_a_close_that_cannot_be_is_refused_at_its_field_and_changes_nothing(
    house: House, values: dict[str, Any], field: str
) -> None:
    case = house.make_case()
    with house.write("north") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            cases.close(session, actor, case.id, **values)
        assert refusal.value.errors[0].field == field
    assert get(house, "north", "cases", case.id)["status"] == "new" and count(house, "cases") == 1


def test_of_two_who_close_at_once_one_is_told(house: House) -> None:
    case, together, results = house.make_case(), threading.Barrier(2), []

    def close(by: str, outcome: str) -> None:
        together.wait(timeout=20)
        try:
            act(house, by, cases.close, case.id, outcome=outcome, continue_as_support=True)
            results.append(outcome)
        except Conflict:
            results.append("told")

    threads = [threading.Thread(target=close, args=pair) for pair in (("north", "won"), ("both", "lost"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(results).count("told") == 1 and len(results) == 2
    winner = next(result for result in results if result != "told")
    assert get(house, "north", "cases", case.id)["outcome"] == winner
    assert count(house, "cases") == 2, "one service case, not two"


def test_the_service_case_goes_on_with_company_and_contacts_in_the_chosen_group(house: House) -> None:
    company = house.make_relation()
    contact = house.make("contacts", {"company": company.id})
    product = house.make("products", {"price": "1"}, by="admin")
    case = house.make_case(name="Licence", company=company.id, contacts=[contact.id], product=product.id)
    with house.write("admin") as (session, actor):
        west = query.page(session, actor, "salespeople", search="west").items[0].id
        if "retired" in product:
            items.update(session, actor, "products", product.id, {"retired": True}, version=None)
    with pytest.raises(NotFound):
        get(house, "west", "cases", case.id)
    made = act(
        house,
        "north",
        cases.close,
        case.id,
        outcome="won",
        continue_as_support=True,
        support_group=house.groups["West"],
        support_salesperson=west,
    )
    service = get(house, "west", "cases", made["support_case"].id)
    assert service["case_type"].title == "Service support" and service["company"].id == company.id
    assert [one.id for one in service["contacts"]] == [contact.id] and service["product"].id == product.id
    assert service["sales_group"].title == "West" and service["salesperson"].id == west and service["status"] == "new"
    assert service["support_of"].id == case.id
    assert get(house, "west", "cases", case.id).editable is False, "the new group reads the closed case, no more"


def test_a_service_case_without_choices_is_the_closers_own(house: House) -> None:
    case = house.make_case(by="west")
    service = act(house, "both", cases.close, case.id, outcome="won", continue_as_support=True)["support_case"]
    assert service["sales_group"].title == "North" and service["salesperson"].title == "Both Person"


def test_who_left_the_company_is_no_contact_of_the_service_case(house: House) -> None:
    company = house.make_relation()
    contact = house.make("contacts", {"company": company.id})
    case = house.make_case(company=company.id, contacts=[contact.id])
    with house.write("north") as (session, actor):
        items.update(session, actor, "contacts", contact.id, {"company": house_other(session, actor)}, version=None)
    made = act(house, "north", cases.close, case.id, outcome="won", continue_as_support=True)
    assert made["support_case"]["contacts"] == []


def house_other(session: Any, actor: Any) -> int:
    return items.create(session, actor, "relations", {"name": "Elsewhere"}).id


def test_a_renamed_case_renames_what_is_named_after_it_but_no_title_typed_by_hand(house: House) -> None:
    case = house.make_case(name="Licence")
    made = act(house, "north", cases.meeting, case.id, **TIMES)
    typed = act(house, "north", cases.meeting, case.id, name="Lunch", **TIMES)
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"name": "Big licence"}, version=None)
    assert get(house, "north", "activities", made["activity"].id).title == "Meeting: Big licence"
    assert get(house, "north", "events", made["event"].id).title == "Meeting: Big licence"
    assert get(house, "north", "events", typed["event"].id).title == "Lunch"


def test_a_renamed_company_renames_calls_without_a_case(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    case = house.make_case(company=company.id, name="Licence")
    own = act(house, "south", relations.call, company.id)["activity"]
    of_case = act(house, "north", cases.call, case.id)["activity"]
    with house.write("north") as (session, actor):
        items.update(session, actor, "relations", company.id, {"name": "Tatra Iron"}, version=None)
    assert get(house, "south", "activities", own.id).title == "Call: Tatra Iron"
    assert get(house, "north", "activities", of_case.id).title == "Call: Licence"


def test_a_case_with_history_stays_with_its_company(house: House) -> None:
    case, other = house.make_case(), house.make_relation()
    act(house, "north", cases.call, case.id)
    with pytest.raises(Invalid) as refusal, house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"company": other.id}, version=None)
    assert refusal.value.errors[0].field == "company"
    free = house.make_case()
    with house.write("north") as (session, actor):
        assert (
            items.update(session, actor, "cases", free.id, {"company": other.id}, version=None)["company"].id
            == other.id
        )


def test_the_first_company_of_an_imported_case_reaches_what_hangs_on_it_but_takes_nothing_from_another(
    house: House,
) -> None:
    company, other = house.make_relation(), house.make_relation()
    with house.write("admin") as (session, actor):
        importing = replace(actor, by_import=True)
        case, odd = (
            items.create(session, importing, "cases", {"name": name, "sales_group": house.groups["North"]})
            for name in "ab"
        )
    call = act(house, "north", cases.call, case.id)["activity"]
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"company": company.id}, version=None)
        items.create(session, actor, "activities", {"activity_type": "task", "case": odd.id, "company": other.id})
    assert get(house, "north", "activities", call.id)["company"].id == company.id
    with pytest.raises(Invalid), house.write("north") as (session, actor):
        items.update(session, actor, "cases", odd.id, {"company": company.id}, version=None)


def test_what_hangs_on_a_case_moves_with_it_to_its_new_group(house: House) -> None:
    case = house.make_case(by="both", sales_group=house.groups["North"])
    made = act(house, "north", cases.meeting, case.id, **TIMES)
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"sales_group": house.groups["West"]}, version=None)
    assert get(house, "west", "activities", made["activity"].id)["sales_group"].title == "West"
    assert get(house, "west", "events", made["event"].id)["case"].id == case.id
    with pytest.raises(NotFound):
        get(house, "north", "activities", made["activity"].id)
    assert get(house, "north", "events", made["event"].id)["case"] is None


def test_a_title_made_by_the_program_that_a_form_sends_back_is_not_typed_by_hand(house: House) -> None:
    case = house.make_case(name="Secret licence")
    event = act(house, "north", cases.meeting, case.id, place="Tallinn", **TIMES)["event"]
    for sent in ("Meeting: Secret licence", "Secret licence", "Stretnutie: Secret licence"):
        with house.write("north") as (session, actor):
            items.update(session, actor, "events", event.id, {"name": sent, "place": f"at {sent[:3]}"}, version=None)
        assert get(house, "south", "events", event.id).title == "Meeting", "its title would tell of the case"
    with house.write("north") as (session, actor):
        items.update(session, actor, "events", event.id, {"name": "Lunch"}, version=None)
    assert get(house, "south", "events", event.id).title == "Lunch"
