"""Lists as files and as copies, for administrators: save a list as a file, make one of a file, copy one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...lists import list_files, list_rows, list_settings, list_templates
from ...lists.catalogue import definition
from ...lists.errors import Conflict, Invalid
from ...lists.list_rows import Applied
from .. import list_templates as files
from ..errors import said
from ..request import actor, home, session
from . import column_form
from .list_settings import Errors, only_administrators, status_of, summary, texts_of

blueprint = Blueprint("list_files", __name__, url_prefix="/lists")
blueprint.before_request(only_administrators)


@blueprint.get("/<list_name>/as-file")
def ask_export(list_name: str) -> ResponseReturnValue:
    """Ask whether the rows shall be in the file."""
    found = definition(session(), list_name)
    number = list_settings.items_in(session(), found)
    return render_template("list_settings/export.html", definition=found, actor=actor(), number=number)


@blueprint.get("/<list_name>/file.json")
def export(list_name: str) -> ResponseReturnValue:
    """The list as a file; `rows=1` with its rows."""
    me, database, with_rows = actor(), home().database, bool(request.args.get("rows"))
    definition(session(), list_name)

    def pieces() -> Iterator[str]:
        with database.read() as reading:
            rows = list_rows.rows_of(reading, me, list_name) if with_rows else None
            yield from list_files.write(list_templates.body_of(reading, me, list_name), rows)

    answer = Response(pieces(), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{list_name}.json"'
    return answer


@blueprint.get("/import")
def ask_import() -> ResponseReturnValue:
    """Which file."""
    return render_template("list_settings/import.html", errors=[])


@blueprint.post("/import")
def make_of_file() -> ResponseReturnValue:
    """Make a list of a file, or bring the one that stands up to it. A refusal names its place in the file."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid("", "Choose a file.")
        done = files.apply_file(home(), actor(), _text(sent.read()))
    except (Invalid, Conflict) as refusal:
        fields = refusal.errors if isinstance(refusal, Invalid) else []
        errors = [{"message": f"{one.field}: {said(one)}" if one.field else said(one)} for one in fields]
        page = render_template("list_settings/import.html", errors=errors or [{"message": said(refusal)}])
        return page, status_of(refusal)
    flash(_told(done), "ok")
    return redirect(url_for("lists.show", list_name=done.name), 303)


@blueprint.get("/<list_name>/copy")
def ask_copy(list_name: str) -> ResponseReturnValue:
    """Title and name of the copy, and whether with the rows."""
    found = definition(session(), list_name)
    titles = {code: _("Copy of %(title)s", title=title) for code, title in found.titles.items()}
    return _copy_form(list_name, {"title": titles, "name": None}, {})


@blueprint.post("/<list_name>/copy")
def copy(list_name: str) -> ResponseReturnValue:
    """Make the copy; with rows through the door, in portions."""
    titles = column_form.by_language(request.form, "title") or {}
    name = column_form.clean(request.form.get("name")) or column_form.name_from(next(iter(titles.values()), ""))
    me = actor()
    try:
        column_form.must_have_title({"title": titles})
        with home().database.write() as writing:
            done = list_templates.copy(writing, me, list_name, name=name, title=titles)
        if request.form.get("rows"):
            list_rows.copy_rows(home().database, me, list_name, done)
    except (Invalid, Conflict) as refusal:
        return _copy_form(list_name, {"title": titles, "name": name}, texts_of(refusal, "name")), status_of(refusal)
    flash(_told(done), "ok")
    return redirect(url_for("lists.show", list_name=done.name), 303)


def _copy_form(list_name: str, values: Mapping[str, object], errors: Errors) -> str:
    found = definition(session(), list_name)
    fields = column_form.language_fields(
        "title", _("Title"), values["title"] or {}, errors, required=True, first=actor().language  # type: ignore[arg-type]
    )
    fields.append(column_form.Field(
        "name", "text", _("Internal name"), values["name"], False,
        _("For addresses and programs; it stays for ever. Left empty, it is made of the title."),
        list(errors.get("name", ())),
    ))  # fmt: skip
    return render_template(
        "list_settings/copy.html", definition=found, actor=actor(), fields=fields, errors=summary(errors, fields),
        number=list_settings.items_in(session(), found), with_rows=bool(request.form.get("rows")),
    )  # fmt: skip


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("", "The file is not UTF-8 text.") from None


def _told(done: Applied) -> str:
    """What became of the file, in a sentence or three."""
    parts = [_("The list is made.")] if done.made else []
    if not done.made:
        changed = ", ".join(dict.fromkeys(done.changed))
        parts.append(_("Changed: %(names)s.", names=changed) if changed else _("The list is as the file says."))
    if done.created:
        parts.append(ngettext("%(num)s row was added.", "%(num)s rows were added.", done.created))
    if done.updated:
        parts.append(ngettext("%(num)s row was changed.", "%(num)s rows were changed.", done.updated))
    if done.refused:
        parts.append(ngettext("%(num)s row does not fit and was left out: %(why)s",
                              "%(num)s rows do not fit and were left out, the first: %(why)s",
                              len(done.refused), why=said(done.refused[0].errors[0])))  # fmt: skip
    return " ".join(parts)
