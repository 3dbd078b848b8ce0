"""What happens to a file before any transaction begins: it is stored, looked at, and its text is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from . import extraction, formats
from .blobs import Blob, BlobStore, Readable

# Longer than this nobody waits at an upload; the worker reads the text afterwards (reading.py).
PATIENCE = 5.0
LONGEST_NAME = 200
# LibreOffice takes seconds to start, so what only it reads is left to the worker.
_SLOW = {"doc", "rtf"}
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff<>:"/\\|?*]+')


@dataclass(frozen=True)
class Prepared:
    """A file that is stored and found fit: its blob, its name, its format, its text (None = to be read later)."""

    blob: Blob
    file_name: str
    format: formats.Format
    text: str | None


def prepare_upload(
    blobs: BlobStore, stream: Readable, file_name: str, settings: Mapping[str, Any], *, limit: int | None = None
) -> Prepared:
    """Store what `stream` gives and check that it is what its name says and what the library takes.

    `settings`: the library's definition's (`formats`: kinds of `formats.KINDS`; `macros`: whether they may have
    some). Raises Invalid("file", …) for what is not taken, StorageFull. What was stored then is an orphan, which
    the collector removes.
    """
    name = tidy_name(file_name)
    blob = blobs.put(stream, limit=limit)
    with blobs.as_file(blob.sha256) as path:
        found = formats.examine(path, name)
        formats.check(
            found, name, settings.get("formats") or formats.ALLOWED, macros=bool(settings.get("macros", False))
        )
        if found.kind in _SLOW:
            return Prepared(blob, name, found, None)
        read = extraction.extract(path, found, seconds=PATIENCE)
    return Prepared(blob, name, found, None if read.late else read.text)


def tidy_name(file_name: str) -> str:
    """A file's name without folders, without what no system takes in a name, and not too long."""
    name = PurePosixPath(file_name.replace("\\", "/")).name
    name = " ".join(_UNFIT.sub("-", name).split()).strip(". ")
    stem, suffix = split_name(name)
    return (stem[: LONGEST_NAME - len(suffix)].rstrip() or "document") + suffix


def split_name(file_name: str) -> tuple[str, str]:
    """`("Offer 1.2", ".docx")`; a suffix is at most ten signs."""
    stem, dot, suffix = file_name.rpartition(".")
    if not dot or not stem or len(suffix) > 10 or " " in suffix:
        return file_name, ""
    return stem, f".{suffix}"


def media_type_of(file_name: str) -> str:
    """The media type that a checked file's name tells."""
    extension = split_name(file_name)[1].lower().removeprefix(".")
    for kind in formats.KINDS.values():
        if extension in kind.extensions:
            return kind.media_type
    return "application/octet-stream"
