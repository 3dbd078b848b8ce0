"""Reading an .eml: a message as it travels (RFC 5322, MIME RFC 2045 to 2049).

The standard library finds the parts and decodes their transfer encodings; fields, character sets and
names are read in `headers.py`. A message within the message stays one part with its own bytes.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as MimePart
from email.parser import BytesFeedParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value
from html import escape
from typing import Any

from ...lists.errors import Invalid
from . import headers, html
from .message import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_PARTS,
    MAX_TEXT,
    Attachment,
    Draft,
    Recipient,
    RecipientKind,
)

# Any of these makes a file a mail; `Content-Type` alone would make mail of a saved web answer.
MAIL_FIELDS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "sender",
        "reply-to",
        "return-path",
        "received",
        "delivered-to",
    ]
)
FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
MAX_PARAMETERS = 20_000  # characters of a Content-… field
CHUNK = 256 * 1024
ENCODINGS = frozenset(
    ["7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "uue", "x-uue"]
)


class _Bounded(Exception):
    """The message has more parts, or nests deeper, than is read."""


class Part(MimePart):
    """A MIME part whose inner message, if it is one, is left alone as bytes."""

    def get_content_type(self) -> str:
        declared = super().get_content_type()
        return "application/x-inner-message" if declared.startswith("message/") else declared

    def set_raw(self, name: str, value: str) -> None:
        """Take a field; one of a length that only an attack has is cut, since reading it takes squares."""
        limit = MAX_PARAMETERS if name.lower().startswith("content-") else MAX_HEADER
        super().set_raw(name, value[:limit])

    @property
    def declared_type(self) -> str:
        """The media type as the part declares it."""
        return super().get_content_type()


@dataclass
class Body:
    """One piece of the body, in plain text, in HTML, or in both as alternatives."""

    plain: str | None = None
    html: str | None = None


def read(data: bytes) -> Draft:
    """The message in `data`; raises `Invalid` where there is no field of a mail in it."""
    draft = Draft()
    root = _parts(data, draft)
    fields = Fields(root)
    if not MAIL_FIELDS & fields.names:
        raise Invalid("message", "This file is not an e-mail: it has none of the fields of one.")
    fill_fields(draft, fields)
    if root.declared_type == "multipart/report":
        draft.kind = "report"
    bodies = list(_bodies(root, draft, 0))
    draft.text, draft.html = _body(bodies, draft)
    return draft


class Fields:
    """The fields of a header, raw, by name in lower case."""

    def __init__(self, part: MimePart) -> None:
        self.items: list[tuple[str, str]] = [(n.lower(), str(v)) for n, v in part.raw_items()]
        self.names = {name for name, _ in self.items}

    def all(self, name: str) -> list[str]:
        """Every occurrence that is not empty, in order."""
        return [value for key, value in self.items if key == name and value.strip()]

    def first(self, name: str) -> str | None:
        """The first occurrence that is not empty."""
        return next(iter(self.all(name)), None)


def header_fields(text: str) -> Fields:
    """The fields of a header that stands alone, as Outlook keeps it in a .msg."""
    parser = BytesFeedParser(_factory=Part, policy=compat32)
    parser.feed(text.encode("utf-8", "replace").split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n")
    return Fields(parser.close())


def fill_fields(draft: Draft, fields: Fields) -> None:
    """Put into `draft` what the header says; what it says badly is named in the problems."""
    draft.subject = headers.text_field(fields.first("subject"))
    _fill_sender(draft, fields)
    kinds: tuple[RecipientKind, ...] = ("to", "cc", "bcc")
    draft.recipients = [
        Recipient(entry.name, entry.address, kind)
        for kind in kinds
        for value in fields.all(kind)
        for entry in headers.addresses(value)
    ]
    date = fields.first("date")
    draft.sent = headers.date_field(date)
    if draft.sent is None:
        draft.note("The date cannot be read." if date else "There is no date.")
    ids = headers.message_ids(fields.all("message-id")[:1])
    draft.message_id = ids[0] if ids else None
    if draft.message_id is None:
        draft.note(
            "The Message-ID cannot be read." if fields.first("message-id") else "There is no Message-ID."
        )
    draft.in_reply_to = next(iter(headers.message_ids(fields.all("in-reply-to"))), None)
    draft.references = headers.message_ids(fields.all("references"))
    for name in ("subject", "date", "message-id"):
        if len(fields.all(name)) > 1:
            draft.note("The field %(name)s occurs several times; the first was taken.", name=name)


def _fill_sender(draft: Draft, fields: Fields) -> None:
    senders = [entry for value in fields.all("from") for entry in headers.addresses(value)]
    if not senders and (fallback := fields.first("sender") or fields.first("return-path")):
        senders = [entry for entry in headers.addresses(fallback) if entry.address]
        draft.note("There is no From; the sender was taken from Sender or Return-Path.")
    draft.sender = next((entry for entry in senders if "@" in entry.address), senders[0] if senders else None)
    if len(senders) > 1:
        draft.note("There are several senders; the first was taken.")
    if draft.sender is None:
        draft.note("There is no sender.")


def _parts(data: bytes, draft: Draft) -> Part:
    """The tree of MIME parts; past a bound, what had been read until then."""
    begun: list[Part] = []

    def begin(policy: Any = compat32) -> Part:
        # Depth is what makes the standard parser slow: every line is tried against every open boundary.
        # (The very first call is the parser's own trial of the factory, before it exists.)
        if begun and (len(begun) > MAX_PARTS or len(getattr(parser, "_msgstack", ())) > MAX_DEPTH):
            raise _Bounded
        begun.append(Part(policy=policy))
        return begun[-1]

    parser = BytesFeedParser(_factory=begin, policy=compat32)
    if len(data) > MAX_BYTES:
        draft.note("The message is larger than %(max)s MB; its end was not read.", max=MAX_BYTES // 1024 // 1024)
    start = _start(data)
    try:
        for offset in range(start, min(len(data), MAX_BYTES), CHUNK):
            parser.feed(data[offset : min(offset + CHUNK, MAX_BYTES)])
        parser.close()
    except _Bounded:
        draft.note(
            "More than %(parts)s parts, or nested deeper than %(depth)s; the rest was left out.",
            parts=MAX_PARTS,
            depth=MAX_DEPTH,
        )
    except Exception as error:  # whatever the standard library stumbles over, the raw bytes are kept
        draft.note("The structure of the message is broken (%(why)s).", why=type(error).__name__)
    # The first was the parser's trial, the second is the root.
    return begun[1] if len(begun) > 1 else Part()


def _start(data: bytes) -> int:
    """Where the header begins: after a byte order mark, empty lines, and one line that is no field."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while data[start : start + 1] in (b"\r", b"\n"):
        start += 1
    line = data[start : data.find(b"\n", start) + 1]
    if line and not line.startswith(b"From ") and not FIELD.match(line):
        return start + len(line)
    return start


