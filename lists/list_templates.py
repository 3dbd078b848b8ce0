"""List templates: any list as a file's body, and a file's body made into a list, here or elsewhere.

Lookups go by the names of lists, so that they come in intact elsewhere; rows: list_rows.py. Applying a file twice
changes nothing: what the list lacks is added, what differs is changed, nothing is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import (
    changing,
    colours,
    column_options,
    content_types,
    folders,
    list_files,
    list_forms,
    list_settings,
    schema,
    view_settings,
)
from .catalogue import Catalogue, Column, ListDefinition, View, catalogue, definition
from .database import savepoint
from .errors import Invalid
from .formulas import definitions as formulas
from .formulas.tree import own_columns
from .list_files import placed
from .list_rows import Applied
from .models import ColumnRow, ListRow, ViewRow
from .rights import Actor

# --- A list as a body -----------------------------------------------------------------------------


def body_of(session: Session, actor: Actor, list_name: str) -> dict[str, Any]:
    """Everything that a file says of a list, but its rows. Administrators only."""
    schema.administrators_only(actor)
    found = definition(session, list_name)
    body: dict[str, Any] = {"name": found.name, "title": dict(found.titles), "separation": found.separation}
    if found.settings.get("description"):
        body["description"] = found.settings["description"]
    if found.kind == "code":
        body["kind"] = "code"
    if found.settings.get("translated"):
        body["translated"] = list(found.settings["translated"])
    if found.settings.get("comments") is False:
        body["comments"] = False
    if found.settings.get("headline"):
        body["headline"] = found.settings["headline"]
    if (arranged := folders.of(catalogue(session), found)) is not None:
        body[folders.SETTING] = arranged.column.name
    if (form := list_forms.shown(found)) is not None:
        body["form"] = form
    if found.settings.get("validation"):
        body |= formulas.shown(catalogue(session), found, {"validation": found.settings["validation"]})
    settings = {key: found.settings[key] for key in sorted(list_files.SETTINGS) if found.settings.get(key)}
    body |= {"settings": settings} if settings else {}
    own = [column for column in found.own_columns if not _is_given(found, column)]
    body["columns"] = [_column_body(session, found, column) for column in own]
    body["views"] = [_view_body(session, found, view) for view in found.views]
    return body


def _column_body(session: Session, found: ListDefinition, column: Column) -> dict[str, Any]:
    options = changing.options_with(session, found, column, {})
    return {"name": column.name, "type": column.type.name, "title": dict(column.titles), **options}


def _view_body(session: Session, found: ListDefinition, view: View) -> dict[str, Any]:
    settings = view_settings.shown(session, found, view.settings)
    kept = {key: value for key, value in settings.items() if key in list_files.OF_VIEW}
    return {"name": view.name, "title": dict(view.titles), **kept}


def _is_given(found: ListDefinition, column: Column) -> bool:
    """Whether the list has the column by its separation, so that the file need not say it."""
    return found.separation != "common" and column.name in {one["name"] for one in schema.GROUP_COLUMNS}


# --- A body made into a list ----------------------------------------------------------------------


def apply(session: Session, actor: Actor, body: Mapping[str, Any]) -> Applied:
    """Make the list that a body (from `list_files.read`) describes, or bring the one that stands up to it.

    Raises Invalid, whose fields are places in the file; Forbidden.
    """
    schema.administrators_only(actor)
    name = str(body["name"])
    done = Applied(name)
    with placed(body), savepoint(session):
        _make_folders(session, actor, body)
        if name not in catalogue(session).by_name:
            _make(session, actor, body)
            done.made = True
        else:
            _bring_up(session, actor, body, done)
        _keep_views(session, actor, body, done)
        schema.forget(session)
    return done


def _make_folders(session: Session, actor: Actor, body: Mapping[str, Any]) -> None:
    """Make the list of folders to which the file's list points, where it is not there."""
    wanted = body.get(folders.SETTING)
    target = next((one.get("list") for one in body.get("columns", ()) if one["name"] == wanted), None)
    if target is not None and target not in (body["name"], *catalogue(session).by_name):
        folders.make_list(session, actor, str(target), of=str(body["name"]), titles=schema.titles_of(body))


