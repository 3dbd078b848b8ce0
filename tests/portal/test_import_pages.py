"""Administrators import on pages: a file, its columns, a trial, the import in the background, its undoing."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from house import House, token_of
from sqlalchemy import select

from caseroom.lists import filters, importing, imports, query
from caseroom.lists.catalogue import definition
from caseroom.lists.rights import PROGRAM
from caseroom.portal import imports as reading
from caseroom.portal.checking import findings

TABLE = (
    "Č. zákazníka;Kód;Firma;E-mail;Mesto;Krajina;Hlavná činnosť\n"
    "1;A1;Alfa;a@alfa.test;Nitra;Slovensko;Oceľ\n"
    "2;B2;Beta;nonsense;;Poľsko;Drevo\n3;C3;Gama;g@gama.test;;;Oceľ\n"
)


def work(house: House) -> None:
    """What a worker does until nothing is left."""
    for _ in range(100):
        if not reading.step(house.home):
            return
    raise AssertionError("the worker finds no end")


class Importer:
    """An administrator's browser at the imports of companies."""

    def __init__(self, house: House) -> None:
        self.house, self.client = house, house.client("admin")

    def post(self, address: str, **form: Any) -> Any:
        token = token_of(self.client.get("/lists/relations/imports").text)
        return self.client.post(address, data={"csrf_token": token, **form})

    def upload(self, text: str | bytes, name: str = "firms.csv", list_name: str = "relations") -> str:
        data = io.BytesIO(text.encode() if isinstance(text, str) else text)
        answer = self.post(f"/lists/{list_name}/imports", file=(data, name))
        assert answer.status_code == 303, answer.text
        return answer.location

    def form(self, address: str) -> dict[str, Any]:
        """What the mapping's form sends as it stands."""
        page = self.client.get(address).text
        main = page[page.index('id="mapping"') :]
        sent: dict[str, Any] = {}
        choices = r'<select class="input"[^>]* name="([^"]+)".*?>(<option.*?)</select>'
        for name, options in re.findall(choices, main, re.S):
            chosen = re.search(r'<option value="([^"]*)" selected', options)
            sent[name] = chosen[1] if chosen else ""
        for name, value in re.findall(r'<input type="(?:checkbox|radio)" name="([^"]+)" value="([^"]*)" checked', main):
            sent.setdefault(name, []).append(value)
        return sent


def test_a_file_is_uploaded_proposed_tried_imported_and_undone(shared_house):
    house = shared_house
    importer = Importer(house)
    before = rows(house)
    mapping = importer.upload(TABLE)
    form = importer.form(mapping)
    assert form["from.name"] == "Firma" and form["from.external_id"] == "Kód" and form["match"] == ["external_id"]
    assert form["from.address.city"] == "Mesto" and form["from.main_activity"] == "Hlavná činnosť"
    assert "Alfa · Beta · Gama" in importer.client.get(mapping).text
    here = importer.post(mapping, **form, **{"create.main_activity": "1"}).location
    assert "Finding out" in importer.client.get(here).text
    work(house)
    page = importer.client.get(here).text
    assert "All rows were tried" in page and "nonsense" in page and "is not an e-mail address" in page
    assert rows(house) == before
    assert importer.post(f"{here}/start").status_code == 303
    assert "0 of 3 rows are read" in importer.client.get(here).text
    work(house)
    with house.home.database.read() as session:
        alfa = query.find(session, PROGRAM, "relations", filters.where(external_id="A1"))
        assert alfa is not None and alfa["address"] == {"city": "Nitra", "country": "SK"}
    told = importer.client.get(f"{here}/refused.csv").text.splitlines()
    assert told[0] == "Row,Column,Value,Reason"
    assert told[1] == "3,E-mail,nonsense,“nonsense” is not an e-mail address."
    assert importer.post(f"{here}/undo").status_code == 303
    work(house)
    assert rows(house) == before and "undone" in importer.client.get(here).text
    assert importer.post(f"{here}/undo").status_code == 409
    assert list(findings(house.home)) == []


def rows(house: House) -> list[Any]:
    with house.home.database.read() as session:
        kinds = [definition(session, name).table for name in ("relations", "main_activities")]
        return [
            [row[1:] for row in session.execute(select(one).where(one.c.deleted.is_(None)).order_by(one.c.id))]
            for one in kinds
        ]


