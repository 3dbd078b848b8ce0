"""Tables that come from elsewhere: CSV of any usual encoding, a workbook's first sheet, vCards, calendars.

They are read as streams; no more of a file than a few rows of it are in memory at once (a workbook's library excepted).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from . import spooling, vcards, vevents, workbooks
from .errors import N_, Invalid
from .spooling import Rows, SourceRow

ENCODINGS = ("utf-8-sig", "cp1250", "cp1252", "latin-1")
# What a file begins with that says its encoding; that of UTF-16 begins that of UTF-32.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
DELIMITERS = ",;\t|"
WORKBOOKS = {".xlsx", ".xls", ".ods", ".xlsb"}
VCARDS, CALENDARS = {".vcf", ".vcard"}, {".ics", ".ical"}
SUFFIXES = {".csv", ".tsv", ".txt", *WORKBOOKS, *VCARDS, *CALENDARS}
# What a spreadsheet would run as a formula when it opens a file; the last four are full-width.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
LONGEST_FIELD = 1_000_000
MOST_COLUMNS = 1000
PORTION = 1 << 20


@dataclass(frozen=True)
class Table:
    """A table: the names in its header, and its rows."""

    header: tuple[str, ...]
    rows: Rows


def read_table(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> Table:
    """The table in a file. Without `encoding` and `delimiter` they are found by trial.

    Raises Invalid where it cannot be read: no such file, no header, a name twice in the header.
    """
    header, rows = open_table(path, encoding=encoding, delimiter=delimiter, sheet=sheet)
    return Table(header, spooling.spooled(header, rows))


def open_table(
    path: Path, *, name: str | None = None, encoding: str | None = None, delimiter: str | None = None,
    sheet: str | None = None,
) -> tuple[tuple[str, ...], Iterator[SourceRow]]:  # fmt: skip
    """The header of the table in a file and its rows, read as they are asked for. `name`: what the file is called."""
    if not path.is_file():
        raise Invalid("file", "There is no file %(file)s.", file=str(path))
    name = name or path.name
    suffix = Path(name).suffix.lower()
    if suffix in VCARDS:
        return vcards.COLUMNS, _numbered(vcards.read(_text(path, name, encoding), name))
    if suffix in CALENDARS:
        return vevents.COLUMNS, _numbered(vevents.read(_text(path, name, encoding), name))
    lines = workbooks.sheet(path, name, sheet) if suffix in WORKBOOKS else _csv(path, name, encoding, delimiter)
    for above, line in enumerate(lines, start=1):
        if any(cell not in (None, "") for cell in line):
            header = _header(line, name)
            return header, _rows(header, lines, above + 1)
    raise Invalid("file", "The file %(file)s is empty.", file=name)


def spool(source: str, name: str, target: str) -> int:
    """Write the table in the file `source`, called `name`, into the spool file `target`; how many rows it has."""
    with Path(target).open("wb") as file:
        return spooling.write(file, *open_table(Path(source), name=name))


def _numbered(rows: Iterable[dict[str, Any]]) -> Iterator[SourceRow]:
    return (SourceRow(number, values) for number, values in enumerate(rows, start=1))


def _header(first: Sequence[Any], name: str) -> tuple[str, ...]:
    header = tuple(str(cell or "").strip() for cell in first)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MOST_COLUMNS:
        words = N_("The file %(file)s has %(count)s columns; at most %(max)s are taken.")
        raise Invalid("file", words, file=name, count=len(header), max=MOST_COLUMNS)
    twice = sorted({one for one in header if header.count(one) > 1})
    if twice:
        words = N_("The file %(file)s has more than one column “%(column)s”.")
        raise Invalid("file", words, file=name, column=twice[0][:80])
    return header


def _rows(header: Sequence[str], lines: Iterator[Sequence[Any]], first: int) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, start=first):
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in line]
        if not any(cell not in (None, "") for cell in cells):
            continue  # an empty line says nothing
        surplus = sum(1 for cell in cells[len(header) :] if cell not in (None, ""))
        padded = [*cells, *[""] * (len(header) - len(cells))]
        yield SourceRow(number, dict(zip(header, padded, strict=False)), surplus)


def _csv(path: Path, name: str, encoding: str | None, delimiter: str | None) -> Iterator[Sequence[Any]]:
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding=_encoding(path, name, encoding), newline="") as file:
        letter = delimiter or _delimiter(file.read(100_000))
        file.seek(0)
        reader = csv.reader(_without_zeros(file, name), delimiter=letter)
        try:
            for line in reader:
                yield [_unprotected(cell) if cell[:1] == "'" else cell for cell in line]
        except csv.Error:  # since quotation marks are read leniently, nothing else is left to go wrong
            words = N_("In %(file)s a field at line %(line)s is longer than %(max)s letters; perhaps a quotation mark "
                       "is not closed.")  # fmt: skip
            raise Invalid("file", words, file=name, line=reader.line_num, max=LONGEST_FIELD) from None


def _unprotected(cell: str) -> str:
    """A text without the apostrophe that keeps a spreadsheet from running it as a formula, as exports write it."""
    return cell[1:] if cell[1:].startswith(FORMULA) else cell


def _text(path: Path, name: str, encoding: str | None) -> Iterator[str]:
    with path.open(encoding=_encoding(path, name, encoding), newline="") as file:
        yield from _without_zeros(file, name)


def _without_zeros(file: IO[str], name: str) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        if "\0" in line:
            words = N_("The file %(file)s is no table: at line %(line)s there is a zero byte.")
            raise Invalid("file", words, file=name, line=number)
        yield line


def _encoding(path: Path, name: str, encoding: str | None) -> str:
    """The first encoding in which the whole file can be read."""
    with path.open("rb") as file:
        begins = file.read(4)
    marked = next((one for mark, one in MARKS.items() if begins.startswith(mark)), None)
    tried = (encoding,) if encoding else (marked,) if marked else ENCODINGS
    for one in tried:
        try:
            with path.open(encoding=one, newline="") as text:
                while text.read(PORTION):
                    pass
        except UnicodeError:
            continue
        except LookupError:
            raise Invalid("encoding", "There is no encoding “%(encoding)s”.", encoding=one) from None
        return one
    raise Invalid("encoding", "The file %(file)s is not written in %(encoding)s.", file=name, encoding=tried[0])


def _delimiter(header: str) -> str:
    """The delimiter that stands most often in the header, outside of quotation marks."""
    quoted, counts = False, dict.fromkeys(DELIMITERS, 0)
    for letter in header:
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            break
        elif letter in counts and not quoted:
            counts[letter] += 1
    return max(counts, key=lambda letter: counts[letter])


__all__ = ["Rows", "SourceRow", "Table", "open_table", "read_table", "spool"]
