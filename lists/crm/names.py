"""Names that the program makes: of persons, of activities."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..errors import Invalid
from ..hooks import Change, before_write
from ..models import now
from .ownership import stored


@before_write("crm.person_name")
def name_person(session: Session, change: Change) -> None:
    """A person's name is first name and surname; one of them must be there."""
    if change.kind not in ("create", "update"):
        return
    parts = [change.new.get("first_name"), change.new.get("surname")]
    change.new["name"] = " ".join(part for part in parts if part)
    if not change.new["name"]:
        raise Invalid("surname", "A person needs a first name or a surname.")


@before_write("crm.activity")
def complete_activity(session: Session, change: Change) -> None:
    """An activity is named after its case or company; its type is shown before it in the reader's language.

    Calls and e-mails are records of what has happened: they are done when they are made.
    """
    if change.kind not in ("create", "update"):
        return
    new = change.new
    new["name"] = subject_of(session, new)
    if change.kind == "create" and new.get("activity_type") in ("call", "email") and "done" not in change.given:
        new["done"] = now()


@before_write("crm.mail")
def name_mail(session: Session, change: Change) -> None:
    """A mail is named by its subject."""
    if change.kind in ("create", "update"):
        change.new["name"] = (change.new.get("subject") or "–")[:255]


def subject_of(session: Session, values: dict[str, object]) -> str:
    """What an activity or event is about: its case, else its company, else its contact, else its first words."""
    for name, list_name in (("case", "cases"), ("company", "relations"), ("contact", "contacts")):
        found = stored(session, list_name, values.get(name))  # type: ignore[arg-type]
        if found and found.get("name"):
            return str(found["name"])
    words = str(values.get("description") or "").strip().splitlines()
    return words[0][:80] if words else "–"
