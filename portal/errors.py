"""Where domain errors become answers: problem details (RFC 9457) for programs, a friendly page for people."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ..lists.database import NO_ROOM
from ..lists.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    Invalid,
    Locked,
    NotFound,
    Stale,
    StorageFull,
    Titles,
    TooSlow,
    Words,
)
from .request import NotSignedIn, sign_in_redirect, wants_json
from .sign_in import TooManyTries

STATUS: list[tuple[type[DomainError], int]] = [
    (NotFound, 404),
    (Forbidden, 403),
    (Locked, 423),
    (Stale, 412),
    (Conflict, 409),
    (Invalid, 422),
    (StorageFull, 507),
    (TooSlow, 503),
    (TooManyTries, 429),
]


def register(app: Flask) -> None:
    """Map every error of the application in one place."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(NotSignedIn, _not_signed_in)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OSError, _os_error)
    app.register_error_handler(Exception, _unexpected)


def said(words: DomainError | FieldError | Words) -> str:
    """What it says in the reader's language."""
    return _(words.message, **{name: _told(value) for name, value in words.values.items()})


def _told(value: Any) -> Any:
    """A value of a message: what has words of its own, in the reader's language too."""
    if isinstance(value, Words):
        return said(value)
    if isinstance(value, Titles):
        return value.get(str(get_locale() or "en")) or str(value)
    return value


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error. A stale edit is 409 on a page, 412 in the API (CONTRACT)."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 400)
    return 409 if status == 412 and not wants_json() else status


def _domain_error(error: DomainError) -> ResponseReturnValue:
    fields = [{"field": one.field, "message": said(one)} for one in error.errors] if isinstance(error, Invalid) else []
    return answer(status_of(error), said(error), fields)


def _not_signed_in(_error: NotSignedIn) -> ResponseReturnValue:
    if wants_json():
        response = answer(401, _("Sign in first: send a bearer token."))
        response.headers["WWW-Authenticate"] = 'Bearer realm="Caseroom"'
        return response
    if request.headers.get("HX-Request"):
        response = answer(401, _("You have been signed out. Sign in again; what you typed is kept."))
        response.headers["HX-Redirect"] = request.headers.get("HX-Current-URL", "/")
        return response
    return sign_in_redirect()


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return answer(403, _("This form is too old or came from elsewhere. Open the page again and send it once more."))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    words = {
        404: _("There is no such page."),
        405: _("This address does not take %(method)s.", method=request.method),
        413: _("This is larger than the portal accepts."),
        415: _("This kind of content is not understood here."),
    }
    response = answer(error.code, words.get(error.code) or str(error.description or error.name))
    if "Allow" in (headers := dict(error.get_headers())):
        response.headers["Allow"] = headers["Allow"]
    return response


def _os_error(error: OSError) -> ResponseReturnValue:
    """A full disk met outside of database and store, such as in the folder for temporary files."""
    if error.errno not in NO_ROOM:
        return _unexpected(error)
    return answer(507, _("There is no room left for this; nothing was changed (%(why)s).", why=error.strerror or ""))


def _unexpected(error: Exception) -> ResponseReturnValue:
    if current_app.testing:
        raise error
    current_app.logger.exception("unexpected error at %s %s", request.method, request.path)
    return answer(500, _("Something went wrong here. Nothing was changed; the cause is in the log."))


def answer(status: int, detail: str, fields: list[dict[str, Any]] | None = None) -> Response:
    """An error answer of this status, as problem details or as a page."""
    title = {
        401: _("Not signed in"),
        403: _("Not permitted"),
        404: _("Not found"),
        409: _("Conflict"),
        412: _("Changed meanwhile"),
        413: _("Too large"),
        422: _("Not accepted"),
        423: _("Locked"),
        428: _("Version missing"),
        429: _("Too many tries"),
        503: _("Takes too long"),
        507: _("Storage full"),
    }.get(status, _("Not possible"))
    if wants_json():
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "errors": fields or [],
        }
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        response = Response(render_template("errors/error.html", title=title, what=detail), mimetype="text/html")
    response.status_code = status
    return response
