"""Quick edit in a real Chromium: keys, blocks from Excel, refused cells, undo and redo, a lost connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from caseroom.lists import editing, filters, items, query, schema
from caseroom.lists.editing import Edit
from caseroom.portal.pages import grid as grid_pages

TOOLS = {
    "name": "tools",
    "columns": [
        {"name": "price", "type": "number", "decimals": 2},
        {"name": "state", "type": "choice", "choices": ["new", "used"]},
        {"name": "firm", "type": "lookup", "list": "relations"},
        {"name": "twice", "type": "calculated", "formula": "price * 2"},
    ],
}
ADDRESS = "/lists/tools/grid?columns=name,price,state,firm,twice"


SLOWLY = """(() => {
    const real = fetch;
    window.fetch = async (...all) => {
        await new Promise((go) => setTimeout(go, 400));
        return real(...all);
    };
})()"""


# Whether nothing lies over an element's edges.
TOPMOST = """(one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    return [left + 3, right - 3].every((x) => one.contains(document.elementFromPoint(x, middle)));
}"""


@pytest.fixture
def grid(running: tuple[House, str], browser: Browser) -> Iterator[tuple[House, Page]]:
    house, address = running
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    for name, price in (("Drill", 10), ("Hammer", 20), ("Saw", 30)):
        house.make("tools", {"name": name, "price": price})
    house.make_relation(name="Tatra Steel")
    context = browser.new_context(base_url=address)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if "Content Security" in one.text else None)
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto("/sign-in")
    page.fill("[name=email]", "north@house.test")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.goto(ADDRESS.replace("/grid", ""))
    page.locator("#list-form").wait_for()
    page.keyboard.press("g")
    page.wait_for_url("**/grid?*")
    page.locator("td").first.wait_for()
    yield house, page
    assert said == []
    context.close()


def cell(page: Page, row: int, column: int) -> Any:
    return page.locator(f".grid tbody tr:nth-child({row}) td:nth-of-type({column})")


def state(page: Page, name: str) -> None:
    page.locator(f"[data-grid=state][data-state={name}]").wait_for()


def stored(house: House) -> list[tuple[str, Any]]:
    with house.read("north") as (session, actor):
        page = query.page(session, actor, "tools", order=[("name", False)])
        return [(one["name"], None if one["price"] is None else float(one["price"])) for one in page.items]


def paste(page: Page, text: str) -> None:
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def copied(page: Page) -> list[str]:
    return page.evaluate(
        """() => {
            const data = new DataTransfer();
            const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
            return [data.getData("text/plain"), data.getData("text/html")];
        }"""
    )


def test_cells_are_edited_with_the_keys_of_a_spreadsheet(grid: tuple[House, Page]) -> None:
    house, page = grid
    cell(page, 1, 1).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("12,5")
    page.keyboard.press("Enter")
    page.keyboard.press("F2")
    page.keyboard.press("End")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("us")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cell(page, 2, 3)).to_have_text("used")
    cell(page, 2, 4).click()
    page.keyboard.type("Tat")
    page.locator(".option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cell(page, 2, 4)).to_have_text("Tatra Steel")
    cell(page, 2, 5).click()
    page.keyboard.type("x")
    expect(page.locator("[data-grid=state]")).to_have_text("This is set by the program.")
    cell(page, 3, 2).click()
    page.keyboard.press("Delete")
    state(page, "saved")
    expect(cell(page, 2, 5)).to_have_text("402")
    assert stored(house) == [("Drill", 12.5), ("Hammer", 201.0), ("Saw", None)]
    cell(page, 1, 1).click()
    page.keyboard.press("F2")
    page.keyboard.type("9")
    page.keyboard.press("Escape")
    expect(cell(page, 1, 1)).to_have_text("Drill")


def test_a_block_of_excel_is_pasted_adds_rows_and_is_undone_and_done_again(grid: tuple[House, Page]) -> None:
    house, page = grid
    cell(page, 3, 1).click()
    paste(page, '"Big\tsaw"\t31\r\n"Say ""hi"""\t"1,200.50"\r\nNail\t0.1\r\n')
    expect(page.locator(".grid tbody tr")).to_have_count(6)
    state(page, "saved")
    after = [("Big saw", 31.0), ("Drill", 10.0), ("Hammer", 20.0), ("Nail", 0.1), ('Say "hi"', 1200.5)]
    assert stored(house) == after
    page.keyboard.press("Control+z")
    expect(page.locator(".grid tbody tr")).to_have_count(4)
    state(page, "saved")
    assert stored(house) == [("Drill", 10.0), ("Hammer", 20.0), ("Saw", 30.0)]
    page.keyboard.press("Control+y")
    expect(page.locator(".grid tbody tr")).to_have_count(6)
    state(page, "saved")
    assert stored(house) == after


