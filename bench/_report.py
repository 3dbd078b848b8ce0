"""What every benchmark has: its options, and its results as a table and as JSON (CONTRACT, Benchmarks)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


class Results:
    """What was measured, each beside its limit; `kind` says on what."""

    def __init__(self, kind: str = "") -> None:
        self.kind, self.all = kind, list[dict[str, Any]]()

    def add(self, name: str, value: float, unit: str, limit: float, what: str, *, at_least: bool = False) -> None:
        ok = value >= limit if at_least else value <= limit
        entry = {"name": f"{self.kind}-{name}" if self.kind else name, "value": round(value, 3), "unit": unit}
        self.all.append({**entry, "limit": limit, "ok": ok, "what": f"{self.kind}: {what}" if self.kind else what})
        print(_line(self.all[-1]), flush=True)


def options(about: str | None, quick: str, **more: Any) -> argparse.Namespace:
    """The given options; `quick` says what --quick does, `more` names further ones with their help."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    for name, settings in more.items():
        parser.add_argument(f"--{name}", **settings)
    return parser.parse_args()


def tell(results: list[dict[str, Any]], file: Path | None) -> None:
    """Print the table, and write the JSON where a file is given."""
    print(f"\n{'what':<86} {'value':>9} {'unit':<8} {'limit':>8}")
    for one in results:
        print(_line(one))
    if file:
        file.write_text(json.dumps(results, indent=1))


def _line(one: dict[str, Any]) -> str:
    missed = "" if one["ok"] else "MISSED"
    return f"{one['what']:<86} {one['value']:>9} {one['unit']:<8} {one['limit']:>8g} {missed}"