def _bodies(part: MimePart, draft: Draft, depth: int) -> Iterator[Body]:
    """The pieces of the body under `part`, in order; what is not body is attached to `draft`."""
    if part.is_multipart() and depth <= MAX_DEPTH:
        children: Any = part.get_payload()
        pieces = [body for child in children for body in _bodies(child, draft, depth + 1)]
        if part.get_content_type() == "multipart/alternative":
            # RFC 2046 section 5.1.4: the last form is the richest, all say the same.
            plain = next((piece.plain for piece in pieces if piece.plain is not None), None)
            rich = next((piece.html for piece in reversed(pieces) if piece.html is not None), None)
            pieces = [Body(plain, rich)] if plain is not None or rich is not None else []
        yield from pieces
    elif isinstance(part, Part):
        yield from _leaf(part, draft)


def _leaf(part: Part, draft: Draft) -> Iterator[Body]:
    fields = Fields(part)
    disposition = (fields.first("content-disposition") or "").strip().lower()
    media_type, name = part.declared_type, _name(part)
    data = _content(part, fields, draft)
    if media_type.startswith("multipart/"):  # it promises parts and has none: what is there is read as text
        media_type = "text/plain"
        draft.note("A multipart has no parts.")
    is_text = media_type in ("text/plain", "text/html", "text/enriched")
    if is_text and not name and not disposition.startswith("attachment"):
        charset = _parameter(part, "charset")
        text, problem = headers.decode_text(data[: 4 * MAX_TEXT], charset)
        if problem:
            draft.note(problem.message, **problem.values)
        if media_type == "text/html":
            yield Body(html=text)
        else:
            yield Body(plain=_without_markup(text) if media_type == "text/enriched" else text)
    else:
        content_id = headers.one_line(headers.unfold(fields.first("content-id") or "")).strip("<> ") or None
        inline = disposition.startswith("inline") or (content_id is not None and not disposition)
        given = name or _invented_name(media_type, data, len(draft.attachments) + 1)
        draft.attach(Attachment(given, media_type, data, inline, content_id))


