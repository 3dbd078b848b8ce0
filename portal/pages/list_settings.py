"""What administrators make of lists: new ones, their settings, the archive and the bin. No code, at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...lists import bins, changing, comments, folders, list_settings
from ...lists.catalogue import Column, ListDefinition, catalogue, definition
from ...lists.database import savepoint
from ...lists.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ...lists.formulas import definitions as formulas
from ...lists.models import ListRow
from ...lists.rights import Actor, Level
from ...lists.schema import SEPARATIONS
from ..errors import said
from ..navigation import LANGUAGE_NAMES
from ..request import actor, home, session
from ..settings import languages
from . import column_form
from .forms import Field

blueprint = Blueprint("list_settings", __name__, url_prefix="/lists")
Errors = Mapping[str, Sequence[str]]


@blueprint.before_request
def only_administrators() -> None:
    """Everybody else gets the friendly page that says so."""
    if not actor().is_administrator:
        raise Forbidden("Only an administrator may change lists.")


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """The form for a new list."""
    return _new_form({"kind": "list", "separation": "common"}, {})


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    """Make a list; then its columns are next."""
    body = _read()
    title = (body["title"] or {}).get(actor().language) or next(iter((body["title"] or {}).values()), "")
    body["name"] = column_form.clean(request.form.get("name")) or column_form.name_from(title)
    try:
        column_form.must_have_title(body)
        with savepoint(session()):
            made = list_settings.create(session(), actor(), body)
    except (Invalid, Conflict) as refusal:
        return _new_form(body, texts_of(refusal, "name")), status_of(refusal)
    flash(_("“%(list)s” is made. Add its columns.", list=made.title(actor().language)), "ok")
    return redirect(url_for("list_settings.show", list_name=made.name), 303)


@blueprint.get("/<list_name>/settings")
def show(list_name: str) -> ResponseReturnValue:
    """A list's columns and everything that is said of it."""
    found = definition(session(), list_name)
    return _settings_page(found, _stored(found), {})


@blueprint.post("/<list_name>/settings")
def save(list_name: str) -> ResponseReturnValue:
    """Change what is said of the list. What a new separation does is told first, and wants a tick."""
    body = _read()
    found = definition(session(), list_name)
    if "headline" in body:
        body["headline"] = _with_unseen(found, body["headline"])
    changes = column_form.changed(body, _stored(found))
    try:
        column_form.must_have_title(body)
        _confirmed(changes)
        with savepoint(session()):
            # Folders are made at the first time; without them the lookup stays.
            without = {"folders": None} if changes.get("folders") is False else {}
            list_settings.change(session(), actor(), list_name, {**changes, **without})
    except (Invalid, Conflict) as refusal:
        return _settings_page(found, body, texts_of(refusal, "title")), status_of(refusal)
    flash(_("The list's settings are saved.") if changes else _("Nothing was changed."), "ok")
    return redirect(url_for("list_settings.show", list_name=list_name), 303)


@blueprint.post("/<list_name>/archive")
def archive(list_name: str) -> ResponseReturnValue:
    """Make the list read-only and take it out of the navigation, or (`back`) bring it back."""
    back = bool(request.form.get("back"))
    list_settings.change(session(), actor(), list_name, {"archived": not back})
    flash(_("The list is in use again.") if back else _("The list is archived. It can be read, but not changed."), "ok")
    return redirect(url_for("list_settings.show", list_name=list_name), 303)


@blueprint.get("/<list_name>/remove")
def ask_remove(list_name: str) -> ResponseReturnValue:
    """Ask before a list goes to the bin."""
    found = definition(session(), list_name)
    number = list_settings.items_in(session(), found)
    return render_template("list_settings/remove.html", definition=found, actor=actor(), number=number)