def test_refused_cells_are_shown_with_the_reason_and_what_was_pasted_stays_to_be_mended(
    grid: tuple[House, Page],
) -> None:
    house, page = grid
    cell(page, 1, 1).click()
    paste(page, "Drill 2\tmany\nHammer 2\t21\n")
    state(page, "refused")
    expect(cell(page, 1, 2)).to_have_attribute("aria-invalid", "true")
    expect(cell(page, 1, 2)).to_have_attribute("title", "“many” is not a number.")
    expect(page.locator("[data-grid=refused]")).to_contain_text("Row 1, price: “many” is not a number.")
    expect(cell(page, 2, 1)).to_have_text("Hammer 2")
    assert stored(house)[0] == ("Drill", 10.0)
    cell(page, 1, 2).click()
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    state(page, "saved")
    expect(page.locator("[data-grid=refused]")).to_be_hidden()
    assert stored(house)[:2] == [("Drill 2", 11.0), ("Hammer 2", 21.0)]


def test_a_range_is_copied_with_local_numbers_and_filled_down(grid: tuple[House, Page]) -> None:
    house, page = grid
    cell(page, 1, 2).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    assert copied(page)[0] == "10\r\n20\r\n30"
    assert "<td>20</td>" in copied(page)[1]
    page.keyboard.press("Control+d")
    state(page, "saved")
    assert [price for _name, price in stored(house)] == [10.0, 10.0, 10.0]


def test_a_new_row_is_written_when_it_is_left(grid: tuple[House, Page]) -> None:
    house, page = grid
    page.click("[data-grid=add]")
    page.keyboard.type("Axe")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    state(page, "unsaved")
    assert len(stored(house)) == 3
    page.keyboard.press("ArrowUp")
    state(page, "saved")
    assert stored(house)[0] == ("Axe", 5.0)


def test_what_somebody_else_changed_is_not_overwritten(grid: tuple[House, Page]) -> None:
    house, page = grid
    with house.write("west") as (session, actor):
        item = next(iter(query.page(session, actor, "tools").items))
        items.update(session, actor, "tools", item.id, {"price": 99}, version=1)
    cell(page, 1, 2).click()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    state(page, "refused")
    expect(page.locator("[data-grid=refused]")).to_contain_text("West Person has changed this meanwhile: price.")
    page.click("[data-grid=discard]")
    expect(cell(page, 1, 2)).to_have_text("99")
    state(page, "saved")


def test_a_lost_connection_keeps_what_was_typed_and_tries_again(grid: tuple[House, Page]) -> None:
    house, page = grid
    page.context.set_offline(True)
    cell(page, 1, 2).click()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    state(page, "offline")
    expect(cell(page, 1, 2)).to_have_text("77")
    page.context.set_offline(False)
    page.click("[data-grid=retry]")
    state(page, "saved")
    assert stored(house)[0] == ("Drill", 77.0)


# --- Rows that go -----------------------------------------------------------------------------------


def names(house: House) -> list[str]:
    return [name for name, _price in stored(house)]


