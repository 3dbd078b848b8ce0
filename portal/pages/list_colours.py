"""The page of a view's colour rules: a condition and a colour each, the first that holds gives a row its colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import colours, view_settings
from ...lists.catalogue import Column, ListDefinition, catalogue
from ...lists.colours import COLOURS
from ...lists.columns.choices import ChoiceColumn
from ...lists.errors import Invalid, Words
from ...lists.rights import Actor
from ..errors import said
from ..request import session
from . import list_state
from .list_views import opened

blueprint = Blueprint("list_colours", __name__)
MOST_EXAMPLES = 60
_CALLED = {
    "blue": Words("Blue"), "orange": Words("Orange"), "green": Words("Green"), "purple": Words("Purple"),
    "yellow": Words("Yellow"), "violet": Words("Violet"), "grey": Words("Grey"), "red": Words("Red"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A row of the form, as typed; `refusal` says what is wrong with it."""

    formula: str
    colour: str
    refusal: str | None = None


@blueprint.get("/lists/<list_name>/colours")
def show(list_name: str) -> ResponseReturnValue:
    """The rules of what the page shows, to change, order and take away; sent, they lead to the list."""
    me, found = opened(list_name)
    state, base = list_state.read(found, me, request.args), url_for("lists.show", list_name=list_name)
    if "formula" not in request.args:
        given = [Rule(rule["formula"], rule["colour"]) for rule in state.colours(session())]
        return _form(found, me, state, [*given, Rule("", _next(given))])
    typed = _typed()
    if asked := request.args.get("do"):
        return _form(found, me, state, _checked(found, _moved(typed, asked)))
    rules = [rule for rule in _checked(found, typed) if rule.formula]
    text = list_state.colours_argument({"formula": rule.formula, "colour": rule.colour} for rule in rules)
    errors = [
        {"name": f"formula-{place}", "label": _("Rule %(number)s", number=place), "message": rule.refusal}
        for place, rule in enumerate(rules, 1)
        if rule.refusal
    ]
    if len(text) > list_state.LONG["colours"]:
        errors.append({"message": _("These rules are too long together. Shorten them, or take some away.")})
    if errors:
        return _form(found, me, state, rules, errors), 422
    of_view = view_settings.shown(session(), found, state.view.settings if state.view else {}).get("colours", ())
    same = text == list_state.colours_argument(of_view)
    return redirect(state.href(base, colours=None if same else text), 303)


@blueprint.get("/lists/<list_name>/colours/check")
def check(list_name: str) -> ResponseReturnValue:
    """Whether a condition is understood, said while it is typed."""
    _me, found = opened(list_name)
    (rule,) = _checked(found, [Rule(_text(request.args.get("formula", "")), "")])
    return render_template("lists/_rule_said.html", rule=rule)


def _form(
    found: ListDefinition, me: Actor, state: list_state.ListState, rules: list[Rule], errors: list[Any] | None = None
) -> str:
    offered = list(examples(found, me))[:MOST_EXAMPLES]
    formulas = [formula for formula, _label in offered]
    return render_template(
        "lists/colours.html",
        definition=found,
        actor=me,
        rules=rules,
        errors=errors or [],
        may_add=len(rules) < view_settings.MOST_COLOURS,
        colours=[(colour, said(_CALLED[colour]), hue) for hue, colour in enumerate(COLOURS, 1)],
        examples=offered,
        sample=next((one for one in formulas if " " in one), formulas[0] if formulas else ""),
        kept=[pair for pair in state.arguments() if pair[0] != "colours"],
        cancel_href=state.href(url_for("lists.show", list_name=found.name)),
    )


def _text(typed: str) -> str:
    return " ".join(typed.replace("\x00", "").split())


def _typed() -> list[Rule]:
    """The form's rows, the empty ones too."""
    pairs = zip(request.args.getlist("formula"), request.args.getlist("colour"), strict=False)
    rules = [Rule(_text(formula), colour if colour in COLOURS else COLOURS[0]) for formula, colour in pairs]
    return rules[: view_settings.MOST_COLOURS]


def _checked(found: ListDefinition, rules: list[Rule]) -> list[Rule]:
    """The rules, each with what is wrong with it: all are told at once."""
    made = []
    for rule in rules:
        refusal = None
        try:
            if rule.formula:
                colours.check(catalogue(session()), found, rule.formula)
        except Invalid as wrong:
            refusal = said(wrong)
        made.append(replace(rule, refusal=refusal))
    return made


def _moved(rules: list[Rule], asked: str) -> list[Rule]:
    """After a button was pressed: `add`, or `up`, `down`, `remove` with a row's place from 0 (`up-2`)."""
    rules, (what, _dash, place) = list(rules), asked.partition("-")
    if what == "add" and len(rules) < view_settings.MOST_COLOURS:
        return [*rules, Rule("", _next(rules))]
    at = int(place) if place.isdecimal() and len(place) < 3 else -1
    if not 0 <= at < len(rules):
        return rules
    one = rules.pop(at)
    if what in ("up", "down"):
        rules.insert(max(0, at - 1) if what == "up" else at + 1, one)
    elif what != "remove":
        rules.insert(at, one)
    return rules or [Rule("", COLOURS[0])]


def _next(rules: list[Rule]) -> str:
    """The first colour that no rule has yet."""
    taken = {rule.colour for rule in rules}
    return next((colour for colour in COLOURS if colour not in taken), COLOURS[0])


# --- What may be typed ----------------------------------------------------------------------------


def examples(found: ListDefinition, me: Actor) -> Iterator[tuple[str, str]]:
    """Conditions that this list understands, ready to be chosen and changed, each with what it says."""
    titles = [column.title(me.language).casefold() for column in found.visible_columns]
    for column in found.visible_columns:
        if not column.is_own:
            continue
        title = column.title(me.language)
        alone = titles.count(title.casefold()) == 1 and title.casefold() not in found.by_name
        yield from _of_column(column, column.name if not alone or set(title) & set("[]") else f"[{title}]", title, me)


def _of_column(column: Column, name: str, title: str, me: Actor) -> Iterator[tuple[str, str]]:
    kind = column.type.result
    if isinstance(kind, ChoiceColumn) and not kind.is_multi:
        for value, label in kind.choices(me.reader)[:8]:
            yield f'{name} = "{value}"', _("%(column)s is %(value)s", column=title, value=label)
    elif kind.name in ("number", "currency", "percent"):
        yield f"{name} > 1000", _("%(column)s is more than 1,000", column=title)
    elif kind.name == "date":
        yield f"{name} < TODAY()", _("%(column)s has passed", column=title)
        yield f"{name} <= TODAY() + 7", _("%(column)s is within seven days or has passed", column=title)
    elif kind.name == "boolean":
        yield name, _("%(column)s: yes", column=title)
    elif kind.target in ("users", "salespeople") and not kind.is_multi:
        yield f"{name} = ME()", _("%(column)s is me", column=title)
    if not kind.is_multi and kind.name in ("lookup", "person", "group", "date", "currency"):
        yield f"ISBLANK({name})", _("%(column)s is empty", column=title)
