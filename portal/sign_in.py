"""Signing in and out: passwords (argon2id), the session table behind the cookie, API tokens, slowing down guesses."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..lists.errors import DomainError, Invalid
from ..lists.models import User, now
from .models import ApiToken, SignInFailure, UserSession
from .settings import Settings

HASHER = PasswordHasher()
# Verified when there is no such user, so that the answer takes the same time.
_NOBODY = HASHER.hash(secrets.token_urlsafe(16))
LONGEST_SESSION = datetime.timedelta(days=30)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256


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


def password_fits(user: User | None, password: str) -> bool:
    """Whether the password is the user's; takes as long for a user who does not exist."""
    stored = user.password_hash if user and user.active and user.password_hash else _NOBODY
    try:
        HASHER.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not _NOBODY


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


def user_of_session(session: Session, secret: str) -> int | None:
    """The user whose session this is; None when it was ended or is too old."""
    return session.scalar(
        select(UserSession.user_id).where(UserSession.secret_hash == _hash(secret), UserSession.expires > now())
    )


def close_session(session: Session, secret: str) -> None:
    """Sign this browser out."""
    session.execute(delete(UserSession).where(UserSession.secret_hash == _hash(secret)))


def close_all_sessions(session: Session, user_id: int, *, but: str | None = None) -> None:
    """Sign the user out everywhere (but in the session with this secret)."""
    everywhere = delete(UserSession).where(UserSession.user_id == user_id)
    session.execute(everywhere.where(UserSession.secret_hash != _hash(but)) if but else everywhere)


def add_token(session: Session, user: User, name: str = "") -> str:
    """A new API token of the user; it is shown this once."""
    token = "cr_" + secrets.token_urlsafe(32)
    session.add(ApiToken(token_hash=_hash(token), user_id=user.id, name=name))
    return token


def user_of_token(session: Session, token: str) -> int | None:
    """The user whose API token this is."""
    return session.scalar(select(ApiToken.user_id).where(ApiToken.token_hash == _hash(token)))


def remove_token(session: Session, token: str) -> None:
    """Make an API token worthless."""
    session.execute(delete(ApiToken).where(ApiToken.token_hash == _hash(token)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _account(account: str) -> str:
    return account.strip().lower()[:254]
