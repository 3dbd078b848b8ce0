"""The test suite's own promises: a clean database for every test, and skips that can be made failures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_a_clean_database(database_url: str, turn: int):
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert not sa.inspect(connection).has_table("left_behind")
        connection.exec_driver_sql("CREATE TABLE left_behind (id INTEGER)")


def run_suite(folder: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one test file under this suite's conftest, in a process of its own that finds no program."""
    shutil.copyfile(ROOT / "tests" / "conftest.py", folder / "conftest.py")
    (folder / "test_it.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={folder}", str(folder)]
    search = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    environment = {"PATH": "", "PYTHONPATH": search, **environment}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_what_the_machine_lacks_skips_with_the_reason(tmp_path: Path):
    code = "def test_it(litmus, test_data): raise AssertionError('must not run')"
    result = run_suite(tmp_path, code, CASEROOM_TEST_DATA=str(tmp_path / "none"))
    assert result.returncode == 0 and "1 skipped" in result.stdout
    lacking = run_suite(tmp_path, "def test_it(litmus): pass", CASEROOM_NO_SKIPS="1")
    assert lacking.returncode == 1 and "litmus is not installed (Debian package litmus)" in lacking.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import pytest\ndef test_it(): pytest.skip('no moon')",
        "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test_it(): pass",
        "import pytest\npytest.skip('no moon', allow_module_level=True)",
    ],
)
def test_a_skip_fails_where_no_skips_are_allowed(tmp_path: Path, code: str):
    assert run_suite(tmp_path, code).returncode in (0, 5)
    refused = run_suite(tmp_path, code, CASEROOM_NO_SKIPS="1")
    assert refused.returncode in (1, 2) and "no moon" in refused.stdout


def test_an_unreachable_postgresql_skips_that_half_only(tmp_path: Path):
    code = "def test_it(database_url): pass"
    unreachable = "postgresql+psycopg://127.0.0.1:1/none"
    result = run_suite(tmp_path, code, CASEROOM_TEST_POSTGRESQL=unreachable)
    assert "1 passed, 1 skipped" in result.stdout
    assert "sqlite: 1 tests, postgresql: 0 tests, without database: 0 tests" in result.stdout
