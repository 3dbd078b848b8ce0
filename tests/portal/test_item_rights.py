"""Who may see an item, and why somebody may not, told to administrators."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists import explaining, items, query
from caseroom.lists.crm import users
from caseroom.lists.errors import DomainError, NotFound
from caseroom.lists.rights import Level

GROUPS = ("North", "West", "South")


def told(house: House, list_name: str, item_id: int, who: str) -> str:
    answer = house.client("admin").get(f"/lists/{list_name}/{item_id}/rights?who={who}@house.test")
    assert answer.status_code == 200
    return unescape(answer.text.split('<section class="card" aria-labelledby="one-head">')[1].split("</section>")[0])


def test_an_administrator_is_told_who_may_see_an_item_and_through_what(house: House) -> None:
    case = house.make_case(shared_with=[house.groups["West"]])
    page = unescape(house.client("admin").get(f"/lists/cases/{case.id}/rights").text)
    assert "Members of the group North" in page and "North Person" in page and "Both Person" in page
    assert "Members of the group West" in page and "Managers of Alfa" in page and "Manager Person" in page
    assert "South" not in page.split("all-head")[1]
    north = told(house, "cases", case.id, "north")
    assert "North Person: reads and changes it, and may delete it" in north and "Members of the group North" in north
    west = told(house, "cases", case.id, "west")
    assert "West Person: reads it" in west and "Members of the group West: reads it" in west
    south = told(house, "cases", case.id, "south")
    assert "South Person: sees nothing of it" in south and "gives nothing to any group" in south
    reader = told(house, "cases", case.id, "reader")
    assert "Reader Person: reads it" in reader and "Readers change nothing." in reader
    assert "Administrators may everything" in told(house, "cases", case.id, "admin")


def test_privacy_and_accounts_that_are_closed_are_told(house: House) -> None:
    event = house.make("events", {"name": "Dentist", "private": True})
    assert "held down by its own privacy" in told(house, "events", event.id, "south")
    with house.write("admin") as (session, actor):
        users.set_active(session, actor, house.people["south"], False)
    assert "The account is not active" in told(house, "events", event.id, "south")


def test_a_name_that_several_have_is_asked_about_and_one_that_nobody_has_is_said(house: House) -> None:
    case, client = house.make_case(), house.client("admin")
    page = client.get(f"/lists/cases/{case.id}/rights?who=PERSON").text
    assert "whom do you mean" in page and f'href="?person={house.people["west"]}"' in page
    one = client.get(f"/lists/cases/{case.id}/rights?person={house.people['west']}").text
    assert "West Person: sees nothing of it" in unescape(one)
    assert "Nobody here is called “%_”." in client.get(f"/lists/cases/{case.id}/rights?who=%25_").text
    assert client.get(f"/lists/cases/{case.id}/rights?person=999999").status_code == 404
    assert client.get("/lists/cases/999999/rights").status_code == 404


def test_only_administrators_ask(house: House) -> None:
    case = house.make_case()
    for who in ("north", "south", "manager", "reader"):
        client = house.client(who)
        assert client.get(f"/lists/cases/{case.id}/rights").status_code == 403
        assert client.get("/lists/cases/999999/rights").status_code == 403
        shown = client.get(f"/lists/cases/{case.id}").text
        assert "Who may see this?" not in shown
    assert "Who may see this?" in house.client("admin").get(f"/lists/cases/{case.id}").text


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["cases", "events", "relations"]),
    st.sampled_from(["North", "West"]),
    st.sets(st.sampled_from(GROUPS)),
    st.booleans(),
)
def test_what_is_told_is_what_that_person_meets(
    shared_house: House, list_name: str, group: str, shares: set[str], private: bool
) -> None:
    values: dict[str, Any] = {"sales_group": shared_house.groups[group]}
    if list_name != "events":
        values["shared_with"] = [shared_house.groups[one] for one in sorted(shares)]
    if list_name == "events":
        values["private"] = private
    make = shared_house.make_case if list_name == "cases" else None
    item = make(by="both", **values) if make else shared_house.make(list_name, values, by="both")
    for who, user_id in shared_house.people.items():
        with shared_house.read("admin") as (session, actor):
            answer = explaining.answer(session, actor, list_name, item.id, user_id)
        with shared_house.read(who) as (session, actor):
            try:
                met = query.get(session, actor, list_name, item.id).level
            except NotFound:
                met = Level.NONE
        assert answer.level == met, (who, answer)
        if answer.level < Level.READ and not answer.limits:
            assert max((grant.level for grant in answer.grants), default=Level.NONE) == answer.level
        if not answer.may_delete:
            with shared_house.write(who) as (session, actor), pytest.raises(DomainError):
                items.delete(session, actor, list_name, item.id, version=None)
