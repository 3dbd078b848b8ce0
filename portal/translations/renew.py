"""Brings the catalogues up to date with the sources: python portal/translations/renew.py, or `make catalogues`.

Messages are found where they stand, without running anything:

- in templates by Jinja's own parser: `_()`, `gettext`, `ngettext`, `pgettext`;
- in Python the same calls, the message of every domain error (`Invalid("name", "…")`, `Conflict("…")`, any class
  derived from them, `FieldError`) and whatever `N_("…")` marks on its way into one.

Each language's messages.po keeps its translations; new messages come without one, and the tests ask for it.
A new language begins with its name: python portal/translations/renew.py et
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = Path("portal/translations")
ROOMS = ("lists", "libraries", "calendar", "outlook_addin", "portal")
# For developers, in English only: how the components look.
ENGLISH_ONLY = ("portal/pages/styleguide.py", "templates/styleguide")
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
# Where the message stands among the arguments of what keeps it for later: of errors (classes derived from these are
# found in the sources), of a mail's problems (`note`) and of a setting's help.
ERRORS = {
    "DomainError": 0,
    "FieldError": 1,
    "Invalid": 1,
    "refuse": 0,
    "misfit": 1,
    "Words": 0,
    "note": 0,
    "setting": 1,
}
WIDTH = 110


@dataclass(frozen=True)
class Found:
    """A message in the sources: `ids` is the singular, and the plural where there is one."""

    file: str
    line: int
    ids: tuple[str, ...]
    context: str | None = None


def sources(root: Path = ROOT) -> tuple[list[Path], list[Path]]:
    """The modules and the templates whose messages users see."""
    modules = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    templates = sorted(path for kind in ("html", "txt") for path in (root / "templates").rglob(f"*.{kind}"))
    return [path for path in modules if _is_seen(path, root)], [path for path in templates if _is_seen(path, root)]


def _is_seen(path: Path, root: Path) -> bool:
    return "node_modules" not in path.parts and not _name(path, root).startswith(ENGLISH_ONLY)


def messages(root: Path = ROOT) -> Catalog:
    """Every message of the sources, with the files in which it stands."""
    modules, templates = sources(root)
    errors = error_classes(modules)
    catalogue = Catalog(project="Caseroom", charset="utf-8", fuzzy=False)
    for path in modules:
        for one in in_module(path.read_text("utf-8"), _name(path, root), errors):
            _add(catalogue, one)
    for path in templates:
        for one in in_template(path, _name(path, root)):
            _add(catalogue, one)
    return catalogue


def error_classes(modules: list[Path]) -> dict[str, int]:
    """The errors by name, with the place of the message among their arguments."""
    bases: dict[str, list[str]] = {}
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [_last_name(base) for base in node.bases]
    known = dict(ERRORS)
    while new := {
        name: known[base] for name, above in bases.items() for base in above if base in known and name not in known
    }:
        known |= new
    return known


def in_module(source: str, file: str, errors: dict[str, int]) -> Iterator[Found]:
    """The messages of a Python module."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = _last_name(node.func)
        if name in ("_", "gettext", "N_"):
            yield from (Found(file, node.lineno, (text,)) for text in _texts(_argument(node, 0)))
        elif name == "ngettext":
            singular, plural = _texts(_argument(node, 0)), _texts(_argument(node, 1))
            yield Found(file, node.lineno, (singular[0], plural[0]))
        elif name == "pgettext":
            context, text = _texts(_argument(node, 0)), _texts(_argument(node, 1))
            yield Found(file, node.lineno, (text[0],), context[0])
        elif name in errors:
            yield from (Found(file, node.lineno, (text,)) for text in _texts(_argument(node, errors[name])))
    yield from _default_messages(source, file, errors)


