"""The cells of a workbook's sheet (XLSX, XLS, ODS, XLSB), as a table in a file has them.

Calamine is fast and is asked first. But it makes a field of memory for every place up to the last cell of a sheet, and
gives a cell that holds an error (#N/A) as empty, and a percentage as its hundredth. An XLSX of either kind is read by
openpyxl, cell by cell.
"""

from __future__ import annotations

import datetime
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from .errors import N_, Invalid

LARGEST_UNPACKED = 4_000_000_000  # bytes: what 750,000 rows of fifty columns come to
PORTION = 1 << 20
LARGEST_FIELD, LEAST_FILLED = 10_000_000, 4  # places of a sheet; above, one of so many at least must have a cell
_AN_ERROR = re.compile(rb"""\bt=["']e["']""")  # a cell's type (ECMA-376, 18.18.11)
_CELL = re.compile(rb"""\sr=["']([A-Za-z]{1,3})[0-9]""")
_ROW = re.compile(rb"""\sr=["']([0-9]{1,7})["']""")
# A style of percentages: Excel's own two (18.8.30), or one of the workbook's own with a sign of percent.
_PERCENT = re.compile(rb"""<xf\b[^>]*\bnumFmtId=["'](?:9|10)["']|<numFmt\b[^>]*\bformatCode=["'][^"']*%""")
# A formula with no value beside it (18.3.1.4); a text's may be empty.
_NO_RESULT = re.compile(rb"""<c(?![^>]*\bt=["']str["'])[^>]*><f[^<]*</f>(?:<v></v>|<v ?/>)?</c>""")
_LONGEST_SIGN = 20  # bytes of what these three find
LOG = logging.getLogger("caseroom.workbooks")


def sheet(path: Path, name: str, wanted: str | None) -> Iterator[Sequence[Any]]:
    """The rows of the sheet called `wanted`, else of the first one. `name`: what the file is called. Raises Invalid."""
    from python_calamine import PasswordError, WorksheetNotFound

    _check_package(path, name)
    if _has_formulas_without_results(path):
        words = N_("%(file)s has formulas without results, as programs write them. Open it in Excel, save it again and "
                   "choose the new file.")  # fmt: skip
        raise Invalid("file", words, file=name)
    try:
        yield from _by_cells(path, wanted) if _is_for_openpyxl(path) else _by_calamine(path, wanted)
    except MemoryError:
        raise
    except PasswordError:
        words = N_("The workbook %(file)s is protected by a password. Save it without one, then choose it again.")
        raise Invalid("file", words, file=name) from None
    except WorksheetNotFound:
        raise Invalid("file", "The workbook %(file)s has no sheet “%(sheet)s”.", file=name, sheet=wanted or 1) from None
    except Exception as reason:  # the libraries raise a dozen kinds on damaged files
        LOG.warning("The workbook %s cannot be read: %r", name, reason)
        words = N_("%(file)s is damaged or no workbook. Open it in Excel, save it again and choose the new file.")
        if "limit exceeded" in str(reason):
            words = N_("A sheet of %(file)s has a cell far beyond its table. Delete the rows and columns behind the "
                       "table, save the workbook and choose it again.")  # fmt: skip
        raise Invalid("file", words, file=name) from None


def _by_calamine(path: Path, wanted: str | None) -> Iterator[Sequence[Any]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(path))
    found = book.get_sheet_by_name(wanted) if wanted else book.get_sheet_by_index(0)
    # Empty rows at the beginning come too: the others keep the numbers that the spreadsheet shows.
    for row in found.iter_rows():
        yield () if row.count("") == len(row) else [_cell(cell) for cell in row]


def _by_cells(path: Path, wanted: str | None) -> Iterator[Sequence[Any]]:
    from openpyxl import load_workbook
    from python_calamine import WorksheetNotFound

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        if wanted and wanted not in book.sheetnames:
            raise WorksheetNotFound(wanted)
        found: Any = book[wanted] if wanted else book.worksheets[0]
        found.reset_dimensions()  # else each row is as wide as the widest, and all that there could be come
        for row in found.iter_rows():
            yield [_cell(_as_shown(cell)) for cell in row]
    finally:
        book.close()


def _check_package(path: Path, name: str) -> None:
    """Refuse a packed workbook that is far larger than it looks, before it is unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    if unpacked > LARGEST_UNPACKED or unpacked > 10_000_000 + 300 * path.stat().st_size:
        words = N_("The workbook %(file)s is %(size)s MB unpacked; that is not taken.")
        raise Invalid("file", words, file=name, size=unpacked // 1_000_000)


def _is_for_openpyxl(path: Path) -> bool:
    """Whether an XLSX has percentages, or any sheet of it an error or nearly all holes, by a look at the bytes."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as package:
        if "xl/styles.xml" in package.namelist() and _PERCENT.search(b"".join(_portions(package, "xl/styles.xml"))):
            return True
        sheets = [part for part in package.namelist() if part.startswith("xl/worksheets/") and part.endswith(".xml")]
        return any(_has_errors_or_holes(_portions(package, part)) for part in sheets)


def _has_formulas_without_results(path: Path) -> bool:
    """Whether a cell of an XLSX holds a formula that no spreadsheet has worked out yet: it would be read as empty."""
    return any(_NO_RESULT.search(portion) for portion in _sheets(path))


def _sheets(path: Path) -> Iterator[bytes]:
    """The bytes of an XLSX's sheets, in portions; none of another workbook."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as package:
        for part in package.namelist():
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                yield from _portions(package, part)


def _has_errors_or_holes(portions: Iterable[bytes]) -> bool:
    cells, width, height = 0, 0, 0
    for portion in portions:
        if _AN_ERROR.search(portion):
            return True
        columns = _CELL.findall(portion)
        cells += len(columns)
        width = max(width, *map(_place, set(columns)), 0)
        height = max(height, *map(int, _ROW.findall(portion)), 0)
    return width * height > max(LARGEST_FIELD, LEAST_FILLED * cells)


def _portions(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part's bytes; each portion begins with the end of the one before, lest a sign be cut in two."""
    with package.open(part) as file:
        before = b""
        while portion := file.read(PORTION):
            yield before + portion
            before = portion[-_LONGEST_SIGN:]


def _place(letters: bytes) -> int:
    """The number of a column from its letters: A is 1."""
    place = 0
    for letter in letters.upper():
        place = 26 * place + letter - 64
    return place


def _as_shown(cell: Any) -> Any:
    """A cell's value as calamine gives it, which knows days; a percentage as people read it, “10%” and not 0.1."""
    value = cell.value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    return value


def _cell(cell: Any) -> Any:
    """A workbook's cell as a CSV would have it; days and instants stay what they are."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool | datetime.datetime | datetime.date | datetime.time) or cell is None:
        return cell
    return str(cell)
