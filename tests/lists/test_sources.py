"""Files of strangers become rows, or a refusal in words: tables, workbooks, vCards and calendars."""

from __future__ import annotations

import datetime
import random
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.styles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseroom.libraries import limits
from caseroom.lists import sources, spooling
from caseroom.lists.errors import Invalid

CARD = (
    "BEGIN:VCARD\r\nVERSION:{version}\r\n"
    "N:Nov\\,ák;Ján;Mária;;\r\nFN:Ján Nov\r\n ák\r\nitem1.EMAIL;TYPE=work:jan@alfa.test\r\n"
    "EMAIL:mailto:second@alfa.test\r\nTEL;TYPE=CELL:tel:+421905111222\r\nTEL;TYPE=\"work,voice\":+421 2 333\r\n"
    "TEL;TYPE=FAX:+421 2 334\r\nADR;TYPE=WORK:;;Hlavná 1;Košice;;04001;Slovakia\r\nORG:Alfa\\; s.r.o.;Sales\r\n"
    "NOTE:Two\\nlines: and a colon\r\nUID:urn:uuid:1\r\nPHOTO;ENCODING=b:AAAA\r\n AAAA\r\nEND:VCARD\r\n"
)  # fmt: skip
EVENTS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Hi\\, there\r\n"
    "DTSTART;TZID=Europe/Bratislava:20260105T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\nCATEGORIES:A,B\r\n"
    "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260107\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n"
)


def filled(folder: Path, name: str, content: str | bytes) -> list[dict[str, Any]]:
    """What the file's rows say, without what is empty."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    table = sources.read_table(folder / name)
    return [{key: value for key, value in row.values.items() if value not in ("", None)} for row in table.rows]


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vcards_are_rows_with_plain_columns(tmp_path, version):
    first, second = filled(tmp_path, "people.vcf", CARD.format(version=version) * 2)
    assert first == second == {
        "UID": "urn:uuid:1", "Name": "Ján Novák", "First name": "Ján Mária", "Surname": "Nov,ák",
        "Organisation": "Alfa; s.r.o.", "Department": "Sales", "E-mail": "jan@alfa.test",
        "E-mail 2": "second@alfa.test", "Mobile": "+421905111222", "Phone": "+421 2 333", "Fax": "+421 2 334",
        "Street": "Hlavná 1", "Postcode": "04001", "City": "Košice", "Country": "Slovakia",
        "Note": "Two\nlines: and a colon",
    }  # fmt: skip


def test_an_old_vcard_of_a_telephone_is_read_as_well(tmp_path):
    card = (
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C5=BDil=\nina;Eva\nTEL;CELL:1\n"
        "END:VCARD\n"
    )
    assert filled(tmp_path, "a.vcf", card) == [{"Surname": "Žilina", "First name": "Eva", "Mobile": "1"}]


def test_events_are_rows_with_their_instants_and_whole_days_name_their_last(tmp_path):
    first, second = filled(tmp_path, "year.ics", EVENTS)
    assert first["Title"] == "Hi, there" and first["Recurrence rule"] == "FREQ=DAILY;COUNT=3"
    assert first["Start"] == datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.UTC)
    assert first["End"] - first["Start"] == datetime.timedelta(hours=1) and first["Categories"] == "A, B"
    assert (second["Start"], second["End"]) == (datetime.date(2026, 1, 5), datetime.date(2026, 1, 6))
    assert (first["All day"], second["All day"]) == ("no", "yes")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"name;x\nAlfa;1\nBe\0ta;2\n", "line 3 there is a zero byte"),
        ("a.csv", ",".join(f"c{number}" for number in range(100_000)), "100000 columns; at most 1000"),
        ("a.csv", "a,b\n1," + "x" * 1_100_000, "a field at line 2 is longer than 1000000 letters"),
        ("a.csv", "a,a\n1,2\n", "more than one column “a”"),
        ("a.csv", "\n\n", "is empty"),
        ("a.xlsx", random.Random(1).randbytes(5000), "is damaged or no workbook"),
        ("a.vcf", "BEGIN:VCARD\nFN:Alfa\n", "begins at line 1 of a.vcf has no end"),
        ("a.vcf", "BEGIN:VCARD\nFN:Alfa\nBEGIN:VCARD\nEND:VCARD\n", "has no end"),
        ("a.vcf", "name;surname\n", "no vCard in a.vcf"),
        ("a.ics", "BEGIN:VEVENT\nDTSTART:yesterday\nEND:VEVENT\n", "begins at line 1 of a.ics is broken"),
        ("a.ics", "BEGIN:VEVENT\nUID:1\n", "is broken"),
        ("a.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no event in a.ics"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(tmp_path, name, content, words):
    with pytest.raises(Invalid, match=words):
        filled(tmp_path, name, content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1250"])
def test_a_table_is_read_in_the_encoding_in_which_it_is_written(tmp_path, encoding):
    assert filled(tmp_path, "a.csv", "firm;since\nŽito;5\n".encode(encoding)) == [{"firm": "Žito", "since": "5"}]


@pytest.mark.parametrize(("mark", "words"), [(b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16")])
def test_a_table_of_a_broken_encoding_is_refused_with_its_name(tmp_path, mark, words):
    with pytest.raises(Invalid, match=f"not written in {words}"):
        filled(tmp_path, "a.csv", mark + b"\xff\xdf\xff")


def far(folder: Path, place: str, value: str | None, *, error: bool = False) -> Path:
    """A workbook with a small table and one cell far away: a value, or only a colour."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["name", "since", "paid"])
    sheet.append(["Alfa", datetime.datetime(2026, 1, 5), 1.5])
    sheet.append(["#N/A" if error else 7, None, True])
    sheet[place].fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")
    sheet[place].value = value
    book.save(folder / "far.xlsx")
    return folder / "far.xlsx"