def test_chosen_rows_are_deleted_and_come_back_to_where_they_were(grid: tuple[House, Page]) -> None:
    house, page = grid
    cell(page, 1, 2).click()
    page.keyboard.press("Shift+Space")
    expect(cell(page, 1, 5)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+-")
    expect(page.locator("[data-grid=state]")).to_have_text("Deleted. Undo brings it back.")
    expect(cell(page, 1, 1)).to_have_text("Saw")
    expect(cell(page, 1, 1)).to_be_focused()
    assert names(house) == ["Saw"]
    page.keyboard.press("Control+z")
    expect(cell(page, 1, 1)).to_have_text("Drill")
    expect(cell(page, 2, 1)).to_have_text("Hammer")
    expect(cell(page, 3, 1)).to_have_text("Saw")
    state(page, "saved")
    assert names(house) == ["Drill", "Hammer", "Saw"]
    page.keyboard.press("Control+y")
    expect(page.locator(".grid tbody tr")).to_have_count(2)


def test_more_than_a_few_rows_are_deleted_after_a_question(grid: tuple[House, Page]) -> None:
    house, page = grid
    house.make("tools", {"name": "Axe"})
    page.reload()
    page.locator("tbody th").first.click()
    page.locator("tbody th").nth(3).click(modifiers=["Shift"])
    page.get_by_role("button", name="Delete rows").click()
    question = page.get_by_role("dialog", name="Delete rows")
    expect(question).to_contain_text("Chosen rows: 4")
    question.get_by_role("button", name="Cancel").click()
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(4)
    page.get_by_role("button", name="Delete rows").click()
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(0)
    state(page, "saved")
    assert names(house) == []


def test_where_one_row_may_not_be_deleted_none_is_and_it_is_named(grid: tuple[House, Page]) -> None:
    house, page = grid
    with house.write("west") as (session, actor):
        second = query.page(session, actor, "tools", order=[("name", False)]).items[1]
        items.update(session, actor, "tools", second.id, {"price": 99}, version=1)
    cell(page, 1, 1).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+-")
    expect(page.locator("[data-grid=refused]")).to_contain_text("Nothing was deleted.")
    expect(page.locator("[data-grid=refused]")).to_contain_text("Row 2: West Person has changed this meanwhile: price.")
    expect(page.locator(".grid tbody tr.is-refused th")).to_have_text("2")
    expect(cell(page, 2, 2)).to_have_text("99")
    assert names(house) == ["Drill", "Hammer", "Saw"]
    page.keyboard.press("Control+-")
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(2)
    expect(page.locator("[data-grid=refused]")).to_be_hidden()


def test_a_refused_block_is_taken_back_before_what_was_saved(grid: tuple[House, Page]) -> None:
    house, page = grid
    before = stored(house)
    cell(page, 1, 2).click()
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    state(page, "saved")
    cell(page, 2, 1).click()
    paste(page, "Hammer 2\tmany\nSaw\t30\nNail\t1\n")
    state(page, "refused")
    page.keyboard.press("Control+z")
    state(page, "saved")
    expect(cell(page, 2, 1)).to_have_text("Hammer")
    expect(page.locator("[data-grid=refused]")).to_be_hidden()
    assert stored(house) == [("Drill", 11.0), *before[1:]]
    page.keyboard.press("Control+z")
    state(page, "saved")
    assert stored(house) == before


def test_a_row_that_was_never_saved_is_just_gone(grid: tuple[House, Page]) -> None:
    house, page = grid
    cell(page, 3, 1).click()
    paste(page, "Saw\t30\nNail\tmany\nPin\t2")
    state(page, "refused")
    cell(page, 4, 1).click()
    page.keyboard.press("Control+-")
    state(page, "saved")
    assert names(house) == ["Drill", "Hammer", "Pin", "Saw"]


def test_what_was_done_last_is_undone_first_even_while_it_is_saved(grid: tuple[House, Page]) -> None:
    house, page = grid
    page.add_init_script(SLOWLY)
    page.reload()
    page.locator("td").first.wait_for()
    for row, text in ((1, "11"), (2, "22"), (3, "33")):
        cell(page, row, 2).click()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    state(page, "saved")
    assert [price for _name, price in stored(house)] == [11, 22, 30]


def test_each_cell_is_a_step_of_its_own_however_quickly_it_is_typed(grid: tuple[House, Page]) -> None:
    house, page = grid
    page.add_init_script(SLOWLY)
    page.reload()
    page.locator("td").first.wait_for()
    cell(page, 1, 1).click()
    for text, key in (("Drill 2", "Tab"), ("11", "Enter"), ("Hammer 2", "Tab"), ("22", "Enter")):
        page.keyboard.type(text)
        page.keyboard.press(key)
        if key == "Enter":
            page.keyboard.press("ArrowLeft")
    cell(page, 1, 2).click()
    page.keyboard.type("12")  # the same cell again, while its first value may be on its way
    page.keyboard.press("Enter")
    state(page, "saved")
    assert stored(house) == [("Drill 2", 12), ("Hammer 2", 22), ("Saw", 30)]
    steps = [
        [("Drill 2", 11), ("Hammer 2", 22)], [("Drill 2", 11), ("Hammer 2", 20)], [("Drill 2", 11), ("Hammer", 20)],
        [("Drill 2", 10), ("Hammer", 20)], [("Drill", 10), ("Hammer", 20)],
    ]  # fmt: skip
    for step in steps:
        page.locator("[data-grid=undo]").click()
        state(page, "saved")
        assert stored(house)[:2] == step
    cell(page, 1, 1).click()
    paste(page, "Auger\t1\nBrace\t2")
    state(page, "saved")
    page.keyboard.press("Control+z")
    state(page, "saved")
    assert stored(house)[:2] == steps[-1]  # a block is one


def test_what_is_typed_while_its_row_is_refused_meanwhile_mends_it(grid: tuple[House, Page]) -> None:
    house, page = grid
    page.add_init_script(SLOWLY)
    page.reload()
    cell(page, 1, 2).click()
    for text in ("many", "15"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowUp")
    state(page, "saved")
    expect(cell(page, 1, 2)).to_have_text("15")
    assert stored(house)[0] == ("Drill", 15)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_name_stays_in_sight_and_hides_no_cell(grid: tuple[House, Page], theme: Literal["light", "dark"]) -> None:
    house, page = grid
    columns = [f"c{number}" for number in range(9)]
    with house.write("admin") as (session, actor):
        wide = {"name": "wide", "columns": [{"name": one, "type": "text"} for one in columns]}
        schema.create_list(session, actor, wide)
    for number in range(3):
        house.make("wide", {"name": f"A row that is called {number}", **dict.fromkeys(columns, "a few words")})
    page.set_viewport_size({"width": 900, "height": 600})
    page.emulate_media(color_scheme=theme)
    page.goto(f"/lists/wide/grid?columns=c0,name,{','.join(columns[1:])}")
    cell(page, 1, 1).click()
    page.keyboard.press("End")
    expect(cell(page, 1, 10)).to_be_focused()
    scroll = page.locator(".grid-scroll")
    assert scroll.evaluate("(box) => box.scrollLeft") > 100
    expect(cell(page, 1, 2)).to_be_in_viewport(ratio=1)
    for each in (cell(page, 1, 2), page.locator(".grid thead .grid-title")):
        ground = each.evaluate("(one) => getComputedStyle(one).backgroundColor")
        assert ground.startswith("rgb(") or ground.endswith(", 1)"), ground
        assert each.evaluate(TOPMOST)
    for place in range(9, 0, -1):
        page.keyboard.press("ArrowLeft")
        expect(cell(page, 1, place)).to_be_focused()
        assert page.evaluate(f"({TOPMOST})(document.activeElement)"), place
    page.keyboard.press("End")
    cell(page, 1, 2).click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".grid td[aria-selected]")).to_have_count(4)
    assert page.evaluate(f"({TOPMOST})(document.activeElement)")


