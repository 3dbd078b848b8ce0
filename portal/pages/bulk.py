"""Changing many rows at once: choose what is to be changed, then see what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...lists import bulk_editing, checks, list_forms, query
from ...lists.bulk_editing import BulkJob
from ...lists.catalogue import Column, ListDefinition, definition
from ...lists.database import savepoint
from ...lists.errors import N_, FieldError, Invalid, NotFound
from ...lists.reading import Stage
from ...lists.rights import Actor
from ...lists.titles import titles_by_list
from ..errors import said
from ..request import actor, home, session
from . import forms, list_state, list_table
from .forms import Form
from .list_state import ListState

blueprint = Blueprint("bulk", __name__, url_prefix="/lists/<list_name>/bulk")
KINDS = {"edit": "update", "delete": "delete", "restore": "restore", "discard": "discard"}
OF_THE_BIN = frozenset({"restore", "discard"})
HOW = "how."
MOST_TOLD = 200
MOST_TITLES = 20
# What is each item's own, or cannot be said of many in one field.
_NOT_FOR_MANY = frozenset({"attachment", "participants", "auto_number"})


@dataclass(frozen=True)
class Chosen:
    """The rows that are meant: these, or all that the list's address finds."""

    ids: list[int] | None
    state: ListState

    @property
    def everything(self) -> bool:
        return self.ids is None


@blueprint.get("")
def ask(list_name: str) -> ResponseReturnValue:
    """The form for the rows that were chosen on the list's page, or for all that it finds."""
    me, found = actor(), _opened(list_name)
    chosen, kind = _chosen(found, me), _kind()
    if chosen.ids == []:
        page = "lists.recycle_bin" if kind in OF_THE_BIN else "lists.show"
        return redirect(chosen.state.href(url_for(page, list_name=list_name)), 303)
    return _form(found, me, chosen, kind, {}, {})


@blueprint.post("")
def start(list_name: str) -> ResponseReturnValue:
    """Begin the change; a few rows are changed at once, many by the worker."""
    me, found = actor(), _opened(list_name)
    chosen, kind = _chosen(found, me), _kind()
    if request.form.get("_find"):  # a lookup is searched by who has no scripts
        return _form(found, me, chosen, kind, forms.typed(request.form, found), {})
    try:
        values = _values(found, me, request.form) if kind == "edit" else {}
        meant = _where(chosen, me) if kind not in OF_THE_BIN else {}
        with savepoint(session()):
            job = bulk_editing.start(session(), me, list_name, KINDS[kind], values, ids=chosen.ids, **meant)
    except Invalid as refusal:
        texts: dict[str, list[str]] = {}
        for error in refusal.errors:
            texts.setdefault(error.field, []).append(said(error))
        return _form(found, me, chosen, kind, forms.typed(request.form, found), texts), 422
    return redirect(url_for("bulk.show", list_name=list_name, job_id=job.id), 303)


@blueprint.get("/<int:job_id>")
def show(list_name: str, job_id: int) -> ResponseReturnValue:
    """How far a change has come, and which rows were refused and why."""
    me, job = actor(), _job(list_name, job_id)
    counts, found = bulk_editing.counts(session(), job), bulk_editing.list_of(session(), job)
    refused = bulk_editing.refusals(session(), job, MOST_TOLD)
    there = query.many(session(), me, list_name, [number for number, _why in refused], columns=["name"])
    labels = {column.name: column.title(me.language) for column in found.columns}
    part = request.headers.get("HX-Target") == "bulk"
    return render_template(
        "lists/_bulk_result.html" if part else "lists/bulk_result.html",
        definition=found, actor=me, job=job, counts=counts, in_all=sum(counts.values()),
        unfinished=job.state in bulk_editing.UNFINISHED,
        may_undo=job.user_id == me.user_id and job.kind in bulk_editing.UNDONE
        and job.state not in bulk_editing.UNFINISHED and counts.get("done"),
        refused=[
            {"title": there[number].title if number in there else f"#{number}",
             "href": url_for("items.show", list_name=list_name, item_id=number) if number in there else None,
             "reasons": [f"{labels[one.field]}: {said(one)}" if one.field in labels else said(one) for one in why]}
            for number, why in refused
        ],
    )  # fmt: skip


@blueprint.post("/<int:job_id>/cancel")
def cancel(list_name: str, job_id: int) -> ResponseReturnValue:
    """Stop a change; what is changed already stays."""
    _job(list_name, job_id)
    bulk_editing.cancel(session(), actor(), job_id)
    return redirect(url_for("bulk.show", list_name=list_name, job_id=job_id), 303)


@blueprint.post("/<int:job_id>/undo")
def undo(list_name: str, job_id: int) -> ResponseReturnValue:
    """Put back what a change has done, where nobody has changed it since."""
    _job(list_name, job_id)
    back = bulk_editing.undo(session(), actor(), job_id)
    return redirect(url_for("bulk.show", list_name=list_name, job_id=back.id), 303)


def _job(list_name: str, job_id: int) -> BulkJob:
    job = bulk_editing.get(session(), actor(), job_id)
    if job.list_id != definition(session(), list_name).id:
        raise NotFound()
    return job


