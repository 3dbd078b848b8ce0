"""The pages that every item has: its own page and panel, new, edit, delete, history, restore, done."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import content_types, items, query, rows, versions
from ...lists.catalogue import ListDefinition, definition
from ...lists.database import savepoint
from ...lists.errors import Forbidden, Gathered, Invalid, NotFound, Stale
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor, Level, may_add
from .. import attachments
from ..errors import said
from ..free_time import next_free
from ..request import actor, next_page, session
from . import conflicts, form_rules, forms, item_view, typed_forms

blueprint = Blueprint("items", __name__)
PANEL = "panel-body"


@blueprint.get("/lists/<list_name>/<int:item_id>")
def show(list_name: str, item_id: int) -> ResponseReturnValue:
    """An item's page; for the side panel the same without the shell."""
    me = actor()
    item = query.get(session(), me, list_name, item_id)
    here = url_for("items.show", list_name=list_name, item_id=item_id)
    return render_template("lists/item.html", partial=is_panel(), **item_view.context(session(), item, me, here))


@blueprint.get("/lists/<list_name>/new")
def new(list_name: str) -> ResponseReturnValue:
    """The form for a new item; arguments preset its fields."""
    me, found = actor(), typed_forms.as_asked(definition(session(), list_name), request.args)
    _must_add(found, me)
    presets = _presets(found, me)
    begun = form_rules.with_defaults(session(), found, me, forms.empty(found, me, presets), presets)
    return _form(found, me, begun)


@blueprint.post("/lists/<list_name>/new")
def create(list_name: str) -> ResponseReturnValue:
    """Make an item from the form, or give the form back with what was wrong."""
    me = actor()
    sent, refused = attachments.sent_form(me)
    found = typed_forms.as_asked(definition(session(), list_name), sent)
    _must_add(found, me)
    typed = typed_forms.typed(session(), sent, found, me, None)
    if sent.get("_find") or typed_forms.is_of_another(sent):
        return _form(found, me, typed, finding=True)
    try:
        gathered = Gathered(error for error in refused if found.has(error.field))
        values = _without_empty_group(forms.read(sent, found, me, gathered))
        values = form_rules.without_hidden(session(), found, me, values)
        with savepoint(session()):
            made = items.create(session(), me, list_name, values, refused=gathered.errors)
    except Invalid as refusal:
        return _form(found, me, typed, refusal=refusal)
    if _is_part():
        created = {
            "created": {"id": made.id, "title": made.title},
            "toast": {"text": _("Saved: %(title)s", title=made.title), "kind": "ok"},
        }
        return Response("", 204, {"HX-Trigger": json.dumps(created)})
    flash(_("Saved: %(title)s", title=made.title), "ok")
    return redirect(next_page(url_for("items.show", list_name=list_name, item_id=made.id)), 303)


@blueprint.get("/lists/<list_name>/<int:item_id>/copy")
def copy(list_name: str, item_id: int) -> ResponseReturnValue:
    """The form for a new item that begins as this one is; saved, it is an item of its own."""
    me = actor()
    item = query.get(session(), me, list_name, item_id, right=Level.READ)
    if not item_view.may_copy(item, me):
        raise Forbidden("You may not add anything to this list.")
    found = typed_forms.as_asked(item.definition, {}, item)
    return _form(found, me, forms.copied(found, item, me))


@blueprint.get("/lists/<list_name>/<int:item_id>/edit")
def edit(list_name: str, item_id: int) -> ResponseReturnValue:
    """The form for an item that stands."""
    me = actor()
    item = _editable(me, list_name, item_id)
    found = typed_forms.as_asked(definition(session(), list_name), {}, item)
    return _form(found, me, forms.of_item(found, item, me), item=item)


@blueprint.post("/lists/<list_name>/<int:item_id>/edit")
def save(list_name: str, item_id: int) -> ResponseReturnValue:
    """Write what was changed in the form. Somebody else's change meanwhile: both are shown, nothing is lost."""
    me = actor()
    sent, refused = attachments.sent_form(me)
    item = _editable(me, list_name, item_id)
    found = typed_forms.as_asked(definition(session(), list_name), sent, item)
    typed, version = typed_forms.typed(session(), sent, found, me, item), sent.get("version", type=int) or 0
    if sent.get("_find") or typed_forms.is_of_another(sent):
        return _form(found, me, typed, item=item, version=version, finding=True)
    values: dict[str, Any] = {}
    try:
        gathered = Gathered(error for error in refused if found.has(error.field))
        values = forms.read(sent, found, me, gathered, before=item)
        values = form_rules.without_hidden(session(), found, me, values, before=item)
        if version != item.version:
            gathered.tell()
            return _conflict(found, me, item, version, values, typed)
        for name in conflicts.given_up(sent):
            values.pop(name, None)
        changed = conflicts.changes(found, values, item)
        saved = item
        if changed or gathered.errors:
            with savepoint(session()):
                saved = items.update(
                    session(), me, list_name, item_id, changed, version=version, refused=gathered.errors
                )
    except Invalid as refusal:
        return _form(found, me, typed, item=item, version=version, refusal=refusal)
    except Stale:  # on PostgreSQL the other may have written between our look and our save
        return _conflict(found, me, _editable(me, list_name, item_id), version, values, typed)
    flash(_("Saved: %(title)s", title=saved.title) if changed else _("Nothing was changed."), "ok")
    return redirect(next_page(url_for("items.show", list_name=list_name, item_id=item_id)), 303)