# --- Cells with several parts -----------------------------------------------------------------------

SITES = {
    "name": "sites",
    "columns": [
        {"name": "post", "type": "address"},
        {"name": "about", "type": "rich_text"},
        {"name": "papers", "type": "attachment"},
    ],
}


@pytest.fixture
def sites(grid: tuple[House, Page]) -> tuple[House, Page]:
    house, page = grid
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, SITES)
    for name in ("Depot", "Yard"):
        house.make("sites", {"name": name})
    page.goto("/lists/sites/grid?columns=name,post,about,papers")
    page.locator("td").first.wait_for()
    return house, page


def site(house: House, name: str) -> Any:
    with house.read("north") as (session, actor):
        return next(one for one in query.page(session, actor, "sites").items if one["name"] == name)


def test_an_address_is_edited_part_by_part_in_the_order_of_its_country(sites: tuple[House, Page]) -> None:
    house, page = sites
    cell(page, 1, 2).click()
    page.keyboard.type("Fő utca 1")
    box = page.get_by_role("dialog", name="post")
    expect(box.get_by_label("Street and number")).to_have_value("Fő utca 1")
    box.get_by_label("Country").focus()
    box.get_by_label("Country").select_option("HU")
    order = "(box) => [...box.querySelectorAll('[name^=post-]')].map((one) => one.name.slice(5))"
    assert box.evaluate(order) == ["city", "street", "postcode", "region", "country"]
    expect(box.get_by_label("Country")).to_be_focused()
    box.get_by_label("Town").fill("Budapest")
    page.keyboard.press("Enter")
    state(page, "saved")
    expect(cell(page, 1, 2)).to_have_text("Budapest, Fő utca 1, Hungary")
    expect(cell(page, 2, 2)).to_be_focused()
    page.keyboard.press("Control+d")
    state(page, "saved")
    assert site(house, "Yard")["post"] == {"street": "Fő utca 1", "city": "Budapest", "country": "HU"}
    page.keyboard.press("Control+z")
    state(page, "saved")
    expect(cell(page, 2, 2)).to_have_text("")
    page.keyboard.press("F2")
    box.get_by_label("Street and number").fill("Other")
    page.keyboard.press("Escape")
    expect(cell(page, 2, 2)).to_be_focused()
    assert site(house, "Yard")["post"] is None


