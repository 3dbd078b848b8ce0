"""Changing many rows on pages, without scripts: choose, say what, see what became of it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from house import Answer, House, token_of

from caseroom.lists import bulk_editing, items, query, schema

TOOLS = {
    "name": "tools", "separation": "by_group",
    "columns": [
        {"name": "price", "type": "currency"},
        {"name": "state", "type": "choice", "choices": ["new", "used"]},
        {"name": "firm", "type": "lookup", "list": "relations"},
        {"name": "note", "type": "text"},
        {"name": "seen", "type": "datetime"},
        {"name": "code", "type": "text", "unique": True},
    ],
}  # fmt: skip


@pytest.fixture
def tools(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    return house


def send(house: House, data: dict[str, Any], *, by: str = "north", list_name: str = "tools", **chosen: Any) -> Answer:
    """Send the form for the rows that are chosen in the address."""
    client = house.client(by)
    page = client.get(f"/lists/{list_name}/bulk", query_string=chosen).text
    action = unescape(re.findall(r'<form method="post" class="form" action="([^"]+)"', page)[0])
    return client.post(action, data={**data, "csrf_token": token_of(page)}, follow_redirects=True)


def column(house: House, name: str) -> list[Any]:
    with house.read("admin") as (session, actor):
        page = query.page(session, actor, "tools", order=[("id", False)], limit=1000)
        return [str(one[name]) if one[name] is not None else None for one in page.items]


def test_chosen_rows_are_changed_by_a_form_that_leaves_all_else(tools: House) -> None:
    ids = [tools.make("tools", {"note": "keep", "price": 5}).id for _number in range(3)]
    firm = tools.make_relation(name="Tatra Steel")
    client = tools.client("north")
    assert f'name="id" value="{ids[0]}" form="rows-form"' in client.get("/lists/tools").text
    page = client.get(f"/lists/tools/bulk?id={ids[0]}&id={ids[1]}&do=edit").text
    assert "2 rows" in page
    assert 'name="how.code"' not in page
    answer = send(tools, id=ids[:2], data={
        "how.state": "set", "state": "used", "how.price": "empty",
        "how.firm": "set", "firm": str(firm.id), "how.seen": "set", "seen": "2026-12-03 10:00",
    })  # fmt: skip
    assert answer.status_code == 200
    assert "All rows are done." in answer.text
    assert column(tools, "state") == ["used", "used", None]
    assert column(tools, "price") == [None, None, "5.00"]
    assert column(tools, "firm") == ["Tatra Steel", "Tatra Steel", None]
    assert column(tools, "note") == ["keep"] * 3


def test_an_amount_is_set_with_its_currency(house: House) -> None:
    case = house.make_case(name="Licence")
    client = house.client("north")
    page = client.get(f"/lists/cases/bulk?id={case.id}").text
    assert 'name="how.currency"' not in page
    amount = {"how.value": "set", "value": "1 200,50", "currency": "CZK"}
    words = {"how.description": "set", "description": "x", "currency": "EUR"}
    for sent in (amount, words):
        assert "All rows are done." in send(house, sent, list_name="cases", id=case.id).text
    with house.read("north") as (session, actor):
        item = query.get(session, actor, "cases", case.id)
    assert (str(item["value"]), item["currency"], item["description"]) == ("1200.50", "CZK", "x")


def test_what_is_refused_comes_back_as_it_was_typed(tools: House) -> None:
    tool = tools.make("tools", {"price": 5})
    answer = send(tools, id=tool.id, data={"how.price": "set", "price": "many", "how.note": "leave", "note": "typed"})
    assert answer.status_code == 422
    assert "“many” is not a number." in answer.text
    assert "Choose “Set to”, or empty the field." in answer.text
    assert 'value="typed"' in answer.text
    assert "Choose what is to be changed." in send(tools, {}, id=tool.id).text
    assert column(tools, "price") == ["5.00"]


def test_rows_that_may_not_be_changed_are_named_and_the_others_done(tools: House) -> None:
    mine, theirs = tools.make("tools"), tools.make("tools", by="south")
    answer = send(tools, id=[mine.id, theirs.id, 999_999], data={"how.note": "set", "note": "x"})
    refused = re.findall(r"<li>(#.*?)</li>", answer.text)
    assert refused == [f"#{number}: There is no such item." for number in (theirs.id, 999_999)]
    assert column(tools, "note") == ["x", None]


def test_all_that_the_list_finds_are_changed_in_the_background_and_put_back(tools: House) -> None:
    with tools.write("north") as (session, actor):
        for number in range(230):
            items.add(session, actor, "tools", {"name": f"T{number}", "state": "used" if number < 210 else "new"})
    client = tools.client("north")
    page = client.get("/lists/tools/bulk?all=1&state=f.state%3Dused").text
    assert "210 rows" in page
    answer = send(tools, {"how.state": "set", "state_": "", "how.note": "leave"}, all=1, state="f.state=used")
    assert answer.status_code == 422  # “Set to” without a value
    answer = send(tools, {"how.note": "set", "note": "seen"}, all=1, state="f.state=used")
    assert "The rows are being found" in answer.text
    while bulk_editing.step(tools.home.database):
        pass
    where = answer.request.path
    done = client.get(where, headers={"HX-Request": "true", "HX-Target": "bulk"}).text
    assert "All rows are done." in done
    assert "<html" not in done
    assert column(tools, "note").count("seen") == 210
    token = token_of(client.get("/account").text)
    assert client.post(f"{where}/undo", data={"csrf_token": token}).status_code == 303
    while bulk_editing.step(tools.home.database):
        pass
    assert column(tools, "note").count("seen") == 0


def test_rows_are_deleted_and_restored_from_the_bin(tools: House) -> None:
    ids = [tools.make("tools").id for _number in range(3)]
    assert "Delete rows" in tools.client("north").get(f"/lists/tools/bulk?id={ids[0]}&do=delete").text
    send(tools, {}, id=ids[:2], do="delete")
    assert len(column(tools, "name")) == 1
    assert "bin-form" in tools.client("north").get("/lists/tools/bin").text
    send(tools, {}, id=ids[:2], do="restore")
    assert len(column(tools, "name")) == 3


def test_a_job_is_not_there_for_colleagues_and_stopped_by_its_own_user(tools: House) -> None:
    tool = tools.make("tools")
    with tools.write("north") as (session, actor):
        job = bulk_editing.start(session, actor, "tools", "update", {"note": "x"}, ids=[tool.id]).id
    for name, number in (("both", job), ("north", job + 900)):
        answer = tools.client(name).get(f"/lists/tools/bulk/{number}")
        assert answer.status_code == 404
        assert "There is no such item." in answer.text
    client = tools.client("north")
    token = token_of(client.get("/account").text)
    assert client.post(f"/lists/tools/bulk/{job}/cancel", data={"csrf_token": token}).status_code == 303
    assert client.get(f"/lists/relations/bulk/{job}").status_code == 404


def test_columns_may_be_called_as_the_form_calls_its_own(house: House) -> None:
    names = ["all", "do", "state", "token"]
    with house.write("admin") as (session, actor):
        columns = [{"name": name, "type": "text"} for name in names]
        schema.create_list(session, actor, {"name": "tools", "columns": columns})
    first, second = (house.make("tools", {"name": name}).id for name in ("A", "B"))
    for name in names:
        assert "All rows are done." in send(house, {f"how.{name}": "set", name: "X"}, id=first).text
    assert [column(house, name) for name in names] == [["X", None]] * 4
    answer = send(house, {"how.all": "set", "all": "Y"}, id=second)
    assert "All rows are done." in answer.text and column(house, "all") == ["X", "Y"]


def test_a_column_is_not_called_as_something_that_every_form_has(house: House) -> None:
    admin = house.api("admin")
    for name in ("csrf_token", "next"):
        body = {"name": "tools", "columns": [{"name": name, "type": "text"}]}
        refused = admin.post("/api/v1/lists", json=body)
        assert refused.status_code == 422 and "forms use themselves" in refused.text
