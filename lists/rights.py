"""Who acts, and what they may: `access(list, actor, right)` is the one question about rights (DESIGN 1, SPEC 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, not_, or_, select
from sqlalchemy.orm import Session

from . import generations, granted
from .catalogue import Column, ListDefinition
from .columns import Reader
from .database import database_of
from .models import Counter, GroupOwner, Membership, User, UserRole
from .sqltypes import WHOLE, among, by_scope, json_has

ROLES = ("salesperson", "manager", "template_editor", "reader", "administrator")
MOST_KEPT = 5_000  # actors, per process


class Level(IntEnum):
    """How much of an item somebody may have."""

    NONE = 0
    EXISTS = 1
    HEADLINE = 2
    READ = 3
    EDIT = 4
    DELETE = 5  # more than EDIT only where a list says who may delete


@dataclass(frozen=True)
class Actor:
    """Who does it. Always a parameter, never taken from the surroundings.

    `groups`: ids of the sales groups of which the user is a member; `manages`: ids of the managed owners;
    `managed_groups`: all groups of those owners. `user_id` None = the program itself, which may everything.
    """

    user_id: int | None
    name: str = "Caseroom"
    email: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[int] = frozenset()
    default_group: int | None = None
    manages: frozenset[int] = frozenset()
    managed_groups: frozenset[int] = frozenset()
    group_owners: frozenset[int] = frozenset()
    salesperson_id: int | None = None
    language: str = "en"
    time_zone: str = "UTC"
    by_import: bool = False  # an administrator's import may set what the program sets (SPEC 3)
    as_it_stood: bool = False  # a copy's or a file's rows may point to entries that have been retired since
    batch: str | None = field(default=None, compare=False)
    own_views: int | None = field(default=None, compare=False)  # how often they have changed; None = not known

    @property
    def is_program(self) -> bool:
        return self.user_id is None

    @property
    def is_administrator(self) -> bool:
        return self.is_program or "administrator" in self.roles

    @property
    def may_write(self) -> bool:
        """Whether any of the roles lets the user change things; readers may not."""
        return self.is_program or bool(self.roles - {"reader"})

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.language, self.time_zone)

    @cached_property
    def subjects(self) -> frozenset[str]:
        """The names under which scopes grant something to this user."""
        names = {f"user:{self.user_id}"}
        if self.roles:
            names.add("all")
        names.update(f"role:{role}" for role in self.roles)
        names.update([f"group:{group}" for group in self.groups])
        names.update(f"owner:{owner}" for owner in self.group_owners)
        names.update(f"manager:{owner}" for owner in self.manages)
        return frozenset(names)

    def with_all_rights(self) -> Actor:
        """The same person, doing what the program does in consequence of something that was permitted."""
        return replace(self, roles=self.roles | {"administrator"})

    def may_use_group(self, group_id: int) -> bool:
        """Whether new items of this user may belong to the group."""
        return self.is_administrator or group_id in self.groups or group_id in self.managed_groups


PROGRAM = Actor(None)


def load_actor(session: Session, user_id: int) -> Actor | None:
    """The user as an actor, with roles and memberships as they are now; None if gone or not active.

    A process keeps its actors until anybody's roles, groups or own views change.
    """
    by = (generations.PEOPLE,)
    return generations.kept(session, "actors", by, user_id, lambda: _load_actor(session, user_id), MOST_KEPT)


def _load_actor(session: Session, user_id: int) -> Actor | None:
    user = session.get(User, user_id)
    if user is None or not user.active:
        return None
    changes = select(Counter.value).where(Counter.name == own_views_counter(user_id)).scalar_subquery()
    asked = select(UserRole.role, UserRole.owner_id, changes.label("own_views")).where(UserRole.user_id == user_id)
    roles = list(session.execute(asked))
    members = list(session.execute(
        select(Membership.group_id, Membership.is_default, Membership.salesperson_id, GroupOwner.owner_id)
        .outerjoin(GroupOwner, GroupOwner.group_id == Membership.group_id).where(Membership.user_id == user_id)
        .order_by(Membership.group_id)
    ))  # fmt: skip
    manages = _managed(roles)
    managed = session.scalars(select(GroupOwner.group_id).where(GroupOwner.owner_id.in_(manages))) if manages else ()
    alone = None if members else _salesperson_without_group(session, user_id)
    actor = _actor(session, user, roles, members, managed, alone)
    return replace(actor, own_views=roles[0].own_views or 0) if roles else actor


def own_views_counter(user_id: int) -> str:
    """The name of the counter of changes of a user's own views."""
    return f"views of {user_id}"


