"""Rows that lie in a file, not in memory: written once, then read in order or by their place, however many they are."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, overload

KINDS: dict[str, Any] = {
    "instant": datetime.datetime.fromisoformat,
    "day": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
}


@dataclass(frozen=True)
class SourceRow:
    """One row: its `number` as a spreadsheet shows it (the header is 1) and its values by the header's names."""

    number: int
    values: dict[str, Any]
    surplus: int = 0  # how many fields it has beyond the header's


class Rows(Sequence[SourceRow]):
    """The rows of a table in a spool file: a line of JSON for the header, then one for each row."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        file.seek(0)
        first = file.readline()
        self.header: tuple[str, ...] = tuple(json.loads(first or b"[]"))
        self._starts = array("Q")
        start, digest = file.tell(), hashlib.sha256(first)
        for line in file:
            digest.update(line)
            self._starts.append(start)
            start += len(line)
        self.sha256 = digest.hexdigest()  # names what they say

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[SourceRow]:
        return self._read(0, len(self))

    @overload
    def __getitem__(self, place: int) -> SourceRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[SourceRow]: ...
    def __getitem__(self, place: int | slice) -> SourceRow | list[SourceRow]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return list(self._read(start, stop))[::step]
        return next(self._read(range(len(self))[place], len(self)))

    def _read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """The rows from one place to another; others may read in between, so that the place is kept here."""
        while start < stop:
            self.file.seek(self._starts[start])
            some = min(stop, start + 1000)
            for line in [self.file.readline() for _ in range(start, some)]:
                yield _row(self.header, line)
            start = some


def write(file: IO[bytes], header: Sequence[str], rows: Iterable[SourceRow]) -> int:
    """Write a table into a spool file; answers how many rows it has."""
    file.write(_line(list(header)))
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  the last number is the answer
        file.write(_line([row.number, row.surplus, *(_dumped(row.values[name]) for name in header)]))
    file.flush()
    return count


def head(file: IO[bytes], number: int) -> tuple[tuple[str, ...], list[SourceRow]]:
    """The header of the table in a spool file and its first rows; no more is read."""
    header = tuple(json.loads(file.readline() or b"[]"))
    return header, [_row(header, line) for line in itertools.islice(file, number)]


def spooled(header: Sequence[str], rows: Iterable[SourceRow]) -> Rows:
    """The rows in a file of their own, which goes with them."""
    file = tempfile.TemporaryFile(prefix="caseroom-rows-")  # noqa: SIM115  the rows own it
    write(file, header, rows)
    return Rows(file)


def _row(header: Sequence[str], line: bytes) -> SourceRow:
    number, surplus, *cells = _DECODER.decode(line.decode("utf-8", "surrogatepass"))
    return SourceRow(number, dict(zip(header, cells, strict=True)), surplus)


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _dumped(cell: Any) -> Any:
    if isinstance(cell, datetime.datetime):
        return {"instant": cell.isoformat()}
    if isinstance(cell, datetime.date):
        return {"day": cell.isoformat()}
    return {"time": cell.isoformat()} if isinstance(cell, datetime.time) else cell


def _loaded(cell: dict[str, str]) -> Any:
    ((kind, text),) = cell.items()
    return KINDS[kind](text)


_DECODER = json.JSONDecoder(object_hook=_loaded)