@blueprint.get("/lists/<list_name>/<int:item_id>/delete")
def ask_delete(list_name: str, item_id: int) -> ResponseReturnValue:
    """Ask before an item goes to the recycle bin."""
    me = actor()
    item = query.get(session(), me, list_name, item_id, right=Level.DELETE)
    going = items.followers(session(), me, list_name, item_id)
    return render_template(
        "lists/delete.html", item=item, definition=item.definition, actor=me, going=going, next=next_page("")
    )


@blueprint.post("/lists/<list_name>/<int:item_id>/delete")
def delete(list_name: str, item_id: int) -> ResponseReturnValue:
    """Put an item into the recycle bin; the toast brings it back."""
    me = actor()
    title = query.get(session(), me, list_name, item_id).title
    items.delete(session(), me, list_name, item_id, version=request.form.get("version", type=int))
    undo = url_for("items.restore", list_name=list_name, item_id=item_id)
    flash({"text": _("Deleted: %(title)s", title=title), "undo": undo}, "ok")  # type: ignore[arg-type]
    return redirect(next_page(url_for("lists.show", list_name=list_name)), 303)


@blueprint.post("/lists/<list_name>/<int:item_id>/restore")
def restore(list_name: str, item_id: int) -> ResponseReturnValue:
    """Bring an item back from the recycle bin."""
    back = items.restore(session(), actor(), list_name, item_id)
    flash(_("Restored: %(title)s", title=back.title), "ok")
    return redirect(next_page(url_for("items.show", list_name=list_name, item_id=item_id)), 303)


@blueprint.get("/lists/<list_name>/<int:item_id>/files/<column>/<file_id>")
def download(list_name: str, item_id: int, column: str, file_id: str) -> ResponseReturnValue:
    """A file of an item."""
    return attachments.give(actor(), list_name, item_id, column, file_id)


@blueprint.get("/lists/<list_name>/<int:item_id>/history")
def history(list_name: str, item_id: int) -> ResponseReturnValue:
    """All versions as readable differences, newest first."""
    me = actor()
    item = query.get(session(), me, list_name, item_id, right=Level.READ)
    entries = versions.history(session(), me, list_name, item_id)
    return render_template("lists/history.html", **item_view.history_context(item, entries, me))


@blueprint.get("/lists/<list_name>/<int:item_id>/compare")
def compare(list_name: str, item_id: int) -> ResponseReturnValue:
    """Two versions side by side: `old` and `new`, else the last two."""
    me = actor()
    item = query.get(session(), me, list_name, item_id, right=Level.READ)
    new = request.args.get("new", item.version, type=int)
    old = request.args.get("old", max(new - 1, 1), type=int)
    found = versions.compare(session(), me, list_name, item_id, old, new)
    return render_template("lists/compare.html", old=old, new=new, **item_view.comparison(item, found, me))


@blueprint.post("/lists/<list_name>/<int:item_id>/restore-version")
def restore_version(list_name: str, item_id: int) -> ResponseReturnValue:
    """Make an earlier version's values the current ones."""
    version = request.form.get("version", type=int) or 0
    items.restore_version(session(), actor(), list_name, item_id, version)
    flash(_("The values of version %(version)s stand again.", version=version), "ok")
    return redirect(url_for("items.show", list_name=list_name, item_id=item_id), 303)


@blueprint.post("/lists/<list_name>/<int:item_id>/retire")
def retire(list_name: str, item_id: int) -> ResponseReturnValue:
    """Retire an entry of a code list: it stays where it stands and is chosen no more. With `back`, it is again."""
    if "retired" not in definition(session(), list_name).by_name:
        raise NotFound()
    back = bool(request.values.get("back"))
    item = items.update(session(), actor(), list_name, item_id, {"retired": not back}, version=None)
    if back:
        flash(_("In use again: %(title)s", title=item.title), "ok")
    else:
        undo = url_for("items.retire", list_name=list_name, item_id=item_id, back=1)
        flash({"text": _("Retired: %(title)s", title=item.title), "undo": undo}, "ok")  # type: ignore[arg-type]
    return redirect(next_page(url_for("items.show", list_name=list_name, item_id=item_id)), 303)


