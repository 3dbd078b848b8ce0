"""Header fields as mail really has them: encoded words, raw 8-bit text, broken dates and addresses.

The standard library's structured header parser refuses or misreads a good part of this (a malformed
Message-ID raises IndexError in it), so fields are taken raw and read here. Nothing in here raises.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime

from ...lists.errors import Words
from .message import MAX_HEADER, Address

ENCODED_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*)\?=")  # RFC 2047 section 2, leniently
PLAIN_ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]]{1,64}@[^\s<>,;:\"'()]{1,255}")
MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Names that mail uses and Python does not know.
CHARSETS = {
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso8859_8",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "iso-8859-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
}
# Python "encodings" that are no charsets of mail, some of them slow on hostile input.
NO_CHARSETS = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}


def codec_of(charset: str) -> str | None:
    """Python's codec for a charset of mail, or None where nobody knows it."""
    name = charset.strip().strip("\"'").lower()
    name = CHARSETS.get(name, name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if found.name.replace("_", "-") in NO_CHARSETS or not getattr(found, "_is_text_encoding", True):
        return None
    return found.name


def decode_text(data: bytes, charset: str | None) -> tuple[str, Words | None]:
    """`data` as text, and the problem met, if any: the declared charset first, then UTF-8, then cp1252."""
    declared = codec_of(charset) if charset else "utf-8"
    problem = None
    if charset and declared is None:
        problem = Words("Unknown character set %(name)s.", {"name": repr(charset[:40])})
    for codec in dict.fromkeys(filter(None, (declared, "utf-8"))):
        try:
            return data.decode(codec), problem
        except (UnicodeError, ValueError):
            continue
    if charset and problem is None:
        problem = Words("The text is not in the character set it claims (%(name)s).", {"name": charset[:40]})
    # iso2022 and its kin decode in part; a charset that says nothing about the bytes is read as cp1252.
    fallback = (
        declared if declared and declared.startswith(("iso2022", "cp9", "gb", "euc", "big5")) else "cp1252"
    )
    return data.decode(fallback, "replace"), problem


def unfold(raw: str) -> str:
    """A raw field as one line of text; bytes above 127 (surrogate escapes) are UTF-8 or cp1252."""
    value = raw[:MAX_HEADER]
    if any("\ud800" <= character <= "\udfff" for character in value):
        value = decode_text(value.encode("utf-8", "surrogateescape"), None)[0]
    return re.sub(r"\s*[\r\n]+\s*", " ", value).strip()


def _word_bytes(encoding: str, content: str) -> bytes | None:
    if encoding in "bB":
        try:
            data = base64.b64decode(content + "=" * (-len(content) % 4))
            return data if data or not content else None
        except (binascii.Error, ValueError):
            return None
    return quopri.decodestring(content.encode("utf-8", "surrogateescape"), header=True)


def decode_words(value: str) -> str:
    """`value` with its encoded words decoded (RFC 2047).

    White space between two words goes; neighbours in one charset are joined before they are decoded,
    since many programs cut a character of several bytes in two.
    """
    out: list[str] = []
    pending, charset, end = b"", "", 0
    for match in ENCODED_WORD.finditer(value):
        data = _word_bytes(match[2], match[3])
        if data is None:
            continue
        between, word_charset = value[end : match.start()], match[1].split("*")[0].lower()
        joined = bool(charset) and not between.strip()
        if not (joined and word_charset == charset):
            out += [decode_text(pending, charset)[0] if charset else "", "" if joined else between]
            pending, charset = b"", word_charset
        pending, end = pending + data, match.end()
    out += [decode_text(pending, charset)[0] if charset else "", value[end:]]
    return "".join(out)


def one_line(value: str) -> str:
    """`value` without control characters (header injection, broken display), white space collapsed."""
    clean = CONTROL.sub(" ", value.replace("\ud800", "\ufffd")).encode("utf-8", "replace").decode()
    return " ".join(clean.split())


def text_field(raw: str | None) -> str:
    """A field of free text: a subject, a file name."""
    return one_line(decode_words(unfold(raw))) if raw else ""


def addresses(raw: str | None) -> list[Address]:
    """Everybody an address field names. Where its grammar is broken, whatever looks like an address."""
    value = unfold(raw or "")
    try:
        pairs = getaddresses([value])
    except (RecursionError, ValueError, IndexError, TypeError, AttributeError):
        pairs = []
    found = [_address(name, address) for name, address in pairs if address or name]
    if found and all(_sound(entry.address) or f"<{entry.address}>" in value for entry in found):
        return found
    text = one_line(decode_words(value))
    plain = [Address("", match) for match in PLAIN_ADDRESS.findall(text)]
    named = [Address(entry.name or entry.address, "") for entry in found if entry.name or entry.address]
    return plain or named


def _address(name: str, address: str) -> Address:
    name = one_line(decode_words(name))
    return Address(name.strip("'\"") or name, one_line(address))


def _sound(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and " " not in domain and (local.startswith('"') or "@" not in local)


def date_field(raw: str | None) -> datetime | None:
    """The instant of a date field (RFC 5322 section 3.3), aware; None where it cannot be read."""
    if not raw:
        return None
    try:
        found = parsedate_to_datetime(unfold(raw)[:200])
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        aware.astimezone(UTC)  # an offset that leaves the calendar is no date either
    except Exception:  # the standard library raises half a dozen kinds here, by version
        return None
    return aware


def message_ids(raws: Iterable[str]) -> tuple[str, ...]:
    """The Message-IDs in fields, bare (RFC 5322 section 3.6.4); what is no `<…>` is taken word by word."""
    value = one_line(" ".join(unfold(raw) for raw in raws))
    return tuple(MESSAGE_ID.findall(value)) or tuple(w.strip("<>") for w in value.split() if "@" in w)
