"""Between a phone and a desktop: nothing lies over anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, Page

from caseroom.lists import items, schema
from caseroom.lists.models import User

# Pairs of things that are seen and lie over each other, by what they say.
OVERLAPPING = """(selector) => {
  const isSeen = (one) => one.checkVisibility() && !one.closest("[popover]");
  const seen = [...document.querySelectorAll(selector)].filter(isSeen);
  const boxes = seen.map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width > 2);
  const meet = (low, high, its, other) => low < other - 0.5 && its < high - 0.5;
  const over = (a, b) => meet(a.left, a.right, b.left, b.right) && meet(a.top, a.bottom, b.top, b.bottom);
  const name = (one) => one.title || one.getAttribute("aria-label") || one.innerText || one.id;
  return boxes.flatMap(([one, box], place) => boxes.slice(place + 1)
    .filter(([other, its]) => !one.contains(other) && !other.contains(one) && over(box, its))
    .map(([other]) => `${name(one)} / ${name(other)}`));
}"""
HEADER = ".top :is(a, button, input, .global-search)"
WIDTHS = range(360, 1401, 20)


@pytest.fixture
def seen(running: tuple[House, str], browser: Browser) -> Iterator[tuple[House, Page]]:
    house, address = running
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.locator("[name=email]").fill("north@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        page.wait_for_url(f"{address}/")
        yield house, page


@pytest.mark.parametrize("language", ["en", "sk"])
@pytest.mark.parametrize("rail", ["folded", "open"])
def test_the_headers_controls_lie_beside_each_other(seen: tuple[House, Page], language: str, rail: str) -> None:
    house, page = seen
    with house.write("admin") as (session, _actor):
        session.query(User).filter_by(email="north@house.test").one().language = language
    page.context.add_cookies([{"name": "rail", "value": rail, "url": page.url}])
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == language
    found: dict[int, Any] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        over = page.evaluate(OVERLAPPING, HEADER)
        out = page.evaluate(
            """(selector) => [...document.querySelectorAll(selector)].some((one) =>
            !one.closest("[popover]") && one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)""",
            HEADER,
        )
        if over or out:
            found[width] = over or "beside the window"
    assert found == {}
    assert page.locator("#global-search").bounding_box()["width"] > 400  # pyright: ignore[reportOptionalSubscript]


def test_a_cards_checkbox_lies_over_no_word(seen: tuple[House, Page]) -> None:
    house, page = seen
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "columns": [
            {"name": "price", "type": "number"}, {"name": "note", "type": "text"}]})  # fmt: skip
    for name in ("Drill", "A hammer with a name that is long enough to be broken into lines on a telephone"):
        gone = house.make("tools", {"name": name, "price": 5})
        house.make("tools", {"name": name, "price": 12_345})
        with house.write("north") as (session, actor):
            items.delete(session, actor, "tools", gone.id, version=1)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (
        "/bin",
        "/lists/tools/bin",
        "/lists/tools",
        "/lists/tools?columns=note,price,name",
    ):
        page.goto(address)
        assert page.locator("td.cell-check").count() > 0, address
        assert page.evaluate(COVERED) == [], address


# What stands under the checkbox of a card: the words of its cells, label and all.
COVERED = """() => [...document.querySelectorAll("td.cell-check label")].flatMap((label) => {
  const box = label.getBoundingClientRect();
  return [...label.closest("tr").querySelectorAll("td:not(.cell-check, .cell-actions)")].filter((cell) => {
    if (!cell.checkVisibility()) return false;
    const style = getComputedStyle(cell), its = cell.getBoundingClientRect();
    const right = its.right - parseFloat(style.paddingRight);
    return right > box.left + 1 && its.top < box.bottom - 1 && its.bottom > box.top + 1;
  }).map((cell) => cell.innerText);
})"""


@pytest.mark.parametrize("scripts", [True, False])
def test_an_alert_asks_for_a_time_where_its_rhythm_has_one(
    running: tuple[House, str], browser: Browser, scripts: bool
) -> None:
    _house, address = running
    with browser.new_context(base_url=address, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/lists/cases/alert")
        page.locator("[name=email]").fill("north@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        for rhythm, asked in (("now", []), ("daily", ["hour"]), ("weekly", ["weekday", "hour"])):
            page.locator(f"[name=rhythm][value={rhythm}]").check()
            there = [name for name in ("weekday", "hour") if page.locator(f"[name={name}]").is_visible()]
            assert there == asked
