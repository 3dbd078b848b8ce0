"""The one-click actions on cases and companies: a form each, and what its sending does (SPEC 3).

A form opened by script comes as a part for the dialog, without scripts as a page; sending leads back to where one was.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import filters, items, query
from ...lists.columns import Reference
from ...lists.crm import cases, relations
from ...lists.database import savepoint
from ...lists.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ...lists.filters import Compare
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Level
from .. import mail
from ..errors import said, status_of
from ..free_time import next_free
from ..request import actor, home, next_page, session
from . import record
from .company import may_act
from .typed import read_day, read_instant

blueprint = Blueprint("actions", __name__)
Form = Mapping[str, Any]


@blueprint.route(
    "/cases/<int:item_id>/<any(call, task, meeting, email, close, reopen):action>", methods=["GET", "POST"]
)
def cases_action(item_id: int, action: str) -> ResponseReturnValue:
    """An action's form on a case; sent, it does the action."""
    if action == "email" and request.method == "POST":
        return _send("cases", item_id)
    case = query.get(session(), actor(), "cases", item_id, right=Level.READ)
    if not case.editable:
        raise Forbidden("You may see this but not change it.")
    return _form_or_done(case, action, DOES.get(action))


@blueprint.route("/relations/<int:item_id>/<any(call, email):action>", methods=["GET", "POST"])
def relations_action(item_id: int, action: str) -> ResponseReturnValue:
    """An action's form on a company; sent, it does the action."""
    if action == "email" and request.method == "POST":
        return _send("relations", item_id)
    company = query.get(session(), actor(), "relations", item_id, right=Level.READ)
    if not may_act(actor()):
        raise Forbidden("You may see this but not change it.")
    return _form_or_done(company, action, DOES.get(action))


@blueprint.get("/call")
def choose_company() -> ResponseReturnValue:
    """From the ＋ menu: first the company, then the form of the call."""
    chosen, wanted = request.args.get("company", ""), request.args.get("company__q", "")
    if chosen.isdigit():
        return redirect(url_for("actions.relations_action", item_id=int(chosen), action="call"), 303)
    found = query.page(
        session(),
        actor(),
        "relations",
        search=wanted,
        columns=["address"],
        order=[("name", False)] if wanted else [("modified", True)],
        limit=20,
    ).items
    options = [{"id": item.id, "title": item.title} for item in found]
    return render_template("actions/choose_company.html", options=options, wanted=wanted, partial=_partial())


@blueprint.post("/activities/<int:item_id>/undo")
def undo(item_id: int) -> ResponseReturnValue:
    """Take back an activity that was just made, with its event; refused once somebody has changed it."""
    version = request.args.get("version", type=int)
    if version is None:
        raise NotFound()
    activity = query.get(session(), actor(), "activities", item_id, right=Level.EDIT)
    if activity["created_by"] is None or activity["created_by"].id != actor().user_id:
        raise Forbidden("Only who made it may take it back.")
    for event in query.page(session(), actor(), "events", where=filters.where(activity=item_id), columns=[]).items:
        items.delete(session(), actor(), "events", event.id, version=event.version)
    items.delete(session(), actor(), "activities", item_id, version=version)
    flash(_("Taken back: %(title)s.", title=activity.title), "ok")
    return redirect(next_page("/"), 303)


# --- One form for all actions ---------------------------------------------------------------------


def _form_or_done(item: Item, action: str, does: Callable[[Item, Form], Any] | None) -> ResponseReturnValue:
    if request.method == "GET" or does is None:
        return _form(item, action, {})
    try:
        with savepoint(session()):
            does(item, request.form)
    except (Invalid, Conflict) as refusal:
        return _form(item, action, request.form, refusal), status_of(refusal)
    return redirect(next_page(record.href(item.definition.name, item.id)), 303)


def _form(item: Item, action: str, typed: Form, refusal: DomainError | None = None) -> str:
    errors = _errors(refusal)
    return render_template(
        f"actions/{action}.html",
        item=item,
        is_case=item.definition.name == "cases",
        action=action,
        typed=typed,
        errors=errors,
        by_field={error["name"]: error["message"] for error in errors},
        next=next_page(record.href(item.definition.name, item.id)),
        partial=_partial(),
        back=record.link(item),
        **_choices(item, action, typed),
    )


