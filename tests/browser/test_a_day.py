"""A salesperson's day in a real Chromium, with scripts and again without: what north does and what north then sees.

Pages are walked by what a person sees (words, labels, roles); only the front door is opened by its address.
"""

from __future__ import annotations

import base64
import datetime
import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
from house import PASSWORD, House
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from caseroom.portal import worker

TITLE = "Enterprise licence"
MAIL = "attachment_pdf_lf.eml"  # a real mail, with a PDF that has a name of its own
LETTER, PAPER = "Another PDF with 🎉 Unicode chars in it 🍿", "broken.pdf"


@pytest.fixture
def at_work(running: tuple[House, str]) -> Iterator[tuple[House, str]]:
    """The portal with its worker beside it, as `caseroom serve` runs them."""
    house, address = running
    stop = threading.Event()
    working = threading.Thread(target=worker.run, args=(house.home,), kwargs={"stop": stop})
    working.start()
    yield house, address
    stop.set()
    working.join()


class Desk:
    """North's browser: windows whose faults are collected, and how north signs in."""

    def __init__(self, context: BrowserContext, address: str, scripts: bool) -> None:
        self.context, self.address, self.scripts = context, address, scripts
        self.faults: list[str] = []
        self._refusals: set[int] = set()

    def window(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self._heard(page, line.type, line.text))
        page.on("requestfailed", lambda request: self._broken(request.url, request.failure))
        page.on("response", lambda answer: self._answered(page, answer.status, answer.url))
        return page

    def expect_refusals(self, *statuses: int) -> None:
        """These answers are what the test asks for; Chromium reports each as an error."""
        self._refusals |= set(statuses)

    def _heard(self, page: Page, kind: str, text: str) -> None:
        wanted = any(f"status of {status} " in text for status in self._refusals)
        if kind in ("error", "warning") and not wanted:
            self.faults.append(f"{page.url}: {text}")

    def _answered(self, page: Page, status: int, url: str) -> None:
        if status >= 400 and status not in self._refusals:
            self.faults.append(f"{page.url}: {status} {url}")

    def _broken(self, url: str, why: str | None) -> None:
        if "ERR_ABORTED" not in (why or ""):  # a page that is left, and a download, end their requests
            self.faults.append(f"{url}: {why}")

    def signed_in(self) -> Page:
        page = self.window()
        page.goto(self.address)
        page.get_by_label("E-mail").fill("north@house.test")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
        return page


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def desk(request: pytest.FixtureRequest, at_work: Any, browser: Browser) -> Iterator[Desk]:
    yield from _desk(browser, at_work[1], request.param)


@pytest.fixture
def scripted(at_work: Any, browser: Browser) -> Iterator[Desk]:
    yield from _desk(browser, at_work[1], True)


def _desk(browser: Browser, address: str, scripts: bool) -> Iterator[Desk]:
    size = {"width": 1280, "height": 800}
    with browser.new_context(java_script_enabled=scripts, viewport=size, locale="en-GB") as context:  # pyright: ignore[reportArgumentType]
        context.set_default_timeout(15_000)
        made = Desk(context, address, scripts)
        yield made
        assert not made.faults


# --- The day --------------------------------------------------------------------------------------


def test_a_day_from_a_new_case_to_its_close(at_work: Any, desk: Desk, test_data: Path) -> None:
    house, _address = at_work
    company = house.make_relation(name="Tatra Steel", phone="+421 55 123 4567")
    house.make_relation(name="Baltic Timber")
    house.make("contacts", {"first_name": "Berta", "surname": "Buyer", "company": company.id})
    page = desk.signed_in()
    _open_company(page, "Tatra Steel")
    _make_case(page)
    _arrange_meeting_from_the_row(page)
    _make_offer(page)
    _check_out_and_in(page)
    _file_mail(page, test_data / "mail" / MAIL)
    _find_everything(page)
    _close_case(page)
    _look_at_what_is_stored(house, company.id, test_data)


def _go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Navigation").get_by_role("link", name=name, exact=True).click()


def _open_company(page: Page, name: str) -> None:
    _go(page, "Relations")
    page.get_by_role("searchbox", name="Search this list").fill(name[:5])
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Baltic Timber")).to_be_hidden()
    _open_row(page, name)
    expect(page.get_by_role("link", name=re.compile(r"\+421 ?55"))).to_be_visible()


