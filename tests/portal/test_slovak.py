"""Who reads Slovak sees Slovak: on every page, in every refusal, from the sign-in page on."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import lxml.html
import pytest
from babel.messages.pofile import read_po
from house import Browser, House, token_of
from letters import a_mail

from caseroom.lists.columns import Reader
from caseroom.lists.models import User
from caseroom.lists.rights import PROGRAM
from caseroom.lists.schema import create_list
from caseroom.portal.pages.typed import read_day

SLOVAK = Path(__file__).resolve().parents[2] / "portal" / "translations" / "sk" / "LC_MESSAGES" / "messages.po"
SPOKEN = ("title", "aria-label", "placeholder", "alt", "data-confirm")
# Said in the same words in both languages: names of things and of people, and what is nobody's language.
SAME = re.compile(
    r"Caseroom|E-mail|Outlook|Android|iPhone, Mac|English|Slovenčina|Ctrl|Shift|Del|Esc|Enter|Logo|Web|Fax|"
    r"Text|Token|Message-ID|CSV|Person|Zeta|\b(North|West|South|Alfa|Beta)\b|house\.test|SQLite|caseroom\.toml|^[A-Z]{1,3}$"
)


# The house's own entries, and what is written for machines, by the pages that show them.
DATA = (
    (r"/lists/documents/values/media_type", r"application/pdf"),
    (r"/lists/mails/values/message_id", r"one@tatra\.test"),
    (r"/lists/.*kind=calendar", r"(April|August|September|November|December) \d{4}"),  # the same in Slovak
    ("/lists/(templates|document_types)", r"Minutes|Contract|Zmluva|Offer|Ponuka|Zápis|en|sk"),
    (
        "/",
        r"(Contract\.docx|Word \(\.docx\)|PDF \(\.pdf\))|Contacted|Offer|Negotiation|Price|Werkzeug|Europe/Bratislava",
    ),
    ("/", r"Preliminary interest|Binding order|Service support"),
    ("/admin/status", r"[a-z]+(_[a-z]+)*|[a-z]+:/.*|/.*|\d+ kB"),
)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The catalogue is compiled as it stands; without this every test here would fail for another reason."""
    built = SLOVAK.with_suffix(".mo")
    assert built.is_file(), "`make assets` compiles the catalogues"
    with built.open("rb") as file:
        held = GNUTranslations(file)
    differ = [said for said, words in translations().items() if held.gettext(said) != words]
    assert differ == [], "`make assets` compiles the catalogues"


@pytest.fixture
def slovak(house: House) -> House:
    """The house, in which `north`, `admin` and `south` read Slovak."""
    for name in ("north", "admin", "south"):
        speak(house, name, "sk")
    return house


def speak(house: House, name: str, language: str) -> None:
    with house.write("admin") as (session, _actor):
        session.get_one(User, house.people[name]).language = language


@cache
def translations() -> dict[str, str]:
    """The Slovak words by the English ones, where they differ; of counted messages the plain ones."""
    with SLOVAK.open("rb") as lines:
        catalogue = read_po(lines, locale="sk")
    plain = [one for one in catalogue if one.id and isinstance(one.id, str) and not one.context]
    return {str(one.id): str(one.string) for one in plain if one.id != one.string}


# --- Every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["north", "admin", "south"])
def test_no_page_says_anything_in_english(slovak: House, name: str) -> None:
    fill(slovak)
    client, found = slovak.client(name), {}
    for address, page in crawl(client):
        found[address] = sorted(words(page))
    in_slovak = len(found)
    assert in_slovak > (25 if name != "south" else 15), sorted(found)
    said = {
        address: [text for text in english(texts) if not is_data(address, text)] for address, texts in found.items()
    }
    assert {address: texts for address, texts in said.items() if texts} == {}
    # What stands on the page in both languages is data, or somebody forgot to mark it.
    speak(slovak, name, "en")
    same: dict[str, str] = {}
    for address, texts in found.items():
        there = set(words(client.get(address).text))
        same |= {one: address for one in texts if one in there and is_a_word(one) and not is_data(address, one)}
    assert same == {}, "\n".join(f"{text!r} on {address}" for text, address in sorted(same.items()))


