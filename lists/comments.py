"""What people say of an item: who reads it reads that, who may write may say something; each is a line of the log."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import changelog_buffer, mentions, query
from .catalogue import ListDefinition
from .columns import Reference
from .errors import Forbidden, Invalid, NotFound
from .mentions import Mention
from .models import Comment, now
from .query import Item
from .rights import Actor, Level
from .sqltypes import is_storable

LONGEST, MOST = 10_000, 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MARK = "comment/"  # a line of the change log names the comment so


@dataclass(frozen=True)
class Said:
    """A comment as a reader sees it. One that is deleted, but was answered, has no author and no text any more."""

    id: int
    author: Reference | None
    text: str
    mentions: tuple[Mention, ...]
    people: dict[int, str]
    at: datetime.datetime
    edited: datetime.datetime | None
    parent: int | None
    deleted: bool
    editable: bool
    deletable: bool


def are_on(found: ListDefinition) -> bool:
    """Whether items of the list have comments."""
    return found.settings.get("comments") is not False


def may_add(item: Item, actor: Actor) -> bool:
    """Whether the actor may say something of the item: who reads it in full, and is no mere reader."""
    found = item.definition
    return are_on(found) and item.level >= Level.READ and actor.may_write and not found.is_archived


def of_item(session: Session, actor: Actor, list_name: str, item_id: int) -> list[Said]:
    """The item's comments, each followed by its answers, oldest first. Raises NotFound unless the item may be read."""
    item = _item(session, actor, list_name, item_id)
    if not are_on(item.definition):
        return []
    rows = session.scalars(_rows(item).order_by(Comment.id).limit(MOST)).all()
    answered = {row.parent_id for row in rows if row.deleted is None}
    shown = [row for row in rows if row.deleted is None or row.id in answered]
    first = [row for row in shown if row.parent_id is None]
    ordered = [row for top in first for row in (top, *(one for one in shown if one.parent_id == top.id))]
    return _said(session, actor, item, ordered)


def get(session: Session, actor: Actor, list_name: str, item_id: int, comment_id: int) -> Said:
    """One comment. Raises NotFound."""
    item = _item(session, actor, list_name, item_id)
    return _said(session, actor, item, [_comment(session, item, comment_id)])[0]


def add(session: Session, actor: Actor, list_name: str, item_id: int, text: str, *, answers: int | None = None) -> Said:
    """Say something of an item, or answer a comment on it. Raises NotFound, Forbidden, Invalid."""
    item = _item(session, actor, list_name, item_id)
    _must_add(item, actor)
    parent = _comment(session, item, answers) if answers is not None else None
    text = _checked(text)
    row = Comment(
        list_id=item.definition.id, item_id=item.id, author_id=actor.user_id, text=text,
        parent_id=(parent.parent_id or parent.id) if parent else None, at=now(),
        mentions=[one.stored for one in mentions.find(session, text)],
    )  # fmt: skip
    session.add(row)
    session.flush()
    _log(session, actor, item, row)
    return _said(session, actor, item, [row])[0]


def change(session: Session, actor: Actor, list_name: str, item_id: int, comment_id: int, text: str) -> Said:
    """Say it otherwise: its author only. Raises NotFound, Forbidden, Invalid."""
    item = _item(session, actor, list_name, item_id)
    row = _comment(session, item, comment_id)
    _must_add(item, actor)
    if row.author_id != actor.user_id:
        raise Forbidden("Only who wrote a comment may change it.")
    text = _checked(text)
    if text != row.text:
        row.text, row.edited = text, now()
        row.mentions = [one.stored for one in mentions.find(session, text)]
        session.flush()
        _log(session, actor, item, row)
    return _said(session, actor, item, [row])[0]


