"""What items are called, by those who may see it: the titles of many at once, and a name in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Row, Text, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from . import plans
from .catalogue import ListDefinition, catalogue
from .models import User
from .reading import Reading, Stage
from .rights import Actor, Level
from .sqltypes import WHOLE, among_given, array


def titles(session: Session, actor: Actor, list_name: str, ids: Sequence[int]) -> dict[int, str]:
    """The titles of these items, as far as the actor may see them."""
    return titles_by_list(session, actor, {list_name: ids})[list_name]


def titles_by_list(
    session: Session, actor: Actor, wanted: Mapping[str, Collection[int]], *, stage: Stage = Stage.STANDING
) -> dict[str, dict[int, str]]:
    """The titles of items of several lists, as far as the actor may see them, in one statement."""
    found: dict[str, dict[int, str]] = {name: {} for name in wanted}
    there = catalogue(session).by_name
    names = tuple(sorted(name for name, ids in wanted.items() if ids and (name == "users" or name in there)))
    if names:
        statement = plans.kept(session, actor, ("titles", names, stage), lambda: _titles(session, actor, names, stage))
        given = {f"ids_{n}": array(session, sorted(set(wanted[name])), WHOLE) for n, name in enumerate(names)}
        for row in session.execute(statement, given):
            found[row.list_][row.id] = _title(session, actor, row) or f"#{row.id}"
    return found


def _titles(session: Session, actor: Actor, names: Sequence[str], stage: Stage) -> Any:
    parts = [_titles_part(session, actor, name, f"ids_{n}", stage) for n, name in enumerate(names)]
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _titles_part(session: Session, actor: Actor, list_name: str, ids: str, stage: Stage) -> Any:
    """list_, id, name, prefix, typed, translation of the items given as `ids`: the same columns for every list."""
    text, yes_no = cast(null(), Text), cast(null(), Boolean)
    if list_name == "users":
        person = (literal("users").label("list_"), User.id.label("id"), cast(User.name, Text).label("name"))
        return select(*person, text.label("prefix"), yes_no.label("typed"), text.label("translation")).where(
            among_given(session, User.__table__.c.id, ids, WHOLE)
        )
    definition_ = catalogue(session).get(list_name)
    settings = definition_.settings
    reading = Reading(session, definition_, actor, Level.EDIT if stage else Level.HEADLINE, stage=stage)
    prefix, typed = settings.get("name_prefix"), settings.get("name_typed")
    translation = settings.get("translated", {}).get(actor.language)
    return select(
        literal(list_name).label("list_"), reading.id.label("id"), cast(reading.masked("name"), Text).label("name"),
        (cast(reading.masked(prefix), Text) if prefix else text).label("prefix"),
        (reading.masked(typed) if typed else yes_no).label("typed"),
        (cast(reading.masked(translation), Text) if translation else text).label("translation"),
    ).where(among_given(session, reading.id, ids, WHOLE), *reading.conditions())  # fmt: skip


def _title(session: Session, actor: Actor, row: Row[Any]) -> str | None:
    if row.list_ == "users":
        return row.name
    definition_ = catalogue(session).get(row.list_)
    settings = definition_.settings
    parts: dict[Any, Any] = {settings.get("name_prefix"): row.prefix, settings.get("name_typed"): row.typed}
    parts[settings.get("translated", {}).get(actor.language)] = row.translation
    return shown_name(definition_, {**parts, "name": row.name}, actor)


def has_made_name(found: ListDefinition) -> bool:
    """Whether a name that is there may be shown otherwise than it stands."""
    return any(found.settings.get(setting) for setting in ("name_typed", "name_prefix", "translated"))


def shown_name(found: ListDefinition, values: Mapping[str, Any], actor: Actor) -> str | None:
    """The name in the reader's language: made of parts, or the general word where it is masked."""
    name, settings = values.get("name"), found.settings
    general = (settings.get("masked_name") or {}).get(actor.language) or (settings.get("masked_name") or {}).get("en")
    if name is None:
        return general
    # A reader to whom the flag is masked sees typed names only.
    if settings.get("name_typed") and values.get(settings["name_typed"]) is False:
        return f"{general}: {name}"
    prefix = settings.get("name_prefix")
    if prefix and values.get(prefix):
        return f"{found.column(prefix).type.format(values[prefix], actor.reader)}: {name}"
    translation = settings.get("translated", {}).get(actor.language)
    return (values.get(translation) or name) if translation else name
