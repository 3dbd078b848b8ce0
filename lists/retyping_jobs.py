"""Giving a column of a large list another type, by the worker: in short transactions, resumed after a kill.

The new column is filled out of sight (retyping.py). Where values would be lost, the worker then waits for an
administrator to say that they may; at last the columns change places. How far it has come is written in the
transaction of the values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import retyping, schema
from .catalogue import Column, ListDefinition, catalogue
from .database import Database, savepoint
from .errors import Conflict, DomainError, Forbidden, NotFound, words_from_json, words_to_json
from .models import ColumnRow, ListRow, Retyping, now
from .retyping import EXAMPLES, UNFINISHED, Begun, Forecast, Lost, Unconfirmed
from .rights import PROGRAM, Actor, load_actor


def change_type(
    database: Database, actor: Actor, list_name: str, name: str, body: Mapping[str, Any], *, confirmed: bool = False
) -> Forecast | int:
    """Give a column another type: at once, or (answering the number of what has begun) by the worker.

    Raises as `retyping.change_type` does; of a large list it asks later whether values may be lost.
    """
    with database.read() as session:
        schema.administrators_only(actor)
        found = catalogue(session).get(list_name)
        column = found.own_column(name)
        asking = retyping.running(session, found).get(column.id)
        if asking is None:
            retyping.new_kind(session, found, column, body)
        small = retyping.is_small(session, found)
    if small and asking is None:
        return retyping.change_type(database, actor, list_name, name, body, confirmed=confirmed)
    with database.write() as session:
        if asking is not None and confirmed and asking.state == "asking":
            confirm(session, actor, found, column)
            return asking.id
        return _start(session, actor, list_name, name, body, confirmed=confirmed).id


def _start(
    session: Session, actor: Actor, list_name: str, name: str, body: Mapping[str, Any], *, confirmed: bool
) -> Retyping:
    begun = retyping.begin(session, actor, list_name, name, body)
    found = catalogue(session).get(list_name)
    value = found.sql(name)
    total = session.scalar(select(func.count(value)).select_from(found.table)) or 0
    job = Retyping(
        list_id=found.id, column_id=begun.old_id, new_id=begun.new_id, user_id=actor.user_id, state="filling",
        confirmed=confirmed, total=total, seq=begun.seq, examples=[],
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def of_column(session: Session, column: Column) -> Retyping | None:
    """What the worker does to a column now, or what it refused to do the last time; for administrators."""
    there = select(Retyping).where(Retyping.column_id == column.id).order_by(Retyping.id.desc()).limit(1)
    job = session.scalars(there).first()
    return job if job is not None and job.state in (*UNFINISHED, "refused") else None


def wanted_type(session: Session, job: Retyping) -> str:
    """The name of the type that the column shall have."""
    row = session.get(ColumnRow, job.new_id)
    return row.type if row is not None else ""


def forecast(job: Retyping) -> Forecast:
    """What would be lost, as far as it is known."""
    examples = [Lost(number, value, words_from_json(words)) for number, value, words in job.examples]
    return Forecast(job.converted, job.lost, examples)


def confirm(session: Session, actor: Actor, found: ListDefinition, column: Column) -> None:
    """What does not convert may be lost. Raises NotFound, Forbidden."""
    job = _unfinished(session, actor, found, column)
    job.confirmed = True
    if job.state == "asking":
        job.state = "ending"


def stop(session: Session, actor: Actor, found: ListDefinition, column: Column) -> None:
    """Leave the column as it is. Raises NotFound, Forbidden."""
    job = _unfinished(session, actor, found, column)
    job.state, job.finished = "stopped", now()


def _unfinished(session: Session, actor: Actor, found: ListDefinition, column: Column) -> Retyping:
    schema.administrators_only(actor)
    job = retyping.running(session, found).get(column.id)
    if job is None:
        raise NotFound("This column is not being changed.")
    session.refresh(job, with_for_update=True)
    return job


# --- The worker -----------------------------------------------------------------------------------


def step(database: Database) -> bool:
    """A portion of the oldest change that does not wait for an answer; says whether there was one."""
    with database.read() as session:
        wanted = select(Retyping.id).where(Retyping.state.in_(("filling", "ending")))
        number = session.scalar(wanted.order_by(Retyping.id).limit(1))
    if number is None:
        return False
    with database.write() as session:
        job = session.get(Retyping, number, with_for_update=True)
        if job is not None and job.state in ("filling", "ending"):
            _portion(session, job)
    return True


def _portion(session: Session, job: Retyping) -> None:
    try:
        with savepoint(session):
            actor, begun = _actor(session, job), _begun(session, job)
            _fill(session, job, begun) if job.state == "filling" else _end(session, job, begun, actor)
    except Unconfirmed as refusal:  # of what was written at the last moment
        job.state = "asking"
        _note(job, refusal.forecast)
    except DomainError as refusal:
        job.state, job.refusal, job.finished = "refused", words_to_json(refusal.words), now()


def _actor(session: Session, job: Retyping) -> Actor:
    actor = PROGRAM if job.user_id is None else load_actor(session, job.user_id)
    if actor is None or not actor.is_administrator:
        raise Forbidden("Only an administrator may change lists.")
    return actor


def _begun(session: Session, job: Retyping) -> Begun:
    """What has begun, whatever the list is called now. Raises Conflict where list or column is gone."""
    row, list_row = session.get(ColumnRow, job.column_id), session.get(ListRow, job.list_id)
    if row is None or list_row is None or row.deleted or list_row.deleted:
        raise Conflict("Somebody else has changed this meanwhile.")
    return Begun(list_row.name, row.name, job.column_id, job.new_id, job.seq)


def _fill(session: Session, job: Retyping, begun: Begun) -> None:
    told = Forecast()
    reached = retyping.portion(session, begun, job.reached, told)
    _note(job, told)
    if reached is not None:
        job.reached = reached
    else:
        job.state = "asking" if job.lost and not job.confirmed else "ending"


def _end(session: Session, job: Retyping, begun: Begun, actor: Actor) -> None:
    told = Forecast()
    seq = retyping.catch_up(session, begun, told)
    if seq is not None:
        job.seq = seq
        _note(job, told)
        job.state = "asking" if told.lost and not job.confirmed else "ending"
        return
    retyping.swap(session, actor, begun, confirmed=job.confirmed)
    job.state, job.finished = "done", now()


def _note(job: Retyping, told: Forecast) -> None:
    job.converted += told.values
    job.lost += told.lost
    new = [[one.item_id, one.value, words_to_json(one.reason)] for one in told.examples]
    job.examples = [*job.examples, *new][:EXAMPLES]


__all__ = ["change_type", "confirm", "forecast", "of_column", "step", "stop", "wanted_type"]
