"""A column's edge in a browser: drawn with the pointer, moved by keys, kept in one's own view."""

from __future__ import annotations

from house import PASSWORD, House
from playwright.sync_api import Browser, Page, expect


def width(page: Page, column: str) -> float:
    box = page.locator(f"th[data-column='{column}']").bounding_box()
    assert box is not None
    return box["width"]


def test_an_edge_is_drawn_and_moved_by_keys_and_the_view_keeps_it(running: tuple[House, str], browser: Browser) -> None:
    house, address = running
    house.make_case(name="Enterprise licence", value="1000")
    view = {"name": "mine", "columns": ["name", "value", "stage"]}
    made = house.api("north").post("/api/v1/lists/cases/views", json=view)
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/lists/cases%3Fview%3Dall")
        page.locator("[name=email]").fill("north@house.test")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        # Everybody's view: what was drawn stands in the address and may be saved under a name.
        before = {name: width(page, name) for name in ("name", "value", "stage")}
        page.get_by_role("separator", name="Width of Name").hover()
        page.mouse.down()
        page.mouse.move(page.locator("th[data-column=name]").bounding_box()["x"] + before["name"] + 60, 200)  # pyright: ignore[reportOptionalSubscript]
        page.mouse.up()
        expect(page.get_by_role("link", name="Save view as…")).to_be_visible()
        assert "widths=" in page.url and abs(width(page, "name") - before["name"] - 60) < 6
        assert abs(width(page, "stage") - before["stage"]) < 3, "the other columns stay as they were"
        # One's own view keeps it at once, by keys too.
        page.goto("/lists/cases?view=mine")
        edge = page.get_by_role("separator", name="Width of Expected value")
        edge.focus()
        before["value"] = width(page, "value")
        with page.expect_response(lambda answer: answer.url.endswith("/widths")) as answered:
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
        assert answered.value.status == 204 and "widths=" not in page.url
        expect(edge).to_be_focused()
        page.reload()
        assert abs(width(page, "value") - before["value"] - 32) < 3
        kept = next(
            one
            for one in house.api("north").get("/api/v1/lists/cases/views").json["value"]
            if one["id"] == made.json["id"]
        )
        assert set(kept["widths"]) == {"name", "value", "stage"} and kept["columns"] == view["columns"]
