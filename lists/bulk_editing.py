"""The same change of many items: row by row, each with its own rights and refusals; of many as a background job.

A job keeps the ids of its rows and what became of each, in the transaction of the rows themselves: after a kill it goes
on where it was. Its rows can be put back as long as nobody has changed them since.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text, delete, func, select, union_all
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import bulk, checks, filters, items, odata, plans, query, recycling
from .catalogue import ListDefinition, catalogue, definition
from .database import Base, Database, savepoint
from .errors import DomainError, FieldError, Forbidden, Invalid, NotFound, Stale, Words, words_from_json, words_to_json
from .models import ListRow, now
from .reading import Reading, Stage
from .rights import Actor, Level, load_actor
from .sqltypes import Json, UtcDateTime

KINDS = ("update", "delete", "restore", "discard", "purge", "undo")
UNDONE = ("update", "delete", "restore")  # a job of these kinds can be put back
AT_ONCE = bulk.MOST_PER_TRANSACTION
GATHERED_AT_ONCE = 2000
KEPT = datetime.timedelta(days=30)
UNFINISHED = ("gathering", "running")
MOST_COUNTED = 10_000  # rows of each job, where many jobs are shown


class BulkJob(Base):
    """A change of many items. `state`: gathering (its rows are being found), running, done, cancelled."""

    __tablename__ = "bulk_jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    given: Mapped[dict[str, Any]] = mapped_column(Json)
    filter: Mapped[str | None] = mapped_column(Text)
    search: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), index=True)
    gathered: Mapped[int] = mapped_column(Integer, default=0)  # the last id that was found
    batch: Mapped[str] = mapped_column(String(36))
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    finished: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)


class BulkRow(Base):
    """One item of a job. `state`: waiting, done, unchanged, refused; `version`: the one that the job made (of an undo
    that waits: the one that must still stand)."""

    __tablename__ = "bulk_rows"
    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_jobs.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    version: Mapped[int | None] = mapped_column(Integer)
    refusal: Mapped[list[Any] | None] = mapped_column(Json)


@dataclass(frozen=True)
class Counted:
    """How many rows of each state a job has; `capped`: there are more, which nobody has counted."""

    by_state: Mapping[str, int]
    capped: bool

    @property
    def total(self) -> int:
        return min(sum(self.by_state.values()), MOST_COUNTED) if self.capped else sum(self.by_state.values())

    def of(self, state: str) -> int:
        return self.by_state.get(state, 0)


def start(
    session: Session, actor: Actor, list_name: str, kind: str, values: Mapping[str, Any], *,
    ids: Sequence[int] | None = None, where: str | None = None, search: str | None = None,
) -> BulkJob:  # fmt: skip
    """Begin a change of these items, or of all that a filter and a search find for the actor when it begins.

    A few are changed at once, many by the worker. Raises Invalid (values that no row can have), NotFound.
    """
    found = definition(session, list_name)
    given = _checked(session, actor, found, values) if kind == "update" else {}
    if where:
        odata.parse_filter(where, found, actor, now(), catalogue(session))
    job = BulkJob(
        list_id=found.id, user_id=actor.user_id, kind=kind, given=given, filter=where or None,
        search=search or None, state="gathering" if ids is None else "running", batch=str(uuid.uuid4()),
    )  # fmt: skip
    session.add(job)
    session.flush()
    _add_rows(session, job, list(dict.fromkeys(ids or ())))
    return _few_at_once(session, actor, job)


def undo(session: Session, actor: Actor, job_id: int) -> BulkJob:
    """Put back what a job has done. Rows that were changed since are refused. Raises NotFound."""
    job = get(session, actor, job_id)
    if job.user_id != actor.user_id or job.state in UNFINISHED or job.kind not in UNDONE:
        raise NotFound()
    back = BulkJob(
        list_id=job.list_id, user_id=job.user_id, kind="undo", given={"kind": job.kind}, state="running",
        batch=str(uuid.uuid4()),
    )  # fmt: skip
    session.add(back)
    session.flush()
    done = session.execute(
        select(BulkRow.item_id, BulkRow.version).where(BulkRow.job_id == job.id, BulkRow.state == "done")
    )
    session.add_all(BulkRow(job_id=back.id, item_id=row.item_id, version=row.version) for row in done)
    session.flush()
    return _few_at_once(session, actor, back)


def get(session: Session, actor: Actor, job_id: int) -> BulkJob:
    """A job of one's own, for administrators anybody's. Raises NotFound."""
    job = session.get(BulkJob, job_id) if 0 < job_id < 2**31 else None
    if job is None or not (job.user_id == actor.user_id or actor.is_administrator):
        raise NotFound()
    return job


def newest(
    session: Session, actor: Actor, *, of_everybody: bool = False, before: int | None = None, limit: int
) -> Sequence[BulkJob]:
    """One's own jobs, newest first; those of everybody for administrators. Raises Forbidden."""
    wanted = select(BulkJob).order_by(BulkJob.id.desc()).limit(limit)
    if of_everybody and not actor.is_administrator:
        raise Forbidden("Only an administrator sees everybody's jobs.")
    if not of_everybody:
        wanted = wanted.where(BulkJob.user_id == actor.user_id)
    return session.scalars(wanted if before is None else wanted.where(BulkJob.id < before)).all()


