"""Exporting a list as CSV, XLSX or JSON: by keyset pages, in constant memory, as a reader sees it."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from . import query
from .catalogue import ListDefinition, definition
from .columns import Reference
from .filters import Filter
from .query import Item
from .reading import SYSTEM_TYPES
from .rights import Actor

FORMATS = ("csv", "xlsx", "json")
PAGE = 500
# What a spreadsheet would run as a formula when it opens the file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(
    session: Session, actor: Actor, list_name: str, kind: str, target: IO[bytes], *, where: Filter | None = None
) -> int:  # fmt: skip
    """Write what `actor` may see of a list to `target` in a format of FORMATS. Answers the number of items.

    Raises NotFound for an unknown list.
    """
    found = definition(session, list_name)
    names = ["id", "external_id", *(column.name for column in found.visible_columns)]
    names += ["created", "created_by", "modified", "modified_by"]
    pages = _items(session, actor, list_name, names, where)
    return {"csv": _csv, "xlsx": _xlsx, "json": _json}[kind](found, names, pages, target)


def _items(
    session: Session, actor: Actor, list_name: str, names: Sequence[str], where: Filter | None
) -> Iterator[Item]:
    after = None
    while True:
        page = query.page(session, actor, list_name, where=where, columns=names, limit=PAGE, after=after)
        yield from page.items
        after = page.next
        if after is None:
            return


def cell(found: ListDefinition, item: Item, name: str) -> Any:
    """A value for a spreadsheet: text, number, day, instant or truth."""
    kind = found.by_name[name].type if name in found.by_name else SYSTEM_TYPES[name]
    value = item[name]
    return None if value is None else kind.export_cell(value)


def _csv(found: ListDefinition, names: Sequence[str], items: Iterator[Item], target: IO[bytes]) -> int:
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer, number = csv.writer(text), 0
    writer.writerow(names)
    for item in items:
        writer.writerow([_plain(cell(found, item, name)) for name in names])
        number += 1
    text.detach()
    return number


def _plain(value: Any) -> str:
    """The value as CSV text; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA) and not value.lstrip("+-").replace(" ", "").isdigit():
        return "'" + value
    return str(value)


def _xlsx(found: ListDefinition, names: Sequence[str], items: Iterator[Item], target: IO[bytes]) -> int:
    import xlsxwriter

    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(found.title("en")[:31].translate({ord(sign): "-" for sign in "[]:*?/\\"}))
    day, instant = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    bold, number = book.add_format({"bold": True}), 0
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, bold)
    sheet.freeze_panes(1, 0)
    for item in items:
        number += 1
        for place, name in enumerate(names):
            _write_cell(sheet, number, place, cell(found, item, name), day, instant)
    book.close()
    return number


def _write_cell(sheet: Any, row: int, place: int, value: Any, day: Any, instant: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime.datetime):
        sheet.write_datetime(row, place, value.astimezone(datetime.UTC).replace(tzinfo=None), instant)
    elif isinstance(value, datetime.date):
        sheet.write_datetime(row, place, datetime.datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value)[:32_767])


def _json(found: ListDefinition, names: Sequence[str], items: Iterator[Item], target: IO[bytes]) -> int:
    number = 0
    target.write(b"[")
    for item in items:
        values = {name: _json_value(found, item, name) for name in names}
        target.write(b",\n" if number else b"\n")
        target.write(json.dumps(values, ensure_ascii=False).encode())
        number += 1
    target.write(b"\n]\n")
    return number


def _json_value(found: ListDefinition, item: Item, name: str) -> Any:
    kind = found.by_name[name].type if name in found.by_name else SYSTEM_TYPES[name]
    value = item[name]
    return {"id": value.id, "title": value.title} if isinstance(value, Reference) else kind.to_json(value)


def suffix_format(path: Path) -> str | None:
    """The format that a file's name asks for."""
    kind = path.suffix.lower().removeprefix(".")
    return kind if kind in FORMATS else None
