"""Imports for administrators: a file, its columns, a trial, the import under way, what came of it, its undoing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...libraries.uploads import tidy_name
from ...lists import exporting, importing, imports, proposing
from ...lists.catalogue import ListDefinition, catalogue, definition
from ...lists.database import savepoint
from ...lists.errors import Invalid, NotFound, words_from_json
from ...lists.imports import Import, ImportRemark
from ...lists.models import User
from .. import imports as reading
from ..errors import said
from ..request import actor, home, session
from ..settings import languages
from . import import_form
from .list_settings import texts_of

blueprint = Blueprint("imports", __name__)
PAGE = 50


@blueprint.before_request
def only_administrators() -> None:
    """Everybody else gets the friendly page that says so."""
    imports.administrators_only(actor())


@blueprint.get("/imports")
def every() -> ResponseReturnValue:
    """The imports into all lists."""
    return render_template("imports/list.html", definition=None, actor=actor(), mappings=[], **_past(None))


@blueprint.get("/lists/<list_name>/imports")
def of_list(list_name: str) -> ResponseReturnValue:
    """A file for this list, the imports that there were, the mappings that are remembered."""
    return _list_page(list_name)


@blueprint.post("/lists/<list_name>/imports")
def upload(list_name: str) -> ResponseReturnValue:
    """Read a file; then its columns are next."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid("file", "Choose a file.")
        with home().database.read() as early:
            definition(early, list_name)
        number = reading.take(home(), actor(), list_name, sent.stream, tidy_name(sent.filename))
    except Invalid as refusal:
        return _list_page(list_name, texts_of(refusal, "file")), 422
    return redirect(url_for("imports.mapping", number=number), 303)


@blueprint.post("/lists/<list_name>/import-mappings/<int:number>")
def change_mapping(list_name: str, number: int) -> ResponseReturnValue:
    """Give a remembered mapping another name, or (`delete`) forget it."""
    found = definition(session(), list_name)
    try:
        if request.form.get("delete"):
            imports.delete_mapping(session(), actor(), found.id, number)
        else:
            imports.rename_mapping(session(), actor(), found.id, number, request.form.get("name", ""))
    except Invalid as refusal:
        return _list_page(list_name, {}, {number: said(refusal)}), 422
    flash(_("The mapping is forgotten.") if request.form.get("delete") else _("The mapping has its new name."), "ok")
    return redirect(url_for("imports.of_list", list_name=list_name), 303)


@blueprint.get("/imports/<int:number>")
def show(number: int) -> ResponseReturnValue:
    """How an import is going and what came of it."""
    found = imports.get(session(), actor(), number)
    if found.state == "new":
        return redirect(url_for("imports.mapping", number=number), 303)
    part = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    template = "imports/_state.html" if part else "imports/import.html"
    return render_template(template, **_state(found))


@blueprint.get("/imports/<int:number>/mapping")
def mapping(number: int) -> ResponseReturnValue:
    """Which column of the file is which column of the list."""
    found = imports.get(session(), actor(), number)
    target = _list_of(found)
    rows = reading.first_rows(home(), found, proposing.SAMPLE)
    kept = imports.remembered(session(), found.list_id, found.header)
    fresh = bool(request.args.get("anew")) or not (kept or found.mapping)
    body = proposing.propose(target, found.header, rows, languages()) if fresh else found.mapping or kept.mapping  # type: ignore[union-attr]
    errors = {"": [said(words_from_json(found.problem))]} if found.problem else {}
    return _mapping_page(found, body, errors, kept=None if fresh or found.mapping else kept)


@blueprint.post("/imports/<int:number>/mapping")
def save_mapping(number: int) -> ResponseReturnValue:
    """Try the mapping out; it is remembered for the next file with these columns."""
    found = imports.get(session(), actor(), number)
    rows = reading.first_rows(home(), found, proposing.SAMPLE)
    try:
        body = import_form.read(_list_of(found), request.form, found.header, rows, _before(found))
        importing.check_mapping(session(), found, body)
        with savepoint(session()):
            imports.try_out(session(), actor(), number, body)
            imports.remember(session(), actor(), found, request.form.get("remember-as", "").strip() or None)
    except Invalid as refusal:
        return _mapping_page(found, _typed(found), texts_of(refusal, "")), 422
    return redirect(url_for("imports.show", number=number), 303)


