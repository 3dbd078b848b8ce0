"""The mails of alerts and of what is shown: in the reader's language, with what they may read, plain and as HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING, Any

from flask import g, render_template
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from sqlalchemy.orm import Session

from ...lists import versions
from ...lists.catalogue import catalogue
from ...lists.errors import NotFound
from ...lists.rights import Actor
from ...lists.titles import titles_by_list
from ...outlook_addin import sending
from . import alerts
from .reading import Told, readable

if TYPE_CHECKING:
    from ..home import Home
    from .delivering import Found

MOST_ITEMS, MOST_CHANGES, LONGEST_VALUE = 50, 20, 300


@dataclass(frozen=True)
class Letter:
    """A mail that is ready to be sent."""

    raw: bytes
    to: str
    envelope_from: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


def write(home: Home, session: Session, actor: Actor, found: Sequence[Found]) -> Letter | None:
    """The mail about these, or None where there is nothing to say or nobody to send it to."""
    if not found:
        return None
    with _speaking(home, actor):
        told = [_told(session, actor, one) for one in found[:MOST_ITEMS]]
        mine = {one.alert.id: one.alert for one in found}
        about = {one.alert.id: one for one in alerts.shown(session, actor, list(mine.values()))}
        groups = [(about[number], [one for one in told if one["alert"] == number]) for number in about]
        words = {"groups": [group for group in groups if group[1]], "more": len(found) - len(told), "name": actor.name}
        subject, texts = _subject(told, len(found)), _texts(home, "notices/_mail", words)
    last = found[-1]
    return _letter(home, actor, subject, texts, f"alert-{last.alert.id}-{last.item_id}-{last.seq}")


def write_shared(home: Home, actor: Actor, told: Told, key: str) -> Letter | None:
    """The mail that an item was shown, with the sharer's words; None where there is nobody to send it to."""
    with _speaking(home, actor):
        who = told.who or "Caseroom"
        words = {
            "name": actor.name, "who": who, "title": told.title, "message": told.message,
            "list": told.definition.title(actor.language), "path": f"/lists/{told.definition.name}/{told.item_id}",
        }  # fmt: skip
        subject = _("%(who)s shows you: %(title)s", who=who, title=told.title)
        texts = _texts(home, "notices/_share", words)
    return _letter(home, actor, subject, texts, f"{key.replace(' ', '-')}-{actor.user_id}")


def _texts(home: Home, template: str, words: Mapping[str, Any]) -> tuple[str, str]:
    """The mail's text, plain and as HTML."""
    words = {**words, "public_url": home.settings.public_url.rstrip("/")}
    return render_template(f"{template}.txt", **words), render_template(f"{template}.html", **words)


def _letter(home: Home, actor: Actor, subject: str, texts: tuple[str, str], name: str) -> Letter | None:
    """A message from the house; `name` makes its Message-ID. None where the person's address is none."""
    recipients, wrong = sending.read_recipients(actor.email)
    if wrong:
        return None
    sender = parseaddr(home.settings.mail_from)[1]
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Caseroom", addr_spec=sender)
    message["To"] = Address(addr_spec=recipients[0])
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate(localtime=False, usegmt=True)
    message["Message-ID"] = f"<{name}@{_domain(home)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message.set_content(texts[0])
    message.add_alternative(texts[1], subtype="html")
    return Letter(message.as_bytes(), recipients[0], sender)


def _domain(home: Home) -> str:
    from ..mail import post

    return post(home).domain


def _speaking(home: Home, actor: Actor) -> Any:
    """The portal's templates and words, as this person reads them."""
    from ..app import create_app

    known = home.database.caches
    if "letters" not in known:
        known["letters"] = create_app(home.settings, opened=home)
    return _Speaking(known["letters"], actor)


class _Speaking:
    def __init__(self, app: Any, actor: Actor) -> None:
        self.context, self.actor = app.test_request_context("/"), actor

    def __enter__(self) -> None:
        self.context.push()
        g.actor = self.actor

    def __exit__(self, *failed: Any) -> None:
        self.context.pop(None)


def _subject(told: Sequence[dict[str, Any]], number: int) -> str:
    if number == 1:
        return f"{told[0]['what']}: {told[0]['title']}"
    return ngettext("%(num)s change in Caseroom", "%(num)s changes in Caseroom", number)


def what_happened(kind: str | None) -> str:
    """A kind of finding in the reader's words."""
    return {
        "new": pgettext("what happened to an item", "New"),
        "deleted": pgettext("what happened to an item", "Deleted"),
        "comment": _("Comment"),
        "entered": _("Now in the view"),
        "left": _("No longer in the view"),
    }.get(kind or "", pgettext("what happened to an item", "Changed"))


def _told(session: Session, actor: Actor, one: Found) -> dict[str, Any]:
    definition = catalogue(session).by_id[one.list_id]
    titles = titles_by_list(session, actor, {definition.name: {one.item_id}, "users": {one.who_id or 0}})
    title = titles[definition.name].get(one.item_id) or readable(session, actor, [one.key]).get(one.key)
    from ..pages.cells import at

    return {
        "alert": one.alert.id, "what": what_happened(one.kind), "title": title or f"#{one.item_id}",
        "who": titles["users"].get(one.who_id or 0) or "Caseroom", "at": at(one.at, actor).text,
        "path": None if one.kind == "deleted" else f"/lists/{definition.name}/{one.item_id}",
        "changes": [] if one.kind in ("deleted", "new", "comment") else _changes(session, actor, one),
    }  # fmt: skip


def _changes(session: Session, actor: Actor, one: Found) -> list[tuple[str, str, str]]:
    """(column, old, new) between the two versions, as the reader may see them."""
    definition = catalogue(session).by_id[one.list_id]
    try:
        entries = versions.history(session, actor, definition.name, one.item_id)
    except NotFound:
        return []
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    columns = {}
    for entry in entries:  # newest first
        if one.before < entry.version <= one.after:
            for change in entry.changes:
                columns[change.column.name] = change.column
                last.setdefault(change.column.name, change.new)
                first[change.column.name] = change.old
    differing = [column for name, column in columns.items() if first[name] != last[name]][:MOST_CHANGES]
    return [
        (one.title(actor.language), _text(one, first[one.name], actor), _text(one, last[one.name], actor))
        for one in differing
    ]


def _text(column: Any, value: Any, actor: Actor) -> str:
    if value in (None, "", []):
        return "–"
    text = " ".join(str(column.type.format(value, actor.reader)).split())
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
