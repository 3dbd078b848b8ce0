"""Programs import as administrators do on pages: a file, a proposal, a trial, the import, its refusals, its undoing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from house import Browser, House

from caseroom.lists import filters, imports, query
from caseroom.lists.catalogue import definition
from caseroom.lists.rights import PROGRAM
from caseroom.portal import imports as reading
from caseroom.portal.checking import findings

TABLE = (
    "Kód;Firma;E-mail;Mesto;Hlavná činnosť\n"
    "A1;Alfa;a@alfa.test;Nitra;Oceľ\nB2;Beta;nonsense;;Drevo\nC3;Gama;also nonsense;;Oceľ\n"
)
UPLOAD = "/api/v1/lists/relations/imports"
BY_KEY = {"columns": {"name": "a", "external_id": "b"}}


@pytest.fixture
def admin(house: House) -> Browser:
    return house.api("admin")


def upload(client: Browser, text: str | bytes, name: str = "firms.csv", address: str = UPLOAD) -> Any:
    data = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return client.post(address, data={"file": (data, name)})


def begun(client: Browser, text: str = "a;b\nAlfa;1\nBeta;2\n") -> str:
    """The address of a new import."""
    answer = upload(client, text)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def work(house: House) -> None:
    """What a worker does until nothing is left."""
    for _ in range(100):
        if not reading.step(house.home):
            return
    raise AssertionError("the worker finds no end")


def firms(house: House) -> int:
    with house.home.database.read() as session:
        return query.count(session, PROGRAM, "relations").number


def test_a_file_is_uploaded_tried_imported_read_about_undone_and_forgotten(house: House, admin: Browser) -> None:
    answer = upload(admin, TABLE)
    assert answer.status_code == 201
    here, proposal = answer.headers["Location"], answer.json["proposal"]
    assert answer.json["import"]["state"] == "new" and answer.json["import"]["rows"] == 3
    assert proposal["columns"][1] == {"name": "Firma", "sample": ["Alfa", "Beta", "Gama"]}
    assert proposal["mapping"]["columns"]["name"] == {"from": "Firma"} and proposal["remembered"] is None
    assert proposal["mapping"]["match"] == ["external_id"] and "address.city" in proposal["targets"]
    assert admin.get(f"{here}/proposal").json == proposal
    mapping = proposal["mapping"]
    mapping["columns"]["main_activity"]["create"] = True
    tried = admin.post(f"{here}/start", json={"mapping": mapping, "dry_run": True, "remember_as": "From the ERP"})
    assert tried.status_code == 202 and tried.json["state"] == "trying"
    work(house)
    stands = admin.get(here).json
    assert (stands["state"], stands["tried"]["created"], stands["tried"]["refused"]) == ("tried", 1, 2)
    assert stands["refused"] == 2 and firms(house) == 0
    assert admin.post(f"{here}/start").json["state"] == "running"
    work(house)
    stands = admin.get(here).json
    assert (stands["state"], stands["counts"]["created"], stands["done"]) == ("done", 1, 3)
    assert stands["by"]["title"] == "Admin Person" and stands["ended"]
    first = admin.get(f"{here}/refused?top=1").json
    assert first["about"] == "import" and first["value"] == [{
        "row": 3, "list": "relations", "item": None, "column": "email", "value": "nonsense",
        "reason": "“nonsense” is not an e-mail address.",
    }]  # fmt: skip
    second = admin.get(f"{here}/refused?top=1&after={first['next']}").json
    assert second["value"][0]["row"] == 4 and "next" not in second
    assert admin.delete(here).status_code == 409 and "Undo it first" in admin.delete(here).text
    assert admin.post(f"{here}/undo").json["state"] == "undoing"
    work(house)
    assert admin.get(here).json["state"] == "undone" and firms(house) == 0
    assert admin.post(f"{here}/undo").status_code == 409
    assert [one["state"] for one in admin.get(UPLOAD).json["value"]] == ["undone"]
    assert admin.delete(here).status_code == 204 and admin.get(here).status_code == 404
    again = upload(admin, TABLE).json["proposal"]["remembered"]
    assert again["name"] == "From the ERP" and again["mapping"] == mapping
    assert list(findings(house.home)) == []


def test_it_may_begin_without_a_trial_and_update_what_stands(house: House, admin: Browser) -> None:
    for text, outcome in (("a;b\nAlfa;1\n", "created"), ("a;b\nOmega;1\n", "updated"), ("a;b\nOmega;1\n", "unchanged")):
        here = begun(admin, text)
        assert admin.post(f"{here}/start", json={"mapping": BY_KEY}).status_code == 202
        work(house)
        assert admin.get(here).json["counts"][outcome] == 1
    refused = begun(admin, "a;b\nNew;9\n")
    admin.post(f"{refused}/start", json={"mapping": {**BY_KEY, "missing": "refuse"}})
    work(house)
    assert admin.get(f"{refused}/refused").json["value"][0]["reason"] == "There is no item with this key: 9."
    assert firms(house) == 1


def test_what_an_undoing_leaves_is_told_item_by_item(house: House, admin: Browser) -> None:
    here = begun(admin)
    admin.post(f"{here}/start", json={"mapping": BY_KEY})
    work(house)
    with house.write("north") as (session, _actor):
        alfa = query.find(session, PROGRAM, "relations", filters.where(external_id="1"))
        assert alfa is not None
    assert admin.patch(
        f"/api/v1/lists/relations/items/{alfa.id}", json={"web": "alfa.test"}, headers={"If-Match": "*"}
    ).status_code == 200  # fmt: skip
    admin.post(f"{here}/undo", json={"columns": True})
    work(house)
    told = admin.get(f"{here}/refused").json
    assert told["about"] == "undo" and (told["value"][0]["item"], told["value"][0]["row"]) == (alfa.id, None)
    assert admin.get(here).json["undone"] == {"removed": 1, "put_back": 0, "kept": 1}


def test_one_that_is_stopped_goes_on_and_one_under_way_is_not_forgotten(house: House, admin: Browser) -> None:
    here = begun(admin)
    admin.post(f"{here}/start", json={"mapping": BY_KEY})
    assert admin.delete(here).status_code == 409
    assert admin.post(f"{here}/start", json={"mapping": BY_KEY}).status_code == 409
    assert admin.post(f"{here}/stop").json["state"] == "stopped"
    work(house)
    assert firms(house) == 0 and admin.post(f"{here}/stop").status_code == 409
    assert admin.post(f"{here}/start").json["state"] == "running"
    work(house)
    assert firms(house) == 2
    assert admin.post(f"{here}/start", json={"mapping": BY_KEY}).status_code == 409


def test_another_import_never_takes_the_rows_of_one_that_is_gone(
    house: House, admin: Browser, monkeypatch: Any
) -> None:
    """SQLite gives the number of a deleted row again; the worker has its rows in memory still."""
    monkeypatch.setattr(reading, "SECONDS_OF_A_TURN", 0)
    here = begun(admin, "a;b\nOld;1\n")
    admin.post(f"{here}/start", json={"mapping": {"columns": {"name": "a", "external_id": "b"}, "missing": "refuse"}})
    assert reading.step(house.home)
    admin.post(f"{here}/stop")
    assert admin.delete(here).status_code == 204
    other = begun(admin, "a;b\nFresh;2\n")
    admin.post(f"{other}/start", json={"mapping": BY_KEY})
    monkeypatch.setattr(reading, "SECONDS_OF_A_TURN", 1)
    work(house)
    with house.home.database.read() as session:
        assert [item.title for item in query.page(session, PROGRAM, "relations").items] == ["Fresh"]


def test_a_trial_whose_import_is_deleted_meanwhile_ends_quietly(house: House) -> None:
    with house.write("admin") as (session, actor):
        made = imports.new(session, actor, "relations", "a.csv", rows_sha256="0" * 64, header=["a"], total=1)
        imports.delete(session, actor, made.id)
        imports.tried(session, made.id, {"created": 1}, [])
        imports.fail(session, made.id, imports.Stopped("gone"))
        with pytest.raises(imports.Stopped):
            imports.must_go_on(session, made.id)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ([], "A mapping is an object"),
        ("x", "A mapping is an object"),
        ({}, "A step names a list, a file and its columns."),
        ({"columns": {"name": "zzz"}, "match": ["name"]}, "has no column “zzz”"),
        ({"columns": {"nothing": "a"}, "match": ["nothing"]}, "has no column nothing"),
        ({"columns": {"name": "a"}}, "matches by external_id"),
        ({"columns": {"name": "a"}, "match": 5}, "“match” is a column's name"),
        ({"columns": {"name": "a"}, "match": [[]]}, "“match” is a column's name"),
        ({"columns": {"created": "a"}, "match": ["created"]}, "cannot be matched by created"),
        ({"columns": {"address": {"parts": {"city": "a"}}}, "match": ["address"]}, "cannot be matched by address"),
        ({"columns": {"name": {"from": 5}}, "match": ["name"]}, "“from” is a source column"),
        ({"columns": {"name": {"from": "a", "nonsense": 1}}, "match": ["name"]}, "“nonsense” is unknown"),
        ({"columns": {"name": {"from": "a", "values": []}}, "match": ["name"]}, "“values” is a table"),
        ({"columns": {"name": {"from": "a", "values": {"x": {}}}}, "match": ["name"]}, "“values” is a table"),
        ({"columns": {"name": {"from": "a", "date": "%d %d"}}, "match": ["name"]}, "does not say how a date"),
        ({"columns": {"name": {"from": "a", "date": "%Q"}}, "match": ["name"]}, "does not say how a date"),
        ({"columns": {"name": {"constant": {"a": 1}}}, "match": ["name"]}, "“constant” is a text"),
        ({"columns": {"name": {"from": "a", "join": 1}}, "match": ["name"]}, "“join” is a text"),
        ({"columns": {"name": {"parts": 1}}, "match": ["name"]}, "“parts” is a table"),
        ({"columns": {"parent": {"from": "a", "lookup": "nope"}}, "match": ["parent"]}, "cannot be found by “nope”"),
        ({"columns": {"parent": {"from": "a", "lookup": "owner"}}, "match": ["parent"]}, "cannot be found by “owner”"),
        ({"columns": {"parent": {"from": "a", "create": 5}}, "match": ["parent"]}, "“create” is true, false"),
        ({**BY_KEY, "existing": []}, "“existing” is update or keep"),
        ({**BY_KEY, "join": {"file": "/etc/passwd", "on": "a"}}, "has no “join” here"),
        ({**BY_KEY, "list": "owners"}, "has no “list” here"),
    ],
)  # fmt: skip
def test_a_mapping_that_fits_neither_file_nor_list_is_refused_in_words(
    shared_house: House, mapping: Any, words: str
) -> None:
    admin = shared_house.api("admin")
    here = begun(admin)
    for dry in (True, False):
        answer = admin.post(f"{here}/start", json={"mapping": mapping, "dry_run": dry})
        assert answer.status_code == 422 and words in answer.json["detail"], answer.text
    assert admin.get(here).json["state"] == "new" and admin.get(here).json["mapping"] is None


def test_a_mapping_that_is_odd_and_sound_refuses_rows_and_no_more(shared_house: House) -> None:
    admin = shared_house.api("admin")
    with shared_house.home.database.read() as session:
        names = [column.name for column in definition(session, "cases").own_columns if column.type.target != "users"]
    odd: list[Any] = [True, 5, 1e300, -1, [], ["x", 1], "x" * 5000, "☃", 10**30]
    for place, name in enumerate(names):
        here = upload(admin, "a;b\nx;1\n", address="/api/v1/lists/cases/imports").headers["Location"]
        column = {"constant": odd[place % len(odd)], "from": "b", "create": True}
        mapping = {"columns": {"external_id": "a", name: column}}
        answer = admin.post(f"{here}/start", json={"mapping": mapping, "dry_run": True})
        assert answer.status_code == 202, answer.text
        work(shared_house)
        assert admin.get(here).json["state"] == "tried", (name, admin.get(here).text)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.exe", b"MZ", "Choose a table"),
        ("a.csv", b"", "is empty"),
        ("a.xlsx", b"no workbook", "is damaged or no workbook"),
        ("a.vcf", b"BEGIN:VCARD\n", "has no end"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    shared_house: House, name: str, data: bytes, words: str
) -> None:
    answer = upload(shared_house.api("admin"), data, name)
    assert answer.status_code == 422 and words in answer.json["errors"][0]["message"]
    assert answer.json["errors"][0]["field"] == "file"


def test_requests_that_make_no_sense_are_refused_each_in_its_way(shared_house: House) -> None:
    house, admin = shared_house, shared_house.api("admin")
    here = begun(admin)
    assert upload(admin, "a\n1\n", address="/api/v1/lists/nothing/imports").status_code == 404
    assert admin.post(UPLOAD, json={}).status_code == 415
    assert admin.post(UPLOAD, data={"other": "x"}, content_type="multipart/form-data").status_code == 422
    house.app.config["MAX_CONTENT_LENGTH"] = 1000
    assert upload(admin, "a;b\n" + "x;1\n" * 1000).status_code == 413
    house.app.config["MAX_CONTENT_LENGTH"] = None
    for body in (b"[]", b"{", b'"x"', b'{"mapping": 1e999}', b"\xff"):
        sent = {"data": body, "content_type": "application/json"}
        assert admin.post(f"{here}/start", **sent).status_code == 422, body
    for given in ({"dry_run": 1}, {"remember_as": 5}, {"remember_as": "x" * 101}, {"nonsense": 1}):
        assert admin.post(f"{here}/start", json=given).status_code == 422, given
    for given in ({}, {"dry_run": True}):
        answer = admin.post(f"{here}/start", json=given)
        assert answer.status_code == 409 and "no mapping yet" in answer.json["detail"]
    assert admin.post(f"{here}/undo").status_code == 409
    for asked in ("top=0", "top=1001", "top=x", "after=-1", f"after={10**30}", "top=", "top=²"):
        assert admin.get(f"{here}/refused?{asked}").status_code == 422, asked
    assert admin.get(f"{UPLOAD}?before=x").status_code == 422
    for number in (0, 99999, 2**31, 10**30):
        assert admin.get(f"/api/v1/imports/{number}").status_code == 404
        assert admin.post(f"/api/v1/imports/{number}/start").status_code == 404


def test_only_administrators_import_and_nobody_else_learns_which_imports_there_are(shared_house: House) -> None:
    here, north = begun(shared_house.api("admin")), shared_house.api("north")
    assert upload(north, "a\n1\n").status_code == 403
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/undo"), ("DELETE", ""), ("GET", "/refused")):
        there = north.open(f"{here}{path}", method=method)
        missing = north.open(f"/api/v1/imports/99999{path}", method=method)
        assert there.status_code == missing.status_code == 403 and there.text == missing.text
    assert shared_house.client().get(here).status_code == 401


def test_answers_fit_their_description(shared_house: House) -> None:
    from jsonschema import Draft202012Validator

    admin = shared_house.api("admin")
    described = admin.get("/api/v1/openapi.json").json
    made = upload(admin, TABLE)
    here = made.headers["Location"]
    admin.post(f"{here}/start", json={"mapping": made.json["proposal"]["mapping"], "dry_run": True})
    work(shared_house)
    for path, method, status, given in (
        ("/api/v1/lists/{name}/imports", "post", 201, made.json),
        ("/api/v1/lists/{name}/imports", "get", 200, admin.get(UPLOAD).json),
        ("/api/v1/imports/{number}", "get", 200, admin.get(here).json),
        ("/api/v1/imports/{number}/proposal", "get", 200, admin.get(f"{here}/proposal").json),
        ("/api/v1/imports/{number}/refused", "get", 200, admin.get(f"{here}/refused?top=1").json),
    ):
        schema = described["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
        whole = {**schema, "components": described["components"]}
        assert [error.message for error in Draft202012Validator(whole).iter_errors(given)] == [], json.dumps(given)
