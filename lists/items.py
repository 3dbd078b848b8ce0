"""The one door for writes: create, update, delete, restore. One transaction each, one version, one line in the log.

What lies behind it: the recycle bin in recycling.py, the stored rows in rows.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import attaching, bulk, checks, content_types, hooks, numbering, query, recording, rows, scopes, trees
from .catalogue import ListDefinition, definition
from .errors import DomainError, FieldError, Forbidden, Gathered, Stale, Titles
from .hooks import Change
from .models import new_guid
from .query import Item
from .recycling import delete, discard, followers, purge, restore
from .rights import Actor, Level
from .rules import Rules


def create(
    session: Session,
    actor: Actor,
    list_name: str,
    values: Mapping[str, Any],
    *,
    program: Mapping[str, Any] | None = None,
    refused: Sequence[FieldError] = (),
) -> Item:
    """Make an item from `values` (as the API or a form writes them); `program` sets what only the program may set.

    Raises Invalid (every refused field at once), Forbidden, NotFound (no such list).
    """
    made = add(session, actor, list_name, values, program=program, refused=refused)
    return query.get(session, actor, list_name, made)


def add(
    session: Session,
    actor: Actor,
    list_name: str,
    values: Mapping[str, Any],
    *,
    program: Mapping[str, Any] | None = None,
    refused: Sequence[FieldError] = (),
) -> int:
    """Make an item like `create`, but answer only its id: for whoever writes many (see `bulk.many_writes`).

    `refused`: what of the row could not even be read; it is told with the rest, and nothing is written.
    """
    found = definition(session, list_name)
    gathered = Gathered(refused)
    parsed = checks.parse(found, actor, values, program or {}, creating=True, gathered=gathered)
    of_type = content_types.as_type(found, parsed.get(content_types.NAME, content_types.default_of(found)))
    # Of a type that cannot be read nobody knows which columns its items have.
    unknown = of_type.by_name.keys() if content_types.NAME in gathered.fields else ()
    new = checks.defaults(session, of_type, actor)
    with gathered.also():
        attaching.complete(session, found, parsed, {})
    at = bulk.instant(session)
    by = actor.user_id
    new |= {"guid": new_guid(), "created": at, "created_by": by, "modified": at, "modified_by": by}
    new |= {"external_id": None, "id": None, "version": 1, "flagged": None, **parsed}
    with gathered.also():
        numbering.give(session, found, new)
    with gathered.also():
        checks.lookups(session, actor, found, {name: value for name, value in parsed.items() if name in values})
    rules = Rules(session, actor, of_type, gathered.fields)
    rules.fill_in(new, parsed)
    change = Change("create", found, actor, {}, new, frozenset(parsed))
    _run_before(session, change, gathered)
    with gathered.also():
        checks.currencies(session, found, values, new, gathered.fields)
    with gathered.also():
        besides = rules.hidden(new) | rules.unread | set(unknown)
        gap = checks.required(of_type, new, by_import=actor.by_import, besides=besides)
        new["flagged"] = gap or new["flagged"] or None
    with gathered.also():
        rules.check(new)
    with gathered.also():
        trees.check(session, found, new, gathered.read_of(new.keys()))
    with gathered.also():
        checks.unique(session, actor, found, new, gathered.read_of(new.keys()), None)
    gathered.tell()
    scope = scopes.scope_of(session, found, new)
    _may_put_into(session, actor, found, scope)
    new["id"] = rows.insert(session, found, new, scope)
    recording.record(session, change, new["id"], 1, {}, None, scope)
    hooks.run_after(session, change)
    return new["id"]


def update(
    session: Session, actor: Actor, list_name: str, item_id: int, values: Mapping[str, Any], *, version: int | None,
    program: Mapping[str, Any] | None = None, refused: Sequence[FieldError] = (),
) -> Item:  # fmt: skip
    """Change an item. `version`: the version that the caller saw; None = whichever stands (`If-Match: *`).

    Raises NotFound, Forbidden, Invalid, Stale (somebody else changed it: nothing is written).
    """
    change(session, actor, list_name, item_id, values, version=version, program=program, refused=refused)
    return query.get(session, actor, list_name, item_id)


def change(
    session: Session, actor: Actor, list_name: str, item_id: int, values: Mapping[str, Any], *, version: int | None,
    program: Mapping[str, Any] | None = None, refused: Sequence[FieldError] = (),
) -> bool:  # fmt: skip
    """Change an item like `update`, but answer only whether anything was different. `refused` is as `add` has it."""
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.EDIT)
    if version is not None and version != old["version"]:
        raise Stale("Somebody else has changed this meanwhile.", current_version=old["version"])
    gathered = Gathered(refused)
    parsed = checks.parse(found, actor, values, program or {}, creating=False, gathered=gathered)
    with gathered.also():
        attaching.complete(session, found, parsed, old)
    checks.keep_unseen(session, actor, found, parsed, old)
    wanted = Change("update", found, actor, old, {**old, **parsed}, frozenset(parsed))
    given = {name: value for name, value in parsed.items() if name in values and value != old.get(name)}
    with gathered.also():
        checks.lookups(session, actor, found, given, before=old)
    with gathered.also():
        checks.currencies(session, found, values, wanted.new, gathered.fields)
    return _write(session, wanted, gathered)


def restore_version(session: Session, actor: Actor, list_name: str, item_id: int, version: int) -> Item:
    """Make the values of an earlier version the current ones: a new version is appended, nothing is removed.

    Columns that only the program sets stay as they are; a lookup whose target is gone stays as it is.
    """
    from . import versions

    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.EDIT)
    then = versions.values_at(session, found, old, version)
    wanted = {column.name: then[column.name] for column in found.columns if not column.by_program and not column.hidden}
    kept = checks.reachable(
        session, actor, found, {name: value for name, value in wanted.items() if value != old.get(name)}, old
    )
    checks.keep_unseen(session, actor, found, kept, old)
    _write(session, Change("update", found, actor, old, {**old, **kept}, frozenset(kept)))
    return query.get(session, actor, list_name, item_id)


def put_back(
    session: Session, actor: Actor, list_name: str, item_id: int, values: Mapping[str, Any], *, version: int
) -> bool:
    """Give an item stored values that it had before, also those that only the program sets: what an import changed.

    Answers whether anything was different. Raises NotFound, Forbidden, Stale, Invalid (what it pointed to is gone, …).
    """
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.EDIT)
    if version != old["version"]:
        raise Stale("Somebody else has changed this meanwhile.", current_version=old["version"])
    back = dict(values)
    checks.keep_unseen(session, actor, found, back, old)
    checks.lookups(session, actor, found, {name: one for name, one in back.items() if one != old.get(name)}, before=old)
    return _write(session, Change("update", found, actor, old, {**old, **back}, frozenset(back)))


def refresh(session: Session, actor: Actor, list_name: str, item_id: int) -> None:
    """Run an item's before_write functions again after something it is made of has changed (a case's new name)."""
    found = definition(session, list_name)
    old = rows.raw(session, found, item_id)
    _write(session, Change("update", found, actor, old, dict(old)))


def rescope_all(session: Session, actor: Actor, found: ListDefinition) -> None:
    """Give every row of a list the scope that its values ask for now (after its separation changed), and with it
    what takes the row's rights."""
    ids = list(session.scalars(select(found.table.c.id).order_by(found.table.c.id)))
    for item_id in ids:
        row = rows.raw(session, found, item_id)
        if _rescope(session, actor, found, row, row):
            _move_followers(session, actor, found, item_id)


