"""Messages: the bytes of an .eml or an Outlook .msg become one `Message`."""

from __future__ import annotations

from ...libraries import formats
from ...lists.errors import Invalid
from . import eml, fingerprint
from .message import MAX_DEPTH, Address, Attachment, Draft, Message, Recipient

__all__ = ["Address", "Attachment", "Message", "Recipient", "parse"]


def parse(data: bytes, filename: str | None = None) -> Message:
    """The message in `data`, an .eml or an Outlook .msg; the content decides which, never the name.

    Whatever is malformed is survived and named in `Message.problems`. `filename` only makes the refusal
    clearer. Raises `Invalid("message", …)` where `data` is no message at all.
    """
    if not data.strip(b" \t\r\n\0"):
        raise Invalid("message", "The file %(filename)s is empty.", filename=filename or "")
    return _parse(data, 0)


def _parse(data: bytes, depth: int) -> Message:
    draft = _read_msg(data) if data.startswith(formats.OLE_MAGIC) else eml.read(data)

    def nested(inner: bytes) -> str | None:
        if depth >= MAX_DEPTH:
            draft.note("Messages are nested deeper than %(max)s.", max=MAX_DEPTH)
            return None
        try:
            return _parse(inner, depth + 1).fingerprint
        except Invalid:
            return None

    return fingerprint.finish(draft, data, nested)


def _read_msg(data: bytes) -> Draft:
    from . import msg  # what reads Outlook's files takes half a second to import, and most processes meet none

    return msg.read(data)
