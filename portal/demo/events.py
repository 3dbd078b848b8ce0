"""The calendar around today: an event for every meeting on a case, and what a team writes in by hand."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from . import clock, code_lists, places
from .people import members

Row = dict[str, Any]

HORIZON = timedelta(days=60)

# Title, day relative to today, number of days, place, group: all-day entries.
ALL_DAY = [
    ("Trade fair MSV Nitra", 19, 4, "Agrokomplex, Nitra", "g1"),
    ("Trade fair WIN EURASIA", 33, 4, "TÜYAP, İstanbul", "g5"),
    ("Stocktaking in the central warehouse", -12, 1, "Košice", "g2"),
    ("Open day in the showroom", 26, 1, "Kukučínova 12, Košice", "g1"),
    ("Dovolenka", 8, 5, None, "g2"),
    ("Puhkus", -30, 7, None, "g4"),
    ("Hannover trip", 44, 3, "Hannover", "g3"),
    ("First-aid course", -20, 1, "Tallinn", "g4"),
]

# Title, days from today, hour, minutes, place, group, private: single entries with a title typed by hand.
SINGLE = [
    ("Quarter review with the management", -6, 10, 120, "Košice, meeting room 2", "g1", False),
    ("New price list: questions and answers", 3, 14, 60, "online", "g1", False),
    ("Training: Plant Monitor 5", 7, 9, 180, "Tallinn, training room", "g4", False),
    ("Lunch with the Baltic partners", 12, 12, 90, "Pikk 18, Tallinn", "g4", False),
    ("Showroom: new conveyor demo", -15, 13, 60, "Košice, showroom", "g2", False),
    ("Call with the customs agent", 1, 11, 30, "online", "g5", False),
    ("Handover of the South territory", -22, 9, 60, "Žilina", "g2", False),
    ("Key account planning", 16, 10, 150, "Stuttgart, Hauptstraße 3", "g3", False),
    ("Dentist", 2, 15, 60, None, "g1", True),
    ("School meeting", 9, 16, 60, None, "g4", True),
]

# Title, rule (RFC 5545), weekday or day it starts on, hour, minutes, place, group: what repeats.
RECURRING = [
    ("North: weekly meeting", "FREQ=WEEKLY;BYDAY=MO", 0, 9, 45, "Košice, meeting room 1", "g1"),
    ("South-West: weekly meeting", "FREQ=WEEKLY;BYDAY=MO", 0, 13, 45, "Bratislava office", "g2"),
    ("Key accounts stand-up", "FREQ=WEEKLY;BYDAY=TU,TH", 1, 8, 15, "online", "g3"),
    ("Baltics: pipeline review", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", 2, 10, 60, "Pärnu mnt 41, Tallinn", "g4"),
    ("Export: weekly call", "FREQ=WEEKLY;BYDAY=FR", 4, 11, 30, "online", "g5"),
    ("Forecast with the manager", "FREQ=MONTHLY;BYDAY=1TH", 3, 14, 60, "Košice, meeting room 2", "g1"),
]


def make_events(rng: Random, now: datetime, activities: list[Row], cases: list[Row], companies: list[Row],
                salespeople: list[Row]) -> list[Row]:  # fmt: skip
    """Events from 60 days before to 60 days after today, by start.

    `participants` are `{"user": key}` or `{"contact": key}` with an `answer`; `private` marks entries that
    show as busy; `name_typed` is true where the title was typed by hand, else `name` is the program's.
    An all-day event starts and ends at midnight of its zone, the end exclusive (RFC 5545, 3.6.1).
    """
    by_case, by_company = {row["key"]: row for row in cases}, {row["key"]: row for row in companies}
    rows = [
        _case_event(rng, activity, by_case[activity["case"]], by_company[activity["company"]])
        for activity in activities
        if activity["activity_type"] == "meeting" and abs(activity["start"] - now) < HORIZON
    ]
    rows += _typed_events(rng, now, salespeople)
    rows.sort(key=lambda row: (row["start"], row["name"], row["salesperson"]))
    for number, row in enumerate(rows, start=1):
        row["key"] = f"e{number}"
    return rows


def _case_event(rng: Random, activity: Row, case: Row, company: Row) -> Row:
    place = rng.choice([places.one_line(company["address"]), company["address"]["city"], "online"])
    past = activity["done"] is not None
    row = {
        "name": case["name"],
        "name_typed": False,
        "company": case["company"],
        "case": case["key"],
        "activity": activity["key"],
        "description": activity["description"],
        "start": activity["start"],
        "end": activity["end"],
        "time_zone": case["zone"],
        "all_day": False,
        "place": place,
        "participants": [
            {"user": activity["user"], "answer": "accepted"},
            {
                "contact": activity["contact"],
                "answer": "accepted" if past else rng.choice(["accepted", "none"]),
            },
        ],
        "recurrence": None,
        "private": False,
    }
    row |= {column: activity[column] for column in ("owner", "sales_group", "salesperson")}
    return clock.stamp(row, activity["created"], activity["user"])


def _typed_events(rng: Random, now: datetime, salespeople: list[Row]) -> list[Row]:
    """What nobody's case is about: fairs, holidays, team meetings that repeat, private appointments."""
    today = now.astimezone(ZoneInfo(clock.HOUSE_ZONE)).date()
    people = members(salespeople)
    rows: list[Row] = []
    for title, offset, days, place, group in ALL_DAY:
        zone = code_lists.GROUP_ZONE[group]
        first = today + timedelta(days=offset)
        start, end = clock.at(first, 0, 0, zone), clock.at(first + timedelta(days=days), 0, 0, zone)
        rows.append(_typed(rng, now, title, start, end, place, group, people, all_day=True))
    for title, offset, hour, minutes, place, group, private in SINGLE:
        start = clock.at(clock.workday(today + timedelta(days=offset)), hour, 0, code_lists.GROUP_ZONE[group])
        end = start + timedelta(minutes=minutes)
        rows.append(_typed(rng, now, title, start, end, place, group, people, private=private))
    for title, rule, weekday, hour, minutes, place, group in RECURRING:
        start = clock.at(_first_day(today, weekday, rule), hour, 0, code_lists.GROUP_ZONE[group])
        end = start + timedelta(minutes=minutes)
        rows.append(_typed(rng, now, title, start, end, place, group, people, recurrence=rule))
    return rows


