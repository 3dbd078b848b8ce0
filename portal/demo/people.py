"""The portal's users and its salespeople."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import clock, code_lists, identifiers, names

Row = dict[str, Any]

PASSWORD = "caseroom-demo"

# Office users: key, local part of the address, name, roles, owners they manage, language.
OFFICE = [
    ("u1", "admin", "Alena Dubská", ["administrator"], [], "en"),
    ("u2", "manager", "Viktor Sokolík", ["manager"], ["o1"], "en"),
    ("u3", "templates", "Soňa Mrázová", ["template_editor"], [], "en"),
]

# Salespeople: local part (None: made from the name), first name, surname, country of the phone, groups
# (the first is the default), position.
SALESPEOPLE = [
    ("north", "Jakub", "Hronec", "SK", ["g1"], "Sales representative"),
    ("both", "Ema", "Vallová", "SK", ["g1", "g2"], "Senior sales representative"),
    ("south", "Kaarel", "Lindmäe", "EE", ["g5"], "Export manager"),
    (None, "Adam", "Belica", "SK", ["g1"], "Sales engineer"),
    (None, "Natália", "Hlinková", "SK", ["g1"], "Sales representative"),
    (None, "Filip", "Oravec", "SK", ["g2"], "Regional sales lead"),
    (None, "Simona", "Jánošová", "SK", ["g2"], "Sales representative"),
    (None, "Richard", "Pavlov", "SK", ["g2", "g3"], "Sales engineer"),
    (None, "Helena", "Grausová", "SK", ["g3"], "Key account manager"),
    (None, "Maximilian", "Reuter", "DE", ["g3"], "Key account manager"),
    (None, "Liisa", "Nurmsalu", "EE", ["g4"], "Sales representative"),
    (None, "Karl", "Teder", "EE", ["g4"], "Sales engineer"),
    (None, "Maris", "Soosaar", "EE", ["g4", "g5"], "Team lead"),
    (None, "Deniz", "Aksoy", "TR", ["g5"], "Area sales manager"),
    (None, "Ebru", "Tekin", "TR", ["g5"], "Sales representative"),
]  # fmt: skip

# The sign-ins that the demo names read English, whoever tries it.
SLOVAK_READERS = {"natalia.hlinkova", "adam.belica"}


def make_people(rng: Random, now: datetime) -> tuple[list[Row], list[Row]]:
    """All users and, with their user's key in `user`, the fifteen salespeople.

    A user is `{"key", "email", "name", "password", "roles", "groups", "manages", "language", "time_zone"}`.
    """
    users = [
        _user(key, local, name, roles, manages=manages, language=language, zone=clock.HOUSE_ZONE)
        for key, local, name, roles, manages, language in OFFICE
    ]
    salespeople = []
    for number, (local, first, surname, country, groups, position) in enumerate(SALESPEOPLE, start=1):
        local = local or f"{names.ascii_name(first)}.{names.ascii_name(surname)}"
        user = _user(
            f"u{number + len(OFFICE)}", local, f"{first} {surname}", ["salesperson"], groups=groups,
            language="sk" if local in SLOVAK_READERS else "en", zone=code_lists.GROUP_ZONE[groups[0]],
        )  # fmt: skip
        users.append(user)
        area = {"SK": "55", "EE": "6", "TR": "212", "DE": "711"}[country]
        row = {
            "key": f"s{number}",
            "name": user["name"],
            "first_name": first,
            "surname": surname,
            "email": user["email"],
            "mobile": identifiers.mobile(rng, country),
            "phone": identifiers.landline(rng, country, area),
            "position": position,
            "groups": groups,
            "default_group": groups[0],
            "user": user["key"],
        }
        salespeople.append(clock.stamp(row, now - timedelta(days=729), "u1"))
    return users, salespeople


def members(salespeople: list[Row]) -> dict[str, list[Row]]:
    """The salespeople of every group, by the group's key."""
    return {
        group: [person for person in salespeople if group in person["groups"]] for group, *_ in code_lists.SALES_GROUPS
    }


def _user(key: str, local: str, name: str, roles: list[str], *, groups: list[str] | None = None,
          manages: list[str] | None = None, language: str, zone: str) -> Row:  # fmt: skip
    return {
        "key": key,
        "email": f"{local}@demo.test",
        "name": name,
        "password": PASSWORD,
        "roles": roles,
        "groups": groups or [],
        "manages": manages or [],
        "language": language,
        "time_zone": zone,
    }
