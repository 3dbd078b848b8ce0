"""Parts of a list page that are asked for when somebody reaches for them: columns' menus and the filter form."""

from __future__ import annotations

import re

from house import PASSWORD, House
from playwright.sync_api import Browser, Page, Route, expect


def entered(page: Page, address: str) -> Page:
    page.goto(f"/sign-in?next={address}")
    page.locator("[name=email]").fill("north@house.test")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").first.click()
    return page


def test_menu_and_filter_form_come_when_they_are_opened_with_the_pointer_or_keys(
    running: tuple[House, str], browser: Browser
) -> None:
    house, address = running
    for name, value in (("Alpha", "300"), ("Beta", "100"), ("Gamma", "200")):
        house.make_case(name=name, value=value)
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = entered(context.new_page(), "/lists/cases%3Fview%3Dall")
        head = page.get_by_role("columnheader", name="Expected value")
        expect(page.get_by_role("link", name="Sort downwards")).to_have_count(0)
        head.get_by_role("button", name="Column Expected value").click()
        head.get_by_role("link", name="Sort downwards").click()
        expect(page.locator("[data-table] .cell-title a")).to_have_text(["Alpha", "Gamma", "Beta"])
        button = page.get_by_role("button", name="Column Stage")
        with page.expect_response(re.compile("/menu/stage")):
            button.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name="Sort upwards")).to_be_focused()
        page.keyboard.press("Escape")
        # A filter chosen in the form, which the search keeps before the form is there.
        page.goto("/lists/cases?view=all&f.value.ge=150&sort=name")
        page.locator("#list-search").press_sequentially("a")
        expect(page.locator("[data-table] .cell-title a")).to_have_text(["Alpha", "Gamma"])
        page.locator(".filter-panel > summary").click()
        expect(page.locator("#filter-value-ge")).to_have_value("150")
        page.locator("#filter-value-le").fill("250")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("[data-table] .cell-title a")).to_have_text(["Gamma"])
        assert "f.value.ge=150" in page.url and "f.value.le=250" in page.url


def test_a_menu_that_did_not_come_is_asked_for_again(running: tuple[House, str], browser: Browser) -> None:
    house, address = running
    house.make_case(name="Alpha")

    def lost(route: Route) -> None:
        route.abort()

    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = entered(context.new_page(), "/lists/cases%3Fview%3Dall")
        page.route(re.compile("/menu/"), lost)
        button = page.get_by_role("button", name="Column Stage")
        button.click()
        expect(page.locator(".toast")).to_be_visible()
        page.unroute(re.compile("/menu/"), lost)
        page.keyboard.press("Escape")
        button.click()
        expect(page.get_by_role("link", name="Sort upwards")).to_be_visible()


def test_without_scripts_menu_and_filter_form_are_pages(running: tuple[House, str], browser: Browser) -> None:
    house, address = running
    for name, value in (("Alpha", "300"), ("Beta", "100")):
        house.make_case(name=name, value=value)
    with browser.new_context(base_url=address, java_script_enabled=False) as context:
        page = entered(context.new_page(), "/lists/cases%3Fview%3Dall%26search%3Da")
        page.get_by_role("link", name="Column Expected value").click()
        page.get_by_role("link", name="Sort upwards").click()
        expect(page.locator("[data-table] .cell-title a")).to_have_text(["Beta", "Alpha"])
        page.get_by_role("link", name="Filter", exact=True).click()
        page.locator("summary", has_text="Expected value").click()
        page.locator("#filter-value-ge").fill("200")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("[data-table] .cell-title a")).to_have_text(["Alpha"])
        assert "search=a" in page.url and "sort=value" in page.url
