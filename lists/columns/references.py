"""Columns that point elsewhere: lookups into lists, persons, the people of an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer

from ..errors import N_, Invalid
from ..sqltypes import Json
from .base import NEVER_WRITTEN, ColumnType, Reader, refuse, refuse_options
from .options import Option

MOST_SHOWN = 50
# What the options of a column mean that is about the items pointing here.
POINTING_HERE = {
    "list": Option("list", N_("List whose items point here"), required=True),
    "column": Option("text", N_("Its lookup that points here"), N_("Its internal name."), required=True),
}


@dataclass(frozen=True)
class Reference:
    """What a lookup shows: the item's id and its title, as far as the reader may see it."""

    id: int
    title: str
    list: str

    def __str__(self) -> str:
        return self.title


class References(list[Reference]):
    """The first few of what points at an item; `in_all` says how many there are."""

    def __init__(self, references: Iterable[Reference], in_all: int) -> None:
        super().__init__(references)
        self.in_all = in_all


class LookupColumn(ColumnType):
    """One item of another list (option `list`). Written as an id, read as a Reference.

    `show`: columns of that list that come along, as columns called `<lookup>.<column>`. `tree`, of a lookup to its own
    list: the items lie in each other, none of them in itself (trees.py).
    """

    name = "lookup"
    is_indexed = True
    operators = frozenset({"eq", "ne", "in", "empty", "contains", "startswith", "endswith"})
    form_field = "lookup"
    option_names = frozenset({"list", "show", "tree"})
    lasting = frozenset({"list", "tree"})

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        show = options.get("show")
        if show is None:
            return
        sound = isinstance(show, list) and len(show) <= MOST_SHOWN and all(isinstance(name, str) for name in show)
        if not sound or len(set(show)) != len(show):
            raise Invalid("show", "This is a list of at most %(max)s names of columns, each once.", max=MOST_SHOWN)

    @property
    def target(self) -> str:  # type: ignore[override]
        return str(self.options["list"])

    def sql_type(self) -> Any:
        return Integer()

    def parse(self, raw: Any) -> int | None:
        if isinstance(raw, Reference):
            return raw.id
        if isinstance(raw, dict):
            if "id" not in raw:
                raise refuse("This must be the number of an item.")
            raw = raw["id"]
        if raw is None or raw == "":
            return None
        try:
            number = int(raw) if not isinstance(raw, (bool, float)) else 0
        except (ValueError, TypeError, OverflowError):
            number = 0
        if not 0 < number < 2**31:
            raise refuse("This must be the number of an item.")
        return number

    def to_json(self, value: Any) -> Any:
        return {"id": value.id, "title": value.title} if isinstance(value, Reference) else value

    def format(self, value: Any, reader: Reader) -> str:
        return value.title if isinstance(value, Reference) else ""

    def form_value(self, value: Any, reader: Reader) -> Any:
        return value if value is not None else ""

    def search_text(self, value: Any) -> str:
        return value.title if isinstance(value, Reference) else ""

    def export_cell(self, value: Any) -> Any:
        return value.title if isinstance(value, Reference) else None


class MultiLookupColumn(LookupColumn):
    """Any number of items of another list."""

    name = "multi_lookup"
    operators = frozenset({"eq", "ne", "in", "empty", "contains"})
    form_field = "multi_lookup"
    option_names = frozenset({"list"})
    is_multi = True
    is_indexed = False

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> list[int] | None:  # type: ignore[override]
        if raw is None or raw == "":
            return None
        many = raw if isinstance(raw, (list, tuple)) else [raw]
        if len(many) > 1000:
            raise refuse("There can be at most %(max)s of them.", max=1000)
        ids = [LookupColumn.parse(self, one) for one in many]
        return list(dict.fromkeys(number for number in ids if number)) or None

    def parse_operand(self, raw: Any) -> int | None:
        return LookupColumn.parse(self, raw)

    def to_json(self, value: Any) -> Any:
        return [LookupColumn.to_json(self, one) for one in value or ()]

    def format(self, value: Any, reader: Reader) -> str:
        return ", ".join(one.title for one in value or () if isinstance(one, Reference))

    def form_value(self, value: Any, reader: Reader) -> Any:
        return list(value or ())

    def search_text(self, value: Any) -> str:
        return " ".join(one.title for one in value or () if isinstance(one, Reference))

    def export_cell(self, value: Any) -> str:
        return ", ".join(one.title for one in value or () if isinstance(one, Reference))


