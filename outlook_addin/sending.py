"""Writing an e-mail from a case or a company: made whole, filed as an activity and put into the outbox, all at once.

`compose` reads and builds (no transaction is open), `send` writes in the caller's transaction, `outbox.deliver` hands
it to the mail server afterwards.
"""

from __future__ import annotations

import mimetypes
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ..libraries.blobs import BlobStore
from ..lists import filters, items, query
from ..lists.errors import Conflict, FieldError, Forbidden, Invalid, Words
from ..lists.models import User
from ..lists.query import Item
from ..lists.rights import Actor, Level
from . import filing, messages
from .case_tokens import CaseTokens
from .models import Outgoing

LONGEST_SUBJECT, LONGEST_TEXT = 500, 200_000
MOST_RECIPIENTS, MOST_ATTACHMENTS = 100, 50
MOST_ATTACHED_BYTES = 25 * 1024 * 1024  # what most mail servers take
_ADDRESS = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?=.{3,190}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Post:
    """How this home sends. `mail_from`: the sender's address of the house; `tokens` sign the case into the mail."""

    mail_from: str
    public_url: str
    tokens: CaseTokens
    can_send: bool = True

    @property
    def domain(self) -> str:
        """The domain of Message-IDs: the sender's, else the portal's."""
        address = parseaddr(self.mail_from)[1]
        domain = address.rpartition("@")[2] or urlsplit(self.public_url).hostname or ""
        return domain if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else "localhost"


