"""settings, check, reindex: how an installation is, and mending what can be made again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .. import assets, checking, settings
from ..search import indexing
from .common import home_option, opened, settings_of


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@home_option
def settings_command(as_json: bool, home: Path | None) -> None:
    """Show every setting: its value, where it came from, what it is for.

    A setting comes from the command line, the environment (CASEROOM_<NAME>), caseroom.toml in the home, or its
    default, in this order. Secrets are not shown.
    """
    lines = settings.table(settings_of(home))
    if as_json:
        body = {line.name: {"value": line.value, "origin": line.origin, "help": line.help} for line in lines}
        click.echo(json.dumps(body, indent=2))
        return
    for line in lines:
        click.echo(f"{line.name} = {line.value}\n    {line.help} ({line.origin})")


@click.command()
@click.option("--deep", is_flag=True, help="Read every stored file, not only a sample.")
@home_option
def check(deep: bool, home: Path | None) -> None:
    """Look whether a home is sound: rights, versions, change log, references, files, followers.

    Says one line per finding and ends with status 1, or 0 when all is sound. Changes nothing.
    """
    found = opened(home)
    number = 0
    for finding in checking.findings(found, deep=deep):
        click.echo(finding)
        number += 1
    if assets.missing_bundles():
        click.echo(assets.BUNDLE_ADVICE, err=True)
    if not number:
        click.echo("All is sound.", err=True)
    sys.exit(1 if number else 0)


@click.command()
@home_option
def reindex(home: Path | None) -> None:
    """Throw the search index away and build it again from the lists.

    Nothing else is touched; the index that stands answers until the new one is whole. Refused while a worker is just
    writing to it.
    """
    found = opened(home)
    indexing.rebuild(found)
    click.echo("The search index is built.", err=True)


COMMANDS = [settings_command, check, reindex]