def test_formatted_text_is_edited_as_its_source_and_copied_as_words(sites: tuple[House, Page]) -> None:
    house, page = sites
    cell(page, 1, 3).click()
    page.keyboard.type("Ask <b>twice</b>")
    page.keyboard.press("Enter")
    state(page, "saved")
    expect(cell(page, 1, 3)).to_have_text("Ask twice")
    assert site(house, "Depot")["about"] == "Ask <b>twice</b>"
    cell(page, 1, 3).click()
    text = copied(page)[0]
    assert text == "Ask twice"
    cell(page, 2, 3).click()
    paste(page, text)
    state(page, "saved")
    assert site(house, "Yard")["about"] == "Ask <b>twice</b>"
    cell(page, 2, 3).dblclick()
    expect(page.locator(".grid-input")).to_have_value("Ask <b>twice</b>")
    page.locator(".grid-input").fill("One & two\nthree")
    page.keyboard.press("Enter")
    state(page, "saved")
    assert site(house, "Yard")["about"] == "One &amp; two<br>three"


def test_files_are_chosen_in_the_cell_and_undone(sites: tuple[House, Page]) -> None:
    house, page = sites
    cell(page, 1, 4).click()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="papers")
    plan: FilePayload = {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Ground floor"}
    bad: FilePayload = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    box.locator("input[type=file]").set_input_files([plan, bad])
    expect(box.get_by_label("plan.txt")).to_be_checked()
    expect(box.get_by_role("status")).to_contain_text("empty.txt: ")
    box.get_by_role("button", name="Done").click()
    state(page, "saved")
    expect(cell(page, 1, 4)).to_have_text("plan.txt")
    page.keyboard.press("F2")
    box.get_by_label("plan.txt").uncheck()
    page.keyboard.press("Control+Enter")
    state(page, "saved")
    assert site(house, "Depot")["papers"] is None
    cell(page, 1, 1).click()
    page.keyboard.press("Control+z")
    expect(cell(page, 1, 4)).to_have_text("plan.txt")
    state(page, "saved")
    assert [one["name"] for one in site(house, "Depot")["papers"]] == ["plan.txt"]


# --- More rows than one answer holds --------------------------------------------------------------


@pytest.fixture
def many(grid: tuple[House, Page], monkeypatch: pytest.MonkeyPatch) -> tuple[House, Page]:
    """Rows of which one answer holds eight, so that more are fetched while the first are edited."""
    house, page = grid
    monkeypatch.setattr(grid_pages, "PER_PAGE", 8)
    for number in range(37):
        house.make("tools", {"name": f"Tool {number:02}", "price": number})
    page.add_init_script(SLOWLY)
    return house, page


def test_what_is_typed_while_more_rows_are_on_their_way_is_saved(many: tuple[House, Page]) -> None:
    house, page = many
    page.goto(ADDRESS)
    cell(page, 1, 2).click()
    page.keyboard.type("99")
    page.keyboard.press("Enter")
    page.locator(".grid tbody tr.is-new").scroll_into_view_if_needed()  # hangs where the page waits for itself
    state(page, "saved")
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(40)
    assert dict(stored(house))["Drill"] == 99


def test_a_new_row_is_filled_in_while_rows_come_above_it(many: tuple[House, Page]) -> None:
    house, page = many
    page.goto(ADDRESS)
    page.locator("td").first.wait_for()
    page.click("[data-grid=add]")
    page.keyboard.type("Ax")
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(40)
    page.keyboard.type("e")
    expect(page.locator(".grid-input")).to_have_value("Axe")
    expect(page.locator(".grid-input")).to_be_in_viewport()
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    state(page, "saved")
    assert dict(stored(house))["Axe"] == 5


def test_rows_that_could_not_be_fetched_are_fetched_later(many: tuple[House, Page]) -> None:
    _house, page = many
    asked: list[int] = []

    def refuse_twice(route: Route) -> None:
        asked.append(len(asked))
        if len(asked) in (2, 3):
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page.route("**/grid/rows?*", refuse_twice)
    page.goto(ADDRESS)
    state(page, "offline")
    assert len(asked) == 2  # it does not ask again and again
    page.locator("[data-grid=retry]").click()
    expect(page.locator(".grid tbody tr:not(.is-new)")).to_have_count(40, timeout=15_000)
    state(page, "saved")


# --- Thousands of rows ------------------------------------------------------------------------------

MANY = 2400
NUMBERS = {
    "name": "numbers",
    "columns": [{"name": "price", "type": "number"}, *({"name": one, "type": "text"} for one in ("a", "b", "c"))],
}


@pytest.fixture
def thousands(grid: tuple[House, Page]) -> tuple[House, Page]:
    """Rows "No 0000" and so on, which stand in this order."""
    house, page = grid
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, NUMBERS)
    for start in range(0, MANY, 800):
        with house.write("north") as (session, actor):
            made = [Edit("create", values={"name": f"No {number:04}", "price": number}) for number in
                    range(start, start + 800)]  # fmt: skip
            editing.write(session, actor, "numbers", made)
    page.goto("/lists/numbers/grid?columns=name,price")
    page.locator("td").first.wait_for()
    return house, page


