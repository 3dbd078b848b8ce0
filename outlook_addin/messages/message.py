"""What a message is to Caseroom, whatever file it came in, and how much of one is read at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ...lists.errors import Words

Kind = Literal["mail", "report", "meeting", "appointment", "contact", "task", "other"]
RecipientKind = Literal["to", "cc", "bcc"]

MAX_BYTES = 150 * 1024 * 1024
"""How much of an .eml is read: Exchange itself carries no message above 150 MB."""
MAX_ATTACHMENTS = 250
MAX_ATTACHMENT_BYTES = MAX_BYTES
"""All attachments together: a hostile .msg can name one stream many times over."""
MAX_PARTS = 1_000
"""MIME parts of an .eml, multiparts included."""
MAX_DEPTH = 12
"""How deep multiparts may nest, and how deep messages in messages are compared."""
MAX_TEXT = 1_000_000
"""Characters of body text, and of HTML source, that are kept."""
MAX_HEADER = 200_000
"""Characters of one header field that are read (several thousand addresses)."""


@dataclass(frozen=True)
class Address:
    """Who: a display name and an SMTP address, each empty where the message does not say."""

    name: str
    address: str


@dataclass(frozen=True)
class Recipient(Address):
    """An addressee and the line that names him."""

    kind: RecipientKind = "to"


@dataclass(frozen=True)
class Attachment:
    """A file in a message. `inline`: it is shown in the body; `content_id` is bare, without `<>`."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True)
class Message:
    """One message, read from an .eml or an Outlook .msg.

    `sent` is aware, or None where no date can be read. `text` is plain text with `\\n` line ends; `html`
    is cleaned and safe to show in a page that loads nothing from outside. `problems` says in English
    what could not be read; `raw` is the file as it came, so that nothing is lost by them. For
    `fingerprint` see `fingerprint.py`. `message_id`, `in_reply_to` and `references` are bare, without `<>`.
    """

    kind: Kind
    message_id: str | None
    subject: str
    sender: Address | None
    recipients: tuple[Recipient, ...]
    sent: datetime | None
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    attachments: tuple[Attachment, ...]
    raw: bytes = field(repr=False)
    fingerprint: str
    in_reply_to: str | None
    references: tuple[str, ...]
    problems: tuple[Words, ...]


@dataclass
class Draft:
    """A message while it is being read; `fingerprint.finish` makes the `Message` of it."""

    kind: Kind = "mail"
    message_id: str | None = None
    subject: str = ""
    sender: Address | None = None
    recipients: list[Recipient] = field(default_factory=list)
    sent: datetime | None = None
    text: str = ""
    html: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    problems: list[Words] = field(default_factory=list)
    attachment_bytes: int = 0

    def attach(self, attachment: Attachment) -> None:
        """Add `attachment`, unless the message has reached its bounds: then the problems say so."""
        if len(self.attachments) >= MAX_ATTACHMENTS:
            self.note("More than %(max)s attachments; the rest was left out.", max=MAX_ATTACHMENTS)
        elif self.attachment_bytes + len(attachment.data) > MAX_ATTACHMENT_BYTES:
            self.note("The attachments are too large together; some were left out.")
        else:
            self.attachment_bytes += len(attachment.data)
            self.attachments.append(attachment)

    def note(self, message: str, **values: Any) -> None:
        """Name a problem, once."""
        problem = Words(message, values)
        if problem not in self.problems:
            self.problems.append(problem)
