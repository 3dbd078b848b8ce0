"""The full-text index in a folder, by Whoosh."""

# whoosh3 declares its types but not what its packages re-export.
# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import errno
import json
import logging
import shutil
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from whoosh import fields, index, query
from whoosh.analysis import Analyzer, Token
from whoosh.collectors import TimeLimit
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import TermNotFound
from whoosh.scoring import BM25F
from whoosh.searching import Searcher

from ...lists.database import NO_ROOM
from ...lists.rights import Level
from . import Candidate, Entry, Readable, SearchEngine, State
from .words import Clause, Question, words

LOG = logging.getLogger("caseroom.search")
STATE_KEY = "state"
DAMAGED = "damaged"  # a file of this name in the index's folder: somebody could not read it, it is to be built anew
# Not the index's fault: no room, too many open files, no memory.
NOT_DAMAGE = NO_ROOM | {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
MOST_REMEMBERED, MOST_POOLED = 64, 8
MOST_DELETED_BY_QUERY = 200
TITLE_BOOST = 2.0
Stamp = tuple[int, int]  # the folder's inode and the index's generation


class WordAnalyzer(Analyzer):
    """Whoosh's view of `words`."""

    def __call__(self, value: str, **_more: Any) -> Iterator[Token]:
        token = Token(True, False)
        for word in words(value):
            token.text, token.original, token.pos = word.term, word.term, word.position  # type: ignore[attr-defined]
            token.boost, token.stopped = 1.0, False
            yield token


class Ranking(BM25F):
    """BM25F without the rarity of words: how often a word stands in what one may not read would show in the order."""

    def idf(self, searcher: Any, fieldname: str, text: str) -> float:
        return 1.0


def _schema() -> fields.Schema:
    return fields.Schema(
        key=fields.ID(unique=True, stored=True),
        list=fields.ID(),
        access=fields.KEYWORD(),  # "<scope>.<cap>" once, "u<user id>" for each reader whom the row names
        title=fields.TEXT(WordAnalyzer(), phrase=False),
        headline=fields.TEXT(WordAnalyzer()),
        full=fields.TEXT(WordAnalyzer()),
        version=fields.STORED(),
        modified=fields.STORED(),
        state=fields.STORED(),
    )


class WhooshEngine(SearchEngine):
    """An index in `folder`. Thread-safe: each search takes a searcher of its own from a pool.

    Which documents belong to which scope is read once per segment, since segments never change; the set of documents
    that somebody may read is made of that once per generation of the index and kept for the next question.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.Lock()
        self._pool: list[tuple[Stamp, Searcher]] = []
        self._segments: dict[str, dict[str, array[int]]] = {}
        self._sets: dict[tuple[Stamp, Readable], tuple[set[int], set[int]]] = {}

    # --- Writing ------------------------------------------------------------------------------

    def state(self) -> State | None:
        if (self.folder / DAMAGED).exists():
            return None
        with self._damage_noted(), self._searcher() as taken:
            found = taken[1].document(key=STATE_KEY) if taken else None
            return json.loads(found["state"]) if found else None
        return None

    def write(
        self, state: State, add: Sequence[Entry], remove: Sequence[tuple[int, int]] = (), drop: Sequence[int] = ()
    ) -> None:
        try:
            self._write(state, add, remove, drop)
        except Exception as error:
            if not _is_innocent(error) and self.versions() is None:
                self._note_damage()  # the next `state` says so, and all is built anew
            raise

    def _write(
        self, state: State, add: Sequence[Entry], remove: Sequence[tuple[int, int]], drop: Sequence[int]
    ) -> None:
        writer = self._open_or_make().writer(limitmb=64)
        try:
            keys = [STATE_KEY, *(_key(*item) for item in remove)]
            for start in range(0, len(keys), MOST_DELETED_BY_QUERY):
                part = keys[start : start + MOST_DELETED_BY_QUERY]
                writer.delete_by_query(query.Or([query.Term("key", key) for key in part]))
            for list_id in drop:
                writer.delete_by_term("list", str(list_id))
            for entry in add:
                writer.add_document(**_document(entry))
            writer.add_document(key=STATE_KEY, state=json.dumps(state))
        except BaseException:
            writer.cancel()
            raise
        writer.commit()

    def versions(self) -> dict[tuple[int, int], int] | None:
        opened = self._open()
        if opened is None:
            return None
        try:
            with opened.searcher() as searcher:
                reader = searcher.reader()
                for name in ("key", "access", "headline", "full"):
                    for term in reader.lexicon(name):
                        with suppress(TermNotFound):  # only in documents that are deleted
                            next(iter(reader.postings(name, term).all_ids()), None)
                found = {fields["key"]: fields.get("version") for fields in reader.all_stored_fields()}
        except Exception as error:
            if _is_innocent(error):
                raise
            return None
        return {_item(key): int(version or 0) for key, version in found.items() if key != STATE_KEY}

    def _note_damage(self) -> None:
        if self.folder.is_dir():
            LOG.error("the search index in %s is damaged; it is built anew", self.folder)
            (self.folder / DAMAGED).touch()

    @contextmanager
    def _damage_noted(self) -> Iterator[None]:
        """What goes wrong inside is an answer of nothing, where the index cannot be read or is just built anew."""
        try:
            yield
        except Exception as error:  # Whoosh answers damage with many kinds of error
            if _is_innocent(error):
                raise
            if self._open() is None:
                return
            if self.versions() is None:
                self._note_damage()
            elif not isinstance(error, FileNotFoundError):  # taken away while it was opened
                raise

    def clear(self) -> None:
        with self._mutex:
            self._pool.clear()
            self._segments.clear()
            self._sets.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def beside(self) -> SearchEngine:
        other = WhooshEngine(self.folder.with_name(self.folder.name + ".new"))
        other.clear()
        return other

    def take_over(self, built: SearchEngine) -> None:
        assert isinstance(built, WhooshEngine)
        old = self.folder.with_name(self.folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(old)
        built.folder.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def _open_or_make(self) -> index.FileIndex:
        found = self._open()
        if found is not None:
            return found
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return FileStorage(str(self.folder)).create_index(_schema())

    def _open(self) -> index.FileIndex | None:
        """The index; None where there is none, or one of another make, which is built anew."""
        try:
            found = FileStorage(str(self.folder)).open_index()
        except Exception:  # Whoosh answers a damaged folder with many kinds of error; all mean: build it anew
            return None
        return found if set(found.schema.names()) == set(_schema().names()) else None

    # --- Reading ------------------------------------------------------------------------------

    def candidates(
        self, question: Question, readable: Readable, lists: Sequence[int] | None, limit: int, seconds: float
    ) -> tuple[list[Candidate], bool]:
        with self._damage_noted(), self._searcher() as taken:
            if taken is None or not question:
                return [], False
            stamp, searcher = taken
            found: dict[str, Candidate] = {}
            more = False
            for field, allowed in self._allowed(stamp, searcher, readable):
                asked = _limited_to(_query(question, field), lists)
                allowed = allowed - _documents_with(searcher, question.unwanted, field)
                hits, cut = _run(searcher, asked, allowed, limit, seconds) if allowed else ([], False)
                more = more or cut
                for candidate in hits:
                    found.setdefault(_key(candidate.list_id, candidate.item_id), candidate)
            best = sorted(found.values(), key=lambda one: (-round(one.score, 1), -one.modified))
            return best, more
        return [], False

    @contextmanager
    def _searcher(self) -> Iterator[tuple[Stamp, Searcher] | None]:
        """A searcher of the newest generation, nobody else's meanwhile; None where there is no index."""
        opened = self._open()
        if opened is None:
            yield None
            return
        stamp = (self.folder.stat().st_ino, opened.latest_generation())
        searcher = self._taken(stamp) or opened.searcher(weighting=Ranking())
        yield stamp, searcher
        with self._mutex:  # one that raised is not used again
            self._pool.append((stamp, searcher))
            del self._pool[:-MOST_POOLED]

    def _taken(self, stamp: Stamp) -> Searcher | None:
        with self._mutex:
            self._pool = [(known, searcher) for known, searcher in self._pool if known == stamp]
            return self._pool.pop()[1] if self._pool else None

    def _allowed(self, stamp: Stamp, searcher: Searcher, readable: Readable) -> Iterator[tuple[str, set[int]]]:
        """Which documents may be found by which field: by the full text where it is read, else by the headline."""
        key = (stamp, readable)
        sets = self._sets.get(key)
        if sets is None:
            full = self._documents(searcher, _fitting(readable.user_id, readable.full, Level.READ))
            headline = self._documents(searcher, _fitting(None, readable.headline, Level.HEADLINE))
            sets = (full, headline - full)
            with self._mutex:
                while len(self._sets) >= MOST_REMEMBERED:
                    self._sets.pop(next(iter(self._sets)))
                self._sets[key] = sets
        for field, found in zip(("full", "headline"), sets, strict=True):
            if found:  # to Whoosh an empty set would mean: everything
                yield field, found

    def _documents(self, searcher: Searcher, fits: Callable[[str], bool]) -> set[int]:
        found: set[int] = set()
        leaves = [leaf for leaf in searcher.reader().leaf_readers() if leaf[0].segment() is not None]  # none yet: empty
        for reader, offset in leaves:
            for token, numbers in self._tokens(reader).items():
                if fits(token):
                    found.update(number + offset for number in numbers)
        present = {reader.segment().segment_id() for reader, _offset in leaves}  # type: ignore[union-attr]
        for gone in set(self._segments) - present:
            self._segments.pop(gone, None)
        return found

    def _tokens(self, reader: Any) -> dict[str, array[int]]:
        """Per access token the segment's documents."""
        segment = reader.segment().segment_id()
        if segment not in self._segments:
            self._segments[segment] = {
                text.decode(): array("I", reader.postings("access", text).all_ids())
                for text in reader.lexicon("access")
            }
        return self._segments[segment]


def _is_innocent(error: Exception) -> bool:
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in NOT_DAMAGE)


