"""Columns of a list, for administrators: add, change, give another type, move, delete and bring back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...lists import bins, changing, retyping, retyping_jobs, schema
from ...lists.catalogue import Column, ListDefinition, catalogue, definition
from ...lists.columns import TYPES
from ...lists.converting import CONVERTIBLE, ONLY_FROM
from ...lists.database import savepoint
from ...lists.errors import Conflict, Invalid, words_from_json
from ..errors import said
from ..request import actor, home, session
from . import column_form
from .forms import Field
from .list_settings import Errors, only_administrators, status_of, summary, texts_of

blueprint = Blueprint("columns", __name__, url_prefix="/lists/<list_name>")
blueprint.before_request(only_administrators)


@blueprint.get("/new-column")
def new(list_name: str) -> ResponseReturnValue:
    """First which type, then the form with just that type's options."""
    found = definition(session(), list_name)
    kind = request.args.get("type", "")
    if kind not in TYPES or kind in column_form.NOT_BY_HAND:
        return render_template(
            "list_settings/types.html", definition=found, actor=actor(), types=column_form.type_choices()
        )
    return _form(found, kind, {}, {})


@blueprint.post("/new-column")
def add(list_name: str) -> ResponseReturnValue:
    """Add the column, or give the form back with what was wrong."""
    kind = request.form.get("type", "")
    if kind not in TYPES or kind in column_form.NOT_BY_HAND:
        raise Invalid("type", "Choose one of the types.")
    body = _typed(kind, standing=False)
    given = {key: value for key, value in body.items() if value is not None}
    try:
        column_form.must_have_title(body)
        with savepoint(session()):
            schema.add_column(session(), actor(), list_name, {**given, "type": kind})
    except (Invalid, Conflict) as refusal:
        return _form(definition(session(), list_name), kind, body, texts_of(refusal, "name")), status_of(refusal)
    flash(_("The column “%(column)s” is added.", column=_title(body)), "ok")
    return _back(list_name)


@blueprint.get("/columns/<column>")
def edit(list_name: str, column: str) -> ResponseReturnValue:
    """What may be changed of a column that stands."""
    found = definition(session(), list_name)
    there = found.own_column(column)
    if request.headers.get("HX-Target") == "retyping":
        told = _retyping(there)
        return render_template("list_settings/_retyping.html", definition=found, column=there, actor=actor(), **told)
    return _form(found, there.type.name, _stored(there, found), {}, there)


@blueprint.post("/columns/<column>")
def save(list_name: str, column: str) -> ResponseReturnValue:
    """Change the column, or give the form back with what was wrong."""
    found = definition(session(), list_name)
    there = found.own_column(column)
    body, current = _typed(there.type.name, standing=True), _stored(there, found)
    if "choices" in body:
        body["choices"] = column_form.with_kinds(body["choices"], current.get("choices") or ())
    changes = column_form.changed(body, current)
    try:
        column_form.must_have_title(body)
        with savepoint(session()):
            if changes:
                changing.change_column(session(), actor(), list_name, column, changes)
    except (Invalid, Conflict) as refusal:
        page = _form(found, there.type.name, body, texts_of(refusal, "title"), there)
        return page, status_of(refusal)
    flash(_("The column “%(column)s” is saved.", column=_title(body)) if changes else _("Nothing was changed."), "ok")
    return _back(list_name)


@blueprint.post("/columns/<column>/move")
def move(list_name: str, column: str) -> ResponseReturnValue:
    """Put the column at another place."""
    changing.change_column(session(), actor(), list_name, column, {"position": request.form.get("to", type=int)})
    return redirect(url_for("list_settings.show", list_name=list_name) + f"#column-{column}", 303)


@blueprint.get("/columns/<column>/type")
def ask_type(list_name: str, column: str) -> ResponseReturnValue:
    """Which type the column shall have, with just that type's options."""
    found = definition(session(), list_name)
    wanted = request.args.get("type", found.own_column(column).type.name)
    return _type_form(found, found.own_column(column), wanted if wanted in CONVERTIBLE else "text", {})