@blueprint.get("/imports/<int:number>/sample")
def sample(number: int) -> ResponseReturnValue:
    """The first values of a column of the file, for the form."""
    found = imports.get(session(), actor(), number)
    chosen = next((value for name, value in request.args.items() if name.startswith("from.")), "")
    values = proposing.sample(reading.first_rows(home(), found, proposing.SAMPLE), chosen)
    return render_template("imports/_sample.html", sample=import_form.sample_of(values))


@blueprint.post("/imports/<int:number>/start")
def start(number: int) -> ResponseReturnValue:
    """Begin, or go on after a stop."""
    imports.start(session(), actor(), number)
    return redirect(url_for("imports.show", number=number), 303)


@blueprint.post("/imports/<int:number>/stop")
def stop(number: int) -> ResponseReturnValue:
    """Stop after the rows that are being written."""
    imports.stop(session(), actor(), number)
    return redirect(url_for("imports.show", number=number), 303)


@blueprint.post("/imports/<int:number>/undo")
def undo(number: int) -> ResponseReturnValue:
    """Take back all that the import wrote."""
    imports.start_undo(session(), actor(), number, columns=bool(request.form.get("columns")))
    return redirect(url_for("imports.show", number=number), 303)


@blueprint.get("/imports/<int:number>/delete")
def ask_delete(number: int) -> ResponseReturnValue:
    """Ask before an import is forgotten, and say what that means."""
    found = imports.get(session(), actor(), number)
    listed = catalogue(session()).by_id.get(found.list_id)
    why_not = imports.why_kept(found)
    return render_template(
        "imports/delete.html", one=found, definition=listed, actor=actor(), why_not=said(why_not) if why_not else None
    )


@blueprint.post("/imports/<int:number>/delete")
def delete(number: int) -> ResponseReturnValue:
    """Forget an import."""
    found = imports.get(session(), actor(), number)
    listed = catalogue(session()).by_id.get(found.list_id)
    imports.delete(session(), actor(), number)
    flash(_("The import is deleted."), "ok")
    of_list = url_for("imports.of_list", list_name=listed.name) if listed else url_for("imports.every")
    return redirect(of_list, 303)


