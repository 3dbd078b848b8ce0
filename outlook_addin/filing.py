"""Filing a message: stored once, however often; each filing is an item of its own with its own rights (SPEC 5).

What a second filer gets never depends on filings that they may not read: neither answer nor count nor link.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..libraries import documents as library
from ..libraries import formats
from ..libraries.blobs import Blob, BlobStore
from ..libraries.collecting import refers_to_blobs
from ..lists import filters, items, query, versions
from ..lists.catalogue import definition
from ..lists.database import database_of
from ..lists.errors import N_, Invalid, NotFound
from ..lists.query import Item
from ..lists.recycling import when_purged
from ..lists.rights import Actor, Level
from . import matching
from .case_tokens import CaseTokens
from .messages import Address, Attachment, Message
from .models import Filing, Outgoing, StoredAttachment, StoredCopy, StoredMessage

PRIVACY = ("everything", "subject", "existence")
DEFAULT_PRIVACY = "everything"
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ABSENT = N_("There is no such item to choose.")


@dataclass(frozen=True)
class PreparedAttachment:
    """An attachment whose bytes are in the blob store; `format`: what they are by content."""

    attachment: Attachment
    blob: Blob
    format: formats.Format


@dataclass(frozen=True)
class Prepared:
    """A message whose bytes are in the blob store already, ready to be filed in a short transaction."""

    message: Message
    raw: Blob
    attachments: tuple[PreparedAttachment, ...]


@dataclass(frozen=True)
class Place:
    """Where a message is to be filed: ids of a company, case and activity, each may be None."""

    company: int | None = None
    case: int | None = None
    activity: int | None = None

    def __bool__(self) -> bool:
        return any((self.company, self.case, self.activity))


@dataclass(frozen=True)
class Filed:
    """What filing made: the `mails` item, whether it is new, and the documents made of attachments."""

    mail: Item
    new: bool
    documents: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Content:
    """What the filer's copy of a filed message holds, for who may read the item."""

    mail: Item
    copy: StoredCopy
    attachments: Sequence[StoredAttachment]
    documents: Sequence[int]


def prepare(blobs: BlobStore, message: Message) -> Prepared:
    """Put the bytes of a message into the store: before the writing transaction, since it takes its time."""
    raw = blobs.put(io.BytesIO(message.raw))
    return Prepared(message, raw, tuple(_prepared(blobs, one) for one in message.attachments))


def _prepared(blobs: BlobStore, attachment: Attachment) -> PreparedAttachment:
    found = formats.examine(io.BytesIO(attachment.data), attachment.name)
    return PreparedAttachment(attachment, blobs.put(io.BytesIO(attachment.data)), found)


def place_for(session: Session, actor: Actor, message: Message, tokens: CaseTokens | None = None) -> Place:
    """Where a message goes that is filed without saying where: the case that it answers, else its sender's company."""
    suggestion = matching.suggest(session, actor, message, tokens)
    case = suggestion.case if suggestion.case is not None and suggestion.case.editable else None
    return Place(suggestion.company.id if suggestion.company else None, case.id if case else None)


def file_message(
    session: Session,
    actor: Actor,
    prepared: Prepared,
    *,
    company: int | None = None,
    case: int | None = None,
    activity: int | None = None,
    privacy: str = DEFAULT_PRIVACY,
    sales_group: int | None = None,
) -> Filed:
    """File a message with a company, case and activity (ids; what one implies is filled in).

    Filed already to the same place where the actor may read that filing: that item, and `new` is False. Raises
    Invalid (a target that is not there or not to be seen: the very same error; a contradiction), Forbidden.
    """
    place = Place(company, case, activity)
    message = store_message(session, prepared)
    if actor.may_write:
        _check_targets(session, actor, place)
        standing = _standing(session, actor, message, place)
        if standing is not None:
            return Filed(standing, False)
    values = {"company": company, "case": case, "activity": activity, "privacy": privacy or DEFAULT_PRIVACY}
    values |= {"sales_group": sales_group} if sales_group else {}
    mail = items.create(session, actor, "mails", values, program=_columns(session, prepared.message, message))
    filing = note_filing(session, mail.guid, message, prepared)
    # A document has no privacy tier: what others may not read in the mail must not stand beside it.
    made = _documents(session, actor, prepared, mail) if mail["privacy"] == "everything" else ()
    filing.documents = [document.id for document in made]
    session.flush()
    return Filed(mail, True, made)