def load_actors(session: Session, user_ids: Sequence[int]) -> dict[int, Actor]:
    """Many users as actors, in few statements; those that are gone or not active are left out.

    `salesperson_id` is that of a membership only: of who is in no group nobody asks for it here.
    """
    found: dict[int, Actor] = {}
    owners: dict[int, list[int]] = {}
    for row in session.execute(select(GroupOwner.owner_id, GroupOwner.group_id)):
        owners.setdefault(row.owner_id, []).append(row.group_id)
    for start in range(0, len(user_ids), 1000):
        some = list(user_ids[start : start + 1000])
        roles: dict[int, list[Any]] = {}
        for row in session.execute(select(UserRole).where(UserRole.user_id.in_(some))).scalars():
            roles.setdefault(row.user_id, []).append(row)
        members: dict[int, list[Any]] = {}
        statement = select(
            Membership.user_id, Membership.group_id, Membership.is_default, Membership.salesperson_id,
            GroupOwner.owner_id,
        ).outerjoin(GroupOwner, GroupOwner.group_id == Membership.group_id)  # fmt: skip
        for row in session.execute(statement.where(Membership.user_id.in_(some)).order_by(Membership.group_id)):
            members.setdefault(row.user_id, []).append(row)
        for user in session.scalars(select(User).where(User.id.in_(some), User.active.is_(True))):
            mine = roles.get(user.id, [])
            managed = [group for owner in _managed(mine) for group in owners.get(owner, ())]
            found[user.id] = _actor(session, user, mine, members.get(user.id, []), managed, None)
    return found


def _managed(roles: Iterable[Any]) -> frozenset[int]:
    return frozenset(row.owner_id for row in roles if row.role == "manager" and row.owner_id)


def _actor(
    session: Session,
    user: User,
    roles: Sequence[Any],
    members: Sequence[Any],
    managed: Iterable[int],
    alone: int | None,
) -> Actor:
    default = next((row.group_id for row in members if row.is_default), members[0].group_id if members else None)
    return Actor(
        user_id=user.id, name=user.name, email=user.email, roles=frozenset(row.role for row in roles),
        groups=frozenset(row.group_id for row in members), default_group=default,
        manages=_managed(roles), managed_groups=frozenset(managed),
        group_owners=frozenset(row.owner_id for row in members if row.owner_id),
        salesperson_id=members[0].salesperson_id if members else alone,
        language=user.language, time_zone=user.time_zone or database_of(session).house.time_zone,
    )  # fmt: skip


Known = dict[Any, ColumnElement[bool]]