def _kind() -> str:
    wanted = request.args.get("do", "edit")
    return wanted if wanted in KINDS else "edit"


def _chosen(found: ListDefinition, me: Actor) -> Chosen:
    """Said in the address, so that in the form there are columns alone, whatever they are called."""
    state = list_state.read_text(found, me, request.args.get("state", ""))
    if request.args.get("all"):
        return Chosen(None, list_state.usable(session(), state, me)[0])
    numbers = (one for one in request.args.getlist("id") if one.isascii() and one.isdecimal() and len(one) < 10)
    return Chosen(list(dict.fromkeys(map(int, numbers))), state)


def _where(chosen: Chosen, me: Actor) -> dict[str, Any]:
    """The filter of all rows that the list's address finds, as the job keeps it."""
    if not chosen.everything:
        return {}
    return {"where": chosen.state.settings(session(), me)["filter"], "search": chosen.state.search}


def _opened(list_name: str) -> ListDefinition:
    """The list, whose form here has all fields: many rows are edited as in the grid."""
    return list_forms.with_form(definition(session(), list_name), None)


def _columns(found: ListDefinition) -> list[Column]:
    """The columns that many rows can be given the same value in."""
    columns = forms.columns_of(found)
    beside = {one.type.options.get("currency_column", "currency") for one in columns if one.type.name == "currency"}
    own = {column.name for column in columns if column.options.get("unique") or column.type.name in _NOT_FOR_MANY}
    return [column for column in columns if column.name not in {"name", *beside, *own}]


def _values(found: ListDefinition, me: Actor, form: Form) -> dict[str, Any]:
    """The raw values of the columns that are to be set or emptied. Raises Invalid naming every refused one."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for column in _columns(found):
        how = form.get(HOW + column.name, "leave")
        try:
            if how == "empty":
                values[column.name] = None
            elif how == "set":
                values |= _set(found, me, form, column)
            elif isinstance(typed := forms.typed_of(form, column), str) and typed.strip() and _is_free(column):
                errors.append(FieldError(column.name, N_("Choose “Set to”, or empty the field.")))
        except Invalid as refusal:
            errors.append(FieldError(column.name, refusal.message, refusal.values))
    if errors:
        raise Invalid.many(errors)
    return values


def _set(found: ListDefinition, me: Actor, form: Form, column: Column) -> dict[str, Any]:
    value = forms.read_value(column, forms.typed_of(form, column), me, None)
    if checks.plain(column.type.parse(value)) in (None, "", []):
        raise Invalid(column.name, "Say what it is set to, or choose “Empty it”.")
    currency = column.type.options.get("currency_column", "currency") if column.type.name == "currency" else ""
    beside = {currency: form.get(currency)} if found.has(currency) and form.get(currency) else {}
    return {column.name: value, **beside}


def _is_free(column: Column) -> bool:
    """Whether its field is empty until somebody types."""
    return column.type.form_field not in ("select", "checkbox", "radio", "money")


def _form(
    found: ListDefinition, me: Actor, chosen: Chosen, kind: str, values: dict[str, Any], texts: dict[str, list[str]]
) -> str:
    names = {column.name for column in _columns(found)}
    wanted = request.form.get("_find", "")
    finding = {wanted: request.form.get(f"{wanted}__q", "")} if wanted else {}
    fields = forms.build(session(), found, me, values, texts, finding=finding) if kind == "edit" else []
    fields = [field for field in fields if field.name in names and field.kind != "fixed"]
    for field in fields:
        field.required = False
        field.kind = "select" if field.kind == "content_type" else field.kind  # no form is drawn anew here
    labels = {field.name: field.label for field in fields}
    stage, base = Stage.STANDING, url_for("lists.show", list_name=found.name)
    if kind in OF_THE_BIN:
        stage, base = Stage.BIN, url_for("lists.recycle_bin", list_name=found.name)
    titles = titles_by_list(session(), me, {found.name: (chosen.ids or [])[:MOST_TITLES]}, stage=stage)[found.name]
    return render_template(
        "lists/bulk.html", definition=found, actor=me, chosen=chosen, kind=kind, fields=fields,
        titles=list(titles.values()), how=request.form, how_prefix=HOW,
        count=_count(found, me, chosen, stage), all_count=_count(found, me, Chosen(None, chosen.state), stage),
        state=chosen.state.href("")[1:], back=chosen.state.href(base), days=home().settings.recycle_days,
        errors=[{"name": name if name in labels else None, "label": labels.get(name, ""), "message": " ".join(why)}
                for name, why in texts.items()],
    )  # fmt: skip


def _count(found: ListDefinition, me: Actor, chosen: Chosen, stage: Stage) -> str:
    if chosen.ids is not None:
        return list_table.count_text(query.Count(len(chosen.ids), False))
    if stage is Stage.BIN:
        return list_table.count_text(query.count(session(), me, found.name, stage=stage))
    state, where = list_state.usable(session(), chosen.state, me)
    counted = query.count(session(), me, found.name, where=where, search=state.search or None)
    return list_table.count_text(counted)


__all__ = ["blueprint"]
