"""What the calendar keeps with an event when it is written: its two iCalendar texts and its last end."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..lists.hooks import Change, before_write


@before_write("calendar.texts")
def keep_texts(session: Session, change: Change) -> None:
    """Store the event as iCalendar text, in full and as a reader at headline level sees it."""
