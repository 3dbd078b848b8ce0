"""What an administrator says of a list as a whole: titles, purpose, kind, separation, validation, headline, form,
archive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import folders, list_forms, schema
from .catalogue import ListDefinition, definition, fresh
from .errors import Forbidden, Invalid
from .models import ListRow, now
from .rights import Actor, Level
from .sqltypes import is_storable

KINDS = ("list", "code")
LONGEST_DESCRIPTION, MOST_HEADLINE = 2000, 20
RETIRED_COLUMN = {"name": "retired", "type": "boolean", "title": {"en": "Retired", "sk": "Vyradené"}}
_RIGHTS = frozenset({"separation", "kind"})  # what gives every item of the list its rights anew
_ALONE = _RIGHTS | {"archived"}  # what no writer may overlook


def create(session: Session, actor: Actor, body: Mapping[str, Any]) -> ListDefinition:
    """Make a list: `name`, `title`, `separation`, `columns`, and what `change` takes besides.

    Raises Invalid, Conflict (the name is taken), Forbidden.
    """
    made = {key: body[key] for key in ("name", "title", "separation", "columns") if key in body}
    schema.create_list(session, actor, made)
    further = {key: value for key, value in body.items() if key not in made and value is not None}
    return change(session, actor, str(body["name"]), further)


def change(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> ListDefinition:
    """Change a list's `title`, `description`, `kind`, `separation`, `validation`, `headline`, `translated`, `archived`,
    `comments`, `form`, `folders` (a lookup's name; true makes what is needed).

    Null takes a description, validation, headline or form away. A new separation or kind gives every item its new
    rights in this transaction. `translated`: languages in which entries have a name of their own. Raises Invalid on
    the key.
    """
    from . import items  # items needs the definitions, and only here do definitions need items

    found = schema.for_change(session, actor, list_name, alone=bool(_ALONE & set(body)))
    if body.get(folders.SETTING) is True:
        body = {**body, folders.SETTING: folders.make(session, actor, list_name)}
    row = session.get_one(ListRow, found.id)
    for key, value in body.items():
        if key not in _CHANGES:
            raise Invalid(str(key)[:40], "This cannot be changed of a list.")
        if not is_storable(value):
            raise Invalid(key, "This holds a character or a number that is none.")
    for key, do in _CHANGES.items():
        if key in body:
            do(session, found, row, body[key])
    if not body:
        return found
    schema.log_change(session, actor, found, *body)
    changed = definition(session, list_name)
    if _RIGHTS & set(body):
        items.rescope_all(session, actor, changed)
    return changed


def items_in(session: Session, found: ListDefinition) -> int:
    """How many items stand in a list, whoever may see them: for administrators only."""
    return session.scalar(select(func.count()).where(found.table.c.deleted.is_(None))) or 0


# --- One thing each -------------------------------------------------------------------------------


def _title(_session: Session, _found: ListDefinition, row: ListRow, given: Any) -> None:
    row.titles = schema.titles_of({"title": given, "name": row.name})


def _description(_session: Session, _found: ListDefinition, row: ListRow, given: Any) -> None:
    texts = {"en": given} if isinstance(given, str) else given or {}
    sound = isinstance(texts, Mapping) and all(
        isinstance(language, str) and schema.LANGUAGE.fullmatch(language) and isinstance(text, str)
        for language, text in texts.items()
    )
    if not sound:
        raise Invalid("description", "This is a text, or one text per language.")
    if any(len(text) > LONGEST_DESCRIPTION for text in texts.values()):
        raise Invalid("description", "This is longer than %(max)s characters.", max=LONGEST_DESCRIPTION)
    _set(row, "description", {language: text for language, text in texts.items() if text.strip()} or None)


def _kind(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    """A code list is read by everybody, edited by administrators, and its used entries are retired, not deleted."""
    if given not in KINDS:
        choices = ", ".join(KINDS)
        raise Invalid("kind", "“%(value)s” is not one of: %(choices)s.", value=str(given)[:40], choices=choices)
    if given == found.kind:
        return
    if found.settings.get("built_in"):
        raise Invalid("kind", "This list belongs to the CRM and stays what it is.")
    is_code = given == "code"
    if is_code and found.has("retired") and found.column("retired").type.name != "boolean":
        raise Invalid("kind", "The column “retired” of a code list says yes or no; this one's is of another type.")
    _set(row, "kind", given if is_code else None)
    _set(row, "common", int(Level.READ) if is_code else None)
    _set(row, "keep_used", is_code or None)
    if is_code and not found.has("retired"):
        schema.add_to(session, row, RETIRED_COLUMN)


def _separation(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    row.separation = schema.separation_of(given)
    if row.separation != "common":
        for column in schema.GROUP_COLUMNS:
            if not found.has(column["name"]):
                schema.add_to(session, row, column)
        row.settings = schema.with_ownership(row.settings)


def _validation(session: Session, _found: ListDefinition, row: ListRow, given: Any) -> None:
    _set(row, "validation", given)
    schema.settle_formulas(session, [], [row])


def _headline(_session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    names = ["name"] if given is None else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("headline", "This must be a list of words.")
    for name in names:
        if not found.has(name) or (found.by_name[name].hidden and name not in found.headline):
            raise Invalid("headline", "The list %(list)s has no column %(column)s.", list=found.name, column=name[:40])
    if len(names) > MOST_HEADLINE:
        raise Invalid("headline", "There can be at most %(max)s of them.", max=MOST_HEADLINE)
    first = [] if found.settings.get("built_in") else ["name"]
    _set(row, "headline", list(dict.fromkeys([*first, *names])))


def _translated(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    """Give each of these languages a column for the entries' name; a language left out keeps its column."""
    languages = given or []
    if not isinstance(languages, list) or not all(
        isinstance(one, str) and one != "en" and schema.LANGUAGE.fullmatch(one) for one in languages
    ):
        raise Invalid("translated", "These are the codes of languages, such as sk.")
    names = {one: f"name_{one.lower().replace('-', '_')}" for one in languages}
    for language, name in names.items():
        if not found.has(name):
            title = {key: f"{text} ({language})" for key, text in schema.NAME_COLUMN["title"].items()}
            schema.add_to(session, row, {"name": name, "type": "text", "title": title})
    _set(row, "translated", names or None)


def _comments(_session: Session, _found: ListDefinition, row: ListRow, given: Any) -> None:
    """Whether something may be said of items; what was said is kept, and is there again when it may."""
    if not isinstance(given, bool):
        raise Invalid("comments", "This must be true or false.")
    _set(row, "comments", None if given else False)


def _form(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    """Which fields the list's form has, among them columns that this very change brings."""
    _set(row, "form", None if given is None else list_forms.checked(fresh(session).by_id[found.id], given))


def _folders(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    """By which lookup the list is arranged in folders; the lookup and the folders stay when it is not any more."""
    lists = fresh(session)
    _set(row, folders.SETTING, None if given is None else folders.checked(lists, lists.by_id[found.id], given))


def _folder_lists(session: Session, found: ListDefinition) -> list[int]:
    """The lists that hold this one's folders."""
    return [one.id for one in fresh(session).by_id.values() if one.settings.get(folders.OF_LIST) == found.name]


def _archived(session: Session, found: ListDefinition, row: ListRow, given: Any) -> None:
    """Read-only and out of the navigation, until it is brought back."""
    if not isinstance(given, bool):
        raise Invalid("archived", "This must be true or false.")
    if found.settings.get("built_in"):
        raise Forbidden("The list %(list)s belongs to the CRM and cannot be archived.", list=found.name)
    when = now().isoformat() if given else None
    _set(row, "archived", when)
    for one in session.scalars(select(ListRow).where(ListRow.id.in_(_folder_lists(session, found)))):
        _set(one, "archived", when)


def _set(row: ListRow, key: str, value: Any) -> None:
    """Say something of a list, or (None) nothing any more. Of a shipped list it is kept when the program is renewed."""
    rest = {name: one for name, one in row.settings.items() if name != key}
    if row.settings.get("built_in"):
        rest["by_house"] = sorted({*row.settings.get("by_house", ()), key})
    row.settings = rest if value is None else {**rest, key: value}


_CHANGES: dict[str, Callable[[Session, ListDefinition, ListRow, Any], None]] = {
    "title": _title, "description": _description, "separation": _separation, "kind": _kind,
    "translated": _translated, "validation": _validation, "headline": _headline,
    "archived": _archived, "comments": _comments, "form": _form, "folders": _folders,
}  # fmt: skip
