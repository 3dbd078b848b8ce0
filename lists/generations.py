"""How often the lists' definitions, the scopes and the people have changed: what a process keeps of them, it keeps by
these counters. All are read by one statement, once per session.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState, Session

DEFINITIONS, SCOPES, PEOPLE = "definitions", "scopes", "people"
_KNOWN, _RAISED = "generations", "generations raised"
_OF_PEOPLE = frozenset({"users", "user_roles", "memberships", "group_owners"})  # tables


def read(session: Session) -> dict[str, int]:
    """The generations as of now."""
    from .models import Counter  # the models need Base, which lives beside our caller

    all_three = (DEFINITIONS, SCOPES, PEOPLE)
    rows = session.execute(select(Counter.name, Counter.value).where(Counter.name.in_(all_three)))
    found: dict[str, int] = {**dict.fromkeys(all_three, 0), **{row.name: row.value for row in rows}}
    session.info[_KNOWN] = found
    return found


def of(session: Session, name: str) -> int | None:
    """A generation as of this session's instant; None where it is being raised here, and may be rolled back."""
    if name in session.info.get(_RAISED, ()):
        return None
    return known(session)[name]


def known(session: Session) -> dict[str, int]:
    """The generations as this session has read them."""
    return session.info.get(_KNOWN) or read(session)


def forget(session: Session) -> None:
    """One was raised at once: read them anew."""
    session.info.pop(_KNOWN, None)


def raise_later(session: Session, name: str) -> None:
    """Something of this kind has changed."""
    session.info.setdefault(_RAISED, set()).add(name)


def settle(session: Session) -> None:
    """Raise what is to be raised. At the transaction's end, since nobody passes a counter's row until it is over."""
    from .models import Counter

    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for name in sorted(session.info.pop(_RAISED, ())):
        row = insert(Counter).values(name=name, value=1)
        session.execute(row.on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value + 1}))


@event.listens_for(Session, "after_flush")
def _note_changed_people(session: Session, _context: Any) -> None:
    changed = (*session.new, *session.dirty, *session.deleted)
    if any(one.__tablename__ in _OF_PEOPLE for one in changed):
        raise_later(session, PEOPLE)


@event.listens_for(Session, "do_orm_execute")
def _note_changed_rows_of_people(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and _table_of(state) in _OF_PEOPLE:
        raise_later(state.session, PEOPLE)


def _table_of(state: ORMExecuteState) -> str:
    return getattr(getattr(state.statement, "table", None), "name", "")
