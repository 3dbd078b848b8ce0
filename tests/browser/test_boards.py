"""Boards in a browser: a card is dragged to another lane, or moved by its menu."""

from __future__ import annotations

from house import PASSWORD, House
from playwright.sync_api import Browser, Page, expect


def lane(page: Page, title: str):
    return page.locator(".board-lane", has=page.get_by_role("heading", name=title))


def test_a_card_is_dragged_and_moved_by_its_menu(running: tuple[House, str], browser: Browser) -> None:
    house, address = running
    house.make_case(name="Enterprise licence")
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/lists/cases%3Fview%3Dboard")
        page.locator("[name=email]").fill("north@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        card = page.locator("[data-card]", has_text="Enterprise licence")
        card.drag_to(lane(page, "Offer"))
        expect(lane(page, "Offer").locator("[data-card]")).to_have_count(1)
        expect(page.locator(".toast, .flash, [role=status]").filter(has_text="Offer").first).to_be_visible()
        card.locator("[popovertarget^='move-']").click()
        card.get_by_role("button", name="Negotiation").click()
        expect(lane(page, "Negotiation").locator("[data-card]")).to_have_count(1)
        expect(lane(page, "Offer").locator("[data-card]")).to_have_count(0)
