"""What the documentation points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HEAVIEST = 250_000  # bytes of a picture: a clone carries them all


def pictures(page: Path) -> list[Path]:
    """The files of the pictures that a page shows."""
    return [page.parent / name for name in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pictures_and_pages_that_a_page_names_are_there(page: Path) -> None:
    names = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [name for name in names if "://" not in name and not (page.parent / name).exists()]
    assert not missing


def test_the_map_of_the_house_names_what_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = "lists|libraries|calendar|outlook_addin|portal|templates|tests|docs"
    named = set(re.findall(rf"`((?:{rooms})/[\w./-]*)`", page))
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_pictures_are_small_and_all_shown() -> None:
    shown = {picture.resolve() for page in PAGES for picture in pictures(page)}
    assert (ROOT / "docs" / "portal.png") in shown
    assert set((ROOT / "docs").rglob("*.png")) == shown
    assert not [picture.name for picture in shown if picture.stat().st_size > HEAVIEST]
