"""Folders of a list: a second list whose items lie in each other, and a lookup by which an item lies in one of them.

They are items like any others: with rights, versions and a recycle bin, found by imports by their names. Any lookup
to a list that is a tree (a lookup to itself with the option `tree`) can serve; `make` makes both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from . import query, schema, trees
from .catalogue import Catalogue, Column, ListDefinition, catalogue, definition
from .columns import Reference
from .errors import N_, Invalid
from .filters import Compare, Filter
from .rights import Actor

SETTING, OF_LIST = "folders", trees.FOLDERS_OF
COLUMN, PARENT = "folder", "inside"
MOST_SHOWN, LONGEST_NAMED = 500, 150
NAMES = {"en": "Folders of “%s”", "sk": "Priečinky zoznamu „%s“"}
TITLES = {COLUMN: {"en": "Folder", "sk": "Priečinok"}, PARENT: {"en": "Inside", "sk": "V priečinku"}}


@dataclass(frozen=True)
class Folders:
    """The lookup of a list by which its items lie in folders, the list of these, and its lookup to itself."""

    column: Column
    list: ListDefinition
    parent: Column


def of(lists: Catalogue, found: ListDefinition) -> Folders | None:
    """The folders of a list, where it has any."""
    column = found.by_name.get(str(found.settings.get(SETTING)))
    return None if column is None else _folders(lists, column)


def own_of(lists: Catalogue, found: ListDefinition) -> Folders | None:
    """The folders of a list where they are a list of its own, made for it alone."""
    there = of(lists, found)
    return there if there is not None and there.list.settings.get(OF_LIST) == found.name else None


def checked(lists: Catalogue, found: ListDefinition, given: Any) -> str:
    """The name of a lookup by which the list can be arranged in folders. Raises Invalid."""
    column = found.by_name.get(given) if isinstance(given, str) else None
    if column is None or _folders(lists, column) is None:
        words = N_("This is the name of a lookup to a list whose items lie in each other (a lookup to itself that says "
                   "“tree”); true makes both.")  # fmt: skip
        raise Invalid(SETTING, words)
    return column.name


def make(session: Session, actor: Actor, list_name: str) -> str:
    """Make what a list needs to have folders, unless it is there; answers the lookup's name. Raises Invalid, …"""
    from . import list_settings  # which knows of us

    found = definition(session, list_name)
    standing = found.by_name.get(COLUMN)
    if standing is not None and _folders(catalogue(session), standing):
        return COLUMN
    if standing is not None:
        words = N_("The list has a column “folder” that is something else; rename it first.")
        raise Invalid(SETTING, words)
    name = _made_earlier(catalogue(session), found)
    if name is None:
        name = free_name(catalogue(session), f"{found.name}_folders")
        make_list(session, actor, name, of=found.name, titles=found.titles)
        if found.kind == "code":  # what administrators arrange, others do not rearrange
            list_settings.change(session, actor, name, {"kind": "code"})
    lookup = {"name": COLUMN, "type": "lookup", "list": name, "indexed": True, "title": TITLES[COLUMN]}
    schema.add_column(session, actor, found.name, lookup)
    return COLUMN


def make_list(session: Session, actor: Actor, name: str, *, of: str, titles: Mapping[str, str]) -> None:
    """Make the list of the folders of the list called `of`. Raises Invalid, Forbidden."""
    inside = {"name": PARENT, "type": "lookup", "list": name, "tree": True, "title": TITLES[PARENT]}
    first = titles.get("en") or next(iter(titles.values()))
    named = {language: words % (titles.get(language) or first)[:LONGEST_NAMED] for language, words in NAMES.items()}
    settings = {"icon": "folder", OF_LIST: of}
    schema.create_list(session, actor, {"name": name, "title": named, "columns": [inside], "settings": settings})


def way_to(session: Session, actor: Actor, folders: Folders, folder_id: int) -> list[Reference]:
    """The folders from the outermost to this one. Raises NotFound where it is not there or not to be seen."""
    way: list[Reference] = []
    next_id: int | None = folder_id
    while next_id is not None and len(way) < trees.DEEPEST:
        item = query.get(session, actor, folders.list.name, next_id)
        way.insert(0, item.reference)
        next_id = item[folders.parent.name].id if item[folders.parent.name] else None
    return way


def inside(
    session: Session, actor: Actor, folders: Folders, folder_id: int | None, *, search: str = ""
) -> tuple[list[Reference], bool]:
    """The folders that lie in this one (None: in none), by name, at most MOST_SHOWN; and whether there are more.

    `search`: those that are called so, at whatever depth below it.
    """
    where: Filter | None = _lies_in(folders.parent, folder_id)
    if search:
        where = None if folder_id is None else Compare(("id",), "in", _below(session, folders, folder_id)[1:])
    page = query.page(session, actor, folders.list.name, where=where, order=[("name", False)], search=search or None,
                      columns=["name"], limit=MOST_SHOWN, resolved=False)  # fmt: skip
    return [item.reference for item in page.items], page.next is not None


def shown_in(session: Session, folders: Folders, folder_id: int | None, *, with_all_below: bool) -> Filter | None:
    """What lies in a folder (None: in none); or also in those below it. None where that is everything."""
    if not with_all_below:
        return _lies_in(folders.column, folder_id)
    if folder_id is None:
        return None
    return Compare((folders.column.name,), "in", _below(session, folders, folder_id))


def is_list_of_folders(found: ListDefinition) -> bool:
    """Whether a list holds the folders of another one, so that it need not be offered beside that."""
    return OF_LIST in found.settings


def _below(session: Session, folders: Folders, folder_id: int) -> list[int]:
    """The folder and all that lie in it, at whatever depth."""
    levels = trees.below(session, folders.list, folders.parent, folder_id)
    return [folder_id, *(number for level in levels for number in level)]


def _lies_in(lookup: Column, folder_id: int | None) -> Filter:
    given: Sequence[Any] = ("empty", True) if folder_id is None else ("eq", folder_id)
    return Compare((lookup.name,), *given)


def _folders(lists: Catalogue, column: Column) -> Folders | None:
    target = lists.by_name.get(str(column.type.target)) if column.type.name == "lookup" else None
    parent = next(iter(target.trees), None) if target else None
    return Folders(column, target, parent) if target and parent else None


def _made_earlier(lists: Catalogue, found: ListDefinition) -> str | None:
    """The list of folders that a list had before its lookup was deleted."""
    made = (one.name for one in lists.by_name.values() if one.settings.get(OF_LIST) == found.name and one.trees)
    return next(made, None)


def free_name(lists: Catalogue, wanted: str) -> str:
    """A name for a list that no list has, as near as can be to the wanted one."""
    wanted, number, name = wanted[:46], 1, wanted[:46]
    while name in lists.by_name:
        number += 1
        name = f"{wanted}_{number}"
    return name
