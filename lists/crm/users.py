"""Users: who signs in, with which role, in which groups; salespeople get their row in the list."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .. import items, query
from ..errors import Conflict, Forbidden, Invalid, NotFound, Words
from ..filters import where
from ..models import User, UserRole
from ..rights import ROLES, Actor
from ..sqltypes import fold, folded

_EMAIL = re.compile(r"^[^@\s<>,;\"()]{1,64}@[^@\s<>,;\"()]{1,190}$")


def email_address(text: str) -> str:
    """An address as users sign in with it. Raises Invalid."""
    email = text.strip().lower()
    if not _EMAIL.match(email):
        raise Invalid("email", "“%(value)s” is not an e-mail address.", value=email[:254])
    return email


def add_user(
    session: Session,
    actor: Actor,
    email: str,
    *,
    name: str,
    role: str,
    groups: Sequence[int] = (),
    manages: Sequence[int] = (),
    password_hash: str | None = None,
    language: str = "en",
    time_zone: str | None = None,
    default_group: int | None = None,
    details: dict[str, str] | None = None,
) -> User:
    """Add a user. `groups`: ids of sales groups, `manages`: ids of owners (role manager).

    Whoever is in a group, or sells, gets a row in the list of salespeople. Raises Invalid, Conflict (the address is
    taken), Forbidden (not an administrator).
    """
    _must_administer(actor)
    email, name = email_address(email), _full_name(name)
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict("There is a user with the address %(email)s already.", email=email)
    user = User(
        email=email,
        name=name,
        password_hash=password_hash,
        language=language,
        time_zone=time_zone,
        feed_secret=secrets.token_urlsafe(32),
    )
    session.add(user)
    session.flush()
    set_roles(session, actor, user, role, manages=manages)
    if groups or role in ("salesperson", "reader"):
        more = {**(details or {}), **({"default_group": default_group} if default_group else {})}
        _add_salesperson(session, actor, user, groups, more)
    return user


def change_user(
    session: Session,
    actor: Actor,
    user_id: int,
    *,
    name: str,
    role: str,
    groups: Sequence[int],
    manages: Sequence[int] = (),
    language: str,
) -> User:
    """Change who a user is: name, role, groups, managed owners, language. It acts at the user's next request.

    Raises NotFound, Invalid, Forbidden, Conflict (the last administrator, or one's own role).
    """
    user = find_user(session, actor, user_id)
    user.name, user.language = _full_name(name), language
    set_roles(session, actor, user, role, manages=manages)
    person = salesperson_of(session, actor, user)
    if person is None:
        if groups or role in ("salesperson", "reader"):
            _add_salesperson(session, actor, user, groups)
        return user
    values: dict[str, Any] = {"groups": list(groups)}
    if person["name"] != user.name:
        values |= _name_parts(user.name)
    items.update(session, actor, "salespeople", person.id, values, version=None)
    return user


def set_active(session: Session, actor: Actor, user_id: int, active: bool) -> User:
    """Let a user in, or keep them out from now on; roles and memberships stay. Raises as `change_user`."""
    user = find_user(session, actor, user_id)
    if user.active and not active:
        if user.id == actor.user_id:
            raise Conflict("You cannot deactivate yourself. Ask another administrator.")
        _keep_an_administrator(session, user)
    user.active = active
    session.flush()
    return user


def find_user(session: Session, actor: Actor, user_id: int) -> User:
    """The user, for an administrator. Raises NotFound, Forbidden."""
    _must_administer(actor)
    user = session.get(User, user_id) if 0 < user_id < 2**31 else None
    if user is None:
        raise NotFound("There is no such user.")
    return user


def matching(session: Session, actor: Actor, text: str, most: int = 20) -> list[User]:
    """The users in whose name or address this stands, the first few by name. Raises Forbidden."""
    _must_administer(actor)
    found = or_(*(folded(one).contains(fold(text), autoescape=True) for one in (User.name, User.email)))
    return list(session.scalars(select(User).where(found).order_by(User.name, User.id).limit(most)))


def salesperson_of(session: Session, actor: Actor, user: User) -> query.Item | None:
    """The user's row in the list of salespeople."""
    return query.find(session, actor, "salespeople", where(user=user.id))


def set_roles(session: Session, actor: Actor, user: User, role: str, *, manages: Sequence[int] = ()) -> None:
    """Give the user this role and no other. A manager manages at least one owner."""
    _must_administer(actor)
    if role not in ROLES:
        raise Invalid("role", "“%(value)s” is not one of: %(choices)s.", value=role, choices=", ".join(ROLES))
    if role == "manager" and not manages:
        raise Invalid("manages", "A manager manages at least one owner.")
    if set(manages) - set(query.titles(session, actor, "owners", list(manages))):
        raise Invalid("manages", "There is no such item to choose.")
    if role != "administrator" and _is_administrator(session, user):
        if user.id == actor.user_id:
            raise Conflict("You cannot take your own administrator's role away. Ask another administrator.")
        _keep_an_administrator(session, user)
    session.query(UserRole).filter(UserRole.user_id == user.id).delete()
    owners: list[int | None] = list(manages) if role == "manager" else [None]
    session.add_all(UserRole(user_id=user.id, role=role, owner_id=owner) for owner in owners)
    session.flush()


def _must_administer(actor: Actor) -> None:
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may do this.")


def _full_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid("name", "“%(column)s” must be filled in.", column=Words("Name"))
    if len(name) > 200:
        raise Invalid("name", "This is longer than %(max)s characters.", max=200)
    return name


def _name_parts(name: str) -> dict[str, str]:
    first, _, surname = name.rpartition(" ")
    return {"first_name": first, "surname": surname}


def _add_salesperson(
    session: Session, actor: Actor, user: User, groups: Sequence[int], more: dict[str, Any] | None = None
) -> None:
    values = {**_name_parts(user.name), "email": user.email, "groups": list(groups), "user": user.id, **(more or {})}
    items.create(session, actor, "salespeople", values)


def _is_administrator(session: Session, user: User) -> bool:
    role = select(UserRole.id).where(UserRole.user_id == user.id, UserRole.role == "administrator")
    return session.scalar(role) is not None


def _keep_an_administrator(session: Session, user: User) -> None:
    """Refuse to lose the last one. The rows are locked, so that two do not demote each other at once."""
    active = (
        select(User.id)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role == "administrator", User.active.is_(True))
        .with_for_update()
    )
    left = set(session.scalars(active))
    if user.id in left and left == {user.id}:
        raise Conflict("This is the last administrator. Make somebody else an administrator first.")
