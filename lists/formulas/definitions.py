"""Formulas in the definitions of lists: checked, stored by column id, and found again.

A calculated column has `formula`; any other may have `validation` ({formula, message}), `default_formula` and
`show_when`; a list may have a `validation` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .. import models
from ..errors import Invalid
from . import checking, naming, storing, syntax
from .tree import Constant, Kind, Moments, Node, Type, Word

if TYPE_CHECKING:
    from ..catalogue import Catalogue, Column, ListDefinition
    from ..rights import Actor

RESULTS = {Kind.TEXT: "text", Kind.BOOLEAN: "boolean", Kind.DATE: "date", Kind.INSTANT: "datetime"}
OF_COLUMNS = ("validation", "default_formula", "show_when")  # options that any stored column may have
LONGEST_MESSAGE = 500


def moments_of(actor: Actor) -> Moments:
    """What TODAY(), NOW() and ME() mean to this reader, now."""
    instant = models.now()
    today = instant.astimezone(ZoneInfo(actor.time_zone)).date()
    me = {"users": actor.user_id, "salespeople": actor.salesperson_id}
    return Moments(instant, today, actor.time_zone, me)


# --- What is read: formulas as they are stored ----------------------------------------------------


def tree_of(lists: Catalogue, found: ListDefinition, column: Column) -> Node:
    """What a calculated column computes; blank where a formula has lost what it was made of."""
    key = (column.id, "formula")
    if key not in lists.formulas:
        try:
            node = checking.Checker(lists, found).calculated(found, column, Word(column.name, 0, 0))
        except Invalid:
            node = Constant(naming.type_of(column), None)
        lists.formulas[key] = node
    return lists.formulas[key]


def formula_of(lists: Catalogue, found: ListDefinition, column: Column | None, option: str) -> Node | None:
    """What an option's formula computes: of a column, or of the list itself (None). None where there is none."""
    given = (column.options if column else found.settings).get(option)
    text = given.get("formula") if isinstance(given, Mapping) else given
    if not text:
        return None
    key = (column.id if column else -found.id, option)
    if key not in lists.formulas:
        try:
            lists.formulas[key] = _check(lists, found, column, option, str(text), stored=True).node
        except Invalid:
            lists.formulas[key] = None
    return lists.formulas[key]


def condition_of(lists: Catalogue, found: ListDefinition, text: str) -> Node | None:
    """What a stored condition of a view asks; None where it has lost what it was made of."""
    key = (-found.id, f"condition {text}")
    if key not in lists.formulas:
        try:
            lists.formulas[key] = _check(lists, found, None, "condition", text, stored=True).node
        except Invalid:
            lists.formulas[key] = None
    return lists.formulas[key]


# --- What is given: formulas as people write them -------------------------------------------------


def settled(lists: Catalogue, found: ListDefinition, column: Column, *, stored: bool = False) -> dict[str, Any]:
    """The column's options with its formulas checked and stored by ids. Raises Invalid on the option, with place.

    `stored`: they have been accepted before, and are looked at again since something that they use has changed.
    """
    options = dict(column.options)
    if not column.type.is_stored:
        return options | _calculated(lists, found, column, stored)
    if isinstance(options.get("default"), Mapping) and set(options["default"]) == {"formula"}:
        options["default_formula"] = options.pop("default")["formula"]
    for option in OF_COLUMNS:
        if options.get(option) is None:
            continue
        options[option] = _option(lists, found, column, option, options[option], stored)
    return options


def condition(
    lists: Catalogue, found: ListDefinition, option: str, text: Any, *, stored: bool = False
) -> tuple[str, Node]:
    """A condition on the items of a list, by ids and as what it means. Raises Invalid on the option, with place."""
    checked = _check(lists, found, None, option, text, stored=stored)
    return storing.by_ids(str(text), checked.words), checked.node


def has_formulas(options: Mapping[str, Any]) -> bool:
    """Whether a column's options say anything in formulas."""
    default = options.get("default")
    return any(options.get(name) for name in ("formula", *OF_COLUMNS)) or (
        isinstance(default, Mapping) and "formula" in default
    )


def validation_of_list(lists: Catalogue, found: ListDefinition, given: Any, *, stored: bool = False) -> dict[str, Any]:
    """A list's own `validation` {formula, message}, checked and stored by ids. Raises Invalid."""
    return _option(lists, found, None, "validation", given, stored)


def settled_condition(lists: Catalogue, found: ListDefinition, given: Any, option: str) -> str:
    """A condition of a view, checked and stored by ids. Raises Invalid on the option, with place."""
    return storing.by_ids(given, _check(lists, found, None, option, given).words)


