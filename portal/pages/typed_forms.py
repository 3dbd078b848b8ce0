"""The form of an item whose list has content types: each type has a form of its own, and one may change to another.

A form says by the hidden field `_type` of which type it was drawn. What was typed into fields that another type's form
does not have goes along hidden, so that nothing is lost on the way there and back. What nobody touched in a new item's
form begins anew, with the other type's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ...lists import content_types
from ...lists.catalogue import ListDefinition
from ...lists.errors import Invalid
from ...lists.query import Item
from ...lists.rights import Actor
from . import form_rules, forms

DRAWN = "_type"
Form = MultiDict[str, str]


def as_asked(found: ListDefinition, given: Mapping[str, str], item: Item | None = None) -> ListDefinition:
    """The list as it is for the type that is asked for; else for the item's own, or that of new items."""
    standing = item.get(content_types.NAME) if item else content_types.default_of(found)
    return content_types.as_type(found, given.get(content_types.NAME) or standing)


def is_of_another(sent: Form) -> bool:
    """Whether another type was chosen in the form than it was drawn for: then its form comes first."""
    return bool(sent.get(DRAWN)) and sent.get(content_types.NAME, sent[DRAWN]) != sent[DRAWN]


def typed(session: Session, sent: Form, found: ListDefinition, actor: Actor, item: Item | None) -> dict[str, Any]:
    """What was typed, for the form of the chosen type; its fields that were not in the sent form begin as ever."""
    made = forms.typed(sent, found)
    if not is_of_another(sent):
        return made
    before = content_types.as_type(found, sent[DRAWN])
    kept = _names(before) - _untouched(session, sent, before, actor, item)
    begun = forms.of_item(found, item, actor) if item else _begun(session, found, actor)
    kept |= {name for name in made.keys() - _names(before) if _has(sent, name)} | {content_types.NAME}
    return {name: one if name in kept else begun[name] for name, one in made.items()}


def carried(
    session: Session, sent: Form, found: ListDefinition, actor: Actor, item: Item | None
) -> list[tuple[str, str]]:
    """What was typed into fields that this form does not have."""
    others = {column.name for column in found.form_columns if not column.by_program} - _names(found)
    if is_of_another(sent):
        others -= _untouched(session, sent, content_types.as_type(found, sent[DRAWN]), actor, item)
    return [(key, value) for key, value in sent.items(multi=True) if key.partition("-")[0] in others]


def _names(found: ListDefinition) -> set[str]:
    return {column.name for column in forms.columns_of(found)}


def _begun(session: Session, found: ListDefinition, actor: Actor) -> dict[str, Any]:
    """What the form of a new item begins with."""
    return form_rules.with_defaults(session, found, actor, forms.empty(found, actor, {}), ())


def _untouched(session: Session, sent: Form, drawn: ListDefinition, actor: Actor, item: Item | None) -> set[str]:
    """The fields of a new item's form that came back as they were drawn."""
    if item:
        return set()
    begun = form_rules.stored(drawn, _begun(session, drawn, actor))
    now: dict[str, Any] = {}
    for column in forms.columns_of(drawn):
        try:
            now[column.name] = column.type.parse(forms.read_value(column, forms.typed_of(sent, column), actor, None))
        except Invalid:
            continue  # somebody typed it
    return {name for name, value in now.items() if value == begun[name]}


def _has(sent: Form, name: str) -> bool:
    return any(key.partition("-")[0] == name for key in sent)
