"""Where the bytes of files live: a content-addressed store, named by the SHA-256 of what it holds.

A blob is written before the row that names it commits, and never changes. What no row names is an orphan,
which a collector finds through `iterate` and removes with `delete` after a time of grace.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore

from ...lists.database import NO_ROOM
from ...lists.errors import Invalid, NotFound, StorageFull

CHUNK = 1024 * 1024
KINDS = {"": "local", "file": "local", "s3": "s3"}
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """Bytes that are safely stored: their SHA-256 in hexadecimal and their number."""

    sha256: str
    size: int


@dataclass(frozen=True)
class StoredBlob(Blob):
    """A blob as the store lists it; `modified` is when it was last put, in UTC."""

    modified: datetime


class Readable(Protocol):
    """What `put` reads from: a file, a request's stream, an `io.BytesIO`."""

    def read(self, size: int, /) -> bytes: ...


def open_store(url: str) -> BlobStore:
    """The store at `url`: a folder (`/srv/blobs` or `file:///srv/blobs`) or `s3://bucket/prefix`.

    Raises `Invalid` where the kind is not known or the address lacks something.
    """
    scheme = urlsplit(url).scheme
    if scheme not in KINDS:
        raise Invalid(
            "blob_store",
            "Files cannot be kept at “%(url)s”: the address begins with none of %(kinds)s.",
            url=url,
            kinds="file:, s3:",
        )
    return importlib.import_module(f".{KINDS[scheme]}", __name__).connect(url)


class BlobStore(ABC):
    """Keeps blobs in an obstore `store`; a kind of its own says how new bytes get there durably."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, stream: Readable, *, limit: int | None = None) -> Blob:
        """Store everything that `stream` gives, using constant memory; durable when it returns.

        `limit` is the greatest size in bytes. The same bytes are stored once, and storing them again renews
        their age. Raises `Invalid("file", …)` over the limit and `StorageFull`; nothing is stored then.
        """
        with no_room_in_words(), self._staging_file() as staged:
            digest, size = hashlib.sha256(), 0
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if limit is not None and size > limit:
                    raise Invalid("file", "The file is larger than %(limit)s.", limit=_in_words(limit))
                digest.update(chunk)
                staged.write(chunk)
            staged.flush()
            blob = Blob(digest.hexdigest(), size)
            self._publish(staged, blob)
        return blob

    def open(self, sha256: str, start: int | None = None, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end` (whole by default), in chunks.

        Ranges are cut to the blob's size. Raises `NotFound` at once where there is no such blob.
        """
        size = self.size(sha256)
        first, last = max(start or 0, 0), min(size if end is None else end, size)
        if first >= last:
            return iter(())
        with self._absence_in_words(sha256):
            answer = obstore.get(self._store, key(sha256), options={"range": (first, last)})
        return (bytes(chunk) for chunk in answer.stream(min_chunk_size=CHUNK))

    def size(self, sha256: str) -> int:
        """The number of bytes; raises `NotFound`."""
        with self._absence_in_words(sha256):
            return obstore.head(self._store, key(sha256))["size"]

    def exists(self, sha256: str) -> bool:
        """Whether the blob is stored."""
        try:
            self.size(sha256)
        except NotFound:
            return False
        return True

    def verify(self, sha256: str) -> bool:
        """Whether the stored bytes still are what their name says; raises `NotFound`."""
        digest = hashlib.sha256()
        for chunk in self.open(sha256):
            digest.update(chunk)
        return digest.hexdigest() == sha256

    def delete(self, sha256: str, *, older_than: datetime | None = None) -> bool:
        """Remove a blob, if it was last put before `older_than`; says whether it is gone now.

        The age is asked again here, so that a blob put once more since the collector listed it stays.
        """
        try:
            stored = obstore.head(self._store, key(sha256))
        except (NotFoundError, FileNotFoundError):
            return True
        if older_than is not None and stored["last_modified"] >= older_than:
            return False
        with contextlib.suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self._store, key(sha256))
        return True

    def iterate(self) -> Iterator[StoredBlob]:
        """Every blob that is stored, in no particular order, for the collector and `caseroom check`."""
        for batch in obstore.list(self._store, chunk_size=1000):
            for entry in batch:
                name = entry["path"].rpartition("/")[2]
                if SHA256.fullmatch(name):
                    yield StoredBlob(name, entry["size"], entry["last_modified"])

    @contextlib.contextmanager
    def as_file(self, sha256: str) -> Iterator[Path]:
        """The blob as a file to read from, for programs that want a path; raises `NotFound`."""
        with tempfile.NamedTemporaryFile(prefix="caseroom-") as copy:
            for chunk in self.open(sha256):
                copy.write(chunk)
            copy.flush()
            yield Path(copy.name)

    def clear_staging(self, older_than: datetime) -> int:
        """Remove what interrupted uploads left before `older_than`; says how many files it were."""
        return 0

    @abstractmethod
    def _staging_file(self) -> contextlib.AbstractContextManager[IO[bytes]]:
        """A new file to collect an upload in; it is gone afterwards unless `_publish` took it."""

    @abstractmethod
    def _publish(self, staged: IO[bytes], blob: Blob) -> None:
        """Make the staged bytes the blob, in one step, durably."""

    @contextlib.contextmanager
    def _absence_in_words(self, sha256: str) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError) as absent:
            raise NotFound("The stored file %(sha256)s is missing.", sha256=sha256) from absent


def key(sha256: str) -> str:
    """The place of a blob below the store's root, spread over 256 folders; `NotFound` for what is no hash."""
    if not SHA256.fullmatch(sha256):
        raise NotFound("“%(sha256)s” names no stored file.", sha256=sha256)
    return f"{sha256[:2]}/{sha256}"


@contextlib.contextmanager
def no_room_in_words() -> Iterator[None]:
    """Turn a full disk, quota or file size limit into `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise StorageFull(
            "There is no room left to store the file (%(why)s).", why=os.strerror(error.errno)
        ) from error


def _in_words(size: int) -> str:
    """A size as people read it: `25 MB`, `1.5 GB`."""
    amount, units = float(size), ["bytes", "kB", "MB", "GB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{amount:.1f}".removesuffix(".0") + f" {units[0]}"
