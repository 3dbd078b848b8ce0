"""Versions over HTTP: `ETag` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import request
from flask_babel import gettext as _
from werkzeug.exceptions import PreconditionRequired
from werkzeug.http import parse_etags

NEVER = 0  # no item ever has this version: what names it is stale


_PACKED = re.compile(r":(?:br|deflate|gzip|zstd)$")


def etag(version: int) -> str:
    """The entity tag of a version, as it stands in the header and in `@odata.etag`."""
    return f'"{version}"'


def seen_version(current: Callable[[], int], *, required: bool = True) -> int | None:
    """The version that the caller saw, by `If-Match`; None = whichever stands.

    Weak tags and tags that are not ours never match (RFC 9110, 13.1.1: strong comparison). `current` says which
    version stands; it is asked only where the header names several. Raises 428 where the header is required.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        if required:
            raise PreconditionRequired(_("Say which version you saw: send its ETag as If-Match, or * for any."))
        return None
    tags = named_tags(header)
    if tags is None:
        return None
    named = {version for tag in tags if (version := _number(tag))}
    if len(named) > 1:
        stands = current()
        return stands if stands in named else NEVER
    return named.pop() if named else NEVER


def named_tags(header: str) -> set[str] | None:
    """The tags that an `If-Match` names, None for any. A compressed answer's tag says how it was packed (`"1:gzip"`):
    the same version, since nobody changes an item by its packed bytes."""
    tags = parse_etags(header)
    if tags.star_tag:
        return None
    return {_PACKED.sub("", tag or "") for tag in tags.as_set()}  # `""` is read as a tag without anything


def _number(tag: str) -> int | None:
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 12 and str(int(tag)) == tag else None
