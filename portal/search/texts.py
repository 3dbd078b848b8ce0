"""What of an item is searched, and who may find it by what (docs/search.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...lists import comments, query
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.columns import ColumnType, Reader
from ...lists.query import Item
from ...lists.rights import PROGRAM, Level
from . import Entry
from .words import GAP

# Who an item belongs to is asked by filters: as words they would find everything that a group has.
BELONGING = frozenset({"owner", "sales_group", "salesperson", "shared_with"})
CONTENT = "content_text"  # a library's hidden column with the text of its files


def searched(session: Session, found: ListDefinition) -> list[Column]:
    """The columns whose text is searched: what people see as text; of lookups those that everybody may read."""
    return [column for column in found.columns if _is_searched(session, column)]


def _is_searched(session: Session, column: Column) -> bool:
    if column.name == CONTENT:
        return True
    if column.hidden or not column.type.is_stored or column.name in BELONGING or column.options.get("search") is False:
        return False
    if column.type.target:
        return is_common(session, column.type.target)
    return type(column.type).search_text is not ColumnType.search_text


def is_common(session: Session, list_name: str) -> bool:
    """Whether everybody with a role reads every item's title, so that it may stand in other items' texts."""
    found = catalogue(session).by_name.get(list_name)
    if found is None or found.separation != "common" or found.follows or found.settings.get("cap"):
        return False
    return int(found.settings.get("common", Level.EDIT)) >= Level.READ


def text_of(column: Column, value: Any) -> str:
    """The words of one value; a phone number in its national form too."""
    if value is None:
        return ""
    text = column.type.search_text(value)
    return GAP.join([text, _national(value)]) if column.type.name == "phone" else text


def _national(number: str) -> str:
    try:
        read = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.NATIONAL)


def shown(columns: Iterable[Column], item: Item, reader: Reader) -> list[tuple[str, str]]:
    """(column name, text) as `reader` reads it, for snippets; empty ones left out."""
    found = [(column.name, column.type.format(item[column.name], reader)) for column in columns]
    return [(name, text) for name, text in found if text.strip()]


def texts(columns: Iterable[Column], item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(column name, text) of what this reader sees of the item, in the definition's order, empty ones left out."""
    found = [(column.name, text_of(column, item[column.name])) for column in columns]
    return [(name, text) for name, text in found if text.strip()]


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """One text of several columns' texts."""
    return GAP.join(text for _name, text in parts)


def entries(session: Session, found: ListDefinition, ids: Sequence[int]) -> list[Entry]:
    """What the engine is to know of these items; the deleted are left out. Raises what a broken value raises."""
    columns = searched(session, found)
    settings = found.settings
    named = [settings.get("readers"), *((settings.get("cap") or {}).get(key) for key in ("column", "exempt"))]
    flags = list(settings.get("headline_if", {}).values())
    names = ["created_by", "modified", *(column.name for column in columns), *filter(None, named), *flags]
    scopes = {
        row.id: row.scope_id
        for row in session.execute(
            select(found.table.c.id, found.table.c.scope_id).where(found.table.c.id.in_(list(ids)))
        )
    }
    items = query.many(session, PROGRAM, found.name, ids, columns=list(dict.fromkeys(names)))
    said = comments.texts_of(session, found, ids)
    there = [item for item in items.values() if item.id in scopes]
    return [_entry(found, columns, item, scopes[item.id], said.get(item.id, ())) for item in there]


def _entry(found: ListDefinition, columns: Sequence[Column], item: Item, scope: int, said: Iterable[str]) -> Entry:
    parts = texts(columns, item)
    cap, readers = _cap_and_readers(found, item)
    return Entry(
        list_id=found.id, item_id=item.id, version=item.version, scope=scope, cap=cap, readers=readers,
        title=item["name"] or "", full=GAP.join([joined(parts), *said]),
        headline=joined(part for part in parts if _is_headline(found, part[0], item)),
        modified=item["modified"].timestamp(),
    )  # fmt: skip


def _is_headline(found: ListDefinition, name: str, item: Item) -> bool:
    flag = found.settings.get("headline_if", {}).get(name)
    return name in found.headline or bool(flag and item[flag])


def _cap_and_readers(found: ListDefinition, item: Item) -> tuple[int, tuple[int, ...]]:
    """The row's own cap, and whom its columns name as readers in spite of scope or cap."""
    named = _ids(item, found.settings.get("readers"))
    cap = found.settings.get("cap")
    if not cap:
        return int(Level.EDIT), named
    value = item[cap["column"]]
    level = int(cap["levels"].get("true" if value is True else str(value), Level.EDIT))
    if level < Level.READ:
        named += _ids(item, cap.get("exempt")) + ((item["created_by"].id,) if item["created_by"] else ())
    return level, tuple(dict.fromkeys(named))


def _ids(item: Item, column: str | None) -> tuple[int, ...]:
    return tuple(reference.id for reference in item[column] or ()) if column else ()


def fingerprint(session: Session, found: ListDefinition) -> str:
    """Changes when the list's items must be indexed anew: other columns are searched, or others may find them."""
    shape = [
        [
            (column.id, column.name, column.type.name, sorted(column.options.items()))
            for column in searched(session, found)
        ],
        [found.settings.get(key) for key in ("cap", "readers", "headline_if", "name_prefix", "name_typed")],
        sorted(found.headline),
        comments.are_on(found),
    ]
    return hashlib.sha256(json.dumps(shape, sort_keys=True, default=str).encode()).hexdigest()[:16]


def title_columns(found: ListDefinition) -> frozenset[str]:
    """The columns that an item's title is made of: when one changes, what points at the item is indexed anew."""
    settings = found.settings
    more = [settings.get("name_prefix"), settings.get("name_typed"), *settings.get("translated", {}).values()]
    return frozenset(["name", *filter(None, more)])
