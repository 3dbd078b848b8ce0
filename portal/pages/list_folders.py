"""Where in a list's folders its page stands (`?folder=7`, `?folder=all`): the way there, and what lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import folders
from ...lists.catalogue import ListDefinition, catalogue
from ...lists.errors import NotFound
from ...lists.filters import Filter
from ...lists.folders import Folders
from ...lists.rights import Actor, may_add

if TYPE_CHECKING:
    from .list_state import ListState

ALL = "all"  # every item, whichever folder it lies in


def condition(session: Session, state: ListState) -> Filter | None:
    """What lies in the address's folder; where the list is searched or filtered, all that lies below it too."""
    there = folders.of(catalogue(session), state.definition)
    if there is None or state.folder == ALL:
        return None
    return folders.shown_in(session, there, folder_id(state), with_all_below=state.is_narrowed)


def folder_id(state: ListState) -> int | None:
    """The folder that the address names; None: outside of all, or all of them."""
    return int(state.folder) if state.folder.isdecimal() else None


def preset(session: Session, state: ListState) -> dict[str, Any]:
    """What a new item begins with, so that it lies where one stands."""
    there, number = folders.of(catalogue(session), state.definition), folder_id(state)
    return {there.column.name: str(number)} if there and number else {}


def context(session: Session, found: ListDefinition, me: Actor, state: ListState, base: str) -> dict[str, Any] | None:
    """The way to the folder, those in it, and what can be done here; None for a list without folders."""
    there = folders.of(catalogue(session), found)
    if there is None:
        return None
    outermost = {"label": found.title(me.language), "href": state.href(base, folder=None)}
    if state.folder == ALL:
        return {"way": [outermost, {"label": _("All folders"), "href": None}], "inside": [], "actions": []}
    number = folder_id(state)
    way = _way(session, me, there, number)
    inside, more = folders.inside(session, me, there, number, search=state.search)
    return {
        "way": [outermost, *({"label": one.title, "href": state.href(base, folder=str(one.id))} for one in way)],
        "inside": [{"label": one.title, "href": state.href(base, folder=str(one.id), search=None)} for one in inside],
        "more_href": url_for("lists.show", list_name=there.list.name) if more else None,
        "actions": _actions(found, me, state, base, there, number),
    }


def _actions(
    found: ListDefinition, me: Actor, state: ListState, base: str, there: Folders, number: int | None
) -> list[dict[str, str]]:
    made = []
    if may_add(there.list, me) and not found.is_archived:
        parent: dict[str, Any] = {there.parent.name: number} if number else {}
        address = url_for("items.new", list_name=there.list.name, next=state.href(base), **parent)
        made.append({"label": _("New folder"), "href": address, "icon": "plus"})
    if number is not None:
        address = url_for("items.show", list_name=there.list.name, item_id=number)
        made.append({"label": _("This folder"), "href": address, "icon": "settings"})
    made.append({"label": _("Show all without folders"), "href": state.href(base, folder=ALL), "icon": "list"})
    return made


def _way(session: Session, me: Actor, there: Folders, number: int | None) -> list[Any]:
    try:
        return folders.way_to(session, me, there, number) if number is not None else []
    except NotFound:
        return []


def known(session: Session, found: ListDefinition, me: Actor, given: str) -> str | None:
    """The folder that an address names, as the state keeps it; None where there is none such."""
    there = folders.of(catalogue(session), found)
    if there is None or given in ("", ALL):
        return given if there else ""
    number = int(given) if given.isdecimal() and len(given) < 10 else 0
    return given if number and _way(session, me, there, number) else None
