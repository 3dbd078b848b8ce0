"""A thousand cases: what each is about, who works on it, how far it has come and how it ended."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from . import clock, code_lists, texts
from .companies import responsible_group
from .people import members

Row = dict[str, Any]

TOTAL, SERVICE = 1000, 30

# How many units a case asks for, per product: smallest and largest.
QUANTITIES = {
    "p1": (1, 6), "p2": (1, 8), "p3": (1, 3), "p4": (4, 60), "p5": (1, 4), "p6": (2, 24), "p7": (2, 18),
    "p8": (1, 5), "p9": (5, 80), "p10": (1, 2), "p11": (2, 12), "p12": (1, 5),
}  # fmt: skip
PRODUCT_WEIGHTS = [8, 12, 7, 14, 7, 10, 9, 7, 11, 6, 4, 5]


def make_cases(rng: Random, now: datetime, companies: list[Row], contacts: list[Row],
               products: list[Row], salespeople: list[Row]) -> list[Row]:  # fmt: skip
    """The cases in the order in which they were opened.

    Besides the columns a case carries `zone`, `user`, `quantity` and `weight` (how much happened on it) for
    the generators that build on it.
    """
    by_company = group_by(contacts, "company")
    people = members(salespeople)
    rows: list[Row] = []
    for company, importance in _pick_companies(rng, companies, TOTAL - SERVICE):
        case = _case(rng, company, by_company[company["key"]], products, people, importance)
        _live(rng, case, company, now)
        rows.append(case)
    rows += _service_cases(rng, now, rows)
    rows.sort(key=lambda row: row["created"])
    for number, row in enumerate(rows, start=1):
        row["key"] = f"c{number}"
    for row in rows:
        row["support_of"] = row["support_of"] and row["support_of"]["key"]
    return rows


def group_by(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """The rows by the value of one column, each list in the order of `rows`."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _pick_companies(rng: Random, companies: list[Row], count: int) -> list[tuple[Row, float]]:
    """A company and its importance for each of `count` cases: few have many, a quarter has none."""
    candidates = [row for row in companies if row["relation_type"] in ("rt1", "rt2", "rt3")]
    busy = rng.sample(candidates, min(len(candidates), len(companies) * 3 // 4))
    weights = [1 / (rank + 10) ** 0.75 for rank in range(len(busy))]
    chosen = list(range(len(busy))) + rng.choices(range(len(busy)), weights, k=count - len(busy))
    return [(busy[place], weights[place] / weights[-1]) for place in chosen]


def _case(rng: Random, company: Row, contacts: list[Row], products: list[Row],
          people: dict[str, list[Row]], importance: float) -> Row:  # fmt: skip
    product = rng.choices(products, PRODUCT_WEIGHTS)[0]
    quantity = rng.randint(*QUANTITIES[product["key"]])
    discount = Decimal(rng.choice(["1", "1", "0.97", "0.95", "0.92", "0.9", "0.88"]))
    value = (product["price"] * quantity * discount).quantize(Decimal("0.01"))
    group, person = _staff(rng, company, people)
    chosen = rng.sample(contacts, min(len(contacts), rng.choices([1, 2, 3], [60, 30, 10])[0]))
    return {
        "name": texts.case_name(rng, product, company),
        "company": company["key"],
        "contacts": [contact["key"] for contact in chosen],
        "product": product["key"],
        "description": texts.case_description(rng, product, quantity, company, chosen[0]),
        "value": value,
        "currency": product["currency"],
        "support_of": None,
        "owner": code_lists.GROUP_OWNER[group],
        "sales_group": group,
        "salesperson": person["key"],
        "shared_with": rng.sample([key for key in people if key != group], 1) if rng.random() < 0.04 else [],
        "zone": company["zone"],
        "user": person["user"],
        "quantity": quantity,
        "weight": importance**0.5 * rng.lognormvariate(0, 0.7),
    }


def _staff(rng: Random, company: Row, people: dict[str, list[Row]]) -> tuple[str, Row]:
    """The group and the salesperson of a case: mostly those who look after the company."""
    group = responsible_group(company)
    if rng.random() < 0.1:
        group = rng.choice(list(people))
    owners = [person for person in people[group] if person["key"] == company["responsible"]]
    return group, owners[0] if owners and rng.random() < 0.5 else rng.choice(people[group])


def _live(rng: Random, case: Row, company: Row, now: datetime) -> None:
    """Decide when the case was opened, and whether and how it ended."""
    first = company["created"] + timedelta(hours=1)
    old_enough = now - first > timedelta(days=60)
    if old_enough and rng.random() < 0.475:
        created = clock.working_instant(rng, first, now - timedelta(days=25), case["zone"])
        latest = min(created + timedelta(days=rng.triangular(15, 170, 60)), now - timedelta(hours=3))
        _close(rng, case, created, clock.working_instant(rng, latest - timedelta(days=4), latest, case["zone"]))
    else:
        earliest = max(first, now - timedelta(days=rng.choice([7, 45, 90, 150, 240])))
        created = clock.working_instant(rng, earliest, now - timedelta(hours=20), case["zone"])
        _keep_open(rng, case, created, now)


def _close(rng: Random, case: Row, created: datetime, closed: datetime) -> None:
    outcome = rng.choices(["won", "lost"], [54, 46])[0]
    won = outcome == "won"
    reason = rng.choice(code_lists.WIN_REASONS if won else code_lists.LOSS_REASONS)
    expected = closed.date() + timedelta(days=rng.randint(-25, 30))
    case |= {
        "status": "closed",
        "outcome": outcome,
        "closing_reason": reason,
        "closing_note": texts.closing_note(rng, outcome, reason),
        "case_type": "ct4" if won else rng.choice(["ct1", "ct2", "ct2", "ct3"]),
        "stage": "st5" if won else rng.choice(["st2", "st3", "st3", "st4"]),
        "expected_close": max(expected, created.date() + timedelta(days=7)),
        "closed": closed,
    }
    clock.stamp(case, created, case["user"], closed)


def _keep_open(rng: Random, case: Row, created: datetime, now: datetime) -> None:
    age = (now - created).days
    stage = rng.choices(["st1", "st2", "st3", "st4", "st5"], [40, 30, 20, 8, 2] if age < 30 else [14, 26, 34, 19, 7])[0]
    case |= {
        "status": "new",
        "outcome": None,
        "closing_reason": None,
        "closing_note": None,
        "case_type": "ct4" if stage == "st5" else rng.choice(["ct1", "ct1", "ct2", "ct2", "ct3"]),
        "stage": stage,
        "expected_close": _expected_close(rng, created.date(), now.date()),
        "closed": None,
    }
    clock.stamp(case, created, case["user"])


def _expected_close(rng: Random, created: date, today: date) -> date:
    """Mostly ahead; where the case is old enough, one in six is already overdue."""
    if rng.random() < 0.16 and (today - created).days > 30:
        return today - timedelta(days=rng.randint(1, 25))
    return clock.workday(today + timedelta(days=rng.randint(3, 120)))


def _service_cases(rng: Random, now: datetime, rows: list[Row]) -> list[Row]:
    """Service support that goes on from cases that were won, opened at the moment of closing."""
    won = [row for row in rows if row["outcome"] == "won" and row["closed"] < now - timedelta(days=5)]
    services = []
    for parent in sorted(rng.sample(range(len(won)), SERVICE)):
        origin = won[parent]
        case = {
            **origin,
            "name": f"Service support: {origin['name']}",
            "description": texts.service_description(rng, origin["name"]),
            "value": Decimal("3600.00"),
            "product": "p12",
            "quantity": 1,
            "support_of": origin,
            "weight": origin["weight"] * 0.6,
            "contacts": list(origin["contacts"]),
            "shared_with": [],
        }
        origin["shared_with"] = []
        _keep_open(rng, case, origin["closed"], now)
        case |= {"case_type": "ct5", "stage": "st5"}
        services.append(case)
    return services
