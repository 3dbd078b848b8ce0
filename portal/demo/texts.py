"""What salespeople write: names and descriptions of cases, and the texts of calls, tasks, meetings and e-mails.

A phrase has `{contact}`, `{first}`, `{product}`, `{quantity}`, `{company}` and `{next}` to fill.
"""

# ruff: noqa: E501 - a phrase stands on one line

from random import Random
from typing import Any

from .code_lists import PRODUCTS, UNITS

Row = dict[str, Any]

CASE_NAMES = {
    "Plant Monitor": ["Downtime monitoring", "Plant Monitor roll-out", "Second line monitoring", "OEE dashboard"],
    "Energy": ["Energy metering", "Compressor room metering", "Energy savings project", "ISO 50001 preparation"],
    "Control": ["Conveyor retrofit", "New packing line", "Control units exchange", "Spare control units"],
    "Quality": ["Camera inspection", "Final inspection station", "Label check", "Scrap reduction"],
    "Logistics": ["Warehouse terminals", "Picking without paper", "Shipping hall", "Stock accuracy"],
    "Services": ["Operator training", "Service plan", "Commissioning support", "Refresher course"],
}  # fmt: skip

EARLY, MIDDLE, LATE = "early", "middle", "late"

PHRASES: dict[str, dict[str, list[str]]] = {
    "call": {
        EARLY: [
            "{contact} asked what {product} can do for their line and how long the installation takes. {next}",
            "First call with {contact}: they record downtime on paper and lose about two hours a week. {next}",
            "Rang the switchboard of {company}, was put through to {contact}. Interested in {product}, budget open. {next}",
            "{contact} had seen {product} at the trade fair and wants to know the price for {quantity}. {next}",
            "Called back as promised. {contact} decides together with production; a short visit would help. {next}",
        ],
        MIDDLE: [
            "{contact} has gone through the offer; the price of {product} is fine, delivery time is the question. {next}",
            "Talked about the number of units: rather {quantity} now and the rest next year. {next}",
            "{contact} compares us with one other supplier. Our service close by counts in our favour. {next}",
            "Technical question about {product}: does it read the old counters? Yes, over the pulse input. {next}",
            "{first} was short of time; their director wants references from the same industry. {next}",
        ],
        LATE: [
            "{contact} confirmed that the budget for {product} is approved, the order is being signed. {next}",
            "Agreed payment terms with {contact}: 30 % in advance, the rest 30 days after handover. {next}",
            "{contact} asks for 3 % more off; I offered a training day for free instead. {next}",
            "Went through the contract by phone, two small changes in the warranty article. {next}",
        ],
    },
    "task": {
        EARLY: [
            "Find out who decides about {product} at {company}.",
            "Send {contact} the data sheet of {product} and two references.",
            "Check with the technicians whether {product} fits the existing cabinets at {company}.",
            "Prepare questions for the visit: shifts, number of lines, current system.",
        ],
        MIDDLE: [
            "Work out the offer for {quantity} of {product}, with and without installation.",
            "Ask production for a delivery date for {quantity} of {product}.",
            "Call {contact} whether the offer has arrived and is complete.",
            "Revise the offer for {company}: second variant without the annual service.",
            "Book a demonstration unit of {product} for {company}.",
        ],
        LATE: [
            "Send the contract to {contact} for signature.",
            "Check credit and payment history of {company} before the order is confirmed.",
            "Agree the installation date of {product} with {contact}.",
            "Remind {contact} of the signed copy of the contract.",
        ],
    },
    "meeting": {
        EARLY: [
            "Tour of the plant with {contact}. Three lines, two shifts; {product} would start on the oldest one. {next}",
            "Introduced ourselves and {product}. {contact} brought the shift leader along, good questions. {next}",
            "Needs analysis at {company}: scope, interfaces, who will use it. {next}",
        ],
        MIDDLE: [
            "Demonstration of {product} for {contact} and two colleagues. It ran on their own data. {next}",
            "Went through the offer for {quantity} item by item with {contact}. {next}",
            "Workshop with the technicians of {company}: wiring, network, who does what. {next}",
        ],
        LATE: [
            "Negotiated price and warranty of {product} with {contact} and purchasing. {next}",
            "Final meeting before the decision; all technical points are closed. {next}",
            "Planned the handover of {product}: dates, contact persons, training. {next}",
        ],
    },
    "email": {
        EARLY: [
            "Thank you for your interest in {product}. I attach what we talked about and would gladly come and see your plant. {next}",
            "As promised, a short description of {product} and two references from your industry. {next}",
            "It was good to speak to you. To size the solution I need the number of lines and shifts. {next}",
        ],
        MIDDLE: [
            "Please find our offer for {quantity} of {product}. It is valid for 30 days. {next}",
            "Here is the revised offer for {product}; the second variant leaves out the installation. {next}",
            "Our technicians confirm that {product} works with your present equipment. {next}",
            "Delivery of {quantity} is possible within five weeks from the order. {next}",
        ],
        LATE: [
            "I send the contract for {product} with the changes we agreed. {next}",
            "Thank you for the meeting. Minutes are below, please correct me where needed. {next}",
            "We hold the price of {product} until the end of the month. {next}",
        ],
    },
}  # fmt: skip