@blueprint.post("/columns/<column>/type")
def change_type(list_name: str, column: str) -> ResponseReturnValue:
    """Give the column another type, of a large list by the worker. What does not convert is told, and wants a tick."""
    kind = request.form.get("type", "")
    if kind not in CONVERTIBLE:
        raise Invalid("type", "Choose one of the types.")
    body = {key: value for key, value in _own_options(kind).items() if value is not None}
    try:
        told = retyping_jobs.change_type(
            home().database, actor(), list_name, column, {**body, "type": kind},
            confirmed=bool(request.form.get("confirmed")),
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        found = definition(session(), list_name)
        forecast = refusal.forecast if isinstance(refusal, retyping.Unconfirmed) else None
        errors = {} if forecast else texts_of(refusal, "type")
        return _type_form(found, found.own_column(column), kind, errors, body, forecast), status_of(refusal)
    if isinstance(told, int):
        return _to_column(list_name, column)
    text = ngettext("%(num)s value was converted.", "%(num)s values were converted.", told.values - told.lost)
    flash(_("The column has its new type.") + " " + text, "ok")
    return _back(list_name)


@blueprint.post("/columns/<column>/type/confirm")
def confirm_type(list_name: str, column: str) -> ResponseReturnValue:
    """Let the worker go on although values are lost."""
    found = definition(session(), list_name)
    retyping_jobs.confirm(session(), actor(), found, found.own_column(column))
    return _to_column(list_name, column)


@blueprint.post("/columns/<column>/type/stop")
def stop_type(list_name: str, column: str) -> ResponseReturnValue:
    """Leave the column as it is."""
    found = definition(session(), list_name)
    retyping_jobs.stop(session(), actor(), found, found.own_column(column))
    flash(_("Stopped: the column stays as it was."), "ok")
    return _to_column(list_name, column)


@blueprint.get("/columns/<column>/delete")
def ask_delete(list_name: str, column: str) -> ResponseReturnValue:
    """Say how many values stand in the column before it goes."""
    found = definition(session(), list_name)
    there = found.own_column(column)
    number = changing.values_in(session(), found, there)
    return render_template(
        "list_settings/delete_column.html", definition=found, column=there, number=number, actor=actor()
    )


@blueprint.post("/columns/<column>/delete")
def delete(list_name: str, column: str) -> ResponseReturnValue:
    """Put a column into the list's bin; the toast brings it back."""
    there = definition(session(), list_name).own_column(column)
    bins.delete_column(session(), actor(), list_name, column)
    undo = url_for("columns.restore", list_name=list_name, number=there.id)
    flash({"text": _("Deleted: %(title)s", title=there.title(actor().language)), "undo": undo}, "ok")  # type: ignore[arg-type]
    return _back(list_name)


@blueprint.post("/deleted-columns/<int:number>/restore")
def restore(list_name: str, number: int) -> ResponseReturnValue:
    """Bring a column back with its values."""
    name = bins.restore_column(session(), actor(), list_name, number)
    flash(_("The column “%(column)s” is back, with its values.", column=name), "ok")
    return _back(list_name)


def _to_column(list_name: str, column: str) -> ResponseReturnValue:
    return redirect(url_for("columns.edit", list_name=list_name, column=column), 303)


def _retyping(column: Column | None) -> dict[str, Any]:
    """What the worker does to a column's type, for templates/list_settings/_retyping.html."""
    job = retyping_jobs.of_column(session(), column) if column else None
    told = retyping_jobs.forecast(job) if job else retyping.Forecast()
    return {
        "retyping": job,
        "new_type": column_form.type_label(retyping_jobs.wanted_type(session(), job)) if job else "",
        "forecast": told,
        "lost": [(one.item_id, one.value, said(one.reason)) for one in told.examples],
        "refusal": said(words_from_json(job.refusal)) if job and job.refusal else "",
    }


# --- Forms ----------------------------------------------------------------------------------------


def _typed(kind: str, *, standing: bool) -> dict[str, Any]:
    body = column_form.read(request.form, TYPES[kind], actor(), standing=standing)
    if not standing:
        body["name"] = column_form.clean(request.form.get("name")) or column_form.name_from(_title(body)) or None
    return body


def _own_options(kind: str) -> dict[str, Any]:
    """Of a form only the type's own options: everything else of the column stays."""
    body = column_form.read(request.form, TYPES[kind], actor(), standing=False)
    return {key: value for key, value in body.items() if key in TYPES[kind].option_names}


def _title(body: Mapping[str, Any]) -> str:
    titles = body.get("title") or {}
    return titles.get(actor().language) or next(iter(titles.values()), "")


def _stored(column: Column, found: ListDefinition) -> dict[str, Any]:
    options = changing.options_with(session(), found, column, {})
    described = options.get("description")
    options["description"] = {"en": described} if isinstance(described, str) else described
    return {**options, "title": dict(column.titles)}


def _form(
    found: ListDefinition, kind: str, values: Mapping[str, Any], errors: Errors, column: Column | None = None
) -> str:
    me = actor()
    fields = column_form.language_fields(
        "title", _("Title"), values.get("title") or {}, errors, required=True, first=me.language
    )
    if column is None:
        fields.append(Field(
            "name", "text", _("Internal name"), values.get("name"), False,
            _("For formulas and programs; it stays for ever. Left empty, it is made of the title."),
            list(errors.get("name", ())),
        ))  # fmt: skip
    fields += column_form.language_fields(
        "description", _("Hint beside the field"), values.get("description") or {}, errors, first=me.language
    )
    fields += column_form.fields(TYPES[kind], values, catalogue(session()), me, errors, standing=column is not None)
    shipped = column is not None and changing.is_shipped(found, column.name)
    return render_template(
        "list_settings/column.html", definition=found, actor=me, column=column, kind=kind,
        type_label=column_form.type_label(kind), fields=fields, errors=summary(errors, fields),
        shipped=shipped, may_retype=column is not None and kind in CONVERTIBLE | ONLY_FROM and not shipped,
        **_retyping(column),
    )  # fmt: skip


def _type_form(
    found: ListDefinition, column: Column, kind: str, errors: Errors, values: Mapping[str, Any] | None = None,
    forecast: retyping.Forecast | None = None,
) -> str:  # fmt: skip
    me = actor()
    values = values if values is not None else changing.options_with(session(), found, column, {})
    names = TYPES[kind].option_names
    made = column_form.fields(TYPES[kind], values, catalogue(session()), me, errors, standing=False)
    fields = [field for field in made if field.name in names]
    types = [(name, label) for name, label in column_form.type_choices() if name in CONVERTIBLE]
    lost = [(one.item_id, one.value, said(one.reason)) for one in forecast.examples] if forecast else []
    return render_template(
        "list_settings/column_type.html", definition=found, actor=me, column=column, kind=kind, types=types,
        fields=fields, errors=summary(errors, fields), forecast=forecast, lost=lost,
    )  # fmt: skip


def _back(list_name: str) -> ResponseReturnValue:
    return redirect(url_for("list_settings.show", list_name=list_name), 303)
