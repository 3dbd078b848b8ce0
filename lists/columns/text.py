"""Text columns: one line or several, formatted text, tags, e-mail, phone, web address."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import nh3
import phonenumbers
from sqlalchemy import Text

from ..errors import Invalid
from ..sqltypes import Json
from .base import TEXT, ColumnType, Reader, refuse

_BETWEEN_TAGS = re.compile(r"[,;\r\n]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Turns what follows round, in a sentence that names the text too. The marks of single letters (U+200E, U+200F) stay.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_LINE_END = re.compile(r"<br\s*/?>\n?|</(?:p|div|li|tr|h[1-6]|blockquote|pre)>\n?", re.IGNORECASE)
_EMAIL = re.compile(r"^[^@\s<>,;\"()]{1,64}@[^@\s<>,;\"()]{1,190}$")


class TextColumn(ColumnType):
    """Text. Options: `multiline`, `max` (characters; 255 on one line, 100,000 on several), `languages`."""

    name = "text"
    operators = TEXT
    is_text = True
    option_names = frozenset({"multiline", "max"})

    @property
    def form_field(self) -> str:  # type: ignore[override]
        return "textarea" if self.options.get("multiline") else "text"

    @property
    def longest(self) -> int:
        return int(self.options.get("max") or (100_000 if self.options.get("multiline") else 255))

    def sql_type(self) -> Any:
        return Text()

    def parse(self, raw: Any) -> str | None:
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise refuse("This must be a text.")
        text = _CONTROL.sub("", str(raw).replace("\r\n", "\n").replace("\r", "\n"))
        text = text.strip() if self.options.get("multiline") else " ".join(_TURNING.sub("", text).split())
        if len(text) > self.longest:
            raise refuse("This is longer than %(max)s characters.", max=self.longest)
        return text or None

    def from_json(self, value: Any) -> Any:
        """As it stood, however long it may be now."""
        return value

    def search_text(self, value: Any) -> str:
        return value or ""


class RichTextColumn(TextColumn):
    """Formatted text: HTML, cleaned on the way in so that what is stored is safe to show."""

    name = "rich_text"
    form_field = "textarea"  # type: ignore[assignment]

    @property
    def longest(self) -> int:
        return int(self.options.get("max") or 200_000)

    def parse(self, raw: Any) -> str | None:
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise refuse("This must be a text.")
        if len(raw) > self.longest:
            raise refuse("This is longer than %(max)s characters.", max=self.longest)
        return nh3.clean(_CONTROL.sub("", raw)).strip() or None

    def search_text(self, value: Any) -> str:
        """Its words; where a line or a paragraph ends, a line ends."""
        return html.unescape(nh3.clean(_LINE_END.sub("\n", value), tags=set())).strip() if value else ""

    def format(self, value: Any, reader: Reader) -> str:
        return self.search_text(value)

    @staticmethod
    def of_plain(text: str) -> str:
        """Plain text as formatted text: its signs mean themselves, its lines stay lines."""
        return "<br>".join(html.escape(line, quote=False) for line in text.splitlines())


class EmailColumn(TextColumn):
    """An e-mail address."""

    name = "email"
    form_field = "email"  # type: ignore[assignment]

    def parse(self, raw: Any) -> str | None:
        text = super().parse(raw)
        if text and not _EMAIL.match(text):
            raise refuse("“%(value)s” is not an e-mail address.", value=text)
        return text


class PhoneColumn(TextColumn):
    """A phone number: kept in E.164 where it can be read as one, else as typed.

    `country` (two letters): whose numbers are meant where one is written without the country's own.
    """

    name = "phone"
    option_names = TextColumn.option_names | {"country"}
    form_field = "phone"  # type: ignore[assignment]

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        country = options.get("country")
        if country is not None and str(country) not in phonenumbers.SUPPORTED_REGIONS:
            raise Invalid("country", "“%(value)s” is not a country's code of two letters.", value=str(country)[:40])

    def parse(self, raw: Any) -> str | None:
        text = super().parse(raw)
        if not text:
            return None
        if not any(letter.isdigit() for letter in text):
            raise refuse("“%(value)s” is not a phone number.", value=text)
        number = _read_phone(text, self.options.get("country"))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else text

    def format(self, value: Any, reader: Reader) -> str:
        number = _read_phone(value) if value else None
        return (
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL) if number else value or ""
        )

    def search_text(self, value: Any) -> str:
        return f"{value} {value.lstrip('+')}" if value else ""


def _read_phone(text: str, country: str | None = None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(f"+{text[2:]}" if text.startswith("00") else text, country)
    except phonenumbers.NumberParseException:
        return None
    if not text.startswith(("+", "00")) and not phonenumbers.is_valid_number(number):
        return None  # what a country's own number is not, nothing is made of
    # An extension has no place in E.164: such a number stays as typed.
    return number if phonenumbers.is_possible_number(number) and not number.extension else None


class UrlColumn(TextColumn):
    """A web address, http or https only; without a scheme https is meant."""

    name = "url"
    form_field = "url"  # type: ignore[assignment]

    def parse(self, raw: Any) -> str | None:
        text = super().parse(raw)
        if not text:
            return None
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "." in str(parts.hostname)
        except ValueError:
            sound = False
        if not sound or " " in address:
            raise refuse("“%(value)s” is not a web address.", value=text)
        return address


class TagsColumn(ColumnType):
    """Free words. A text has them with commas, semicolons or line ends between."""

    name = "tags"
    operators = frozenset({"eq", "ne", "in", "contains", "empty"})
    form_field = "tags"
    is_multi = True

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> list[str] | None:
        if raw is None:
            return None
        words = _BETWEEN_TAGS.split(raw) if isinstance(raw, str) else raw
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
            raise refuse("This must be a list of words.")
        parts = [part for word in words for part in _BETWEEN_TAGS.split(word)]  # a tag has no comma, however it comes
        tags = list(dict.fromkeys(" ".join(_CONTROL.sub("", part).split()) for part in parts))
        tags = [tag for tag in tags if tag]
        if len(tags) > 100 or any(len(tag) > 100 for tag in tags):
            raise refuse("There can be at most %(max)s tags of %(length)s characters.", max=100, length=100)
        return tags or None

    def parse_operand(self, raw: Any) -> str | None:
        return None if raw is None else str(raw)

    def format(self, value: Any, reader: Reader) -> str:
        return ", ".join(value or ())

    def form_value(self, value: Any, reader: Reader) -> str:
        return ", ".join(value or ())

    def search_text(self, value: Any) -> str:
        return " ".join(value or ())

    def export_cell(self, value: Any) -> str:
        return ", ".join(value or ())
