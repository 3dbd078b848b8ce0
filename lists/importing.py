"""Importing tables through the one door: each row all or nothing, in short transactions, resumed after a kill.

Every row is matched by its key to an item that stands, so that a second run changes nothing. Refused rows are kept
with their number and reason. How far an import has come is written in the transaction of the rows themselves.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import hashlib
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, String, delete, or_, select, tuple_
from sqlalchemy.orm import Mapped as Attribute
from sqlalchemy.orm import Session, mapped_column

from . import bulk, items, mapping, selecting, sources
from .catalogue import Column, ListDefinition, definition
from .database import Base, Database, savepoint
from .errors import N_, DomainError, Forbidden, Invalid
from .mapping import Rule, Step
from .reading import SYSTEM_TYPES
from .rights import Actor
from .sqltypes import Json

OUTCOMES = ("created", "updated", "unchanged", "refused")
# What only a new item takes: an import does not rewrite when and by whom an item was made.
ONLY_WHEN_NEW = frozenset({"created", "created_by", "modified", "modified_by"})
Write = Callable[[], AbstractContextManager[Session]]


class ImportPosition(Base):
    """How far an import that has not ended has come: rows read of a step, and what became of them."""

    __tablename__ = "import_positions"
    run: Attribute[str] = mapped_column(String(64), primary_key=True)
    step: Attribute[int] = mapped_column(Integer, primary_key=True)
    rows: Attribute[int] = mapped_column(Integer)
    counts: Attribute[dict[str, int]] = mapped_column(Json)
    refused: Attribute[list[dict[str, Any]]] = mapped_column(Json)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: its number (the header is 1), its columns, and why."""

    file: str
    number: int
    reason: str


Refusals = list[Refusal]


@dataclass
class Result:
    """What became of one step's rows."""

    list: str
    file: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    refused: Refusals = field(default_factory=Refusals)


@dataclass(frozen=True)
class Prepared:
    """A step with its rows read, and the rows of a file joined to them by their key."""

    step: Step
    rows: Sequence[sources.SourceRow]


def prepare(steps: Sequence[Step], folder: Path) -> list[Prepared]:
    """Read every file of the steps from `folder`. Raises Invalid before anything is written: no such file or column."""
    return [Prepared(step, selecting.rows_of(step, folder)) for step in steps]


def run(
    database: Database, actor: Actor, prepared: Sequence[Prepared], *, dry: bool = False,
    progress: Callable[[int], Any] = lambda rows: None,
) -> list[Result]:  # fmt: skip
    """Import the steps in their order. `dry`: find out what would happen; nothing stays.

    Raises Forbidden unless the actor is an administrator; Invalid for a mapping that does not fit its list.
    A run that was killed goes on where it was when the same steps and files are given again.
    """
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may import.")
    actor = dataclasses.replace(actor, by_import=True, batch=str(uuid.uuid4()))
    with database.read() as session:
        for one in prepared:
            _check_columns(definition(session, one.step.list), one.step)
    with _trial(database) if dry else nullcontext(database.write) as write:
        key = _run_key(prepared)
        results = [
            _Importing(write, actor, database, key, place, one).run(progress) for place, one in enumerate(prepared)
        ]
        with write() as session:
            session.execute(delete(ImportPosition).where(ImportPosition.run == key))
    return results


@contextmanager
def _trial(database: Database) -> Iterator[Write]:
    """Writing that leaves nothing: in a copy of an SQLite file, in one transaction rolled back on PostgreSQL."""
    if database.is_sqlite:
        folder = Path(tempfile.mkdtemp(prefix="caseroom-trial-"))
        try:
            _copy(Path(str(database.url.database)), folder / "trial.db")
            copy = Database(f"sqlite:///{folder / 'trial.db'}", database.house)
            try:
                yield copy.write
            finally:
                copy.dispose()
        finally:
            shutil.rmtree(folder)
        return
    with Session(database.engine, info={"database": database}, expire_on_commit=False) as session:
        try:
            yield lambda: nullcontext(session)
        finally:
            session.info.pop("changes", None)
            session.rollback()


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


