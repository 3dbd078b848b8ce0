"""Signing in and out: passwords (argon2id), the session table behind the cookie, API tokens, slowing down guesses."""

from __future__ import annotations

import datetime
import hashlib
import math
import secrets
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Literal, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Table, bindparam, delete, exists, func, select
from sqlalchemy.orm import Session

from ..lists import generations
from ..lists.errors import DomainError, Invalid, NotFound
from ..lists.models import User, now
from .models import ApiToken, SignInFailure, UserSession
from .notices.models import Notice
from .settings import Settings

HASHER = PasswordHasher()
LONGEST_SESSION = datetime.timedelta(days=30)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256
WEAK_BITS, STRONG_BITS = 35, 70
MOST_TOKENS = 50
# Letters that nobody mixes up when a password is read out.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"

# Every request begins with one of these, so they are built once.
_TOKENS, _SESSIONS, _NOTICES = (cast(Table, kind.__table__) for kind in (ApiToken, UserSession, Notice))
_OF_TOKEN = select(_TOKENS.c.user_id, *generations.columns()).where(_TOKENS.c.token_hash == bindparam("token"))
_OF_SESSION = select(
    _SESSIONS.c.user_id,
    exists().where(_NOTICES.c.user_id == _SESSIONS.c.user_id, _NOTICES.c.seen.is_(None)).label("has_news"),
    *generations.columns(),
).where(_SESSIONS.c.secret_hash == bindparam("secret"), _SESSIONS.c.expires > bindparam("now"))


class TooManyTries(DomainError):
    """Too many wrong passwords for an account or from an address; `minutes` until the next try counts."""


def hash_password(password: str) -> str:
    """The argon2id hash to keep. Takes tens of milliseconds: call it before a writing transaction begins.

    Raises Invalid for a password that is too short or too long.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("password", "A password has at least %(min)s characters.", min=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Invalid("password", "This is longer than %(max)s characters.", max=LONGEST_PASSWORD)
    return HASHER.hash(password)


@cache
def _nobodys_hash() -> str:
    """Verified when there is no such user, so that the answer takes the same time. Made at the first sign-in of a
    process, whoever's it is."""
    return HASHER.hash(secrets.token_urlsafe(16))


def strength(password: str, known: str = "") -> Literal["weak", "fair", "strong"]:
    """How hard a password is to guess, roughly: by its length, its different characters and their kinds.

    What occurs in `known` (the user's name and address) adds nothing, nor do repeated characters and keyboard rows.
    """
    rest = password.casefold()
    for word in sorted(set(known.casefold().replace("@", " ").replace(".", " ").split()), key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) >= 3 else rest
    steps = list(pairwise(rest))
    dull = sum(
        abs(ord(right) - ord(left)) <= 1 or left + right in "qwertyuiop asdfghjkl zxcvbnm" for left, right in steps
    )
    kinds = 26 + 26 * (password != password.casefold()) + 10 * any(map(str.isdigit, rest))
    kinds += 20 * any(not letter.isalnum() for letter in rest)
    bits = min(len(rest) - dull, 2 * len(set(rest))) * math.log2(kinds)
    return "weak" if bits < WEAK_BITS else "strong" if bits >= STRONG_BITS else "fair"


def chosen_password(password: str, again: str, user: User) -> str:
    """The hash of a password that a person chose for `user`, typed twice. Slow on purpose: before a transaction.

    Raises Invalid("password" or "again", …) where it is short, easily guessed or mistyped.
    """
    hashed = hash_password(password)
    if strength(password, f"{user.name} {user.email}") == "weak":
        raise Invalid("password", "This is easily guessed. Take several words, or more different characters.")
    if password != again:
        raise Invalid("again", "The two passwords differ.")
    return hashed


def new_password() -> str:
    """A random password that can be read out: four groups of four (79 bits)."""
    return "-".join("".join(secrets.choice(READABLE) for _letter in range(4)) for _group in range(4))


def password_fits(user: User | None, password: str) -> bool:
    """Whether the password is the user's; takes as long for a user who does not exist."""
    nobody = _nobodys_hash()
    stored = user.password_hash if user and user.active and user.password_hash else nobody
    try:
        HASHER.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not nobody


