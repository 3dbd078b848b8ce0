"""The form of an item whose list has content types: each type has a form of its own, and one may change to another.

A form says by the hidden field `_type` of which type it was drawn. What was typed into fields that another type's form
does not have goes along hidden, so that nothing is lost on the way there and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ...lists import content_types
from ...lists.catalogue import ListDefinition
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
    drawn = {column.name for column in forms.columns_of(content_types.as_type(found, sent[DRAWN]))}
    if item:
        begun = forms.of_item(found, item, actor)
    else:
        begun = form_rules.with_defaults(session, found, actor, forms.empty(found, actor, {}), ())
    return {name: one if name in drawn or _has(sent, name) else begun[name] for name, one in made.items()}


def carried(sent: Form, found: ListDefinition) -> list[tuple[str, str]]:
    """What was typed into fields that this form does not have."""
    shown = {column.name for column in forms.columns_of(found)}
    others = {column.name for column in found.form_columns if not column.by_program} - shown
    return [(key, value) for key, value in sent.items(multi=True) if key.partition("-")[0] in others]


def _has(sent: Form, name: str) -> bool:
    return any(key.partition("-")[0] == name for key in sent)