def test_an_english_word_on_a_page_would_be_noticed() -> None:
    page = "<html><body><p>Uložiť</p><p>Nothing was changed.</p><a title='Log call'>x</a></body></html>"
    assert english(sorted(words(page))) == ["Log call", "Nothing was changed."]
    assert is_a_word("Save it") and not is_a_word("12 345,00 €") and not is_a_word("Zeta 1")


def fill(house: House) -> None:
    """One of everything, so that every page has something to say. Names begin with Zeta."""
    company = house.make_relation(name="Zeta Steel", phone="+421 2 5555 1234", email="zeta@house.test", tags=["Zeta"])
    contact = house.make("contacts", {"first_name": "Zeta", "surname": "Person", "company": company.id})
    case = house.make_case(
        name="Zeta licence", company=company.id, contacts=[contact.id], value="48000", expected_close="2026-12-24"
    )
    house.make("activities", {"activity_type": "task", "case": case.id, "description": "Zeta", "due": "2026-11-20"})
    house.make("activities", {"activity_type": "call", "company": company.id, "contact": contact.id})
    house.make("events", {"case": case.id, "place": "Zeta", "description": "Zeta"})
    house.make("documents", {"name": "Zeta", "case": case.id})
    house.make("relations", {"name": "Zeta Group", "address": {"city": "Zeta", "country": "SK"}, "priority": "high"})
    with house.write("admin") as (session, _actor):
        done = {"name": "finished", "type": "boolean", "title": {"en": "Finished", "sk": "Dokončené"}}
        create_list(session, PROGRAM, {"name": "zetas", "title": {"en": "Zeta", "sk": "Zeta"}, "columns": [done]})
    answer = house.api("north").post(
        "/api/v1/mail",
        data={
            "message": (io.BytesIO(a_mail("Zeta", sender="Zeta <zeta@zeta.test>", text="Zeta")), "z.eml"),
            "case": case.id,
        },
    )
    assert answer.status_code == 201, answer.text


def crawl(client: Browser) -> Iterator[tuple[str, str]]:
    """Every kind of page that links lead to from the first: its address and content. One of each kind is enough."""
    waiting, kinds = ["/", "/search?q=zeta", "/search?q=xyzzy", "/nothing-here"], set()
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "1", re.sub(r"=[^&]*", "=", address))
        kind = re.sub(r"/lists/\w+/(settings|new-column|copy|as-file|file\.json)", r"/lists/1/\1", kind)
        kind = re.sub(r"/lists/\w+/columns/\w+", "/lists/1/columns/1", kind)
        if kind in kinds or len(kinds) > 220:
            continue
        kinds.add(kind)
        answer = client.get(address)
        if answer.mimetype != "text/html" or answer.status_code >= 500:
            assert answer.status_code < 500, address
            continue
        assert answer.headers["Content-Language"] == "sk", address
        assert answer.status_code >= 300 or "<html" not in answer.text or '<html lang="sk"' in answer.text, address
        yield address, answer.text
        for link in lxml.html.fromstring(answer.text or "<p>").xpath("//a/@href"):
            if link.startswith("/") and not re.search(r"/(content|feed|static)\b|/original|\.ics|sign-out", link):
                waiting.append(link.partition("#")[0])


def words(page: str) -> Iterator[str]:
    """The texts of a page, those spoken only and those for scripts too; not what is marked as another language."""
    tree = lxml.html.fromstring(page or "<p>")
    for element in tree.iter():
        if not isinstance(element.tag, str) or any(
            up.get("lang") and up.tag != "html" for up in (element, *element.iterancestors())
        ):
            continue
        for name in SPOKEN:
            if spoken := element.get(name):
                yield tidy(spoken)
        if element.get("id") == "words":
            yield from (tidy(text) for text in json.loads(element.text_content()).values())
        elif element.tag not in ("script", "style", "template", "option") or (
            element.tag == "option" and not is_of_the_world(element)
        ):
            texts = [element.text, *(child.tail for child in element)]
            yield from (tidy(text) for text in texts if text and tidy(text))


def is_of_the_world(option: lxml.html.HtmlElement) -> bool:
    """A time zone, a country or a currency: many are called alike in both languages."""
    value = option.get("value") or ""
    return "/" in value or bool(re.fullmatch("[A-Z]{2,3}", value))


def tidy(text: str) -> str:
    return " ".join(text.split())


