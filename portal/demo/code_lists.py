"""Owners, sales groups, code lists and products. Code lists carry their titles in English and Slovak."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from . import clock, identifiers
from .places import TOWNS

Row = dict[str, Any]

BUSINESS_AREAS = [
    ("ba1", "Domestic", "Domáci trh", None),
    ("ba2", "Foreign", "Zahraničie", None),
    ("ba3", "Slovakia East", "Východné Slovensko", "ba1"),
    ("ba4", "Slovakia West", "Západné Slovensko", "ba1"),
    ("ba5", "Baltics", "Pobaltie", "ba2"),
    ("ba6", "German-speaking countries", "Nemecky hovoriace krajiny", "ba2"),
    ("ba7", "Türkiye", "Turecko", "ba2"),
]
MAIN_ACTIVITIES = [
    ("ma1", "Machinery", "Strojárstvo"),
    ("ma2", "Metalworking", "Kovospracovanie"),
    ("ma3", "Construction", "Stavebníctvo"),
    ("ma4", "Agriculture and food", "Poľnohospodárstvo a potraviny"),
    ("ma5", "Logistics", "Logistika"),
    ("ma6", "Software", "Softvér"),
    ("ma7", "Plastics", "Plasty"),
    ("ma8", "Wood and furniture", "Drevo a nábytok"),
    ("ma9", "Energy and electrical", "Energetika a elektrotechnika"),
    ("ma10", "Textiles", "Textil"),
]
RELATION_TYPES = [
    ("rt1", "Customer", "Zákazník"),
    ("rt2", "Prospect", "Záujemca"),
    ("rt3", "Partner", "Partner"),
    ("rt4", "Supplier", "Dodávateľ"),
    ("rt5", "Competitor", "Konkurent"),
]
CASE_TYPES = [
    ("ct1", "Preliminary interest", "Predbežný záujem"),
    ("ct2", "Enquiry", "Dopyt"),
    ("ct3", "Tender", "Výberové konanie"),
    ("ct4", "Binding order", "Záväzná objednávka"),
    ("ct5", "Service support", "Servisná podpora"),
]
DOCUMENT_TYPES = [
    ("dt1", "Offer", "Ponuka"),
    ("dt2", "Contract", "Zmluva"),
    ("dt3", "Minutes", "Zápisnica"),
    ("dt4", "Price list", "Cenník"),
]
CLOSING_REASONS = [
    ("cr1", "Price", "Cena"),
    ("cr2", "Delivery time", "Dodacia lehota"),
    ("cr3", "Competitor chosen", "Vybraný konkurent"),
    ("cr4", "Budget postponed", "Rozpočet odložený"),
    ("cr5", "No longer needed", "Už nie je potrebné"),
    ("cr6", "Good references", "Dobré referencie"),
    ("cr7", "Technical fit", "Technické riešenie"),
    ("cr8", "Long-term relation", "Dlhodobý vzťah"),
]
LOSS_REASONS, WIN_REASONS = ("cr1", "cr2", "cr3", "cr4", "cr5"), ("cr1", "cr2", "cr6", "cr7", "cr8")
STAGES = [
    ("st1", "Lead", "Príležitosť", 10),
    ("st2", "Qualified", "Overená", 25),
    ("st3", "Offer", "Ponuka", 50),
    ("st4", "Negotiation", "Rokovanie", 75),
    ("st5", "Agreed", "Dohodnutá", 90),
]

# Name, series, price of one unit, and the unit it is counted in.
PRODUCTS = [
    ("Plant Monitor Basic", "Plant Monitor", "2400.00", "line"),
    ("Plant Monitor Pro", "Plant Monitor", "6900.00", "line"),
    ("Plant Monitor Enterprise", "Plant Monitor", "28500.00", "site"),
    ("Energy Meter Gateway", "Energy", "890.00", "piece"),
    ("Energy Audit Package", "Energy", "4200.00", "site"),
    ("Conveyor Control Unit C200", "Control", "1750.00", "piece"),
    ("Conveyor Control Unit C400", "Control", "3350.00", "piece"),
    ("Vision Inspection Station", "Quality", "19800.00", "station"),
    ("Warehouse Terminal WT10", "Logistics", "640.00", "piece"),
    ("Warehouse Planner", "Logistics", "9800.00", "site"),
    ("Operator Training", "Services", "950.00", "day"),
    ("Annual Service Plan", "Services", "3600.00", "year"),
]
UNITS = {f"p{number}": unit for number, (*_, unit) in enumerate(PRODUCTS, start=1)}

OWNERS = [
    {"key": "o1", "name": "Karpatia Systems, s.r.o.", "country": "SK", "host": "karpatia-systems.example",
     "street": "Kukučínova 12", "postcode": "040 01"},
    {"key": "o2", "name": "Hõbeoja Automaatika OÜ", "country": "EE", "host": "hobeoja.example",
     "street": "Pärnu mnt 41", "postcode": "10119"},
]  # fmt: skip

# Key, name, owner, and the time zone in which its salespeople sit.
SALES_GROUPS = [
    ("g1", "North", "o1", "Europe/Bratislava"),
    ("g2", "South-West", "o1", "Europe/Bratislava"),
    ("g3", "Key accounts", "o1", "Europe/Berlin"),
    ("g4", "Baltics", "o2", "Europe/Tallinn"),
    ("g5", "Export", "o2", "Europe/Istanbul"),
]
GROUP_OWNER = {key: owner for key, _, owner, _ in SALES_GROUPS}
GROUP_ZONE = {key: zone for key, _, _, zone in SALES_GROUPS}


def make_owners(rng: Random) -> list[Row]:
    """The two firms for whose benefit all is done."""
    rows = []
    for owner in OWNERS:
        country = owner["country"]
        town = TOWNS[country][0]
        slovak = country == "SK"
        rows.append({
            "key": owner["key"],
            "name": owner["name"],
            "registration_no": identifiers.ico(rng) if slovak else identifiers.registrikood(rng),
            "vat_no": identifiers.sk_vat(rng) if slovak else identifiers.kmkr(rng),
            "bank_account": identifiers.slovak_iban(rng) if slovak else identifiers.estonian_iban(rng),
            "address": {"street": owner["street"], "postcode": owner["postcode"], "city": town.name,
                        "region": town.region, "country": country},
            "phone": identifiers.landline(rng, country, town.area_code),
            "email": f"info@{owner['host']}",
            "web": f"https://www.{owner['host']}",
        })  # fmt: skip
    return rows


def make_code_lists(rng: Random) -> dict[str, list[Row]]:
    """Every code list, the groups and the products, by list name; `name_sk` is the Slovak name."""
    return {
        "owners": make_owners(rng),
        "sales_groups": [{"key": key, "name": name, "owner": owner} for key, name, owner, _ in SALES_GROUPS],
        "business_areas": [_entry(key, en, sk, parent=parent) for key, en, sk, parent in BUSINESS_AREAS],
        "main_activities": [_entry(*entry) for entry in MAIN_ACTIVITIES],
        "relation_types": [_entry(*entry) for entry in RELATION_TYPES],
        "case_types": [_entry(*entry) for entry in CASE_TYPES],
        "document_types": [_entry(*entry) for entry in DOCUMENT_TYPES],
        "closing_reasons": [_entry(*entry) for entry in CLOSING_REASONS],
        "stages": [_entry(key, en, sk, probability=Decimal(share)) for key, en, sk, share in STAGES],
        "products": [
            {"key": f"p{number}", "name": name, "series": series, "price": Decimal(price), "currency": "EUR"}
            for number, (name, series, price, _) in enumerate(PRODUCTS, start=1)
        ],
    }


def stamp_code_lists(lists: dict[str, list[Row]], now: datetime) -> None:
    """The administrator set all this up two years before the demo's present."""
    for rows in lists.values():
        for row in rows:
            clock.stamp(row, now - timedelta(days=730), "u1")


def _entry(key: str, en: str, sk: str, **more: object) -> Row:
    return {"key": key, "name": en, "name_sk": sk, "position": int(key[2:]), **more}
