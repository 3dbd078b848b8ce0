"""Requests made from the URL map: every address with all that is hidden filled into it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from canary_garden import BULLETINS, HIDDEN, Garden, Naming
from canary_words import texts_of
from flask import Flask
from werkzeug.routing import Rule

from caseroom.lists.catalogue import Column, ListDefinition

SAFE = ("GET", "HEAD", "OPTIONS")
COMMON = ("relations", "contacts", BULLETINS)  # lists of which everybody may see the item that is asked for
# Where the asker's own thing is made to point at a hidden one.
ON_OWN = ("api_items.change", "items.save", "api_mail.email")
ACTIONS = {"cases": ("call", "task", "meeting", "email", "close", "reopen"), "relations": ("call", "email")}
_OF_PATH = re.compile(r"/(cases|relations|activities|documents|templates)/<")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """What goes along with a request. `makes`: the asker may do this, so that ids and instants of the new differ."""

    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    files: tuple[tuple[str, bytes, str], ...] = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    makes: bool = False


@dataclass(frozen=True)
class Ask:
    """One request. `masked`: it names something that the asker may see in part, or that is common property."""

    endpoint: str
    rule: str
    method: str
    path: str
    sent: Sent
    masked: bool = False

    @property
    def address(self) -> str:
        return f"{self.path}?{urlencode(self.sent.query, doseq=True)}" if self.sent.query else self.path

    @property
    def carried(self) -> str:
        """Everything that the request itself says."""
        files = "\n".join(texts_of(data) + name for _field, data, name in self.sent.files)
        body = texts_of(self.sent.body) if self.sent.body else ""
        return f"{self.address}\n{self.sent.json!r}\n{self.sent.form!r}\n{files}\n{body}".lower()

    def arguments(self) -> dict[str, Any]:
        """For Werkzeug's test client, whose files can be read once."""
        found: dict[str, Any] = {"method": self.method, "headers": dict(self.sent.headers)}
        if self.sent.json is not None:
            found["json"] = self.sent.json
        elif self.sent.body is not None:
            found["data"] = self.sent.body
        elif self.sent.form is not None or self.sent.files:
            files = [(name, (io.BytesIO(data), file_name)) for name, data, file_name in self.sent.files]
            form = {name: value for name, value in (self.sent.form or {}).items() if value is not None}
            found["data"] = {**form, **{name: [one for key, one in files if key == name] for name, _one in files}}
        return found

    def __str__(self) -> str:
        said = self.sent.json if self.sent.json is not None else self.sent.form
        return f"{self.method} {self.address}" + (f" {said!r}" if said is not None else "")