def _default_messages(source: str, file: str, errors: dict[str, int]) -> Iterator[Found]:
    """What an error says where nothing is given: the default of its argument `message`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name in errors:
            for made in node.body:
                if isinstance(made, ast.FunctionDef) and made.name == "__init__":
                    for default in made.args.defaults:
                        yield from (Found(file, default.lineno, (text,)) for text in _texts(default) if text)


def not_extractable(source: str, errors: dict[str, int]) -> list[tuple[int, str]]:
    """Calls of an error, or of a marker, whose message no one can extract: lines and sources.

    A message is a literal (or a choice between literals), is marked by `N_`, or is handed on: another error's
    `.message`, a name that `N_` marked somewhere, an argument of the function that hands it on.
    """
    tree = ast.parse(source)
    marked, handed_on = _marked_names(tree), _parameters(tree)
    wrong = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _last_name(node.func)
        if name in errors:
            message = _argument(node, errors[name])
        elif name in ("_", "gettext", "N_", "ngettext", "pgettext"):
            message = _argument(node, 1 if name == "pgettext" else 0)
        else:
            continue
        if message is not None and not _is_extractable(message, marked, handed_on if name in errors else set()):
            wrong.append((node.lineno, ast.unparse(node)))
    return wrong


def in_template(path: Path, file: str) -> Iterator[Found]:
    """The messages of a template."""
    with path.open("rb") as lines:
        for line, found, _comments, context in extract("jinja2", lines, KEYWORDS, options=JINJA):
            yield Found(file, line, (found,) if isinstance(found, str) else tuple(found), context)


def renew(root: Path = ROOT) -> None:
    """Write each language's catalogue anew: translations kept, new messages empty, what is gone left out."""
    wanted = messages(root)
    for path in sorted((root / TRANSLATIONS).glob("*/LC_MESSAGES/messages.po")):
        catalogue = read(path)
        catalogue.update(wanted, no_fuzzy_matching=True)
        write(path, catalogue)
        missing = sum(1 for message in catalogue if message.id and not is_translated(message))
        print(f"{path.relative_to(root)}: {len(catalogue)} messages, {missing} without a translation")


def begin(language: str, root: Path = ROOT) -> None:
    """An empty catalogue of another language; nothing where there is one."""
    path = root / TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        path.parent.mkdir(parents=True)
        write(path, Catalog(locale=language))


def read(path: Path) -> Catalog:
    """A language's catalogue."""
    with path.open("rb") as lines:
        return read_po(lines, locale=path.parts[-3])


def write(path: Path, catalogue: Catalog) -> None:
    """Write a catalogue so that two who change it at once meet only where both changed the same message."""
    kept = ("plural-forms", "mime-version", "content-type", "content-transfer-encoding", "language")
    header = [(name, value) for name, value in catalogue.mime_headers if name.lower() in kept]
    body = io.BytesIO()
    write_po(
        body, catalogue, width=WIDTH, omit_header=True, sort_output=True, ignore_obsolete=True, include_lineno=False
    )
    lines = [f"# Words of Caseroom, {catalogue.locale}.", 'msgid ""', 'msgstr ""']
    lines += [f'"{name}: {value}\\n"' for name, value in header]
    path.write_bytes("\n".join([*lines, "", ""]).encode() + body.getvalue().lstrip())


def is_translated(message: Any) -> bool:
    """Whether every form of the message has its words."""
    return bool(message.string) if isinstance(message.string, str) else all(message.string or ("",))


def _add(catalogue: Catalog, one: Found) -> None:
    ids: Any = one.ids if one.ids[1:] else one.ids[0]
    catalogue.add(ids, locations=[(one.file, 1)], context=one.context)


def _argument(call: ast.Call, place: int) -> ast.expr | None:
    if len(call.args) > place and not any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "message"), None)


def _texts(node: ast.expr | None) -> list[str]:
    """The literals that an expression may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    return []


def _is_extractable(node: ast.expr, marked: set[str], handed_on: set[str]) -> bool:
    if isinstance(node, ast.IfExp):
        return all(_is_extractable(one, marked, handed_on) for one in (node.body, node.orelse))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Call):
        return _last_name(node.func) == "N_"
    if isinstance(node, ast.Name):
        return node.id in marked | handed_on
    if isinstance(node, ast.Subscript):  # what another process told
        return isinstance(node.slice, ast.Constant) and node.slice.value == "message"
    return isinstance(node, ast.Attribute) and (node.attr in ("message", "help") or node.attr.isupper())


def _marked_names(tree: ast.Module) -> set[str]:
    """Names that stand for marked messages only."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return {name for name, given in values.items() if all(_is_marked(one) for one in given)}


def _is_marked(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_marked(node.body) and _is_marked(node.orelse)
    return isinstance(node, ast.Call) and _last_name(node.func) in ("N_", "_", "gettext", "ngettext", "pgettext")


def _parameters(tree: ast.Module) -> set[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = {one.arg for function in functions for one in (*function.args.args, *function.args.posonlyargs)}
    return names & {"message"}


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


if __name__ == "__main__":
    for wanted_language in sys.argv[1:]:
        begin(wanted_language)
    renew()
