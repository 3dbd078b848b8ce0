"""The worker: what may follow a change a moment later, and what is done from time to time.

A step is a function of the home that answers whether it did anything. It works in small portions, so that a stop is
quick; an entry that it cannot take it sets aside itself (`changelog.set_aside`). A step that raises is tried again
after growing pauses and keeps no other step waiting. One worker at a time does a step: it holds the step's lease.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ..libraries import collecting, reading
from ..lists import bins, bulk_editing, changelog, indexes, recycling, retyping_jobs
from ..lists.models import now
from . import imports
from .home import Home
from .mail import deliver_step
from .models import Lease, SignInFailure, UserSession
from .notices import delivering, following, share_mails

LOG = logging.getLogger("caseroom.worker")
POLL_SECONDS = 0.5
LEASE = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0


@dataclass(frozen=True)
class Step:
    """`run(home)` answers whether there was something to do. It runs after every change and every `every` seconds."""

    name: str
    run: Callable[[Home], bool]
    every: float = 60.0
    follows_changes: bool = True


def forget_old_sessions(home: Home) -> bool:
    """Remove sessions that have ended and wrong passwords that no longer count."""
    old = now() - timedelta(minutes=home.settings.sign_in_wait_minutes)
    with home.database.write() as session:
        session.execute(delete(UserSession).where(UserSession.expires < now()))
        session.execute(delete(SignInFailure).where(SignInFailure.at < old))
    return False


def empty_column_bins(home: Home) -> bool:
    """Take a column out of its table whose time in the bin is over."""
    with home.database.write() as session:
        return bins.purge(session) > 0


def purge_deleted(home: Home) -> bool:
    """End for good what has lain in the recycle bins long enough: items, and whole lists."""
    kept = timedelta(days=home.settings.recycle_days)
    return recycling.purge_old(home.database, kept) or bins.purge_lists(home.database, kept)


def complete_indexes(home: Home) -> bool:
    """Make an index that a list's columns ask for and that is not there yet."""
    return indexes.complete(home.database)


def edit_in_bulk(home: Home) -> bool:
    """Do a portion of a change of many rows."""
    return bulk_editing.step(home.database)


def forget_bulk_edits(home: Home) -> bool:
    """Forget what became of changes of many rows that ended long ago."""
    return bulk_editing.forget_old(home.database)


def change_types(home: Home) -> bool:
    """Convert a portion of a large list's column that is given another type."""
    return retyping_jobs.step(home.database)


def index_changes(home: Home) -> bool:
    """Bring the full-text index up to date."""
    indexing = importlib.import_module(f"{__package__}.search.indexing")
    return bool(indexing.catch_up(home))


def indexing_step() -> Step | None:
    """The step that keeps the search index up to date."""
    found = importlib.util.find_spec(f"{__package__}.search.indexing")
    return Step("search", index_changes) if found else None


# A room's step is added here; it then runs in every `caseroom serve` and `caseroom worker`.
STEPS = [Step("sessions", forget_old_sessions, every=3600, follows_changes=False)]
STEPS += [Step("texts", reading.step), Step("orphans", collecting.step, every=3600, follows_changes=False)]
STEPS += [Step("columns", empty_column_bins, every=3600, follows_changes=False)]
STEPS += [Step("purging", purge_deleted, every=600, follows_changes=False)]
STEPS += [Step("indexes", complete_indexes, follows_changes=False)]
STEPS += [Step("notices", following.step), Step("alerts", delivering.step, every=10)]
STEPS += [Step("shares", share_mails.step, every=5)]
STEPS += [Step("bulk", edit_in_bulk, every=1), Step("types", change_types, every=1)]
STEPS += [Step("bulk results", forget_bulk_edits, every=3600, follows_changes=False)]
STEPS += [Step("mail", deliver_step, every=5), Step("imports", imports.step, every=2)]
STEPS += [step for step in [indexing_step()] if step]


def run(home: Home, steps: list[Step] | None = None, stop: threading.Event | None = None) -> None:
    """Do the steps until SIGTERM (or `stop` is set)."""
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
    doing = [Doing(home, step) for step in (STEPS if steps is None else steps)]
    while not stop.is_set():
        seq = _last_change(home)
        busy = [one.turn(seq) for one in doing]
        if not any(busy):
            stop.wait(POLL_SECONDS)
    for one in doing:
        one.release()


class Doing:
    """One step as this worker does it: when it is due, its lease, its pauses after failures."""

    def __init__(self, home: Home, step: Step) -> None:
        self.home, self.step, self.holder = home, step, holder_name()
        self.seen = -1
        self.due = 0.0
        self.pause = FIRST_PAUSE
        self.again = False
        self.failing = False

    def turn(self, seq: int) -> bool:
        """Do the step once if it is due; answers whether there may be more to do at once."""
        clock = time.monotonic()
        fresh = not self.failing and self.step.follows_changes and seq != self.seen
        if not (self.again or fresh or clock >= self.due):
            return False
        self.again = False
        try:
            if not self._lease():
                self.due = clock + min(self.step.every, LEASE.total_seconds() / 4)
                return False
            self.again = self.step.run(self.home)
        except Exception:
            LOG.exception("step %s failed; tried again in %.0f s", self.step.name, self.pause)
            self.failing, self.due, self.pause = True, clock + self.pause, min(self.pause * 2, LONGEST_PAUSE)
            return False
        self.failing, self.pause = False, FIRST_PAUSE
        self.seen, self.due = seq, clock + self.step.every
        return self.again

    def _lease(self) -> bool:
        with self.home.database.read() as session:
            found = session.get(Lease, self.step.name)
            if found and found.holder == self.holder and found.until - now() > LEASE / 2:
                return True
            if found and not _free(found, self.holder):
                return False
        with self.home.database.write() as session:
            return _take(session, self.step.name, self.holder)

    def release(self) -> None:
        """Let another worker have the step."""
        with self.home.database.write() as session:
            session.execute(delete(Lease).where(Lease.name == self.step.name, Lease.holder == self.holder))


def _take(session: Session, name: str, holder: str) -> bool:
    found = session.get(Lease, name, with_for_update=True)
    if found is None:
        session.add(Lease(name=name, holder=holder, until=now() + LEASE, runs=1))
        return True
    if not _free(found, holder):
        return False
    found.holder, found.until, found.runs = holder, now() + LEASE, found.runs + 1
    return True


def _free(lease: Lease, holder: str) -> bool:
    """Whether we may have it: ours, run out, or its holder was killed on this machine."""
    return lease.holder == holder or lease.until < now() or _is_gone(lease.holder)


def _is_gone(holder: str) -> bool:
    host, pid, started = holder.rsplit("/", 2)
    return host == socket.gethostname() and pid.isdigit() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """When the process began, in ticks since the machine's start (proc(5)), or "" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def holder_name() -> str:
    """Who we are, so that another worker can tell whether we still live."""
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{_started(os.getpid())}"


def _last_change(home: Home) -> int:
    with home.database.read() as session:
        return changelog.last(session)
