"""The one door for writes: create, update, delete, restore. One transaction each, one version, one line in the log."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from . import bulk, changelog_buffer, checks, filters, hooks, locking, query, scopes
from .catalogue import Column, ListDefinition, catalogue, definition
from .database import one_at_a_time
from .errors import N_, Conflict, Forbidden, NotFound, Stale
from .hooks import Change
from .models import Version, new_guid, now
from .query import Item
from .reading import Reading
from .rights import Actor, Level
from .rules import Rules

_versions = Version.__table__
SEE = N_("You may see this but not change it.")


def create(
    session: Session,
    actor: Actor,
    list_name: str,
    values: Mapping[str, Any],
    *,
    program: Mapping[str, Any] | None = None,
) -> Item:
    """Make an item from `values` (as the API or a form writes them); `program` sets what only the program may set.

    Raises Invalid (every refused field at once), Forbidden, NotFound (no such list).
    """
    return query.get(session, actor, list_name, add(session, actor, list_name, values, program=program))


def add(
    session: Session,
    actor: Actor,
    list_name: str,
    values: Mapping[str, Any],
    *,
    program: Mapping[str, Any] | None = None,
) -> int:
    """Make an item like `create`, but answer only its id: for whoever writes many (see `bulk.many_writes`)."""
    found = definition(session, list_name)
    parsed = checks.parse(found, actor, values, program or {}, creating=True)
    new = {column.name: checks.default_of(column, actor) for column in found.columns if column.type.is_stored}
    at = now()
    by = actor.user_id
    new |= {"guid": new_guid(), "created": at, "created_by": by, "modified": at, "modified_by": by}
    new |= {"external_id": None, "id": None, "version": 1, "flagged": None, **parsed}
    rules = Rules(session, actor, found)
    rules.fill_in(new, parsed)
    checks.lookups(session, actor, found, {name: value for name, value in parsed.items() if name in values})
    change = Change("create", found, actor, {}, new, frozenset(parsed))
    hooks.run_before(session, change)
    gap = checks.required(found, new, by_import=actor.by_import, besides=rules.hidden(new))
    new["flagged"] = gap or new["flagged"] or None
    rules.check(new)
    checks.unique(session, actor, found, new, list(new), None)
    scope = scopes.scope_of(session, found, new)
    _may_put_into(session, actor, found, scope)
    new["id"] = _insert(session, found, new, scope)
    _record(session, change, new["id"], 1, {}, None, scope)
    hooks.run_after(session, change)
    return new["id"]


def update(
    session: Session, actor: Actor, list_name: str, item_id: int, values: Mapping[str, Any], *, version: int | None,
    program: Mapping[str, Any] | None = None,
) -> Item:  # fmt: skip
    """Change an item. `version`: the version that the caller saw; None = whichever stands (`If-Match: *`).

    Raises NotFound, Forbidden, Invalid, Stale (somebody else changed it: nothing is written).
    """
    change(session, actor, list_name, item_id, values, version=version, program=program)
    return query.get(session, actor, list_name, item_id)


def change(
    session: Session, actor: Actor, list_name: str, item_id: int, values: Mapping[str, Any], *, version: int | None,
    program: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Change an item like `update`, but answer only whether anything was different."""
    found = definition(session, list_name)
    old = _stored(session, actor, found, item_id, Level.EDIT)
    if version is not None and version != old["version"]:
        raise Stale("Somebody else has changed this meanwhile.", current_version=old["version"])
    parsed = checks.parse(found, actor, values, program or {}, creating=False)
    wanted = Change("update", found, actor, old, {**old, **parsed}, frozenset(parsed))
    given = {name: value for name, value in parsed.items() if name in values and value != old.get(name)}
    checks.lookups(session, actor, found, given, before=old)
    return _write(session, wanted)


def delete(session: Session, actor: Actor, list_name: str, item_id: int, *, version: int | None) -> None:
    """Put an item into the recycle bin, and with it what follows its rights (a case's activities, documents, …).

    Raises NotFound, Forbidden, Stale, Conflict (in use by other items of a code list).
    """
    found = definition(session, list_name)
    old = _stored(session, actor, found, item_id, Level.DELETE)
    if version is not None and version != old["version"]:
        raise Stale("Somebody else has changed this meanwhile.", current_version=old["version"])
    if found.settings.get("keep_used"):
        one_at_a_time(session, "use", found.id)
        if _is_used(session, found, item_id):
            raise Conflict("Other records use this; retire it instead.")
    at = now()
    for child, child_id in _followers_of(session, found, item_id):
        _put_away(session, actor, child, _raw(session, child, child_id), at)
    _put_away(session, actor, found, old, at)