@dataclass
class Asking:
    """What requests are made of: the names of the hidden, what is common, and the asker's own things."""

    app: Flask
    garden: Garden
    naming: Naming
    own: Mapping[str, int]

    @property
    def lists(self) -> Mapping[str, ListDefinition]:
        return self.garden.lists

    def word(self, place: str) -> str:
        return self.naming.words(place) if place in self.naming.words.by_place else self.naming.words("cases.name")

    def matters(self, list_name: str) -> bool:
        """Whether the list holds hidden things or companies, or points to such."""
        return list_name in (*HIDDEN, *COMMON) or bool(self.pointing(list_name))

    def pointing(self, list_name: str) -> list[tuple[Column, str, int]]:
        """The visible lookups of a list into hidden ones: (column, target, a hidden id)."""
        there = set(HIDDEN) - {"events"}  # that an event is there everybody may know
        columns = [one for one in self.lists[list_name].visible_columns if one.type.target in there]
        return [(one, str(one.type.target), self.naming.first(str(one.type.target))) for one in columns]

    def fillings(self, rule: Rule, method: str) -> Iterator[tuple[Values, bool]]:
        """Values for the parameters of an address, and whether they name something that may be seen in part."""
        names = rule.arguments - set(rule.defaults or {})
        for values, masked in self._items(rule, names):
            list_name = values.get("list_name", values.get("name"))
            its_own = values.get("item_id") == self.own.get(BULLETINS)
            if method not in SAFE and list_name in COMMON and "item_id" in values and not its_own:
                continue  # what is common property the asker may change like anybody
            for more in self._others(rule, names, values):
                yield {**values, **more}, masked

    def _items(self, rule: Rule, names: set[str]) -> Iterator[tuple[dict[str, Any], bool]]:
        """The list and the item, as far as the address has them."""
        list_parameter = next((name for name in ("list_name", "name", "library") if name in names), None)
        item_parameter = next(
            (name for name in ("item_id", "case_id", "mail_id", "relation_id") if name in names), None
        )
        if item_parameter is None:
            if list_parameter is None or "any(" in rule.rule:
                yield {}, False
            elif list_parameter == "library":
                yield from (({"library": name}, False) for name in ("documents", "templates"))
            else:
                yield from (({list_parameter: name}, False) for name in self.lists)
            return
        fixed = "mails" if item_parameter == "mail_id" or "/mails/" in rule.rule else _fixed_list(rule.rule)
        only = fixed or ("documents" if list_parameter == "library" else None)
        own = self.own if rule.endpoint in ON_OWN else {}
        for list_name, number, masked in self._named(only, own):
            yield {item_parameter: number, **({list_parameter: list_name} if list_parameter else {})}, masked

    def _named(self, only: str | None, own: Mapping[str, int]) -> Iterator[tuple[str, int, bool]]:
        for list_name, number in self.naming.every():
            if only == "templates" and list_name == "documents":
                yield only, number, True
            elif only in (None, list_name):
                yield list_name, number, list_name == "events" and number in self.naming.ids["events"]
        for names, masked in ((self.garden.common, True), (own, False)):
            for list_name in COMMON if masked else names:
                if only in (None, list_name):
                    yield list_name, names[list_name], masked

    def _others(self, rule: Rule, names: set[str], values: Values) -> Iterator[dict[str, Any]]:
        if "action" in names:
            of_path = _fixed_list(rule.rule) or "cases"
            yield from ({"action": action} for action in ACTIONS[of_path])
        elif "file_id" in names:
            yield {"column": "a_attachment", "file_id": self.naming.file}
        elif "column" in names and "/files/" in rule.rule:
            yield {"column": "a_attachment"}
        elif "column" in names:
            found = self.lists[values.get("list_name", values.get("name"))]
            yield from ({"column": one.name} for one in found.visible_columns if not one.type.is_multi)
        elif "view_id" in names:
            on_page = rule.endpoint.startswith("list_views.")
            yield {"view_id": self.naming.views[0 if on_page else 1]}
        elif "comment_id" in names:
            yield {"comment_id": self.naming.comments[1 if rule.endpoint.startswith("api_") else 0]}
        elif "notice_id" in names:
            yield {"notice_id": self.naming.notices[0]}
        elif "alert_id" in names:
            yield {"alert_id": self.naming.alerts[1 if rule.endpoint.startswith("api_") else 0]}
        elif "job_id" in names:
            yield from ({"job_id": number} for number in self.naming.jobs)
        elif "version" in names:
            yield from ({"version": version} for version in ("1.0", "7.0"))
        elif "number" in names and "mail_id" not in names:
            known = self.naming.sessions if "sessions" in rule.rule else self.naming.tokens
            yield from ({"number": number} for number in known)
        elif "number" in names:
            yield from ({"number": number} for number in (1, 2, 9))
        elif "column" in names:
            yield {"column": "name"}
        elif "secret" in names:
            yield {"secret": self.naming.feed}
        elif "setting" in names:
            yield from ({"setting": setting} for setting in ("theme", "density"))
        elif "list_name" in names and "any(" in rule.rule:
            yield from ({"list_name": name} for name in ("owners", "sales_groups"))
        else:
            yield {}


def _fixed_list(rule: str) -> str | None:
    found = _OF_PATH.search(rule)
    return found[1] if found else None
