"""What search costs beside plain SQL in the same run: words, rights of many scopes, suggestions, catching up.

A home on SQLite with companies in 400 groups' scopes; `--quick` with 6,000, the full run with 100,000.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _report
from sqlalchemy import insert, text

from caseroom.lists import query
from caseroom.lists.catalogue import definition
from caseroom.lists.filters import Or, field
from caseroom.lists.models import Scope, ScopeGrant, User, new_guid, now
from caseroom.lists.rights import Actor
from caseroom.portal.home import Home, open_home, prepare
from caseroom.portal.search import Readable, engine_of, indexing
from caseroom.portal.search.searching import search
from caseroom.portal.search.suggesting import suggest
from caseroom.portal.search.words import ask
from caseroom.portal.settings import load

SCOPES, MINE = 400, 200
SYLLABLES = (
    "ta",
    "tra",
    "ko",
    "ši",
    "ce",
    "ve",
    "ľa",
    "no",
    "vá",
    "ma",
    "li",
    "dun",
    "ská",
    "bra",
    "sla",
    "žil",
    "pre",
)


def words(random_: random.Random, number: int) -> list[str]:
    return ["".join(random_.choices(SYLLABLES, k=random_.randint(2, 4))) for _ in range(number)]


def fill(home: Home, count: int) -> Actor:
    """Cases with a text of 40 words each, spread over the scopes; answers an actor who reads half of the scopes."""
    random_ = random.Random(7)
    vocabulary = words(random_, 8000)
    with home.database.write() as session:
        session.add(User(email="bench@bench.test", name="Bench", feed_secret="-"))
        session.execute(insert(Scope), [{"id": 1000 + n, "key": f"bench {n}"} for n in range(SCOPES)])
        session.execute(
            insert(ScopeGrant),
            [{"scope_id": 1000 + n, "subject": f"group:{1000 + n}", "level": 4} for n in range(SCOPES)],
        )
        cases = definition(session, "cases")
        name, description = cases.by_name["name"].physical, cases.by_name["description"].physical
        for start in range(0, count, 2000):
            session.execute(
                insert(cases.table),
                [
                    {
                        "guid": new_guid(), "version": 1, "scope_id": 1000 + random_.randrange(SCOPES),
                        "created": now(), "modified": now(), name: " ".join(random_.choices(vocabulary, k=4)).title(),
                        description: " ".join(random_.choices(vocabulary, k=40)),
                    }
                    for _ in range(min(2000, count - start))
                ],
            )  # fmt: skip
    groups = frozenset(range(1000, 1000 + MINE))
    return Actor(1, "Bench", roles=frozenset({"salesperson"}), groups=groups)


def milliseconds(work: Callable[[], object], times: int = 7) -> float:
    """The median of several runs."""
    runs = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        runs.append((time.perf_counter() - begun) * 1000)
    return sorted(runs)[times // 2]


def measure(home: Home, actor: Actor, count: int) -> list[dict[str, Any]]:
    begun = time.perf_counter()
    while indexing.catch_up(home):
        pass
    building = count / (time.perf_counter() - begun)
    with home.database.read() as session:
        cases = definition(session, "cases")
        one = query.page(session, actor, "cases", columns=["name", "description"], limit=1).items[0]
        word, other = str(one["description"]).split()[:2]
        begin = str(one["name"]).split()[0][:5]
        like = Or([field("name", "contains", word), field("description", "contains", word)])
        engine = engine_of(home)
        readable = Readable(1, frozenset(range(1000, 1000 + MINE)), frozenset(range(1000, 1000 + MINE)))
        cold = Readable(2, frozenset(range(1000, 1000 + MINE)), frozenset(range(1000, 1000 + MINE)))
        asked = ask(word + " ")
        first = milliseconds(lambda: engine.candidates(asked, cold, None, 20, 5), 1)
        warm = milliseconds(lambda: engine.candidates(asked, readable, None, 20, 5))
        everyone = Readable(None, None, None)
        free = milliseconds(lambda: engine.candidates(asked, everyone, None, 20, 5))
        sql = milliseconds(lambda: query.page(session, actor, "cases", where=like, columns=["name"], limit=20), 3)
        scan = milliseconds(lambda: query.count(session, actor, "cases", where=like), 1)
        whole = milliseconds(lambda: search(home, session, actor, word))
        two = milliseconds(lambda: search(home, session, actor, f"{word} {other}"))
        prefix = milliseconds(lambda: search(home, session, actor, begin[:3]))
        proposing = milliseconds(lambda: suggest(session, actor, begin))
        short = milliseconds(lambda: suggest(session, actor, begin[:2]))
        contains = field("name", "contains", begin)
        named = milliseconds(lambda: query.count(session, actor, "cases", where=contains), 1)
        session.execute(text("SELECT 1"))
        assert cases and search(home, session, actor, word) and suggest(session, actor, begin)

    def result(name: str, value: float, unit: str, limit: float, what: str, at_least: bool = False) -> dict[str, Any]:
        ok = value >= limit if at_least else value <= limit
        return {"name": name, "value": round(value, 2), "unit": unit, "limit": limit, "ok": ok, "what": what}

    return [
        result("search-word-vs-like", scan / whole, "ratio", 1 if count < 50_000 else 10,
               f"LIKE over all rows ({scan:.0f} ms) / one word found, verified, with snippets ({whole:.1f} ms)", True),
        result("search-page-of-like", sql, "ms", 1e9, "for comparison: the first 20 rows by LIKE"),
        result("search-filter-200-scopes", warm / free, "ratio", 3,
               f"one word under 200 scopes, filter kept ({warm:.1f} ms) / without rights ({free:.1f} ms)"),
        result("search-filter-first-time", first, "ms", 1000, "one word, the filter of 200 scopes made"),
        result("search-two-words", two, "ms", 150, "two words, verified, with snippets"),
        result("search-prefix", prefix, "ms", 1000, "a word's first three letters, verified, with snippets"),
        result("suggest", proposing, "ms", 30, f"suggestions by a beginning; by LIKE {named:.0f} ms"),
        result("suggest-two-letters", short, "ms", 30, "suggestions by two letters"),
        result("index-building", building, "items/s", 100, "items of 45 words indexed a second", True),
    ]  # fmt: skip


def main() -> None:
    options = _report.options(__doc__, "6,000 items instead of 100,000")
    count = 6000 if options.quick else 100_000
    with tempfile.TemporaryDirectory(prefix="caseroom-bench-") as folder:
        home = open_home(load(Path(folder), environ={}))
        prepare(home)
        actor = fill(home, count)
        results = measure(home, actor, count)
        home.database.dispose()
    _report.tell(results, options.json)


if __name__ == "__main__":
    main()
