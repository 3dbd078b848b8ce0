"""Money: a currency is an ISO 4217 code; the house's where none is given."""

from __future__ import annotations

from babel import Locale
from sqlalchemy.orm import Session

from ..database import database_of
from ..errors import Invalid
from ..hooks import Change, before_write

CURRENCIES = frozenset(Locale("en").currencies)


@before_write("crm.currency")
def check_currency(session: Session, change: Change) -> None:
    """Upper case, known, and there wherever an amount can be."""
    if change.kind not in ("create", "update"):
        return
    code = (change.new.get("currency") or database_of(session).house.currency).upper()
    if code not in CURRENCIES:
        raise Invalid("currency", "“%(value)s” is not a currency's code, such as EUR.", value=code)
    change.new["currency"] = code
