"""What the portal adds to filing and sending: the home's key and server, and the order of things.

Parsing, hashing and storing come first, then the request's one writing transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lists.database import savepoint
from ..lists.query import Item
from ..lists.rights import Actor
from ..outlook_addin import filing, messages, outbox, sending
from ..outlook_addin.case_tokens import CaseTokens
from .home import Home
from .request import session


def tokens(home: Home) -> CaseTokens:
    """The tokens that name cases in this home's mail."""
    return CaseTokens(home.settings.secret_key)


def post(home: Home) -> sending.Post:
    """How this home sends."""
    settings = home.settings
    return sending.Post(settings.mail_from, settings.public_url, tokens(home), settings.can_send_mail)


def read_message(home: Home, data: bytes, file_name: str) -> filing.Prepared:
    """Parse an .eml or .msg and store its bytes. Raises Invalid("message", …), StorageFull."""
    return filing.prepare(home.blobs, messages.parse(data, file_name))


def file_prepared(
    home: Home, actor: Actor, prepared: filing.Prepared, place: filing.Place, **more: Any
) -> filing.Filed:
    """File in the request's transaction; where no place is given, the message itself may tell it."""
    if not place:
        with home.database.read() as reading:
            place = filing.place_for(reading, actor, prepared.message, tokens(home))
    return filing.file_message(session(), actor, prepared, **vars(place), **more)


def send_email(
    home: Home,
    actor: Actor,
    *,
    case: int | None = None,
    relation: int | None = None,
    to: Any,
    subject: Any,
    text: Any,
    documents: Sequence[int] = (),
    files: Sequence[sending.File] = (),
) -> dict[str, Item]:
    """Write an e-mail from a case or to a company: `{"activity": …, "mail": …}`, and it is on its way.

    Raises NotFound, Conflict (no mail server), Invalid, Forbidden.
    """
    with home.database.read() as reading:
        letter = sending.compose(
            reading, actor, post(home), home.blobs,
            case=case, relation=relation, to=to, subject=subject, text=text, documents=documents, files=files,
        )  # fmt: skip
    with savepoint(session()):
        return sending.send(session(), actor, letter)


def deliver_step(home: Home) -> bool:
    """The worker's step: send one message of the outbox that is due; says whether there was one."""
    if not home.settings.can_send_mail:
        return False
    return outbox.deliver(home.database, home.blobs, outbox.Server(home.settings.smtp_url))
