"""Cases: what the program sets on them, and the one-click actions (SPEC 3).

E-mail is sent from outlook_addin.sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import checks, filters, items, query
from ..catalogue import catalogue, definition
from ..database import savepoint
from ..errors import Conflict, Invalid
from ..hooks import Change, after_write, before_write
from ..models import now
from ..query import Item
from ..rights import PROGRAM, Actor, Level
from .ownership import stored

SERVICE_SUPPORT = "service_support"  # external id of the case type that a service case has
FOLLOWERS = ("activities", "events", "documents", "mails")


@before_write("crm.case")
def complete_case(session: Session, change: Change) -> None:
    """A new case is New, in the first stage; its company stays as long as something of the old one hangs on it."""
    new = change.new
    if change.kind == "create":
        new["status"] = new.get("status") or "new"
        if not new.get("stage") and new["status"] == "new":
            new["stage"] = _first_stage(session)
    if change.kind == "update" and change.changed("company") and _of_another(session, new["id"], new.get("company")):
        raise Invalid("company", "Activities, events, documents or mail of this case belong to the company it has now.")


@after_write("crm.case")
def carry_on(session: Session, change: Change) -> None:
    """A new name or a first company of a case shows in what hangs on it."""
    if change.kind != "update" or not change.changed("name", "company"):
        return
    for list_name in FOLLOWERS:
        found = catalogue(session).get(list_name)
        ids = session.scalars(
            select(found.table.c.id).where(found.sql("case") == change.new["id"], found.table.c.deleted.is_(None))
        )
        for item_id in list(ids):
            if change.changed("company"):
                items.update(session, PROGRAM, list_name, item_id, {"company": change.new["company"]}, version=None)
            # Names made by the program follow by the functions of the item's own list.
            items.refresh(session, PROGRAM, list_name, item_id)


def task(
    session: Session, actor: Actor, case_id: int, *, description: str | None = None, due: Any = None
) -> dict[str, Item]:
    """Make a task on a case. Raises NotFound, Forbidden, Invalid."""
    return {"activity": _activity(session, actor, case_id, "task", description=description, due=due)}


def call(
    session: Session,
    actor: Actor,
    case_id: int,
    *,
    description: str | None = None,
    contact: int | None = None,
    minutes: Any = None,
) -> dict[str, Item]:
    """Record a phone call on a case. `contact`: one of the case's company; `minutes`: how long it took."""
    values = {"description": description, "contact": contact, "minutes": minutes}
    return {"activity": _activity(session, actor, case_id, "call", **values)}


def meeting(
    session: Session,
    actor: Actor,
    case_id: int,
    *,
    start: Any,
    end: Any,
    description: str | None = None,
    place: str | None = None,
    name: str | None = None,
    participants: Any = None,
) -> dict[str, Item]:
    """Arrange a meeting: one activity and one calendar event, both or none."""
    values: dict[str, Any] = {
        "case": case_id,
        "start": start,
        "end": end,
        "place": place,
        "description": description,
        "participants": participants,
    }
    if name:
        values["name"] = name
    with savepoint(session):
        activity = _activity(session, actor, case_id, "meeting", description=description)
        event = items.create(session, actor, "events", {**values, "activity": activity.id})
    return {"activity": activity, "event": event}


def close(
    session: Session,
    actor: Actor,
    case_id: int,
    *,
    outcome: str,
    closing_note: str | None = None,
    closing_reason: int | None = None,
    continue_as_support: bool = False,
    support_group: int | None = None,
    support_salesperson: int | None = None,
    version: int | None = None,
) -> dict[str, Item]:
    """Close a case as won or lost; with `continue_as_support` a service case goes on from it, both or none.

    Raises NotFound, Forbidden, Conflict (it is closed already, or somebody else changed it at this moment), Invalid
    (no outcome, a reason, group or salesperson that is not to be chosen).
    """
    case = query.get(session, actor, "cases", case_id, right=Level.READ)
    if case["status"] == "closed":
        raise Conflict("This case is closed already.", current_version=case.version)
    if outcome not in ("won", "lost"):
        raise Invalid("outcome", "Say whether the case was won or lost.")
    program = {
        "status": "closed",
        "outcome": outcome,
        "closing_note": closing_note,
        "closing_reason": _chosen(session, actor, "closing_reason", closing_reason, "closing_reason"),
        "closed": now(),
    }
    # The version that was just seen to be open: of two who close at once the second is told.
    seen = case.version if version is None else version
    with savepoint(session):
        closed = items.update(session, actor, "cases", case_id, {}, version=seen, program=program)
        if not continue_as_support:
            return {"case": closed}
        support = _service_case(session, actor, closed, support_group, support_salesperson)
    return {"case": query.get(session, actor, "cases", case_id), "support_case": support}


