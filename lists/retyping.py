"""Giving a column another type, or other decimals, while everybody goes on working.

Of a small list this is done at once, of a large one by the worker: see retyping_jobs.py. A new column is filled from
the old one in short transactions, out of sight; then the two change places in one. The old one stays in the bin for 30
days. What does not convert is told before anything happens, and again of what was written meanwhile. Whatever fails,
nothing is left of it but an unseen column, which goes at once or, after a crash, with the bin's next purge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from . import altering, bins, changelog, changing, column_options, schema, settling
from .catalogue import Column, ListDefinition, build_table, catalogue
from .columns import TYPES, ColumnType, column_type
from .columns.numbers import NumberColumn
from .converting import Conversion, can_become
from .database import Database
from .errors import N_, Conflict, Forbidden, Invalid, Words
from .formulas import definitions as formulas
from .models import Change, ColumnRow, ListRow, Retyping, now
from .rights import Actor

CHUNK = 200
EXAMPLES = 5
AT_ONCE = 2000  # rows; more are left to the worker
UNFINISHED = ("filling", "asking", "ending")


@dataclass(frozen=True)
class Lost:
    """A value that does not convert as it is: of which item, how it reads, and why."""

    item_id: int
    value: str
    reason: Words


@dataclass
class Forecast:
    """What would become of a column's values: how many there are, how many would be lost or changed, and examples."""

    values: int = 0
    lost: int = 0
    examples: list[Lost] = field(default_factory=list)

    def add(self, item_id: int, value: str, reason: Words | None) -> None:
        self.values += 1
        if reason is not None:
            self.lost += 1
            self.examples += [Lost(item_id, value, reason)] if len(self.examples) < EXAMPLES else []


class Unconfirmed(Conflict):
    """Values would be lost; `forecast` says which. Nothing has happened."""

    forecast: Forecast

    @classmethod
    def of(cls, forecast: Forecast) -> Unconfirmed:
        """The refusal that tells the first of them."""
        first = forecast.examples[0]
        refusal = cls(
            N_("%(lost)s of %(values)s values do not convert, such as “%(value)s”: %(reason)s Confirm to go on."),
            lost=forecast.lost, values=forecast.values, value=first.value, reason=first.reason,
        )  # fmt: skip
        refusal.forecast = forecast
        return refusal


def is_meant(database: Database, list_name: str, name: str, body: Mapping[str, Any]) -> bool:
    """Whether a change of a column is one of type or decimals. Raises NotFound."""
    with database.read() as session:
        return changing.makes_anew(catalogue(session).get(list_name).own_column(name), body)


def forecast(session: Session, actor: Actor, list_name: str, name: str, body: Mapping[str, Any]) -> Forecast:
    """What a change of type would do to the values that stand. Raises as `change_type` does; changes nothing."""
    schema.administrators_only(actor)
    found = catalogue(session).get(list_name)
    column = found.own_column(name)
    kind, _options = new_kind(session, found, column, body)
    told = Forecast()
    for rows in _portions(session, found, column):
        _convert(session, column, kind, rows, told)
    return told


def change_type(
    database: Database, actor: Actor, list_name: str, name: str, body: Mapping[str, Any], *, confirmed: bool = False
) -> Forecast:
    """Give a column the `type` and options of `body`; it has transactions of its own.

    Raises Unconfirmed where values would be lost and nobody said that they may, Invalid (an option; or formulas use
    it), Conflict, Forbidden, NotFound. Answers what became of the values.
    """
    with database.read() as session:
        told = forecast(session, actor, list_name, name, body)
    if told.lost and not confirmed:
        raise Unconfirmed.of(told)
    with database.write() as session:
        begun = begin(session, actor, list_name, name, body)
    try:
        fill(database, begun)
        with database.write() as session:
            return swap(session, actor, begun, confirmed=confirmed)
    except BaseException:
        _give_up(database, begun)
        raise


def is_small(session: Session, found: ListDefinition) -> bool:
    """Whether the list's values are converted within a moment."""
    return not altering.has_more_rows(session, found.id, AT_ONCE)


@dataclass(frozen=True)
class Begun:
    """A change of type under way: the new column's number, and up to where the log was when it began."""

    list_name: str
    name: str
    old_id: int
    new_id: int
    seq: int


def begin(session: Session, actor: Actor, list_name: str, name: str, body: Mapping[str, Any]) -> Begun:
    """Make the new column, out of sight. Raises as `change_type` does, but for what would be lost."""
    found = schema.for_change(session, actor, list_name)
    column = found.own_column(name)
    kind, options = new_kind(session, found, column, body)
    if running(session, found).get(column.id):
        raise Conflict("This column is being given another type already.")
    titles = schema.titles_of({"title": body.get("title") or column.titles, "name": name})
    row = ColumnRow(
        list_id=found.id, name=f"{name}-new-{column.id}", type=kind.name, titles=titles, position=column.position,
        options={**options, bins.BECOMING: column.id}, deleted=now(),
    )  # fmt: skip
    _clear_leftovers(session, found, column)
    session.add(row)
    session.flush()
    altering.add_column(session, found.id, f"c{row.id}", kind)
    return Begun(list_name, name, column.id, row.id, changelog.last(session))


