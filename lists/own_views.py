"""Views that somebody has of their own. They are no part of the catalogue, so that saving one concerns nobody else.

Each user has a counter that a change of theirs raises; it comes along with the actor (`rights.load_actor`), and a
process keeps a user's views as long as it stands still.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from . import generations
from .catalogue import View
from .database import database_of
from .models import Counter, ViewRow
from .rights import Actor, own_views_counter

Own = Mapping[int, list[View]]  # by list
MOST_KEPT = 5_000  # users, per process
_WRITTEN = "own views written"


def of(session: Session, actor: Actor) -> Own:
    """The actor's own views, those of this transaction too: one statement where they are not known yet."""
    if actor.user_id is None:
        return {}
    if actor.own_views is None or actor.user_id in session.info.get(_WRITTEN, ()):
        return _load(session, actor.user_id)
    kept = database_of(session).caches.setdefault("own views", {})
    known = kept.get(actor.user_id)
    if known is None or known[0] != actor.own_views:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        known = kept[actor.user_id] = (actor.own_views, _load(session, actor.user_id))
    return known[1]


def changed(session: Session, user_id: int) -> None:
    """A view of this user changes in this transaction: whoever knows them asks anew when it has ended."""
    session.flush()
    insert = sqlite.insert if database_of(session).is_sqlite else postgresql.insert
    raised = {"value": Counter.value + 1}
    row = insert(Counter).values(name=own_views_counter(user_id), value=1)
    session.execute(row.on_conflict_do_update(index_elements=[Counter.name], set_=raised))
    session.info.setdefault(_WRITTEN, set()).add(user_id)
    generations.raise_later(session, generations.PEOPLE)  # the counter comes along with the actor


def of_list(session: Session, list_id: int) -> list[View]:
    """Everybody's own views of a list."""
    return [view for _list, view in _views(session, ViewRow.list_id == list_id, ViewRow.user_id.is_not(None))]


def all_of_everybody(session: Session) -> dict[int, list[View]]:
    """All own views, whosever they are, by list."""
    return _by_list(_views(session, ViewRow.user_id.is_not(None)))


def by_id(session: Session, ids: Iterable[int]) -> dict[int, View]:
    """Views by their numbers, whosever they are."""
    wanted = sorted(set(ids))
    return {view.id: view for _list, view in _views(session, ViewRow.id.in_(wanted))} if wanted else {}


def _load(session: Session, user_id: int) -> Own:
    return _by_list(_views(session, ViewRow.user_id == user_id))


def _by_list(views: Iterable[tuple[int, View]]) -> dict[int, list[View]]:
    found: dict[int, list[View]] = {}
    for list_id, view in views:
        found.setdefault(list_id, []).append(view)
    return found


def _views(session: Session, *conditions: ColumnElement[bool]) -> Iterable[tuple[int, View]]:
    rows = session.execute(
        select(ViewRow.list_id, ViewRow.id, ViewRow.name, ViewRow.titles, ViewRow.user_id, ViewRow.settings)
        .where(*conditions).order_by(ViewRow.position, ViewRow.id)
    )  # fmt: skip
    return [(row.list_id, View(row.id, row.name, row.titles, row.user_id, row.settings)) for row in rows]
