"""What a lookup may choose: suggestions as one types, and the short lists that a plain select shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.catalogue import ListDefinition, definition
from ...lists.columns import Reader
from ...lists.filters import And, Compare, Filter
from ...lists.models import User
from ...lists.query import Item
from ...lists.rights import Actor, Level
from ...lists.sqltypes import fold

MOST, MOST_OPTIONS = 10, 200
# Looking into every text of a longer list takes more time than there is between two keys.
MOST_TO_LOOK_THROUGH = 20_000


def suggest(session: Session, actor: Actor, list_name: str, text: str, *, limit: int = MOST) -> list[dict[str, Any]]:
    """At most `limit` entries `{"id", "title", "detail"}` that fit `text`, those that begin with it first.

    Retired entries and those whose title the actor may not see are left out. Raises NotFound for an unknown list.
    """
    text = " ".join(text.replace("\x00", "").split())[:100]
    if list_name == "users":
        return _users(session, text, limit)
    found = definition(session, list_name)
    items = {item.id: item for item in _beginning(session, actor, found, text, limit)}
    if text and len(items) < limit and not query.count(session, actor, found.name, cap=MOST_TO_LOOK_THROUGH).capped:
        further = _page(session, actor, found, None, limit, search=text)
        items |= {item.id: item for item in further if item.id not in items}
    return [entry(item, actor) for item in list(items.values())[:limit]]


def options(session: Session, actor: Actor, list_name: str) -> list[dict[str, Any]] | None:
    """All entries that may be chosen, `{"id", "title"}`, by name; None where a select should not hold them all."""
    if list_name == "users":
        found = _users(session, "", MOST_OPTIONS + 1)
    else:
        target = definition(session, list_name)
        placed = target.has("position") and target.column("position").type.name == "number"
        order = [("position", False), ("name", False)] if placed else [("name", False)]
        items = query.page(
            session, actor, list_name, where=choosable(target), order=order, columns=["name"], limit=MOST_OPTIONS + 1
        ).items
        found = [{"id": item.id, "title": item.title} for item in items if item.level >= Level.HEADLINE]
    return found if len(found) <= MOST_OPTIONS else None


def _beginning(session: Session, actor: Actor, found: ListDefinition, text: str, limit: int) -> list[Item]:
    if not text:
        return _page(session, actor, found, None, limit)
    # Only these have an index that a range can walk; e-mail addresses are found by the search below.
    ways = ["name", *(name for name in ("registration_no", "vat_no") if found.has(name))]
    items: dict[int, Item] = {}
    for name in ways:
        if len(items) < limit and (name == "name" or not text.isalpha()):
            items |= {item.id: item for item in _page(session, actor, found, _prefix(name, text), limit, by=name)}
    return list(items.values())


def _prefix(name: str, text: str) -> Filter:
    """Values that begin with `text`; the range beside it lets the column's index find them."""
    key = fold(text)
    begins = filters.field(name, "startswith", text)
    if not key or not key.isascii() or not key[-1].isalnum():
        return begins
    before = key[:-1] + chr(ord(key[-1]) - 1)
    return And([filters.field(name, "gt", before + "\uffff"), filters.field(name, "lt", key + "\uffff"), begins])


def _page(
    session: Session,
    actor: Actor,
    found: ListDefinition,
    where: Filter | None,
    limit: int,
    *,
    search: str | None = None,
    by: str = "name",
) -> list[Item]:
    parts = [part for part in (where, choosable(found)) if part is not None]
    page = query.page(
        session,
        actor,
        found.name,
        where=And(parts),
        order=[(by, False)],
        columns=_columns(found),
        limit=limit,
        search=search,
    )
    return [item for item in page.items if item.level >= Level.HEADLINE]


def choosable(found: ListDefinition) -> Filter | None:
    """What of this list may still be chosen; None = all of it."""
    return Compare(("retired",), "ne", True) if found.has("retired") else None


def _columns(found: ListDefinition) -> list[str]:
    return [name for name in found.settings.get("detail", ()) if found.has(name)]


def entry(item: Item, actor: Actor) -> dict[str, Any]:
    """An item as it is offered: its title, and a second line that tells it from others of the same name."""
    texts = [_detail(item, name, actor.reader) for name in _columns(item.definition)]
    return {"id": item.id, "title": item.title, "detail": " · ".join(text for text in texts if text) or None}


def _detail(item: Item, name: str, reader: Reader) -> str:
    value = item[name]
    if isinstance(value, dict) and value.get("city"):
        return str(value["city"])  # of an address the town tells two companies apart
    return item.definition.column(name).type.format(value, reader) if value not in (None, "", []) else ""


def _users(session: Session, text: str, limit: int) -> list[dict[str, Any]]:
    """Colleagues who can sign in; everybody may see their names."""
    words = fold(text).split()
    people = select(User.id, User.name, User.email).where(User.active.is_(True)).order_by(User.name, User.id)
    rows = session.execute(people if words else people.limit(limit))
    fitting = [row for row in rows if all(word in fold(f"{row.name} {row.email}") for word in words)]
    return [{"id": row.id, "title": row.name, "detail": row.email} for row in fitting[:limit]]
