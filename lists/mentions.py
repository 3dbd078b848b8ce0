"""People named in a text: `@Name Surname` or `@name@house.example`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from .errors import Invalid
from .models import User
from .sqltypes import fold, folded

MOST = 50
_AT = re.compile(r"(?<![\w@.])@(?=[^\s@])")
_EMAIL = re.compile(r"[^\s@<>,;:\"()]{1,64}@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Mention:
    """`length` characters from `at`, the @ among them, name the user."""

    user: int
    at: int
    length: int

    @property
    def stored(self) -> dict[str, int]:
        return {"user": self.user, "at": self.at, "length": self.length}


@dataclass(frozen=True)
class _Person:
    id: int
    name: str
    email: str


def find(session: Session, text: str) -> list[Mention]:
    """Who is named in a text, in its order. Raises Invalid for a name that several people have."""
    places = [found.end() for found in _AT.finditer(text)]
    if len(places) > MOST:
        raise Invalid("text", "There can be at most %(max)s of them.", max=MOST)
    people = _candidates(session, text, places)
    return [mention for place in places for mention in _at(text, place, people)]


def _candidates(session: Session, text: str, places: Sequence[int]) -> list[_Person]:
    """The people whose name or address begins as what stands behind an @."""
    emails = {found.group().lower() for place in places if (found := _EMAIL.match(text, place))}
    words = {fold(found.group()).rstrip(".,;:!?)") for place in places if (found := _WORD.match(text, place))}
    if not words:
        return []
    name = folded(User.name)
    begins = [name.startswith(word, autoescape=True) for word in sorted(words) if word]
    named = or_(func.lower(User.email).in_(sorted(emails)), *begins)
    rows = session.execute(select(User.id, User.name, User.email).where(User.active.is_(True), named))
    return [_Person(row.id, row.name, row.email) for row in rows]


def _at(text: str, place: int, people: Sequence[_Person]) -> Iterator[Mention]:
    found = _EMAIL.match(text, place)
    if found:
        address = found.group().lower()
        yield from (Mention(one.id, place - 1, len(address) + 1) for one in people if one.email == address)
        return
    fitting = [(length, one) for one in people if (length := _length(text, place, one.name))]
    if not fitting:
        return
    longest = max(length for length, _one in fitting)
    best = [one for length, one in fitting if length == longest]
    if len(best) > 1:
        raise Invalid(
            "text", "Several people are called %(name)s. Write @ and the e-mail address instead.", name=best[0].name
        )
    yield Mention(best[0].id, place - 1, longest + 1)


def _length(text: str, place: int, name: str) -> int:
    """How many characters from `place` are this name, whatever the case and accents; 0 where it is another."""
    piece = text[place : place + len(name)]
    behind = text[place + len(name) : place + len(name) + 1]
    return len(name) if fold(piece) == fold(name) and not (behind.isalnum() or behind == "_") else 0
