"""A text without a space in it, as a pasted key or picture is, keeps no page from being drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, Page

from caseroom.lists import comments, items, schema

LONG = {"kerned": "W" * 60_000, "joined": "f" * 60_000, "thai": "ก" * 60_000}
LIST = {
    "name": "notes",
    "columns": [{"name": "about", "type": "rich_text"}, {"name": "plain", "type": "text", "multiline": True}],
}
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
def test_a_text_without_a_space_is_drawn_in_the_way_that_costs_little(
    long: tuple[Page, dict[str, int]], word: str, width: int
) -> None:
    page, numbers = long
    page.set_viewport_size({"width": width, "height": 800})
    for address in ADDRESSES:
        page.goto(address.format(id=numbers[word]))
        page.locator("h1").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.evaluate(DEAR) == [], address


def test_a_text_without_a_space_is_pasted_into_a_form(long: tuple[Page, dict[str, int]]) -> None:
    page, _numbers = long
    page.goto("/lists/notes/new")
    page.locator("textarea").last.fill(LONG["kerned"])
    assert page.evaluate(DEAR) == []


# The elements in which a word of 500 letters or more would be shaped anew for every line: those that wrap it, and kern
# or join its letters. Measured for 60,000 letters: 4 to 25 s so, a tenth of a second otherwise.
DEAR = r"""() => {
  const long = /\S{500}/u, dear = [];
  for (const one of document.querySelectorAll("body *")) {
    const texts = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
    const own = one.matches("textarea") ? one.value : texts.join(" ");
    if (!long.test(own) || !one.getClientRects().length || one.matches("script, style, template")) continue;
    const style = getComputedStyle(one);
    const wraps = !style.whiteSpace.includes("nowrap") && style.whiteSpace !== "pre";
    const plain = style.fontKerning === "none" && style.fontVariantLigatures === "none";
    if (wraps && !plain) dear.push(one.outerHTML.slice(0, 200));
  }
  return dear;
}"""
