"""Scopes: which set of grants a row has. Equal sets are one scope, so that rights are a small `IN` (DESIGN 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from . import generations, granted
from .catalogue import ListDefinition, catalogue
from .database import database_of, writes_beside_others
from .models import GroupOwner, Scope, ScopeGrant
from .rights import Actor, Level

Grants = dict[str, int]
MOST_KEPT = 20_000  # scopes, per process


def scope_of(session: Session, definition: ListDefinition, values: Mapping[str, Any]) -> int:
    """The scope of a row with these stored values (lookups as ids). Makes it if it is new."""
    return _find_or_make(session, grants_of(session, definition, values))


def key_of(session: Session, definition: ListDefinition, values: Mapping[str, Any]) -> str:
    """The key of the scope that a row with these stored values must have; makes nothing (for `caseroom check`)."""
    return _key(grants_of(session, definition, values))


def grants_of(session: Session, definition: ListDefinition, values: Mapping[str, Any]) -> Grants:
    """Who has what level on a row, with what the list gives to everyone."""
    grants = _own_grants(session, definition, values)
    everyone = definition.settings.get("everyone")
    return {**grants, "all": max(grants.get("all", 0), int(everyone))} if everyone else grants


def _own_grants(session: Session, definition: ListDefinition, values: Mapping[str, Any]) -> Grants:
    """Of what it follows, else by the list's separation."""
    followed = values.get(definition.follows) if definition.follows else None
    if followed:
        target = catalogue(session).get(str(definition.column(str(definition.follows)).type.target))
        scope_id = session.scalar(select(target.table.c.scope_id).where(target.table.c.id == followed))
        if scope_id is not None:
            return _grants(session, scope_id)
    if definition.separation == "by_group":
        return _group_grants(session, values)
    if definition.separation == "by_owner" and values.get("owner"):
        return {f"owner:{values['owner']}": Level.EDIT, f"manager:{values['owner']}": Level.EDIT}
    return _common_grants(definition)


def level_in(session: Session, actor: Actor, scope_id: int) -> Level:
    """The level that a scope grants to the actor."""
    if actor.is_administrator:
        return Level.EDIT
    granted = [level for subject, level in _grants(session, scope_id).items() if subject in actor.subjects]
    best = Level(min(max(granted, default=0), Level.EDIT))
    return best if actor.may_write else min(best, Level.READ)


def _common_grants(definition: ListDefinition) -> Grants:
    """Common lists: everybody edits, unless the definition says that everybody reads and some roles edit."""
    grants: Grants = {"all": int(definition.settings.get("common", Level.EDIT))}
    for role in definition.settings.get("edit_roles", ()):
        grants[f"role:{role}"] = Level.EDIT
    return grants


def _group_grants(session: Session, values: Mapping[str, Any]) -> Grants:
    group = values.get("sales_group")
    if not group:
        # Nobody's group: whoever made it keeps it, and administrators.
        creator = values.get("created_by")
        return {f"user:{creator}": Level.EDIT} if creator else {}
    grants: Grants = {f"group:{group}": Level.EDIT}
    owner = owner_of(session, group)
    if owner:
        grants[f"manager:{owner}"] = Level.EDIT
    for shared in values.get("shared_with") or ():
        grants.setdefault(f"group:{shared}", Level.READ)
    return grants


def owner_of(session: Session, group_id: int) -> int | None:
    """The owner of a sales group. For who writes it stays so until the transaction ends: the group's items get their
    new rights from whoever gives it another owner, ours among them."""
    key = ("owner_of", group_id)
    if key not in session.info:
        session.info[key] = _owner_of(session, group_id)
    return session.info[key]


def _owner_of(session: Session, group_id: int) -> int | None:
    def find() -> int | None:
        of_group = select(GroupOwner.owner_id).where(GroupOwner.group_id == group_id)
        return session.scalar(of_group.with_for_update(read=True) if writes_beside_others(session) else of_group)

    if writes_beside_others(session):
        return find()
    return generations.kept(session, "owners of groups", (generations.PEOPLE,), group_id, find, MOST_KEPT)


def set_owner(session: Session, group_id: int, owner_id: int | None) -> None:
    """Give a sales group its owner; its items' scopes are for the caller to renew."""
    row = session.get(GroupOwner, group_id)
    if row is not None and owner_id:
        row.owner_id = owner_id
    elif row is not None:
        session.delete(row)
    elif owner_id:
        session.add(GroupOwner(group_id=group_id, owner_id=owner_id))
    session.flush()
    session.info.pop(("owner_of", group_id), None)


def _grants(session: Session, scope_id: int) -> Grants:
    """A scope's grants; they never change, since a scope is its set of grants."""
    kept = _kept(session, "grants of scopes")
    if scope_id not in kept:
        rows = session.execute(select(ScopeGrant.subject, ScopeGrant.level).where(ScopeGrant.scope_id == scope_id))
        kept[scope_id] = {row.subject: row.level for row in rows}
    return kept[scope_id]


def _kept(session: Session, what: str) -> dict[Any, Any]:
    """What never changes once it is committed: kept by the process, but by a session alone that has made a scope."""
    known = session.info if generations.of(session, generations.SCOPES) is None else database_of(session).caches
    kept: dict[Any, Any] = known.setdefault(what, {})
    if len(kept) >= MOST_KEPT:
        kept.clear()
    return kept


def _find_or_make(session: Session, grants: Grants) -> int:
    key = _key(grants)
    kept = _kept(session, "scope_ids")
    if key not in kept:
        found = session.scalar(select(Scope.id).where(Scope.key == key))
        if found is None:
            found = _make(session, key, grants)
            kept = _kept(session, "scope_ids")  # from now on the session's own
        kept[key] = found
    return kept[key]


def _key(grants: Grants) -> str:
    return " ".join(f"{subject}={int(level)}" for subject, level in sorted(grants.items()))


def _make(session: Session, key: str, grants: Grants) -> int:
    """Make a scope; where another transaction makes the same one first, theirs is taken."""
    insert = sqlite.insert if database_of(session).is_sqlite else postgresql.insert
    session.execute(insert(Scope).values(key=key).on_conflict_do_nothing())
    scope_id = session.scalars(select(Scope.id).where(Scope.key == key)).one()
    rows = [{"scope_id": scope_id, "subject": subject, "level": int(level)} for subject, level in grants.items()]
    if rows:
        session.execute(insert(ScopeGrant).on_conflict_do_nothing(), rows)
    granted.forget(session)
    generations.raise_later(session, generations.SCOPES)
    return scope_id
