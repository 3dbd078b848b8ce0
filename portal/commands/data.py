"""import, imports, undo-import, export: tables in and out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from ...lists import exporting, importing, imports, mapping, undoing
from ...lists.catalogue import catalogue, definition
from ...lists.errors import words_from_json
from ...lists.rights import PROGRAM, Actor, load_actor
from ..home import Home
from .common import home_option, opened, user_of

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("import")
@click.argument("list_name", metavar="[LIST]", required=False)
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option(
    "--mapping", "mapping_file", type=FILE, metavar="FILE", help="Says which column of FILE becomes which of LIST."
)
@click.option("--bundle", type=FILE, metavar="FILE", help="Several lists, files and mappings in order.")
@click.option(
    "--from", "folder", type=FOLDER, metavar="DIR", help="Where the bundle's files lie. [default: beside the bundle]"
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--report", type=FILE, metavar="FILE", help="Write every refused row with its reason to this CSV file.")
@click.option("--as", "email", metavar="EMAIL", help="The administrator who imports. [default: the program]")
@home_option
def import_(
    list_name: str | None, file: Path | None, mapping_file: Path | None, bundle: Path | None, folder: Path | None,
    dry_run: bool, report: Path | None, email: str | None, home: Path | None,
) -> None:  # fmt: skip
    """Import a table (CSV or XLSX) into a list, or a bundle of them.

    \b
    caseroom import relations customers.xlsx --mapping customers.toml --dry-run
    caseroom import --bundle examples/sales.toml --from ../shared/data/sales

    Each row is taken as a whole or refused with its number and reason. Rows are matched by a key, so that running it
    again changes nothing, and an import that was interrupted goes on when it is started again. docs/import.md explains
    the mapping. Ends with status 1 when rows were refused.
    """
    steps, place = _steps(list_name, file, mapping_file, bundle, folder)
    prepared = importing.prepare(steps, place)
    found = opened(home)
    with found.database.read() as session:
        for name in {step.list for step in steps}:
            must_be_a_list(session, name)
    actor = _actor(found, email)
    total = sum(len(one.rows) for one in prepared)
    with click.progressbar(length=total, label="Trying" if dry_run else "Importing", file=sys.stderr) as bar:
        results = importing.run(found.database, actor, prepared, dry=dry_run, progress=bar.update)
    _say(results, dry_run)
    if report:
        _write_report(report, results)
    sys.exit(1 if any(result.refused for result in results) else 0)


def _steps(
    list_name: str | None, file: Path | None, mapping_file: Path | None, bundle: Path | None, folder: Path | None
) -> tuple[list[mapping.Step], Path]:  # fmt: skip
    if bundle and not (list_name or file or mapping_file):
        return mapping.read_bundle(bundle), folder or bundle.parent
    if bundle or folder or not (list_name and file and mapping_file):
        words = "Give either LIST FILE --mapping FILE, or --bundle FILE --from DIR."
        raise click.UsageError(words, click.get_current_context())
    return [mapping.read_mapping(mapping_file, list_name, file.name)], file.parent


def _actor(home: Home, email: str | None) -> Actor:
    if email is None:
        return PROGRAM
    with home.database.read() as session:
        actor = load_actor(session, user_of(session, email).id)
    if actor is None:
        raise click.ClickException(f"{email} may not sign in any more.")
    return actor


def _say(results: Sequence[importing.Result], dry_run: bool) -> None:
    words = ("would create", "would update", "unchanged", "refused") if dry_run else importing.OUTCOMES
    click.echo(f"{'list':20} {'file':28}" + "".join(f"{word:>14}" for word in words))
    for result in results:
        counts = "".join(f"{result.counts[outcome]:>14}" for outcome in importing.OUTCOMES)
        click.echo(f"{result.list:20} {result.file:28}" + counts)
    for refusal in [one for result in results for one in result.refused]:
        click.echo(f"{refusal.file} row {refusal.number}: {refusal.reason}")


def _write_report(path: Path, results: Sequence[importing.Result]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["list", "file", "row", "reason"])
        writer.writerows([one.list, each.file, each.number, each.reason] for one in results for each in one.refused)


@click.command("imports")
@click.option("--list", "list_name", metavar="LIST", help="Only imports into this list.")
@home_option
def imports_(list_name: str | None, home: Path | None) -> None:
    """Say which imports there were, the latest first, with their numbers."""
    found = opened(home)
    with found.database.read() as session:
        if list_name:
            must_be_a_list(session, list_name)
        lists = {one.id: one.name for one in catalogue(session).by_id.values()}
        wanted = definition(session, list_name).id if list_name else None
        click.echo(f"{'number':>6}  {'begun':16}  {'list':20} {'file':28} {'state':10}" + _heads(imports.OUTCOMES))
        for one in imports.every(session, PROGRAM, wanted, limit=1000):
            known = lists.get(one.list_id, "–")
            line = f"{one.id:>6}  {one.created:%Y-%m-%d %H:%M}  {known:20} {one.file:28} {one.state:10}"
            click.echo(line + "".join(f"{one.counts.get(outcome, 0):>11}" for outcome in imports.OUTCOMES))


def _heads(words: Sequence[str]) -> str:
    return "".join(f"{word:>11}" for word in words)


@click.command("undo-import")
@click.argument("number", type=int)
@click.option("--columns", is_flag=True, help="Of items changed since, put back the columns that nobody touched.")
@click.option("--as", "email", metavar="EMAIL", help="The administrator who undoes it. [default: the program]")
@home_option
def undo_import(number: int, columns: bool, email: str | None, home: Path | None) -> None:
    """Take back what an import wrote (`caseroom imports` tells its number).

    What it made goes to the recycle bin, what it changed gets its old values. What somebody has changed since, or uses,
    stays and is told; the status is then 1. A killed undoing goes on when it is started again.
    """
    found = opened(home)
    actor = _actor(found, email)
    with found.database.write() as session:
        standing = imports.get(session, actor, number)
        if standing.state != "undoing":
            imports.start_undo(session, actor, number, columns=columns)
        total = standing.counts["created"] + standing.counts["updated"]
    with click.progressbar(length=total, label="Undoing", file=sys.stderr) as bar:
        undoing.run(found.database, actor, number, progress=bar.update)
    with found.database.read() as session:
        done = imports.get(session, actor, number)
        counts = done.undone or {}
        click.echo(", ".join(f"{word.replace('_', ' ')}: {counts.get(word, 0)}" for word in imports.UNDONE))
        lists = {one.id: one.name for one in catalogue(session).by_id.values()}
        left = imports.remarks(session, done, "undo", limit=1_000_000)
        for one in left:
            said = words_from_json(one.words)
            click.echo(f"{lists.get(one.list_id, '–')} {one.row} “{one.value}”: {said}")
    sys.exit(1 if left else 0)


@click.command()
@click.argument("list_name", metavar="LIST")
@click.option("--format", "kind", type=click.Choice(exporting.FORMATS), required=True, help="How it is written.")
@click.option("--output", type=FILE, metavar="FILE", help="Where to. [default: standard output]")
@click.option("--as", "email", metavar="EMAIL", help="As this user sees it. [default: everything]")
@home_option
def export(list_name: str, kind: str, output: Path | None, email: str | None, home: Path | None) -> None:
    """Write a list's items, all of them or as one user sees them.

    caseroom export cases --format xlsx --output cases.xlsx --as ana@example.com
    """
    found = opened(home)
    actor = _actor(found, email)
    with found.database.read() as session:
        must_be_a_list(session, list_name)  # before a file that stands is opened, and so emptied
        binary: Any = output.open("wb") if output else nullcontext(sys.stdout.buffer)
        with binary as target:
            number = exporting.export(session, actor, list_name, kind, target)
            target.flush()
    click.echo(f"{number} items", err=True)


def must_be_a_list(session: Session, name: str) -> None:
    known = catalogue(session).by_name
    if name not in known:
        raise click.ClickException(f"There is no list “{name}”. There are: {', '.join(sorted(known))}.")


COMMANDS = [import_, imports_, undo_import, export]