def followers(session: Session, actor: Actor, list_name: str, item_id: int) -> dict[str, int]:
    """How many items of which lists go to the recycle bin with this one. Raises NotFound where it may not be read."""
    found = definition(session, list_name)
    query.get(session, actor, list_name, item_id, right=Level.READ)
    counts: dict[str, int] = {}
    for child, _child_id in _followers_of(session, found, item_id):
        counts[child.name] = counts.get(child.name, 0) + 1
    return counts


def restore(session: Session, actor: Actor, list_name: str, item_id: int) -> Item:
    """Bring an item back from the recycle bin, and what went there with it. Raises NotFound, Forbidden."""
    found = definition(session, list_name)
    old = _stored(session, actor, found, item_id, Level.EDIT, deleted=True)
    for child, child_id in _followers_of(session, found, item_id, deleted=old["deleted"]):
        _bring_back(session, actor, child, _raw(session, child, child_id))
    _bring_back(session, actor, found, old)
    return query.get(session, actor, list_name, item_id)


def restore_version(session: Session, actor: Actor, list_name: str, item_id: int, version: int) -> Item:
    """Make the values of an earlier version the current ones: a new version is appended, nothing is removed.

    Columns that only the program sets stay as they are; a lookup whose target is gone stays as it is.
    """
    from . import versions

    found = definition(session, list_name)
    old = _stored(session, actor, found, item_id, Level.EDIT)
    then = versions.values_at(session, found, old, version)
    wanted = {column.name: then[column.name] for column in found.columns if not column.by_program and not column.hidden}
    kept = checks.reachable(
        session, actor, found, {name: value for name, value in wanted.items() if value != old.get(name)}
    )
    _write(session, Change("update", found, actor, old, {**old, **kept}, frozenset(kept)))
    return query.get(session, actor, list_name, item_id)


def refresh(session: Session, actor: Actor, list_name: str, item_id: int) -> None:
    """Run an item's before_write functions again after something it is made of has changed (a case's new name)."""
    found = definition(session, list_name)
    old = _raw(session, found, item_id)
    _write(session, Change("update", found, actor, old, dict(old)))


def rescope_all(session: Session, actor: Actor, found: ListDefinition) -> None:
    """Give every row of a list the scope that its values ask for now (after its separation changed), and with it
    what takes the row's rights."""
    ids = list(session.scalars(select(found.table.c.id).order_by(found.table.c.id)))
    for item_id in ids:
        row = _raw(session, found, item_id)
        if _rescope(session, actor, found, row, row):
            _move_followers(session, actor, found, item_id)


def _write(session: Session, change: Change) -> bool:
    """The rest of every change to a standing row: hooks, checks, the row, its version, log line and followers.

    Answers whether anything was different; where nothing was, nothing is written.
    """
    found, old, new, actor = change.definition, change.old, change.new, change.actor
    hooks.run_before(session, change)
    names = [column.name for column in found.columns if new.get(column.name) != old.get(column.name)]
    names += ["external_id"] if new.get("external_id") != old.get("external_id") else []
    rules = Rules(session, actor, found)
    hidden = rules.hidden(new)
    new["flagged"] = _flagged(change, hidden)
    flag_changed = new["flagged"] != old["flagged"]
    if not names and not (flag_changed and actor.by_import):
        return False
    names += ["flagged"] if flag_changed else []
    asked = {name: new.get(name) for name in {*names, *rules.asked_anew(names)}}
    checks.required(found, asked, by_import=actor.by_import, besides=hidden)
    rules.check(new, names)
    checks.unique(session, actor, found, new, names, new["id"])
    scope = scopes.scope_of(session, found, new)
    if scope != old["scope_id"]:
        # Who moves something puts it there: into a case that is only shared with them they may not.
        _may_put_into(session, actor, found, scope)
    values = {name: new[name] for name in names} | {"scope_id": scope}
    _update_row(session, found, old, values, actor)
    before = {name: old.get(name) for name in names}
    _record(session, change, new["id"], old["version"] + 1, before, old["scope_id"], scope)
    if scope != old["scope_id"]:
        _move_followers(session, actor, found, new["id"])
    hooks.run_after(session, change)
    return True


