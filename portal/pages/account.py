"""Signing in and out, and what each user sets for themselves."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import sign_in
from ..errors import said
from ..request import COOKIE, actor, home, next_page, session
from ..settings import languages

blueprint = Blueprint("account", __name__)


@blueprint.get("/sign-in")
def sign_in_page() -> ResponseReturnValue:
    """The sign-in form; who is signed in already goes on."""
    if g.actor is not None:
        return redirect(next_page(), 303)
    return render_template("account/sign_in.html", next=next_page(), email="", error=None)


@blueprint.post("/sign-in")
def sign_in_submit() -> ResponseReturnValue:
    """Check the password and open a session."""
    from ..app import set_session_cookie

    email, password = request.form.get("email", ""), request.form.get("password", "")
    settings, address = home().settings, request.remote_addr or ""
    with home().database.read() as reading:
        try:
            sign_in.check_tries(reading, settings, email, address)
        except sign_in.TooManyTries as refusal:
            return _refused(email, said(refusal), 429)
        user = sign_in.find_user(reading, email)
        fits = sign_in.password_fits(user, password)
    if not fits or user is None:
        sign_in.note_failure(session(), settings, email, address)
        return _refused(email, _("This e-mail address and password do not fit together."), 422)
    secret = sign_in.open_session(session(), user, address=address, agent=request.headers.get("User-Agent", ""))
    response = redirect(next_page(), 303)
    set_session_cookie(response, secret)  # type: ignore[arg-type]
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if g.session_secret:
        sign_in.close_session(session(), g.session_secret)
    response = redirect(url_for("account.sign_in_page"), 303)
    response.delete_cookie(COOKIE)
    g.renew = False
    return response


@blueprint.post("/account/<any(theme, density):setting>")
def choose_look(setting: str) -> ResponseReturnValue:
    """Theme and density of rows are the browser's own: kept in a cookie."""
    choices = {"theme": ("system", "light", "dark"), "density": ("comfortable", "compact")}[setting]
    chosen = request.form.get(setting, "")
    response = redirect(next_page(), 303)
    if chosen in choices:
        response.set_cookie(setting, chosen, max_age=31_536_000, samesite="Lax", secure=home().settings.secure)
    return response


@blueprint.post("/account/language")
def choose_language() -> ResponseReturnValue:
    """The interface's language, kept with the user."""
    from ...lists.models import User

    chosen = request.form.get("language", "")
    if chosen in languages():
        session().get_one(User, actor().user_id).language = chosen
    return redirect(next_page(), 303)


def _refused(email: str, error: str, status: int) -> ResponseReturnValue:
    return render_template("account/sign_in.html", next=next_page(), email=email, error=error), status
