"""Who is shown an item has a mail of it too: who may read it at that moment and wants such mails.

The mail is made in a read; its place in the outbox and the end of the waiting are one transaction, so that a worker
that is killed before leaves all of it to be done, and one that is killed after leaves nothing to do twice.
"""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ...lists.models import User
from ...lists.rights import load_actor
from ...outlook_addin.models import Outgoing
from . import letters
from .letters import Letter
from .models import Notice
from .reading import told

if TYPE_CHECKING:
    from ..home import Home

MOST_AT_ONCE = 20


def step(home: Home) -> bool:
    """The worker's step: mail what was shown lately. True if there was something."""
    with home.database.read() as session:
        waiting = select(Notice).where(Notice.to_mail).order_by(Notice.id).limit(MOST_AT_ONCE)
        notices = session.scalars(waiting).all()
    for notice in notices:
        _mail(home, notice)
    return bool(notices)


def _mail(home: Home, notice: Notice) -> None:
    with home.database.read() as session:
        letter = _letter(home, session, notice)
    if letter is not None:
        home.blobs.put(io.BytesIO(letter.raw))
    with home.database.write() as session:
        mine = Notice.id == notice.id, Notice.key == notice.key, Notice.user_id == notice.user_id, Notice.to_mail
        if session.scalar(select(Notice.id).where(*mine).with_for_update()) is None:
            return  # somebody else has done it, or the item is gone for good
        session.execute(update(Notice).where(*mine).values(to_mail=False))
        if letter is not None:
            guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"caseroom:{notice.key}:{notice.user_id}"))
            session.add(Outgoing(
                mail_guid=guid, sha256=letter.sha256, envelope_from=letter.envelope_from, recipients=[letter.to],
                refused={},
            ))  # fmt: skip


def _letter(home: Home, session: Session, notice: Notice) -> Letter | None:
    """The mail; None where none can be sent, where the reader wants none, or may not read the item now."""
    user, actor = session.get(User, notice.user_id), load_actor(session, notice.user_id)
    if user is None or actor is None or not user.mail_when_shared or not home.settings.can_send_mail:
        return None
    there = told(session, actor, [notice])
    return letters.write_shared(home, actor, there[0], notice.key) if there else None
