"""The task pane in a real Chromium, with a stub in the place of Office.js, against a running portal."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from house import PASSWORD
from letters import a_mail, word_file
from office import open_pane
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 340, "height": 700}) as context:
        yield context.new_page()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill("north@house.test")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_pane_signs_in_suggests_files_and_takes_back(running: Any, page: Page) -> None:
    house, address = running
    company = house.make_relation(name="Tatra Steel", email="buyer@tatra.test")
    house.make_case(name="Enterprise licence", company=company.id)
    raw = base64.b64encode(a_mail("About the offer", attach={"offer.docx": word_file()})).decode()
    errors = open_pane(page, address, subject="About the offer", **{"from": "buyer@tatra.test"}, word="", raw=raw)
    sign_in(page, "wrong")
    expect(page.get_by_text("do not fit together")).to_be_visible()
    errors.clear()  # Chromium names every answer 422 an error
    sign_in(page)
    expect(page.get_by_role("heading", name="About the offer")).to_be_visible()
    expect(page.locator("#company")).to_have_text("Tatra Steel")
    expect(page.get_by_role("radio", name="Enterprise licence")).to_be_checked()
    page.get_by_label("Others see").select_option("subject")
    page.get_by_role("button", name="File this mail").click()
    expect(page.get_by_text("Filed with Tatra Steel, case Enterprise licence.")).to_be_visible()
    api = house.api("north")
    [mail] = api.get("/api/v1/lists/mails/items").get_json()["value"]
    assert (mail["subject"], mail["privacy"], mail["company"]["id"]) == ("About the offer", "subject", company.id)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert api.get("/api/v1/lists/mails/items").get_json()["value"] == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert not errors


def test_an_older_outlook_has_the_mail_put_together_from_its_parts(running: Any, page: Page) -> None:
    house, address = running
    case, word = house.make_case(name="Quokka licence"), word_file("offer")
    coded = base64.b64encode(word).decode()
    errors = open_pane(page, address, subject="Žltá ponuka – číslo 7", **{"from": "un@known.test"}, word=coded)
    sign_in(page)
    expect(page.get_by_text("No company has this address.")).to_be_visible()
    page.get_by_label("Another company or case").fill("quokka")
    page.get_by_role("radio", name="Quokka licence").check()
    page.get_by_role("button", name="File this mail").click()
    expect(page.get_by_text("case Quokka licence.")).to_be_visible()
    api = house.api("north")
    [mail] = api.get("/api/v1/lists/mails/items").get_json()["value"]
    assert (mail["subject"], mail["case"]["id"]) == ("Žltá ponuka – číslo 7", case.id)
    assert mail["text"] == "We take it. Ďakujem." and mail["sent"].startswith("2026-11-02T09:00:00")
    assert "North Ľ <north@house.test>" in mail["recipients"] and mail["message_id"] == "one@tatra.test"
    attachment = api.get(f"/api/v1/mail/{mail['id']}/attachments/1")
    assert attachment.data == word and "ponuka" in attachment.headers["Content-Disposition"]
    assert not errors
