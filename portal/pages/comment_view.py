"""What the comments of an item show: who said what, links and people in the text, what the reader may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...lists import comments
from ...lists.comments import Said
from ...lists.models import User
from ...lists.query import Item
from ...lists.rights import Actor, Level
from . import cells

_LINK = re.compile(r"https?://[^\s<>\"]+")
_TRAILING = ".,;:!?)]}'"


def section(session: Session, item: Item, actor: Actor, **more: Any) -> dict[str, Any] | None:
    """Everything that templates/lists/_comments.html shows; None where the item has no comments for the reader.

    `more`: what was typed and refused (`typed`, `error`, `answering`, `editing`).
    """
    found = item.definition
    if item.level < Level.READ or not comments.are_on(found):
        return None
    said = comments.of_item(session, actor, found.name, item.id)
    addresses = _addresses(session, said)
    place = {"list_name": found.name, "item_id": item.id}
    refused: dict[str, Any] = {"typed": "", "error": None, "answering": None, "editing": None}
    return {
        "rows": [_row(one, actor, addresses, place) for one in said],
        "count": sum(not one.deleted for one in said),
        "may_add": comments.may_add(item, actor),
        "action": url_for("comments.add", **place),
        "people": url_for("comments.people", **place),
        "draft": f"comment-{found.name}-{item.id}",
        **refused,
        **more,
    }


def _row(one: Said, actor: Actor, addresses: dict[int, str], place: dict[str, Any]) -> dict[str, Any]:
    return {
        "said": one,
        "who": one.author.title if one.author else None,
        "at": cells.at(one.at, actor),
        "pieces": list(pieces(one, addresses)),
        "is_answer": one.parent is not None,
        "change": url_for("comments.change", comment_id=one.id, **place),
        "delete": url_for("comments.delete", comment_id=one.id, **place),
    }


def pieces(one: Said, addresses: dict[int, str]) -> Iterator[dict[str, Any]]:
    """The text in pieces: `{text, href}`, href None for plain words."""
    end = 0
    for mention in sorted(one.mentions, key=lambda mention: mention.at):
        yield from _linked(one.text[end : mention.at])
        end = mention.at + mention.length
        email = addresses.get(mention.user)
        yield {"text": one.text[mention.at : end], "href": f"mailto:{email}" if email else None, "mention": True}
    yield from _linked(one.text[end:])


def _linked(text: str) -> Iterator[dict[str, Any]]:
    end = 0
    for found in _LINK.finditer(text):
        address = found.group().rstrip(_TRAILING)
        yield {"text": text[end : found.start()], "href": None, "mention": False}
        yield {"text": address, "href": address, "mention": False}
        end = found.start() + len(address)
    yield {"text": text[end:], "href": None, "mention": False}


def _addresses(session: Session, said: list[Said]) -> dict[int, str]:
    named = {mention.user for one in said for mention in one.mentions}
    if not named:
        return {}
    rows = session.execute(select(User.id, User.email).where(User.id.in_(sorted(named)), User.active.is_(True)))
    return {row.id: row.email for row in rows}
