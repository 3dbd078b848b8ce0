"""The follower of the change log that feeds the search engine and the words of suggestions.

How far the index has come is kept in the index itself, in the same commit as its entries. So a process that dies
anywhere leaves either the old state or the new one, a repeated step changes nothing, and an index that was thrown
away, is damaged or does not belong to this database is built anew by the very same steps.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ...lists import changelog
from ...lists.catalogue import ListDefinition, catalogue
from ...lists.models import Change, SetAside
from ...lists.sqltypes import json_has
from . import Entry, SearchEngine, State, engine_of, suggesting, texts

if TYPE_CHECKING:
    from ..home import Home

FOLLOWER = "search"
FORMAT = 2  # raise it when words are made differently: every index is then built anew
LINES, ITEMS, ITEMS_AT_BUILDING = 200, 100, 400
Key = tuple[int, int]  # list id, item id


def catch_up(home: Home) -> bool:
    """Take the next changes into the index: one short step. True if something was done, so there may be more.

    False also while another process is at it. Safe to call from anywhere, at any time.
    """
    with _alone(home) as alone:
        return alone and step(home, engine_of(home))


def rebuild(home: Home) -> None:
    """Build the index from zero beside the standing one, then put it in its place; searching goes on meanwhile.

    Raises BlockingIOError while another process writes the index.
    """
    with _alone(home) as alone:
        if not alone:
            raise BlockingIOError("another process is writing the search index")
        engine = engine_of(home)
        built = engine.beside()
        while step(home, built):
            pass
        engine.take_over(built)


@contextmanager
def _alone(home: Home) -> Iterator[bool]:
    """Whether we are the one process (and thread) that writes the index."""
    with (home.settings.home / "index.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def step(home: Home, engine: SearchEngine) -> bool:
    """One step of `catch_up` into `engine`; the caller is the only writer."""
    state = engine.state()
    with home.database.read() as session:
        if state is None or not belongs(session, state):
            engine.clear()
            state = _beginning(session)
        if state["pending"]:
            _build_on(home, engine, session, state)
            return True
        lines = changelog.read(session, state["seq"], LINES)
        if not lines:
            return False
        _follow(home, engine, session, state, lines)
        return True


def _beginning(session: Session) -> dict[str, Any]:
    """The state before anything is indexed: all lists are to be built, and the log is read from here on."""
    seq = changelog.last(session)
    lists = {str(found.id): texts.fingerprint(session, found) for found in catalogue(session).by_id.values()}
    return {
        "format": FORMAT, "seq": seq, "mark": _mark(session, seq), "lists": lists,
        "pending": [[int(list_id), 0] for list_id in lists], "fresh": True,
    }  # fmt: skip


def belongs(session: Session, state: State) -> bool:
    """Whether the index was made from this database, as it went on: not after an older copy was put back."""
    return state.get("format") == FORMAT and state["mark"] == _mark(session, state["seq"])


def _mark(session: Session, seq: int) -> str | None:
    """What tells one history from another: when and to what the line with this number happened."""
    line = session.get(Change, seq)
    return f"{line.at.isoformat()} {line.guid or line.list_id}" if line else None


def _build_on(home: Home, engine: SearchEngine, session: Session, state: State) -> None:
    """Index the next items of the first list that is still to be built."""
    (list_id, after), *others = state["pending"]
    found = catalogue(session).by_id.get(list_id)
    ids = _next_ids(session, found, after) if found else []
    pending = [[list_id, ids[-1]], *others] if ids else others
    new = {**state, "pending": pending, "fresh": state["fresh"] and bool(pending)}
    keys = [(list_id, number) for number in ids]
    _take(home, engine, session, keys, new, seq=state["seq"], replace=not state["fresh"])
    if not pending:
        _remember(home, state["seq"])


def _next_ids(session: Session, found: ListDefinition, after: int) -> list[int]:
    table = found.table
    statement = select(table.c.id).where(table.c.id > after, table.c.deleted.is_(None))
    return list(session.scalars(statement.order_by(table.c.id).limit(ITEMS_AT_BUILDING)))


def _follow(home: Home, engine: SearchEngine, session: Session, state: State, lines: Sequence[Change]) -> None:
    """Index what these lines of the log changed, and move on behind them."""
    seq = lines[-1].seq
    changed = dict.fromkeys((line.list_id, line.item_id) for line in lines if line.list_id and line.item_id)
    keys = list(dict.fromkeys([*changed, *_pointing_at(session, lines)]))
    while len(keys) > ITEMS:
        _take(home, engine, session, keys[:ITEMS], state, seq=seq)
        keys = keys[ITEMS:]
    new, gone = dict(state), []
    if any(line.item_id is None for line in lines):
        new, gone = _after_list_changes(session, state)
    new |= {"seq": seq, "mark": _mark(session, seq)}
    _take(home, engine, session, keys, new, seq=seq, drop=gone)
    _remember(home, seq)


def _after_list_changes(session: Session, state: State) -> tuple[dict[str, Any], list[int]]:
    """The state with all lists to be built anew whose shape is new, and the lists that are gone."""
    known = state["lists"]
    lists = {str(found.id): texts.fingerprint(session, found) for found in catalogue(session).by_id.values()}
    other = [[int(list_id), 0] for list_id, shape in lists.items() if known.get(list_id) != shape]
    return {**state, "lists": lists, "pending": other}, [int(list_id) for list_id in known if list_id not in lists]


def _pointing_at(session: Session, lines: Iterable[Change]) -> list[Key]:
    """Items in whose text the title of a changed item stands."""
    retitled: dict[int, list[int]] = {}
    for line in lines:
        found = catalogue(session).by_id.get(line.list_id or 0)
        if found is None or line.item_id is None:
            continue
        if line.kind in ("delete", "restore") or texts.title_columns(found) & set(line.columns or ()):
            retitled.setdefault(found.id, []).append(line.item_id)
    keys: list[Key] = []
    for list_id, ids in retitled.items():
        found = catalogue(session).by_id[list_id]
        for child, column in catalogue(session).pointing_at.get(found.name, []):
            if column in texts.searched(session, child):
                keys += [(child.id, number) for number in _referring(session, child, column.name, ids)]
    return keys


def _referring(session: Session, child: ListDefinition, column: str, ids: Sequence[int]) -> list[int]:
    raw = child.sql(column)
    points = or_(*(json_has(raw, one) for one in ids)) if child.by_name[column].type.is_multi else raw.in_(ids)
    return list(session.scalars(select(child.table.c.id).where(points, child.table.c.deleted.is_(None))))


def _take(
    home: Home, engine: SearchEngine, session: Session, keys: Sequence[Key], state: State, *, seq: int,
    replace: bool = True, drop: Sequence[int] = (),
) -> None:  # fmt: skip
    """Bring these items, as they are now, into the words of suggestions and into the index, with the state."""
    entries, refused = _entries(session, keys)
    if refused:
        _set_aside(home, refused, seq)
    suggesting.keep(home, keys, entries, drop)
    engine.write(state, entries, keys if replace else (), drop)


def _entries(session: Session, keys: Iterable[Key]) -> tuple[list[Entry], list[tuple[Key, str]]]:
    """The entries of these items; and the items that cannot be indexed, with the reason."""
    by_list: dict[int, list[int]] = {}
    for list_id, item_id in keys:
        by_list.setdefault(list_id, []).append(item_id)
    entries: list[Entry] = []
    refused: list[tuple[Key, str]] = []
    for list_id, ids in by_list.items():
        found = catalogue(session).by_id.get(list_id)
        if found is None:
            continue
        try:
            entries += texts.entries(session, found, ids)
        except DBAPIError:
            raise
        except Exception:  # a broken value in one of them, of whatever kind: find out which
            for item_id in ids:
                try:
                    entries += texts.entries(session, found, [item_id])
                except DBAPIError:
                    raise
                except Exception as error:
                    refused.append(((list_id, item_id), repr(error)))
    return entries, refused


def _set_aside(home: Home, refused: Sequence[tuple[Key, str]], seq: int) -> None:
    """Keep the reasons, each once, for the status page."""
    with home.database.write() as session:
        lists = catalogue(session).by_id
        for (list_id, item_id), why in refused:
            reason = f"{lists[list_id].name}/{item_id}: {why}"
            known = select(SetAside.id).where(
                SetAside.follower == FOLLOWER, SetAside.seq == seq, SetAside.reason == reason[:2000]
            )
            if session.scalar(known.limit(1)) is None:
                changelog.set_aside(session, FOLLOWER, seq, reason)


def _remember(home: Home, seq: int) -> None:
    """Tell the status page how far the index has come; the index itself knows better."""
    with home.database.write() as session:
        changelog.move_to(session, FOLLOWER, seq)
