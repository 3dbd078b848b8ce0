"""A home: one installation's data — database, documents, search index — opened from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from .. import outlook_addin
from ..calendar import writing
from ..libraries import attachments, documents
from ..libraries import installing as templates
from ..libraries.blobs import BlobStore, open_store
from ..lists import bulk_editing, imports, installing
from ..lists.database import Database, House
from . import migrations, models
from .notices import following
from .notices import models as notice_models
from .search import suggesting
from .settings import Settings, with_secret_key

# Importing the rooms registers the functions that list definitions name, and their system tables.
ROOMS = (imports, bulk_editing, documents, attachments, outlook_addin, writing, models, notice_models, suggesting)


@dataclass(frozen=True)
class Home:
    """What everything in the portal works on. Safe to share between threads."""

    settings: Settings
    database: Database
    blobs: BlobStore

    @property
    def index_folder(self) -> Path:
        """Where the full-text index lies; it can be thrown away and rebuilt."""
        return self.settings.home / "index"


def open_home(settings: Settings) -> Home:
    """Open a home, making its folder and key; the database is not touched yet."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = with_secret_key(settings)
    house = House(settings.currency, settings.time_zone, settings.language, settings.public_url)
    return Home(settings, Database(settings.database_url, house), open_store(settings.blob_url))


def prepare(home: Home) -> None:
    """Make the system tables and the CRM's lists, or bring them up to date. Changes nothing the second time."""
    database = home.database
    stored = templates.store(home.blobs)
    with database.write() as session:
        if not database.is_sqlite:
            database.prepare_postgresql(session)
        migrations.upgrade(session.connection())
        installing.install(session)
        following.begin(session)
        templates.install(session, stored)


def is_prepared(home: Home) -> bool:
    """Whether the home's database has its tables."""
    with home.database.engine.connect() as connection:
        return inspect(connection).has_table("lists")