def list_of(session: Session, job: BulkJob) -> ListDefinition:
    """The list whose items a job changes. Raises NotFound where it is gone."""
    name = session.scalar(select(ListRow.name).where(ListRow.id == job.list_id))
    return definition(session, name or "")


def cancel(session: Session, actor: Actor, job_id: int) -> BulkJob:
    """Leave the rows that still wait as they are. Raises NotFound."""
    job = get(session, actor, job_id)
    if job.state in UNFINISHED:
        job.state, job.finished = "cancelled", now()
    return job


def counts(session: Session, job: BulkJob) -> dict[str, int]:
    """How many rows there are of each state."""
    rows = session.execute(
        select(BulkRow.state, func.count()).where(BulkRow.job_id == job.id).group_by(BulkRow.state)
    )
    return {row[0]: row[1] for row in rows}


def counted(session: Session, jobs: Sequence[BulkJob]) -> dict[int, Counted]:
    """How many rows of each state these jobs have: of those that are done no more than MOST_COUNTED are looked at."""
    made = {job.id: Counted(counts(session, job), False) for job in jobs if job.state in UNFINISHED}
    parts = [_first_rows(job) for job in jobs if job.id not in made]
    states: dict[int, dict[str, int]] = {job.id: {} for job in jobs if job.id not in made}
    for row in session.execute(union_all(*parts)) if parts else ():
        states[row.job_id][row.state] = row.number
    for job_id, found in states.items():
        made[job_id] = Counted(found, sum(found.values()) > MOST_COUNTED)
    return made


def _first_rows(job: BulkJob) -> Any:
    rows = select(BulkRow.job_id, BulkRow.state).where(BulkRow.job_id == job.id).limit(MOST_COUNTED + 1).subquery()
    return select(rows.c.job_id, rows.c.state, func.count().label("number")).group_by(rows.c.job_id, rows.c.state)


def refusals(session: Session, job: BulkJob, limit: int) -> list[tuple[int, list[FieldError]]]:
    """The first refused rows, each with its reasons by column."""
    rows = session.execute(
        select(BulkRow.item_id, BulkRow.refusal)
        .where(BulkRow.job_id == job.id, BulkRow.state == "refused").order_by(BulkRow.item_id).limit(limit)
    )  # fmt: skip
    return [(row.item_id, [_told(*one) for one in row.refusal or ()]) for row in rows]


def step(database: Database) -> bool:
    """The worker's step: a portion of the oldest job; says whether there was one."""
    with database.read() as session:
        wanted = select(BulkJob.id).where(BulkJob.state.in_(UNFINISHED)).order_by(BulkJob.id).limit(1)
        job_id = session.scalar(wanted)
    if job_id is None:
        return False
    with database.write() as session:
        job = session.get(BulkJob, job_id, with_for_update=True)
        if job is not None and job.state in UNFINISHED:
            portion(session, job)
    return True


def forget_old(database: Database) -> bool:
    """Forget the jobs that ended long ago."""
    with database.write() as session:
        old = select(BulkJob.id).where(BulkJob.finished < now() - KEPT)
        session.execute(delete(BulkRow).where(BulkRow.job_id.in_(old)))
        session.execute(delete(BulkJob).where(BulkJob.finished < now() - KEPT))
    return False


def portion(session: Session, job: BulkJob) -> None:
    """Do the next few rows of a job, with the rights that its user has now."""
    actor = load_actor(session, job.user_id)
    try:
        found = list_of(session, job)
    except NotFound:
        found = None
    if actor is None or found is None or (job.kind == "purge" and not actor.is_administrator):
        job.state, job.finished = "cancelled", now()
    elif job.state == "gathering":
        _gather(session, actor, found, job)
    else:
        _change_rows(session, dataclasses.replace(actor, batch=job.batch), found, job)


def _few_at_once(session: Session, actor: Actor, job: BulkJob) -> BulkJob:
    """Do a small job at once; a large one is left to the worker."""
    if job.state == "gathering":
        found = list_of(session, job)
        where = _filter(session, actor, found, job)
        if query.count(
            session, actor, found.name, where=where, search=job.search, cap=_at_once(job), stage=_stage(job)
        ).capped:
            return job
        portion(session, job)
    waiting = counts(session, job).get("waiting", 0)
    if waiting <= _at_once(job):
        portion(session, job)
    return job


