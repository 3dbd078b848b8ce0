"""Adding a user: who signs in, with which role, in which groups; salespeople get their row in the list."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import items, query
from ..errors import Conflict, Forbidden, Invalid
from ..models import User, UserRole
from ..rights import ROLES, Actor

_EMAIL = re.compile(r"^[^@\s<>,;\"()]{1,64}@[^@\s<>,;\"()]{1,190}$")


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
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may add users.")
    email, name = email.strip().lower(), " ".join(name.split())
    if not _EMAIL.match(email):
        raise Invalid("email", "“%(value)s” is not an e-mail address.", value=email)
    if not name:
        raise Invalid("name", "“%(column)s” must be filled in.", column="Name")
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
        first, _, surname = name.rpartition(" ")
        values = {
            "first_name": first,
            "surname": surname,
            "email": email,
            "groups": list(groups),
            "user": user.id,
            **(details or {}),
        }
        if default_group:
            values["default_group"] = default_group
        items.create(session, actor, "salespeople", values)
    return user


def set_roles(session: Session, actor: Actor, user: User, role: str, *, manages: Sequence[int] = ()) -> None:
    """Give the user this role and no other. A manager manages at least one owner."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may change roles.")
    if role not in ROLES:
        raise Invalid("role", "“%(value)s” is not one of: %(choices)s.", value=role, choices=", ".join(ROLES))
    if role == "manager" and not manages:
        raise Invalid("manages", "A manager manages at least one owner.")
    if set(manages) - set(query.titles(session, actor, "owners", list(manages))):
        raise Invalid("manages", "There is no such item to choose.")
    session.query(UserRole).filter(UserRole.user_id == user.id).delete()
    owners: list[int | None] = list(manages) if role == "manager" else [None]
    session.add_all(UserRole(user_id=user.id, role=role, owner_id=owner) for owner in owners)
    session.flush()
