"""What an import's mapping says: how the columns of a source become the columns of a list (docs/import.md)."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale

from .columns.dates import in_zone
from .errors import N_, FieldError, Gathered, Invalid, Words
from .list_files import broken_line
from .spooling import SourceRow

LANGUAGES_OF_COUNTRIES = ("en", "sk", "cs", "de", "pl", "hu", "fr", "it", "es")
NOON = datetime.time(12)


@dataclass(frozen=True)
class Rule:
    """How one column's value is made. See docs/import.md for each word."""

    sources: tuple[str, ...] = ()
    constant: Any = None
    default: Any = None
    join: str = " "
    take: str | None = None
    split: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    only: bool = False
    date: str | None = None
    decimal: str | None = None
    country: bool = False
    parts: Mapping[str, Rule] = field(default_factory=dict)
    lookup: str = "name"
    create: bool | Mapping[str, Any] = False
    gap: str | None = None

    def alias(self, text: str) -> Any:
        """What `values` says for a text; where it stands there in other letters, that will do."""
        return self.values[text] if text in self.values else self._folded.get(text.casefold())

    @cached_property
    def _folded(self) -> dict[str, Any]:
        return {word.casefold(): value for word, value in self.values.items()}

    @property
    def all_sources(self) -> set[str]:
        """Every column of the source that it needs."""
        return set(self.sources).union(*(part.all_sources for part in self.parts.values()))


@dataclass(frozen=True)
class Mapped:
    """A row as the list will take it, lookups still as texts; `flagged` where a gap is to be flagged.

    `refused`: what of it could not be read; such a column has no value.
    """

    number: int
    values: dict[str, Any]
    flagged: bool
    refused: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class Join:
    """Columns of another file, found by the value of one column that both have."""

    file: str
    on: str


@dataclass(frozen=True)
class Step:
    """One file into one list."""

    list: str
    file: str
    columns: Mapping[str, Rule]
    match: tuple[str, ...]
    existing: str = "update"
    missing: str = "create"
    distinct: bool = False
    where: Mapping[str, Any] = field(default_factory=dict)
    join: Join | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    @property
    def all_sources(self) -> set[str]:
        """Every column of the source that it needs."""
        return set(self.where).union(*(rule.all_sources for rule in self.columns.values()))

    @cached_property
    def key_sources(self) -> tuple[str, ...]:
        """The columns of the source that make the key by which a row is matched."""
        return tuple(sorted(set[str]().union(*(self.columns[name].all_sources for name in self.match))))


def read_mapping(path: Path, list_name: str, file: str) -> Step:
    """The mapping of one list from a file such as docs/import.md describes. Raises Invalid."""
    return _step({**_toml(path), "list": list_name, "file": file})


def read_bundle(path: Path) -> list[Step]:
    """A bundle's steps in their order. Raises Invalid."""
    body = _toml(path)
    steps = body.get("steps")
    if not isinstance(steps, list) or not steps or set(body) - {"steps", "title"}:
        raise Invalid("mapping", "A bundle has a title and steps, each written as [[steps]].")
    return [_step(step) for step in steps]


def step_of(body: Mapping[str, Any], list_name: str, file: str) -> Step:
    """The step that a kept mapping says. Raises Invalid."""
    return _step({**body, "list": list_name, "file": file})


def _toml(path: Path) -> dict[str, Any]:
    text = ""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise Invalid("mapping", "There is no file %(file)s.", file=str(path)) from None
    except OSError:
        raise Invalid("mapping", "The file %(file)s may not be read.", file=str(path)) from None
    except ValueError as refusal:
        words = N_("The mapping %(file)s is no TOML: look at line %(line)s.")
        raise Invalid("mapping", words, file=path.name, line=broken_line(text, refusal)) from None


def _step(body: Mapping[str, Any]) -> Step:
    known = {one.name for one in fields(Step)}
    _refuse_unknown(set(body) - known, known, "a step")
    columns, match = body.get("columns"), body.get("match", ["external_id"])
    if not isinstance(columns, dict) or not columns or not body.get("list") or not body.get("file"):
        raise Invalid("mapping", "A step names a list, a file and its columns.")
    rules = {name: _rule(name, rule) for name, rule in columns.items()}
    if not _is_names(match):
        raise Invalid("mapping", "“match” is a column's name or a list of them.")
    match = (match,) if isinstance(match, str) else tuple(match)
    if (not match and body.get("existing") != "keep") or set(match) - set(rules):
        words = N_("The step for %(list)s matches by %(match)s, which is not among its columns.")
        raise Invalid("mapping", words, list=body["list"], match=", ".join(match) or "–")
    if body.get("existing", "update") not in ("update", "keep"):
        raise Invalid("mapping", "“existing” is update or keep.")
    if body.get("missing", "create") not in ("create", "refuse"):
        raise Invalid("mapping", "“missing” is create or refuse.")
    join = body.get("join")
    if join is not None and (not isinstance(join, dict) or set(join) != {"file", "on"}):
        raise Invalid("mapping", "“join” names a file and the column on which it joins.")
    return Step(**{**body, "columns": rules, "match": match, "join": Join(**join) if join else None})


