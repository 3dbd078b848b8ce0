"""Every mail of the test data against what other parsers say of it.

How `messages_expected.json` was made, none of it by Caseroom's code:
- .eml: subject, sender's address and the bytes of attachments by fast-mail-parser 0.10.0
  (Rust; it shares no code with Python's `email`); the date by GNU `date -u -d` from the raw Date field.
- .msg: subject, sender and date by python-oxmsg 0.0.2; the bytes of an attachment are the stream
  `__substg1.0_37010102`, read with olefile ([MS-OXMSG] 2.2.2); "embedded" is a message within, without one.

Where they and Caseroom disagree, `DECIDED` says what the raw bytes show and who is right.
"""

from __future__ import annotations

import io
import json
import os
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from typing import Any

import olefile
import pytest

from caseroom.outlook_addin.messages import Message, parse

ROOT = Path(__file__).resolve().parents[2]
MAIL = Path(os.environ.get("CASEROOM_TEST_DATA", ROOT / "../shared/data")) / "mail"
EXPECTED: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("messages_expected.json").read_text("utf-8"))
DECIDED: dict[tuple[str, str], Any] = {
    # The sender is given as an Exchange directory name; the recipient table of the same file gives the
    # same entry (PidTagEmailAddress) with its SMTP address.
    ("A_schedule.msg", "sender"): "ku@digitaldolphins.onmicrosoft.com",
    # The bytes are 93 FA 96 7B 8C EA …: code page 932, as the file's locale (0x0411, Japanese) says. It names
    # no code page of its own, so the other parser took them for Latin-9.
    ("nonUnicodeCP932.msg", "subject"): "日本語 Non Unicode タイトル",
    # `From: tim@… concierge@…`, without a comma: two addresses; the other parser makes one of them.
    ("raw_email_multiple_from.eml", "sender"): "tim@powerupdev.com",
    # The text/enriched part is the second form of the one text (RFC 2046 section 5.1.4), no attachment.
    ("raw_email11.eml", "attachments"): [],
}

needs_mail = pytest.mark.skipif(not MAIL.is_dir(), reason=f"no test data: {MAIL} (CASEROOM_TEST_DATA)")


def mail(name: str) -> Message:
    return parse((MAIL / name).read_bytes(), name)


def expected(name: str, what: str) -> Any:
    return DECIDED.get((name, what), EXPECTED[name][what])


@needs_mail
def test_every_mail_of_the_test_data_is_in_the_table() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in MAIL.iterdir())


@needs_mail
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_mail_reads_as_another_parser_reads_it(name: str) -> None:
    message = mail(name)
    sent = message.sent.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if message.sent else None
    assert message.subject == expected(name, "subject")
    assert (message.sender.address if message.sender else None) == expected(name, "sender")
    assert sent == expected(name, "sent")
    hashes = [sha256(one.data).hexdigest() for one in message.attachments]
    wanted = expected(name, "attachments")
    assert [h if w != "embedded" else w for h, w in zip(hashes, wanted, strict=True)] == wanted
    assert message.raw == (MAIL / name).read_bytes()


@needs_mail
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raw_email.eml", "대부분의 마찬가지로, 우리는 하나님을 믿습니다.\n\n제 이름은 Jamis입니다."),
        ("nonUnicodeCP932.msg", "日本語 Non Unicode 本文"),
        ("Hello_+CJK.msg", "Hello\nC 你好\nJ こんにちは\nK 안녕하세요"),
        ("raw_email7.eml", "This is the first part."),
        ("A_schedule.msg", "A message body."),
        ("basic_email.eml", "Plain email.\n\nHope it works well!\n\nMikel"),
    ],
)
def test_the_text_is_readable_in_every_code_page(name: str, text: str) -> None:
    assert mail(name).text == text


@needs_mail
def test_html_packed_in_rich_text_comes_out_in_the_right_code_page() -> None:
    html = mail("nonUnicodeCP932.msg").html or ""
    assert "日本語" in html and "本文" in html and "htmltag" not in html
    assert 'href="https://google.com/"' in (mail("htmlLink.msg").html or "")


@needs_mail
@pytest.mark.parametrize("name", ["msgInMsg.msg", "Attach_sample_eml_received.msg"])
def test_a_message_within_a_msg_keeps_every_stream_it_had(name: str) -> None:
    """The same streams with the same bytes, read from both files by olefile alone."""
    inner = next(one for one in mail(name).attachments if one.media_type == "application/vnd.ms-outlook")
    source, copy = olefile.OleFileIO(str(MAIL / name)), olefile.OleFileIO(io.BytesIO(inner.data))
    above = ["__attach_version1.0_#00000000", "__substg1.0_3701000D"]
    streams = [path[2:] for path in source.listdir() if path[:2] == above]
    assert len(streams) > 10
    for path in streams:
        if path != ["__properties_version1.0"]:  # its header is 8 bytes longer in a file of its own
            assert source.openstream(above + path).read() == copy.openstream(path).read(), path
    assert parse(inner.data).subject


@needs_mail
def test_a_message_within_an_eml_is_kept_with_its_own_bytes() -> None:
    inner = mail("attachment_message_rfc822_inline_image.eml").attachments[1]
    assert inner.name == "Testmail.eml"
    assert inner.data in (MAIL / "attachment_message_rfc822_inline_image.eml").read_bytes()


@needs_mail
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("japanese_attachment_long_name.eml", ["かきくけこかきくけこかきくけこかきくけこかきくけこ.txt"]),
        ("attachment_with_encoded_name.eml", ["01 Quien Te Dij\ufffdat. Pitbull.mp3"]),
        ("attachAndInline.msg", ["attach.png", "image001.png"]),
        ("msgInMsg.msg", ["Microsoft Outlook テスト メッセージ.msg", "green.png"]),
        ("raw_email7.eml", ["test.rb", "test.pdf", "smime.p7s"]),
    ],
)
def test_attachments_keep_their_names(name: str, names: list[str]) -> None:
    assert [one.name for one in mail(name).attachments] == names


@needs_mail
def test_a_picture_of_the_body_is_inline_and_named_by_its_content_id() -> None:
    picture = mail("attachAndInline.msg").attachments[1]
    assert picture.inline and picture.content_id == "image001.png@01D78380.EF6DC500"
    assert f"cid:{picture.content_id}" in (mail("attachAndInline.msg").html or "")


@needs_mail
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("A_schedule.msg", "appointment"),
        ("contactUnicode.msg", "contact"),
        ("voteYes.msg", "mail"),
        ("report_530.eml", "report"),
    ],
)
def test_what_is_no_letter_is_filed_too(name: str, kind: str) -> None:
    assert mail(name).kind == kind and mail(name).subject


@needs_mail
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("bad_date_header2.eml", "The date cannot be read."),
        ("multiple_content_types.eml", "There is no date."),
        ("raw_email_multiple_from.eml", "There are several senders; the first was taken."),
        ("content_transfer_encoding_spam.eml", "Unknown transfer encoding '7vladi.pimenovit'."),
        ("Simple.msg", "There is no sender."),
    ],
)
def test_a_gap_is_named(name: str, problem: str) -> None:
    assert problem in [str(one) for one in mail(name).problems]


@needs_mail
def test_addressees_are_found_over_folded_lines_and_empty_entries() -> None:
    addressees = [one.address for one in mail("new_line_in_to_header.eml").recipients]
    assert addressees == [
        "leads@sg.dc.com",
        "sag@leads.gs.ry.com",
        "sn@example-hotmail.com",
        "e-s-a-g-8718@app.ar.com",
        "jp@t-exmaple.com",
        "cc@c-l-example.com",
    ]
