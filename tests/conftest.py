"""What the tests find on this machine: test data, external programs, and a clean database for every test.

What is missing makes the test that needs it skip, with the reason.
CASEROOM_NO_SKIPS=1 makes every skip a failure.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))  # for the tests' own modules, such as house

from copies import Copies, on_server, with_database
from demo_house import FilledDemo, filled_once
from house import House, enter, settle

from caseroom.portal.home import open_home
from caseroom.portal.home import prepare as prepare_home
from caseroom.portal.settings import load

ROOT = Path(__file__).resolve().parent.parent
NO_SKIPS = os.environ.get("CASEROOM_NO_SKIPS", "") not in ("", "0")
POSTGRESQL_ADDRESSES = ("postgresql+psycopg:///test", "postgresql+psycopg://127.0.0.1/test")


# --- The machine ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with input that nobody here made."""
    folder = Path(os.environ.get("CASEROOM_TEST_DATA") or ROOT.parent / "shared" / "data").absolute()
    if not folder.is_dir():
        pytest.skip(f"there is no test data at {folder}; set CASEROOM_TEST_DATA")
    return folder


def program(*names: str, package: str) -> str:
    """The path of the first of these programs that is installed; skips where none is."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{names[0]} is not installed (Debian package {package})")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium, for Playwright's `executable_path`."""
    return program("chromium", "chromium-browser", "google-chrome", package="chromium")


@pytest.fixture(scope="session")
def litmus() -> str:
    """Path of litmus, which tries a WebDAV server."""
    return program("litmus", package="litmus")


@pytest.fixture(scope="session")
def soffice() -> str:
    """Path of LibreOffice."""
    return program("soffice", "libreoffice", package="libreoffice-writer-nogui")


@pytest.fixture(scope="session")
def pdftotext() -> str:
    """Path of pdftotext, which reads what a PDF says."""
    return program("pdftotext", package="poppler-utils")


@pytest.fixture(scope="session")
def postgresql() -> str:
    """URL of a database on a PostgreSQL server where this user may create further ones.

    CASEROOM_TEST_POSTGRESQL, else database `test` through the local socket or the loopback address.
    """
    told = os.environ.get("CASEROOM_TEST_POSTGRESQL")
    reason = ""
    for url in (told,) if told else POSTGRESQL_ADDRESSES:
        server = sa.create_engine(url, connect_args={"connect_timeout": 3}, poolclass=sa.NullPool)
        try:
            with server.connect():
                return url
        except OperationalError as refusal:
            reason = _one_line(refusal.orig or refusal)
    pytest.skip(f"no PostgreSQL answers: {reason}")


# --- A clean database for every test --------------------------------------------------------------


def prepare(url: str) -> None:
    """Make an empty database into a ready one: system tables and the shipped lists, no items.

    Runs once per worker and kind of database; tests get copies. Must close every connection.
    """
    home = open_home(load(Path(tempfile.mkdtemp(prefix="caseroom-template-")), environ={}, database_url=url))
    prepare_home(home)
    home.database.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "caseroom.db"
    url = f"sqlite:///{path}"
    prepare(url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path.touch()
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str, worker_id: str) -> Iterator[str]:
    """The name of a prepared PostgreSQL database, to copy; dropped at the end."""
    name = f"caseroom_test_{os.getpid()}_{worker_id}"
    on_server(postgresql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    try:
        prepare(with_database(postgresql, name))
        yield name
    finally:
        on_server(postgresql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def house_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a settled house (its documents' contents, without a database), to copy."""
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="session")
def sqlite_house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, house_home: Path) -> Path:
    """The SQLite file of a settled house, to copy: settling takes a second, copying none."""
    path = tmp_path_factory.mktemp("template") / "house.db"
    shutil.copyfile(sqlite_template, path)
    _settle_template(house_home, f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def postgresql_house(postgresql: str, postgresql_template: str, house_home: Path) -> Iterator[str]:
    """The name of the PostgreSQL database of a settled house, to copy; dropped at the end."""
    name = f"{postgresql_template}_house"
    on_server(postgresql, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    try:
        _settle_template(house_home, with_database(postgresql, name))
        yield name
    finally:
        on_server(postgresql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgresql_template_copies(postgresql: str, postgresql_template: str) -> Iterator[Copies]:
    """Copies of the prepared database."""
    copies = Copies(postgresql, postgresql_template)
    yield copies
    copies.close()


@pytest.fixture(scope="session")
def postgresql_house_copies(postgresql: str, postgresql_house: str) -> Iterator[Copies]:
    """Copies of the settled house's database."""
    copies = Copies(postgresql, postgresql_house)
    yield copies
    copies.close()


def _settle_template(folder: Path, url: str) -> None:
    settle(folder, url).home.database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a clean, prepared database of the test's own; a test that asks for it runs once per kind.

    Where the test asks for the `house`, it is settled already.
    """
    template = "house" if "house" in request.fixturenames else "template"
    folder = request.getfixturevalue("tmp_path") if request.param == "sqlite" else None
    with _copy(request, template, folder) as url:
        yield url


@contextmanager
def _copy(request: pytest.FixtureRequest, template: str, folder: Path | None) -> Iterator[str]:
    """URL of a copy of a prepared database: in this folder a SQLite file, without a folder on PostgreSQL."""
    if folder is not None:
        path = folder / "caseroom.db"
        shutil.copyfile(request.getfixturevalue(f"sqlite_{template}"), path)
        yield f"sqlite:///{path}"
        return
    copies: Copies = request.getfixturevalue(f"postgresql_{template}_copies")
    name = copies.take()
    try:
        yield with_database(request.getfixturevalue("postgresql"), name)
    finally:
        copies.give_back(name)


@pytest.fixture
def house(database_url: str, house_home: Path, tmp_path: Path) -> Iterator[House]:
    """A settled house (tests/house.py) on each kind of database."""
    shutil.copytree(house_home, tmp_path / "home")
    entered = enter(tmp_path / "home", database_url)
    yield entered
    entered.home.database.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_house(
    request: pytest.FixtureRequest, house_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A settled house on each kind of database that all tests of a module share: for what takes long to furnish."""
    folder = tmp_path_factory.mktemp("shared")
    with _copy(request, "house", folder if request.param == "sqlite" else None) as url:
        shutil.copytree(house_home, folder / "home")
        entered = enter(folder / "home", url)
        yield entered
        entered.home.database.dispose()


@pytest.fixture(scope="session")
def filled_demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> FilledDemo:
    """A filled demo to copy, one for all parallel workers."""
    own = tmp_path_factory.getbasetemp()
    return filled_once(own if worker_id == "main" else own.parent)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Which of several parallel workers this is (pytest-xdist), or `main`."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())


# --- The run --------------------------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note on each test which database it uses, so that the count at the end can be made from the reports."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        used = params.get("database_url") or params.get("shared_house") or "no database"
        item.user_properties.append(("database", used))


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CASEROOM_NO_SKIPS is set, and this would have been skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on which database."""
    ran = Counter(
        dict(report.user_properties).get("database", "no database")
        for outcome in ("passed", "failed", "xfailed", "xpassed")
        for report in terminalreporter.getreports(outcome)
        if getattr(report, "when", "") == "call"
    )
    terminalreporter.write_line(
        f"sqlite: {ran['sqlite']} tests, postgresql: {ran['postgresql']} tests,"
        f" without database: {ran['no database']} tests"
    )
