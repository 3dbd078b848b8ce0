"""How much memory a process has had at most."""

from __future__ import annotations

from pathlib import Path


def begin() -> int:
    """The peak begins anew at what is used now; answers that, in kB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most that this process has had since it began, or since `begin`, in kB (proc(5): VmHWM).

    Not `ru_maxrss`, which counts from what the process had that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
