"""Company, case, activity and contacts of one item agree with each other; what one implies is filled in (SPEC 8)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..errors import N_, Invalid
from ..hooks import Change, before_write
from .ownership import stored

_LINKS = ("company", "case", "activity", "contact", "contacts")


@before_write("crm.links")
def agree(session: Session, change: Change) -> None:
    """Fill company and case from what is given; refuse what contradicts."""
    if change.kind not in ("create", "update") or not change.changed(*_LINKS):
        return
    new = change.new
    activity = stored(session, "activities", new.get("activity"))
    if activity:
        _take(new, "case", activity["case"], N_("The activity belongs to another case."))
        _take(new, "company", activity["company"], N_("The activity belongs to another company."))
    case = stored(session, "cases", new.get("case"))
    if case:
        _take(new, "company", case["company"], N_("The case belongs to another company."))
    contacts = [new["contact"]] if new.get("contact") else list(new.get("contacts") or ())
    for contact_id in contacts:
        contact = stored(session, "contacts", contact_id)
        if contact:
            field = "contact" if "contact" in new else "contacts"
            _take(new, "company", contact["company"], N_("The contact belongs to another company."), field=field)


def _take(new: dict[str, object], name: str, implied: int | None, message: str, *, field: str | None = None) -> None:
    if not implied or name not in new:
        return
    if new[name] and new[name] != implied:
        raise Invalid(field or name, message)
    new[name] = implied
