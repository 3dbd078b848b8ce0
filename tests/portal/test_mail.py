"""Mail over the API: filing, its parts, rights and tiers, and e-mail from a case."""

from __future__ import annotations

import base64
import io
import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from house import House, settle
from letters import a_mail, word_file
from werkzeug.test import TestResponse

from caseroom.outlook_addin.messages import parse

ROOT = Path(__file__).resolve().parents[2]
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests" / "outlook_addin" / "messages_expected.json").read_text("utf-8")
)
# Decided against the other parser by the raw bytes; the reasons stand in tests/outlook_addin/test_messages.py.
DECIDED: dict[tuple[str, str], Any] = {
    ("A_schedule.msg", "sender"): "ku@digitaldolphins.onmicrosoft.com",
    ("nonUnicodeCP932.msg", "subject"): "日本語 Non Unicode タイトル",
    ("raw_email_multiple_from.eml", "sender"): "tim@powerupdev.com",
    ("raw_email11.eml", "attachments"): [],
}


def send(client: FlaskClient, raw: bytes, name: str = "mail.eml", **fields: Any) -> TestResponse:
    return client.post(
        "/api/v1/mail", data={"message": (io.BytesIO(raw), name), **{k: str(v) for k, v in fields.items()}}
    )


def parts_of(client: FlaskClient, mail_id: int) -> list[bytes]:
    found = []
    while (answer := client.get(f"/api/v1/mail/{mail_id}/attachments/{len(found) + 1}")).status_code == 200:
        found.append(answer.data)
    return found


def test_every_mail_of_the_test_data_is_filed_as_another_parser_reads_it(house: House, test_data: Path) -> None:
    """Subject, sender, date and the SHA-256 of each attachment, as `messages_expected.json` has them."""
    api, browser = house.api("north"), house.client("north")
    company = house.make_relation().id
    for name in sorted(EXPECTED):
        case = house.make_case(company=company)  # two of the files hold one message: each has a place of its own

        def expected(what: str, name: str = name) -> Any:
            return DECIDED.get((name, what), EXPECTED[name][what])

        raw = (test_data / "mail" / name).read_bytes()
        answer = send(api, raw, name, case=case.id)
        assert answer.status_code == 201, (name, answer.text)
        mail = answer.get_json()
        assert (mail["subject"] or "") == " ".join((expected("subject") or "").split()), name
        assert (expected("sender") or "") in (mail["sender"] or ""), name
        if expected("sent"):
            wanted = datetime.fromisoformat(expected("sent"))
            assert datetime.fromisoformat(mail["sent"]).replace(microsecond=0) == wanted, name  # a .msg has fractions
        else:
            assert mail["sent"] is None, name
        hashes = [sha256(data).hexdigest() for data in parts_of(api, mail["id"])]
        wanted_hashes = expected("attachments")
        assert [h if w != "embedded" else w for h, w in zip(hashes, wanted_hashes, strict=True)] == wanted_hashes, name
        assert api.get(f"/api/v1/mail/{mail['id']}/raw").data == raw, name
        assert browser.get(f"/lists/mails/{mail['id']}").status_code == 200, name
        assert send(api, raw, name, case=case.id).status_code == 200, name


