"""The calendar: its page in month, week and agenda, and the feed under each user's secret address."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from ...calendar import feed, window
from ...lists.errors import Invalid, NotFound
from ...lists.filters import Compare, Or
from ...lists.models import User, now
from ...lists.rights import Actor, load_actor
from ..request import actor, home, session
from . import calendar_views as views
from .calendar_views import Period

blueprint = Blueprint("calendar", __name__)
WHOSE = ("all", "groups", "mine")
YEARS = range(1900, 2200)


@blueprint.get("/calendar")
def show() -> ResponseReturnValue:
    """The shared calendar: `view`, `date` and `of` in the address say which part of it."""
    reader = actor()
    period = _period(reader)
    whose = request.args.get("of", "all")
    if whose not in WHOSE:
        raise Invalid("of", "“%(value)s” is not one of: %(choices)s.", value=whose[:40], choices=", ".join(WHOSE))
    found = window.happenings(session(), reader, *period.bounds, where=_filter(reader, whose))
    events = [views.shown(period, one) for one in found]
    partial = request.headers.get("HX-Target") == "calendar" and "HX-History-Restore-Request" not in request.headers
    return render_template(
        "calendar_pages/calendar.html",
        partial=partial,
        period=period,
        whose=whose,
        events=events,
        views=views,
        clock_hour=time,
        address=_address(period, whose),
        may_write=reader.may_write,
        has_groups=bool(reader.groups | reader.managed_groups),
        subscription=None if partial else subscription(reader),
    )


@blueprint.post("/calendar/feed")
def renew_feed() -> ResponseReturnValue:
    """Give the user a new secret calendar address; the old one stops at once."""
    session().get_one(User, actor().user_id).feed_secret = secrets.token_urlsafe(32)
    flash(_("Your calendar has a new address. The old one no longer works: subscribe anew."), "ok")
    return redirect(url_for("account.show" if request.form.get("back") == "account" else "calendar.show"), 303)


@blueprint.get("/calendar/feed/<secret>.ics")
def feed_of_user(secret: str) -> ResponseReturnValue:
    """The whole shared calendar as the user with this secret may see it; a wrong secret is no address."""
    user_id = session().scalar(select(User.id).where(User.feed_secret == secret))
    reader = load_actor(session(), user_id) if user_id else None
    if reader is None:
        raise NotFound("There is no such page.")
    with force_locale(reader.language):
        name = _("Caseroom calendar")
    texts = list(window.feed_texts(session(), reader, now()))
    body = b"".join(feed.assemble(name, [text for text, _zone in texts], sorted({zone for _text, zone in texts})))
    response = Response(body, content_type=feed.CONTENT_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(feed.etag([body]).strip('"'))
    return response.make_conditional(request)


def subscription(reader: Actor) -> dict[str, str]:
    """The reader's secret calendar address, as it is copied and as a link that calendar programs open."""
    secret = session().scalar(select(User.feed_secret).where(User.id == reader.user_id))
    address = f"{home().settings.public_url}/calendar/feed/{secret}.ics"
    return {"address": address, "webcal": "webcal:" + address.removeprefix(f"{urlsplit(address).scheme}:")}


def _period(reader: Actor) -> Period:
    zone = ZoneInfo(reader.time_zone)
    view = request.args.get("view") or ("agenda" if _on_phone() else "week")
    if view not in views.VIEWS:
        raise Invalid(
            "view", "“%(value)s” is not one of: %(choices)s.", value=view[:40], choices=", ".join(views.VIEWS)
        )
    text = request.args.get("date", "")
    try:
        day = date.fromisoformat(text) if text else datetime.now(zone).date()
    except ValueError:
        raise Invalid("date", "“%(value)s” is not a date (year-month-day).", value=text[:40]) from None
    if day.year not in YEARS:
        raise Invalid("date", "The year must be between %(first)s and %(last)s.", first=YEARS[0], last=YEARS[-1])
    return Period(view, day, reader.language, zone)


def _on_phone() -> bool:
    """Whether the browser says that it is a phone's: there the agenda comes first."""
    return request.headers.get("Sec-CH-UA-Mobile") == "?1" or "Mobi" in request.headers.get("User-Agent", "")


def _filter(reader: Actor, whose: str) -> Compare | Or | None:
    if whose == "groups":
        return Compare(("sales_group",), "in", sorted(reader.groups | reader.managed_groups))
    if whose == "all":
        return None
    mine = [Compare((column,), "eq", reader.user_id) for column in ("participant_users", "created_by")]
    seller = [Compare(("salesperson",), "eq", reader.salesperson_id)] if reader.salesperson_id else []
    return Or([*mine, *seller])


def _address(period: Period, whose: str) -> Any:
    """A function for the templates: this page's address with something changed."""

    def address(**changed: Any) -> str:
        state = {"view": period.view, "date": period.day.isoformat(), "of": whose, **changed}
        return f"{url_for('calendar.show')}?{urlencode({key: str(value) for key, value in state.items()})}"

    return address
