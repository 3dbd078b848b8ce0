"""Files over HTTP: taken in before the request's transaction begins, given out with ranges and safe headers.

Sources: RFC 9110 sections 8.8, 13 and 14 (entity tags, conditions, ranges), RFC 6266 and RFC 8187 (file names).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.http import quote_etag

from ..libraries import documents, templating
from ..libraries.documents import Content
from ..libraries.uploads import Prepared, prepare_upload
from ..lists.errors import Invalid
from ..lists.rights import Actor
from .request import home

# What a browser may show by itself, in a sandbox; everything else is saved.
SHOWN = {"application/pdf"}
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; plugin-types application/pdf"


def take(library: str, stream: IO[bytes], file_name: str) -> Prepared:
    """Store and check a file for a library, in no transaction. Raises NotFound, Invalid, StorageFull, 413."""
    with home().database.read() as reading:
        settings = documents.library_of(reading, library).settings
    return prepare_upload(home().blobs, stream, file_name, settings, limit=home().settings.upload_limit)


def take_form_file(library: str, file: FileStorage | None) -> Prepared:
    """`take` for a file of a form. Raises Invalid where none was chosen."""
    if file is None or not file.filename:
        raise Invalid("file", "Choose a file.")
    return take(library, file.stream, file.filename)


def check_changeable(actor: Actor, library: str, item_id: int) -> None:
    """Refuse early, before a large file is taken in. Raises NotFound, Forbidden, Locked."""
    with home().database.read() as reading:
        documents.check_changeable(reading, actor, library, item_id)


def check_visible(actor: Actor, library: str, item_id: int) -> None:
    """Refuse early what is not there or not to be seen. Raises NotFound."""
    with home().database.read() as reading:
        documents.get(reading, actor, library, item_id)


def fill_template(
    actor: Actor, library: str, case: int, document_type: int | None, contact: int | None
) -> tuple[templating.Order, Prepared]:
    """A case's document from a template: what was ordered and the filled file, made in no writing transaction."""
    with home().database.read() as reading:
        settings = documents.library_of(reading, library).settings
        wanted = templating.order(reading, actor, case, document_type, contact)
    return wanted, templating.fill(home().blobs, wanted, settings)


def give(content: Content) -> Response:
    """The file as the request asks for it: whole or a range, or only that it did not change.

    It is saved under its own name; with `?inline=1` a PDF is shown, in a sandbox.
    """
    size, tag = content.blob.size, quote_etag(content.tag)
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Disposition": disposition(content)}
    if request.args.get("inline") and content.media_type in SHOWN:
        headers["Content-Security-Policy"] = SANDBOX
        headers["X-Frame-Options"] = "SAMEORIGIN"
    else:
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    headers["Cache-Control"] = "private, no-cache"
    if request.if_none_match.contains_weak(content.tag) or (request.if_none_match.star_tag):
        return Response(status=304, headers=headers)
    if request.if_match and not (request.if_match.star_tag or request.if_match.is_strong(content.tag)):
        return Response(status=412, headers=headers)
    span = _range(size, content.tag)
    if span == (0, 0) and size:
        return Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = span or (0, size)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    return Response(_bytes(content, start, end), 206 if span else 200, headers, mimetype=content.media_type)


def disposition(content: Content) -> str:
    """`Content-Disposition` of a content: shown in the browser where that was asked for and is safe."""
    return named(content.file_name, shown=bool(request.args.get("inline")) and content.media_type in SHOWN)


def named(file_name: str, *, shown: bool = False) -> str:
    """`Content-Disposition` with the name twice: for all clients in ASCII, for today's as it is."""
    plain = "".join(sign if " " <= sign < "\x7f" and sign not in '"\\%' else "_" for sign in file_name)
    return f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _bytes(content: Content, start: int, end: int) -> Iterator[bytes]:
    # Opened here and not at the first chunk, so that a missing blob is an answer and no broken download.
    return home().blobs.open(content.blob.sha256, start, end)


def _range(size: int, tag: str) -> tuple[int, int] | None:
    """The one range asked for, None = the whole, (0, 0) = one that cannot be given."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range") and request.if_range.etag != tag:
        return None
    found = asked.range_for_length(size)
    return (0, 0) if found is None else (found[0] or 0, found[1] or size)
