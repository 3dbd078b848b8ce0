"""Sentences that are put together from words and names."""

from __future__ import annotations

import re

_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")


def one_stop(text: str) -> str:
    """The text with one full stop where a name that has its own (“Tatra, a.s.”) ends a sentence."""
    return _TWO_STOPS.sub(".", text)
