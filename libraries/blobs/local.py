"""Blobs in a folder of this machine: `blobs/ab/ab12…`, uploads collected in `incoming/`.

New bytes are written here and not through obstore, which neither flushes to the disk nor could know the
name (the hash) before the last byte; everything else goes through obstore's local store.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore

from ...lists.errors import Invalid
from . import Blob, BlobStore, key


def connect(url: str) -> LocalBlobs:
    """The store in the folder that `url` (`file:///…` or a plain path) names, made where it is missing."""
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise Invalid("blob_store", "“%(url)s” names another machine; write file:///folder.", url=url)
    return LocalBlobs(Path(unquote(parts.path)) if parts.scheme else Path(url))


class LocalBlobs(BlobStore):
    """A folder. Several processes of one machine may share it."""

    def __init__(self, root: Path) -> None:
        self._blobs, self._incoming = root.absolute() / "blobs", root.absolute() / "incoming"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        super().__init__(LocalStore(self._blobs))

    @contextlib.contextmanager
    def as_file(self, sha256: str) -> Iterator[Path]:
        self.size(sha256)
        yield self._blobs / key(sha256)

    def delete(self, sha256: str, *, older_than: datetime | None = None) -> bool:
        with self._alone():
            return super().delete(sha256, older_than=older_than)

    def clear_staging(self, older_than: datetime) -> int:
        removed = 0
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.suffix == ".part" and path.stat().st_mtime < older_than.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    @contextlib.contextmanager
    def _staging_file(self) -> Iterator[IO[bytes]]:
        with tempfile.NamedTemporaryFile(suffix=".part", dir=self._incoming, delete=False) as staged:
            try:
                yield staged.file
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(staged.name)

    def _publish(self, staged: IO[bytes], blob: Blob) -> None:
        os.fsync(staged.fileno())
        target = self._blobs / key(blob.sha256)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _flush_folder(self._blobs)
        # Also over a blob that is there: it renews the age for the collector, and heals a damaged file.
        with self._alone():
            os.replace(staged.name, target)
        _flush_folder(target.parent)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Publishing and deleting exclude each other: a blob put again is never removed for its old age."""
        with open(self._incoming / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
