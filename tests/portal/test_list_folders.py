"""A list's folders on its page: turned on by an administrator, walked through, searched below, exported as shown."""

from __future__ import annotations

import csv
import io
import re
import uuid
from typing import Any

import pytest
from house import Browser, House, token_of

from caseroom.lists import list_settings, schema


@pytest.fixture
def papers(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "papers", "title": {"en": "Papers"}})
        list_settings.change(session, actor, "papers", {"folders": True})
    return house


def make(house: House, name: str, inside: int | None = None) -> int:
    return house.make("papers_folders", {"name": name, "inside": inside}).id


def rows(page: str) -> list[str]:
    return re.findall(r'class="cell-title"[^>]*><a href="[^"]*">([^<]*)<', page)


def tiles(page: str) -> list[str]:
    return re.findall(r'class="folder-tile".*?<span class="truncate">([^<]*)<', page)


def way(page: str) -> list[str]:
    [bar] = re.findall(r'<ol class="folder-way">(.*?)</ol>', page)
    return re.findall(r">([^<>]+)</(?:a|span)>", bar)


def show(client: Browser, **arguments: Any) -> str:
    answer = client.get("/lists/papers", query_string=arguments)
    assert answer.status_code == 200
    return answer.text


def test_an_administrator_turns_folders_on_and_off_in_the_lists_settings(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "papers", "title": {"en": "Papers"}})
    client = house.client("admin")
    assert "folder-way" not in show(client)
    page = client.get("/lists/papers/settings").text
    form = {"title-en": "Papers", "separation": "common", "kind": "list", "headline-here": "1", "headline": "name",
            "comments": "1", "csrf_token": token_of(page)}  # fmt: skip
    assert client.post("/lists/papers/settings", data={**form, "folders": "1"}).status_code == 303
    assert way(show(client)) == ["Papers"]
    [box] = re.findall(r'<input[^>]*name="folders"[^>]*>', client.get("/lists/papers/settings").text)
    assert " checked" in box
    assert client.post("/lists/papers/settings", data=form).status_code == 303
    assert "folder-way" not in show(client)


def test_one_walks_through_folders_and_makes_things_where_one_stands(papers: House) -> None:
    year = make(papers, "2026")
    spring = make(papers, "Spring", year)
    papers.make("papers", {"name": "plan"})
    papers.make("papers", {"name": "report", "folder": year})
    client = papers.client("north")
    outside = show(client)
    assert (rows(outside), tiles(outside), way(outside)) == (["plan"], ["2026"], ["Papers"])
    inside = show(client, folder=year)
    assert (rows(inside), tiles(inside), way(inside)) == (["report"], ["Spring"], ["Papers", "2026"])
    assert f"/lists/papers/new?folder={year}" in inside, "a new item lies where one stands"
    assert f"/lists/papers_folders/new?next=/lists/papers?folder%3D{year}&amp;inside={year}" in inside
    empty = show(client, folder=spring)
    assert (rows(empty), tiles(empty), way(empty)) == ([], [], ["Papers", "2026", "Spring"])
    assert "No items here" in empty
    new = client.get(f"/lists/papers/new?folder={spring}").text
    assert "Spring" in new
    sent = {"name": "offer", "folder": spring, "csrf_token": token_of(new)}
    assert client.post("/lists/papers/new", data=sent).status_code == 303
    assert rows(show(client, folder=spring)) == ["offer"]


def test_a_search_looks_below_the_folder_and_everything_can_be_shown_flat(papers: House) -> None:
    year = make(papers, "2026")
    spring = make(papers, "Spring", year)
    for name, folder in (("offer A", None), ("offer B", year), ("offer C", spring), ("letter", spring)):
        papers.make("papers", {"name": name, "folder": folder})
    client = papers.client("north")
    assert rows(show(client, search="offer")) == ["offer A", "offer B", "offer C"]
    assert rows(show(client, search="offer", folder=year)) == ["offer B", "offer C"]
    assert rows(show(client, folder="all")) == ["letter", "offer A", "offer B", "offer C"]
    assert "2 rows" in client.get(f"/lists/papers/count?search=offer&folder={year}").text
    exported = client.get(f"/lists/papers/export?format=csv&folder={spring}")
    assert exported.status_code == 200
    names = [row[0] for row in csv.reader(io.StringIO(exported.text.lstrip("\ufeff")))]
    assert names[1:] == ["letter", "offer C"], "exactly what the page shows"


@pytest.mark.parametrize("folder", ["999999", "0", "-1", "x", "9" * 30, "1; drop"])
def test_a_folder_that_is_not_there_is_said_and_the_outside_is_shown(papers: House, folder: str) -> None:
    papers.make("papers", {"name": "plan"})
    page = show(papers.client("north"), folder=folder)
    assert "This folder is not there any more, or you may not see it." in page and rows(page) == ["plan"]


def test_a_lists_own_address_is_not_disturbed_by_folders_of_others(house: House) -> None:
    house.make_relation(name="Tatra")
    answer = house.client("north").get("/lists/relations?folder=7")
    assert answer.status_code == 200 and "Tatra" in answer.text and "not there any more" not in answer.text


def test_the_list_of_folders_is_not_offered_beside_its_list_and_leads_back_to_it(papers: House) -> None:
    client, year = papers.client("north"), make(papers, "2026")
    index = client.get("/lists").text
    assert 'href="/lists/papers"' in index and "papers_folders" not in index
    assert f"/lists/papers?folder={year}" in client.get(f"/lists/papers_folders/{year}").text


def test_the_api_makes_folders_and_says_by_which_lookup(house: House) -> None:
    api = house.api("admin")
    made = api.post("/api/v1/lists", json={"name": "papers", "folders": True})
    assert made.status_code == 201 and made.json["folders"] == "folder"
    assert api.get("/api/v1/lists/papers").json["folders"] == "folder"
    year = api.post("/api/v1/lists/papers_folders/items", json={"name": "2026"}).json["id"]
    inside = {"name": "Spring", "inside": year}
    assert api.post("/api/v1/lists/papers_folders/items", json=inside).status_code == 201
    refused = api.patch(f"/api/v1/lists/papers_folders/items/{year}", json={"inside": year}, headers={"If-Match": "*"})
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "inside"
    assert api.patch("/api/v1/lists/papers", json={"folders": None}).status_code == 200
    assert "folders" not in api.get("/api/v1/lists/papers").json


def test_a_row_added_in_quick_edit_lies_where_one_stands(papers: House) -> None:
    year = make(papers, "2026")
    client = papers.client("north")
    token = token_of(client.get(f"/lists/papers/grid?folder={year}").text)
    change = {"kind": "create", "key": "new-1", "cells": {"name": "typed"}}
    for address in (f"?folder={year}", ""):
        sent = {"batch": str(uuid.uuid4()), "changes": [change]}
        answer = client.post(f"/lists/papers/grid{address}", json=sent, headers={"X-CSRFToken": token})
        assert answer.status_code == 200, answer.text
    assert rows(show(client, folder=year)) == rows(show(client)) == ["typed"]
