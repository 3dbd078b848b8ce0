"""The settings: one typed table, read once.

A setting is a field of `Settings`: its name, type, default and help stand in one place. Its value comes from,
in this order, the command line, the environment (`CASEROOM_<NAME>`), the home's `caseroom.toml`, the default.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import secrets
import tempfile
import tomllib
import typing
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from babel.core import get_global

PREFIX = "CASEROOM_"
DEFAULT_HOME = Path("var")
FILE_NAME = "caseroom.toml"
SECRET_FILE_NAME = "secret_key"
# Environment names that are read by the test suite and the tooling, not by the portal.
FOREIGN_NAMES = re.compile(r"CASEROOM_(TEST_\w+|NO_SKIPS)\Z")
BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
SECRET_QUERY_NAMES = re.compile(r"secret|password|token|key", re.IGNORECASE)


class SettingsError(Exception):
    """A setting is unknown or its value cannot be used; the message is one line and names both."""


def setting(
    default: Any,
    help: str,
    *,
    check: Callable[[Any], str | None] | None = None,
    secret: bool = False,
    url: bool = False,
) -> Any:
    """One row of the table. `check` answers what is wrong with a value, or nothing.

    A `secret` is never printed; a `url` is printed without the password in it.
    """
    metadata = {"help": help, "check": check, "secret": secret, "url": url}
    return field(default=default, repr=not (secret or url), metadata=metadata)


def between(least: int, most: int) -> Callable[[int], str | None]:
    """A check that a number lies between two others, both allowed."""
    return lambda value: None if least <= value <= most else f"must be between {least} and {most}"


def one_scheme_of(*schemes: str) -> Callable[[str], str | None]:
    """A check that a URL, where given, has a known scheme (before any `+driver`) and a readable port."""

    def check(value: str) -> str | None:
        if not value:
            return None
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as reason:
            return f"is not a URL: {reason}"
        known = parts.scheme.partition("+")[0] in schemes
        return None if known else f"must begin with one of {', '.join(name + '://' for name in schemes)}"

    return check


def _reachable_url(*schemes: str) -> Callable[[str], str | None]:
    scheme_check = one_scheme_of(*schemes)

    def check(value: str) -> str | None:
        wrong = scheme_check(value)
        return wrong or (None if not value or urlsplit(value).hostname else "names no host")

    return check


def _check_time_zone(value: str) -> str | None:
    return None if value in zoneinfo.available_timezones() else "is not a time zone such as Europe/Bratislava"


def _check_currency(value: str) -> str | None:
    return None if value in get_global("all_currencies") else "is not an ISO 4217 currency such as EUR"


def languages() -> tuple[str, ...]:
    """The languages of the interface: English, which the messages are in, and every one with a catalogue."""
    catalogues = (Path(__file__).parent / "translations").glob("*/LC_MESSAGES/messages.po")
    return ("en", *sorted(catalogue.parts[-3] for catalogue in catalogues))


def _check_language(value: str) -> str | None:
    return None if value in languages() else f"must be one of {', '.join(languages())}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What this installation was told, and `origins`: where each value came from."""

    home: Path = setting(DEFAULT_HOME, "folder that holds the data: database, documents, search index, caseroom.toml")
    database_url: str = setting(
        "", "SQLAlchemy URL; empty = SQLite file caseroom.db in the home", url=True,
        check=one_scheme_of("sqlite", "postgresql"),
    )  # fmt: skip
    blob_url: str = setting(
        "", "where documents' contents lie, file:// or s3://; empty = folder blobs in the home", url=True,
        check=one_scheme_of("file", "s3"),
    )  # fmt: skip
    bind: str = setting("127.0.0.1", "address that the web server listens on")
    port: int = setting(8000, "port that the web server listens on", check=between(1, 65535))
    processes: int = setting(
        2, "processes of the web server; about one per core, more with PostgreSQL alone", check=between(1, 64)
    )
    threads: int = setting(4, "requests that one process answers at the same time", check=between(1, 64))
    public_url: str = setting(
        "", "address that users see, in links, mails and feeds; empty = http://bind:port",
        check=_reachable_url("http", "https"),
    )  # fmt: skip
    trusted_proxies: int = setting(
        0, "how many reverse proxies stand in front and set X-Forwarded-For and -Proto", check=between(0, 10)
    )
    time_zone: str = setting("Europe/Bratislava", "time zone of the house", check=_check_time_zone)
    currency: str = setting("EUR", "currency of new amounts", check=_check_currency)
    language: str = setting("en", "language of a user who has chosen none", check=_check_language)
    secret_key: str = setting(
        "", "signs cookies and links, 32 characters or more; empty = made in the home at the first start",
        secret=True,
        check=lambda value: None if not value or len(value) >= 32 else "must have at least 32 characters",
    )  # fmt: skip
    smtp_url: str = setting(
        "", "smtp://user:password@host:587 (STARTTLS if offered) or smtps://; empty = no mail is sent",
        url=True,
        check=_reachable_url("smtp", "smtps"),
    )  # fmt: skip
    mail_from: str = setting("", "sender's address of what the portal itself mails; needed with smtp_url")
    session_hours: int = setting(12, "hours without use after which a user signs in again", check=between(1, 8760))
    sign_in_attempts: int = setting(10, "wrong passwords for one account before it must wait", check=between(1, 1000))
    sign_in_attempts_per_address: int = setting(
        100, "wrong passwords from one network address before it must wait", check=between(1, 100_000)
    )
    recycle_days: int = setting(
        93, "days until what was deleted is gone for good, both bins together", check=between(1, 3650)
    )
    sign_in_wait_minutes: int = setting(15, "minutes in which wrong passwords are counted", check=between(1, 1440))
    upload_limit_mb: int = setting(250, "largest upload, in megabytes of 1,000,000 bytes", check=between(1, 100_000))
    statement_seconds: int = setting(
        10, "seconds after which a question to the database is stopped; background work takes its time",
        check=between(1, 3600),
    )  # fmt: skip
    development: bool = setting(False, "show the style guide and reload templates; never on a public address")
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def upload_limit(self) -> int:
        """The largest upload in bytes."""
        return self.upload_limit_mb * 1_000_000

    @property
    def can_send_mail(self) -> bool:
        """Whether a mail server is configured; where not, a page that would send mail says so."""
        return bool(self.smtp_url)

    @property
    def secure(self) -> bool:
        """Whether users come over https, so that cookies are marked for it."""
        return self.public_url.startswith("https://")


