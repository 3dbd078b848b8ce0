"""The cells of a workbook's sheet (XLSX, XLS, ODS, XLSB), as a table in a file has them."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import N_, Invalid

LARGEST_UNPACKED = 4_000_000_000  # bytes: what 750,000 rows of fifty columns come to
PORTION = 1 << 20
_AN_ERROR = b't="e"'  # a cell's type (ECMA-376, 18.18.11)


def sheet(path: Path, name: str, wanted: str | None) -> Iterator[Sequence[Any]]:
    """The rows of the sheet called `wanted`, else of the first one. `name`: what the file is called. Raises Invalid."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_package(path, name)
    try:
        book = CalamineWorkbook.from_path(str(path))
        found = book.get_sheet_by_name(wanted) if wanted else book.get_sheet_by_index(0)
        errors = _errors(path, found.name)
        # Empty rows at the beginning come too: the others keep the numbers that the spreadsheet shows.
        for number, row in enumerate(found.iter_rows(), start=1):
            cells = [_cell(cell) for cell in row]
            for place, text in errors.get(number, ()):
                cells[place] = text
            yield cells
    except (CalamineError, ValueError, IndexError, OSError) as reason:
        words = N_("The workbook %(file)s cannot be read: %(reason)s.")
        raise Invalid("file", words, file=name, reason=" ".join(str(reason).split())[:200]) from None


def _check_package(path: Path, name: str) -> None:
    """Refuse a packed workbook that is far larger than it looks, before it is unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    if unpacked > LARGEST_UNPACKED or unpacked > 10_000_000 + 300 * path.stat().st_size:
        words = N_("The workbook %(file)s is %(size)s MB unpacked; that is not taken.")
        raise Invalid("file", words, file=name, size=unpacked // 1_000_000)


def _errors(path: Path, name: str) -> dict[int, list[tuple[int, str]]]:
    """The cells of a sheet that hold an error (#N/A, #DIV/0!), by row: their places from 0 and what they show.

    Calamine gives them as empty, and nothing of a file may become empty unsaid. Only an XLSX is asked.
    """
    if not _has_errors(path):
        return {}
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        found: dict[int, list[tuple[int, str]]] = {}
        for number, row in enumerate(book[name].iter_rows(), start=1):
            for place, cell in enumerate(row):
                if cell.data_type == "e":
                    found.setdefault(number, []).append((place, str(cell.value)))
        return found
    finally:
        book.close()


def _has_errors(path: Path) -> bool:
    """Whether any sheet of an XLSX has an error, by a look at the bytes, which takes little."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as package:
        sheets = [part for part in package.namelist() if part.startswith("xl/worksheets/") and part.endswith(".xml")]
        return any(_says(package, part, _AN_ERROR) for part in sheets)


def _says(package: zipfile.ZipFile, part: str, wanted: bytes) -> bool:
    with package.open(part) as file:
        before = b""
        while portion := file.read(PORTION):
            if wanted in before + portion:
                return True
            before = portion[-len(wanted) :]
    return False


def _cell(cell: Any) -> Any:
    """A workbook's cell as a CSV would have it; days and instants stay what they are."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool | datetime.datetime | datetime.date | datetime.time) or cell is None:
        return cell
    return str(cell)
