"""The shell around every page: what the rail and the ＋ menu offer, which language and theme the reader has."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask_babel import get_locale
from flask_babel import gettext as _

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
    if g.actor.is_administrator:
        entries.append(_entry(_("Administration"), "/admin", "settings"))
    return entries


def _create_menu() -> list[dict[str, Any]]:
    """What ＋ makes from anywhere."""
    if not g.actor.may_write:
        return []
    return [
        {"label": _("Phone call"), "href": "/call", "icon": "call"},
        {"label": _("Task"), "href": "/lists/activities/new?activity_type=task", "icon": "task"},
        {"label": _("Event"), "href": "/lists/events/new", "icon": "calendar"},
        {"label": _("Case"), "href": "/lists/cases/new", "icon": "case"},
        {"label": _("Company"), "href": "/lists/relations/new", "icon": "company"},
        {"label": _("Contact"), "href": "/lists/contacts/new", "icon": "users"},
        {"label": _("Document"), "href": "/lists/documents/new", "icon": "document"},
        {"label": _("File a mail"), "href": "/mail/file", "icon": "mail"},
    ]