def at_row(page: Page, number: int, column: int) -> Any:
    """A cell of a row by its place in the list, from 1; not there while it is out of sight."""
    return page.locator(f".grid tr[aria-rowindex='{number + 1}'] td:nth-of-type({column})")


def lines(page: Page) -> int:
    return page.locator(".grid tbody tr").count()


def test_of_thousands_of_rows_only_those_in_sight_are_in_the_page(thousands: tuple[House, Page]) -> None:
    _house, page = thousands
    at_row(page, 1, 1).click()
    page.keyboard.press("Control+End")
    expect(at_row(page, MANY, 2)).to_be_focused(timeout=30_000)
    expect(at_row(page, MANY, 2)).to_have_text(f"{MANY - 1:,}")
    expect(at_row(page, MANY, 2)).to_be_in_viewport()
    assert 10 < lines(page) < 80
    expect(page.locator(".grid")).to_have_attribute("aria-rowcount", str(MANY + 2))
    page.keyboard.press("PageUp")
    focused = page.evaluate("document.activeElement.parentElement.ariaRowIndex")
    assert MANY - 60 < int(focused) < MANY
    page.keyboard.press("Control+Home")
    expect(at_row(page, 1, 1)).to_be_focused()
    expect(at_row(page, MANY, 1)).to_have_count(0)
    page.keyboard.press("Control+Shift+End")
    block = copied(page)[0].split("\r\n")
    assert len(block) == MANY
    assert (block[0], block[-1]) == ("No 0000\t0", f"No {MANY - 1:04}\t{MANY - 1:,}")
    assert lines(page) < 80


