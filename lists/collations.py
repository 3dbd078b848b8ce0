"""The order of letters in a reader's language: ICU's on PostgreSQL, the same rules written down here for SQLite.

What a language orders otherwise than Unicode's root comes from CLDR's tailorings (common/collation/<language>.xml); a
language that is not named here has the root's order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from unicodedata import normalize

from .sqltypes import fold

# Letters that follow another as letters of their own: "c č" puts č behind everything that begins with c.
_AFTER = {
    "cs": ("c č", "h ch", "r ř", "s š", "z ž"),
    "et": ("s š z ž", "w õ ä ö ü"),
    "lt": ("c č", "s š", "z ž"),
    "lv": ("c č", "g ģ", "k ķ", "l ļ", "n ņ", "r ŗ", "s š", "z ž"),
    "pl": ("a ą", "c ć", "e ę", "l ł", "n ń", "o ó", "s ś", "z ź ż"),
    "sk": ("a ä", "c č", "h ch", "o ô", "s š", "z ž"),
    "tr": ("c ç", "g ğ", "h ı", "o ö", "s ş", "u ü"),
}
ROOT = "caseroom"
LANGUAGES = ("en", *_AFTER)
_BEHIND_ALL = 0x10FF00  # higher than any letter


def collation(language: str) -> str:
    """The name of the collation in whose order a reader of this language looks for a text."""
    return f"caseroom_{language}" if language in _AFTER else ROOT


def sort_key(text: str, language: str) -> tuple[str, str]:
    """What texts are compared by: first without case and accents, as the language orders its letters, then exactly."""
    return _letters(text, language), text


def register(connection: sqlite3.Connection) -> None:
    """Teach a connection to SQLite the collations of all languages."""
    for language in LANGUAGES:
        connection.create_collation(collation(language), _comparing(language))


def statements() -> Iterator[str]:
    """What makes the collations on PostgreSQL."""
    for language in LANGUAGES:
        locale = language if language in _AFTER else "und"
        yield f"CREATE COLLATION IF NOT EXISTS {collation(language)} (provider = icu, locale = '{locale}')"


@cache
def _comparing(language: str) -> Callable[[str, str], int]:
    def compare(left: str, right: str) -> int:
        first, second = _letters(left, language), _letters(right, language)
        if first == second:
            first, second = left, right
        return (first > second) - (first < second)

    return compare


@lru_cache(maxsize=100_000)
def _letters(text: str, language: str) -> str:
    if language not in _AFTER:
        return fold(text)
    text = normalize("NFC", text.replace("I", "ı") if language == "tr" else text).lower()
    for letter, place in _places(language).items():
        text = text.replace(letter, place)
    return fold(text)


@cache
def _places(language: str) -> dict[str, str]:
    """Where each of the language's own letters stands: behind the letter before it, in their order."""
    places: dict[str, str] = {}
    for first, *others in (group.split() for group in _AFTER[language]):
        places |= {letter: f"{first}{chr(_BEHIND_ALL + place)}" for place, letter in enumerate(others)}
    return places
