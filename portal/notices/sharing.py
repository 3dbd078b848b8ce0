"""An item is shown to colleagues: who may read it is told; who may not is named to those alone who may know that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ...lists import query, sharing
from ...lists.errors import Invalid
from ...lists.models import now
from ...lists.rights import Actor, Level, load_actors
from .following import insert_new
from .models import Notice

MOST, LONGEST = 20, 500


@dataclass(frozen=True)
class Shown:
    """Who was told and who may not read it; both None where the asker may not know who reads the item."""

    told: Sequence[Actor] | None
    others: Sequence[Actor] | None


def show(
    session: Session,
    actor: Actor,
    list_name: str,
    item_id: int,
    *,
    people: Sequence[int],
    message: str = "",
    let: bool = False,
    once: str,
) -> Shown:
    """Tell these people of an item, with a message, also by mail (`share_mails`); `let`: let them read it first.

    The same `once` tells once.

    Raises NotFound, Forbidden, Invalid on `people` or `message`.
    """
    item = query.get(session, actor, list_name, item_id, right=Level.READ)
    wanted = _people(session, actor, people)
    message = message.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(message) > LONGEST:
        raise Invalid("message", "This may have at most %(max)s characters.", max=LONGEST)
    reading = sharing.readers_among(session, list_name, item_id, wanted)
    if let and (outside := [one for one in wanted if one.user_id not in reading]):
        sharing.let_read(session, actor, list_name, item_id, outside)
        reading = sharing.readers_among(session, list_name, item_id, wanted)
    told = [one for one in wanted if one.user_id in reading]
    insert_new(session, Notice, [
        {
            "user_id": one.user_id, "kind": "share", "key": f"share {once}", "list_id": item.definition.id,
            "item_id": item_id, "who_id": actor.user_id, "at": now(), "seen": None,
            "what": {"message": message} if message else {}, "to_mail": True,
        }
        for one in told
    ])  # fmt: skip
    if not (actor.is_administrator or sharing.may_let(item)):
        return Shown(None, None)
    return Shown(told, [one for one in wanted if one.user_id not in reading])


def _people(session: Session, actor: Actor, ids: Sequence[int]) -> list[Actor]:
    """The chosen colleagues, by name. Raises Invalid."""
    chosen = sorted({number for number in ids if 0 < number < 2**31} - {actor.user_id})
    if len(chosen) > MOST:
        raise Invalid("people", "There can be at most %(max)s of them.", max=MOST)
    found = load_actors(session, chosen)
    if not chosen:
        raise Invalid("people", "Choose at least one colleague.")
    if lost := sorted({*ids} - {actor.user_id} - found.keys()):
        raise Invalid("people", "There is no colleague with the number %(number)s.", number=lost[0])
    return sorted(found.values(), key=lambda one: (one.name, one.user_id))