@dataclass(frozen=True)
class File:
    """A file to send along."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Letter:
    """A message that is ready to be filed and sent; its bytes are in the blob store."""

    prepared: filing.Prepared
    envelope_from: str
    recipients: tuple[str, ...]
    text: str
    company: int | None
    case: int | None
    contact: int | None


def compose(
    session: Session,
    actor: Actor,
    post: Post,
    blobs: BlobStore,
    *,
    case: int | None = None,
    relation: int | None = None,
    to: Any = (),
    subject: Any = "",
    text: Any = "",
    documents: Sequence[int] = (),
    files: Sequence[File] = (),
) -> Letter:
    """Build an e-mail about a case or to a company. `session` only reads: call it before the transaction.

    `to`: addresses, as a list or with commas between; `documents`: ids of documents to send along. Raises NotFound
    (case or company), Forbidden (the case may only be read), Conflict (no mail server is configured), Invalid with
    every refused field.
    """
    about = query.get(session, actor, "cases" if case else "relations", case or relation or 0, right=Level.READ)
    if case and not about.editable:
        raise Forbidden("You may see this but not change it.")
    if not post.can_send:
        raise Conflict(
            "No mail server is configured, so nothing can be sent. An administrator sets smtp_url and mail_from."
        )
    recipients, errors = read_recipients(to)
    subject, text = _one_line(subject), _plain_text(text)
    errors += _too_long(subject, text)
    if errors:
        raise Invalid.many(errors)
    attached = [*_read_documents(session, actor, blobs, documents), *files]
    _check_attached(attached)
    message = _message(session, actor, post, recipients, subject, text, attached)
    _number(message, post, about if case else None)
    raw = message.as_bytes()
    prepared = filing.prepare(blobs, messages.parse(raw))
    company = (about["company"].id if about["company"] else None) if case else about.id
    return Letter(
        prepared, parseaddr(post.mail_from)[1], tuple(recipients), text, company, case,
        _contact(session, actor, recipients, company),
    )  # fmt: skip


def send(session: Session, actor: Actor, letter: Letter) -> dict[str, Item]:
    """File the letter as an activity of type E-mail and as mail, and put it into the outbox: all or nothing.

    Answers `{"activity": …, "mail": …}`. Raises Forbidden, Invalid.
    """
    described = f"{letter.prepared.message.subject}\n\n{letter.text}"[:90_000]
    values = {"activity_type": "email", "case": letter.case, "company": letter.company, "contact": letter.contact}
    activity = items.create(session, actor, "activities", {**values, "description": described})
    filed = filing.file_message(
        session, actor, letter.prepared, company=letter.company, case=letter.case, activity=activity.id
    )
    session.add(
        Outgoing(
            mail_guid=filed.mail.guid, sha256=letter.prepared.raw.sha256, envelope_from=letter.envelope_from,
            recipients=list(letter.recipients), refused={},
        )
    )  # fmt: skip
    session.flush()
    return {"activity": activity, "mail": filed.mail}


def read_recipients(to: Any) -> tuple[list[str], list[FieldError]]:
    """The addresses in `to` (a text with commas or semicolons, or a list of texts), each once, and what is wrong."""
    given = [to] if isinstance(to, str) else to
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
        return [], [FieldError("to", "This must be a list of e-mail addresses.")]
    words = [word.strip() for one in given for word in re.findall(r'(?:"[^"]*"|[^,;])+', one) if word.strip()]
    if not words:
        return [], [FieldError("to", "Say to whom the e-mail goes.")]
    if len(words) > MOST_RECIPIENTS:
        return [], [FieldError("to", "There can be at most %(max)s of them.", {"max": MOST_RECIPIENTS})]
    plain = [_bare(word) for word in words]
    wrong = [word for word, address in zip(words, plain, strict=True) if not _sound(address)]
    errors = [FieldError("to", "“%(value)s” is not an e-mail address.", {"value": word[:100]}) for word in wrong]
    return list(dict.fromkeys(plain)), errors


def _bare(word: str) -> str:
    """`Name <a@b>` as `a@b`; anything with a line break stays as it is and is refused."""
    found = re.fullmatch(r"[^<>\r\n]*<([^<>\s]+)>", word)
    return found.group(1) if found else word


def _sound(address: str) -> bool:
    local = address.partition("@")[0]
    return (
        bool(_ADDRESS.match(address)) and not local.startswith(".") and not local.endswith(".") and ".." not in address
    )


def _one_line(subject: Any) -> str:
    return " ".join(_CONTROL.sub("", subject).split()) if isinstance(subject, str) else ""


def _plain_text(text: Any) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip() if isinstance(text, str) else ""


def _too_long(subject: str, text: str) -> list[FieldError]:
    errors = []
    if not subject:
        errors.append(FieldError("subject", "“%(column)s” must be filled in.", {"column": Words("Subject")}))
    for name, value, most in (("subject", subject, LONGEST_SUBJECT), ("text", text, LONGEST_TEXT)):
        if len(value) > most:
            errors.append(FieldError(name, "This is longer than %(max)s characters.", {"max": most}))
    return errors


def _read_documents(session: Session, actor: Actor, blobs: BlobStore, ids: Sequence[int]) -> list[File]:
    """The current content of these documents, as far as the actor may read them."""
    files = []
    for number in list(dict.fromkeys(ids))[: MOST_ATTACHMENTS + 1]:
        found = query.find(session, actor, "documents", filters.where(id=number)) if 0 < number < 2**31 else None
        if found is None or found.level < Level.READ or not found["sha256"]:
            raise Invalid("attachments", "There is no such item to choose.")
        if (found["size"] or 0) > MOST_ATTACHED_BYTES:
            _check_attached([File(found.title, bytes(MOST_ATTACHED_BYTES + 1))])
        files.append(File(found["file_name"] or found.title, b"".join(blobs.open(found["sha256"]))))
    return files


def _check_attached(files: Sequence[File]) -> None:
    if len(files) > MOST_ATTACHMENTS:
        raise Invalid("attachments", "There can be at most %(max)s of them.", max=MOST_ATTACHMENTS)
    if sum(len(one.data) for one in files) > MOST_ATTACHED_BYTES:
        raise Invalid(
            "attachments", "The attachments are larger than %(max)s MB together.", max=MOST_ATTACHED_BYTES >> 20
        )


def _message(
    session: Session, actor: Actor, post: Post, to: Sequence[str], subject: str, text: str, files: Sequence[File]
) -> EmailMessage:
    """The message itself (RFC 5322). Its policy refuses a line break in a field: none can be smuggled in."""
    message = EmailMessage(policy=SMTP)
    message["From"] = HeaderAddress(_one_line(actor.name), addr_spec=parseaddr(post.mail_from)[1])
    message["To"] = [HeaderAddress(addr_spec=address) for address in to]
    user = session.get(User, actor.user_id) if actor.user_id else None
    if user is not None and _sound(user.email):
        message["Reply-To"] = HeaderAddress(_one_line(user.name), addr_spec=user.email)
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=False, usegmt=True)
    message.set_content(text or "\n")
    for one in files:
        kind = (mimetypes.guess_type(one.name)[0] or "application/octet-stream").split("/")
        main, sub = kind if kind[0] not in ("text", "message", "multipart") else ("application", "octet-stream")
        message.add_attachment(one.data, maintype=main, subtype=sub, filename=_one_line(one.name) or "file")
    return message


def _number(message: EmailMessage, post: Post, case: Item | None) -> None:
    """Message-ID and References. The case's token is in both: some servers give a message an id of their own."""
    token = post.tokens.make(case.guid) if case is not None else "mail"
    message["Message-ID"] = f"<{token}-{secrets.token_hex(8)}@{post.domain}>"
    if case is not None:
        message["References"] = f"<{token}@{post.domain}>"


def _contact(session: Session, actor: Actor, to: Sequence[str], company: int | None) -> int | None:
    """The company's contact to whom the e-mail goes."""
    if company is None:
        return None
    contacts = query.page(
        session, actor, "contacts", where=filters.where(company=company), columns=["email"], limit=500
    )
    by_address = {(one["email"] or "").lower(): one.id for one in contacts.items}
    return next((by_address[address.lower()] for address in to if address.lower() in by_address), None)
