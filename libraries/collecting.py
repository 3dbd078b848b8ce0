"""Blobs that no row names: left by a refused or interrupted upload, removed after a time of grace.

A room whose rows name blobs says so with `refers_to_blobs`; whatever nobody names is an orphan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from ..lists.database import Database
from .blobs import BlobStore

GRACE = timedelta(days=1)
Referrer = TypeVar("Referrer", bound=Callable[[Session], Iterable[str]])
_referrers: list[Callable[[Session], Iterable[str]]] = []


class Home(Protocol):
    """What of a home is needed here."""

    @property
    def database(self) -> Database: ...
    @property
    def blobs(self) -> BlobStore: ...


def refers_to_blobs(function: Referrer) -> Referrer:
    """Register a function that gives the SHA-256 of every blob that a room's rows name."""
    _referrers.append(function)
    return function


def referenced(session: Session) -> set[str]:
    """The SHA-256 of every blob that some row names."""
    return {sha256 for function in _referrers for sha256 in function(session)}


def collect(home: Home, *, grace: timedelta = GRACE) -> int:
    """Remove what nobody names and what was last put longer than `grace` ago; how many blobs it were.

    Safe beside uploads: storing renews a blob's age before a row can name it, the rows are read before the
    store is listed, and the store asks the age again when it deletes.
    """
    before = datetime.now(UTC) - grace
    with home.database.read() as session:
        kept = referenced(session)
    orphans = [blob.sha256 for blob in home.blobs.iterate() if blob.sha256 not in kept and blob.modified < before]
    removed = sum(home.blobs.delete(sha256, older_than=before) for sha256 in orphans)
    home.blobs.clear_staging(before)
    return removed


def step(home: Home) -> bool:
    """The worker's step, done now and then: one round is all there is to do."""
    collect(home)
    return False


def findings(home: Home) -> Iterator[str]:
    """For `caseroom check`: blobs that rows name and that are missing or damaged, one line each."""
    with home.database.read() as session:
        wanted = sorted(referenced(session))
    for sha256 in wanted:
        if not home.blobs.exists(sha256):
            yield f"the stored file {sha256} is missing"
        elif not home.blobs.verify(sha256):
            yield f"the stored file {sha256} is damaged"