class _Importing:
    """One step's import."""

    def __init__(
        self, write: Write, actor: Actor, database: Database, key: str, place: int, prepared: Prepared
    ) -> None:
        self.write, self.actor, self.step, self.rows = write, actor, prepared.step, prepared.rows
        self.key, self.place, self.time_zone = key, place, database.house.time_zone
        self.result = Result(self.step.list, self.step.file)
        self.first = selecting.first_of_each_key(self.step, self.rows)

    def run(self, progress: Callable[[int], Any]) -> Result:
        """Import what is left of the step, a transaction for every few rows."""
        done = self._resume()
        progress(done)
        while done < len(self.rows):
            chunk = self.rows[done : done + bulk.MOST_PER_TRANSACTION]
            with self.write() as session, bulk.many_writes(session):
                self._import_chunk(session, chunk)
                done += len(chunk)
                self._remember(session, done)
            progress(len(chunk))
        return self.result

    def _resume(self) -> int:
        with self.write() as session:
            found = session.get(ImportPosition, (self.key, self.place))
            if found is None:
                return 0
            self.result.counts = dict(found.counts)
            self.result.refused = [Refusal(**one) for one in found.refused]
            return found.rows

    def _remember(self, session: Session, done: int) -> None:
        refused = [dataclasses.asdict(one) for one in self.result.refused]
        row = ImportPosition(run=self.key, step=self.place, rows=done, counts=dict(self.result.counts), refused=refused)
        session.merge(row)

    def _import_chunk(self, session: Session, chunk: Sequence[sources.SourceRow]) -> None:
        found = definition(session, self.step.list)
        ready: list[mapping.Mapped] = []
        for row in chunk:
            try:
                selecting.check_first(self.step, row, self.first)
                ready.append(mapping.mapped(self.step, row, self.time_zone))
            except Invalid as refusal:
                self._refuse(row.number, refusal)
        finder = _Finder(session, self.actor, found, self.step, ready, self.time_zone)
        for row in ready:
            try:
                # Read before the savepoint: what a lookup has to make is made inside it, and goes with the row.
                with savepoint(session):
                    outcome = self._import_row(session, found, finder, row)
            except DomainError as refusal:
                finder.forget()
                self._refuse(row.number, refusal)
            else:
                finder.keep()
                self.result.counts[outcome] += 1

    def _import_row(self, session: Session, found: ListDefinition, finder: _Finder, row: mapping.Mapped) -> str:
        values = finder.resolved(row)
        hidden = {column.name for column in found.columns if column.hidden}
        program = {name: values.pop(name) for name in hidden & values.keys()}
        standing = finder.standing(values, program)
        if standing is None:
            item_id = items.add(session, self.actor, found.name, values, program=program)
            finder.remember(values, program, item_id)
            return "created"
        if self.step.existing == "keep":
            return "unchanged"
        changes = {name: value for name, value in values.items() if name not in ONLY_WHEN_NEW}
        changed = items.change(session, self.actor, found.name, standing, changes, version=None, program=program)
        return "updated" if changed else "unchanged"

    def _refuse(self, number: int, refusal: DomainError) -> None:
        self.result.counts["refused"] += 1
        if isinstance(refusal, Invalid):
            reason = "; ".join(f"{one.field}: {one}" if one.field else str(one) for one in refusal.errors)
        else:
            reason = str(refusal)
        refusal_of_row = Refusal(self.step.file, number, reason)
        # What the mapping refuses is known before what the list refuses; people read down their file.
        bisect.insort(self.result.refused, refusal_of_row, key=lambda one: one.number)


