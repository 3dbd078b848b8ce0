"""Notices, alerts, what alerts have found, and which digests are done."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ...lists.database import Base
from ...lists.models import now
from ...lists.sqltypes import Json, UtcDateTime


class Notice(Base):
    """Somebody is told of something about an item. It has no word of the item: what may be said is asked when read.

    `key` makes telling twice the same thing impossible. `what`: `comment`, `change`, `columns`, `message` (of who
    shared it), by kind. `to_mail`: its mail is still to be made.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notices_unseen", "user_id", "seen", "id"),
        Index("ix_notices_to_mail", "id", sqlite_where=text("to_mail"), postgresql_where=text("to_mail")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    who_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    seen: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    what: Mapped[dict[str, Any]] = mapped_column(Json)
    to_mail: Mapped[bool] = mapped_column(default=False)


class Alert(Base):
    """What somebody wants to be told of: an item, a view or a whole list (both None).

    `changes`: all, new, changed, deleted or columns (ids in `columns`, so that a rename keeps them). `rhythm`: now,
    daily at `hour`, weekly on `weekday` (0 = Monday) at `hour`, in the person's time zone.
    """

    __tablename__ = "alerts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    list_id: Mapped[int] = mapped_column(Integer, index=True)
    item_id: Mapped[int | None] = mapped_column(Integer)
    view_id: Mapped[int | None] = mapped_column(Integer)
    changes: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[int]] = mapped_column(Json)
    rhythm: Mapped[str] = mapped_column(String(8))
    hour: Mapped[int] = mapped_column(default=8)
    weekday: Mapped[int] = mapped_column(default=0)
    by_portal: Mapped[bool] = mapped_column(default=True)
    by_mail: Mapped[bool] = mapped_column(default=False)
    since: Mapped[int] = mapped_column(BigInteger)  # the log's last line when it was made
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)


class AlertFinding(Base):
    """A change that an alert is about, until it is told at `due`. The versions say between which the item changed."""

    __tablename__ = "alert_findings"
    __table_args__ = (UniqueConstraint("alert_id", "item_id", "seq"), Index("ix_alert_findings_due", "due", "user_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(Integer)
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))  # new, changed, deleted, entered, left, comment
    who_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    before: Mapped[int] = mapped_column(Integer)
    after: Mapped[int] = mapped_column(Integer)
    due: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


class Digest(Base):
    """What was told to somebody at once. Its row, the notices, the mail in the outbox and the end of the findings are
    one transaction, so that each is told once. `key`: the user and the last
    finding in it (its alert, item and line)."""

    __tablename__ = "digests"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    mail_guid: Mapped[str | None] = mapped_column(Text)
