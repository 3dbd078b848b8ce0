"""Functions that misbehave, for the tests of the limits to run in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from caseroom.lists.errors import FieldError, Invalid


def echo(value: Any) -> Any:
    print("noise on standard output")
    return value


def environment() -> dict[str, str]:
    return dict(os.environ)


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(600)


def swallow_memory() -> int:
    return len(b"x" * 10**10)


def sleep_in_a_grandchild(note: str) -> None:
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(note).write_text(str(grandchild.pid))
    time.sleep(600)


def crash() -> None:
    os.abort()


def raise_something() -> None:
    raise ZeroDivisionError("a reason")


def refuse() -> None:
    raise Invalid.many([FieldError("a", "No %(what)s.", {"what": "x"}), FieldError("b", "Nor this.")])


def talk_without_end() -> str:
    return "x" * 40_000_000


def write_without_end(path: str) -> None:
    with open(path, "wb") as file:
        file.writelines(bytes(1_000_000) for _ in range(1000))
