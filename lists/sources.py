"""Tables that come from elsewhere: CSV of any usual encoding and delimiter, and the first sheet of a workbook."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import N_, Invalid

ENCODINGS = ("utf-8-sig", "cp1250", "cp1252", "latin-1")
DELIMITERS = ",;\t|"
WORKBOOKS = {".xlsx", ".xls", ".ods", ".xlsb"}
LONGEST_FIELD = 1_000_000


@dataclass(frozen=True)
class SourceRow:
    """One row: its `number` as a spreadsheet shows it (the header is 1) and its values by the header's names."""

    number: int
    values: dict[str, Any]
    surplus: int = 0  # how many fields it has beyond the header's


@dataclass(frozen=True)
class Table:
    """A table: the names in its header, and its rows."""

    header: tuple[str, ...]
    rows: tuple[SourceRow, ...]


def read_table(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> Table:
    """The table in a file. Without `encoding` and `delimiter` they are found by trial.

    Raises Invalid where it cannot be read: no such file, no header, a name twice in the header.
    """
    if not path.is_file():
        raise Invalid("file", "There is no file %(file)s.", file=str(path))
    if path.suffix.lower() in WORKBOOKS:
        lines = _sheet(path, sheet)
    else:
        lines = _csv(path, encoding, delimiter)
    first = next(lines, None)
    header = tuple(str(name or "").strip() for name in first or ())
    while header and not header[-1]:
        header = header[:-1]
    if not header:
        raise Invalid("file", "The file %(file)s is empty.", file=path.name)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Invalid(
            "file", "The file %(file)s has more than one column “%(column)s”.", file=path.name, column=twice[0]
        )
    return Table(header, tuple(_rows(header, lines)))


def _rows(header: Sequence[str], lines: Iterator[Sequence[Any]]) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in line]
        if not any(cell not in (None, "") for cell in cells):
            continue  # an empty line says nothing
        surplus = sum(1 for cell in cells[len(header) :] if cell not in (None, ""))
        padded = [*cells, *[""] * (len(header) - len(cells))]
        yield SourceRow(number, dict(zip(header, padded, strict=False)), surplus)


def _csv(path: Path, encoding: str | None, delimiter: str | None) -> Iterator[Sequence[Any]]:
    text = _decoded(path.read_bytes(), encoding, path.name)
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text))
    try:
        yield from reader
    except csv.Error as reason:
        words = N_("The file %(file)s cannot be read at line %(line)s: %(reason)s.")
        raise Invalid("file", words, file=path.name, line=reader.line_num, reason=str(reason)) from None


def _decoded(data: bytes, encoding: str | None, name: str) -> str:
    tried = (encoding,) if encoding else ENCODINGS
    if not encoding and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        tried = ("utf-16",)
    for one in tried:
        try:
            return data.decode(one)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise Invalid("encoding", "There is no encoding “%(encoding)s”.", encoding=one) from None
    raise Invalid("encoding", "The file %(file)s is not written in %(encoding)s.", file=name, encoding=tried[0])


def _delimiter(text: str) -> str:
    """The delimiter that stands most often in the header, outside of quotation marks."""
    header, quoted, counts = text[:100_000], False, dict.fromkeys(DELIMITERS, 0)
    for letter in header:
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            break
        elif letter in counts and not quoted:
            counts[letter] += 1
    return max(counts, key=lambda letter: counts[letter])


def _sheet(path: Path, sheet: str | None) -> Iterator[Sequence[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        found = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
        # An empty beginning counts: the rows keep the numbers that the spreadsheet shows.
        rows = found.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError) as reason:
        words = N_("The workbook %(file)s cannot be read: %(reason)s.")
        raise Invalid("file", words, file=path.name, reason=" ".join(str(reason).split())) from None
    return (tuple(_cell(cell) for cell in row) for row in rows)


def _cell(cell: Any) -> Any:
    """A workbook's cell as a CSV would have it; days and instants stay what they are."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool | datetime.datetime | datetime.date | datetime.time) or cell is None:
        return cell
    return str(cell)
