"""Suggestions while one types: companies, contacts and cases by the beginnings of their words, from SQL.

A table of folded words with an index on the word takes the place of `LIKE '%…%'`, which would read every row. It is
written by the same follower as the full-text index, so a new name is suggested about a second later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Index, Integer, delete, exists, insert, select
from sqlalchemy import Text as SqlText
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from ...lists import query
from ...lists.catalogue import ListDefinition, catalogue
from ...lists.database import Base
from ...lists.query import Item
from ...lists.reading import Reading
from ...lists.rights import PROGRAM, Actor, Level
from . import Entry, texts
from .words import GAP, Clause, ask, words

if TYPE_CHECKING:
    from ..home import Home

Match = tuple[int, int, Any]  # id of the item, place of the word in it, when it was changed

# The lists that are suggested, in this order, and the columns by whose words.
SUGGESTED: dict[str, tuple[str, ...]] = {
    "relations": ("name", "registration_no", "vat_no"),
    "contacts": ("name", "email", "phone", "mobile"),
    "cases": ("name",),
}
SHORTEST, MOST_CLAUSES, MOST_WORDS, LONGEST_WORD = 2, 4, 40, 40
LOOKED_AT = 200  # readable matches per list, in the order of the word, among which the best are chosen
MOST = 8


class SuggestWord(Base):
    """A word by which an item is suggested; `place` 0 = the item's name begins with it."""

    __tablename__ = "suggest_words"
    __table_args__ = (Index("ix_suggest_words_item", "list_id", "item_id", "word"),)
    list_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Ranges of beginnings need the order of code points, whatever the database's language.
    word: Mapped[str] = mapped_column(SqlText().with_variant(SqlText(collation="C"), "postgresql"), primary_key=True)
    item_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True)
class Suggestion:
    """A company, contact or case: where it is, and a second line that tells it from its namesakes."""

    list: str
    id: int
    title: str
    detail: str
    icon: str


def suggest(session: Session, actor: Actor, typed: str, *, limit: int = MOST) -> list[Suggestion]:
    """What `actor` may read whose words begin with those typed, best first: names that begin with it, companies
    before contacts before cases, lately changed first. Nothing for fewer than two characters.
    """
    wanted = ask(typed).wanted[:MOST_CLAUSES]
    if sum(len(term) for clause in wanted for term in clause.terms) < SHORTEST:
        return []
    ranked: dict[tuple[str, int], tuple[Any, ...]] = {}
    for order, name in enumerate(SUGGESTED):
        definition = catalogue(session).by_name.get(name)
        if definition is None:
            continue
        for terms in _readings(wanted):
            for item_id, place, modified in _matches(session, actor, definition, terms):
                rank = (place > 0, order, -modified.timestamp(), item_id)
                ranked[name, item_id] = min(rank, ranked.get((name, item_id), rank))
    best = sorted(ranked, key=lambda key: ranked[key])[:limit]
    return _shown(session, actor, best)


def _readings(clauses: Sequence[Clause]) -> list[list[str]]:
    """The words that must all be begun; and again with neighbouring numbers as one, where there are any."""
    apart = [term for clause in clauses for term in clause.terms]
    together = [term for clause in clauses for term in ([clause.joined] if clause.joined else clause.terms)]
    return [apart] if apart == together else [apart, together]


def _matches(session: Session, actor: Actor, definition: ListDefinition, terms: Sequence[str]) -> list[Match]:
    """(id, place, modified) of readable items that have a word for each beginning; found by the longest of them."""
    reading = Reading(session, definition, actor, Level.READ)
    longest, *others = sorted((term[:LONGEST_WORD] for term in terms), key=len, reverse=True)
    word = SuggestWord
    conditions = [word.list_id == definition.id, *_begins(word, longest), *reading.conditions()]
    for term in others:
        other = aliased(SuggestWord)
        there = exists().where(other.list_id == definition.id, other.item_id == word.item_id, *_begins(other, term))
        conditions.append(there.correlate(word.__table__))
    statement = select(word.item_id, word.place, reading.table.c.modified)
    statement = statement.join(reading.table, reading.id == word.item_id).where(*conditions)
    found = session.execute(statement.order_by(word.word).limit(LOOKED_AT))
    return [(row.item_id, row.place, row.modified) for row in found]


def _begins(word: Any, term: str) -> list[ColumnElement[bool]]:
    return [word.word >= term, word.word < term + "\U0010ffff"]


def _shown(session: Session, actor: Actor, chosen: Sequence[tuple[str, int]]) -> list[Suggestion]:
    """The chosen ones as the actor sees them, in the same order."""
    items: dict[tuple[str, int], Item] = {}
    for name in dict.fromkeys(name for name, _number in chosen):
        definition = catalogue(session).get(name)
        columns = [column for column in definition.settings.get("detail", ()) if definition.has(column)]
        ids = [number for other, number in chosen if other == name]
        items |= {
            (name, number): item for number, item in query.many(session, actor, name, ids, columns=columns).items()
        }
    return [_suggestion(items[key], actor) for key in chosen if key in items]


def _suggestion(item: Item, actor: Actor) -> Suggestion:
    definition = item.definition
    details = (
        definition.by_name[name].type.format(item[name], actor.reader)
        for name in definition.settings.get("detail", ())
        if definition.has(name)
    )
    icon = definition.settings.get("icon", "list")
    return Suggestion(definition.name, item.id, item.title, " · ".join(filter(None, details)), icon)


def keep(home: Home, keys: Iterable[tuple[int, int]], entries: Sequence[Entry], drop: Sequence[int] = ()) -> None:
    """Bring the words of these items up to date; those without an entry are gone. One short transaction."""
    with home.database.read() as session:
        lists = {found.id: found for name in SUGGESTED if (found := catalogue(session).by_name.get(name))}
        there: dict[int, list[int]] = {}
        for entry in entries:
            if entry.list_id in lists:
                there.setdefault(entry.list_id, []).append(entry.item_id)
        rows = [row for list_id, ids in there.items() for row in _rows(session, lists[list_id], ids)]
    touched: dict[int, list[int]] = {}
    for list_id, item_id in keys:
        if list_id in lists:
            touched.setdefault(list_id, []).append(item_id)
    if not touched and not drop:
        return
    with home.database.write() as session:
        for list_id, ids in touched.items():
            session.execute(delete(SuggestWord).where(SuggestWord.list_id == list_id, SuggestWord.item_id.in_(ids)))
        if drop:
            session.execute(delete(SuggestWord).where(SuggestWord.list_id.in_(drop)))
        if rows:
            session.execute(insert(SuggestWord), rows)


def _rows(session: Session, found: ListDefinition, ids: Sequence[int]) -> list[dict[str, Any]]:
    columns = [found.by_name[name] for name in SUGGESTED[found.name] if found.has(name)]
    items = query.many(session, PROGRAM, found.name, ids, columns=[column.name for column in columns])
    return [
        {"list_id": found.id, "item_id": item.id, "word": word, "place": place}
        for item in items.values()
        for word, place in _words_of(GAP.join(text for _name, text in texts.texts(columns, item))).items()
    ]


def _words_of(text: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for word in words(text):
        term = word.term[:LONGEST_WORD]
        if len(places) < MOST_WORDS or term in places:
            places[term] = min(places.get(term, word.position), word.position)
    return places
