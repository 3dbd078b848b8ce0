"""init: the first steps of a real installation."""

from __future__ import annotations

import secrets
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...libraries import installing as templates
from ...lists import items
from ...lists.crm import users
from ...lists.errors import DomainError
from ...lists.rights import PROGRAM
from .. import sign_in
from ..demo import code_lists
from ..home import open_home, prepare
from ..settings import FILE_NAME, ROWS, Settings, SettingsError
from .common import has_data, home_option, one_line, settings_of

Entry = dict[str, Any]


@click.command()
@home_option
@click.option("--owner", metavar="NAME", help="The firm for whose benefit the work is done.")
@click.option("--group", metavar="NAME", help="Its first sales group.")
@click.option("--administrator", metavar="EMAIL", help="Address with which the administrator signs in.")
@click.option("--name", metavar="NAME", help="The administrator's name. [default: from the address]")
@click.option("--password", help="The administrator's password; without it one is made and shown once.")
@click.option("--public-url", metavar="URL", help="Address that users will see, such as https://crm.example.com.")
@click.option("--time-zone", metavar="ZONE", help="Time zone of the house, such as Europe/Bratislava.")
@click.option("--currency", metavar="CODE", help="Currency of new amounts, such as EUR.")
@click.option("--language", metavar="CODE", help="Language of users who have chosen none, such as en or sk.")
@click.option("--empty-lists", is_flag=True, help="Do not put the usual entries into stages, case types and so on.")
def init(home: Path | None, empty_lists: bool, **given: str | None) -> None:
    """Make a home for a real installation.

    Asks for what you do not give by an option; run without a terminal, it takes the defaults and says which option is
    missing. Writes the settings to caseroom.toml in the home. A home that has data is left alone.
    """
    known = settings_of(home)
    if has_data(open_home(known)):
        raise click.ClickException(f"The home at {known.home} has data already; nothing was changed.")
    owner = ask(given["owner"], "Name of your firm (owner)", "--owner")
    group = ask(given["group"], "Its first sales group", "--group")
    email = ask(given["administrator"], "Administrator's e-mail", "--administrator", check=users.email_address)
    name = ask(given["name"], "Administrator's name", "--name", _name_from(email))
    password, made = _password(given["password"])
    chosen = {
        setting: ask(
            given[setting],
            ROWS[setting].metadata["help"].capitalize(),
            f"--{setting}",
            str(getattr(known, setting)),
            lambda value, name=setting: getattr(settings_of(home, **{name: value}), name),
        )
        for setting in ("public_url", "time_zone", "currency", "language")
    }
    hashed = sign_in.hash_password(password)
    path = known.home / FILE_NAME
    standing = path.read_bytes() if path.exists() else None
    settings = _write_settings(known, chosen)
    try:
        _make(settings, owner, group, email, name, hashed, empty_lists)
    except BaseException:
        path.unlink() if standing is None else path.write_bytes(standing)
        raise
    click.echo(f"The home {settings.home} is ready. Sign in as {email.strip().lower()}" + (":" if made else "."))
    if made:
        click.echo(f"  password {password}   (shown this once; change it after signing in)")
    click.echo(f"Start it with: caseroom serve --home {settings.home}")


def ask(
    given: str | None, question: str, option: str, default: str | None = None,
    check: Callable[[str], Any] = lambda value: value,
) -> str:  # fmt: skip
    """The option's value, else the answer of whoever sits at the terminal, else the default.

    An answer that `check` refuses is asked for again at once.
    """
    if given is not None:
        value = given
    elif sys.stdin.isatty():
        value = click.prompt(question, default=default, value_proc=lambda text: _accepted(text, check))
    elif default is not None:
        value = default
    else:
        raise click.UsageError(f"{option.replace('_', '-')} is missing.", click.get_current_context())
    if not value.strip():
        raise click.UsageError(f"{option.replace('_', '-')} is empty.", click.get_current_context())
    return value.strip()


def _accepted(text: str, check: Callable[[str], Any]) -> str:
    """What was typed. Raises click.UsageError, upon which click asks again, where it cannot be used."""
    if not text.strip():
        raise click.UsageError("Please type something.")
    try:
        check(text.strip())
    except (DomainError, SettingsError) as error:
        raise click.UsageError(one_line(error)) from None
    return text


def _name_from(email: str) -> str:
    return email.partition("@")[0].replace(".", " ").replace("_", " ").title() or "Administrator"


def _password(given: str | None) -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if given is None and sys.stdin.isatty():
        given = _typed_password()
    return (given, False) if given else (secrets.token_urlsafe(12), True)


def _typed_password() -> str:
    """A password typed twice alike, or nothing."""
    while True:
        question = "Administrator's password (empty: make one)"
        typed = click.prompt(
            question, hide_input=True, default="", show_default=False,
            value_proc=lambda text: _accepted(text, sign_in.hash_password) if text else "",
        )  # fmt: skip
        if not typed or typed == click.prompt("The same again", hide_input=True, default="", show_default=False):
            return typed
        click.echo("These were two different passwords.")


def _write_settings(known: Settings, chosen: dict[str, str]) -> Settings:
    """Put what was chosen into caseroom.toml; a file that says otherwise already is refused, not changed."""
    path = known.home / FILE_NAME
    standing = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    for name, value in chosen.items():
        if standing.get(name, value) != value:
            raise SettingsError(f"{path} says {name} = {standing[name]!r}, you say {value!r}; change one of them")
    settings = settings_of(known.home, **chosen)  # refuses what cannot be used before anything is written
    new = {name: value for name, value in chosen.items() if name not in standing}
    known.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f'{name} = "{_escaped(value)}"\n' for name, value in new.items())
    return settings


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _make(
    settings: Settings, owner: str, group: str, email: str, name: str, hashed: str, empty_lists: bool
) -> None:  # fmt: skip
    home = open_home(settings)
    prepare(home)
    with home.database.write() as session:
        owner_id = items.add(session, PROGRAM, "owners", {"name": owner})
        items.add(session, PROGRAM, "sales_groups", {"name": group, "owner": owner_id})
        language, zone = settings.language, settings.time_zone
        users.add_user(
            session,
            PROGRAM,
            email,
            name=name,
            role="administrator",
            password_hash=hashed,
            language=language,
            time_zone=zone,
        )
        if not empty_lists:
            for list_name, entries in usual_entries().items():
                for entry in entries:
                    items.add(session, PROGRAM, list_name, entry)
        templates.point(session)
    home.database.dispose()


def usual_entries() -> dict[str, list[Entry]]:
    """What code lists hold to begin with; an administrator changes it as he likes."""

    def entries(rows: list[tuple[Any, ...]], more: Callable[[tuple[Any, ...]], Entry] = lambda row: {}) -> list[Entry]:
        return [
            {"name": row[1], "name_sk": row[2], "position": place, **more(row)} for place, row in enumerate(rows, 1)
        ]

    return {
        "relation_types": entries(code_lists.RELATION_TYPES),
        "case_types": entries(
            code_lists.CASE_TYPES, lambda row: {"external_id": "service_support"} if row[1] == "Service support" else {}
        ),
        "document_types": entries(code_lists.DOCUMENT_TYPES),
        "closing_reasons": entries(code_lists.CLOSING_REASONS),
        "stages": entries(code_lists.STAGES, lambda row: {"probability": row[3]}),
    }


COMMANDS = [init]
