"""What the commands share: the option --home, opening a home, and errors as one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.errors import DomainError, Invalid
from ...lists.models import User
from ...lists.rights import PROGRAM
from ..home import Home, is_prepared, open_home, prepare
from ..settings import Settings, SettingsError, load

F = TypeVar("F", bound=Callable[..., Any])
ADVICE = "Make one with: caseroom init (or look around first: caseroom demo)"


def home_option(function: F) -> F:
    """The option --home, the same everywhere."""
    text = "Folder that holds the data. [default: $CASEROOM_HOME, else ./var]"
    return click.option("--home", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help=text)(function)


def settings_of(home: Path | None, **options: Any) -> Settings:
    """The home's settings; `options` are the command line's."""
    return load(home, **options)


def opened(home: Path | None, **options: Any) -> Home:
    """The home, up to date. Raises click.ClickException where there is none yet."""
    settings = settings_of(home, **options)
    if not settings.home.is_dir():
        raise click.ClickException(f"There is no home at {settings.home}. {ADVICE}")
    found = open_home(settings)
    if not has_data(found):
        raise click.ClickException(f"The home at {settings.home} is empty. {ADVICE}")
    prepare(found)
    return found


def has_data(home: Home) -> bool:
    """Whether somebody can sign in to this home already."""
    if home.database.is_sqlite and not Path(str(home.database.url.database)).is_file():
        return False
    if not is_prepared(home):
        return False
    with home.database.read() as session:
        return session.scalar(select(User.id).limit(1)) is not None


def user_of(session: Session, email: str) -> User:
    """The user with this address. Raises click.ClickException."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise click.ClickException(f"There is no user with the address {email}.")
    return user


def id_of(session: Session, list_name: str, name: str) -> int:
    """The id of the item with this name. Raises click.ClickException where there is none, or more than one."""
    found = query.page(session, PROGRAM, list_name, where=filters.field("name", "eq", name), limit=2).items
    if len(found) != 1:
        what = "no item" if not found else "more than one item"
        raise click.ClickException(f"There is {what} named “{name}” in {list_name}.")
    return found[0].id


def one_line(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, Invalid) and len(error.errors) > 1:
        return "; ".join(f"{one.field}: {one}" for one in error.errors)
    if isinstance(error, Invalid) and error.errors[0].field:
        return f"{error.errors[0].field}: {error}"
    if isinstance(error, OperationalError | ProgrammingError):
        return f"The database cannot be used: {' '.join(str(error.orig).split())}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


USER_ERRORS = (DomainError, SettingsError, OperationalError, ProgrammingError, OSError)


class Commands(click.Group):
    """A group whose errors are one line on standard error and exit status 2, never a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        try:
            status = super().main(*args, standalone_mode=False, **kwargs)
        except click.exceptions.NoArgsIsHelpError as wanted:
            wanted.show()
            sys.exit(2)
        except click.Abort:
            self._fail("Stopped.", 130)
        except click.ClickException as error:
            hint = ""
            if isinstance(error, click.UsageError) and error.ctx:
                hint = f" Try: {error.ctx.command_path} --help"
            self._fail(" ".join(error.format_message().split()) + hint, 2)
        except USER_ERRORS as error:
            self._fail(one_line(error), 2)
        else:
            sys.exit(status if isinstance(status, int) else 0)

    def _fail(self, words: str, status: int) -> None:
        click.echo(f"caseroom: {words}", err=True)
        sys.exit(status)
