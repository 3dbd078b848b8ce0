"""What an item's page and its history show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import content_types, filters, list_forms, query
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.database import database_of
from ...lists.errors import NotFound
from ...lists.filters import Compare
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor, Level, may_add, may_open
from ...lists.versions import Difference, Entry
from . import comment_view
from .cells import EMPTY, Cell, Shown, at, cell, shown, value_cell
from .row_actions import actions_for

FIRST_FEW, MOST_LISTS = 5, 8
SYSTEM = ("created", "created_by", "modified", "modified_by")
# Every item of a group or an owner points at it: that is ownership, not what one looks for on their pages.
OWNERSHIP = frozenset({"shared_with"})


@dataclass(frozen=True)
class Related:
    """The first few items of a list that point at this one."""

    title: str
    one: str
    icon: str
    items: list[Item]
    more: bool
    href: str
    new_href: str | None


def context(session: Session, item: Item, actor: Actor, here: str) -> dict[str, Any]:
    """Everything that templates/lists/item.html shows."""
    found = item.definition
    facts = [] if item.level < Level.EXISTS else _facts(item, actor, database_of(session).house.currency)
    return {
        "item": item,
        "definition": found,
        "actor": actor,
        "here": here,
        "facts": facts,
        "pills": _pills(facts),
        "is_partial": item.level < Level.READ,
        "may_delete": may_delete(session, item, actor),
        "may_copy": may_copy(item, actor),
        "actions": actions_for(item, actor, here),
        "may_undo_done": bool("done" in found.settings.get("actions", ()) and item.editable and item.get("done")),
        "related": related(session, item, actor),
        "made": _made(item, actor),
        "comments": comment_view.section(session, item, actor),
    }


def _facts(item: Item, actor: Actor, currency: str) -> list[tuple[Shown, Cell]]:
    """The columns with their values; empty ones too, unless they are empty because they may not be seen."""
    today = now().astimezone(ZoneInfo(actor.time_zone)).date()
    money = {
        column.type.options.get("currency_column", "currency")
        for column in item.definition.columns
        if column.type.name == "currency"
    }
    of_type = content_types.as_type(item.definition, item.get(content_types.NAME))
    form, facts = {column.name for column in list_forms.columns(of_type)}, []
    for column in item.definition.visible_columns:
        as_shown = shown(item.definition, column.name, actor.language)
        if column.name == "name" or column.name in money or as_shown is None:
            continue
        value = cell(item, as_shown, actor, currency, today)
        if value is not EMPTY or (item.level >= Level.READ and column.name in form and _is_worth_a_dash(column)):
            facts.append((as_shown, value))
    return facts


def _is_worth_a_dash(column: Column) -> bool:
    """Empty columns that somebody fills are shown; what the program has not set yet is no gap."""
    return not column.by_program and column.in_form and column.name not in ("shared_with", "retired")


def _pills(facts: list[tuple[Shown, Cell]]) -> list[dict[str, Any]]:
    return [
        {"label": value.text, "kind": value.note or None}
        for column, value in facts
        if value.kind == "pill" and column.name in ("status", "outcome", "activity_type")
    ]


def _made(item: Item, actor: Actor) -> list[tuple[Shown, Cell]]:
    """Who made and changed it, and when."""
    columns = [shown(item.definition, name, actor.language) for name in SYSTEM]
    return [
        (column, value)
        for column in columns
        if column and (value := value_cell(item.get(column.name), column, actor)) is not EMPTY
    ]


def may_delete(session: Session, item: Item, actor: Actor) -> bool:
    """Whether the actor may put the item into the recycle bin."""
    if not item.editable:
        return False
    try:
        query.get(session, actor, item.definition.name, item.id, right=Level.DELETE)
    except NotFound:
        return False
    return True


def may_copy(item: Item, actor: Actor) -> bool:
    """Whether the actor may make another item of this one: not where one begins with a file or a message."""
    found = item.definition
    made_by_form = found.kind != "library" and not found.settings.get("new_page")
    return item.level >= Level.READ and made_by_form and may_add(found, actor)


def related(session: Session, item: Item, actor: Actor) -> list[Related]:
    """The lists that point at this item, each with its latest few; what the reader may not see is not there."""
    found: list[Related] = []
    for definition, column in catalogue(session).pointing_at.get(item.definition.name, []):
        if column.hidden or column.name in OWNERSHIP or not may_open(definition, actor) or len(found) >= MOST_LISTS:
            continue
        part = _related(session, item, definition, column, actor)
        if part is not None:
            found.append(part)
    return found


def _related(session: Session, item: Item, definition: ListDefinition, column: Column, actor: Actor) -> Related | None:
    points_here = Compare((column.name,), "eq", item.id)
    items = query.page(
        session,
        actor,
        definition.name,
        where=filters.And([points_here]),
        order=[("modified", True)],
        columns=["modified"],
        limit=FIRST_FEW + 1,
    ).items
    adding = (
        may_add(definition, actor)
        and not column.by_program
        and column in list_forms.columns(definition)
        and definition.kind == "list"
        and not definition.settings.get("new_page")
    )
    if not items and not (adding and column.required):
        return None
    title = definition.title(actor.language)
    if column.title(actor.language) != item.definition.title(actor.language) and column.name not in (
        "company",
        "case",
        "contact",
        "activity",
        "contacts",
    ):
        title = f"{title}: {column.title(actor.language)}"
    view = next(
        (view.name for view in definition.views if not view.settings.get("filter")), None
    )
    arguments = {**({"view": view} if view else {}), f"f.{column.name}": item.id}
    href = f"{url_for('lists.show', list_name=definition.name)}?{urlencode(arguments)}"
    new_href = (
        f"{url_for('items.new', list_name=definition.name)}?{urlencode({column.name: item.id})}" if adding else None
    )
    return Related(
        title,
        definition.item_title(actor.language),
        definition.settings.get("icon", "list"),
        items[:FIRST_FEW],
        len(items) > FIRST_FEW,
        href,
        new_href,
    )


def comparison(item: Item, found: Sequence[Difference], actor: Actor) -> dict[str, Any]:
    """What templates/lists/compare.html shows: each column's two values, those that differ first."""
    lines = []
    for one in found:
        column = shown(item.definition, one.column.name, actor.language)
        if column is not None:
            old, new = (value_cell(value, column, actor) for value in (one.old, one.new))
            lines.append((column, old, new, one.old != one.new))
    lines = [line for line in lines if line[3] or line[1] is not EMPTY]
    lines.sort(key=lambda line: not line[3])
    return {"item": item, "definition": item.definition, "actor": actor, "lines": lines}


def history_context(item: Item, entries: Sequence[Entry], actor: Actor) -> dict[str, Any]:
    """Everything that templates/lists/history.html shows."""
    words = {
        "create": _("made it"),
        "update": _("changed it"),
        "delete": _("deleted it"),
        "restore": _("restored it"),
        "scope": _("moved it to other rights"),
    }
    lines = []
    for entry in entries:
        changes = []
        for change in entry.changes:
            column = shown(item.definition, change.column.name, actor.language)
            if column is not None:
                changes.append((column, value_cell(change.old, column, actor), value_cell(change.new, column, actor)))
        lines.append(
            {"entry": entry, "what": words.get(entry.kind, entry.kind), "changes": changes, "at": at(entry.at, actor)}
        )
    return {"item": item, "definition": item.definition, "actor": actor, "lines": lines}