def undo(session: Session, actor: Actor, mail_id: int) -> None:
    """Take a filing back: the item and the documents that it made, unless somebody has changed them since, go to
    the recycle bin. Raises NotFound, Forbidden."""
    mail = query.get(session, actor, "mails", mail_id)
    filing = session.get(Filing, mail.guid)
    items.delete(session, actor, "mails", mail_id, version=None)
    for document in _made_and_untouched(session, actor, filing.documents if filing else ()):
        items.delete(session, actor, "documents", document.id, version=document.version)


def content(session: Session, actor: Actor, mail_id: int) -> Content:
    """The filed message of an item. Raises NotFound where the actor may not read all of it (privacy included)."""
    mail = query.get(session, actor, "mails", mail_id, right=Level.READ)
    filing = session.get(Filing, mail.guid)
    if filing is None:
        raise NotFound()
    copy = session.get_one(StoredCopy, filing.copy_id)
    ordered = select(StoredAttachment).where(StoredAttachment.message_id == copy.message_id)
    attachments = session.scalars(ordered.order_by(StoredAttachment.position)).all()
    return Content(mail, copy, attachments, filing.documents)


@refers_to_blobs
def blobs_of_messages(session: Session) -> Iterator[str]:
    """The SHA-256 of every blob that stored messages name."""
    yield from session.scalars(select(StoredCopy.sha256))
    yield from session.scalars(select(StoredAttachment.sha256))
    yield from session.scalars(select(Outgoing.sha256))


@when_purged
def _forget(session: Session, _list_id: int, _ids: list[int], guids: list[str]) -> None:
    """A filing goes with its item; a message when no filing shows it any more."""
    copies = set(session.scalars(select(Filing.copy_id).where(Filing.mail_guid.in_(guids))))
    session.execute(delete(Filing).where(Filing.mail_guid.in_(guids)))
    session.execute(delete(Outgoing).where(Outgoing.mail_guid.in_(guids), Outgoing.state != "waiting"))
    unused = copies - set(session.scalars(select(Filing.copy_id).where(Filing.copy_id.in_(copies))))
    messages = set(session.scalars(select(StoredCopy.message_id).where(StoredCopy.id.in_(unused))))
    session.execute(delete(StoredCopy).where(StoredCopy.id.in_(unused)))
    ended = messages - set(session.scalars(select(StoredCopy.message_id).where(StoredCopy.message_id.in_(messages))))
    session.execute(delete(StoredAttachment).where(StoredAttachment.message_id.in_(ended)))
    session.execute(delete(StoredMessage).where(StoredMessage.id.in_(ended)))


def note_filing(session: Session, mail_guid: str, message_id: int, prepared: Prepared) -> Filing:
    """Note which copy of a stored message a `mails` item shows."""
    filing = Filing(mail_guid=mail_guid, copy_id=_copy(session, message_id, prepared), documents=[])
    session.add(filing)
    return filing


def store_message(session: Session, prepared: Prepared) -> int:
    """The id of the stored message, locked until the transaction ends; made where it is new."""
    insert = sqlite.insert if database_of(session).is_sqlite else postgresql.insert
    fingerprint = prepared.message.fingerprint
    added = insert(StoredMessage).values(fingerprint=fingerprint).on_conflict_do_nothing().returning(StoredMessage.id)
    is_new = session.execute(added).first() is not None
    locked = select(StoredMessage.id).where(StoredMessage.fingerprint == fingerprint).with_for_update()
    message_id = session.scalars(locked).one()
    if is_new:
        session.add_all(
            StoredAttachment(
                message_id=message_id, position=position, name=_clean(one.attachment.name)[:1000],
                media_type=_clean(one.attachment.media_type)[:200], sha256=one.blob.sha256, size=one.blob.size,
                inline=one.attachment.inline, content_id=_clean(one.attachment.content_id or "")[:1000] or None,
            )
            for position, one in enumerate(prepared.attachments)
        )  # fmt: skip
    return message_id


def _copy(session: Session, message_id: int, prepared: Prepared) -> int:
    """The id of the copy with these very bytes; two filers of the same file share it."""
    same = (StoredCopy.message_id == message_id, StoredCopy.sha256 == prepared.raw.sha256)
    known = session.scalar(select(StoredCopy.id).where(*same))
    if known is not None:
        return known
    message = prepared.message
    copy = StoredCopy(
        message_id=message_id, sha256=prepared.raw.sha256, size=prepared.raw.size,
        suffix="msg" if message.raw.startswith(formats.OLE_MAGIC) else "eml",
        html=_clean(message.html) if message.html else None,
        problems=[dataclasses.asdict(problem) for problem in message.problems],
    )  # fmt: skip
    session.add(copy)
    session.flush()
    return copy.id


