"""300 companies in four countries and their contacts."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import clock, identifiers, names, places
from .people import members

Row = dict[str, Any]

SHARES = {"SK": 120, "EE": 70, "TR": 55, "DE": 55}

FUNCTIONS = [
    "Director", "Purchasing", "Invoicing", "Technician", "Production manager", "IT manager", "Assistant",
    "Quality manager", "Logistics", "Maintenance",
]  # fmt: skip

TAGS = ["reference customer", "framework contract", "trade fair 2025", "slow payer", "export",
        "family business", "two shifts", "newsletter", "group member", "price sensitive"]  # fmt: skip


def make_companies(rng: Random, now: datetime, salespeople: list[Row]) -> list[Row]:
    """The companies, in no order of country; `short` is the name without legal form, `zone` the time zone."""
    countries = [country for country, share in SHARES.items() for _ in range(share)]
    rng.shuffle(countries)
    taken: set[str] = set()
    people = members(salespeople)
    rows: list[Row] = []
    for number, country in enumerate(countries, start=1):
        activity = f"ma{rng.randint(1, 10)}"
        short, full = names.make_company_name(rng, country, activity)
        while short in taken:
            # A trade has only so many names in a country: another trade, so that this ends for every seed.
            activity = f"ma{rng.randint(1, 10)}"
            short, full = names.make_company_name(rng, country, activity)
        taken.add(short)
        row = _company(rng, f"r{number}", country, short, full, activity, taken)
        _assign(rng, row, people)
        _date(rng, row, now)
        rows.append(row)
    _join_groups(rng, rows)
    return rows


def _company(rng: Random, key: str, country: str, short: str, full: str, activity: str, taken: set[str]) -> Row:
    town = rng.choices(places.TOWNS[country], range(len(places.TOWNS[country]) + 6, 6, -1))[0]
    registration_no, vat_no = _registration(rng, country, town)
    while registration_no in taken or vat_no in taken:
        registration_no, vat_no = _registration(rng, country, town)
    taken.update((registration_no, vat_no))
    host = f"{names.ascii_name(short, country)}.example"
    relation_type = rng.choices(["rt1", "rt2", "rt3", "rt4", "rt5"], [55, 25, 8, 7, 5])[0]
    return {
        "key": key,
        "name": full,
        "short": short,
        "zone": places.ZONES[country],
        "relation_type": relation_type,
        "business_area": _area(country, town.region),
        "main_activity": activity,
        "registration_no": registration_no,
        "vat_no": vat_no,
        "status": "passive" if rng.random() < 0.08 else "active",
        "address": places.make_address(rng, country, town),
        "phone": identifiers.landline(rng, country, town.area_code),
        "fax": identifiers.landline(rng, country, town.area_code) if rng.random() < 0.15 else None,
        "email": f"{rng.choice(['info', 'office', 'sales', 'kontakt'])}@{host}",
        "web": f"https://www.{host}",
        "priority": rng.choices(["high", "normal", "low"], [15, 45, 40])[0],
        "tags": sorted(rng.sample(TAGS, rng.choices([0, 1, 2, 3], [40, 35, 18, 7])[0])),
        "parent": None,
    }


def _registration(rng: Random, country: str, town: places.Town) -> tuple[str, str]:
    """The registration number and the VAT number as that country writes them."""
    if country == "SK":
        return identifiers.ico(rng), identifiers.sk_vat(rng)
    if country == "EE":
        return identifiers.registrikood(rng), identifiers.kmkr(rng)
    if country == "TR":
        vergi = identifiers.vergi_no(rng)
        return identifiers.mersis_no(vergi), vergi
    return identifiers.handelsregister(rng, town.name), identifiers.ust_id(rng)


def _area(country: str, region: str) -> str:
    if country == "SK":
        return "ba3" if region in places.NORTHERN_REGIONS else "ba4"
    return {"EE": "ba5", "DE": "ba6", "TR": "ba7"}[country]


def responsible_group(row: Row) -> str:
    """The group whose territory the company lies in."""
    return {"ba3": "g1", "ba4": "g2", "ba5": "g4", "ba6": "g3", "ba7": "g5"}[row["business_area"]]


def _assign(rng: Random, row: Row, people: dict[str, list[Row]]) -> None:
    """Give the company its responsible group and salesperson; every eighth has none, a few are shared."""
    group = responsible_group(row)
    person = rng.choice(people[group])
    row["responsible"] = person["key"]
    row["sales_group"], row["salesperson"] = (None, None) if rng.random() < 0.12 else (group, person["key"])
    row["shared_with"] = rng.sample([key for key in people if key != group], 1) if rng.random() < 0.06 else []
    row["user"] = person["user"]


def _date(rng: Random, row: Row, now: datetime) -> None:
    created = clock.working_instant(rng, now - timedelta(days=725), now - timedelta(days=20), row["zone"])
    modified = created
    if rng.random() < 0.7:
        modified = clock.working_instant(rng, created, now - timedelta(hours=2), row["zone"])
    clock.stamp(row, created, row["user"], modified)


def _join_groups(rng: Random, rows: list[Row]) -> None:
    """Make a few companies daughters of an older one in the same country."""
    by_age = sorted(rows, key=lambda row: row["created"])
    for place, row in enumerate(by_age):
        elders = [other for other in by_age[:place] if other["zone"] == row["zone"] and not other["parent"]]
        if elders and rng.random() < 0.05:
            row["parent"] = rng.choice(elders)["key"]


def make_contacts(rng: Random, companies: list[Row]) -> list[Row]:
    """One to six contacts for every company, the director first, each address once in its company."""
    rows: list[Row] = []
    next_key = clock.counter("k")
    for company in companies:
        country, host = company["address"]["country"], company["web"].removeprefix("https://www.")
        functions = ["Director", *rng.sample(FUNCTIONS[1:], 5)]
        locals_taken: set[str] = set()
        for function in functions[: rng.choices(range(1, 7), [14, 24, 26, 18, 12, 6])[0]]:
            first, surname, local = _new_person(rng, country, locals_taken)
            row = {
                "key": next_key(),
                "company": company["key"],
                "first_name": first,
                "surname": surname,
                "function": function,
                "address": company["address"] if rng.random() < 0.3 else None,
                "phone": company["phone"] if rng.random() < 0.5 else None,
                "mobile": identifiers.mobile(rng, country),
                "fax": None,
                "email": f"{local}@{host}",
                "web": None,
            }
            rows.append(clock.stamp(row, company["created"] + timedelta(minutes=len(locals_taken)), company["user"]))
    return rows


def _new_person(rng: Random, country: str, taken: set[str]) -> tuple[str, str, str]:
    """A person of that country whose local part is not yet `taken` (which this adds to)."""
    while True:
        first, surname = names.make_person(rng, country)
        local = f"{names.ascii_name(first, country)}.{names.ascii_name(surname, country)}"
        if local not in taken:
            taken.add(local)
            return first, surname, local