def test_a_mapping_is_remembered_for_the_next_file_with_these_columns(house):
    importer = Importer(house)
    first = importer.upload("a;b\nAlfa;1\n")
    wanted = {"from.name": "a", "from.external_id": "b", "match": "external_id", "remember-as": "From the ERP"}
    importer.post(first, **wanted, mode="both")
    second = importer.upload("b;a\n2;Beta\n", "later.csv")
    page = importer.client.get(second).text
    assert "From the ERP" in page and importer.form(second)["from.name"] == "a"
    assert importer.form(f"{second}?anew=1").get("from.name") == ""
    with house.home.database.read() as session:
        (kept,) = imports.mappings(session, PROGRAM, definition(session, "relations").id)
    address = f"/lists/relations/import-mappings/{kept.id}"
    assert importer.post(address, name=" ").status_code == 422
    assert importer.post(address, name="Ours").status_code == 303
    assert 'value="Ours"' in importer.client.get("/lists/relations/imports").text
    assert importer.post(address, delete="1").status_code == 303
    assert importer.post(address, delete="1").status_code == 404


def test_the_words_of_a_program_stay_in_a_mapping_that_is_tried_on_its_page(house):
    importer = Importer(house)
    first = importer.upload("a;b;c\nAlfa;1;x\n")
    number = first.split("/")[2]
    columns = {
        "name": {"from": ["a", "b"], "join": "-"}, "external_id": "b", "web": {"constant": "https://k.test"},
        "tags": {"from": "c", "split": "+", "values": {"x": "new+old"}},
    }  # fmt: skip
    given = {"mapping": {"columns": columns, "match": ["external_id"]}, "dry_run": True}
    assert house.api("admin").post(f"/api/v1/imports/{number}/start", json=given).status_code == 202
    work(house)
    page, form = importer.client.get(first).text, importer.form(first)
    assert "as it is: a + b" in page and "https://k.test" in page and form["from.external_id"] == "b"
    assert importer.post(first, **form).status_code == 303
    work(house)
    kept = house.api("admin").get(f"/api/v1/imports/{number}").json["mapping"]["columns"]
    for name in ("name", "web", "tags"):
        assert columns[name].items() <= kept[name].items(), name
    assert importer.client.get(importer.upload("a;b;c\nBeta;2;y\n", "later.csv")).status_code == 200


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Say of at least one column"),
        ({"from.name": "a", "mode": "both"}, "Tick by what items are found again"),
        ({"from.name": "zzz", "mode": "create"}, "The file has no column “zzz”"),
        ({"from.name": "a", "match": "web", "mode": "both"}, "say where it comes from"),
    ],
)
def test_a_mapping_that_says_too_little_is_refused_and_what_was_chosen_stays(house, form, words):
    importer = Importer(house)
    mapping = importer.upload("a;b\nAlfa;1\n")
    answer = importer.post(mapping, **form)
    assert answer.status_code == 422 and words in answer.text
    if form.get("from.name") == "a":
        assert '<option value="a" selected>' in answer.text


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.exe", b"MZ", "Choose a table"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"a;b\n1;\0\n", "zero byte"),
        ("a.xlsx", b"no workbook", "is damaged or no workbook"),
        ("a.vcf", b"BEGIN:VCARD\n", "has no end"),
        ("a.ics", b"BEGIN:VEVENT\nDTSTART:no\nEND:VEVENT\n", "is broken"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(house, name, data, words):
    importer = Importer(house)
    answer = importer.post("/lists/relations/imports", file=(io.BytesIO(data), name))
    assert answer.status_code == 422 and words in answer.text


def test_while_another_large_file_is_read_a_second_one_is_refused_in_words(house, monkeypatch):
    importer = Importer(house)
    monkeypatch.setattr(reading, "SECONDS_OF_WAITING", 0.05)
    with reading._reading:
        answer = importer.post("/lists/relations/imports", file=(io.BytesIO(b"a;b\n1;2\n"), "a.csv"))
    assert answer.status_code == 422 and "Another large file is being read just now" in answer.text
    assert importer.upload("a;b\n1;2\n")


def test_only_administrators_see_imports_and_nobody_else_learns_which_there_are(house):
    number = Importer(house).upload("a;b\nAlfa;1\n").split("/")[2]
    north = house.client("north")
    there, missing = north.get(f"/imports/{number}"), north.get("/imports/9")
    assert there.status_code == missing.status_code == 403
    assert there.text.replace(f"/imports/{number}", "/imports/9") == missing.text
    assert north.get("/lists/relations/imports").status_code == 403
    assert Importer(house).client.get("/imports/9999").status_code == 404


def test_an_import_that_is_stopped_goes_on_where_it_was_and_so_does_one_whose_worker_was_killed(house, monkeypatch):
    importer = Importer(house)
    text = "b;a\n" + "".join(f"{one};Firm {one}\n" for one in range(1, 1001))
    mapping = importer.upload(text)
    wanted = {"from.name": "a", "from.external_id": "b", "match": "external_id", "mode": "both"}
    here = importer.post(mapping, **wanted).location
    work(house)
    importer.post(f"{here}/start")
    monkeypatch.setattr(reading, "SECONDS_OF_A_TURN", 0)
    number = int(here.split("/")[-1])
    with house.home.database.read() as session:
        prepared = reading._prepared(house.home, session.get_one(imports.Import, number), "relations")
    importing.Importing(house.home.database.write, PROGRAM, house.home.database, number, prepared).portion()
    page = importer.client.get(here).text
    assert "200 of 1000 rows are read" in page
    importer.post(f"{here}/stop")
    assert not reading.step(house.home) and "stopped" in importer.client.get(here).text
    importer.post(f"{here}/start")
    reading._begun.clear()  # as after a kill: nothing is in memory
    monkeypatch.setattr(reading, "SECONDS_OF_A_TURN", 1)
    work(house)
    with house.home.database.read() as session:
        done = session.get_one(imports.Import, number)
        assert (done.state, done.counts["created"], done.counts["refused"]) == ("done", 1000, 0)
        assert query.count(session, PROGRAM, "relations").number == 1000
    assert list(findings(house.home)) == []


def test_an_import_is_deleted_after_a_question_but_not_while_it_could_be_undone(house):
    importer = Importer(house)
    mapping = importer.upload("b;a\n1;Firm\n")
    here = importer.post(mapping, **{"from.name": "a", "from.external_id": "b", "match": "external_id"}).location
    work(house)
    importer.post(f"{here}/start")
    work(house)
    ask = f"{here}/delete"
    assert f'href="{ask}"' in importer.client.get(here).text
    page = importer.client.get(ask).text
    assert "Undo it first; without it they could not be taken back." in page and f'action="{ask}"' not in page
    assert importer.post(ask).status_code == 409 and importer.client.get(here).status_code == 200
    importer.post(f"{here}/undo")
    work(house)
    page = importer.client.get(ask).text
    assert f'action="{ask}"' in page and "No item changes." in page
    answer = importer.post(ask)
    assert (answer.status_code, answer.location) == (303, "/lists/relations/imports")
    assert "The import is deleted." in importer.client.get("/lists/relations/imports").text
    assert importer.client.get(here).status_code == 404
    assert house.client("north").get(ask).status_code == 403


def test_contacts_come_from_vcards_and_a_list_tells_its_imports(house):
    card = "BEGIN:VCARD\nVERSION:4.0\nUID:u1\nN:Novák;Ján;;;\nFN:Ján Novák\nEMAIL:jan@alfa.test\nORG:Alfa\nEND:VCARD\n"
    importer = Importer(house)
    mapping = importer.upload(card, "people.vcf", "contacts")
    form = importer.form(mapping)
    assert form["from.surname"] == "Surname" and form["from.company"] == "Organisation"
    here = importer.post(mapping, **form, **{"create.company": "1"}).location
    work(house)
    importer.post(f"{here}/start")
    work(house)
    with house.home.database.read() as session:
        found = query.find(session, PROGRAM, "contacts", filters.where(external_id="u1"))
        assert found is not None and found["company"].title == "Alfa" and found.title == "Ján Novák"
    for address in (f"{here}?after={10**30}", f"/imports?before=-{10**30}", "/imports?before=x"):
        assert importer.client.get(address).status_code == 200
    for address in ("/imports", "/lists/contacts/imports"):
        assert "people.vcf" in importer.client.get(address).text
    assert "people.vcf" not in importer.client.get("/lists/relations/imports").text
