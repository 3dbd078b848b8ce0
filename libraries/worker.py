"""The child process of `limits`: `python -m caseroom.libraries.worker`, its order as JSON on standard input.

It imports next to nothing, limits itself, and only then does what it is told. Its answer is one JSON object
on standard output: `{"result": …}`, `{"invalid": [{field, message, values}]}` or `{"broke": reason}`.
"""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
import sys
from typing import Any


def main() -> None:
    """Read the order, limit this process, obey, answer."""
    # What a library prints must not mix with the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    order = json.load(sys.stdin.buffer)
    restrict(**order["limits"])
    if "program" in order:
        answer.close()
        os.chdir(order["folder"])
        os.environ["HOME"] = order["folder"]
        os.execvp(order["program"][0], order["program"])
    answer.write(json.dumps(perform(order)).encode())
    answer.close()
    # Nothing to tidy up, and a library's threads or destructors must not hold the answer back.
    os._exit(0)


def restrict(*, seconds: float, memory: int, written: int) -> None:
    """Limit processor time, address space and file size of this process and of what it starts."""
    whole = math.ceil(seconds)
    for what, limit in (
        (resource.RLIMIT_CPU, whole),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, written),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        # A second between the signal that tells and the one that kills without a word.
        ceiling = bound + 1 if what == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else bound
        resource.setrlimit(what, (bound, ceiling))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def perform(order: dict[str, Any]) -> dict[str, Any]:
    """Call the ordered function and put what comes of it in a form for the pipe."""
    try:
        module = __import__(order["module"], fromlist=["*"])
        return {"result": getattr(module, order["function"])(**order["arguments"])}
    except MemoryError:
        return {"broke": "MemoryError"}
    except OSError as error:
        if error.errno == errno.EFBIG:
            return {"broke": "FileTooLarge"}
        return {
            "broke": "MemoryError"
            if error.errno == errno.ENOMEM
            else f"{type(error).__name__}: {error}"[:300]
        }
    # Whatever a parser makes of a stranger's file is an answer, not a crash.
    except Exception as error:
        if isinstance(refused := getattr(error, "errors", None), list):
            return {
                "invalid": [{"field": e.field, "message": e.message, "values": e.values} for e in refused]
            }
        return {"broke": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    main()
