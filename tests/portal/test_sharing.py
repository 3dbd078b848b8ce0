"""An item is shown to colleagues: who is told, who is let read it, and what the sharer may hear of others."""

from __future__ import annotations

from typing import Any

import pytest
from house import Browser, House, token_of

from caseroom.lists import items, query, sharing
from caseroom.lists.errors import Forbidden, NotFound
from caseroom.lists.rights import Level
from caseroom.portal.notices import reading


def share(house: House, client: Browser, address: str, *people: str, **form: Any) -> Any:
    token = token_of(client.get("/lists").text)
    chosen = [str(house.people[name]) for name in people]
    return client.post(f"{address}/share", data={"csrf_token": token, "people": chosen, **form})


def told(house: House, who: str) -> list[tuple[str, str, str | None]]:
    with house.read(who) as (session, actor):
        found, _older = reading.page(session, actor)
        return [(one.title, str(one.who), one.message) for one in found if one.kind == "share"]


def reads(house: House, who: str, list_name: str, item_id: int) -> bool:
    with house.read(who) as (session, actor):
        return bool(sharing.readers_among(session, list_name, item_id, [actor]))


def test_colleagues_who_may_read_it_are_told_with_the_message_and_the_link(house: House) -> None:
    case = house.make_case(name="Tower", by="both", sales_group=house.groups["North"]).id
    address = f"/lists/cases/{case}"
    client = house.client("both")
    assert f'href="{address}/share"' in client.get(address).text
    form = client.get(f"{address}/share").text
    assert "North Person" in form and "Both Person" not in form.split("<main")[1].split("</main")[0]
    answer = share(house, client, address, "north", "both", message="  Look at\r\nthe offer ")
    assert answer.status_code == 303 and answer.location == address
    assert told(house, "north") == [("Tower", "Both Person", "Look at\nthe offer")] and told(house, "both") == []
    page = house.client("north").get("/notices").text
    assert "Both Person shows you this" in page and "the offer" in page and "Tower" in page
    (notice,) = house.api("north").get("/api/v1/me/notices").json["value"]
    assert (notice["kind"], notice["message"], notice["item"]["id"]) == ("share", "Look at\nthe offer", case)
    # Sent twice by one form it is told once; by another form, again.
    for once in ("a" * 32, "a" * 32, "b" * 32):
        share(house, client, address, "north", once=once)
    assert len(told(house, "north")) == 3
    # What may not be read any more is not told any more, its message neither.
    with house.write("admin") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": house.groups["South"]}, version=None)
    assert told(house, "north") == [] and "the offer" not in house.client("north").get("/notices").text


def test_who_may_let_them_read_it_hears_who_may_not_and_lets_them_by_a_tick(house: House) -> None:
    case = house.make_case(name="Tower").id
    address, client = f"/lists/cases/{case}", house.client("north")
    answer = share(house, client, address, "both", "south")
    assert answer.status_code == 303 and answer.location == f"{address}/share?people={house.people['south']}"
    page = client.get(answer.location).text
    assert "Told: Both Person" in page and "Not told, since they may not read it: South Person" in page
    assert f'<option value="{house.people["south"]}" selected' in page and 'name="let"' in page
    assert told(house, "south") == [] and not reads(house, "south", "cases", case)
    answer = share(house, client, address, "south", let="1", message="Now you may")
    assert answer.location == address and "Told: South Person" in client.get(address).text
    assert told(house, "south") == [("Tower", "North Person", "Now you may")]
    with house.read("south") as (session, actor):
        item = query.get(session, actor, "cases", case)
        assert item.level == Level.READ and [one.id for one in item["shared_with"]] == [house.groups["South"]]
    # It went through the door: with a version, and further groups stand beside the first.
    assert share(house, client, address, "west", let="1").status_code == 303
    item = house.api("north").get(f"/api/v1/lists/cases/items/{case}").json
    assert [one["id"] for one in item["shared_with"]] == [house.groups["South"], house.groups["West"]]
    assert item["version"] == 3
    # Who is in no group cannot be let in by this, and is named.
    answer = share(house, client, address, "templates", let="1")
    assert "Not told, since they may not read it: Templates Person" in client.get(address).text
    assert told(house, "templates") == []


def test_who_may_not_let_others_read_it_hears_the_same_whoever_reads_it(house: House) -> None:
    case = house.make_case(name="Tower", shared_with=[house.groups["South"]]).id
    address, client = f"/lists/cases/{case}", house.client("south")
    assert 'name="let"' not in client.get(f"{address}/share").text
    heard = []
    for chosen in (["north"], ["west"], ["north", "west"]):
        answer = share(house, client, address, *chosen)
        page = client.get(answer.location).text
        assert answer.location == address and "North Person" not in page.split('class="toasts"')[1].split("</div>")[0]
        heard.append("Those of them who may read it are told." in page and "Not told" not in page)
    assert heard == [True, True, True]
    assert len(told(house, "north")) == 2 and told(house, "west") == []
    assert share(house, client, address, "west", let="1").status_code == 403
    assert not reads(house, "west", "cases", case) and told(house, "west") == []
    with house.write("south") as (session, actor), pytest.raises(Forbidden):
        sharing.let_read(session, actor, "cases", case, [])
    # An administrator hears who reads it.
    answer = share(house, house.client("admin"), address, "west")
    assert answer.location.endswith(f"/share?people={house.people['west']}")


def test_what_hangs_on_a_case_takes_its_rights_and_common_lists_give_none(house: House) -> None:
    case = house.make_case(name="Tower")
    activity = house.make("activities", {"case": case.id, "activity_type": "task", "description": "Call"})
    company = house.make_relation(name="Tatra")
    for list_name, number in (("activities", activity.id), ("relations", company.id)):
        address = f"/lists/{list_name}/{number}"
        assert 'name="let"' not in house.client("north").get(f"{address}/share").text
        assert share(house, house.client("north"), address, "south", let="1").status_code == (
            403 if list_name == "activities" else 303
        )
    assert not reads(house, "south", "activities", activity.id)
    assert told(house, "south") == [("Tatra", "North Person", None)], "everybody reads companies"


def test_what_is_hidden_is_shared_by_nobody_and_refusals_keep_what_was_typed(house: House) -> None:
    case = house.make_case(name="Tower").id
    south = house.client("south")
    hidden, missing = (south.get(f"/lists/cases/{number}/share") for number in (case, 999_999))
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.split("<main")[1] == missing.text.split("<main")[1]
    assert share(house, south, f"/lists/cases/{case}", "west", let="1").status_code == 404
    with house.write("south") as (session, actor), pytest.raises(NotFound):
        sharing.let_read(session, actor, "cases", case, [])
    event = house.make("events", {"case": case, "description": "x"}).id
    assert south.get(f"/lists/events/{event}/share").status_code == 404, "who sees a part has nothing to share"
    client, address = house.client("north"), f"/lists/cases/{case}"
    alone = share(house, client, address, "north", message="Words that stay")
    assert alone.status_code == 422 and "Choose at least one colleague." in alone.text
    assert "Words that stay" in alone.text and "Not told" not in alone.text
    long = share(house, client, address, "both", message="x" * 501)
    assert long.status_code == 422 and f'<option value="{house.people["both"]}" selected' in long.text
    nobody = share(house, client, address, people=["999999", "²", "-1", "99999999999999"])
    assert nobody.status_code == 422 and told(house, "both") == []
    found = share(house, client, address, "both", _find="people", people__q="sou", message="Kept")
    assert found.status_code == 200 and "Kept" in found.text and told(house, "both") == []