@blueprint.get("/imports/<int:number>/refused.csv")
def refused(number: int) -> ResponseReturnValue:
    """Every refused value, or (`about=undo`) what an undoing left as it is, as a table."""
    found = imports.get(session(), actor(), number)
    about = imports.told_of(found)
    lines = [_remark_row(one, _list_of(found)) for one in imports.remarks(session(), found, about, limit=1_000_000)]
    answer = Response(_table(lines, about), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="import-{number}-refused.csv"'
    return answer


def _table(lines: list[dict[str, Any]], about: str) -> Iterator[str]:
    heads = [_("Item") if about == "undo" else _("Row"), _("Column"), _("Value"), _("Reason")]
    for row in [heads, *([one["row"], one["column"], one["value"], one["reason"]] for one in lines)]:
        line = io.StringIO()
        csv.writer(line).writerow([exporting.harmless(str(cell)) for cell in row])
        yield line.getvalue()


def _list_of(found: Import) -> ListDefinition:
    known = catalogue(session()).by_id
    if found.list_id not in known:
        raise NotFound("The list of this import is not there any more.")
    return known[found.list_id]


def _list_page(list_name: str, errors: Mapping[str, Any] | None = None, wrong: Mapping[int, str] | None = None) -> str:
    found = definition(session(), list_name)
    return render_template(
        "imports/list.html", definition=found, actor=actor(), errors=(errors or {}).get("file", []), wrong=wrong or {},
        mappings=imports.mappings(session(), actor(), found.id), **_past(found.id),
    )  # fmt: skip


def _past(list_id: int | None) -> dict[str, Any]:
    before = _place("before")
    found = imports.every(session(), actor(), list_id, before=before, limit=PAGE + 1)
    lists, users = catalogue(session()).by_id, {one.user_id for one in found}
    names = {user.id: user.name for user in session().scalars(select(User).where(User.id.in_(users - {None})))}
    rows = [
        {"id": one.id, "title": one.file, "href": url_for("imports.show", number=one.id), "counts": one.counts,
         "state": state_word(one.state),
         "list": lists[one.list_id].title(actor().language) if one.list_id in lists else "–",
         "when": one.created, "who": names.get(one.user_id or 0, _("Caseroom"))}
        for one in found[:PAGE]
    ]  # fmt: skip
    return {"rows": rows, "next_before": rows[-1]["id"] if len(found) > PAGE else None}


def _place(name: str) -> int:
    """From which number on a page goes; 0: from the beginning."""
    return min(max(request.args.get(name, 0, type=int), 0), 2**31 - 1)


def state_word(state: str) -> tuple[str, str | None]:
    """What a state is called, and the kind of its pill."""
    return {
        "new": (_("not begun"), None), "trying": (_("being tried"), "accent"), "tried": (_("tried"), "accent"),
        "running": (_("under way"), "accent"), "done": (_("done"), "ok"), "stopped": (_("stopped"), "warn"),
        "failed": (_("failed"), "danger"), "undoing": (_("being undone"), "accent"), "undone": (_("undone"), None),
        "halted": (_("undoing failed"), "danger"),
    }[state]  # fmt: skip


def _state(found: Import) -> dict[str, Any]:
    known = catalogue(session()).by_id.get(found.list_id)
    after = _place("after")
    about = imports.told_of(found)
    left = imports.remarks(session(), found, about, after=after, limit=PAGE + 1)
    return {
        "one": found, "definition": known, "actor": actor(), "state": state_word(found.state), "about": about,
        "problem": said(words_from_json(found.problem)) if found.problem else None,
        "remarks": [_remark_row(one, known) for one in left[:PAGE]], "tried_rows": min(found.total, reading.TRIED),
        "number_of_remarks": imports.count_remarks(session(), found, about),
        "next_after": left[PAGE - 1].id if len(left) > PAGE else None, "first_page": not after,
        "to_undo": found.counts.get("created", 0) + found.counts.get("updated", 0),
    }  # fmt: skip


def _remark_row(one: ImportRemark, known: ListDefinition | None) -> dict[str, Any]:
    about = catalogue(session()).by_id.get(one.list_id) if one.about == "undo" else known
    column = known.by_name.get(one.column.partition(".")[0]) if known else None
    return {
        "id": one.id, "title": str(one.row), "row": one.row, "value": one.value,
        "reason": said(words_from_json(one.words)),
        "column": column.title(actor().language) if column else one.column,
        "item": url_for("items.show", list_name=about.name, item_id=one.row) if about and one.about == "undo" else None,
        "list": about.title(actor().language) if about else "–",
    }  # fmt: skip


def _before(found: Import) -> Mapping[str, Any]:
    """The mapping that the form began with, where it was not proposed."""
    kept = imports.remembered(session(), found.list_id, found.header)
    return found.mapping or (kept.mapping if kept else {})


def _typed(found: Import) -> dict[str, Any]:
    """What was typed into the form, however wrong."""
    rules = {
        one.name: {"from": request.form.get(f"from.{one.name}", ""), "date": request.form.get(f"date.{one.name}"),
                   "decimal": request.form.get(f"decimal.{one.name}"), "create": request.form.get(f"create.{one.name}")}
        for one in proposing.targets(_list_of(found))
    }  # fmt: skip
    mode = request.form.get("mode", "both")
    more = {"existing": "keep" if mode == "create" else "update", "missing": "refuse" if mode == "update" else "create"}
    return {**proposing.body_of(_list_of(found), rules), "match": request.form.getlist("match"), **more}


def _mapping_page(found: Import, body: Mapping[str, Any], errors: Mapping[str, Any], kept: Any = None) -> str:
    rows = reading.first_rows(home(), found, proposing.SAMPLE)
    lines = import_form.lines(_list_of(found), actor(), body, rows, errors)
    known = {line.id for line in lines}
    whole = [text for name, texts in errors.items() if name not in known for text in texts]
    return render_template(
        "imports/mapping.html", one=found, definition=_list_of(found), actor=actor(), lines=lines,
        mode=import_form.mode_of(body), kept=kept, in_words=import_form.in_words,
        errors=[{"message": text} for text in whole]
        + [{"name": line.id, "label": line.title, "message": " ".join(line.errors)} for line in lines if line.errors],
    )  # fmt: skip


