"""The outbox: what `sending.send` left goes to the mail server (SMTP, RFC 5321), with growing pauses where it fails.

A message is taken in hand by one short transaction, sent without one, and marked by another. A crash before the server
has taken it loses nothing; a crash in the instant between its answer and our mark sends it once more, which SMTP
cannot tell apart. Who has got it already is remembered per recipient.
"""

from __future__ import annotations

import datetime
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..libraries.blobs import BlobStore
from ..lists.database import Database
from ..lists.errors import NotFound
from ..lists.models import now
from .models import Outgoing

PAUSES = (60, 300, 900, 3600, 4 * 3600, 12 * 3600)  # seconds before the second, third, … try
IN_HAND = datetime.timedelta(minutes=10)
TIMEOUT = 30  # seconds that the server may take for an answer


@dataclass(frozen=True)
class Server:
    """The mail server of `smtp_url`: `smtp://` (STARTTLS if offered) or `smtps://` (TLS from the start)."""

    url: str

    @contextmanager
    def connection(self) -> Iterator[smtplib.SMTP]:
        """A connection that is encrypted and signed in as far as configured. Raises OSError, smtplib.SMTPException.

        A password never goes over the network in the clear.
        """
        parts = urlsplit(self.url)
        host, tls = parts.hostname or "localhost", ssl.create_default_context()
        smtp: smtplib.SMTP
        if parts.scheme == "smtps":
            smtp = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=tls)
        else:
            smtp = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
        with smtp:
            smtp.ehlo()
            encrypted = parts.scheme == "smtps"
            if not encrypted and smtp.has_extn("starttls"):
                smtp.starttls(context=tls)
                smtp.ehlo()
                encrypted = True
            if parts.username:
                if not encrypted and not _is_this_machine(host):
                    raise smtplib.SMTPNotSupportedError("the server offers no encryption for the password")
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
            yield smtp


@dataclass(frozen=True)
class Status:
    """Where a sent message stands: `state` waiting, sent or set_aside; `reason` of the last failure."""

    state: str
    attempts: int
    next_try: datetime.datetime
    done: datetime.datetime | None
    reason: str
    refused: dict[str, str]


@dataclass(frozen=True)
class _InHand:
    id: int
    sha256: str
    envelope_from: str
    recipients: list[str]


def status(session: Session, mail_guid: str) -> Status | None:
    """Where the mail with this guid stands in the outbox; None for one that was not sent from here."""
    row = session.scalar(select(Outgoing).where(Outgoing.mail_guid == mail_guid))
    return row and Status(row.state, row.attempts, row.next_try, row.done, row.reason, row.refused)


def deliver(database: Database, blobs: BlobStore, server: Server) -> bool:
    """Send one message that is due. Says whether there was one. Never raises for what a server or a message does."""
    taken = _take(database)
    if taken is None:
        return False
    try:
        raw = b"".join(blobs.open(taken.sha256))
        with server.connection() as smtp:
            refused = smtp.sendmail(taken.envelope_from, taken.recipients, raw)
    except smtplib.SMTPRecipientsRefused as failure:
        _after_answers(database, taken, failure.recipients)
    except smtplib.SMTPResponseException as failure:  # refused as a whole: sign-in, sender, content
        _failed(database, taken, _said(failure.smtp_code, failure.smtp_error), lasting=_is_lasting(failure))
    except (OSError, smtplib.SMTPException) as failure:
        _failed(database, taken, str(failure) or type(failure).__name__)
    except NotFound as failure:  # its bytes are gone
        _failed(database, taken, str(failure), lasting=True)
    else:
        _after_answers(database, taken, refused)
    return True


def try_again(session: Session, mail_guid: str) -> None:
    """Let a message that was set aside wait once more. Raises NotFound."""
    row = session.scalar(select(Outgoing).where(Outgoing.mail_guid == mail_guid, Outgoing.state == "set_aside"))
    if row is None:
        raise NotFound()
    row.recipients = [*row.recipients, *row.refused]
    row.state, row.attempts, row.next_try, row.reason, row.refused, row.done = "waiting", 0, now(), "", {}, None


def is_any_due(database: Database) -> bool:
    """Whether a message waits that may be sent now; asked without a writing transaction."""
    with database.read() as session:
        return session.scalar(_due().limit(1)) is not None


def _due() -> Any:
    return (
        select(Outgoing.id).where(Outgoing.state == "waiting", Outgoing.next_try <= now()).order_by(Outgoing.next_try)
    )


def _take(database: Database) -> _InHand | None:
    """Take the next message in hand: no other sender touches it for a while, also if we die."""
    if not is_any_due(database):
        return None
    with database.write() as session:
        chosen = session.scalar(_due().limit(1).with_for_update(skip_locked=True))
        row = session.get(Outgoing, chosen) if chosen else None
        if row is None:
            return None
        row.attempts += 1
        row.next_try = now() + IN_HAND
        return _InHand(row.id, row.sha256, row.envelope_from, list(row.recipients))


def _after_answers(database: Database, taken: _InHand, answers: Any) -> None:
    """The server took the message for everybody but these: `{address: (code, words)}`."""
    for_good = {who: _said(code, words) for who, (code, words) in answers.items() if code >= 500}
    later = {who: _said(code, words) for who, (code, words) in answers.items() if code < 500}
    with database.write() as session:
        row = session.get_one(Outgoing, taken.id)
        row.refused = {**row.refused, **for_good}
        row.recipients = list(later)
        if later:
            _pause(row, "; ".join(f"{who}: {why}" for who, why in later.items()))
        else:
            _end(row)


def _failed(database: Database, taken: _InHand, reason: str, *, lasting: bool = False) -> None:
    with database.write() as session:
        row = session.get_one(Outgoing, taken.id)
        if lasting:
            row.state, row.reason, row.done = "set_aside", reason[:2000], now()
        else:
            _pause(row, reason)


def _pause(row: Outgoing, reason: str) -> None:
    row.reason = reason[:2000]
    if row.attempts > len(PAUSES):
        row.state, row.done = "set_aside", now()
    else:
        row.next_try = now() + datetime.timedelta(seconds=PAUSES[row.attempts - 1])


def _end(row: Outgoing) -> None:
    row.done = now()
    row.state = "set_aside" if row.refused else "sent"
    row.reason = "; ".join(f"{who}: {why}" for who, why in row.refused.items())[:2000]


def _is_lasting(failure: smtplib.SMTPResponseException) -> bool:
    """A 5xx answer to the message itself will not change; one to our sign-in is the administrator's to mend."""
    return failure.smtp_code >= 500 and not isinstance(
        failure, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError)
    )


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"{code} {' '.join(text.split())}"[:500]


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
