"""Alerts: who wants to be told of what, when and how. Each is its owner's; administrators see and end anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ...lists import changelog, own_views, query
from ...lists.catalogue import ListDefinition, View, catalogue, definition
from ...lists.database import one_at_a_time
from ...lists.errors import N_, Forbidden, Invalid, NotFound
from ...lists.models import now
from ...lists.recycling import when_purged
from ...lists.rights import Actor, Level, may_open
from ...lists.titles import titles_by_list
from ...lists.views import views_for
from .models import Alert, AlertFinding, Notice
from .schedule import RHYTHMS, due

CHANGES = ("all", "new", "changed", "deleted", "columns")
MOST = 200


@dataclass(frozen=True)
class Shown:
    """An alert with the titles that its reader may have; `about` is None where it is about nothing any more."""

    alert: Alert
    definition: ListDefinition | None
    about: str | None
    columns: tuple[str, ...]
    owner: str | None = None
    view: View | None = None


class AlreadyThere(Invalid):
    """The same alert stands already; the value `number` says which."""


class Wish(TypedDict, total=False):
    """What somebody wants to be told of, when and how; what is left out is as `_wanted` says."""

    changes: str
    columns: Iterable[str]
    rhythm: str
    hour: int
    weekday: int
    by_portal: bool
    by_mail: bool


def add(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    item_id: int | None = None,
    view_id: int | None = None,
    **wish: Unpack[Wish],
) -> Alert:
    """Alert the actor of an item, a view, or the list. Raises NotFound, Forbidden, Invalid on the field."""
    if item_id is not None and view_id is not None:
        raise Invalid("view", "An alert is of an item or of a view, not of both.")
    found = subject(session, actor, list_name, item_id, view_id)
    wanted = _wanted(found, item_id, **wish)
    if (session.scalar(select(func.count()).where(Alert.user_id == actor.user_id)) or 0) >= MOST:
        raise Invalid("changes", "You have %(max)s alerts already. End one first.", max=MOST)
    alert = Alert(
        user_id=actor.user_id, list_id=found.id, item_id=item_id, view_id=view_id, since=changelog.last(session),
        **wanted,
    )  # fmt: skip
    _refuse_twice(session, alert, wanted)
    session.add(alert)
    session.flush()
    return alert


def change(
    session: Session,
    actor: Actor,
    alert_id: int,
    **wish: Unpack[Wish],
) -> Alert:
    """Change what one's own alert is of, when and how it tells; what it waits to tell is told at the new time.

    Raises NotFound (also where what it is about may not be read any more), Forbidden, Invalid on the field.
    """
    alert, found = for_change(session, actor, alert_id)
    wanted = _wanted(found, alert.item_id, **wish)
    _refuse_twice(session, alert, wanted)
    for name, value in wanted.items():
        setattr(alert, name, value)
    when = due(alert.rhythm, alert.hour, alert.weekday, actor.time_zone, now())
    session.execute(update(AlertFinding).where(AlertFinding.alert_id == alert.id).values(due=when))
    session.flush()
    return alert


def _refuse_twice(session: Session, alert: Alert, wanted: Mapping[str, Any]) -> None:
    """Refuse what another alert of the same person tells of the same thing at the same time. Raises AlreadyThere."""
    one_at_a_time(session, "alerts", alert.user_id)
    same_subject = select(Alert).where(
        Alert.user_id == alert.user_id, Alert.id != (alert.id or 0), Alert.list_id == alert.list_id,
        Alert.item_id.is_not_distinct_from(alert.item_id), Alert.view_id.is_not_distinct_from(alert.view_id),
    )  # fmt: skip
    for other in session.scalars(same_subject.order_by(Alert.id)):
        there = {name: getattr(other, name) for name in wanted}
        if _told_of(there) == _told_of(wanted):
            words = N_("You have this alert already: number %(number)s. Change that one, or end it.")
            raise AlreadyThere("changes", words, number=other.id)


def _told_of(wanted: Mapping[str, Any]) -> tuple[object, ...]:
    """What an alert tells of, and when; by which ways does not make it another."""
    of_rhythm = {"now": (), "daily": ("hour",), "weekly": ("hour", "weekday")}[wanted["rhythm"]]
    when = tuple(wanted[name] for name in of_rhythm)
    return wanted["changes"], frozenset(wanted["columns"]), wanted["rhythm"], when


def wish_of(alert: Alert, found: ListDefinition) -> Wish:
    """What an alert's owner wants as it stands."""
    return {
        "changes": alert.changes,
        "columns": [column.name for column in found.visible_columns if column.id in alert.columns],
        "rhythm": alert.rhythm, "hour": alert.hour, "weekday": alert.weekday,
        "by_portal": alert.by_portal, "by_mail": alert.by_mail,
    }  # fmt: skip


def for_change(session: Session, actor: Actor, alert_id: int) -> tuple[Alert, ListDefinition]:
    """One's own alert and the list that it is about. Raises NotFound, Forbidden."""
    alert = get(session, actor, alert_id)
    if alert.user_id != actor.user_id:
        raise Forbidden("Only its owner can change an alert.")
    found = catalogue(session).by_id.get(alert.list_id)
    if found is None:
        raise NotFound("There is no such list.")
    return alert, subject(session, actor, found.name, alert.item_id, alert.view_id)