def reopen(session: Session, actor: Actor, case_id: int, *, version: int | None = None) -> dict[str, Item]:
    """Make a closed case New again; what it was closed with stays in its history."""
    case = query.get(session, actor, "cases", case_id, right=Level.READ)
    if case["status"] != "closed":
        raise Conflict("This case is open already.", current_version=case.version)
    program = {"status": "new", "outcome": None, "closing_note": None, "closing_reason": None, "closed": None}
    seen = case.version if version is None else version
    return {"case": items.update(session, actor, "cases", case_id, {}, version=seen, program=program)}


def _service_case(session: Session, actor: Actor, closed: Item, group: int | None, salesperson: int | None) -> Item:
    """The service case of a closed one: same company and contacts, its documents by the link `support_of`."""
    group = group or actor.default_group or _id(closed["sales_group"])
    group = _chosen(session, actor, "sales_group", group, "support_group")
    salesperson = _chosen(session, actor, "salesperson", salesperson, "support_salesperson")
    kind = query.find(session, PROGRAM, "case_types", filters.where(external_id=SERVICE_SUPPORT))
    company = _id(closed["company"])
    values: Mapping[str, Any] = {
        "name": closed["name"],
        "company": company,
        "contacts": [contact.id for contact in closed["contacts"] if _is_of(session, contact.id, company)],
        "sales_group": group,
    }
    # Not chosen anew: a product or type that is retired by now stays what it was.
    program = {
        "product": _id(closed["product"]),
        "case_type": kind.id if kind else None,
        "support_of": closed.id,
        "salesperson": salesperson or actor.salesperson_id,
    }
    # The group that goes on may be one that the closer is not in: the close was permitted, this follows from it.
    acting = actor.with_all_rights()
    support = items.create(session, acting, "cases", values, program=program)
    own = _id(closed["sales_group"])
    if group and group != own:
        readers = [_id(shared) for shared in closed["shared_with"]]
        if group not in readers:
            items.update(session, acting, "cases", closed.id, {"shared_with": [*readers, group]}, version=None)
    return support


def _is_of(session: Session, contact_id: int, company: int | None) -> bool:
    """Whether the contact is still of this company: who went elsewhere is no contact of what goes on."""
    contact = stored(session, "contacts", contact_id)
    return contact is not None and contact["company"] in (None, company)


def _activity(session: Session, actor: Actor, case_id: int, kind: str, **values: Any) -> Item:
    query.get(session, actor, "cases", case_id, right=Level.READ)
    return items.create(session, actor, "activities", {"activity_type": kind, "case": case_id, **values})


def _first_stage(session: Session) -> int | None:
    first = query.page(
        session,
        PROGRAM,
        "stages",
        where=filters.Compare(("retired",), "ne", True),
        order=[("position", False)],
        columns=["position"],
        limit=1,
    )
    return first.items[0].id if first.items else None


def _of_another(session: Session, case_id: int, company: int | None) -> bool:
    """Whether something hangs on the case that belongs to another company than this one."""
    another = filters.And([filters.where(case=case_id), filters.Not(filters.Compare(("company",), "empty", True))])
    if company:
        another = filters.And([another, filters.Compare(("company",), "ne", company)])
    return any(query.find(session, PROGRAM, name, another) for name in FOLLOWERS)


def _chosen(session: Session, actor: Actor, column: str, raw: Any, field: str) -> int | None:
    """The id of an item that the actor may choose for this column of a case; Invalid at `field` otherwise."""
    found = definition(session, "cases")
    try:
        number = found.column(column).type.parse(raw)
        checks.lookups(session, actor, found, {column: number})
    except Invalid as refusal:
        raise Invalid(field, refusal.message, **refusal.values) from None
    return number


def _id(reference: Any) -> Any:
    return getattr(reference, "id", reference)
