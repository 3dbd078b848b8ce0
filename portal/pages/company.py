"""The page of a company: what it is, what has happened with it, what is open."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ...lists import filters, query, totals
from ...lists.database import database_of
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor
from .. import timeline
from ..request import actor, session
from . import item_view, items, record

blueprint = Blueprint("company", __name__)
MOST = 100  # of contacts, documents and subsidiaries; beyond that the list page


@blueprint.get("/lists/relations/<int:item_id>")
def show(item_id: int) -> ResponseReturnValue:
    """The company's page, or only its timeline where that is asked for."""
    if items.is_panel():
        return items.show("relations", item_id)
    kind, before = record.chosen_kind(), request.args.get("before")
    company = query.get(session(), actor(), "relations", item_id, resolved=False)
    found = timeline.of_company(
        session(), actor(), item_id, now=now(), kind=kind, before=before, limit=record.SHOWN, ahead=not before
    )
    beside = {} if _only_timeline() else _beside(session(), actor(), item_id)
    related = [item for page in beside.values() for item in page]
    query.resolve(session(), actor(), [company, *found.items, *related])
    shown = record.shown_timeline(found, actor(), now(), base=url_for("company.show", item_id=item_id), kind=kind)
    if _only_timeline():
        return render_template("company/_timeline.html", timeline=shown)
    return render_template("company/page.html", **_page(company, found, shown, beside))


def _only_timeline() -> bool:
    return request.headers.get("HX-Target", "") in ("timeline-part", "older")


def _beside(session: Session, actor: Actor, company: int) -> dict[str, list[Item]]:
    """What stands beside the timeline; lookups still as ids."""

    def some(list_name: str, where: Any, columns: list[str], order: tuple[str, bool], limit: int = MOST) -> list[Item]:
        return query.page(
            session, actor, list_name, where=where, columns=columns, order=[order], limit=limit, resolved=False
        ).items

    of_company = filters.where(company=company)
    return {
        "cases": some("cases", filters.where(company=company, status="new"), CASE_COLUMNS, ("modified", True), 8),
        "contacts": some("contacts", of_company, ["function", "mobile", "phone", "email"], ("name", False)),
        "documents": some("documents", of_company, ["file_version", "modified"], ("modified", True)),
        "subsidiaries": some("relations", filters.where(parent=company), ["status"], ("name", False)),
    }


CASE_COLUMNS = ["stage", "value", "currency", "expected_close", "salesperson"]


def _page(
    company: Item, found: timeline.Timeline, shown: dict[str, Any], beside: dict[str, list[Item]]
) -> dict[str, Any]:
    who, at, house = actor(), now(), database_of(session()).house.currency
    open_cases = totals.summarise(
        session(), who, "cases", where=filters.where(company=company.id, status="new"), totals={"value": "sum"}
    )
    return {
        "company": company,
        "actor": who,
        "may_copy": item_view.may_copy(company, who),
        "may_delete": item_view.may_delete(session(), company, who),
        "timeline": shown,
        "comments": record.comment_box(company, who),
        **beside,
        "most": MOST,
        "next_step": record.shown_next(found.next, who, at),
        "last_contact": record.shown_contact(found.last_contact, who, at),
        "facts": record.facts(company, who, house, without=("phone", "email", "status")),
        "open_count": record.counted(open_cases),
        "open_value": record.amounts(open_cases, "value", house),
        "amount": lambda case: record.amount(case["value"], case["currency"], house),
        "today": record.local_day(at, who),
        "may_act": may_act(who),
        "log": request.args.get("log"),
        "href": record.href,
        "format": lambda item, name: item.definition.column(name).type.format(item[name], who.reader),
    }


def may_act(actor: Actor) -> bool:
    """Whether activities of this user have a group to belong to."""
    return actor.is_administrator or (actor.may_write and bool(actor.groups or actor.managed_groups))
