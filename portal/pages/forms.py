"""Forms made from a list's definition: which fields they have, what was typed in them, what that means to the door.

`build` makes the fields for templates/lists/_fields.html, `typed` keeps what was typed as it was (for a form that
comes back), `read` turns it into the raw values that `items.create` and `items.update` take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel.numbers import format_decimal
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ...lists import content_types, list_forms, query
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.columns import Reference
from ...lists.columns.address import ORDERS, PARTS, lines_of
from ...lists.columns.choices import CountryColumn
from ...lists.database import database_of
from ...lists.errors import FieldError, Gathered, Invalid
from ...lists.models import now
from ...lists.query import Item
from ...lists.rights import Actor, may_add
from .. import attachments
from . import document_words, group_words, suggest
from .cells import money
from .typed import read_day, read_instant, read_number

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "CZK", "HUF", "PLN", "RON", "TRY", "SEK", "NOK", "DKK")
NUMBERS = ("number", "currency", "percent")

Form = MultiDict[str, str]


@dataclass
class Field:
    """One field: `kind` is a macro of _macros/form.html, `more` what that macro takes beyond the common arguments."""

    name: str
    kind: str
    label: str
    value: Any
    required: bool = False
    description: str | None = None
    errors: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


def columns_of(found: ListDefinition) -> list[Column]:
    """The columns that a form writes, in its order: an amount's currency is part of the amount's field."""
    return [column for column in list_forms.columns(found) if not column.by_program]


def in_sections(found: ListDefinition, fields: Sequence[Field], language: str) -> list[tuple[str, list[Field]]]:
    """The fields (from `build`) by the form's sections, each with its title or ""; a section without fields is none."""
    by_name = {field.name: field for field in fields}
    made = [
        (section.title(language), [by_name[column.name] for column in section.columns if column.name in by_name])
        for section in list_forms.sections(found)
    ]
    return [(title, there) for title, there in made if there]


def empty(found: ListDefinition, actor: Actor, preset: Mapping[str, str]) -> dict[str, Any]:
    """What a new item's form begins with: the definition's defaults, and what the address presets (`?company=5`)."""
    values: dict[str, Any] = {}
    if preset.get("name") and found.column("name").by_program and found.has("surname"):
        first, _space, last = preset["name"].strip().rpartition(" ")
        preset = {"first_name": first, "surname": last, **preset}
    for column in columns_of(found):
        given, default = preset.get(column.name), column.default
        value: Any = given if given is not None else default
        if given is None and default == "@me":
            value = [actor.user_id] if column.type.is_multi else actor.user_id
        if column.type.is_multi and isinstance(value, str) and column.type.target:
            value = [one for one in value.split(",") if one]
        values[column.name] = {"street": value} if column.type.name == "address" and isinstance(value, str) else value
    return values