def _item(key: str) -> tuple[int, int]:
    list_id, item_id = map(int, key.split("/"))
    return list_id, item_id


def _candidate(hit: Any) -> Candidate:
    list_id, item_id = _item(hit["key"])
    return Candidate(list_id, item_id, hit["version"], hit.score or 0.0, hit["modified"])


def _key(list_id: int, item_id: int) -> str:
    return f"{list_id}/{item_id}"


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "key": _key(entry.list_id, entry.item_id), "list": str(entry.list_id), "version": entry.version,
        "access": " ".join([f"{entry.scope}.{entry.cap}", *(f"u{user}" for user in entry.readers)]),
        "title": entry.title, "headline": entry.headline, "full": entry.full, "modified": entry.modified,
    }  # fmt: skip


def _fitting(user_id: int | None, scopes: frozenset[int] | None, level: Level) -> Callable[[str], bool]:
    def fits(token: str) -> bool:
        if token[0] == "u":
            return user_id is not None and token == f"u{user_id}"
        scope, cap = token.split(".")
        return int(cap) >= level and (scopes is None or int(scope) in scopes)

    return fits


def _query(question: Question, field: str) -> query.Query:
    wanted = query.And([_clause(clause, field) for clause in question.wanted])
    if field != "full":
        return wanted
    titles = [query.Term("title", term, boost=TITLE_BOOST) for clause in question.wanted for term in clause.terms]
    return query.AndMaybe(wanted, query.Or(titles))


