"""Imports in the background: a file is read in a process with limits, its rows are a blob, a worker does the rest.

What a worker has begun it keeps in memory between its turns; another worker, or the next after a kill, reads the rows
anew and goes on where the database says.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..libraries import collecting, limits
from ..lists import importing, imports, mapping, selecting, sources, spooling, undoing
from ..lists.catalogue import catalogue
from ..lists.errors import N_, DomainError, Forbidden, Invalid, NotFound
from ..lists.importing import Importing, Prepared
from ..lists.imports import Import, Stopped
from ..lists.rights import PROGRAM, Actor, load_actor
from ..lists.spooling import Rows, SourceRow
from .home import Home

LOG = logging.getLogger(__name__)
SECONDS_OF_READING, SECONDS_OF_WAITING = 90, 10
MEMORY, LARGEST = 3_000 * limits.MEGABYTE, 8_000 * limits.MEGABYTE
SECONDS_OF_A_TURN = 1.0
TRIED = 5000  # rows; a trial keeps others from the rows that it changes
_reading = threading.Lock()
_begun: dict[tuple[int, str], Importing] = {}  # by batch: the number of one that is deleted another may get


def take(home: Home, actor: Actor, list_name: str, stream: IO[bytes], file_name: str) -> int:
    """Read a file for a list; the number of its import. Raises NotFound, Forbidden, Invalid, StorageFull."""
    imports.administrators_only(actor)
    if Path(file_name).suffix.lower() not in sources.SUFFIXES:
        raise Invalid("file", "Choose a table (CSV, XLSX, ODS), vCards (VCF) or a calendar (ICS).")
    with tempfile.TemporaryDirectory(prefix="caseroom-import-") as folder:
        source, target = Path(folder, "file"), Path(folder, "rows")
        with source.open("wb") as file:
            while piece := stream.read(limits.MEGABYTE):
                file.write(piece)
        with _one_file_at_a_time():
            total = limits.run(
                sources.spool, seconds=SECONDS_OF_READING, memory=MEMORY, written=LARGEST,
                source=str(source), name=file_name, target=str(target),
            )  # fmt: skip
        with target.open("rb") as rows:
            header, _rows = spooling.head(rows, 0)
            rows.seek(0)
            blob = home.blobs.put(rows)
    with home.database.write() as session:
        return imports.new(
            session, actor, list_name, file_name, rows_sha256=blob.sha256, header=header, total=total
        ).id  # fmt: skip


@contextmanager
def _one_file_at_a_time() -> Iterator[None]:
    """A request waits while its file is read; many must not take all threads of the web server, nor all memory."""
    if not _reading.acquire(timeout=SECONDS_OF_WAITING):
        raise Invalid("file", "Another large file is being read just now. Try again in a minute.")
    try:
        yield
    finally:
        _reading.release()


def first_rows(home: Home, found: Import, number: int) -> list[SourceRow]:
    """The first rows of an import's file; none where they are not kept any more."""
    if found.rows_sha256 is None or not home.blobs.exists(found.rows_sha256):
        return []
    with home.blobs.as_file(found.rows_sha256) as path, path.open("rb") as file:
        return spooling.head(file, number)[1]


@collecting.refers_to_blobs
def named(session: Session) -> Iterable[str]:
    """The rows of imports that have not ended."""
    return imports.rows_named(session)


def step(home: Home) -> bool:
    """The worker's step: a trial, the next rows of an import, or of an undoing; says whether there was one."""
    with home.database.read() as session:
        found = imports.waiting(session)
        if found is None:
            return False
        who = found.undo_user_id if found.state == "undoing" else found.user_id
        user = PROGRAM if who is None else load_actor(session, who)
        named = catalogue(session).by_id.get(found.list_id)
    try:
        if user is None or not user.is_administrator:
            raise Forbidden("Only an administrator may import.")
        if named is None:
            raise NotFound("There is no such list.")
        DOING[found.state](home, user, found, named.name)
    except Stopped:
        _begun.clear()
    except (Forbidden, NotFound, Invalid) as refusal:
        _fail(home, found.id, refusal)
    except (DomainError, SQLAlchemyError, OSError):
        _begun.clear()  # no room, a server that does not answer: it is read anew when the step is tried again
        raise
    except Exception:
        # A fault of ours at one row must not keep all imports of the house waiting for ever.
        LOG.exception("the import %s of “%s” cannot go on", found.id, found.file)
        words = N_("Caseroom met a fault of its own here, which its log describes. What was written stays.")
        _fail(home, found.id, Invalid("", words))
    return True


def _fail(home: Home, number: int, refusal: DomainError) -> None:
    _begun.clear()
    with home.database.write() as session:
        imports.fail(session, number, refusal)


def _prepared(home: Home, found: Import, list_name: str) -> Prepared:
    wanted = mapping.step_of(found.mapping, list_name, found.file)
    selecting.check_sources(wanted, found.header)
    if found.rows_sha256 is None:
        raise NotFound("The rows of this import are not kept any more.")
    with home.blobs.as_file(found.rows_sha256) as path:
        return Prepared(wanted, Rows(path.open("rb")))


def _try(home: Home, actor: Actor, found: Import, list_name: str) -> None:
    prepared = _prepared(home, found, list_name)
    importing.check(home.database, actor, [prepared.step])
    with importing.trial(home.database) as write:
        result = Importing(write, actor, home.database, found.id, prepared, at_most=TRIED).run()
    with home.database.write() as session:
        imports.tried(session, found.id, result.counts, result.refused)


def _import(home: Home, actor: Actor, found: Import, list_name: str) -> None:
    """A turn's rows. One import at a time is kept in memory."""
    key = (id(home.database), found.batch)
    if key not in _begun:
        prepared = _prepared(home, found, list_name)
        importing.check(home.database, actor, [prepared.step])
        _begun.clear()
        _begun[key] = Importing(home.database.write, actor, home.database, found.id, prepared)
    going, until = _begun[key], time.monotonic() + SECONDS_OF_A_TURN
    while going.done < len(going.rows) and time.monotonic() < until:
        going.portion()
    if going.done >= len(going.rows):
        _begun.clear()
        with home.database.write() as session:
            imports.must_go_on(session, found.id)
            imports.end(session, found.id)


def _undo(home: Home, actor: Actor, found: Import, _list_name: str) -> None:
    until = time.monotonic() + SECONDS_OF_A_TURN
    left = True
    while left and time.monotonic() < until:
        with home.database.write() as session:
            left = undoing.portion(session, actor, imports.get(session, actor, found.id, lock=True))


DOING: dict[str, Any] = {"trying": _try, "running": _import, "undoing": _undo}
