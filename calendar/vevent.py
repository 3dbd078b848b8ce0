"""An event as iCalendar text (RFC 5545 3.6.1), in full and as who may not read it sees it.

Both texts are made when the event is written and stored with it; a feed only joins them (`calendar/feed.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Event, vCalAddress, vRecur, vText

from .events import EventFields, Participant
from .recurrence import rule_text
from .zones import follows_rule, is_utc

# Line breaks and tabs are text; every other control character is forbidden (RFC 5545 3.3.11) or breaks a
# line.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
MAILBOX = re.compile(r"[^\s\x00-\x1f\x7f<>\"(),:;\\@]+@[^\s\x00-\x1f\x7f<>\"(),:;\\@]+")
STAMPS = re.compile(r"^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE)[:;].*\r\n", re.MULTILINE)
SEQUENCE = re.compile(r"^SEQUENCE:(\d+)", re.MULTILINE)


def vevent_text(event: EventFields, *, domain: str) -> str:
    """The whole event as a VEVENT: CRLF, lines folded at 75 octets.

    `domain` completes the UID, guid@domain, and must never change. What iCalendar cannot hold (control
    characters, an address that is none) is left out rather than refused.
    Raises Invalid("recurrence", …) for a rule that was never checked.
    """
    component = _base(event, domain, event.name, sequence=event.version)
    _add_text(component, "location", event.place)
    _add_text(component, "description", _description(event))
    # No address has a backslash (RFC 3986, 2); calendar programs would take it for the beginning of an escape.
    _add_text(component, "url", "".join(_clean(event.url).split()).replace("\\", "%5C"))
    if event.categories:
        component.add("categories", [_line(category) for category in event.categories])
    for participant in event.participants:
        _add_participant(component, participant)
    component.add("class", "PRIVATE" if event.private else "PUBLIC")
    if event.reminder is not None:
        component.add_component(_alarm(event))
    return component.to_ical().decode()


def headline_text(
    event: EventFields, *, domain: str, meeting: str, busy: str, previous: str | None = None
) -> str:
    """The event as a reader at headline level sees it (SPEC 7): time, place, salesperson and a title typed by
    hand, else the word `meeting`; of a private event only that the salesperson is `busy`, and when.

    `previous` is the text that stands now: while nothing that may be seen has changed it is returned as it
    is, so that its stamps do not tell of changes to what is hidden.
    """
    sequence = _sequence(previous) + 1 if previous else 0
    title = event.name if event.title_by_hand and event.name.strip() else meeting
    component = _base(event, domain, busy if event.private else title, sequence=sequence)
    if event.private:
        component.add("class", "PRIVATE")
    else:
        _add_text(component, "location", event.place)
    text = component.to_ical().decode()
    return previous if previous and _without_stamps(previous) == _without_stamps(text) else text


def _base(event: EventFields, domain: str, summary: str, *, sequence: int) -> Event:
    """What both texts have: identity, time, salesperson."""
    component = Event()
    component.add("uid", f"{event.guid}@{domain}")
    component.add("dtstamp", event.modified.astimezone(UTC))
    component.add("last-modified", event.modified.astimezone(UTC))
    component.add("sequence", sequence)
    component.add("summary", _line(summary))
    _add_times(component, event)
    _add_organizer(component, event)
    component.add("transp", "OPAQUE" if event.shows_as_busy else "TRANSPARENT")
    return component


def _add_times(component: Event, event: EventFields) -> None:
    if event.all_day:
        component.add("dtstart", event.first_day)
        component.add("dtend", event.day_after)
    else:
        component.add("dtstart", _written(event.start, event))
        component.add("dtend", _written(event.end, event))
    if not event.recurrence:
        return
    component.add("rrule", vRecur.from_ical(rule_text(event)))
    if event.excluded and event.all_day:
        days = [moment.astimezone(event.zone).date() for moment in event.excluded]
        component.add("exdate", days, parameters={"VALUE": "DATE"})
    elif event.excluded:
        component.add("exdate", [_written(moment, event) for moment in event.excluded])


def _written(moment: datetime, event: EventFields) -> datetime:
    """The moment in the zone in which it is written: the event's own, or UTC where our VTIMEZONE would be
    wrong for it. A recurring event always keeps its zone, since its rule runs on the clock there."""
    right = follows_rule(event.time_zone, event.start) and follows_rule(event.time_zone, event.end)
    if is_utc(event.time_zone) or not (right or event.recurrence):
        return moment.astimezone(UTC)
    return moment.astimezone(event.zone)


def _add_organizer(component: Event, event: EventFields) -> None:
    """The salesperson. Without an address they are a CONTACT, as ORGANIZER must be one."""
    if MAILBOX.fullmatch(event.salesperson_email):
        component.add("organizer", _address(event.salesperson, event.salesperson_email))
    elif event.salesperson:
        component.add("contact", _line(event.salesperson))


def _add_participant(component: Event, participant: Participant) -> None:
    if not MAILBOX.fullmatch(participant.email):
        if _line(participant.name):
            component.add("contact", _line(participant.name))
        return
    address = _address(participant.name, participant.email)
    address.params["PARTSTAT"] = vText(participant.answer.upper())
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    component.add("attendee", address)


def _address(name: str, email: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    if _line(name):
        # A parameter cannot hold a double quote (RFC 5545 3.1); Outlook knows no RFC 6868 escapes.
        address.params["CN"] = vText(_line(name).replace('"', "'").replace("^", ""))
    return address


def _alarm(event: EventFields) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _line(event.name))
    alarm.add("trigger", -timedelta(minutes=event.reminder or 0))
    return alarm


def _description(event: EventFields) -> str:
    """The text, and below it the case and the company that the event is about."""
    about = "\n".join(name for name in (_line(event.case), _line(event.company)) if name)
    return "\n\n".join(part for part in (event.description, about) if part)


def _add_text(component: Event, name: str, text: str) -> None:
    if text := _clean(text):
        component.add(name, text)


def _clean(text: str) -> str:
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return " ".join(_clean(text).split())


def _sequence(text: str) -> int:
    found = SEQUENCE.search(text)
    return int(found[1]) if found else 0


def _without_stamps(text: str) -> str:
    return STAMPS.sub("", text)
