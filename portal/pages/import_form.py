"""The form that says which column of a file is which of a list: made of a mapping, and read back into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from ...lists import guessing, proposing
from ...lists.catalogue import ListDefinition
from ...lists.errors import Invalid
from ...lists.proposing import Target
from ...lists.rights import Actor
from ...lists.spooling import SourceRow
from ..settings import languages

Form = MultiDict[str, str]
SHOWN = 3
KEPT = "@kept"  # in place of a column: as it is
_ASKED = ("from", "date", "decimal", "create")


@dataclass(frozen=True)
class Line:
    """A row of the form: a place in the list, and what of the file comes there."""

    id: str
    title: str
    source: str
    sample: str
    required: bool = False
    is_key: bool = False
    may_be_key: bool = True
    is_lookup: bool = False
    create: bool = False
    date: str | None = None  # None: it is no date
    dates: list[tuple[str, str]] = field(default_factory=list)
    decimal: str | None = None
    errors: list[str] = field(default_factory=list)
    kept: str = ""  # what a program has said in words that this form does not have


def lines(
    found: ListDefinition, actor: Actor, body: Mapping[str, Any], rows: Sequence[SourceRow],
    errors: Mapping[str, list[str]] | None = None,
) -> list[Line]:  # fmt: skip
    """The form's rows, in the order of the list's columns."""
    made = []
    for target in proposing.targets(found):
        rule = _rule(body, target)
        source, kind = _source_of(rule), target.kind
        values = proposing.sample(rows, source)
        is_date = kind in ("date", "datetime")
        made.append(Line(
            id=target.name, title=title_of(target, actor), source=source, sample=sample_of(values),
            required=bool(target.column and target.column.required and not target.part),
            is_key=target.name in body.get("match", ()), may_be_key=_may_be_key(target), is_lookup=target.is_lookup,
            create=bool(rule.get("create")), date=rule.get("date", "") if is_date else None,
            dates=_dates(rule.get("date")) if is_date else [],
            decimal=rule.get("decimal", "") if kind in ("number", "currency", "percent") else None,
            errors=(errors or {}).get(target.name, []), kept=_kept_words(rule),
        ))  # fmt: skip
    return made


def title_of(target: Target, actor: Actor) -> str:
    """What a place in the list is called."""
    if target.column is None:
        return _("External ID")
    title = target.column.title(actor.language)
    return f"{title} – {part_title(target.part)}" if target.part else title


def part_title(part: str) -> str:
    """What a part of an address is called."""
    return {
        "street": _("Street and number"), "postcode": _("Postcode"), "city": _("Town"), "region": _("Region"),
        "country": _("Country"),
    }[part]  # fmt: skip


def sample_of(values: Sequence[Any]) -> str:
    """The first different values, as people read them."""
    texts = dict.fromkeys(" ".join(str(value).split())[:60] for value in values)
    return " · ".join(list(texts)[:SHOWN])


def read(
    found: ListDefinition, form: Form, header: Sequence[str], rows: Sequence[SourceRow], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The mapping that the form says. What it does not ask for is told by the values, or by the mapping `before` where
    a column still comes from where it came from. Raises Invalid."""
    rules: dict[str, dict[str, Any]] = {}
    for target in proposing.targets(found):
        source = form.get(f"from.{target.name}", "")
        known = _rule(before, target)
        if source == KEPT and _kept_words(known):
            rules[target.name] = dict(known)
            continue
        if not source:
            continue
        if source not in header:
            raise Invalid(target.name, "The file has no column “%(column)s”.", column=source[:80])
        values = proposing.sample(rows, source)
        rule = {**proposing.options(target, values, languages()), **_further(known, source), "from": source}
        for name in ("date", "decimal"):
            if f"{name}.{target.name}" in form:
                rule[name] = form[f"{name}.{target.name}"]
        if target.is_lookup and form.get(f"create.{target.name}"):
            rule["create"] = True
        rules[target.name] = {name: value for name, value in rule.items() if value}
    if not rules:
        raise Invalid("", "Say of at least one column where it comes from.")
    body = proposing.body_of(found, rules)
    body["match"] = [name for name in form.getlist("match") if name]
    return _with_mode(body, form.get("mode", "both"), rules)


def _with_mode(body: dict[str, Any], mode: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    body["existing"] = "keep" if mode == "create" else "update"
    body["missing"] = "refuse" if mode == "update" else "create"
    without = sorted(set(body["match"]) - set(rules))
    if without:
        raise Invalid(without[0], "Items are to be found again by this; say where it comes from.")
    if mode != "create" and not body["match"]:
        raise Invalid("", "Tick by what items are found again, or only add new ones.")
    return body


def mode_of(body: Mapping[str, Any]) -> str:
    """Whether a mapping creates, updates, or both."""
    if body.get("existing") == "keep":
        return "create"
    return "update" if body.get("missing") == "refuse" else "both"


def _rule(body: Mapping[str, Any], target: Target) -> Mapping[str, Any]:
    name, _dot, part = target.name.partition(".")
    rule = _as_table(body.get("columns", {}).get(name, {}))
    return _as_table(rule.get("parts", {}).get(part, {})) if part else rule


def _source_of(rule: Mapping[str, Any]) -> str:
    """The one column that a value comes from, else nothing."""
    source = rule.get("from", "")
    return source if isinstance(source, str) else source[0] if len(source) == 1 else ""


def _kept_words(rule: Mapping[str, Any]) -> str:
    """What a rule says that no one column can be chosen for: of several columns, or always the same."""
    if _source_of(rule) or rule.get("parts"):
        return ""
    sources, constant = rule.get("from") or (), rule.get("constant")
    return " + ".join(sources) if sources else "" if constant is None else f"“{constant}”"


def _further(rule: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The words of a rule that the form does not ask for."""
    if _source_of(rule) != source:
        return {}
    return {word: value for word, value in rule.items() if word not in _ASKED}


def _as_table(rule: Any) -> Mapping[str, Any]:
    """A rule whose only word is the source's column may be written as that column's name (docs/import.md)."""
    return rule if isinstance(rule, Mapping) else {"from": rule}


def _may_be_key(target: Target) -> bool:
    return not target.part and not (target.column and (target.column.type.is_multi or target.column.type.is_composite))


def _dates(chosen: str | None) -> list[tuple[str, str]]:
    """How dates can be written, each shown by an example."""
    formats = [*guessing.DATES] if chosen in (None, "", *guessing.DATES) else [str(chosen), *guessing.DATES]
    return [(one, in_words(one)) for one in formats]


def in_words(written: str) -> str:
    """A way of writing dates as people say it."""
    words = {
        "%Y": _("YYYY"), "%m": _("MM"), "%d": _("DD"), "%y": _("YY"), "%H": "hh", "%M": "mm", "%S": "ss", "%I": "hh",
        "%p": "am",
    }  # fmt: skip
    for sign, word in words.items():
        written = written.replace(sign, word)
    return written
