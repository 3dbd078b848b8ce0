"""The form of a column, derived from what its type says of its options, so that a new type gets its form by itself.

`fields` makes the fields for templates/lists/_fields.html, `read` turns what was typed into a body for the services.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from ...lists import schema
from ...lists.catalogue import Catalogue
from ...lists.changing import own_options
from ...lists.columns import TYPES, ColumnType
from ...lists.columns.choices import COUNTRIES, country_name
from ...lists.columns.computed import FORMATS, RollupColumn
from ...lists.columns.options import Option, options_of
from ...lists.errors import Invalid
from ...lists.models import now
from ...lists.rights import Actor
from ..navigation import LANGUAGE_NAMES
from ..settings import languages
from .column_menu import total_label
from .forms import Field
from .typed import read_day, read_instant, read_number

Form = MultiDict[str, str]
NOT_BY_HAND = frozenset({"participants", "content_type"})  # the CRM's own lists only; a page of its own
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBERS = ("number", "currency", "percent")


def type_label(name: str) -> str:
    """A column type in the reader's language; one without words of its own is called by its name."""
    return {
        "text": _("Text"), "rich_text": _("Formatted text"), "number": _("Number"), "currency": _("Amount of money"),
        "percent": _("Percent"), "boolean": _("Yes or no"), "date": _("Date"), "datetime": _("Date and time"),
        "choice": _("Choice"), "multi_choice": _("Choice of several"), "lookup": _("Item of another list"),
        "multi_lookup": _("Items of another list"), "reverse_lookup": _("What points here"), "person": _("Person"),
        "group": _("Sales group"),
        "tags": _("Tags"), "email": _("E-mail address"), "phone": _("Phone number"), "url": _("Web address"),
        "address": _("Postal address"), "country": _("Country"), "attachment": _("Attachments"),
        "calculated": _("Calculated"), "rollup": _("Sum or count of what points here"),
        "auto_number": _("Number series"), "location": _("Place on the map"), "participants": _("Participants"),
        "content_type": _("Content type"),
    }.get(name, name.replace("_", " ").capitalize())  # fmt: skip


def type_choices() -> list[tuple[str, str]]:
    """The types that somebody may choose for a column, in the reader's language."""
    return [(name, type_label(name)) for name in TYPES if name not in NOT_BY_HAND]


def name_from(title: str) -> str:
    """An internal name made of a title: small letters, digits and underscores."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", title) if not unicodedata.combining(one)).casefold()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    name = (name if name[:1].isalpha() else f"c_{name}" if name else "")[:50].rstrip("_")
    return f"{name}_2" if name in schema.OF_FORMS else name


def clean(text: str | None) -> str:
    """A text without what no database keeps."""
    return _CONTROL.sub("", text or "").replace("\r\n", "\n").strip()


def must_have_title(body: Mapping[str, Any]) -> None:
    """On a page everything is called something. Raises Invalid."""
    if not body.get("title"):
        raise Invalid("title", "Say what it is called.")


# --- Texts by language ----------------------------------------------------------------------------


def by_language(form: Form, name: str) -> dict[str, str] | None:
    """The texts of the fields `name-en`, `name-sk`, …; None where all are empty."""
    texts = {language: clean(form.get(f"{name}-{language}")) for language in languages()}
    return {language: text for language, text in texts.items() if text} or None


def language_fields(
    name: str, label: str, values: Mapping[str, str], errors: Mapping[str, Sequence[str]], *, kind: str = "text",
    required: bool = False, about: str | None = None, first: str = "en",
) -> list[Field]:  # fmt: skip
    """A field per language for a text; the reader's own comes first, where the refusals stand."""
    order = sorted(languages(), key=lambda language: language != first)
    return [
        Field(
            f"{name}-{language}", kind, f"{label} ({LANGUAGE_NAMES.get(language, language)})", values.get(language, ""),
            required and place == 0, about if place == 0 else None, list(errors.get(name, ())) if place == 0 else [],
            {"attrs": {"lang": language}, **({"rows": 2} if kind == "textarea" else {})},
        )
        for place, language in enumerate(order)
    ]  # fmt: skip


# --- The fields -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One choice of a column as the form has it."""

    value: str
    titles: Mapping[str, str]
    retired: bool


def fields(
    kind: type[ColumnType], values: Mapping[str, Any], lists: Catalogue, actor: Actor,
    errors: Mapping[str, Sequence[str]], *, standing: bool,
) -> list[Field]:  # fmt: skip
    """The fields for the type's own options and for those of every column. `values`: options as people write them.

    `standing`: the column is there already, so that what makes its values anew has no field here.
    """
    own = [
        _field(name, option, values, lists, actor, errors)
        for name, option in options_of(kind).items()
        if option.kind != "content_types" and (not standing or name in own_options(kind))
    ]
    if not kind.is_given:
        return [*own, *(_switch(name, values, errors) for name in _switches(kind))]
    return [*own, *_common(kind, values, actor, errors)]


