"""Signing in and out, and what each user sets for themselves."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask import session as form_session
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from ... import __version__
from ...lists.errors import Invalid
from ...lists.models import User
from .. import sign_in
from ..errors import said
from ..navigation import LANGUAGE_NAMES
from ..request import COOKIE, actor, home, next_page, session
from ..settings import languages
from .calendar import subscription

blueprint = Blueprint("account", __name__)
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
           ("Linux", "Linux"))  # fmt: skip


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
    if g.session_secret:  # whoever was signed in here before is so no longer
        sign_in.close_session(session(), g.session_secret)
    secret = sign_in.open_session(session(), user, address=address, agent=request.headers.get("User-Agent", ""))
    form_session.clear()  # a form token that somebody planted or saw before is worth nothing now
    g.renew = False
    response = redirect(next_page(), 303)
    set_session_cookie(response, secret)  # type: ignore[arg-type]
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if g.session_secret:
        sign_in.close_session(session(), g.session_secret)
    form_session.clear()
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
    chosen = request.form.get("language", "")
    if chosen in languages():
        _me().language = chosen
    return redirect(next_page(), 303)


@blueprint.get("/account")
def show() -> ResponseReturnValue:
    """Everything that is the user's own."""
    return _page()


@blueprint.post("/account/preferences")
def change_preferences() -> ResponseReturnValue:
    """Language, time zone (an empty one is the house's), and whether a mail tells of what one is shown."""
    language, zone = request.form.get("language", ""), request.form.get("time_zone", "")
    try:
        if language not in languages():
            raise Invalid("language", "Choose one of the languages.")
        if zone and zone not in available_timezones():
            raise Invalid("time_zone", "“%(value)s” is not a time zone.", value=zone[:64])
    except Invalid as refusal:
        return _page(refusal, "preferences"), 422
    user = _me()
    user.language, user.time_zone = language, zone or None
    user.mail_when_shared = bool(request.form.get("mail_when_shared"))
    with force_locale(language):  # it is read on the next page, which speaks it already
        flash(_("Saved."), "ok")
    return _back()


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """A new password, for who knows the current one; all other sessions end."""
    me, settings = actor(), home().settings
    form, address = request.form, request.remote_addr or ""
    with home().database.read() as reading:
        sign_in.check_tries(reading, settings, me.email, address)
        user = reading.get_one(User, me.user_id)
        fits = sign_in.password_fits(user, form.get("current", ""))
    if not fits:
        sign_in.note_failure(session(), settings, me.email, address)
        return _page(Invalid("current", "This is not your current password."), "password"), 422
    password = form.get("password", "")
    try:
        hashed = sign_in.chosen_password(password, form.get("again", ""), user)
    except Invalid as refusal:
        return _page(refusal, "password"), 422
    _me().password_hash = hashed
    sign_in.close_all_sessions(session(), user.id, but=g.session_secret)
    word = {"fair": _("fair"), "strong": _("strong")}[sign_in.strength(password, f"{user.name} {user.email}")]
    flash(_("Your password is changed (%(strength)s). You are signed out everywhere else.", strength=word), "ok")
    return _back()


@blueprint.post("/account/password/strength")
def password_strength() -> ResponseReturnValue:
    """How strong a password would be, in a word, while it is typed; nothing is kept."""
    me = actor()
    password = request.form.get("password", "")[: sign_in.LONGEST_PASSWORD]
    strength = sign_in.strength(password, f"{me.name} {me.email}")
    if len(password) < sign_in.SHORTEST_PASSWORD:
        strength = "weak"
    return render_template("account/_strength.html", strength=strength if password else None)


@blueprint.post("/account/sessions/<int:number>/end")
def end_session(number: int) -> ResponseReturnValue:
    """Sign out one of the user's browsers."""
    sign_in.end_session(session(), _own_id(), number)
    flash(_("That browser is signed out."), "ok")
    return _back()


@blueprint.post("/account/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    sign_in.close_all_sessions(session(), _own_id(), but=g.session_secret)
    flash(_("You are signed out everywhere else."), "ok")
    return _back()


@blueprint.post("/account/tokens")
def add_token() -> ResponseReturnValue:
    """A new API token, shown in this answer and never again."""
    name = " ".join(request.form.get("name", "").split())
    try:
        if not name:
            raise Invalid("name", "Say what it is for, so that you know it again.")
        token = sign_in.add_token(session(), _me(), name)
    except Invalid as refusal:
        return _page(refusal, "tokens"), 422
    session().flush()
    return _page(new_token=token)


@blueprint.post("/account/tokens/<int:number>/revoke")
def revoke_token(number: int) -> ResponseReturnValue:
    """End one of the user's API tokens."""
    sign_in.revoke_token(session(), _own_id(), number)
    flash(_("The token is revoked."), "ok")
    return _back()


def device(agent: str) -> str:
    """A browser's User-Agent in words that its user knows it by: "Firefox, Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system))) or re.split(r"[\s/]", agent)[0][:40] or _("Unknown device")


def _page(refusal: Invalid | None = None, section: str = "", new_token: str | None = None) -> str:
    reader, user = actor(), _me()
    return render_template(
        "account/account.html",
        me=user,
        sessions=[
            {"row": row, "device": device(row.agent), "here": sign_in.is_session(row, g.session_secret)}
            for row in sign_in.sessions_of(session(), user.id)
        ],
        tokens=sign_in.tokens_of(session(), user.id),
        new_token=new_token,
        zones=[("", _("The house's: %(zone)s", zone=home().settings.time_zone)), *zone_choices()],
        language_choices=[(code, LANGUAGE_NAMES.get(code, code)) for code in languages()],
        subscription=subscription(reader),
        section=section,
        errors=_errors(refusal),
        typed=request.form,
        shortest=sign_in.SHORTEST_PASSWORD,
        version=__version__,
    )


def _errors(refusal: Invalid | None) -> dict[str, str]:
    return {one.field: said(one) for one in refusal.errors} if refusal else {}


def zone_choices() -> list[tuple[str, Any]]:
    """Time zones by the names that people know, continents first."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [(zone, zone.replace("_", " ")) for zone in zones] + [("UTC", "UTC")]


def _me() -> User:
    return session().get_one(User, actor().user_id)


def _own_id() -> int:
    user_id = actor().user_id
    assert user_id is not None  # who is signed in is somebody
    return user_id


def _back() -> ResponseReturnValue:
    return redirect(url_for("account.show"), 303)


def _refused(email: str, error: str, status: int) -> ResponseReturnValue:
    return render_template("account/sign_in.html", next=next_page(), email=email, error=error), status
