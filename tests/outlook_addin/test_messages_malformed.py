"""Mail that is broken, forged or hostile: read as far as it goes, in bounded time, or refused clearly."""

from __future__ import annotations

import io
import os
import struct
import time
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists.errors import Invalid
from caseroom.outlook_addin.messages import Message, parse
from caseroom.outlook_addin.messages.message import MAX_ATTACHMENTS, MAX_PARTS, MAX_TEXT

ROOT = Path(__file__).resolve().parents[2]
MAIL = Path(os.environ.get("CASEROOM_TEST_DATA", ROOT / "../shared/data")) / "mail"
SAMPLES = sorted(MAIL.iterdir()) if MAIL.is_dir() else []
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
SECONDS = 15  # far above what a bounded reading needs, far below what an unbounded one does


def letter(**fields: str) -> bytes:
    """A small sound mail; `fields` replace its fields (`_` for `-`) or its body."""
    body = fields.pop("body", "Good day.")
    standard = {
        "From": "Ann <ann@example.org>",
        "To": "bob@example.org",
        "Subject": "Offer",
        "Date": "Mon, 2 Nov 2026 10:00:00 +0100",
        "Message-ID": "<one@example.org>",
    }
    standard |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in standard.items())
    return (head + "\r\n" + body).encode("utf-8", "surrogateescape")


def with_attachment(data: bytes, body: str = "Good day.") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = (
        "ann@example.org",
        "Offer",
        "<one@example.org>",
    )
    message.set_content(body)
    message.add_attachment(data, maintype="application", subtype="pdf", filename="offer.pdf")
    return message.as_bytes()


def in_time(data: bytes) -> Message | None:
    begin = time.monotonic()
    try:
        return parse(data, "x")
    except Invalid:
        return None
    finally:
        assert time.monotonic() - begin < SECONDS


@pytest.mark.parametrize(
    "data",
    [b"", b" \r\n", b"Just some words.\n", b"%PDF-1.7\n%", b"PK\x03\x04" + b"\0" * 50,
     b"<html><p>no mail</p></html>",
     b"{\"subject\": 1}", OLE, OLE + b"\0" * 5000],
)  # fmt: skip
def test_what_is_no_mail_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(data, "thing")
    assert refusal.value.errors[0].field == "message"


def test_an_office_file_is_no_outlook_message() -> None:
    """A protected workbook is such a compound file; here the smallest there is (512-byte sectors)."""
    header = OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    root = "Root Entry".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HBBIII", 22, 5, 1, *[0xFFFFFFFF] * 3)
    directory = (root + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)).ljust(512, b"\0")
    data = (header + struct.pack("<I", 0)).ljust(512, b"\xff") + table + directory
    with pytest.raises(Invalid, match="not an Outlook message"):
        parse(data, "offer.xls")


@pytest.mark.parametrize("name", ["x.msg", "x.eml", "x.pdf", None])
def test_the_content_decides_not_the_name(name: str | None) -> None:
    assert parse(letter(), name).subject == "Offer"


@pytest.mark.parametrize(
    "message_id",
    ["<>", "[", "<[a@b", "<a b@c>", "x", "<@>", "\udcff\udcfe", "<a@[1.2.3.4", '"', "<a@b>, <c@d>"],
)
def test_a_malformed_message_id_does_not_break_the_mail(message_id: str) -> None:
    assert parse(letter(Message_ID=message_id)).subject == "Offer"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 10:00",
                                  "Mon, 1 Jan 99999 00:00:00 +9999",
                                  "Mon, 2 Nov 2026 10:00:00 +99999999999", "\udcff"])  # fmt: skip
def test_a_bad_date_is_a_gap(date: str) -> None:
    message = parse(letter(Date=date))
    assert message.sent is None
    assert any("date" in str(problem) for problem in message.problems)