@blueprint.post("/<list_name>/remove")
def remove(list_name: str) -> ResponseReturnValue:
    """Put a list into the bin; the toast brings it back."""
    found = definition(session(), list_name)
    bins.delete_list(session(), actor(), list_name)
    undo = url_for("list_settings.restore", number=found.id)
    flash({"text": _("Deleted: %(title)s", title=found.title(actor().language)), "undo": undo}, "ok")  # type: ignore[arg-type]
    return redirect(url_for("lists.index"), 303)


@blueprint.get("/bin")
def recycle_bin() -> ResponseReturnValue:
    """The lists that were deleted and can be brought back."""
    me = actor()
    rows = [
        {
            "id": row.id, "title": _title_of(row, me),
            "name": bins.original_name(row.name), "deleted": row.deleted,
        }
        for row in bins.deleted_lists(session(), me)
    ]  # fmt: skip
    return render_template("list_settings/bin.html", rows=rows, actor=me, days=home().settings.recycle_days)


@blueprint.post("/bin/<int:number>/restore")
def restore(number: int) -> ResponseReturnValue:
    """Bring a list back with all that is in it."""
    name = bins.restore_list(session(), actor(), number)
    flash(_("The list is back, with all that is in it."), "ok")
    return redirect(url_for("lists.show", list_name=name), 303)


@blueprint.get("/bin/<int:number>/purge")
def ask_purge(number: int) -> ResponseReturnValue:
    """Ask before a deleted list ends for good."""
    me = actor()
    row = next((one for one in bins.deleted_lists(session(), me) if one.id == number), None)
    if row is None:
        raise NotFound("There is no such list in the bin.")
    return render_template("list_settings/purge.html", title=_title_of(row, me), actor=me)


@blueprint.post("/bin/<int:number>/purge")
def purge(number: int) -> ResponseReturnValue:
    """Let a deleted list end for good."""
    bins.purge_list(session(), actor(), number)
    flash(_("The list is gone for good."), "ok")
    return redirect(url_for("list_settings.recycle_bin"), 303)


def _title_of(row: ListRow, me: Actor) -> str:
    return row.titles.get(me.language) or row.titles.get("en") or bins.original_name(row.name)


# --- Forms ----------------------------------------------------------------------------------------


def texts_of(refusal: DomainError, otherwise: str) -> dict[str, list[str]]:
    """What a refusal says, by field; what names no field stands beside `otherwise`."""
    texts: dict[str, list[str]] = {}
    for error in refusal.errors if isinstance(refusal, Invalid) else ():
        texts.setdefault(error.field or otherwise, []).append(said(error))
    return texts or {otherwise: [said(refusal)]}


def status_of(refusal: DomainError) -> int:
    return 422 if isinstance(refusal, Invalid) else 409


def summary(errors: Errors, fields: Sequence[Field]) -> list[dict[str, str]]:
    """The refusals for the top of a form; a text with a field per language is found at its first."""
    places = {field.name: field for field in reversed(fields)}
    places |= {field.name.rpartition("-")[0]: field for field in reversed(fields) if "-" in field.name}
    return [
        {"name": places[name].name, "label": places[name].label, "message": " ".join(said_)}
        if name in places else {"message": " ".join(said_)}
        for name, said_ in errors.items()
    ]  # fmt: skip


def _read() -> dict[str, Any]:
    form = request.form
    body: dict[str, Any] = {
        "title": column_form.by_language(form, "title"), "description": column_form.by_language(form, "description"),
        "separation": form.get("separation", "common"),
    }  # fmt: skip
    if "kind" in form:  # the CRM's own lists have no field for it, nor for this
        body |= {"kind": form["kind"], "translated": form.getlist("translated") or None}
    if "headline-here" in form:
        body["comments"] = bool(form.get("comments"))
        body["folders"] = bool(form.get("folders"))
        body["headline"] = form.getlist("headline")
        formula, message = column_form.clean(form.get("validation")), column_form.by_language(form, "message")
        rule = {"formula": formula, **({"message": message} if message else {})}
        body["validation"] = rule if formula else None
    return body