class _Finder:
    """Finds the items that a chunk's rows mean: by their key, and by the names in their lookups."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, step: Step, rows: Sequence[mapping.Mapped],
        time_zone: str,
    ) -> None:  # fmt: skip
        self.session, self.actor, self.found, self.step, self.time_zone = session, actor, found, step, time_zone
        self.ids: dict[tuple[str, str], dict[Any, list[int]]] = {}
        self.made: list[tuple[dict[Any, list[int]], Any]] = []
        for name, rule in step.columns.items():
            column = found.by_name.get(name)
            if column and column.type.target:
                self._find(column, rule, {text for row in rows for text in _texts(row.values[name])})
        self.keys = self._standing_keys(rows)

    def _find(self, column: Column, rule: Rule, texts: set[Any]) -> None:
        target = definition(self.session, str(column.type.target))
        known = self.ids.setdefault((target.name, rule.lookup), {})
        wanted = sorted(str(text) for text in texts if text not in known)
        place = target.sql(rule.lookup)
        for start in range(0, len(wanted), 500):
            rows = self.session.execute(
                select(place, target.table.c.id).where(
                    place.in_(wanted[start : start + 500]), target.table.c.deleted.is_(None)
                )
            )
            for text, item_id in rows:
                known.setdefault(text, []).append(item_id)

    def resolved(self, row: mapping.Mapped) -> dict[str, Any]:
        """The row's values with ids in the place of names. Raises Invalid for a name that is not there."""
        values: dict[str, Any] = {"flagged": row.flagged}
        for name, value in row.values.items():
            column = self.found.by_name.get(name)
            kind = column.type if column else SYSTEM_TYPES.get(name)
            if column and column.type.target and value not in (None, ""):
                ids = [self._id(column, self.step.columns[name], text) for text in _texts(value)]
                value = ids if column.type.is_multi else ids[0]
            elif kind and kind.name == "datetime" and type(value) is datetime.date:
                value = mapping.as_instant(value, self.time_zone)
            values[name] = value
        return values

    def _id(self, column: Column, rule: Rule, text: Any) -> int:
        target = str(column.type.target)
        known = self.ids.setdefault((target, rule.lookup), {})
        found = known.get(str(text), [])
        if len(found) > 1:
            raise Invalid(
                column.name, "There is more than one “%(value)s” in %(list)s.", value=str(text)[:80], list=target
            )
        if found:
            return found[0]
        if rule.create is False:
            raise Invalid(column.name, "There is no “%(value)s” in %(list)s.", value=str(text)[:80], list=target)
        more = rule.create if isinstance(rule.create, Mapping) else {}
        made = items.add(self.session, self.actor, target, {rule.lookup: str(text), **more})
        known[str(text)] = [made]
        self.made.append((known, str(text)))
        return made

    def _standing_keys(self, rows: Sequence[mapping.Mapped]) -> dict[tuple[Any, ...], list[int]]:
        """The ids of standing items by key, for the keys of this chunk."""
        table, names = self.found.table, self.step.match
        places = [self.found.sql(name) for name in names]
        keys = {key for row in rows if (key := self._early_key(row)) is not None}
        standing: dict[tuple[Any, ...], list[int]] = {}
        for start in range(0, len(keys), 200):
            some = sorted(keys, key=repr)[start : start + 200]
            either = places[0].in_([key[0] for key in some]) if len(places) == 1 else tuple_(*places).in_(some)
            for row in self.session.execute(select(table.c.id, *places).where(or_(either), table.c.deleted.is_(None))):
                standing.setdefault(tuple(row[1:]), []).append(row[0])
        return standing

    def _early_key(self, row: mapping.Mapped) -> tuple[Any, ...] | None:
        """The row's key before anything is made for it; None where it has none yet."""
        parsed = []
        for name in self.step.match:
            value, column = row.values[name], self.found.by_name.get(name)
            if value in (None, ""):
                return None
            if column and column.type.target:
                ids = self.ids[(column.type.target, self.step.columns[name].lookup)].get(str(value), [])
                if len(ids) != 1:
                    return None
                value = ids[0]
            try:
                parsed.append(self._parsed(name, value))
            except Invalid:
                return None
        return tuple(parsed)

    def _parsed(self, name: str, value: Any) -> Any:
        column = self.found.by_name.get(name)
        return column.type.parse(value) if column else str(value or "")

    def _key(self, values: Mapping[str, Any], program: Mapping[str, Any]) -> tuple[Any, ...]:
        both = {**values, **program}
        return tuple(self._parsed(name, both[name]) for name in self.step.match)

    def standing(self, values: Mapping[str, Any], program: Mapping[str, Any]) -> int | None:
        """The item that the row means, None for a new one. Raises Invalid for no key, or more than one such item."""
        key = self._key(values, program)
        if any(part in (None, "") for part in key):
            raise Invalid(self.step.match[0], "The row has no value by which it could be found again.")
        ids = self.keys.get(key, [])
        if len(ids) > 1:
            words = N_("There is more than one item with this key: %(key)s.")
            raise Invalid(self.step.match[0], words, key=", ".join(str(part) for part in key)[:120])
        return ids[0] if ids else None

    def remember(self, values: Mapping[str, Any], program: Mapping[str, Any], item_id: int) -> None:
        """A later row of the same key means the item just made."""
        known, key = self.keys, self._key(values, program)
        known.setdefault(key, []).append(item_id)

    def keep(self) -> None:
        """The row was taken, with what was made for it."""
        self.made.clear()

    def forget(self) -> None:
        """The row was refused: what was made for it is gone."""
        for known, text in self.made:
            del known[text]
        self.made.clear()


def _texts(value: Any) -> list[Any]:
    return [] if value in (None, "") else value if isinstance(value, list) else [value]


def _check_columns(found: ListDefinition, step: Step) -> None:
    for name, rule in step.columns.items():
        column = found.by_name.get(name)
        if column is None and name not in (*ONLY_WHEN_NEW, "external_id"):
            raise Invalid("mapping", "The list %(list)s has no column %(column)s.", list=found.name, column=name)
        if column and column.type.target == "users":
            raise Invalid("mapping", "The column %(column)s holds users; it cannot be imported.", column=name)
        if name in step.match and column is not None and column.type.is_multi:
            raise Invalid("mapping", "Rows cannot be matched by %(column)s, which holds several values.", column=name)
        if rule.parts and (column is None or column.type.name != "address"):
            raise Invalid("mapping", "The column %(column)s has no parts.", column=name)


def _run_key(prepared: Sequence[Prepared]) -> str:
    """Names a run by what it does: the same steps over the same rows are the same run."""
    digest = hashlib.sha256()
    for one in prepared:
        digest.update(repr((one.step, [(row.number, row.values) for row in one.rows])).encode())
    return digest.hexdigest()
