"""How pages are read in other ways: by keyboard, without motion, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, Page

# What of an element, or of what stands for it (a label, a lookup's box), changes where the focus is.
RING = """() => {
  const here = document.activeElement;
  const ringed = (one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle != "none" && parseFloat(outlineWidth) >= 2;
  };
  const places = [here, here.closest("label"), here.closest(".lookup-box")].filter(Boolean);
  const words = here.getAttribute("aria-label") || here.innerText || here.name || here.id;
  return { words: `${here.tagName} ${words}`.slice(0, 60), ringed: places.some(ringed), body: here === document.body };
}"""
MOVING = """(most) => [...document.querySelectorAll("*")].filter((one) => {
  const style = getComputedStyle(one);
  const seconds = style.transitionDuration.split(",").map(parseFloat);
  return Math.max(...seconds) > most || (style.animationName != "none" && most == 0.001);
}).map((one) => `${one.tagName}.${one.className}`)"""


@pytest.fixture
def seen(running: tuple[House, str], browser: Browser) -> Iterator[tuple[Page, dict[str, str]]]:
    """A page with north signed in, and addresses of what there is to read."""
    house, address = running
    company = house.make_relation(name="Tatra Steel", phone="+421 55 123 456")
    case = house.make_case(name="Enterprise licence", company=company.id, description="Second line.")
    for number in range(60):
        house.make_relation(name=f"Company {number:02}")
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.locator("[name=email]").fill("north@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        page.wait_for_url(f"{address}/")
        yield (
            page,
            {
                "list": "/lists/relations",
                "company": f"/lists/relations/{company.id}",
                "form": f"/lists/cases/{case.id}/edit",
                "calendar": "/calendar?view=week",
            },
        )


def test_the_keyboard_sees_where_it_is(seen: tuple[Page, dict[str, str]]) -> None:
    page, addresses = seen
    for address in addresses.values():
        page.goto(address)
        passed: list[str] = []
        for _ in range(60):
            page.keyboard.press("Tab")
            here: dict[str, Any] = page.evaluate(RING)
            if here["body"]:
                break
            assert here["ringed"], f"{address}: no ring at {here['words']}"
            passed.append(here["words"])
        assert len(passed) > 20 and "Skip to the page" in passed[0]


def test_the_first_key_leads_past_the_navigation(seen: tuple[Page, dict[str, str]]) -> None:
    page, addresses = seen
    page.goto(addresses["list"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_motion_is_short_and_there_is_none_for_who_wants_none(seen: tuple[Page, dict[str, str]]) -> None:
    page, addresses = seen
    wishes: list[tuple[Literal["no-preference", "reduce"], float]] = [("no-preference", 0.15), ("reduce", 0.001)]
    for motion, most in wishes:
        page.emulate_media(reduced_motion=motion)
        for address in addresses.values():
            page.goto(address)
            assert page.evaluate(MOVING, most) == [], (motion, address)
    page.emulate_media(reduced_motion="no-preference")
    page.goto(addresses["list"])
    assert page.evaluate(MOVING, 0.001) != []  # there is some to be left out


def test_paper_gets_the_whole_page_and_nothing_to_press(seen: tuple[Page, dict[str, str]]) -> None:
    page, addresses = seen
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    for address in addresses.values():
        page.goto(address)
        assert page.locator("h1").is_visible()
        pressed = page.locator("button, .button, nav, [role=search]").locator("visible=true")
        assert pressed.evaluate_all("(all) => all.map((one) => one.outerHTML.slice(0, 80))") == [], address
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.goto(addresses["list"])
    frame = "(pane) => [pane.scrollHeight - pane.clientHeight, pane.scrollWidth - pane.clientWidth]"
    assert page.locator(".table-scroll").evaluate(frame) == [0, 0]  # no row and no column is cut off
    assert page.locator("tbody tr").locator("visible=true").count() == 50
