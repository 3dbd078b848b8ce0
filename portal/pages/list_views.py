"""Pages about the views of a list: choosing columns, saving what a page shows, managing one's own and everybody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import query, view_settings, views
from ...lists.catalogue import ListDefinition, View, definition
from ...lists.database import savepoint
from ...lists.errors import DomainError, Forbidden, Invalid, NotFound
from ...lists.rights import Actor, may_open
from ...lists.sqltypes import fold
from ..errors import said, status_of
from ..request import actor, session
from . import list_state
from .cells import shown
from .list_state import ListState

blueprint = Blueprint("list_views", __name__)


@blueprint.get("/lists/<list_name>/choose-columns")
def columns(list_name: str) -> ResponseReturnValue:
    """Which columns the page shows, in which order and how wide; sent, it leads to the list."""
    me, found = opened(list_name)
    state, base = list_state.read(found, me, request.args), url_for("lists.show", list_name=list_name)
    typed, errors = _widths(), []
    if "show" in request.args:
        errors = [_refused_width(found, name, text, me) for name, text in typed.items() if _width(text) is None]
        if not errors:
            widths = _widths_argument(state, typed)
            return redirect(state.href(base, columns=",".join(_chosen(found)) or None, widths=widths), 303)
        state = replace(state, columns=tuple(_chosen(found)))
    names = [*state.columns, *(name for name in _offered(found) if name not in state.columns)]
    offered = [column for column in (shown(found, name, me.language) for name in names) if column]
    page = render_template(
        "lists/columns.html",
        definition=found,
        actor=me,
        offered=offered,
        chosen=state.columns,
        widths=typed if errors else state.widths,
        bounds=view_settings.WIDTHS,
        errors=errors,
        kept=[pair for pair in state.arguments() if pair[0] not in ("columns", "widths")],
        base=base,
        cancel_href=state.href(base),
    )
    return page, 422 if errors else 200


@blueprint.get("/lists/<list_name>/views")
def manage(list_name: str) -> ResponseReturnValue:
    """All views that the reader has, to rename, order, delete, share."""
    me, found = opened(list_name)
    groups = query.page(session(), me, "sales_groups", columns=[], order=[("name", False)], limit=200).items
    mine = [view for view in views.views_for(session(), found, me) if view.user_id is not None]
    return render_template(
        "lists/views.html",
        definition=found,
        actor=me,
        base=url_for("lists.show", list_name=list_name),
        sections=[
            (_("Your views"), mine),
            (_("Everybody's views"), list(found.views)),
        ],
        may_change=lambda view: views.may_change(view, me),
        groups=[(group.id, group.title) for group in groups] if me.is_administrator else [],
    )


@blueprint.route("/lists/<list_name>/views/new", methods=["GET", "POST"])
def save_as(list_name: str) -> ResponseReturnValue:
    """What a page shows, under a name of its own."""
    me, text = actor(), request.values.get("state", "")[: list_state.LONGEST_ADDRESS]
    found = opened(list_name)[1]
    state = list_state.read_text(found, me, text)
    if request.method == "GET":
        return _save_form(found, me, state, text)
    try:
        title = _title()
        with savepoint(session()):
            body = {**state.settings(session(), me), "title": title, "name": _name_for(found, me, title)}
            body |= {"shared": bool(request.form.get("shared")), "default": bool(request.form.get("default"))}
            view = views.save(session(), me, list_name, body)
    except DomainError as refusal:
        return _save_form(found, me, state, text, refusal), status_of(refusal)
    flash(_("The view “%(title)s” is saved.", title=view.title(me.language)), "ok")
    return redirect(_address(view, list_name), 303)


@blueprint.post("/lists/<list_name>/views/<int:view_id>/save")
def save_over(list_name: str, view_id: int) -> ResponseReturnValue:
    """What a page shows becomes what its view says."""
    me, text = actor(), request.form.get("state", "")
    found = opened(list_name)[1]
    state = list_state.read_text(found, me, text)
    view = views.change(session(), me, list_name, view_id, state.settings(session(), me))
    flash(_("The view “%(title)s” is saved.", title=view.title(me.language)), "ok")
    return redirect(_address(view, list_name), 303)


@blueprint.post("/lists/<list_name>/views/<int:view_id>/widths")
def save_widths(list_name: str, view_id: int) -> ResponseReturnValue:
    """The widths that columns were drawn to, into the view alone, whatever else the page shows."""
    me, text = actor(), request.form.get("widths", "")[: list_state.LONG["widths"]]
    views.change(session(), me, list_name, view_id, {"widths": list_state.widths_given(text)})
    return "", 204


@blueprint.post("/lists/<list_name>/views/<int:view_id>")
def change(list_name: str, view_id: int) -> ResponseReturnValue:
    """Rename a view, make it the first, share it, move it."""
    me, form = actor(), request.form
    body: dict[str, Any] = {}
    if form.get("groups"):
        body["default_for"] = [int(one) for one in form.getlist("group") if one.isdecimal() and len(one) < 10]
    if form.get("shared"):
        body["shared"] = True
    if form.get("place", "").isdecimal():
        body["position"] = int(form["place"][:5])

    def does() -> None:
        if "title" in form:
            body["title"] = _titles(_view(list_name, view_id, me), _title(), me)
            body["default"] = bool(form.get("default"))
        views.change(session(), me, list_name, view_id, body)

    return _changed(list_name, does)


@blueprint.post("/lists/<list_name>/views/<int:view_id>/delete")
def delete(list_name: str, view_id: int) -> ResponseReturnValue:
    """Take a view away; the list keeps its items."""
    me = actor()
    return _changed(list_name, lambda: views.delete(session(), me, list_name, view_id))


def _changed(list_name: str, does: Callable[[], Any]) -> ResponseReturnValue:
    try:
        with savepoint(session()):
            does()
    except Invalid as refusal:
        flash(said(refusal), "warn")
    return redirect(url_for("list_views.manage", list_name=list_name), 303)


def _title() -> str:
    """The typed title. Raises Invalid."""
    title = " ".join(request.form.get("title", "").replace("\x00", "").split())
    if not title or len(title) > 200:
        raise Invalid("title", "Give the view a title of at most %(max)s characters.", max=200)
    return title


def _titles(view: View, title: str, me: Actor) -> dict[str, str]:
    """The view's titles with this one in the reader's language."""
    return {**view.titles, me.language: title} if "en" in view.titles or me.language == "en" else {"en": title}


def _view(list_name: str, view_id: int, me: Actor) -> View:
    found = definition(session(), list_name)
    view = next((view for view in views.views_for(session(), found, me) if view.id == view_id), None)
    if view is None:
        raise NotFound("There is no such view.")
    return view


def _save_form(
    found: ListDefinition, me: Actor, state: ListState, text: str, refusal: DomainError | None = None
) -> str:
    return render_template(
        "lists/save_view.html",
        definition=found,
        actor=me,
        text=text,
        title=request.form.get("title", ""),
        errors=[] if refusal is None else [{"name": "title", "label": _("Title"), "message": said(refusal)}],
        cancel_href=state.href(url_for("lists.show", list_name=found.name)),
    )


def _name_for(found: ListDefinition, me: Actor, title: str) -> str:
    """A name for addresses, made of the title: letters without accents, and a number where it is taken."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in fold(title)).strip("_")
    words = (words if words[:1].isalpha() else f"view_{words}")[:40].rstrip("_")
    taken = {view.name for view in views.views_for(session(), found, me)}
    return next(name for name in (words, *(f"{words}_{n}" for n in range(2, 1000))) if name not in taken)


