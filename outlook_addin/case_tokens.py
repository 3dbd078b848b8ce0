"""Signed tokens that name a case in a mail's headers, so that a reply to it is found to belong there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable

TOKEN = re.compile(r"\bcr-([0-9a-f]{32})-([a-z2-7]{16})(?![a-z0-9])")


class CaseTokens:
    """Makes and reads the tokens of one home. `secret`: the home's secret key."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"case token:" + secret.encode()).digest()

    def make(self, case_guid: str) -> str:
        """The token of a case: `cr-<guid>-<signature>`, fit for a Message-ID or a subject."""
        digits = uuid.UUID(case_guid).hex
        return f"cr-{digits}-{self._signature(digits)}"

    def read(self, texts: Iterable[str | None]) -> str | None:
        """The guid of the first soundly signed token in these texts, None where there is none."""
        for text in texts:
            for digits, signature in TOKEN.findall((text or "").lower()):
                if hmac.compare_digest(signature, self._signature(digits)):
                    return str(uuid.UUID(digits))
        return None

    def _signature(self, digits: str) -> str:
        digest = hmac.digest(self._key, digits.encode(), "sha256")
        return base64.b32encode(digest[:10]).decode().lower()