def _open_row(page: Page, name: str) -> None:
    """A press on a row opens the item beside the list, where scripts run; without them, its page."""
    page.get_by_role("table").get_by_role("link", name=name, exact=True).click()
    if _has_scripts(page):
        beside = page.get_by_role("complementary", name="Item")
        expect(beside.get_by_role("heading", name=name)).to_be_visible()
        beside.get_by_role("link", name="Open the full page").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def _has_scripts(page: Page) -> bool:
    return page.get_by_role("button", name="Fold or unfold the navigation").is_visible()


def _make_case(page: Page) -> None:
    page.get_by_role("link", name="New case").first.click()
    page.get_by_label("Name").fill(TITLE)
    page.get_by_label("Expected value").fill("48 000")
    page.get_by_label("Expected close").fill("in 2 weeks")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Saved: {TITLE}")).to_be_visible()
    expect(page.get_by_role("heading", name=TITLE, level=1)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Tatra Steel").first).to_be_visible()
    expect(page.get_by_text("48,000\u00a0€").first).to_be_visible()


def _arrange_meeting_from_the_row(page: Page) -> None:
    _go(page, "Cases")
    row = page.get_by_role("row", name=TITLE)
    row.hover()
    row.get_by_role("link", name=f"Meeting about {TITLE}").click()
    expect(page.get_by_role("heading", name="Meeting", level=1)).to_be_visible()
    _looks_free(page.get_by_label("Start").input_value(), page.get_by_label("End").input_value())
    page.get_by_label("What it is about").fill("Walk through the offer")
    page.get_by_label("Place").fill("Košice")
    page.get_by_label("Berta Buyer").check()
    page.get_by_role("button", name="Arrange meeting").click()
    expect(page.get_by_role("heading", name="Cases", level=1)).to_be_visible()
    told = page.get_by_text("It is in the calendar.")
    expect(told).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def _looks_free(start: str, end: str) -> None:
    """The next free half hour of a working day is proposed, for an hour."""
    begins, ends = (datetime.datetime.strptime(text, "%Y-%m-%d %H:%M") for text in (start, end))
    assert begins.minute in (0, 30) and begins.weekday() < 5 and 8 <= begins.hour < 17
    assert ends - begins == datetime.timedelta(hours=1)
    assert begins.date() >= datetime.datetime.now(datetime.UTC).date()


def _make_offer(page: Page) -> None:
    _open_row(page, TITLE)
    expect(page.get_by_text("Walk through the offer").first).to_be_visible()
    page.get_by_role("region", name="Documents").get_by_role("link", name="New from template").click()
    page.get_by_role("radio", name="Offer", exact=True).check()
    page.get_by_label("Contact").select_option(label="Berta Buyer")
    page.get_by_role("button", name="Make the document").click()
    expect(page.get_by_text("is made. Download it, or check it out to work on it.")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download", exact=True).click()
    said = "\n".join(_texts(coming.value.path()))
    assert TITLE in said and "Tatra Steel" in said and "Berta Buyer" in said and "{{" not in said


def _texts(path: Path) -> list[str]:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs] + cells


def _check_out_and_in(page: Page) -> None:
    page.get_by_role("button", name="Check out").click()
    expect(page.get_by_text("Checked out by you since").first).to_be_visible()
    page.get_by_label("File").set_input_files(
        {"name": "Offer.docx", "mimeType": "application/octet-stream", "buffer": _edited_offer()}
    )
    page.get_by_label("Comment").fill("Price agreed by phone")
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_text("Checked in as version 2.0.")).to_be_visible()
    history = page.get_by_role("region", name="History")
    expect(history.get_by_text("Price agreed by phone")).to_be_visible()
    expect(history.get_by_text("1.0", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody has it checked out.")).to_be_visible()


def _edited_offer() -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_paragraph("The price of the quokka fence is agreed.")
    document.save(buffer)
    return buffer.getvalue()


def _file_mail(page: Page, letter: Path) -> None:
    page.get_by_role("region", name="Facts").get_by_role("link", name=TITLE).click()
    page.get_by_role("region", name="Mail").get_by_role("link", name="File a mail").click()
    page.get_by_label("Messages").set_input_files(letter)
    page.get_by_role("button", name="File", exact=True).click()
    expect(page.get_by_text(f"Filed with Tatra Steel, case {TITLE}.")).to_be_visible()
    expect(page.get_by_role("heading", name=LETTER, level=1)).to_be_visible()
    expect(page.get_by_role("link", name=PAPER).first).to_be_visible()


def _find_everything(page: Page) -> None:
    """By names: company, case, meeting, letter; by a word inside: the offer as it was checked in, and the letter."""
    for words, titles in {
        "enterprise licence": [TITLE, f"Meeting: {TITLE}"],
        "walk offer": [f"Meeting: {TITLE}"],
        "quokka": ["Offer"],
        "tatra": ["Tatra Steel", LETTER],
        "unicode chars": [LETTER],
    }.items():
        for _try in range(30):
            if _finds(page, words, titles):
                break
        else:
            pytest.fail(f"{words!r} does not find {titles}")


def _finds(page: Page, words: str, titles: list[str]) -> bool:
    """Whether a search, asked once, shows all of these; what was just stored is found a moment later."""
    box = page.get_by_role("banner").get_by_label("Search everything").and_(page.locator("input"))
    box.fill(words)
    box.press("Enter")
    found = page.get_by_role("main")
    expect(found.get_by_text(f"“{words}”")).to_be_visible()
    if all(found.get_by_role("link", name=title).first.is_visible() for title in titles):
        return True
    page.wait_for_timeout(500)
    return False


def _close_case(page: Page) -> None:
    _go(page, "Cases")
    _open_row(page, TITLE)
    page.get_by_role("main").get_by_role("link", name="Close", exact=True).click()
    page.get_by_role("radio", name="Won").check()
    page.get_by_label("Reason").select_option(label="Price")
    page.get_by_label("Note").fill("They liked the quokka.")
    page.get_by_role("button", name="Close case").click()
    expect(page.get_by_text("Case closed as won.")).to_be_visible()
    expect(page.get_by_role("link", name="Reopen")).to_be_visible()
    _go(page, "Cases")
    expect(page.get_by_role("table").get_by_role("link", name=TITLE)).to_be_hidden()


def _look_at_what_is_stored(house: House, company: int, test_data: Path) -> None:
    api = house.api("north")

    def stored(name: str) -> list[dict[str, Any]]:
        return api.get(f"/api/v1/lists/{name}/items").json["value"]

    [case] = stored("cases")
    assert (case["name"], case["company"]["id"], case["value"]) == (TITLE, company, "48000.00")
    assert (case["status"], case["outcome"], case["closing_note"]) == ("closed", "won", "They liked the quokka.")
    assert case["closing_reason"]["title"] == "Price" and case["sales_group"]["title"] == "North"
    [activity] = stored("activities")
    assert (activity["activity_type"], activity["description"]) == ("meeting", "Walk through the offer")
    [event] = stored("events")
    assert (event["place"], event["activity"]["id"]) == ("Košice", activity["id"])
    [buyer] = stored("contacts")
    assert [one["contact"] for one in event["participants"]] == [buyer["id"]]
    [letter] = stored("mails")
    assert letter["subject"] == LETTER and letter["case"]["id"] == case["id"]
    sent = api.get(f"/api/v1/mail/{letter['id']}/attachments/1").data
    papers = {paper["file_name"]: paper for paper in stored("documents")}
    offer = next(paper for name, paper in papers.items() if name.endswith(".docx"))
    assert offer["file_version"] == "2.0" and offer["checked_out_by"] is None and offer["case"]["id"] == case["id"]
    versions = api.get(f"/api/v1/libraries/documents/files/{offer['id']}/versions").json["value"]
    assert [version["number"] for version in versions] == ["2.0", "1.0"]
    assert papers[PAPER]["case"]["id"] == case["id"]
    assert api.get(f"/api/v1/libraries/documents/files/{papers[PAPER]['id']}/content").data == sent
    found = api.get("/api/v1/search?q=quokka").json["value"]
    assert ("documents", offer["id"]) in {(hit["list"], hit["id"]) for hit in found}
    for thing in (case, activity, offer, letter):
        assert "company" in thing and thing["company"]["id"] == company


# --- Parts of a day -------------------------------------------------------------------------------


class Hand:
    """Counts what a person does: presses, and runs of typing wherever the focus is."""

    def __init__(self, page: Page) -> None:
        self.page, self.interactions = page, 0

    def press(self, control: Locator) -> None:
        self.interactions += 1
        control.click()

    def type(self, text: str) -> None:
        self.interactions += 1
        self.page.keyboard.type(text)


def test_a_call_is_logged_from_a_companys_row_in_four_interactions(at_work: Any, desk: Desk) -> None:
    house, _address = at_work
    company = house.make_relation(name="Tatra Steel")
    page = desk.signed_in()
    hand = Hand(page)
    hand.press(page.get_by_role("navigation", name="Navigation").get_by_role("link", name="Relations"))
    row = page.get_by_role("row", name="Tatra Steel")
    row.hover()
    hand.press(row.get_by_role("link", name="Phone call with Tatra Steel"))
    expect(page.get_by_label("What was said")).to_be_focused()
    hand.type("They ask for a second offer.")
    hand.press(page.get_by_role("button", name="Log call"))
    expect(page.get_by_text("Call logged with Tatra Steel.")).to_be_visible()
    assert hand.interactions <= 4
    [call] = house.api("north").get("/api/v1/lists/activities/items").json["value"]
    assert (call["activity_type"], call["description"]) == ("call", "They ask for a second offer.")
    assert call["company"]["id"] == company.id and call["done"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    assert house.api("north").get("/api/v1/lists/activities/items").json["value"] == []


def test_an_error_stands_beside_its_field_and_what_was_typed_stays(at_work: Any, desk: Desk) -> None:
    house, _address = at_work
    company = house.make_relation(name="Tatra Steel")
    desk.expect_refusals(422)
    page = desk.signed_in()
    _open_company_of(page, "Tatra Steel")
    page.get_by_role("link", name="New case").first.click()
    page.get_by_label("Name").fill(TITLE)
    page.get_by_label("Description").fill("Two halls.\nOne licence.")
    page.get_by_label("Expected value").fill("quite a lot")
    page.get_by_label("Expected close").fill("some day")
    page.get_by_role("button", name="Save").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("2 things need your attention")
    for label, typed in {"Expected value": "quite a lot", "Expected close": "some day"}.items():
        _is_refused_beside(page, page.get_by_label(label, exact=True), typed)
    expect(page.get_by_label("Name")).to_have_value(TITLE)
    expect(page.get_by_label("Description")).to_have_value("Two halls.\nOne licence.")
    summary.get_by_role("link", name=re.compile("Expected value")).click()
    expect(page.get_by_label("Expected value")).to_be_focused()
    page.get_by_label("Expected value").fill("1200.50")
    page.get_by_label("Expected close").fill("tomorrow")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Saved: {TITLE}")).to_be_visible()
    [case] = house.api("north").get("/api/v1/lists/cases/items").json["value"]
    assert (case["value"], case["company"]["id"]) == ("1200.50", company.id)


def _open_company_of(page: Page, name: str) -> None:
    _go(page, "Relations")
    _open_row(page, name)


def _is_refused_beside(page: Page, field: Locator, typed: str) -> None:
    expect(field).to_have_value(typed)
    expect(field).to_have_attribute("aria-invalid", "true")
    said = page.locator(f"#{(field.get_attribute('aria-describedby') or '').split()[0]}")
    expect(said).to_be_visible()
    above, below = field.bounding_box(), said.bounding_box()
    assert above and below and 0 <= below["y"] - (above["y"] + above["height"]) <= 12


def test_the_second_of_two_tabs_is_shown_both_values(at_work: Any, desk: Desk) -> None:
    house, _address = at_work
    case = house.make_case(name=TITLE, description="One hall")
    desk.expect_refusals(409)
    first = desk.signed_in()
    _go(first, "Cases")
    _open_row(first, TITLE)
    second = desk.window()
    second.goto(first.url)
    for tab in (first, second):
        tab.get_by_role("region", name="Facts").get_by_role("link", name="Edit").click()
    first.get_by_label("Description").fill("Two halls")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text(f"Saved: {TITLE}")).to_be_visible()
    second.get_by_label("Description").fill("Three halls")
    second.get_by_label("Expected value").fill("900")
    second.get_by_role("button", name="Save").click()
    told = second.get_by_role("alert")
    expect(told).to_contain_text("North Person changed this while you were editing")
    both = told.get_by_role("group", name="Description")
    expect(both).to_contain_text("Two halls")
    expect(both).to_contain_text("Three halls")
    expect(second.get_by_label("Description")).to_have_value("Three halls")
    read = house.api("north").get(f"/api/v1/lists/cases/items/{case.id}").json
    assert (read["description"], read["value"]) == ("Two halls", None)
    both.get_by_role("radio", name=re.compile("Stored by North Person")).check()
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text(f"Saved: {TITLE}")).to_be_visible()
    read = house.api("north").get(f"/api/v1/lists/cases/items/{case.id}").json
    assert (read["description"], read["value"]) == ("Two halls", "900.00")


def _actions(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=name).get_by_role("link", name=f"Task for {name}").locator("xpath=..")


def test_row_actions_show_under_the_pointer_and_with_the_focus(at_work: Any, desk: Desk) -> None:
    house, _address = at_work
    for name in ("First case", "Second case"):
        house.make_case(name=name)
    page = desk.signed_in()
    _go(page, "Cases")
    expect(_actions(page, "First case")).to_have_css("opacity", "0")
    page.get_by_role("row", name="First case").hover()
    expect(_actions(page, "First case")).to_have_css("opacity", "1")
    expect(_actions(page, "Second case")).to_have_css("opacity", "0")
    page.get_by_role("link", name="Second case", exact=True).focus()
    expect(_actions(page, "Second case")).to_have_css("opacity", "1")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)], ids=["phone", "tablet"])
