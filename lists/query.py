"""Reading lists: pages by keyset, single items, capped counts, sums. Every read asks for the reader's rights here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from . import filters, gathering, keyset, plans
from .catalogue import ListDefinition, definition
from .columns import Reference
from .errors import NotFound
from .filters import Filter
from .formulas.tree import Node
from .plans import Plan
from .reading import SYSTEM_TYPES, Reading, Stage
from .rights import Actor, Level
from .titles import has_made_name, shown_name, titles_by_list
from .titles import titles as titles

MOST_PER_PAGE = 5000
COUNT_CAP = 10_000
_LEVELS = tuple(Level)  # by their numbers
_PEOPLE_OF_SYSTEM = tuple((name, kind) for name, kind in SYSTEM_TYPES.items() if kind.target)


class Item(Mapping[str, Any]):
    """An item as a reader sees it: values by column name (lookups as Reference, masked ones None), and the level."""

    def __init__(
        self,
        definition: ListDefinition,
        values: dict[str, Any],
        level: Level,
        currencies: Mapping[str, str | None] | None = None,
    ) -> None:
        self.definition, self.values_, self.level, self.currencies = definition, values, level, currencies or {}
        self.mark: int | None = None  # which of the conditions that a page was asked with holds on it

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    @property
    def id(self) -> int:
        return self.values_["id"]

    @property
    def guid(self) -> str:
        return self.values_["guid"]

    @property
    def version(self) -> int:
        return self.values_["version"]

    @property
    def title(self) -> str:
        return self.values_.get("name") or f"#{self.id}"

    def currency(self, name: str) -> str | None:
        """The currency of an amount, where anything says which."""
        if name in self.currencies:
            return self.currencies[name]
        kind = self.definition.column(name).type.result
        return self.values_.get(kind.options.get("currency_column", "currency"))

    @property
    def editable(self) -> bool:
        return self.level >= Level.EDIT

    @property
    def reference(self) -> Reference:
        return Reference(self.id, self.title, self.definition.name)


@dataclass(frozen=True)
class Page:
    """A page of items; `next` and `previous` are cursors, None where there is nothing further."""

    items: list[Item]
    next: str | None
    previous: str | None = None


@dataclass(frozen=True)
class Count:
    """How many there are; `capped` when there are more than `number`."""

    number: int
    capped: bool


def page(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    where: Filter | None = None,
    order: Sequence[tuple[str, bool]] = (),
    columns: Sequence[str] | None = None,
    limit: int = 50,
    after: str | None = None,
    search: str | None = None,
    stage: Stage = Stage.STANDING,
    resolved: bool = True,
    marks: Sequence[Node] = (),
) -> Page:
    """A page of a list for `actor`.

    `order`: (column, descending) pairs; the id breaks ties. `after`: a cursor of an earlier page with the same order.
    `search`: words that must all stand in the list's searched columns. `stage`: a recycle bin instead.
    `marks`: conditions; the first that holds on an item is its `mark`.
    `resolved=False` leaves lookups as ids, for a caller who resolves the items of several pages at once.
    Raises NotFound for an unknown list, Invalid for a bad filter, order or cursor.
    """
    limit = max(1, min(limit, MOST_PER_PAGE))
    plan = plans.of_page(session, actor, list_name, where=where, order=order, columns=columns, search=search,
                         stage=stage, marks=marks, limit=limit)  # fmt: skip
    keys = plan.keys
    behind, back = keyset.read_cursor(after, keys) if after else (None, False)
    given, rows = keyset.bound(behind or ()), list[Row[Any]]()
    for statement in plan.page(behind, back):
        if len(rows) <= limit:
            rows += session.execute(statement, {plans.MOST_ROWS: limit + 1 - len(rows), **given}).all()
    more, rows = len(rows) > limit, rows[:limit]
    if back:
        rows.reverse()
    items = _items(plan, actor, rows)
    for item, row in zip(items, rows, strict=True) if marks else ():
        item.mark = row.mark_
    if resolved:
        resolve(session, actor, items)
    following = bool(rows) and (more or back)
    preceding = bool(rows) and bool(after) and (more if back else True)
    return Page(
        items,
        keyset.cursor(rows[-1], keys, False) if following else None,
        keyset.cursor(rows[0], keys, True) if preceding else None,
    )


def get(
    session: Session,
    actor: Actor,
    list_name: str,
    item_id: int,
    *,
    right: Level = Level.EXISTS,
    stage: Stage = Stage.STANDING,
    resolved: bool = True,
) -> Item:
    """One item. Raises NotFound where it is not there or not to be seen at `right`: the very same error."""
    plan = plans.of_item(session, actor, list_name, right, stage)
    if not 0 < item_id < 2**31:
        raise NotFound()
    row = session.execute(plan.statement, {plans.ID: item_id}).one_or_none()
    if row is None:
        raise NotFound()
    [item] = _items(plan, actor, [row])
    if resolved:
        resolve(session, actor, [item])
    return item


def find(
    session: Session, actor: Actor, list_name: str, where: Filter, *, order: Sequence[tuple[str, bool]] = ()
) -> Item | None:
    """The first item that the filter finds, or None."""
    found = page(session, actor, list_name, where=where, order=order, limit=1).items
    return found[0] if found else None


def many(
    session: Session, actor: Actor, list_name: str, ids: Sequence[int], *, columns: Sequence[str] | None = None
) -> dict[int, Item]:
    """The items with these ids that the actor may see, by id. One statement (and one per kind of lookup)."""
    items: dict[int, Item] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), 500):
        part = filters.Compare(("id",), "in", wanted[start : start + 500])
        for item in page(session, actor, list_name, where=part, columns=columns, limit=500).items:
            items[item.id] = item
    return items


def count(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    where: Filter | None = None,
    search: str | None = None,
    cap: int = COUNT_CAP,
    stage: Stage = Stage.STANDING,
) -> Count:
    """How many items the actor would see, counted up to `cap`."""
    statement = plans.of_count(session, actor, list_name, where=where, search=search, stage=stage, cap=cap)
    number = session.scalar(statement) or 0
    return Count(min(number, cap), number > cap)


def resolve(session: Session, actor: Actor, items: Sequence[Item]) -> None:
    """Turn lookup ids into References, in one statement; what the actor may not see becomes None."""
    wanted: dict[str, set[int]] = {}
    _gather(session, actor, items)
    places = [
        (item, name, kind)
        for item in items
        for name, kind in (*_PEOPLE_OF_SYSTEM, *item.definition.pointing)
        if name in item.values_
    ]
    for item, name, kind in places:
        value = item.values_[name]
        ids = value[0] if isinstance(value, tuple) else value if isinstance(value, list) else [value]
        wanted.setdefault(str(kind.target), set()).update(number for number in ids if isinstance(number, int))
    known = titles_by_list(session, actor, wanted)
    for item, name, kind in places:
        value, there = item.values_[name], known[str(kind.target)]
        if isinstance(value, tuple):
            item.values_[name] = gathering.as_references(value, there, str(kind.target))
        elif kind.is_multi:
            item.values_[name] = [Reference(one, there[one], str(kind.target)) for one in value or () if one in there]
        else:
            item.values_[name] = Reference(value, there[value], str(kind.target)) if value in there else None


def _gather(session: Session, actor: Actor, items: Sequence[Item]) -> None:
    """What points at these items by their reverse lookups: one statement for each of these."""
    wanted: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        for column in item.definition.reverse_lookups:
            value = item.values_.get(column.name, ())
            if value is None:
                item.values_[column.name] = ([], 0)
            elif value == 1:
                wanted.setdefault((item.definition.name, column.name), []).append(item)
    for (list_name, name), there in wanted.items():
        reading = Reading(session, definition(session, list_name), actor)
        found = gathering.latest(reading, reading.definition.column(name), sorted({item.id for item in there}))
        for item in there:
            item.values_[name] = found.get(item.id, ([], 0))


def _items(plan: Plan, actor: Actor, rows: Sequence[Row[Any]]) -> list[Item]:
    """What a plan's rows say, by the columns' names."""
    if not rows:
        return []
    places = {key: place for place, key in enumerate(rows[0]._fields)}
    wanted = dict.fromkeys(("id", "guid", "version", *plan.names))
    of_values = [(name, places[f"v_{name}" if name != "id" else "id"]) for name in wanted]
    of_currencies = [(name, places[f"u_{name}"]) for name in plan.names if f"u_{name}" in places]
    level, found = places["level_"], plan.definition
    is_named, is_made = "name" in wanted, has_made_name(found)
    items = []
    for row in rows:
        values = {name: row[place] for name, place in of_values}
        if is_named and (is_made or values["name"] is None):
            values["name"] = shown_name(found, values, actor)
        currencies = {name: row[place] for name, place in of_currencies}
        items.append(Item(found, values, _LEVELS[row[level]], currencies))
    return items