def _documents_with(searcher: Searcher, unwanted: Sequence[Clause], field: str) -> set[int]:
    """The documents with any of these: taken from the allowed ones, since Whoosh's AndNot let one through."""
    if not unwanted:
        return set()
    return set(searcher.docs_for_query(query.Or([_clause(clause, field) for clause in unwanted])))


def _clause(clause: Clause, field: str) -> query.Query:
    if clause.phrase:
        asked: query.Query = query.Phrase(field, list(clause.terms))
    else:
        asked = query.And([_term(field, term, prefix) for term, prefix in clause.parts])
    return query.Or([asked, _term(field, clause.joined, clause.prefix)]) if clause.joined else asked


def _term(field: str, term: str, prefix: bool) -> query.Query:
    return query.Prefix(field, term) if prefix else query.Term(field, term)


def _limited_to(asked: query.Query, lists: Sequence[int] | None) -> query.Query:
    """The query within some lists. By an And without weight: Whoosh's Require stumbles where it skips weak hits."""
    if lists is None:
        return asked
    return query.And([asked, query.Or([query.Term("list", str(one), boost=0.0) for one in lists])])


def _run(
    searcher: Searcher, asked: query.Query, allowed: set[int], limit: int, seconds: float
) -> tuple[list[Candidate], bool]:
    """The best hits among the allowed documents; and whether there were, or may be, more."""
    from whoosh.collectors import FilterCollector, TimeLimitCollector

    inner = searcher.collector(limit=limit)
    collector = TimeLimitCollector(FilterCollector(inner, allow=allowed), timelimit=seconds, use_alarm=False)
    late = False
    try:
        searcher.search_with_collector(asked.normalize(), collector)
    except TimeLimit:
        late = True
    hits = [_candidate(hit) for hit in collector.results() if hit["key"] != STATE_KEY]
    return hits, late or len(hits) >= limit
