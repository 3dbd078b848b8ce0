"""The options of columns that look at other columns and lists: checked when all of them are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import content_types
from .catalogue import Catalogue, Column, ListDefinition
from .columns import TYPES
from .columns.computed import RollupColumn, ShownColumn
from .columns.content_type import ContentTypeColumn
from .columns.numbers import NumberColumn
from .columns.references import LookupColumn, ReverseLookupColumn
from .errors import N_, Invalid
from .formulas import definitions as formulas
from .formulas import syntax
from .formulas.tree import HEAVIEST, gathers, weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDED, _COMPARED = ("number", "currency", "percent"), ("number", "currency", "percent", "date", "datetime")


def needs_settling(kind: str, options: Mapping[str, Any]) -> bool:
    """Whether a column of this type says anything about others."""
    looks = not TYPES[kind].is_stored or bool(options.get("show")) or kind == ContentTypeColumn.name
    return looks or formulas.has_formulas(options)


def settled(lists: Catalogue, found: ListDefinition, column: Column, *, stored: bool = False) -> dict[str, Any]:
    """The column's options, checked, with formulas by ids. Raises Invalid on the option.

    `stored`: they have been accepted before, and are looked at again since something that they use has changed.
    """
    if isinstance(column.type, RollupColumn):
        return {**column.options, **_rollup(lists, found, column, stored)}
    if isinstance(column.type, ReverseLookupColumn):
        _pointing(lists, found, column.options)
        return dict(column.options)
    if isinstance(column.type, LookupColumn) and column.options.get("show") is not None:
        _check_shown(lists, column)
    if isinstance(column.type, ContentTypeColumn):
        choices = column.options["choices"]
        choices = content_types.checked(found, content_types.still_known(found, choices) if stored else choices)
        column = replace(column, options={**column.options, "choices": choices})
    return formulas.settled(lists, found, column, stored=stored)


def uses(lists: Catalogue, found: ListDefinition, column: Column) -> list[str]:
    """The columns of other lists that look at this one: `list.column`."""
    return [
        f"{other.name}.{owner.name}"
        for other in lists.by_name.values()
        for owner in other.columns
        if (_looks_at(owner, found, column))
    ]


def looking_at(lists: Catalogue, list_name: str) -> list[str]:
    """The columns of other lists that gather what is in this one."""
    return [
        f"{other.name}.{owner.name}"
        for other in lists.by_name.values()
        for owner in other.columns
        if isinstance(owner.type, (RollupColumn, ReverseLookupColumn))
        and owner.options.get("list") == list_name
        and other.name != list_name
    ]


def _looks_at(owner: Column, found: ListDefinition, column: Column) -> bool:
    if isinstance(owner.type, (RollupColumn, ReverseLookupColumn)):
        return owner.options.get("list") == found.name and column.name in (
            owner.options.get("column"), owner.options.get("of"),
        )  # fmt: skip
    return owner.type.target == found.name and column.name in (owner.options.get("show") or ())


def _pointing(lists: Catalogue, found: ListDefinition, options: Mapping[str, Any]) -> ListDefinition:
    """The list that points at `found`. Raises Invalid."""
    other = lists.by_name.get(str(options.get("list")))
    if other is None:
        raise Invalid("list", "There is no list called %(list)s.", list=str(options.get("list"))[:80])
    name = options.get("column")
    lookup = other.by_name.get(name) if isinstance(name, str) else None
    if lookup is None or lookup.hidden or not lookup.type.is_stored or lookup.type.target != found.name:
        words = N_("The list %(list)s has no lookup “%(column)s” that points here.")
        raise Invalid("column", words, list=other.name, column=str(name)[:80])
    return other


def _rollup(lists: Catalogue, found: ListDefinition, column: Column, stored: bool) -> dict[str, Any]:
    kind, options = column.type, column.options
    assert isinstance(kind, RollupColumn)
    other = _pointing(lists, found, options)
    if kind.function not in kind.FUNCTIONS:
        words = N_("“%(value)s” is not one of: %(choices)s.")
        raise Invalid("function", words, value=str(kind.function)[:40], choices=", ".join(kind.FUNCTIONS))
    result = _result(other, kind, options.get("of"))
    if not options.get("filter"):
        return {"result": result}
    text, node = formulas.condition(lists, other, "filter", options["filter"], stored=stored)
    if gathers(node):
        raise Invalid("filter", "A roll-up cannot be made of other roll-ups and reverse lookups.")
    count, weight = weigh(node)
    made = {"filter": text, "result": {**result, "weight": weight}}
    try:
        syntax.check_size(count, RollupColumn({**options, **made}).weight, HEAVIEST)
    except Invalid as refusal:
        raise Invalid("filter", refusal.message, **refusal.values) from None
    return made


def _result(other: ListDefinition, kind: RollupColumn, name: Any) -> dict[str, Any]:
    """The type of what it comes to."""
    if kind.function == "count":
        if name is not None:
            raise Invalid("of", "What is counted are items, not a column.")
        return {"type": "number", "decimals": 0}
    of = other.by_name.get(name) if isinstance(name, str) else None
    wanted = _ADDED if kind.function in ("sum", "avg") else _COMPARED
    if of is None or of.hidden or of.type.name not in wanted:
        words = N_("The list %(list)s has no column “%(column)s” of one of these types: %(types)s.")
        raise Invalid("of", words, list=other.name, column=str(name)[:80], types=", ".join(wanted))
    result: dict[str, Any] = {"type": of.type.name}
    if isinstance(of.type, NumberColumn):
        result["decimals"] = max(of.type.decimals, 2) if kind.function == "avg" else of.type.decimals
    if of.type.name == "currency":
        result["currency_column"] = of.type.options.get("currency_column", "currency")
    return result


def _check_shown(lists: Catalogue, column: Column) -> None:
    names, target = column.options["show"], lists.by_name.get(str(column.type.target))
    if target is None:
        raise Invalid("show", "A person has no column %(column)s.", column=str(names)[:80])
    for name in names:
        shown = target.by_name.get(name)
        if shown is None or shown.hidden:
            words = N_("The list %(list)s has no column %(column)s.")
            raise Invalid("show", words, list=target.name, column=name[:80])
        if isinstance(shown.type, (ShownColumn, ReverseLookupColumn)):
            raise Invalid("show", "%(column)s itself is not kept in the list %(list)s.", list=target.name, column=name)