def find_user(session: Session, email: str) -> User | None:
    """The user with this address."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def check_tries(session: Session, settings: Settings, account: str, address: str) -> None:
    """Raise TooManyTries where the account or the address has had its wrong passwords."""
    since = now() - datetime.timedelta(minutes=settings.sign_in_wait_minutes)
    recent = select(func.count()).select_from(SignInFailure).where(SignInFailure.at > since)
    of_account = session.scalar(recent.where(SignInFailure.account == _account(account))) or 0
    of_address = session.scalar(recent.where(SignInFailure.address == address)) or 0
    if of_account >= settings.sign_in_attempts or of_address >= settings.sign_in_attempts_per_address:
        raise TooManyTries(
            "Too many wrong passwords. Try again in %(minutes)s minutes.", minutes=settings.sign_in_wait_minutes
        )


def note_failure(session: Session, settings: Settings, account: str, address: str) -> None:
    """Remember a wrong password; what is too old to count is forgotten."""
    session.execute(
        delete(SignInFailure).where(
            SignInFailure.at < now() - datetime.timedelta(minutes=settings.sign_in_wait_minutes)
        )
    )
    session.add(SignInFailure(account=_account(account), address=address))


def open_session(session: Session, user: User, *, address: str, agent: str) -> str:
    """A new signed-in session; returns the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    session.execute(delete(UserSession).where(UserSession.expires < now()))
    session.execute(delete(SignInFailure).where(SignInFailure.account == user.email))
    session.add(
        UserSession(
            secret_hash=_hash(secret),
            user_id=user.id,
            expires=now() + LONGEST_SESSION,
            address=address[:64],
            agent=agent[:300],
        )
    )
    return secret


def user_of_session(session: Session, secret: str) -> tuple[int | None, bool]:
    """The user whose session this is, None when it was ended or is too old; and whether there may be news for them.

    Every page shows whether there are: asked here, that costs no statement of its own.
    """
    found = session.execute(_OF_SESSION, {"secret": _hash(secret), "now": now()}).first()
    if found is None:
        return None, False
    generations.noted(session, found)
    return found.user_id, found.has_news


def close_session(session: Session, secret: str) -> None:
    """Sign this browser out."""
    session.execute(delete(UserSession).where(UserSession.secret_hash == _hash(secret)))


def close_all_sessions(session: Session, user_id: int, *, but: str | None = None) -> None:
    """Sign the user out everywhere (but in the session with this secret)."""
    everywhere = delete(UserSession).where(UserSession.user_id == user_id)
    session.execute(everywhere.where(UserSession.secret_hash != _hash(but)) if but else everywhere)


def lock_out(session: Session, user_id: int) -> None:
    """End all sessions and API tokens of a user, at once and for good."""
    close_all_sessions(session, user_id)
    session.execute(delete(ApiToken).where(ApiToken.user_id == user_id))


def sessions_of(session: Session, user_id: int) -> Sequence[UserSession]:
    """Where the user is signed in, newest first."""
    mine = select(UserSession).where(UserSession.user_id == user_id, UserSession.expires > now())
    return session.scalars(mine.order_by(UserSession.created.desc(), UserSession.id.desc())).all()


def is_session(row: UserSession, secret: str | None) -> bool:
    """Whether this is the session with that secret."""
    return secret is not None and row.secret_hash == _hash(secret)


def end_session(session: Session, user_id: int, session_id: int) -> None:
    """Sign one of the user's browsers out. Raises NotFound where it is not the user's or gone."""
    _delete_own(session, UserSession, user_id, session_id)


def tokens_of(session: Session, user_id: int) -> Sequence[ApiToken]:
    """The user's API tokens, newest first."""
    return session.scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())).all()


def revoke_token(session: Session, user_id: int, token_id: int) -> None:
    """End one of the user's tokens. Raises NotFound where it is not the user's or gone."""
    _delete_own(session, ApiToken, user_id, token_id)


def _delete_own(session: Session, kind: type[UserSession] | type[ApiToken], user_id: int, row_id: int) -> None:
    row = session.get(kind, row_id) if 0 < row_id < 2**31 else None
    if row is None or row.user_id != user_id:
        raise NotFound("This is gone already.")
    session.delete(row)
    session.flush()


def add_token(session: Session, user: User, name: str = "") -> str:
    """A new API token of the user; it is shown this once. Raises Invalid for a long name or too many tokens."""
    if len(name) > 100:
        raise Invalid("name", "This is longer than %(max)s characters.", max=100)
    if len(tokens_of(session, user.id)) >= MOST_TOKENS:
        raise Invalid("name", "You have %(max)s tokens already: revoke one first.", max=MOST_TOKENS)
    token = "cr_" + secrets.token_urlsafe(32)
    session.add(ApiToken(token_hash=_hash(token), user_id=user.id, name=name))
    return token


def user_of_token(session: Session, token: str) -> int | None:
    """The user whose API token this is."""
    found = session.execute(_OF_TOKEN, {"token": _hash(token)}).first()
    if found is None:
        return None
    generations.noted(session, found)
    return found.user_id


def remove_token(session: Session, token: str) -> None:
    """Make an API token worthless."""
    session.execute(delete(ApiToken).where(ApiToken.token_hash == _hash(token)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _account(account: str) -> str:
    return account.strip().lower()[:254]
