"""Where the real documents are that nobody here made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def documents() -> Path:
    """The folder of trial documents; the test skips where it is absent."""
    folder = (ROOT / os.environ.get("CASEROOM_TEST_DATA", "../shared/data")).resolve() / "documents"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; name another place in CASEROOM_TEST_DATA")
    return folder
