"""What a column's options may say: checked once, when the column is made, so that no later read stumbles over them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .columns import TYPES, column_type
from .columns.calculated import FORMATS
from .columns.numbers import NumberColumn
from .errors import Invalid

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
SWITCHES = ("required", "unique", "indexed", "by_program", "hidden", "in_form", "search", "multiline")
LONGEST_INDEXED = 500  # characters; PostgreSQL refuses rows whose index entry is longer than 2,704 bytes
LONGEST_TEXT, LONGEST_CHOICE, MOST_CHOICES = 1_000_000, 100, 1000


def check(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse options that the type does not have, or whose values it cannot use. Raises Invalid on the option."""
    unknown = sorted(set(options) - COMMON - TYPES[kind].option_names)
    if unknown:
        raise Invalid(unknown[0], "A column of type %(type)s has no option %(option)s.", type=kind, option=unknown[0])
    for name in SWITCHES:
        if not isinstance(options.get(name, False), bool):
            raise Invalid(name, "This must be true or false.")
    if not TYPES[kind].is_stored:
        _check_calculated(options)
    _check_decimals(options)
    _check_bounds(kind, options)
    _check_choices(kind, options)
    _check_index(kind, options)
    _check_default(kind, options)


def _check_calculated(options: Mapping[str, Any]) -> None:
    """What is never written has no default and no index. The formula itself is checked with the whole list known."""
    for name in ("required", "unique", "indexed", "default", "default_formula", "validation", "show_when"):
        if options.get(name):
            raise Invalid(name, "A calculated column has no such option.")
    if options.get("format", "number") not in FORMATS:
        raise Invalid(
            "format",
            "“%(value)s” is not one of: %(choices)s.",
            value=str(options["format"])[:40],
            choices=", ".join(FORMATS),
        )


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


def _check_choices(kind: str, options: Mapping[str, Any]) -> None:
    if "choices" not in TYPES[kind].option_names:
        return
    choices = options.get("choices")
    if not isinstance(choices, list) or not 0 < len(choices) <= MOST_CHOICES:
        raise Invalid("choices", "A choice needs its choices.")
    values = [choice.get("value") if isinstance(choice, dict) else choice for choice in choices]
    titles = [choice.get("title", {}) for choice in choices if isinstance(choice, dict)]
    sound = all(isinstance(value, str) and 0 < len(value) <= LONGEST_CHOICE for value in values)
    sound = sound and all(
        isinstance(title, dict) and all(isinstance(text, str) for text in title.values()) for title in titles
    )
    if not sound or len(set(values)) != len(values):
        raise Invalid("choices", "Each choice is a text of its own, or a value with its titles.")


def _check_index(kind: str, options: Mapping[str, Any]) -> None:
    if not (options.get("unique") or options.get("indexed")):
        return
    name = "unique" if options.get("unique") else "indexed"
    made = column_type(kind, options)
    longest = getattr(made, "longest", 0) if made.is_text else 0
    if made.is_multi or kind == "address" or longest > LONGEST_INDEXED:
        raise Invalid(
            name,
            "Only short values can be indexed or unique: give a text at most %(max)s characters.",
            max=LONGEST_INDEXED,
        )


def _check_default(kind: str, options: Mapping[str, Any]) -> None:
    default = options.get("default")
    if default is None or default == "@me" or (isinstance(default, Mapping) and set(default) == {"formula"}):
        return
    try:
        column_type(kind, options).parse(default)
    except Invalid as refusal:
        raise Invalid("default", refusal.message, **refusal.values) from None
