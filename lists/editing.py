"""Many changes as one: all of them are written, or none, and then every refused cell is named.

Each change goes through the door (`items`); the change log has them under one batch. A batch that is sent again, since
its answer was lost, is not written twice.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from . import bulk, items, locking, query, versions
from .catalogue import ListDefinition, definition
from .database import one_at_a_time, savepoint
from .errors import N_, DomainError, FieldError, Invalid, NotFound, Stale
from .models import Change, Version
from .rights import Actor, Level

MOST_ROWS, MOST_CELLS = 1000, 5000
KINDS = ("create", "update", "delete", "restore")


@dataclass(frozen=True)
class Edit:
    """One change of a batch.

    `key`: the caller's own name for it; `version`: the one that the caller saw (None = whichever stands); `expected`:
    values that must still stand in the item, as an undo needs it.
    """

    kind: str
    item_id: int | None = None
    key: str | None = None
    version: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """One refused cell: the place of its change in the batch, the column ("" = the row as a whole) and why."""

    place: int
    column: str
    value: Any
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> FieldError:
        """As the other refusals of fields."""
        where = f"changes[{self.place}]"
        return FieldError(f"{where}.{self.column}" if self.column else where, self.message, dict(self.values))


class Refused(Invalid):
    """Nothing was written; `refusals` names every cell that was refused."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("", "Nothing was written. Refused: %(count)s", count=len(refusals))
        self.refusals = sorted(refusals, key=lambda one: one.place)
        self.errors = [one.error for one in self.refusals]


@dataclass(frozen=True)
class Written:
    """What became of one change: the item, its version now, and the change that takes this one back."""

    kind: str
    item_id: int
    key: str | None
    version: int
    undo: Edit


@dataclass(frozen=True)
class Batch:
    """A batch that was written, by its id in the change log."""

    id: str
    written: Sequence[Written]


def write(
    session: Session, actor: Actor, list_name: str, edits: Sequence[Edit], *, batch: str | None = None,
    refused: Sequence[Refusal] = (),
) -> Batch:  # fmt: skip
    """Write all of these changes to a list, or none.

    `batch`: a UUID by which the same batch is known when it comes again; `refused`: cells that could not even be read.
    Raises Refused, Invalid (too many at once), NotFound (no such list).
    """
    found = definition(session, list_name)
    check_size(edits)
    batch = batch or str(uuid.uuid4())
    one_at_a_time(session, "batch", batch)
    ids = _written_before(session, actor, found, edits, batch)
    if ids is None:
        with bulk.many_writes(session), savepoint(session):
            ids = _Writing(session, dataclasses.replace(actor, batch=batch), found, refused).all(edits)
    return Batch(batch, _outcome(session, found, edits, ids))


def check_size(edits: Sequence[Edit]) -> None:
    """Refuse more than is written at once. Raises Invalid."""
    cells = sum(len(edit.values) for edit in edits)
    if len(edits) > MOST_ROWS or cells > MOST_CELLS:
        words = N_("At most %(rows)s rows and %(cells)s cells are written at once; these are %(own_rows)s and "
                   "%(own_cells)s.")  # fmt: skip
        raise Invalid("", words, rows=MOST_ROWS, cells=MOST_CELLS, own_rows=len(edits), own_cells=cells)


class _Writing:
    """The writing of one batch: goes on after a refusal, so that all are told at once."""

    def __init__(self, session: Session, actor: Actor, found: ListDefinition, refused: Sequence[Refusal]) -> None:
        self.session, self.actor, self.found = session, actor, found
        self.refusals = list(refused)

    def all(self, edits: Sequence[Edit]) -> list[int]:
        ids: list[int] = []
        unread: dict[int, list[FieldError]] = {}
        for one in self.refusals:
            unread.setdefault(one.place, []).append(FieldError(one.column, one.message, dict(one.values)))
        for place, edit in enumerate(edits):
            known = unread.get(place, [])
            try:
                ids.append(self._one(edit, known))
            except DomainError as refusal:
                self.refusals += [one for one in self._told(place, edit, refusal) if not _is_of(one, known)]
        if self.refusals:
            raise Refused(self.refusals)
        return ids

    def _one(self, edit: Edit, refused: Sequence[FieldError]) -> int:
        if edit.kind == "create":
            return items.add(self.session, self.actor, self.found.name, edit.values, refused=refused)
        item_id = edit.item_id or 0
        if edit.kind == "update":
            self._check_expected(edit, item_id)
            items.change(
                self.session, self.actor, self.found.name, item_id, edit.values, version=edit.version, refused=refused
            )
        elif edit.kind == "delete":
            items.delete(self.session, self.actor, self.found.name, item_id, version=edit.version)
        else:
            items.restore(self.session, self.actor, self.found.name, item_id)
        return item_id

    def _check_expected(self, edit: Edit, item_id: int) -> None:
        """Refuse the cells that somebody has changed since. Of what may not be edited the door says so."""
        if not edit.expected or not 0 < item_id < 2**31:
            return
        locking.lock_row(self.session, self.found, item_id)
        try:
            item = query.get(self.session, self.actor, self.found.name, item_id, right=Level.EDIT, resolved=False)
        except NotFound:
            return
        changed = [name for name, value in edit.expected.items() if not self._stands(item, name, value)]
        if changed:
            raise Invalid.many([self._changed(item_id, name) for name in changed])

    def _stands(self, item: Mapping[str, Any], name: str, value: Any) -> bool:
        column = self.found.by_name.get(name)
        return column is not None and _plain(item.get(name)) == _plain(column.type.from_json(value))

    def _changed(self, item_id: int, name: str) -> FieldError:
        for entry in versions.history(self.session, self.actor, self.found.name, item_id):
            if any(one.column.name == name for one in entry.changes):
                who = entry.by.title if entry.by else "Caseroom"
                return FieldError(name, "%(who)s has changed this since.", {"who": who})
        return FieldError(name, "Somebody else has changed this meanwhile.")

    def _told(self, place: int, edit: Edit, refusal: DomainError) -> Iterator[Refusal]:
        if isinstance(refusal, Stale):
            refusal = self._stale(edit) or refusal
        for one in refusal.by_field:
            yield Refusal(place, one.field, edit.values.get(one.field), one.message, one.values)

    def _stale(self, edit: Edit) -> DomainError | None:
        """Who has changed what since the version that the caller saw."""
        entries = versions.history(self.session, self.actor, self.found.name, edit.item_id or 0)
        newer = [entry for entry in entries if entry.version > (edit.version or 0)]
        who = dict.fromkeys(entry.by.title if entry.by else "Caseroom" for entry in newer)
        columns = dict.fromkeys(one.column.title(self.actor.language) for entry in newer for one in entry.changes)
        if not who or not columns:
            return None
        words = N_("%(who)s has changed this meanwhile: %(columns)s.")
        return Stale(words, who=", ".join(who), columns=", ".join(columns))


