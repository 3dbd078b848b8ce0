"""Making, changing, ordering and removing a list's content types: each a change of the column that has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from . import changing, schema
from .catalogue import definition
from .content_types import NAME, Type, column_of, type_called, types_of
from .errors import Conflict, Invalid
from .rights import Actor

TITLE = {"en": "Content type", "sk": "Typ obsahu"}


def make(session: Session, actor: Actor, list_name: str, body: Type) -> None:
    """Add a type, as the last one; the first one makes the column, and all items are of it.

    Raises Invalid on `choices`, Conflict (the list has another column of that name).
    """
    found = definition(session, list_name)
    if column_of(found) is None:
        column = {"name": NAME, "type": NAME, "title": TITLE, "required": True, "choices": [dict(body)]}
        schema.add_column(session, actor, list_name, column)
        return
    if any(one["value"] == body.get("value") for one in types_of(found)):
        raise Conflict("There is a content type called %(name)s already.", name=body.get("value"))
    _write(session, actor, list_name, [*types_of(found), dict(body)])


def change(session: Session, actor: Actor, list_name: str, value: str, body: Type) -> None:
    """Say something else of a type; None takes away what was said. Raises NotFound, Invalid on `choices`."""
    found = definition(session, list_name)
    known = type_called(found, value)
    changed = {key: one for key, one in {**known, **body, "value": value}.items() if one is not None}
    _write(session, actor, list_name, [changed if one == known else one for one in types_of(found)])


def move(session: Session, actor: Actor, list_name: str, value: str, place: int) -> None:
    """Put a type at this place, 1 = first. Raises NotFound, Invalid."""
    found = definition(session, list_name)
    known, rest = type_called(found, value), [one for one in types_of(found) if one["value"] != value]
    rest.insert(max(place - 1, 0), known)
    _write(session, actor, list_name, rest)


def remove(session: Session, actor: Actor, list_name: str, value: str) -> None:
    """Take a type away of which there is no item. Raises NotFound, Invalid (there are, or it is the last one)."""
    found = definition(session, list_name)
    type_called(found, value)
    rest = [one for one in types_of(found) if one["value"] != value]
    if not rest:
        raise Invalid("choices", "This is the last content type. Delete the column “Content type” instead.")
    _write(session, actor, list_name, rest)


def _write(session: Session, actor: Actor, list_name: str, types: list[dict[str, Any]]) -> None:
    changing.change_column(session, actor, list_name, NAME, {"choices": types})
