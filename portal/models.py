"""The portal's own tables: signed-in sessions, API tokens, wrong passwords, leases of background work."""

from __future__ import annotations

import datetime

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..lists.database import Base
from ..lists.models import now
from ..lists.sqltypes import UtcDateTime


class UserSession(Base):
    """A browser that is signed in. Only the hash of its cookie's secret is kept."""

    __tablename__ = "user_sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)
    expires: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")


class ApiToken(Base):
    """A bearer token of a user. Only its hash is kept."""

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now)


class SignInFailure(Base):
    """A wrong password: counted per account and per network address to slow down guessing."""

    __tablename__ = "sign_in_failures"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=now, index=True)
    account: Mapped[str] = mapped_column(String(254), index=True)
    address: Mapped[str] = mapped_column(String(64), index=True)


class Lease(Base):
    """Which process does a piece of background work until when, so that several workers do not do it twice."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    runs: Mapped[int] = mapped_column(Integer, default=0)
