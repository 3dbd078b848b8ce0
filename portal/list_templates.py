"""Applying a list's file to a home: the list in one transaction, then its rows."""

from __future__ import annotations

from ..lists import list_files, list_rows, list_templates
from ..lists.list_rows import Applied
from ..lists.rights import Actor
from .home import Home


def apply_file(home: Home, actor: Actor, text: str) -> Applied:
    """Make or bring up the list that a file describes, with its rows. Raises Invalid, whose fields are places in it."""
    body = list_files.read(text)
    with home.database.write() as session:
        done = list_templates.apply(session, actor, body)
    return list_rows.apply_rows(home.database, actor, done, lambda: body.get("rows", ()))
