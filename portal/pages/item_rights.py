"""Who may see an item, and why somebody may not: a page for administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import explaining, query, schema
from ...lists.crm import users
from ...lists.rights import Level
from ..request import actor, session
from .admin import role_name

blueprint = Blueprint("item_rights", __name__)


@blueprint.get("/lists/<list_name>/<int:item_id>/rights")
def show(list_name: str, item_id: int) -> ResponseReturnValue:
    """Everybody to whom the item gives anything; with `who`, a part of a name or address, what that person may."""
    me = actor()
    schema.administrators_only(me)
    item = query.get(session(), me, list_name, item_id)
    asked = request.args.get("who", "").strip()
    chosen = request.args.get("person", type=int)
    if chosen:
        found = [users.find_user(session(), me, chosen)]
    else:
        found = users.matching(session(), me, asked) if asked else []
    answer = explaining.answer(session(), me, list_name, item_id, found[0].id) if len(found) == 1 else None
    return render_template(
        "lists/rights.html",
        item=item,
        definition=item.definition,
        actor=me,
        asked=asked or (found[0].name if chosen else ""),
        people=found if len(found) > 1 else [],
        nobody=bool(asked and not found),
        answer=answer,
        verdict=_verdict(answer) if answer else None,
        reasons=_reasons(answer) if answer else [],
        grants=explaining.grants(session(), me, list_name, item_id),
        level_words=level_words(),
        through=_through,
    )


def level_words() -> dict[Level, str]:
    """What somebody of a level may, in words."""
    return {
        Level.EDIT: _("reads and changes it"),
        Level.READ: _("reads it"),
        Level.HEADLINE: _("sees its headline"),
        Level.EXISTS: _("sees that there is something"),
        Level.NONE: _("sees nothing of it"),
    }


def _through(grant: explaining.Grant) -> str:
    """To whom an item gives something, in words."""
    match grant.kind:
        case "all":
            return _("Everybody with a role")
        case "group":
            return _("Members of the group %(group)s", group=grant.title)
        case "owner":
            return _("Members of the groups of %(owner)s", owner=grant.title)
        case "manager":
            return _("Managers of %(owner)s", owner=grant.title)
        case "role":
            return _("Role: %(role)s", role=role_name(grant.title))
    return grant.title


def _verdict(answer: explaining.Answer) -> dict[str, Any]:
    words = f"{answer.name}: {level_words()[answer.level]}"
    if answer.level >= Level.EDIT:
        words += ", " + (_("and may delete it") if answer.may_delete else _("but may not delete it"))
    return {"text": words, "kind": "ok" if answer.level >= Level.READ else "warn"}


def _reasons(answer: explaining.Answer) -> list[str]:
    """Through what, and what holds it down."""
    given = [f"{_through(grant)}: {level_words()[grant.level]}" for grant in answer.grants]
    if answer.administrator:
        given.insert(0, _("Administrators may everything in every list."))
    held = {
        "inactive": _("The account is not active, so that it may nothing."),
        "no role": _("The account has no role, so that only what names the person counts."),
        "reader": _("Readers change nothing."),
        "archived": _("The list is archived: nobody changes anything in it."),
        "private": _("The item is private: what it shows to others is held down by its own privacy."),
    }
    if not given and "inactive" not in answer.limits:
        given = [_("The item gives nothing to any group, owner or role that this person has.")]
    return given + [held[limit] for limit in answer.limits]