def _with_unseen(found: ListDefinition, ticked: Sequence[str]) -> list[str]:
    """The ticked headline columns, with those for which the form has no box; in their old order where none is other."""
    standing = list(found.settings.get("headline", ("name",)))
    boxes = {column.name for column in _headline_choices(found)}
    wanted = {*ticked, *(name for name in standing if name not in boxes)}
    return standing if wanted == set(standing) else sorted(wanted, key=lambda name: (name not in standing, name))


def _headline_choices(found: ListDefinition) -> list[Column]:
    """The columns that may be chosen; of an own list the name is always among the headline."""
    own = not found.settings.get("built_in")
    return [column for column in found.visible_columns if not (own and column.name == "name")]


def _stored(found: ListDefinition) -> dict[str, Any]:
    rule = formulas.shown(catalogue(session()), found, {"validation": found.settings.get("validation")})
    described = found.settings.get("description")
    return {
        "title": dict(found.titles), "description": {"en": described} if isinstance(described, str) else described,
        "kind": found.kind if found.kind in list_settings.KINDS else "list", "separation": found.separation,
        "translated": list(found.settings.get("translated", ())) or None,
        "headline": list(found.settings.get("headline", ("name",))), "validation": rule["validation"],
        "comments": comments.are_on(found), "folders": folders.of(catalogue(session()), found) is not None,
    }  # fmt: skip


def separation_title(separation: str) -> str:
    """A separation in the reader's language."""
    return {"common": _("Common"), "by_owner": _("By owner"), "by_group": _("By sales group")}[separation]


def _separation_about(separation: str, found: ListDefinition | None = None) -> str:
    only_read = found is not None and found.settings.get("common", Level.EDIT) < Level.EDIT
    return {
        "common": _("Everybody with a role reads everything in it; administrators change it.")
        if only_read else _("Everybody with a role reads and edits everything in it."),
        "by_owner": _("Only people of the groups of an item's owner, and its managers, see and edit the item."),
        "by_group": _("Only members of an item's sales group, and managers of its owner, see and edit the item."),
    }[separation]


def _general_fields(values: Mapping[str, Any], errors: Errors, found: ListDefinition | None) -> list[Field]:
    """Titles, description, kind, separation, translations."""
    first = actor().language
    made = column_form.language_fields(
        "title", _("Title"), values.get("title") or {}, errors, required=True, first=first
    )
    made += column_form.language_fields(
        "description", _("What it is for"), values.get("description") or {}, errors, kind="textarea", first=first
    )
    if found is None or not found.settings.get("built_in"):
        kinds = [("list", _("Among your own lists")),
                 ("code", _("Among the code lists: everybody chooses from it, administrators change it"))]  # fmt: skip
        made.append(Field("kind", "radio", _("Where it stands"), values.get("kind"), True, None,
                          list(errors.get("kind", ())), {"choices": kinds}))  # fmt: skip
        others = [(code, LANGUAGE_NAMES.get(code, code)) for code in languages() if code != "en"]
        made.append(Field("translated", "multi_select", _("Entries have a name of their own in"),
                          values.get("translated"), False, None, list(errors.get("translated", ())),
                          {"choices": others}))  # fmt: skip
    choices = [(one, f"{separation_title(one)}: {_separation_about(one, found)}") for one in SEPARATIONS]
    made.append(Field("separation", "radio", _("Who sees what"), values.get("separation"), True, None,
                      list(errors.get("separation", ())), {"choices": choices}))  # fmt: skip
    return made


