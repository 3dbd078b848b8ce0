"""Taking an import back: what it made goes to the recycle bin, what it changed gets its old values, through the door.

What somebody has changed since, or uses, is left as it is and told; on wish its columns that nobody touched since are
put back. First the changes are taken back, then what was made, each from the last line of the change log to the first.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import imports, items, titles, uses
from .catalogue import ListDefinition, catalogue
from .database import Database, savepoint
from .errors import N_, DomainError, Stale, Words
from .imports import Import
from .models import Change, Version
from .rights import Actor

MOST_PER_TRANSACTION = 100
COLUMNS = (Change.seq, Change.list_id, Change.item_id, Change.kind, Change.batch)
SYSTEM_NAMES = ("external_id", "flagged")


class Line(NamedTuple):
    """A line of the change log, as far as it matters here."""

    seq: int
    list_id: int
    item_id: int
    kind: str
    batch: str | None


class Kept(DomainError):
    """Why an item is left as it is."""


def run(database: Database, actor: Actor, number: int, progress: Callable[[int], Any] = lambda items: None) -> None:
    """Take back the whole import (`imports.start_undo` was called), a transaction for every few items.

    It goes on where it was when it was killed.
    """
    left = True
    while left:
        with database.write() as session:
            found = session.get_one(Import, number, with_for_update=True)
            before = found.done
            left = portion(session, actor, found)
            done = found.done - before
        progress(done)


def portion(session: Session, actor: Actor, found: Import) -> bool:
    """Take back the next few lines of the log. Answers whether there is more."""
    undoing = _Undoing(session, actor, found)
    made, last = _position(found)
    lines = undoing.lines(made=made, below=last)
    undoing.take_back(lines, made=made)
    if lines:
        found.undo_seq = lines[-1].seq * (1 if made else -1)
    elif made:
        imports.end_undo(session, found)
        return False
    else:
        found.undo_seq = found.last_seq + 1
    return True


def _position(found: Import) -> tuple[bool, int]:
    """Whether it is at what was made already (the changes come first, counted by negative numbers), and above which
    line of the log all is done."""
    if found.undo_seq is None:
        return False, found.last_seq + 1
    return found.undo_seq > 0, abs(found.undo_seq)


class _Undoing:
    """The lines of one import, taken back in one transaction."""

    def __init__(self, session: Session, actor: Actor, found: Import) -> None:
        self.session, self.found = session, found
        self.actor = dataclasses.replace(actor, by_import=True, batch=found.undo_batch)
        self.ours = {found.batch, found.undo_batch}
        self.lists = catalogue(session).by_id
        self.used: set[tuple[int, int]] = set()

    def lines(self, *, made: bool, below: int) -> Sequence[Line]:
        """The import's next lines down the log: those that made something, or those that changed something."""
        kind = Change.kind == "create" if made else Change.kind != "create"
        wanted = Change.seq < below, Change.seq > self.found.first_seq, Change.batch == self.found.batch, kind
        rows = self.session.execute(
            select(*COLUMNS).where(*wanted).order_by(Change.seq.desc()).limit(MOST_PER_TRANSACTION)
        )
        return [Line(*row) for row in rows]

    def take_back(self, lines: Sequence[Line], *, made: bool) -> None:
        """Take back what the import did to these lines' items, or tell why not."""
        by_list: dict[int, list[int]] = {}
        for line in lines:
            by_list.setdefault(line.list_id, []).append(line.item_id)
        known = {
            (list_id, item_id): history
            for list_id, ids in by_list.items() for item_id, history in self._histories(list_id, ids)
        }  # fmt: skip
        self.used = {
            (list_id, one) for list_id, ids in by_list.items() if made and list_id in self.lists
            for one in uses.used(self.session, self.lists[list_id].name, ids)
        }  # fmt: skip
        counts = {**dict.fromkeys(imports.UNDONE, 0), **(self.found.undone or {})}
        for line in lines:
            outcome = self._take_back(line, known[line.list_id, line.item_id], made=made)
            if outcome:
                counts[outcome] += 1
        self.found.undone, self.found.done = counts, sum(counts.values())

    def _take_back(self, line: Line, history: Sequence[Line], *, made: bool) -> str | None:
        """What became of the line's item; None where another line speaks for it."""
        mine = [one.seq for one in history if one.batch == self.found.batch]
        if not made and (history[0].batch == self.found.batch or mine[-1] != line.seq):
            return None  # what it made is taken back later, and what it changed at the last of its lines
        found = self.lists.get(line.list_id)
        try:
            if found is None:
                raise Kept(N_("The list is not there any more."))
            act = self._remove if made else self._put_back
            try:
                with savepoint(self.session):
                    act(found, line, history)
            except Stale:  # since its history was read, perhaps by ourselves
                with savepoint(self.session):
                    act(found, line, self._history(line.list_id, line.item_id))
        except DomainError as refusal:
            title = self._title(found, line.item_id) if found else ""
            imports.remark(self.session, self.found, line.list_id, line.item_id, title, refusal.words)
            return "kept"
        return "removed" if made else "put_back"

    def _history(self, list_id: int, item_id: int) -> list[Line]:
        """The item's lines; the first tells of its version 1, the second of its version 2, and so on."""
        return dict(self._histories(list_id, [item_id]))[item_id]

    def _histories(self, list_id: int, item_ids: Sequence[int]) -> Iterator[tuple[int, list[Line]]]:
        there = Change.list_id == list_id, Change.item_id.in_(set(item_ids))
        rows = self.session.execute(select(*COLUMNS).where(*there).order_by(Change.item_id, Change.seq))
        for item_id, lines in itertools.groupby((Line(*row) for row in rows), key=lambda line: line.item_id):
            yield item_id, list(lines)

    def _others(self, history: Sequence[Line]) -> list[int]:
        """The versions that others have made since the import first wrote the item."""
        first = next(place for place, one in enumerate(history) if one.batch == self.found.batch)
        others = [place for place in range(first + 1, len(history)) if history[place].batch not in self.ours]
        if others:
            neutral = self._taken_back({history[place].batch for place in others})
            others = [place for place in others if history[place].batch not in neutral]
        return [place + 1 for place in others]

    def _taken_back(self, batches: set[str | None]) -> set[str]:
        """Of these batches, those of imports that were undone on the item as well: together they changed nothing."""
        there = Import.undo_batch.in_(batches), Import.state == "undone", Import.undo_columns.is_(False)
        pairs = self.session.execute(select(Import.batch, Import.undo_batch).where(*there))
        return {batch for pair in pairs for batch in pair if batch}

    def _remove(self, found: ListDefinition, line: Line, history: Sequence[Line]) -> None:
        if history[-1].kind == "delete":
            return  # somebody was quicker
        if self._others(history):
            raise Kept(N_("Somebody has changed it since."))
        if (found.id, line.item_id) in self.used:
            self._must_not_be_used(found, line)
        items.delete(self.session, self.actor, found.name, line.item_id, version=len(history))

    def _must_not_be_used(self, found: ListDefinition, line: Line) -> None:
        for other, number in uses.users_of(self.session, found.name, line.item_id):
            if not self._goes_later(other.id, number, line.seq):
                raise Kept(N_("Other records use it, such as “%(title)s”."), title=self._title(other, number))

    def _goes_later(self, list_id: int, item_id: int, seq: int) -> bool:
        """Whether the import made this item before line `seq` and nobody has touched it: its turn comes later."""
        history = self._history(list_id, item_id)
        made = history[0].batch == self.found.batch and history[0].seq <= seq
        return made and not self._others(history)

    def _put_back(self, found: ListDefinition, line: Line, history: Sequence[Line]) -> None:
        others = self._others(history)
        if history[-1].kind == "delete":
            raise Kept(N_("It is in the recycle bin."))
        if others and not self.found.undo_columns:
            raise Kept(N_("Somebody has changed it since."))
        item_id = line.item_id
        versions = {
            one.version: one.old
            for one in self.session.scalars(
                select(Version).where(Version.list_id == found.id, Version.item_id == item_id).order_by(Version.version)
            )
        }
        old: dict[str, Any] = {}
        for version, change in enumerate(history, start=1):
            for key, value in versions[version].items() if change.batch == self.found.batch else ():
                old.setdefault(key, value)  # what stood before the import's first change of it
        touched = {key for version in others for key in versions[version]}
        wanted = _stored(found, {key: value for key, value in old.items() if key not in touched})
        items.put_back(self.session, self.actor, found.name, item_id, wanted, version=len(history))
        if touched & old.keys():
            columns = ", ".join(sorted(_stored(found, dict.fromkeys(touched & old.keys()))))
            imports.remark(
                self.session, self.found, found.id, item_id, self._title(found, item_id),
                Words(N_("Somebody has changed these columns since; they stay: %(columns)s."), {"columns": columns}),
            )  # fmt: skip

    def _title(self, found: ListDefinition, item_id: int) -> str:
        known = titles.titles(self.session, self.actor, found.name, [item_id])
        return known.get(item_id) or str(item_id)


def _stored(found: ListDefinition, old: dict[str, Any]) -> dict[str, Any]:
    """The values of a version by column name; of columns that are gone nothing is left to put back."""
    by_id = {str(column.id): column for column in found.own_columns if column.type.is_stored}
    known = {by_id[key].name: by_id[key].type.from_json(value) for key, value in old.items() if key in by_id}
    return known | {name: old[name] for name in SYSTEM_NAMES if name in old}

