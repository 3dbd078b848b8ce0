"""Looking whether a home is sound. Each check reads and says, in one line per finding, what is not as it must be."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ..lists import changelog, scopes
from ..lists.catalogue import ListDefinition, catalogue
from ..lists.errors import NotFound
from ..lists.models import Change, Follower, Scope, SetAside, User, Version, now
from .home import Home

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
            if values["scope_id"] not in known:
                yield f"{found.name} {values['id']}: its scope {values['scope_id']} does not exist"
            elif known[values["scope_id"]] != scopes.key_of(session, found, values):
                yield f"{found.name} {values['id']}: its rights are not those of its values"
        after = rows[-1]["id"]


def check_versions(session: Session, found: ListDefinition) -> Iterator[str]:
    """An item of version n has the versions 1 to n, each once."""
    table = found.table
    there = (
        select(
            Version.item_id, func.count().label("n"), func.min(Version.version).label("low"),
            func.max(Version.version).label("high"),
        ).where(Version.list_id == found.id).group_by(Version.item_id).subquery()
    )  # fmt: skip
    rows = session.execute(select(table.c.id, table.c.version, there).outerjoin(there, there.c.item_id == table.c.id))
    for row in rows:
        if (row.n, row.low, row.high) != (row.version, 1, row.version):
            has = f"has {row.n or 0} versions up to {row.high or 0}"
            yield f"{found.name} {row.id}: it is at version {row.version}, but {has}"


def check_references(session: Session, found: ListDefinition) -> Iterator[str]:
    """What an item that is not deleted points to is there (a deleted target counts: it can be restored)."""
    for column in found.columns:
        if not column.type.target or column.type.is_multi:
            continue
        if column.type.target == "users":
            target = User.__table__
        elif column.type.target in catalogue(session).by_name:
            target = catalogue(session).by_name[column.type.target].table
        else:
            yield f"{found.name}: the column {column.name} points to a list {column.type.target} that is not there"
            continue
        target, source = target.alias(), found.table
        place = found.sql(column.name)
        lost = and_(target.c.id.is_(None), place.is_not(None), source.c.deleted.is_(None))
        for row in session.execute(select(source.c.id, place).outerjoin(target, target.c.id == place).where(lost)):
            yield f"{found.name} {row[0]}: {column.name} points to {column.type.target} {row[1]}, which is not there"


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
    """Every file that a document names is stored, has its size, and (a sample, or all) its content."""
    read = 0
    for found in catalogue(session).by_name.values():
        if not found.has("sha256"):
            continue
        place, size = found.sql("sha256"), found.sql("size") if found.has("size") else found.sql("sha256")
        rows = session.execute(select(found.table.c.id, place, size).where(place.is_not(None)).order_by(place)).all()
        for sha256, same in groupby(rows, key=lambda row: row[1]):
            items = list(same)
            read += 1
            yield from _check_file(
                home, found, [(row[0], row[2]) for row in items], str(sha256), deep or read <= SAMPLE
            )


def _check_file(
    home: Home, found: ListDefinition, items: list[tuple[int, object]], sha256: str, whole: bool
) -> Iterator[str]:
    try:
        size = home.blobs.size(sha256)
        sound = home.blobs.verify(sha256) if whole else True
    except NotFound:
        yield from (f"{found.name} {item_id}: its file {sha256[:12]}… is not stored" for item_id, _ in items)
        return
    for item_id, said in items:
        if found.has("size") and said is not None and int(str(said)) != size:
            yield f"{found.name} {item_id}: its file has {size} bytes, not {said}"
        if not sound:
            yield f"{found.name} {item_id}: the stored file {sha256[:12]}… is damaged"
