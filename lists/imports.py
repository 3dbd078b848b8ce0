"""Imports as things: what came in from which file, how far it has come, what it refused, and whether it was undone.

Each has a batch of its own in the change log, by which it can be taken back (`undoing`).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import changelog
from .catalogue import definition
from .database import Base
from .errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound, Words, words_from_json, words_to_json
from .mapping import Step
from .models import now
from .refusals import Misfit, Refusal
from .rights import Actor
from .sqltypes import Json, UtcDateTime

OUTCOMES = ("created", "updated", "unchanged", "refused")
UNDONE = ("removed", "put_back", "kept")  # what an undoing does with an item
STATES = ("new", "trying", "tried", "running", "done", "stopped", "failed", "undoing", "undone", "halted")
WAITING = ("trying", "running", "undoing")  # what a worker has to do
MOST_NAME = 100


class Import(Base):
    """One file into one list. `done` rows of `total` are read; while it is undone, `done` counts items."""

    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer, index=True)
    file: Mapped[str] = mapped_column(Text)
    rows_sha256: Mapped[str | None] = mapped_column(String(64))  # its rows in the blob store; None: they lie elsewhere
    run: Mapped[str | None] = mapped_column(String(64), index=True)  # names a command's run: see `begin`
    step: Mapped[int] = mapped_column(Integer, default=0)
    header: Mapped[list[str]] = mapped_column(Json, default=list)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[str] = mapped_column(String(16))
    batch: Mapped[str] = mapped_column(String(36))
    undo_batch: Mapped[str | None] = mapped_column(String(36))
    undo_columns: Mapped[bool] = mapped_column(default=False)  # of items changed since: put back what nobody touched
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    tried: Mapped[dict[str, int] | None] = mapped_column(Json)
    undone: Mapped[dict[str, int] | None] = mapped_column(Json)
    first_seq: Mapped[int] = mapped_column(BigInteger, default=0)  # its lines in the change log lie between these
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    undo_seq: Mapped[int | None] = mapped_column(BigInteger)  # how far down the log its undoing has come
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    undo_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    ended: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)


class ImportRemark(Base):
    """A value that an import did not take, or (`about` undo) an item that its undoing left as it is."""

    __tablename__ = "import_remarks"
    __table_args__ = (Index("ix_import_remarks_import", "import_id", "about", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    about: Mapped[str] = mapped_column(String(8))  # try, run, undo
    row: Mapped[int] = mapped_column(Integer)  # the row's number; of an undoing, the item's
    list_id: Mapped[int] = mapped_column(Integer)
    column: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    words: Mapped[dict[str, Any]] = mapped_column(Json)


class RememberedMapping(Base):
    """How a file with these columns was put into a list the last time."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("list_id", "header_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    header_key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)


class Stopped(Conflict):
    """Somebody has stopped the import; what was read stays."""


def administrators_only(actor: Actor) -> None:
    """Raises Forbidden for everybody else."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may import.")


def new(
    session: Session, actor: Actor, list_name: str, file: str, *, rows_sha256: str, header: Sequence[str], total: int
) -> Import:
    """An import whose file has been read, to be given its mapping. Raises NotFound, Forbidden."""
    administrators_only(actor)
    found = _new(session, actor, list_name, file, "new")
    found.rows_sha256, found.header, found.total = rows_sha256, list(header), total
    session.flush()
    return found


def begin(session: Session, actor: Actor, run: str, place: int, step: Step) -> int:
    """The number of a command's step: a new one, or that of the same run which was killed."""
    standing = select(Import).where(Import.run == run, Import.step == place, Import.state == "running")
    found = session.scalars(standing).first()
    if found is None:
        found = _new(session, actor, step.list, step.file, "running")
        found.run, found.step, found.first_seq = run, place, changelog.last(session)
        session.flush()
    return found.id