class Access:
    """The answer: which rows (`condition`; None = all) and, per column, on which of them its value shows.

    Each part is made when it is asked for: who looks a title up needs no mask for every column.
    """

    def __init__(
        self, session: Session, definition: ListDefinition, actor: Actor, right: Level, *, by_index: bool | None = None
    ) -> None:
        self.session, self.definition, self.actor, self.right = session, definition, actor, right
        self._by_index = by_index
        self._at: dict[Level, ColumnElement[bool] | None] = {}
        self._known: Known = {}

    @cached_property
    def condition(self) -> ColumnElement[bool] | None:
        if self.right is Level.DELETE:
            return _both(self._condition(Level.EDIT), _delete_condition(self.definition, self.actor))
        return self._condition(self.right)

    @cached_property
    def read(self) -> ColumnElement[bool] | None:
        """On which rows all columns show; None where that is true of everything that the condition lets through."""
        return self._beside_condition(Level.READ)

    @cached_property
    def headline(self) -> ColumnElement[bool] | None:
        """On which rows the headline columns show; None = on all that the condition lets through."""
        return self._beside_condition(Level.HEADLINE)

    @cached_property
    def level(self) -> ColumnElement[int]:
        """Each row's level, as its number."""
        whens = []
        for level in (Level.EDIT, Level.READ, Level.HEADLINE):
            condition = self._beside_condition(level)
            if condition is None:
                return case(*whens, else_=literal(int(level), WHOLE)) if whens else literal(int(level), WHOLE)
            whens.append((self._of_those_let_through(condition), literal(int(level), WHOLE)))
        return case(*whens, else_=literal(int(Level.EXISTS), WHOLE))

    def _of_those_let_through(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """The same said of few scopes: mostly all but some of those that are let through have the level."""
        scopes = {id(made): found for found, made in self._known.items()}
        wanted, passing = scopes.get(id(condition)), scopes.get(id(self.condition))
        if not isinstance(wanted, tuple) or not isinstance(passing, tuple):
            return condition
        others = set(passing).difference(wanted)
        if len(others) >= len(wanted):
            return condition
        return not_(_among(self.session, self.definition.table.c.scope_id, sorted(others)))

    def mask(self, column: Column | str) -> ColumnElement[bool] | None:
        """On which of the rows the column's value shows; None = on all of them."""
        name = column if isinstance(column, str) else column.name
        if name in self.definition.exists or name in ("id", "guid", "version"):
            return None
        if name in self.definition.headline:
            return self.headline
        by_flag = self.definition.settings.get("headline_if", {}).get(name)
        if by_flag and self.read is not None:
            flagged = self.definition.sql(by_flag).is_(True)
            return or_(self.read, and_(flagged, self.headline) if self.headline is not None else flagged)
        return self.read

    def _condition(self, level: Level) -> ColumnElement[bool] | None:
        if level not in self._at:
            self._at[level] = _level_condition(
                self.session, self.definition, self.actor, level, self._known, self._by_index
            )
        return self._at[level]

    def _beside_condition(self, level: Level) -> ColumnElement[bool] | None:
        condition = self._condition(level)
        return None if _same(condition, self.condition) else condition


def access(
    session: Session, definition: ListDefinition, actor: Actor, right: Level = Level.EXISTS,
    *, by_index: bool | None = None,
) -> Access:  # fmt: skip
    """What `actor` may see of `definition` at `right` or better: the one question about rights.

    `by_index`: whether the rows are found by the index of their scopes; None = where not nearly all are readable.
    """
    return Access(session, definition, actor, right, by_index=by_index)


def may_open(definition: ListDefinition, actor: Actor) -> bool:
    """Whether the actor could see anything in the list at all."""
    if actor.is_administrator:
        return True
    common = definition.separation == "common" or bool(definition.settings.get("everyone"))
    return bool(actor.roles) and (common or bool(actor.groups or actor.managed_groups))


def may_add(definition: ListDefinition, actor: Actor) -> bool:
    """Whether the actor may make items of the list, in one group or another."""
    if definition.is_archived:
        return False
    if actor.is_administrator or not actor.may_write:
        return actor.is_administrator
    if definition.separation != "common":
        return bool(actor.groups or actor.managed_groups)
    granted = int(definition.settings.get("common", Level.EDIT))
    return granted >= Level.EDIT or bool(actor.roles & set(definition.settings.get("edit_roles", ())))


def _level_condition(
    session: Session, definition: ListDefinition, actor: Actor, level: Level, known: Known, by_index: bool | None
) -> ColumnElement[bool] | None:
    if level >= Level.EDIT and definition.is_archived and not actor.is_program:
        return false()
    condition = _scope_condition(session, definition, actor, level, known, by_index)
    own = definition.settings.get("readers")
    if condition is not None and own and level <= Level.READ and actor.user_id is not None:
        condition = or_(condition, json_has(definition.sql(own), literal(actor.user_id, WHOLE)))
    return _both(condition, _cap_condition(definition, actor, level))


def _scope_condition(
    session: Session, definition: ListDefinition, actor: Actor, level: Level, known: Known, by_index: bool | None
) -> ColumnElement[bool] | None:
    """`known`: the conditions made already, so that equal ones are one."""
    if actor.is_administrator:
        return None
    if level >= Level.EDIT and not actor.may_write:
        return false()
    scopes = granted.scopes(session, actor.subjects, level)
    if scopes == ():
        return false()
    if scopes not in known:
        known[scopes] = _among(session, _scope_column(session, definition, by_index), scopes)
    return known[scopes]


def _among(
    session: Session, scope: ColumnElement[int], scopes: Sequence[int] | Select[Any]
) -> ColumnElement[bool]:
    return scope.in_(scopes) if isinstance(scopes, Select) else among(session, scope, scopes, WHOLE)


def _scope_column(session: Session, definition: ListDefinition, by_index: bool | None) -> ColumnElement[int]:
    """The rows' scope. Where nearly all rows are readable SQLite must not gather them by the scope's index, nor where
    they are found by another one (DESIGN 3; 58 ms, not 400, at 100,000 rows).
    """
    scope = definition.table.c.scope_id
    is_found_by = definition.separation != "common" if by_index is None else by_index
    return by_scope(scope) if is_found_by and database_of(session).is_sqlite else scope


def _cap_condition(definition: ListDefinition, actor: Actor, level: Level) -> ColumnElement[bool] | None:
    """A row's own cap (privacy tier): `cap = {column, levels, exempt}`; it binds all but the creator and the exempt."""
    cap = definition.settings.get("cap")
    if not cap or actor.is_program:
        return None
    low = [value for value, allowed in cap["levels"].items() if allowed < level]
    if not low:
        return None
    column = definition.sql(cap["column"])
    is_low = column.is_(True) if low == ["true"] else column.in_(low)
    conditions = [func.coalesce(is_low, false()).is_(false()), definition.table.c.created_by == actor.user_id]
    if cap.get("exempt"):
        conditions.append(json_has(definition.sql(cap["exempt"]), literal(actor.user_id, WHOLE)))
    return or_(*conditions)


def _delete_condition(definition: ListDefinition, actor: Actor) -> ColumnElement[bool] | None:
    if definition.settings.get("delete") != "responsible" or actor.is_administrator:
        return None
    mine = definition.sql("sales_group").in_(sorted(actor.groups | actor.managed_groups))
    return or_(mine, and_(definition.sql("sales_group").is_(None), definition.table.c.created_by == actor.user_id))


def _both(left: ColumnElement[bool] | None, right: ColumnElement[bool] | None) -> ColumnElement[bool] | None:
    if left is None or right is None:
        return left if right is None else right
    return and_(left, right)


def _same(left: ColumnElement[bool] | None, right: ColumnElement[bool] | None) -> bool:
    if left is None or right is None:
        return left is None
    return left is right or left.compare(right)


def _salesperson_without_group(session: Session, user_id: int) -> int | None:
    from .catalogue import catalogue

    lists = catalogue(session).by_name
    if "salespeople" not in lists:
        return None
    people = lists["salespeople"]
    return session.scalar(
        select(people.table.c.id).where(people.sql("user") == user_id, people.table.c.deleted.is_(None))
    )
