"""Notices as their reader may have them now: of what is not to be read any more there is nothing, and no count."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, literal, null, select, union_all, update
from sqlalchemy.orm import Session

from ...lists.catalogue import ListDefinition, catalogue
from ...lists.models import Comment, now
from ...lists.reading import Reading, Stage
from ...lists.rights import Actor, Level
from ...lists.titles import titles_by_list
from .models import Notice

MOST_COUNTED, EXCERPT = 100, 300
Key = tuple[int, int, bool]  # list, item, whether in the bin
_COMMENT = 0  # in place of a list's number


@dataclass(frozen=True)
class Told:
    """A notice with the words that its reader may have. `comment`: what was said, in part."""

    id: int
    kind: str
    definition: ListDefinition
    item_id: int
    title: str
    who: str | None
    at: datetime.datetime
    seen: bool
    comment_id: int | None
    comment: str | None
    change: str | None
    columns: tuple[str, ...]
    message: str | None


def unseen(session: Session, actor: Actor) -> int:
    """How many notices the actor has not seen yet, counted up to MOST_COUNTED."""
    rows = session.execute(
        select(Notice.list_id, Notice.item_id, Notice.what)
        .where(Notice.user_id == actor.user_id, Notice.seen.is_(None))
        .order_by(Notice.id.desc())
        .limit(MOST_COUNTED)
    ).all()
    if not rows:
        return 0
    there = readable(session, actor, [_key(row) for row in rows], _comments(rows))
    return sum(_stands(row, there) for row in rows)


def page(
    session: Session, actor: Actor, *, before: int | None = None, limit: int = 50, only_unseen: bool = False
) -> tuple[list[Told], int | None]:
    """The actor's notices, newest first, and where the next page goes on (None = nowhere)."""
    found: list[Told] = []
    while len(found) <= limit:
        mine = select(Notice).where(Notice.user_id == actor.user_id)
        if before is not None:
            mine = mine.where(Notice.id < before)
        if only_unseen:
            mine = mine.where(Notice.seen.is_(None))
        rows = session.scalars(mine.order_by(Notice.id.desc()).limit(limit + 1)).all()
        if not rows:
            break
        before = rows[-1].id
        found += told(session, actor, rows)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def mark_seen(session: Session, actor: Actor, *, notice_id: int | None = None, up_to: int | None = None) -> None:
    """The actor has seen this notice, or all (up to a number, so that newer ones stay unseen)."""
    mine = [Notice.user_id == actor.user_id, Notice.seen.is_(None)]
    if notice_id is not None:
        mine.append(Notice.id == notice_id)
    if up_to is not None:
        mine.append(Notice.id <= up_to)
    session.execute(update(Notice).where(*mine).values(seen=now()))


def readable(
    session: Session, actor: Actor, keys: Iterable[Key], comments: Iterable[int] = ()
) -> dict[tuple[int, int, bool], str]:
    """Which of these items the actor reads in full now, with their titles; and of these comments those that stand.

    A comment stands under the key `(0, id, False)`. One statement, whatever lists they are of.
    """
    by_list: dict[tuple[int, bool], set[int]] = {}
    for list_id, item_id, deleted in keys:
        by_list.setdefault((list_id, deleted), set()).add(item_id)
    parts = [
        _part(Reading(session, catalogue(session).by_id[list_id], actor, Level.READ, stage=Stage(deleted)), ids)
        for (list_id, deleted), ids in sorted(by_list.items())
        if list_id in catalogue(session).by_id
    ]
    wanted = sorted(set(comments))
    if wanted:
        standing = select(literal(_COMMENT).label("list_"), Comment.id.label("id"), literal(False).label("deleted"))
        standing = standing.add_columns(cast(null(), Text).label("title"))
        parts.append(standing.where(Comment.id.in_(wanted), Comment.deleted.is_(None)))
    if not parts:
        return {}
    return {(row.list_, row.id, bool(row.deleted)): row.title for row in session.execute(union_all(*parts))}


def _part(reading: Reading, ids: Iterable[int]) -> Select[Any]:
    fixed: list[ColumnElement[Any]] = [literal(reading.definition.id).label("list_"), reading.id.label("id")]
    fixed += [literal(reading.stage is Stage.BIN).label("deleted"), cast(reading.masked("name"), Text).label("title")]
    return select(*fixed).where(reading.id.in_(sorted(ids)), *reading.conditions())


def _key(row: Any) -> Key:
    return row.list_id, row.item_id, row.what.get("change") == "deleted"


def _comments(rows: Iterable[Any]) -> list[int]:
    return [row.what["comment"] for row in rows if "comment" in row.what]


def _stands(row: Any, there: dict[Key, str]) -> bool:
    said = row.what.get("comment")
    return _key(row) in there and (said is None or (_COMMENT, said, False) in there)


def told(session: Session, actor: Actor, rows: Sequence[Notice]) -> list[Told]:
    """These notices with the words that the actor may have; what may not be read is left out."""
    there = readable(session, actor, [_key(row) for row in rows], _comments(rows))
    rows = [row for row in rows if _stands(row, there)]
    lists = catalogue(session).by_id
    wanted: dict[str, set[int]] = {"users": {row.who_id for row in rows if row.who_id}}
    for row in rows:
        wanted.setdefault(lists[row.list_id].name, set()).add(row.item_id)
    titles = titles_by_list(session, actor, wanted)
    texts = _texts(session, _comments(rows))
    return [
        Told(
            id=row.id, kind=row.kind, definition=(found := lists[row.list_id]), item_id=row.item_id,
            title=titles[found.name].get(row.item_id) or there[_key(row)] or f"#{row.item_id}",
            who=titles["users"].get(row.who_id or 0), at=row.at, seen=row.seen is not None,
            comment_id=row.what.get("comment"), comment=texts.get(row.what.get("comment", 0)),
            change=row.what.get("change"),
            columns=_columns(found, row, actor), message=row.what.get("message"),
        )
        for row in rows
    ]  # fmt: skip


def _texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session.execute(select(Comment.id, Comment.text).where(Comment.id.in_(ids)))
    return {row.id: " ".join(row.text[:EXCERPT].split()) for row in rows}


def _columns(found: ListDefinition, row: Notice, actor: Actor) -> tuple[str, ...]:
    wanted = row.what.get("columns", ())
    return tuple(column.title(actor.language) for column in found.visible_columns if column.id in wanted)
