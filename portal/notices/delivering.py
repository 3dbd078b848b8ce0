"""What alerts have found is told when it is due: as notices in the portal, as one mail of everything, or both.

A digest is one transaction: its row, the notices, the mail in the outbox, and the end of the findings. A worker that
dies before leaves all of it for the next one; one that dies after leaves nothing to do twice.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ...lists import changelog
from ...lists.models import now
from ...lists.rights import Actor, load_actor
from ...outlook_addin.models import Outgoing
from . import letters
from .following import FOLLOWER, insert_new
from .models import Alert, AlertFinding, Digest, Notice
from .reading import readable

if TYPE_CHECKING:
    from ..home import Home

MOST_AT_ONCE, MOST_PEOPLE = 1000, 20


@dataclass(frozen=True)
class Found:
    """What an alert has found of one item since it last told: the kind and author of the last change, and its span."""

    alert: Alert
    list_id: int
    item_id: int
    kind: str
    who_id: int | None
    seq: int
    before: int
    after: int
    at: Any

    @property
    def key(self) -> tuple[int, int, bool]:
        return self.list_id, self.item_id, self.kind == "deleted"


def step(home: Home) -> bool:
    """The worker's step: tell those to whom something is due. True if there was somebody."""
    with home.database.read() as session:
        # What the follower has not finished with it would find once more.
        whole = AlertFinding.seq <= changelog.position(session, FOLLOWER)
        waiting = select(AlertFinding.user_id).where(AlertFinding.due <= now(), whole)
        first = func.min(AlertFinding.due)
        people = session.scalars(waiting.group_by(AlertFinding.user_id).order_by(first).limit(MOST_PEOPLE)).all()
    for user_id in people:
        tell(home, user_id)
    return bool(people)


def tell(home: Home, user_id: int) -> None:
    """Tell one person everything that is due."""
    with home.database.read() as session:
        actor = load_actor(session, user_id)
        rows = _due(session, user_id)
        if not rows:
            return
        found = _gathered(session, actor, rows) if actor else []
        letter = letters.write(home, session, actor, _to_mail(home, found)) if actor else None
    if letter is not None:
        home.blobs.put(io.BytesIO(letter.raw))
    with home.database.write() as session:
        mine = AlertFinding.id.in_([row.id for row in rows])
        if _keys(session.scalars(select(AlertFinding).where(mine).with_for_update())) != _keys(rows):
            return  # somebody else has told it, or the alert has ended meanwhile
        key = " ".join(str(number) for number in (user_id, *_keys(rows[-1:])[0]))
        guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"caseroom:digest:{key}")) if letter else None
        session.add(Digest(user_id=user_id, key=key, at=now(), mail_guid=guid))
        insert_new(session, Notice, [_notice(one) for one in found if _in_portal(home, one)])
        if letter is not None:
            session.add(Outgoing(
                mail_guid=guid, sha256=letter.sha256, envelope_from=letter.envelope_from, recipients=[letter.to],
                refused={},
            ))  # fmt: skip
        session.execute(delete(AlertFinding).where(mine))


def _keys(rows: Iterable[AlertFinding]) -> list[tuple[int, int, int]]:
    """What a finding is for ever: its number another one may get when it is gone."""
    return sorted((row.alert_id, row.item_id, row.seq) for row in rows)


def _due(session: Session, user_id: int) -> Sequence[AlertFinding]:
    whole = AlertFinding.seq <= changelog.position(session, FOLLOWER)
    due = select(AlertFinding).where(AlertFinding.user_id == user_id, AlertFinding.due <= now(), whole)
    return session.scalars(due.order_by(AlertFinding.id).limit(MOST_AT_ONCE)).all()


def _gathered(session: Session, actor: Actor, rows: Sequence[AlertFinding]) -> list[Found]:
    """Per alert and item one; only of items that the reader may read now."""
    alerts = {row.id: row for row in session.scalars(
        select(Alert).where(Alert.id.in_(sorted({row.alert_id for row in rows})))
    )}  # fmt: skip
    by_item: dict[tuple[int, int], list[AlertFinding]] = {}
    for row in sorted(rows, key=lambda row: row.seq):
        if row.alert_id in alerts:
            by_item.setdefault((row.alert_id, row.item_id), []).append(row)
    found = [_together(alerts[alert_id], some) for (alert_id, _item), some in by_item.items()]
    there = readable(session, actor, [one.key for one in found])
    return [one for one in found if one.key in there]


def _together(alert: Alert, rows: Sequence[AlertFinding]) -> Found:
    last = rows[-1]
    kind = "new" if last.kind in ("changed", "comment") and any(row.kind == "new" for row in rows) else last.kind
    if kind == "comment":
        kind = next((row.kind for row in reversed(rows) if row.kind != "comment"), kind)
    return Found(
        alert, last.list_id, last.item_id, kind, last.who_id, last.seq,
        min(row.before for row in rows), max(row.after for row in rows), last.at,
    )  # fmt: skip


def _to_mail(home: Home, found: Sequence[Found]) -> list[Found]:
    return [one for one in found if one.alert.by_mail] if home.settings.can_send_mail else []


def _in_portal(home: Home, one: Found) -> bool:
    """Where no mail can be sent, all is told in the portal."""
    return one.alert.by_portal or not home.settings.can_send_mail


def _notice(one: Found) -> dict[str, Any]:
    return {
        "user_id": one.alert.user_id, "kind": "alert", "key": f"alert {one.alert.id} {one.item_id} {one.seq}",
        "list_id": one.list_id, "item_id": one.item_id, "who_id": one.who_id, "at": one.at, "seen": None,
        "what": {"change": one.kind, "alert": one.alert.id},
    }  # fmt: skip
