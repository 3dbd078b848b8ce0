"""The piece of a text in which the words of a question stand, with the words marked."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from unicodedata import normalize

from .words import Question, Word, words

LENGTH, BEFORE = 220, 60
READ_AT_MOST = 100_000  # characters of one text in which the words are looked for

Piece = tuple[str, bool]  # a text, and whether it is a found word


def snippet(question: Question, texts: Sequence[str]) -> list[Piece]:
    """The best piece of the text with the most different words; the texts' beginnings where none has any."""
    best: tuple[int, str, list[Word]] = (0, "", [])
    for text in texts:
        text = normalize("NFC", text[:READ_AT_MOST])
        number, found = _densest(question, text)
        if number > best[0]:
            best = (number, text, found)
    if best[0]:
        return _cut(best[1], best[2])
    beginnings = " · ".join(text[: LENGTH * 2] for text in texts[:5])
    return _cut(normalize("NFC", beginnings), []) if texts else []


def marked(question: Question, text: str) -> list[Piece]:
    """A whole (short) text with the found words marked."""
    text = normalize("NFC", text)
    return _pieces(text, 0, len(text), [word for word in words(text) if _sought(question, word.term)])


def _sought(question: Question, term: str) -> bool:
    for clause in question.wanted:
        for sought, prefix in [*clause.parts, *([(clause.joined, clause.prefix)] if clause.joined else [])]:
            if term == sought or (prefix and term.startswith(sought)):
                return True
    return False


def _densest(question: Question, text: str) -> tuple[int, list[Word]]:
    """How many different sought words stand within one snippet's length at best, and those words."""
    window: deque[Word] = deque()
    best: tuple[int, list[Word]] = (0, [])
    for word in words(text):
        if not _sought(question, word.term):
            continue
        window.append(word)
        while word.end - window[0].start > LENGTH - BEFORE and len(window) > 1:
            window.popleft()
        number = len({one.term for one in window})
        if number > best[0]:
            best = (number, list(window))
    return best


def _cut(text: str, found: Sequence[Word]) -> list[Piece]:
    start = max(0, found[0].start - BEFORE) if found else 0
    if start:
        space = text.find(" ", start, found[0].start)
        start = space + 1 if space >= 0 else start
    end = min(len(text), max(start + LENGTH, found[-1].end if found else 0))
    if end < len(text):
        space = text.rfind(" ", found[-1].end if found else start, end)
        end = space if space > start else end
    pieces = _pieces(text, start, end, found)
    return [*([("…", False)] if start else []), *pieces, *([("…", False)] if end < len(text) else [])]


def _pieces(text: str, start: int, end: int, found: Sequence[Word]) -> list[Piece]:
    pieces: list[Piece] = []
    at = start
    for word in sorted(found, key=lambda one: (one.start, -one.end)):
        if word.start < at or word.end > end:
            continue
        pieces += [(text[at : word.start], False), (text[word.start : word.end], True)]
        at = word.end
    return [(piece, is_found) for piece, is_found in [*pieces, (text[at:end], False)] if piece]
