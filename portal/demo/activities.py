"""Four thousand activities: the histories of the cases, their next steps, and calls that belong to no case.

A history runs in time order between the opening of its case and its closing (or the present). A meeting has
`start` and `end` besides its columns; the events are made from them.
"""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from . import clock, texts
from .cases import group_by
from .code_lists import GROUP_OWNER
from .people import members

Row = dict[str, Any]

TOTAL, RELATION_CALLS = 4000, 220

# Day on which the next step of an open case is due, relative to today; None: nothing planned. The pattern is
# dealt out salesperson by salesperson, so that everybody's day has something overdue, of today and ahead.
DUE_PATTERN = (0, 2, None, -3, 1, 5, None, 0, 9, None, 3, 16, None, -8, 1, 4, None, 24, 2, None, -1, 6)
MEETING_PATTERN = (1, None, None, 4, None, 0, None, 8, None, None, 14,
                   None, 2, None, 27, None, 6, None, 41, None, 56)  # fmt: skip


class Setting(NamedTuple):
    """What every history needs to know."""

    now: datetime
    companies: dict[str, Row]
    contacts: dict[str, Row]
    people: dict[str, list[Row]]


def make_activities(rng: Random, now: datetime, cases: list[Row], companies: list[Row],
                    contacts: list[Row], salespeople: list[Row]) -> list[Row]:  # fmt: skip
    """All activities in the order in which they were made; the cases' `modified` follows their last one."""
    setting = Setting(now, {row["key"]: row for row in companies}, {row["key"]: row for row in contacts},
                      members(salespeople))  # fmt: skip
    rows = _next_steps(rng, setting, cases)
    rows += _relation_calls(rng, setting, companies, group_by(contacts, "company"), salespeople)
    last_contacts = _last_contacts(rng, setting, cases)
    for case, count in _share_out(cases, TOTAL - len(rows)):
        rows += _history(rng, setting, case, count, last_contacts[case["key"]])
    rows.sort(key=lambda row: (row["created"], row["company"], row["description"]))
    for number, row in enumerate(rows, start=1):
        row["key"] = f"a{number}"
    _touch_cases(cases, rows)
    return rows


def _share_out(cases: list[Row], total: int) -> list[tuple[Row, int]]:
    """`total` activities over the cases by weight, at least one each (largest remainders)."""
    spare, weight = total - len(cases), sum(case["weight"] for case in cases)
    shares = [case["weight"] * spare / weight for case in cases]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(cases)), key=lambda place: counts[place] - shares[place])
    for place in by_remainder[: spare - sum(counts)]:
        counts[place] += 1
    return [(case, 1 + count) for case, count in zip(cases, counts, strict=True)]


def _last_contacts(rng: Random, setting: Setting, cases: list[Row]) -> dict[str, datetime]:
    """Until when each case's history runs: its closing, or some time before now; a few end this morning."""
    ends = {}
    open_cases = [case for case in cases if not case["closed"]]
    this_morning = {case["key"] for case in rng.sample(open_cases, 14)}
    for case in cases:
        if case["closed"]:
            ends[case["key"]] = case["closed"] - timedelta(minutes=rng.randint(5, 40))
        elif case["key"] in this_morning:
            ends[case["key"]] = setting.now - timedelta(minutes=rng.randint(2, 75))
        else:
            latest = setting.now - timedelta(days=rng.expovariate(1 / 11), hours=1)
            earliest = max(case["created"], latest - timedelta(days=4))
            ends[case["key"]] = clock.working_instant(rng, earliest, max(earliest, latest), case["zone"])
        ends[case["key"]] = max(ends[case["key"]], case["created"] + timedelta(minutes=1))
    return ends