def _further_fields(values: Mapping[str, Any], errors: Errors, found: ListDefinition) -> list[Field]:
    """Headline columns and the list's own validation."""
    me, rule = actor(), values.get("validation") or {}
    columns = [(one.name, one.title(me.language)) for one in _headline_choices(found)]
    made = [
        Field("headline", "multi_select", _("Who may see an item only in part sees"),
              values.get("headline"), False, None, list(errors.get("headline", ())), {"choices": columns}),
        Field("validation", "textarea", _("An item is valid only when"), rule.get("formula"), False,
              _("A formula, for example: due >= start"), list(errors.get("validation", ())),
              {"rows": 2, "attrs": {"spellcheck": "false"}}),
    ]  # fmt: skip
    made.append(Field("comments", "checkbox", _("Items have comments"), values.get("comments"), False, None,
                      list(errors.get("comments", ())), {}))  # fmt: skip
    made.append(Field("folders", "checkbox", _("Items lie in folders"), values.get("folders"), False,
                      _("Folders are shown above the rows; each item lies in one of them or in none."),
                      list(errors.get("folders", ())), {}))  # fmt: skip
    return made + column_form.language_fields(
        "message", _("What to say otherwise"), rule.get("message") or {}, {}, first=me.language
    )


def _new_form(values: Mapping[str, Any], errors: Errors) -> str:
    fields = _general_fields(values, errors, None)
    fields.insert(len(languages()), Field(
        "name", "text", _("Internal name"), values.get("name"), False,
        _("For addresses and programs; it stays for ever. Left empty, it is made of the title."),
        list(errors.get("name", ())),
    ))  # fmt: skip
    return render_template("list_settings/new.html", fields=fields, errors=summary(errors, fields))


def _settings_page(found: ListDefinition, values: Mapping[str, Any], errors: Errors) -> str:
    me = actor()
    fields = _general_fields(values, errors, found) + _further_fields(values, errors, found)
    return render_template(
        "list_settings/settings.html", definition=found, actor=me, fields=fields, errors=summary(errors, fields),
        effect=_effect(found, values) if "separation" in errors else None, rows=_column_rows(found),
        deleted=[{"id": row.id, "name": bins.original_name(row.name), "deleted": row.deleted,
                  "title": row.titles.get(me.language) or row.titles.get("en") or row.name,
                  "type": column_form.type_label(row.type)}
                 for row in bins.deleted_columns(session(), me, found.name)],
    )  # fmt: skip


def _column_rows(found: ListDefinition) -> list[dict[str, Any]]:
    me, last = actor(), len(found.own_columns)
    return [
        {
            "id": column.name, "title": column.title(me.language), "name": column.name,
            "href": url_for("columns.edit", list_name=found.name, column=column.name),
            "type": column_form.type_label(column.type.name), "required": column.required,
            "unique": bool(column.options.get("unique")), "indexed": bool(column.options.get("indexed")),
            "hidden": column.hidden, "calculated": not column.type.is_stored,
            "shipped": changing.is_shipped(found, column.name),
            "up": place - 1 if place > 1 else None, "down": place + 1 if place < last else None,
        }
        for place, column in enumerate(found.own_columns, 1)
    ]  # fmt: skip


def _confirmed(changes: Mapping[str, Any]) -> None:
    """A new separation changes who sees what at once: it is told, and done only when it is ticked."""
    wanted = changes.get("separation")
    if wanted in SEPARATIONS and not request.form.get("confirmed"):
        raise Invalid("separation", "Read below what this changes, tick it and save again.")


def _effect(found: ListDefinition, values: Mapping[str, Any]) -> str | None:
    wanted = values.get("separation")
    if wanted not in SEPARATIONS or wanted == found.separation:
        return None
    number = list_settings.items_in(session(), found)
    told = ngettext(
        "This changes at once who sees %(num)s item.", "This changes at once who sees %(num)s items.", number
    )
    told = f"{told} {_separation_about(str(wanted), found)}"
    if wanted == "common":
        return told
    without = changing.empty_in(session(), found, found.column("sales_group")) if found.is_grouped else number
    return f"{told} " + ngettext(
        "%(num)s item has no group: only who made it and administrators will see it.",
        "%(num)s items have no group: only who made them and administrators will see them.", without,
    )  # fmt: skip
