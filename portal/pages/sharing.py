"""The page on which an item is shown to colleagues, and they are let read it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import query
from ...lists.database import savepoint
from ...lists.errors import Conflict, Invalid
from ...lists.rights import Actor, Level, load_actors
from ...lists.sharing import may_let
from ..errors import said, status_of
from ..notices import sharing
from ..notices.sharing import Shown
from ..request import actor, home, session
from .suggest import options, suggest

blueprint = Blueprint("sharing", __name__, url_prefix="/lists/<list_name>/<int:item_id>/share")
MOST_FOUND = 50


@blueprint.get("")
def ask(list_name: str, item_id: int) -> ResponseReturnValue:
    """Whom to show it, with which words."""
    return _form(list_name, item_id, _numbers(request.args.getlist("people")), {})


@blueprint.post("")
def share(list_name: str, item_id: int) -> ResponseReturnValue:
    """Show it to them. Those who may not read it are named to who may let them, and are offered once more."""
    form, people = request.form, _numbers(request.form.getlist("people"))
    if form.get("_find"):
        return _form(list_name, item_id, people, {})
    once = form.get("once", "")
    try:
        with savepoint(session()):
            shown = sharing.show(
                session(), actor(), list_name, item_id, people=people, message=form.get("message", ""),
                let=bool(form.get("let")), once=once if re.fullmatch("[0-9a-f]{32}", once) else uuid.uuid4().hex,
            )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        errors = {one.field: said(one) for one in refusal.by_field}
        return _form(list_name, item_id, people, errors), status_of(refusal)
    _tell(shown)
    if shown.others and not form.get("let"):
        again = [one.user_id for one in shown.others]
        return redirect(url_for("sharing.ask", list_name=list_name, item_id=item_id, people=again), 303)
    return redirect(url_for("items.show", list_name=list_name, item_id=item_id), 303)


def _tell(shown: Shown) -> None:
    """What became of it. Who may not know who reads the item hears the same whoever does."""
    if shown.told is None:
        flash(_("Those of them who may read it are told."), "ok")
    elif shown.told:
        flash(_("Told: %(people)s", people=_names(shown.told)), "ok")
    if shown.others:
        flash(_("Not told, since they may not read it: %(people)s", people=_names(shown.others)), "warn")


def _names(people: Sequence[Actor]) -> str:
    return ", ".join(one.name for one in people)


def _form(list_name: str, item_id: int, people: Sequence[int], errors: dict[str, str]) -> str:
    item = query.get(session(), actor(), list_name, item_id, right=Level.READ)
    typed: Any = request.form
    chosen = load_actors(session(), sorted(set(people))[: sharing.MOST + 1])
    found = options(session(), actor(), "users")
    looked_for = typed.get("people__q", "")
    if found is None:
        found = suggest(session(), actor(), "users", looked_for, limit=MOST_FOUND)
    labels = {"people": _("Colleagues"), "message": _("Message"), "": ""}
    return render_template(
        "lists/share.html",
        item=item,
        definition=item.definition,
        actor=actor(),
        people=[{"id": one.user_id, "title": one.name} for one in chosen.values()],
        options=[one for one in found if one["id"] != actor().user_id],
        looked_for=looked_for,
        message=typed.get("message", ""),
        may_let=may_let(item),
        let=bool(typed.get("let")),
        once=uuid.uuid4().hex,
        errors=errors,
        summary=[
            {"name": name if name in labels else "", "label": labels.get(name, ""), "message": words}
            for name, words in errors.items()
        ],
        longest=sharing.LONGEST,
        can_mail=home().settings.can_send_mail,
    )


def _numbers(texts: Sequence[str]) -> list[int]:
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < 10]