def _checked(session: Session, actor: Actor, found: ListDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as a job keeps them, as far as they can be checked without a row. Raises Invalid."""
    if not values:
        raise Invalid("", "Choose what is to be changed.")
    parsed = checks.parse(found, actor, values, {}, creating=False)
    checks.lookups(session, actor, found, parsed)
    checks.required(found, parsed, by_import=False, besides=[one.name for one in found.ruled_columns])
    return {
        name: None if value is None else found.column(name).type.to_json(value) for name, value in parsed.items()
    }


def _add_rows(session: Session, job: BulkJob, ids: Sequence[int]) -> None:
    session.add_all(BulkRow(job_id=job.id, item_id=number) for number in ids if 0 < number < 2**31)
    session.flush()


def _filter(session: Session, actor: Actor, found: ListDefinition, job: BulkJob) -> filters.Filter | None:
    return odata.parse_filter(job.filter, found, actor, job.created, catalogue(session)) if job.filter else None


def _at_once(job: BulkJob) -> int:
    """How many rows of a job one transaction does: what ends for good takes more with it."""
    return recycling.PURGED_AT_ONCE if job.kind == "purge" else AT_ONCE


def _stage(job: BulkJob) -> Stage:
    """Where the items are that the job finds."""
    if job.kind == "purge":
        return Stage.SECOND_BIN
    return Stage.BIN if job.kind in ("restore", "discard") else Stage.STANDING


def _gather(session: Session, actor: Actor, found: ListDefinition, job: BulkJob) -> None:
    """Find the next rows that the filter means, by id."""
    reading = Reading(session, found, actor, Level.EDIT if _stage(job) else Level.EXISTS, stage=_stage(job))
    where = _filter(session, actor, found, job)
    conditions = [*plans.conditions(reading, where, job.search), reading.id > job.gathered]
    if job.kind == "purge":
        conditions.append(reading.table.c.modified <= job.created)  # what came later nobody has confirmed
    ids = list(session.scalars(select(reading.id).where(*conditions).order_by(reading.id).limit(GATHERED_AT_ONCE)))
    _add_rows(session, job, ids)
    job.gathered = ids[-1] if ids else job.gathered
    if len(ids) < GATHERED_AT_ONCE:
        job.state = "running"


def _change_rows(session: Session, actor: Actor, found: ListDefinition, job: BulkJob) -> None:
    waiting = select(BulkRow).where(BulkRow.job_id == job.id, BulkRow.state == "waiting")
    rows = session.scalars(waiting.order_by(BulkRow.item_id).limit(_at_once(job))).all()
    with bulk.many_writes(session):
        for row in rows:
            try:
                with savepoint(session):
                    changed = _change(session, actor, found, job, row)
            except DomainError as refusal:
                row.state, row.refusal = "refused", _stored(refusal)
            else:
                row.state = "done" if changed else "unchanged"
    made = select(found.table.c.version).where(found.table.c.id == BulkRow.item_id).scalar_subquery()
    done = [row.item_id for row in rows if row.state == "done"]
    session.flush()
    session.execute(
        sql_update(BulkRow).where(BulkRow.job_id == job.id, BulkRow.item_id.in_(done)).values(version=made)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if len(rows) < _at_once(job) or not counts(session, job).get("waiting"):
        job.state, job.finished = "done", now()


def _change(session: Session, actor: Actor, found: ListDefinition, job: BulkJob, row: BulkRow) -> bool:
    """Change one item; says whether anything was different."""
    kind = job.kind
    if kind == "update":
        return items.change(session, actor, found.name, row.item_id, job.given, version=None)
    if kind == "undo":
        kind = {"update": "put back", "delete": "restore", "restore": "delete"}[job.given["kind"]]
    if kind == "put back":
        item = query.get(session, actor, found.name, row.item_id)
        if item.version != row.version:
            raise Stale("Somebody else has changed this meanwhile.")
        items.restore_version(session, actor, found.name, row.item_id, item.version - 1)
    elif kind == "delete":
        items.delete(session, actor, found.name, row.item_id, version=row.version)
    elif kind == "discard":
        items.discard(session, actor, found.name, row.item_id)
    elif kind == "purge":
        return _end(session, actor, found, row.item_id)
    else:
        items.restore(session, actor, found.name, row.item_id)
    return True


def _end(session: Session, actor: Actor, found: ListDefinition, item_id: int) -> bool:
    """End an item for good; False where it is brought back, or has gone with another one."""
    try:
        items.purge(session, actor, found.name, item_id)
    except NotFound:
        return False
    return True


def _stored(refusal: DomainError) -> list[Any]:
    """A refusal as it is kept, to be told in the reader's language."""
    return [[one.field, words_to_json(Words(one.message, one.values))] for one in refusal.by_field]


def _told(field: str, kept: Mapping[str, Any]) -> FieldError:
    words = words_from_json(kept)
    return FieldError(field, words.message, words.values)


__all__ = [
    "BulkJob", "BulkRow", "Counted", "cancel", "counted", "counts", "forget_old", "get", "list_of", "newest", "portion",
    "refusals", "start", "step", "undo",
]  # fmt: skip
