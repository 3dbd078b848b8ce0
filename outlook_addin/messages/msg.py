"""Reading an Outlook .msg ([MS-OXMSG], property names as in [MS-OXPROPS]).

Mail, appointments, contacts, tasks and votes are all messages here: subject, text, attachments.
Why extract-msg opens the file: docs/decisions/0010-outlook-messages.md.
"""

from __future__ import annotations

import logging
import mimetypes

from extract_msg import MSGFile
from extract_msg.enums import ErrorBehavior, PropertiesType

from ...lists.errors import Invalid
from . import headers, html, rtf
from .eml import file_name, fill_fields, header_fields, plain_lines
from .mapi import INTERNET_CODEPAGE, Storage, codec, decode
from .message import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    MAX_TEXT,
    Address,
    Attachment,
    Draft,
    Kind,
    Recipient,
    RecipientKind,
)

MAX_RECIPIENTS = 5_000
KINDS: tuple[tuple[str, Kind], ...] = (
    ("ipm.note", "mail"),
    ("ipm.appointment", "appointment"),
    ("ipm.schedule.meeting", "meeting"),
    ("ipm.contact", "contact"),
    ("ipm.distlist", "contact"),
    ("ipm.task", "task"),
    ("report.", "report"),
)
RECIPIENT_KINDS: dict[int, RecipientKind] = {1: "to", 2: "cc", 3: "bcc"}
BY_VALUE, EMBEDDED, OLE = 1, 5, 6  # PidTagAttachMethod
SHOWN_IN_BODY = 4  # PidTagAttachFlags: attRenderedInBody

logging.getLogger("extract_msg").addHandler(logging.NullHandler())


def read(data: bytes) -> Draft:
    """The message in `data`, a compound file; raises `Invalid` where it holds no Outlook message."""
    try:
        file = MSGFile(data, delayAttachments=True, errorBehavior=ErrorBehavior.SUPPRESS_ALL)
    except Exception as error:  # olefile and extract-msg raise a dozen kinds on damaged files
        raise Invalid("message", "This Outlook file is damaged and cannot be opened.") from error
    try:
        message = Storage(file)
        codecs = message.codecs()
        message_class = message.text(0x001A, codecs).lower()
        if not message_class and message.stream("__properties_version1.0") is None:
            raise Invalid("message", "This is an Office file, but not an Outlook message.")
        return _Reading(data, message, message_class, codecs).draft
    finally:
        file.close()


