"""axe finds nothing on any page of a full demo: in both themes, on a desktop and on a phone, with no rule left out.

The pages come from the URL map and the templates: one that nothing here visits fails the test.
"""

from __future__ import annotations

import base64
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Literal

import pytest
from demo_house import DemoHouse
from flask import template_rendered
from letters import a_mail
from office import stub
from playwright.sync_api import Browser, Page, ViewportSize
from sights import DESKTOP, NO_PAGE, SIGHTS, Sight

from caseroom.lists import boards
from caseroom.portal.app import create_app
from caseroom.portal.demo.people import PASSWORD
from caseroom.portal.pages import grid, list_table, record
from caseroom.portal.settings import load

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "portal" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR = "cat.color"  # axe's mark on the rules that look at colours
OPEN_MAIL = base64.b64encode(a_mail(sender="buyer@unknown.test")).decode()


def pages_among_templates() -> set[str]:
    """The templates that are pages, not parts or parents of them."""
    folder = ROOT / "templates"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html") if path.name[0] != "_"}
    return {name for name in names if not name.startswith("_macros/")} - {"base.html", "layout_signin.html"}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make assets")
    return AXE.read_text(encoding="utf-8")


class Looking:
    """A browser with somebody signed in per context, and what was found so far."""

    def __init__(self, browser: Browser, address: str, axe: str) -> None:
        self.browser, self.address, self.axe = browser, address, axe
        self.pages: dict[str | None, Page] = {}
        self.found: list[str] = []
        self.seen: Counter[str] = Counter()

    def page_of(self, who: str | None) -> Page:
        if who not in self.pages:
            # Our own policy would keep foreign scripts out; transitions would be caught half way.
            context = self.browser.new_context(bypass_csp=True, reduced_motion="reduce", viewport=DESKTOP)
            office = stub(subject="About the offer", word="", raw=OPEN_MAIL, **{"from": "buyer@unknown.test"})
            context.route(
                re.compile("^https:"), lambda route: route.fulfill(body=office, content_type="text/javascript")
            )
            context.add_init_script(self.axe)
            self.pages[who] = context.new_page()
            self.pages[who].on("pageerror", lambda error: self.found.append(f"a script failed: {error}"))
            if who:
                self._sign_in(self.pages[who], who)
        return self.pages[who]

    def _sign_in(self, page: Page, who: str) -> None:
        page.goto(f"{self.address}/sign-in")
        page.locator("[name=email]").fill(f"{who}@demo.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        page.wait_for_url(f"{self.address}/")

    def at(self, sight: Sight, ids: dict[str, int]) -> None:
        """Look at it in both themes and all its sizes; what more there is at the same address, in one size in turn."""
        page, again = self.page_of(sight.who), self.seen[sight.path]
        self.seen[sight.path] += 1
        sizes = (sight.sizes[again % len(sight.sizes)],) if again else sight.sizes
        for number, size in enumerate(sizes):
            page.set_viewport_size(size)
            if not number or sight.then:
                answer = page.goto(self.address + sight.address.format_map(ids))
                assert answer is not None and answer.status == sight.status, (str(sight), answer and answer.status)
                if sight.then:
                    sight.then(page)
                page.wait_for_function("document.fonts.status == 'loaded' && !document.querySelector('.htmx-request')")
            self._check(page, sight, size)

    def _check(self, page: Page, sight: Sight, size: ViewportSize) -> None:
        page.evaluate("scrollTo(0, 0)")  # so that the bar above lies over nothing
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.found.append(f"{sight}, {size['width']} px: the page scrolls sideways")
        themes: list[tuple[Literal["light", "dark"], str | None]] = [("light", None), ("dark", COLOUR)]
        for theme, only in themes:  # the second has other colours, nothing else
            page.emulate_media(color_scheme=theme)
            for violation in page.evaluate(RUN, [TAGS, only]):
                self.found.append(f"{sight}, {size['width']} px, {theme}: {violation}")


# `preload` is for a rule that is experimental: it would fetch all styles anew.
RUN = r"""async ([tags, only]) => {
  const usual = axe.getRules(tags).filter(({ tags }) => !tags.includes("experimental") && !tags.includes("deprecated"));
  const rules = usual.filter((rule) => !only || rule.tags.includes(only)).map((rule) => rule.ruleId);
  const runOnly = { type: "rule", values: rules };
  const found = await axe.run(document, { runOnly, resultTypes: ["violations"], preload: false });
  const words = (rule, node) => [`${rule.id}: ${rule.help}`, node.target.join(" "), node.html.slice(0, 200),
    node.failureSummary.replace(/\s+/g, " ")].join("\n    ");
  return found.violations.flatMap((rule) => rule.nodes.map((node) => words(rule, node)));
}"""


def test_every_page_of_the_url_map_is_looked_at(tmp_path: Path) -> None:
    app = create_app(load(tmp_path, environ={}, development=True))
    app.extensions["caseroom"].database.dispose()
    addresses, any_id = app.url_map.bind("caseroom.test"), defaultdict(lambda: 1)
    looked_at = {addresses.match(sight.path.format_map(any_id))[0] for sight in SIGHTS if sight.status == 200}
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/api/")
    }
    assert looked_at == pages - NO_PAGE.keys() and NO_PAGE.keys() <= pages


def test_a_theme_changes_colours_and_nothing_else() -> None:
    """So that in the second theme only the rules about colours can find something new."""
    styles = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "portal/static/css").glob("*.css")}
    assert len(styles) > 5 and "light-dark(" in styles["tokens.css"]
    assert [name for name, text in styles.items() if "prefers-color-scheme" in text] == []


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, cards and entries of every kind, but not fifty of each: they are alike, and axe looks at every one."""
    for module, name, number in (
        (list_table, "PER_PAGE", 12), (grid, "PER_PAGE", 12), (boards, "PER_COLUMN", 4), (record, "SHOWN", 12),
    ):  # fmt: skip
        assert getattr(module, name) > number
        monkeypatch.setattr(module, name, number)


@pytest.mark.usefixtures("short_pages")
def test_axe_finds_nothing_on_any_page(demo: tuple[DemoHouse, str], browser: Browser, axe: str) -> None:
    house, address = demo
    looking, shown = Looking(browser, address, axe), set()

    def note(_app: Any, template: Any, **_context: Any) -> None:
        shown.add(template.name)

    with template_rendered.connected_to(note, house.app):
        for sight in SIGHTS:
            looking.at(sight, house.ids)
    assert pages_among_templates() - shown == set(), "nothing here shows these templates"
    assert not looking.found, "\n".join([f"{len(looking.found)} findings", *looking.found])
