"""Files on items: by form and API, checked by content, kept with versions, and given to who may read the item."""

from __future__ import annotations

import base64
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from house import House, token_of
from letters import word_file

from caseroom.libraries import collecting
from caseroom.lists import attaching, bins, items, query, schema
from caseroom.lists.errors import NotFound

PAPERS = {"name": "papers", "separation": "by_group", "settings": {"headline": ["name"]}, "columns": [
    {"name": "files", "type": "attachment", "title": {"en": "Files", "sk": "Súbory"}},
    {"name": "scan", "type": "attachment", "max": 1, "required": False},
    {"name": "bare", "type": "calculated", "formula": "ISBLANK(files)"},
]}  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
WORD = word_file("Attached")


@pytest.fixture
def papers(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, PAPERS)
    return house


def in_json(name: str, data: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(data).decode()}


def made(house: House, *files: dict[str, str], by: str = "north") -> Any:
    answer = house.api(by).post("/api/v1/lists/papers/items", json={"name": "Paper", "files": list(files)})
    assert answer.status_code == 201, answer.text
    return answer.json


def change(house: House, item: int, by: str = "north", **values: Any) -> Any:
    return house.api(by).patch(f"/api/v1/lists/papers/items/{item}", json=values, headers={"If-Match": "*"})


def test_the_api_takes_gives_and_keeps_files(papers: House) -> None:
    item = made(papers, in_json("a/b/Offer.docx", WORD), in_json("Plan.pdf", PDF))
    first, second = item["files"]
    assert (first["name"], second["type"], second["size"]) == ("Offer.docx", "application/pdf", len(PDF))
    api, path = papers.api("north"), f"/api/v1/lists/papers/items/{item['id']}"
    got = api.get(f"{path}/files/files/{second['id']}")
    assert got.data == PDF and "attachment" in got.headers["Content-Disposition"]
    assert "sandbox" in got.headers["Content-Security-Policy"]
    sent = api.post(f"{path}/files/files", data={"file": [(io.BytesIO(PDF), "More.pdf"), (io.BytesIO(WORD), "x.docx")]})
    assert [one["name"] for one in sent.json["files"]] == ["Offer.docx", "Plan.pdf", "More.pdf", "x.docx"]
    kept = change(papers, item["id"], files=[{"id": second["id"]}, in_json("New.pdf", PDF + b"\n")]).json
    assert [one["name"] for one in kept["files"]] == ["Plan.pdf", "New.pdf"] and kept["files"][0] == second
    history = api.get(f"{path}/versions").json["value"]
    assert history[0]["changes"][0]["old"][0] == first
    assert api.get(f"{path}/files/files/{first['id']}").data == WORD  # of an earlier version
    again = api.post(f"{path}/restore", json={"version": 1}).json
    assert again["files"] == item["files"] and again["bare"] is False
    assert change(papers, item["id"], files=[]).json["bare"] is True
    assert api.get("/api/v1/lists/papers/items?$filter=files eq null").json["value"][0]["id"] == item["id"]


@pytest.mark.parametrize("wild", [
    [in_json("x.exe", b"MZ\x90\x00" + bytes(200))], [in_json("x.pdf", WORD)], [in_json("x.pdf", b"")],
    [{"name": "x.pdf", "content": "***"}], [{"name": 5, "content": ""}], [{"content": "aGk="}], ["x"], "x", 5,
    [{"id": "0" * 32}], [{"sha256": "0" * 64, "name": "x", "id": "1"}], [{"id": {}}], [None], {"a": 1},
    [in_json("x.pdf", PDF) | {"sha256": "0" * 64}],
])  # fmt: skip
def test_what_is_no_file_is_refused_on_the_column(papers_once: House, wild: Any) -> None:
    answer = papers_once.api("north").post("/api/v1/lists/papers/items", json={"name": "x", "files": wild})
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["field"] == "files" and answer.json["errors"][0]["message"]


@pytest.fixture(scope="module")
def papers_once(shared_house: House) -> House:
    with shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, PAPERS)
    return shared_house


def test_files_are_taken_from_no_other_item_and_not_too_many(papers: House) -> None:
    item, other = made(papers, in_json("a.pdf", PDF)), made(papers)
    stolen = change(papers, other["id"], files=[item["files"][0]])
    assert stolen.status_code == 422 and stolen.json["errors"][0]["field"] == "files"
    assert change(papers, item["id"], files=[{"id": item["files"][0]["id"]}] * 2).status_code == 422
    assert change(papers, item["id"], scan=[in_json("a.pdf", PDF), in_json("b.pdf", PDF)]).status_code == 422