def _run_before(session: Session, change: Change, gathered: Gathered) -> None:
    """Run the before_write functions. What they refuse of a row of which not all could be read may be for want of
    that: it is not told, and of a row that they have not finished only what was given empty. Raises Invalid."""
    if not gathered.errors:
        hooks.run_before(session, change)
        return
    try:
        hooks.run_before(session, change)
    except DomainError:
        of_type = content_types.as_type(change.definition, change.new.get(content_types.NAME))
        conditional = {column.name for column in of_type.ruled_columns if column.options.get("show_when")}
        given = {name: change.new[name] for name in change.given}
        with gathered.also():
            besides = conditional | gathered.fields
            checks.required(of_type, given, by_import=change.actor.by_import, besides=besides)
        gathered.tell()


def _write(session: Session, change: Change, gathered: Gathered | None = None) -> bool:
    """The rest of every change to a standing row: hooks, checks, the row, its version, log line and followers.

    `gathered`: what is refused of it already. Answers whether anything was different; where nothing was, nothing is
    written.
    """
    found, old, new, actor = change.definition, change.old, change.new, change.actor
    gathered = gathered or Gathered()
    _run_before(session, change, gathered)
    names = [column.name for column in found.columns if new.get(column.name) != old.get(column.name)]
    names += ["external_id"] if new.get("external_id") != old.get("external_id") else []
    of_type = content_types.as_type(found, new.get(content_types.NAME))
    rules = Rules(session, actor, of_type, gathered.fields)
    hidden = rules.hidden(new)
    new["flagged"] = _flagged(change, of_type, hidden)
    flag_changed = new["flagged"] != old["flagged"]
    if not names and not (flag_changed and actor.by_import):
        gathered.tell()
        return False
    names += ["flagged"] if flag_changed else []
    anew = rules.asked_anew(names) | content_types.asked_anew(of_type, names)
    asked = {name: new.get(name) for name in {*names, *anew}}
    with gathered.also():
        checks.required(of_type, asked, by_import=actor.by_import, besides=hidden | rules.unread)
    with gathered.also():
        rules.check(new, names)
    with gathered.also():
        trees.check(session, found, new, [name for name in names if name not in gathered.fields])
    with gathered.also():
        checks.unique(session, actor, found, new, [name for name in names if name not in gathered.fields], new["id"])
    gathered.tell()
    numbering.keep_up(session, found, new, names)
    scope = scopes.scope_of(session, found, new)
    if scope != old["scope_id"]:
        # Who moves something puts it there: into a case that is only shared with them they may not.
        _may_put_into(session, actor, found, scope)
    values = {name: new[name] for name in names} | {"scope_id": scope}
    rows.update(session, found, old, values, actor)
    before = {name: old.get(name) for name in names}
    recording.record(session, change, new["id"], old["version"] + 1, before, old["scope_id"], scope)
    if scope != old["scope_id"]:
        _move_followers(session, actor, found, new["id"])
    hooks.run_after(session, change)
    return True


