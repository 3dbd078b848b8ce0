"""Every word that users see can be translated, and is: what the sources say and what the catalogues hold."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import nodes

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = sorted((ROOT / "lists" / "definitions").glob("*.toml"))
SCRIPTS = sorted((ROOT / "portal" / "frontend" / "src").glob("*.ts"))
PLACE = re.compile(r"%\(\w+\)[a-z]|%%|\{\w+\}")
# Names are the same in every language, as are keys of the keyboard and what only programs read.
NAMES = {"Caseroom", "Ctrl", "Del", "Enter", "Esc", "Shift"}
MARKED = ("_", "gettext", "ngettext", "pgettext")


def _renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew", ROOT / "portal" / "translations" / "renew.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["renew"] = module  # its data classes look themselves up
    spec.loader.exec_module(module)
    return module


renew = _renew()
CATALOGUES = {path.parts[-3]: path for path in (ROOT / "portal" / "translations").glob("*/LC_MESSAGES/messages.po")}
MODULES, TEMPLATES = renew.sources()


@pytest.fixture(scope="module")
def in_sources() -> Catalog:
    return renew.messages()


@pytest.fixture(scope="module", params=sorted(CATALOGUES))
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return renew.read(CATALOGUES[request.param])


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def keys(catalogue: Catalog) -> set[Any]:
    return {(message.context, message.id) for message in messages(catalogue)}


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else [form or "" for form in message.string or ()]


def ids(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def test_slovak_is_there() -> None:
    assert "sk" in CATALOGUES


def test_a_catalogue_holds_the_messages_of_the_sources_and_no_others(in_sources: Catalog, catalogue: Catalog) -> None:
    wanted, held = keys(in_sources), keys(catalogue)
    assert wanted - held == set(), "`make catalogues` adds these; then translate them"
    assert held - wanted == set(), "`make catalogues` takes these out"


def test_every_message_has_its_words(catalogue: Catalog) -> None:
    assert [message.id for message in messages(catalogue) if not all(forms(message))] == []
    assert [message.id for message in messages(catalogue) if message.fuzzy] == []


def test_a_counted_message_has_a_form_for_every_number(catalogue: Catalog) -> None:
    counted = [message for message in messages(catalogue) if len(ids(message)) > 1]
    assert counted
    assert {len(forms(message)) for message in counted} == {catalogue.num_plurals}


def test_a_translation_fills_the_places_of_its_message(catalogue: Catalog) -> None:
    wrong = []
    for message in messages(catalogue):
        singular, wanted = (sorted(set(PLACE.findall(ids(message)[end]))) for end in (0, -1))
        for number, form in enumerate(forms(message)):
            # The form of one alone may do without the number, where the message of one does.
            if sorted(set(PLACE.findall(form))) not in ([wanted, singular] if number == 0 else [wanted]):
                wrong.append((ids(message)[-1], form))
    assert wrong == []


def test_a_translation_begins_and_ends_as_its_message(catalogue: Catalog) -> None:
    wrong = []
    for message in messages(catalogue):
        said = ids(message)[-1]
        if message.context == "a day":  # no words, but the order of a date
            continue
        for form in forms(message):
            same_end = [text[-1] if text[-1] in ".:…?! " else "" for text in (said, form)]
            same_beginning = said[0] == " " if form[0] == " " else said[0] != " "
            if same_end[0] != same_end[1] or not same_beginning:
                wrong.append((said, form))
    assert wrong == []


def test_slovak_has_its_own_quotation_marks_and_letters() -> None:
    slovak = messages(renew.read(CATALOGUES["sk"]))
    texts = [form for message in slovak for form in forms(message)]
    assert [text for text in texts if "”" in text or text.count("„") != text.count("“")] == []
    # A message with its English words is one that nobody translated.
    english = re.compile(r"\b(the|this|of|is|must|with|has)\b", re.IGNORECASE)
    assert [text for text in texts if english.search(re.sub(PLACE, "", text))] == []


# --- Nothing is left out --------------------------------------------------------------------------


def test_every_message_of_an_error_can_be_found_in_the_sources() -> None:
    errors = renew.error_classes(MODULES)
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {source}"
        for path in MODULES
        for line, source in renew.not_extractable(path.read_text("utf-8"), errors)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        'raise Conflict(f"There is a list called {name} already.")',
        'raise Invalid("name", "It begins with " + letter)',
        'words = "Not marked."\nraise Invalid("name", words)',
        'raise Invalid("name", message=f"{name} is wrong.")',
        "flash(_(text))",
        'draft.note(f"More than {most} of them.")',
    ],
)
def test_a_message_that_could_not_be_found_would_be_noticed(source: str) -> None:
    assert renew.not_extractable(source, renew.error_classes(MODULES)) != []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Conflict("It is " "there.")', ["It is there."]),
        ('raise Forbidden("Not here." if here else "Not there.")', ["Not here.", "Not there."]),
        ('words = N_("Marked.")\nraise Invalid("name", words)', ["Marked."]),
        ('raise TooManyTries("Wait %(minutes)s minutes.", minutes=5)', ["Wait %(minutes)s minutes."]),
        ('FieldError("to", "To whom?", {})', ["To whom?"]),
    ],
)
def test_messages_are_found(source: str, found: list[str]) -> None:
    errors = renew.error_classes(MODULES)
    assert [one.ids[0] for one in renew.in_module(source, "x.py", errors)] == found
    assert renew.not_extractable(source, errors) == []


def test_counted_and_told_apart_messages_are_found() -> None:
    source = 'ngettext("%(num)s row", "%(num)s rows", n)\npgettext("verb", "Close")'
    one, other = renew.in_module(source, "x.py", {})
    assert (one.ids, one.context) == (("%(num)s row", "%(num)s rows"), None)
    assert (other.ids, other.context) == (("Close",), "verb")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_that_is_not_marked(path: Path) -> None:
    assert list(unmarked_in_template(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>No lists yet</p>",
        '<img alt="A picture">',
        "{{ button('Save') }}",
        "{% set words = {'label': 'New case'} %}",
        "{{ 'one of them' if x else _('Other') }}",
    ],
)
def test_an_unmarked_word_in_a_template_would_be_noticed(source: str) -> None:
    assert list(unmarked_in_template(source)) != []


def unmarked_in_template(source: str) -> Iterator[str]:
    """Texts, texts in attributes, and texts handed to macros that are not marked."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    tree = environment.parse(source)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|<style.*?</style>", "", source, flags=re.DOTALL)
    bare = re.sub(r"\{\{ public_url \}\}(?:/[a-z]+|/?\{\{[^}]*\}\})*", "", bare)  # addresses, as plain text has them
    bare = re.sub(r"\{\{.*?\}\}", "\N{OBJECT REPLACEMENT CHARACTER}", bare, flags=re.DOTALL)
    for name, text in re.findall(r'\b(title|aria-label|placeholder|alt)="([^"]*)"', bare):
        if _has_words(text):
            yield f"{name}: {text}"
    # A tag whose end is in another macro begins a text that is none: what stands before a ">" without a "<".
    for text in re.split(r"<[^>]*>|^[^<]*>|<[^>]*$", bare, flags=re.MULTILINE):
        if _has_words(text) and '="' not in text and not re.fullmatch(r"[\ufffc\s]*[a-z]+-\ufffc?[\ufffc\s-]*", text):
            yield text.strip()
    marked = {
        id(argument)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in MARKED
        for argument in call.args
    }
    for constant in tree.find_all(nodes.Const):
        text = constant.value
        if not isinstance(text, str) or id(constant) in marked or text in NAMES or _is_code(text):
            continue
        if re.match(r"[A-Z][a-z]|.*[a-z]{2} [a-z]{2}", text):
            yield text


