"""Search over items, documents' text and mails: the engine's interface and its loader by URL scheme (docs/search.md).

`words` says what a word is, `texts` what of an item is searched, `indexing` follows the change log into the engine,
`searching` answers questions under the reader's rights, `suggesting` answers while one types, from SQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .words import Question

if TYPE_CHECKING:
    from ..home import Home


@dataclass(frozen=True)
class Entry:
    """What the engine knows of an item.

    `full` is what a reader at level READ may find, `headline` what one at HEADLINE may. `cap` is the most that the
    row gives to anybody but `readers` (user ids), whom its own columns name. `modified`: seconds since 1970.
    """

    list_id: int
    item_id: int
    version: int
    scope: int
    cap: int
    readers: tuple[int, ...]
    title: str
    headline: str
    full: str
    modified: float


@dataclass(frozen=True)
class Readable:
    """Which entries somebody may read: by scope (None = every scope) and by being named on the row."""

    user_id: int | None
    full: frozenset[int] | None
    headline: frozenset[int] | None


@dataclass(frozen=True)
class Candidate:
    """An entry that fits the question as it was when it was indexed."""

    list_id: int
    item_id: int
    version: int
    score: float
    modified: float


State = Mapping[str, Any]


class SearchEngine(ABC):
    """A full-text index that remembers, in the same commit as its entries, how far it has come (`state`)."""

    @abstractmethod
    def state(self) -> State | None:
        """What the last `write` said; None where there is no index, or one that cannot be read any more."""

    @abstractmethod
    def write(
        self, state: State, add: Sequence[Entry], remove: Sequence[tuple[int, int]] = (), drop: Sequence[int] = ()
    ) -> None:
        """All or nothing: take out `remove` ((list id, item id)) and the lists `drop`, put in `add`, keep `state`."""

    @abstractmethod
    def candidates(
        self, question: Question, readable: Readable, lists: Sequence[int] | None, limit: int, seconds: float
    ) -> tuple[list[Candidate], bool]:
        """The best `limit` entries for a question, best first, newer first among equals; and whether more may be there.

        Stops after about `seconds` with what it has.
        """

    @abstractmethod
    def versions(self) -> dict[tuple[int, int], int] | None:
        """The version of every entry by (list id, item id), the whole index read for it; None where it is damaged."""

    @abstractmethod
    def clear(self) -> None:
        """Throw the index away."""

    @abstractmethod
    def beside(self) -> SearchEngine:
        """An empty engine of the same kind, to build a new index in."""

    @abstractmethod
    def take_over(self, built: SearchEngine) -> None:
        """Put `built` (from `beside`) in this one's place."""


def open_engine(url: str) -> SearchEngine:
    """The engine of a URL: `whoosh:///folder` for an index in a folder. Raises ValueError for an unknown scheme."""
    parts = urlsplit(url)
    if parts.scheme == "whoosh":
        from .whoosh_index import WhooshEngine

        return WhooshEngine(Path(parts.path))
    raise ValueError(f"there is no search engine for “{parts.scheme}:”; whoosh is known")


def engine_of(home: Home) -> SearchEngine:
    """The home's engine, opened once per process."""
    caches = home.database.caches
    if "search engine" not in caches:
        caches["search engine"] = open_engine(f"whoosh://{home.index_folder.absolute()}")
    return caches["search engine"]