def _wanted(
    found: ListDefinition,
    item_id: int | None,
    *,
    changes: str = "all",
    columns: Iterable[str] = (),
    rhythm: str = "now",
    hour: int = 8,
    weekday: int = 0,
    by_portal: bool = True,
    by_mail: bool = False,
) -> Mapping[str, Any]:
    """What an alert keeps of what its owner wants. Raises Invalid on the field."""
    if changes not in CHANGES or rhythm not in RHYTHMS:
        raise Invalid("changes" if changes not in CHANGES else "rhythm", "Choose one of these.")
    if item_id is not None and changes == "new":
        raise Invalid("changes", "Choose one of these.")
    known = {column.name: column.id for column in found.visible_columns}
    if unknown := sorted(set(columns) - set(known)):
        words = N_("The list %(list)s has no column %(column)s.")
        raise Invalid("columns", words, list=found.name, column=unknown[0][:80])
    ids = [number for name, number in known.items() if name in set(columns)]
    if changes == "columns" and not ids:
        raise Invalid("columns", "Choose at least one column.")
    for name, number, most in (("hour", hour, 23), ("weekday", weekday, 6)):
        if not 0 <= number <= most:
            raise Invalid(name, "This must be between %(min)s and %(max)s.", min=0, max=most)
    if not (by_portal or by_mail):
        raise Invalid("by", "Choose at least one way.")
    return {
        "changes": changes, "columns": ids if changes == "columns" else [], "rhythm": rhythm, "hour": hour,
        "weekday": weekday, "by_portal": by_portal, "by_mail": by_mail,
    }  # fmt: skip


def subject(session: Session, actor: Actor, list_name: str, item_id: int | None, view_id: int | None) -> ListDefinition:
    """The list of what an alert would be about. Raises NotFound where the actor may not read it, Forbidden."""
    found = definition(session, list_name)
    if item_id is not None:
        query.get(session, actor, list_name, item_id, right=Level.READ, resolved=False)
    elif not may_open(found, actor):
        raise Forbidden("You see nothing in this list, so there is nothing to alert you of.")
    if view_id is not None and all(view.id != view_id for view in views_for(session, found, actor)):
        raise NotFound("There is no such view.")
    return found


def get(session: Session, actor: Actor, alert_id: int) -> Alert:
    """An alert of the actor's, for administrators anybody's. Raises NotFound."""
    alert = session.get(Alert, alert_id) if 0 < alert_id < 2**31 else None
    if alert is None or (alert.user_id != actor.user_id and not actor.is_administrator):
        raise NotFound("There is no such alert.")
    return alert


def end(session: Session, actor: Actor, alert_id: int) -> None:
    """End an alert; what it has found and not told yet is forgotten. Raises NotFound."""
    alert = get(session, actor, alert_id)
    session.execute(delete(AlertFinding).where(AlertFinding.alert_id == alert.id))
    session.delete(alert)
    session.flush()


def of_user(session: Session, actor: Actor) -> list[Shown]:
    """The actor's own alerts, latest first."""
    mine = select(Alert).where(Alert.user_id == actor.user_id).order_by(Alert.id.desc())
    return shown(session, actor, session.scalars(mine).all())


def of_everybody(session: Session, actor: Actor, *, before: int | None, limit: int) -> list[Shown]:
    """Everybody's alerts, latest first, for administrators."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator sees everybody's alerts.")
    wanted = select(Alert).order_by(Alert.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Alert.id < before)
    return shown(session, actor, session.scalars(wanted).all())


def shown(session: Session, actor: Actor, alerts: Sequence[Alert]) -> list[Shown]:
    """The alerts with what they are about, as far as the actor may see it."""
    lists = catalogue(session).by_id
    wanted: dict[str, set[int]] = {"users": {alert.user_id for alert in alerts}}
    for alert in alerts:
        if alert.item_id and alert.list_id in lists:
            wanted.setdefault(lists[alert.list_id].name, set()).add(alert.item_id)
    titles = titles_by_list(session, actor, wanted)
    views = own_views.by_id(session, (alert.view_id for alert in alerts if alert.view_id))
    return [_shown(alert, lists.get(alert.list_id), titles, views, actor) for alert in alerts]


def _shown(
    alert: Alert,
    found: ListDefinition | None,
    titles: dict[str, dict[int, str]],
    views: Mapping[int, View],
    actor: Actor,
) -> Shown:
    owner = titles["users"].get(alert.user_id)
    if found is None:
        return Shown(alert, None, None, (), owner)
    about: str | None = found.title(actor.language)
    view = views.get(alert.view_id or 0)
    if alert.item_id:
        about = titles[found.name].get(alert.item_id)
    elif alert.view_id:
        about = f"{about}: {view.title(actor.language)}" if view else None
    columns = tuple(column.title(actor.language) for column in found.columns if column.id in alert.columns)
    return Shown(alert, found, about, columns, owner, view)


@when_purged
def _forget(session: Session, list_id: int, ids: list[int], _guids: list[str]) -> None:
    """Of what is gone for good nobody is told, and nothing is to be told any more."""
    for model in (AlertFinding, Alert, Notice):
        session.execute(delete(model).where(model.list_id == list_id, model.item_id.in_(ids)))
