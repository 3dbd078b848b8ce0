"""Formulas by column id: what is stored survives the renaming of every column it uses, and is shown by its names."""

from __future__ import annotations

from typing import Any

from ..errors import Invalid
from . import naming, syntax
from .naming import Lists
from .tree import Path, Word, Written


def by_ids(text: str, words: list[tuple[Word, str]]) -> str:
    """The text with each column's name replaced by its id: `price * 2` as `[#12] * 2`."""
    for word, key in sorted(words, key=lambda pair: -pair[0].start):
        text = f"{text[: word.start]}[{key}]{text[word.end :]}"
    return text


def by_names(text: str, lists: Lists, found: Any) -> str:
    """A stored formula as people read and write it. A column that is gone stays as its id."""
    try:
        written = syntax.parse(text, stored=True)
    except Invalid:
        return text
    for word, name in sorted(_names(written, lists, found), key=lambda pair: -pair[0].start):
        text = f"{text[: word.start]}{name}{text[word.end :]}"
    return text


def _names(written: Written, lists: Lists, found: Any) -> list[tuple[Word, str]]:
    names: list[tuple[Word, str]] = []
    waiting: list[Written] = [written]
    while waiting:
        part = waiting.pop()
        waiting += part.parts
        if isinstance(part, Path):
            names += _of_path(part, lists, found)
    return names


def _of_path(path: Path, lists: Lists, found: Any) -> list[tuple[Word, str]]:
    names: list[tuple[Word, str]] = []
    for word in path.words:
        try:
            field = naming.named(found, word).field
        except Invalid:
            break
        names.append((word, f"[{field.name}]" if field.name in ("and", "or", "not", "true", "false") else field.name))
        target = field.type.target
        found = None if target == "users" else lists.by_name.get(target)
    return names
