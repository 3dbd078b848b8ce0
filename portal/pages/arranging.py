"""The arranging of a form by who administers a list: its sections with their fields, and what is left out.

All of it stands in the page's own form, so that buttons move fields without scripts and nothing is saved before “Save”.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from werkzeug.datastructures import MultiDict

from ...lists import content_types, list_forms
from ...lists.catalogue import Column, ListDefinition
from . import column_form

SECTION, OUT = "section", ""


@dataclass(frozen=True)
class Arranged:
    """One section as it is arranged, not saved yet."""

    titles: Mapping[str, str]
    names: tuple[str, ...]


def offered(found: ListDefinition) -> dict[str, Column]:
    """The columns that may be put into a form, by name: an amount's currency comes with the amount, and the content
    type stands first by itself."""
    placed = {list_forms.currency_of(found, column) for column in found.form_columns} | {content_types.NAME}
    return {column.name: column for column in found.form_columns if column.name not in placed}


def standing(found: ListDefinition) -> list[Arranged]:
    """The form that the list has now."""
    known = offered(found)
    return [
        Arranged(section.titles, tuple(column.name for column in section.columns if column.name in known))
        for section in list_forms.sections(found)
    ]


def typed(form: MultiDict[str, str], found: ListDefinition) -> list[Arranged]:
    """What the page's form says: titles by section; `column`, `in` and `was`, as many, say which column stands where
    and stood on the page. What is put into another section stands last there."""
    number = min(len(form.getlist(SECTION)), list_forms.MOST_SECTIONS)
    names: list[list[str]] = [[] for _section in range(number)]
    left = set(offered(found))
    rows = list(zip_longest(form.getlist("column"), form.getlist("in"), form.getlist("was"), fillvalue=OUT))
    standing = [row for row in rows if row[1] == row[2]]
    for name, place, _was in standing + [row for row in rows if row[1] != row[2]]:
        if name in left and place.isdecimal() and len(place) < 4 and int(place) < number:
            left.remove(name)
            names[int(place)].append(name)
    titles = [column_form.by_language(form, f"{SECTION}-{place}-title") or {} for place in range(number)]
    return [Arranged(title, tuple(there)) for title, there in zip(titles, names, strict=True)] or [Arranged({}, ())]


def done(arranged: list[Arranged], asked: str) -> list[Arranged]:
    """After a button was pressed: `section`, `drop-1` (its fields go to the one before), `sooner-1`, `later-1` (a whole
    section), `up-name`, `down-name`, `put-name` (into the last section)."""
    what, _dash, which = asked.partition("-")
    if what == SECTION and len(arranged) < list_forms.MOST_SECTIONS:
        return [*arranged, Arranged({}, ())]
    if what == "drop":
        return _dropped(arranged, _place(which))
    if what in ("sooner", "later"):
        return _swapped(arranged, _place(which), -1 if what == "sooner" else 1)
    if what in ("up", "down"):
        return _moved(arranged, which, -1 if what == "up" else 1)
    if what == "put" and which and not any(which in one.names for one in arranged):
        return [*arranged[:-1], replace(arranged[-1], names=(*arranged[-1].names, which))]
    return arranged


def body(arranged: list[Arranged]) -> list[dict[str, Any]]:
    """The form as the list's settings say it; an empty section without a title says nothing."""
    return [
        {**({"title": dict(one.titles)} if one.titles else {}), "columns": list(one.names)}
        for one in arranged if one.names or one.titles
    ]  # fmt: skip


def _place(typed: str) -> int:
    """A section's number; one that no form has where it is none."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else list_forms.MOST_SECTIONS


def _swapped(arranged: list[Arranged], at: int, step: int) -> list[Arranged]:
    """A section one place further, with its title and fields."""
    if not (0 <= at < len(arranged) and 0 <= at + step < len(arranged)):
        return arranged
    made = list(arranged)
    made[at], made[at + step] = made[at + step], made[at]
    return made


def _dropped(arranged: list[Arranged], at: int) -> list[Arranged]:
    if len(arranged) < 2 or at >= len(arranged):
        return arranged
    to, rest = max(at - 1, 0), [one for place, one in enumerate(arranged) if place != at]
    names = rest[to].names + arranged[at].names if at else arranged[at].names + rest[to].names
    rest[to] = replace(rest[to], names=names)
    return rest


def _moved(arranged: list[Arranged], name: str, step: int) -> list[Arranged]:
    """The field one place further; from the edge of its section into the next one."""
    at = next((place for place, one in enumerate(arranged) if name in one.names), None)
    if at is None:
        return arranged
    made, names = list(arranged), list(arranged[at].names)
    place = names.index(name)
    names.remove(name)
    if 0 <= place + step <= len(names):
        names.insert(place + step, name)
    elif 0 <= at + step < len(made):
        there = made[at + step].names
        made[at + step] = replace(made[at + step], names=(*there, name) if step < 0 else (name, *there))
    else:
        names.insert(place, name)
    made[at] = replace(made[at], names=tuple(names))
    return made
