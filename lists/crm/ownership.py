"""Whose an item is: its sales group, its owner, its salesperson (SPEC 8)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import bulk, scopes
from ..catalogue import catalogue
from ..errors import Invalid
from ..hooks import Change, before_write


@before_write("crm.ownership")
def set_ownership(session: Session, change: Change) -> None:
    """Fill group, owner and salesperson, and refuse a group that is not the actor's to give."""
    if change.kind not in ("create", "update"):
        return
    new, actor = change.new, change.actor
    case = stored(session, "cases", new.get("case")) if change.definition.follows == "case" else None
    if case is not None:
        new |= {"sales_group": case["sales_group"], "shared_with": case["shared_with"], "owner": case["owner"]}
    elif change.definition.follows == "case" and new.get("case") and change.changed("case"):
        raise Invalid("case", "There is no such item to choose.")  # deleted at this very moment
    elif not (actor.is_program or actor.by_import):
        _choose_group(session, change)
    if case is None and new.get("sales_group"):
        new["owner"] = scopes.owner_of(session, new["sales_group"])
    if change.kind == "create" and not new.get("salesperson"):
        new["salesperson"] = actor.salesperson_id


def _choose_group(session: Session, change: Change) -> None:
    new, actor = change.new, change.actor
    common = change.definition.separation == "common"
    if change.kind == "create" and not new.get("sales_group"):
        company = stored(session, "relations", new.get("company"))
        responsible = company["sales_group"] if company else None
        new["sales_group"] = (
            responsible if responsible and (common or actor.may_use_group(responsible)) else actor.default_group
        )
    elif change.kind == "create" or change.changed("sales_group"):
        before = change.old.get("sales_group")
        if new.get("sales_group") and not common and not actor.may_use_group(new["sales_group"]):
            raise Invalid("sales_group", "You are not a member of this group.")
        # Whoever is responsible may delete: only they may hand that on.
        if common and before and not actor.may_use_group(before):
            raise Invalid("sales_group", "Only the responsible group or its manager may hand this over.")
        if change.kind == "update" and not new.get("sales_group") and not common:
            raise Invalid("sales_group", "This must belong to a group.")


def stored(session: Session, list_name: str, item_id: int | None) -> dict[str, Any] | None:
    """The stored values of an item that is not deleted, without asking for rights; None if there is none.

    They stay so until the transaction ends: what is written after them must not contradict them.
    """
    if not item_id:
        return None
    known = bulk.known_rows(session, list_name)
    if known is None:
        return _stored_now(session, list_name, item_id)
    if item_id not in known:
        known[item_id] = _stored_now(session, list_name, item_id)
    return known[item_id]


def _stored_now(session: Session, list_name: str, item_id: int) -> dict[str, Any] | None:
    found = catalogue(session).get(list_name)
    there = select(found.table).where(found.table.c.id == item_id, found.table.c.deleted.is_(None))
    row = session.execute(there.with_for_update(read=True)).mappings().one_or_none()
    if row is None:
        return None
    names = {column.physical: column.name for column in found.columns}
    return {names.get(str(key), str(key)): value for key, value in row.items()}