def _may_put_into(session: Session, actor: Actor, found: ListDefinition, scope: int) -> None:
    """Refuse a write after which the item would be where the actor may not write. Raises Forbidden."""
    if scopes.level_in(session, actor, scope) < Level.EDIT:
        raise Forbidden(
            "You may not add anything to this list."
            if found.separation == "common"
            else "You may not add anything for this group."
        )


def _flagged(change: Change, hidden: frozenset[str]) -> bool | None:
    """Gaps that an import left stay flagged until a person has edited the item and nothing required is empty."""
    found, actor, new = change.definition, change.actor, change.new
    if not (actor.is_program or actor.by_import):
        return bool(change.old["flagged"] and checks.gaps(found, new, hidden)) or None
    return bool(new["flagged"] or (actor.by_import and checks.gaps(found, new, hidden))) or None


def _stored(
    session: Session, actor: Actor, found: ListDefinition, item_id: int, right: Level, *, deleted: bool = False
) -> dict[str, Any]:
    """The stored row for a change, locked; NotFound where it may not be seen, Forbidden where it may only be seen."""
    if not 0 < item_id < 2**31:
        raise NotFound()
    locking.lock_row(session, found, item_id)
    reading = Reading(session, found, actor, right, deleted=deleted)
    there = select(found.table).where(found.table.c.id == item_id, *reading.conditions())
    row = session.execute(there).mappings().one_or_none()
    if row is None:
        # The recycle bin shows what one may edit: of what else lies there nobody hears.
        query.get(session, actor, found.name, item_id, right=right if deleted else Level.EXISTS, deleted=deleted)
        raise Forbidden(
            N_("You may change this but not delete it.")
            if right is Level.DELETE and _may_edit(session, actor, found, item_id)
            else SEE
        )
    return _by_name(found, row)


def _may_edit(session: Session, actor: Actor, found: ListDefinition, item_id: int) -> bool:
    reading = Reading(session, found, actor, Level.EDIT)
    return session.scalar(select(reading.id).where(reading.id == item_id, *reading.conditions())) is not None


def _raw(session: Session, found: ListDefinition, item_id: int) -> dict[str, Any]:
    """The stored row, locked, without asking for rights: for what the program does in consequence."""
    row = select(found.table).where(found.table.c.id == item_id).with_for_update()
    return _by_name(found, session.execute(row).mappings().one())


def _by_name(found: ListDefinition, row: Mapping[Any, Any]) -> dict[str, Any]:
    names = {column.physical: column.name for column in found.columns}
    return {names.get(str(key), str(key)): value for key, value in row.items()}


def _physical(found: ListDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    return {found.by_name[name].physical if name in found.by_name else name: value for name, value in values.items()}


def _insert(session: Session, found: ListDefinition, new: Mapping[str, Any], scope: int) -> int:
    values = _physical(found, {**new, "scope_id": scope})
    values.pop("id", None)
    return session.execute(insert(found.table).returning(found.table.c.id), values).scalar_one()


def _update_row(
    session: Session, found: ListDefinition, old: Mapping[str, Any], values: Mapping[str, Any], actor: Actor
) -> None:
    physical = _physical(found, values) | {
        "version": old["version"] + 1,
        "modified": now(),
        "modified_by": actor.user_id,
    }
    table = found.table
    done = session.execute(
        sql_update(table).where(table.c.id == old["id"], table.c.version == old["version"]).values(physical)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Stale("Somebody else has changed this meanwhile.")
    bulk.forget(session, found.name, old["id"])


def _record(
    session: Session,
    change: Change,
    item_id: int,
    version: int,
    old: Mapping[str, Any],
    before: int | None,
    after: int | None,
) -> None:
    """The version row and the change log's line of one write."""
    found, actor, at = change.definition, change.actor, now()
    stored = {str(_column_key(found, name)): _json_value(found, name, value) for name, value in old.items()}
    row = {"list_id": found.id, "item_id": item_id, "version": version, "kind": change.kind, "old": stored}
    # The first version is the making itself, whose time and author an import may know.
    made = {"at": change.new["created"], "actor_id": change.new["created_by"]} if change.kind == "create" else {}
    session.execute(insert(_versions), {**row, "at": at, "actor_id": actor.user_id, **made})  # type: ignore[arg-type]
    names = sorted(name for name in old) if change.kind == "update" else []
    changelog_buffer.add(session, {
        "at": at, "list_id": found.id, "item_id": item_id, "guid": change.new["guid"], "kind": change.kind,
        "actor_id": actor.user_id, "batch": actor.batch, "scope_before": before, "scope_after": after, "columns": names,
    })  # fmt: skip


def _column_key(found: ListDefinition, name: str) -> int | str:
    return found.by_name[name].id if name in found.by_name else name


def _json_value(found: ListDefinition, name: str, value: Any) -> Any:
    return found.by_name[name].type.to_json(value) if name in found.by_name and value is not None else value


def _put_away(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any], at: Any) -> None:
    change = Change("delete", found, actor, old, dict(old))
    hooks.run_before(session, change)
    _update_row(session, found, old, {"deleted": at, "deleted_by": actor.user_id}, actor)
    _record(session, change, old["id"], old["version"] + 1, {}, old["scope_id"], None)
    hooks.run_after(session, change)


def _bring_back(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any]) -> None:
    change = Change("restore", found, actor, old, dict(old))
    hooks.run_before(session, change)
    scope = scopes.scope_of(session, found, change.new)
    _update_row(session, found, old, {"deleted": None, "deleted_by": None, "scope_id": scope}, actor)
    _record(session, change, old["id"], old["version"] + 1, {}, None, scope)
    hooks.run_after(session, change)