def _is_of(refusal: Refusal, errors: Sequence[FieldError]) -> bool:
    return any((refusal.column, refusal.message) == (error.field, error.message) for error in errors)


def _plain(value: Any) -> Any:
    return None if value in ("", []) else value


def _written_before(
    session: Session, actor: Actor, found: ListDefinition, edits: Sequence[Edit], batch: str
) -> list[int] | None:
    """The ids of a batch that was written already; None for a new one."""
    lines = session.scalars(
        select(Change)
        .where(Change.batch == batch, Change.actor_id == actor.user_id, Change.list_id == found.id)
        .order_by(Change.seq)
    ).all()
    made = iter([line.item_id for line in lines if line.kind == "create"])
    if not lines:
        return None
    return [(next(made, None) if edit.kind == "create" else edit.item_id) or 0 for edit in edits]


def _outcome(session: Session, found: ListDefinition, edits: Sequence[Edit], ids: Sequence[int]) -> list[Written]:
    stand = _standing(session, found, set(ids))
    before = _before(session, found, {number: row["version"] for number, row in stand.items()})
    return [
        Written(edit.kind, number, edit.key, stand[number]["version"], _undo(found, edit, number, stand, before))
        for edit, number in zip(edits, ids, strict=True)
        if number in stand
    ]


def _standing(session: Session, found: ListDefinition, ids: set[int]) -> dict[int, Mapping[str, Any]]:
    names = {column.name: found.sql(column.name) for column in found.columns if column.type.is_stored}
    rows: dict[int, Mapping[str, Any]] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        table = found.table
        chosen = [table.c.id.label("id"), table.c.version.label("version")]
        chosen += [place.label(f"v_{name}") for name, place in names.items()]
        for row in session.execute(select(*chosen).where(table.c.id.in_(wanted[start : start + 500]))).mappings():
            rows[row["id"]] = {str(key): value for key, value in row.items()}
    return rows


def _before(session: Session, found: ListDefinition, made: Mapping[int, int]) -> dict[int, Mapping[str, Any]]:
    """What the latest version of each item replaced, by column id."""
    pairs, replaced = sorted(made.items()), {}
    for start in range(0, len(pairs), 500):
        some = tuple_(Version.item_id, Version.version).in_(pairs[start : start + 500])
        latest = select(Version.item_id, Version.old).where(Version.list_id == found.id, or_(some))
        replaced |= {row.item_id: row.old for row in session.execute(latest)}
    return replaced


def _undo(
    found: ListDefinition, edit: Edit, number: int, stand: Mapping[int, Mapping[str, Any]],
    before: Mapping[int, Mapping[str, Any]],
) -> Edit:  # fmt: skip
    if edit.kind in ("create", "restore"):
        return Edit("delete", number, edit.key, stand[number]["version"])
    if edit.kind == "delete":
        return Edit("restore", number, edit.key)
    old, values, expected = before.get(number, {}), {}, {}
    for name in edit.values:
        column = found.column(name)
        if str(column.id) in old:
            values[name] = old[str(column.id)]
            now = stand[number][f"v_{name}"]
            expected[name] = None if now is None else column.type.to_json(now)
    return Edit("update", number, edit.key, None, values, expected)


__all__ = ["KINDS", "Batch", "Edit", "Refusal", "Refused", "Written", "check_size", "write"]