def test_who_may_not_read_the_item_gets_no_file(papers: House) -> None:
    item = made(papers, in_json("a.pdf", PDF), by="south")
    for path in (f"/api/v1/lists/papers/items/{item['id']}/files/files/", f"/lists/papers/{item['id']}/files/files/"):
        asked = [papers.client(who).get(path + item["files"][0]["id"]) if path.startswith("/lists") else
                 papers.api(who).get(path + item["files"][0]["id"]) for who in ("south", "north", "admin")]  # fmt: skip
        assert [one.status_code for one in asked] == [200, 404, 200]
        for wrong in ("0" * 32, "..", "x" * 300):
            assert (
                papers.api("south").get(f"/api/v1/lists/papers/items/{item['id']}/files/files/{wrong}").status_code
                == 404
            )
    assert papers.api("south").get(f"/api/v1/lists/papers/items/{item['id']}/files/name/x").status_code == 404


def test_a_form_takes_them_and_keeps_them_when_it_comes_back(papers: House) -> None:
    browser = papers.client("north")
    page = browser.get("/lists/papers/new").text
    assert 'enctype="multipart/form-data"' in page and 'name="files-new"' in page
    token = token_of(page)
    group = papers.groups["North"]
    refused = browser.post("/lists/papers/new", data={
        "csrf_token": token, "name": "", "sales_group": group, "files-new": (io.BytesIO(PDF), "Plan.pdf")})  # fmt: skip
    assert refused.status_code == 422 and "Plan.pdf" in refused.text
    kept = re.search(r'name="files" value="([^"]+)" checked', refused.text)
    assert kept
    bad = browser.post("/lists/papers/new", data={
        "csrf_token": token, "name": "Paper", "files": kept[1],
        "files-new": (io.BytesIO(b"MZ" + bytes(99)), "y.exe")})  # fmt: skip
    assert bad.status_code == 422 and "Plan.pdf" in bad.text and "Paper" in bad.text
    saved = browser.post("/lists/papers/new", data={"csrf_token": token, "name": "Paper", "files": kept[1]})
    assert saved.status_code == 303, saved.text
    shown = browser.get(saved.location).text
    href = re.search(r'href="(/lists/papers/\d+/files/files/\w+)"', shown)
    assert href and browser.get(href[1]).data == PDF
    item = int(saved.location.rsplit("/", 1)[1].split("?")[0])
    form = {"csrf_token": token, "name": "Paper", "version": "1"}
    assert browser.post(f"/lists/papers/{item}/edit", data={**form, "files": "forged.token.x"}).status_code == 422
    assert browser.post(f"/lists/papers/{item}/edit", data=form).status_code == 303
    with papers.read("north") as (session, actor):
        assert query.get(session, actor, "papers", item)["files"] is None


def test_blobs_stay_as_long_as_an_item_or_a_version_names_them(papers: House) -> None:
    item = made(papers, in_json("a.pdf", PDF))
    sha256 = item["files"][0]["sha256"]
    change(papers, item["id"], files=[])
    with papers.write("north") as (session, actor):
        items.delete(session, actor, "papers", item["id"], version=None)
    papers.api("north").post("/api/v1/lists/papers/items", json={"name": 5, "files": [in_json("b.pdf", PDF + b" ")]})
    collecting.collect(papers.home, grace=timedelta(0))
    with papers.home.database.read() as session:
        assert sha256 in collecting.referenced(session)
    assert papers.home.blobs.exists(sha256) and list(collecting.findings(papers.home)) == []
    with papers.read("north") as (session, actor), pytest.raises(NotFound):
        attaching.get(session, actor, "papers", item["id"], "files", item["files"][0]["id"])


def test_files_stay_while_their_column_or_list_is_in_the_bin(papers: House) -> None:
    item = change(papers, made(papers, in_json("a.pdf", PDF))["id"], scan=[in_json("b.pdf", PDF + b"\n")]).json
    hashes = [item[name][0]["sha256"] for name in ("files", "scan")]
    with papers.write("admin") as (session, actor):
        bins.delete_column(session, actor, "papers", "scan")
        bins.delete_list(session, actor, "papers")
    collecting.collect(papers.home, grace=timedelta(0))
    assert [papers.home.blobs.exists(sha256) for sha256 in hashes] == [True, True]