def test_a_date_without_zone_is_utc() -> None:
    sent = parse(letter(Date="Mon, 2 Nov 2026 10:00:00 -0000")).sent
    assert sent and sent.isoformat() == "2026-11-02T10:00:00+00:00"


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("=?utf-8?q?=C5=A0koda?=", "Škoda"),
        ("=?utf-8?b?xaA=?= =?utf-8?b?a29kYQ==?=", "Škoda"),
        ("=?utf-8?b?xQ==?= =?utf-8?b?oGtvZGE=?=", "Škoda"),  # one character cut in two
        ("=?no-such-charset?q?abc?=", "abc"),
        ("=?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
        ("Škoda", "Škoda"),
        ("\udc8akoda", "Škoda"),  # raw cp1252
        ("a\r\n b\r\n\tc", "a b c"),
        ("=?utf-8?q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),  # no new line gets into a field
        ("=?idna?q?abc?=", "abc"),
    ],
)
def test_subjects_are_read_as_they_come(raw: str, subject: str) -> None:
    assert parse(letter(Subject=raw)).subject == subject


@pytest.mark.parametrize("charset", ["no-such-charset", "base64", "idna", "punycode", "utf-16", "\udcff", "rot13"])
def test_an_unknown_character_set_costs_no_text(charset: str) -> None:
    message = parse(letter(Content_Type=f"text/plain; charset={charset}", body="Price: 1000"))
    assert message.text == "Price: 1000"
    assert b"Price: 1000" in message.raw


def test_a_sender_cannot_choose_a_folder() -> None:
    data = with_attachment(b"x").replace(b"offer.pdf", b"../../etc/passwd")
    assert parse(data).attachments[0].name == "passwd"


