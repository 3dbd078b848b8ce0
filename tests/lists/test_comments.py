"""Comments on items: who reads and writes them, whom they name, and how they go with the item."""

from __future__ import annotations

import pytest
from house import House
from sqlalchemy import select

from caseroom.lists import comments, items
from caseroom.lists.comments import Said
from caseroom.lists.crm import users
from caseroom.lists.errors import Forbidden, Invalid, NotFound
from caseroom.lists.models import Change


def say(house: House, who: str, case: int, text: str, answers: int | None = None) -> Said:
    with house.write(who) as (session, actor):
        return comments.add(session, actor, "cases", case, text, answers=answers)


def said(house: House, who: str, case: int) -> list[str]:
    with house.read(who) as (session, actor):
        return [one.text for one in comments.of_item(session, actor, "cases", case)]


def test_who_reads_the_item_reads_what_is_said_of_it_and_nobody_else(house: House) -> None:
    case = house.make_case(by="north").id
    first = say(house, "north", case, "The price is high")
    say(house, "both", case, "Later")
    say(house, "both", case, "Not for them", answers=first.id)
    for who in ("north", "both", "manager", "admin", "reader"):
        assert said(house, who, case) == ["The price is high", "Not for them", "Later"], who
    for who in ("south", "west"):
        with pytest.raises(NotFound):
            said(house, who, case)


def test_a_reader_reads_comments_but_writes_none(house: House) -> None:
    case = house.make_case(by="north").id
    with pytest.raises(Forbidden):
        say(house, "reader", case, "Hello")


def test_an_author_changes_and_deletes_their_own_and_editors_delete_any(house: House) -> None:
    case = house.make_case(by="north").id
    one, other = say(house, "north", case, "One"), say(house, "both", case, "Other")
    with house.write("north") as (session, actor):
        assert comments.change(session, actor, "cases", case, one.id, "Changed").edited
        with pytest.raises(Forbidden):
            comments.change(session, actor, "cases", case, other.id, "Mine now")
        comments.delete(session, actor, "cases", case, other.id)  # who edits the item
    with house.write("reader") as (session, actor), pytest.raises(Forbidden):
        comments.delete(session, actor, "cases", case, one.id)
    assert said(house, "north", case) == ["Changed"]


def test_a_deleted_comment_with_answers_leaves_only_its_place(house: House) -> None:
    case = house.make_case(by="north").id
    first = say(house, "north", case, "A secret slipped")
    answer = say(house, "both", case, "Oh", answers=first.id)
    assert say(house, "north", case, "To the answer", answers=answer.id).parent == first.id
    with house.write("north") as (session, actor):
        comments.delete(session, actor, "cases", case, first.id)
        with pytest.raises(NotFound):
            comments.add(session, actor, "cases", case, "Late", answers=first.id)
    assert said(house, "north", case) == ["", "Oh", "To the answer"]


def test_comments_go_with_the_item_into_the_bin_and_back(house: House) -> None:
    case = house.make_case(by="north").id
    say(house, "north", case, "Kept")
    with house.write("north") as (session, actor):
        items.delete(session, actor, "cases", case, version=None)
    with pytest.raises(NotFound):
        said(house, "north", case)
    with house.write("north") as (session, actor):
        items.restore(session, actor, "cases", case)
    assert said(house, "north", case) == ["Kept"]


def test_comments_move_with_the_item_to_another_group(house: House) -> None:
    case = house.make_case(by="both", sales_group=house.groups["North"]).id
    say(house, "both", case, "Over to West")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": house.groups["West"]}, version=None)
    assert said(house, "west", case) == ["Over to West"]
    with pytest.raises(NotFound):
        said(house, "north", case)


def test_every_comment_is_a_line_of_the_change_log(house: House) -> None:
    case = house.make_case(by="north").id
    one = say(house, "north", case, "One")
    with house.write("north") as (session, actor):
        comments.change(session, actor, "cases", case, one.id, "Two")
        comments.delete(session, actor, "cases", case, one.id)
    with house.read("north") as (session, _actor):
        lines = session.scalars(select(Change).where(Change.kind == "comment")).all()
        assert [comments.named_in(line.columns) for line in lines] == [one.id] * 3
        assert {(line.item_id, line.actor_id) for line in lines} == {(case, house.people["north"])}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@South Person look", ["@South Person"]),
        ("ask @south person, and @west@house.test.", ["@south person", "@west@house.test"]),
        ("@Souther Person and mail@house.test", []),
        ("@South Personage", []),
        ("@@South Person", []),
    ],
)
def test_an_at_names_people_by_name_or_address(house: House, text: str, named: list[str]) -> None:
    case = house.make_case(by="north").id
    found = say(house, "north", case, text).mentions
    assert [text[one.at : one.at + one.length] for one in found] == named


def test_a_name_that_two_people_have_asks_for_the_address(house: House) -> None:
    with house.write("admin") as (session, actor):
        users.add_user(session, actor, "south2@house.test", name="South Person", role="salesperson")
    case = house.make_case(by="north").id
    with pytest.raises(Invalid, match="Several people"):
        say(house, "north", case, "@South Person look")
    assert len(say(house, "north", case, "@south2@house.test look").mentions) == 1


@pytest.mark.parametrize("text", ["", "  \n ", "a" * 10_001])
def test_an_empty_or_endless_comment_is_refused(house: House, text: str) -> None:
    case = house.make_case(by="north").id
    with pytest.raises(Invalid):
        say(house, "north", case, text)


def test_a_list_may_have_no_comments(house: House) -> None:
    api, case = house.api("admin"), house.make_case(by="north").id
    say(house, "north", case, "Kept")
    assert api.patch("/api/v1/lists/cases", json={"comments": False}).status_code == 200
    assert said(house, "north", case) == []
    with pytest.raises(Forbidden):
        say(house, "north", case, "No")
    assert api.get("/api/v1/lists/cases").json["comments"] is False
    api.patch("/api/v1/lists/cases", json={"comments": True})
    assert said(house, "north", case) == ["Kept"]
