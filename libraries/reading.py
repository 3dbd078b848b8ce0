"""The worker's part of reading files: text that took too long at the upload is read here, in peace."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..lists import items
from ..lists.catalogue import catalogue
from ..lists.errors import NotFound
from ..lists.rights import PROGRAM, Actor, load_actor
from . import extraction, formats
from .collecting import Home
from .documents import get
from .models import UnreadFile

SECONDS = 60.0


def step(home: Home) -> bool:
    """Read the text of one waiting file and keep it with its document; says whether there was one.

    What is interrupted is read again; a document that is gone or has another file by now is passed over.
    """
    with home.database.read() as session:
        waiting = session.scalars(select(UnreadFile).order_by(UnreadFile.id).limit(1)).one_or_none()
    if waiting is None:
        return False
    text = _text_of(home, waiting.sha256)
    with home.database.write() as session:
        _keep(session, waiting, text)
        session.execute(delete(UnreadFile).where(UnreadFile.id == waiting.id))
    return True


def _text_of(home: Home, sha256: str) -> str:
    try:
        with home.blobs.as_file(sha256) as path:
            return extraction.extract(path, formats.examine(path), seconds=SECONDS).text
    except NotFound:
        return ""


def _keep(session: Session, waiting: UnreadFile, text: str) -> None:
    library = catalogue(session).by_id.get(waiting.list_id)
    if library is None:
        return
    try:
        item = get(session, PROGRAM, library.name, waiting.item_id)
    except NotFound:
        return
    if item["sha256"] == waiting.sha256:
        actor = _last_editor(session, item["modified_by"].id if item["modified_by"] else None)
        items.update(session, actor, library.name, waiting.item_id, {}, version=None, program={"content_text": text})


def _last_editor(session: Session, user_id: int | None) -> Actor:
    """In whose name the text is kept: who saved the file, so that the document still says who changed it."""
    actor = load_actor(session, user_id) if user_id else None
    return actor.with_all_rights() if actor else PROGRAM
