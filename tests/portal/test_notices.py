"""Notices: who is told what, and that nobody is told of what they may not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from house import House, token_of
from sqlalchemy import func, select
from statements import statements

from caseroom.lists import changelog, comments, importing, items, mapping
from caseroom.lists.comments import Said
from caseroom.portal.notices import following, reading
from caseroom.portal.notices.models import Notice


def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None) -> Any:
    return client.post(address, data={"csrf_token": token_of(client.get("/lists").text), **(data or {})})


def follow(house: House) -> None:
    """All that a running worker finds, at once."""
    while following.step(house.home):
        pass


def say(house: House, who: str, case: int, text: str, answers: int | None = None) -> Said:
    with house.write(who) as (session, actor):
        return comments.add(session, actor, "cases", case, text, answers=answers)


def told(house: House, who: str) -> list[tuple[str, int, str | None]]:
    with house.read(who) as (session, actor):
        found, _older = reading.page(session, actor)
        assert reading.unseen(session, actor) == sum(not one.seen for one in found)
        return [(one.kind, one.item_id, one.who) for one in found]


def test_who_is_named_or_answered_is_told(house: House) -> None:
    case = house.make_case(by="north").id
    first = say(house, "north", case, "Price? @Both Person")
    say(house, "both", case, "High", answers=first.id)
    follow(house)
    assert told(house, "both") == [("mention", case, "North Person")]
    assert told(house, "north") == [("reply", case, "Both Person")]


def test_nobody_is_told_of_their_own_comments(house: House) -> None:
    case = house.make_case(by="north").id
    first = say(house, "north", case, "A note to @North Person")
    say(house, "north", case, "Answering myself", answers=first.id)
    follow(house)
    assert told(house, "north") == []


def test_who_may_not_read_the_item_is_told_nothing_until_they_may(house: House) -> None:
    case = house.make_case(by="both", sales_group=house.groups["North"]).id
    say(house, "both", case, "@West Person look at this secret")
    follow(house)
    client = house.client("west")
    assert told(house, "west") == []
    assert "secret" not in client.get("/notices").text
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": house.groups["West"]}, version=None)
    assert told(house, "west") == [("mention", case, "Both Person")]
    assert "secret" in client.get("/notices").text
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": house.groups["North"]}, version=None)
    assert told(house, "west") == []


def test_a_deleted_comment_and_a_deleted_item_are_told_no_more(house: House) -> None:
    case, other = house.make_case(by="north").id, house.make_case(by="north").id
    one = say(house, "north", case, "@Both Person")
    say(house, "north", other, "@Both Person")
    follow(house)
    assert len(told(house, "both")) == 2
    with house.write("north") as (session, actor):
        comments.delete(session, actor, "cases", case, one.id)
        items.delete(session, actor, "cases", other, version=None)
    assert told(house, "both") == []


def test_who_is_made_responsible_by_another_is_told(house: House) -> None:
    columns = [{"name": "doer", "type": "person"}, {"name": "helpers", "type": "person", "multiple": True}]
    house.api("admin").post("/api/v1/lists", json={"name": "jobs", "separation": "common", "columns": columns})
    people, api = house.people, house.api("north")
    job = api.post("/api/v1/lists/jobs/items", json={"name": "Roof", "doer": people["north"]}).json["id"]
    at, match = f"/api/v1/lists/jobs/items/{job}", {"If-Match": "*"}
    api.patch(at, json={"doer": people["both"], "helpers": [people["west"]]}, headers=match)
    follow(house)
    assert told(house, "north") == []
    assert told(house, "both") == told(house, "west") == [("responsible", job, "North Person")]
    api.patch(at, json={"name": "New roof", "helpers": [people["west"], people["south"]]}, headers=match)
    follow(house)
    assert len(told(house, "both")) == len(told(house, "west")) == len(told(house, "south")) == 1
    assert "North Person has entered you as: " in house.client("south").get("/notices").text


def test_of_what_an_import_brings_nobody_is_told_one_by_one(house: House, tmp_path: Path) -> None:
    rows = "".join(f"C{number},Firm,West Person\n" for number in range(9))
    (tmp_path / "cases.csv").write_text("name,company,person\n" + rows)
    (tmp_path / "cases.toml").write_text(
        'match = ["name"]\n[columns]\nname = "name"\ncompany = { from = "company", create = true }\n'
        'salesperson = "person"\nsales_group = { constant = "West" }\n'
    )
    prepared = importing.prepare([mapping.read_mapping(tmp_path / "cases.toml", "cases", "cases.csv")], tmp_path)
    with house.read("admin") as (_session, admin):
        pass
    assert importing.run(house.home.database, admin, prepared)[0].counts["created"] == 9
    follow(house)
    assert told(house, "west") == []


def test_following_twice_tells_once(house: House) -> None:
    case = house.make_case(by="north").id
    one = say(house, "north", case, "@Both Person")
    follow(house)
    with house.write("north") as (session, actor):
        comments.change(session, actor, "cases", case, one.id, "@Both Person, @Admin Person")
    with house.home.database.write() as session:
        changelog.move_to(session, following.FOLLOWER, 0)
    follow(house)
    assert [kind for kind, _item, _who in told(house, "both")] == ["mention"]
    assert [kind for kind, _item, _who in told(house, "admin")] == ["mention"]


def test_the_bell_counts_and_the_page_marks(house: House) -> None:
    case = house.make_case(by="north").id
    for number in range(3):
        say(house, "north", case, f"@Both Person {number}")
    follow(house)
    client = house.client("both")
    assert "3 notices not seen" in client.get("/lists").text
    page = client.get("/notices").text
    number = page.split('action="/notices/')[2].split('"')[0]
    opened = send(client, f"/notices/{number}")
    assert opened.headers["Location"].startswith(f"/lists/cases/{case}/comments#comment-")
    assert "2 notices not seen" in client.get("/lists").text
    send(client, "/notices/seen")
    assert "not seen" not in client.get("/lists").text
    assert send(house.client("south"), f"/notices/{number}").status_code == 404


def test_the_bell_costs_no_statement_and_a_few_while_something_is_unseen(house: House) -> None:
    client, case = house.client("both"), house.make_case(by="north").id
    client.get("/account")
    with statements(house) as seen:
        client.get("/account")
    assert sum("FROM notices" in one for one in seen) == 0
    company = house.make_relation(by="north").id
    for number in range(5):
        say(house, "north", case, f"@Both Person {number}")
    with house.write("north") as (session, actor):
        comments.add(session, actor, "relations", company, "@Both Person")
    follow(house)
    with statements(house) as seen:
        assert "6 notices not seen" in client.get("/account").text
    assert sum("FROM notices" in one for one in seen) == 1
    assert sum("UNION ALL" in one for one in seen) == 1


def test_programs_read_and_mark_notices(house: House) -> None:
    case, api = house.make_case(by="north").id, house.api("both")
    say(house, "north", case, "@Both Person look")
    follow(house)
    answer = api.get("/api/v1/me/notices").json
    assert answer["unseen"] == 1
    [one] = answer["value"]
    assert (one["kind"], one["list"], one["item"]["id"]) == ("mention", "cases", case)
    assert one["comment"] == "@Both Person look"
    assert api.post("/api/v1/me/notices/seen", json={"up_to": one["id"]}).status_code == 204
    assert api.get("/api/v1/me/notices?unseen=true").json == {"value": [], "unseen": 0}


def test_what_was_before_the_house_followed_is_told_to_nobody(house: House) -> None:
    with house.home.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 0
