"""Outlook and Exchange: what comes from there, and what goes there."""

from __future__ import annotations

from . import models

__all__ = ["models"]