def english(texts: list[str]) -> list[str]:
    """Texts that are an English message, with whatever stands in its places."""
    known, shapes = translations(), message_shapes()
    said = [text for text in texts if text in known and not SAME.search(text)]
    return [*said, *(text for text in texts if any(shape.fullmatch(text) for shape in shapes) and text not in said)]


@cache
def message_shapes() -> list[re.Pattern[str]]:
    """Messages with places, as patterns; such as say too little around them fit anything."""
    return [
        re.compile(re.sub(r"%\\\(\w+\\\)[sd]|%\(\w+\)[sd]", "[^.]+", re.escape(message)))
        for message in translations()
        if "%(" in message and len(re.findall(r"[a-z]{2,}", re.sub(r"%\(\w+\)s", "", message))) > 2
    ]


def is_data(address: str, text: str) -> bool:
    return any(re.match(page, address) and re.fullmatch(entries, text) for page, entries in DATA)


def is_a_word(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2,}", text)) and not SAME.search(text) and text not in slovak_words()


@cache
def slovak_words() -> set[str]:
    """What Slovak says, though English may say it in the same word."""
    with SLOVAK.open("rb") as lines:
        return {str(message.string) for message in read_po(lines, locale="sk") if message.id}


# --- Refusals -------------------------------------------------------------------------------------


def test_the_api_refuses_in_the_reader_s_language(slovak: House) -> None:
    api, case = slovak.api("north"), slovak.make_case()
    there = f"/api/v1/lists/cases/items/{case.id}"
    refused = [
        (api.get("/api/v1/lists/cases/items/999999"), 404, "Nenájdené", "Taká položka neexistuje."),
        (api.get("/api/v1/nothing"), 404, "Nenájdené", "Taká stránka neexistuje."),
        (api.put("/api/v1/lists"), 405, "Nemožné", "Táto adresa neprijíma metódu PUT."),
        (
            api.patch(there, json={"name": "Other"}), 428, "Chýba verzia",
            "Uveďte, ktorú verziu ste videli: pošlite jej ETag ako If-Match, alebo * pre ľubovoľnú.",
        ),
        (
            api.patch(there, json={"name": "Other"}, headers={"If-Match": '"99"'}), 412, "Medzitým zmenené",
            "Medzitým to zmenil niekto iný.",
        ),
        (
            api.post("/api/v1/lists/owners/items", json={"name": "Gamma"}), 403, "Nepovolené",
            "Do tohto zoznamu nemôžete nič pridať.",
        ),
    ]  # fmt: skip
    for answer, status, title, detail in refused:
        assert (answer.status_code, answer.json["title"], answer.json["detail"]) == (status, title, detail)
        assert answer.headers["Content-Language"] == "sk"


def test_a_refused_field_is_named_in_the_reader_s_language(slovak: House) -> None:
    sent = {"name": "", "company": slovak.make_relation().id, "expected_close": "soon", "value": "much"}
    for name, wanted in (
        ("north", ["„soon“ nie je dátum (rok-mesiac-deň).", "„much“ nie je číslo.", "Vyplňte pole „Názov“."]),
        ("both", ["“soon” is not a date (year-month-day).", "“much” is not a number.", "“Name” must be filled in."]),
    ):
        answer = slovak.api(name).post("/api/v1/lists/cases/items", json=sent)
        assert answer.status_code == 422
        assert [one["message"] for one in answer.json["errors"]] == wanted
    gaps = {
        name: slovak.api(name).post("/api/v1/lists/cases/items", json={}).json["errors"] for name in ("north", "both")
    }
    assert {one["field"]: one["message"] for one in gaps["north"]}["company"] == "Vyplňte pole „Firma“."
    assert {one["field"]: one["message"] for one in gaps["both"]}["company"] == "“Company” must be filled in."


def test_a_refusal_inside_another_is_told_in_the_same_language(slovak: House) -> None:
    address = "/api/v1/lists/cases/items?$filter=expected_close eq 'soon'"
    assert slovak.api("north").get(address).json["detail"] == "expected_close: „soon“ nie je dátum (rok-mesiac-deň)."
    assert slovak.api("both").get(address).json["detail"] == "expected_close: “soon” is not a date (year-month-day)."