def _has_words(text: str) -> bool:
    words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", "", text))) - NAMES - {"doctype", "html", "data", "error"}
    return bool(words)


def _is_code(text: str) -> bool:
    """Classes, an htmx trigger, a piece of HTML."""
    return bool(re.match(r"(cal-bar|columns) |input changed|a href=|[a-z-]+ [a-z]+-\d$", text))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_of_its_own(path: Path) -> None:
    assert list(unmarked_in_script(path.read_text("utf-8"))) == []


def test_an_unmarked_word_in_a_script_would_be_noticed() -> None:
    assert list(unmarked_in_script('say("Not found");\nnote.textContent = `${n} rows left`;')) == [
        "Not found",
        "rows left",
    ]


def unmarked_in_script(source: str) -> Iterator[str]:
    """Literals that read like words: a capital and small letters, or two words; not what only programs read."""
    code = re.sub(r"^\s*(//|\*|/\*).*$|\s//\s.*$", "", source, flags=re.MULTILINE)
    for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', code):
        text = re.sub(r"\$\{[^}]*\}+", " ", "".join(literal)).strip()
        reads_like_words = re.match(r"[A-Z][a-z]+( [a-z]+)*[.…!?]?$|.*\b[a-z]{3,} [a-z]{2,}\b", text)
        if reads_like_words and not re.search(PROGRAMS_READ, text):
            yield text


# Headers of HTTP and of a message, keys, classes of the style sheets, selectors.
PROGRAMS_READ = (
    r"^(Accept|Authorization|Bearer|Enter|Escape|Backspace|Delete|Tab|Home|End|Dead|Process)$|^Arrow"
    r"|^(Office|Undo|Date|Subject|From|To)$"
    r"|^(Bearer|Subject|Date|From|To|Content|MIME)\b|button-|visually-hidden|^\.|^\(max-width|[\[\]=;{}<>#/]|^button "
    r"|^panel|option|-note|^(event|input) |^chip|^input lookup|^grow|^truncate"
)


# --- Definitions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_a_definition_says_everything_in_every_language(path: Path) -> None:
    definition = tomllib.loads(path.read_text("utf-8"))
    said = dict(titles(definition))
    assert "title" in said and len(said) > 2
    wanted = {"en", *CATALOGUES}
    assert {place: text for place, text in said.items() if not isinstance(text, dict) or set(text) != wanted} == {}
    assert [place for place, text in said.items() if not all(str(word).strip() for word in text.values())] == []


def titles(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every title and description of a definition, by its place; each column, view and choice must have one."""
    if isinstance(part, list):
        for number, one in enumerate(part):
            yield from titles(one, f"{place}{number}.")
    if not isinstance(part, dict) or "en" in part:
        return
    if re.search(r"(columns|views|choices)\.\d+\.$", place):
        yield f"{place}title", part.get("title")
    for name, value in part.items():
        if name in ("title", "description", "item_title", "masked_name"):
            yield f"{place}{name}", value
        else:
            yield from titles(value, f"{place}{name}.")
