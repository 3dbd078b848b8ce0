"""A proposal of which column of a file is which column of a list, by names, usual synonyms and what the values are.

What cannot be guessed stays out. A proposal is a mapping as docs/import.md describes it.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import guessing
from .catalogue import Column, ListDefinition
from .columns.address import PARTS
from .spooling import SourceRow

SAMPLE = 200
NOT_IMPORTED = frozenset({"participants", "attachment", "location", "auto_number"})
SYNONYMS: tuple[frozenset[str], ...] = tuple(frozenset(words.split("|")) for words in (
    "externalid|id|uid|key|no|number|code|customerno|customernumber|ico|cislo|kod|identifikator|kundennummer",
    "name|companyname|firm|firma|nazov|nazovfirmy|organisation|organization|organizacia|title|summary|subject|nazev",
    "company|firm|firma|account|organisation|organization|organizacia|customer|zakaznik|klient|kunde",
    "firstname|givenname|krstnemeno|meno|vorname|jmeno|forename",
    "surname|lastname|familyname|priezvisko|nachname|prijmeni",
    "email|mail|emailaddress|emailovaadresa", "phone|telephone|tel|telefon|phonenumber|telefonnecislo",
    "mobile|mobil|cell|cellphone|mobilephone|handy", "fax|telefax", "web|website|url|www|homepage|webovastranka",
    "street|ulica|address|adresa|strasse|streetaddress|addressline1|ulicaacislo|streetandnumber",
    "postcode|zip|zipcode|psc|plz|postalcode", "city|town|mesto|obec|ort|stadt", "region|state|kraj|county|province",
    "country|land|krajina|stat|zeme", "function|jobtitle|position|funkcia|pozicia|role|title",
    "note|notes|poznamka|comment|remark|description|popis", "start|begin|zaciatok|from|od|startdate",
    "end|finish|koniec|to|do|enddate", "place|location|miesto", "allday|celyden|wholeday",
    "value|amount|hodnota|suma|price|cena", "currency|mena", "created|createdon|vytvorene|createddate",
    "recurrence|recurrencerule|rrule|opakovanie",
))  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A place that a file's column may fill: a list's column, or a part of an address (`address.city`)."""

    name: str
    column: Column | None  # None: the external id
    part: str = ""

    @property
    def kind(self) -> str:
        """The type by which values are told."""
        if self.part:
            return "country" if self.part == "country" else "text"
        return self.column.type.name if self.column else "text"

    @property
    def is_lookup(self) -> bool:
        return bool(self.column and self.column.type.target)


def targets(found: ListDefinition) -> list[Target]:
    """What of a list an import may fill, in the order of its columns."""
    places = [Target("external_id", None)]
    for column in found.own_columns:
        kind = column.type
        if not kind.is_stored or not kind.is_given or column.hidden:
            continue
        if kind.target == "users" or kind.name in NOT_IMPORTED:
            continue
        if kind.name == "address":
            places += [Target(f"{column.name}.{part}", column, part) for part in PARTS]
        else:
            places.append(Target(column.name, column))
    return places


def propose(
    found: ListDefinition, header: Sequence[str], rows: Sequence[SourceRow], languages: Sequence[str]
) -> dict[str, Any]:
    """A mapping of what can be told; `rows` are the file's first ones."""
    samples = {name: sample(rows, name) for name in header}
    chosen = _by_names(targets(found), header)
    chosen |= _by_values(targets(found), header, samples, chosen)
    filled = [name for name, source in chosen.items() if len(samples[source]) == len(rows)]
    return body_of(found, {
        one.name: {"from": chosen[one.name], **options(one, samples[chosen[one.name]], languages)}
        for one in targets(found) if one.name in chosen
    }, filled)  # fmt: skip


def sample(rows: Sequence[SourceRow], name: str) -> list[Any]:
    """The column's values in these rows, without the empty ones."""
    return [row.values[name] for row in rows if row.values.get(name) not in (None, "")]


def body_of(
    found: ListDefinition, rules: Mapping[str, Mapping[str, Any]], filled: Collection[str] | None = None
) -> dict[str, Any]:
    """The mapping of rules by target, with the key by which an item is found again: one that every row has (`filled`;
    None = not known)."""
    columns: dict[str, Any] = {}
    for name, rule in rules.items():
        whole, _, part = name.partition(".")
        if part:
            columns.setdefault(whole, {"parts": {}})["parts"][part] = dict(rule)
        else:
            columns[whole] = dict(rule)
    match = key_of(found, {name: rule for name, rule in columns.items() if filled is None or name in filled})
    return {"columns": columns, "match": match, "existing": "update" if match else "keep", "missing": "create"}


def key_of(found: ListDefinition, columns: Mapping[str, Any]) -> list[str]:
    """By what an item is found again: its external id, else what is unique, else a code's name, else an address."""
    unique = [column.name for column in found.unique_columns]
    wanted = ["external_id", *unique, *(["name"] if found.kind == "code" else []), "email"]
    return next(([name] for name in wanted if name in columns), [])


def options(target: Target, values: Sequence[Any], languages: Sequence[str]) -> dict[str, Any]:
    """How the values are to be read, as far as they tell."""
    if target.kind == "country":
        return {"country": True}
    if target.column is None or target.part:
        return {}
    kind = target.kind
    found: dict[str, Any] = {}
    if kind in ("date", "datetime"):
        found = {"date": guessing.date_format(values)}
    elif kind in ("number", "currency", "percent"):
        found = {"decimal": guessing.decimal_sign(values)}
    elif kind == "boolean":
        found = {"values": guessing.booleans(values)}
    elif kind in ("choice", "content_type", "multi_choice"):
        found = {"values": guessing.choices(target.column.type, languages)}
    if target.column.type.is_multi and kind != "tags":
        found["split"] = guessing.split(values)
    return {name: value for name, value in found.items() if value}


def _by_names(places: Sequence[Target], header: Sequence[str]) -> dict[str, str]:
    """First what is called the same, then what means the same."""
    chosen: dict[str, str] = {}
    for same in (operator.contains, _mean_the_same):
        for target in places:
            names = _names(target)
            for source in header if target.name not in chosen else ():
                if source not in chosen.values() and same(names, plain(source)):
                    chosen[target.name] = source
                    break
    return chosen


def _mean_the_same(names: frozenset[str], name: str) -> bool:
    return any(names & words and name in words for words in SYNONYMS)


def _by_values(
    places: Sequence[Target], header: Sequence[str], samples: Mapping[str, Sequence[Any]], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Where just one column of the file and one of the list are left that are of the same kind."""
    left = [(source, guessing.kind_of(samples[source])) for source in header if source not in chosen.values()]
    more: dict[str, str] = {}
    for kind in ("email", "url", "phone", "country", "date"):
        kinds = ("date", "datetime") if kind == "date" else (kind,)
        open_places = [one for one in places if one.name not in chosen and one.kind in kinds]
        sources = [source for source, told in left if told == kind]
        if len(open_places) == len(sources) == 1:
            more[open_places[0].name] = sources[0]
    return more


def _names(target: Target) -> frozenset[str]:
    if target.part:
        return frozenset({target.part, plain(target.name)})
    if target.column is None:
        return frozenset({"externalid"})
    return frozenset({plain(target.column.name), *map(plain, target.column.titles.values())})


def plain(name: str) -> str:
    """A name without case, marks, spaces and signs."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", "".join(letter for letter in letters if not unicodedata.combining(letter)))
