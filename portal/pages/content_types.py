"""The content types of a list, for administrators: make, change, order, retire and remove them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import changing_types, content_types, default_items, list_forms
from ...lists.catalogue import Column, ListDefinition, definition
from ...lists.database import savepoint
from ...lists.errors import Conflict, Invalid
from ..errors import said
from ..request import actor, session
from . import arranging, column_form, forms
from .arranging import Arranged
from .forms import Field
from .list_forms import parts
from .list_settings import Errors, only_administrators, status_of, summary, texts_of

blueprint = Blueprint("content_types", __name__, url_prefix="/lists/<list_name>/types")
blueprint.before_request(only_administrators)


@blueprint.get("")
def show(list_name: str) -> ResponseReturnValue:
    """The list's types in their order."""
    return _types_page(list_name)


@blueprint.get("/type")
def edit(list_name: str) -> ResponseReturnValue:
    """A type that stands (`of`), or a new one."""
    found = definition(session(), list_name)
    of = request.args.get("of")
    known = content_types.type_called(found, of) if of else {}
    as_type = list_forms.with_form(found, known.get("form") or found.settings.get("form"))
    arranged = arranging.standing(content_types.loosened(as_type))
    return _form(found, {**known, "own": bool(known.get("form")) or not known}, arranged)


@blueprint.post("/type")
def save(list_name: str) -> ResponseReturnValue:
    """Save the type; or (`do`) show what a button makes of its form, before it is saved."""
    found, of, asked = definition(session(), list_name), request.form.get("of"), request.form.get("do", "")
    if of:
        content_types.type_called(found, of)
    arranged, body = arranging.typed(request.form, found), _typed(found)
    if asked or request.form.get("_find"):
        return _form(found, body, arranging.done(arranged, asked), changed=True)
    body["form"] = arranging.body(arranged) if body["own"] else None
    told = {key: value for key, value in body.items() if key not in ("own", "value")}
    try:
        column_form.must_have_title(body)
        with savepoint(session()):
            if of:
                changing_types.change(session(), actor(), list_name, of, told)
            else:
                made = {key: value for key, value in {**told, "value": _new_value(body)}.items() if value}
                changing_types.make(session(), actor(), list_name, made)
    except (Invalid, Conflict) as refusal:
        return _form(found, body, arranged, texts_of(refusal, "title"), changed=True), status_of(refusal)
    flash(_("The content type is saved."), "ok")
    return _back(list_name)


@blueprint.post("/move")
def move(list_name: str) -> ResponseReturnValue:
    """Put a type at another place; the first that is not retired is that of new items."""
    to = request.form.get("to", 1, type=int)
    changing_types.move(session(), actor(), list_name, request.form.get("of", ""), to)
    return _back(list_name)


@blueprint.post("/remove")
def remove(list_name: str) -> ResponseReturnValue:
    """Take a type away of which there is no item."""
    try:
        with savepoint(session()):
            changing_types.remove(session(), actor(), list_name, request.form.get("of", ""))
    except Invalid as refusal:
        return _types_page(list_name, said(refusal)), 422
    flash(_("The content type is removed."), "ok")
    return _back(list_name)


def _back(list_name: str) -> ResponseReturnValue:
    return redirect(url_for("content_types.show", list_name=list_name), 303)


def _types_page(list_name: str, refusal: str | None = None) -> str:
    me, found = actor(), definition(session(), list_name)
    types, first = content_types.types_of(found), content_types.default_of(found)
    numbers = content_types.numbers(session(), found) if types else {}
    rows = [
        {
            "id": one["value"], "title": _text(one.get("title")) or one["value"],
            "about": _text(one.get("description")),
            "href": url_for("content_types.edit", list_name=list_name, of=one["value"]),
            "number": numbers.get(one["value"], 0), "retired": one.get("retired"), "default": one["value"] == first,
            "up": place - 1 if place > 1 else None, "down": place + 1 if place < len(types) else None,
        }
        for place, one in enumerate(types, 1)
    ]  # fmt: skip
    return render_template("list_settings/types_of_content.html", definition=found, actor=me, rows=rows,
                           errors=[{"message": refusal}] if refusal else [])  # fmt: skip


