"""What a list's form looks like: which fields it has, in which order, in which sections.

A list's setting `form` is a list of sections `{title, columns}`. It names columns by their names, so that one in the
bin is out of the form, and comes back to its place. Without it a form has all fields, in the columns' order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .catalogue import Column, ListDefinition
from .errors import N_, FieldError, Invalid, Titles

MOST_SECTIONS = 50
Form = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Section:
    """Some fields of a form, under a title or none."""

    titles: Mapping[str, str]
    columns: tuple[Column, ...]

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles.get("en") or next(iter(self.titles.values()), "")


def sections(found: ListDefinition) -> list[Section]:
    """The sections of a list's form.

    What must be filled in and has no default is in every form, last where nobody has placed it: a column that became
    required later stops nobody from making items.
    """
    form: Form | None = found.settings.get("form")
    if form is None:
        return [Section({}, found.form_columns)]
    offered = {column.name: column for column in found.form_columns}
    made = [
        Section(one.get("title", {}), tuple(offered[name] for name in one["columns"] if name in offered))
        for one in form
    ]
    unplaced = tuple(_must_be_in(found, {column.name for one in made for column in one.columns}))
    return [*made[:-1], replace(made[-1], columns=made[-1].columns + unplaced)]


def columns(found: ListDefinition) -> list[Column]:
    """The columns of a list's form in their order; an amount brings the column of its currency along."""
    placed = {column.name: column for section in sections(found) for column in section.columns}
    beside = {currency_of(found, column): column for column in placed.values()}
    return [*placed.values(), *(found.by_name[name] for name in beside if name and name not in placed)]


def with_form(found: ListDefinition, form: Form | None) -> ListDefinition:
    """The same list with another form; None: all fields."""
    return replace(found, settings={**found.settings, "form": form})


def shown(found: ListDefinition) -> list[dict[str, Any]] | None:
    """The form as people write it; None where nobody has arranged one."""
    if found.settings.get("form") is None:
        return None
    return [
        {**({"title": dict(one.titles)} if one.titles else {}), "columns": [column.name for column in one.columns]}
        for one in sections(found)
    ]


def checked(found: ListDefinition, given: Any) -> list[dict[str, Any]]:
    """A form as it is kept. Raises Invalid on `form`: columns that there are not, or what must be in it and is not."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_SECTIONS:
        raise Invalid("form", "A form is a list of one to %(max)s sections.", max=MOST_SECTIONS)
    made = [_section(found, one) for one in given]
    names = [name for section in made for name in section["columns"]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Invalid("form", "“%(name)s” stands twice.", name=twice)
    words = N_("“%(column)s” must be filled in and has no default: it belongs in the form.")
    missing = [
        FieldError("form", words, {"column": Titles(column.titles)}) for column in _must_be_in(found, set(names))
    ]
    if missing:
        raise Invalid.many(missing)
    return made


def without(form: Form, names: Collection[str]) -> list[dict[str, Any]]:
    """The form without these columns."""
    return [{**one, "columns": [name for name in one["columns"] if name not in names]} for one in form]


def _section(found: ListDefinition, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not set(given) <= {"title", "columns"}:
        raise Invalid("form", "A section has a title, or none, and columns.")
    from . import schema  # which looks at forms too

    names, title = given.get("columns"), given.get("title")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("form", "The columns of a section are a list of names.")
    offered = {column.name for column in found.form_columns}
    for name in names:
        if name not in offered:
            raise Invalid("form", "The list %(list)s has no column %(column)s.", list=found.name, column=name[:40])
    try:
        titles = schema.titles_of({"title": title}) if title else {}
    except Invalid as refusal:
        raise Invalid("form", refusal.message) from None
    return {**({"title": titles} if titles else {}), "columns": list(names)}


def _must_be_in(found: ListDefinition, names: Collection[str]) -> Iterable[Column]:
    """The columns without which nobody could make an item by a form that has these."""
    return (
        column for column in found.form_columns
        if column.required and not column.by_program and column.name not in names
        and column.default is None and not column.options.get("default_formula")
        and column.name not in {currency_of(found, found.by_name[name]) for name in names}
    )  # fmt: skip


def currency_of(found: ListDefinition, column: Column) -> str | None:
    """The column with an amount's currency, whose field is part of the amount's."""
    if column.type.name != "currency":
        return None
    name = column.type.options.get("currency_column", "currency")
    return name if found.has(name) and found.by_name[name].in_form else None