def delete(session: Session, actor: Actor, list_name: str, item_id: int, comment_id: int) -> None:
    """Take a comment away: who wrote it, and who may edit the item. Raises NotFound, Forbidden."""
    item = _item(session, actor, list_name, item_id)
    row = _comment(session, item, comment_id)
    if not _may_delete(item, actor, row):
        raise Forbidden("Only who wrote a comment, or who may edit the item, may delete it.")
    row.deleted = now()
    session.flush()
    _log(session, actor, item, row)


def texts_of(session: Session, found: ListDefinition, ids: Sequence[int]) -> dict[int, list[str]]:
    """What is said of these items, for the search index: the caller shows it to nobody who may not read them."""
    if not are_on(found):
        return {}
    rows = select(Comment.item_id, Comment.text).where(
        Comment.list_id == found.id, Comment.item_id.in_(list(ids)), Comment.deleted.is_(None)
    )
    texts: dict[int, list[str]] = {}
    for row in session.execute(rows.order_by(Comment.id)):
        texts.setdefault(row.item_id, []).append(row.text)
    return texts


def named_in(columns: Iterable[str]) -> int | None:
    """The comment that a line of the change log is about."""
    return next((int(one.removeprefix(MARK)) for one in columns if one.startswith(MARK)), None)


def _item(session: Session, actor: Actor, list_name: str, item_id: int) -> Item:
    return query.get(session, actor, list_name, item_id, right=Level.READ, resolved=False)


def _rows(item: Item):
    return select(Comment).where(Comment.list_id == item.definition.id, Comment.item_id == item.id)


def _comment(session: Session, item: Item, comment_id: int) -> Comment:
    wanted = _rows(item).where(Comment.id == comment_id, Comment.deleted.is_(None))
    row = session.scalar(wanted) if are_on(item.definition) and 0 < comment_id < 2**31 else None
    if row is None:
        raise NotFound("There is no such comment.")
    return row


def _must_add(item: Item, actor: Actor) -> None:
    if not are_on(item.definition):
        raise Forbidden("There are no comments in this list.")
    if not may_add(item, actor):
        raise Forbidden("You may read comments here but not write any.")


def _may_delete(item: Item, actor: Actor, row: Comment) -> bool:
    return item.editable or (may_add(item, actor) and row.author_id == actor.user_id)


def _checked(text: str) -> str:
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        raise Invalid("text", "Write something first.")
    if len(text) > LONGEST:
        raise Invalid("text", "This is longer than %(max)s characters.", max=LONGEST)
    if not is_storable(text):
        raise Invalid("text", "This holds a character or a number that is none.")
    return text


def _said(session: Session, actor: Actor, item: Item, rows: Sequence[Comment]) -> list[Said]:
    named = {one["user"] for row in rows for one in row.mentions}
    named |= {row.author_id for row in rows if row.author_id}
    people = query.titles(session, actor, "users", sorted(named))
    mine = may_add(item, actor)
    return [_shown(item, actor, row, people, mine) for row in rows]


def _shown(item: Item, actor: Actor, row: Comment, people: dict[int, str], mine: bool) -> Said:
    gone, own = row.deleted is not None, row.author_id == actor.user_id
    author = Reference(row.author_id, people[row.author_id], "users") if row.author_id in people else None
    return Said(
        id=row.id, author=None if gone else author, text="" if gone else row.text,
        mentions=() if gone else tuple(Mention(**one) for one in row.mentions), people=people,
        at=row.at, edited=row.edited, parent=row.parent_id, deleted=gone,
        editable=mine and own and not gone, deletable=not gone and _may_delete(item, actor, row),
    )  # fmt: skip


def _log(session: Session, actor: Actor, item: Item, row: Comment) -> None:
    table = item.definition.table
    scope = session.scalar(select(table.c.scope_id).where(table.c.id == item.id))
    changelog_buffer.add(session, {
        "at": now(), "list_id": item.definition.id, "item_id": item.id, "guid": item.guid, "kind": "comment",
        "actor_id": actor.user_id, "batch": actor.batch, "scope_before": scope, "scope_after": scope,
        "columns": [f"{MARK}{row.id}"],
    })  # fmt: skip