def of_item(found: ListDefinition, item: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What an item's form begins with: its values as this reader writes them."""
    return {column.name: as_typed(column, item.get(column.name), actor) for column in columns_of(found)}


def copied(found: ListDefinition, item: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What the form of an item begins with that is to be like another: without what is that one's own."""
    own = [one for one in columns_of(found) if one.options.get("unique") or one.type.name == "attachment"]
    values = {**of_item(found, item, actor), **dict.fromkeys((one.name for one in own), ""), "retired": ""}
    if values.get("name"):
        values["name"] = _("%(name)s (copy)", name=values["name"])
    return values


def typed(form: Form, found: ListDefinition) -> dict[str, Any]:
    """What was typed, per column, as it was typed."""
    return {column.name: typed_of(form, column) for column in columns_of(found)}


def read(
    form: Form,
    found: ListDefinition,
    actor: Actor,
    gathered: Gathered,
    *,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The raw values of a sent form; what cannot be read goes to `gathered`, for the door to tell with the rest.

    A column without a field in the form (a group that is not the user's to choose) has no value.
    `before`: the item as it stands, whose participants keep their answers.
    """
    values: dict[str, Any] = {}
    for column in columns_of(found):
        if not _was_in(form, column) or column.name in gathered.fields:
            continue
        try:
            value = read_value(column, typed_of(form, column), actor, before)
            column.type.parse(value)
        except Invalid as refusal:
            gathered.errors.append(FieldError(column.name, refusal.message, refusal.values))
        else:
            values[column.name] = value
    return values


def build(
    session: Session,
    found: ListDefinition,
    actor: Actor,
    values: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]] | None = None,
    *,
    item: Item | None = None,
    finding: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> list[Field]:
    """The fields of a form. `values`: from `empty`, `of_item` or `typed`; `errors`: texts by column.

    `item`: the item that is edited, whose values set by the program show as text; `finding`: what was looked for in
    which lookup by who has no scripts; `only`: the columns that are wanted, if not all.
    """
    making = _Making(session, found, actor, values, errors or {}, item, finding or {})
    wanted = list_forms.columns(found) if only is None else [one for one in found.form_columns if one.name in only]
    return [made for column in wanted if (made := making.field(column))]


class _Making:
    """The making of one form: options and titles are asked for once per target."""

    def __init__(
        self,
        session: Session,
        found: ListDefinition,
        actor: Actor,
        values: Mapping[str, Any],
        errors: Mapping[str, Sequence[str]],
        item: Item | None,
        finding: Mapping[str, str],
    ) -> None:
        self.session, self.found, self.actor, self.values, self.errors = session, found, actor, values, errors
        self.item, self.finding = item, finding
        self.options: dict[str, list[dict[str, Any]] | None] = {}
        self.titles = self._titles()
        self.with_amounts = {
            column.type.options.get("currency_column", "currency")
            for column in list_forms.columns(found)
            if column.type.name == "currency"
        }

    def field(self, column: Column) -> Field | None:
        if column.by_program:
            return self._fixed(column)
        if column.name in self.with_amounts and self.found.has(column.name):
            return None
        if column.type.name == content_types.NAME:
            return self._content_type(column)
        made = Field(
            column.name,
            column.type.form_field,
            column.title(self.actor.language),
            self.values.get(column.name),
            column.required and not column.options.get("show_when"),  # whether it applies, the door decides
            column.description(self.actor.language) or None,
            list(self.errors.get(column.name, ())),
        )
        if column.name == "sales_group" and self.found.separation != "common":
            return self._group(made)
        maker = getattr(self, f"_{made.kind}", None)
        if maker:
            maker(column, made)
        return made

    def _fixed(self, column: Column) -> Field | None:
        """What the program sets: text on an item that stands, nothing on one that is yet to be made."""
        if self.item is None or self.item.get(column.name) in (None, "", []):
            return None
        text = column.type.format(self.item[column.name], self.actor.reader)
        if column.type.result.name == "currency":
            code = self.item.currency(column.name) or database_of(self.session).house.currency
            text = money(self.item[column.name], code, column.type, self.actor.language)
        return Field(column.name, "fixed", column.title(self.actor.language), text) if text else None

    def _content_type(self, column: Column) -> Field | None:
        """Of which type the item is, where there is a choice: another one has another form."""
        made = Field(column.name, "content_type", column.title(self.actor.language),
                     self.values.get(column.name), True, None, list(self.errors.get(column.name, ())))  # fmt: skip
        self._select(column, made)
        return made if len(made.more["choices"]) > 1 or made.errors else None

    def _select(self, column: Column, made: Field) -> None:
        standing = made.value if isinstance(made.value, list) else [made.value]
        hidden = column.type.retired - {str(one) for one in standing}  # type: ignore[attr-defined]
        choices = column.type.choices(self.actor.reader)  # type: ignore[attr-defined]
        made.more["choices"] = [choice for choice in choices if choice[0] not in hidden]

    _multi_select = _select

    def _attachment(self, column: Column, made: Field) -> None:
        """The files that stand and those that were sent with a form that came back, each to be kept or not."""
        there = (self.item or {}).get(column.name) or ()
        files = [(token, f"{name} ({document_words.size(size)})")
                 for token, name, size in attachments.still_there(made.value or (), there, self.actor)]  # fmt: skip
        made.value = [token for token, _label in files]
        made.more |= {"files": files, "multiple": column.type.most > 1}  # type: ignore[attr-defined]

    def _money(self, column: Column, made: Field) -> None:
        name = column.type.options.get("currency_column", "currency")
        house = database_of(self.session).house.currency
        if not self.found.has(name):
            made.more["currency"] = house
            return
        kind = self.found.column(name).type
        offered = [code for code in getattr(kind, "values", ()) if code not in kind.retired]  # type: ignore[attr-defined]
        current = self.values.get(name) or (house if not offered or house in offered else offered[0])
        made.more |= {
            "currency": current,
            "currency_name": name,
            "currencies": list(dict.fromkeys([current, *(offered or [house, *CURRENCIES])])),
        }
        made.errors += self.errors.get(name, ())

    def _number(self, column: Column, made: Field) -> None:
        made.more["unit"] = "%" if column.type.name == "percent" else None

    def _address(self, column: Column, made: Field) -> None:
        made.more |= {
            "countries": CountryColumn({}).choices(self.actor.reader),
            "lines": lines_of((made.value or {}).get("country")),
            "orders": {"": lines_of(None), **ORDERS},
        }

    def _lookup(self, column: Column, made: Field) -> None:
        target, is_multi = str(column.type.target), column.type.is_multi
        made.kind = "lookup"
        chosen = [
            {"id": number, "title": self.titles[target][number]}
            for number in _ids(made.value)
            if number in self.titles.get(target, {})
        ]
        made.value = chosen if is_multi else (chosen[0] if chosen else None)
        options = self._options(target)
        made.more |= {
            "multiple": is_multi,
            "options": options or [],
            "findable": options is None,
            "query": self.finding.get(column.name, ""),
        }
        if options is None:
            made.more["url"] = url_for("lists.suggest", list_name=target)
            if made.more["query"]:
                made.more["options"] = suggest.suggest(self.session, self.actor, target, made.more["query"], limit=50)
        definition = catalogue(self.session).by_name.get(target)
        if (
            definition is not None
            and definition.kind == "list"
            and not definition.settings.get("new_page")
            and may_add(definition, self.actor)
        ):
            made.more |= {
                "create_href": url_for("items.new", list_name=target),
                "create_label": _("New: %(item)s", item=definition.item_title(self.actor.language)),
            }

    _multi_lookup = _person = _lookup

    def _participants(self, _column: Column, made: Field) -> None:
        value = made.value or {}
        for part, target in (("users", "users"), ("contacts", "contacts")):
            options, known = self._options(target), self.titles.get(target, {})
            made.more[part] = {
                "value": [
                    {"id": number, "title": known[number]} for number in _ids(value.get(part)) if number in known
                ],
                "options": options or [],
                "url": url_for("lists.suggest", list_name=target) if options is None else None,
            }
        made.value = value.get("emails", "")

    def _group(self, made: Field) -> Field | None:
        """The sales group: a choice for who has several, text for who has one."""
        may_use = [option for option in self._options("sales_groups") or [] if self.actor.may_use_group(option["id"])]
        current = next(iter(_ids(made.value)), None)
        followed = self.found.follows and self.item is not None and self.item.get(self.found.follows)
        if followed or (len(may_use) < 2 and (current is None or current in {option["id"] for option in may_use})):
            if self.item is None:
                return None
            return Field(made.name, "fixed", made.label, str(self.item["sales_group"] or ""))
        choices = [(option["id"], option["title"]) for option in may_use]
        title = self.titles.get("sales_groups", {}).get(current or 0)
        if current and title and current not in dict(choices):
            choices.append((current, title))
        made.kind, made.value, made.required = "select", current, self.item is not None
        default = next((option["title"] for option in may_use if option["id"] == self.actor.default_group), None)
        made.more = {"choices": choices, "empty_label": group_words.when_empty(self.found, default)}
        return made

    def _options(self, target: str) -> list[dict[str, Any]] | None:
        if target not in self.options:
            self.options[target] = suggest.options(self.session, self.actor, target)
        return self.options[target]

    def _titles(self) -> dict[str, dict[int, str]]:
        wanted: dict[str, set[int]] = {}
        for column in columns_of(self.found):
            value = self.values.get(column.name)
            if column.type.target:
                wanted.setdefault(column.type.target, set()).update(_ids(value))
            elif column.type.name == "participants" and value:
                wanted.setdefault("users", set()).update(_ids(value.get("users")))
                wanted.setdefault("contacts", set()).update(_ids(value.get("contacts")))
        return {
            target: query.titles(self.session, self.actor, target, sorted(ids)) for target, ids in wanted.items() if ids
        }


def _was_in(form: Form, column: Column) -> bool:
    """Whether the form had a field for the column: browsers leave out only what is not ticked or not chosen."""
    return column.name in form or column.type.is_multi or column.type.is_composite or column.type.name == "boolean"


def typed_of(form: Form, column: Column) -> Any:
    """What was typed for one column, as it was typed."""
    name = column.name
    match column.type.name:
        case "address":
            return {part: form.get(f"{name}-{part}", "") for part in PARTS}
        case "participants":
            return {
                "users": form.getlist(f"{name}-users"),
                "contacts": form.getlist(f"{name}-contacts"),
                "emails": form.get(f"{name}-emails", ""),
            }
        case "boolean":
            return bool(form.get(name))
        case "location":
            return {part: form.get(f"{name}-{part}", "").strip() for part in ("latitude", "longitude", "label")}
        case "multi_choice" | "attachment":
            return [value for value in form.getlist(name) if value]
    if column.type.is_multi and column.type.target:
        return [value for value in form.getlist(name) if value]
    return form.get(name, "")


def read_value(column: Column, value: Any, actor: Actor, before: Mapping[str, Any] | None) -> Any:
    """The raw value of what was typed for one column. Raises Invalid."""
    kind = column.type.name
    if kind == "attachment":
        return attachments.chosen(value, actor)
    if kind == "participants":
        return _participants(value, (before or {}).get(column.name) or [])
    if isinstance(value, str):
        value = value.replace("\x00", "")
        if not value.strip():
            return None
        if kind in NUMBERS:
            return read_number(value, actor.language)
        if kind == "date":
            return read_day(value, actor.reader, now())
        if kind == "datetime":
            return read_instant(value, actor.reader, now())
    return value


def _participants(value: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    answers = {
        (kind, str(one[kind])): one.get("answer")
        for one in before
        for kind in ("user", "contact", "email")
        if kind in one
    }
    emails = value["emails"].replace(",", "\n").replace(";", "\n").split("\n")
    who = [("user", number) for number in value["users"]] + [("contact", number) for number in value["contacts"]]
    who += [("email", address.strip()) for address in emails if address.strip()]
    return [{kind: one, "answer": answers.get((kind, str(one))) or "none"} for kind, one in dict.fromkeys(who) if one]


def as_typed(column: Column, value: Any, actor: Actor) -> Any:
    """A stored value as this reader would type it into the column's field."""
    kind = column.type
    if kind.name == "participants":
        return {
            "users": [one["user"] for one in value or () if "user" in one],
            "contacts": [one["contact"] for one in value or () if "contact" in one],
            "emails": "\n".join(one["email"] for one in value or () if "email" in one),
        }
    if kind.name == "attachment":
        return [one["id"] for one in value or ()]
    if kind.name in NUMBERS and value is not None:
        return format_decimal(value, locale=actor.language, decimal_quantization=False)
    if kind.name == "datetime":
        return kind.form_value(value, actor.reader).replace("T", " ")
    return value if kind.target or value is None else kind.form_value(value, actor.reader)


def _ids(value: Any) -> list[int]:
    """The item numbers in a lookup's value, whether shown, stored or typed."""
    many = value if isinstance(value, (list, tuple)) else [value]
    texts = [one.id if isinstance(one, Reference) else one for one in many]
    return [int(one) for one in texts if str(one).isascii() and str(one).isdecimal() and len(str(one)) < 10]
