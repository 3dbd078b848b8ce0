"""The follower of the change log that finds whom a change concerns: named, answered, made responsible, alerted.

Notices, findings of alerts and the cursor are written in one transaction, so that a crash loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ...lists import changelog, query
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.columns import Reference
from ...lists.comments import named_in
from ...lists.database import database_of
from ...lists.imports import Import
from ...lists.models import Change, Comment, Follower, Version
from ...lists.rights import PROGRAM
from . import matching
from .models import AlertFinding, Notice

if TYPE_CHECKING:
    from ..home import Home

FOLLOWER = "notices"
LINES, PORTION, LOOKED_BACK = 100, 500, 100
Row = dict[str, Any]


def begin(session: Session) -> None:
    """Begin to follow with what happens from now on: of what was before nobody needs to be told."""
    if session.get(Follower, FOLLOWER) is None:
        begin_anew(session)


def begin_anew(session: Session) -> None:
    """Tell nobody of what was until now: a demo that was just filled, say."""
    changelog.move_to(session, FOLLOWER, changelog.last(session))


def step(home: Home) -> bool:
    """The worker's step: take the next lines of the log. True if there were some."""
    with home.database.read() as session:
        after = changelog.position(session, FOLLOWER)
        lines = changelog.read(session, after, LINES)
        if not lines:
            return False
        notices, findings, refused = _found(session, lines)
    with home.database.write() as session:
        if changelog.position(session, FOLLOWER) != after:
            return True
        insert_new(session, Notice, notices)
        insert_new(session, AlertFinding, findings)
        for seq, reason in refused:
            changelog.set_aside(session, FOLLOWER, seq, reason)
        changelog.move_to(session, FOLLOWER, lines[-1].seq)
    return True


def insert_new(session: Session, model: Any, rows: Sequence[Row]) -> None:
    """Write those of these rows that are not there yet."""
    insert = sqlite.insert if database_of(session).is_sqlite else postgresql.insert
    for start in range(0, len(rows), PORTION):
        session.execute(insert(model).on_conflict_do_nothing(), rows[start : start + PORTION])


def _found(session: Session, lines: Sequence[Change]) -> tuple[list[Row], list[Row], list[tuple[int, str]]]:
    """Notices, findings, and the lines that cannot be taken, with the reasons."""
    try:
        return _notices(session, lines), matching.findings(session, lines), []
    except DBAPIError:
        raise
    except Exception as error:  # something broken in one of the lines: find out in which
        if len(lines) == 1:
            return [], [], [(lines[0].seq, repr(error))]
    parts = [_found(session, [line]) for line in lines]
    notices = [row for part in parts for row in part[0]]
    findings = {(row["alert_id"], row["item_id"], row["seq"]): row for part in parts for row in part[1]}
    return notices, list(findings.values()), [one for part in parts for one in part[2]]


def _notices(session: Session, lines: Sequence[Change]) -> list[Row]:
    rows = [*_of_comments(session, lines), *_of_responsibility(session, lines)]
    return list({(row["user_id"], row["key"]): row for row in rows}.values())


def _row(line: Change, kind: str, user: int, key: str, **what: Any) -> Row:
    return {
        "user_id": user, "kind": kind, "key": key, "list_id": line.list_id, "item_id": line.item_id,
        "who_id": line.actor_id, "at": line.at, "seen": None, "what": what,
    }  # fmt: skip


def _of_comments(session: Session, lines: Sequence[Change]) -> Iterator[Row]:
    """Who is named in a comment, and whose comment it answers."""
    named = {line: number for line in lines if line.kind == "comment" and (number := named_in(line.columns))}
    rows = session.scalars(select(Comment).where(Comment.id.in_(sorted(named.values()))))
    comments = {row.id: row for row in rows} if named else {}
    parents = {row.parent_id for row in comments.values() if row.parent_id}
    asked = session.execute(select(Comment.id, Comment.author_id).where(Comment.id.in_(sorted(parents))))
    authors = {row.id: row.author_id for row in asked}
    for line, number in named.items():
        comment = comments.get(number)
        if comment is None or comment.deleted:
            continue
        told = {one["user"] for one in comment.mentions} - {comment.author_id}
        yield from (_row(line, "mention", user, f"mention {number}", comment=number) for user in sorted(told))
        answered = authors.get(comment.parent_id or 0)
        if answered and answered not in told and answered != comment.author_id:
            yield _row(line, "reply", answered, f"reply {number}", comment=number)


def _of_responsibility(session: Session, lines: Sequence[Change]) -> Iterator[Row]:
    """Whom somebody else has made responsible for an item. Of an import's thousands nobody is told one by one."""
    imported = _imported(session, {line.batch for line in lines if line.batch})
    for line in lines:
        if line.batch in imported:
            continue
        found = catalogue(session).by_id.get(line.list_id or 0)
        if found is None or line.item_id is None or line.actor_id is None or line.kind not in ("create", "update"):
            continue
        made = line.kind == "create"
        columns = [column for column in responsible_columns(found) if made or column.name in line.columns]
        if not columns:
            continue
        for column, user, version in _responsible(session, found, line.item_id, columns):
            if user != line.actor_id:
                key = f"responsible {line.list_id} {line.item_id} {column.id} {version}"
                yield _row(line, "responsible", user, key, columns=[column.id])


def _imported(session: Session, batches: set[str]) -> set[str]:
    """Those of these batches that an import has written, or its undoing."""
    if not batches:
        return set()
    named = select(Import.batch).where(Import.batch.in_(batches))
    return set(session.scalars(named.union_all(select(Import.undo_batch).where(Import.undo_batch.in_(batches)))))


def responsible_columns(found: ListDefinition) -> list[Column]:
    """The columns that say whose an item is to do: people and salespeople, except in the list of these."""
    if found.name == "salespeople":
        return []
    return [
        column for column in found.columns
        if column.type.target in ("users", "salespeople") and column.type.is_stored and column.type.is_given
        and not column.hidden and column.type.name != "participants"
    ]  # fmt: skip


def _responsible(
    session: Session, found: ListDefinition, item_id: int, columns: Sequence[Column]
) -> Iterator[tuple[Column, int, int]]:
    """(column, user, version): who stands in these columns and did not before that version."""
    item = query.many(session, PROGRAM, found.name, [item_id], columns=[column.name for column in columns])
    for column in columns if item_id in item else ():
        value = item[item_id][column.name]
        ids = [one.id for one in (value if isinstance(value, list) else [value]) if isinstance(one, Reference)]
        version, old = _last_change(session, found, item_id, column)
        yield from ((column, user, version) for user in _users(session, column, [one for one in ids if one not in old]))


def _last_change(session: Session, found: ListDefinition, item_id: int, column: Column) -> tuple[int, list[int]]:
    """The version that gave the column its value, and whom it held before."""
    versions = select(Version.version, Version.old).where(Version.list_id == found.id, Version.item_id == item_id)
    key = str(column.id)
    for version, old in session.execute(versions.order_by(Version.version.desc()).limit(LOOKED_BACK)):
        if key in old:
            value = column.type.from_json(old[key])
            return version, list(value) if isinstance(value, list) else [value] if value else []
    return 1, []


def _users(session: Session, column: Column, ids: Sequence[int]) -> list[int]:
    if column.type.target == "users" or not ids:
        return list(ids)
    people = query.many(session, PROGRAM, "salespeople", ids, columns=["user"])
    return [one["user"].id for one in people.values() if one["user"]]