def test_on_touch_row_actions_are_always_there_and_large_enough(
    at_work: Any, browser: Browser, width: int, height: int
) -> None:
    house, address = at_work
    house.make_case(name=TITLE, value="48000", expected_close="2026-12-24")
    size: Any = {"width": width, "height": height}
    with browser.new_context(viewport=size, has_touch=True, is_mobile=True) as context:
        page = Desk(context, address, True).signed_in()
        page.goto(f"{address}/lists/cases")
        actions = _actions(page, TITLE)
        expect(actions).to_have_css("opacity", "1")
        for action in actions.get_by_role("link").all():
            room = action.bounding_box()
            assert room and room["width"] >= 44 and room["height"] >= 44
            action.click(trial=True)  # a finger meets it and nothing else
        if width > 640:  # they lie over the row's end, which must not show through
            expect(actions.locator("xpath=..")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_the_panel_walks_through_the_rows_with_the_arrows_and_leaves_with_escape(at_work: Any, scripted: Desk) -> None:
    house, _address = at_work
    for name in ("First case", "Second case"):
        house.make_case(name=name)
    page = scripted.signed_in()
    _go(page, "Cases")
    beside = page.get_by_role("complementary", name="Item")
    page.get_by_role("link", name="Second case", exact=True).press("Enter")  # the latest stands first
    expect(beside.get_by_role("heading", name="Second case")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(beside.get_by_role("heading", name="First case")).to_be_visible()
    page.keyboard.press("Escape")
    expect(beside).to_be_hidden()
    expect(page.get_by_role("link", name="First case", exact=True)).to_be_focused()


PROGRESS = """() => {
  window.progressSeen = [];
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    if (target instanceof HTMLProgressElement) window.progressSeen.push(target.value);
  })).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["value"] });
}"""


def test_dropped_files_go_up_with_their_progress_and_a_refused_one_says_why(
    at_work: Any, scripted: Desk, test_data: Path
) -> None:
    house, _address = at_work
    case = house.make_case(name=TITLE)
    scripted.expect_refusals(422)
    page = scripted.signed_in()
    _go(page, "Cases")
    _open_row(page, TITLE)
    page.get_by_role("region", name="Documents").get_by_role("link", name="Upload").click()
    expect(page.get_by_text("Drop files here or choose them")).to_be_visible()
    page.evaluate(PROGRESS)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 150_000}
    network.send("Network.emulateNetworkConditions", slow)
    files = [test_data / "documents" / name for name in ("testWORD_2006ml.docx", "not-really-a-word-file.docx")]
    _drop(page, page.get_by_text("Drop files here or choose them"), files)
    good, bad = (page.get_by_role("listitem").filter(has_text=file.name) for file in files)
    expect(good.get_by_role("progressbar")).to_be_visible()
    expect(good.first).to_contain_text("Uploaded")
    expect(bad).to_contain_text("Not uploaded: ")
    expect(bad.get_by_role("button", name="Try again")).to_be_visible()
    seen = page.evaluate("window.progressSeen")
    assert len([value for value in seen if 0 < value < 100]) >= 2, seen
    expect(page.locator("#uploaded").get_by_role("link", name="testWORD_2006ml")).to_be_visible()
    [paper] = house.api("north").get("/api/v1/lists/documents/items").json["value"]
    assert paper["file_name"] == "testWORD_2006ml.docx" and paper["case"]["id"] == case.id
    content = house.api("north").get(f"/api/v1/libraries/documents/files/{paper['id']}/content").data
    assert content == files[0].read_bytes()


def _drop(page: Page, place: Locator, files: list[Path]) -> None:
    """What the browser tells a page when files are dropped on it."""
    held = page.evaluate_handle(
        """(files) => {
          const held = new DataTransfer();
          for (const [name, coded] of files) {
            held.items.add(new File([Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0))], name));
          }
          return held;
        }""",
        [[file.name, _coded(file)] for file in files],
    )
    for kind in ("dragenter", "dragover", "drop"):
        place.dispatch_event(kind, {"dataTransfer": held})


def _coded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
