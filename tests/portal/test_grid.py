"""Quick edit's addresses: rows as texts, batches of typed cells, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from house import Answer, House, token_of

from caseroom.lists import items, query, schema

TOOLS = {
    "name": "tools",
    "columns": [
        {"name": "price", "type": "currency"},
        {"name": "share", "type": "percent"},
        {"name": "state", "type": "choice", "choices": [{"value": "new", "title": {"en": "As new"}}, "used"]},
        {"name": "bought", "type": "date"},
        {"name": "checked", "type": "datetime"},
        {"name": "lent", "type": "boolean"},
        {"name": "firm", "type": "lookup", "list": "relations"},
        {"name": "keepers", "type": "person", "multiple": True},
        {"name": "marks", "type": "tags"},
        {"name": "twice", "type": "calculated", "formula": "price * 2"},
    ],
}
ALL = "columns=name,price,share,state,bought,checked,lent,firm,keepers,marks,twice"


@pytest.fixture
def tools(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    return house


def speaks(house: House, name: str, language: str) -> None:
    client = house.client(name)
    token = token_of(client.get("/account").text)
    assert client.post("/account/language", data={"language": language, "csrf_token": token}).status_code == 303


def rows(house: House, *, by: str = "north", list_name: str = "tools", query: str = ALL) -> Any:
    answer = house.client(by).get(f"/lists/{list_name}/grid/rows?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json


def send(house: House, changes: Any, *, by: str = "north", list_name: str = "tools", **more: Any) -> Answer:
    client = house.client(by)
    headers = {"Accept": "application/json", "X-CSRFToken": token_of(client.get(f"/lists/{list_name}/grid").text)}
    return client.post(f"/lists/{list_name}/grid?{ALL}", json={"changes": changes, **more}, headers=headers)


@pytest.mark.parametrize("language", ["en", "sk"])
def test_what_the_grid_shows_can_be_typed_again(tools: House, language: str) -> None:
    speaks(tools, "north", language)
    firm = tools.make_relation(name="Tatra Steel, a.s.")
    full = {
        "name": "Saw", "price": "12345.50", "share": 35, "state": "new", "bought": "2026-05-03", "lent": False,
        "checked": "2026-05-03T14:30:00+02:00", "firm": firm.id, "marks": ["red", "big"],
        "keepers": [tools.people["north"], tools.people["west"]],
    }  # fmt: skip
    tools.make("tools", full)
    [row] = rows(tools)["rows"]
    columns = ALL.partition("=")[2].split(",")[:-1]
    cells = dict(zip(columns, row["cells"], strict=False))
    assert cells["price"] == {"en": "12,345.5", "sk": "12\u00a0345,5"}[language]
    answer = send(tools, [{"kind": "create", "key": "a", "cells": cells}])
    assert answer.status_code == 200, answer.text
    [made] = answer.json["rows"]
    assert made["cells"] == row["cells"]
    assert made["key"] == "a"
    with tools.read("north") as (session, actor):
        old, new = (query.get(session, actor, "tools", number, resolved=False) for number in (row["id"], made["id"]))
        assert {name: new[name] for name in full} == {name: old[name] for name in full}


def test_a_pasted_block_with_bad_cells_changes_nothing_and_names_them(tools: House) -> None:
    for city in ("Nitra", "Martin"):
        tools.make_relation(name="Twin", address={"city": city})
    tool = tools.make("tools", {"price": 1})
    answer = send(tools, [
        {"kind": "update", "id": tool.id, "version": 1, "cells": {"price": "12", "firm": "Nobody"}},
        {"kind": "create", "key": "new", "cells": {"name": "Saw", "bought": "31.2.2026", "firm": "Twin", "twice": "4"}},
        {"kind": "create", "cells": {"price": "5"}},
    ])  # fmt: skip
    assert answer.status_code == 422
    told = {(one["change"], one["column"]): one["message"] for one in answer.json["refusals"]}
    assert told[0, "firm"] == "There is no “Nobody” to choose."
    assert told[1, "firm"].startswith("“Twin” may be one of several: Twin (")
    assert told[1, "twice"] == "This is set by the program."
    assert set(told) == {(0, "firm"), (1, "bought"), (1, "firm"), (1, "twice"), (2, "name")}
    assert [(row["id"], row["version"]) for row in rows(tools)["rows"]] == [(tool.id, 1)]


def test_undo_and_redo_go_back_and_forth(tools: House) -> None:
    tool = tools.make("tools", {"name": "Saw", "price": 1})
    done = send(tools, [{"kind": "update", "id": tool.id, "version": 1, "cells": {"price": "7,5"}},
                        {"kind": "create", "cells": {"name": "Drill"}}])  # fmt: skip
    assert done.status_code == 200, done.text
    undone = send(tools, done.json["undo"])
    assert undone.status_code == 200, undone.text
    assert undone.json["gone"] == [done.json["rows"][1]["id"]]
    assert [row["cells"][:2] for row in rows(tools)["rows"]] == [["Saw", "1"]]
    again = send(tools, undone.json["undo"])
    assert again.status_code == 200, again.text
    assert [row["cells"][:2] for row in rows(tools)["rows"]] == [["Drill", ""], ["Saw", "7.5"]]


def test_an_undo_of_what_somebody_changed_since_is_refused_in_words(tools: House) -> None:
    tool = tools.make("tools", {"price": 1})
    done = send(tools, [{"kind": "update", "id": tool.id, "version": 1, "cells": {"price": "2"}}])
    with tools.write("west") as (session, actor):
        items.update(session, actor, "tools", tool.id, {"price": 3}, version=2)
    refused = send(tools, done.json["undo"])
    assert [one["message"] for one in refused.json["refusals"]] == ["West Person has changed this since."]


def test_a_stale_row_comes_back_as_it_stands(tools: House) -> None:
    tool = tools.make("tools", {"price": 1})
    with tools.write("west") as (session, actor):
        items.update(session, actor, "tools", tool.id, {"price": 3}, version=1)
    refused = send(tools, [{"kind": "update", "id": tool.id, "version": 1, "cells": {"price": "2"}}])
    assert refused.json["refusals"][0]["message"] == "West Person has changed this meanwhile: price."
    assert [(row["version"], row["cells"][1]) for row in refused.json["rows"]] == [(2, "3")]


def test_columns_say_why_they_cannot_be_edited(tools: House) -> None:
    told = {one["name"]: one for one in rows(tools)["columns"]}
    assert told["twice"]["fixed"] == "This is set by the program."
    assert told["price"]["fixed"] is None
    assert told["state"]["choices"] == ["As new", "used"]
    assert told["firm"]["suggest"] == "/lists/relations/suggest"


def test_rows_follow_the_lists_address_and_its_rights(house: House) -> None:
    case = house.make_case(name="Secret offer", by="north")
    address = "view=all&columns=name,company,description&sort=-name"
    shown = rows(house, by="reader", list_name="cases", query=address)
    assert [(row["id"], row["editable"]) for row in shown["rows"]] == [(case.id, False)]
    assert shown["may_add"] is False
    assert all(row["id"] != case.id or "Secret" not in str(row) for row in
               rows(house, by="south", list_name="cases", query=address)["rows"])  # fmt: skip


def test_many_rows_come_page_by_page(tools: House) -> None:
    with tools.write("north") as (session, actor):
        for number in range(105):
            items.add(session, actor, "tools", {"name": f"Tool {number:03}"})
    first = rows(tools)
    assert len(first["rows"]) == 100
    rest = tools.client("north").get(first["next"], headers={"Accept": "application/json"}).json
    assert [row["cells"][0] for row in rest["rows"]] == [f"Tool {number}" for number in range(100, 105)]
    assert rest["next"] is None


def test_without_a_form_token_nothing_is_written(tools: House) -> None:
    made = {"changes": [{"kind": "create", "cells": {"name": "x"}}]}
    answer = tools.client("north").post("/lists/tools/grid", json=made)
    assert answer.status_code == 403
    assert rows(tools)["rows"] == []