def _common(
    kind: type[ColumnType], values: Mapping[str, Any], actor: Actor, errors: Mapping[str, Sequence[str]]
) -> list[Field]:
    made = [_switch(name, values, errors) for name in _switches(kind)]
    made += [default_field(kind, values, actor, errors)] if has_default(kind) else []
    rule = values.get("validation") or {}
    made.append(_formula("default_formula", _("Default by formula"), values.get("default_formula"), errors))
    example = _('A formula, for example: status = "new"')
    made.append(_formula("show_when", _("Applies only when"), values.get("show_when"), errors, example))
    example = _("A formula, for example: due >= start")
    made.append(_formula("validation", _("Valid only when"), rule.get("formula"), errors, example))
    return made + language_fields("message", _("What to say otherwise"), rule.get("message") or {}, {})


def _switches(kind: type[ColumnType]) -> tuple[str, ...]:
    """What is ticked of every column; long values have no index and cannot be unique."""
    if not kind.is_given:
        return ("hidden",)
    long = kind.is_multi or kind.is_composite or kind.name == "rich_text"
    return ("required", "hidden") if long else ("required", "unique", "indexed", "hidden")


def has_default(kind: type[ColumnType]) -> bool:
    """Whether the default is a value that somebody types; others have theirs by formula."""
    long = kind.is_multi or kind.is_composite or kind.name in ("rich_text", "lookup", "group")
    return kind.is_given and not long


def _switch(name: str, values: Mapping[str, Any], errors: Mapping[str, Sequence[str]]) -> Field:
    label, about = {
        "required": (_("Required"), _("New items need a value; old ones when it is changed.")),
        "unique": (_("Unique"), _("No value stands in two items.")),
        "indexed": (_("Quick to filter and sort by"), _("Worth it in long lists.")),
        "hidden": (_("Hidden"), _("No page and no program shows it; its values stay.")),
    }[name]
    return Field(name, "checkbox", label, bool(values.get(name)), False, about, list(errors.get(name, ())))


def _formula(
    name: str, label: str, value: Any, errors: Mapping[str, Sequence[str]], about: str | None = None
) -> Field:
    return Field(name, "textarea", label, value or "", False, about, list(errors.get(name, ())),
                 {"rows": 2, "attrs": {"spellcheck": "false", "autocapitalize": "off"}})  # fmt: skip


def default_field(
    kind: type[ColumnType], values: Mapping[str, Any], actor: Actor, errors: Mapping[str, Sequence[str]]
) -> Field:
    """The field for the value that new items begin with. `values`: the column's options."""
    made = Field("default", "text", _("Default"), values.get("default"), False, None, list(errors.get("default", ())))
    if kind.name == "boolean":
        made.kind, made.more = "select", {"choices": [("true", _("yes")), ("false", _("no"))]}
        made.value = {True: "true", False: "false"}.get(made.value, made.value)
    elif values.get("choices") and "choices" in kind.option_names:
        there = [_choice(one) for one in values["choices"]]
        made.kind, made.more = "select", {
            "choices": [(one.value, one.titles.get(actor.language) or one.value) for one in there if not one.retired]
        }  # fmt: skip
    elif kind.name == "person":
        made.kind, made.more = "select", {"choices": [("@me", _("Who makes the item"))]}
    elif kind.name == "country":
        made.kind, made.more = "select", {"choices": kind({}).choices(actor.reader)}  # type: ignore[attr-defined]
    return made


def _field(
    name: str, option: Option, values: Mapping[str, Any], lists: Catalogue, actor: Actor,
    errors: Mapping[str, Sequence[str]],
) -> Field:  # fmt: skip
    made = Field(name, "text", _(option.message), values.get(name), option.required,
                 _(option.help) if option.help else None, list(errors.get(name, ())))  # fmt: skip
    if option.kind == "switch":
        made.kind = "checkbox"
    elif option.kind in ("whole", "number"):
        made.kind = "number"
    elif option.kind == "formula":
        made.kind, made.more = "textarea", {"rows": 3, "attrs": {"spellcheck": "false"}}
    elif option.kind == "list":
        there = sorted((one.title(actor.language), one.name) for one in lists.by_name.values())
        made.kind, made.more = "select", {"choices": [(key, title) for title, key in there]}
    elif option.kind == "format":
        made.kind, made.more = "select", {"choices": [(one, type_label(one)) for one in FORMATS]}
    elif option.kind == "function":
        made.kind, made.more = "select", {"choices": [(one, total_label(one)) for one in RollupColumn.FUNCTIONS]}
    elif option.kind == "country":
        there = sorted((country_name(code, actor.language), code) for code in COUNTRIES)
        made.kind, made.more = "select", {"choices": [(code, title) for title, code in there]}
    elif option.kind == "names":
        made.value = ", ".join(made.value) if isinstance(made.value, list) else made.value
    elif option.kind == "choices":
        made.kind, made.value = "choices", [_choice(one) for one in made.value or ()]
    return made


