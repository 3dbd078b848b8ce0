"""Content types: kinds of items in one list, each with a form, required columns and defaults of its own.

They are the choices of the list's column `content_type`. `as_type` makes of a list what it is for items of one type: a
column outside the type's form is not required, its form has no field for it, and its values stay where they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from . import default_items, list_forms
from .catalogue import Column, ListDefinition
from .columns.content_type import ContentTypeColumn
from .errors import N_, Invalid, NotFound, Titles
from .models import ColumnRow

NAME = ContentTypeColumn.name
LONGEST_DESCRIPTION = 1000
Type = Mapping[str, Any]


def column_of(found: ListDefinition) -> Column | None:
    """The column that says of which type an item is, where the list has types."""
    column = found.by_name.get(NAME)
    return column if column and isinstance(column.type, ContentTypeColumn) else None


def types_of(found: ListDefinition) -> list[dict[str, Any]]:
    """What is said of each of the list's types, in their order."""
    column = column_of(found)
    return [dict(column.type.says(value)) for value in column.type.values] if column else []  # type: ignore[attr-defined]


def default_of(found: ListDefinition) -> str | None:
    """The type of a new item for which nobody names one."""
    column = column_of(found)
    return column.default if column else None


def as_type(found: ListDefinition, value: Any) -> ListDefinition:
    """The list as it is for items of one of its types; of none, as it is."""
    column = column_of(found)
    said = column.type.says(value) if column else {}  # type: ignore[attr-defined]
    if not said:
        return found
    known: dict[str, ListDefinition] = found.__dict__.setdefault("_as_type", {})
    if value not in known:
        known[value] = _as_type(found, said)
    return known[value]


def asked_anew(found: ListDefinition, changed: Collection[str]) -> set[str]:
    """The columns (of the list as its type) that must be filled in since the item has become of this type."""
    return {column.name for column in found.required_columns} if column_of(found) and NAME in changed else set()


def fill(session: Session, found: ListDefinition) -> None:
    """Give the items without a type the default one: those that stand when the column is new, and those made while it
    was in the bin.

    One statement, without versions: nobody has changed these items, and before there were types they had none.
    """
    column = found.table.c[found.column(NAME).physical]
    session.execute(update(found.table).where(column.is_(None)).values({column.name: default_of(found)}))


def type_called(found: ListDefinition, value: str) -> dict[str, Any]:
    """What is said of a type. Raises NotFound."""
    for one in types_of(found):
        if one["value"] == value:
            return one
    raise NotFound("There is no such content type.")


def numbers(session: Session, found: ListDefinition) -> dict[str, int]:
    """How many standing items there are of each type."""
    column = found.sql(NAME)
    there = select(column, func.count()).where(found.table.c.deleted.is_(None)).group_by(column)
    return {value: number for value, number in session.execute(there) if value}


# --- What a type may say --------------------------------------------------------------------------


def checked(found: ListDefinition, choices: Any) -> list[dict[str, Any]]:
    """The types as they are kept; their shape as choices is known to be sound. Raises Invalid on `choices`."""
    made = [_checked(found, one if isinstance(one, Mapping) else {"value": one}) for one in choices]
    if all(one.get("retired") for one in made):
        raise Invalid("choices", "One content type at least must not be retired.")
    return made


def _checked(found: ListDefinition, given: Type) -> dict[str, Any]:
    made = {key: value for key, value in given.items() if value not in (None, [], {}, "", False)}
    try:
        if "form" in made:
            made["form"] = list_forms.checked(loosened(found), made["form"])
        whole = list_forms.with_form(loosened(found), made.get("form") or found.settings.get("form"))
        names = {column.name for column in list_forms.columns(whole)}
        _check_texts(made.get("description", {}))
        _check_required(found, made.get("required", []), names)
        _check_defaults(found, made.get("defaults", {}))
    except Invalid as refusal:
        words = N_("Content type %(type)s: %(refusal)s")
        raise Invalid("choices", words, type=given["value"], refusal=refusal.words) from None
    return made


def _check_texts(given: Any) -> None:
    texts = given.values() if isinstance(given, Mapping) else [given]
    if not all(isinstance(text, str) and len(text) <= LONGEST_DESCRIPTION for text in texts):
        words = N_("This is a text, or one text per language, of at most %(max)s characters.")
        raise Invalid("description", words, max=LONGEST_DESCRIPTION)


