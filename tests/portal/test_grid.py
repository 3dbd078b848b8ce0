"""Quick edit's addresses: rows as texts, batches of typed cells, all or nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from house import Answer, House, token_of

from caseroom.lists import items, query, schema
from caseroom.lists.columns.address import read_line
from caseroom.lists.mapping import country_codes

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
        {"name": "kinds", "type": "multi_choice", "choices": [{"value": "a", "title": {"en": "A, 1", "sk": "Á"}}, "b"]},
        {"name": "twice", "type": "calculated", "formula": "price * 2"},
    ],
}
ALL = "columns=name,price,share,state,bought,checked,lent,firm,keepers,marks,kinds,twice"


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
        "checked": "2026-05-03T14:30:00+02:00", "firm": firm.id, "marks": ["red", "big"], "kinds": ["a", "b"],
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
        {"kind": "create", "cells": {"bought": "31.2.2026", "price": "many"}},
    ])  # fmt: skip
    assert answer.status_code == 422
    told = {(one["change"], one["column"]): one["message"] for one in answer.json["refusals"]}
    assert told[0, "firm"] == "There is no “Nobody” to choose."
    assert told[1, "firm"].startswith("“Twin” may be one of several: Twin (")
    assert told[1, "twice"] == "This is set by the program."
    assert set(told) == {(0, "firm"), (1, "bought"), (1, "firm"), (1, "twice"), (2, "name"),
                         (3, "bought"), (3, "price"), (3, "name")}  # fmt: skip
    assert len(answer.json["refusals"]) == len(told)
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


# --- Cells with several parts -----------------------------------------------------------------------

WHERE = {
    "name": "sites",
    "columns": [
        {"name": "post", "type": "address"},
        {"name": "place", "type": "location"},
        {"name": "about", "type": "rich_text"},
        {"name": "papers", "type": "attachment"},
    ],
}
PARTS = "columns=name,post,place,about,papers"


@pytest.fixture
def sites(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, WHERE)
    return house


def send_file(house: House, name: str, content: bytes, *, by: str = "north") -> Answer:
    client = house.client(by)
    headers = {"Accept": "application/json", "X-CSRFToken": token_of(client.get("/lists/sites/grid").text)}
    return client.post("/lists/sites/grid/files", data={"file": (io.BytesIO(content), name)}, headers=headers)


def cells_of(house: House, **more: Any) -> dict[str, str]:
    told = rows(house, list_name="sites", query=PARTS, **more)
    return dict(zip([one["name"] for one in told["columns"]], told["rows"][0]["cells"], strict=True))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hlavná 1, 811 01 Bratislava, Slovakia",
         {"street": "Hlavná 1", "postcode": "811 01", "city": "Bratislava", "country": "SK"}),
        ("Hauptstr. 5\n10115 Berlin\nNemecko",
         {"street": "Hauptstr. 5", "postcode": "10115", "city": "Berlin", "country": "DE"}),
        ("12 Main St, Springfield, IL 62701, USA",
         {"street": "12 Main St", "city": "Springfield", "region": "IL", "postcode": "62701", "country": "US"}),
        ("10 Downing St, London, SW1A 2AA, United Kingdom",
         {"street": "10 Downing St", "city": "London", "postcode": "SW1A 2AA", "country": "GB"}),
        ("Budapest, Fő utca 1, 1011, Hungary",
         {"city": "Budapest", "street": "Fő utca 1", "postcode": "1011", "country": "HU"}),
        ("1234 Elm Street", {"street": "1234 Elm Street"}),
    ],
)  # fmt: skip
def test_an_address_is_read_from_one_line(text: str, parts: dict[str, str]) -> None:
    assert read_line(text, country_codes()) == parts


def test_cells_with_parts_are_pasted_as_text_and_shown_so_that_they_can_be_pasted_again(sites: House) -> None:
    cells = {"name": "Depot", "post": "Hlavná 1, 811 01 Bratislava, Slovakia", "about": "Keys < 3\nat the door",
             "place": "48.1, 17.1 (Gate)"}  # fmt: skip
    answer = send(sites, [{"kind": "create", "cells": cells}], list_name="sites")
    assert answer.status_code == 200, answer.text
    assert cells_of(sites) == {**cells, "papers": ""}
    [row] = rows(sites, list_name="sites", query=PARTS)["rows"]
    assert row["values"]["post"]["city"] == "Bratislava"
    assert row["values"]["about"] == "Keys &lt; 3<br>at the door"
    changes = [{"kind": "create", "cells": {"name": "x", "papers": "plan.pdf"}},
               {"kind": "create", "cells": {"name": "x", "place": "somewhere"}}]  # fmt: skip
    refused = send(sites, changes, list_name="sites")
    told = {one["column"]: one["message"] for one in refused.json["refusals"]}
    assert told["papers"] == "Files are chosen in the cell's own editor; a text cannot be pasted here."
    assert told["place"].startswith("“somewhere” is not a latitude and a longitude")


def test_a_file_is_put_into_a_cell_taken_away_and_back_again(sites: House) -> None:
    site = sites.make("sites", {"name": "Depot"})
    stored = send_file(sites, "plan.txt", b"Ground floor")
    assert stored.status_code == 200, stored.text
    given = {"kind": "update", "id": site.id, "version": 1, "values": {"papers": [stored.json]}}
    done = send(sites, [given], list_name="sites")
    assert done.status_code == 200, done.text
    assert cells_of(sites)["papers"] == "plan.txt"
    undone = send(sites, done.json["undo"], list_name="sites")
    assert undone.status_code == 200, undone.text
    assert cells_of(sites)["papers"] == ""
    again = send(sites, undone.json["undo"], list_name="sites")
    assert again.status_code == 200, again.text
    assert cells_of(sites)["papers"] == "plan.txt"


def test_who_only_reads_stores_no_file_for_a_cell(sites: House) -> None:
    assert send_file(sites, "plan.txt", b"a plan", by="reader").status_code == 403


def test_files_of_others_are_not_put_into_a_cell(sites: House) -> None:
    one, other = (sites.make("sites", {"name": name}) for name in ("Depot", "Yard"))
    stored = send_file(sites, "plan.txt", b"Ground floor")
    theirs = send(sites, [{"kind": "update", "id": one.id, "version": 1, "values": {"papers": [stored.json]}}],
                  by="west", list_name="sites")  # fmt: skip
    assert [one["message"] for one in theirs.json["refusals"]] == [
        "A file that was sent earlier is not there any more; choose it again."
    ]
    send(sites, [{"kind": "update", "id": one.id, "version": 1, "values": {"papers": [stored.json]}}],
         list_name="sites")  # fmt: skip
    kept = rows(sites, list_name="sites", query=PARTS)["rows"][0]["values"]["papers"]
    moved = send(sites, [{"kind": "update", "id": other.id, "version": 1, "values": {"papers": kept}}],
                 list_name="sites")  # fmt: skip
    assert [one["message"] for one in moved.json["refusals"]] == ["There is no such file on this item."]


def test_who_takes_part_is_named_in_the_cell(house: House) -> None:
    contact = house.make("contacts", {"surname": "Buyer", "company": house.make_relation(name="Tatra Steel").id})
    event = house.make("events", {"name": "Fair", "start": "2026-05-03T10:00:00Z", "end": "2026-05-03T11:00:00Z"})
    asked = {"kind": "update", "id": event.id, "version": event.version}
    answer = send(house, [{**asked, "cells": {"participants": f"West Person; {contact.title}; fair@hall.test"}}],
                  list_name="events")  # fmt: skip
    assert answer.status_code == 200, answer.text
    [row] = rows(house, list_name="events", query="view=all&columns=name,participants")["rows"]
    assert row["cells"] == ["Fair", f"West Person; {contact.title}; fair@hall.test"]
    assert [one["title"] for one in row["values"]["participants"]] == ["West Person", contact.title, "fair@hall.test"]
    nobody = send(house, [{**asked, "version": row["version"], "cells": {"participants": "Nobody Known"}}],
                  list_name="events")  # fmt: skip
    assert [one["message"] for one in nobody.json["refusals"]] == ["There is no “Nobody Known” to choose."]


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
