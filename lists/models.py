"""The system tables of the ground: users, roles, memberships, scopes, definitions, versions, the change log."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .sqltypes import Json, UtcDateTime


def now() -> datetime.datetime:
    """This instant, UTC."""
    return datetime.datetime.now(datetime.UTC)


def new_guid() -> str:
    """A new identity for ever."""
    return str(uuid.uuid4())


class User(Base):
    """Somebody who can sign in."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    guid: Mapped[str] = mapped_column(String(36), default=new_guid, unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(8), default="en")
    time_zone: Mapped[str | None] = mapped_column(String(64))
    theme: Mapped[str] = mapped_column(String(8), default="system")
    density: Mapped[str] = mapped_column(String(12), default="comfortable")
    feed_secret: Mapped[str] = mapped_column(String(64), unique=True)
    mail_when_shared: Mapped[bool] = mapped_column(default=True)  # a mail when a colleague shows an item
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)


class UserRole(Base):
    """A role of a user; `owner_id` says whose manager, for the role manager."""

    __tablename__ = "user_roles"
    __table_args__ = (UniqueConstraint("user_id", "role", "owner_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    owner_id: Mapped[int | None] = mapped_column(Integer)


class Membership(Base):
    """Whose user is in which sales group: kept equal to the list of salespeople by lists.crm.people."""

    __tablename__ = "memberships"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    salesperson_id: Mapped[int] = mapped_column(Integer)
    is_default: Mapped[bool] = mapped_column(default=False)


class GroupOwner(Base):
    """Which owner a sales group belongs to: kept equal to the list of sales groups by lists.crm.people."""

    __tablename__ = "group_owners"
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[int] = mapped_column(Integer, index=True)


class Scope(Base):
    """A canonical set of grants; rows with equal access lists share one. `key` names the set."""

    __tablename__ = "scopes"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)


class ScopeGrant(Base):
    """`subject` (``all``, ``group:3``, ``manager:1``, ``owner:1``, ``role:…``, ``user:7``) has `level` in a scope."""

    __tablename__ = "scope_grants"
    __table_args__ = (Index("ix_scope_grants_subject", "subject", "level", "scope_id"),)
    scope_id: Mapped[int] = mapped_column(ForeignKey("scopes.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[int] = mapped_column(Integer)


class ListRow(Base):
    """A list: its name and everything of its definition that is not a column or view."""

    __tablename__ = "lists"
    id: Mapped[int] = mapped_column(primary_key=True)
    guid: Mapped[str] = mapped_column(String(36), default=new_guid, unique=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    titles: Mapped[dict[str, str]] = mapped_column(Json)
    separation: Mapped[str] = mapped_column(String(16))
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    deleted: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    purged: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)  # its table is gone; its number is not reused


class ColumnRow(Base):
    """A column of a list. Its place in the table is named by its id, so that a rename loses no history."""

    __tablename__ = "list_columns"
    __table_args__ = (UniqueConstraint("list_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("lists.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(32))
    titles: Mapped[dict[str, str]] = mapped_column(Json)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    position: Mapped[int] = mapped_column(Integer)
    deleted: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)  # in the bin; its values stay in the table
    purged: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)  # they are gone; its number is not reused


class ViewRow(Base):
    """A saved view of a list; `user_id` None = everybody's."""

    __tablename__ = "list_views"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("lists.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    titles: Mapped[dict[str, str]] = mapped_column(Json)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    position: Mapped[int] = mapped_column(default=0)


class Version(Base):
    """What an item was: the old values of the columns that a change set, by column id. Rows are only ever added."""

    __tablename__ = "item_versions"
    __table_args__ = (Index("ix_item_versions_item", "list_id", "item_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)  # the version that this change made
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    old: Mapped[dict[str, Any]] = mapped_column(Json)


_IN_BATCH = text("batch IS NOT NULL")  # most lines belong to none


class Change(Base):
    """One line of the change log. `seq` is commit-ordered and free of gaps.

    `columns`: what an update changed; of the kind `comment` the comment itself, as `comment/12`.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_item", "list_id", "item_id"),
        Index("ix_changes_batch", "batch", sqlite_where=_IN_BATCH, postgresql_where=_IN_BATCH),
    )
    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    list_id: Mapped[int | None] = mapped_column(Integer)
    item_id: Mapped[int | None] = mapped_column(Integer)
    guid: Mapped[str | None] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(Integer)
    batch: Mapped[str | None] = mapped_column(String(36))
    scope_before: Mapped[int | None] = mapped_column(Integer)
    scope_after: Mapped[int | None] = mapped_column(Integer)
    columns: Mapped[list[str]] = mapped_column(Json)


class Comment(Base):
    """What somebody said of an item. `parent_id`: the comment that this one answers; answers have none of their own.

    `mentions`: [{user, at, length}], the stretches of the text that name people.
    """

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_item", "list_id", "item_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[int] = mapped_column(Integer)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[dict[str, int]]] = mapped_column(Json)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    edited: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
    deleted: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)


class Counter(Base):
    """Numbers that go up: the change log's, the definitions' generation, number series."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Follower(Base):
    """How far a follower of the change log has read."""

    __tablename__ = "followers"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class SetAside(Base):
    """A change that a follower could not take after all its tries, with the reason."""

    __tablename__ = "set_aside"
    id: Mapped[int] = mapped_column(primary_key=True)
    follower: Mapped[str] = mapped_column(String(64), index=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)


class Retyping(Base):
    """A column of a large list that the worker gives another type: see lists.retyping_jobs.

    `state`: filling, asking (values would be lost, and nobody said that they may), ending, done, refused, stopped.
    """

    __tablename__ = "retypings"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(Integer, index=True)
    column_id: Mapped[int] = mapped_column(Integer)
    new_id: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(String(16), index=True)
    confirmed: Mapped[bool] = mapped_column(default=False)
    total: Mapped[int] = mapped_column(Integer)  # values that there were when it began
    reached: Mapped[int] = mapped_column(Integer, default=0)  # the last item that is converted
    seq: Mapped[int] = mapped_column(BigInteger)  # up to where in the log items are converted as they stand
    converted: Mapped[int] = mapped_column(Integer, default=0)
    lost: Mapped[int] = mapped_column(Integer, default=0)
    examples: Mapped[list[Any]] = mapped_column(Json)  # [item id, value, reason]
    refusal: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    finished: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime)
