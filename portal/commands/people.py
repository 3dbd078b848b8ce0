"""user, token: who may sign in, and programs that act for them."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from ...lists.crm import users
from ...lists.rights import PROGRAM, ROLES
from .. import sign_in
from .common import Commands, home_option, id_of, opened, user_of


@click.group(cls=Commands)
def user() -> None:
    """People who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, metavar="N", help="First name and surname.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the user may do.")
@click.option(
    "--group", "groups", multiple=True, metavar="G", help="Sales group; give it again for more, the default first."
)
@click.option(
    "--manages", multiple=True, metavar="OWNER", help="Owner whose groups a manager manages; may be repeated."
)
@click.option("--password", help="Without it one is made and shown once.")
@click.option("--language", metavar="CODE", help="Language of the interface. [default: the house's]")
@home_option
def add_user(
    email: str, name: str, role: str, groups: tuple[str, ...], manages: tuple[str, ...], password: str | None,
    language: str | None, home: Path | None,
) -> None:  # fmt: skip
    """Add somebody who may sign in. Salespeople get their row in the list of salespeople.

    caseroom user add ana@example.com --name "Ana Malá" --role salesperson --group North
    """
    made = password is None
    password = password or secrets.token_urlsafe(12)
    hashed = sign_in.hash_password(password)
    found = opened(home)
    with found.database.write() as session:
        added = users.add_user(
            session, PROGRAM, email, name=name, role=role, password_hash=hashed,
            groups=[id_of(session, "sales_groups", group) for group in groups],
            manages=[id_of(session, "owners", owner) for owner in manages],
            language=language or found.settings.language, time_zone=found.settings.time_zone,
        )  # fmt: skip
        address = added.email
    click.echo(f"{address} may sign in.")
    if made:
        click.echo(f"  password {password}   (shown this once)")


@click.group(cls=Commands)
def token() -> None:
    """Secrets with which programs act for a user."""


@token.command("add")
@click.argument("email")
@click.option("--name", default="", help="What it is for.")
@home_option
def add_token(email: str, name: str, home: Path | None) -> None:
    """Make an API token for a user; it is printed alone on standard output, this once.

    Programs send it as: Authorization: Bearer TOKEN
    """
    found = opened(home)
    with found.database.write() as session:
        secret = sign_in.add_token(session, user_of(session, email), name)
    click.echo(secret)
    if sys.stdout.isatty():
        click.echo("Keep it: it is not shown again.", err=True)


COMMANDS = [user, token]