def _make(session: Session, actor: Actor, body: Mapping[str, Any]) -> None:
    made = {key: body[key] for key in ("name", "title", "separation", "columns") if key in body}
    schema.create_list(session, actor, made)
    if body.get("settings"):
        row = session.scalars(select(ListRow).where(ListRow.name == body["name"])).one()
        row.settings = {**row.settings, **body["settings"]}
        schema.forget(session)
    list_settings.change(session, actor, str(body["name"]), _about_list(body, ("title", "separation")))


def _bring_up(session: Session, actor: Actor, body: Mapping[str, Any], done: Applied) -> None:
    found = schema.for_change(session, actor, str(body["name"]))
    new: list[ColumnRow] = []
    for number, column in enumerate(body.get("columns", ()), 1):
        with placed(body, f"columns[{number}]"):
            if not found.has(column["name"]):
                new.append(schema.add_to(session, session.get_one(ListRow, found.id), column))
                done.changed.append(column["name"])
    if new:
        schema.settle_formulas(session, new)
        schema.log_change(session, actor, found, *(row.name for row in new))
        found = definition(session, found.name)
    for number, column in enumerate(body.get("columns", ()), 1):
        with placed(body, f"columns[{number}]"):
            _bring_up_column(session, actor, found, column, done)
    standing = body_of(session, actor, found.name)
    different = {key: value for key, value in _about_list(body).items() if value != standing.get(key)
                 and not (key == "form" and value and list_forms.checked(found, value) == standing.get(key))
                 and not (key == "separation" and found.settings.get("built_in"))}  # fmt: skip
    if different:
        list_settings.change(session, actor, found.name, different)
        done.changed += sorted(different)


def _bring_up_column(
    session: Session, actor: Actor, found: ListDefinition, given: Mapping[str, Any], done: Applied
) -> None:
    column = found.column(given["name"])
    if column.type.name != given["type"]:
        raise Invalid("type", "It is of type %(old)s here, and of type %(new)s in the file.",
                      old=column.type.name, new=str(given["type"])[:40])  # fmt: skip
    standing = _column_body(session, found, column)
    different = {key: value for key, value in given.items() if key not in ("name", "type")
                 and value != standing.get(key) and not _is_same_text(value, standing.get(key))
                 and not (key == "choices" and _are_same_types(found, column, value, standing.get(key)))}  # fmt: skip
    if different:
        changing.change_column(session, actor, found.name, column.name, different)
        done.changed.append(column.name)


def _is_same_text(given: Any, standing: Any) -> bool:
    """A text without languages is the English one."""
    return isinstance(given, str) and standing == {"en": given}


def _are_same_types(found: ListDefinition, column: Column, given: Any, standing: Any) -> bool:
    """Content types are kept without what is empty, and with titles by language."""
    if content_types.column_of(found) is not column or not isinstance(given, list):
        return False
    column_options.check(column.type.name, {"choices": given})
    return content_types.checked(found, given) == standing


def _about_list(body: Mapping[str, Any], besides: Sequence[str] = ()) -> dict[str, Any]:
    known = ("title", "description", "kind", "separation", "headline", "translated", "validation", "comments", "form",
             "folders")  # fmt: skip
    return {key: body[key] for key in known if key in body and key not in besides}


def _keep_views(session: Session, actor: Actor, body: Mapping[str, Any], done: Applied) -> None:
    """Everybody's views: those that are missing are made, those that differ are as the file says."""
    found = definition(session, str(body["name"]))
    there = select(ViewRow).where(ViewRow.list_id == found.id, ViewRow.user_id.is_(None))
    known = {view.name: view for view in session.scalars(there)}
    for number, view in enumerate(body.get("views", ()), 1):
        standing = known.get(view["name"])
        with placed(body, f"views[{number}]"):
            name, titles = schema.name_of(view, "name"), schema.titles_of(view)
            settings = view_settings.checked(session, actor, found, view, shared=True)
        if standing is None:
            session.add(ViewRow(list_id=found.id, name=name, titles=titles, settings=settings,
                                position=len(known) + number))  # fmt: skip
        else:
            of_groups = {key: value for key, value in standing.settings.items() if key not in list_files.OF_VIEW}
            if (standing.titles, standing.settings) == (titles, {**settings, **of_groups}):
                continue
            standing.titles, standing.settings = titles, {**settings, **of_groups}
        done.changed += [] if done.made else [name]
    session.flush()


