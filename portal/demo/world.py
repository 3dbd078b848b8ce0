"""The demo's whole world: every list's rows, made from a seed and a day, the same for the same two."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from . import activities, cases, clock, code_lists, companies, documents, events, mails, people

Row = dict[str, Any]

# Fields that every row has besides its columns: its local key, and what the program sets.
COMMON_FIELDS = ("key", "created", "created_by", "modified", "modified_by")
_RIGHTS = ("owner", "sales_group", "salesperson", "shared_with")

# The columns of each list, in an order in which rows may be written: a list refers only to earlier ones and
# to itself. `content` and `message` hold the bytes of the file and of the .eml, no column of the list.
FIELDS: dict[str, tuple[str, ...]] = {
    "owners": ("name", "registration_no", "vat_no", "bank_account", "address", "phone", "email", "web"),
    "sales_groups": ("name", "owner"),
    "salespeople": ("name", "first_name", "surname", "email", "mobile", "phone", "position", "groups",
                    "default_group", "user"),
    "business_areas": ("name", "parent", "name_sk", "position"),
    "main_activities": ("name", "name_sk", "position"),
    "relation_types": ("name", "name_sk", "position"),
    "case_types": ("name", "name_sk", "position"),
    "document_types": ("name", "name_sk", "position"),
    "closing_reasons": ("name", "name_sk", "position"),
    "stages": ("name", "probability", "name_sk", "position"),
    "products": ("name", "series", "price", "currency"),
    "relations": ("name", "relation_type", "business_area", "main_activity", "registration_no", "vat_no",
                  "status", "address", "phone", "fax", "email", "web", "priority", "tags", "parent",
                  "sales_group", "salesperson", "shared_with"),
    "contacts": ("company", "first_name", "surname", "function", "address", "phone", "mobile", "fax",
                 "email", "web"),
    "cases": ("name", "company", "contacts", "product", "case_type", "status", "outcome", "closing_note",
              "closing_reason", "description", "value", "currency", "expected_close", "stage", "closed",
              "support_of", *_RIGHTS),
    "activities": ("company", "case", "contact", "activity_type", "description", "due", "done", "minutes",
                   *_RIGHTS[:3]),
    "events": ("name", "company", "case", "activity", "description", "start", "end", "time_zone", "all_day",
               "place", "participants", "recurrence", "private", "name_typed", *_RIGHTS[:3]),
    "documents": ("name", "company", "case", "activity", "contact", "document_type", "description", *_RIGHTS,
                  "file_name", "content"),
    "mails": ("subject", "sender", "recipients", "sent", "message_id", "text", "company", "case", "activity",
              "privacy", *_RIGHTS,
              "message"),
}  # fmt: skip

# Which list a column's local keys belong to; `users` are `World.users`. Other columns refer to nothing.
_TARGETS = {
    "owner": "owners", "sales_group": "sales_groups", "salesperson": "salespeople",
    "shared_with": "sales_groups", "groups": "sales_groups", "default_group": "sales_groups", "user": "users",
    "created_by": "users", "modified_by": "users", "relation_type": "relation_types",
    "business_area": "business_areas", "main_activity": "main_activities", "company": "relations",
    "contact": "contacts", "contacts": "contacts",
    "product": "products", "case_type": "case_types", "closing_reason": "closing_reasons", "stage": "stages",
    "support_of": "cases", "case": "cases", "activity": "activities", "document_type": "document_types",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Everything the demo shows.

    `lists` holds the rows by list name in writing order; a row's keys are COMMON_FIELDS and FIELDS. Instants
    are aware and in UTC, `due` and `expected_close` are dates, amounts are Decimal. A reference is the local
    key of the row it means ("r17"), a multi-value one a list of them; an event's participant is
    `{"user": key}` or `{"contact": key}` with its `answer`. `users` are described at `people.make_people`.
    """

    seed: int
    today: date
    now: datetime
    users: list[Row]
    lists: dict[str, list[Row]]

    def rows(self, name: str) -> dict[str, Row]:
        """The rows of one list, or the `users`, by local key."""
        return {row["key"]: row for row in (self.users if name == "users" else self.lists[name])}


def make_world(seed: int, today: date) -> World:
    """Make the world as it is at eight in the morning of `today`; no clock, no files, no global chance."""
    now = clock.now_of(today)

    def chance(part: str) -> Random:
        return Random(f"caseroom demo {seed} {part}")

    lists = code_lists.make_code_lists(chance("code lists"))
    code_lists.stamp_code_lists(lists, now)
    users, lists["salespeople"] = people.make_people(chance("people"), now)
    lists["relations"] = companies.make_companies(chance("companies"), now, lists["salespeople"])
    lists["contacts"] = companies.make_contacts(chance("contacts"), lists["relations"])
    known = (lists["relations"], lists["contacts"])
    lists["cases"] = cases.make_cases(chance("cases"), now, *known, lists["products"], lists["salespeople"])
    lists["activities"] = activities.make_activities(
        chance("activities"), now, lists["cases"], *known, lists["salespeople"]
    )
    lists["events"] = events.make_events(
        chance("events"), now, lists["activities"], lists["cases"], lists["relations"], lists["salespeople"]
    )
    lists["documents"] = documents.make_documents(chance("documents"), now, lists)
    lists["mails"] = mails.make_mails(chance("mails"), now, lists)
    return World(seed, today, now, users, {name: _columns_only(lists[name], FIELDS[name]) for name in FIELDS})


def references(name: str, row: Row) -> Iterator[tuple[str, str, str]]:
    """Every reference of a row of list `name`: the column, the list it points into (or "users"), the key."""
    for column, value in row.items():
        target = name if column == "parent" else _TARGETS.get(column)
        if column == "participants":
            for participant in value:
                kind = "user" if "user" in participant else "contact"
                yield column, _TARGETS[kind], participant[kind]
        elif target and value is not None:
            for key in value if isinstance(value, list) else [value]:
                yield column, target, key


def _columns_only(rows: list[Row], fields: tuple[str, ...]) -> list[Row]:
    """The rows without what the generators only told each other."""
    return [{field: row[field] for field in (*COMMON_FIELDS, *fields)} for row in rows]
