"""The demo's world is the same for the same seed, hangs together, and its files and mails are real."""

import email
import hashlib
import io
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import docx
import openpyxl
import phonenumbers
import pypdf
import pytest
from stdnum import iban
from stdnum.cz import dic
from stdnum.de import handelsregisternummer
from stdnum.de import vat as de_vat
from stdnum.ee import kmkr, registrikood
from stdnum.sk import dph
from stdnum.tr import vkn

from caseroom.portal.demo import world as demo_world
from caseroom.portal.demo.world import World, make_world

DEFINITIONS = Path(__file__).parents[2] / "lists" / "definitions"
TODAY = date(2026, 3, 18)
Row = dict[str, Any]


def digest(world: World) -> str:
    """One hash over every value and every byte of the world."""
    return hashlib.sha256(repr((world.users, world.lists)).encode()).hexdigest()


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, TODAY)


def open_docx(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def open_xlsx(content: bytes) -> str:
    sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return "\n".join(str(value) for sheet in sheets for row in sheet.values for value in row if value is not None)


def open_pdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


READERS: dict[str, Callable[[bytes], str]] = {"docx": open_docx, "xlsx": open_xlsx, "pdf": open_pdf}


def test_the_same_seed_makes_the_same_world_in_another_process_with_another_hash_seed(world: World):
    script = (
        "import hashlib, datetime; from caseroom.portal.demo.world import make_world\n"
        "w = make_world(1, datetime.date(2026, 3, 18))\n"
        "print(hashlib.sha256(repr((w.users, w.lists)).encode()).hexdigest())"
    )
    surroundings = {
        **os.environ,
        "PYTHONHASHSEED": "4242",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TZ": "Asia/Tokyo",
    }
    other = subprocess.run([sys.executable, "-c", script], env=surroundings, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(world)


def test_another_seed_and_a_weekend_make_another_world_that_hangs_together_as_well(world: World):
    other = make_world(2, date(2026, 8, 1))
    assert digest(other) != digest(world)
    assert {row["name"] for row in other.lists["relations"]} != {row["name"] for row in world.lists["relations"]}
    for check in (
        test_the_world_has_the_promised_size,
        test_every_reference_resolves_and_is_written_after_what_it_refers_to,
        test_what_hangs_on_a_case_agrees_with_it,
        test_a_history_runs_in_time_order_between_opening_and_closing,
        test_nothing_is_changed_after_the_present_and_the_last_change_is_of_this_morning,
        test_everybody_has_something_overdue_something_today_and_something_ahead,
    ):
        check(other)


def test_the_world_has_the_promised_size(world: World):
    sizes = {name: len(rows) for name, rows in world.lists.items()}
    assert (sizes["owners"], sizes["sales_groups"], sizes["salespeople"]) == (2, 5, 15)
    assert (sizes["relations"], sizes["cases"], sizes["activities"]) == (300, 1000, 4000)
    assert (sizes["documents"], sizes["mails"], sizes["products"]) == (200, 300, 12)
    per_company = Counter(contact["company"] for contact in world.lists["contacts"])
    assert len(per_company) == 300 and set(per_company.values()) == {1, 2, 3, 4, 5, 6}
    countries = Counter(row["address"]["country"] for row in world.lists["relations"])
    assert set(countries) == {"SK", "EE", "TR", "DE"} and min(countries.values()) >= 50
    for name in (
        "business_areas",
        "main_activities",
        "relation_types",
        "case_types",
        "stages",
        "closing_reasons",
    ):
        assert all(row["name"] and row["name_sk"] for row in world.lists[name])
    assert "Service support" in {row["name"] for row in world.lists["case_types"]}


def test_every_field_is_a_column_of_its_list_and_every_choice_one_of_its_choices(world: World):
    bytes_fields = {"documents": {"content"}, "mails": {"message"}}
    checked = 0
    for name, rows in world.lists.items():
        definition = tomllib.loads((DEFINITIONS / f"{name}.toml").read_text(encoding="utf-8"))
        columns: dict[str, Row] = {"name": {"type": "text"}}
        columns |= {column["name"]: column for column in definition["columns"]}
        assert set(demo_world.FIELDS[name]) - bytes_fields.get(name, set()) <= set(columns), name
        for column in columns.values():
            if column["type"] == "choice":
                allowed = {choice["value"] for choice in column["choices"]} | {None}
                assert {row[column["name"]] for row in rows} <= allowed, (name, column["name"])
                checked += 1
    assert checked >= 5


def test_the_promised_users_can_be_made_with_their_groups_and_roles(world: World):
    users = {user["email"]: user for user in world.users}
    groups = {row["name"]: row for row in world.lists["sales_groups"]}
    owners = [row["key"] for row in world.lists["owners"]]
    north = groups["North"]
    assert len(users) == len(world.users) == 18
    assert {user["password"] for user in world.users} == {"caseroom-demo"}
    assert north["owner"] == owners[0]
    assert users["admin@demo.test"]["roles"] == ["administrator"]
    assert users["manager@demo.test"]["manages"] == [owners[0]]
    assert users["templates@demo.test"]["roles"] == ["template_editor"]
    assert users["north@demo.test"]["groups"] == [north["key"]]
    both = users["both@demo.test"]["groups"]
    group_owner = {row["key"]: row["owner"] for row in groups.values()}
    assert len(both) == 2 and north["key"] in both and {group_owner[key] for key in both} == {owners[0]}
    assert {group_owner[key] for key in users["south@demo.test"]["groups"]} == {owners[1]}
    for person in world.lists["salespeople"]:
        user = world.rows("users")[person["user"]]
        assert (user["groups"], user["email"], user["roles"]) == (
            person["groups"],
            person["email"],
            ["salesperson"],
        )
        assert person["default_group"] in person["groups"]
        assert len({group_owner[key] for key in person["groups"]}) == 1


def test_every_reference_resolves_and_is_written_after_what_it_refers_to(world: World):
    written: dict[str, set[str]] = {"users": set(world.rows("users"))}
    count = 0
    for name, rows in world.lists.items():
        written[name] = set()
        late = []
        for row in rows:
            for column, target, key in demo_world.references(name, row):
                count += 1
                if target == name == "relations":
                    late.append(key)
                else:
                    assert key in written[target], (name, row["key"], column, key)
            assert row["key"] not in written[name]
            written[name].add(row["key"])
        assert set(late) <= written[name]
    assert count > 30_000


def test_what_hangs_on_a_case_agrees_with_it(world: World):
    cases, contacts, activities = world.rows("cases"), world.rows("contacts"), world.rows("activities")
    group_owner = {row["key"]: row["owner"] for row in world.lists["sales_groups"]}
    people = world.rows("salespeople")
    for case in cases.values():
        assert case["contacts"] and {contacts[key]["company"] for key in case["contacts"]} == {case["company"]}
    for name in ("cases", "activities", "documents", "mails", "events"):
        for row in world.lists[name]:
            assert row["owner"] == group_owner[row["sales_group"]]
            assert row["sales_group"] in people[row["salesperson"]]["groups"]
            assert row.get("contact") is None or contacts[row["contact"]]["company"] == row["company"]
            case = cases[row["case"]] if row.get("case") else None
            if case:
                assert row["company"] == case["company"] and row["sales_group"] == case["sales_group"]
            if row.get("activity"):
                activity = activities[row["activity"]]
                assert (activity["case"], activity["company"]) == (row["case"], row["company"])
    for document in world.lists["documents"]:
        assert document["shared_with"] == cases[document["case"]]["shared_with"]


def test_a_service_case_goes_on_from_a_case_that_was_won(world: World):
    cases, types = world.rows("cases"), world.rows("case_types")
    services = [case for case in cases.values() if case["support_of"]]
    assert len(services) == 30
    for case in services:
        origin = cases[case["support_of"]]
        assert origin["outcome"] == "won" and case["created"] == origin["closed"]
        assert (case["company"], case["contacts"]) == (origin["company"], origin["contacts"])
        assert types[case["case_type"]]["name"] == "Service support"


def test_a_history_runs_in_time_order_between_opening_and_closing(world: World):
    cases, companies = world.rows("cases"), world.rows("relations")
    created = [row["created"] for row in world.lists["activities"]]
    assert created == sorted(created)
    for case in cases.values():
        assert companies[case["company"]]["created"] < case["created"]
        assert (case["status"] == "closed") == bool(case["closed"] and case["outcome"] and case["closing_reason"])
    for row in world.lists["activities"]:
        case = cases[row["case"]] if row["case"] else None
        end = (case and case["closed"]) or world.now
        if case:
            assert case["created"] <= row["created"] <= end
        if row["done"]:
            assert row["created"] <= row["done"] <= end, row
        else:
            assert case and not case["closed"] and row["activity_type"] in ("task", "meeting")
            assert row["due"] >= row["created"].date()
    for name in ("documents", "mails"):
        for row in world.lists[name]:
            case = cases[row["case"]]
            assert case["created"] <= row.get("sent", row["created"]) <= row["created"]
            assert row["created"] <= (case["closed"] or world.now)


def test_nothing_is_changed_after_the_present_and_the_last_change_is_of_this_morning(world: World):
    assert world.now == datetime.combine(world.today, datetime.min.time(), ZoneInfo("Europe/Bratislava")).replace(
        hour=8
    ).astimezone(UTC)
    for name, rows in world.lists.items():
        for row in rows:
            assert row["created"] <= row["modified"] <= world.now, (name, row["key"])
            assert row["created"].tzinfo is UTC
    assert world.now - max(row["modified"] for row in world.lists["activities"]) < timedelta(hours=1)


def test_everybody_has_something_overdue_something_today_and_something_ahead(world: World):
    open_tasks = [row for row in world.lists["activities"] if row["activity_type"] == "task" and not row["done"]]
    for person in world.rows("salespeople"):
        due = [row["due"] for row in open_tasks if row["salesperson"] == person]
        assert any(day < world.today for day in due), person
        assert world.today in due, person
        assert sum(world.today < day <= world.today + timedelta(days=7) for day in due) >= 2, person


def test_people_work_on_weekdays_and_by_day(world: World):
    zones = {
        "SK": "Europe/Bratislava",
        "EE": "Europe/Tallinn",
        "TR": "Europe/Istanbul",
        "DE": "Europe/Berlin",
    }
    companies = world.rows("relations")
    for name in ("activities", "mails"):
        odd = 0
        for row in world.lists[name]:
            zone = zones[companies[row["company"]]["address"]["country"]]
            local = row["created"].astimezone(ZoneInfo(zone))
            odd += local.weekday() >= 5 or not 6 <= local.hour <= 18
        assert odd <= len(world.lists[name]) * 0.03, (name, odd)


def test_cases_and_activities_are_spread_as_in_life(world: World):
    cases = world.lists["cases"]
    still_open = [case for case in cases if case["status"] == "new"]
    assert 0.55 <= len(still_open) / len(cases) <= 0.65
    assert {case["stage"] for case in still_open} == {row["key"] for row in world.lists["stages"]}
    assert any(case["expected_close"] < world.today for case in still_open)
    assert {case["outcome"] for case in cases} == {"won", "lost", None}
    assert {case["sales_group"] for case in cases} == {row["key"] for row in world.lists["sales_groups"]}
    busy = sorted(Counter(row["company"] for row in world.lists["activities"]).values())
    assert busy[-1] >= 60 and busy[len(busy) // 2] <= 15
    assert len({case["company"] for case in cases}) < 250
    prices = {row["key"]: row["price"] for row in world.lists["products"]}
    assert all(case["value"] >= prices[case["product"]] * 88 / 100 for case in cases)


REGISTRATION_CHECKS = {
    "SK": (dic.validate, dph.validate),
    "EE": (registrikood.validate, kmkr.validate),
    "TR": (lambda number: vkn.validate(number[1:11]), vkn.validate),
    "DE": (handelsregisternummer.validate, de_vat.validate),
}


def test_registration_tax_and_bank_numbers_have_right_check_digits_and_stand_once(world: World):
    for row in [*world.lists["relations"], *world.lists["owners"]]:
        check_registration, check_vat = REGISTRATION_CHECKS[row["address"]["country"]]
        check_registration(row["registration_no"])
        check_vat(row["vat_no"])
    for column in ("name", "registration_no", "vat_no"):
        assert len({row[column] for row in world.lists["relations"]}) == 300
    for owner in world.lists["owners"]:
        iban.validate(owner["bank_account"])


def test_phone_numbers_are_valid_and_mail_can_reach_nobody_real(world: World):
    for name in ("owners", "salespeople", "relations", "contacts"):
        for row in world.lists[name]:
            for column in ("phone", "mobile", "fax"):
                if row.get(column):
                    assert phonenumbers.is_valid_number(phonenumbers.parse(row[column])), row[column]
            assert row["email"].isascii() and row["email"].endswith((".example", "@demo.test"))


def test_addresses_carry_postcodes_as_their_country_writes_them(world: World):
    shapes = {"SK": r"\d{3} \d\d", "EE": r"\d{5}", "TR": r"\d{5}", "DE": r"\d{5}"}
    for row in world.lists["relations"]:
        address = row["address"]
        assert set(address) == {"street", "postcode", "city", "region", "country"}
        assert re.fullmatch(shapes[address["country"]], address["postcode"])
        assert any(letter.isdigit() for letter in address["street"])


def test_every_document_opens_and_speaks_of_its_company_or_product(world: World):
    companies, products, cases = world.rows("relations"), world.rows("products"), world.rows("cases")
    extensions, contents, texts = Counter(), set(), set()
    for row in world.lists["documents"]:
        extension = row["file_name"].rsplit(".", 1)[1]
        text = " ".join(READERS[extension](row["content"]).split())
        company, product = companies[row["company"]], products[cases[row["case"]]["product"]]
        assert row["name"].split(" 20")[0] in text
        assert company["name"] in text or company["name"].rsplit(" ", 1)[0].rstrip(",") in text
        assert row["document_type"] == "dt3" or product["name"] in text
        extensions[extension] += 1
        contents.add(row["content"])
        texts.add(text)
    assert min(extensions["docx"], extensions["xlsx"], extensions["pdf"]) >= 40
    assert len(contents) == len(texts) == 200
    assert {row["document_type"] for row in world.lists["documents"]} == {"dt1", "dt2", "dt3", "dt4"}


def test_every_mail_parses_and_its_row_says_what_its_bytes_say(world: World):
    contacts = {row["email"] for row in world.lists["contacts"]}
    salespeople = {row["email"] for row in world.lists["salespeople"]}
    documents = {row["content"] for row in world.lists["documents"]}
    attached = 0
    for row in world.lists["mails"]:
        message = email.message_from_bytes(row["message"], policy=policy.default)
        assert not any(part.defects for part in message.walk())
        assert message["Subject"] == row["subject"] and message["Message-ID"] == row["message_id"]
        assert message["From"] == row["sender"] and message["To"] == row["recipients"]
        assert message["Date"].datetime == row["sent"]
        body = message.get_body()
        assert body is not None and body.get_content().replace("\r\n", "\n") == row["text"]
        ends = {address.addr_spec for field in ("From", "To") for address in message[field].addresses}
        assert len(ends & contacts) == len(ends & salespeople) == 1
        for part in message.iter_attachments():
            assert part.get_content() in documents
            attached += 1
    assert attached >= 20
    assert len({row["message_id"] for row in world.lists["mails"]}) == 300


def test_an_answer_refers_to_an_earlier_mail_of_its_thread(world: World):
    rows = {row["message_id"]: row for row in world.lists["mails"]}
    answers = 0
    for row in rows.values():
        message = email.message_from_bytes(row["message"], policy=policy.default)
        if message["In-Reply-To"]:
            answers += 1
            origin = rows[str(message["In-Reply-To"])]
            assert origin["sent"] < row["sent"] and origin["case"] == row["case"]
            assert str(message["References"]).split()[-1] == origin["message_id"]
        else:
            assert world.rows("activities")[row["activity"]]["activity_type"] == "email"
    assert answers >= 100


def test_the_calendar_is_full_around_today_in_four_time_zones(world: World):
    events, activities = world.lists["events"], world.rows("activities")
    zones = {"Europe/Bratislava", "Europe/Tallinn", "Europe/Istanbul", "Europe/Berlin"}
    assert {row["time_zone"] for row in events} == zones
    assert any(row["start"] < world.now - timedelta(days=40) for row in events)
    assert any(row["start"] > world.now + timedelta(days=40) for row in events)
    assert sum(bool(row["recurrence"]) for row in events) >= 5 and sum(row["private"] for row in events) == 2
    for row in events:
        assert row["start"] < row["end"] and abs(row["start"] - world.now) < timedelta(days=61)
        local = row["start"].astimezone(ZoneInfo(row["time_zone"]))
        if row["all_day"]:
            assert (local.hour, local.minute) == (0, 0)
        else:
            assert 7 <= local.hour <= 18 and local.weekday() < 5
        assert row["name_typed"] == (row["case"] is None)
        if row["activity"]:
            assert activities[row["activity"]]["activity_type"] == "meeting"
    meetings = {row["key"] for row in activities.values() if row["activity_type"] == "meeting" and not row["done"]}
    assert len(meetings - {row["activity"] for row in events}) <= len(meetings) // 10


def test_some_texts_are_slovak_and_none_has_a_gap_left_in_it(world: World):
    texts = [row["description"] for row in world.lists["activities"]] + [row["text"] for row in world.lists["mails"]]
    assert not any("{" in text or "None" in text for text in texts)
    assert sum("Ďalej:" in text for text in texts) > 50
