"""Answering a question: candidates from the engine, each verified under the reader's rights as they are now."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ...lists import comments, granted, query
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.columns import Reference
from ...lists.query import Item
from ...lists.rights import Actor, Level
from . import Candidate, Readable, engine_of, snippets, texts
from .words import GAP, Question, Text, ask

if TYPE_CHECKING:
    from ..home import Home

MOST_HITS, MOST_CANDIDATES, SECONDS = 200, 3000, 3.0
NAMES = ("name", "subject", "file_name")  # said by the title already


@dataclass(frozen=True)
class Hit:
    """Something that the reader may see and that fits. `marked_*`: (text, whether it is a found word) pieces.

    `company`, `case`: where it belongs, as far as the reader may see it.
    """

    list: str
    id: int
    title: str
    marked_title: list[snippets.Piece]
    marked_snippet: list[snippets.Piece]
    company: Reference | None
    case: Reference | None
    modified: datetime.datetime | None
    icon: str

    @property
    def snippet(self) -> str:
        return "".join(text for text, _found in self.marked_snippet)


def search(
    home: Home, session: Session, actor: Actor, text: str, *, lists: Sequence[str] | None = None, limit: int = 20
) -> list[Hit]:
    """What `actor` finds by `text` (words.ask), most fitting first, among equals the lately changed.

    `lists`: names of lists to look in; None = all. At most `limit` (up to 200) hits, in about three seconds at most.
    Whatever is typed gives an answer, be it an empty one; an unknown list has nothing in it.
    """
    question = ask(text)
    if not question or not actor.subjects:
        return []
    within = None if lists is None else [one.id for name in lists if (one := catalogue(session).by_name.get(name))]
    if within is not None and not within:
        return []
    limit = max(1, min(limit, MOST_HITS))
    chosen = _verified(home, session, actor, question, within, limit)
    return _hits(session, actor, question, chosen)


def _verified(
    home: Home, session: Session, actor: Actor, question: Question, within: Sequence[int] | None, limit: int
) -> list[tuple[ListDefinition, int]]:
    """The first `limit` candidates that stand up to the reader's rights and the items' values as they are now."""
    engine, readable = engine_of(home), _readable(session, actor)
    until = time.monotonic() + SECONDS
    wanted = limit + 20
    chosen: list[tuple[ListDefinition, int]] = []
    known: set[tuple[int, int]] = set()
    while True:
        left = max(0.05, until - time.monotonic())
        candidates, more = engine.candidates(question, readable, within, wanted, left)
        fresh = [one for one in candidates if (one.list_id, one.item_id) not in known]
        known.update((one.list_id, one.item_id) for one in fresh)
        chosen += _standing(session, actor, question, fresh)
        if len(chosen) >= limit or not more or wanted >= MOST_CANDIDATES or time.monotonic() > until:
            return chosen[:limit]
        wanted = min(wanted * 4, MOST_CANDIDATES)


def _readable(session: Session, actor: Actor) -> Readable:
    """The actor's scopes as they are now."""
    if actor.is_administrator:
        return Readable(actor.user_id, None, None)
    return Readable(actor.user_id, _scopes(session, actor, Level.READ), _scopes(session, actor, Level.HEADLINE))


def _scopes(session: Session, actor: Actor, level: Level) -> frozenset[int]:
    found = granted.scopes(session, actor.subjects, level)
    return frozenset(found if isinstance(found, tuple) else session.scalars(found))


def _standing(
    session: Session, actor: Actor, question: Question, candidates: Iterable[Candidate]
) -> list[tuple[ListDefinition, int]]:
    """Which of the candidates hold, in their order. Where the reader does not read the whole item as it was indexed,
    the question is asked again of what the reader does see.
    """
    by_list: dict[int, list[Candidate]] = {}
    for one in candidates:
        by_list.setdefault(one.list_id, []).append(one)
    held: set[tuple[int, int]] = set()
    for list_id, some in by_list.items():
        found = catalogue(session).by_id.get(list_id)
        if found is None:
            continue
        items = query.many(session, actor, found.name, [one.item_id for one in some], columns=())
        doubtful = []
        for one in some:
            item = items.get(one.item_id)
            if item is None:
                continue
            if actor.roles and item.level >= Level.READ and item.version == one.version:
                held.add((list_id, one.item_id))
            else:
                doubtful.append(one.item_id)
        held.update((list_id, number) for number in _fitting(session, actor, question, found, doubtful))
    return [
        (catalogue(session).by_id[one.list_id], one.item_id) for one in candidates if (one.list_id, one.item_id) in held
    ]


def _fitting(
    session: Session, actor: Actor, question: Question, found: ListDefinition, ids: Sequence[int]
) -> list[int]:
    """Which of these items fit by what the actor sees of them."""
    if not ids:
        return []
    columns = texts.searched(session, found)
    items = query.many(session, actor, found.name, ids, columns=[column.name for column in columns])
    said = comments.texts_of(session, found, [item.id for item in items.values() if item.level >= Level.READ])
    return [
        item.id
        for item in items.values()
        if item.level >= Level.HEADLINE
        and Text(GAP.join([texts.joined(texts.texts(columns, item)), *said.get(item.id, ())])).fits(question)
    ]


def _hits(
    session: Session, actor: Actor, question: Question, chosen: Sequence[tuple[ListDefinition, int]]
) -> list[Hit]:
    """The hits as the reader sees them, in their order: four statements per list."""
    shown: dict[tuple[int, int], Hit] = {}
    for found in {definition.id: definition for definition, _number in chosen}.values():
        columns = texts.searched(session, found)
        names = dict.fromkeys([*(column.name for column in columns), "modified"])
        names |= dict.fromkeys(name for name in ("company", "case") if found.has(name))
        ids = [number for definition, number in chosen if definition.id == found.id]
        items = query.many(session, actor, found.name, ids, columns=list(names))
        said = comments.texts_of(session, found, [item.id for item in items.values() if item.level >= Level.READ])
        for number, item in items.items():
            shown[found.id, number] = _hit(actor, question, found, columns, item, said.get(number, []))
    return [shown[found.id, number] for found, number in chosen if (found.id, number) in shown]


def _hit(
    actor: Actor, question: Question, found: ListDefinition, columns: Sequence[Column], item: Item, said: Sequence[str]
) -> Hit:
    title = item.title
    parts = texts.shown(columns, item, actor.reader)
    told = [" ".join(text.split()) for name, text in parts if text != title and name not in (*NAMES, "company", "case")]
    told += [" ".join(text.split()) for text in said]
    company, case = (item.get(name) for name in ("company", "case"))
    return Hit(
        list=found.name, id=item.id, title=title,
        marked_title=snippets.marked(question, title), marked_snippet=snippets.snippet(question, told),
        company=company if isinstance(company, Reference) else None,
        case=case if isinstance(case, Reference) else None,
        modified=item["modified"], icon=found.settings.get("icon", "list"),
    )  # fmt: skip
