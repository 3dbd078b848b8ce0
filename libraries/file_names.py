"""What documents' files are called, and which names stand in the same place already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..lists import filters, query
from ..lists.catalogue import ListDefinition
from ..lists.database import one_at_a_time
from ..lists.errors import Invalid
from ..lists.query import Item
from ..lists.rights import Actor
from ..lists.sqltypes import fold
from .uploads import split_name, tidy_name


def renamed(current: str, given: str | None) -> str:
    """A new version keeps the document's file name; only a suffix of another kind changes it."""
    suffix = split_name(tidy_name(given))[1] if given else ""
    stem, before = split_name(current)
    return current if not suffix or suffix.lower() == before.lower() else stem + suffix


def wait_for_name(session: Session, found: ListDefinition, values: Mapping[str, Any], file_name: str) -> None:
    """Give names alike in the same place one after the other, until our transaction ends."""
    one_at_a_time(session, "file name", found.id, _place(found, values), fold(split_name(file_name)[0]))


def of_that_name(
    session: Session, actor: Actor, found: ListDefinition, values: Mapping[str, Any], file_name: str
) -> Item | None:
    """The document of that file name in the same place, as far as the actor sees it."""
    named = filters.Compare(("file_name",), "eq", file_name)
    return query.find(session, actor, found.name, filters.And([*_place(found, values), named]))


def free_name(session: Session, actor: Actor, found: ListDefinition, values: Mapping[str, Any], file_name: str) -> str:
    """`Offer (2).docx`, or the next number that is free there."""
    stem, suffix = split_name(file_name)
    alike = filters.And([*_place(found, values), filters.Compare(("file_name",), "startswith", f"{stem} (")])
    there = query.page(session, actor, found.name, where=alike, columns=["file_name"], limit=query.MOST_PER_PAGE).items
    taken, number = {item["file_name"] for item in there}, 2
    while f"{stem} ({number}){suffix}" in taken:
        number += 1
    return f"{stem} ({number}){suffix}"


def _place(found: ListDefinition, values: Mapping[str, Any]) -> list[filters.Filter]:
    """Where names must differ: the same case; without one the same company's documents without a case."""
    place: list[filters.Filter] = []
    for name in ("case", "company"):
        if not found.has(name):
            continue
        try:
            target = found.column(name).type.parse(values.get(name))
        except Invalid:
            target = None  # the door refuses it in a moment, in its own words
        place.append(filters.Compare((name,), "eq", target))
        if target is not None and name == "case":
            break
    return place