class ReverseLookupColumn(MultiLookupColumn):
    """What points here: the items of `list` whose lookup `column` names this item. Found whenever it is read, as far as
    the reader may see them: the latest few, and how many there are.
    """

    name = "reverse_lookup"
    operators = frozenset({"eq", "ne", "in", "empty", "contains"})
    form_field = "fixed"
    option_names = frozenset({"list", "column"})
    lasting = frozenset()
    described = POINTING_HERE
    is_stored = is_given = False
    FIRST = 10

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        refuse_options(options, *NEVER_WRITTEN)

    def sql_type(self) -> Any:
        raise TypeError("a reverse lookup has no place in the table")

    def parse(self, raw: Any) -> Any:
        raise refuse("This is found by the program; it cannot be set.")

    def format(self, value: Any, reader: Reader) -> str:
        text = super().format(value, reader)
        return f"{text} … ({value.in_all})" if isinstance(value, References) and value.in_all > len(value) else text

    def export_cell(self, value: Any) -> str:
        return self.format(value, Reader())


class PersonColumn(LookupColumn):
    """A user; with `multiple`, any number of them."""

    name = "person"
    form_field = "person"
    option_names = frozenset({"multiple"})
    target = "users"  # type: ignore[assignment]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ColumnType:
        return PeopleColumn(options) if options.get("multiple") else cls(options)


class PeopleColumn(MultiLookupColumn):
    """Any number of users: a person column that says `multiple`."""

    name = "person"
    option_names = PersonColumn.option_names
    target = "users"  # type: ignore[assignment]


class GroupColumn(LookupColumn):
    """A sales group; with `multiple`, any number of them."""

    name = "group"
    option_names = frozenset({"multiple"})
    lasting = frozenset()
    described = {"multiple": Option("switch", N_("Several groups"))}
    target = "sales_groups"  # type: ignore[assignment]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ColumnType:
        return GroupsColumn(options) if options.get("multiple") else cls(options)


class GroupsColumn(MultiLookupColumn):
    """Any number of sales groups: a group column that says `multiple`."""

    name = "group"
    option_names = GroupColumn.option_names
    lasting = frozenset()
    target = "sales_groups"  # type: ignore[assignment]


class ParticipantsColumn(ColumnType):
    """Who takes part: `[{"user": id} or {"contact": id} or {"email": …}, with "answer"]`."""

    name = "participants"
    operators = frozenset({"empty"})
    form_field = "participants"
    is_multi = True
    ANSWERS = ("none", "accepted", "declined", "tentative")

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> list[dict[str, Any]] | None:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, (list, tuple)) or len(raw) > 1000:
            raise refuse("This must be a list of participants, at most %(max)s.", max=1000)
        return [self._one(entry) for entry in raw] or None

    def _one(self, entry: Any) -> dict[str, Any]:
        kinds = [kind for kind in ("user", "contact", "email") if isinstance(entry, dict) and entry.get(kind)]
        if len(kinds) != 1:
            raise refuse("Each participant is a user, a contact or an e-mail address.")
        kind = kinds[0]
        answer = entry.get("answer") or "none"
        if answer not in self.ANSWERS:
            raise refuse(
                "“%(value)s” is not one of: %(choices)s.", value=str(answer)[:40], choices=", ".join(self.ANSWERS)
            )
        who = entry[kind]
        if kind == "email":
            if not isinstance(who, str) or "@" not in who or len(who) > 254:
                raise refuse("“%(value)s” is not an e-mail address.", value=str(who)[:60])
            return {"email": who.strip(), "answer": answer}
        number = LookupColumn({"list": ""}).parse(who)
        return {kind: number, "answer": answer}

    def format(self, value: Any, reader: Reader) -> str:
        return ", ".join(one["email"] for one in value or () if "email" in one)

    def form_value(self, value: Any, reader: Reader) -> Any:
        return list(value or ())

    def export_cell(self, value: Any) -> str:
        return ", ".join(one["email"] for one in value or () if "email" in one)