def test_what_could_not_be_read_of_a_mail_is_told_in_the_reader_s_language(slovak: House) -> None:
    company = slovak.make_relation()
    raw = a_mail().replace(b"Date: Mon, 02 Nov 2026 10:00:00 +0100", b"Date: some day")
    filed = slovak.api("north").post(
        "/api/v1/mail", data={"message": (io.BytesIO(raw), "mail.eml"), "company": company.id}
    )
    page = f"/lists/mails/{filed.json['id']}"
    assert "Dátum sa nedá prečítať." in slovak.client("north").get(page).text
    assert "The date cannot be read." in slovak.client("manager").get(page).text


def test_who_is_not_signed_in_is_refused_in_the_browser_s_language(house: House) -> None:
    browser = house.client()
    for languages, detail in (
        ("sk-SK,sk;q=0.9,en;q=0.5", "Najprv sa prihláste: pošlite prístupový token."),
        ("de,en;q=0.5", "Sign in first: send a bearer token."),
    ):
        answer = browser.get("/api/v1/me", headers={"Accept-Language": languages})
        assert (answer.status_code, answer.json["detail"]) == (401, detail)


# --- Choosing a language --------------------------------------------------------------------------


def test_the_sign_in_page_speaks_the_browser_s_language(house: House) -> None:
    browser = house.client()
    slovak = browser.get("/sign-in", headers={"Accept-Language": "sk-SK,sk;q=0.9,en;q=0.8"})
    assert '<html lang="sk"' in slovak.text and "Prihlásiť sa" in slovak.text
    assert slovak.headers["Content-Language"] == "sk" and "Accept-Language" in slovak.headers["Vary"]
    refused = browser.post(
        "/sign-in",
        data={"email": "north@house.test", "password": "wrong", "csrf_token": token_of(slovak.text)},
        headers={"Accept-Language": "sk"},
    )
    assert "Táto e-mailová adresa a heslo k sebe nepatria." in refused.text
    for languages in ("en-GB,en;q=0.9,sk;q=0.8", "fi", ""):
        english = browser.get("/sign-in", headers={"Accept-Language": languages})
        assert '<html lang="en"' in english.text and "Sign in" in english.text
        assert english.headers["Content-Language"] == "en"


def test_a_language_that_is_chosen_stays(house: House) -> None:
    client, other = house.client("north"), house.client("south")
    token = token_of(client.get("/account").text)
    form = {"language": "sk", "time_zone": "", "csrf_token": token}
    answer = client.post("/account/preferences", data=form, follow_redirects=True)
    assert "Uložené." in answer.text and '<html lang="sk"' in answer.text
    for browser in (client, house.client("north")):
        page = browser.get("/", headers={"Accept-Language": "en"})
        assert page.headers["Content-Language"] == "sk" and "Moje otvorené úlohy" in page.text
    assert "My open tasks" in other.get("/").text
    token = token_of(client.get("/").text)
    back = client.post(
        "/account/language", data={"language": "en", "next": "/", "csrf_token": token}, follow_redirects=True
    )
    assert "My open tasks" in back.text


# --- Numbers, days and counted things -------------------------------------------------------------


def test_numbers_amounts_and_days_are_written_the_slovak_way(slovak: House) -> None:
    case = slovak.make_case(value="1234567.5", currency="EUR", expected_close="2026-12-24")
    text = slovak.client("north").get(f"/lists/cases/{case.id}").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "1 234 567,50 €" in text
    assert "24. 12. 2026" in text or "24. 12." in text


@pytest.mark.parametrize(("number", "said"), [(1, "1 riadok"), (2, "2 riadky"), (5, "5 riadkov")])
def test_a_count_takes_the_form_of_its_number(slovak: House, number: int, said: str) -> None:
    for _each in range(number):
        slovak.make_relation()
    assert said in slovak.client("north").get("/lists/relations?count=1").text


@pytest.mark.parametrize(
    ("typed", "day"),
    [("zajtra", 1), ("pozajtra", 2), ("o 2 týždne", 14), ("o 1 týždeň", 7), ("o 5 dní", 5)],
)
def test_days_are_typed_in_slovak(typed: str, day: int) -> None:
    reader, now = Reader("sk", "Europe/Bratislava"), datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert read_day(typed, reader, now) == (now + timedelta(days=day)).date().isoformat()
