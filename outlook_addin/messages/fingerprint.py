"""When two files hold the same message.

A filed message is stored once, and whoever files it again is linked to what is stored. So the
fingerprint is a key to another's copy, and a Message-ID alone must not be one: it is no secret (every
reply carries it) and anybody can write it into a mail of his own. With it alone, a forged mail would
open the true one to the forger, or, filed first, take its place for everybody after.

Therefore the fingerprint is a SHA-256 over *everything a reader is shown as the message*: Message-ID,
sender's address, the second it was sent, subject, text and the bytes of every attachment. Who can
produce it has all of that already and learns nothing. Recipients and HTML are left out: Outlook and
Exchange rewrite both.

What differs between the .eml and the .msg of one mail is evened out: white space, Unicode composition,
the case of the address and of the Message-ID's domain, fractions of seconds, time zones, the order of
attachments; a message within the message counts by its own fingerprint. Where a body was converted (HTML
to text by Outlook) the two may still differ. Then the message is stored twice, which costs space and
betrays nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from .message import MAX_TEXT, Attachment, Draft, Message

NESTED = frozenset({"message/rfc822", "message/global", "application/vnd.ms-outlook"})
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def finish(draft: Draft, raw: bytes, nested: Callable[[bytes], str | None]) -> Message:
    """`draft` as a `Message`. `nested` gives the fingerprint of a message within, None where it is none."""
    return Message(
        kind=draft.kind,
        message_id=draft.message_id,
        subject=draft.subject,
        sender=draft.sender,
        recipients=tuple(draft.recipients),
        sent=draft.sent,
        text=draft.text[:MAX_TEXT],
        html=draft.html,
        attachments=tuple(draft.attachments),
        raw=raw,
        fingerprint=fingerprint(draft, nested),
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        problems=tuple(draft.problems),
    )


def fingerprint(draft: Draft, nested: Callable[[bytes], str | None]) -> str:
    """The fingerprint of a message that has been read, as 64 hexadecimal digits."""
    parts = [
        _message_id(draft.message_id),
        draft.sender.address.casefold() if draft.sender else "",
        _second(draft.sent),
        _letters(draft.subject),
        _letters(draft.text),
        *sorted(_attachment(attachment, nested) for attachment in draft.attachments),
    ]
    digest = sha256()
    for part in parts:  # length before content: no two lists of parts read the same
        data = part.encode("utf-8", "replace")
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()


def _message_id(message_id: str | None) -> str:
    local, at, domain = (message_id or "").rpartition("@")
    return local + at + domain.casefold()


def _second(sent: datetime | None) -> str:
    return sent.astimezone(UTC).replace(microsecond=0).isoformat() if sent else ""


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text.translate(INVISIBLE)).split())


def _attachment(attachment: Attachment, nested: Callable[[bytes], str | None]) -> str:
    own = nested(attachment.data) if attachment.media_type in NESTED else None
    return own or sha256(attachment.data).hexdigest()