def test_html_is_cleaned_and_reads_as_text() -> None:
    body = (
        "<style>p{}</style><p onclick=x>Hello <b>Ann</b><br>see <a href='https://e.org/x'>here</a>"
        "<script>alert(1)</script><img src='https://spy.example/p.gif'><a href='javascript:x'>no</a>"
        "<ul><li>one<li>two</ul>"
    )
    message = parse(letter(Content_Type="text/html", body=body))
    assert message.text == "Hello Ann\nsee here <https://e.org/x> no\n\n* one\n\n* two"
    for bad in ("script", "onclick", "spy.example", "javascript", "style"):
        assert bad not in (message.html or "")


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<b>", "<a href=x>", "<b><p>", "<table><tr><td>", "<font size=1>", "<!--", "<", "&#",
     "<svg><p>",
     "<li>x", "<p a=\"", "<![CDATA[", "<select><option>", " a=1", "<a href='http://x.y'>z", "<table><b>x"],
)  # fmt: skip
def test_ten_megabytes_of_tags_are_read_in_bounded_time(unit: str) -> None:
    body = "<p" * (unit == " a=1") + unit * (10_000_000 // len(unit))
    message = in_time(letter(Content_Type="text/html", body=body))
    assert message and len(message.text) <= MAX_TEXT


def test_many_fonts_over_many_paragraphs_do_not_multiply() -> None:
    body = "<p>" + "".join(f"<font size={n}>" for n in range(3000)) + "<div>x</div><p>y" * 100_000
    message = in_time(letter(Content_Type="text/html", body=body))
    assert message and message.html is not None and len(message.html) < 20_000_000


def test_markup_below_the_deepest_level_loses_its_tags_but_not_its_text() -> None:
    message = parse(letter(Content_Type="text/html", body="<div>" * 120 + "down here" + "</div>" * 120))
    assert "down here" in message.text and "down here" in (message.html or "")
    assert any("nested too deeply" in str(problem) for problem in message.problems)


def test_too_many_parts_and_too_deep_nesting_are_bounded_and_named() -> None:
    flat = "--b\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n" * (MAX_PARTS + 500)
    message = in_time(letter(Content_Type="multipart/mixed; boundary=b", body=flat))
    assert message and len(message.attachments) == MAX_ATTACHMENTS
    assert any("parts" in str(problem) for problem in message.problems)
    assert any("attachments" in str(problem) for problem in message.problems)

    deep = "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(5000))
    message = in_time(letter(Content_Type="multipart/mixed; boundary=b0", body=deep + "line\r\n" * 100_000))
    assert message and any("nested" in str(problem) for problem in message.problems)


@pytest.mark.parametrize("field", ["To", "Subject", "References", "Message-ID", "Content-Type", "Date", "From"])
@pytest.mark.parametrize("unit", ["(", "<", "a@b.cz, ", '"', "=?utf-8?q?a?= ", "=?", "\\", ":;", "a;b*0*=c;", "\udcff"])
def test_a_giant_field_is_read_in_bounded_time(field: str, unit: str) -> None:
    assert in_time(letter(**{field: unit * (400_000 // len(unit))}))


def test_messages_in_messages_in_messages_are_compared_only_so_deep() -> None:
    data = letter()
    for _ in range(40):
        data = letter(Content_Type="message/rfc822", body=data.decode())
    assert in_time(data)


def fingerprint(data: bytes) -> str:
    return parse(data).fingerprint


def test_the_same_mail_by_another_way_has_the_same_fingerprint() -> None:
    sound = letter(body="Good day.\r\n\r\nAnn  \r\n")
    assert fingerprint(sound) == fingerprint(b"Received: by x\r\nX-Spam: no\r\n" + letter(body="Good day.\n\nAnn"))
    assert fingerprint(letter()) == fingerprint(letter(Date="Mon, 2 Nov 2026 09:00:00 +0000"))
    assert fingerprint(letter()) == fingerprint(letter(From="ANN@EXAMPLE.ORG", Message_ID="<one@EXAMPLE.org>"))


@pytest.mark.parametrize(
    "change",
    [{"body": "Good day!"}, {"Subject": "Order"}, {"From": "eve@example.org"},
     {"Date": "Mon, 2 Nov 2026 10:00:01 +0100"}, {"Message_ID": "<two@example.org>"}],
)  # fmt: skip
def test_a_forged_message_id_does_not_open_anothers_message(change: dict[str, str]) -> None:
    assert fingerprint(letter(**change)) != fingerprint(letter())


def test_another_attachment_is_another_message() -> None:
    assert fingerprint(with_attachment(b"1")) != fingerprint(with_attachment(b"2"))
    assert fingerprint(with_attachment(b"1")) == fingerprint(with_attachment(b"1"))


def test_the_eml_of_an_outlook_message_has_its_fingerprint() -> None:
    """The same mail rebuilt as MIME by the standard library from what the .msg says."""
    if not SAMPLES:
        pytest.skip(f"no test data: {MAIL} (CASEROOM_TEST_DATA)")
    for name in ("attachmentFiles.msg", "voteYes.msg"):
        outlook = parse((MAIL / name).read_bytes())
        assert outlook.sender and outlook.sent
        mime = EmailMessage()
        mime["From"], mime["To"], mime["Subject"] = outlook.sender.address, "x@example.org", outlook.subject
        mime["Date"], mime["Message-ID"] = outlook.sent, f"<{outlook.message_id}>"
        mime.set_content(outlook.text)
        for one in outlook.attachments:
            main, sub = one.media_type.split("/")
            mime.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name)
        assert parse(mime.as_bytes()).fingerprint == outlook.fingerprint
        assert replace(outlook, raw=b"").fingerprint == outlook.fingerprint


fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(st.binary(max_size=3000), st.sampled_from([b"", b"From: a@b\r\n", b"Subject: x\r\nContent-Type: ", OLE]))
def test_random_bytes_raise_nothing_but_a_refusal(data: bytes, start: bytes) -> None:
    in_time(start + data)


@pytest.mark.skipif(not SAMPLES, reason=f"no test data: {MAIL} (CASEROOM_TEST_DATA)")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_mails_raise_nothing_but_a_refusal(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SAMPLES), "file").read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(raw) - 1), "at")
        match data.draw(st.sampled_from(["set", "cut", "repeat", "insert"])):
            case "set":
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 600))]
            case "repeat":
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 600))]
            case _:
                raw[at:at] = data.draw(st.binary(max_size=40))
        if not raw:
            return
    in_time(bytes(raw))


@pytest.mark.skipif(not SAMPLES, reason=f"no test data: {MAIL} (CASEROOM_TEST_DATA)")
def test_a_damaged_attachment_table_leaves_the_letter_readable() -> None:
    raw = (MAIL / "attachmentFiles.msg").read_bytes()
    name = "__attach_version1.0_#00000001".encode("utf-16-le")
    assert name in raw
    message = parse(raw.replace(name, "__attacX_version1.0_#00000001".encode("utf-16-le")))
    assert message.subject == "attachmentFiles" and len(message.attachments) == 2
    assert io.BytesIO(message.raw).read(8) == OLE
