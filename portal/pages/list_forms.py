"""The form of a list, arranged by administrators: which fields, in which order, in which sections."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import list_forms, list_settings
from ...lists.catalogue import ListDefinition, definition
from ...lists.database import savepoint
from ...lists.errors import Invalid
from ..request import actor, session
from . import arranging, column_form, forms
from .arranging import Arranged
from .list_settings import Errors, only_administrators, texts_of

blueprint = Blueprint("list_forms", __name__, url_prefix="/lists/<list_name>/form")
blueprint.before_request(only_administrators)


@blueprint.get("")
def show(list_name: str) -> ResponseReturnValue:
    """The form as it is, ready to be arranged."""
    found = definition(session(), list_name)
    return _page(found, arranging.standing(found))


@blueprint.post("")
def save(list_name: str) -> ResponseReturnValue:
    """Save the form; or (`do`) show what a button makes of it, before it is saved; or have all fields again."""
    found = definition(session(), list_name)
    asked = request.form.get("do", "")
    if asked == "whole":
        list_settings.change(session(), actor(), list_name, {"form": None})
        flash(_("The form has all fields again."), "ok")
        return redirect(url_for("list_settings.show", list_name=list_name), 303)
    arranged = arranging.typed(request.form, found)
    if asked:
        return _page(found, arranging.done(arranged, asked), changed=True)
    try:
        with savepoint(session()):
            list_settings.change(session(), actor(), list_name, {"form": arranging.body(arranged)})
    except Invalid as refusal:
        return _page(found, arranged, texts_of(refusal, "form"), changed=True), 422
    flash(_("The form is saved."), "ok")
    return redirect(url_for("list_settings.show", list_name=list_name), 303)


def _page(
    found: ListDefinition, arranged: list[Arranged], errors: Errors | None = None, *, changed: bool = False
) -> str:
    me = actor()
    as_arranged = list_forms.with_form(found, arranging.body(arranged) or None)
    fields = forms.build(session(), as_arranged, me, forms.empty(as_arranged, me, {}))
    return render_template(
        "list_settings/form.html", definition=found, actor=me, changed=changed,
        errors=[{"message": text} for texts in (errors or {}).values() for text in texts],
        preview=forms.in_sections(as_arranged, fields, me.language), **parts(found, arranged),
    )  # fmt: skip


def parts(found: ListDefinition, arranged: list[Arranged]) -> dict[str, Any]:
    """What templates/list_settings/_arranging.html shows."""
    me, known = actor(), arranging.offered(found)
    placed = {name for one in arranged for name in one.names}
    titles = [
        column_form.language_fields(f"{arranging.SECTION}-{place}-title", _("Title"), one.titles, {}, first=me.language)
        for place, one in enumerate(arranged)
    ]
    called = [
        one.titles.get(me.language) or next(iter(one.titles.values()), "") or _("Section %(number)s", number=place)
        for place, one in enumerate(arranged, 1)
    ]
    return {
        "arranged": [
            {"called": name, "titles": title, "rows": [known[column] for column in one.names if column in known]}
            for one, name, title in zip(arranged, called, titles, strict=True)
        ],
        "left_out": [column for column in known.values() if column.name not in placed],
    }
