"""“New from template”: a Word template with `{{ case.name }}` and the like becomes a filled document.

Templates are written by people, in Jinja as docxtpl understands it (`{%tr for … %}` repeats a table row).
Both reading and filling happen in a limited child process: even a sandboxed template can ask for a gigabyte.
The context is a nested dict of JSON-able values; dates and money come formatted from the caller.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..lists.errors import N_, FieldError, Invalid
from . import limits

SECONDS = 6
MEMORY = 512 * limits.MEGABYTE
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_UNCLOSED = re.compile(r"\{\{|\}\}|\{%|%\}")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Placeholder(NamedTuple):
    """A `{{ … }}` or `{% … %}` of a template and the text of the paragraph that it stands in."""

    text: str
    paragraph: str


def fields(template: bytes) -> list[Placeholder]:
    """Every placeholder of a template, in the order of reading; raises `Invalid("template", …)`."""
    return [Placeholder(*found) for found in _in_child(template, "placeholders")]


def check(template: bytes, context: dict[str, Any]) -> None:
    """Raise `Invalid` with one error for each placeholder that is unknown in `context` or not understood."""
    _in_child(template, "examine", context=_printable(context))


def render(template: bytes, context: dict[str, Any]) -> bytes:
    """The filled document. Raises `Invalid("template", …)` for what `check` finds, and for a template that
    takes too much time or memory. None prints as nothing; so do the fields of an object that is None.
    """
    with tempfile.TemporaryDirectory(prefix="caseroom-") as folder:
        target = Path(folder, "filled.docx")
        _in_child(template, "fill", context=_printable(context), target=str(target))
        return target.read_bytes()


def _in_child(template: bytes, task: str, **arguments: Any) -> Any:
    with tempfile.NamedTemporaryFile(prefix="caseroom-", suffix=".docx") as file:
        file.write(template)
        file.flush()
        function = {"placeholders": placeholders, "examine": examine, "fill": fill}[task]
        return limits.run(
            function, seconds=SECONDS, memory=MEMORY, field="template", template=file.name, **arguments
        )


def _printable(value: Any) -> Any:
    """The value without what XML cannot carry (control characters)."""
    if isinstance(value, dict):
        return {name: _printable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return _NOT_IN_XML.sub("", value.replace("\r\n", "\n")) if isinstance(value, str) else value


# From here on: what the child does.


def placeholders(template: str) -> list[tuple[str, str]]:
    """Text and paragraph of each placeholder; raises `Invalid` where one is not closed in its paragraph."""
    return [(tag, paragraph) for tags in _tags_by_part(template) for tag, paragraph in tags]


def examine(template: str, context: dict[str, Any]) -> None:
    """Raise `Invalid` for all placeholders that are not understood or not known in the context."""
    problems: list[FieldError] = []
    for tags in _tags_by_part(template):
        problems += _problems(tags, context)
    if problems:
        raise Invalid.many(problems)


def fill(template: str, context: dict[str, Any], target: str) -> None:
    """Fill the template file into the target file."""
    import jinja2
    from lxml import etree

    from .word_template import WordTemplate, environment

    examine(template, context)
    try:
        document = WordTemplate(template)
        document.render(context, environment(), autoescape=True)
        document.save(target)
    except jinja2.TemplateError as error:
        message = N_("The template could not be filled: %(why)s.")
        raise Invalid("template", message, why=str(error.message).rstrip(".")) from error
    except etree.XMLSyntaxError as error:
        message = N_("The filled template is no sound Word document. Write its placeholders anew and save it again.")
        raise Invalid("template", message) from error


def _tags_by_part(template: str) -> Iterator[list[tuple[str, str]]]:
    """The placeholders of each part of the document that is filled, with their paragraphs."""
    import zipfile

    from . import packages

    try:
        with open(template, "rb") as file, packages.open_package(file) as package:
            main, kind = packages.main_part(package)
            if "wordprocessingml" not in kind:
                raise Invalid("template", "The template is not a Word document (.docx).")
            filled = packages.parts_ending(package, ".header+xml", ".footer+xml", ".footnotes+xml")
            for name in (main, *filled):
                yield list(_tags(packages.read_part(package, name, 64 * limits.MEGABYTE), packages.parse))
    except (zipfile.BadZipFile, SyntaxError) as damage:
        raise Invalid("template", "The template is damaged. Open it in Word and save it again.") from damage


def _tags(content: bytes, parse: Any) -> Iterator[tuple[str, str]]:
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for paragraph in parse(content).iter(f"{word}p"):
        text = "".join(piece.text or "" for piece in paragraph.iter(f"{word}t"))
        tags = _TAG.findall(text)
        if _UNCLOSED.search(_TAG.sub("", text)):
            raise Invalid(
                "template",
                "A placeholder is not closed, in the paragraph “%(paragraph)s”.",
                paragraph=text[:200],
            )
        yield from ((tag, text) for tag in tags)


def _problems(tags: list[tuple[str, str]], context: dict[str, Any]) -> list[FieldError]:
    """One error per placeholder of a part that cannot be understood or whose name is unknown."""
    import jinja2
    from jinja2 import nodes

    from .word_template import as_jinja, environment

    def problem(message: str, line: int, **values: Any) -> FieldError:
        tag, paragraph = tags[min(line, len(tags)) - 1]
        return FieldError("template", message, {"placeholder": tag, "paragraph": paragraph[:200], **values})

    try:
        # One tag a line, so that a node's line tells its tag.
        tree = environment().parse("\n".join(as_jinja(tag) for tag, _ in tags))
    except jinja2.TemplateSyntaxError as error:
        message = N_("“%(placeholder)s” cannot be understood (%(why)s), in the paragraph “%(paragraph)s”.")
        return [problem(message, error.lineno, why=error.message)]
    made_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")} | {"loop"}
    message = N_("“%(placeholder)s” uses “%(name)s”, which is not known, in the paragraph “%(paragraph)s”.")
    unknown: dict[tuple[int, str], FieldError] = {}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        path = _path(node)
        if path and path[0] not in made_here and not _known(path, context):
            unknown.setdefault((node.lineno, path[0]), problem(message, node.lineno, name=".".join(path)))
    return list(unknown.values())


def _path(node: Any) -> list[str]:
    """`case.company.name` as its three names; nothing for what is no plain path."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return [node.name] if node.ctx == "load" else []
    if isinstance(node, nodes.Getattr):
        above, last = _path(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        above, last = _path(node.node), str(node.arg.value)
    else:
        return []
    return [*above, last] if above else []


def _known(path: list[str], context: dict[str, Any]) -> bool:
    from .word_template import environment

    value: Any = context
    if path[0] not in context and path[0] in environment().globals:
        return True
    for name in path:
        if not isinstance(value, dict):
            return True
        if name not in value:
            return False
        value = value[name]
    return True