def _check_required(found: ListDefinition, given: Any, in_form: Collection[str]) -> None:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise Invalid("required", "This must be a list of words.")
    for name in given:
        column = found.by_name.get(name)
        if column is None or column.by_program or column.hidden:
            raise Invalid("required", "The list %(list)s has no column %(column)s.", list=found.name, column=name[:40])
        if name not in in_form:
            words = N_("“%(column)s” must be filled in and has no default: it belongs in the form.")
            raise Invalid("required", words, column=Titles(column.titles))


def _check_defaults(found: ListDefinition, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise Invalid("defaults", "This must be an object with columns as names.")
    for name, value in given.items():
        column = found.by_name.get(name)
        if column is None or column.by_program or column.hidden or name == NAME:
            raise Invalid("defaults", "The list %(list)s has no column %(column)s.", list=found.name, column=name[:40])
        if not _is_default(column, value):
            words = N_("“%(value)s” is no value for “%(column)s”.")
            raise Invalid("defaults", words, value=str(value)[:40], column=Titles(column.titles))


def _is_default(column: Column, value: Any) -> bool:
    if value == "@me":
        return column.type.target == "users"
    if default_items.has_item(column):
        return default_items.is_guid(value)
    if column.type.target or column.type.name == "attachment":
        return False
    try:
        parsed = column.type.parse(value)
    except Invalid:
        return False
    retired = getattr(column.type, "retired", frozenset())
    return parsed is not None and not (retired and retired & set(parsed if isinstance(parsed, list) else [parsed]))


# --- The list as one type -------------------------------------------------------------------------


def _as_type(found: ListDefinition, said: Type) -> ListDefinition:
    form = said.get("form") or found.settings.get("form")
    form = form or [{"columns": [column.name for column in found.form_columns if column.name != NAME]}]
    if not any(NAME in section["columns"] for section in form):
        form = [{"columns": [NAME]}, *form]  # where it is chosen, unless somebody has placed it
    required, defaults = set(said.get("required", ())), said.get("defaults", {})
    whole = list_forms.with_form(loosened(found, required, defaults) if said.get("form") else found, form)
    in_form = {column.name for column in list_forms.columns(whole)}
    columns = (_of_type(column, column.name in in_form, required, defaults) for column in found.columns)
    return replace(whole, columns=tuple(columns))


def _of_type(column: Column, in_form: bool, required: Collection[str], defaults: Mapping[str, Any]) -> Column:
    options = dict(column.options)
    if column.in_form and not column.by_program:
        options["required"] = in_form and (column.required or column.name in required or column.name == NAME)
    if column.name in defaults and _is_default(column, defaults[column.name]):
        options.pop("default_formula", None)
        options["default"] = defaults[column.name]
    return replace(column, options=options)


def loosened(found: ListDefinition, required: Collection[str] = (), defaults: Collection[str] = ()) -> ListDefinition:
    """The list of whose columns a form must have only the name and what the type requires."""
    kept = {"name", *required} - set(defaults)
    columns = (
        column if column.name in kept else replace(column, options={**column.options, "required": False})
        for column in found.columns
    )
    return replace(found, columns=tuple(columns))


# --- Columns that go --------------------------------------------------------------------------------


def without_column(choices: Any, names: Collection[str]) -> list[Any]:
    """The types, where they say nothing of these columns."""
    return [_without(one, names) if isinstance(one, Mapping) else one for one in choices]


def forget_column(session: Session, found: ListDefinition, name: str) -> None:
    """No type says anything of a column that goes into the bin or out of sight."""
    column = column_of(found)
    if column is not None and column.name != name:
        row = session.get_one(ColumnRow, column.id)
        row.options = {**row.options, "choices": without_column(row.options["choices"], {name})}


def _without(said: Type, names: Collection[str]) -> dict[str, Any]:
    made = dict(said)
    if "form" in made:
        made["form"] = list_forms.without(made["form"], names)
    if "required" in made:
        made["required"] = [name for name in made["required"] if name not in names]
    if "defaults" in made:
        made["defaults"] = {name: value for name, value in made["defaults"].items() if name not in names}
    return {key: value for key, value in made.items() if value not in ([], {})}


def still_known(found: ListDefinition, choices: Any) -> list[Any]:
    """The types, where they say nothing of columns that have gone since they were said."""
    told = [one for one in choices if isinstance(one, Mapping)]
    named = {name for one in told for section in one.get("form", ()) for name in section["columns"]}
    named |= {name for one in told for name in (*one.get("required", ()), *one.get("defaults", ()))}
    return without_column(choices, {name for name in named if not found.has(name) or not found.by_name[name].in_form})
