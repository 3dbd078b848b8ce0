"""Serving a home: the web server (gunicorn, threads) and the worker, each a process of its own that ends with us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import click
from gunicorn.app.base import BaseApplication

from . import worker
from .app import create_app
from .home import open_home
from .settings import Settings

REQUEST_SECONDS, GRACE_SECONDS = 120, 10
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 60  # a worker that ran this long before it ended is started again without a longer pause
PR_SET_PDEATHSIG = 1


def listen_socket(bind: str, port: int) -> socket.socket:
    """A socket that listens on the address. Raises click.ClickException where it is taken or not ours."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((bind, port))
        # Two sockets may be bound to one address until one of them listens: only a try to listen finds it taken.
        opened.listen(1)
    except OSError as reason:
        opened.close()
        words = "is taken; choose another with --port" if reason.errno == 98 else f"cannot be used: {reason.strerror}"
        raise click.ClickException(f"Port {port} on {bind} {words}.") from None
    return opened


class Web(BaseApplication):
    """gunicorn on an open socket, without a configuration file or a command line of its own."""

    def __init__(self, settings: Settings, opened: socket.socket) -> None:
        self.settings, self.opened = settings, opened
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"fd://{self.opened.fileno()}",
            "worker_class": "gthread",
            "workers": self.settings.processes,
            "threads": self.settings.threads,
            "timeout": REQUEST_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": 5,
            "loglevel": "warning",
            "limit_request_line": 8190,  # OData filters are long
            # Forwarded headers are believed by the application alone, as far as `trusted_proxies` says.
            "forwarded_allow_ips": "",
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if self.cfg is not None and name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The application; called in every server process, so that none shares a database connection."""
        return create_app(self.settings)


def serve(settings: Settings, opened: socket.socket, *, with_worker: bool, ready: Callable[[], None]) -> NoReturn:
    """Serve until SIGTERM or SIGINT, then end both processes and exit. `ready` is called when the web server starts."""
    supervisor = Supervisor(with_worker)
    supervisor.web = _start(lambda: Web(settings, opened).run())
    opened.close()
    if with_worker:
        supervisor.start_worker = lambda: _start(lambda: worker.run(open_home(settings)))
        supervisor.worker = supervisor.start_worker()
    ready()
    sys.exit(supervisor.watch())


class Supervisor:
    """Keeps the worker alive while the web server lives, and ends both together."""

    def __init__(self, with_worker: bool) -> None:
        self.web = self.worker = 0
        self.start_worker: Callable[[], int] = int
        self.pause, self.started, self.again_at = FIRST_PAUSE, time.monotonic(), 0.0
        self.stopping = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)

    def watch(self) -> int:
        """Wait for the end; answers the exit status."""
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == self.web:
                self.web = 0
                self._end_worker()
                return 0 if self.stopping else os.waitstatus_to_exitcode(status) or 1
            if ended and ended == self.worker:
                self._plan_worker(status)
            if not ended:
                self._start_worker_when_due()
                time.sleep(0.2)

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True
        if self.web:
            os.kill(self.web, signal.SIGTERM)

    def _plan_worker(self, status: int) -> None:
        """The worker has ended: start it again after a pause, a longer one each time it ends soon."""
        self.worker = 0
        if self.stopping:
            return
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self.again_at = time.monotonic() + self.pause
        code = os.waitstatus_to_exitcode(status)
        print(f"The worker ended ({code}); it starts again in {self.pause:.0f} s.", file=sys.stderr, flush=True)
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def _start_worker_when_due(self) -> None:
        if self.again_at and not self.worker and not self.stopping and time.monotonic() >= self.again_at:
            self.again_at, self.started = 0.0, time.monotonic()
            self.worker = self.start_worker()

    def _end_worker(self) -> None:
        if not self.worker:
            return
        os.kill(self.worker, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            if os.waitpid(self.worker, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.kill(self.worker, signal.SIGKILL)


def _start(run: Callable[[], Any]) -> int:
    """Run in a child process that gets SIGTERM when we are gone, however we went. Answers its id."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends us in order
        die_with_parent(parent)
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def die_with_parent(parent: int) -> None:
    """Ask Linux to send us SIGTERM when `parent` is gone (prctl(2)); end at once if it is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