def _following_columns(session: Session, found: ListDefinition) -> list[tuple[ListDefinition, Column]]:
    """The lists whose items take the rights of this list's items, with the column that says so."""
    pointing = catalogue(session).pointing_at.get(found.name, [])
    return [(child, column) for child, column in pointing if child.follows == column.name]


def _followers_of(
    session: Session, found: ListDefinition, item_id: int, *, deleted: Any = None
) -> list[tuple[ListDefinition, int]]:
    """(list, id) of everything that follows this item; with `deleted`, what went to the bin at that instant."""
    rows: list[tuple[ListDefinition, int]] = []
    for child, column in _following_columns(session, found):
        table = child.table
        there = table.c.deleted.is_(None) if deleted is None else table.c.deleted == deleted
        ids = session.scalars(select(table.c.id).where(child.sql(column.name) == item_id, there).order_by(table.c.id))
        rows += [(child, number) for number in ids]
    return rows


def _move_followers(session: Session, actor: Actor, found: ListDefinition, item_id: int) -> None:
    """What hangs on the item takes its rights, its group and its owner with it, in the same transaction (SPEC 8)."""
    parent = _raw(session, found, item_id)
    for child, column in _following_columns(session, found):
        table = child.table
        for child_id in list(session.scalars(select(table.c.id).where(child.sql(column.name) == item_id))):
            old = _raw(session, child, child_id)
            new = {
                **old,
                **{
                    name: parent[name]
                    for name in ("owner", "sales_group", "shared_with")
                    if child.has(name) and found.has(name)
                },
            }
            _rescope(session, actor, child, old, new)


def _rescope(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any], new: dict[str, Any]) -> bool:
    scope = scopes.scope_of(session, found, new)
    names = [column.name for column in found.columns if new.get(column.name) != old.get(column.name)]
    if scope == old["scope_id"] and not names:
        return False
    _update_row(session, found, old, {name: new[name] for name in names} | {"scope_id": scope}, actor)
    change = Change("scope", found, dataclasses.replace(actor), old, new)
    _record(
        session, change, old["id"], old["version"] + 1, {name: old.get(name) for name in names}, old["scope_id"], scope
    )
    return True


def _is_used(session: Session, found: ListDefinition, item_id: int) -> bool:
    for other, column in catalogue(session).pointing_at.get(found.name, []):
        raw = other.sql(column.name)
        node = raw == item_id if not column.type.is_multi else filters.json_has(raw, item_id)
        if session.scalar(select(other.table.c.id).where(or_(node), other.table.c.deleted.is_(None)).limit(1)):
            return True
    return False


__all__: Sequence[str] = [
    "add",
    "change",
    "create",
    "delete",
    "followers",
    "refresh",
    "rescope_all",
    "restore",
    "restore_version",
    "update",
]
