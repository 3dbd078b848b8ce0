"""Walking through the whole portal: as who may see the hidden things, as who may not, as nobody."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from canary_asks import SAFE, Ask, Asking, Sent
from canary_garden import BULLETINS, HIDDEN, Garden, Naming
from canary_reads import READS
from canary_words import cookies, said, unpacked
from canary_writes import WRITES
from flask import Flask
from house import Browser
from sqlalchemy import text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

# What no walk asks for, and why.
EXEMPT = {
    "static": "the program's own files, the same for everybody",
    "account.sign_in_submit": "reads no item; what it counts are wrong passwords",
    "outlook.pane_sign_in": "reads no item; what it counts are wrong passwords",
    "outlook.pane_sign_out": "forgets the token that the walk itself goes by",
    "calendar.renew_feed": "changes the asker's own secret address, by which the walk reads the feed",
}
_FORM_TOKEN = re.compile(r'(name="csrf_token" value|name="csrf-token" content|name="kept" value|nonce)="?[^"]*"')
_NEW = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.+Z-]*|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}"
    r"|\b\d{1,2}:\d\d(:\d\d)?(\s?[ap]m)?\b|\b\d+\b",
    re.IGNORECASE,
)


@dataclass
class Walk:
    """What a walk brought: answers' statuses and the planted places found by endpoint, and everything wrong."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    found: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)
    asked: int = 0

    def succeeded(self, what: str) -> bool:
        """Whether a method of a rule was let through once; 409 says that it would be, at another moment."""
        return any(status < 400 or status == 409 for status in self.statuses[what])

    @property
    def everything(self) -> set[str]:
        return set().union(*self.found.values())


class Walker:
    """Somebody who goes through the garden: `who` by a bearer token, None = nobody, or with a token that is none."""

    def __init__(self, garden: Garden, who: str | None, token: str = "") -> None:
        self.garden, self.who = garden, who
        self.app: Flask = garden.house.app
        self.client = cast(Browser, self.app.test_client(use_cookies=False))
        if who:
            self.client.environ_base.update(garden.house.api(who).environ_base)
        elif token:
            self.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        self.own: dict[str, int] = _own_things(garden, who) if who else {}
        self.feed = self.client.get("/api/v1/me").json["calendar_feed"].rpartition("/")[2] if who else ""

    # --- As who may see it --------------------------------------------------------------------------

    def look(self) -> Walk:
        """Ask all that reads and note what is found beyond what the request says itself."""
        walk = Walk()
        for ask in self._asks(self.garden.naming):
            if ask.method == "GET":
                told = self.garden.words.among(ask.carried)
                walk.found[ask.endpoint] |= self.garden.words.among(said(self._answer(ask, walk), self.app)) - told
        return walk

    def write(self) -> Walk:
        """Send what writers send to each address, until one of its requests is answered with success."""
        walk = Walk()
        for ask in self._asks(self.garden.naming):
            if ask.method not in SAFE and not walk.succeeded(f"{ask.method} {ask.rule}"):
                self._answer(ask, walk)
        return walk

    # --- As who may not -----------------------------------------------------------------------------

    def probe(self, *, making: bool = False) -> Walk:
        """Ask for everything, and after each request for the like that never was: no word, and no difference.

        `making`: by requests with which the asker makes something of their own, be it with the very same words.
        """
        walk, (twin, meant) = Walk(), self.garden.naming.twin()
        translation = re.compile("|".join(sorted(map(re.escape, meant), key=len, reverse=True)))
        for ask, other in zip(self._asks(self.garden.naming), self._asks(twin), strict=True):
            if ask.sent.makes != making:
                continue
            answer = self._answer(ask, walk)
            self._judge(ask, answer, walk)
            if not ask.masked and ask != other and ask.method not in ("HEAD", "OPTIONS"):
                like = translation.sub(lambda found: meant[found[0]], self._shown(other, self._answer(other, walk)))
                if like != (shown := self._shown(ask, answer)):
                    walk.wrong.append(f"{ask} answers otherwise than for what never was:\n{_difference(shown, like)}")
        return walk

    def knock(self) -> Walk:
        """Ask for everything as nobody: no word, whatever the answer."""
        walk = Walk()
        for ask in self._asks(self.garden.naming):
            self._judge(ask, self._answer(ask, walk), walk)
        return walk

    def _judge(self, ask: Ask, answer: TestResponse, walk: Walk) -> None:
        text = said(answer, self.app)
        if self.garden.words.stem in text:
            for word in self.garden.words.by_place.values():
                if word in ask.carried:
                    text = text.replace(word, "")  # what the asker says it knows; the twin shows what it learns
            if places := self.garden.words.among(text):
                walk.wrong.append(f"{ask} says what stands in {', '.join(sorted(places))}")
            elif self.garden.words.stem in text and self.garden.words.stem not in ask.carried:
                walk.wrong.append(f"{ask} says a part of a word")

    # --- Both -----------------------------------------------------------------------------------------

    def _asks(self, naming: Naming) -> Iterator[Ask]:
        """Every request: those that read come first, those that take away and bring back last."""
        asking = Asking(self.app, self.garden, naming, self.own)
        adapter = self.app.url_map.bind("localhost")
        for rule, method in _methods(self.app):
            if rule.endpoint in EXEMPT:
                continue
            for values, masked in asking.fillings(rule, method):
                path = adapter.build(rule.endpoint, {**values, **(rule.defaults or {})}, method=method)
                for sent in _variants(rule.endpoint, method, asking, values):
                    yield Ask(rule.endpoint, rule.rule, method, path, sent, masked)
                if method in ("HEAD", "OPTIONS"):
                    break
            if rule.endpoint == "calendar.feed_of_user" and method == "GET" and self.feed:
                yield Ask(rule.endpoint, rule.rule, method, f"/calendar/feed/{self.feed}", Sent())

    def _answer(self, ask: Ask, walk: Walk) -> TestResponse:
        walk.asked += 1
        answer = self.client.open(ask.address, **ask.arguments())
        walk.statuses[f"{ask.method} {ask.rule}"][answer.status_code] += 1
        assert answer.status_code < 500, f"{ask}: {answer.text}"
        return answer

    def _shown(self, ask: Ask, answer: TestResponse) -> str:
        """An answer for comparing: without the tokens of forms and, where the asker makes something, what is new."""
        headers = [
            f"{name}: {value}" for name, value in answer.headers.items() if name not in ("Content-Length", "Set-Cookie")
        ]
        text = "\n".join([str(answer.status_code), *headers, str(cookies(answer, self.app)), unpacked(answer)])
        text = _FORM_TOKEN.sub("", text)
        return _NEW.sub("#", text) if ask.sent.makes else text


