"""Sending from a case: filed and in the outbox at once, then delivered to a real SMTP server (aiosmtpd)."""

from __future__ import annotations

import datetime
import email
import email.policy
import io
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from house import House
from letters import word_file
from sqlalchemy import select

from caseroom.libraries import documents as library
from caseroom.lists import query
from caseroom.lists.errors import Conflict, Invalid, NotFound
from caseroom.outlook_addin import filing, outbox, sending
from caseroom.outlook_addin.case_tokens import CaseTokens
from caseroom.outlook_addin.messages import parse
from caseroom.outlook_addin.models import Outgoing

POST = sending.Post("Alfa <sales@alfa.test>", "https://crm.alfa.test", CaseTokens("k" * 40))


class Mailbox:
    """What the server got; `answers` says how it answers an address instead of taking it."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], bytes]] = []
        self.answers: dict[str, str] = {}
        self.data_answer: str | None = None
        self.signed_in: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        if self.data_answer:
            return self.data_answer
        self.encrypted.append(session.ssl is not None)
        self.got.append((list(envelope.rcpt_tos), envelope.original_content or b""))
        return "250 taken"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, auth: Any) -> AuthResult:
        if isinstance(auth, LoginPassword):
            self.signed_in.append((auth.login.decode(), auth.password.decode()))
        return AuthResult(success=True)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A running SMTP server and its address."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def write(house: House, by: str = "north", post: sending.Post = POST, **what: Any) -> dict[str, Any]:
    what = {"to": "buyer@tatra.test", "subject": "The offer", "text": "Good day.\n\nHere it is.", **what}
    with house.read(by) as (session, actor):
        letter = sending.compose(session, actor, post, house.home.blobs, **what)
    with house.write(by) as (session, actor):
        return sending.send(session, actor, letter)


def deliver(house: House, url: str) -> bool:
    return outbox.deliver(house.home.database, house.home.blobs, outbox.Server(url))


def status(house: House, mail: Any) -> outbox.Status:
    with house.read("admin") as (session, _):
        found = outbox.status(session, mail.guid)
    assert found
    return found


def in_time(house: House, seconds: int) -> None:
    """Let the waiting messages have waited so much longer."""
    with house.write("admin") as (session, _):
        for row in session.scalars(select(Outgoing)):
            row.next_try = row.next_try - datetime.timedelta(seconds=seconds)


def test_an_email_from_a_case_is_an_activity_and_a_mail_and_reaches_the_server(house: House, mailbox: Any) -> None:
    box, url = mailbox
    case = house.make_case()
    contact = house.make("contacts", {"surname": "Buyer", "company": case["company"].id, "email": "Buyer@tatra.test"})
    made = write(house, case=case.id, subject="Ponuka č. 7", text="Dobrý deň, žluťoučký kôň.")
    activity, mail = made["activity"], made["mail"]
    assert (activity["activity_type"], activity["case"].id, activity["contact"].id) == ("email", case.id, contact.id)
    assert activity["done"] is not None and "Ponuka č. 7" in activity["description"]
    assert (mail["case"].id, mail["activity"].id, mail["subject"]) == (case.id, activity.id, "Ponuka č. 7")
    assert status(house, mail).state == "waiting" and not box.got
    assert deliver(house, url) and not deliver(house, url)
    assert status(house, mail).state == "sent" and status(house, mail).done
    [(recipients, raw)] = box.got
    sent: Any = email.message_from_bytes(raw, policy=email.policy.default)
    assert recipients == ["buyer@tatra.test"]
    assert (sent["From"], sent["Reply-To"]) == ("North Person <sales@alfa.test>", "North Person <north@house.test>")
    assert sent["Subject"] == "Ponuka č. 7" and sent.get_content().strip() == "Dobrý deň, žluťoučký kôň."
    with house.read("north") as (session, actor):
        copy = filing.content(session, actor, mail.id).copy
    assert b"".join(house.home.blobs.open(copy.sha256)).strip() == raw.strip()


def test_a_reply_to_it_finds_the_case_by_any_of_its_references(house: House, mailbox: Any) -> None:
    box, url = mailbox
    case = house.make_case()
    write(house, case=case.id)
    deliver(house, url)
    sent = email.message_from_bytes(box.got[0][1], policy=email.policy.default)
    for field in ("Message-ID", "References"):
        reply = f"From: b@c.test\r\nSubject: Re\r\nIn-Reply-To: {sent[field]}\r\n\r\nyes".encode()
        with house.read("north") as (session, actor):
            place = filing.place_for(session, actor, parse(reply), POST.tokens)
        assert (place.case, place.company) == (case.id, case["company"].id)


def test_an_email_to_a_company_needs_no_case(house: House, mailbox: Any) -> None:
    box, url = mailbox
    company = house.make_relation()
    made = write(house, relation=company.id, to=["Eva B. <eva@tatra.test>", "jan@tatra.test; eva@tatra.test"])
    assert made["activity"]["company"].id == made["mail"]["company"].id == company.id
    assert deliver(house, url) and box.got[0][0] == ["eva@tatra.test", "jan@tatra.test"]


def test_documents_and_files_go_along_and_make_no_second_document(house: House, mailbox: Any) -> None:
    box, url = mailbox
    case, word = house.make_case(), word_file("the offer")
    raw = b"From: a@b.test\r\nSubject: x\r\n\r\nhello"
    filed = house.home.blobs.put(io.BytesIO(word))
    with house.write("north") as (session, actor):
        document = library.add_file(session, actor, "documents", filed, "Ponuka č. 1.docx", {"case": case.id})
    write(house, case=case.id, documents=[document.id], files=[sending.File("letter.eml", raw)])
    assert deliver(house, url)
    attached = {one.name: one.data for one in parse(box.got[0][1]).attachments}
    assert attached == {"Ponuka č. 1.docx": word, "letter.eml": raw}
    with house.read("north") as (session, actor):
        assert query.count(session, actor, "documents").number == 1


def test_a_document_that_one_may_not_read_is_not_sent_along(house: House) -> None:
    theirs = house.make("documents", {"name": "Secret"}, by="south", program={"sha256": "0" * 64, "file_name": "s.pdf"})
    for number in (theirs.id, 987_654):
        with pytest.raises(Invalid) as refusal:
            write(house, case=house.make_case().id, documents=[number])
        assert (refusal.value.errors[0].field, str(refusal.value)) == (
            "attachments",
            "There is no such item to choose.",
        )


@pytest.mark.parametrize("name", ["subject", "to", "text"])
def test_no_header_can_be_smuggled_in(house: House, mailbox: Any, name: str) -> None:
    box, url = mailbox
    evil = "x@y.test\r\nBcc: victim@z.test\r\n\r\nown body"
    if name == "to":
        with pytest.raises(Invalid):
            write(house, case=house.make_case().id, to=evil)
        return
    given: dict[str, Any] = {name: evil}
    write(house, case=house.make_case().id, **given)
    deliver(house, url)
    sent = email.message_from_bytes(box.got[0][1], policy=email.policy.default)
    assert sent["Bcc"] is None and box.got[0][0] == ["buyer@tatra.test"]


@pytest.mark.parametrize(
    "to",
    ["", [], None, 7, "nobody", "a@b", "a b@c.test", "a@b.test, c@", "<script>@x.test", "a@b..test", "a\x00@b.test"],
)
def test_a_bad_or_missing_recipient_is_refused_by_name(house: House, to: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        write(house, case=house.make_case().id, to=to)
    assert refusal.value.errors[0].field == "to"


def test_without_a_mail_server_nothing_is_filed_and_the_reason_is_said(house: House) -> None:
    silent = sending.Post("", "https://crm.alfa.test", POST.tokens, can_send=False)
    with pytest.raises(Conflict, match="No mail server is configured"):
        write(house, post=silent, case=house.make_case().id)
    with house.read("north") as (session, actor):
        assert query.count(session, actor, "activities").number == query.count(session, actor, "mails").number == 0


def test_a_hidden_case_and_a_missing_one_answer_alike(house: House) -> None:
    for case in (house.make_case(by="south").id, 987_654):
        with pytest.raises(NotFound) as refusal:
            write(house, case=case)
        assert str(refusal.value) == "There is no such item."


def test_a_failed_transaction_sends_nothing(house: House, mailbox: Any) -> None:
    box, url = mailbox
    case = house.make_case()
    with house.read("north") as (session, actor):
        letter = sending.compose(
            session, actor, POST, house.home.blobs, case=case.id, to="a@b.test", subject="s", text="t"
        )
    with pytest.raises(ZeroDivisionError), house.write("north") as (session, actor):
        sending.send(session, actor, letter)
        raise ZeroDivisionError
    assert not deliver(house, url) and not box.got


def test_a_server_that_is_away_is_tried_again_with_growing_pauses_then_set_aside(house: House) -> None:
    url = f"smtp://127.0.0.1:{free_port()}"
    mail = write(house, case=house.make_case().id)["mail"]
    pauses = []
    while status(house, mail).state == "waiting":
        assert deliver(house, url) and not deliver(house, url)
        now = status(house, mail)
        assert "refused" in now.reason.lower()
        pauses.append((now.next_try - datetime.datetime.now(datetime.UTC)).total_seconds())
        in_time(house, 24 * 3600)
    assert len(pauses) == len(outbox.PAUSES) + 1 and pauses[:3] == sorted(pauses[:3])
    assert status(house, mail).state == "set_aside"


def test_what_was_set_aside_goes_out_when_it_is_tried_again(house: House, mailbox: Any) -> None:
    box, url = mailbox
    box.data_answer = "554 5.7.1 looks like spam"
    mail = write(house, case=house.make_case().id)["mail"]
    deliver(house, url)
    assert (status(house, mail).state, status(house, mail).reason) == ("set_aside", "554 5.7.1 looks like spam")
    box.data_answer = None
    with house.write("north") as (session, _):
        outbox.try_again(session, mail.guid)
    assert deliver(house, url) and status(house, mail).state == "sent" and len(box.got) == 1


def test_who_was_refused_is_named_and_who_got_it_gets_it_once(house: House, mailbox: Any) -> None:
    box, url = mailbox
    box.answers = {"gone@b.test": "550 no such person", "busy@b.test": "451 later"}
    mail = write(house, case=house.make_case().id, to="good@b.test, gone@b.test, busy@b.test")["mail"]
    deliver(house, url)
    assert status(house, mail).state == "waiting" and status(house, mail).refused == {
        "gone@b.test": "550 no such person"
    }
    box.answers = {}
    in_time(house, 3600)
    deliver(house, url)
    assert [recipients for recipients, _ in box.got] == [["good@b.test"], ["busy@b.test"]]
    assert status(house, mail).state == "set_aside" and "gone@b.test" in status(house, mail).reason


def test_a_crash_while_sending_loses_nothing(house: House, mailbox: Any) -> None:
    box, url = mailbox
    mail = write(house, case=house.make_case().id)["mail"]
    assert outbox._take(house.home.database) is not None  # taken in hand by somebody who then died
    assert not deliver(house, url)
    in_time(house, outbox.IN_HAND.seconds + 1)
    assert deliver(house, url) and len(box.got) == 1 and status(house, mail).state == "sent"


def test_a_password_goes_only_over_an_encrypted_connection(house: House, tmp_path: Path, monkeypatch: Any) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    tls, box = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Mailbox()
    tls.load_cert_chain(certificate, key)
    controller = Controller(
        box, hostname="127.0.0.1", port=free_port(), tls_context=tls, authenticator=box.authenticate, auth_required=True
    )
    controller.start()
    url = f"smtp://us%40er:p%3Aw@127.0.0.1:{controller.port}"
    mail = write(house, case=house.make_case().id)["mail"]
    deliver(house, url)  # a certificate that nobody vouches for: nothing is sent
    assert "certificate" in status(house, mail).reason.lower() and not box.got
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    in_time(house, 3600)
    deliver(house, url)
    controller.stop()
    assert status(house, mail).state == "sent"
    assert box.signed_in == [("us@er", "p:w")] and box.encrypted == [True]
