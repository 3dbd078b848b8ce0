"""Comments as entries of a timeline: they come by the same statement and in the same columns as all else in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, Integer, Select, Text, and_, cast, func, literal, null, select
from sqlalchemy.orm import Session

from ..lists import comments
from ..lists.catalogue import definition
from ..lists.models import Comment, User
from ..lists.reading import Reading
from ..lists.rights import Actor, Level
from ..lists.sqltypes import UtcDateTime

COMMENT = "comment"
EXCERPT = 600  # letters of a text that a timeline shows
TYPES: dict[str, Any] = {
    "name": Text,
    "activity_type": Text,
    "name_typed": Boolean,
    "description": Text,
    "company": Integer,
    "case": Integer,
    "contact": Integer,
    "salesperson": Integer,
    "modified_by": Integer,
    "sender": Text,
    "due": Date,
    "done": UtcDateTime,
    "start": UtcDateTime,
    "end": UtcDateTime,
    "all_day": Boolean,
    "place": Text,
    "file_version": Text,
    "status": Text,
}


@dataclass(frozen=True)
class Remark:
    """A comment on the company or a case of it."""

    id: int
    text: str
    author: str | None
    is_answer: bool


def parts(
    session: Session,
    actor: Actor,
    said_of: Mapping[str, str],
    number: int,
    older: ColumnElement[bool] | None,
    limit: int,
) -> list[Select[Any]]:
    """The newest comments on the items on which a column (of each list its own) is `number`, where they are read."""
    found: list[Select[Any]] = []
    for list_name, column in said_of.items():
        reading = Reading(session, definition(session, list_name), actor, Level.READ)
        if not comments.are_on(reading.definition):
            continue
        values: dict[str, Any] = {
            "name": reading.masked("name"), "description": func.substr(Comment.text, 1, EXCERPT),
            "sender": User.name, "company": reading.id, "name_typed": Comment.parent_id.is_not(None),
        }  # fmt: skip
        columns = [
            (cast(values.get(name, null()), kind) if kind is Text or name not in values else values[name])
            .label(f"v_{name}") for name, kind in TYPES.items()
        ]  # fmt: skip
        fixed = (literal(COMMENT).label("part"), literal(list_name).label("list_"), Comment.id.label("id"))
        rows = select(*fixed, Comment.at.label("at"), reading.access.level.label("level_"), *columns)
        here = and_(Comment.list_id == reading.definition.id, Comment.item_id == reading.id, Comment.deleted.is_(None))
        rows = rows.select_from(reading.table).join(Comment, here).outerjoin(User, User.id == Comment.author_id)
        rows = rows.where(reading.definition.sql(column) == number, *reading.conditions())
        if older is not None:
            rows = rows.where(older)
        found.append(select(rows.order_by(Comment.at.desc(), Comment.id.desc()).limit(limit).subquery()))
    return found


def of_row(row: Any) -> Remark:
    """The comment in a row of the statement."""
    return Remark(row.id, row.v_description, row.v_sender, bool(row.v_name_typed))
