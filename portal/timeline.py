"""What has happened with a company or a case: activities, mails, events and documents in one timeline, newest first.

One statement reads the first rows of every source by (instant, list, id); the next page goes on from the last
one shown (keyset), so that a long history costs no more than a short one. Lookups stay ids until the page resolves
all its titles at once (`query.resolve`). Only what the reader may read in full is there: an event whose case is
hidden has no company for that reader, so it is on no company's timeline.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from ..lists.catalogue import definition
from ..lists.errors import Invalid
from ..lists.models import Comment
from ..lists.query import Item, shown_name
from ..lists.reading import Reading
from ..lists.rights import Actor, Level
from ..lists.sqltypes import UtcDateTime
from . import remarks
from .remarks import COMMENT, EXCERPT, TYPES, Remark

SOURCES = ("activities", "events", "mails", "documents", "cases", "comments")  # the order breaks ties of the instant
KINDS: dict[str, dict[str, tuple[str, ...]]] = {  # kind: the lists, and of activities the types
    "all": {"activities": (), "events": (), "mails": (), "documents": ()},
    "calls": {"activities": ("call",)},
    "mail": {"activities": ("email",), "mails": ()},
    "meetings": {"activities": ("meeting",), "events": ()},
    "tasks": {"activities": ("task",)},
    "documents": {"documents": ()},
    "comments": {},
}
WITH_COMMENTS = ("all", "comments")
INSTANTS = {"activities": "created", "events": "start", "mails": "sent", "documents": "modified"}


@dataclass(frozen=True)
class Entry:
    """One thing that happened, or is to happen: the item with the few values that a line shows, and when."""

    item: Item
    at: datetime.datetime
    kind: str  # call, task, meeting, mail, document, case, comment
    comment: Remark | None = None

    @property
    def source(self) -> str:
        """Where it comes from."""
        return "comments" if self.comment else self.item.definition.name

    @property
    def day(self) -> datetime.date | None:
        """The day a task is due."""
        return self.item.get("due")


@dataclass(frozen=True)
class Timeline:
    """`older`: the cursor of the next page, None at the end. `next`: the next open task or event; `last_contact`: the
    last call, mail or meeting."""

    entries: list[Entry]
    older: str | None
    next: Entry | None = None
    last_contact: Entry | None = None

    @property
    def items(self) -> list[Item]:
        """Every item in it, for resolving lookups."""
        more = [entry.item for entry in (self.next, self.last_contact) if entry]
        return [entry.item for entry in self.entries] + more


Where = Callable[[Reading], ColumnElement[bool]]
Cursor = tuple[datetime.datetime, int, int]  # the last entry's instant, its source's place, its number


def of_company(session: Session, actor: Actor, company: int, **options: Any) -> Timeline:
    """The timeline of a company, with what happened on its contacts and cases. Options as of `_timeline`."""
    said_of = {"relations": "id", "cases": "company"}
    return _timeline(session, actor, _of("company", company), said_of=said_of, number=company, **options)


def of_case(session: Session, actor: Actor, case: int, **options: Any) -> Timeline:
    """The timeline of a case. Options as of `_timeline`."""
    return _timeline(session, actor, _of("case", case), said_of={"cases": "id"}, number=case, **options)


def _of(column: str, number: int) -> Where:
    return lambda reading: reading.definition.sql(column) == number


def changes(session: Session, actor: Actor, groups: Iterable[int], *, limit: int) -> list[Entry]:
    """What was changed last in these sales groups, as far as the actor reads it."""
    wanted = sorted(groups)
    lists = ("cases", "activities", "documents", "mails")
    parts = [
        _part(session, actor, "change", name, lambda reading: _in(reading, wanted), "modified", limit) for name in lists
    ]
    entries = [entry for _part_name, entry in _entries(session, actor, parts)]
    return sorted(entries, key=_order)[:limit]


def _timeline(
    session: Session,
    actor: Actor,
    where: Where,
    *,
    said_of: Mapping[str, str],
    number: int,
    now: datetime.datetime,
    kind: str = "all",
    before: str | None = None,
    limit: int = 30,
    ahead: bool = True,
) -> Timeline:
    """A page of a timeline. `kind`: a key of KINDS; `before`: a cursor; `ahead`: find next step and last contact too.
    `said_of`: the lists whose comments belong to it, with the column that is `number` on their items.

    Raises Invalid for a cursor that is none.
    """
    cursor = _read_cursor(before) if before else None
    parts = []
    for name, types in KINDS.get(kind, KINDS["all"]).items():
        conditions = [where, _happened(session, actor, name, now), *([_of_types(types)] if types else ())]
        if cursor:
            conditions.append(_older(cursor, name))
        parts.append(_part(session, actor, "entry", name, _all(conditions), INSTANTS[name], limit + 1))
    if kind in WITH_COMMENTS:
        older = _earlier(Comment.at, Comment.id, cursor, SOURCES.index("comments")) if cursor else None
        parts += remarks.parts(session, actor, said_of, number, older, limit + 1)
    if ahead:
        parts += _next_parts(session, actor, where, now) + _contact_parts(session, actor, where, now)
    found: dict[str, list[Entry]] = {"entry": [], "next": [], "contact": []}
    for part, entry in _entries(session, actor, parts):
        found["entry" if part == COMMENT else part].append(entry)
    entries = sorted(found["entry"], key=_order)
    shown = entries[:limit]
    zone = ZoneInfo(actor.time_zone)
    return Timeline(
        shown,
        _cursor(shown[-1]) if len(entries) > limit else None,
        min(found["next"], key=lambda entry: _when(entry, zone), default=None),
        max(found["contact"], key=lambda entry: entry.at, default=None),
    )


def _next_parts(session: Session, actor: Actor, where: Where, now: datetime.datetime) -> list[Select[Any]]:
    def task(reading: Reading) -> ColumnElement[bool]:
        sql = reading.definition.sql
        return and_(sql("activity_type") == "task", sql("done").is_(None))

    def coming(reading: Reading) -> ColumnElement[bool]:
        return reading.definition.sql("start") >= now

    return [
        _part(session, actor, "next", "activities", _all([where, task]), "created", 1, sort="due"),
        _part(session, actor, "next", "events", _all([where, coming]), "start", 1, sort="start"),
    ]


def _contact_parts(session: Session, actor: Actor, where: Where, now: datetime.datetime) -> list[Select[Any]]:
    types = {"activities": ("call", "email"), "mails": (), "events": ()}
    return [
        _part(
            session,
            actor,
            "contact",
            name,
            _all([where, _happened(session, actor, name, now), *([_of_types(kinds)] if kinds else ())]),
            INSTANTS[name],
            1,
        )
        for name, kinds in types.items()
    ]


def _happened(session: Session, actor: Actor, list_name: str, now: datetime.datetime) -> Where:
    """Events that have begun; activities unless their event or mail is on the timeline in their place."""
    if list_name == "events":
        return lambda reading: reading.definition.sql("start") <= now
    if list_name != "activities":
        return lambda reading: reading.definition.table.c.id > 0

    def not_told_twice(reading: Reading) -> ColumnElement[bool]:
        events = Reading(session, definition(session, "events"), actor, Level.READ)
        mails = Reading(session, definition(session, "mails"), actor, Level.READ)
        begun = _tells(events, reading, events.definition.sql("start") <= now)
        kind = reading.definition.sql("activity_type")
        return ~or_(and_(kind == "meeting", begun), and_(kind == "email", _tells(mails, reading)))

    return not_told_twice


def _tells(other: Reading, activities: Reading, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = other.definition.sql("activity") == activities.id
    return exists().where(mine, *conditions, *other.conditions()).correlate(activities.table)


def _of_types(types: Sequence[str]) -> Where:
    def condition(reading: Reading) -> ColumnElement[bool]:
        if reading.definition.name != "activities":
            return reading.definition.table.c.id > 0
        return reading.definition.sql("activity_type").in_(types)

    return condition


def _in(reading: Reading, groups: Sequence[int]) -> ColumnElement[bool]:
    return reading.definition.sql("sales_group").in_(groups)


def _all(conditions: Sequence[Where]) -> Where:
    return lambda reading: and_(*(condition(reading) for condition in conditions))


def _part(
    session: Session,
    actor: Actor,
    part: str,
    list_name: str,
    where: Where,
    instant: str,
    limit: int,
    *,
    sort: str | None = None,
) -> Select[Any]:
    """The newest rows of one list (or, with `sort`, the lowest by that column): the same columns for every list."""
    reading = Reading(session, definition(session, list_name), actor, Level.READ)
    at = _at(reading, instant)
    columns = [_value(reading, name, kind) for name, kind in TYPES.items()]
    level = reading.access.level.label("level_")
    fixed = (
        literal(part).label("part"),
        literal(list_name).label("list_"),
        reading.id.label("id"),
        at.label("at"),
        level,
    )
    rows = select(*fixed, *columns).where(*reading.conditions(), where(reading))
    rows = (
        rows.order_by(at.desc(), reading.id.desc())
        if sort is None
        else rows.order_by(reading.definition.sql(sort).asc().nulls_last(), reading.id)
    )
    return select(rows.limit(limit).subquery())


def _at(reading: Reading, instant: str) -> ColumnElement[Any]:
    """The instant by which a source is ordered; a mail without a date counts from its filing."""
    column = reading.definition.sql(instant)
    return func.coalesce(column, reading.table.c.created, type_=UtcDateTime()) if instant == "sent" else column


def _value(reading: Reading, name: str, kind: Any) -> ColumnElement[Any]:
    known = reading.definition.has(name) or name == "modified_by"
    if name == "description" and reading.definition.name == "mails":
        value = func.substr(reading.definition.sql("text"), 1, EXCERPT)
    elif not known:
        value = cast(null(), kind)
    elif name == "description":
        value = func.substr(reading.masked(name), 1, EXCERPT)
    else:
        value = reading.masked(name)
    return (cast(value, Text) if kind is Text else value).label(f"v_{name}")


def _entries(session: Session, actor: Actor, parts: Sequence[Select[Any]]) -> Iterable[tuple[str, Entry]]:
    for row in session.execute(union_all(*parts)) if parts else ():
        found = definition(session, row.list_)
        if row.part == COMMENT:
            item = Item(found, {"id": row.v_company, "name": row.v_name}, Level(row.level_))
            yield row.part, Entry(item, row.at, COMMENT, remarks.of_row(row))
            continue
        values = {name: getattr(row, f"v_{name}") for name in TYPES if found.has(name) or name == "modified_by"}
        values["name"] = shown_name(found, values, actor)
        text = {"mails": "text"}.get(row.list_, "description")
        item = Item(found, {**values, text: row.v_description, "id": row.id}, Level(row.level_))
        yield row.part, Entry(item, row.at, _kind(row.list_, row.v_activity_type))


def _kind(list_name: str, activity_type: str | None) -> str:
    if list_name == "activities":
        return {"email": "mail"}.get(activity_type or "", activity_type or "activity")
    return {"events": "meeting", "mails": "mail", "documents": "document", "cases": "case"}[list_name]


def _order(entry: Entry) -> tuple[float, int, int]:
    return (-entry.at.timestamp(), SOURCES.index(entry.source), -_number(entry))


def _number(entry: Entry) -> int:
    return entry.comment.id if entry.comment else entry.item.id


def _when(entry: Entry, zone: ZoneInfo) -> tuple[datetime.date, bool]:
    """Tasks by the day they are due (without one: after all else), events by their start."""
    if entry.item.definition.name == "events":
        return entry.at.astimezone(zone).date(), True
    return entry.day or datetime.date.max, False


def _older(cursor: Cursor, list_name: str) -> Where:
    rank = SOURCES.index(list_name)
    return lambda reading: _earlier(_at(reading, INSTANTS[list_name]), reading.id, cursor, rank)


def _earlier(at: Any, number_of: Any, cursor: Cursor, rank: int) -> ColumnElement[bool]:
    """Whether something of the source with this rank stands behind the cursor."""
    instant, place, number = cursor
    then = literal(instant, UtcDateTime())
    if rank > place:
        return at <= then
    return or_(at < then, and_(at == then, number_of < number)) if rank == place else at < then


def _cursor(entry: Entry) -> str:
    return f"{entry.at.isoformat()}~{SOURCES.index(entry.source)}~{_number(entry)}"


def _read_cursor(text: str) -> Cursor:
    try:
        instant, place, number = text.split("~")
        at = datetime.datetime.fromisoformat(instant)
        if at.tzinfo is None or not 1 < at.year < 9999 or not 0 <= int(number) < 2**31:
            raise ValueError(text)
        return at, int(place), int(number)
    except ValueError:
        raise Invalid("before", "This page address does not fit the list any more; begin again.") from None
