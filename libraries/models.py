"""The system tables of the document libraries: file versions, working copies, files whose text is still to be read."""

from __future__ import annotations

import datetime

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..lists.database import Base
from ..lists.models import now
from ..lists.sqltypes import UtcDateTime


class FileVersion(Base):
    """A version of a document's file. `kind`: upload, save, minor, major, overwrite, publish or restore."""

    __tablename__ = "file_versions"
    __table_args__ = (UniqueConstraint("list_id", "item_id", "major", "minor"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    major: Mapped[int] = mapped_column(Integer)
    minor: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))

    @property
    def number(self) -> str:
        """What people call it: `2.0`, `2.1`."""
        return f"{self.major}.{self.minor}"


class WorkingCopy(Base):
    """What the holder of a check-out has saved since: seen by nobody else until it is checked in.

    `text` None = not read yet.
    """

    __tablename__ = "working_copies"
    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    actor_id: Mapped[int | None] = mapped_column(Integer)


class UnreadFile(Base):
    """A document whose file's text is read later, since it takes long; the row goes when it is done."""

    __tablename__ = "unread_files"
    __table_args__ = (Index("ix_unread_files_item", "list_id", "item_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
