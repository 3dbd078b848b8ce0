"""The pages of the document libraries: a document, uploading, a document from a template (FACE "Documents")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from ...libraries import documents, templating
from ...libraries.file_versions import has_minor_versions
from ...libraries.formats import ALLOWED
from ...lists import filters, query
from ...lists.database import savepoint
from ...lists.errors import DomainError, FieldError, Forbidden, Invalid
from ...lists.query import Item
from ...lists.rights import Actor, Level
from .. import files
from ..errors import said
from ..request import actor, session, wants_json
from . import document_words

blueprint = Blueprint("documents", __name__)
LIBRARIES = ("documents", "templates")
_PLACES = {"case": "cases", "company": "relations", "document_type": "document_types"}
View = Callable[..., ResponseReturnValue]


def _for_each_library(method: str, rest: str = "") -> Callable[[View], View]:
    """Route a view for each library by its own address, so that the pages of all lists stand behind it."""

    def keep(view: View) -> View:
        for library in LIBRARIES:
            rule = f"/lists/{library}/<int:item_id>{rest}"
            blueprint.add_url_rule(rule, view_func=view, methods=[method], defaults={"library": library})
        return view

    return keep


# --- A document -----------------------------------------------------------------------------------


@_for_each_library("GET")
def page(library: str, item_id: int) -> ResponseReturnValue:
    """The document: its state, what can be done, its versions, its facts."""
    return _page(library, item_id)


@_for_each_library("GET", "/content")
def download(library: str, item_id: int) -> ResponseReturnValue:
    """The file itself."""
    return files.give(documents.content_of(session(), actor(), library, item_id, request.args.get("version")))


@_for_each_library("POST", "/content")
def save(library: str, item_id: int) -> ResponseReturnValue:
    """Upload a new version, or save what is checked out."""
    me = actor()
    files.check_changeable(me, library, item_id)
    try:
        taken = files.take_form_file(library, request.files.get("file"))
    except Invalid as refusal:
        return _refused(library, item_id, refusal)
    documents.put_content(
        session(),
        me,
        library,
        item_id,
        taken.blob,
        file_name=taken.file_name,
        text=taken.text,
        comment=request.form.get("comment"),
    )
    return _done(library, item_id, _("Saved “%(name)s”.", name=taken.file_name))


@_for_each_library("POST", "/checkout")
def checkout(library: str, item_id: int) -> ResponseReturnValue:
    """Take it to work on."""
    documents.checkout(session(), actor(), library, item_id)
    return _done(library, item_id, _("Checked out. Others can read it but not change it until you check it in."))


@_for_each_library("POST", "/checkin")
def checkin(library: str, item_id: int) -> ResponseReturnValue:
    """Check it in, with a file or without."""
    me, sent = actor(), request.files.get("file")
    files.check_visible(me, library, item_id)
    try:
        taken = files.take(library, sent.stream, sent.filename) if sent and sent.filename else None
    except Invalid as refusal:
        return _refused(library, item_id, refusal)
    item = documents.checkin(
        session(),
        me,
        library,
        item_id,
        kind=request.form.get("kind") or None,
        comment=request.form.get("comment"),
        blob=taken.blob if taken else None,
        file_name=taken.file_name if taken else None,
        text=taken.text if taken else "",
    )
    return _done(library, item_id, _("Checked in as version %(number)s.", number=item["file_version"]))


@_for_each_library("POST", "/discard")
def discard(library: str, item_id: int) -> ResponseReturnValue:
    """Give the check-out up."""
    documents.discard(session(), actor(), library, item_id)
    return _done(library, item_id, _("The check-out is discarded."))


@_for_each_library("POST", "/publish")
def publish(library: str, item_id: int) -> ResponseReturnValue:
    """Make the draft the next major version."""
    item = documents.publish(session(), actor(), library, item_id, comment=request.form.get("comment"))
    return _done(library, item_id, _("Published as version %(number)s.", number=item["file_version"]))


@_for_each_library("POST", "/versions/<version>/restore")
def restore(library: str, item_id: int, version: str) -> ResponseReturnValue:
    """Make an earlier version's content the current one."""
    item = documents.restore(session(), actor(), library, item_id, version)
    text = _(
        "Version %(old)s is restored; it stands now as version %(number)s.", old=version, number=item["file_version"]
    )
    return _done(library, item_id, text)


# --- Uploading ------------------------------------------------------------------------------------


@blueprint.get("/lists/documents/new")
def new() -> ResponseReturnValue:
    """The upload page; with `?case=…&template=1` the form for a document from a template."""
    case = request.args.get("case", type=int)
    if request.args.get("template") and case:
        return redirect(f"/cases/{case}/from-template")
    return _upload_page(request.args.to_dict(), [])