def _errors(refusal: DomainError | None) -> list[dict[str, str]]:
    if refusal is None:
        return []
    if not isinstance(refusal, Invalid):
        return [{"name": "", "label": "", "message": said(refusal)}]
    labels = {
        "description": _("Text"),
        "due": _("Due"),
        "start": _("Start"),
        "end": _("End"),
        "outcome": _("Outcome"),
        "contact": _("Contact"),
        "participants": _("Participants"),
        "closing_reason": _("Reason"),
        "to": _("To"),
        "support_group": _("Group"),
        "support_salesperson": _("Salesperson"),
        "subject": _("Subject"),
        "text": _("Text"),
    }
    return [
        {
            "name": error.field if error.field in labels else "",
            "label": labels.get(error.field, ""),
            "message": said(error),
        }
        for error in refusal.errors
    ]


def _choices(item: Item, action: str, typed: Form) -> dict[str, Any]:
    """What a form offers beside empty fields."""
    if action == "call":
        contacts = _contacts_of(item)
        return {"contacts": contacts, "contact": contacts[0][0] if len(contacts) == 1 else None}
    if action == "meeting":
        start = next_free(session(), actor(), now())
        end = start + datetime.timedelta(hours=1)
        chosen = [str(one.id) for one in item["contacts"] or ()] if not typed else request.form.getlist("participants")
        return {
            "start": f"{start:%Y-%m-%d %H:%M}",
            "end": f"{end:%Y-%m-%d %H:%M}",
            "contacts": _contacts_of(item),
            "chosen": chosen,
        }
    if action == "email":
        return {
            "to": ", ".join(_addresses_of(item)),
            "can_send": home().settings.can_send_mail,
        }
    return _closing_choices(item) if action == "close" else {}


def _closing_choices(case: Item) -> dict[str, Any]:
    in_use = Compare(("retired",), "ne", True)
    reasons = query.page(
        session(), actor(), "closing_reasons", where=in_use, columns=[], order=[("position", False)], limit=200
    )
    groups = query.page(session(), actor(), "sales_groups", columns=[], order=[("name", False)], limit=500)
    own = case["sales_group"].id if case["sales_group"] else None
    return {
        "reasons": [(one.id, one.title) for one in reasons.items],
        "groups": [(one.id, one.title) for one in groups.items],
        "group": actor().default_group or own,
        "may_support": bool(actor().groups or actor().managed_groups) or actor().is_administrator,
    }


def _contacts_of(item: Item) -> list[tuple[int, str]]:
    """The case's own contacts first, then the company's."""
    own: list[Reference] = list(item["contacts"] or ()) if item.definition.name == "cases" else []
    company = item.id if item.definition.name == "relations" else item["company"].id if item["company"] else None
    found = [(one.id, one.title) for one in own]
    if company:
        of_company = filters.where(company=company)
        page = query.page(
            session(), actor(), "contacts", where=of_company, columns=["function"], order=[("name", False)], limit=200
        )
        found += [
            (one.id, f"{one.title} · {one['function']}" if one["function"] else one.title)
            for one in page.items
            if one.id not in {reference.id for reference in own}
        ]
    return found


def _addresses_of(item: Item) -> list[str]:
    """To whom a mail goes: the case's contacts, else the company's own address."""
    if item.definition.name == "relations":
        return [item["email"]] if item["email"] else []
    people = query.many(session(), actor(), "contacts", [one.id for one in item["contacts"] or ()], columns=["email"])
    return [person["email"] for person in people.values() if person["email"]]


# --- What each action does ------------------------------------------------------------------------


def _call(item: Item, form: Form) -> None:
    service = cases.call if item.definition.name == "cases" else relations.call
    given = {"description": form.get("description") or None, "contact": form.get("contact") or None}
    if form.get("minutes"):
        given["minutes"] = form["minutes"]
    made = service(session(), actor(), item.id, **given)
    _tell(_("Call logged with %(title)s.", title=item.title), made["activity"])