def _first_day(today: date, weekday: int, rule: str) -> date:
    """The first occurrence of `rule` in the past 60 days; a monthly one is in the first week of its month."""
    day = today - timedelta(days=58)
    while day.weekday() != weekday or ("MONTHLY" in rule and day.day > 7):
        day += timedelta(days=1)
    return day


def _typed(rng: Random, now: datetime, title: str, start: datetime, end: datetime, place: str | None,
           group: str, people: dict[str, list[Row]], *, all_day: bool = False, private: bool = False,
           recurrence: str | None = None) -> Row:  # fmt: skip
    person = rng.choice(people[group])
    company_wide = not private and not all_day
    invited = people[group] if company_wide else [person]
    row = {
        "name": title,
        "name_typed": True,
        "company": None,
        "case": None,
        "activity": None,
        "description": None,
        "start": start,
        "end": end,
        "time_zone": code_lists.GROUP_ZONE[group],
        "all_day": all_day,
        "place": place,
        "participants": [{"user": other["user"], "answer": "accepted"} for other in invited],
        "recurrence": recurrence,
        "private": private,
        "owner": code_lists.GROUP_OWNER[group],
        "sales_group": group,
        "salesperson": person["key"],
    }
    created = min(start, now) - timedelta(days=rng.randint(3, 25), minutes=rng.randint(0, 200))
    return clock.stamp(row, created, person["user"])