@blueprint.post("/lists/documents/upload")
def upload() -> ResponseReturnValue:
    """Take one file (a script sends each by itself) or several; of several all or none."""
    me, form = actor(), request.form.to_dict()
    if form.get("_find"):
        return _upload_page(form, [])
    sent = [file for file in request.files.getlist("file") if file.filename]
    try:
        made = _take_all(me, form, sent)
    except DomainError as refusal:
        if wants_json():
            raise
        return _upload_page(form, _field_errors(refusal)), 422
    if wants_json():
        return jsonify(
            [{"id": item.id, "name": item.title, "href": f"/lists/documents/{item.id}"} for item in made]
        ), 201
    flash(_("Uploaded: %(names)s.", names=", ".join(item["file_name"] for item in made)), "ok")
    return redirect(_after_upload(form, made), 303)


@blueprint.get("/lists/documents/uploaded")
def uploaded() -> ResponseReturnValue:
    """What the reader uploaded last: shown below the upload form, anew after each upload."""
    return render_template("documents_pages/_uploaded.html", rows=_my_latest())


# --- From a template ------------------------------------------------------------------------------


@blueprint.get("/cases/<int:case_id>/from-template")
def from_template(case_id: int) -> ResponseReturnValue:
    """Choose the document type, and for whom."""
    return _template_page(case_id, request.args.to_dict(), [])


@blueprint.post("/cases/<int:case_id>/from-template")
def make_from_template(case_id: int) -> ResponseReturnValue:
    """Make the document and go to it."""
    me, form = actor(), request.form
    try:
        kind, contact = form.get("document_type", type=int), form.get("contact", type=int)
        wanted, filled = files.fill_template(me, "documents", case_id, kind, contact)
        with savepoint(session()):
            item = templating.add(session(), me, "documents", wanted, filled)
    except Invalid as refusal:
        return _template_page(case_id, form.to_dict(), _field_errors(refusal)), 422
    flash(_("“%(name)s” is made. Download it, or check it out to work on it.", name=item.title), "ok")
    return redirect(f"/lists/documents/{item.id}", 303)


# --- What the pages show --------------------------------------------------------------------------


def _page(library: str, item_id: int, errors: list[dict[str, str]] | None = None) -> str:
    me, found = actor(), documents.library_of(session(), library)
    item = query.get(session(), me, library, item_id, right=Level.READ)
    holder = item["checked_out_by"]
    entries = documents.history(session(), me, library, item_id)
    return render_template(
        "documents_pages/document.html",
        partial=request.headers.get("HX-Target") == "panel-body",
        actor=me,
        item=item,
        library=library,
        base=f"/lists/{library}/{item_id}",
        errors=errors or [],
        state=document_words.state(item, me, any(entry.draft for entry in entries)),
        mine=holder is not None and holder.id == me.user_id,
        may_end=holder is not None and item.editable and (holder.id == me.user_id or me.is_administrator),
        minor=has_minor_versions(found),
        is_draft=not item["file_version"].endswith(".0"),
        entries=[document_words.entry_row(entry, me) for entry in entries],
        facts=document_words.facts(item, me),
        icon_name=document_words.icon(item["file_name"]),
        accept=document_words.accept(found.settings.get("formats") or ALLOWED),
        breadcrumb=[{"label": found.title(me.language), "href": f"/lists/{library}"}, {"label": item.title}],
    )


def _upload_page(typed: dict[str, Any], errors: list[dict[str, str]]) -> str:
    me = actor()
    if not me.may_write:
        raise Forbidden("You may read documents but not add any.")
    found = documents.library_of(session(), "documents")
    kinds = query.page(session(), me, "document_types", order=[("position", False), ("name", False)], limit=200).items
    return render_template(
        "documents_pages/upload.html",
        errors=errors,
        typed=typed,
        chosen=_chosen(me, typed),
        options=_options(me, typed),
        rows=_my_latest(),
        document_types=[(kind.id, kind.title) for kind in kinds if not kind["retired"]],
        labels={name: found.column(name).title(me.language) for name in _PLACES},
        accept=document_words.accept(found.settings.get("formats") or ALLOWED),
        kinds=document_words.kinds_in_words(found.settings.get("formats") or ALLOWED),
        breadcrumb=[{"label": found.title(me.language), "href": "/lists/documents"}, {"label": _("Upload")}],
    )


