"""Files attached to items of lists: taken in before any transaction, and kept as long as an item names them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ..lists import attaching
from ..lists.columns.attachment import StoredFile
from . import formats
from .blobs import BlobStore, Readable
from .collecting import refers_to_blobs
from .uploads import tidy_name

# What people attach to things; not what a browser or a machine would run.
TAKEN = (
    "docx", "xlsx", "pptx", "pdf", "doc", "xls", "ppt", "odt", "ods", "odp", "rtf", "txt", "eml", "msg", "png", "jpeg",
    "gif", "webp", "tiff", "bmp", "zip", "xml", "dotx", "xltx",
)  # fmt: skip


def take(blobs: BlobStore, stream: Readable, file_name: str, *, limit: int | None = None) -> StoredFile:
    """Store what `stream` gives, and check that it is what its name says and that files of its kind are taken.

    Raises Invalid("file", …), StorageFull. What was stored then is an orphan, which the collector removes.
    """
    name = tidy_name(file_name)
    blob = blobs.put(stream, limit=limit)
    with blobs.as_file(blob.sha256) as path:
        found = formats.examine(path, name)
        formats.check(found, name, TAKEN)
    return StoredFile(blob.sha256, name, blob.size, found.media_type)


@refers_to_blobs
def _blobs_of_items(session: Session) -> Iterable[str]:
    return attaching.kept(session)
