"""Putting the house's templates (templates/documents/) into the library `templates` of a home."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..lists import filters, items, query
from ..lists.catalogue import definition
from ..lists.rights import PROGRAM
from . import documents
from .blobs import Blob, BlobStore

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "documents"
# Kind of template → its names by language; the English name is also the document type's.
NAMES = {
    "offer": {"en": "Offer", "sk": "Ponuka"},
    "contract": {"en": "Contract", "sk": "Zmluva"},
    "minutes": {"en": "Minutes", "sk": "Zápis"},
}


def store(blobs: BlobStore) -> dict[str, Blob]:
    """Store the house's templates, before any transaction; blobs by file name (`offer.sk.docx`)."""
    stored = {}
    for path in sorted(FOLDER.glob("*.docx")):
        with path.open("rb") as file:
            stored[path.name] = blobs.put(file)
    return stored


def install(session: Session, stored: dict[str, Blob]) -> None:
    """Make a template of each stored file that was never there; point document types of their names to them.

    A template that people changed or deleted stays so, and so does a document type that has a template.
    """
    for kind, names in NAMES.items():
        main = _install_one(session, stored, kind, "en", None)
        for language in names:
            if language != "en":
                _install_one(session, stored, kind, language, main)
    point(session)


def point(session: Session) -> None:
    """Point the document types called Offer, Contract and Minutes that have no template to the house's."""
    for kind, names in NAMES.items():
        main = query.find(session, PROGRAM, "templates", filters.field("external_id", "eq", f"house/{kind}/en"))
        untold = filters.And([filters.field("name", "eq", names["en"]), filters.field("template", "empty", True)])
        found = query.find(session, PROGRAM, "document_types", untold)
        if main is not None and found is not None:
            items.update(session, PROGRAM, "document_types", found.id, {"template": main.id}, version=None)


def _install_one(
    session: Session, stored: dict[str, Blob], kind: str, language: str, variant_of: int | None
) -> int | None:
    """The id of the house's template `kind` in `language`, made if it never was; None where it was deleted."""
    key = f"house/{kind}/{language}"
    table = definition(session, "templates").table
    there = session.execute(select(table.c.id, table.c.deleted).where(table.c.external_id == key)).first()
    if there is not None:
        return there.id if there.deleted is None else None
    source = f"{kind}.docx" if language == "en" else f"{kind}.{language}.docx"
    name = NAMES[kind][language]
    values = {"name": name, "language": language, "variant_of": variant_of, "external_id": key}
    return documents.add_file(
        session, PROGRAM, "templates", stored[source], f"{name}.docx", values, text=None, if_exists="keep_both"
    ).id