class _Reading:
    """One message of a compound file on its way to a `Draft`."""

    def __init__(self, data: bytes, message: Storage, message_class: str, codecs: tuple[str, ...]) -> None:
        self.data, self.message, self.codecs, self.draft = data, message, codecs, Draft()
        kinds: list[Kind] = [kind for start, kind in KINDS if message_class.startswith(start)]
        self.draft.kind = kinds[0] if kinds else "other"
        self.addresses: dict[str, str] = {}
        recipients = self._recipients()
        self._header(recipients)
        self._body()
        self._attachments()

    def _text(self, tag: int, of: Storage | None = None) -> str:
        return headers.one_line((of or self.message).text(tag, self.codecs)[:MAX_TEXT])

    def _recipients(self) -> list[Recipient]:
        found: list[Recipient] = []
        for path in self.message.children("__recip_version1.0_#"):
            if len(found) >= MAX_RECIPIENTS:
                self.draft.note("More than %(max)s recipients; the rest was left out.", max=MAX_RECIPIENTS)
                break
            entry = Storage(self.message.file, path, PropertiesType.RECIPIENT)
            directory = self._text(0x3003, entry)
            smtp = self._text(0x39FE, entry) or (directory if "@" in directory else "")
            if directory and smtp:
                self.addresses[directory.lower()] = smtp
            kind = RECIPIENT_KINDS.get((entry.number(0x0C15) or 1) & 0xF, "to")
            found.append(Recipient(self._text(0x3001, entry).strip("'\""), smtp, kind))
        return found

    def _header(self, recipients: list[Recipient]) -> None:
        """What the header of the transport says, if it is there, and Outlook's own properties else."""
        draft, transport = self.draft, self.message.text(0x007D, self.codecs)
        if transport.strip():
            fill_fields(draft, header_fields(transport))
        else:
            ids = headers.message_ids([self._text(0x1035)])
            draft.message_id = ids[0] if ids else None
            draft.in_reply_to = next(iter(headers.message_ids([self._text(0x1042)])), None)
            draft.references = headers.message_ids([self._text(0x1039)])
            if draft.message_id is None:
                draft.note("There is no Message-ID.")
        # A reader may have changed the subject in Outlook: what he sees there is what is filed.
        draft.subject = self._text(0x0037) or draft.subject
        draft.recipients = recipients or draft.recipients
        if draft.sender is None or not draft.sender.address:
            self._sender()
        if draft.sent is None and (sent := self.message.time(0x0039)):
            draft.sent = sent
            draft.problems = [p for p in draft.problems if p.message != "There is no date."]
        if draft.sent is None:
            draft.note("There is no date.")

    def _sender(self) -> None:
        """Whom the message is from (represented sender first), by SMTP address where one can be found."""
        draft = self.draft
        draft.problems = [p for p in draft.problems if p.message != "There is no sender."]
        name = self._text(0x0042) or self._text(0x0C1A)
        directory = self._text(0x0065) or self._text(0x0C1F)
        candidates = (
            self._text(0x5D02),
            self._text(0x5D01),
            directory,
            self.addresses.get(directory.lower(), ""),
        )
        address = next((one for one in candidates if "@" in one), "")
        draft.sender = Address(name.strip("'\""), address) if name or address else None
        if draft.sender is None:
            draft.note("There is no sender.")
        elif not address:
            draft.note("The sender is named without an e-mail address.")

    def _body(self) -> None:
        draft = self.draft
        packed, is_html = self._rtf()
        source = self._html() or (packed if is_html else None)
        readable = ""
        if source:
            draft.html, readable, cut = html.read(source)
            if cut:
                draft.note("The HTML is too large or nested too deeply; a part of its markup was left out.")
        text = plain_lines(self.message.text(0x1000, self.codecs)) or readable
        text = text or (plain_lines(packed) if packed and not is_html else "")
        if len(text) > MAX_TEXT:
            draft.note("The text is longer than %(max)s characters; its end was left out.", max=MAX_TEXT)
        draft.text = text[:MAX_TEXT]

    def _html(self) -> str:
        page = codec(self.message.number(INTERNET_CODEPAGE))
        data = self.message.binary(0x1013)
        if data is None:
            return self.message.text(0x1013, self.codecs)
        return decode(data, tuple(filter(None, (page, "utf-8", *self.codecs))))

    def _rtf(self) -> tuple[str, bool]:
        data = self.message.binary(0x1009)
        if not data:
            return "", False
        try:
            return rtf.unpack(rtf.decompress(data))
        except ValueError as error:
            self.draft.note("The rich text body cannot be read (%(why)s).", why=str(error)[:60])
            return "", False

    def _attachments(self) -> None:
        for count, path in enumerate(self.message.children("__attach_version1.0_#")):
            if count >= MAX_ATTACHMENTS:
                self.draft.note("More than %(max)s attachments; the rest was left out.", max=MAX_ATTACHMENTS)
                break
            if self.draft.attachment_bytes > MAX_ATTACHMENT_BYTES:
                break
            self._attachment(Storage(self.message.file, path, PropertiesType.ATTACHMENT), count + 1)

    def _attachment(self, entry: Storage, number: int) -> None:
        method = entry.number(0x3705)
        name = next(filter(None, (file_name(self._text(tag, entry)) for tag in (0x3707, 0x3704, 0x3001))), "")
        data, media_type = entry.binary(0x3701), self._text(0x370E, entry).lower()
        if data is None and method == EMBEDDED:
            data, media_type = self._inner_message(entry), "application/vnd.ms-outlook"
            name = name if name.lower().endswith(".msg") else (name or f"message-{number}") + ".msg"
        if data is None:
            what = name or str(number)
            self.draft.note(
                "The attachment %(name)s is a link or an object without a file; it was left out.", name=what
            )
            return
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        content_id = self._text(0x3712, entry).strip("<> ") or None
        inline = bool((entry.number(0x3714) or 0) & SHOWN_IN_BODY) or entry.flag(0x7FFE)
        inline = inline or bool(content_id and self.draft.html and f"cid:{content_id}" in self.draft.html)
        given = name or f"attachment-{number}{mimetypes.guess_extension(media_type) or '.bin'}"
        self.draft.attach(Attachment(given, media_type or guessed, data, inline, content_id))

    def _inner_message(self, entry: Storage) -> bytes | None:
        """A message within as a .msg of its own: in the file it is a storage, it has no bytes of its own."""
        prefix = f"{entry.path}/__substg1.0_3701000D"
        try:
            # The data is read anew with a prefix; extract-msg needs a name or it looks for one and fails.
            inner = MSGFile(
                self.data,
                prefix=prefix,
                filename="message",
                delayAttachments=True,
                errorBehavior=ErrorBehavior.SUPPRESS_ALL,
            )
            try:
                return inner.exportBytes(allowBadEmbed=True)
            finally:
                inner.close()
        except Exception:  # a damaged inner message; the whole file is kept
            return None
