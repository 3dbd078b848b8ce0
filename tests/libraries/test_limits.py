"""Work in a child process: what goes wrong there is a sentence here, soon."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from caseroom.libraries import limits
from caseroom.libraries.limits import MEGABYTE, LimitReached
from caseroom.lists.errors import Invalid


@pytest.fixture
def bombs(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield importlib.import_module("bombs")
    sys.modules.pop("bombs", None)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_a_function_answers_from_its_own_process(bombs: ModuleType) -> None:
    value = {"text": "Príliš žltý kôň", "list": [1, None, True]}
    assert limits.run(bombs.echo, value=value) == value


def test_the_child_knows_none_of_the_portals_secrets(bombs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEROOM_SECRET_KEY", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("DATABASE_URL", "canary")
    assert "canary" not in limits.run(bombs.environment).values()


def test_too_much_memory_is_said_and_stops_only_the_child(bombs: ModuleType) -> None:
    with pytest.raises(LimitReached, match="more than 256 MB of memory"):
        limits.run(bombs.swallow_memory, memory=256 * MEGABYTE)


@pytest.mark.parametrize("name", ["spin", "sleep"])
def test_too_long_is_said_and_stopped_in_time(bombs: ModuleType, name: str) -> None:
    started = time.monotonic()
    with pytest.raises(LimitReached, match="longer than 1 seconds"):
        limits.run(getattr(bombs, name), seconds=1)
    assert time.monotonic() - started < 4


def test_what_the_child_started_ends_with_it(bombs: ModuleType, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(LimitReached):
        limits.run(bombs.sleep_in_a_grandchild, seconds=2, note=str(note))
    pid = int(note.read_text())
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_a_crash_and_an_error_become_sentences(bombs: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LimitReached, match="could not be processed: it is damaged or needs too much memory"):
        limits.run(bombs.crash)
    with pytest.raises(LimitReached, match="could not be processed"):
        limits.run(bombs.raise_something)
    assert [record.getMessage() for record in caplog.records] == [
        "A file could not be processed: exit -6", "A file could not be processed: ZeroDivisionError: a reason"
    ]  # fmt: skip


def test_a_refusal_arrives_with_all_its_fields(bombs: ModuleType) -> None:
    with pytest.raises(Invalid) as refusal:
        limits.run(bombs.refuse)
    assert [(error.field, str(error)) for error in refusal.value.errors] == [
        ("a", "No x."),
        ("b", "Nor this."),
    ]


def test_an_answer_or_a_file_without_end_is_cut_off(bombs: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(LimitReached, match="larger than 16 MB"):
        limits.run(bombs.talk_without_end)
    with pytest.raises(LimitReached, match="larger than 3 MB"):
        limits.run(bombs.write_without_end, path=str(tmp_path / "big"), written=3 * MEGABYTE)
    assert (tmp_path / "big").stat().st_size <= 3 * MEGABYTE


def test_threads_run_children_side_by_side(bombs: ModuleType) -> None:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(limits.run(bombs.echo, value=n))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 1, 2, 3, 4, 5]


def test_a_program_runs_in_its_folder_with_the_limits(tmp_path: Path) -> None:
    shell = ["/bin/sh", "-c", "pwd > where; ulimit -v > memory"]
    limits.run_program(shell, seconds=5, memory=512 * MEGABYTE, folder=str(tmp_path))
    assert (tmp_path / "where").read_text().strip() == os.path.realpath(tmp_path)
    assert (tmp_path / "memory").read_text().strip() == str(512 * 1024)
    with pytest.raises(LimitReached, match=r"gave up \(3\)"):
        limits.run_program(["/bin/sh", "-c", "exit 3"], seconds=5, memory=512 * MEGABYTE, folder=str(tmp_path))
    with pytest.raises(LimitReached, match="longer than 1 seconds"):
        limits.run_program(["/bin/sleep", "60"], seconds=1, memory=512 * MEGABYTE, folder=str(tmp_path))


def test_a_program_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LimitReached, match="gave up"):
        limits.run_program(["/no/such/program"], seconds=5, memory=512 * MEGABYTE, folder=str(tmp_path))