@pytest.mark.parametrize("place", ["XFD1048576", "AZ1048576", "XFD2"])
@pytest.mark.parametrize(("value", "error"), [("x", False), (None, False), (None, True)])
def test_a_cell_far_beyond_a_workbooks_table_takes_neither_memory_nor_time(tmp_path, place, value, error):
    path, target = far(tmp_path, place, value, error=error), tmp_path / "rows"
    total = limits.run(
        sources.spool, seconds=10, memory=700 * limits.MEGABYTE, source=str(path), name=path.name, target=str(target)
    )
    with target.open("rb") as file:
        first, second, *others = spooling.Rows(file)
    assert list(first.values.values())[:3] == ["Alfa", datetime.date(2026, 1, 5), "1.5"]
    assert second.values["name"] == ("#N/A" if error else "7") and second.values["paid"] is True
    assert total == 2 + len(others) and [(one.number, one.surplus) for one in others] == (
        [(1048576, 1)] if value and place != "XFD2" else []
    )


def test_an_open_document_with_a_cell_far_beyond_its_table_is_refused_in_words(tmp_path):
    cell = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    hole = '<table:table-cell table:number-columns-repeated="16383"/>'
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    body = (
        f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="S">'
        f'<table:table-row>{cell}</table:table-row><table:table-row table:number-rows-repeated="1048574">{hole}'
        f"</table:table-row><table:table-row>{hole}{cell}</table:table-row></table:table></office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{manifest}"/>')
        package.writestr("content.xml", body)
    with pytest.raises(Invalid, match=r"far beyond its table\. Delete the rows and columns behind"):
        sources.read_table(tmp_path / "a.ods")


def test_a_sheet_that_is_not_there_is_refused_with_its_name(tmp_path):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    with pytest.raises(Invalid, match=r"a\.xlsx has no sheet “prices”"):
        sources.read_table(tmp_path / "a.xlsx", sheet="prices")


def test_a_workbook_that_unpacks_to_much_more_is_refused_before_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    with pytest.raises(Invalid, match="is 200 MB unpacked"):
        sources.read_table(tmp_path / "bomb.xlsx")


def test_a_workbooks_rows_keep_their_numbers_below_an_empty_beginning(tmp_path):
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet["B3"], sheet["C3"], sheet["B5"], sheet["C5"] = "name", "since", "Alfa", datetime.datetime(2026, 1, 5)
    book.save(tmp_path / "a.xlsx")
    (row,) = sources.read_table(tmp_path / "a.xlsx").rows
    assert row.number == 5 and row.values["name"] == "Alfa" and row.values["since"] == datetime.date(2026, 1, 5)


def test_a_workbooks_errors_are_read_as_they_show_and_not_as_nothing(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("prices")
    for row in (["name", "price", "found"], ["Alfa", 5, "#N/A"], ["Beta", "#DIV/0!", None], ["#REF!", 1, "x"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    rows = list(sources.read_table(tmp_path / "a.xlsx", sheet="prices").rows)
    cells = [[cell or "" for cell in row.values.values()] for row in rows]
    assert cells == [["Alfa", "5", "#N/A"], ["Beta", "#DIV/0!", ""], ["#REF!", "1", "x"]]


CELLS = st.one_of(
    st.none(), st.booleans(), st.text(st.characters(exclude_categories=[])), st.floats(allow_nan=False), st.dates(),
    st.datetimes(timezones=st.just(datetime.UTC)), st.times(),
)  # fmt: skip


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=20))
def test_rows_come_back_from_their_file_as_they_went_in(rows):
    given_rows = [spooling.SourceRow(place, dict(zip("ab", row, strict=True))) for place, row in enumerate(rows)]
    kept = spooling.spooled(("a", "b"), given_rows)
    assert list(kept) == given_rows and len(kept) == len(rows)
    assert kept[1:5] == given_rows[1:5] and all(kept[place] == row for place, row in enumerate(given_rows))


def workbook(path: Path, rows: list[list[Any]], **formats: str) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    for place, number_format in formats.items():
        sheet[place].number_format = number_format
    book.save(path)
    return path


def test_a_workbooks_percentages_are_read_as_they_show(tmp_path):
    rows = [["name", "share", "n"], ["A", 0.1, 0.1], ["B", 0.125, 2], ["C", 1, None]]
    path = workbook(tmp_path / "t.xlsx", rows, B2="0%", B3="0.0%", B4="0%")
    table = sources.read_table(path)
    assert [row.values["share"] for row in table.rows] == ["10%", "12.5%", "100%"]
    assert [row.values["n"] for row in table.rows] == ["0.1", "2", ""]


def test_a_workbook_whose_formulas_have_no_results_is_refused_and_empties_nothing(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [["name", "n"], ["A", "=2+3"]])
    with pytest.raises(Invalid, match=r"t\.xlsx has formulas without results"):
        sources.read_table(path)


def test_an_apostrophe_that_kept_a_spreadsheet_from_a_formula_is_taken_out_again(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n'=1+1,'-x\n'quoted',it's\n", encoding="utf-8")
    rows = sources.read_table(path).rows
    assert [tuple(row.values.values()) for row in rows] == [("=1+1", "-x"), ("'quoted'", "it's")]