def fill(database: Database, begun: Begun) -> None:
    """Convert what stands, each portion in a transaction of its own; then make the index that the column shall have."""
    after: int | None = 0
    while after is not None:
        with database.write() as session:
            after = portion(session, begun, after, Forecast())
    with database.write() as session:
        found, _column, kind = _both(session, begun)
        if kind.wants_index:
            altering.create_index(session, found.id, f"c{begun.new_id}", kind)


def portion(session: Session, begun: Begun, after: int, told: Forecast) -> int | None:
    """Convert the next items behind the number `after`. Answers the last one's number, None when there are no more."""
    found, column, kind = _both(session, begun)
    rows = _rows(session, found, column, found.table.c.id > after)
    _write(session, found, begun, _convert(session, column, kind, rows, told))
    return rows[-1][0] if len(rows) == CHUNK else None


def catch_up(session: Session, begun: Begun, told: Forecast) -> int | None:
    """Convert anew the next items that were written since. Answers up to where in the log, None when few are left."""
    found, column, kind = _both(session, begun)
    lines = session.execute(_log(found, begun.seq, Change.seq).limit(CHUNK)).all()
    if len(lines) < CHUNK:
        return None
    rows = _rows(session, found, column, found.table.c.id.in_({line.item_id for line in lines}), with_empty=True)
    _write(session, found, begun, _convert(session, column, kind, rows, told))
    return lines[-1].seq


def swap(session: Session, actor: Actor, begun: Begun, *, confirmed: bool) -> Forecast:
    """Nobody writes now: convert what was written meanwhile, and let the columns change places."""
    found = schema.for_change(session, actor, begun.list_name, alone=True)
    column = found.column(begun.name)
    if column.id != begun.old_id:
        raise Conflict("Somebody else has changed this meanwhile.")
    _nothing_uses(session, found, column)
    kind = _both(session, begun)[2]
    told = Forecast()
    for ids in _written_since(session, found, begun.seq):
        rows = _rows(session, found, column, found.table.c.id.in_(ids), with_empty=True)
        _write(session, found, begun, _convert(session, column, kind, rows, told))
    if told.lost and not confirmed:
        raise Unconfirmed.of(told)
    old, new = session.get_one(ColumnRow, begun.old_id), session.get_one(ColumnRow, begun.new_id)
    altering.drop_index(session, found.id, column.physical)
    bins.put_away(old)
    session.flush()
    new.name, new.deleted, new.position = begun.name, None, old.position
    new.options = {key: value for key, value in new.options.items() if key != bins.BECOMING}
    schema.settle_formulas(session, [new])
    schema.log_change(session, actor, found, begun.name)
    changed = catalogue(session).get(begun.list_name)
    if kind.options.get("unique"):
        changing.all_different(session, changed, changed.column(begun.name))
    return told


def running(session: Session, found: ListDefinition) -> dict[int, Retyping]:
    """The changes of the list's columns that the worker has not ended, by column."""
    there = select(Retyping).where(Retyping.list_id == found.id, Retyping.state.in_(UNFINISHED))
    return {job.column_id: job for job in session.scalars(there)}


def _give_up(database: Database, begun: Begun) -> None:
    """Take the column away that was being filled, if it is not in its place already."""
    with database.write() as session:
        row = session.get(ColumnRow, begun.new_id)
        if row is not None and bins.BECOMING in row.options:
            altering.drop_column(session, row.list_id, f"c{row.id}")
            session.delete(row)


def _clear_leftovers(session: Session, found: ListDefinition, column: Column) -> None:
    """What an attempt left that was killed or stopped: this one begins anew. Of a large list it waits for the purge."""
    name = f"{column.name}-new-{column.id}"
    there = select(ColumnRow).where(ColumnRow.list_id == found.id, ColumnRow.name == name)
    for row in session.scalars(there).all():
        if is_small(session, found):
            altering.drop_column(session, found.id, f"c{row.id}")
            session.delete(row)
        else:
            row.name = f"{name}-{row.id}"
    session.flush()


# --- What it becomes ------------------------------------------------------------------------------


