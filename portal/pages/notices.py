"""What somebody is told: their notices, and what they want to be alerted of."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import query
from ...lists.catalogue import ListDefinition
from ...lists.errors import Invalid, NotFound
from ...lists.rights import Level
from ...lists.views import views_for
from ..errors import said
from ..notices import alerts, reading
from ..notices.alerts import AlreadyThere, Shown, Wish
from ..notices.letters import what_happened
from ..notices.models import Alert, Notice
from ..notices.reading import Told
from ..request import actor, home, next_page, session
from . import cells

blueprint = Blueprint("notices", __name__)
SHOWN = 50


@blueprint.get("/notices")
def show() -> ResponseReturnValue:
    """The reader's notices, newest first."""
    before = _number("before")
    found, older = reading.page(session(), actor(), before=before, limit=SHOWN)
    rows = [
        {"told": one, "words": words(one), "icon": ICONS[one.kind], "at": cells.at(one.at, actor())} for one in found
    ]
    return render_template("notices/notices.html", rows=rows, older=older, newest=found[0].id if found else 0)


@blueprint.post("/notices/seen")
def mark_all() -> ResponseReturnValue:
    """All notices are seen, up to the newest that the page showed."""
    reading.mark_seen(session(), actor(), up_to=request.form.get("up_to", type=int) or 2**31 - 1)
    flash(_("All notices are marked as seen."), "ok")
    return redirect(url_for("notices.show"), 303)


@blueprint.post("/notices/<int:notice_id>")
def open_one(notice_id: int) -> ResponseReturnValue:
    """Mark a notice as seen and go to what it is about."""
    row = session().get(Notice, notice_id) if notice_id < 2**31 else None
    there = [] if row is None or row.user_id != actor().user_id else reading.told(session(), actor(), [row])
    if not there:
        raise NotFound()
    reading.mark_seen(session(), actor(), notice_id=notice_id)
    return redirect(address(there[0]), 303)


ICONS = {"share": "share", "mention": "comment", "reply": "reply", "responsible": "user", "alert": "bell"}


def words(told: Told) -> str:
    """What a notice says, before the title of what it is about."""
    who = told.who or "Caseroom"
    if told.kind == "mention":
        return _("%(who)s names you in a comment", who=who)
    if told.kind == "share":
        return _("%(who)s shows you this", who=who)
    if told.kind == "reply":
        return _("%(who)s answers your comment", who=who)
    if told.kind == "responsible":
        return _("%(who)s has entered you as: %(column)s", who=who, column=", ".join(told.columns))
    return f"{what_happened(told.change)} ({who})"


def address(told: Told) -> str:
    """Where a notice leads."""
    place = {"list_name": told.definition.name, "item_id": told.item_id}
    if told.change == "deleted":
        return url_for("lists.show", list_name=told.definition.name)
    if told.comment_id:
        return url_for("comments.show", _anchor=f"comment-{told.comment_id}", **place)
    return url_for("items.show", **place)


# --- Alerts ---------------------------------------------------------------------------------------


@blueprint.get("/alerts")
def show_alerts() -> ResponseReturnValue:
    """The reader's own alerts; for administrators, with `of=everybody`, all."""
    me, of_all = actor(), request.args.get("of") == "everybody"
    if of_all:
        found = alerts.of_everybody(session(), me, before=_number("before"), limit=SHOWN + 1)
    else:
        found = alerts.of_user(session(), me)
    older = found[SHOWN - 1].alert.id if of_all and len(found) > SHOWN else None
    rows = [{"shown": one, "words": described(one), "href": _href(one)} for one in (found[:SHOWN] if of_all else found)]
    return render_template(
        "notices/alerts.html", rows=rows, of_all=of_all, older=older, me=me, can_mail=home().settings.can_send_mail
    )


@blueprint.get("/lists/<list_name>/alert")
def new(list_name: str) -> ResponseReturnValue:
    """The form for an alert of the list, a view (`view`) or an item (`item`)."""
    return _form(list_name, {"changes": "all", "rhythm": "now", "by": ["portal"]})


@blueprint.post("/lists/<list_name>/alert")
def add(list_name: str) -> ResponseReturnValue:
    """Make an alert."""
    try:
        alerts.add(session(), actor(), list_name, item_id=_number("item"), view_id=_number("view"), **_wanted())
    except Invalid as refusal:
        return _form(list_name, _typed(), refusal=refusal), 422
    flash(_("You will be alerted."), "ok")
    return redirect(next_page(url_for("notices.show_alerts")), 303)


@blueprint.get("/alerts/<int:alert_id>")
def edit(alert_id: int) -> ResponseReturnValue:
    """What may be changed of one's own alert."""
    alert, found = alerts.for_change(session(), actor(), alert_id)
    ways = [("portal", alert.by_portal), ("mail", alert.by_mail)]
    return _form(found.name, {**alerts.wish_of(alert, found), "by": [way for way, on in ways if on]}, alert=alert)


