"""Who may see an item, through what, and why somebody may not: for administrators.

What somebody may is asked of `access` itself; the grants only say where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from . import query, schema, titles
from .catalogue import ListDefinition, definition
from .models import GroupOwner, Membership, ScopeGrant, User, UserRole
from .query import Item
from .rights import PROGRAM, Actor, Level, access, load_actor

MOST_PEOPLE = 30  # that are named for a grant; beyond that only their number is said


@dataclass(frozen=True)
class Grant:
    """A level that an item gives to a `kind` of people: a group's members, an owner's managers, a role, one person.

    `title`: of the group, owner or person; `people`: the names of some, and how many there are.
    """

    kind: str
    title: str
    level: Level
    people: Sequence[str]
    number: int


@dataclass(frozen=True)
class Answer:
    """What one person may with an item: the level, the grants that give it, and what holds it down.

    `limits`: `inactive`, `no role`, `reader`, `private` (the item's own privacy), `archived`.
    """

    name: str
    level: Level
    may_delete: bool
    administrator: bool
    grants: Sequence[Grant]
    limits: Sequence[str]


def grants(session: Session, actor: Actor, list_name: str, item_id: int) -> list[Grant]:
    """Everybody to whom an item gives anything, the most first. Raises Forbidden, NotFound."""
    _item, subjects = _asked(session, actor, list_name, item_id)
    found = [_grant(session, actor, subject, level) for subject, level in subjects.items()]
    return sorted(found, key=lambda one: (-one.level, one.kind, one.title))


def answer(session: Session, actor: Actor, list_name: str, item_id: int, user_id: int) -> Answer:
    """What a person may with an item, and why. Raises Forbidden, NotFound (the item, or the person)."""
    item, subjects = _asked(session, actor, list_name, item_id)
    person = _person(session, user_id)
    if not person.active:
        return Answer(person.name, Level.NONE, False, False, (), ("inactive",))
    asked = load_actor(session, user_id)
    assert asked is not None
    found = definition(session, list_name)
    level, may_delete = _level(session, found, asked, item_id)
    through = [_grant(session, actor, one, level_) for one, level_ in subjects.items() if one in asked.subjects]
    through.sort(key=lambda one: -one.level)
    best = Level.EDIT if asked.is_administrator else max((one.level for one in through), default=Level.NONE)
    return Answer(
        person.name, level, may_delete, asked.is_administrator, through, _limits(item, found, asked, level, best)
    )


def _asked(session: Session, actor: Actor, list_name: str, item_id: int) -> tuple[Item, dict[str, Level]]:
    """The item, and the levels that its scope and its own list of readers give, by subject."""
    schema.administrators_only(actor)
    item = query.get(session, actor, list_name, item_id)
    found = definition(session, list_name)
    scope = select(found.table.c.scope_id).where(found.table.c.id == item_id).scalar_subquery()
    rows = session.execute(select(ScopeGrant.subject, ScopeGrant.level).where(ScopeGrant.scope_id == scope))
    subjects = {row.subject: Level(row.level) for row in rows}
    if readers := found.settings.get("readers"):
        for reader in session.scalar(select(found.sql(readers)).where(found.table.c.id == item_id)) or ():
            subjects.setdefault(f"user:{reader}", Level.READ)
    return item, subjects


def _person(session: Session, user_id: int) -> User:
    from .crm.users import find_user

    return find_user(session, PROGRAM, user_id)


def _level(session: Session, found: ListDefinition, asked: Actor, item_id: int) -> tuple[Level, bool]:
    """The level at which `access` lets the person have the item, and whether it may be deleted."""

    def has(level: Level) -> bool:
        condition = access(session, found, asked, level).condition
        wanted = select(found.table.c.id).where(found.table.c.id == item_id)
        return session.scalar(wanted if condition is None else wanted.where(condition)) is not None

    levels = (Level.EDIT, Level.READ, Level.HEADLINE, Level.EXISTS)
    return next((level for level in levels if has(level)), Level.NONE), has(Level.DELETE)


def _limits(item: Item, found: ListDefinition, asked: Actor, level: Level, best: Level) -> list[str]:
    limits = []
    if not asked.roles:
        limits.append("no role")
    if not asked.may_write and best >= Level.EDIT:
        limits.append("reader")
    if found.is_archived and best >= Level.EDIT:
        limits.append("archived")
    allowed = min(best, Level.READ) if limits else best
    if level < allowed and found.settings.get("cap"):
        limits.append("private")
    return limits


def _grant(session: Session, actor: Actor, subject: str, level: Level) -> Grant:
    kind, _, number = subject.partition(":")
    named = {"group": "sales_groups", "owner": "owners", "manager": "owners", "user": "users"}.get(kind)
    title = titles.titles(session, actor, named, [int(number)]).get(int(number), f"#{number}") if named else number
    of = _PEOPLE[kind](number)
    people = session.scalars(of.order_by(User.name).limit(MOST_PEOPLE)).all()
    count = session.scalar(select(func.count()).select_from(of.subquery())) or 0
    return Grant(kind, title, level, people, count)


def _active(*conditions: Any) -> Select[str]:
    return select(User.name).where(User.active, *conditions)


def _members(of: Any) -> Any:
    return User.id.in_(select(Membership.user_id).where(of))


def _of_role(*conditions: Any) -> Any:
    return User.id.in_(select(UserRole.user_id).where(*conditions))


_PEOPLE: Mapping[str, Any] = {
    "all": lambda _: _active(_of_role()),
    "user": lambda number: _active(User.id == int(number)),
    "role": lambda role: _active(_of_role(UserRole.role == role)),
    "group": lambda number: _active(_members(Membership.group_id == int(number))),
    "owner": lambda number: _active(
        _members(Membership.group_id.in_(select(GroupOwner.group_id).where(GroupOwner.owner_id == int(number))))
    ),
    "manager": lambda number: _active(_of_role(UserRole.role == "manager", UserRole.owner_id == int(number))),
}
