"""Exporting a list as CSV, XLSX or JSON: by keyset pages, in constant memory, as a reader sees it."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from . import query
from .catalogue import ListDefinition, definition
from .columns import ColumnType, Reader, Reference
from .columns.choices import ChoiceColumn
from .filters import Filter
from .query import Item
from .reading import SYSTEM_TYPES
from .rights import Actor
from .sources import FORMULA

FORMATS = ("csv", "xlsx", "json")
PAGE = 500
MOST_ROWS = 1_000_000  # on a sheet, which Excel lets have 1,048,576
_EPOCH = datetime.datetime(2000, 1, 1)  # noqa: DTZ001 - as a workbook has it


@dataclass(frozen=True)
class Export:
    """What is exported: columns in their order with headings, and which rows in which order.

    `reader`: a person, who finds choices and instants as pages show them; None: a program, with keys and UTC.
    `currency`: the house's, of an amount that names none.
    """

    names: Sequence[str]
    headings: Sequence[str]
    where: Filter | None = None
    search: str | None = None
    order: Sequence[tuple[str, bool]] = ()
    reader: Reader | None = None
    currency: str = ""


def whole(found: ListDefinition, where: Filter | None = None) -> Export:
    """Everything of a list, for programs."""
    names = ["id", "external_id", *(column.name for column in found.visible_columns)]
    names += ["created", "created_by", "modified", "modified_by"]
    return Export(names, names, where)


def export(
    session: Session, actor: Actor, list_name: str, kind: str, target: IO[bytes], *, where: Filter | None = None
) -> int:  # fmt: skip
    """Write all that `actor` may see of a list to `target` in a format of FORMATS. Answers the number of items.

    Raises NotFound for an unknown list.
    """
    found = definition(session, list_name)
    what = whole(found, where)
    items = _Counted(_items(session, actor, list_name, what))
    for part in _WRITERS[kind](found, what, items):
        target.write(part)
    return items.number


def stream(session: Session, actor: Actor, list_name: str, kind: str, what: Export) -> Iterator[bytes]:
    """The same in portions, as they are made: memory does not grow with the rows. Raises Invalid, NotFound."""
    return _WRITERS[kind](definition(session, list_name), what, _items(session, actor, list_name, what))


class _Counted:
    """Items on their way, counted."""

    def __init__(self, items: Iterator[Item]) -> None:
        self.items, self.number = items, 0

    def __iter__(self) -> Iterator[Item]:
        for item in self.items:
            self.number += 1
            yield item


def _items(session: Session, actor: Actor, list_name: str, what: Export) -> Iterator[Item]:
    names = [*what.names, *_currencies(definition(session, list_name), what.names)]
    asked: dict[str, Any] = {"where": what.where, "search": what.search, "order": what.order, "columns": names}
    after = None
    while True:
        page = query.page(session, actor, list_name, limit=PAGE, after=after, **asked)
        yield from page.items
        after = page.next
        if after is None:
            return


# --- Cells ----------------------------------------------------------------------------------------


def cell(found: ListDefinition, item: Item, name: str, reader: Reader | None = None) -> Any:
    """A value for a spreadsheet: text, number, day, instant or truth."""
    kind = _kind(found, name)
    value = item[name]
    if value is None:
        return None
    if reader and isinstance(kind.result, ChoiceColumn):
        return kind.format(value, reader)
    made = kind.export_cell(value)
    return made.astimezone(ZoneInfo(reader.time_zone)) if reader and isinstance(made, datetime.datetime) else made


def _row(found: ListDefinition, item: Item, what: Export) -> list[Any]:
    """The cells of a row; for a person an amount is followed by its currency."""
    cells = []
    for name in what.names:
        cells.append(cell(found, item, name, what.reader))
        if what.reader and _is_money(found, name):
            cells.append((item.currency(name) or what.currency) if item[name] is not None else None)
    return cells


def _headings(found: ListDefinition, what: Export) -> list[str]:
    named = zip(what.names, what.headings, strict=True)
    return [one for name, heading in named for one in
            ([heading, f"{heading} ¤"] if what.reader and _is_money(found, name) else [heading])]  # fmt: skip


def _currencies(found: ListDefinition, names: Sequence[str]) -> list[str]:
    """The columns that say the currencies of these amounts."""
    kinds = [_kind(found, name).result for name in names if _is_money(found, name)]
    wanted = {str(kind.options.get("currency_column", "currency")) for kind in kinds}
    return [name for name in sorted(wanted) if found.has(name) and name not in names]


def _is_money(found: ListDefinition, name: str) -> bool:
    return _kind(found, name).result.name == "currency"


def _kind(found: ListDefinition, name: str) -> ColumnType:
    return found.by_name[name].type if name in found.by_name else SYSTEM_TYPES[name]


# --- Formats --------------------------------------------------------------------------------------


def _csv(found: ListDefinition, what: Export, items: Iterable[Item]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write("\ufeff")  # by which Excel knows UTF-8
    writer.writerow(_headings(found, what))
    for number, item in enumerate(items, 1):
        writer.writerow([_plain(one) for one in _row(found, item, what)])
        if not number % PAGE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _plain(value: Any) -> str:
    """The value as CSV text."""
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it."""
    is_number = text.lstrip("+-").replace(" ", "").isdigit()
    return f"'{text}" if text.startswith(FORMULA) and not is_number else text


