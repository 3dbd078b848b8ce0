"""The home page: my open tasks, my cases, what comes next, what changed lately in my groups."""

from __future__ import annotations

import datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.database import database_of
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor
from .. import timeline
from ..free_time import own_happenings
from ..request import actor, session
from . import record

blueprint = Blueprint("home", __name__)
AHEAD = datetime.timedelta(days=30)
MOST_TASKS, MOST_CASES, MOST_EVENTS, MOST_CHANGES = 40, 12, 6, 12


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """What needs me today."""
    who, at = actor(), now()
    tasks = _mine(session(), who, "activities", {"activity_type": "task", "done": None}, TASK, "due", MOST_TASKS)
    cases = _mine(session(), who, "cases", {"status": "new"}, CASE, "expected_close", MOST_CASES)
    changes = timeline.changes(session(), who, who.groups | who.managed_groups, limit=MOST_CHANGES)
    query.resolve(session(), who, [*tasks, *cases, *(entry.item for entry in changes)])
    coming = own_happenings(session(), who, at, at + AHEAD)[:MOST_EVENTS]
    today = record.local_day(at, who)
    return render_template(
        "home/page.html",
        task_groups=task_groups(tasks, who, today),
        task_count=len(tasks),
        more_tasks=len(tasks) == MOST_TASKS,
        cases=[_case(item, who, today) for item in cases],
        events=[_event(one, who, today) for one in coming],
        changes=[_change(entry, who) for entry in changes],
    )


TASK = ["activity_type", "description", "company", "case", "due"]
CASE = ["company", "stage", "value", "currency", "expected_close", "modified"]


def _mine(
    session: Session, actor: Actor, list_name: str, equal: dict[str, Any], columns: list[str], order: str, limit: int
) -> list[Item]:
    """My own rows of a list, soonest first; who sells nothing has none."""
    if not actor.salesperson_id:
        return []
    where = filters.where(salesperson=actor.salesperson_id, **equal)
    ordered = [(order, False)]
    found = query.page(
        session, actor, list_name, where=where, columns=columns, order=ordered, limit=limit, resolved=False
    )
    return found.items


def task_groups(tasks: list[Item], actor: Actor, today: datetime.date) -> list[dict[str, Any]]:
    """Tasks by urgency: overdue, today, until Sunday, later, without a day; empty groups are left out."""
    labels = [_("Overdue"), _("Today"), _("This week"), _("Later"), _("Without a day")]
    groups: list[list[dict[str, Any]]] = [[] for _label in labels]
    for task in tasks:
        groups[_urgency(task["due"], today)].append(_task(task, actor, today))
    return [
        {"label": label, "tasks": found, "overdue": place == 0}
        for place, (label, found) in enumerate(zip(labels, groups, strict=True))
        if found
    ]


def _urgency(due: datetime.date | None, today: datetime.date) -> int:
    """0 overdue, 1 today, 2 until Sunday, 3 later, 4 without a day."""
    if due is None:
        return 4
    sunday = today + datetime.timedelta(days=6 - today.weekday())
    return 0 if due < today else 1 if due == today else 2 if due <= sunday else 3


def _task(task: Item, actor: Actor, today: datetime.date) -> dict[str, Any]:
    words = (task["description"] or "").strip().split("\n", 1)[0]
    return {
        "id": task.id,
        "title": words[:160] or task.title,
        "href": record.href("activities", task.id),
        "about": record.link(task["case"]) or record.link(task["company"]),
        "due": record.day_label(task["due"], actor, today) if task["due"] else None,
        "overdue": bool(task["due"] and task["due"] < today),
    }


def _case(case: Item, actor: Actor, today: datetime.date) -> dict[str, Any]:
    close = case["expected_close"]
    return {
        "title": case.title,
        "href": record.href("cases", case.id),
        "company": record.link(case["company"]),
        "stage": case["stage"].title if case["stage"] else None,
        "value": record.amount(case["value"], case["currency"], database_of(session()).house.currency),
        "close": record.day_label(close, actor, today) if close else None,
        "overdue": bool(close and close < today),
        "call": record.action_href("cases", case.id, "call") if case.editable else None,
    }


def _event(one: Any, actor: Actor, today: datetime.date) -> dict[str, Any]:
    all_day = bool(one.item["all_day"])
    day = one.start.date() if all_day else record.local_day(one.start, actor)
    clock = _("all day") if all_day else _range(record.clock(one.start, actor), record.clock(one.end, actor))
    return {
        "title": one.item.title,
        "href": record.href("events", one.item.id),
        "day": record.day_label(day, actor, today),
        "clock": clock,
        "place": one.item["place"],
        "company": record.link(one.item["company"]),
    }


def _range(start: str, end: str) -> str:
    return f"{start}–{end}"


def _change(entry: timeline.Entry, actor: Actor) -> dict[str, Any]:
    """One of the latest changes: what, of which company, by whom, when."""
    item, at = entry.item, entry.at
    who = item.get("modified_by")
    return {
        "icon": entry.kind,
        "kind_label": record.kind_label(entry.kind),
        "title": item.title,
        "href": record.href(item.definition.name, item.id),
        "company": record.link(item.get("company")),
        "who": who.title if who else None,
        "iso": at.isoformat(timespec="seconds"),
        "time": f"{record.day_label(record.local_day(at, actor), actor, record.local_day(now(), actor))}"
        f" {record.clock(at, actor)}",
    }