def _choice(given: Any) -> Choice:
    if not isinstance(given, Mapping):
        return Choice(str(given), {}, False)
    return Choice(str(given.get("value", "")), given.get("title") or {}, bool(given.get("retired")))


# --- What was typed -------------------------------------------------------------------------------


def read(form: Form, kind: type[ColumnType], actor: Actor, *, standing: bool) -> dict[str, Any]:
    """The body that a sent form means: title, description and options; None where a field is empty.

    What cannot be read stays as it was typed, for the service to refuse beside its field.
    """
    body: dict[str, Any] = {"title": by_language(form, "title"), "description": by_language(form, "description")}
    for name, option in options_of(kind).items():
        if option.kind == "content_types" or (standing and name not in own_options(kind)):
            continue
        body[name] = _read_option(form, name, option, actor)
    body |= {name: bool(form.get(name)) or None for name in _switches(kind)}
    if not kind.is_given:
        return body
    body |= {name: clean(form.get(name)) or None for name in ("default_formula", "show_when")}
    if has_default(kind):
        body["default"] = read_default(clean(form.get("default")), kind, actor)
    formula, message = clean(form.get("validation")), by_language(form, "message")
    body["validation"] = {"formula": formula, **({"message": message} if message else {})} if formula else None
    return body


def _read_option(form: Form, name: str, option: Option, actor: Actor) -> Any:
    typed = clean(form.get(name))
    if option.kind == "switch":
        return bool(typed) or None
    if option.kind == "choices":
        return read_choices(form) or None
    if option.kind == "names":
        return [name for name in re.split(r"[\s,;]+", typed) if name] or None
    if option.kind in ("whole", "number") and typed:
        number = read_number(typed, actor.language)
        return int(number) if re.fullmatch(r"-?\d{1,15}", number) else number
    return typed or None


def read_default(typed: str, kind: type[ColumnType], actor: Actor) -> Any:
    """The default that was typed; what cannot be read stays as it was typed."""
    if not typed or typed == "@me":
        return typed or None
    try:
        if kind.name in _NUMBERS:
            return read_number(typed, actor.language)
        if kind.name == "date":
            return read_day(typed, actor.reader, now())
        if kind.name == "datetime":
            return read_instant(typed, actor.reader, now()).isoformat()
    except Invalid:
        return typed
    return {"true": True, "false": False}.get(typed, typed) if kind.name == "boolean" else typed


def read_choices(form: Form) -> list[Any]:
    """The choices of a form in their order: those that stand, with titles and whether retired, and the new lines."""
    rows: list[tuple[int, int, Any]] = []
    for place, value in enumerate(form.getlist("choice-value")[:2000]):
        if form.get(f"choice-{place}-out"):
            continue
        titles = by_language(form, f"choice-{place}-title") or {}
        retired = bool(form.get(f"choice-{place}-retired"))
        order = clean(form.get(f"choice-{place}-order"))
        turn = int(order) if re.fullmatch(r"\d{1,5}", order) else place + 1
        told: dict[str, Any] = {"value": value}
        told |= {"title": titles} if titles else {}
        told |= {"retired": True} if retired else {}
        rows.append((turn, place, told if len(told) > 1 else value))
    new = [" ".join(line.split()) for line in clean(form.get("choices")).split("\n")]
    return [row[2] for row in sorted(rows, key=lambda row: row[:2])] + [line for line in new if line]


def with_kinds(choices: Sequence[Any] | None, current: Sequence[Any]) -> list[Any] | None:
    """The choices with the colours (`kind`) that a definition gave them, for which the form has no field."""
    kinds = {one["value"]: one["kind"] for one in current if isinstance(one, Mapping) and one.get("kind")}
    made: list[Any] = []
    for choice in choices or ():
        told = choice if isinstance(choice, Mapping) else {"value": choice}
        made.append({**told, "kind": kinds[told["value"]]} if told["value"] in kinds else choice)
    return made or None


def changed(body: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Of a form's body what is other than it stands; nothing, empty and no are the same."""
    return {key: value for key, value in body.items() if (value or None) != (current.get(key) or None)}
