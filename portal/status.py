"""How the installation is doing: what an administrator looks at, and what of it needs attention."""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from babel.numbers import format_decimal
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from .. import __version__
from ..lists import changelog
from ..lists.catalogue import catalogue
from ..lists.models import Change, Follower, SetAside, now
from . import assets, settings
from .home import Home
from .models import Lease

LATE = datetime.timedelta(minutes=10)  # a follower that is further behind needs somebody
LITTLE_ROOM = 1_000_000_000  # bytes
MOST_FILES = 20_000  # counted in a folder; more is "at least"
SET_ASIDE_SHOWN = 50
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class FollowerState:
    """How far a follower of the change log is: `behind` changes, the oldest of them made at `since`."""

    name: str
    seq: int
    behind: int
    since: datetime.datetime | None
    set_aside: int

    @property
    def is_late(self) -> bool:
        return self.since is not None and now() - self.since > LATE


@dataclass(frozen=True)
class Size:
    """How much something takes, in bytes; `at_least` when not all was counted."""

    label: str
    bytes: int
    at_least: bool = False


@dataclass(frozen=True)
class Report:
    """Everything on the status page."""

    version: str
    last: int
    followers: list[FollowerState]
    set_aside: list[SetAside]
    leases: list[Lease]
    sizes: list[Size]
    counts: list[tuple[str, int]]
    settings: list[settings.Line]
    findings: list[str]
    at: datetime.datetime


def report(session: Session, home: Home) -> Report:
    """The whole state. Reads counts of all rows: for one page, not for every request."""
    return Report(
        version=__version__,
        last=changelog.last(session),
        followers=followers(session),
        set_aside=list(session.scalars(select(SetAside).order_by(SetAside.id.desc()).limit(SET_ASIDE_SHOWN))),
        leases=list(session.scalars(select(Lease).order_by(Lease.name))),
        sizes=_sizes(session, home),
        counts=_counts(session),
        settings=settings.table(home.settings),
        findings=findings(session, home),
        at=now(),
    )


def followers(session: Session) -> list[FollowerState]:
    """Every follower of the change log, by name."""
    last = changelog.last(session)
    counted = session.execute(select(SetAside.follower, func.count().label("number")).group_by(SetAside.follower))
    aside = {row.follower: row.number for row in counted}
    oldest = select(Change.at).where(Change.seq > Follower.seq).order_by(Change.seq).limit(1)
    rows = session.execute(
        select(Follower.name, Follower.seq, oldest.correlate(Follower).scalar_subquery().label("since"))
        .order_by(Follower.name)
    )  # fmt: skip
    return [FollowerState(row.name, row.seq, max(last - row.seq, 0), row.since, aside.get(row.name, 0)) for row in rows]


def findings(session: Session, home: Home) -> list[str]:
    """What needs attention, each in a sentence in the reader's language; empty when all is well."""
    return [*_of_files(home), *_of_settings(home), *_of_work(session)]


def _of_files(home: Home) -> Iterator[str]:
    if assets.missing_bundles():
        yield _("The scripts are not built: pages work, but without their conveniences. Run: %(command)s",
                command="python portal/frontend/build.py")  # fmt: skip
    if shutil.disk_usage(home.settings.home).free < LITTLE_ROOM:
        yield _("There is less than 1 GB left on the disk of the home.")


def _of_settings(home: Home) -> Iterator[str]:
    told = home.settings
    host = urlsplit(told.public_url).hostname or ""
    if not told.secure and host not in LOOPBACK:
        yield _("The public address is not https: passwords and records travel unprotected.")
    if told.development and host not in LOOPBACK:
        yield _("Development mode is on at a public address.")
    if not told.can_send_mail:
        yield _("No mail server is set (smtp_url): the portal cannot send e-mail.")


def _of_work(session: Session) -> Iterator[str]:
    for state in followers(session):
        if state.is_late:
            yield ngettext(
                "“%(name)s” is %(num)s change behind. Is the worker running?",
                "“%(name)s” is %(num)s changes behind. Is the worker running?", state.behind, name=state.name,
            )  # fmt: skip
    number = session.scalar(select(func.count()).select_from(SetAside)) or 0
    if number:
        yield ngettext(
            "%(num)s change could not be processed and was set aside.",
            "%(num)s changes could not be processed and were set aside.", number,
        )  # fmt: skip
    for lease in session.scalars(select(Lease).where(Lease.until < now() - LATE)):
        yield _("The work “%(name)s” has stopped: nobody has done it since its lease ran out.", name=lease.name)


def _counts(session: Session) -> list[tuple[str, int]]:
    language = str(get_locale() or "en")
    found = sorted(
        ((one.title(language), one) for one in catalogue(session).by_name.values()), key=lambda pair: pair[0]
    )
    return [
        (title, session.scalar(select(func.count()).select_from(one.table).where(one.table.c.deleted.is_(None))) or 0)
        for title, one in found
    ]


def _sizes(session: Session, home: Home) -> list[Size]:
    sizes = [Size(_("Database"), _database_size(session, home)), _folder(_("Search index"), home.index_folder)]
    blobs = urlsplit(home.settings.blob_url)
    if blobs.scheme == "file":
        sizes.append(_folder(_("Documents and mail"), Path(unquote(blobs.path))))
    return [*sizes, Size(_("Free on the disk"), shutil.disk_usage(home.settings.home).free)]


def _database_size(session: Session, home: Home) -> int:
    if home.database.is_sqlite:
        file = Path(str(home.database.url.database))
        return sum(part.stat().st_size for part in (file, Path(f"{file}-wal")) if part.exists())
    return session.scalar(text("SELECT pg_database_size(current_database())")) or 0


def _folder(label: str, folder: Path) -> Size:
    size = number = 0
    for parent, _folders, files in os.walk(folder):
        for name in files:
            number += 1
            if number > MOST_FILES:
                return Size(label, size, True)
            try:
                size += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # replaced while we looked
                continue
    return Size(label, size)


def in_words(size: int) -> str:
    """Bytes as people read them: "3.4 MB" (of 1,000,000 bytes)."""
    amount: Any = size
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    pattern = "#,##0" if unit == "B" or amount >= 100 else "#,##0.0"
    return f"{format_decimal(amount, pattern, locale=get_locale() or 'en')} {unit}"
