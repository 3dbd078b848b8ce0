"""The formatted text of a mail with its own pictures inside it, so that its frame needs to load nothing."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import unquote

from ...libraries import formats
from ...libraries.blobs import BlobStore
from ...lists.errors import NotFound
from ...outlook_addin.models import StoredAttachment

PICTURES = ("png", "jpeg", "gif", "webp")
MOST_BYTES = 8 * 1024 * 1024  # of all pictures together; further ones stay attachments
_SOURCE = re.compile(r'src="cid:([^"]*)"', re.IGNORECASE)


def with_pictures(html: str, attachments: Sequence[StoredAttachment], blobs: BlobStore) -> str:
    """`html` (cleaned) with each `cid:` picture (RFC 2392) as a data address, as far as it is a picture by content."""
    named = {one.content_id: one for one in attachments if one.content_id}
    shown: dict[str, str] = {}
    left = MOST_BYTES

    def picture(match: re.Match[str]) -> str:
        nonlocal left
        name = unquote(unescape(match.group(1)))
        if name not in shown:
            one = named.get(name)
            address = _data_address(one, blobs) if one is not None and one.size <= left else ""
            left -= one.size if one is not None and address else 0
            shown[name] = address
        return f'src="{escape(shown[name])}"' if shown[name] else 'alt=""'

    return _SOURCE.sub(picture, html)


def _data_address(one: StoredAttachment, blobs: BlobStore) -> str:
    try:
        data = b"".join(blobs.open(one.sha256))
    except NotFound:
        return ""
    found = formats.examine(io.BytesIO(data))
    if found.kind not in PICTURES:
        return ""
    return f"data:{found.media_type};base64,{base64.b64encode(data).decode()}"
