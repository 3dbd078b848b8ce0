"""vCards as rows of a table: versions 2.1, 3 and 4 (RFC 2426, RFC 6350), as telephones and mail programs write them."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import N_, Invalid

ADDRESS = ("Street", "City", "Region", "Postcode", "Country")
COLUMNS = (
    "UID", "Name", "First name", "Surname", "Organisation", "Department", "Function", "E-mail", "E-mail 2", "Mobile",
    "Phone", "Phone 2", "Fax", "Web", "Street", "Postcode", "City", "Region", "Country", "Birthday", "Note",
    "Categories",
)  # fmt: skip
LONGEST_LINE = 5_000_000  # a picture may be in it
SIMPLE = {
    "UID": ("UID",), "FN": ("Name",), "TITLE": ("Function",), "EMAIL": ("E-mail", "E-mail 2"), "URL": ("Web",),
    "BDAY": ("Birthday",), "NOTE": ("Note",), "CATEGORIES": ("Categories",),
}  # fmt: skip
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SEMICOLON = re.compile(r"(?<!\\);")


@dataclass(frozen=True)
class Line:
    """One property: its name, its parameters' words in capitals, its value as written."""

    name: str
    words: frozenset[str] = field(default_factory=frozenset)
    value: str = ""


def read(lines: Iterable[str], file: str) -> Iterator[dict[str, Any]]:
    """A row for every card. Raises Invalid where there is none, or one has no end."""
    row: dict[str, Any] | None = None
    begun = count = 0
    for number, line in _unfolded(lines, file):
        kind = (line.name, line.value.strip().upper())
        if kind == ("BEGIN", "VCARD"):
            if row is not None:
                raise _unfinished(file, begun)
            row, begun = dict.fromkeys(map(str, COLUMNS), ""), number
        elif kind == ("END", "VCARD") and row is not None:
            yield row
            row, count = None, count + 1
        elif row is not None:
            _take(row, line)
    if row is not None:
        raise _unfinished(file, begun)
    if not count:
        raise Invalid("file", "There is no vCard in %(file)s.", file=file)


def _unfinished(file: str, line: int) -> Invalid:
    return Invalid("file", N_("The vCard that begins at line %(line)s of %(file)s has no end."), file=file, line=line)


def _take(row: dict[str, Any], line: Line) -> None:
    """Put what a property says into the row; of several that say the same kind, the first that has room."""
    if line.name == "N":
        surname, first, middle = _parts(line.value, 3)
        row["Surname"], row["First name"] = surname, " ".join(filter(None, (first, middle)))
    elif line.name == "ORG":
        row["Organisation"], row["Department"] = _parts(line.value, 2)
    elif line.name == "ADR" and not any(row[name] for name in ADDRESS):
        box, more, *parts = _parts(line.value, 7)
        row |= dict(zip(ADDRESS, [" ".join(filter(None, (box, more, parts[0]))), *parts[1:]], strict=True))
    elif line.name == "TEL":
        places = ("Fax",) if "FAX" in line.words else ("Mobile", "Phone", "Phone 2")
        _put(row, places if line.words & {"CELL", "FAX"} else places[1:], line.value.removeprefix("tel:"))
    elif line.name in SIMPLE:
        _put(row, SIMPLE[line.name], line.value.removeprefix("mailto:") if line.name == "EMAIL" else line.value)


def _put(row: dict[str, Any], places: tuple[str, ...], value: str) -> None:
    for place in places:
        if not row[place]:
            row[place] = _plain(value)
            return


def _parts(value: str, number: int) -> list[str]:
    parts = [_plain(part) for part in _SEMICOLON.split(value)]
    return (parts + [""] * number)[:number]


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _unfolded(lines: Iterable[str], file: str) -> Iterator[tuple[int, Line]]:
    """Every property with the number of its first line: a line that begins with a space goes on with the one before,
    and so does one after a quoted-printable line that ends with "="."""
    text, begun = "", 0
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r\n")
        if text and (line[:1] in (" ", "\t") or (text.endswith("=") and "QUOTED-PRINTABLE" in text.upper())):
            text = text.removesuffix("=") + line if line[:1] not in (" ", "\t") else text + line[1:]
        else:
            if text:
                yield begun, _line(text)
            text, begun = line, number
        if len(text) > LONGEST_LINE:
            words = N_("Line %(line)s of %(file)s is longer than %(max)s characters.")
            raise Invalid("file", words, file=file, line=begun, max=LONGEST_LINE)
    if text:
        yield begun, _line(text)


def _line(text: str) -> Line:
    head, _, value = text.partition(":") if '"' not in text else _split_quoted(text)
    name, *parameters = head.split(";")
    kinds = {word.strip('"') for one in parameters for word in one.upper().rpartition("=")[2].split(",")}
    if "QUOTED-PRINTABLE" in kinds:
        value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")
    return Line(name.rpartition(".")[2].strip().upper(), frozenset(kinds), value)


def _split_quoted(text: str) -> tuple[str, str, str]:
    """Head and value where a parameter may be quoted: the first colon outside of quotation marks divides them."""
    quoted = False
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            return text[:place], ":", text[place + 1 :]
    return text.partition(":")