def _history(rng: Random, setting: Setting, case: Row, count: int, end: datetime) -> list[Row]:
    """`count` activities between the case's opening and `end`, the last one at `end`."""
    instants = sorted(clock.working_instant(rng, case["created"], end, case["zone"]) for _ in range(count - 1))
    rows = []
    for place, instant in enumerate([*instants, end]):
        phase = (texts.EARLY, texts.MIDDLE, texts.LATE)[min(2, place * 3 // max(count, 3))]
        kind = rng.choices(["call", "email", "task", "meeting"], [35, 27, 20, 18])[0]
        if place == count - 1 and kind in ("task", "meeting"):
            kind = "call"
        row = _activity(rng, setting, case, kind, phase, instant)
        if kind == "meeting" and not _hold_meeting(rng, row, instant, end, case["zone"]):
            row = _activity(rng, setting, case, "call", phase, instant)
        if kind == "task":
            _finish_task(rng, row, instant, end, case["zone"])
        rows.append(row)
    return rows


def _activity(rng: Random, setting: Setting, case: Row, kind: str, phase: str, instant: datetime) -> Row:
    """One activity of the case at `instant`; a call or an e-mail is done at once."""
    company, contact = setting.companies[case["company"]], setting.contacts[rng.choice(case["contacts"])]
    person = next(row for row in setting.people[case["sales_group"]] if row["key"] == case["salesperson"])
    if rng.random() < 0.12:
        person = rng.choice(setting.people[case["sales_group"]])
    slovak = company["address"]["country"] == "SK" and rng.random() < 0.3
    at_once = kind in ("call", "email")
    row = {
        "case": case["key"],
        "company": case["company"],
        "contact": contact["key"],
        "activity_type": kind,
        "description": texts.activity_text(rng, kind, phase, case, company, contact, slovak),
        "due": None,
        "done": instant if at_once else None,
        "minutes": rng.choice([5, 10, 10, 15, 20, 30]) if at_once else None,
        "owner": case["owner"],
        "sales_group": case["sales_group"],
        "salesperson": person["key"],
        "user": person["user"],
        "zone": case["zone"],
    }
    return clock.stamp(row, instant, person["user"])


def _hold_meeting(rng: Random, row: Row, instant: datetime, end: datetime, zone: str) -> bool:
    """Let the meeting take place after `instant` and before `end`; False where there is no room for one."""
    start = clock.working_instant(rng, instant, min(end, instant + timedelta(days=7)), zone)
    start += timedelta(minutes=-start.minute % 15)
    local = start.astimezone(ZoneInfo(zone))
    minutes = rng.choice([45, 60, 60, 90, 120])
    if start + timedelta(minutes=minutes) > end or not 7 <= local.hour <= 17 or local.weekday() >= 5:
        return False
    row |= {
        "start": start,
        "end": start + timedelta(minutes=minutes),
        "minutes": minutes,
        "due": local.date(),
    }
    row["done"] = row["modified"] = row["end"]
    return True


def _finish_task(rng: Random, row: Row, instant: datetime, end: datetime, zone: str) -> None:
    done = clock.working_instant(rng, instant, min(end, instant + timedelta(days=6)), zone)
    row["due"] = max(instant.date(), clock.workday(done.date() + timedelta(days=rng.randint(-1, 3))))
    row["done"] = row["modified"] = done
    row["minutes"] = rng.choice([15, 20, 30, 45, 60, 90])


def _next_steps(rng: Random, setting: Setting, cases: list[Row]) -> list[Row]:
    """What is planned on the open cases: tasks due around today, and meetings of the coming weeks."""
    today = setting.now.astimezone(ZoneInfo(clock.HOUSE_ZONE)).date()
    taken: set[tuple[str, date, int]] = set()
    rows: list[Row] = []
    open_cases = [case for case in cases if not case["closed"]]
    for own in group_by(open_cases, "salesperson").values():
        rng.shuffle(own)
        for place, case in enumerate(own):
            due = DUE_PATTERN[place % len(DUE_PATTERN)]
            if due is not None:
                rows.append(_open_task(rng, setting, case, today, due))
            ahead = MEETING_PATTERN[place % len(MEETING_PATTERN)]
            if ahead is not None:
                rows.append(_planned_meeting(rng, setting, case, today + timedelta(days=ahead), taken))
    return rows


def _open_task(rng: Random, setting: Setting, case: Row, today: date, offset: int) -> Row:
    """A task on the case that is due `offset` days from today (never before the case was opened)."""
    due = today + timedelta(days=offset)
    due = max(clock.workday(due) if offset > 0 else due, case["created"].date())
    latest = min(setting.now, clock.at(due, 17, 0, case["zone"])) - timedelta(minutes=30)
    earliest = max(case["created"], latest - timedelta(days=12))
    made = clock.working_instant(rng, earliest, max(latest, earliest), case["zone"])
    row = _activity(rng, setting, case, "task", _phase(case), made)
    return _own(setting, case, row) | {"due": due}


def _planned_meeting(rng: Random, setting: Setting, case: Row, day: date, taken: set[tuple[str, date, int]]) -> Row:
    """A meeting still to come, at an hour at which its salesperson is free."""
    made = clock.working_instant(
        rng,
        max(case["created"], setting.now - timedelta(days=10)),
        setting.now - timedelta(minutes=40),
        case["zone"],
    )
    row = _own(setting, case, _activity(rng, setting, case, "meeting", _phase(case), made))
    hour, day = rng.choice([9, 10, 11, 13, 14, 15]), clock.workday(day)
    while (row["salesperson"], day, hour) in taken:
        hour, day = (hour + 1, day) if hour < 16 else (9, clock.workday(day + timedelta(days=1)))
    taken.add((row["salesperson"], day, hour))
    start = clock.at(day, hour, rng.choice([0, 0, 30]) if hour < 16 else 0, case["zone"])
    minutes = rng.choice([30, 60])
    return row | {"start": start, "end": start + timedelta(minutes=minutes), "due": day}


def _own(setting: Setting, case: Row, row: Row) -> Row:
    """What is planned lies with the case's own salesperson."""
    row |= {"salesperson": case["salesperson"], "user": case["user"]}
    return clock.stamp(row, row["created"], case["user"])


def _phase(case: Row) -> str:
    return {"st1": texts.EARLY, "st2": texts.EARLY, "st3": texts.MIDDLE}.get(case["stage"], texts.LATE)


def _relation_calls(rng: Random, setting: Setting, companies: list[Row], contacts: dict[str, list[Row]],
                    salespeople: list[Row]) -> list[Row]:  # fmt: skip
    """Phone calls on a company without any case, by the salesperson who looks after it."""
    by_key = {person["key"]: person for person in salespeople}
    rows = []
    for company in rng.choices(companies, k=RELATION_CALLS):
        person, contact = by_key[company["responsible"]], rng.choice(contacts[company["key"]])
        group = company["sales_group"] or person["default_group"]
        earliest = max(company["created"], setting.now - timedelta(days=300))
        instant = clock.working_instant(rng, earliest, setting.now - timedelta(minutes=20), company["zone"])
        row = {
            "case": None,
            "company": company["key"],
            "contact": contact["key"],
            "activity_type": "call",
            "description": texts.relation_call(rng, contact),
            "due": None,
            "done": instant,
            "minutes": rng.choice([5, 5, 10, 15]),
            "owner": GROUP_OWNER[group],
            "sales_group": group,
            "salesperson": person["key"],
            "user": person["user"],
            "zone": company["zone"],
        }
        rows.append(clock.stamp(row, instant, person["user"]))
    return rows


def _touch_cases(cases: list[Row], activities: list[Row]) -> None:
    """An open case was last changed when something last happened on it."""
    by_key = {case["key"]: case for case in cases}
    for row in activities:
        case = by_key.get(row["case"])
        if case and not case["closed"] and row["created"] > case["modified"]:
            case["modified"], case["modified_by"] = row["created"], row["user"]
