"""“New from template”: a case and a document type become a filled Word document of the case.

Three steps, so that no transaction waits for a merge: `order` reads what the document says, under the actor's
rights; `fill` merges it in a limited child process and stores the file; `add` makes the document of it.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy.orm import Session

from ..lists import filters, query
from ..lists.catalogue import ListDefinition, definition
from ..lists.columns import Reader, Reference
from ..lists.database import database_of
from ..lists.errors import Invalid, NotFound
from ..lists.models import now
from ..lists.query import Item
from ..lists.reading import SYSTEM_TYPES
from ..lists.rights import Actor, Level
from . import documents, merge
from .blobs import BlobStore
from .uploads import Prepared, prepare_upload

# What placeholders may begin with, and the list that each is an item of.
SUBJECTS = {
    "case": "cases", "company": "relations", "contact": "contacts", "owner": "owners", "salesperson": "salespeople",
}  # fmt: skip


@dataclass(frozen=True)
class Order:
    """A document to be made: its template's blob, what fills it, its columns and its file's name."""

    template: str
    context: Mapping[str, Any]
    values: Mapping[str, Any]
    file_name: str


def order(session: Session, actor: Actor, case_id: int, document_type: int | None, contact: int | None = None) -> Order:
    """Read what the document will say. Raises NotFound (no such case), Invalid (type, template, contact)."""
    case = query.get(session, actor, "cases", case_id, right=Level.READ)
    kind = _chosen(session, actor, "document_types", document_type, "document_type")
    template = _template_of(session, actor, kind)
    language = template["language"] or actor.language
    person = _contact_of(session, actor, case, contact)
    subjects = {
        "case": case,
        "company": _target(session, actor, case["company"]),
        "contact": person,
        "owner": _target(session, actor, case["owner"]),
        "salesperson": _target(session, actor, case["salesperson"]) or _myself(session, actor),
    }
    today = now().astimezone(ZoneInfo(actor.time_zone)).date()
    name = f"{kind.title} – {case.title} – {today.isoformat()}"[:180]
    return Order(
        template["sha256"],
        context_of(session, subjects, Reader(language, actor.time_zone), today),
        {
            "name": name, "case": case.id, "document_type": kind.id,
            "company": case["company"].id if case["company"] else None, "contact": person.id if person else None,
        },
        f"{name}.docx",
    )  # fmt: skip


def fill(blobs: BlobStore, wanted: Order, settings: Mapping[str, Any]) -> Prepared:
    """Merge the template in a limited child process and store the document; `settings`: the target library's.

    Raises Invalid("template", …) that names each placeholder which is unknown or not understood.
    """
    template = b"".join(blobs.open(wanted.template))
    filled = merge.render(template, dict(wanted.context))
    return prepare_upload(blobs, io.BytesIO(filled), wanted.file_name, settings)


def add(session: Session, actor: Actor, library: str, wanted: Order, filled: Prepared) -> Item:
    """Make the filled file a document of the case. Raises Invalid, Forbidden, NotFound."""
    return documents.add_file(
        session, actor, library, filled.blob, filled.file_name, wanted.values, text=filled.text, if_exists="keep_both"
    )


def context_of(
    session: Session, subjects: Mapping[str, Item | None], reader: Reader, today: datetime.date
) -> dict[str, Any]:
    """What placeholders may name: every column of each subject as people read it, in the document's language.

    A subject that is missing or not to be seen has all its columns, empty. `{{ today }}` is the date in words.
    """
    context: dict[str, Any] = {"today": format_date(today, format="long", locale=reader.language)}
    for name, list_name in SUBJECTS.items():
        context[name] = _columns(definition(session, list_name), subjects.get(name), reader)
    if not context["case"]["currency"]:
        context["case"]["currency"] = database_of(session).house.currency
    return context


def _columns(found: ListDefinition, item: Item | None, reader: Reader) -> dict[str, str]:
    kinds = {column.name: column.type for column in found.visible_columns}
    kinds |= {name: SYSTEM_TYPES[name] for name in ("created", "modified")}
    shown = {name: kind.format(item[name], reader) if item is not None else "" for name, kind in kinds.items()}
    if item is not None:
        shown["name"] = item.title
    return shown


def _chosen(session: Session, actor: Actor, list_name: str, item_id: int | None, field: str) -> Item:
    try:
        return query.get(session, actor, list_name, item_id or 0, right=Level.READ)
    except NotFound:
        raise Invalid(field, "There is no such item to choose.") from None


def _template_of(session: Session, actor: Actor, kind: Item) -> Item:
    """The document type's template, in the reader's language if there is such a variant."""
    if kind["template"] is None:
        raise Invalid("document_type", "The document type “%(name)s” has no template.", name=kind.title)
    template = _chosen(session, actor, "templates", kind["template"].id, "document_type")
    variant = query.find(
        session, actor, "templates",
        filters.And([
            filters.Compare(("variant_of",), "eq", template.id), filters.Compare(("language",), "eq", actor.language),
        ]),
    )  # fmt: skip
    if variant is not None and template["language"] != actor.language:
        template = _chosen(session, actor, "templates", variant.id, "document_type")
    return template


def _contact_of(session: Session, actor: Actor, case: Item, contact: int | None) -> Item | None:
    if contact:
        person = _chosen(session, actor, "contacts", contact, "contact")
        if case["company"] and person["company"] and person["company"] != case["company"]:
            raise Invalid("contact", "The contact belongs to another company.")
        return person
    return _target(session, actor, next(iter(case["contacts"]), None))


def _target(session: Session, actor: Actor, reference: Reference | None) -> Item | None:
    """The item that a lookup shows, as far as the actor may read it."""
    if reference is None:
        return None
    try:
        return query.get(session, actor, reference.list, reference.id)
    except NotFound:
        return None


def _myself(session: Session, actor: Actor) -> Item | None:
    return _target(session, actor, Reference(actor.salesperson_id, "", "salespeople")) if actor.salesperson_id else None