def _new(session: Session, actor: Actor, list_name: str, file: str, state: str) -> Import:
    found = Import(
        list_id=definition(session, list_name).id, file=file, state=state, batch=str(uuid.uuid4()),
        user_id=actor.user_id, counts=dict.fromkeys(OUTCOMES, 0),
    )  # fmt: skip
    session.add(found)
    return found


def end(session: Session, number: int) -> None:
    """All rows are read."""
    found = session.get_one(Import, number)
    found.state, found.ended, found.last_seq = "done", now(), changelog.last(session)


def must_go_on(session: Session, number: int) -> None:
    """Refuse to write on for an import that somebody has stopped. Raises Stopped."""
    session.flush()
    found = session.get(Import, number, with_for_update=True, populate_existing=True)
    if found is None or found.state not in ("running", "trying"):
        raise Stopped("The import was stopped.")


def get(session: Session, actor: Actor, number: int, *, lock: bool = False) -> Import:
    """Raises NotFound, Forbidden."""
    administrators_only(actor)
    found = session.get(Import, number, with_for_update=lock) if 0 < number < 2**31 else None
    if found is None:
        raise NotFound("There is no such import.")
    return found


def every(
    session: Session, actor: Actor, list_id: int | None = None, *, before: int | None = None, limit: int = 50
) -> Sequence[Import]:
    """The imports, latest first: all, or those into one list. Raises Forbidden."""
    administrators_only(actor)
    wanted = select(Import).order_by(Import.id.desc()).limit(limit)
    if list_id is not None:
        wanted = wanted.where(Import.list_id == list_id)
    return session.scalars(wanted.where(Import.id < before) if before else wanted).all()


def try_out(session: Session, actor: Actor, number: int, body: Mapping[str, Any]) -> None:
    """Take a mapping and let a worker find out what it would do. Raises Conflict where the import has begun."""
    found = _in(session, actor, number, "new", "tried", "failed")
    _map(session, found, body)
    found.state = "trying"


def _map(session: Session, found: Import, body: Mapping[str, Any]) -> None:
    if not body:
        raise Conflict("This import has no mapping yet.")
    if found.done:
        raise Conflict("This import has begun; its mapping stays as it is.")
    found.mapping, found.tried, found.problem = dict(body), None, None
    _forget(session, found, "try")


def tried(session: Session, number: int, counts: Mapping[str, int], refused: Iterable[Refusal]) -> None:
    """Keep what a trial has found out."""
    found = session.get(Import, number, with_for_update=True)
    if found is not None and found.state == "trying":
        found.state, found.tried = "tried", dict(counts)
        _forget(session, found, "try")
        keep_refusals(session, found, refused, about="try")


def start(session: Session, actor: Actor, number: int, body: Mapping[str, Any] | None = None) -> None:
    """Let a worker import, by this mapping or the one that was tried, or go on after a stop. Raises Conflict."""
    found = _in(session, actor, number, "new", "tried", "stopped", "failed")
    if body is not None:
        _map(session, found, body)
    if not found.mapping:
        raise Conflict("This import has no mapping yet.")
    if not found.done:
        found.first_seq, found.user_id = changelog.last(session), actor.user_id
    found.state, found.problem = "running", None


def stop(session: Session, actor: Actor, number: int) -> None:
    """Stop after the rows that are being written. Raises Conflict."""
    found = _in(session, actor, number, "trying", "running")
    found.state = "stopped" if found.state == "running" else "new"
    found.ended, found.last_seq = now(), changelog.last(session)


def fail(session: Session, number: int, refusal: DomainError) -> None:
    """Keep why an import, or its undoing, cannot go on."""
    found = session.get(Import, number, with_for_update=True)
    if found is None:
        return
    found.state = {"trying": "new", "undoing": "halted"}.get(found.state, "failed")
    found.problem, found.ended = words_to_json(refusal.words), now()
    found.last_seq = max(found.last_seq, changelog.last(session)) if not found.undo_batch else found.last_seq


