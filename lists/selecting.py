"""Which rows of its file a step of an import takes: those that its mapping means, joined, each key once."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import N_, Invalid
from .mapping import Step
from .sources import SourceRow, Table, open_table, read_table
from .spooling import Rows, spooled

Key = tuple[str, ...]


def rows_of(step: Step, folder: Path) -> Rows:
    """The rows of a step's file that it is about. Raises Invalid: no such file or column."""
    options = {"encoding": step.encoding, "delimiter": step.delimiter, "sheet": step.sheet}
    header, rows = open_table(folder / step.file, **options)
    if step.join:
        other = read_table(folder / step.join.file)
        rows = _joined(rows, other, step.join.on, set(header))
        header = tuple(dict.fromkeys((*header, *other.header)))
    check_sources(step, header)
    rows = (row for row in rows if all(_passes(row.values[name], wanted) for name, wanted in step.where.items()))
    return spooled(header, _distinct(rows, sorted(step.all_sources)) if step.distinct else rows)


def check_sources(step: Step, header: Sequence[str]) -> None:
    """Refuse a mapping that reads columns which the file does not have. Raises Invalid."""
    missing = sorted(step.all_sources - set(header))
    if missing:
        words = N_("The file %(file)s has no column “%(column)s”. It has: %(columns)s.")
        raise Invalid("mapping", words, file=step.file, column=missing[0], columns=", ".join(sorted(header)))


def _passes(cell: Any, wanted: Any) -> bool:
    """`where`: a text that the cell must be, a list of them, or true for any and false for none."""
    if isinstance(wanted, bool):
        return (cell not in (None, "")) is wanted
    return str(cell) in [str(one) for one in (wanted if isinstance(wanted, list) else [wanted])]


def _joined(rows: Iterable[SourceRow], other: Table, on: str, own: set[str]) -> Iterator[SourceRow]:
    if on not in own or on not in other.header:
        raise Invalid("mapping", "Both files must have the column “%(column)s” on which they join.", column=on)
    by_key = {row.values[on]: row.values for row in other.rows}
    empty = dict.fromkeys(other.header, "")
    return (dataclasses.replace(row, values={**by_key.get(row.values[on], empty), **row.values}) for row in rows)


def _distinct(rows: Iterable[SourceRow], names: list[str]) -> Iterator[SourceRow]:
    """The first of all rows that say the same in the columns that the step reads."""
    seen: set[bytes] = set()
    for row in rows:
        said = hashlib.blake2b(repr([row.values[name] for name in names]).encode(), digest_size=16).digest()
        if said not in seen:
            seen.add(said)
            yield row


def first_of_each_key(step: Step, rows: Iterable[SourceRow]) -> Mapping[Key, int]:
    """For keys that stand in several rows: the number of the first that has it.

    A first look keeps eight bytes of each key; only what they find to be there twice is kept as it is.
    """
    if step.existing != "update":
        return {}
    hashes = array("q", (hash(_key(step, row)) for row in rows))
    ordered = sorted(hashes)
    twice = {one for one, other in itertools.pairwise(ordered) if one == other}
    first: dict[Key, int] = {}
    for row, known in zip(rows, hashes, strict=True) if twice else ():
        if known in twice:
            first.setdefault(_key(step, row), row.number)
    return first


def check_first(step: Step, row: SourceRow, first: Mapping[Key, int]) -> None:
    """Refuse a row whose key stood in an earlier row already: taking both, the later would undo the earlier unseen."""
    key = _key(step, row)
    if step.existing == "update" and any(key) and first.get(key, row.number) != row.number:
        words = N_("Row %(row)s has the same key: %(key)s.")
        raise Invalid(step.match[0], words, row=first[key], key=", ".join(filter(None, key))[:120])


def _key(step: Step, row: SourceRow) -> Key:
    return tuple([str(row.values[source] or "").strip() for source in step.key_sources])
