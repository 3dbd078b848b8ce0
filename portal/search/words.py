"""How a text becomes words, the same for the index, for questions and for marking what was found.

Words are lower case without accents (`lists.sqltypes.fold`: Slovak, Estonian, Turkish with its four i's, Cyrillic).
Beside the words as written stand two other forms at the same place: the digits of a word that mixes letters and
digits (`SK2020123456` is found by `2020123456`), and groups of digits joined (`36 123 456` by `36123456`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from unicodedata import normalize

from ...lists.sqltypes import fold

LONGEST_WORD = 64
LONGEST_QUESTION, MOST_CLAUSES, SHORTEST_PREFIX = 300, 12, 3
GAP = "\x1f"  # between two texts: no phrase and no number runs across; no stored text has it
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_WORD_OR_GAP = re.compile(f"{_WORD.pattern}|{GAP}")
_PART = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_DIGITS = re.compile(r"\d{4,}")
_BETWEEN_DIGITS = frozenset(" \u00a0\u202f-./")
FEWEST_JOINED, MOST_JOINED = 6, 15


@dataclass(frozen=True)
class Word:
    """A word of a text: how it is compared, which one it is, and where it stands (character offsets)."""

    term: str
    position: int
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of `text`, with their other forms. Offsets count in `text` as NFC writes it."""
    run: list[Word] = []
    for position, match in enumerate(_WORD_OR_GAP.finditer(normalize("NFC", text))):
        term = fold(match[0])[:LONGEST_WORD]
        if not term or term == GAP:
            continue
        word = Word(term, position, match.start(), match.end())
        yield word
        if run and not (term.isdecimal() and _touch(match.string, run[-1], word)):
            yield from _joined(run)
            run = []
        if term.isdecimal():
            run.append(word)
        else:
            yield from (Word(part, position, word.start, word.end) for part in _digits_within(term))
    yield from _joined(run)


def _touch(text: str, before: Word, after: Word) -> bool:
    return after.start - before.end == 1 and text[before.end] in _BETWEEN_DIGITS


def _joined(run: list[Word]) -> Iterator[Word]:
    term = "".join(word.term for word in run)
    if len(run) > 1 and FEWEST_JOINED <= len(term) <= MOST_JOINED:
        yield Word(term, run[0].position, run[0].start, run[-1].end)


def _digits_within(term: str) -> list[str]:
    return _DIGITS.findall(term) if any(letter.isdecimal() for letter in term) else []


@dataclass(frozen=True)
class Clause:
    """One demand of a question: all of `terms` (one after the other if `phrase`), or their digits `joined`."""

    terms: tuple[str, ...]
    phrase: bool = False
    negative: bool = False
    prefix: bool = False
    joined: str | None = None

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """Each term, and whether it may be the beginning of a longer word."""
        last = len(self.terms) - 1
        open_end = self.prefix and not self.phrase and len(self.terms[-1]) >= SHORTEST_PREFIX
        return [(term, open_end and place == last) for place, term in enumerate(self.terms)]


@dataclass(frozen=True)
class Question:
    """What somebody asks: every clause must hold. Empty where there is nothing to look for."""

    clauses: tuple[Clause, ...] = ()

    @property
    def wanted(self) -> list[Clause]:
        return [clause for clause in self.clauses if not clause.negative]

    @property
    def unwanted(self) -> list[Clause]:
        return [clause for clause in self.clauses if clause.negative]

    def __bool__(self) -> bool:
        return bool(self.wanted)


def ask(text: str) -> Question:
    """Read a question: words (all must be there), "a phrase", -without. Whatever is typed means something; the
    last word may be the beginning of a longer one (from 3 characters on). At most 300 characters and 12 clauses count.
    """
    clauses: list[Clause] = []
    for match in list(_PART.finditer(text[:LONGEST_QUESTION]))[:MOST_CLAUSES]:
        minus, quoted, plain = match.groups()
        negative = bool(minus) or (plain is not None and plain.startswith("-"))
        terms = tuple(_plain_terms(plain if plain is not None else quoted))
        if terms:
            clauses.append(Clause(terms, len(terms) > 1, negative, joined=_number(terms)))
    last = list(_PART.finditer(text[:LONGEST_QUESTION]))[-1:]
    if clauses and not clauses[-1].negative and last and last[0][3] is not None:
        clauses[-1] = replace(clauses[-1], prefix=True)
    return Question(tuple(_join_numbers(clauses)))


def _plain_terms(text: str) -> list[str]:
    folded = (fold(match[0])[:LONGEST_WORD] for match in _WORD.finditer(normalize("NFC", text)))
    return [term for term in folded if term]


def _number(terms: Iterable[str]) -> str | None:
    parts = list(terms)
    term = "".join(parts)
    sound = len(parts) > 1 and all(part.isdecimal() for part in parts)
    return term if sound and FEWEST_JOINED <= len(term) <= MOST_JOINED else None


def _join_numbers(clauses: list[Clause]) -> Iterator[Clause]:
    """`36 123 456` may be one number or three: neighbours that are digits become one clause that takes both."""
    run: list[Clause] = []
    for clause in [*clauses, Clause(())]:
        if len(clause.terms) == 1 and clause.terms[0].isdecimal() and not clause.negative:
            run.append(clause)
            continue
        terms = tuple(one.terms[0] for one in run)
        if joined := _number(terms):
            yield Clause(terms, prefix=run[-1].prefix, joined=joined)
        else:
            yield from run
        run = []
        if clause.terms:
            yield clause


class Text:
    """A text whose words are known: answers whether a question fits it."""

    def __init__(self, text: str) -> None:
        self._places: dict[str, set[int]] = {}
        for word in words(text):
            self._places.setdefault(word.term, set()).add(word.position)

    def fits(self, question: Question) -> bool:
        """Whether every wanted clause is in the text and no unwanted one."""
        return all(self._holds(one) for one in question.wanted) and not any(
            self._holds(one) for one in question.unwanted
        )

    def _holds(self, clause: Clause) -> bool:
        return self._in_a_row(clause) or (clause.joined is not None and bool(self._at(clause.joined, clause.prefix)))

    def _in_a_row(self, clause: Clause) -> bool:
        places = [self._at(term, prefix) for term, prefix in clause.parts]
        if not all(places):
            return False
        if not clause.phrase:
            return True
        return any(all(start + offset in found for offset, found in enumerate(places)) for start in places[0])

    def _at(self, term: str, prefix: bool) -> set[int]:
        if not prefix:
            return self._places.get(term, set())
        return {place for known, found in self._places.items() if known.startswith(term) for place in found}
