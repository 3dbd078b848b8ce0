"""Importing tables through the one door: each row all or nothing, in short transactions, resumed after a kill.

Every row is matched by its key to an item that stands, so that a second run changes nothing. How far an import has
come, and what it refused, is written in the transaction of the rows themselves (`imports`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from . import bulk, imports, items, mapping, refusals, selecting, sources
from .catalogue import Column, ListDefinition, catalogue, definition
from .database import Database, savepoint
from .errors import N_, DomainError, Forbidden, Gathered, Invalid, NotFound
from .finding import Finder
from .imports import OUTCOMES, Import
from .mapping import Rule, Step
from .refusals import Refusal
from .rights import Actor
from .spooling import Rows

# What only a new item takes: an import does not rewrite when and by whom an item was made.
ONLY_WHEN_NEW = frozenset({"created", "created_by", "modified", "modified_by"})
# What the mapping of a file that is read already may say; the rest is about reading files.
OF_MAPPING = ("columns", "match", "existing", "missing")
Write = Callable[[], AbstractContextManager[Session]]
Refusals = list[Refusal]


@dataclass
class Result:
    """What became of one step's rows; `number` is that of its import."""

    list: str
    file: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    refused: Refusals = field(default_factory=Refusals)
    number: int = 0


@dataclass(frozen=True)
class Prepared:
    """A step with its rows read, and the rows of a file joined to them by their key."""

    step: Step
    rows: Rows


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
    check(database, actor, [one.step for one in prepared])
    with trial(database) if dry else nullcontext(database.write) as write:
        key = _run_key(prepared)
        with write() as session:
            numbers = [imports.begin(session, actor, key, place, one.step) for place, one in enumerate(prepared)]
        steps = [Importing(write, actor, database, *both) for both in zip(numbers, prepared, strict=True)]
        for step in steps:
            step.run(progress)
        with write() as session:
            for step in steps:
                imports.end(session, step.number)
    return [step.result for step in steps]


def check(database: Database, actor: Actor, steps: Sequence[Step]) -> None:
    """Refuse what cannot be imported. Raises Forbidden, NotFound, Invalid."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may import.")
    with database.read() as session:
        for step in steps:
            check_columns(definition(session, step.list), step)


@contextmanager
def trial(database: Database) -> Iterator[Write]:
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


class Importing:
    """One step's import, as it stands in `imports` under its number; of its first `at_most` rows only."""

    def __init__(
        self, write: Write, actor: Actor, database: Database, number: int, prepared: Prepared,
        *, at_most: int | None = None,
    ) -> None:  # fmt: skip
        self.write, self.number, self.step = write, number, prepared.step
        self.rows: Sequence[sources.SourceRow] = prepared.rows if at_most is None else prepared.rows[:at_most]
        self.time_zone = database.house.time_zone
        self.result = Result(self.step.list, self.step.file, number=number)
        self.first = selecting.first_of_each_key(self.step, self.rows)
        self.refused: Refusals = []
        with write() as session:
            self.done = self._resume(session)
            self.actor = dataclasses.replace(actor, by_import=True, batch=session.get_one(Import, number).batch)

    def run(self, progress: Callable[[int], Any] = lambda rows: None) -> Result:
        """Import what is left of the step."""
        progress(self.done)
        while self.done < len(self.rows):
            progress(self.portion())
        return self.result

    def portion(self) -> int:
        """Import the next few rows in a transaction of their own. Answers how many. Raises Stopped."""
        chunk = self.rows[self.done : self.done + bulk.MOST_PER_TRANSACTION]
        self.refused, before = [], dict(self.result.counts)
        try:
            with self.write() as session:
                imports.must_go_on(session, self.number)
                with bulk.many_writes(session):
                    self._import_chunk(session, chunk)
                self._remember(session, self.done + len(chunk))
        except BaseException:
            self.result.counts = before
            raise
        self.done += len(chunk)
        self.result.refused += self.refused
        return len(chunk)

    def _resume(self, session: Session) -> int:
        found = session.get_one(Import, self.number)
        if found.total != len(self.rows):
            found.total = len(self.rows)
        if found.done:
            self.result.counts = dict(found.counts)
            self.result.refused = imports.refusals_of(session, found)
        return found.done

    def _remember(self, session: Session, done: int) -> None:
        found = session.get_one(Import, self.number)
        found.done, found.counts = done, dict(self.result.counts)
        imports.keep_refusals(session, found, self.refused)

    def _import_chunk(self, session: Session, chunk: Sequence[sources.SourceRow]) -> None:
        found = definition(session, self.step.list)
        ready: list[mapping.Mapped] = []
        self.chunk = {row.number: row for row in chunk}
        for row in chunk:
            try:
                selecting.check_first(self.step, row, self.first)
                ready.append(mapping.mapped(self.step, row, self.time_zone))
            except Invalid as refusal:
                self._refuse(row.number, refusal)
        self._take(session, found, Finder(session, self.actor, found, self.step, ready, self.time_zone), ready)
        # What the mapping refuses is known before what the list refuses; people read down their file.
        self.refused.sort(key=lambda one: one.number)

    def _take(
        self, session: Session, found: ListDefinition, finder: Finder, rows: Sequence[mapping.Mapped]
    ) -> None:
        """Write these rows, each all or nothing: what comes before a refused row is written again without it.

        A savepoint for every row would cost as much as the rows do, and few are refused.
        """
        left = rows
        while left:
            outcomes: list[str] = []
            try:
                with savepoint(session):  # what a lookup has to make is made inside it, and goes with the rows
                    for row in left:
                        outcomes.append(self._import_row(session, found, finder, row))
            except DomainError as refusal:
                finder.forget()
                written = len(outcomes)
                if written == len(left):
                    raise
                self._take(session, found, finder, left[:written])
                self._refuse(left[written].number, refusal)
                left = left[written + 1 :]
            else:
                finder.keep()
                for outcome in outcomes:
                    self.result.counts[outcome] += 1
                return

    def _import_row(self, session: Session, found: ListDefinition, finder: Finder, row: mapping.Mapped) -> str:
        gathered = Gathered(row.refused)
        values = finder.resolved(row, gathered)
        program = {name: values.pop(name) for name in found.hidden_names & values.keys()}
        keeps = self.step.existing == "keep" and bool(self.step.match)
        if keeps or not gathered.fields.isdisjoint(self.step.match):
            gathered.tell()  # whether the row means an item that stands is not known, or nothing else is asked of it
        standing = None
        with gathered.also():
            standing = finder.standing(values, program)
        for name in gathered.fields & values.keys():
            del values[name]  # refused as a key; it is told once
        if standing is None:
            item_id = items.add(session, self.actor, found.name, values, program=program, refused=gathered.errors)
            finder.remember(values, program, item_id)
            return "created"
        if self.step.existing == "keep":
            return "unchanged"
        changes = {name: value for name, value in values.items() if name not in ONLY_WHEN_NEW}
        changed = items.change(
            session, self.actor, found.name, standing, changes, version=None, program=program, refused=gathered.errors
        )
        return "updated" if changed else "unchanged"

    def _refuse(self, number: int, refusal: DomainError) -> None:
        self.result.counts["refused"] += 1
        self.refused.append(refusals.of_row(self.step, self.chunk[number], refusal))


