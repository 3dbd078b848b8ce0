"""The shell around every page: what the rail and the ＋ menu offer, which language and theme the reader has."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from ..lists.catalogue import ListDefinition
from ..lists.rights import may_add, may_open
from .notices import reading as notices
from .request import home
from .settings import languages

LANGUAGE_NAMES = {"en": "English", "sk": "Slovenčina", "et": "Eesti", "tr": "Türkçe", "ru": "Русский"}


def shell_context() -> dict[str, Any]:
    """What base.html needs; on signed-out pages only language and theme."""
    actor = g.get("actor")
    context: dict[str, Any] = {
        "locale": str(get_locale() or "en"),
        "languages": [{"code": code, "label": LANGUAGE_NAMES.get(code, code)} for code in languages()],
        "theme": request.cookies.get("theme", "system"), "density": request.cookies.get("density", "comfortable"),
    }  # fmt: skip
    if actor is not None:
        context |= {
            "user": {"id": actor.user_id, "name": actor.name, "email": actor.email},
            "navigation": _rail(),
            "create_menu": _create_menu(),
            "may_make": _may_make,
            "unseen_notices": _unseen_notices,
        }
    return context


def _entry(label: str, href: str, icon: str, **more: Any) -> dict[str, Any]:
    here = request.path
    current = here == href if href == "/" else here == href or here.startswith(href + "/")
    return {"label": label, "href": href, "icon": icon, "current": current, **more}


def _rail() -> list[dict[str, Any]]:
    """The entries of the rail: only what works and what the user may open."""
    entries = [
        _entry(_("Home"), "/", "home"),
        _entry(_("Relations"), "/lists/relations", "company", starts_group=True),
        _entry(_("Contacts"), "/lists/contacts", "users"),
        _entry(_("Cases"), "/lists/cases", "case"),
        _entry(_("Activities"), "/lists/activities", "activity"),
        _entry(_("Calendar"), "/calendar", "calendar"),
        _entry(_("Documents"), "/lists/documents", "document"),
        _entry(_("Mail"), "/lists/mails", "mail"),
        _entry(_("All lists…"), "/lists", "list", starts_group=True, current=request.path == "/lists"),
    ]
    entries = [entry for entry in entries if _may_open(entry["href"].removeprefix("/lists/"))]
    if g.actor.is_administrator:
        entries.append(_entry(_("Administration"), "/admin", "settings"))
    return entries


def _create_menu() -> list[dict[str, Any]]:
    """What ＋ makes from anywhere."""
    entries = [
        ("activities", _("Phone call"), "/call", "call"),
        ("activities", _("Task"), "/lists/activities/new?activity_type=task", "task"),
        ("events", _("Event"), "/lists/events/new", "calendar"),
        ("cases", _("Case"), "/lists/cases/new", "case"),
        ("relations", _("Company"), "/lists/relations/new", "company"),
        ("contacts", _("Contact"), "/lists/contacts/new", "users"),
        ("documents", _("Document"), "/lists/documents/new", "document"),
        ("mails", _("File a mail"), "/mail/file", "mail"),
    ]
    return [{"label": label, "href": href, "icon": icon} for name, label, href, icon in entries if _may_make(name)]


def _unseen_notices() -> int:
    """How many notices the reader has not seen. An error's page, behind which no session is open, asks nothing."""
    return notices.unseen(g.session, g.actor) if g.has_news and "session" in g else 0


def _known(list_name: str) -> ListDefinition | None:
    """The list as this process knows it. The shell stands around errors too, so it asks no database."""
    catalogue = home().database.caches.get("catalogue")
    return catalogue.by_name.get(list_name) if catalogue else None


def _may_open(list_name: str) -> bool:
    found = _known(list_name)
    return found is None or may_open(found, g.actor)


def _may_make(list_name: str) -> bool:
    found = _known(list_name)
    return g.actor.may_write if found is None else may_add(found, g.actor)
