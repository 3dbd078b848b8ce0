"""Business relations: their tree, and the phone call that is recorded with one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import items, query
from ..catalogue import catalogue
from ..errors import Invalid
from ..hooks import Change, after_write, before_write
from ..query import Item
from ..rights import PROGRAM, Actor, Level
from .ownership import stored


@before_write("crm.relation")
def check_tree(session: Session, change: Change) -> None:
    """A company is not its own parent, however far up."""
    if change.kind not in ("create", "update") or not change.changed("parent"):
        return
    above, seen = change.new.get("parent"), {change.new.get("id")}
    while above:
        if above in seen:
            raise Invalid("parent", "A company cannot be part of itself.")
        seen.add(above)
        row = stored(session, "relations", above)
        above = row["parent"] if row else None


@after_write("crm.relation")
def rename_followers(session: Session, change: Change) -> None:
    """What is named after the company, having no case, follows its new name."""
    if change.kind != "update" or not change.changed("name"):
        return
    for list_name in ("activities", "events"):
        found = catalogue(session).get(list_name)
        named = (found.sql("company") == change.new["id"], found.sql("case").is_(None), found.table.c.deleted.is_(None))
        for item_id in list(session.scalars(select(found.table.c.id).where(*named))):
            items.refresh(session, PROGRAM, list_name, item_id)


def call(
    session: Session,
    actor: Actor,
    relation_id: int,
    *,
    description: str | None = None,
    contact: int | None = None,
    minutes: Any = None,
) -> dict[str, Item]:
    """Record a phone call with a company: one activity of type Call. Raises NotFound, Invalid, Forbidden."""
    query.get(session, actor, "relations", relation_id, right=Level.READ)
    values = {"company": relation_id, "description": description, "contact": contact, "minutes": minutes}
    return {"activity": items.create(session, actor, "activities", {"activity_type": "call", **values})}
