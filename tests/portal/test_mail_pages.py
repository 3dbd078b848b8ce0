"""The mail page, filing by the page (without scripts), and what the Outlook add-in is given."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

from flask.testing import FlaskClient
from house import PASSWORD, House, token_of
from letters import a_mail, word_file
from werkzeug.test import TestResponse


def choose(client: FlaskClient, *mails: bytes, **fields: Any) -> TestResponse:
    token = token_of(client.get("/mail/file").text)
    files = [(io.BytesIO(raw), f"{number}.eml") for number, raw in enumerate(mails)]
    given = {"csrf_token": token, "message": files, "privacy": "everything", **{k: str(v) for k, v in fields.items()}}
    return client.post("/mail/file", data=given)


def hidden(page: str) -> list[str]:
    return re.findall(r'name="kept" value="([^"]+)"', page)


def test_a_mail_with_a_place_is_filed_at_once_and_can_be_taken_back(house: House) -> None:
    case, browser = house.make_case(), house.client("north")
    answer = choose(browser, a_mail(attach={"offer.docx": word_file()}), case=case.id)
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    assert f"case {case.title}" in page and "Filed with" in page and "Undo" in page
    assert "buyer@tatra.test" in page and "We take it." in page and "offer.docx" in page
    undo = re.search(r'action="(/mail/\d+/undo)"', page)
    assert undo
    assert browser.post(undo.group(1), data={"csrf_token": token_of(page)}).status_code == 303
    assert browser.get(answer.headers["Location"]).status_code == 404


def test_without_a_place_the_page_asks_with_a_suggestion_and_files_each(house: House) -> None:
    company = house.make_relation(email="buyer@tatra.test")
    case, browser = house.make_case(company=company.id), house.client("north")
    asked = choose(browser, a_mail("First"), a_mail("Second", sender="un@known.test"))
    assert asked.status_code == 200 and "Where do these 2 mails belong?" in asked.text
    assert re.search(rf'name="company-0".*?<option value="{company.id}" selected>', asked.text, re.DOTALL)
    assert f'<option value="{case.id}">' in asked.text
    given = {"csrf_token": token_of(asked.text), "kept": hidden(asked.text), "company-0": company.id, "case-0": case.id,
             "leave-1": "1", "privacy": "subject"}  # fmt: skip
    assert browser.post("/mail/file", data=given).status_code == 303
    mails = house.api("north").get("/api/v1/lists/mails/items").get_json()["value"]
    assert [(one["subject"], one["case"]["id"], one["privacy"]) for one in mails] == [("First", case.id, "subject")]


def test_without_scripts_a_company_is_looked_for_by_name(house: House) -> None:
    house.make_relation(name="Quokka Works")
    browser = house.client("north")
    asked = choose(browser, a_mail())
    given = {
        "csrf_token": token_of(asked.text),
        "kept": hidden(asked.text),
        "_find": "company-0",
        "company-0__q": "quokka",
    }
    assert ">Quokka Works</option>" in browser.post("/mail/file", data=given).text


def test_one_refused_mail_leaves_all_unfiled_and_says_why(house: House) -> None:
    browser, theirs = house.client("north"), house.make_case(by="south")
    asked = choose(browser, a_mail("First"), a_mail("Second"))
    given = {"csrf_token": token_of(asked.text), "kept": hidden(asked.text), "case-1": theirs.id}
    answer = browser.post("/mail/file", data=given)
    assert answer.status_code == 422 and "There is no such item to choose." in answer.text
    assert house.api("north").get("/api/v1/lists/mails/items").get_json()["value"] == []


def test_what_is_no_mail_and_anothers_form_are_refused(house: House) -> None:
    north, south = house.client("north"), house.client("south")
    assert choose(north, b"not a mail").status_code == 422
    stolen = hidden(choose(north, a_mail()).text)
    token = token_of(south.get("/mail/file").text)
    for kept in (stolen[0], "rubbish"):
        assert south.post("/mail/file", data={"csrf_token": token, "kept": kept}).status_code == 422


def test_html_is_shown_in_a_frame_that_can_load_and_run_nothing(house: House) -> None:
    html = '<p onclick="x()">Hi <b>you</b><script>alert(1)</script><img src="https://spy.test/a.png"><a href="https://a.test">a</a>'
    mail = house.api("north").post("/api/v1/mail", data={
        "message": (io.BytesIO(a_mail(html=html)), "m.eml"), "company": str(house.make_relation().id),
    }).get_json()  # fmt: skip
    browser = house.client("north")
    page = browser.get(f"/lists/mails/{mail['id']}")
    assert (
        f'src="/mail/{mail["id"]}/html"' in page.text and 'sandbox="' in page.text and "allow-scripts" not in page.text
    )
    frame = browser.get(f"/mail/{mail['id']}/html")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "frame-ancestors 'self'" in policy
    assert "script-src" not in policy and "allow-scripts" not in policy and "X-Frame-Options" not in frame.headers
    assert "<b>you</b>" in frame.text and "spy.test" not in frame.text
    assert "alert" not in frame.text and "onclick" not in frame.text


def test_the_manifest_keeps_the_order_that_the_schema_asks_for(house: House) -> None:
    """[MS-OWEMXML]: OfficeApp of type MailApp, VersionOverridesV1_0 with 1.1 as its last child."""
    answer = house.app.test_client().get("/outlook/manifest.xml")
    assert answer.status_code == 200 and answer.mimetype == "text/xml"
    root = ElementTree.fromstring(answer.data)
    office, overrides = (
        "{http://schemas.microsoft.com/office/appforoffice/1.1}",
        "{http://schemas.microsoft.com/office/mailappversionoverrides",
    )
    order = ["Id", "Version", "ProviderName", "DefaultLocale", "DisplayName", "Description", "IconUrl",
             "HighResolutionIconUrl", "SupportUrl", "AppDomains", "Hosts", "Requirements", "FormSettings",
             "Permissions", "Rule", "DisableEntityHighlighting"]  # fmt: skip
    assert [child.tag for child in root] == [*(office + name for name in order), overrides + "}VersionOverrides"]
    old = root[-1]
    assert [child.tag.partition("}")[2] for child in old] == ["Requirements", "Hosts", "Resources", "VersionOverrides"]
    assert old[-1].tag == overrides + "/1.1}VersionOverrides"
    for version in (old, old[-1]):
        ids = {one.get("id") for one in version[2].iter() if one.get("id")}
        used = {one.get("resid") for one in version[1].iter() if one.get("resid")}
        assert used == ids
        control = next(one for one in version.iter() if one.tag.endswith("}Control"))
        assert [child.tag.partition("}")[2] for child in control] == ["Label", "Supertip", "Icon", "Action"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", root[0].text or "")
    client, public = house.app.test_client(), house.home.settings.public_url
    addresses = [
        one.get("DefaultValue", "")
        for one in root.iter()
        if "Url" in one.tag or one.tag.endswith(("Location", "Image"))
    ]
    for address in filter(None, addresses):
        assert address.startswith(public)
        assert client.get(address.removeprefix(public)).status_code in (200, 303), address


def test_the_task_pane_may_be_framed_by_outlook_only_and_no_other_page_by_anybody(house: House) -> None:
    client = house.app.test_client()
    pane, page = client.get("/outlook/taskpane"), client.get("/sign-in")
    policy = pane.headers["Content-Security-Policy"]
    assert (
        "script-src 'self' https://appsforoffice.microsoft.com;" in policy
        and "frame-ancestors 'self' https://outlook.office.com" in policy
    )
    assert "unsafe" not in policy and "X-Frame-Options" not in pane.headers
    assert (
        "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        and page.headers["X-Frame-Options"] == "DENY"
    )
    assert "appsforoffice" not in page.headers["Content-Security-Policy"]


def test_the_task_pane_signs_in_for_a_token_and_out_again(house: House) -> None:
    client = house.app.test_client()
    answer = client.post("/outlook/sign-in", json={"email": "North@house.test", "password": PASSWORD})
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert client.get("/api/v1/me", headers=bearer).get_json()["user"]["email"] == "north@house.test"
    assert client.post("/outlook/sign-out", headers=bearer).status_code == 204
    assert client.get("/api/v1/me", headers=bearer).status_code == 401


def test_wrong_passwords_from_the_task_pane_are_counted(house: House) -> None:
    client = house.app.test_client()
    wrong = {"email": "north@house.test", "password": "wrong"}
    answers = [
        client.post("/outlook/sign-in", json=wrong).status_code for _ in range(house.home.settings.sign_in_attempts)
    ]
    assert set(answers) == {422}
    right = client.post("/outlook/sign-in", json={"email": "north@house.test", "password": PASSWORD})
    assert right.status_code == 429 and "token" not in right.get_json()
    for body in (b"", b"[]", b"{", b'{"email": 7}'):
        assert client.post("/outlook/sign-in", data=body, content_type="application/json").status_code in (422, 429)
