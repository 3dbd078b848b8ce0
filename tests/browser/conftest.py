"""A running portal and a real Chromium."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import demo_house
import pytest
from cheroot.wsgi import Server
from demo_house import DemoHouse, FilledDemo
from house import House, settle
from playwright.sync_api import Browser, sync_playwright

from caseroom.portal.assets import STATIC

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a web server in this process that answers with the application."""
    server = Server(("127.0.0.1", 0), app, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="session")
def bundles() -> None:
    """The scripts are built."""
    if not (STATIC / "dist" / "app.js").is_file():
        pytest.skip("the scripts are not built: make assets")


@pytest.fixture
def running(sqlite_template: Path, tmp_path: Path, bundles: None) -> Iterator[tuple[House, str]]:
    """A settled house behind a real web server, and its address."""
    path = tmp_path / "caseroom.db"
    shutil.copyfile(sqlite_template, path)
    house = settle(tmp_path / "home", f"sqlite:///{path}")
    with served(house.app) as address:
        yield house, address
    house.home.database.dispose()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A real Chromium; open a context of your own in it."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def demo(
    tmp_path_factory: pytest.TempPathFactory, filled_demo: FilledDemo, bundles: None
) -> Iterator[tuple[DemoHouse, str]]:
    """A demo behind a real web server, and its address."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(filled_demo.folder, folder)
    house = demo_house.enter(demo_house.open_demo(folder))
    with served(house.app) as address:
        yield house, address
    house.home.database.dispose()