def test_filing_answers_201_then_200_with_the_same_item(house: House) -> None:
    api, company = house.api("north"), house.make_relation()
    first, again = (send(api, a_mail(), company=company.id) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert first.headers["Location"].endswith(f"/api/v1/lists/mails/items/{first.get_json()['id']}")


def test_a_colleague_without_the_right_to_the_first_filing_gets_201_and_a_like_answer(house: House) -> None:
    company, raw = house.make_relation(), a_mail(attach={"a.docx": word_file()})
    fresh = send(house.api("south"), a_mail("Fresh", attach={"b.docx": word_file("b")}), company=company.id)
    send(house.api("north"), raw, company=company.id)
    second = send(house.api("south"), raw, company=company.id)
    assert second.status_code == fresh.status_code == 201
    own = {"id", "guid", "created", "modified", "name", "subject"}
    differing = {key for key, value in second.get_json().items() if value != fresh.get_json()[key]}
    assert differing <= own
    assert set(second.headers.keys()) == set(fresh.headers.keys())


def test_a_hidden_case_and_a_missing_one_answer_in_the_very_same_bytes(house: House) -> None:
    hidden, api = house.make_case(by="south"), house.api("north")
    answers = [send(api, a_mail(), case=case) for case in (hidden.id, 987_654)]
    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].data == answers[1].data
    assert answers[0].get_json()["errors"] == [{"field": "case", "message": "There is no such item to choose."}]
    seen = [
        api.post(f"/api/v1/cases/{case}/actions/email", json={"to": "a@b.test", "subject": "s"})
        for case in (hidden.id, 987_654)
    ]
    assert [one.status_code for one in seen] == [404, 404] and seen[0].data == seen[1].data


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"company": "x"}, "company"),
        ({"case": "-1"}, "case"),
        ({"privacy": "nobody"}, "privacy"),
        ({"activity": "9" * 40}, "activity"),
    ],
)
def test_a_bad_field_is_named(house: House, fields: dict[str, str], field: str) -> None:
    answer = send(house.api("north"), a_mail(), **fields)
    assert answer.status_code == 422 and [one["field"] for one in answer.get_json()["errors"]] == [field]


@pytest.mark.parametrize(
    "raw", [b"", b"   \n", b"no mail at all", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"PK\x03\x04zip"]
)
def test_what_is_no_message_is_refused_with_the_reason(house: House, raw: bytes) -> None:
    answer = send(house.api("north"), raw, "thing.eml")
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["field"] == "message"


def test_the_message_is_missing_is_said(house: House) -> None:
    answer = house.api("north").post("/api/v1/mail", data={"company": "1"})
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["field"] == "message"
    assert house.app.test_client().post("/api/v1/mail").status_code in (401, 403)


def test_without_a_place_the_senders_company_is_taken(house: House) -> None:
    company = house.make_relation(email="buyer@tatra.test")
    assert send(house.api("north"), a_mail()).get_json()["company"]["id"] == company.id
    assert send(house.api("north"), a_mail(sender="un@known.test")).get_json()["company"] is None


@pytest.mark.parametrize(("privacy", "status"), [("subject", 200), ("existence", 200)])
def test_a_private_mail_shows_others_no_more_than_its_tier(house: House, privacy: str, status: int) -> None:
    case, word = house.make_case(), "quokka"
    raw = a_mail(
        f"About {word}subject",
        text=f"{word}text",
        attach={f"{word}.docx": word_file()},
        sender=f"{word}@x.test",
        to="b@x.test",
    )
    mail = send(house.api("north"), raw, case=case.id, privacy=privacy).get_json()["id"]
    manager, browser = house.api("manager"), house.client("manager")
    for answer in (manager.get(f"/api/v1/lists/mails/items/{mail}"), browser.get(f"/lists/mails/{mail}")):
        assert answer.status_code == status
        shown = answer.text.replace(f"{word}subject", "") if privacy == "subject" else answer.text
        assert word not in shown and word not in str(answer.headers)
        assert (f"{word}subject" in answer.text) == (privacy == "subject")
    missing = manager.get("/api/v1/mail/987654/raw")
    for path in (f"/api/v1/mail/{mail}/raw", f"/api/v1/mail/{mail}/attachments/1", f"/mail/{mail}/html"):
        answer = manager.get(path)
        assert answer.status_code == 404 and word not in answer.text
    assert manager.get(f"/api/v1/mail/{mail}/raw").data == missing.data
    assert word in house.api("north").get(f"/api/v1/mail/{mail}/raw").text
    documents = manager.get("/api/v1/lists/documents/items").get_json()["value"]
    assert documents == []


def test_downloads_are_never_shown_by_the_browser(house: House) -> None:
    evil = {"page.html": b"<script>alert(1)</script>", 'a"\r\nX: y.svg': b"<svg/>"}
    api = house.api("north")
    mail = send(
        api,
        a_mail(attach={name.replace("\r\n", ""): data for name, data in evil.items()}),
        company=house.make_relation().id,
    ).get_json()
    for number in (1, 2):
        answer = api.get(f"/api/v1/mail/{mail['id']}/attachments/{number}")
        assert answer.mimetype == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for number in (0, 3, 10**8):
        assert api.get(f"/api/v1/mail/{mail['id']}/attachments/{number}").status_code == 404


