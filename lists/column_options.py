"""What a column's options may say: checked once, when the column is made, so that no later read stumbles over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .columns import TYPES, ColumnType, column_type
from .columns.numbers import NumberColumn
from .errors import Invalid
from .sqltypes import is_storable

COMMON = frozenset(
    {
        "required",
        "unique",
        "default",
        "indexed",
        "description",
        "by_program",
        "hidden",
        "in_form",
        "section",
        "search",
        "validation",
        "default_formula",
        "show_when",
    }
)
SWITCHES = (
    "required", "unique", "indexed", "by_program", "hidden", "in_form", "search", "multiline", "per_year", "multiple",
    "complete", "tree",
)  # fmt: skip
LONGEST_INDEXED = 500  # characters; PostgreSQL refuses rows whose index entry is longer than 2,704 bytes
LONGEST_DESCRIPTION = 1000
LONGEST_TEXT, LONGEST_CHOICE, MOST_CHOICES = 1_000_000, 100, 1000


def check(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse options that the type does not have, or whose values it cannot use. Raises Invalid on the option."""
    unknown = sorted(set(options) - COMMON - TYPES[kind].option_names)
    if unknown:
        raise Invalid(unknown[0], "A column of type %(type)s has no option %(option)s.", type=kind, option=unknown[0])
    for name, value in options.items():
        if not is_storable(value):
            raise Invalid(name, "This holds a character or a number that is none.")
    for name in SWITCHES:
        if not isinstance(options.get(name, False), bool):
            raise Invalid(name, "This must be true or false.")
    _check_texts(options)
    TYPES[kind].check_options(options)
    _check_decimals(options)
    _check_bounds(kind, options)
    _check_choices(kind, options)
    _check_index(kind, options)
    _check_default(kind, options)


def _check_texts(options: Mapping[str, Any]) -> None:
    described = options.get("description")
    texts = described.values() if isinstance(described, Mapping) else [described or ""]
    if not all(isinstance(text, str) and len(text) <= LONGEST_DESCRIPTION for text in texts):
        raise Invalid(
            "description", "This is a text, or one text per language, of at most %(max)s characters.",
            max=LONGEST_DESCRIPTION,
        )  # fmt: skip
    if not isinstance(options.get("section", ""), (str, Mapping)):
        raise Invalid("section", "This must be a text.")


def _check_decimals(options: Mapping[str, Any]) -> None:
    decimals = options.get("decimals", 0)
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 6:
        raise Invalid("decimals", "This must be between %(min)s and %(max)s.", min=0, max=6)


def _check_bounds(kind: str, options: Mapping[str, Any]) -> None:
    for name in ("min", "max"):
        bound = options.get(name)
        if bound is None:
            continue
        if not issubclass(TYPES[kind], NumberColumn):
            if isinstance(bound, bool) or not isinstance(bound, int) or not 1 <= bound <= LONGEST_TEXT:
                raise Invalid(name, "This must be between %(min)s and %(max)s.", min=1, max=LONGEST_TEXT)
            continue
        try:
            sound = not isinstance(bound, bool) and Decimal(str(bound)).is_finite()
        except InvalidOperation:
            sound = False
        if not sound:
            raise Invalid(name, "This must be a number.")
    low, high = options.get("min"), options.get("max")
    if issubclass(TYPES[kind], NumberColumn) and None not in (low, high) and Decimal(str(low)) > Decimal(str(high)):
        raise Invalid("max", "This must be at least %(min)s.", min=str(low))


def _check_choices(kind: str, options: Mapping[str, Any]) -> None:
    if "choices" not in TYPES[kind].option_names:
        return
    choices = options.get("choices")
    if not isinstance(choices, list) or not 0 < len(choices) <= MOST_CHOICES:
        raise Invalid("choices", "A choice needs its choices.")
    values = [choice.get("value") if isinstance(choice, dict) else choice for choice in choices]
    told = [choice for choice in choices if isinstance(choice, dict)]
    sound = all(isinstance(value, str) and 0 < len(value) <= LONGEST_CHOICE and value.isprintable() for value in values)
    sound = sound and all(_is_sound_choice(choice, TYPES[kind].choice_keys) for choice in told)  # type: ignore[attr-defined]
    if not sound or len(set(values)) != len(values):
        raise Invalid("choices", "Each choice is a text of its own, or a value with its titles.")


def _is_sound_choice(choice: Mapping[str, Any], keys: Collection[str]) -> bool:
    title = choice.get("title", {})
    texts = title.values() if isinstance(title, dict) else [None]
    return (
        all(isinstance(text, str) and len(text) <= LONGEST_CHOICE for text in texts)
        and isinstance(choice.get("retired", False), bool)
        and set(choice) <= set(keys)
    )


def _check_index(kind: str, options: Mapping[str, Any]) -> None:
    if not (options.get("unique") or options.get("indexed")):
        return
    name = "unique" if options.get("unique") else "indexed"
    if not can_be_indexed(column_type(kind, options)):
        raise Invalid(
            name,
            "Only short values can be indexed or unique: give a text at most %(max)s characters.",
            max=LONGEST_INDEXED,
        )


def can_be_indexed(kind: ColumnType) -> bool:
    """Whether its values are short enough for an index."""
    return not (kind.is_multi or kind.is_composite or (kind.is_text and getattr(kind, "longest", 0) > LONGEST_INDEXED))


def _check_default(kind: str, options: Mapping[str, Any]) -> None:
    default = options.get("default")
    if default is None or default == "@me" or (isinstance(default, Mapping) and set(default) == {"formula"}):
        return
    made = column_type(kind, options)
    try:
        value = made.parse(default)
    except Invalid as refusal:
        raise Invalid("default", refusal.message, **refusal.values) from None
    retired = getattr(made, "retired", None)
    if retired and retired & set(value if isinstance(value, list) else [value]):
        raise Invalid("default", "“%(value)s” is retired; choose another.", value=str(default)[:40])