# --- Copies ---------------------------------------------------------------------------------------


def copy(session: Session, actor: Actor, list_name: str, *, name: str, title: Mapping[str, str]) -> Applied:
    """Make a list like another, without its rows. What points into the list points into the copy. Raises as `apply`.

    What other lists' items come to stays behind: they do not point at the copy.
    """
    body = body_of(session, actor, list_name)
    if name in catalogue(session).by_name:
        raise Invalid("name", "There is a list called %(name)s already.", name=name)
    body = _without_gathered(session, body, definition(session, list_name))
    columns = [{**one, "list": name} if one.get("list") == list_name else one for one in body["columns"]]
    own = folders.own_of(catalogue(session), definition(session, list_name))
    if own is not None:
        theirs = folders.free_name(catalogue(session), f"{name}_folders")
        columns = [{**one, "list": theirs} if one["name"] == own.column.name else one for one in columns]
    columns = [{key: value for key, value in one.items() if key != "by_program"} for one in columns]
    settings = {"settings": body["settings"]} if "settings" in body else {}
    schema.name_of({"name": name}, "name")
    return apply(session, actor, {**body, **settings, "name": name, "title": dict(title), "columns": columns})


def _without_gathered(session: Session, body: Mapping[str, Any], found: ListDefinition) -> dict[str, Any]:
    """The body without columns that gather from other lists, what is calculated from these, and all that names them."""
    lists = catalogue(session)
    gathered = {
        one.name for one in found.own_columns
        if not one.type.is_stored and one.options.get("list") not in (None, found.name)
    }  # fmt: skip
    asking = _asking(lists, found, gathered)
    made = {**body, "columns": [one for one in body["columns"] if one["name"] not in gathered]}
    made["views"] = [_view_without(lists, found, view, gathered) for view in body["views"]]
    if "headline" in body:
        made["headline"] = _without(body["headline"], gathered)
    if "form" in body:
        made["form"] = list_forms.without(body["form"], gathered)
    if None in asking:
        made.pop("validation", None)
    rules = ("validation", "default_formula", "show_when")
    made["columns"] = [
        {**one, "choices": content_types.without_column(one["choices"], gathered)}
        if one["type"] == content_types.NAME
        else {key: value for key, value in one.items() if key not in rules or one["name"] not in asking}
        for one in made["columns"]
    ]
    return made


def _asking(lists: Catalogue, found: ListDefinition, names: set[str]) -> set[str | None]:
    """The columns whose rules ask these (None: the list's own rule); what is calculated from them joins `names`."""
    asking: set[str | None] = set()
    left = sorted(names)
    while left:
        for where, owner in formulas.uses(lists, found.by_name[left.pop()]):
            if where.id != found.id:
                continue
            if owner is None or owner.type.is_stored:
                asking.add(owner and owner.name)
            elif owner.name not in names:
                names.add(owner.name)
                left.append(owner.name)
    return asking


def _view_without(lists: Catalogue, found: ListDefinition, view: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """The view without these columns, and without the filter and the colours that ask them."""
    kept = {key: _without(value, names) for key, value in view.items()}
    words = set(re.findall(r"\w+", str(view.get("filter") or "")))
    if not names.isdisjoint(words):
        kept.pop("filter")
    if kept.get("colours"):
        asked = (colours.check(lists, found, rule["formula"]) for rule in kept["colours"])
        kept["colours"] = [
            rule for rule, node in zip(kept["colours"], asked, strict=True) if names.isdisjoint(own_columns(node))
        ]
    return kept


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if name not in names}
    return [one for one in value if not (isinstance(one, str) and one in names)] if isinstance(value, list) else value
