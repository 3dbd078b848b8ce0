"""Directus as a peer: installed from npm, with the same table beside ours, served on this machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAIL, PASSWORD, TOKEN = "admin@example.com", "a-long-password-for-a-trial", "token-of-the-limited-user"
SECONDS_TO_START = 120
TYPES = {"text": "string", "number": "decimal", "integer": "integer", "day": "date", "truth": "boolean"}


def program(folder: Path) -> Path:
    """Where its program is, once it is installed."""
    return folder / "node_modules" / ".bin" / "directus"


def installed(folder: Path) -> Path:
    """Its program, installed with the npm of this machine where it is not there yet (some minutes, 0.5 GB)."""
    if not program(folder).exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not installed; without it there is no Directus to compare with")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"name": "peer", "private": true, "dependencies": {"directus": "*"}}')
        subprocess.run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
    return program(folder)


class Peer:
    """A running Directus; `token` is that of who reads some of the scopes."""

    def __init__(self, address: str) -> None:
        self.address, self.token = address, TOKEN
        told = self.ask("POST", "/auth/login", {"email": MAIL, "password": PASSWORD}, token="")
        self._admin = told["data"]["access_token"]

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self._admin}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def make(self, columns: dict[str, str]) -> None:
        """The collection, with columns of these kinds (see TYPES) and the scope that each row is in."""
        key = {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}
        fields = [{"field": name, "type": TYPES[kind], "schema": {}} for name, kind in columns.items()]
        scope = {"field": "scope_id", "type": "integer", "schema": {}}
        body = {"collection": "bench", "schema": {}, "meta": {}, "fields": [key, *fields, scope]}
        self.ask("POST", "/collections", body)

    def limit(self, scopes: Iterable[int]) -> None:
        """A person who reads the rows of these scopes and makes new ones."""
        mine = {"scope_id": {"_in": list(scopes)}}
        read = {"collection": "bench", "action": "read", "permissions": mine, "fields": ["*"]}
        make = {"collection": "bench", "action": "create", "permissions": {}, "validation": mine, "fields": ["*"]}
        policy = self.ask("POST", "/policies", {"name": "Limited", "permissions": _new(read, make)})["data"]["id"]
        role = self.ask("POST", "/roles", {"name": "Limited", "policies": _new({"policy": policy})})["data"]["id"]
        person = {"email": "limited@example.com", "password": PASSWORD, "role": role, "token": TOKEN}
        self.ask("POST", "/users", {**person, "status": "active"})


def _new(*made: dict[str, Any]) -> dict[str, Any]:
    return {"create": list(made), "update": [], "delete": []}


@contextmanager
def running(directus: Path, folder: Path, database: dict[str, str]) -> Iterator[Peer]:
    """An empty Directus on this database (its DB_… variables), stopped at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ, **database, "HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_URL": address, "SECRET": "s" * 32,
        "ADMIN_EMAIL": MAIL, "ADMIN_PASSWORD": PASSWORD, "TELEMETRY": "false", "RATE_LIMITER_ENABLED": "false",
        "CACHE_ENABLED": "false", "LOG_LEVEL": "error", "NODE_ENV": "production",
    }  # fmt: skip
    with (folder / "directus.log").open("wb") as log:
        subprocess.run([directus, "bootstrap"], cwd=folder, env=environ, stdout=log, stderr=log, check=True)
        server = subprocess.Popen([directus, "start"], cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            within(SECONDS_TO_START, lambda: urllib.request.urlopen(f"{address}/server/ping", timeout=5).close())
            yield Peer(address)
        finally:
            server.terminate()
            server.wait()


def within(seconds: float, ask: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            ask()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