def check_mapping(session: Session, found: Import, body: object) -> Step:
    """The step that a mapping means for an import whose file is read. Raises Invalid: it fits neither; NotFound."""
    if not isinstance(body, dict):
        raise Invalid("mapping", "A mapping is an object with the columns of the list.")
    unfit = sorted(set(map(str, body)) - set(OF_MAPPING))
    if unfit:
        words = N_("A mapping has no “%(word)s” here. There are: %(known)s.")
        raise Invalid("mapping", words, word=unfit[0][:40], known=", ".join(OF_MAPPING))
    target = catalogue(session).by_id.get(found.list_id)
    if target is None:
        raise NotFound("The list of this import is not there any more.")
    step = mapping.step_of(body, target.name, found.file)
    selecting.check_sources(step, found.header)
    check_columns(target, step)
    for name, rule in step.columns.items():
        column = target.by_name.get(name)
        if column is not None and column.type.target:
            _check_lookup(definition(session, column.type.target), column, rule)
    return step


def check_columns(found: ListDefinition, step: Step) -> None:
    for name, rule in step.columns.items():
        column = found.by_name.get(name)
        if column is None and name not in (*ONLY_WHEN_NEW, "external_id"):
            raise Invalid("mapping", "The list %(list)s has no column %(column)s.", list=found.name, column=name)
        if column and column.type.target == "users":
            raise Invalid("mapping", "The column %(column)s holds users; it cannot be imported.", column=name)
        if name in step.match and column is not None and column.type.is_multi:
            raise Invalid("mapping", "Rows cannot be matched by %(column)s, which holds several values.", column=name)
        if name in step.match and not _may_match(name, column):
            raise Invalid("mapping", "Rows cannot be matched by %(column)s.", column=name)
        if rule.parts and (column is None or column.type.name != "address"):
            raise Invalid("mapping", "The column %(column)s has no parts.", column=name)


def _may_match(name: str, column: Column | None) -> bool:
    if column is None:
        return name == "external_id"
    return column.type.is_stored and not column.type.is_composite


def _check_lookup(target: ListDefinition, column: Column, rule: Rule) -> None:
    """Refuse to find items by what is no text of their list."""
    other = target.by_name.get(rule.lookup)
    if rule.lookup != "external_id" and (other is None or not other.type.is_text or not other.type.is_stored):
        words = N_("In the column %(column)s: items of %(list)s cannot be found by “%(word)s”.")
        raise Invalid("mapping", words, column=column.name, list=target.name, word=rule.lookup[:40])


def _run_key(prepared: Sequence[Prepared]) -> str:
    """Names a run by what it does: the same steps over the same rows are the same run."""
    digest = hashlib.sha256()
    for one in prepared:
        digest.update(repr((one.step, one.rows.sha256)).encode())
    return digest.hexdigest()
