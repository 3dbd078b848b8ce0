"""Putting the CRM's own lists into a database: their definitions are the files under `definitions/`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from sqlalchemy.orm import Session

from . import crm, list_files, schema
from .rights import PROGRAM

assert crm  # importing registers the functions that the definitions name


def read_definitions() -> list[Mapping[str, Any]]:
    """The bodies of the CRM's lists, in the order of their names."""
    folder = resources.files("caseroom.lists") / "definitions"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return [list_files.read(entry.read_text(encoding="utf-8"), shipped=True) for entry in files]


def install(session: Session) -> None:
    """Make the CRM's lists, or bring those that stand up to date. Changes nothing the second time."""
    schema.prepare(session)
    schema.install(session, PROGRAM, read_definitions())
