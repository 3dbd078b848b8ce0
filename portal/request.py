"""What every request has: who asks, and one transaction that is opened and committed in one place.

A view takes `session()` when it has parsed what came: on SQLite a writing transaction holds the one writer's lock.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import cast
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, TimestampSigner
from sqlalchemy.orm import Session

from ..lists.rights import Actor, load_actor
from . import sign_in
from .home import Home

COOKIE = "caseroom_session"
SAFE = ("GET", "HEAD", "OPTIONS")
RENEW_SECONDS = 300


class NotSignedIn(Exception):
    """Nobody is signed in, and the page or call needs somebody."""


def home() -> Home:
    """The home that this application serves."""
    return cast(Home, current_app.extensions["caseroom"])


def session() -> Session:
    """The request's session: reading for GET, one writing transaction for all else; opened at the first call."""
    if "session" not in g:
        database = home().database
        manager: AbstractContextManager[Session] = database.read() if request.method in SAFE else database.write()
        g.session_manager, g.session = manager, manager.__enter__()
    return g.session


def saved() -> Session:
    """Commit what was written; from here on the request only reads, for its answer, and others may write."""
    finish(None)
    manager = home().database.read()
    g.session_manager, g.session = manager, manager.__enter__()
    return g.session


def finish(error: BaseException | None) -> None:
    """Commit the request's transaction, or roll it back on an error, where there is one."""
    manager = g.pop("session_manager", None)
    g.pop("session", None)
    if manager is not None:
        manager.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


def actor() -> Actor:
    """Who asks. Raises NotSignedIn."""
    if g.get("actor") is None:
        raise NotSignedIn
    return g.actor


def identify() -> None:
    """Find out who asks, by bearer token or session cookie, before every request."""
    g.actor, g.by_token, g.session_secret, g.renew = None, False, None, False
    g.has_news = False
    authorization = request.headers.get("Authorization", "")
    if authorization[:7].lower() == "bearer ":
        g.by_token = True
        with _reading() as reading:
            user_id = sign_in.user_of_token(reading, authorization[7:].strip())
            g.actor = load_actor(reading, user_id) if user_id else None
        return
    secret = _secret_of_cookie(request.cookies.get(COOKIE, ""))
    if secret:
        with _reading() as reading:
            user_id, g.has_news = sign_in.user_of_session(reading, secret)
            g.actor = load_actor(reading, user_id) if user_id else None
            g.session_secret = secret if g.actor else None


def _reading() -> AbstractContextManager[Session]:
    """The request's own session where it only reads; who writes must not hold the one writer's lock so early."""
    return nullcontext(session()) if request.method in SAFE else home().database.read(at_one_instant=False)


def cookie_value(secret: str) -> str:
    """The cookie for a session: its secret, signed with the time of its last use."""
    return _signer().sign(secret).decode()


def _secret_of_cookie(value: str) -> str | None:
    try:
        secret, used = _signer().unsign(value, max_age=home().settings.session_hours * 3600, return_timestamp=True)
    except BadSignature:
        return None
    from ..lists.models import now

    g.renew = (now() - used).total_seconds() > RENEW_SECONDS
    return secret.decode()


def _signer() -> TimestampSigner:
    return TimestampSigner(home().settings.secret_key, salt="session")


def next_page(default: str = "/") -> str:
    """Where to go on: the argument or field `next`; only addresses of this portal are taken."""
    wanted = request.values.get("next", "")
    return wanted if is_own_address(wanted) else default


def is_own_address(wanted: str) -> bool:
    """Whether this is a path of this portal, however a browser reads it (RFC 3986 4.2; WHATWG URL takes \\ for /)."""
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return False
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def wants_json() -> bool:
    """Whether the answer is for a program: the API, or a page's script that asks for JSON."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def sign_in_redirect() -> ResponseReturnValue:
    """To the sign-in page, and back here afterwards."""
    there = request.full_path.rstrip("?") if request.method in SAFE else "/"
    return redirect(url_for("account.sign_in_page", next=there), 303)
