"""Which alerts a piece of the change log is about.

Nobody is asked one by one: people whose rights are the same are asked for together, once per list and filter. Whom a
row names itself (its maker, its readers), and filters that mean something else to each reader, are asked for singly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ...lists import own_views, plans
from ...lists.catalogue import ListDefinition, View, catalogue
from ...lists.comments import named_in
from ...lists.errors import DomainError
from ...lists.filters import Filter
from ...lists.models import Change, Comment, ScopeGrant, now
from ...lists.odata import parse_filter
from ...lists.reading import Reading, Stage
from ...lists.rights import Actor, Level, load_actors
from . import before
from .models import Alert
from .schedule import due

FOLLOWED = ("create", "update", "delete", "restore", "comment")
_OF_CHANGES = {
    "all": frozenset({"new", "changed", "deleted", "entered", "left", "comment"}),
    "new": frozenset({"new", "entered"}),
    "changed": frozenset({"changed", "left"}),
    "deleted": frozenset({"deleted"}),
    "columns": frozenset({"changed", "entered", "left"}),
}


def findings(session: Session, lines: Sequence[Change]) -> list[dict[str, Any]]:
    """The rows of `alert_findings` that these lines make."""
    by_list: dict[int, list[Change]] = {}
    for line in lines:
        if line.list_id in catalogue(session).by_id and line.item_id is not None:
            by_list.setdefault(line.list_id, []).append(line)
    found: list[dict[str, Any]] = []
    for list_id, some in by_list.items():
        alerts = _alerts(session, list_id, {line.item_id for line in some})
        if alerts:
            actors = load_actors(session, sorted({alert.user_id for alert in alerts}))
            views = own_views.by_id(session, (alert.view_id for alert in alerts if alert.view_id))
            happened = _Happened(session, catalogue(session).by_id[list_id], some, views)
            for alert in alerts:
                if alert.user_id in actors:
                    found += happened.for_alert(alert, actors[alert.user_id])
    return found


def _alerts(session: Session, list_id: int, ids: Iterable[int | None]) -> Sequence[Alert]:
    of_these = or_(Alert.item_id.is_(None), Alert.item_id.in_(sorted(number for number in ids if number)))
    return session.scalars(select(Alert).where(Alert.list_id == list_id, of_these)).all()


@dataclass(frozen=True)
class _Question:
    """Who asks (for all with the same rights), with which filter."""

    actor: Actor
    text: str | None


class _Happened:
    """What some lines say of one list, and who sees it."""

    def __init__(
        self, session: Session, found: ListDefinition, lines: Sequence[Change], views: Mapping[int, View]
    ) -> None:
        self.session, self.found = session, found
        said = [number for line in lines if line.kind == "comment" and (number := named_in(line.columns))]
        standing = set(session.scalars(select(Comment.id).where(Comment.id.in_(said), Comment.deleted.is_(None))))
        self.by_item: dict[int, list[Change]] = {}
        for line in lines:
            assert line.item_id is not None
            if line.kind != "comment" or named_in(line.columns) in standing:
                self.by_item.setdefault(line.item_id, []).append(line)
        self.views = views
        self.versions = before.versions(session, found, self.by_item)
        self.at = now()
        self._asked: dict[tuple[Any, str], frozenset[int]] = {}
        self._kinds: dict[int | None, Actor] = {}
        self._same: dict[Actor, Actor] = {}

    def for_alert(self, alert: Alert, actor: Actor) -> Iterator[dict[str, Any]]:
        """The findings of one alert, each item once."""
        view = self.views.get(alert.view_id or 0)
        if alert.view_id is not None and (view is None or view.user_id not in (None, actor.user_id)):
            return
        seen = self._seen(actor, None, "now") | self._seen(actor, None, "bin")
        for item_id in sorted(seen if alert.item_id is None else seen & {alert.item_id}):
            lines = [line for line in self.by_item.get(item_id, ()) if line.seq > alert.since]
            others = [line for line in lines if line.actor_id != alert.user_id and line.kind in FOLLOWED]
            kind = self._kind(item_id, others, actor, view) if others else None
            if kind in _OF_CHANGES[alert.changes] and (alert.changes != "columns" or self._hits(alert, others)):
                yield self._row(alert, actor, item_id, others, str(kind))

    def _hits(self, alert: Alert, lines: Iterable[Change]) -> bool:
        names = {name for line in lines for name in line.columns or ()}
        return any(column.id in alert.columns for column in self.found.columns if column.name in names)

    def _row(self, alert: Alert, actor: Actor, item_id: int, lines: Sequence[Change], kind: str) -> dict[str, Any]:
        last, span = lines[-1], self.versions[item_id]
        when = due(alert.rhythm, alert.hour, alert.weekday, actor.time_zone, self.at)
        return {
            "alert_id": alert.id, "user_id": alert.user_id, "list_id": self.found.id, "item_id": item_id,
            "seq": last.seq, "kind": kind, "who_id": last.actor_id, "at": last.at,
            "before": span.of(lines[0]) - 1 if kind != "comment" else span.last, "after": span.of(last), "due": when,
        }  # fmt: skip

    def _kind(self, item_id: int, lines: Sequence[Change], actor: Actor, view: View | None) -> str | None:
        """What has happened to the item for this reader; None where it is nothing that they may know."""
        kinds = {line.kind for line in lines}
        if item_id in self._seen(actor, None, "bin"):
            was = view is None or self._stood(item_id, lines, actor, view)
            return "deleted" if "delete" in kinds and was else None
        if item_id not in self._seen(actor, None, "now"):
            return None
        fresh = bool(kinds & {"create", "restore"})
        plain = "new" if fresh else "changed" if "update" in kinds else "comment" if "comment" in kinds else None
        if view is None or not view.settings.get("filter"):
            return plain
        stands = item_id in self._seen(actor, view, "now")
        stood = not fresh and self._stood(item_id, lines, actor, view)
        if stands and not stood:
            return "new" if fresh else "entered"
        return plain if stands else "left" if stood else None

    def _stood(self, item_id: int, lines: Sequence[Change], actor: Actor, view: View) -> bool:
        """Whether the item was in the view before these of its lines."""
        if lines[0] is self.by_item[item_id][0]:
            return item_id in self._seen(actor, view, "before")
        then = before.as_it_was(self.session, self.found, {item_id: lines}, self.versions)
        return item_id in self._ask(actor, str(view.settings.get("filter") or ""), then)

    def _seen(self, actor: Actor, view: View | None, when: str) -> frozenset[int]:
        """The items that this reader finds by the view, `now`, `before` the lines, or in the `bin`."""
        text = str(view.settings.get("filter") or "") if view else ""
        alone = actor.user_id in self._named or self._means_each(text)
        key = (_Question(actor if alone else self._kind_of(actor), text), when)
        if key not in self._asked:
            found = self._as_before if when == "before" else self.found
            self._asked[key] = self._ask(actor, text, found, Stage.BIN if when == "bin" else Stage.STANDING)
        return self._asked[key]

    def _kind_of(self, actor: Actor) -> Actor:
        if actor.user_id not in self._kinds:
            kind = _alike(actor)
            self._kinds[actor.user_id] = self._same.setdefault(kind, kind)
        return self._kinds[actor.user_id]

    def _ask(self, actor: Actor, text: str, found: ListDefinition, stage: Stage = Stage.STANDING) -> frozenset[int]:
        reading = Reading(self.session, found, actor, Level.READ, stage=stage)
        try:
            where: Filter | None = None
            if text:
                where = parse_filter(text, self.found, actor, self.at, catalogue(self.session))
            asked = plans.conditions(reading, where, None)
        except DomainError:  # the view's filter means nothing any more
            return frozenset()
        ids = select(reading.id).where(reading.id.in_(sorted(self.by_item)), *asked)
        return frozenset(self.session.scalars(ids))

    @cached_property
    def _as_before(self) -> ListDefinition:
        return before.as_it_was(self.session, self.found, self.by_item, self.versions)

    def _means_each(self, text: str) -> bool:
        """Whether a filter may find something else for each reader: it names them, or looks behind a lookup."""
        if "@me" in text or "/" in text:
            return True
        return any(column.type.target not in (None, "users") and column.name in text for column in self.found.columns)

    @cached_property
    def _named(self) -> frozenset[int]:
        """People to whom the rows give something of their own: who made them, their readers, their scopes' users."""
        cap = self.found.settings.get("cap") or {}
        columns = [name for name in (self.found.settings.get("readers"), cap.get("exempt")) if name]
        table = self.found.table
        selected = [table.c.scope_id, table.c.created_by, *(self.found.sql(name) for name in columns)]
        rows = self.session.execute(select(*selected).where(table.c.id.in_(sorted(self.by_item)))).all()
        lines = [line for some in self.by_item.values() for line in some]
        scopes = {row[0] for row in rows} | {line.scope_before for line in lines if line.scope_before}
        grants = select(ScopeGrant.subject).where(ScopeGrant.scope_id.in_(sorted(scopes)))
        granted = self.session.scalars(grants.where(ScopeGrant.subject.startswith("user:")))
        people = {int(subject.removeprefix("user:")) for subject in granted}
        people |= {row[1] for row in rows if row[1]}
        return frozenset(people | {one for row in rows for some in row[2:] for one in some or ()})


def _alike(actor: Actor) -> Actor:
    """What people whose rights are the same have in common."""
    return replace(actor, user_id=0, name="", email="", salesperson_id=None, default_group=None)