def new_kind(
    session: Session, found: ListDefinition, column: Column, body: Mapping[str, Any]
) -> tuple[ColumnType, dict[str, Any]]:
    """The new type with its options, checked. Raises Invalid, Forbidden, Conflict."""
    if "position" in body:
        raise Invalid("position", "This cannot be changed of a column that stands.")
    name = str(body.get("type", column.type.name))
    if name not in TYPES:
        column_type(name, {})  # refuses it in its own words
    options = _options(session, found, column, name, body)
    schema.check_options(session, session.get_one(ListRow, found.id), name, options)
    kind = column_type(name, options)
    if changing.is_shipped(found, column.name):
        raise Forbidden("The column %(column)s belongs to the list and keeps its type.", column=column.name)
    if not can_become(column.type, kind):
        raise Invalid("type", "A column of type %(old)s cannot become one of type %(new)s.",
                      old=column.type.name, new=name)  # fmt: skip
    _nothing_uses(session, found, column)
    return kind, options


def _options(
    session: Session, found: ListDefinition, column: Column, name: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of the column that the new type has too, with those given."""
    options = changing.options_with(session, found, column, {})
    kept = column_options.COMMON | TYPES[name].option_names
    if not (isinstance(column.type, NumberColumn) and issubclass(TYPES[name], NumberColumn)):
        kept -= {"min", "max"}  # of a text they count characters
    options = {key: value for key, value in options.items() if key in kept}
    given = {key: value for key, value in body.items() if key not in ("type", "title", "name", "position")}
    return {key: value for key, value in (options | given).items() if value is not None}


def _nothing_uses(session: Session, found: ListDefinition, column: Column) -> None:
    using = formulas.uses(catalogue(session), column)
    if using:
        places = ", ".join(f"{other.name}.{owner.name}" if owner else other.name for other, owner in using)
        raise Invalid("type", "The formulas of %(places)s use %(column)s; change them first.",
                      places=places, column=column.name)  # fmt: skip
    shown = settling.uses(catalogue(session), found, column)
    if shown:
        words = N_("%(places)s show %(column)s; change them first.")
        raise Invalid("type", words, places=", ".join(shown), column=column.name)


# --- Rows -----------------------------------------------------------------------------------------

Rows = Sequence[tuple[int, Any]]


def _both(session: Session, begun: Begun) -> tuple[ListDefinition, Column, ColumnType]:
    """The list, the column as it is, and the type that it shall have. Raises Conflict when it is not there any more."""
    found = catalogue(session).get(begun.list_name)
    row = session.get(ColumnRow, begun.new_id)
    if row is None or not found.has(begun.name):
        raise Conflict("Somebody else has changed this meanwhile.")
    options = {key: value for key, value in row.options.items() if key != bins.BECOMING}
    return found, found.column(begun.name), column_type(row.type, options)


def _rows(session: Session, found: ListDefinition, column: Column, condition: Any, *, with_empty: bool = False) -> Rows:
    """(id, value) of up to a portion of rows, those in the recycle bin too."""
    value = found.sql(column.name)
    wanted = select(found.table.c.id, value).where(condition, *(() if with_empty else (value.is_not(None),)))
    return [(row[0], row[1]) for row in session.execute(wanted.order_by(found.table.c.id).limit(CHUNK))]


def _portions(session: Session, found: ListDefinition, column: Column) -> Iterator[Rows]:
    after = 0
    while rows := _rows(session, found, column, found.table.c.id > after):
        yield rows
        after = rows[-1][0]


def _convert(session: Session, column: Column, kind: ColumnType, rows: Rows, told: Forecast) -> Rows:
    """The rows with what their values become; noted in `told`."""
    filled = [(number, value) for number, value in rows if value is not None]
    made = Conversion(session, column.type, kind).convert([value for _number, value in filled])
    for (number, value), (_new, reason) in zip(filled, made, strict=True):
        told.add(number, _as_read(column.type, value), reason)
    new = {number: value for (number, _old), (value, _reason) in zip(filled, made, strict=True)}
    return [(number, new.get(number)) for number, _value in rows]


def _as_read(kind: ColumnType, value: Any) -> str:
    return str(kind.to_json(value))[:80]


def _write(session: Session, found: ListDefinition, begun: Begun, rows: Rows) -> None:
    """Put the values into the new column: of the same item, not a change of it, so without a version of its own."""
    if not rows:
        return
    row = session.get_one(ColumnRow, begun.new_id)
    kind = column_type(row.type, row.options)
    new = Column(row.id, row.name, kind, row.titles, row.options, row.position)
    table = build_table(found.id, [new])
    statement = update(table).where(table.c.id == bindparam("row")).values({new.physical: bindparam("value")})
    session.connection().execute(statement, [{"row": number, "value": value} for number, value in rows])


def _written_since(session: Session, found: ListDefinition, seq: int) -> Iterator[list[int]]:
    """The items of the list that the log names since, in portions."""
    ids = sorted({line.item_id for line in session.execute(_log(found, seq))})
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _log(found: ListDefinition, seq: int, *more: Any) -> Any:
    """The log's lines of the list's items behind `seq`, in its order; its index by lists would read them all."""
    of_list = Change.list_id + 0 == found.id
    wanted = select(Change.item_id, *more).where(Change.seq > seq, of_list, Change.item_id.is_not(None))
    return wanted.order_by(Change.seq)
