"""The page of a case: how it stands, what is next, what has happened."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.database import database_of
from ...lists.filters import Compare, Filter
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor
from .. import timeline
from ..request import actor, session
from . import item_view, items, record

blueprint = Blueprint("case", __name__)
MOST = 100


@blueprint.get("/lists/cases/<int:item_id>")
def show(item_id: int) -> ResponseReturnValue:
    """The case's page, or only its timeline where that is asked for."""
    if items.is_panel():
        return items.show("cases", item_id)
    kind, before = record.chosen_kind(), request.args.get("before")
    case = query.get(session(), actor(), "cases", item_id, resolved=False)
    found = timeline.of_case(
        session(), actor(), item_id, now=now(), kind=kind, before=before, limit=record.SHOWN, ahead=not before
    )
    partial = request.headers.get("HX-Target", "") in ("timeline-part", "older")
    beside = {} if partial else _beside(session(), actor(), case)
    query.resolve(session(), actor(), [case, *found.items, *(item for items in beside.values() for item in items)])
    shown = record.shown_timeline(
        found, actor(), now(), base=url_for("case.show", item_id=item_id), kind=kind, case=item_id
    )
    if partial:
        return render_template("company/_timeline.html", timeline=shown)
    return render_template("case/page.html", **_page(case, found, shown, beside))


def _beside(session: Session, actor: Actor, case: Item) -> dict[str, list[Item]]:
    """What stands beside the timeline; lookups still as ids."""

    def some(list_name: str, where: Filter, columns: list[str], order: tuple[str, bool]) -> list[Item]:
        page = query.page(
            session, actor, list_name, where=where, columns=columns, order=[order], limit=MOST, resolved=False
        )
        return page.items

    contacts, supported = case["contacts"] or [], case["support_of"]
    documents = Compare(("case",), "in", [number for number in (case.id, supported) if number])
    mails = filters.where(case=case.id)
    return {
        "contacts": some("contacts", Compare(("id",), "in", contacts), CONTACT, ("name", False)) if contacts else [],
        "documents": some("documents", documents, ["case", "file_version", "modified"], ("modified", True)),
        "mails": some("mails", mails, ["sender", "sent"], ("sent", True)),
        "supported_by": some("cases", filters.where(support_of=case.id), ["status"], ("created", True)),
    }


CONTACT = ["function", "mobile", "phone", "email"]
IN_HEAD = (
    "status",
    "outcome",
    "company",
    "value",
    "currency",
    "stage",
    "expected_close",
    "salesperson",
    "contacts",
    "support_of",
)


def _page(case: Item, found: timeline.Timeline, shown: dict[str, Any], beside: dict[str, list[Item]]) -> dict[str, Any]:
    who, at, house = actor(), now(), database_of(session()).house.currency
    today = record.local_day(at, who)
    late = bool(case["expected_close"] and case["expected_close"] < today and case["status"] == "new")
    return {
        "case": case,
        "actor": who,
        "may_copy": item_view.may_copy(case, who),
        "may_delete": item_view.may_delete(session(), case, who),
        "timeline": shown,
        "comments": record.comment_box(case, who),
        **beside,
        "most": MOST,
        "late": late,
        "next_step": record.shown_next(found.next, who, at),
        "last_contact": record.shown_contact(found.last_contact, who, at),
        "facts": record.facts(case, who, house, without=IN_HEAD),
        "value": record.amount(case["value"], case["currency"], house),
        "format": lambda item, name: item.definition.column(name).type.format(item[name], who.reader),
        "log": request.args.get("log"),
        "href": record.href,
    }