def shown(lists: Catalogue, found: ListDefinition, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with their formulas as people write them, by names."""
    made = {key: value for key, value in options.items() if key != "result"}
    for name in ("formula", "default_formula", "show_when"):
        if isinstance(made.get(name), str):
            made[name] = storing.by_names(made[name], lists, found)
    if isinstance(made.get("filter"), str) and made.get("list") in lists.by_name:
        made["filter"] = storing.by_names(made["filter"], lists, lists.by_name[made["list"]])
    rule = made.get("validation")
    if isinstance(rule, Mapping) and "formula" in rule:
        made["validation"] = {**rule, "formula": storing.by_names(str(rule["formula"]), lists, found)}
    return made


def _calculated(lists: Catalogue, found: ListDefinition, column: Column, stored: bool) -> dict[str, Any]:
    text = column.options.get("formula")
    if not text:
        raise Invalid("formula", "A calculated column needs its formula.")
    checked = _check(lists, found, column, "formula", text, stored=stored)
    kind, options = checked.node.type, column.options
    if kind.kind is not Kind.NUMBER:
        for name in ("decimals", "format"):
            if options.get(name) is not None:
                raise Invalid(name, "This formula's value is not a number, so that this option has no meaning.")
        result: dict[str, Any] = {"type": RESULTS[kind.kind]}
    else:
        result = {"type": options.get("format", "number"), "decimals": int(options.get("decimals", kind.places))}
    return {"formula": storing.by_ids(text, checked.words), "result": result}


def _option(
    lists: Catalogue, found: ListDefinition, column: Column | None, option: str, given: Any, stored: bool = False
) -> Any:
    if option != "validation":
        checked = _check(lists, found, column, option, given, stored=stored)
        return storing.by_ids(given, checked.words)
    if not isinstance(given, Mapping) or set(given) - {"formula", "message"} or not given.get("formula"):
        raise Invalid(option, "A validation has a formula, and a message of its own.")
    message = given.get("message")
    texts = {"en": message} if isinstance(message, str) else message
    if texts is not None and not (
        isinstance(texts, Mapping)
        and all(isinstance(text, str) and 0 < len(text) <= LONGEST_MESSAGE for text in texts.values())
    ):
        raise Invalid(option, "The message is a text, or one text per language.")
    checked = _check(lists, found, column, option, given["formula"], stored=stored)
    rule = {"formula": storing.by_ids(given["formula"], checked.words)}
    return rule if not texts else {**rule, "message": dict(texts)}


def _check(
    lists: Catalogue, found: ListDefinition, column: Column | None, option: str, text: Any, *, stored: bool = False
) -> checking.Checked:
    try:
        written = syntax.parse(text, stored=stored)
        if option == "formula" and column is not None:
            checker = checking.Checker(lists, found, ((found.name, column.name),))
            return checking.check(written, lists, found, checker=checker)
        if option != "default_formula":
            return checking.check(written, lists, found, wanted=Kind.BOOLEAN)
        return _default(checking.check(written, lists, found, wanted=_kind_of(column)), column)
    except Invalid as refusal:
        raise Invalid(option, refusal.message, **refusal.values) from None


def _kind_of(column: Column | None) -> Kind:
    kind = naming.type_of(column).kind
    if kind is Kind.OTHER:
        raise Invalid("", "A column of this type has no default by formula.")
    return kind


def _default(checked: checking.Checked, column: Column | None) -> checking.Checked:
    """A default that is an item must be one of the column's list; ME() is the reader as one of them."""
    type_ = naming.type_of(column)
    if type_.kind is not Kind.ITEM:
        return checked
    if checked.node.type.target not in (None, type_.target):
        raise Invalid("", "This is an item of another list.")
    return replace(checked, node=replace(checked.node, type=Type(Kind.ITEM, target=type_.target)))


# --- Who uses what --------------------------------------------------------------------------------


def uses(lists: Catalogue, column: Column) -> list[tuple[ListDefinition, Column | None]]:
    """Where formulas of other columns use this one: the column, or None where it is the list's own validation."""
    return [
        (found, owner)
        for found in lists.by_name.values()
        for owner in (None, *found.columns)
        if (owner is None or owner.id != column.id)
        and any(f"[#{column.id}]" in text for text in _texts(owner.options if owner else found.settings))
    ]


def _texts(options: Mapping[str, Any]) -> list[str]:
    rule = options.get("validation")
    texts = [options.get(name) for name in ("formula", "default_formula", "show_when", "filter")]
    texts.append(rule.get("formula") if isinstance(rule, Mapping) else None)
    return [text for text in texts if isinstance(text, str)]
