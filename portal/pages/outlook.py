"""The Outlook add-in: its manifest, its task pane, and signing in from there.

The pane stands in a frame of another site, where cookies do not come along: it signs in by itself and keeps a token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...outlook_addin.manifest import manifest
from .. import sign_in
from ..errors import said
from ..request import home, session

blueprint = Blueprint("outlook", __name__, url_prefix="/outlook")

OFFICE = "https://appsforoffice.microsoft.com"
# Where Outlook on the web and the new Outlook run; a server of one's own is not among them (docs/outlook.md).
OUTLOOK = (
    "https://outlook.office.com https://outlook.office365.com https://outlook.live.com https://outlook.cloud.microsoft "
    "https://*.outlook.com https://*.office.com https://*.officeapps.live.com"
)
PANE_CSP = (
    f"default-src 'none'; script-src 'self' {OFFICE}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    f"connect-src 'self' {OFFICE}; form-action 'none'; base-uri 'none'; object-src 'none'; "
    f"frame-ancestors 'self' {OUTLOOK}"
)
View = TypeVar("View", bound=Callable[..., Any])


def ignores_cookies(view: View) -> View:
    """Mark a view that neither reads nor sets a cookie: no form token is asked of it (app.py)."""
    view.ignores_cookies = True  # type: ignore[attr-defined]
    return view


@blueprint.get("/manifest.xml")
def manifest_file() -> ResponseReturnValue:
    """What an Exchange administrator, or the user, adds to Outlook."""
    return Response(manifest(home().settings.public_url), mimetype="text/xml")


@blueprint.get("/taskpane")
def taskpane() -> ResponseReturnValue:
    """The task pane. It is the same for everybody; what it shows it asks of the API."""
    response = Response(render_template("outlook/taskpane.html", office=f"{OFFICE}/lib/1/hosted/office.js"))
    response.headers["Content-Security-Policy"] = PANE_CSP
    return response


@blueprint.post("/sign-in")
@ignores_cookies
def pane_sign_in() -> ResponseReturnValue:
    """E-mail and password for a token of this user, named Outlook: `{"token", "name"}`. Tries are counted."""
    given = request.get_json(silent=True)
    given = given if isinstance(given, dict) else {}
    email, password = (str(given.get(name) or "") for name in ("email", "password"))
    settings, address = home().settings, request.remote_addr or ""
    with home().database.read() as reading:
        try:
            sign_in.check_tries(reading, settings, email, address)
        except sign_in.TooManyTries as refusal:
            return _problem(429, said(refusal))
        user = sign_in.find_user(reading, email)
        fits = sign_in.password_fits(user, password)
    if not fits or user is None:
        sign_in.note_failure(session(), settings, email, address)
        return _problem(422, _("This e-mail address and password do not fit together."))
    token = sign_in.add_token(session(), user, "Outlook")
    return jsonify({"token": token, "name": user.name})


@blueprint.post("/sign-out")
@ignores_cookies
def pane_sign_out() -> ResponseReturnValue:
    """Forget the token that came with the request."""
    if g.by_token:
        sign_in.remove_token(session(), request.headers["Authorization"][7:].strip())
    return Response(status=204)


def _problem(status: int, detail: str) -> Response:
    response = jsonify({"type": "about:blank", "title": detail, "status": status, "detail": detail, "errors": []})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