def _without_markup(enriched: str) -> str:
    """Text of text/enriched (RFC 1896) without its commands."""
    return re.sub(r"</?[a-zA-Z-]{1,60}>", "", enriched)


def _content(part: Part, fields: Fields, draft: Draft) -> bytes:
    """The bytes of a part, its transfer encoding undone; as they stand where it is unknown or damaged."""
    if part.is_multipart():
        draft.note("A part of the message is nested too deeply and was left out.")
        return b""
    raw = headers.one_line(headers.unfold(fields.first("content-transfer-encoding") or "7bit"))
    encoding = raw.split(";")[0].strip().lower()
    if encoding.replace("-", "") not in ENCODINGS and encoding not in ENCODINGS:
        draft.note("Unknown transfer encoding %(name)s.", name=repr(encoding[:40]))
    try:
        decoded: Any = part.get_payload(decode=True)
    except Exception as error:  # a damaged uuencoded part raises, by version, one of several kinds
        draft.note("A part in %(encoding)s is damaged (%(why)s).", encoding=encoding[:40], why=type(error).__name__)
        del part["content-transfer-encoding"]
        decoded = part.get_payload(decode=True)
    if encoding == "base64" and part.defects:
        draft.note("A part in base64 is damaged.")
    return decoded if isinstance(decoded, bytes) else b""


def _parameter(part: Part, name: str) -> str | None:
    """A parameter of Content-Type, plain or as RFC 2231 has it."""
    try:
        value = part.get_param(name)
        found = collapse_rfc2231_value(value) if value else None  # type: ignore[arg-type]
    except Exception:  # broken quoting and numbering raise several kinds
        return None
    return found if isinstance(found, str) and found.strip() else None


def _name(part: Part) -> str:
    """The file name (RFC 2183, RFC 2231, and RFC 2047 where it should not be), without any folder."""
    try:
        raw = part.get_filename() or ""
    except Exception:  # broken quoting and numbering raise several kinds
        raw = ""
    return file_name(headers.text_field(raw))


def file_name(name: str) -> str:
    """`name` as a bare file name of at most 200 characters: a sender must not choose a folder."""
    bare = re.split(r"[\\/]", name)[-1].strip(" .\"'")
    stem, dot, ending = bare.rpartition(".")
    if len(bare) <= 200:
        return bare
    return stem[: 200 - len(ending) - 1] + dot + ending if dot and len(ending) < 20 else bare[:200]


def _invented_name(media_type: str, data: bytes, number: int) -> str:
    if media_type.startswith("message/rfc822"):
        subject = headers.text_field(header_fields(data[:20_000].decode("latin-1")).first("subject"))
        return (file_name(subject) or f"message-{number}")[:100] + ".eml"
    if media_type == "text/calendar":
        return f"invitation-{number}.ics"
    if media_type.startswith("message/") or media_type == "text/rfc822-headers":
        return f"{media_type.partition('/')[2]}-{number}.txt"[:100]
    return f"attachment-{number}{mimetypes.guess_extension(media_type) or '.bin'}"


def _body(bodies: list[Body], draft: Draft) -> tuple[str, str | None]:
    """Text and HTML of all pieces of the body, one after the other."""
    texts: list[str] = []
    rich: list[str] = []
    for body in bodies[:MAX_PARTS]:
        clean = readable = None
        if body.html is not None:
            clean, readable, cut = html.read(body.html)
            if cut:
                draft.note("The HTML is too large or nested too deeply; a part of its markup was left out.")
        text = body.plain if body.plain is not None and (body.plain.strip() or not readable) else readable
        texts.append(plain_lines(text or ""))
        rich.append(clean if clean is not None else f"<pre>{escape(text or '', quote=False)}</pre>")
    text = "\n\n".join(filter(None, texts))
    if len(text) > MAX_TEXT:
        draft.note("The text is longer than %(max)s characters; its end was left out.", max=MAX_TEXT)
    has_html = any(body.html is not None for body in bodies)
    return text[:MAX_TEXT], "".join(rich) if has_html else None


def plain_lines(text: str) -> str:
    """`text` with `\\n` line ends, without control characters but tabs, without space around."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text).encode("utf-8", "replace").decode().strip()
