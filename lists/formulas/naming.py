"""Which column a name in a formula means: an internal name, a title in any language, or (stored) an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import N_
from .tree import Field, Kind, Type, Word, misfit

MOST_LOOKUPS = 2  # how many lookups a path follows
SYSTEM = {
    "id": Type(Kind.NUMBER), "version": Type(Kind.NUMBER), "guid": Type(Kind.TEXT), "external_id": Type(Kind.TEXT),
    "created": Type(Kind.INSTANT), "modified": Type(Kind.INSTANT),
    "created_by": Type(Kind.ITEM, target="users"), "modified_by": Type(Kind.ITEM, target="users"),
}  # fmt: skip
OF_USERS = {"id": Type(Kind.NUMBER), "name": Type(Kind.TEXT), "email": Type(Kind.TEXT)}
_NUMBERS = {"number", "currency", "percent"}
_TEXTS = {"text", "email", "phone", "url", "choice", "content_type", "country", "auto_number"}
_SIMPLE = {"boolean": Kind.BOOLEAN, "date": Kind.DATE, "datetime": Kind.INSTANT}


class Lists(Protocol):
    """The catalogue, as far as names need it."""

    @property
    def by_name(self) -> Any: ...


@dataclass(frozen=True)
class Named:
    """What a word means: the column as a field, its key for storing, and the column itself where it is calculated."""

    field: Field
    key: str
    calculated: Any = None


def type_of(column: Any) -> Type:
    """The type that a column's values have in formulas; of a calculated one that of its result."""
    kind = column.type.result
    if kind.name in _NUMBERS:
        return Type(Kind.NUMBER, kind.decimals)
    if kind.name in _TEXTS:
        return Type(Kind.TEXT)
    if kind.name in _SIMPLE:
        return Type(_SIMPLE[kind.name])
    if kind.target and not kind.is_multi:
        return Type(Kind.ITEM, target=str(kind.target))
    return Type(Kind.OTHER, target=kind.target)


def named(found: Any, word: Word) -> Named:
    """The column of the list `found` (None = the users) that a word means. Raises Invalid at the word's place."""
    if found is None:
        return _of_users(word)
    key = word.text
    if key.startswith("#"):
        columns = [column for column in found.columns if str(column.id) == key[1:]]
        if not columns and key[1:] in SYSTEM:
            return _of_system(key[1:])
    elif key.lower() in found.by_name:
        columns = [found.by_name[key.lower()]]
    elif key.lower() in SYSTEM:
        return _of_system(key.lower())
    else:
        columns = [column for column in found.visible_columns if key.casefold() in _titles(column)]
    columns = [column for column in columns if not column.hidden and column.is_own]
    if len(columns) > 1:
        names = ", ".join(column.name for column in columns)
        words = N_("At character %(place)s: “%(name)s” may be any of %(columns)s; write its internal name.")
        raise misfit(word.start, words, name=key[:60], columns=names)
    if not columns:
        words = N_("At character %(place)s: the list %(list)s has no column “%(name)s”.")
        raise misfit(word.start, words, list=found.name, name=key[:60])
    column = columns[0]
    type_ = type_of(column)
    places = type_.places if type_.kind is Kind.NUMBER else None
    return Named(
        Field(type_, column.name, places, column.type.weight),
        f"#{column.id}",
        column if column.type.name == "calculated" else None,
    )


def _of_system(name: str) -> Named:
    return Named(Field(SYSTEM[name], name), f"#{name}")


def _of_users(word: Word) -> Named:
    name = word.text.removeprefix("#").lower()
    if name not in OF_USERS:
        words = N_("At character %(place)s: a person has no column “%(name)s”, only name and email.")
        raise misfit(word.start, words, name=word.text[:60])
    return Named(Field(OF_USERS[name], name), f"#{name}")


def _titles(column: Any) -> set[str]:
    return {title.casefold() for title in column.titles.values()}