def _rule(name: str, body: Any) -> Rule:
    if isinstance(body, str):
        return Rule((body,))
    known = {one.name for one in fields(Rule)} - {"sources"} | {"from"}
    if not isinstance(body, dict):
        raise Invalid("mapping", "The column %(column)s is a source column's name or a table.", column=name)
    _refuse_unknown(set(body) - known, known, f"the column {name}")
    _refuse_unfit(name, body)
    body = dict(body)
    sources = body.pop("from", ())
    body["parts"] = {part: _rule(part, rule) for part, rule in body.get("parts", {}).items()}
    rule = Rule((sources,) if isinstance(sources, str) else tuple(sources), **body)
    if rule.decimal not in (None, ",", "."):
        raise Invalid("mapping", "In the column %(column)s: decimal is a comma or a point.", column=name)
    if rule.take not in (None, "first", "last") or rule.gap not in (None, "flag"):
        raise Invalid("mapping", "In the column %(column)s: take is first or last, gap is flag.", column=name)
    if not rule.sources and not rule.parts and rule.constant is None:
        raise Invalid("mapping", "The column %(column)s says neither from, parts nor constant.", column=name)
    return rule


def _refuse_unfit(name: str, body: Mapping[str, Any]) -> None:
    """Refuse a word with a value of another kind than it takes."""
    for word, value in body.items():
        fits, kind = _KINDS[word]
        if not fits(value):
            words = N_("In the column %(column)s: “%(word)s” is %(kind)s.")
            raise Invalid("mapping", words, column=name, word=word, kind=kind)
    if body.get("date") and not _is_date_format(body["date"]):
        words = N_("In the column %(column)s: “%(date)s” does not say how a date is written.")
        raise Invalid("mapping", words, column=name, date=body["date"][:40])


def _is_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value))


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict) and not (
        isinstance(value, list) and any(isinstance(one, dict | list) for one in value)
    )


def _is_date_format(text: str) -> bool:
    """Whether a date that is written so can be read again."""
    day = datetime.datetime(2028, 2, 29, 13, 5, tzinfo=datetime.UTC)
    try:
        datetime.datetime.strptime(day.strftime(text), text)  # noqa: DTZ007  only the form matters
    except (ValueError, re.error):  # re.error: the same part twice
        return False
    return True


_TEXT = _is_text, Words("a text")
_YES_NO = (lambda value: isinstance(value, bool)), Words("true or false")
_PLAIN = _is_plain, Words("a text, a number, true, false, or a list of these")
_KINDS: Mapping[str, tuple[Callable[[Any], bool], Words]] = {
    **dict.fromkeys(("join", "take", "split", "date", "decimal", "lookup", "gap"), _TEXT),
    **dict.fromkeys(("only", "country"), _YES_NO),
    **dict.fromkeys(("constant", "default"), _PLAIN),
    "from": (_is_names, Words("a source column's name or a list of them")),
    "values": (
        lambda value: isinstance(value, dict) and all(map(_is_plain, value.values())),
        Words("a table of plain values"),
    ),
    "parts": ((lambda value: isinstance(value, dict)), Words("a table")),
    "create": ((lambda value: isinstance(value, bool | dict)), Words("true, false or a table")),
}


_DIGITS = re.compile(r"[.,]?\d(?:[\d.,\s'’]*\d)?")


def _refuse_unknown(unknown: set[str], known: set[str], where: str) -> None:
    if unknown:
        words = N_("In %(where)s: “%(word)s” is unknown. There are: %(known)s.")
        raise Invalid("mapping", words, where=where, word=min(unknown), known=", ".join(sorted(known)))


def mapped(step: Step, row: SourceRow, time_zone: str) -> Mapped:
    """The row's values for the list, lookups still as texts. Raises Invalid for a row that is none."""
    if row.surplus:
        raise Invalid("", "The row has %(count)s fields more than the header.", count=row.surplus)
    values: dict[str, Any] = {}
    flagged, gathered = False, Gathered()
    for name, rule in step.columns.items():
        values[name] = None
        with gathered.also():
            values[name] = value_of(name, rule, row.values, time_zone)
        flagged = flagged or (rule.gap == "flag" and values[name] in (None, "", []))
    return Mapped(row.number, values, flagged, tuple(gathered.errors))


