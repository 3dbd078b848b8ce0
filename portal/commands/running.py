"""demo, serve, worker: what runs until it is stopped."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from .. import assets, serving
from .. import worker as working
from ..demo import loading
from ..demo.people import PASSWORD
from ..home import Home, open_home, prepare
from ..settings import Settings
from .common import has_data, home_option, opened, settings_of

LOOPBACK = "127.0.0.1"
SIGN_INS = {
    "admin": "administrator",
    "manager": "manager of the first owner",
    "north": "salesperson of group North",
    "both": "salesperson of groups North and South-West",
    "south": "salesperson of the second owner",
    "templates": "template editor",
}


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@home_option
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes another world.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day around which it all happens. [default: today]",
)
def demo(port: int, home: Path | None, seed: int, today: datetime | None) -> None:
    """Fill an empty home with made-up data and serve it to this machine alone.

    The same seed and day make the same data. A home that has data already is started as it is. Only this machine can
    reach the demo: its passwords are known to everybody. Stop it with Ctrl-C.
    """
    _refuse_other_addresses(home)
    settings = settings_of(home, bind=LOOPBACK, port=port, public_url=f"http://{LOOPBACK}:{port}")
    serving.listen_socket(LOOPBACK, port).close()
    opened = open_home(settings)
    if (settings.home / loading.MARK).exists():
        raise click.ClickException(f"Filling {settings.home} was interrupted. Remove that folder and start again.")
    if has_data(opened):
        prepare(opened)
    else:
        _fill(opened, seed, today.date() if today else date.today())  # noqa: DTZ011  the day on this machine's wall
    opened.database.dispose()
    say_bundle_advice()

    def ready() -> None:
        click.echo(f"\nCaseroom is at http://{LOOPBACK}:{port}\n\nSign in as one of these, password {PASSWORD}:")
        for name, what in SIGN_INS.items():
            click.echo(f"  {name + '@demo.test':22} {what}")

    serving.serve(settings, serving.listen_socket(LOOPBACK, port), with_worker=True, ready=ready)


def _refuse_other_addresses(home: Path | None) -> None:
    """Whoever set another address to listen on hears that the demo does not obey, instead of wondering."""
    told = settings_of(home)
    if told.origins.get("bind") and told.bind != LOOPBACK:
        raise click.ClickException(
            f"The demo answers on {LOOPBACK} only, since everybody knows its passwords; bind is {told.bind}"
            f" ({told.origins['bind']}). Remove that setting, or use caseroom init and caseroom serve."
        )


def _fill(home: Home, seed: int, today: date) -> None:
    began = time.monotonic()
    bars: list[Any] = []  # click names no public type for its bar

    def begin(rows: int) -> loading.Progress:
        bar: Any = click.progressbar(length=rows, label="Filling the home", file=sys.stderr)
        bars.append(bar)
        bar.render_progress()
        return bar.update

    loading.fill(home, seed, today, begin)
    bars[0].render_finish()
    if working.indexing_step() is not None:
        click.echo("Indexing for search", err=True)
        while working.index_changes(home):
            pass
    click.echo(f"Filled in {time.monotonic() - began:.1f} s.", err=True)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [default: setting port, 8000]")
@click.option("--bind", metavar="A", help="Address to listen on. [default: setting bind, 127.0.0.1]")
@click.option("--no-worker", is_flag=True, help="Leave the background work to a `caseroom worker` of its own.")
@home_option
def serve(port: int | None, bind: str | None, no_worker: bool, home: Path | None) -> None:
    """Serve a home: web server and worker in one command, until Ctrl-C or SIGTERM.

    Put a proxy with https in front of it before anybody else reaches it, and set public_url and trusted_proxies
    (caseroom settings shows them).
    """
    found = opened(home, port=port, bind=bind)
    settings: Settings = found.settings
    found.database.dispose()
    say_bundle_advice()

    def ready() -> None:
        click.echo(f"Caseroom is at {settings.public_url} (listening on {settings.bind} port {settings.port})")

    taken = serving.listen_socket(settings.bind, settings.port)
    serving.serve(settings, taken, with_worker=not no_worker, ready=ready)


@click.command()
@home_option
def worker(home: Path | None) -> None:
    """Do the background work of a home: search index, mail to send, tidying.

    `caseroom serve` has a worker already; run more on other machines that share the database. Stops with SIGTERM.
    """
    found = opened(home)
    click.echo(f"Working for {found.settings.home}; stop with Ctrl-C.", err=True)
    working.run(found)


def say_bundle_advice() -> None:
    """Say on standard error when the scripts are not built; everything works without them."""
    if assets.missing_bundles():
        click.echo(assets.BUNDLE_ADVICE, err=True)


COMMANDS = [demo, serve, worker]
