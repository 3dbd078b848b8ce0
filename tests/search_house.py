"""What the tests of search have in common: indexing all at once, asking as somebody, a case with a rare word."""

from __future__ import annotations

import io
from typing import Any

import docx
from house import House

from caseroom.libraries import documents
from caseroom.lists import items, query
from caseroom.lists.filters import field
from caseroom.lists.query import Item
from caseroom.portal.search.indexing import catch_up
from caseroom.portal.search.searching import Hit, search
from caseroom.portal.search.suggesting import suggest

PEOPLE = ("admin", "manager", "north", "west", "both", "south", "reader", "templates")


def index(house: House) -> None:
    """All that a running worker does, at once."""
    while catch_up(house.home):
        pass


def found(house: House, who: str, text: str, *lists: str, limit: int = 50) -> list[Hit]:
    with house.read(who) as (session, actor):
        return search(house.home, session, actor, text, lists=lists or None, limit=limit)


def keys(house: House, who: str, text: str, *lists: str) -> set[tuple[str, int]]:
    return {(hit.list, hit.id) for hit in found(house, who, text, *lists)}


def suggested(house: House, who: str, text: str) -> list[tuple[str, str]]:
    with house.read(who) as (session, actor):
        return [(one.list, one.title) for one in suggest(session, actor, text)]


def leave_north(house: House, who: str = "both") -> None:
    with house.write("admin") as (session, actor):
        person = query.find(session, actor, "salespeople", field("user", "eq", house.people[who]))
        assert person
        items.update(session, actor, "salespeople", person.id, {"groups": [house.groups["West"]]}, version=None)


def add_document(house: House, text: str, *, read: bool, by: str = "north", **values: Any) -> Item:
    """A Word document that says `text`; `read=False` leaves it to the worker to find that out."""
    file = io.BytesIO()
    word = docx.Document()
    word.add_paragraph(text)
    word.save(file)
    file.seek(0)
    blob = house.home.blobs.put(file)
    with house.write(by) as (session, actor):
        return documents.add_file(session, actor, "documents", blob, "Paper.docx", values, text=text if read else None)


def case_of_north(house: House) -> dict[str, int]:
    """A case of North's with the word quagga in its texts, its document and its mail."""
    company = house.make_relation(name="Tatra Steel")
    case = house.make_case(name="Quagga delivery", description="A quagga in the text", company=company.id)
    task = house.make("activities", {"case": case.id, "activity_type": "task", "description": "feed the quagga"})
    document = house.make(
        "documents", {"case": case.id}, program={"content_text": "Terms. The quagga is sold as seen."}
    )
    mail = house.make("mails", {"case": case.id}, program={"subject": "Offer", "text": "About your quagga"})
    return {
        "relations": company.id,
        "cases": case.id,
        "activities": task.id,
        "documents": document.id,
        "mails": mail.id,
    }