def _xlsx(found: ListDefinition, what: Export, items: Iterable[Item]) -> Iterator[bytes]:
    import xlsxwriter

    with tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(file, options)
        book.set_properties({"created": _EPOCH})  # the same rows make the same file
        _sheets(book, found, what, items)
        book.close()
        file.seek(0)
        yield from iter(lambda: file.read(1 << 16), b"")


def _sheets(book: Any, found: ListDefinition, what: Export, items: Iterable[Item]) -> None:
    """The rows; what one sheet cannot hold goes on in the next."""
    day, instant = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    bold, title = book.add_format({"bold": True}), found.title(what.reader.language if what.reader else "en")
    title = title.translate({ord(sign): "-" for sign in "[]:*?/\\"})
    sheet = row = None
    for item in itertools.chain([None], items):
        if sheet is None or row == MOST_ROWS:
            number = len(book.worksheets()) + 1
            sheet, row = book.add_worksheet(title[:31] if number == 1 else f"{title[:27]} {number}"), 0
            sheet.freeze_panes(1, 0)
            for place, heading in enumerate(_headings(found, what)):
                sheet.write_string(0, place, heading, bold)
        if item is not None:
            row = (row or 0) + 1
            for place, value in enumerate(_row(found, item, what)):
                _write_cell(sheet, row, place, value, day, instant)


def _write_cell(sheet: Any, row: int, place: int, value: Any, day: Any, instant: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime.datetime):
        sheet.write_datetime(row, place, value.replace(tzinfo=None), instant)
    elif isinstance(value, datetime.date):
        sheet.write_datetime(row, place, datetime.datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value)[:32_767])


def _json(found: ListDefinition, what: Export, items: Iterable[Item]) -> Iterator[bytes]:
    text = ["["]
    for number, item in enumerate(items, 1):
        values = {name: _json_value(found, item, name) for name in what.names}
        text.append(("\n" if number == 1 else ",\n") + json.dumps(values, ensure_ascii=False))
        if not number % PAGE:
            yield "".join(text).encode()
            text.clear()
    yield ("".join(text) + "\n]\n").encode()


def _json_value(found: ListDefinition, item: Item, name: str) -> Any:
    value = item[name]
    return {"id": value.id, "title": value.title} if isinstance(value, Reference) else _kind(found, name).to_json(value)


_WRITERS: Mapping[str, Callable[[ListDefinition, Export, Iterable[Item]], Iterator[bytes]]] = {
    "csv": _csv, "xlsx": _xlsx, "json": _json,
}  # fmt: skip


def suffix_format(path: Path) -> str | None:
    """The format that a file's name asks for."""
    kind = path.suffix.lower().removeprefix(".")
    return kind if kind in FORMATS else None
