"""list export, list import: a list as one readable file, and a file as a list."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...lists import list_files, list_rows, list_templates
from ...lists.rights import PROGRAM
from ..list_templates import apply_file
from .common import home_option, opened
from .data import FILE, must_be_a_list


@click.group("list")
def list_() -> None:
    """Lists as files: columns, views, permissions, and optionally rows."""


@list_.command("export")
@click.argument("list_name", metavar="LIST")
@click.option("--rows", is_flag=True, help="With the rows.")
@home_option
def export(list_name: str, rows: bool, home: Path | None) -> None:
    """Write a list as a JSON file to standard output.

    caseroom list export tools --rows > tools.json
    """
    with opened(home).database.read() as session:
        must_be_a_list(session, list_name)
        body = list_templates.body_of(session, PROGRAM, list_name)
        contents = list_rows.rows_of(session, PROGRAM, list_name) if rows else None
        for piece in list_files.write(body, contents):
            sys.stdout.write(piece)


@list_.command("import")
@click.argument("file", metavar="FILE", type=FILE)
@home_option
def import_(file: Path, home: Path | None) -> None:
    """Make a list of a file (JSON or TOML), or bring the one that stands up to it. Twice changes nothing."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8 text.") from None
    done = apply_file(opened(home), PROGRAM, text)
    what = "made" if done.made else f"changed: {', '.join(done.changed)}" if done.changed else "unchanged"
    rows = f"{done.created} added, {done.updated} changed, {done.unchanged} unchanged"
    click.echo(f"{done.name}: {what}; rows: {rows}", err=True)


COMMANDS = [list_]
