"""A text without a space in it, as a pasted key or picture is, keeps no page from being drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, CDPSession, Page

from caseroom.lists import comments, items, schema

LONG = {"kerned": "W" * 60_000, "joined": "f" * 60_000, "thai": "ก" * 60_000}
LIST = {
    "name": "notes",
    "columns": [{"name": "about", "type": "rich_text"}, {"name": "plain", "type": "text", "multiline": True}],
}
LONGEST = 0.6  # seconds; a quiet machine needs a tenth, and without care it is 4 to 25
ADDRESSES = (
    "/lists/notes/{id}",
    "/lists/notes/{id}/edit",
    "/lists/notes/{id}/history",
    "/lists/notes/{id}/compare",
    "/lists/notes?columns=name,about,plain",
    "/lists/notes/grid?columns=name,about,plain",
    "/search?q=Long",
)


@pytest.fixture
def long(running: tuple[House, str], browser: Browser) -> Iterator[tuple[Page, dict[str, int]]]:
    house, address = running
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, LIST)
    numbers = {}
    for word, text in LONG.items():
        item = house.make("notes", {"name": f"Long {word}", "about": text, "plain": "short"})
        numbers[word] = item.id
        with house.write("north") as (session, actor):
            comments.add(session, actor, "notes", item.id, text[:10_000])
            items.update(session, actor, "notes", item.id, {"about": f"<p>{text}</p>", "plain": text}, version=1)
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("[name=email]", "north@house.test")
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{address}/")
        yield page, numbers


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("word", LONG)
def test_a_text_without_a_space_is_laid_out_quickly(long: tuple[Page, dict[str, int]], word: str, width: int) -> None:
    page, numbers = long
    page.set_viewport_size({"width": width, "height": 800})
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    took = {}
    for address in ADDRESSES:
        page.goto("about:blank")
        before = spent(tools)
        page.goto(address.format(id=numbers[word]))
        page.locator("h1").first.wait_for()
        page.evaluate("document.fonts.ready.then(() => document.body.offsetHeight)")
        took[address] = spent(tools) - before
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert {address: seconds for address, seconds in took.items() if seconds > LONGEST} == {}


def test_a_text_without_a_space_is_pasted_into_a_form(long: tuple[Page, dict[str, int]]) -> None:
    page, _numbers = long
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    page.goto("/lists/notes/new")
    before = spent(tools)
    page.locator("textarea").last.fill(LONG["kerned"])
    page.evaluate("document.body.offsetHeight")
    assert spent(tools) - before < LONGEST


def spent(tools: CDPSession) -> float:
    """Seconds that layout has taken up to now."""
    found = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return found["LayoutDuration"] + found["RecalcStyleDuration"]
