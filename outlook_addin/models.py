"""Stored messages, who filed which copy of them, and the mail that waits to be sent."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..lists.database import Base
from ..lists.models import now
from ..lists.sqltypes import Json, UtcDateTime


class StoredMessage(Base):
    """One message, however often and by whomever it was filed. `fingerprint` covers all that is kept here."""

    __tablename__ = "stored_messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    stored: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)


class StoredAttachment(Base):
    """A file in a stored message, in the order of the message (`position` from 0)."""

    __tablename__ = "stored_attachments"
    message_id: Mapped[int] = mapped_column(ForeignKey("stored_messages.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(Integer)
    inline: Mapped[bool] = mapped_column(default=False)
    content_id: Mapped[str | None] = mapped_column(Text)


class StoredCopy(Base):
    """The bytes of a message as one filer had them. Copies differ in what the fingerprint leaves out: recipients
    (the sender's own copy names the hidden ones) and HTML. So each filing shows its own copy, never another's."""

    __tablename__ = "stored_copies"
    __table_args__ = (UniqueConstraint("message_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("stored_messages.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(Integer)
    suffix: Mapped[str] = mapped_column(String(8))  # eml or msg
    html: Mapped[str | None] = mapped_column(Text)  # cleaned by the message's reader
    problems: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # `message` and `values`: told in the reader's words


class Filing(Base):
    """Which copy a `mails` item shows, by the item's guid; `documents`: ids of the documents that this filing made."""

    __tablename__ = "mail_filings"
    mail_guid: Mapped[str] = mapped_column(String(36), primary_key=True)
    copy_id: Mapped[int] = mapped_column(ForeignKey("stored_copies.id"), index=True)
    documents: Mapped[list[int]] = mapped_column(Json)


class Outgoing(Base):
    """A message that is to be sent: the outbox. `recipients`: addresses to which it has not gone yet.

    `state`: waiting, sent, or set_aside with its `reason`; `next_try` also says until when a sender has it in hand.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index("ix_outgoing_mails_waiting", "state", "next_try"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    mail_guid: Mapped[str] = mapped_column(String(36), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    envelope_from: Mapped[str] = mapped_column(String(320))
    recipients: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    reason: Mapped[str] = mapped_column(Text, default="")
    refused: Mapped[dict[str, str]] = mapped_column(Json)  # address → why the server will not take it
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    done: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
