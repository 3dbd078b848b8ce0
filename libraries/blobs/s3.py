"""Blobs in an S3-compatible object store: `s3://bucket/prefix?endpoint=https://…&region=…`.

Keys come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, …), never from the address.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ...lists.errors import Invalid
from . import Blob, BlobStore, key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

PART = 8 * 1024 * 1024
OPTIONS = {"endpoint", "region"}
NO_ROOM = ("StorageFull", "QuotaExceeded", "507")


def connect(url: str) -> S3Blobs:
    """The store in the bucket and below the prefix that `url` names; raises `Invalid` on unknown options."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if not parts.netloc or options.keys() - OPTIONS:
        raise Invalid(
            "blob_store",
            "“%(url)s” is no address of a bucket; write %(form)s.",
            url=url,
            form="s3://bucket/prefix?endpoint=https://…&region=…",
        )
    config: S3Config = {}
    client: ClientConfig = {}
    if region := options.get("region"):
        config["region"] = region
    if endpoint := options.get("endpoint"):
        config["endpoint"] = endpoint
        client["allow_http"] = endpoint.startswith("http://")
    prefix = parts.path.strip("/") or None
    return S3Blobs(S3Store(parts.netloc, prefix=prefix, config=config, client_options=client))


class S3Blobs(BlobStore):
    """A bucket. An upload is collected in a temporary file here, since the hash is the name, then sent.

    A store of this kind answers a put only when the object is whole and durable, so nothing needs flushing;
    parts of a broken upload are removed by the bucket's own life-cycle rule.
    """

    def _staging_file(self) -> contextlib.AbstractContextManager[IO[bytes]]:
        return tempfile.TemporaryFile(prefix="caseroom-")

    def _publish(self, staged: IO[bytes], blob: Blob) -> None:
        # Sent again even where it is there: that renews its age, so the collector leaves it alone.
        staged.seek(0)
        try:
            obstore.put(self._store, key(blob.sha256), staged, chunk_size=PART, max_concurrency=2)
        except BaseError as error:
            if any(sign in str(error) for sign in NO_ROOM):
                raise OSError(errno.ENOSPC, str(error)) from error
            raise
