"""The change log as its followers read it: in order, from their own cursor, nothing lost by a crash."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import Change, Counter, Follower, SetAside, now


def read(session: Session, after: int, limit: int = 200) -> Sequence[Change]:
    """The lines after number `after`, oldest first, at most `limit`."""
    return session.scalars(select(Change).where(Change.seq > after).order_by(Change.seq).limit(limit)).all()


def last(session: Session) -> int:
    """The newest line's number; 0 while there is none."""
    return session.scalar(select(Counter.value).where(Counter.name == "changes")) or 0


def position(session: Session, follower: str) -> int:
    """How far the follower has read; 0 for a new one."""
    row = session.get(Follower, follower)
    return row.seq if row else 0


def move_to(session: Session, follower: str, seq: int) -> None:
    """Remember that the follower has dealt with everything up to `seq`."""
    row = session.get(Follower, follower)
    if row is None:
        session.add(Follower(name=follower, seq=seq))
    else:
        row.seq = seq


def set_aside(session: Session, follower: str, seq: int, reason: str) -> None:
    """Keep a line that the follower could not take, with the reason, so that it can go on."""
    session.add(SetAside(follower=follower, seq=seq, at=now(), reason=reason[:2000]))
