"""The recycle bins over all lists: what somebody deleted, and for administrators the second bin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy.orm import Session

from ...lists import emptying, items
from ...lists.catalogue import catalogue, definition
from ...lists.database import savepoint
from ...lists.errors import Conflict, DomainError, Forbidden, Invalid
from ...lists.models import User
from ...lists.reading import Stage
from ...lists.recycled import lists_with_some, recycled
from ...lists.rights import Actor
from ...lists.titles import titles_by_list
from ..errors import said
from ..request import actor, home, session
from . import cells

blueprint = Blueprint("recycle_bin", __name__, url_prefix="/bin")
PER_PAGE = 50
Entry = tuple[str, int]


@blueprint.get("")
def show() -> ResponseReturnValue:
    """What the reader deleted and can bring back, of all lists, latest first."""
    return _page("recycle_bin.show", Stage.BIN, by=actor().user_id)


@blueprint.get("/second")
def show_second() -> ResponseReturnValue:
    """What was deleted from the recycle bins: an administrator brings it back or ends it for good."""
    _administrators_only(actor())
    return _page("recycle_bin.show_second", Stage.SECOND_BIN)


@blueprint.post("/restore")
def restore() -> ResponseReturnValue:
    """Bring back what was chosen; what cannot come back is named with its reason."""
    second = bool(request.form.get("second"))
    return _each(items.restore, _restored, "recycle_bin.show_second" if second else "recycle_bin.show")


@blueprint.get("/second/purge")
def ask_purge() -> ResponseReturnValue:
    """Ask before anything ends for good."""
    me = actor()
    _administrators_only(me)
    wanted: dict[str, list[int]] = {}
    for list_name, item_id in _entries():
        wanted.setdefault(list_name, []).append(item_id)
    there = titles_by_list(session(), me, wanted, stage=Stage.SECOND_BIN)
    entries = [{"id": f"{name}:{number}", "title": title} for name in there for number, title in there[name].items()]
    if not entries:
        return redirect(url_for("recycle_bin.show_second"), 303)
    return render_template("recycle_bin/purge.html", entries=entries, actor=me)


@blueprint.post("/second/purge")
def purge() -> ResponseReturnValue:
    """End what was chosen for good."""
    _administrators_only(actor())
    return _each(items.purge, _ended, "recycle_bin.show_second")


@blueprint.get("/second/empty/<list_name>")
def ask_empty(list_name: str) -> ResponseReturnValue:
    """Ask before all of a list's second bin ends for good, and say how many items that are."""
    _administrators_only(actor())
    return _question(list_name)


@blueprint.post("/second/empty/<list_name>")
def empty(list_name: str) -> ResponseReturnValue:
    """End it all, in the background where it is much; asked again where the number is another one by now."""
    me, confirmed = actor(), request.form.get("confirm", type=int)
    try:
        job = emptying.empty(session(), me, list_name, confirmed=confirmed)
    except Conflict as refusal:
        return _question(list_name, said(refusal)), 409
    return redirect(url_for("bulk.show", list_name=list_name, job_id=job.id), 303)


def _question(list_name: str, refusal: str | None = None) -> str:
    count = emptying.number(session(), actor(), list_name)
    found = definition(session(), list_name)
    return render_template("recycle_bin/empty.html", definition=found, actor=actor(), count=count, refusal=refusal)


def _page(endpoint: str, stage: Stage, by: int | None = None) -> ResponseReturnValue:
    me = actor()
    try:
        found = recycled(session(), me, stage, by=by, after=request.args.get("after"), limit=PER_PAGE + 1)
    except Invalid:
        return redirect(url_for(endpoint), 302)
    shown = found[:PER_PAGE]
    people = {one.deleted_by for one in shown if one.deleted_by}
    names = {number: user.name for number in people if (user := session().get(User, number))}
    rows = [
        {"id": f"{one.definition.name}:{one.id}", "title": one.title, "list": one.definition.title(me.language),
         "list_name": one.definition.name, "number": one.id, "deleted": cells.at(one.deleted, me),
         "deleted_by": names.get(one.deleted_by or 0, "")}
        for one in shown
    ]  # fmt: skip
    return render_template(
        "recycle_bin/bin.html", rows=rows, actor=me, days=home().settings.recycle_days,
        second=stage is Stage.SECOND_BIN,
        to_empty=lists_with_some(session(), me, stage) if stage is Stage.SECOND_BIN else [],
        next_href=url_for(endpoint, after=shown[-1].place) if len(found) > PER_PAGE else None,
    )  # fmt: skip


def _each(
    change: Callable[[Session, Actor, str, int], Any], told: Callable[[int], str], back: str
) -> ResponseReturnValue:
    """Change each chosen item for itself, and say how many it were and which were refused."""
    done = 0
    for list_name, item_id in _entries():
        try:
            with savepoint(session()):
                change(session(), actor(), list_name, item_id)
        except DomainError as refusal:
            flash(f"#{item_id}: {said(refusal)}", "warn")
        else:
            done += 1
    if done:
        flash(told(done), "ok")
    return redirect(url_for(back), 303)


def _restored(count: int) -> str:
    return ngettext("Restored: %(num)s item", "Restored: %(num)s items", count)


def _ended(count: int) -> str:
    return ngettext("Gone for good: %(num)s item", "Gone for good: %(num)s items", count)


def _entries() -> list[Entry]:
    """What the form or address names: `id` = list:number, at most a page of them."""
    found: list[Entry] = []
    for text in request.values.getlist("id")[:PER_PAGE]:
        name, _colon, number = text.rpartition(":")
        if name in catalogue(session()).by_name and number.isascii() and number.isdecimal() and len(number) < 10:
            found.append((name, int(number)))
    return list(dict.fromkeys(found))


def _administrators_only(me: Actor) -> None:
    if not me.is_administrator:
        raise Forbidden("Only an administrator may open this page.")
