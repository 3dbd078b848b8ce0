"""Arranging a form with scripts: what was moved keeps the focus."""

from __future__ import annotations

from house import PASSWORD, House
from playwright.sync_api import Browser, expect

from caseroom.lists import list_settings, schema

FORM = [{"title": {"en": "Basics"}, "columns": ["name", "a"]}, {"title": {"en": "More"}, "columns": ["b", "c"]}]


def test_a_section_is_moved_by_keys_to_the_edge_and_back(running: tuple[House, str], browser: Browser) -> None:
    house, address = running
    with house.write("admin") as (session, actor):
        columns = [{"name": one, "type": "text"} for one in ("a", "b", "c")]
        schema.create_list(session, actor, {"name": "tools", "columns": columns})
        list_settings.change(session, actor, "tools", {"form": FORM})
    with browser.new_context(base_url=address, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/lists/tools/form")
        page.locator("[name=email]").fill("admin@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        legends = page.locator(".arranged > legend")
        down = page.get_by_role("button", name="Move the section down: Basics")
        down.focus()
        page.keyboard.press("Enter")
        expect(legends).to_have_text(["More", "Basics"])
        expect(down).to_be_focused()
        with page.expect_response("**/form"):
            page.keyboard.press("Enter")  # it is the last one: nothing happens
        expect(legends).to_have_text(["More", "Basics"])
        page.get_by_role("button", name="Move the section up: Basics").press("Enter")
        expect(legends).to_have_text(["Basics", "More"])
        page.get_by_label("Section of a", exact=True).focus()
        page.keyboard.press("ArrowDown")
        last = page.locator(".arranged-rows").nth(1).locator("li:nth-child(3) [name=column]")
        expect(last).to_have_value("a")
        expect(page.get_by_label("Section of a", exact=True)).to_be_focused()
