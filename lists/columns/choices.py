"""Choices: one or several of a fixed set; countries and currencies are choices whose set the world gives."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from babel import Locale
from sqlalchemy import String

from ..sqltypes import Json, fold
from .base import COMPARE, ColumnType, Reader, refuse


class ChoiceColumn(ColumnType):
    """One of `choices`: texts, or `{"value", "title": {"en": …}}`."""

    name = "choice"
    operators = COMPARE | {"contains", "startswith"}
    form_field = "select"
    option_names = frozenset({"choices"})
    choice_keys = frozenset({"value", "title", "retired", "kind"})  # what may be said of a choice

    def sql_type(self) -> Any:
        return String(100)

    def choices(self, reader: Reader) -> list[tuple[str, str]]:
        """(value, label) in the definition's order."""
        return [(choice_value(choice), _label(choice, reader.language)) for choice in self.options.get("choices", ())]

    @property
    def values(self) -> list[str]:
        """The values that may be stored."""
        return [choice_value(choice) for choice in self.options.get("choices", ())]

    @property
    def retired(self) -> frozenset[str]:
        """The values that stay where they stand, but are not chosen any more."""
        choices = self.options.get("choices", ())
        return frozenset(choice["value"] for choice in choices if isinstance(choice, dict) and choice.get("retired"))

    def parse(self, raw: Any) -> str | None:
        if raw is None or raw == "":
            return None
        if raw not in self.values:
            raise refuse("“%(value)s” is not one of: %(choices)s.", value=str(raw)[:40], choices=", ".join(self.values))
        return str(raw)

    def meant(self, text: str) -> str | None:
        """The value of the choice that a text means by its value, or by its label in any language."""
        return text if text in self.values else self._meant.get(fold(text.strip()))

    @cached_property
    def _meant(self) -> dict[str, str]:
        choices = self.options.get("choices", ())
        known = {fold(choice_value(choice)): choice_value(choice) for choice in choices}
        for choice in choices:
            for label in _all_labels([choice], choice_value(choice)):
                known.setdefault(fold(label), choice_value(choice))
        return known

    def parse_operand(self, raw: Any) -> str | None:
        return None if raw is None else str(raw)

    def from_json(self, value: Any) -> Any:
        return value

    def format(self, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        if reader.language not in self._labels:
            self._labels[reader.language] = dict(self.choices(reader))
        return self._labels[reader.language].get(value, str(value))

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        """The labels by language and value: a page shows hundreds. Another definition is another column."""
        return {}

    def search_text(self, value: Any) -> str:
        return " ".join(_all_labels(self.options.get("choices", ()), value)) if value else ""


class MultiChoiceColumn(ChoiceColumn):
    """Any number of `choices`. A text has them with semicolons, line ends or commas between, as no choice has them."""

    name = "multi_choice"
    operators = frozenset({"eq", "ne", "in", "contains", "empty"})
    form_field = "multi_select"
    is_multi = True

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> list[str] | None:  # type: ignore[override]
        if raw is None or raw == "":
            return None
        chosen = self.parted(raw) if isinstance(raw, str) else raw
        if not isinstance(chosen, (list, tuple)):
            raise refuse("This must be a list of choices.")
        parsed = [ChoiceColumn.parse(self, self._known(value)) for value in chosen]
        return list(dict.fromkeys(value for value in parsed if value)) or None

    def parted(self, text: str) -> list[str]:
        """The choices that a text names, each as it is written there."""
        if self.meant(text) is not None or not self._between:
            return [text]
        return [part.strip() for part in re.split(f"[{self._between}]", text) if part.strip()]

    def _known(self, given: Any) -> Any:
        meant = self.meant(given) if isinstance(given, str) else None
        return given if meant is None else meant

    @cached_property
    def _between(self) -> str:
        """What parts choices in a text: of these letters those that no choice has in itself."""
        choices = self.options.get("choices", ())
        words = "".join(word for one in choices for word in (choice_value(one), *_all_labels([one], choice_value(one))))
        return "".join(letter for letter in ";,\n" if letter not in words)

    @cached_property
    def _joint(self) -> str:
        return ", " if "," in self._between else "; "

    def format(self, value: Any, reader: Reader) -> str:
        return self._joint.join(self.labels(value, reader))

    def labels(self, value: Any, reader: Reader) -> list[str]:
        """What each of the chosen is called."""
        return [ChoiceColumn.format(self, one, reader) for one in value or ()]

    def form_value(self, value: Any, reader: Reader) -> Any:
        return list(value or ())

    def search_text(self, value: Any) -> str:
        return " ".join(ChoiceColumn.search_text(self, one) for one in value or ())

    def export_cell(self, value: Any) -> str:
        return self._joint.join(value or ())


class CountryColumn(ChoiceColumn):
    """A country by its ISO 3166 code of two letters."""

    name = "country"
    option_names = frozenset()

    def choices(self, reader: Reader) -> list[tuple[str, str]]:
        return sorted(((code, country_name(code, reader.language)) for code in COUNTRIES), key=lambda choice: choice[1])

    @property
    def values(self) -> list[str]:
        return COUNTRIES

    def parse(self, raw: Any) -> str | None:
        code = str(raw).strip().upper() if raw else ""
        if code and code not in COUNTRIES:
            raise refuse("“%(value)s” is not a country's code of two letters.", value=str(raw)[:40])
        return code or None

    def format(self, value: Any, reader: Reader) -> str:
        return country_name(value, reader.language) if value else ""

    def search_text(self, value: Any) -> str:
        return country_name(value, "en") if value else ""


_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ"})
_CODES = (str(code) for code in Locale("en").territories)
COUNTRIES = sorted(code for code in _CODES if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES)


def country_name(code: str, language: str) -> str:
    """The country's name in `language`."""
    return Locale.parse(language).territories.get(code, code)


def choice_value(choice: Any) -> str:
    """What is stored of a choice, whether it has titles or not."""
    return choice["value"] if isinstance(choice, dict) else str(choice)


def _label(choice: Any, language: str) -> str:
    if not isinstance(choice, dict):
        return str(choice)
    titles = choice.get("title", {})
    return titles.get(language) or titles.get("en") or choice["value"]


def _all_labels(choices: Any, value: str) -> list[str]:
    for choice in choices:
        if choice_value(choice) == value:
            return list(choice.get("title", {}).values()) if isinstance(choice, dict) else [value]
    return [value]