@blueprint.post("/lists/<list_name>/<int:item_id>/done")
def done(list_name: str, item_id: int) -> ResponseReturnValue:
    """Mark an activity as done now, or with `undo` as not done."""
    me, found = actor(), definition(session(), list_name)
    if "done" not in found.settings.get("actions", ()):
        raise NotFound()
    undoing = bool(request.values.get("undo"))
    item = items.update(session(), me, list_name, item_id, {"done": None if undoing else now()}, version=None)
    if undoing:
        flash(_("Open again: %(title)s", title=item.title), "ok")
    else:
        undo = url_for("items.done", list_name=list_name, item_id=item_id, undo=1, next=next_page(""))
        flash({"text": _("Done: %(title)s", title=item.title), "undo": undo}, "ok")  # type: ignore[arg-type]
    return redirect(next_page(url_for("items.show", list_name=list_name, item_id=item_id)), 303)


def _form(
    found: ListDefinition,
    me: Actor,
    values: Mapping[str, Any],
    *,
    item: Item | None = None,
    version: int | None = None,
    refusal: Invalid | None = None,
    finding: bool = False,
    conflict: conflicts.Conflicting | None = None,
) -> ResponseReturnValue:
    """The form's page: as it begins, refused (422), in conflict (409) or with what a lookup was searched for."""
    texts = _texts(refusal, found) if refusal else {}
    wanted = request.form.get("_find") or ""
    looked = {wanted: request.form.get(f"{wanted}__q", "")} if finding else {}
    fields = forms.build(session(), found, me, values, texts, item=item, finding=looked)
    labels = {field.name: field.label for field in fields}
    page = render_template(
        "lists/form.html",
        definition=found,
        actor=me,
        sections=forms.in_sections(found, fields, me.language),
        of_type=values.get(content_types.NAME),
        carried=typed_forms.carried(session(), request.form, found, me, item),
        has_files=any(field.kind == "attachment" for field in fields),
        item=item,
        partial=_is_part(),
        draft=request.form.get("_draft") or _draft_of(found, item, values.get(content_types.NAME)),
        failed=bool(refusal or conflict or finding),
        version=(version if version is not None else item.version) if item else None,
        conflict=conflict,
        next=next_page(""),
        errors=[
            {"name": name if name in labels else None, "label": labels.get(name, ""), "message": " ".join(said_)}
            for name, said_ in texts.items()
        ],
        focus=wanted if finding else None,
    )
    return page, 422 if refusal else 409 if conflict else 200


def _draft_of(found: ListDefinition, item: Item | None, of_type: Any) -> str:
    """By which name a browser keeps what was typed: what was begun for one company is none of another's."""
    parts = [found.name, str(item.id) if item else "new", *([str(of_type)] if of_type else [])]
    presets = sorted((name, value) for name, value in request.args.items() if found.has(name))
    return "-".join([*parts, *(f"{name}={value}" for name, value in presets if name != content_types.NAME)])[:200]


def _conflict(
    found: ListDefinition, me: Actor, item: Item, version: int, values: Mapping[str, Any], typed: Mapping[str, Any]
) -> ResponseReturnValue:
    """Both values side by side. The form goes on from the version that stands now."""
    conflict = conflicts.compare(session(), me, found, item, version, values)
    theirs = forms.of_item(found, item, me)
    merged = {name: typed[name] if name in conflict.mine else theirs[name] for name in typed}
    return _form(found, me, merged, item=item, conflict=conflict)


def _texts(refusal: Invalid, found: ListDefinition) -> dict[str, list[str]]:
    """The refusals by field, in the order of the form's fields."""
    texts: dict[str, list[str]] = {name: [] for name in ("", *(column.name for column in forms.columns_of(found)))}
    for error in refusal.errors:
        texts.setdefault(error.field, []).append(said(error))
    return {name: said_ for name, said_ in texts.items() if said_}


def _presets(found: ListDefinition, me: Actor) -> dict[str, str]:
    """What the address presets. An event for which it names no time begins when the user is free next."""
    given = request.args.to_dict()
    if found.name != "events" or given.get("start"):
        return given
    start = next_free(session(), me, now())
    end = start + datetime.timedelta(hours=1)
    return {**given, "start": f"{start:%Y-%m-%d %H:%M}", "end": f"{end:%Y-%m-%d %H:%M}"}


def _editable(me: Actor, list_name: str, item_id: int) -> Item:
    """The item to edit; a name that is shown translated is edited as it is stored."""
    translated = definition(session(), list_name).settings.get("translated")
    item = query.get(session(), replace(me, language="en") if translated else me, list_name, item_id)
    if not item.editable:
        raise Forbidden(rows.SEE)
    return item


def _must_add(found: ListDefinition, me: Actor) -> None:
    if not may_add(found, me):
        raise Forbidden("You may not add anything to this list.")


def _without_empty_group(values: dict[str, Any]) -> dict[str, Any]:
    """A group that was not chosen is left to the program."""
    return {name: value for name, value in values.items() if name != "sales_group" or value}


def is_panel() -> bool:
    """Whether the side panel beside a list asks."""
    return request.headers.get("HX-Target") == PANEL or bool(
        request.args.get("panel") and request.headers.get("HX-Request")
    )


def _is_part() -> bool:
    """Whether a dialog asks, not a page."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
