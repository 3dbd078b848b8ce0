"""Which scopes grant what to whom: found by one statement, kept by each process until there is a new scope.

Grants are only ever added, with their scope; who gets another group, owner or role has other subjects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.orm import Session

from . import generations
from .database import writes_beside_others
from .models import ScopeGrant
from .sqltypes import among

MOST_BOUND = 300  # scopes in a statement; more are a sub-query
MOST_KEPT = 5_000  # sets of subjects, per process
_KEPT = "granted scopes"


_ByLevel = dict[int, tuple[int, ...]] | None  # the scopes by the level that they grant at least; None: too many


def scopes(session: Session, subjects: frozenset[str], level: int) -> tuple[int, ...] | Select[Any]:
    """The scopes that grant `level` to somebody with these subjects: in their order, or a sub-query for many.

    Who writes beside others asks in each statement anew, since the row that it reads next may have come into a new
    scope since the last one.
    """
    if writes_beside_others(session):
        return _asked(session, subjects, level)
    at = _granted(session, subjects)
    return _asked(session, subjects, level) if at is None else at[level]


def forget(session: Session) -> None:
    """Scopes changed in this session: ask again."""
    for key in [key for key in session.info if isinstance(key, tuple) and key[0] == _KEPT]:
        del session.info[key]


def _granted(session: Session, subjects: frozenset[str]) -> _ByLevel:
    key = (_KEPT, subjects)
    if key not in session.info:
        by = (generations.SCOPES,)
        session.info[key] = generations.kept(session, _KEPT, by, subjects, lambda: _find(session, subjects), MOST_KEPT)
    return session.info[key]


def _find(session: Session, subjects: frozenset[str]) -> _ByLevel:
    best = (
        select(ScopeGrant.scope_id, func.max(ScopeGrant.level)).where(_to(session, subjects))
        .group_by(ScopeGrant.scope_id).limit(MOST_BOUND + 1)
    )  # fmt: skip
    levels: dict[int, int] = {row[0]: row[1] for row in session.execute(best)}
    return _by_level(levels) if len(levels) <= MOST_BOUND else None


def _by_level(levels: dict[int, int]) -> dict[int, tuple[int, ...]]:
    """Equal ones are one object."""
    at: dict[int, tuple[int, ...]] = {}
    for level in range(1, 6):
        found = tuple(sorted(scope for scope, granted in levels.items() if granted >= level))
        before = at.get(level - 1)
        at[level] = before if before is not None and len(before) == len(found) else found
    return at


def _asked(session: Session, subjects: Iterable[str], level: int) -> Select[Any]:
    return select(ScopeGrant.scope_id).where(_to(session, subjects), ScopeGrant.level >= int(level))


def _to(session: Session, subjects: Iterable[str]) -> ColumnElement[bool]:
    column = cast(Table, ScopeGrant.__table__).c.subject
    return among(session, column, sorted(subjects), column.type)