def value_of(name: str, rule: Rule, row: Mapping[str, Any], time_zone: str) -> Any:
    """One column's value of one row. Raises Invalid."""
    if rule.parts:
        parts = {part: value_of(f"{name}.{part}", one, row, time_zone) for part, one in rule.parts.items()}
        return {part: value for part, value in parts.items() if value not in (None, "")} or None
    if rule.constant is not None:
        return rule.constant
    cells = [_aliased(name, rule, row[source]) for source in rule.sources]
    filled = [cell for cell in cells if cell not in (None, "")]
    value = filled[0] if len(filled) == 1 else rule.join.join(str(cell) for cell in filled)
    if value in (None, ""):
        return rule.default
    if rule.split:
        return [part.strip() for part in str(value).split(rule.split) if part.strip()]
    return _converted(name, rule, value, time_zone)


def _with_point(name: str, value: str, decimal: str) -> str:
    """A number with this sign before its decimals and perhaps the other one between thousands, with a point alone.

    Raises Invalid for one that is written in another way: taking a sign away could make it ten times as large.
    """
    found = _DIGITS.search(value)
    if found is None:
        return value  # no number at all: the column says so
    group = r"\." if decimal == "," else ","
    whole = rf"\d+|\d{{1,3}}(?:{group}\d{{3}})+|\d{{1,3}}(?:[\s'’]\d{{3}})+"
    number = re.fullmatch(rf"({whole})?(?:{re.escape(decimal)}(\d+))?", found.group())
    if number is None or re.search(r"\d", value[found.end() :]):
        words = N_("“%(value)s” is not written with “%(sign)s” before its decimals, as others in this column are.")
        raise Invalid(name, words, value=value[:40], sign=decimal)
    plain = re.sub(r"\D", "", number[1] or "0") + (f".{number[2]}" if number[2] else "")
    return value[: found.start()] + plain + value[found.end() :]


def _aliased(name: str, rule: Rule, cell: Any) -> Any:
    if rule.values:
        found = rule.alias(str(cell))
        if found is not None:
            return found
    if rule.only and cell not in (None, ""):
        words = N_("“%(value)s” is not one of: %(choices)s.")
        raise Invalid(name, words, value=str(cell)[:40], choices=", ".join(rule.values))
    return cell


def _converted(name: str, rule: Rule, value: Any, time_zone: str) -> Any:
    if rule.take and isinstance(value, str):
        first, _, last = value.rpartition(" ")
        return first if rule.take == "first" else last
    if rule.country:
        code = country_codes().get(str(value).casefold(), str(value))
        if len(code) != 2:
            raise Invalid(name, "“%(value)s” is not a country's name or code.", value=str(value)[:40])
        return code
    if rule.decimal and isinstance(value, str):
        return _with_point(name, value, rule.decimal)
    if rule.date and isinstance(value, str):
        try:
            value = datetime.datetime.strptime(value, rule.date)  # noqa: DTZ007  the zone follows
        except ValueError:
            words = N_("“%(value)s” is not a date written as %(format)s.")
            raise Invalid(name, words, value=value[:40], format=rule.date) from None
        if not any(letter in rule.date for letter in ("%H", "%I", "%T", "%X", "%c")):
            value = value.date()
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return _instant(name, value, time_zone)
    return value


def _instant(name: str, wall: datetime.datetime, time_zone: str) -> datetime.datetime:
    try:
        return in_zone(wall, time_zone)
    except Invalid as refusal:
        raise Invalid.many([FieldError(name, refusal.message, refusal.values)]) from None


def as_instant(day: datetime.date, time_zone: str) -> datetime.datetime:
    """A day of which no time is known, as an instant: noon in the house's zone, the same day nearly everywhere."""
    return datetime.datetime.combine(day, NOON, ZoneInfo(time_zone))


@cache
def country_codes() -> dict[str, str]:
    """Countries' codes by their names in a few languages, and by themselves."""
    names: dict[str, str] = {}
    for language in LANGUAGES_OF_COUNTRIES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2:
                names.setdefault(name.casefold(), code)
    others = {"turkey": "TR", "czech republic": "CZ", "usa": "US", "uk": "GB"}
    return names | {code.casefold(): code for code in names.values()} | others


__all__: Sequence[str] = [
    "Mapped", "Rule", "Step", "as_instant", "country_codes", "mapped", "read_bundle", "read_mapping", "step_of",
    "value_of",
]  # fmt: skip