def _check_targets(session: Session, actor: Actor, place: Place) -> None:
    """Refuse a target that the actor may not see, in the words for one that is not there."""
    targets = {
        "company": ("relations", place.company),
        "case": ("cases", place.case),
        "activity": ("activities", place.activity),
    }
    for field, (list_name, target) in targets.items():
        if target and target not in query.titles(session, actor, list_name, [target]):
            raise Invalid(field, _ABSENT)


def _standing(session: Session, actor: Actor, message_id: int, place: Place) -> Item | None:
    """The filing of this message at this very place, if the actor may read it."""
    closest = {"activity": place.activity}
    if not place.activity:
        closest["case"] = place.case
    if not (place.activity or place.case):
        closest["company"] = place.company
    mine = filters.And([filters.field("message", "eq", message_id), filters.where(**closest)])
    for mail in query.page(session, actor, "mails", where=mine, order=[("id", False)], limit=50).items:
        # `message` shows only to who may read the mail, so that a hidden filing never answers here.
        given = {"company": place.company, "case": place.case}
        if all(not wanted or getattr(mail[name], "id", None) == wanted for name, wanted in given.items()):
            return mail
    return None


def _columns(session: Session, message: Message, message_id: int) -> dict[str, Any]:
    """What the program sets on the item, cut to what its columns hold."""
    found = definition(session, "mails")
    sender = [message.sender] if message.sender else []
    texts = {
        "subject": message.subject,
        "sender": written(sender),
        "recipients": written(message.recipients),
        "message_id": message.message_id,
        "text": message.text,
    }
    cut = {
        name: _clean(text)[: found.column(name).type.options.get("max", 255)] if text else None
        for name, text in texts.items()
    }
    users = matching.users_among(session, matching.addresses_of(message))
    return {**cut, "sent": message.sent, "message": message_id, "addressed_users": users or None}


def written(people: Sequence[Address]) -> str:
    """Addresses as people read them: `Name <a@b.example>, …`."""
    return ", ".join(
        f"{one.name} <{one.address}>" if one.name and one.address else one.name or one.address for one in people
    )


def _documents(session: Session, actor: Actor, prepared: Prepared, mail: Item) -> tuple[Item, ...]:
    """Documents of the attachments in formats that the documents library takes."""
    allowed = definition(session, "documents").settings.get("formats") or formats.ALLOWED
    place = {name: mail[name].id if mail[name] else None for name in ("company", "case", "activity")}
    made: list[Item] = []
    for one in prepared.attachments:
        try:
            formats.check(one.format, one.attachment.name, allowed)
        except Invalid:
            continue  # stays with the message only
        if not _document_stands(session, actor, one.blob, place):
            made.append(_add_document(session, actor, one, place, mail))
    return tuple(made)


def _document_stands(session: Session, actor: Actor, blob: Blob, place: dict[str, int | None]) -> bool:
    """Whether the same bytes stand there already in a document that the actor may read."""
    there = {"case": place["case"]} if place["case"] else {"company": place["company"], "case": None}
    same = filters.And([filters.field("sha256", "eq", blob.sha256), filters.where(**there)])
    return query.find(session, actor, "documents", same) is not None


def _add_document(
    session: Session, actor: Actor, one: PreparedAttachment, place: dict[str, int | None], mail: Item
) -> Item:
    values = {**place, "sales_group": mail["sales_group"].id if mail["sales_group"] else None}
    values = {name: value for name, value in values.items() if value}
    # Its text is read by the worker: filing waits for no long document.
    return library.add_file(session, actor, "documents", one.blob, one.attachment.name, values, text=None)


def _made_and_untouched(session: Session, actor: Actor, ids: Sequence[int]) -> list[Item]:
    found = query.many(session, actor, "documents", ids) if ids else {}
    mine = [document for document in found.values() if document.level >= Level.EDIT]
    return [document for document in mine if not _was_changed(session, actor, document)]


def _was_changed(session: Session, actor: Actor, document: Item) -> bool:
    """Whether somebody has; that the program has read its text is no change."""
    history = versions.history(session, actor, "documents", document.id)
    return any(entry.kind != "create" and entry.changes for entry in history)


def _clean(text: str) -> str:
    """Without what no database stores: control characters, halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)
