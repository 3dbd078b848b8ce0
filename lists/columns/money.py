"""How spreadsheets write amounts: “€1,000.25”, “5,00 Kč”, “USD 5”, “($5.00)”. ISO 4217 names the currencies."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from babel.numbers import list_currencies

# What a sign may stand for; codes stand for themselves.
SIGNS = {
    "€": "EUR", "£": "GBP", "₺": "TRY", "TL": "TRY", "₴": "UAH", "₽": "RUB", "₹": "INR", "₩": "KRW", "₪": "ILS",
    "KČ": "CZK", "ZŁ": "PLN", "FT": "HUF", "LEI": "RON", "ЛВ": "BGN", "ЛВ.": "BGN", "FR.": "CHF",
    "¥": "JPY CNY", "KR": "SEK NOK DKK ISK", "KR.": "DKK ISK",
    "$": "USD CAD AUD NZD SGD HKD MXN", "US$": "USD", "CA$": "CAD", "A$": "AUD", "NZ$": "NZD", "HK$": "HKD",
}  # fmt: skip
_SIGN = re.compile(r"(?:[A-Z]{1,2}\$|[^\W\d_]+\.?|[€£₺₴₽₹₩₪¥$])")


def currencies_of(raw: Any) -> frozenset[str]:
    """The codes of the currencies that an amount's sign may stand for; none where it has no sign that is known."""
    return frozenset(_codes_of(sign_of(raw)))


def sign_of(raw: Any) -> str:
    """The currency's sign or code in an amount; "" where there is none, or one that nobody knows."""
    signs = _SIGN.findall(raw.upper()) if isinstance(raw, str) else []
    return signs[0] if len(signs) == 1 and _codes_of(signs[0]) else ""


def without_sign(raw: Any) -> Any:
    """The amount without its currency's sign; as it was where there is none."""
    sign = sign_of(raw)
    return re.sub(re.escape(sign), "", raw, count=1, flags=re.IGNORECASE) if sign else raw


def _codes_of(sign: str) -> list[str]:
    return SIGNS.get(sign, sign if sign in _codes() else "").split()


@cache
def _codes() -> frozenset[str]:
    return frozenset(list_currencies())
