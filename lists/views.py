"""Saved views of a list: whose they are, which one a reader begins with, and how they are saved and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import own_views, schema, view_settings
from .catalogue import ListDefinition, View, definition, forget
from .errors import Conflict, Invalid, NotFound
from .models import ViewRow
from .rights import Actor
from .view_settings import SETTINGS

MOST_OWN, MOST_SHARED = 100, 200


def views_for(session: Session, found: ListDefinition, actor: Actor) -> list[View]:
    """Everybody's views and the actor's own."""
    return [*found.views, *own_views.of(session, actor).get(found.id, ())]


def view_called(session: Session, found: ListDefinition, actor: Actor, name: str) -> View | None:
    """The view of this name; of two the reader's own."""
    called = [view for view in views_for(session, found, actor) if view.name == name]
    return next((view for view in called if view.user_id is not None), called[0] if called else None)


def first_view(session: Session, found: ListDefinition, actor: Actor) -> View | None:
    """The view that the reader begins with: their own choice, their group's, everybody's, else the first."""
    views = views_for(session, found, actor)
    own = [view for view in views if view.user_id is not None and view.settings.get("default")]
    groups = [group for group in (actor.default_group, *sorted(actor.groups)) if group is not None]
    of_groups = [view for group in groups for view in views if group in view.settings.get("default_for", ())]
    of_all = [view for view in views if view.user_id is None and view.settings.get("default")]
    return next(iter([*own, *of_groups, *of_all, *views]), None)


def may_change(view: View, actor: Actor) -> bool:
    """Whether the actor may save over the view: their own, and administrators everybody's."""
    return actor.is_administrator if view.user_id is None else view.user_id == actor.user_id


def save(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> View:
    """Save a new view: `name`, `title` and settings. `shared` true (administrators) = everybody's.

    Raises Invalid on the setting, Conflict (the name is taken), Forbidden.
    """
    found, shared = definition(session, list_name), bool(body.get("shared"))
    if shared:
        schema.administrators_only(actor)
    row = ViewRow(
        list_id=found.id,
        name=_name(body),
        titles=schema.titles_of(body),
        user_id=None if shared else actor.user_id,
        settings=view_settings.checked(session, actor, found, body, shared=shared),
        position=1000,
    )
    _check_name(session, row)
    session.add(row)
    session.flush()
    _keep_one_default(session, row)
    return _saved(session, actor, list_name, row)


def change(session: Session, actor: Actor, list_name: str, view_id: int, body: Mapping[str, Any]) -> View:
    """Change a view's title or settings; a setting that is None is taken away. `position`: its place among its like.

    `shared` gives one's own view to everybody (administrators). Raises NotFound, Forbidden, Invalid, Conflict.
    """
    found, row = definition(session, list_name), _row(session, actor, list_name, view_id)
    if body.get("shared") and row.user_id is not None:
        schema.administrators_only(actor)
        own_views.changed(session, row.user_id)
        row.user_id = None
        _check_name(session, row)
    if "title" in body:
        row.titles = schema.titles_of(body, row.name)
    given = {name: body[name] for name in SETTINGS if name in body}
    stood = view_settings.shown(session, found, row.settings)
    row.settings = view_settings.checked(session, actor, found, {**stood, **given}, shared=row.user_id is None)
    _keep_one_default(session, row)
    if body.get("position") is not None:
        _move(session, row, body["position"])
    return _saved(session, actor, list_name, row)


def delete(session: Session, actor: Actor, list_name: str, view_id: int) -> None:
    """Take a view away; the list's items are not touched. Raises NotFound, Forbidden."""
    row = _row(session, actor, list_name, view_id)
    session.delete(row)
    _changed(session, row)


# --- Whose it is ----------------------------------------------------------------------------------


def _row(session: Session, actor: Actor, list_name: str, view_id: int) -> ViewRow:
    """The view for writing. Raises NotFound (also of somebody else's own), Forbidden."""
    found = definition(session, list_name)
    view = next((view for view in views_for(session, found, actor) if view.id == view_id), None)
    if view is None:
        raise NotFound("There is no such view.")
    if not may_change(view, actor):
        schema.administrators_only(actor)
    return session.get_one(ViewRow, view_id)


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not schema.NAME.fullmatch(name):
        raise Invalid("name", "A name is made of small letters, digits and underscores, and begins with a letter.")
    return name


def _check_name(session: Session, row: ViewRow) -> None:
    """A name stands once among everybody's views, and once among those of one user."""
    with session.no_autoflush:
        like = [view for view in _like(session, row) if view.id != row.id]
    if any(view.name == row.name for view in like):
        raise Conflict("There is a view called %(name)s already.", name=row.name)
    most = MOST_SHARED if row.user_id is None else MOST_OWN
    if len(like) >= most:
        raise Invalid("name", "There can be at most %(max)s views.", max=most)


def _keep_one_default(session: Session, row: ViewRow) -> None:
    """Of all with the same public only one is the first."""
    for other in _like(session, row):
        if other.id == row.id:
            continue
        settings = dict(other.settings)
        if row.settings.get("default"):
            settings.pop("default", None)
        taken = row.settings.get("default_for", ())
        groups = [group for group in settings.pop("default_for", ()) if group not in taken]
        if groups:
            settings["default_for"] = groups
        if settings != other.settings:
            other.settings = settings


def _move(session: Session, row: ViewRow, place: Any) -> None:
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < 10_000:
        raise Invalid("position", "This must be between %(min)s and %(max)s.", min=0, max=9_999)
    others = [one for one in _like(session, row) if one.id != row.id]
    others.insert(place, row)
    for position, one in enumerate(others):
        one.position = position if row.user_id is None else 1000 + position


def _like(session: Session, row: ViewRow) -> list[ViewRow]:
    """The views with the same public, in their order."""
    same = ViewRow.user_id.is_(None) if row.user_id is None else ViewRow.user_id == row.user_id
    statement = select(ViewRow).where(ViewRow.list_id == row.list_id, same)
    return list(session.scalars(statement.order_by(ViewRow.position, ViewRow.id)))


def _saved(session: Session, actor: Actor, list_name: str, row: ViewRow) -> View:
    _changed(session, row)
    found = definition(session, list_name)
    return next(view for view in views_for(session, found, actor) if view.id == row.id)


def _changed(session: Session, row: ViewRow) -> None:
    """Everybody's views are a part of the catalogue; one's own concern nobody else."""
    if row.user_id is None:
        forget(session)
    else:
        own_views.changed(session, row.user_id)
