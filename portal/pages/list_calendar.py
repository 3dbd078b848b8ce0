"""A list as a calendar: a month of the items that have a day, as the calendar's own page shows its events."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ...lists import query
from ...lists.catalogue import ListDefinition
from ...lists.columns import ColumnType
from ...lists.filters import And, Compare, Filter, Or
from ...lists.query import Count, Item
from ...lists.rights import Actor
from ..request import session
from . import calendar_views, list_table
from .calendar_views import DAY, Period, Shown
from .cells import shown
from .list_state import ListState

MOST = 500
YEARS = range(1900, 2201)


def context(found: ListDefinition, me: Actor, state: ListState, where: Filter, base: str) -> dict[str, Any]:
    """What the month needs beside `around`: one statement."""
    period = Period("month", _day(state.given.get("date", ""), me), me.language, ZoneInfo(me.time_zone))
    start, end = state.named["start"], state.named.get("end")
    kinds = {name: _kind(found, name, me) for name in (start, end) if name}
    page = query.page(
        session(), me, found.name, where=And([where, _within(period, start, end, kinds)]), order=[(start, False)],
        columns=[name for name in (start, end) if name], limit=MOST, search=state.search or None, marks=state.marks,
    )  # fmt: skip
    events = [_event(item, start, end, kinds, period, state.hues) for item in page.items]
    return {
        "state": state,
        "here": state.href(base),
        "period": period,
        "weeks": calendar_views.month(period, events),
        "agenda": calendar_views.agenda(period, events),
        "calendar_views": calendar_views,
        "address": lambda day: state.href(base, date=day.isoformat()),
        "too_many": page.next is not None,
        "count": list_table.count_text(Count(len(page.items), page.next is not None)),
        "is_empty": False,
        "fold_href": None,
        "unfold_href": None,
    }


def _day(text: str, me: Actor) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = list_table.today_of(me)
    return day if day.year in YEARS else list_table.today_of(me)


def _kind(found: ListDefinition, name: str, me: Actor) -> ColumnType:
    column = shown(found, name, me.language)
    assert column is not None
    return column.type


def _within(period: Period, start: str, end: str | None, kinds: dict[str, ColumnType]) -> Filter:
    """What begins before the month's last day has passed, and ends (or, without an end, begins) after its first."""
    first, last = (
        _bound(day, kind, period)
        for day, kind in ((period.first, kinds[end or start]), (period.last + DAY, kinds[start]))
    )
    begins = Compare((start,), "lt", last)
    if end is None:
        return And([begins, Compare((start,), "ge", first)])
    without_end = And(
        [Compare((end,), "empty", True), Compare((start,), "ge", _bound(period.first, kinds[start], period))]
    )
    return And([begins, Or([Compare((end,), "ge", first), without_end])])


def _bound(day: datetime.date, kind: ColumnType, period: Period) -> Any:
    return day if kind.name == "date" else datetime.datetime.combine(day, datetime.time(), period.zone)


def _event(
    item: Item, start: str, end: str | None, kinds: dict[str, ColumnType], period: Period, hues: tuple[int, ...]
) -> Shown:
    all_day = kinds[start].name == "date"
    begins = _instant(item[start], period)
    until = item.get(end) if end else None
    ends = begins if until is None else _instant(until, period)
    if until is None or kinds[end or start].name == "date":
        ends += DAY if all_day or until is not None else datetime.timedelta(minutes=30)
    return Shown(
        key=str(item.id), item_id=item.id, title=item.title, start=begins, end=max(begins, ends), all_day=all_day,
        times="" if all_day else period.clock(begins), place="", salesperson=None,
        hue=0 if item.mark is None else hues[item.mark], kind="", private=False, company=None, case=None,
    )  # fmt: skip


def _instant(value: Any, period: Period) -> datetime.datetime:
    return (
        value
        if isinstance(value, datetime.datetime)
        else datetime.datetime.combine(value, datetime.time(), period.zone)
    )