def _address(view: View, list_name: str) -> str:
    return f"{url_for('lists.show', list_name=list_name)}?{urlencode({'view': view.name})}"


def _chosen(found: ListDefinition) -> list[str]:
    """The ticked columns by their typed places; those of one place stay in the form's order."""
    ticked = [name for name in request.args.getlist("column") if name in _offered(found)]
    places = dict(zip(request.args.getlist("of"), request.args.getlist("place"), strict=False))

    def place(name: str) -> int:
        text = places.get(name, "")
        return int(text) if text.isdecimal() and len(text) < 6 else 99_999

    return sorted(dict.fromkeys(ticked), key=place)


def _widths() -> dict[str, str]:
    """The typed widths by column, without the empty ones."""
    pairs = zip(request.args.getlist("of"), request.args.getlist("width"), strict=False)
    return {name: text.strip()[:20] for name, text in pairs if text.strip()}


def _width(text: str) -> int | None:
    """A width in pixels; None for what is none."""
    least, most = view_settings.WIDTHS
    return int(text) if text.isdecimal() and len(text) < 6 and least <= int(text) <= most else None


def _widths_argument(state: ListState, typed: dict[str, str]) -> str | None:
    """The widths for the address, None where the view says the same. What the form does not offer stays as it is."""
    offered = set(_offered(state.definition))
    made = {name: width for name, width in state.widths.items() if name not in offered}
    made |= {name: width for name, text in typed.items() if name in offered and (width := _width(text)) is not None}
    of_view = state.view.settings.get("widths", {}) if state.view else {}
    return None if made == of_view else list_state.widths_argument(made)


def _refused_width(found: ListDefinition, name: str, text: str, me: Actor) -> dict[str, str]:
    column = shown(found, name, me.language)
    least, most = view_settings.WIDTHS
    words = _("“%(text)s” is no width: a number from %(min)s to %(max)s, or nothing.", text=text, min=least, max=most)
    return {"name": f"width-{name}", "label": column.label if column else name[:60], "message": words}


def _offered(found: ListDefinition) -> list[str]:
    system = ("id", "created", "created_by", "modified", "modified_by", "version")
    return [*(column.name for column in found.visible_columns), *system]


def opened(list_name: str) -> tuple[Actor, ListDefinition]:
    """The reader and the list. Raises NotFound, Forbidden."""
    me, found = actor(), definition(session(), list_name)
    if not may_open(found, me):
        raise Forbidden("You may not open this list.")
    return me, found
