"""Reading lists: pages by keyset, single items, capped counts, sums. Every read asks for the reader's rights here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    Text,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from . import filters, keyset
from .catalogue import SYSTEM_COLUMNS, ListDefinition, catalogue, definition
from .columns import Reference
from .errors import Invalid, NotFound
from .filters import Filter
from .models import User
from .reading import SYSTEM_TYPES, Reading
from .rights import Actor, Level

MOST_PER_PAGE = 5000
COUNT_CAP = 10_000
MOST_BOUND_IDS = 20_000  # below SQLite's bound of 32,766 values in a statement


class Item(Mapping[str, Any]):
    """An item as a reader sees it: values by column name (lookups as Reference, masked ones None), and the level."""

    def __init__(self, definition: ListDefinition, values: dict[str, Any], level: Level) -> None:
        self.definition, self.values_, self.level = definition, values, level

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
    deleted: bool = False,
    resolved: bool = True,
) -> Page:
    """A page of a list for `actor`.

    `order`: (column, descending) pairs; the id breaks ties. `after`: a cursor of an earlier page with the same order.
    `search`: words that must all stand in the list's searched columns. `deleted`: the recycle bin instead.
    `resolved=False` leaves lookups as ids, for a caller who resolves the items of several pages at once.
    Raises NotFound for an unknown list, Invalid for a bad filter, order or cursor.
    """
    found = definition(session, list_name)
    reading = Reading(session, found, actor, Level.EDIT if deleted else Level.EXISTS, deleted=deleted)
    limit = max(1, min(limit, MOST_PER_PAGE))
    keys = keyset.keys(reading, order)
    names = _names(found, columns)
    statement = select(*_selection(reading, names), *(key.label(f"k{n}") for n, (key, _, _) in enumerate(keys)))
    statement = statement.where(*_conditions(reading, where, search))
    back = False
    if after:
        values, back = keyset.read_cursor(after, keys)
        statement = statement.where(keyset.beyond(keys, values, back))
    statement = statement.order_by(*keyset.order_by(keys, back)).limit(limit + 1)
    rows = list(session.execute(statement))
    more, rows = len(rows) > limit, rows[:limit]
    if back:
        rows.reverse()
    items = [_item(reading, names, row) for row in rows]
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
    deleted: bool = False,
    resolved: bool = True,
) -> Item:
    """One item. Raises NotFound where it is not there or not to be seen at `right`: the very same error."""
    found = definition(session, list_name)
    reading = Reading(session, found, actor, right, deleted=deleted)
    names = _names(found, None)
    if not 0 < item_id < 2**31:
        raise NotFound()
    row = session.execute(
        select(*_selection(reading, names)).where(reading.id == item_id, *reading.conditions())
    ).one_or_none()
    if row is None:
        raise NotFound()
    item = _item(reading, names, row)
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
    deleted: bool = False,
) -> Count:
    """How many items the actor would see, counted up to `cap`."""
    found = definition(session, list_name)
    reading = Reading(session, found, actor, Level.EDIT if deleted else Level.EXISTS, deleted=deleted)
    inner = (
        select(literal(1))
        .select_from(reading.table)
        .where(*_conditions(reading, where, search))
        .limit(cap + 1)
        .subquery()
    )
    number = session.scalar(select(func.count()).select_from(inner)) or 0
    return Count(min(number, cap), number > cap)


def summarise(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    where: Filter | None = None,
    by: Sequence[str] = (),
    sums: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Counts and sums per value of the columns `by`: `[{"by": (…), "count": n, "sums": {column: amount}}]`.

    Only rows whose values the reader sees in full add to a sum. Lookups in `by` come as ids.
    """
    reading = Reading(session, definition(session, list_name), actor)
    keys = [reading.source(name).shown for name in by]
    amounts = [func.sum(reading.source(name).shown) for name in sums]
    statement = select(func.count(), *amounts, *keys).where(*_conditions(reading, where, None)).group_by(*keys)
    return [
        {
            "count": row[0],
            "sums": dict(zip(sums, row[1 : 1 + len(sums)], strict=True)),
            "by": tuple(row[1 + len(sums) :]),
        }
        for row in session.execute(statement)
    ]


def titles(session: Session, actor: Actor, list_name: str, ids: Sequence[int]) -> dict[int, str]:
    """The titles of these items, as far as the actor may see them."""
    return titles_by_list(session, actor, {list_name: ids})[list_name]


def titles_by_list(session: Session, actor: Actor, wanted: Mapping[str, Collection[int]]) -> dict[str, dict[int, str]]:
    """The titles of items of several lists, as far as the actor may see them, in one statement."""
    found: dict[str, dict[int, str]] = {name: {} for name in wanted}
    parts = [
        _titles_part(session, actor, name, sorted(set(ids)))
        for name, ids in wanted.items()
        if ids and (name == "users" or name in catalogue(session).by_name)
    ]
    many = sum(len(set(ids)) for ids in wanted.values()) > MOST_BOUND_IDS
    for statement in parts if many or len(parts) == 1 else [union_all(*parts)] if parts else []:
        for row in session.execute(statement):
            found[row.list_][row.id] = _title(session, actor, row) or f"#{row.id}"
    return found


