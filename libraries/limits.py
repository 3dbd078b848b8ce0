"""Work on files of strangers happens in a child process with limits, so that a bomb kills only the child.

The child is a fresh Python (no fork of a threaded server), sets its own limits before it reads what to do,
and gets an environment without the portal's secrets. Starting one and getting an answer takes about 45 ms;
what the task imports comes on top (measured on a 2-core machine: lxml 0.04 s, docxtpl 0.2 s, pypdf 0.25 s).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..lists.errors import N_, FieldError, Invalid

LOG = logging.getLogger("caseroom.limits")
MEGABYTE = 1024 * 1024
ANSWER_LIMIT = 16 * MEGABYTE
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")


class LimitReached(Invalid):
    """The child was stopped, or broke, before it had an answer."""


class TimeUp(LimitReached):
    """The child was stopped because its time was up."""


def run(
    function: Callable[..., Any],
    *,
    seconds: float = 10,
    memory: int = 512 * MEGABYTE,
    written: int = 64 * MEGABYTE,
    field: str = "file",
    **arguments: Any,
) -> Any:
    """Call a module-level `function` of ours in a child process, with JSON-able `arguments` and answer.

    `seconds` bounds wall-clock and processor time, `memory` (bytes) its address space, `written` (bytes) each
    file it writes; `field` is what a refusal is about. What the function raises as `Invalid` is raised here
    again; `LimitReached` says in words what went wrong otherwise.
    """
    order = {
        "module": function.__module__,
        "function": function.__qualname__,
        "arguments": arguments,
        "limits": {"seconds": seconds, "memory": memory, "written": written},
    }
    code, answer = _converse(order, seconds, field)
    return _result(code, answer, field, memory=memory, written=written)


def run_program(
    command: list[str],
    *,
    seconds: float,
    memory: int,
    folder: str,
    written: int = 64 * MEGABYTE,
) -> None:
    """Run another program (such as LibreOffice) with the same limits; `folder` is its home and its place.

    Raises `LimitReached` where it fails or is stopped.
    """
    order = {
        "program": command,
        "folder": folder,
        "limits": {"seconds": seconds, "memory": memory, "written": written},
    }
    code, _ = _converse(order, seconds, "file")
    if code != 0:
        raise LimitReached("file", "The program that reads this file gave up (%(code)s).", code=code)


def _converse(order: dict[str, Any], seconds: float, field: str) -> tuple[int, bytes]:
    """Give a child its order; its exit code and its answer. Raises `LimitReached` when the time is up."""
    with tempfile.TemporaryDirectory(prefix="caseroom-") as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(folder),
            start_new_session=True,
            close_fds=True,
        )
        with _killed_after(child, seconds) as clock:
            assert child.stdin is not None and child.stdout is not None
            with contextlib.suppress(BrokenPipeError), child.stdin as orders:
                orders.write(json.dumps(order).encode())
            answer = child.stdout.read(ANSWER_LIMIT + 1)
            if len(answer) > ANSWER_LIMIT:
                child.kill()
            # Waited for without being reaped: its group keeps its number until all of it is ended.
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        code = child.wait()
    if clock.is_set() or code == -signal.SIGXCPU:
        raise TimeUp(
            field, "This took longer than %(seconds)s seconds and was stopped.", seconds=seconds
        )
    return code, answer


@contextlib.contextmanager
def _killed_after(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """End the child with all that it started, after `seconds` (the event is set then) or with the block."""
    timed_out = threading.Event()

    def end() -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)

    def too_late() -> None:
        timed_out.set()
        end()

    clock = threading.Timer(seconds + 1, too_late)
    clock.daemon = True
    clock.start()
    try:
        yield timed_out
    finally:
        clock.cancel()
        clock.join()
        end()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _result(code: int, answer: bytes, field: str, *, memory: int, written: int) -> Any:
    if len(answer) > ANSWER_LIMIT:
        raise LimitReached(field, "The answer is larger than %(size)s MB.", size=ANSWER_LIMIT // MEGABYTE)
    told: dict[str, Any]
    try:
        told = json.loads(answer)
    except ValueError:
        told = {"broke": f"exit {code}"}
    if "result" in told:
        return told["result"]
    if "invalid" in told:
        refusals = [FieldError(e["field"], e["message"], e["values"]) for e in told["invalid"]]
        raise Invalid.many(refusals)
    if told["broke"] == "MemoryError":
        raise LimitReached(
            field, "This needs more than %(size)s MB of memory and was stopped.", size=memory // MEGABYTE
        )
    if told["broke"] == "FileTooLarge":
        raise LimitReached(field, "The result is larger than %(size)s MB.", size=written // MEGABYTE)
    LOG.warning("A file could not be processed: %s", told["broke"])
    words = N_("The file could not be processed: it is damaged or needs too much memory. Save it again, or a smaller "
               "part of it, and choose that.")  # fmt: skip
    raise LimitReached(field, words)


def _environment(folder: str) -> dict[str, str]:
    """Only what Python and LibreOffice need to start; nothing that could be a secret."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    where = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return kept | {"PYTHONPATH": where, "PYTHONIOENCODING": "utf-8", "PYTHONNOUSERSITE": "1", "HOME": folder}