SLOVAK: dict[str, list[str]] = {
    "call": [
        "{contact} sa pýta na termín dodania {product}, potrebujú {quantity}. {next}",
        "Telefonát s {contact}: ponuku majú, rozhodne vedenie na porade. {next}",
        "{contact} potvrdzuje záujem o {product}, rozpočet je na tento rok schválený. {next}",
        "Kontakt {contact} má dnes dovolenku, ozve sa budúci týždeň. {next}",
    ],
    "task": [
        "Pripraviť ponuku na {product} ({quantity}) pre {company}.",
        "Zavolať {contact}, či ponuka prišla v poriadku.",
        "Overiť u technikov, či {product} vyhovuje pre {company}.",
        "Poslať zmluvu na podpis: {contact}.",
    ],
    "meeting": [
        "Obhliadka prevádzky, sprevádza {contact}. Riešili sme {product} a postup nasadenia. {next}",
        "Rokovanie o cene a záruke na {product}, prítomní: {contact} a nákup. {next}",
        "Predvedenie {product} na skúšobnej linke, ohlas bol dobrý. {next}",
    ],
    "email": [
        "Dobrý deň, v prílohe posielam ponuku na {product} ({quantity}). Platí 30 dní. {next}",
        "Dobrý deň, ďakujem za stretnutie. Posielam zhrnutie k {product}. {next}",
        "Dobrý deň, potvrdzujem termín dodania {product} do piatich týždňov. {next}",
    ],
}  # fmt: skip

NEXT_STEPS = {
    EARLY: ["Next: send the data sheet.", "Next: agree a visit.", "Next: call again in two weeks.",
            "Next: {first} sends the drawings.", "Next: prepare an offer."],
    MIDDLE: ["Next: revise the offer.", "Next: demonstration on site.", "Next: {first} talks to the director.",
             "Next: check the delivery date.", "Next: call on Friday."],
    LATE: ["Next: contract to {first} for signature.", "Next: confirm the order.", "Next: fix the handover date.",
           "Next: wait for the board's decision."],
}  # fmt: skip
SLOVAK_NEXT = [
    "Ďalej: poslať ponuku.",
    "Ďalej: dohodnúť návštevu.",
    "Ďalej: zavolať v piatok.",
    "Ďalej: upraviť cenu.",
]

CLOSING_NOTES = {
    "cr1": {"won": "Our price was the best of three.", "lost": "About 12 % more expensive than the winner."},
    "cr2": {
        "won": "We could deliver in time for the shutdown.",
        "lost": "They needed delivery within three weeks.",
    },
    "cr3": {"lost": "They stay with the supplier of their older lines."},
    "cr4": {"lost": "Investment frozen until next year; ask again in spring."},
    "cr5": {"lost": "The line is being moved to another plant."},
    "cr6": {"won": "A visit at a reference customer decided it."},
    "cr7": {"won": "The only solution that reads their old counters."},
    "cr8": {"won": "Repeat order, no tender this time."},
}

RELATION_CALLS = [
    "{contact} checked our new bank account number. Nothing else at the moment.",
    "Courtesy call. {contact} is content with the service; a new hall is planned for next year.",
    "{contact} changes department at the end of the month, a successor will be named.",
    "Invited {contact} to the open day in our showroom.",
    "Asked about plans for the next half-year; {contact} sees no investment before summer.",
    "{contact} asked for a copy of the last invoice, passed on to accounting.",
    "Updated address and contact persons with {contact}.",
]


def quantity(product: Row, count: int) -> str:
    """A count with the product's unit: '3 lines'."""
    unit = UNITS[product["key"]]
    return f"{count} {unit}{'' if count == 1 else 's'}"


def case_name(rng: Random, product: Row, company: Row) -> str:
    """What the case is called, for example 'Conveyor retrofit – Tornalstav'."""
    return f"{rng.choice(CASE_NAMES[product['series']])} – {company['short']}"


def case_description(rng: Random, product: Row, count: int, company: Row, contact: Row) -> str:
    """Two or three sentences on what the customer wants."""
    person, city = full_name(contact), company["address"]["city"]
    amount = quantity(product, count)
    return rng.choice([
        (f"{company['short']} in {city} wants {amount} of {product['name']}. {person} is our first contact; "
        "they expect an offer with installation."),
        (f"Enquiry by {person} ({contact['function'].lower()}): {product['name']}, about {amount}. "
        "The present equipment stays and has to be connected."),
        f"{product['name']} for the plant in {city}, {amount}. Decision together with production and purchasing.",
        f"{person} is looking for a replacement of their own solution. Scope so far: {amount} of {product['name']}.",
    ])  # fmt: skip


def service_description(rng: Random, name: str) -> str:
    """What the service case is for."""
    return rng.choice([
        f"Service after the delivery of “{name}”: two inspections a year, remote support on workdays.",
        f"Support goes on from “{name}”. Response within one workday, spare parts held in stock.",
    ])  # fmt: skip


def closing_note(rng: Random, outcome: str, reason: str) -> str:
    """Why the case was won or lost, in the salesperson's words."""
    return CLOSING_NOTES[reason][outcome] + rng.choice(["", "", " Keep in touch.", " Told the team."])


def activity_text(rng: Random, kind: str, phase: str, case: Row, company: Row, contact: Row, slovak: bool) -> str:
    """The text of one activity; `phase` is how far the case had come."""
    first = contact["first_name"]
    series = SLOVAK[kind] if slovak else PHRASES[kind][phase]
    following = rng.choice(SLOVAK_NEXT if slovak else NEXT_STEPS[phase]).format(first=first)
    product = {"key": case["product"], "name": PRODUCTS[int(case["product"][1:]) - 1][0]}
    amount = f"{case['quantity']} ks" if slovak else quantity(product, case["quantity"])
    return rng.choice(series).format(
        contact=full_name(contact), first=first, product=product["name"], quantity=amount,
        company=company["short"], next=following,
    )  # fmt: skip


def relation_call(rng: Random, contact: Row) -> str:
    """The text of a phone call that belongs to no case."""
    return rng.choice(RELATION_CALLS).format(contact=full_name(contact))


def full_name(person: Row) -> str:
    """First name and surname."""
    return f"{person['first_name']} {person['surname']}"
