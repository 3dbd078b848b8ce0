"""Documents over the API and the pages: uploads, downloads, check-out, templates, and what others must not see."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docx
import memory
import pytest
from house import Answer, Browser, House, token_of

from caseroom.libraries import documents
from caseroom.libraries.house_templates import build
from caseroom.lists import changelog, items, query
from caseroom.lists.catalogue import definition
from caseroom.lists.models import User
from caseroom.lists.rights import PROGRAM

FILES = "/api/v1/libraries/documents/files"


def pdf(text: str) -> bytes:
    return f"%PDF-1.4\n% {text}\n%%EOF\n".encode()


def word(text: str) -> bytes:
    """A real Word file that says `text`."""
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def send(client: Browser, content: bytes, name: str = "Offer.pdf", **columns: Any) -> Answer:
    return client.post(FILES, data={"file": (io.BytesIO(content), name), **columns})


@pytest.fixture
def north(house: House) -> Browser:
    return house.api("north")


def test_the_api_takes_a_file_and_gives_it_back(house: House, north: Browser) -> None:
    case = house.make_case()
    made = send(north, word("hello"), "Návrh č. 1.docx", case=case.id, description="about it")
    assert made.status_code == 201, made.text
    item = made.json
    assert item["name"] == "Návrh č. 1" and item["case"]["id"] == case.id and item["description"] == "about it"
    assert item["file_version"] == "1.0" and "sha256" not in item and "content_text" not in item
    got = north.get(f"{FILES}/{item['id']}/content")
    assert got.data == word("hello") or got.data[:2] == b"PK"
    assert got.headers["Content-Disposition"] == (
        f"attachment; filename=\"N_vrh _. 1.docx\"; filename*=UTF-8''{quote('Návrh č. 1.docx')}"
    )
    assert got.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in got.headers["Content-Security-Policy"]
    assert got.mimetype == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "documents", item["id"])["content_text"] == "hello"


def test_ranges_and_conditions_are_answered(house: House, north: Browser) -> None:
    content = pdf("0123456789")
    address = f"{FILES}/{send(north, content).json['id']}/content"
    whole = north.get(address)
    tag = whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes" and whole.content_length == len(content)
    part = north.get(address, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.data) == (206, content[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(content)}"
    assert north.get(address, headers={"Range": "bytes=-5"}).data == content[-5:]
    assert north.get(address, headers={"Range": "bytes=5-"}).data == content[5:]
    assert north.get(address, headers={"Range": "bytes=5-9999"}).data == content[5:]
    beyond = north.get(address, headers={"Range": "bytes=9999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    assert north.get(address, headers={"Range": "nonsense"}).data == content
    assert north.get(address, headers={"Range": "bytes=0-1,4-5"}).data == content
    assert north.get(address, headers={"Range": "bytes=0-3", "If-Range": tag}).status_code == 206
    assert north.get(address, headers={"Range": "bytes=0-3", "If-Range": '"other"'}).data == content
    assert north.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert north.get(address, headers={"If-Match": '"other"'}).status_code == 412
    head = north.head(address)
    assert (head.status_code, head.data, head.content_length, head.headers["ETag"]) == (200, b"", len(content), tag)


def test_a_save_names_what_it_saw(house: House, north: Browser) -> None:
    item = send(north, pdf("one")).json
    address = f"{FILES}/{item['id']}/content"
    tag = north.get(address).headers["ETag"]
    assert north.put(address, data=pdf("two")).status_code == 428
    saved = north.put(address, data=pdf("two"), headers={"If-Match": tag})
    assert saved.status_code == 200 and saved.json["file_version"] == "2.0"
    assert saved.headers["ETag"] == north.get(address).headers["ETag"] != tag
    assert north.put(address, data=pdf("mine"), headers={"If-Match": tag}).status_code == 412
    assert north.put(address, data=pdf("mine"), headers={"If-Match": item["@odata.etag"]}).status_code == 412
    assert north.put(address, data=pdf("three"), headers={"If-Match": saved.json["@odata.etag"]}).status_code == 200
    assert north.put(address, data=pdf("four"), headers={"If-Match": "*"}).status_code == 200
    for odd in ('""', '"", W/"1"', '"nothing"'):
        assert north.put(address, data=pdf("odd"), headers={"If-Match": odd}).status_code == 412, odd
    refused = north.put(address, data=b"MZ" + b"x" * 300, headers={"If-Match": "*"})
    assert refused.status_code == 422 and "Offer.pdf" in refused.json["detail"]
    assert north.put(address, data=b"", headers={"If-Match": "*"}).status_code == 422
    assert north.get(address).data == pdf("four")
    assert [entry["number"] for entry in north.get(f"{FILES}/{item['id']}/versions").json["value"]] == [
        "4.0", "3.0", "2.0", "1.0",
    ]  # fmt: skip
    assert north.get(f"{address}?version=2.0").data == pdf("two")


def test_who_has_it_checked_out_is_named_to_the_others(house: House, north: Browser) -> None:
    item, both = send(north, pdf("one")).json, house.api("both")
    base = f"{FILES}/{item['id']}"
    assert north.post(f"{base}/checkout").status_code == 200
    assert north.post(f"{base}/checkout").status_code == 409
    for refused in (
        both.put(f"{base}/content", data=pdf("b"), headers={"If-Match": "*"}),
        both.post(f"{base}/checkout"), both.post(f"{base}/checkin"), both.post(f"{base}/discard"),
        both.post(f"{base}/publish"), both.post(f"{base}/versions/1.0/restore"),
        both.patch(f"/api/v1/lists/documents/items/{item['id']}", json={"name": "x"}, headers={"If-Match": "*"}),
        both.delete(f"/api/v1/lists/documents/items/{item['id']}", headers={"If-Match": "*"}),
    ):  # fmt: skip
        assert refused.status_code == 423 and "North Person" in refused.json["detail"], refused.text
    assert north.put(f"{base}/content", data=pdf("draft"), headers={"If-Match": "*"}).status_code == 200
    assert both.get(f"{base}/content").data == pdf("one") and north.get(f"{base}/content").data == pdf("draft")
    assert both.get(f"{base}/versions").json["value"][0]["draft"] is False
    done = north.post(f"{base}/checkin", json={"kind": "major", "comment": "ready"})
    assert done.json["file_version"] == "2.0" and done.json["checked_out_by"] is None
    assert both.get(f"{base}/content").data == pdf("draft")
    assert both.get(f"{base}/versions").json["value"][0]["comment"] == "ready"
    assert north.post(f"{base}/checkin").status_code == 409
    assert north.post(f"{base}/publish").status_code == 409
    assert north.post(f"{base}/checkin", json={"kind": "huge"}).status_code == 422
    assert north.post(f"{base}/checkin", json={"colour": "red"}).status_code == 422


def test_of_several_clients_at_once_exactly_one_checks_in(house: House, north: Browser) -> None:
    item = send(north, pdf("one")).json
    north.post(f"{FILES}/{item['id']}/checkout")
    clients, answers = [house.api("north") for _ in range(5)], []
    start = threading.Barrier(len(clients))

    def run(client: Browser) -> None:
        start.wait()
        answers.append(client.post(f"{FILES}/{item['id']}/checkin", json={"comment": "me"}).status_code)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200, 409, 409, 409, 409]
    assert [entry["number"] for entry in north.get(f"{FILES}/{item['id']}/versions").json["value"]] == ["2.0", "1.0"]


def test_what_is_not_to_be_seen_answers_as_what_is_not_there(house: House, north: Browser) -> None:
    canary = "zqcanary"
    case = house.make_case(name=f"Case {canary}")
    item = send(north, word(canary), f"{canary}.docx", case=case.id, description=canary).json
    north.post(f"{FILES}/{item['id']}/checkout")
    north.put(f"{FILES}/{item['id']}/content", data=word(f"{canary} draft"), headers={"If-Match": "*"})
    page_token = {"csrf_token": token_of(house.client("south").get("/lists/documents/new").text)}
    south, browser = house.api("south"), house.client("south")
    page_token["csrf_token"] = token_of(browser.get("/lists/documents/new").text)

    def ask(number: int) -> list[Answer]:
        base, page = f"{FILES}/{number}", f"/lists/documents/{number}"
        steps = ("checkout", "checkin", "discard", "publish", "versions/1.0/restore")
        return [
            south.get(f"{base}/content"), south.head(f"{base}/content"), south.get(f"{base}/content?version=1.0"),
            south.get(f"{base}/content", headers={"Range": "bytes=0-3"}), south.get(f"{base}/versions"),
            south.put(f"{base}/content", data=pdf("x"), headers={"If-Match": "*"}),
            south.put(f"{base}/content", data=pdf("x"), headers={"If-Match": '"7"'}),
            *(south.post(f"{base}/{step}") for step in steps), browser.get(page), browser.get(f"{page}/content"),
            *(browser.post(f"{page}/{step}", data=page_token) for step in ("content", *steps)),
        ]  # fmt: skip

    for hidden, missing in zip(ask(item["id"]), ask(987654), strict=True):
        assert hidden.status_code == missing.status_code == 404
        assert _bare(hidden.text, item["id"]) == _bare(missing.text, 987654)
        assert canary not in hidden.text and canary not in str(hidden.headers)
    for made in (
        south.post(f"{FILES}/from-template", json={"case": case.id, "document_type": 1}),
        browser.get(f"/cases/{case.id}/from-template"), browser.get(f"/lists/documents/new?case={case.id}"),
        send(south, pdf("x"), case=case.id), south.get("/api/v1/lists/documents/items"),
    ):  # fmt: skip
        assert canary not in made.text
    seen = (
        north.get(f"{FILES}/{item['id']}/versions").text
        + house.client("north").get(f"/lists/documents/{item['id']}").text
    )
    assert canary in seen


def _bare(page: str, number: int) -> str:
    """A page without its address and form token."""
    token = token_of(page) if "csrf" in page else "-"
    return re.sub(rf"/{number}(?![\d.])", "/N", page).replace(token, "T")


def test_an_upload_says_what_is_wrong(house: House, north: Browser) -> None:
    assert (
        "Choose a file"
        in north.post(FILES, data={"description": "x"}, content_type="multipart/form-data").json["detail"]
    )
    assert north.post(FILES, json={"file": "x"}).status_code == 415
    for content, name in (
        (b"", "empty.pdf"),
        (b"MZ" + b"x" * 500, "evil.docx"),
        (b"<html>", "page.html"),
        (pdf("x"), "x.docx"),
    ):
        refused = send(north, content, name)
        assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "file", refused.text
        assert name in refused.json["detail"]
    refused = send(north, pdf("x"), case="999999", colour="red")
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "colour"
    assert send(north, pdf("x"), case="999999").json["errors"] == [
        {"field": "case", "message": "There is no such item to choose."}
    ]
    assert send(house.api("reader"), pdf("x")).status_code == 403
    assert (
        north.post("/api/v1/libraries/cases/files", data={"file": (io.BytesIO(pdf("x")), "x.pdf")}).status_code == 404
    )
    assert (
        north.post("/api/v1/libraries/nothing/files", data={"file": (io.BytesIO(pdf("x")), "x.pdf")}).status_code == 404
    )
    assert not north.get("/api/v1/lists/documents/items").json["value"]


def test_the_same_name_twice_is_asked_back(house: House, north: Browser) -> None:
    case = house.make_case().id
    first = send(north, pdf("one"), case=case).json
    again = send(north, pdf("two"), case=case)
    assert again.status_code == 409 and "Offer.pdf" in again.json["detail"]
    newer = send(north, pdf("two"), case=case, if_exists="new_version")
    assert (newer.status_code, newer.json["id"], newer.json["file_version"]) == (200, first["id"], "2.0")
    other = send(north, pdf("three"), case=case, if_exists="keep_both")
    assert (other.status_code, other.json["file_name"]) == (201, "Offer (2).pdf")


def test_a_case_and_a_document_type_make_a_filled_document(house: House, north: Browser) -> None:
    company = house.make_relation(name="Tatra & Syn <a.s.>", registration_no="31322832")
    contact = house.make("contacts", {"first_name": "Eva", "surname": "Kováčová", "company": company.id})
    case = house.make_case(company=company.id, name="Žeriav", value="48000.50", contacts=[contact.id])
    made = north.post(f"{FILES}/from-template", json={"case": case.id, "document_type": _type(house)})
    assert made.status_code == 201, made.text
    item = made.json
    assert item["name"].startswith("Offer – Žeriav – 20") and item["document_type"]["title"] == "Offer"
    assert (item["case"]["id"], item["company"]["id"], item["contact"]["id"]) == (case.id, company.id, contact.id)
    text = _text(north.get(f"{FILES}/{item['id']}/content").data)
    for expected in ("Žeriav", "Tatra & Syn <a.s.>", "Eva Kováčová", "48,000.50 EUR", "North Person", "Alfa"):
        assert expected in text
    assert "{{" not in text
    second = north.post(f"{FILES}/from-template", json={"case": case.id, "document_type": _type(house)}).json
    assert second["file_name"].endswith(" (2).docx") and second["name"].endswith(" (2)")


def test_a_template_speaks_its_readers_language(house: House, north: Browser) -> None:
    case = house.make_case(value="48000.50").id
    with house.home.database.write() as session:
        session.get_one(User, house.people["north"]).language = "sk"
    made = north.post(f"{FILES}/from-template", json={"case": case, "document_type": _type(house)}).json
    text = _text(north.get(f"{FILES}/{made['id']}/content").data)
    assert "Ďakujeme za Váš záujem" in text and "48\xa0000,50 EUR" in text


def test_a_document_says_only_what_its_maker_may_read(house: House) -> None:
    """The case is shared with South, its closed predecessor's words and the group's people are not to be read."""
    case = house.make_case(name="Shared deal")
    assert (
        house.api("south").post(f"{FILES}/from-template", json={"case": case.id, "document_type": 1}).status_code == 404
    )
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"shared_with": [house.groups["South"]]}, version=None)
    refused = house.api("south").post(f"{FILES}/from-template", json={"case": case.id, "document_type": _type(house)})
    assert refused.status_code == 403, refused.text


def test_a_template_with_an_unknown_placeholder_is_named_and_makes_nothing(house: House, north: Browser) -> None:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph("Dear {{ contact.nickname }}, {{ case.name }}")
    document.save(out)
    blob = house.home.blobs.put(io.BytesIO(out.getvalue()))
    with house.home.database.write() as session:
        template = documents.add_file(session, PROGRAM, "templates", blob, "Bad.docx", {})
        kind = items.create(session, PROGRAM, "document_types", {"name": "Bad", "template": template.id})
        bare = items.create(session, PROGRAM, "document_types", {"name": "Bare"})
    case = house.make_case().id
    refused = north.post(f"{FILES}/from-template", json={"case": case, "document_type": kind.id})
    assert refused.status_code == 422 and "contact.nickname" in refused.json["detail"]
    refused = north.post(f"{FILES}/from-template", json={"case": case, "document_type": bare.id})
    assert refused.status_code == 422 and "Bare" in refused.json["detail"]
    for wrong in ({"case": case}, {"case": case, "document_type": 99999}, {"case": case, "document_type": "x"}):
        assert north.post(f"{FILES}/from-template", json=wrong).status_code == 422
    assert not north.get("/api/v1/lists/documents/items").json["value"]
    page = house.client("north").get(f"/cases/{case}/from-template").text
    assert "Bare" not in page and "Offer" in page


def test_what_people_typed_is_no_template(house: House, north: Browser) -> None:
    case = house.make_case(name="{{ 7 * 6 }} {% raw %}").id
    made = north.post(f"{FILES}/from-template", json={"case": case, "document_type": _type(house)})
    assert "{{ 7 * 6 }} {% raw %}" in _text(north.get(f"{FILES}/{made.json['id']}/content").data)


def test_a_large_upload_takes_little_memory(house: House, north: Browser, tmp_path: Path) -> None:
    size, before = 60_000_000, memory.begin()
    item = send(north, b"%PDF-1.4\n", "Large.pdf").json

    address = f"{FILES}/{item['id']}/content"
    with (tmp_path / "large.pdf").open("w+b") as file:
        file.write(b"%PDF-1.4\n")
        file.truncate(size)
        file.seek(0)
        saved = north.put(address, input_stream=file, content_length=size, headers={"If-Match": "*"})
    assert saved.status_code == 200 and saved.json["size"] == str(size)
    got, length = north.get(address, buffered=False), 0
    for chunk in got.iter_encoded():
        length += len(chunk)
    assert length == size
    assert memory.peak() - before < 40_000, "kilobytes more than before"


def test_a_browser_uploads_checks_out_and_in_without_scripts(house: House) -> None:
    case, browser = house.make_case(name="Big deal"), house.client("north")
    page = browser.get(f"/lists/documents/new?case={case.id}")
    assert "Big deal" in page.text
    token = {"csrf_token": token_of(page.text)}
    sent = [(io.BytesIO(pdf("a")), "A.pdf"), (io.BytesIO(pdf("b")), "B.pdf")]
    assert browser.post("/lists/documents/upload", data={**token, "case": case.id, "file": sent}).status_code == 303
    one = browser.post(
        "/lists/documents/upload", data={**token, "case": case.id, "file": [(io.BytesIO(pdf("c")), "A.pdf")]}
    )
    address = one.headers["Location"]
    assert "2.0" in browser.get(address).text and browser.get(f"{address}/content").data == pdf("c")
    assert browser.post(f"{address}/checkout", data=token).status_code == 303
    assert "Checked out by you" in browser.get(address).text
    other = house.client("both").get(address).text
    assert "Checked out by North Person since" in other and "You can read version 2.0." in other
    assert f"{address}/checkin" not in other and f"{address}/checkin" in house.client("admin").get(address).text
    save = {**token, "file": (io.BytesIO(pdf("draft")), "A.pdf")}
    assert browser.post(f"{address}/content", data=save).status_code == 303
    assert "seen by you alone" in browser.get(address).text
    done = browser.post(f"{address}/checkin", data={**token, "comment": "Ready & <sent>", "kind": "major"})
    assert done.status_code == 303
    page = browser.get(address).text
    assert "Ready &amp; &lt;sent&gt;" in page and "3.0" in page
    assert browser.post(f"{address}/versions/1.0/restore", data=token).status_code == 303
    assert browser.get(f"{address}/content").data == pdf("a")
    wrong = browser.post(f"{address}/content", data={**token, "file": (io.BytesIO(b"MZ"), "A.pdf")})
    assert wrong.status_code == 422 and "A.pdf" in wrong.text and "4.0" in wrong.text
    assert browser.post(f"{address}/content", data=token).status_code == 422


def test_of_several_files_all_are_taken_or_none(house: House) -> None:
    browser, case = house.client("north"), house.make_case().id
    token = {"csrf_token": token_of(browser.get("/lists/documents/new").text), "case": case}
    sent = [(io.BytesIO(pdf("a")), "A.pdf"), (io.BytesIO(b"MZ"), "B.pdf")]
    refused = browser.post("/lists/documents/upload", data={**token, "file": sent})
    assert refused.status_code == 422 and "“B.pdf”" in refused.text
    held = house.api("both")
    number = send(held, pdf("x"), "Held.pdf", case=case).json["id"]
    held.post(f"{FILES}/{number}/checkout")
    sent = [(io.BytesIO(pdf("a")), "A.pdf"), (io.BytesIO(pdf("y")), "Held.pdf")]
    refused = browser.post("/lists/documents/upload", data={**token, "file": sent})
    assert refused.status_code == 422 and "Checked out by Both Person" in refused.text
    with house.read("north") as (session, actor):
        assert [item["file_name"] for item in query.page(session, actor, "documents").items] == ["Held.pdf"]
        library = definition(session, "documents").id
        lines = [line for line in changelog.read(session, 0, 10_000) if line.list_id == library and line.item_id]
    assert {line.item_id for line in lines} == {number}, "what was rolled back left no line in the log"


def test_a_script_uploads_and_is_told_in_json(house: House) -> None:
    browser = house.client("north")
    data = {"csrf_token": token_of(browser.get("/lists/documents/new").text)}
    asked = {"Accept": "application/json"}
    made = browser.post(
        "/lists/documents/upload", data={**data, "file": (io.BytesIO(pdf("a")), "A.pdf")}, headers=asked
    )
    assert made.status_code == 201 and made.json[0]["href"].startswith("/lists/documents/")
    refused = browser.post(
        "/lists/documents/upload", data={**data, "file": (io.BytesIO(b"MZ"), "A.pdf")}, headers=asked
    )
    assert refused.status_code == 422 and "A.pdf" in refused.json["detail"]
    assert "A" in browser.get("/lists/documents/uploaded").text


def test_a_pdf_is_shown_only_when_asked_and_only_in_a_sandbox(house: House, north: Browser) -> None:
    number = send(north, pdf("a")).json["id"]
    shown = north.get(f"{FILES}/{number}/content?inline=1")
    assert shown.headers["Content-Disposition"].startswith("inline;")
    assert shown.headers["Content-Security-Policy"].startswith("sandbox;")
    number = send(north, word("a"), "a.docx").json["id"]
    assert north.get(f"{FILES}/{number}/content?inline=1").headers["Content-Disposition"].startswith("attachment;")


def test_a_browser_makes_a_document_from_a_template(house: House) -> None:
    case, browser = house.make_case(), house.client("north")
    page = browser.get(f"/cases/{case.id}/from-template")
    token = {"csrf_token": token_of(page.text)}
    made = browser.post(f"/cases/{case.id}/from-template", data={**token, "document_type": _type(house)})
    assert made.status_code == 303
    assert "Offer – " in browser.get(made.headers["Location"]).text
    refused = browser.post(f"/cases/{case.id}/from-template", data={**token, "document_type": "99999"})
    assert refused.status_code == 422 and "There is no such item to choose." in refused.text


def test_a_template_editor_works_on_templates_alike(house: House) -> None:
    browser = house.client("templates")
    page = browser.get("/lists/templates/1")
    assert page.status_code == 200 and "Offer.docx" in page.text
    token = {"csrf_token": token_of(page.text)}
    save = {**token, "file": (io.BytesIO(build("minutes", "en")), "new.docx"), "comment": "new look"}
    assert browser.post("/lists/templates/1/content", data=save).status_code == 303
    assert "2.0" in browser.get("/lists/templates/1").text
    north = house.client("north")
    assert north.get("/lists/templates/1/content").status_code == 200
    assert (
        north.post(
            "/lists/templates/1/checkout", data={"csrf_token": token_of(north.get("/lists/documents/new").text)}
        ).status_code
        == 403
    )


def _type(house: House) -> int:
    with house.read("admin") as (session, actor):
        return next(item.id for item in query.page(session, actor, "document_types").items if item["template"])


def _text(content: bytes) -> str:
    """What a Word file says, read by another library than ours."""
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    heads = [paragraph.text for section in document.sections for paragraph in section.header.paragraphs]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells, *heads])
