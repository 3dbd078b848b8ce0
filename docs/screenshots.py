"""Take the pictures of the documentation anew, from a fresh demo: `make screenshots`.

The demo is the same for the same --seed and --today. Pages say how long ago things were, so that today is the day that
looks right; name another one to compare two versions of the face.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from caseroom.portal.demo.people import PASSWORD

FOLDER = Path(__file__).resolve().parent
SELLER = "adam.belica@demo.test"  # of group North, reads English
# File: address, width, height. What {company} and {document} stand for: subjects().
PICTURES = {
    "portal.png": ("/lists/relations/{company}", 1440, 860),
    "document.png": ("/lists/documents/{document}", 1280, 720),
}
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars")  # fmt: skip


@contextmanager
def demo(seed: int, today: str) -> Iterator[str]:
    """The address of a demo of its own, in a folder that is removed afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = str(Path(sys.executable).parent / "caseroom")
    with tempfile.TemporaryDirectory() as home:
        options = ["--home", home, "--port", port, "--seed", str(seed), "--today", today]
        with subprocess.Popen([program, "demo", *options], stdout=subprocess.DEVNULL) as server:
            try:
                wait_for(f"http://127.0.0.1:{port}", server)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the portal answers; filling a demo takes a minute."""
    for _ in range(1200):
        if server.poll() is not None:
            sys.exit("The demo ended before it answered.")
        try:
            urllib.request.urlopen(f"{address}/sign-in", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.25)
    sys.exit("The demo does not answer.")


def sign_in(browser: Browser, address: str) -> Page:
    page = browser.new_page(base_url=address, color_scheme="light", reduced_motion="reduce")
    page.goto("/sign-in")
    page.locator("[name=email]").fill(SELLER)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").first.click()
    page.wait_for_url("**/")
    return page


def subjects(page: Page) -> dict[str, int]:
    """What the pictures show: a company with a handful of open cases, and its latest document."""
    cases = rows(page, "cases", "$filter=status eq 'new'&$top=500&$select=company")
    documents = rows(page, "documents", "$orderby=modified&$top=500&$select=company")
    open_cases = Counter(case["company"]["id"] for case in cases if case["company"])
    latest = {one["company"]["id"]: one["id"] for one in documents if one["company"]}
    company = min(open_cases.keys() & latest.keys(), key=lambda one: (abs(open_cases[one] - 4), one))
    return {"company": company, "document": latest[company]}


def rows(page: Page, name: str, question: str) -> list[dict[str, Any]]:
    answer = page.request.get(f"/api/v1/lists/{name}/items?{question}")
    assert answer.ok, answer.text()
    return answer.json()["value"]


def take(page: Page, folder: Path) -> None:
    ids = subjects(page)
    for name, (address, width, height) in PICTURES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address.format_map(ids))
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready.then(() => true)")
        page.screenshot(path=folder / name)
        print(f"{folder / name}: {(folder / name).stat().st_size // 1000} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="which world (default 1)")
    today = date.today()  # noqa: DTZ011  the day on this machine's wall
    parser.add_argument("--today", type=date.fromisoformat, default=today, help="around which day (default today)")
    parser.add_argument("--to", type=Path, default=FOLDER, metavar="FOLDER", help="where to (default docs/)")
    told = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("Chromium is not installed (Debian package chromium).")
    told.to.mkdir(parents=True, exist_ok=True)
    with demo(told.seed, told.today.isoformat()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        take(sign_in(browser, address), told.to)
        browser.close()


if __name__ == "__main__":
    main()
