"""`caseroom import --bundle` on real tables: tried, killed, resumed, and the same as pandas reckons."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
from house import House
from processes import caseroom, start, until
from sqlalchemy import func, select

from caseroom.lists.catalogue import definition
from caseroom.lists.imports import Import
from caseroom.lists.models import Change, Version

ROOT = Path(__file__).resolve().parents[2]
ROWS = 900  # of 8,800: tests/lists/test_importing.py takes them all


def numbers(house: House) -> tuple[int, int, int]:
    """Lines of the log, versions, cases."""
    with house.home.database.read() as session:
        cases = definition(session, "cases").table
        counted = [session.scalar(select(func.count()).select_from(one)) for one in (Change, Version, cases)]
        return counted[0] or 0, counted[1] or 0, counted[2] or 0


def came_so_far(house: House) -> int:
    """How many rows of the cases' step have been written."""
    with house.home.database.read() as session:
        return session.scalar(select(func.max(Import.done)).where(Import.step == 6)) or 0


def _kill_after(house: House, rows: int, *words: str) -> None:
    """Kill the command as soon as so many rows have been written, amid the next ones."""
    running = start(house, *words)
    try:
        assert until(lambda: came_so_far(house) >= rows or running.poll() is not None)
        time.sleep(0.05)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert 0 < came_so_far(house) < ROWS


def test_a_bundle_is_tried_killed_and_resumed_and_refuses_what_pandas_finds(house, test_data, tmp_path):
    folder = tmp_path / "sales"
    shutil.copytree(test_data / "sales", folder)
    deals = pd.read_csv(folder / "sales_pipeline.csv", dtype=str).head(ROWS)
    deals.to_csv(folder / "sales_pipeline.csv", index=False)
    # Without the rule that GTXPro is GTX Pro its rows name a product that is not there.
    bundle = tmp_path / "sales.toml"
    text = (ROOT / "examples" / "sales.toml").read_text()
    rule = 'product = { from = "product", values = { GTXPro = "GTX Pro" } }'
    assert rule in text
    bundle.write_text(text.replace(rule, 'product = "product"'))
    named = [str(name) for name in deals["product"]]
    refused = [number for number, name in enumerate(named, start=2) if name == "GTXPro"]
    words = ["import", "--bundle", str(bundle), "--from", str(folder)]

    before = numbers(house)
    tried = caseroom(house, *words, "--dry-run", "--report", str(tmp_path / "tried.csv"))
    assert tried.returncode == 1, tried.stderr
    assert numbers(house) == before and list(pd.read_csv(tmp_path / "tried.csv")["row"]) == refused

    for rows in (1, 300):
        _kill_after(house, rows, *words)
    done = caseroom(house, *words, "--report", str(tmp_path / "done.csv"))
    assert done.returncode == 1, done.stderr

    report = pd.read_csv(tmp_path / "done.csv")
    assert report.equals(pd.read_csv(tmp_path / "tried.csv")) and list(report["row"]) == refused
    assert set(report["reason"]) == {"product: There is no “GTXPro” in products."}
    rows_of_file: list[dict[str, Any]] = [row.to_dict() for _number, row in deals.iterrows()]
    taken = [row for row in rows_of_file if row["product"] != "GTXPro"]
    with house.home.database.read() as session:
        table, cases = definition(session, "cases").table, definition(session, "cases")
        rows = session.execute(select(table.c.external_id, cases.sql("status"), cases.sql("value"), table.c.flagged))
        found = {row[0]: (row[1], None if row[2] is None else int(row[2]), bool(row[3])) for row in rows}
    expected = {
        row["opportunity_id"]: (
            "closed" if row["deal_stage"] in ("Won", "Lost") else "new",
            None if pd.isna(row["close_value"]) else int(float(row["close_value"])),
            bool(pd.isna(row["account"]) or pd.isna(row["engage_date"])),
        )
        for row in taken
    }
    assert found == expected
    after = numbers(house)
    assert after[2] == len(taken)
    again = caseroom(house, *words)
    assert again.returncode == 1 and numbers(house) == after
    assert caseroom(house, "check").returncode == 0

    told = caseroom(house, "imports", "--list", "cases")
    number = told.stdout.splitlines()[-1].split()[0]
    undone = caseroom(house, "undo-import", number)
    assert undone.returncode == 0 and undone.stdout.endswith(", put back: 0, kept: 0\n"), undone.stderr
    with house.home.database.read() as session:
        left = definition(session, "cases").table
        assert session.scalar(select(func.count()).where(left.c.deleted.is_(None))) == 0
    twice = caseroom(house, "undo-import", number)
    assert twice.returncode == 2 and "undone already" in twice.stderr
