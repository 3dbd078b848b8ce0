"""The words of filters (`lists.tokens`) as people read them: `@last_7_days` is “the last 7 days”."""

from __future__ import annotations

import re

from flask_babel import ngettext

from ...lists.errors import Words
from ..errors import said

# What the filter form offers beside days that are typed; the address and saved views take all words.
OFFERED = (
    "@today", "@yesterday", "@tomorrow", "@this_week", "@last_week", "@next_week", "@this_month", "@last_month",
    "@next_month", "@this_quarter", "@last_quarter", "@next_quarter", "@this_year", "@last_year", "@next_year",
    "@last_7_days", "@last_30_days", "@last_90_days", "@next_7_days", "@next_30_days", "@next_90_days",
)  # fmt: skip
_COUNTED = re.compile(r"@(last|next)_(\d{1,3})_(day|week|month|quarter|year)s")


_KNOWN = {
    "@me": Words("me"), "@my_groups": Words("my groups"), "@now": Words("now"),
    "@today": Words("today"), "@yesterday": Words("yesterday"), "@tomorrow": Words("tomorrow"),
    "@this_day": Words("today"), "@last_day": Words("yesterday"), "@next_day": Words("tomorrow"),
    "@this_week": Words("this week"), "@last_week": Words("last week"), "@next_week": Words("next week"),
    "@this_month": Words("this month"), "@last_month": Words("last month"), "@next_month": Words("next month"),
    "@this_quarter": Words("this quarter"), "@last_quarter": Words("last quarter"),
    "@next_quarter": Words("next quarter"),
    "@this_year": Words("this year"), "@last_year": Words("last year"), "@next_year": Words("next year"),
}  # fmt: skip


def word_label(text: str) -> str | None:
    """The word for people; None for what is none."""
    if text in _KNOWN:
        return said(_KNOWN[text])
    return _counted(text) or _beside_today(text)


def _counted(text: str) -> str | None:
    found = _COUNTED.fullmatch(text)
    if found is None:
        return None
    num = int(found[2])
    match found[1], found[3]:
        case "last", "day":
            return ngettext("the last %(num)s day", "the last %(num)s days", num)
        case "last", "week":
            return ngettext("the last %(num)s week", "the last %(num)s weeks", num)
        case "last", "month":
            return ngettext("the last %(num)s month", "the last %(num)s months", num)
        case "last", "quarter":
            return ngettext("the last %(num)s quarter", "the last %(num)s quarters", num)
        case "last", _year:
            return ngettext("the last %(num)s year", "the last %(num)s years", num)
        case _next, "day":
            return ngettext("the next %(num)s day", "the next %(num)s days", num)
        case _next, "week":
            return ngettext("the next %(num)s week", "the next %(num)s weeks", num)
        case _next, "month":
            return ngettext("the next %(num)s month", "the next %(num)s months", num)
        case _next, "quarter":
            return ngettext("the next %(num)s quarter", "the next %(num)s quarters", num)
    return ngettext("the next %(num)s year", "the next %(num)s years", num)


def _beside_today(text: str) -> str | None:
    found = re.fullmatch(r"@today([+-])(\d{1,4})", text)
    if found is None:
        return None
    num = int(found[2])
    if found[1] == "-":
        return ngettext("%(num)s day ago", "%(num)s days ago", num)
    return ngettext("in %(num)s day", "in %(num)s days", num)
