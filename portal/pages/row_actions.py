"""What can be done with an item from its row and its page: the actions that a list's definition names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _

from ...lists.catalogue import ListDefinition
from ...lists.query import Item
from ...lists.rights import Actor, Level
from .cells import Shown


@dataclass(frozen=True)
class Action:
    """One action: a form to open (`href`), or a change to make at once (`posts`)."""

    name: str
    label: str
    icon: str
    href: str
    posts: bool = False
    short: str = ""


def needed_columns(found: ListDefinition, columns: Sequence[Shown]) -> list[str]:
    """Columns that a page reads beside those it shows: currencies, what a day waits for, what actions depend on."""
    names = [
        column.type.options.get("currency_column", "currency") for column in columns if column.type.name == "currency"
    ]
    names += [found.settings.get("overdue", {}).get(column.name, "") for column in columns]
    if found.settings.get("actions"):
        names += ["status", "done", "activity_type"]
    return [name for name in dict.fromkeys(names) if found.has(name)]


def actions_for(item: Item, actor: Actor, here: str) -> list[Action]:
    """The actions that this reader may start on the item. `here`: where the form leads back to."""
    if not actor.may_write or item.level < Level.READ:
        return []
    return [action for name in item.definition.settings.get("actions", ()) if (action := _action(name, item, here))]


def _action(name: str, item: Item, here: str) -> Action | None:
    back = urlencode({"next": here})
    if item.definition.name == "cases":
        return _case_action(name, item, back)
    if item.definition.name == "relations":
        return _relation_action(name, item, back)
    if name == "done" and item.editable and item.get("activity_type") in ("task", "meeting", None):
        if item.get("done"):
            return None
        href = url_for("items.done", list_name=item.definition.name, item_id=item.id)
        return Action(
            "done", _("Mark as done: %(title)s", title=item.title), "check", href, posts=True, short=_("Done")
        )
    return None


def _case_action(name: str, item: Item, back: str) -> Action | None:
    if not item.editable or (name == "close" and item.get("status") == "closed"):
        return None
    title, href = item.title, f"{_root()}/cases/{item.id}/{name}?{back}"
    match name:
        case "call":
            return Action(name, _("Phone call about %(title)s", title=title), "call", href, short=_("Call"))
        case "task":
            return Action(name, _("Task for %(title)s", title=title), "task", href, short=_("Task"))
        case "meeting":
            return Action(name, _("Meeting about %(title)s", title=title), "meeting", href, short=_("Meeting"))
        case "email":
            return Action(name, _("E-mail about %(title)s", title=title), "mail", href, short=_("E-mail"))
        case "close":
            return Action(name, _("Close case %(title)s", title=title), "close-case", href, short=_("Close case"))
    return None


def _relation_action(name: str, item: Item, back: str) -> Action | None:
    match name:
        case "call":
            return Action(
                name,
                _("Phone call with %(title)s", title=item.title),
                "call",
                f"{_root()}/relations/{item.id}/call?{back}",
                short=_("Call"),
            )
        case "email":
            return Action(
                name,
                _("E-mail to %(title)s", title=item.title),
                "mail",
                f"{_root()}/relations/{item.id}/email?{back}",
                short=_("E-mail"),
            )
        case "case":
            href = url_for("items.new", list_name="cases", company=item.id)
            return Action(name, _("New case with %(title)s", title=item.title), "plus", href, short=_("New case"))
    return None


def _root() -> str:
    from flask import request

    return request.script_root