def _text(texts: Any) -> str:
    if not isinstance(texts, dict):
        return texts or ""
    return texts.get(actor().language) or texts.get("en") or next(iter(texts.values()), "")


# --- The form of a type ---------------------------------------------------------------------------


def _typed(found: ListDefinition) -> dict[str, Any]:
    form = request.form
    columns = {column.name: column for column in _with_defaults(found)}
    typed = {name: column_form.clean(form.get(f"default-{name}")) for name in columns}
    return {
        "title": column_form.by_language(form, "title"), "description": column_form.by_language(form, "description"),
        "retired": bool(form.get("retired")), "own": bool(form.get("own")),
        "required": [one.name for one in _may_be_required(found) if one.name in form.getlist("required")] or None,
        "defaults": {
            name: _read_default(columns[name], text) for name, text in typed.items() if text
        } or None,
    }  # fmt: skip


def _read_default(column: Column, text: str) -> Any:
    if not default_items.has_item(column):
        return column_form.read_default(text, type(column.type), actor())
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return default_items.guid_of(session(), actor(), str(column.type.target), number) or text


def _new_value(body: dict[str, Any]) -> str:
    return column_form.name_from(_text(body["title"])) or "type"


def _may_be_required(found: ListDefinition) -> list[Column]:
    return [column for column in arranging.offered(found).values() if not column.by_program
            and column.name not in ("name", content_types.NAME)]  # fmt: skip


def _with_defaults(found: ListDefinition) -> list[Column]:
    return [column for column in _may_be_required(found)
            if column_form.has_default(type(column.type)) or default_items.has_item(column)]  # fmt: skip


def _fields(values: dict[str, Any], errors: Errors) -> list[Field]:
    first = actor().language
    made = column_form.language_fields("title", _("Title"), values.get("title") or {}, errors,
                                       required=True, first=first)  # fmt: skip
    described = values.get("description") or {}
    described = {"en": described} if isinstance(described, str) else described
    made += column_form.language_fields("description", _("What it is for"), described, errors, first=first)
    about = _("It stays where it stands and is offered no more.")
    made.append(Field("retired", "checkbox", _("Retired"), values.get("retired"), False, about))
    return made


def _default_fields(found: ListDefinition, values: dict[str, Any]) -> list[Field]:
    me, defaults = actor(), values.get("defaults") or {}
    made = []
    for column in _with_defaults(found):
        if default_items.has_item(column):
            made.append(_item_field(found, column, defaults.get(column.name)))
            continue
        options = {**column.type.options, "default": defaults.get(column.name)}
        field = column_form.default_field(type(column.type), options, me, {})
        field.name, field.label = f"default-{column.name}", column.title(me.language)
        made.append(field)
    return made


def _item_field(found: ListDefinition, column: Column, guid: Any) -> Field:
    """The field for a default that is an item: as in the form of an item, also looked for without scripts."""
    me, name = actor(), f"default-{column.name}"
    number = default_items.number_of(session(), me, str(column.type.target), str(guid))
    alone = list_forms.with_form(content_types.loosened(found), [{"columns": [column.name]}])
    looked = {column.name: request.form.get(f"{name}__q", "")} if request.form.get("_find") == name else {}
    [field] = forms.build(session(), alone, me, {column.name: number}, only=[column.name], finding=looked)
    field.name, field.required = name, False
    return field


def _form(
    found: ListDefinition, values: dict[str, Any], arranged: list[Arranged], errors: Errors | None = None, *,
    changed: bool = False,
) -> str:  # fmt: skip
    me, of = actor(), request.values.get("of")
    fields = _fields(values, errors or {})
    here = list_forms.with_form(content_types.loosened(found), arranging.body(arranged) or None)
    drawn = forms.build(session(), here, me, forms.empty(here, me, {}))
    return render_template(
        "list_settings/content_type.html", definition=found, actor=me, of=of, changed=changed, fields=fields,
        heading=_text(values.get("title")) or of or _("New content type"), own=values["own"],
        may_be_required=[(one.name, one.title(me.language)) for one in _may_be_required(found) if not one.required],
        required=values.get("required") or [], defaults=_default_fields(found, values),
        errors=summary(errors or {}, fields), preview=forms.in_sections(here, drawn, me.language),
        **parts(found, arranged),
    )  # fmt: skip
