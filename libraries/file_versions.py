"""The versions of a document's file, numbered as SharePoint numbers them: major.minor (docs/documents.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..lists.catalogue import ListDefinition
from ..lists.errors import Invalid, NotFound
from ..lists.models import now
from ..lists.recycling import when_purged
from ..lists.rights import Actor
from .blobs import Blob
from .models import FileVersion, UnreadFile, WorkingCopy
from .uploads import media_type_of

CHECK_IN_KINDS = ("minor", "major", "overwrite")
_NUMBER = re.compile(r"(\d{1,6})\.(\d{1,6})")
FIRST_MAJOR, FIRST_MINOR = (1, 0), (0, 1)


@dataclass(frozen=True)
class File:
    """A file that can be a document's content; `text` None = to be read later."""

    blob: Blob
    file_name: str
    text: str | None = ""

    @classmethod
    def of(cls, row: FileVersion | WorkingCopy) -> File:
        """The file of a version (its text is not kept with it) or of a working copy."""
        return cls(Blob(row.sha256, row.size), row.file_name, row.text if isinstance(row, WorkingCopy) else None)

    @property
    def media_type(self) -> str:
        return media_type_of(self.file_name)


def has_minor_versions(found: ListDefinition) -> bool:
    """Whether the library has drafts (0.1, 0.2, …) between its published versions."""
    return bool(found.settings.get("minor_versions", False))


def first_number(found: ListDefinition) -> tuple[int, int]:
    """The number of a new file: 0.1 where minor versions are on, else 1.0."""
    return FIRST_MINOR if has_minor_versions(found) else FIRST_MAJOR


def next_number(found: ListDefinition, current: tuple[int, int], kind: str | None) -> tuple[int, int]:
    """The number that a check-in of this kind makes; None = the usual one of the library.

    Where minor versions are off each version is a major one, whatever was asked for, as in SharePoint.
    """
    major, minor = current
    if kind is not None and kind not in CHECK_IN_KINDS:
        raise Invalid(
            "kind", "“%(value)s” is not one of: %(choices)s.", value=kind[:40], choices=", ".join(CHECK_IN_KINDS)
        )
    if kind == "overwrite":
        return current
    return (major + 1, 0) if kind == "major" or not has_minor_versions(found) else (major, minor + 1)


def parse_number(text: str) -> tuple[int, int]:
    """`"2.1"` as `(2, 1)`. Raises NotFound for what is no number of a version."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotFound("There is no such version.")
    return int(match[1]), int(match[2])


def every(session: Session, found: ListDefinition, item_id: int) -> list[FileVersion]:
    """The file's versions, newest first."""
    mine = select(FileVersion).where(FileVersion.list_id == found.id, FileVersion.item_id == item_id)
    return list(session.scalars(mine.order_by(FileVersion.major.desc(), FileVersion.minor.desc())))


def numbered(session: Session, found: ListDefinition, item_id: int, number: tuple[int, int]) -> FileVersion:
    """The version with this number. Raises NotFound."""
    row = session.scalar(
        select(FileVersion).where(
            FileVersion.list_id == found.id, FileVersion.item_id == item_id,
            FileVersion.major == number[0], FileVersion.minor == number[1],
        )
    )  # fmt: skip
    if row is None:
        raise NotFound("There is no such version.")
    return row


def write(
    session: Session, actor: Actor, found: ListDefinition, item_id: int, number: tuple[int, int], file: File,
    *, kind: str, comment: str | None = None, at: Any = None,
) -> None:  # fmt: skip
    """Append the version `number`; the current one under its own number is overwritten instead."""
    values = {
        "sha256": file.blob.sha256, "size": file.blob.size, "media_type": file.media_type, "file_name": file.file_name,
        "comment": tidy_comment(comment), "at": at or now(), "actor_id": actor.user_id, "kind": kind,
    }  # fmt: skip
    if kind == "overwrite":
        row = numbered(session, found, item_id, number)
        for name, value in values.items():
            setattr(row, name, value)
    else:
        session.add(FileVersion(list_id=found.id, item_id=item_id, major=number[0], minor=number[1], **values))
    session.flush()
    _trim(session, found, item_id)


def tidy_comment(comment: str | None) -> str | None:
    """A comment as it is kept. Raises Invalid where it is too long."""
    text = "".join(sign for sign in (comment or "").strip() if sign.isprintable() or sign == "\n")
    if len(text) > 1000:
        raise Invalid("comment", "This is longer than %(max)s characters.", max=1000)
    return text or None


def _trim(session: Session, found: ListDefinition, item_id: int) -> None:
    """A limit of N keeps the current version and N more (DESIGN 6)."""
    limit = found.settings.get("version_limit")
    if limit:
        surplus = [row.id for row in every(session, found, item_id)[int(limit) + 1 :]]
        if surplus:
            session.execute(delete(FileVersion).where(FileVersion.id.in_(surplus)))


@when_purged
def _forget(session: Session, list_id: int, ids: list[int], _guids: list[str]) -> None:
    """What nobody names any more of the files themselves, the collector removes."""
    for model in (FileVersion, WorkingCopy, UnreadFile):
        session.execute(delete(model).where(model.list_id == list_id, model.item_id.in_(ids)))
