"""Sales groups and salespeople: what they mean for rights is kept in the tables that `rights` reads."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .. import scopes
from ..errors import Conflict, Invalid
from ..hooks import Change, after_write, before_write
from ..models import Membership, ScopeGrant


@before_write("crm.group")
def keep_owner(session: Session, change: Change) -> None:
    """A group whose records exist stays with its owner: the owner's managers would lose or gain them unseen."""
    if change.kind != "update" or not change.changed("owner") or not change.old.get("owner"):
        return
    used = select(ScopeGrant.scope_id).where(ScopeGrant.subject == f"group:{change.old['id']}")
    if session.scalar(used.limit(1)):
        raise Conflict("This group has records; it cannot move to another owner.")


@after_write("crm.group")
def remember_owner(session: Session, change: Change) -> None:
    """Keep group_owners equal to the list."""
    scopes.set_owner(session, change.new["id"], None if change.kind == "delete" else change.new.get("owner"))


@before_write("crm.salesperson")
def choose_default_group(session: Session, change: Change) -> None:
    """The default group is one of the groups; the first where none is chosen."""
    if change.kind not in ("create", "update"):
        return
    groups = change.new.get("groups") or []
    default = change.new.get("default_group")
    if default and default not in groups:
        if "default_group" in change.given:
            raise Invalid("default_group", "The default group must be one of the groups.")
        default = None
    change.new["default_group"] = default or (groups[0] if groups else None)


@after_write("crm.salesperson")
def remember_memberships(session: Session, change: Change) -> None:
    """Keep memberships equal to the list: a change of groups acts at once."""
    session.execute(delete(Membership).where(Membership.salesperson_id == change.new["id"]))
    user = change.new.get("user")
    if change.kind != "delete" and user:
        session.add_all(
            Membership(
                user_id=user,
                group_id=group,
                salesperson_id=change.new["id"],
                is_default=group == change.new.get("default_group"),
            )
            for group in change.new.get("groups") or []
        )
    session.flush()