def _may_put_into(session: Session, actor: Actor, found: ListDefinition, scope: int) -> None:
    """Refuse a write after which the item would be where the actor may not write. Raises Forbidden."""
    if found.is_archived and not actor.is_program:
        raise Forbidden("The list %(list)s is archived: nothing in it changes.", list=Titles(found.titles))
    if scopes.level_in(session, actor, scope) < Level.EDIT:
        raise Forbidden(
            "You may not add anything to this list."
            if found.separation == "common"
            else "You may not add anything for this group."
        )


def _flagged(change: Change, found: ListDefinition, hidden: frozenset[str]) -> bool | None:
    """Gaps that an import left stay flagged until a person has edited the item and nothing required is empty."""
    actor, new = change.actor, change.new
    if not (actor.is_program or actor.by_import):
        return bool(change.old["flagged"] and checks.gaps(found, new, hidden)) or None
    return bool(new["flagged"] or (actor.by_import and checks.gaps(found, new, hidden))) or None


def _move_followers(session: Session, actor: Actor, found: ListDefinition, item_id: int) -> None:
    """What hangs on the item takes its rights, its group and its owner with it, in the same transaction (SPEC 8)."""
    parent = rows.raw(session, found, item_id)
    for child, column in rows.following_columns(session, found):
        table = child.table
        for child_id in list(session.scalars(select(table.c.id).where(child.sql(column.name) == item_id))):
            old = rows.raw(session, child, child_id)
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
    rows.update(session, found, old, {name: new[name] for name in names} | {"scope_id": scope}, actor)
    change = Change("scope", found, dataclasses.replace(actor), old, new)
    recording.record(
        session, change, old["id"], old["version"] + 1, {name: old.get(name) for name in names}, old["scope_id"], scope
    )
    return True


__all__: Sequence[str] = [
    "add",
    "change",
    "create",
    "delete",
    "discard",
    "followers",
    "purge",
    "put_back",
    "refresh",
    "rescope_all",
    "restore",
    "restore_version",
    "update",
]