def start_undo(session: Session, actor: Actor, number: int, *, columns: bool = False) -> None:
    """Let a worker take back all that an import wrote. `columns`: of items that somebody has changed since, put back
    the columns that nobody has touched. Raises Conflict: undone already, or still under way.
    """
    found = get(session, actor, number, lock=True)
    if found.state in ("undone", "undoing"):
        raise Conflict("This import was undone already.")
    if found.state not in ("done", "stopped", "failed", "halted"):
        raise Conflict("Only an import that has ended can be undone.")
    if found.state != "halted":
        found.undo_columns, found.undo_batch, found.undo_seq = columns, str(uuid.uuid4()), None
        found.undone, found.done = dict.fromkeys(UNDONE, 0), 0
    found.state, found.problem, found.ended, found.undo_user_id = "undoing", None, None, actor.user_id


def end_undo(session: Session, found: Import) -> None:
    """All is taken back that can be."""
    found.state, found.ended = "undone", now()


def _in(session: Session, actor: Actor, number: int, *states: str) -> Import:
    found = get(session, actor, number, lock=True)
    if found.state not in states:
        raise Conflict("The import has gone on meanwhile; look at it again.")
    return found


def why_kept(found: Import) -> Conflict | None:
    """Why an import cannot be forgotten; None where it can."""
    if found.state in WAITING:
        return Conflict("This import is under way. Stop it first.")
    if found.state != "undone" and found.counts.get("created", 0) + found.counts.get("updated", 0):
        return Conflict("This import has written items. Undo it first; without it they could not be taken back.")
    return None


def delete(session: Session, actor: Actor, number: int) -> None:
    """Forget an import, its file and what it refused; what it wrote stays, so that only one which wrote nothing or is
    undone can go. Raises NotFound, Forbidden, Conflict.
    """
    found = get(session, actor, number, lock=True)
    if (reason := why_kept(found)) is not None:
        raise reason
    session.execute(sql_delete(ImportRemark).where(ImportRemark.import_id == found.id))
    session.delete(found)
    session.flush()


def waiting(session: Session) -> Import | None:
    """The import that a worker takes up next: its rows lie in the blob store, or it is to be undone."""
    here = Import.rows_sha256.is_not(None) | (Import.state == "undoing")
    return session.scalars(select(Import).where(Import.state.in_(WAITING), here).order_by(Import.id).limit(1)).first()


def rows_named(session: Session) -> list[str]:
    """The SHA-256 of the rows that are still to be read."""
    kept = Import.rows_sha256.is_not(None), Import.state.not_in(("done", "undone", "undoing", "halted"))
    return list(session.scalars(select(Import.rows_sha256).where(*kept)))  # type: ignore[arg-type]


# --- What was refused -----------------------------------------------------------------------------


def keep_refusals(session: Session, found: Import, refused: Iterable[Refusal], *, about: str = "run") -> None:
    """Keep the rows that were not taken."""
    rows = [
        {"import_id": found.id, "about": about, "row": row.number, "list_id": found.list_id, "column": one.column,
         "value": one.value.replace("\0", ""), "words": words_to_json(one.words)}
        for row in refused for one in row.misfits
    ]  # fmt: skip
    if rows:
        session.execute(ImportRemark.__table__.insert(), rows)  # type: ignore[attr-defined]


def remark(session: Session, found: Import, list_id: int, item_id: int, title: str, words: Words) -> None:
    """Keep that an undoing left an item as it is."""
    session.add(ImportRemark(
        import_id=found.id, about="undo", row=item_id, list_id=list_id, column="", value=title[:200],
        words=words_to_json(words),
    ))  # fmt: skip


def remarks(session: Session, found: Import, about: str, *, after: int = 0, limit: int = 100) -> Sequence[ImportRemark]:
    """What was refused, in the order of the file, after the remark numbered `after`."""
    there = ImportRemark.import_id == found.id, ImportRemark.about == about, ImportRemark.id > after
    return session.scalars(select(ImportRemark).where(*there).order_by(ImportRemark.id).limit(limit)).all()