ROWS = {row.name: row for row in dataclasses.fields(Settings) if row.name != "origins"}
TYPES = typing.get_type_hints(Settings)


@dataclass(frozen=True)
class Line:
    """One setting as `caseroom settings` prints it; `value` has no secret in it."""

    name: str
    value: str
    origin: str
    help: str


def load(home: Path | str | None = None, *, environ: Mapping[str, str] | None = None, **options: Any) -> Settings:
    """Read a home's settings (`home`, else `$CASEROOM_HOME`, else `./var`); `options` are the command line's.

    An option that is None was not given. Writes nothing. Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    options = {name: value for name, value in {"home": home, **options}.items() if value is not None}
    given = {name: (value, "command line", f"--{name.replace('_', '-')}") for name, value in options.items()}
    given = {**_from_environment(environ), **given}
    place = Path(given["home"][0] if "home" in given else DEFAULT_HOME)
    given = {**_from_file(place / FILE_NAME), **given}
    values: dict[str, Any] = {}
    for name, (value, origin, label) in given.items():
        _known(name, label)
        values[name] = _checked(name, _read(name, value) if origin == "environment" else value, label)
    values["home"] = place.expanduser().absolute()
    return _completed(values, {name: origin for name, (_, origin, _) in given.items()})


def with_secret_key(settings: Settings) -> Settings:
    """The same settings with a secret key: where none is configured, one is made in the home (mode 600).

    Processes that start together agree on one key.
    """
    if settings.secret_key:
        return settings
    path = settings.home / SECRET_FILE_NAME
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written whole beside its place and linked into it, which fails where another process was first.
    with tempfile.NamedTemporaryFile("w", dir=settings.home, prefix=".secret_key-") as draft:
        draft.write(secrets.token_urlsafe(48))
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            pass
    return _with_stored_key(settings)


def table(settings: Settings) -> list[Line]:
    """Every setting with its value as text, where it came from, and what it is for."""
    return [
        Line(
            name,
            _shown(row, getattr(settings, name)),
            settings.origins.get(name, "default"),
            row.metadata["help"],
        )
        for name, row in ROWS.items()
    ]


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[Any, str, str]]:
    return {
        name.removeprefix(PREFIX).lower(): (value, "environment", name)
        for name, value in environ.items()
        if name.startswith(PREFIX) and not FOREIGN_NAMES.match(name)
    }


def _from_file(path: Path) -> dict[str, tuple[Any, str, str]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as reason:  # not readable, not UTF-8, not TOML
        raise SettingsError(f"{path}: {' '.join(str(reason).split())}") from reason
    if "home" in content:
        raise SettingsError(f"{path}: home cannot be set in the home itself; use --home or {PREFIX}HOME")
    return {name: (value, str(path), f"{path}: {name}") for name, value in content.items()}


def _known(name: str, label: str) -> None:
    if name in ROWS:
        return
    close = difflib.get_close_matches(name, ROWS, n=1)
    raise SettingsError(f"{label}: there is no such setting" + (f"; did you mean {close[0]}?" if close else ""))


def _read(name: str, text: str) -> Any:
    """The environment's text in the setting's own type, or as it is where it cannot be read so."""
    if TYPES[name] is int and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text):
        return int(text)
    if TYPES[name] is bool:
        return BOOLEANS.get(text.strip().lower(), text)
    return text


def _checked(name: str, value: Any, label: str) -> Any:
    kind, row = TYPES[name], ROWS[name].metadata
    shown = "the value" if row["secret"] or row["url"] else repr(value)
    if kind is Path and isinstance(value, str) and value:
        value = Path(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        wanted = {int: "a whole number", bool: "true or false", str: "text", Path: "a folder"}[kind]
        raise SettingsError(f"{label}: {shown} is not {wanted}")
    if row["check"] and (wrong := row["check"](value)):
        raise SettingsError(f"{label}: {shown} {wrong}")
    return value


def _completed(values: dict[str, Any], origins: dict[str, str]) -> Settings:
    settings = Settings(**values, origins=origins)
    home = settings.home
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    settings = dataclasses.replace(
        settings,
        database_url=settings.database_url or f"sqlite:///{home / 'caseroom.db'}",
        blob_url=settings.blob_url or (home / "blobs").as_uri(),
        public_url=(settings.public_url or f"http://{host}:{settings.port}").rstrip("/"),
    )
    if settings.smtp_url and not settings.mail_from:
        raise SettingsError("mail_from: must name a sender's address where smtp_url names a mail server")
    return settings if settings.secret_key else _with_stored_key(settings)


def _with_stored_key(settings: Settings) -> Settings:
    path = settings.home / SECRET_FILE_NAME
    try:
        key = path.read_text("ascii").strip()
    except FileNotFoundError:
        return settings
    except (OSError, ValueError) as reason:
        raise SettingsError(f"{path}: cannot be read: {reason}") from reason
    if wrong := ROWS["secret_key"].metadata["check"](key) or (None if key else "is empty"):
        raise SettingsError(f"{path}: the key {wrong}")
    return dataclasses.replace(settings, secret_key=key, origins={**settings.origins, "secret_key": str(path)})


def _shown(row: dataclasses.Field[Any], value: Any) -> str:
    if row.metadata["secret"]:
        return "(set)" if value else "(not set)"
    if row.metadata["url"]:
        return _without_password(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if ":" in user:
        user = user.partition(":")[0] + ":***"
    shown = [
        (name, "***" if SECRET_QUERY_NAMES.search(name) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    query = "?" + urlencode(shown, safe="*/:") if shown else ""
    # Not urlunsplit, which knows no empty host: sqlite:///caseroom.db
    return f"{parts.scheme}://{user}{at}{host}{parts.path}{query}" if url else ""
