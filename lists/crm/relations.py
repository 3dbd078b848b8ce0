"""Business relations: their tree, and the phone call that is recorded with one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .. import items, query
from ..errors import Invalid
from ..hooks import Change, before_write
from ..query import Item
from ..rights import Actor, Level
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


def call(
    session: Session, actor: Actor, relation_id: int, *, description: str | None = None, contact: int | None = None
) -> dict[str, Item]:
    """Record a phone call with a company: one activity of type Call. Raises NotFound, Invalid, Forbidden."""
    query.get(session, actor, "relations", relation_id, right=Level.READ)
    values = {"activity_type": "call", "company": relation_id, "description": description, "contact": contact}
    return {"activity": items.create(session, actor, "activities", values)}
