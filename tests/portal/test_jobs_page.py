"""The page of changes of many rows: one's own, newest first, with how far they are; for administrators everybody's."""

from __future__ import annotations

import re
from html import unescape

import pytest
from house import House, token_of

from caseroom.lists import bulk_editing, list_settings, schema
from caseroom.lists.crm import users


@pytest.fixture
def tools(house: House) -> House:
    body = {"name": "tools", "title": "Tools", "separation": "common", "columns": [{"name": "note", "type": "text"}]}
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, body)
    return house


def start(house: House, who: str, ids: list[int], note: str = "x") -> int:
    with house.write(who) as (session, actor):
        return bulk_editing.start(session, actor, "tools", "update", {"note": note}, ids=ids).id


def many(house: House, number: int) -> list[int]:
    return [house.make("tools").id for _ in range(number)]


def lines(house: House, who: str, address: str = "/jobs") -> list[tuple[str, str]]:
    """Each job's address and its words."""
    page = house.client(who).get(address).text
    rows = re.findall(r'<li class="card notice-row">(.*?)</li>', page, re.DOTALL)
    words = [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in rows]
    found = [re.search(r'<a href="([^"]*)"', row) for row in rows]
    return [(link[1] if link else "", said) for link, said in zip(found, words, strict=True)]


def test_ones_own_jobs_stand_newest_first_with_what_became_of_them(tools: House) -> None:
    ids = many(tools, 3)
    first = start(tools, "north", ids[:2])
    with tools.write("south") as (session, actor):
        theirs = bulk_editing.start(session, actor, "tools", "delete", {}, ids=[ids[2]]).id
    second = start(tools, "north", [ids[0], ids[2]], "y")  # one of them is gone
    mine = lines(tools, "north")
    assert [address for address, _words in mine] == [f"/lists/tools/bulk/{one}" for one in (second, first)]
    assert mine[0][1].startswith("Edit rows: Tools Done 2 rows · 1 refused") and "refused" not in mine[1][1]
    assert [words[:25] for _address, words in lines(tools, "south")] == ["Delete rows: Tools Done 1"]
    assert "No jobs" in tools.client("both").get("/jobs").text
    # Administrators see everybody's with their names, and each job; others are told that they may not.
    assert "No jobs" in tools.client("admin").get("/jobs").text
    everybody = lines(tools, "admin", "/jobs?of=everybody")
    assert [address for address, _words in everybody] == [f"/lists/tools/bulk/{n}" for n in (second, theirs, first)]
    assert "North Person" in everybody[0][1] and "South Person" in everybody[1][1]
    assert tools.client("north").get("/jobs?of=everybody").status_code == 403
    admin = tools.client("admin")
    page = admin.get(f"/lists/tools/bulk/{first}").text
    assert "Changed rows" in page and "Put it all back" not in page
    undo = {"csrf_token": token_of(page)}
    assert admin.post(f"/lists/tools/bulk/{first}/undo", data=undo).status_code == 404


def test_a_job_that_is_under_way_says_how_far_it_is_and_is_stopped_by_an_administrator(tools: House) -> None:
    ids = many(tools, bulk_editing.AT_ONCE + 1)
    job = start(tools, "north", ids)
    assert lines(tools, "north")[0][1].startswith("Edit rows: Tools Under way 201 rows")
    assert 'max="201" value="0"' in tools.client("north").get("/jobs").text
    assert bulk_editing.step(tools.home.database)
    assert 'max="201" value="200"' in tools.client("north").get("/jobs").text
    admin = tools.client("admin")
    stop = {"csrf_token": token_of(admin.get("/jobs").text)}
    assert admin.post(f"/lists/tools/bulk/{job}/cancel", data=stop).status_code == 303
    assert lines(tools, "north")[0][1].startswith("Edit rows: Tools Stopped 201 rows")


def test_jobs_come_in_pages_and_a_long_one_is_counted_to_a_bound(tools: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = many(tools, 3)
    jobs = [start(tools, "north", ids, f"{number}") for number in range(22)]
    page = tools.client("north").get("/jobs").text
    assert f"before={jobs[2]}" in page and len(lines(tools, "north")) == 20
    older = lines(tools, "north", f"/jobs?before={jobs[2]}")
    assert [address for address, _words in older] == [f"/lists/tools/bulk/{jobs[1]}", f"/lists/tools/bulk/{jobs[0]}"]
    for odd in ("before=²", "before=-1", "before=99999999999999", "of=nobody"):
        assert tools.client("north").get(f"/jobs?{odd}").status_code == 200
    monkeypatch.setattr(bulk_editing, "MOST_COUNTED", 2)
    assert "Done 2+ rows" in lines(tools, "north")[0][1]


def test_a_job_of_a_list_that_may_not_be_opened_any_more_does_not_name_it(tools: House) -> None:
    start(tools, "north", many(tools, 1))
    for where in ("/lists/tools/bulk?id=1&do=edit", "/account"):
        assert 'href="/jobs"' in tools.client("north").get(where).text
    with tools.write("admin") as (session, actor):
        list_settings.change(session, actor, "tools", {"separation": "by_group"})
    with tools.write("admin") as (session, actor):
        users.change_user(
            session, actor, tools.people["north"], name="North Person", role="template_editor", groups=[], language="en"
        )
    ((address, words),) = lines(tools, "north")
    assert address == "" and "Tools" not in words and words.startswith("Edit rows Something that is not there any more")
