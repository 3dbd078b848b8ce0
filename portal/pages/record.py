"""What the pages of a company and of a case have in common: facts, the timeline as it is shown, amounts, addresses."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from email.utils import parseaddr
from itertools import groupby
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from flask import request, url_for
from flask_babel import get_locale, ngettext, pgettext
from flask_babel import gettext as _

from ...lists import comments
from ...lists.columns import Reference
from ...lists.columns.numbers import CurrencyColumn
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor
from ...lists.totals import MOST_ROWS, Summary
from ..timeline import KINDS, Entry, Timeline
from . import cells

SHOWN = 30  # entries of a timeline's page
_AMOUNT = CurrencyColumn({})
_COUNTED_DAYS = 60  # longer ago than this is told by its date


def href(list_name: str, item_id: int) -> str:
    """The address of an item's page."""
    return f"{request.script_root}/lists/{list_name}/{item_id}"


def link(reference: Reference | Item | None) -> dict[str, Any] | None:
    """A lookup's value as title and address; None where there is none."""
    if reference is None:
        return None
    name = reference.list if isinstance(reference, Reference) else reference.definition.name
    return {"id": reference.id, "title": reference.title, "href": href(name, reference.id)}


def facts(item: Item, actor: Actor, house: str, *, without: Iterable[str] = ()) -> list[tuple[cells.Shown, cells.Cell]]:
    """The item's columns in the definition's order with their values; what the program left empty is left out."""
    today, hidden = local_day(now(), actor), {"name", *without}
    columns = [
        cells.Shown(one.name, one.title(actor.language), one.type, one) for one in item.definition.visible_columns
    ]
    found = [(one, cells.cell(item, one, actor, house, today)) for one in columns if one.name not in hidden]
    return [(one, cell) for one, cell in found if cell.kind != "empty" or (one.column and one.column.in_form)]


def amount(value: Decimal | None, currency: str | None, house: str) -> str | None:
    """An amount with its currency, as the lists show it."""
    return None if value is None else cells.money(value, currency or house, _AMOUNT, str(get_locale() or "en"))


def counted(summary: Summary) -> str:
    """How many rows were added up; of more than are added up, that there are more."""
    return str(summary.whole.count) if summary.whole else f"{MOST_ROWS}+"


def amounts(summary: Summary, name: str, house: str) -> str:
    """What an amount adds up to, per currency; nothing where there is nothing, or too much to add up."""
    by_currency: dict[str, Decimal] = {}
    for code, value in summary.whole.totals[name] if summary.whole else ():
        by_currency[code or house] = by_currency.get(code or house, Decimal(0)) + value
    return " + ".join(amount(value, code, house) or "" for code, value in by_currency.items() if value)


def day_label(day: datetime.date, actor: Actor, today: datetime.date) -> str:
    """A day as people say it: Today, Yesterday, Tomorrow, a weekday within the week, else the date."""
    known = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}
    distance = (day - today).days
    if distance in known:
        return known[distance]
    if 1 < distance < 7:
        return format_date(day, "EEEE", locale=actor.language)
    # Every language has its own order, and its own points.
    pattern = pgettext("a day", "d MMM") if day.year == today.year else pgettext("a day", "d MMM y")
    return format_date(day, pattern, locale=actor.language)


def clock(at: datetime.datetime, actor: Actor) -> str:
    """The time of day in the reader's zone."""
    return format_time(at, "short", tzinfo=ZoneInfo(actor.time_zone), locale=actor.language)


def local_day(at: datetime.datetime, actor: Actor) -> datetime.date:
    """The day of an instant in the reader's zone."""
    return at.astimezone(ZoneInfo(actor.time_zone)).date()


def shown_timeline(
    found: Timeline, actor: Actor, at: datetime.datetime, *, base: str, kind: str, case: int | None = None
) -> dict[str, Any]:
    """A timeline for the template: days, filters, the address of what is older. `case`: the one it is of, if any."""
    today = local_day(at, actor)
    entries = [(local_day(entry.at, actor), entry) for entry in found.entries]
    return {
        "days": [
            {
                "label": day_label(day, actor, today),
                "entries": [shown_entry(entry, actor, today) for _day, entry in group],
            }
            for day, group in groupby(entries, key=lambda pair: pair[0])
        ],
        "filters": [
            {"label": label, "href": f"{base}?kind={key}#timeline", "current": key == kind}
            for key, label in _kinds().items()
        ],
        "older": f"{base}?kind={kind}&before={quote(found.older)}" if found.older else None,
        "kind": kind,
        "case": case,
    }


def comment_box(item: Item, actor: Actor) -> dict[str, Any] | None:
    """Where something can be said of the company or case; None where the actor may not."""
    if not comments.may_add(item, actor):
        return None
    place = {"list_name": item.definition.name, "item_id": item.id}
    return {
        "action": url_for("comments.add", **place),
        "people": url_for("comments.people", **place),
        "draft": f"comment-{item.definition.name}-{item.id}",
        "next": href(item.definition.name, item.id),
    }


