"""What a column of a file holds, guessed from its first values: dates and how they are written, numbers, countries."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from .columns import ColumnType, Reader, numbers
from .mapping import country_codes

# How dates are written, the usual ones first; where day and month could be either, the earlier one stands.
DATES = (
    "%Y-%m-%d", "%d.%m.%Y", "%d. %m. %Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
TIMES = (" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", " %I:%M %p")
FORMATS = (*DATES, *(day + time for day in DATES for time in TIMES))
# Short and foreign words too, since all values of a column are seen at once.
YES = numbers.YES | {"x", "a", "j", "oui", "si", "sí", "tak"}
NO = numbers.NO | {"-", "non", "nincs"}
SPLITS = (";", "|", "\n", ",")
_DIGITS = re.compile(r"\d[\d.,\s'’]*\d|\d")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_URL = re.compile(r"^(https?://\S+|www\.\S+\.\S+)$", re.IGNORECASE)
_PHONE = re.compile(r"^(\+|00)[\d\s()/.-]{7,20}$")
_NUMBER = re.compile(r"^-?[\d\s\u00a0\u202f'’]+([.,]\d+)*$")


def kind_of(values: Sequence[Any]) -> str | None:
    """What all of these values are: email, url, phone, date, country, boolean, number; None where nothing is sure."""
    texts = [str(value) for value in values]
    if not values:
        return None
    for kind, pattern in (("email", _EMAIL), ("url", _URL), ("phone", _PHONE)):
        if all(pattern.match(text) for text in texts):
            return kind
    if all(isinstance(value, datetime.date) for value in values) or date_format(values):
        return "date"
    if all(text.casefold() in country_codes() for text in texts):
        return "country"
    if all(text.casefold() in YES | NO for text in texts):
        return "boolean"
    return "number" if all(_NUMBER.match(text) for text in texts) else None


def date_format(values: Sequence[Any]) -> str | None:
    """How the dates among these values are written, where all texts are written the same way."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return None
    for found in FORMATS:
        if all(_is_date(text, found) for text in texts):
            return found
    return None


def _is_date(text: str, written: str) -> bool:
    try:
        datetime.datetime.strptime(text, written)  # noqa: DTZ007  only whether it can be read
    except ValueError:
        return False
    return True


def decimal_sign(values: Sequence[Any]) -> str | None:
    """The sign before the decimals; None where either reads the same, or where values contradict each other."""
    found = {sign for sign in map(_decimal_sign, map(str, values)) if sign}
    return found.pop() if len(found) == 1 else None


def _decimal_sign(text: str) -> str | None:
    """The sign before one number's decimals, where its own digits tell."""
    number = _DIGITS.search(text)
    digits = number.group() if number else ""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return None
    sign, other = digits[last], "," if digits[last] == "." else "."
    if other in digits or (digits.count(sign) == 1 and len(digits) - last - 1 != 3):
        return sign
    return other if digits.count(sign) > 1 else None


def booleans(values: Sequence[Any]) -> dict[str, bool]:
    """What the words for yes and no among these values mean."""
    words = {str(value).casefold() for value in values}
    return {word: word in YES for word in sorted(words)} if words <= YES | NO else {}


def choices(kind: ColumnType, languages: Sequence[str]) -> dict[str, str]:
    """What a choice's labels in these languages mean."""
    known: dict[str, str] = {}
    for language in languages:
        for value, label in getattr(kind, "choices", lambda _reader: [])(Reader(language)):
            known.setdefault(label, value)
    return {label: value for label, value in known.items() if label != value}


def split(values: Sequence[Any]) -> str:
    """What stands between several values in one field."""
    return next((sign for sign in SPLITS if any(sign in str(value) for value in values)), ";")
