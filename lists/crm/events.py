"""What makes an event whole: its title, its time zone, its participants."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import query
from ..errors import FieldError, Invalid, Words
from ..hooks import Change, before_write
from ..models import User
from .names import subject_of


@before_write("crm.event")
def complete_event(session: Session, change: Change) -> None:
    """Remember a title typed by hand as such: everybody sees it. One made by the program follows the case."""
    if change.kind not in ("create", "update"):
        return
    new = change.new
    if "name" in change.given and not change.actor.is_program and not _is_made_name(change):
        new["name_typed"] = bool(new.get("name"))
    if not new.get("name") or not new.get("name_typed"):
        new["name"], new["name_typed"] = subject_of(session, new), False
    new["time_zone"] = _zone(new.get("time_zone") or change.actor.time_zone)
    _check_times(new)
    if change.kind == "create" or change.changed("participants"):
        new["participant_users"] = _users_among(session, change, new.get("participants") or [])


def _is_made_name(change: Change) -> bool:
    """Whether the title sent is only the program's own one come back from a form: that tells of the case still."""
    made = change.old.get("name")
    words = change.definition.settings.get("masked_name", {}).values()
    came_back = change.new.get("name") in {made, *(f"{word}: {made}" for word in words)}
    return bool(made) and not change.old.get("name_typed") and came_back


def _check_times(new: dict[str, Any]) -> None:
    start, end = new.get("start"), new.get("end")
    if not start or not end:
        # Said before the functions that reckon with both, though the columns are required anyway.
        both = (("start", Words("Start"), start), ("end", Words("End"), end))
        missing = [(name, title) for name, title, value in both if not value]
        raise Invalid.many(
            [FieldError(name, "“%(column)s” must be filled in.", {"column": title}) for name, title in missing]
        )
    if end < start:
        raise Invalid("end", "The end is before the start.")
    if (end - start).days > 366:
        raise Invalid("end", "An event lasts at most a year.")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise Invalid("time_zone", "“%(value)s” is not a time zone.", value=name[:64])
    return ZoneInfo(name).key


def _users_among(session: Session, change: Change, participants: list[dict[str, Any]]) -> list[int] | None:
    users = {one["user"] for one in participants if "user" in one}
    contacts = {one["contact"] for one in participants if "contact" in one}
    if users - set(query.titles(session, change.actor, "users", sorted(users))):
        raise Invalid("participants", "There is no such item to choose.")
    if contacts - set(query.titles(session, change.actor, "contacts", sorted(contacts))):
        raise Invalid("participants", "There is no such item to choose.")
    addresses = {one["email"].lower() for one in participants if "email" in one}
    if addresses:
        users |= set(session.scalars(select(User.id).where(func.lower(User.email).in_(addresses))))
    return sorted(users) or None