def test_undo_takes_it_back_for_who_may(house: House) -> None:
    api = house.api("north")
    mail = send(api, a_mail(attach={"a.docx": word_file()}), case=house.make_case().id).get_json()["id"]
    assert house.api("south").post(f"/api/v1/mail/{mail}/undo").status_code == 404
    assert house.api("reader").post(f"/api/v1/mail/{mail}/undo").status_code == 403
    assert api.post(f"/api/v1/mail/{mail}/undo").status_code == 204
    assert api.get(f"/api/v1/mail/{mail}/raw").status_code == 404
    assert api.get("/api/v1/lists/documents/items").get_json()["value"] == []


def test_a_suggestion_changes_nothing_and_names_what_may_be_seen(house: House) -> None:
    company = house.make_relation(email="office@tatra.test")
    case = house.make_case(company=company.id)
    house.make_case(by="south", company=company.id)
    given = {"addresses": ["Somebody@tatra.test", "north@house.test"], "subject": "x", "references": ["<a@b>"]}
    found = house.api("north").post("/api/v1/mail/suggest", json=given).get_json()
    assert found["company"]["id"] == company.id and [one["id"] for one in found["cases"]] == [case.id]
    assert found["contact"] is None and found["case"] is None
    for bad in ({"addresses": "x"}, {"addresses": [1]}, {"other": 1}):
        assert house.api("north").post("/api/v1/mail/suggest", json=bad).status_code == 422


# --- E-mail from a case -------------------------------------------------------------------------------


@pytest.fixture
def posting(database_url: str, tmp_path: Path) -> Any:
    """A house with a mail server configured."""
    house = settle(tmp_path / "home", database_url, smtp_url="smtp://127.0.0.1:9", mail_from="sales@house.test")
    yield house
    house.home.database.dispose()


def test_an_email_from_a_case_is_filed_and_waits_to_be_sent(posting: House) -> None:
    case, api = posting.make_case(), posting.api("north")
    sent = {"to": ["buyer@tatra.test"], "subject": "Offer", "text": "Here",
            "attachments": [{"name": "a.txt", "content": base64.b64encode(b"abc").decode()}]}  # fmt: skip
    answer = api.post(f"/api/v1/cases/{case.id}/actions/email", json=sent)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert made["activity"]["activity_type"] == "email" and made["mail"]["activity"]["id"] == made["activity"]["id"]
    raw = parse(api.get(f"/api/v1/mail/{made['mail']['id']}/raw").data)
    assert [(one.name, one.data) for one in raw.attachments] == [("a.txt", b"abc")]
    assert "Waiting to be sent" in posting.client("north").get(f"/lists/mails/{made['mail']['id']}").text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"subject": "x"}, "to"), ({"to": "a@b.test"}, "subject"), ({"to": "nobody", "subject": "x"}, "to"),
        ({"to": "a@b.test", "subject": "x" * 600}, "subject"),
        ({"to": "a@b.test", "subject": "x", "attachments": 7}, "attachments"),
        ({"to": "a@b.test", "subject": "x", "attachments": [{"name": "a", "content": "%"}]}, "attachments"),
        ({"to": "a@b.test", "subject": "x", "attachments": [{"name": "a", "content": "ň"}]}, "attachments"),
        ({"to": "a@b.test", "subject": "x", "attachments": [987654]}, "attachments"), ({"bcc": "a@b.test"}, "bcc"),
    ],
)  # fmt: skip
def test_a_bad_email_is_refused_by_field_and_nothing_is_filed(posting: House, body: dict[str, Any], field: str) -> None:
    case, api = posting.make_case(), posting.api("north")
    answer = api.post(f"/api/v1/cases/{case.id}/actions/email", json=body)
    assert answer.status_code == 422 and field in [one["field"] for one in answer.get_json()["errors"]]
    assert api.get("/api/v1/lists/activities/items").get_json()["value"] == []


def test_without_a_mail_server_it_is_said(house: House) -> None:
    answer = house.api("north").post(
        f"/api/v1/cases/{house.make_case().id}/actions/email", json={"to": "a@b.test", "subject": "x"}
    )
    assert answer.status_code == 409 and "No mail server is configured" in answer.get_json()["detail"]
