"""The calendar feed: the shared calendar under each user's secret address, as Outlook subscribes to it."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from ...calendar import feed, window
from ...lists.errors import NotFound
from ...lists.models import User, now
from ...lists.rights import load_actor
from ..request import session

blueprint = Blueprint("calendar", __name__)


@blueprint.get("/calendar/feed/<secret>.ics")
def feed_of_user(secret: str) -> ResponseReturnValue:
    """The whole shared calendar as the user with this secret may see it; a wrong secret is no address."""
    user_id = session().scalar(select(User.id).where(User.feed_secret == secret))
    actor = load_actor(session(), user_id) if user_id else None
    if actor is None:
        raise NotFound("There is no such page.")
    with force_locale(actor.language):
        name = _("Caseroom calendar")
    texts = list(window.feed_texts(session(), actor, now()))
    body = b"".join(feed.assemble(name, [text for text, _zone in texts], sorted({zone for _text, zone in texts})))
    response = Response(body, content_type=feed.CONTENT_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(feed.etag([body]).strip('"'))
    return response.make_conditional(request)