def test_what_is_edited_is_there_after_scrolling_away_and_back(thousands: tuple[House, Page]) -> None:
    house, page = thousands
    page.locator(".grid-scroll").evaluate("(box) => box.scrollTo(0, 100000)")
    page.locator(".grid.is-frozen").wait_for()
    page.locator(".grid-scroll").evaluate("(box) => box.scrollTo(0, 0)")
    at_row(page, 3, 2).click()
    page.keyboard.type("77")
    page.locator(".grid-scroll").evaluate("(box) => box.scrollTo(0, 9000)")
    expect(at_row(page, 3, 2)).to_have_count(0)
    state(page, "saved")
    expect(page.locator(".grid")).to_be_focused()  # the cell is out of sight, the keys are not
    page.keyboard.press("ArrowDown")
    expect(at_row(page, 4, 2)).to_be_focused()
    expect(at_row(page, 3, 2)).to_have_text("77")
    with house.read("north") as (session, actor):
        third = query.page(session, actor, "numbers", order=[("name", False)]).items[2]
        assert third["price"] == 77
    page.locator(".grid-scroll").evaluate("(box) => box.scrollTo(0, 9000)")
    expect(page.locator(".grid")).to_be_focused()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(at_row(page, 4, 2)).to_have_text("5")


def test_a_block_of_five_thousand_cells_is_pasted_and_undone(thousands: tuple[House, Page]) -> None:
    house, page = thousands
    page.goto("/lists/numbers/grid?columns=name,price,a,b,c")
    at_row(page, 1, 1).click()
    page.keyboard.press("Control+End")
    expect(at_row(page, MANY, 5)).to_be_focused(timeout=30_000)
    page.keyboard.press("Control+Home")
    paste(page, "\r\n".join(f"New {number:04}\t{number}\ta\tb\tc" for number in range(1000)))
    expect(at_row(page, 1000, 1)).to_have_text("New 0999")
    page.locator("[data-grid=state][data-state=saved]").wait_for(timeout=60_000)
    with house.read("north") as (session, actor):
        assert query.count(session, actor, "numbers", where=filters.field("name", "startswith", "New")).number == 1000
    page.keyboard.press("Control+z")
    expect(at_row(page, 1000, 1)).to_have_text("No 0999", timeout=60_000)


def test_what_may_be_chosen_is_in_sight_on_the_lowest_row_too(grid: tuple[House, Page]) -> None:
    _house, page = grid
    page.set_viewport_size({"width": 1000, "height": 420})
    cell(page, 3, 3).click()
    page.keyboard.press("F2")
    expect(page.locator(".grid-editor .option")).to_have_count(2)
    for option in page.locator(".grid-editor .option").all():
        expect(option).to_be_in_viewport(ratio=1)


def test_accents_and_composed_words_begin_in_the_cell(grid: tuple[House, Page]) -> None:
    _house, page = grid
    cell(page, 1, 1).click()
    page.evaluate("""document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Dead", bubbles: true, cancelable: true }))""")
    expect(page.locator(".grid-input")).to_be_focused()
    tools = page.context.new_cdp_session(page)
    tools.send("Input.imeSetComposition", {"text": "č", "selectionStart": 1, "selectionEnd": 1})
    tools.send("Input.insertText", {"text": "čln"})
    page.keyboard.press("Enter")
    state(page, "saved")
    expect(cell(page, 1, 1)).to_have_text("čln")
    page.evaluate("""document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {
        key: "@", ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true, cancelable: true }))""")
    expect(page.locator(".grid-input")).to_have_value("@")
