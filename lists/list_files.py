"""Lists as files: one readable JSON or TOML file says what a list is made of, and optionally its rows.

The CRM's own definitions are such files (`definitions/`). What a file may say is checked here in its shape, with the
place of each refusal (`columns[3].choices`); whether it makes sense is for who applies it (list_templates.py).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import N_, FieldError, Invalid
from .sqltypes import is_storable
from .view_settings import SETTINGS as SETTINGS_OF_VIEW

LARGEST, DEEPEST = 50_000_000, 30  # characters, brackets
ABOUT_LIST = (
    "name",
    "title",
    "description",
    "kind",
    "separation",
    "headline",
    "translated",
    "validation",
    "comments",
    "form",
    "folders",
    "settings",
)
OF_LIST = frozenset({*ABOUT_LIST, "columns", "views", "rows"})
OF_VIEW = frozenset({"name", "title", *SETTINGS_OF_VIEW}) - {"default_for"}  # groups are this house's own
# What anybody's file may say of a list's settings; the CRM's own say more, which names functions of the program.
SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "folders_of": lambda given: isinstance(given, str) and bool(re.fullmatch(r"[a-z][a-z0-9_]{0,49}", given)),
    "icon": lambda given: isinstance(given, str) and bool(re.fullmatch(r"[a-z-]{1,40}", given)),
    "item_title": lambda given: (
        isinstance(given, dict) and all(isinstance(text, str) and 0 < len(text) <= 200 for text in given.values())
    ),
}


def read(text: str, *, shipped: bool = False) -> dict[str, Any]:
    """The body of a list that a file gives. Raises Invalid, whose fields are places in the file."""
    if len(text) > LARGEST:
        raise Invalid("", "The file is larger than %(max)s characters.", max=LARGEST)
    body = _parsed(text.removeprefix("\ufeff"))
    if not isinstance(body, dict):
        raise Invalid("", "The file describes no list.")
    errors = list(_problems(body, "", 0)) or list(_misshapen(body, shipped))
    if errors:
        raise Invalid.many(errors[:20])
    return body


def write(body: Mapping[str, Any], rows: Iterable[Mapping[str, Any]] | None = None) -> Iterator[str]:
    """The file of a list, in pieces; each row on a line of its own."""
    text = json.dumps(body, ensure_ascii=False, indent=2)
    if rows is None:
        yield f"{text}\n"
        return
    yield text.removesuffix("\n}") + ',\n  "rows": ['
    for number, row in enumerate(rows):
        yield (",\n    " if number else "\n    ") + json.dumps(row, ensure_ascii=False)
    yield "\n  ]\n}\n"


def _parsed(text: str) -> Any:
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text)
        return tomllib.loads(text)
    except RecursionError:
        raise Invalid("", "The file is nested too deeply.") from None
    except ValueError as refusal:
        words = N_("The file is neither JSON nor TOML: look at line %(line)s.")
        raise Invalid("", words, line=broken_line(text, refusal)) from None


def broken_line(text: str, refusal: ValueError) -> int:
    """At which line of a text JSON, TOML or Unicode breaks; where it only ends too early, its last."""
    if isinstance(refusal, UnicodeDecodeError):
        return refusal.object.count(b"\n", 0, refusal.start) + 1
    said = re.search(r"\bline (\d+)", str(refusal))
    return int(said[1]) if said else text.count("\n") + 1


def _problems(value: Any, place: str, depth: int) -> Iterator[FieldError]:
    """What no database keeps, and towers of brackets."""
    if depth > DEEPEST:
        yield FieldError(place[:200], N_("The file is nested too deeply."))
    elif isinstance(value, str) and not is_storable(value):
        yield FieldError(place, N_("This text holds a character that is none (NUL or half a pair)."))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _problems(key, place, depth + 1)
            yield from _problems(inner, f"{place}.{key}" if place else str(key), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _problems(inner, f"{place}[{number}]", depth + 1)
    elif isinstance(value, float) and not is_storable(value):
        yield FieldError(place, N_("This must be a number."))


def _misshapen(body: Mapping[str, Any], shipped: bool) -> Iterator[FieldError]:
    for key in body:
        if key not in OF_LIST:
            yield FieldError(str(key)[:80], N_("A list's file says nothing called so."))
    if not isinstance(body.get("name"), str):
        yield FieldError("name", N_("The list needs its name."))
    settings = body.get("settings", {})
    if not isinstance(settings, dict):
        yield FieldError("settings", N_("This must be an object."))
    elif not shipped:
        for key, value in settings.items():
            if key not in SETTINGS:
                yield FieldError(f"settings.{key}"[:80], N_("Only the CRM's own lists may say this."))
            elif not SETTINGS[key](value):
                yield FieldError(f"settings.{key}", N_("This is not understood."))
    for part in ("columns", "views", "rows"):
        entries = body.get(part, [])
        if not isinstance(entries, list):
            yield FieldError(part, N_("This must be a list of objects."))
            continue
        for number, entry in enumerate(entries, 1):
            yield from _misshapen_entry(part, f"{part}[{number}]", entry)
    for part in ("columns", "views"):
        yield from _twice(part, body.get(part, []))


def _misshapen_entry(part: str, place: str, entry: Any) -> Iterator[FieldError]:
    if not isinstance(entry, dict):
        yield FieldError(place, N_("This must be an object."))
    elif part != "rows" and not isinstance(entry.get("name"), str):
        yield FieldError(f"{place}.name", N_("This needs a name."))
    elif part == "columns" and not isinstance(entry.get("type"), str):
        yield FieldError(f"{place}.type", N_("A column needs its type."))
    elif part == "views":
        for key in entry:
            if key not in OF_VIEW:
                yield FieldError(f"{place}.{key}"[:80], N_("A view says nothing called so."))
            elif key in ("filter", "order", "group", "kind") and not isinstance(entry[key], str):
                yield FieldError(f"{place}.{key}", N_("This must be a text."))
        if not isinstance(entry.get("default", False), bool):
            yield FieldError(f"{place}.default", N_("This must be true or false."))
        columns = entry.get("columns", [])
        if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
            yield FieldError(f"{place}.columns", N_("This must be a list of words."))


def _twice(part: str, entries: Any) -> Iterator[FieldError]:
    seen: set[Any] = set()
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in seen:
            yield FieldError(f"{part}[{number}].name", N_("“%(name)s” stands twice."), {"name": name[:80]})
        seen.add(name if isinstance(name, str) else None)


class Misplaced(Invalid):
    """A refusal whose fields are places in a file."""


@contextmanager
def placed(body: Mapping[str, Any], place: str = "", *, first: int = 1) -> Iterator[None]:
    """Within this block a refusal names its place in the body: `place`, else the column that it is about.

    `first`: the number of the first column; people count from 1, programs from 0.
    """
    try:
        yield
    except Misplaced:
        raise
    except Invalid as refusal:
        names = [str(one.get("name")) for one in body.get("columns", ())]
        there = f"columns[{names.index(refusal.about) + first}]" if refusal.about in names else ""
        place = place or there
        errors = [
            FieldError(".".join(filter(None, (place, one.field))), one.message, one.values) for one in refusal.errors
        ]
        raise Misplaced.many(errors) from None
