"""Looking whether a home is sound. Each check reads and says, in one line per finding, what is not as it must be."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from sqlalchemy import FromClause, and_, func, or_, select
from sqlalchemy.orm import Session

from ..libraries import collecting
from ..libraries.models import FileVersion, WorkingCopy
from ..lists import changelog, scopes
from ..lists.catalogue import Column, ListDefinition, catalogue
from ..lists.errors import NotFound
from ..lists.models import Change, Follower, Scope, SetAside, User, Version, now
from ..lists.reading import Stage
from .home import Home
from .search import engine_of
from .search.indexing import belongs

PORTION = 2000
SAMPLE = 200  # stored files whose bytes are read where not all of them are
LATE = datetime.timedelta(minutes=5)


def findings(home: Home, *, deep: bool = False) -> Iterator[str]:
    """Every finding as one line. `deep`: read all stored files, not only a sample of them."""
    with home.database.read() as session:
        for found in catalogue(session).by_name.values():
            yield from check_rows(session, found)
            yield from check_versions(session, found)
            yield from check_references(session, found)
        yield from check_change_log(session)
        yield from check_followers(session)
        yield from check_files(session, home, deep)
        yield from check_index(session, home, deep)


def check_rows(session: Session, found: ListDefinition) -> Iterator[str]:
    """Every row has the scope that its values ask for."""
    names = {column.physical: column.name for column in found.columns}
    known = {scope.id: scope.key for scope in session.scalars(select(Scope))}
    after = 0
    while True:
        rows = session.execute(
            select(found.table).where(found.table.c.id > after).order_by(found.table.c.id).limit(PORTION)
        ).mappings().all()  # fmt: skip
        if not rows:
            return
        for row in rows:
            values = {names.get(str(key), str(key)): value for key, value in row.items()}
            if values["bin_stage"] == Stage.PURGED:
                continue  # of what was ended for good no values are left
            if values["scope_id"] not in known:
                yield f"{found.name} {values['id']}: its scope {values['scope_id']} does not exist"
            elif known[values["scope_id"]] != scopes.key_of(session, found, values):
                yield f"{found.name} {values['id']}: its rights are not those of its values"
        after = rows[-1]["id"]


def check_versions(session: Session, found: ListDefinition) -> Iterator[str]:
    """An item of version n has the versions 1 to n, each once (if gone for good, none), and what has some is there."""
    table = found.table
    there = (
        select(
            Version.item_id, func.count().label("n"), func.count(Version.version.distinct()).label("different"),
            func.min(Version.version).label("low"), func.max(Version.version).label("high"),
        ).where(Version.list_id == found.id).group_by(Version.item_id).subquery()
    )  # fmt: skip
    both = table.outerjoin(there, there.c.item_id == table.c.id)
    sound = and_(
        there.c.n == table.c.version, there.c.different == there.c.n, there.c.low == 1, there.c.high == there.c.n
    )
    purged = func.coalesce(table.c.bin_stage, Stage.STANDING) == Stage.PURGED
    wrong = select(table.c.id, table.c.version, there.c.n, there.c.high).select_from(both).where(
        or_(and_(purged, there.c.n.is_not(None)), and_(~purged, or_(there.c.n.is_(None), ~sound)))
    )  # fmt: skip
    for row in session.execute(wrong.order_by(table.c.id)):
        has = f"has {row.n or 0} versions up to {row.high or 0}"
        yield f"{found.name} {row.id}: it is at version {row.version}, but {has}"
    lost = select(there.c.item_id).outerjoin(table, there.c.item_id == table.c.id).where(table.c.id.is_(None))
    for item_id in session.scalars(lost.order_by(there.c.item_id)):
        yield f"{found.name} {item_id}: it has versions, but is not there"


def check_references(session: Session, found: ListDefinition) -> Iterator[str]:
    """What an item that is not deleted points to is there (a deleted target counts: it can be restored)."""
    for column in found.columns:
        if not column.type.target or not column.type.is_stored:
            continue
        target: FromClause
        if column.type.target == "users":
            target = User.__table__
        elif column.type.target in catalogue(session).by_name:
            target = catalogue(session).by_name[column.type.target].table
        else:
            yield f"{found.name}: the column {column.name} points to a list {column.type.target} that is not there"
            continue
        lost = _lost_of_many if column.type.is_multi else _lost_of_one
        for item_id, number in lost(session, found, column, target):
            yield f"{found.name} {item_id}: {column.name} points to {column.type.target} {number}, which is not there"


def _lost_of_one(
    session: Session, found: ListDefinition, column: Column, target: FromClause
) -> Iterator[tuple[int, int]]:
    target, source, place = target.alias(), found.table, found.sql(column.name)
    lost = and_(target.c.id.is_(None), place.is_not(None), source.c.deleted.is_(None))
    for row in session.execute(select(source.c.id, place).outerjoin(target, target.c.id == place).where(lost)):
        yield row[0], row[1]


def _lost_of_many(
    session: Session, found: ListDefinition, column: Column, target: FromClause
) -> Iterator[tuple[int, int]]:
    source, place = found.table, found.sql(column.name)
    filled = select(source.c.id, place).where(place.is_not(None), source.c.deleted.is_(None)).order_by(source.c.id)
    for rows in session.execute(filled).partitions(PORTION):
        wanted = {number for row in rows for number in row[1] or ()}
        there: set[int] = set()
        for start in range(0, len(wanted), 500):
            some = sorted(wanted)[start : start + 500]
            there |= set(session.scalars(select(target.c.id).where(target.c.id.in_(some))))
        yield from ((row[0], number) for row in rows for number in row[1] or () if number not in there)


def check_change_log(session: Session) -> Iterator[str]:
    """The log's numbers run from 1 to the counter's value without a gap."""
    last = changelog.last(session)
    number, low, high = session.execute(select(func.count(), func.min(Change.seq), func.max(Change.seq))).one()
    if (number, low or 1, high or 0) != (last, 1, last):
        yield f"change log: {number} lines from {low} to {high}, but the counter stands at {last}"


def check_followers(session: Session) -> Iterator[str]:
    """No follower of the log is behind by something that happened a while ago; what was set aside is named."""
    for follower in session.scalars(select(Follower)):
        waiting = select(func.count(), func.min(Change.at)).where(Change.seq > follower.seq)
        number, since = session.execute(waiting).one()
        if number and since < now() - LATE:
            behind = f"{number} changes behind, since {since:%Y-%m-%d %H:%M} UTC"
            yield f"follower {follower.name}: {behind}; is a worker running?"
    for aside in session.scalars(select(SetAside).order_by(SetAside.id)):
        yield f"follower {aside.follower}: change {aside.seq} was set aside: {' '.join(aside.reason.split())[:200]}"


def check_files(session: Session, home: Home, deep: bool) -> Iterator[str]:
    """Every file that a row names is stored, has its size, and (a sample, or all) its content."""
    named: dict[str, list[tuple[str, int | None]]] = {}
    for name, sha256, size in _named_files(session):
        named.setdefault(sha256, []).append((name, size))
    for sha256 in collecting.referenced(session):
        named.setdefault(sha256, [("a stored message", None)])
    for number, sha256 in enumerate(sorted(named)):
        yield from _check_file(home, named[sha256], sha256, deep or number < SAMPLE)


def _named_files(session: Session) -> Iterator[tuple[str, str, int | None]]:
    """Whose file, its SHA-256 and its size: of the items, of their versions, of what is checked out."""
    lists = catalogue(session)
    for found in lists.by_name.values():
        if not found.has("sha256"):
            continue
        columns = [found.table.c.id, found.sql("sha256"), *([found.sql("size")] if found.has("size") else [])]
        for row in session.execute(select(*columns).where(columns[1].is_not(None))):
            yield f"{found.name} {row[0]}", row[1], None if len(row) < 3 or row[2] is None else int(row[2])
    kept: list[tuple[Any, str]] = [(FileVersion, "version {0.number} of "), (WorkingCopy, "what is checked out of ")]
    for model, words in kept:
        for row in session.scalars(select(model)):
            name = lists.by_id[row.list_id].name if row.list_id in lists.by_id else f"list {row.list_id}"
            yield f"{words.format(row)}{name} {row.item_id}", row.sha256, row.size


def _check_file(home: Home, named: list[tuple[str, int | None]], sha256: str, whole: bool) -> Iterator[str]:
    try:
        size = home.blobs.size(sha256)
        sound = home.blobs.verify(sha256) if whole else True
    except NotFound:
        yield from (f"{name}: its file {sha256[:12]}… is not stored" for name, _ in named)
        return
    for name, said in named:
        if said is not None and said != size:
            yield f"{name}: its file has {size} bytes, not {said}"
        if not sound:
            yield f"{name}: the stored file {sha256[:12]}… is damaged"


def check_index(session: Session, home: Home, deep: bool) -> Iterator[str]:
    """The search index, where one was built, can be read and follows this database; `deep`: it has every item."""
    follower = session.get(Follower, "search")
    if follower is None:
        return  # nothing was indexed yet; whether a worker runs is asked elsewhere
    engine = engine_of(home)
    state = engine.state()
    if state is None:
        yield "search index: it is missing or cannot be read; a worker builds it anew, or caseroom reindex"
        return
    if not belongs(session, state):
        yield "search index: it belongs to another history of the database; a worker builds it anew"
        return
    if deep and not state["pending"] and state["seq"] == changelog.last(session):
        yield from _check_entries(session, home)


def _check_entries(session: Session, home: Home) -> Iterator[str]:
    entries = engine_of(home).versions()
    if entries is None:
        yield "search index: it is damaged; run caseroom reindex"
        return
    aside = set(session.scalars(select(SetAside.reason).where(SetAside.follower == "search")))
    refused = {reason.partition(":")[0] for reason in aside}
    for found in catalogue(session).by_name.values():
        table = found.table
        rows = session.execute(select(table.c.id, table.c.version).where(table.c.deleted.is_(None)))
        there = {row.id: row.version for row in rows}
        known = {item_id: version for (list_id, item_id), version in entries.items() if list_id == found.id}
        for item_id in sorted(there.keys() | known.keys()):
            if there.get(item_id) != known.get(item_id) and f"{found.name}/{item_id}" not in refused:
                is_there, has = there.get(item_id, "none"), known.get(item_id, "none")
                yield f"search index: {found.name} {item_id} is at version {is_there}, the index has {has}"
