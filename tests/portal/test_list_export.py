"""A list page as a file: exactly what the page shows, whole, in portions, as its reader may see it."""

from __future__ import annotations

import csv
import datetime
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from house import House
from openpyxl import load_workbook

from caseroom.lists import exporting, importing, items, mapping
from caseroom.lists.catalogue import definition
from caseroom.lists.rights import PROGRAM

SHOWN = "columns=name,status,value,company,expected_close&sort=-value&f.value.gt=5"


@pytest.fixture
def cases(house: House) -> House:
    company = house.make_relation(name="Žilina, \"Steel\"").id
    for number in range(1, 61):
        close = (datetime.date(2027, 1, 1) + datetime.timedelta(days=number)).isoformat()
        house.make_case(name=f"Case {number:02}", company=company, value=f"{number}.50", expected_close=close)
    house.make_case(name="Dollar", company=company, value="1000", currency="USD")
    house.make_case(name="=1+1", company=company, value="999")
    house.make_case(by="south", name="Of others", company=company, value="998")
    return house


def test_a_csv_has_the_pages_columns_filter_and_order_and_all_rows(cases: House) -> None:
    client = cases.client("north")
    page = client.get(f"/lists/cases?{SHOWN}").text
    assert "/lists/cases/export?" in page and "format=csv" in page
    answer = client.get(f"/lists/cases/export?{SHOWN}&format=csv")
    assert answer.status_code == 200 and answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Cases.csv"')
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Status", "Expected value", "Expected value ¤", "Company", "Expected close"]
    assert [row[0] for row in rows[1:4]] == ["Dollar", "'=1+1", "Case 60"]
    assert rows[1][1:5] == ["New", "1000.00", "USD", 'Žilina, "Steel"'] and rows[3][5] == "2027-03-02"
    assert len(rows) == 1 + 2 + 56  # 5.50 is the smallest
    assert "Of others" not in answer.text


@pytest.mark.parametrize("letter", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_csv_is_a_formula(letter: str) -> None:
    assert exporting.harmless(f"{letter}cmd|' /C calc'!A0") == f"'{letter}cmd|' /C calc'!A0"
    assert exporting.harmless("+421 905 111 222") == "+421 905 111 222" and exporting.harmless("-5") == "-5"


def test_a_workbook_has_typed_cells_and_real_dates(cases: House) -> None:
    answer = cases.client("north").get(f"/lists/cases/export?{SHOWN}")
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("Name", "Status", "Expected value", "Expected value ¤", "Company", "Expected close")
    assert rows[2][0] == "=1+1" and sheet["A3"].data_type == "s"
    assert rows[3][2] == 60.5 and rows[3][5] == datetime.datetime(2027, 3, 2) and len(rows) == 59


def test_json_is_for_programs(cases: House) -> None:
    answer = cases.client("north").get(f"/lists/cases/export?{SHOWN}&format=json")
    rows = json.loads(answer.data)
    assert len(rows) == 58 and rows[0]["name"] == "Dollar" and rows[0]["status"] == "new"
    assert rows[0]["company"]["title"] == 'Žilina, "Steel"' and isinstance(rows[0]["id"], int)
    empty = cases.client("north").get("/lists/cases/export?search=nowhere&format=json")
    assert json.loads(empty.data) == []


@pytest.mark.parametrize("wrong", ["format=exe", "f.value.gt=much", "sort=nothing", "view=none-such"])
def test_what_the_page_would_leave_out_with_a_word_is_refused(cases: House, wrong: str) -> None:
    answer = cases.client("north").get(f"/lists/cases/export?{wrong}")
    assert answer.status_code == 422, answer.text[:500]


def test_who_may_not_open_a_list_gets_none_of_it_and_masked_values_are_empty(house: House) -> None:
    house.make("events", {"name": "Dentist", "description": "Quagga", "private": True})
    rows = house.client("south").get("/lists/events/export?columns=name,description&format=csv&view=all").text
    assert "Quagga" not in rows and "Dentist" not in rows
    assert house.client("templates").get("/lists/cases/export?format=csv").status_code in (200, 403)
    assert house.client("north").get("/lists/none/export").status_code == 404
    assert house.client().get("/lists/cases/export").status_code == 303


def test_memory_does_not_grow_with_the_rows(house: House) -> None:
    with house.write("north") as (session, actor):
        for number in range(3000):
            items.create(session, actor, "relations", {"name": f"Company {number} " + "x" * 150})
    with house.read("north") as (session, actor):
        what = exporting.whole(definition(session, "relations"))
        peaks = []
        for rows in (1000, 3000):
            tracemalloc.start()
            parts = exporting.stream(session, actor, "relations", "csv", what)
            size, seen = 0, 0
            for part in parts:
                size, seen = size + len(part), seen + part.count(b"\r\n")
                if seen >= rows:
                    break
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert size > 400_000 and peaks[1] < peaks[0] * 1.5


def test_what_was_exported_comes_in_again_with_its_addresses_and_formulas(house: House, tmp_path: Path) -> None:
    """A second import of an export changes nothing."""
    address = {"street": "Pikk 27", "postcode": "51003", "city": "Tartu", "country": "EE"}
    house.make_relation(name="Alfa", address=address, description="=cmd()")
    columns = "name,address,description"
    sent = house.client("admin").get(f"/lists/relations/export?columns={columns}&format=csv").data
    (tmp_path / "relations.csv").write_bytes(sent)
    step = {"match": ["name"], "columns": {"name": "Company", "address": "Address", "description": "Notes"}}
    prepared = importing.prepare([mapping.step_of(step, "relations", "relations.csv")], tmp_path)
    [done] = importing.run(house.home.database, PROGRAM, prepared)
    assert done.counts["unchanged"] == 1, (done, sent.decode())