def _titles_part(session: Session, actor: Actor, list_name: str, ids: Sequence[int]) -> Any:
    """list_, id, name, prefix, typed, translation of these items: the same columns for every list."""
    text, yes_no = cast(null(), Text), cast(null(), Boolean)
    if list_name == "users":
        person = (literal("users").label("list_"), User.id.label("id"), cast(User.name, Text).label("name"))
        return select(*person, text.label("prefix"), yes_no.label("typed"), text.label("translation")).where(
            User.id.in_(ids)
        )
    definition_ = catalogue(session).get(list_name)
    reading, settings = Reading(session, definition_, actor, Level.HEADLINE), definition_.settings
    prefix, typed = settings.get("name_prefix"), settings.get("name_typed")
    translation = settings.get("translated", {}).get(actor.language)
    return select(
        literal(list_name).label("list_"), reading.id.label("id"), cast(reading.masked("name"), Text).label("name"),
        (cast(reading.masked(prefix), Text) if prefix else text).label("prefix"),
        (reading.masked(typed) if typed else yes_no).label("typed"),
        (cast(reading.masked(translation), Text) if translation else text).label("translation"),
    ).where(reading.id.in_(ids), *reading.conditions())  # fmt: skip


def _title(session: Session, actor: Actor, row: Row[Any]) -> str | None:
    if row.list_ == "users":
        return row.name
    definition_ = catalogue(session).get(row.list_)
    settings = definition_.settings
    parts: dict[Any, Any] = {settings.get("name_prefix"): row.prefix, settings.get("name_typed"): row.typed}
    parts[settings.get("translated", {}).get(actor.language)] = row.translation
    return shown_name(definition_, {**parts, "name": row.name}, actor)


def resolve(session: Session, actor: Actor, items: Sequence[Item]) -> None:
    """Turn lookup ids into References, in one statement; what the actor may not see becomes None."""
    wanted: dict[str, set[int]] = {}
    places = [
        (item, name, kind)
        for item in items
        for name in item
        for kind in [_type_of(item.definition, name)]
        if kind.target
    ]
    for item, name, kind in places:
        value = item.values_[name]
        ids = value if isinstance(value, list) else [value]
        wanted.setdefault(str(kind.target), set()).update(number for number in ids if isinstance(number, int))
    known = titles_by_list(session, actor, wanted)
    for item, name, kind in places:
        value, there = item.values_[name], known[str(kind.target)]
        if kind.is_multi:
            item.values_[name] = [Reference(one, there[one], str(kind.target)) for one in value or () if one in there]
        else:
            item.values_[name] = Reference(value, there[value], str(kind.target)) if value in there else None


def _type_of(found: ListDefinition, name: str) -> Any:
    return found.by_name[name].type if name in found.by_name else SYSTEM_TYPES[name]


def _names(found: ListDefinition, columns: Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        return (*SYSTEM_COLUMNS, *(column.name for column in found.columns))
    wanted = dict.fromkeys(("id", "guid", "version", "name", *_name_parts(found), *columns))
    for name in wanted:
        if name not in SYSTEM_TYPES and name not in found.by_name:
            raise Invalid("$select", "The list %(list)s has no column %(column)s.", list=found.name, column=name)
    return tuple(wanted)


def _name_parts(found: ListDefinition) -> tuple[str, ...]:
    """The columns that the shown name is made of beside `name`."""
    settings = found.settings
    return tuple(
        part
        for part in (settings.get("name_prefix"), settings.get("name_typed"), *settings.get("translated", {}).values())
        if part
    )


def _selection(reading: Reading, names: Sequence[str]) -> list[ColumnElement[Any]]:
    wanted = dict.fromkeys(("id", "guid", "version", *names))
    shown = [reading.masked(name).label(f"v_{name}" if name != "id" else "id") for name in wanted]
    return [*shown, reading.access.level.label("level_")]


def _item(reading: Reading, names: Sequence[str], row: Row[Any]) -> Item:
    values = {
        name: getattr(row, f"v_{name}" if name != "id" else "id")
        for name in dict.fromkeys(("id", "guid", "version", *names))
    }
    if "name" in values:
        values["name"] = shown_name(reading.definition, values, reading.actor)
    return Item(reading.definition, values, Level(row.level_))


def shown_name(found: ListDefinition, values: Mapping[str, Any], actor: Actor) -> str | None:
    """The name in the reader's language: made of parts, or the general word where it is masked."""
    name, settings = values.get("name"), found.settings
    general = (settings.get("masked_name") or {}).get(actor.language) or (settings.get("masked_name") or {}).get("en")
    if name is None:
        return general
    # A reader to whom the flag is masked sees typed names only.
    if settings.get("name_typed") and values.get(settings["name_typed"]) is False:
        return f"{general}: {name}"
    prefix = settings.get("name_prefix")
    if prefix and values.get(prefix):
        return f"{found.column(prefix).type.format(values[prefix], actor.reader)}: {name}"
    translation = settings.get("translated", {}).get(actor.language)
    return (values.get(translation) or name) if translation else name


def _conditions(reading: Reading, where: Filter | None, search: str | None) -> list[ColumnElement[bool]]:
    conditions = reading.conditions()
    if where is not None:
        conditions.append(filters.condition(reading, where))
    if search and search.strip():
        conditions.append(filters.condition(reading, _search_filter(reading.definition, search)))
    return conditions


def _search_filter(found: ListDefinition, search: str) -> Filter:
    names = [column.name for column in found.columns if column.options.get("search") or column.name == "name"]
    words = search.split()[:8]
    return filters.And([filters.Or([filters.Compare((name,), "contains", word) for name in names]) for word in words])
