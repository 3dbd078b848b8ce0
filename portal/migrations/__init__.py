"""Migrations of the system tables. Lists' own tables are changed by `lists.schema` at run time, not here.

A new revision: `python -m caseroom.portal.migrations "say what changes"` compares the models with an upgraded,
empty database and writes `versions/NNNN_….py`, to be read and corrected by hand.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from ...lists.database import Base

FOLDER = Path(__file__).parent


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is in a transaction of ours."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the system tables up to the newest revision, in the caller's transaction."""
    command.upgrade(configuration(connection), "head")


def differences(connection: Connection) -> list[object]:
    """What distinguishes the database's system tables from the models; empty when they agree."""
    options = {"include_name": is_ours, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table is a system table: the lists' own tables belong to `lists.schema`."""
    return kind != "table" or (name in Base.metadata.tables)