@blueprint.post("/alerts/<int:alert_id>")
def save(alert_id: int) -> ResponseReturnValue:
    """Change an alert, or give the form back with what was wrong."""
    alert, found = alerts.for_change(session(), actor(), alert_id)
    try:
        alerts.change(session(), actor(), alert_id, **_wanted())
    except Invalid as refusal:
        return _form(found.name, _typed(), alert, refusal), 422
    flash(_("The alert is changed."), "ok")
    return redirect(next_page(url_for("notices.show_alerts")), 303)


def _wanted() -> Wish:
    """What the form says of an alert."""
    form = request.form
    rhythm = form.get("rhythm", "now")
    return {
        "changes": form.get("changes", "all"), "columns": form.getlist("columns"), "rhythm": rhythm,
        # What the rhythm has no use for is not looked at.
        "hour": _hour(form.get("hour", "8")) if rhythm != "now" else 8,
        "weekday": _hour(form.get("weekday", "0")) if rhythm == "weekly" else 0,
        "by_portal": "portal" in form.getlist("by"), "by_mail": "mail" in form.getlist("by"),
    }  # fmt: skip


def _typed() -> dict[str, Any]:
    form = request.form
    return {**form.to_dict(), "by": form.getlist("by"), "columns": form.getlist("columns")}


@blueprint.get("/alerts/<int:alert_id>/end")
def ask_end(alert_id: int) -> ResponseReturnValue:
    """Ask before an alert ends: the page that mails lead to."""
    alert = alerts.get(session(), actor(), alert_id)
    one = alerts.shown(session(), actor(), [alert])[0]
    return render_template("notices/end.html", shown=one, words=described(one))


@blueprint.post("/alerts/<int:alert_id>/end")
def end(alert_id: int) -> ResponseReturnValue:
    """End an alert."""
    alerts.end(session(), actor(), alert_id)
    flash(_("The alert has ended."), "ok")
    return redirect(next_page(url_for("notices.show_alerts")), 303)


def changes_words() -> dict[str, str]:
    return {
        "all": _("All changes"), "new": _("New items"), "changed": _("Changed items"),
        "deleted": _("Deleted items"), "columns": _("When these columns change"),
    }  # fmt: skip


def rhythm_words() -> dict[str, str]:
    return {"now": _("At once"), "daily": _("Daily"), "weekly": _("Weekly")}


def weekdays() -> list[tuple[int, str]]:
    return list(enumerate([
        _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
    ]))  # fmt: skip


def described(one: Shown) -> str:
    """What, when and how, in a line."""
    alert: Alert = one.alert
    what = changes_words()[alert.changes]
    if one.columns:
        what = f"{what}: {', '.join(one.columns)}"
    when = rhythm_words()[alert.rhythm]
    if alert.rhythm == "weekly":
        when = f"{when}, {weekdays()[alert.weekday][1]}"
    if alert.rhythm != "now":
        when = f"{when}, {alert.hour}:00"
    by_mail = alert.by_mail and home().settings.can_send_mail
    how = _("portal and e-mail") if by_mail and alert.by_portal else _("e-mail") if by_mail else _("portal only")
    return " · ".join([what, when, how])


def _form(
    list_name: str, typed: dict[str, Any], alert: Alert | None = None, refusal: Invalid | None = None
) -> str:
    me = actor()
    item_id, view_id = (alert.item_id, alert.view_id) if alert else (_number("item"), _number("view"))
    found = alerts.subject(session(), me, list_name, item_id, view_id)
    offered = [(key, label) for key, label in changes_words().items() if not (item_id and key == "new")]
    return render_template(
        "notices/alert.html", definition=found, actor=me, alert=alert, typed=typed,
        errors={one.field: said(one) for one in refusal.errors} if refusal else {},
        standing=refusal.values["number"] if isinstance(refusal, AlreadyThere) else None,
        about=_about(found, item_id, view_id), item=item_id, view=view_id, changes=offered,
        rhythms=list(rhythm_words().items()), hours=[(hour, f"{hour}:00") for hour in range(24)],
        weekdays=weekdays(), can_mail=home().settings.can_send_mail, next=next_page(""),
        columns=[(one.name, one.title(me.language)) for one in found.visible_columns],
    )  # fmt: skip


def _about(found: ListDefinition, item_id: int | None, view_id: int | None) -> str:
    if item_id:
        return query.get(session(), actor(), found.name, item_id, right=Level.READ).title
    title = found.title(actor().language)
    view = next((view for view in views_for(session(), found, actor()) if view.id == view_id), None)
    return f"{title}: {view.title(actor().language)}" if view else title


def _href(one: Shown) -> str | None:
    if one.definition is None or one.about is None:
        return None
    if one.alert.item_id:
        return url_for("items.show", list_name=one.definition.name, item_id=one.alert.item_id)
    return url_for("lists.show", list_name=one.definition.name, view=one.view.name if one.view else None)


def _number(name: str) -> int | None:
    given = request.values.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None


def _hour(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 3 else -1
