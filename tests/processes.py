"""Real processes on a home, and clients that speak HTTP to them: for tests of crashes and races."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from house import House
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from caseroom.lists.models import User
from caseroom.portal import sign_in

CASEROOM = [sys.executable, "-m", "caseroom.portal.cli"]
IDLE_SECONDS = 2
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def until(answer: Callable[[], Any], seconds: float = 60) -> bool:
    """Whether the answer becomes true in this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer():
            return True
        time.sleep(0.05)
    return False


def environ_of(house: House) -> dict[str, str]:
    """What a process needs to work on this house, whose database may lie elsewhere."""
    return {**ENVIRON, "CASEROOM_DATABASE_URL": house.home.database.url.render_as_string(hide_password=False)}


def caseroom(house: House, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """A command on the house's home, run to its end."""
    command = [*CASEROOM, *words, "--home", str(house.home.settings.home)]
    return subprocess.run(command, env=environ_of(house), capture_output=True, text=True, timeout=seconds)


def start(house: House, *words: str) -> subprocess.Popen[bytes]:
    """A command on the house's home, left running."""
    command = [*CASEROOM, *words, "--home", str(house.home.settings.home)]
    return subprocess.Popen(
        command, env=environ_of(house), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(house: House, *options: str, servers: int = 1) -> Iterator[list[Server]]:
    """Servers on one home, each on a port of its own, until the block ends."""
    running = [Server(start(house, "serve", "--port", str(port), *options), port) for port in _free_ports(servers)]
    try:
        for server in running:
            assert until(server.answers), "the server does not answer"
        yield running
    finally:
        for server in running:
            stop(server.process)


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as kept:
        sockets = [kept.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process in order, or by force where it does not listen."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Server:
    """A running `caseroom serve`."""

    process: subprocess.Popen[bytes]
    port: int

    def answers(self) -> bool:
        """Whether a page comes; a process that has ended fails at once."""
        assert self.process.poll() is None, "the server has ended"
        try:
            return Client(self.port, "").get("/sign-in").status == 200
        except (OSError, http.client.HTTPException):
            return False


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A program that speaks HTTP with a bearer token; each thread has a connection of its own."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token, self._mine = port, token, threading.local()

    def send(self, method: str, path: str, body: bytes = b"", **headers: Any) -> Answer:
        """Send one request; `headers` with underscores for hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = self._connection()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        except BaseException:
            connection.close()
            raise
        finally:
            self._mine.used = time.monotonic()

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection; a new one where the server may have closed the last one as idle."""
        if time.monotonic() - getattr(self._mine, "used", 0.0) > IDLE_SECONDS:
            self._mine.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self._mine.connection

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, values: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, json.dumps(values or {}).encode(), Content_Type="application/json", **headers)

    def patch(self, path: str, values: Any, **headers: str) -> Answer:
        return self.send("PATCH", path, json.dumps(values).encode(), Content_Type="application/json", **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.send("DELETE", path, b"", **headers)

    def form(self, path: str, **fields: Any) -> Answer:
        """Send a form; a file is `(name, bytes)`."""
        values = {
            name: FileStorage(io.BytesIO(value[1]), value[0]) if isinstance(value, tuple) else str(value)
            for name, value in fields.items()
        }
        boundary, body = encode_multipart(values)
        return self.send("POST", path, body, Content_Type=f"multipart/form-data; boundary={boundary}")


def token_of(house: House, who: str) -> str:
    """A bearer token of this person."""
    with house.home.database.write() as session:
        user = session.scalars(select(User).where(User.id == house.people[who])).one()
        return sign_in.add_token(session, user)


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """The answers of calls that begin at the same moment."""
    ready = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        ready.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def children(pid: int) -> list[int]:
    """The living descendants of a process."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


__all__: Sequence[str] = [
    "CASEROOM", "ENVIRON", "Answer", "Client", "Server", "at_once", "caseroom", "children", "environ_of", "free_port",
    "serving", "start", "stop", "token_of", "until",
]  # fmt: skip
