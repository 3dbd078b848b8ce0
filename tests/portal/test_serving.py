"""`caseroom serve` and its worker start together, end together, and say so when they cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import CASEROOM, ENVIRON, children, until

from caseroom.lists.models import now
from caseroom.portal import worker
from caseroom.portal.models import Lease


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def fetch(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
            return page.status == 200 and page.headers["Server"] == "gunicorn"
    except OSError:
        return False


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    home = tmp_path / "home"
    options = ["--owner", "Alfa", "--group", "North", "--administrator", "a@alfa.test", "--home", str(home)]
    subprocess.run(
        [*CASEROOM, "init", *options], check=True, env=ENVIRON, stdin=subprocess.DEVNULL, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*CASEROOM, "serve", "--home", str(home), "--port", str(port)], env=ENVIRON, stderr=subprocess.DEVNULL
    )
    assert until(lambda: fetch(port))
    yield process, port, home
    process.kill()
    process.wait()


def test_web_server_and_worker_start_and_stop_together(served):
    process, port, home = served
    started = children(process.pid)
    assert len(started) >= 4  # gunicorn and its two processes, and the worker
    taken = subprocess.run(
        [*CASEROOM, "serve", "--home", str(home), "--port", str(port)], env=ENVIRON, capture_output=True
    )
    assert taken.returncode == 2 and b"is taken" in taken.stderr and b"Traceback" not in taken.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert until(lambda: not any(alive(pid) for pid in started), 20)


def test_nothing_outlives_a_killed_parent_and_a_dead_worker_is_started_again(served):
    process, _, _ = served
    seen: list[list[int]] = []  # it has a child while it reads documents, and the web server none before it is up
    assert until(lambda: seen.append(_workers(process.pid)) or len(seen[-1]) == 1, 60)
    [worker] = seen[-1]
    os.kill(worker, signal.SIGKILL)
    assert until(lambda: set(_workers(process.pid)) - {worker}, 60)
    everything = children(process.pid)
    process.kill()
    assert until(lambda: not any(alive(pid) for pid in everything), 30)


def _workers(parent: int) -> list[int]:
    """The children of `serve` that have none themselves: the web server has its processes."""
    return [pid for pid in children(parent) if _parent(pid) == parent and alive(pid) and not children(pid)]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_a_step_runs_after_a_change_and_goes_on_after_failing(house):
    ran, failed, stop = [], [], threading.Event()

    def counts(home):
        ran.append(now())
        return False

    def fails(home):
        failed.append(now())
        raise ValueError("this step is broken")

    steps = [worker.Step("fails", fails), worker.Step("counts", counts)]
    running = threading.Thread(target=worker.run, args=(house.home, steps, stop))
    running.start()
    try:
        assert until(lambda: len(ran) == 1 and failed)
        house.make_relation()
        assert until(lambda: len(ran) == 2)
        assert until(lambda: len(failed) >= 2)
        time.sleep(1.5)
        assert len(ran) == 2 and len(failed) <= 4
    finally:
        stop.set()
        running.join()
    with house.home.database.read() as session:
        assert session.get(Lease, "counts") is None


def test_a_step_is_one_workers_until_that_is_gone(house):
    def held_by(holder: str) -> worker.Doing:
        with house.home.database.write() as session:
            session.merge(Lease(name="step", holder=holder, until=now() + worker.LEASE, runs=1))
        return worker.Doing(house.home, worker.Step("step", lambda home: bool(done.append(1))))

    done: list[int] = []
    held_by("another-machine/1/1").turn(1)
    assert done == []
    held_by(f"{socket.gethostname()}/999999/1").turn(1)
    assert done == [1]
    with house.home.database.read() as session:
        lease = session.get(Lease, "step")
        assert lease is not None and lease.holder == worker.holder_name()
