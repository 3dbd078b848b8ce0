"""Two hundred documents on the cases (offers, contracts, minutes, price lists), real Office and PDF files."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from . import clock, places, texts
from .cases import group_by
from .papers import Cell, Paper, Table, write_docx, write_pdf, write_xlsx

Row = dict[str, Any]

# How many of each document type are written in each format; together 200.
PLAN = [
    ("dt1", "docx", 34), ("dt1", "pdf", 34), ("dt1", "xlsx", 22),
    ("dt2", "docx", 18), ("dt2", "pdf", 22),
    ("dt3", "docx", 28), ("dt3", "pdf", 12),
    ("dt4", "xlsx", 22), ("dt4", "pdf", 8),
]  # fmt: skip
TYPE_NAMES = {"dt1": "Offer", "dt2": "Contract", "dt3": "Minutes", "dt4": "Price list"}
WRITERS: dict[str, Callable[[Paper], bytes]] = {"docx": write_docx, "xlsx": write_xlsx, "pdf": write_pdf}


class Subject:
    """A case with everything that a document on it has to say."""

    def __init__(self, case: Row, lists: dict[str, dict[str, Row]], activity: Row | None = None) -> None:
        self.case, self.activity = case, activity
        self.company = lists["relations"][case["company"]]
        self.contact = lists["contacts"][(activity or {}).get("contact") or case["contacts"][0]]
        self.product = lists["products"][case["product"]]
        self.products = list(lists["products"].values())
        self.owner = lists["owners"][case["owner"]]
        self.salesperson = lists["salespeople"][case["salesperson"]]


def make_documents(rng: Random, now: datetime, lists: dict[str, list[Row]]) -> list[Row]:
    """The documents, oldest first. Each also has `file_name` and `content` (the file's bytes)."""
    by_key = {name: {row["key"]: row for row in rows} for name, rows in lists.items()}
    meetings = [row for row in lists["activities"] if row["activity_type"] == "meeting" and row["done"]]
    by_case = group_by(meetings, "case")
    unused = {kind: _candidates(rng, kind, lists["cases"], by_case) for kind in TYPE_NAMES}
    rows = []
    for kind, extension, count in PLAN:
        for _ in range(count):
            case = unused[kind].pop()
            activity = rng.choice(by_case[case["key"]]) if kind == "dt3" else None
            rows.append(_document(rng, now, kind, extension, Subject(case, by_key, activity)))
    rows.sort(key=lambda row: (row["created"], row["case"]))
    for number, row in enumerate(rows, start=1):
        row["key"] = f"d{number}"
    return rows


def _candidates(rng: Random, kind: str, cases: list[Row], meetings: dict[str, list[Row]]) -> list[Row]:
    """Cases far enough for a document of that type, in chance order."""
    if kind == "dt2":
        fit = [case for case in cases if case["stage"] == "st5" and not case["support_of"]]
    elif kind == "dt3":
        fit = [case for case in cases if case["key"] in meetings]
    else:
        fit = [case for case in cases if case["stage"] not in ("st1", "st2")]
    return rng.sample(fit, len(fit))


def _document(rng: Random, now: datetime, kind: str, extension: str, subject: Subject) -> Row:
    case, company = subject.case, subject.company
    end = case["closed"] or now
    if subject.activity:
        written = min(subject.activity["end"] + timedelta(minutes=rng.randint(20, 300)), end)
    else:
        written = clock.working_instant(rng, case["created"], end - timedelta(minutes=10), case["zone"])
    number = f"{written.year}-{case['key'][1:].zfill(4)}"
    title = f"{TYPE_NAMES[kind]} {number}"
    author = texts.full_name(subject.salesperson)
    parts = PARTS[kind](rng, subject, written)
    paper = Paper(f"{title}: {case['name']}", author, written, parts)
    short = company["short"].replace("/", "-")
    row = {
        "name": f"{title} {short}",
        "file_name": f"{title} {short}.{extension}",
        "content": WRITERS[extension](paper),
        "company": case["company"],
        "case": case["key"],
        "activity": subject.activity and subject.activity["key"],
        "contact": subject.contact["key"],
        "document_type": kind,
        "description": f"{TYPE_NAMES[kind]} for {subject.product['name']}, written by {author}.",
    }
    row |= {column: case[column] for column in ("owner", "sales_group", "salesperson", "shared_with")}
    return clock.stamp(row, written, subject.salesperson["user"])


def _offer(rng: Random, subject: Subject, written: datetime) -> list[str | Table]:
    case, product = subject.case, subject.product
    base = product["price"] * case["quantity"]
    rows: list[list[Cell]] = [[product["name"], case["quantity"], product["price"], base]]
    if base > case["value"]:
        rows.append(["Discount", 1, case["value"] - base, case["value"] - base])
    rows.append(["Total without VAT", "", "", case["value"]])
    valid = written.date() + timedelta(days=30)
    city, person = subject.company["address"]["city"], subject.salesperson
    return [
        *_letterhead(subject, written),
        f"Dear {texts.full_name(subject.contact)}, thank you for your enquiry. We offer you:",
        Table(["Item", "Quantity", "Price EUR", "Amount EUR"], rows),
        (
            f"Delivery {rng.randint(3, 9)} weeks from the order, {rng.choice(['DAP', 'FCA', 'EXW'])} "
            f"{city}. Warranty {rng.choice([24, 36])} months."
        ),
        f"The offer is valid until {valid:%d.%m.%Y} and covers the site in {city}.",
        f"{texts.full_name(person)}, {person['position']}, {person['mobile']}",
    ]


def _contract(rng: Random, subject: Subject, written: datetime) -> list[str | Table]:
    case, owner, company = subject.case, subject.owner, subject.company
    advance = rng.choice([20, 30, 40])
    weeks, months, days = rng.randint(4, 12), rng.choice([24, 36]), rng.choice([1, 2, 3])
    contact, amount = texts.full_name(subject.contact), texts.quantity(subject.product, case["quantity"])
    first = (case["value"] * advance / 100).quantize(Decimal("0.01"))
    return [
        (f"Supplier: {owner['name']}, {places.one_line(owner['address'])}, VAT no. {owner['vat_no']}, "
        f"account {owner['bank_account']}."),
        (f"Customer: {company['name']}, {places.one_line(company['address'])}, registration no. "
        f"{company['registration_no']}, VAT no. {company['vat_no']}, represented by {contact}."),
        "Article 1. Subject",
        (f"The supplier delivers {amount} of {subject.product['name']} "
        f"and hands them over in {company['address']['city']}."),
        "Article 2. Price and payment",
        Table(["Instalment", "Share %", "Amount EUR"],
              [["In advance", advance, first], ["After handover", 100 - advance, case["value"] - first],
               ["Total without VAT", 100, case["value"]]]),
        "Article 3. Time and handover",
        f"Delivery within {weeks} weeks from the advance payment; both sides sign a record of handover.",
        "Article 4. Warranty",
        f"The warranty lasts {months} months; a fault is attended to within {days} workdays.",
        f"In {owner['address']['city']} on {written:%d.%m.%Y}",
    ]  # fmt: skip


def _minutes(rng: Random, subject: Subject, written: datetime) -> list[str | Table]:
    activity = subject.activity or {}
    person, contact = texts.full_name(subject.salesperson), texts.full_name(subject.contact)
    deadline = written.date()
    tasks = [
        [what, who, f"{deadline + timedelta(days=rng.randint(3, 28)):%d.%m.%Y}"]
        for what, who in rng.sample(
            [("Revised offer", person), ("Drawings of the line", contact), ("Demonstration", person),
             ("List of interfaces", contact), ("Names of users for the training", contact)], 3)
    ]  # fmt: skip
    return [
        f"Meeting of {activity['due']:%d.%m.%Y}, {activity['minutes']} minutes, {subject.company['name']}.",
        f"Present: {contact} ({subject.contact['function']}), {person} ({subject.owner['name']}).",
        activity["description"],
        rng.choice([
            "The plant runs in two shifts; an installation is possible at weekends only.",
            "The network of the plant is separate; access is granted by the IT department.",
            "Purchasing asks for a price per unit for the next twelve months.",
            "The customer would like to see a running installation before deciding.",
        ]),
        Table(["Agreed", "Who", "Until"], tasks),
    ]  # fmt: skip


def _price_list(rng: Random, subject: Subject, written: datetime) -> list[str | Table]:
    discount = rng.choice([0, 3, 5, 8, 10, 12])
    factor = Decimal(100 - discount) / 100
    months = rng.choice([3, 6, 12])
    rows = [
        [
            product["name"],
            product["series"],
            product["price"],
            (product["price"] * factor).quantize(Decimal("0.01")),
        ]
        for product in subject.products
    ]
    return [
        (f"For {subject.company['name']}, valid from {written:%d.%m.%Y} for {months} months, discount {discount} %."),
        Table(["Product", "Series", "List EUR", "Your price EUR"], rows),
        f"Prices without VAT and transport. {subject.owner['name']}, {subject.owner['phone']}",
    ]


def _letterhead(subject: Subject, written: datetime) -> list[str | Table]:
    owner, company = subject.owner, subject.company
    return [
        f"{owner['name']}, {places.one_line(owner['address'])}, {owner['email']}, {owner['phone']}",
        f"To: {company['name']}, {places.one_line(company['address'])}",
        f"Date: {written:%d.%m.%Y}",
    ]


PARTS: dict[str, Callable[[Random, Subject, datetime], list[str | Table]]] = {
    "dt1": _offer, "dt2": _contract, "dt3": _minutes, "dt4": _price_list,
}  # fmt: skip