def _task(case: Item, form: Form) -> None:
    due = _typed("due", read_day, form)
    if not (form.get("description") or "").strip():
        raise Invalid("description", "Say what is to be done.")
    made = cases.task(session(), actor(), case.id, description=form["description"], due=due)["activity"]
    day = record.day_label(made["due"], actor(), record.local_day(now(), actor())) if made["due"] else None
    text = _("Task made: %(title)s.", title=_shortly(made))
    _tell(f"{text} {_('Due: %(day)s.', day=day)}" if day else text, made)


def _meeting(case: Item, form: Form) -> None:
    given = {
        "start": _typed("start", read_instant, form),
        "end": _typed("end", read_instant, form),
        "place": form.get("place") or None,
        "description": form.get("description") or None,
        "name": (form.get("name") or "").strip() or None,
    }
    for field in ("start", "end"):
        if given[field] is None:
            raise Invalid(field, "Say when the meeting starts and ends.")
    people = [{"contact": one} for one in request.form.getlist("participants")]
    made = cases.meeting(session(), actor(), case.id, **given, participants=people or None)
    start = made["event"]["start"]
    day = record.day_label(record.local_day(start, actor()), actor(), record.local_day(now(), actor()))
    _tell(
        _("Meeting arranged: %(day)s %(time)s. It is in the calendar.", day=day, time=record.clock(start, actor())),
        made["activity"],
    )


def _close(case: Item, form: Form) -> None:
    goes_on = bool(form.get("continue_as_support"))
    made = cases.close(
        session(),
        actor(),
        case.id,
        outcome=form.get("outcome", ""),
        closing_note=form.get("closing_note") or None,
        closing_reason=_number("closing_reason", form),
        continue_as_support=goes_on,
        support_group=_number("support_group", form) if goes_on else None,
        support_salesperson=_number("support_salesperson", form) if goes_on else None,
    )
    text = _("Case closed as won.") if made["case"]["outcome"] == "won" else _("Case closed as lost.")
    if goes_on:
        text = f"{text} {_('It goes on as the service case %(title)s.', title=made['support_case'].title)}"
    flash(text, "ok")


def _reopen(case: Item, form: Form) -> None:
    cases.reopen(session(), actor(), case.id)
    flash(_("The case is open again."), "ok")


def _send(list_name: str, item_id: int) -> ResponseReturnValue:
    """Send a mail and file it. It is built before the writing transaction begins (portal/mail.py)."""
    case, relation = (item_id, None) if list_name == "cases" else (None, item_id)
    to, subject, text = (request.form.get(name, "") for name in ("to", "subject", "text"))
    try:
        mail.send_email(home(), actor(), case=case, relation=relation, to=to, subject=subject, text=text)
    except (Invalid, Conflict) as refusal:
        item = query.get(session(), actor(), list_name, item_id, right=Level.READ)
        return _form(item, "email", request.form, refusal), status_of(refusal)
    flash(_("The mail to %(to)s is on its way, and filed here.", to=to), "ok")
    return redirect(next_page(record.href(list_name, item_id)), 303)


DOES: dict[str, Callable[[Item, Form], Any]] = {
    "call": _call,
    "task": _task,
    "meeting": _meeting,
    "close": _close,
    "reopen": _reopen,
}


def _typed(field: str, reads: Callable[..., Any], form: Form) -> Any:
    """A day or time as people type it, its refusal at its field; None when empty."""
    text = (form.get(field) or "").strip()
    if not text:
        return None
    try:
        return reads(text, actor().reader, now())
    except Invalid as refusal:
        raise Invalid(field, refusal.message, **refusal.values) from None


def _number(field: str, form: Form) -> int | None:
    text = form.get(field) or ""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid(field, "There is no such item to choose.")
    return int(text)


def _tell(text: str, activity: Item) -> None:
    """Say what happened, with a way back."""
    there = next_page("/")
    undo = url_for("actions.undo", item_id=activity.id, version=activity.version, next=there)
    flash({"text": text, "undo": undo}, "ok")  # type: ignore[arg-type]


def _shortly(activity: Item) -> str:
    words = (activity["description"] or "").strip().split("\n", 1)[0]
    return words[:80] or activity.title


def _partial() -> bool:
    return bool(request.headers.get("HX-Request"))