def chosen_kind() -> str:
    """The timeline's filter as the address says."""
    wanted = request.args.get("kind", "all")
    return wanted if wanted in KINDS else "all"


def _kinds() -> Mapping[str, str]:
    return {
        "all": _("All"),
        "calls": _("Calls"),
        "mail": _("Mail"),
        "meetings": _("Meetings"),
        "tasks": _("Tasks"),
        "documents": _("Documents"),
        "comments": _("Comments"),
    }


def kind_label(kind: str) -> str:
    """What kind of thing an entry is."""
    return {
        "call": _("Call"),
        "task": _("Task"),
        "meeting": _("Meeting"),
        "mail": _("E-mail"),
        "document": _("Document"),
        "case": _("Case"),
        "comment": _("Comment"),
    }.get(kind, _("Activity"))


def shown_entry(entry: Entry, actor: Actor, today: datetime.date) -> dict[str, Any]:
    """One line of a timeline."""
    item, zone = entry.item, ZoneInfo(actor.time_zone)
    return {
        "icon": entry.kind,
        "kind_label": kind_label(entry.kind),
        "title": _title(entry),
        "href": _href(entry),
        "text": _text(entry),
        "case": link(item) if entry.comment and item.definition.name == "cases" else link(item.get("case")),
        "contact": link(item.get("contact")),
        "who": entry.comment.author if entry.comment else _who(item),
        "iso": entry.at.isoformat(timespec="seconds"),
        "time": clock(entry.at, actor),
        "full": format_datetime(entry.at, "medium", tzinfo=zone, locale=actor.language),
        "task": _task(entry, actor, today),
    }


def _href(entry: Entry) -> str:
    item = entry.item
    if not entry.comment:
        return href(item.definition.name, item.id)
    there = url_for("comments.show", list_name=item.definition.name, item_id=item.id)
    return f"{there}#comment-{entry.comment.id}"


def _title(entry: Entry) -> str:
    item = entry.item
    if entry.comment:
        return _("Answer") if entry.comment.is_answer else _("Comment")
    if item.definition.name != "activities":
        return item.title
    first = _first_line(item.get("description"))
    if entry.kind == "task" and first:
        return first
    contact = item.get("contact")
    return (
        _("%(what)s with %(who)s", what=kind_label(entry.kind), who=contact.title)
        if contact
        else kind_label(entry.kind)
    )


def _text(entry: Entry) -> str | None:
    item = entry.item
    if entry.comment:
        return entry.comment.text
    text = item.get("text") if item.definition.name == "mails" else item.get("description")
    if item.definition.name == "events":
        text = "\n".join(part for part in (item.get("place"), text) if part)
    if entry.kind == "task" and text:
        text = text.strip()[len(_first_line(text)) :].strip()
    if item.definition.name == "mails" and text:
        text = " ".join(text.split())[:240]
    return text or None


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0][:200]


def _who(item: Item) -> str | None:
    if item.definition.name == "mails":
        name, address = parseaddr(item.get("sender") or "")
        return name or address or item.get("sender")
    person = item.get("modified_by") if item.definition.name == "documents" else item.get("salesperson")
    return person.title if person else None


def _task(entry: Entry, actor: Actor, today: datetime.date) -> dict[str, Any] | None:
    """How a task stands: open or done, its day, and whether that has passed."""
    if entry.kind != "task":
        return None
    due = entry.item.get("due")
    return {
        "id": entry.item.id,
        "done": bool(entry.item.get("done")),
        "due": day_label(due, actor, today) if due else None,
        "overdue": bool(due and due < today and not entry.item.get("done")),
        "editable": entry.item.editable,
    }


def shown_next(entry: Entry | None, actor: Actor, at: datetime.datetime) -> dict[str, Any] | None:
    """The next step: an open task or a coming event."""
    if entry is None:
        return None
    today, item = local_day(at, actor), entry.item
    is_event = item.definition.name == "events"
    day = local_day(entry.at, actor) if is_event else entry.day
    when = None if day is None else day_label(day, actor, today) + (f" {clock(entry.at, actor)}" if is_event else "")
    return {
        "title": _title(entry),
        "href": href(item.definition.name, item.id),
        "when": when,
        "who": _who(item),
        "overdue": bool(day and day < today),
        "kind": entry.kind,
    }


def shown_contact(entry: Entry | None, actor: Actor, at: datetime.datetime) -> dict[str, Any] | None:
    """The last contact: how long ago, what, with whom."""
    if entry is None:
        return None
    item, days = entry.item, (local_day(at, actor) - local_day(entry.at, actor)).days
    ago = ngettext("%(num)s day ago", "%(num)s days ago", days)
    if days <= 1:
        ago = _("yesterday") if days == 1 else _("today")
    elif days > _COUNTED_DAYS:
        ago = day_label(local_day(entry.at, actor), actor, local_day(at, actor))
    return {"ago": ago, "what": _title(entry), "who": _who(item), "href": href(item.definition.name, item.id)}


def action_href(list_name: str, item_id: int, action: str) -> str:
    """The address of an action's form."""
    return url_for(f"actions.{list_name}_action", item_id=item_id, action=action)