def count_remarks(session: Session, found: Import, about: str) -> int:
    there = ImportRemark.import_id == found.id, ImportRemark.about == about
    return session.scalar(select(func.count()).select_from(ImportRemark).where(*there)) or 0


def remarks_counted(session: Session, found: Iterable[Import]) -> dict[int, int]:
    """How many remarks tell of each of these imports as it stands, by its number; of those without one nothing."""
    about = {one.id: told_of(one) for one in found}
    rows = session.execute(
        select(ImportRemark.import_id, ImportRemark.about, func.count())
        .where(ImportRemark.import_id.in_(about)).group_by(ImportRemark.import_id, ImportRemark.about)
    )  # fmt: skip
    return {row[0]: row[2] for row in rows if row[1] == about[row[0]]}


def told_of(found: Import) -> str:
    """What an import's remarks are about as it stands: its trial (`try`), itself (`run`), its undoing (`undo`)."""
    return "try" if found.state in ("tried", "trying") else "undo" if found.undo_batch else "run"


def refusals_of(session: Session, found: Import) -> list[Refusal]:
    """The rows that were not taken so far."""
    rows: dict[int, list[Misfit]] = {}
    for one in remarks(session, found, "run", limit=10_000_000):
        misfit = Misfit(one.column, one.value, words_from_json(one.words))
        rows.setdefault(one.row, []).append(misfit)
    return [Refusal(found.file, number, tuple(misfits)) for number, misfits in rows.items()]


def _forget(session: Session, found: Import, about: str) -> None:
    there = ImportRemark.import_id == found.id, ImportRemark.about == about
    session.execute(ImportRemark.__table__.delete().where(*there))  # type: ignore[attr-defined]


# --- Remembered mappings --------------------------------------------------------------------------


def header_key(header: Iterable[str]) -> str:
    """Names a set of columns, in whichever order they stand."""
    return hashlib.sha256(json.dumps(sorted(name.casefold() for name in header)).encode()).hexdigest()


def remember(session: Session, actor: Actor, found: Import, name: str | None = None) -> None:
    """Keep an import's mapping for the next file with the same columns."""
    standing = remembered(session, found.list_id, found.header)
    if standing is None:
        key = header_key(found.header)
        standing = RememberedMapping(list_id=found.list_id, header_key=key, name=name or found.file)
        session.add(standing)
    standing.mapping, standing.user_id, standing.at = dict(found.mapping), actor.user_id, now()
    standing.name = (name or standing.name)[:MOST_NAME]


def remembered(session: Session, list_id: int, header: Iterable[str]) -> RememberedMapping | None:
    """The mapping of the last file with these columns."""
    there = RememberedMapping.list_id == list_id, RememberedMapping.header_key == header_key(header)
    return session.scalars(select(RememberedMapping).where(*there)).first()


def mappings(session: Session, actor: Actor, list_id: int) -> Sequence[RememberedMapping]:
    """The mappings that are kept for a list. Raises Forbidden."""
    administrators_only(actor)
    there = RememberedMapping.list_id == list_id
    return session.scalars(select(RememberedMapping).where(there).order_by(RememberedMapping.id.desc())).all()


def rename_mapping(session: Session, actor: Actor, list_id: int, number: int, name: str) -> None:
    """Raises NotFound, Forbidden, Invalid for no name."""
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > MOST_NAME:
        raise Invalid("name", N_("A mapping has a name of at most %(max)s characters."), max=MOST_NAME)
    _mapping(session, actor, list_id, number).name = name


def delete_mapping(session: Session, actor: Actor, list_id: int, number: int) -> None:
    """Raises NotFound, Forbidden."""
    session.delete(_mapping(session, actor, list_id, number))


def _mapping(session: Session, actor: Actor, list_id: int, number: int) -> RememberedMapping:
    administrators_only(actor)
    found = session.get(RememberedMapping, number) if 0 < number < 2**31 else None
    if found is None or found.list_id != list_id:
        raise NotFound("There is no such mapping.")
    return found
