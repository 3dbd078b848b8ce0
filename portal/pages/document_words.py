"""What the pages of documents say in words: state, history, facts, kinds and sizes of files."""

from __future__ import annotations

from typing import Any

from babel.numbers import format_decimal
from flask_babel import get_locale
from flask_babel import gettext as _

from ...libraries import documents
from ...libraries.formats import KINDS
from ...lists.columns import Reference, column_type
from ...lists.query import Item
from ...lists.rights import Actor

INSTANT = column_type("datetime", {})
_NOT_FACTS = {"name", "file_name", "media_type", "size", "file_version", "checked_out_by", "checked_out_at"}
_ICONS = {"docx": "word", "doc": "word", "xlsx": "excel", "xls": "excel", "pdf": "pdf"}


def state(item: Item, me: Actor, has_draft: bool) -> str:
    """The document's state in one sentence."""
    number, holder = item["file_version"], item["checked_out_by"]
    if holder is None:
        if not number.endswith(".0"):
            return _("Draft %(number)s, not published yet.", number=number)
        return _("Version %(number)s. Nobody has it checked out.", number=number)
    since = INSTANT.format(item["checked_out_at"], me.reader)
    if holder.id != me.user_id:
        text = _(
            "Checked out by %(who)s since %(since)s. You can read version %(number)s.",
            who=holder.title,
            since=since,
            number=number,
        )
        return text
    if has_draft:
        return _(
            "Checked out by you since %(since)s. What you saved since is seen by you alone; "
            "others read version %(number)s.",
            since=since,
            number=number,
        )
    return _("Checked out by you since %(since)s. Others read version %(number)s.", since=since, number=number)


def entry_row(entry: documents.HistoryEntry, me: Actor) -> dict[str, Any]:
    words = {
        "upload": _("Uploaded"),
        "save": _("New version"),
        "minor": _("Checked in as a draft"),
        "major": _("Checked in"),
        "overwrite": _("Overwritten at check-in"),
        "publish": _("Published"),
        "draft": _("Saved by you, not checked in"),
        "restore": _("Restored from version %(number)s", number=entry.comment or ""),
    }
    return {
        "number": entry.number,
        "what": words.get(entry.kind, entry.kind),
        "draft": entry.draft,
        "current": entry.current,
        "comment": None if entry.kind == "restore" else entry.comment,
        "who": entry.by.title if entry.by else None,
        "iso": entry.at.isoformat(),
        "at": INSTANT.format(entry.at, me.reader),
        "size": size(entry.size),
    }


def facts(item: Item, me: Actor) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {"label": _("File"), "value": item["file_name"], "href": None},
        {"label": _("Format"), "value": format_name(item["file_name"]), "href": None},
        {"label": _("Size"), "value": size(int(item["size"])), "href": None},
    ]
    for column in item.definition.visible_columns:
        if column.name in _NOT_FACTS:
            continue
        value = item[column.name]
        href = f"/lists/{value.list}/{value.id}" if isinstance(value, Reference) and value.list != "users" else None
        entries.append(
            {"label": column.title(me.language), "value": column.type.format(value, me.reader), "href": href}
        )
    changed = INSTANT.format(item["modified"], me.reader)
    who = item["modified_by"]
    text = _("%(at)s by %(who)s", at=changed, who=who.title) if who else changed
    return [*entries, {"label": _("Changed"), "value": text, "href": None}]


def icon(file_name: str) -> str:
    return _ICONS.get(file_name.rpartition(".")[2].lower(), "document")


def format_name(file_name: str) -> str:
    extension = file_name.rpartition(".")[2].lower()
    return next((kind.label for kind in KINDS.values() if extension in kind.extensions), extension)


def size(size: int) -> str:
    """A size as people read it, in their language."""
    for limit, unit in ((1_000_000, "MB"), (1000, "kB")):
        if size >= limit:
            return f"{format_decimal(round(size / limit, 1), locale=get_locale())} {unit}"
    return f"{size} B"


def accept(kinds: Any) -> str:
    return ",".join(f".{extension}" for kind in kinds for extension in KINDS[kind].extensions)


def kinds_in_words(kinds: Any) -> str:
    return ", ".join(KINDS[kind].label for kind in kinds)