def _methods(app: Flask) -> list[tuple[Rule, str]]:
    found = [(rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]
    return sorted(found, key=lambda pair: (_turn(*pair), pair[0].rule, pair[1]))


def _turn(rule: Rule, method: str) -> int:
    """When a rule has its turn: readers first; then what makes and changes; then taking away, then bringing back."""
    if method in SAFE:
        return 0
    last = rule.rule.rpartition("/")[2] if "versions" not in rule.rule else ""
    order = {"delete": 4, "undo": 3, "restore": 5, "checkout": 2, "checkin": 3, "discard": 3, "close": 2, "reopen": 3}
    if method == "DELETE":
        return 6
    if rule.endpoint == "api_items.restore":
        return 7
    return order.get(last, 1)


def _variants(endpoint: str, method: str, asking: Asking, values: Mapping[str, Any]) -> Iterator[Sent]:
    if method == "GET" and endpoint in READS:
        return READS[endpoint](asking, values)
    if method not in SAFE and endpoint in WRITES:
        return WRITES[endpoint](asking, values)
    return iter([Sent()] if method in SAFE else [Sent(form={}) if not endpoint.startswith("api_") else Sent()])


def _own_things(garden: Garden, who: str) -> dict[str, int]:
    """A case of the asker's own with something on it, without a planted word."""
    house, company = garden.house, garden.common["relations"]
    case = house.make("cases", {"name": "Own", "company": company}, by=who).id
    own = {name: house.make(name, {"case": case}, by=who).id for name in ("activities", "events", "documents")}
    bulletin = house.make(BULLETINS, {}, by=who).id
    return {"cases": case, **own, BULLETINS: bulletin}


def _difference(left: str, right: str) -> str:
    pairs = zip(left.splitlines(), right.splitlines(), strict=False)
    lines = [f"    {one[:300]}\n  / {other[:300]}" for one, other in pairs if one != other]
    return "\n".join(lines[:4]) or f"    {left[-300:]}\n  / {right[-300:]}"


# --- What must stay as it is ------------------------------------------------------------------------

STEADY = (
    "alerts", "comments", "file_versions", "item_versions", "list_views", "mail_filings", "memberships",
    "outgoing_mails", "scope_grants", "stored_attachments", "stored_copies", "stored_messages", "user_roles", "users",
    "working_copies",
)  # fmt: skip


def stored(garden: Garden) -> set[str]:
    """Every row of the hidden lists and of what belongs to them."""
    with garden.house.home.database.read() as session:
        tables = [*STEADY, *(garden.lists[name].table.name for name in HIDDEN)]
        return {f"{table}: {row}" for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))}