def _chosen(me: Actor, typed: dict[str, Any]) -> dict[str, Any]:
    """The items that the form's lookups have chosen, as far as the reader sees them; a case brings its company."""
    chosen: dict[str, Any] = {}
    for name in ("case", "company"):
        number = str(typed.get(name) or "")
        there = (
            query.many(session(), me, _PLACES[name], [int(number)]) if number.isdecimal() and len(number) < 10 else {}
        )
        item = next(iter(there.values()), None)
        chosen[name] = {"id": item.id, "title": item.title} if item else None
        if item and name == "case" and item["company"] and not typed.get("company"):
            typed["company"] = str(item["company"].id)
    return chosen


def _options(me: Actor, typed: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The newest cases and companies for a choice without scripts, or those that were looked for."""
    options = {}
    for name in ("case", "company"):
        there = query.page(
            session(),
            me,
            _PLACES[name],
            columns=["name"],
            order=[("modified", True)],
            limit=20,
            search=typed.get(f"{name}__q") or None,
        )
        options[name] = [{"id": item.id, "title": item.title} for item in there.items]
    return options


def _my_latest() -> list[dict[str, Any]]:
    me = actor()
    mine = filters.Compare(("created_by",), "eq", me.user_id)
    columns = ["file_name", "file_version", "case", "created"]
    there = query.page(
        session(), me, "documents", where=mine, order=[("created", True)], columns=columns, limit=6
    ).items
    return [
        {
            "id": item.id,
            "title": item.title,
            "icon": document_words.icon(item["file_name"]),
            "case": item["case"],
            "number": item["file_version"],
            "iso": item["created"].isoformat(),
            "at": document_words.INSTANT.format(item["created"], me.reader),
        }
        for item in there
    ]


def _template_page(case_id: int, typed: dict[str, Any], errors: list[dict[str, str]]) -> str:
    me = actor()
    case = query.get(session(), me, "cases", case_id, right=Level.READ)
    has_template = filters.Not(filters.Compare(("template",), "empty", True))
    order = [("position", False), ("name", False)]
    kinds = query.page(session(), me, "document_types", where=has_template, order=order, limit=200).items
    people = {one.id: one.title for one in case["contacts"]}
    if case["company"]:
        of_company = filters.Compare(("company",), "eq", case["company"].id)
        there = query.page(session(), me, "contacts", where=of_company, order=[("name", False)], limit=200).items
        people |= {one.id: one.title for one in there}
    first = case["contacts"][0].id if case["contacts"] else None
    return render_template(
        "documents_pages/from_template.html",
        case=case,
        typed=typed,
        errors=errors,
        contacts=list(people.items()),
        chosen_contact=typed.get("contact", first),
        document_types=[(kind.id, kind.title) for kind in kinds if not kind["retired"]],
        breadcrumb=[
            {"label": case.definition.title(me.language), "href": "/lists/cases"},
            {"label": case.title, "href": f"/lists/cases/{case.id}"},
            {"label": _("New from template")},
        ],
    )


# --- Small steps ----------------------------------------------------------------------------------


def _take_all(me: Actor, form: dict[str, str], sent: list[FileStorage]) -> list[Item]:
    if not me.may_write:
        raise Forbidden("You may read documents but not add any.")
    taken = [files.take_form_file("documents", file) for file in sent or [None]]
    values = {name: form.get(name) for name in _PLACES if form.get(name)}
    if form.get("sales_group"):
        values["sales_group"] = form["sales_group"]
    with savepoint(session()):
        return [
            documents.add_file(
                session(),
                me,
                "documents",
                one.blob,
                one.file_name,
                values,
                text=one.text,
                if_exists=form.get("if_exists") or "new_version",
            )
            for one in taken
        ]


def _after_upload(form: dict[str, str], made: list[Item]) -> str:
    """To the one document, or back to the case, else to the list."""
    if len(made) == 1:
        return f"/lists/documents/{made[0].id}"
    case = made[0]["case"] if made else None
    return f"/lists/cases/{case.id}" if case else "/lists/documents"


def _done(library: str, item_id: int, text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(f"/lists/{library}/{item_id}", 303)


def _refused(library: str, item_id: int, refusal: Invalid) -> ResponseReturnValue:
    return _page(library, item_id, _field_errors(refusal)), 422


def _field_errors(refusal: DomainError) -> list[dict[str, str]]:
    labels = {
        "file": _("File"),
        "case": _("Case"),
        "company": _("Company"),
        "document_type": _("Document type"),
        "contact": _("Contact"),
        "template": _("Template"),
        "kind": _("Version"),
        "comment": _("Comment"),
    }
    if not isinstance(refusal, Invalid):
        return [{"name": "", "label": "", "message": said(refusal)}]
    errors: list[FieldError] = refusal.errors
    return [
        {
            "name": one.field if one.field in labels and one.field != "template" else "",
            "label": labels.get(one.field, one.field),
            "message": said(one),
        }
        for one in errors
    ]
