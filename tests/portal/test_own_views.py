"""Views of one's own concern nobody else: no list is read anew for them. Their owner has them everywhere at once."""

from __future__ import annotations

from typing import Any

from house import House, token_of
from sqlalchemy import select
from statements import statements

from caseroom.lists import own_views, views
from caseroom.lists.catalogue import GENERATION, definition
from caseroom.lists.models import Counter
from caseroom.portal.home import open_home

CASES = "/lists/cases"


def generation(house: House) -> int:
    with house.home.database.read() as session:
        return session.scalars(select(Counter.value).where(Counter.name == GENERATION)).one()


def another_process(house: House) -> House:
    other = House(open_home(house.home.settings))
    other.recognise()
    return other


def names(house: House, who: str) -> list[str]:
    found = house.api(who).get(f"/api/v1{CASES}/views").json["value"]
    return [view["name"] for view in found if not view["shared"]]


def test_saving_ones_own_view_leaves_the_lists_and_what_others_keep_as_they_are(house: House) -> None:
    house.make_case(name="Tower")
    other = another_process(house)
    try:
        north, both = other.client("north"), other.client("both")
        assert house.api("both").post(f"/api/v1{CASES}/views", json={"name": "theirs"}).status_code == 201
        for client in (north, both):
            client.get(CASES)
        caches, before = other.home.database.caches, generation(house)
        lists, kept = caches["catalogue"], dict(caches["own views"])
        made = house.api("north").post(f"/api/v1{CASES}/views", json={"name": "mine", "title": "My very own"})
        # Its owner has it at once, in the process that knows nothing of the change too.
        assert made.status_code == 201 and "My very own" in north.get(CASES).text
        assert names(other, "north") == ["mine"] and names(other, "both") == ["theirs"]
        assert "My very own" not in both.get(CASES).text
        change = f"/api/v1{CASES}/views/{made.json['id']}"
        assert house.api("north").patch(change, json={"title": "Another", "order": "value"}).status_code == 200
        page = north.get(f"{CASES}?view=mine").text
        assert "Another" in page and "My very own" not in page
        assert house.api("north").delete(change).status_code == 204 and names(other, "north") == []
        assert generation(house) == before and caches["catalogue"] is lists
        person = house.people["both"]
        assert caches["own views"][person] is kept[person]
    finally:
        other.home.database.dispose()


def test_a_view_that_is_given_to_everybody_is_read_anew_by_all(house: House) -> None:
    admin, before = house.api("admin"), generation(house)
    made = admin.post(f"/api/v1{CASES}/views", json={"name": "given", "title": "Given"}).json
    assert generation(house) == before and "Given" not in house.client("south").get(CASES).text
    assert admin.patch(f"/api/v1{CASES}/views/{made['id']}", json={"shared": True}).status_code == 200
    assert generation(house) > before and "Given" in house.client("south").get(CASES).text
    assert names(house, "admin") == []


def test_ones_own_views_cost_a_list_page_one_statement_when_they_have_changed_and_else_none(house: House) -> None:
    house.make_case(value="10")
    client = house.client("north")
    client.get(CASES)
    form = {"csrf_token": token_of(client.get(CASES).text), "state": "sort=name", "title": "Mine"}
    assert client.post(f"{CASES}/views/new", data=form).status_code == 303

    def asked() -> list[str]:
        with statements(house) as seen:
            assert "Mine" in client.get(CASES).text
        return [one for one in seen if "list_views" in one]

    assert len(asked()) == 1 and len(asked()) == 0
    with statements(house) as seen:
        client.get(CASES)
    assert len(seen) <= 3 + 3, "\n".join(seen)


def test_a_transaction_sees_the_views_that_it_has_saved_and_nobody_those_that_were_rolled_back(house: House) -> None:
    def known(session: Any, actor: Any) -> list[str]:
        return [view.name for view in own_views.of(session, actor).get(definition(session, "cases").id, ())]

    class Stop(Exception):
        pass

    try:
        with house.write("north") as (session, actor):
            views.save(session, actor, "cases", {"name": "lost"})
            assert known(session, actor) == ["lost"]
            raise Stop
    except Stop:
        pass
    with house.write("north") as (session, actor):
        assert known(session, actor) == []
        views.save(session, actor, "cases", {"name": "kept"})
    with house.read("north") as (session, actor):
        assert known(session, actor) == ["kept"]
