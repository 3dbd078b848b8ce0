"""How often the lists' definitions, and who may see what, have changed: counters by which a process keeps both.

Both are read by one statement, once per session.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

DEFINITIONS, SCOPES = "definitions", "scopes"
_KNOWN, _RAISED = "generations", "generations raised"


def read(session: Session) -> dict[str, int]:
    """The generations as of now."""
    from .models import Counter  # the models need Base, which lives beside our caller

    both = select(Counter.name, Counter.value).where(Counter.name.in_((DEFINITIONS, SCOPES)))
    known: dict[str, int] = {DEFINITIONS: 0, SCOPES: 0}
    known |= {row.name: row.value for row in session.execute(both)}
    session.info[_KNOWN] = known
    return known


def of_scopes(session: Session) -> int | None:
    """The scopes' generation as of this session's instant; None for who has made a scope: it may be rolled back."""
    if session.info.get(_RAISED):
        return None
    known: dict[str, int] = session.info.get(_KNOWN) or read(session)
    return known[SCOPES]


def scopes_changed(session: Session) -> None:
    """There is a new scope: `settle` raises the scopes' generation."""
    session.info[_RAISED] = True


def settle(session: Session) -> None:
    """Raise the generation where there are new scopes. At the transaction's end, since nobody passes the counter's row
    until it is over.
    """
    if session.info.pop(_RAISED, False):
        from .models import Counter

        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        raised = {"value": Counter.value + 1}
        row = insert(Counter).values(name=SCOPES, value=1)
        session.execute(row.on_conflict_do_update(index_elements=[Counter.name], set_=raised))
