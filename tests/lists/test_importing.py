"""Imports take real tables whole, refuse rows one by one with their reason, and change nothing the second time."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from caseroom.lists import filters, importing, imports, mapping, query, totals, versions
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Forbidden, Invalid
from caseroom.lists.models import Change, Version
from caseroom.lists.rights import PROGRAM
from caseroom.portal.checking import findings

ROOT = Path(__file__).resolve().parents[2]
RELATIONS = """
match = ["external_id"]
[columns]
external_id = "no"
name = "firm"
email = "mail"
web = "www"
main_activity = { from = "trade", create = true }
address.parts.country = { from = "land", country = true }
"""


def prepared_from(
    folder: Path, text: str | bytes, toml: str = RELATIONS, list_name: str = "relations", name: str = "t.csv"
) -> Any:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "m.toml").write_text(toml)
    return importing.prepare([mapping.read_mapping(folder / "m.toml", list_name, name)], folder)


def run(house, prepared, **options) -> importing.Result:
    return importing.run(house.home.database, PROGRAM, prepared, **options)[0]


def state(house) -> dict[str, Any]:
    """Every list's rows without what is random, and the number of versions."""
    with house.home.database.read() as session:
        lists = {}
        for name in (
            "owners",
            "sales_groups",
            "salespeople",
            "products",
            "main_activities",
            "stages",
            "relations",
            "cases",
        ):
            found = definition(session, name)
            hidden = {"guid", "created", "modified"}
            rows = session.execute(select(found.table).order_by(found.table.c.id)).mappings()
            lists[name] = [{key: value for key, value in row.items() if key not in hidden} for row in rows]
        return {**lists, "versions": session.scalar(select(func.count()).select_from(Version))}


def found_by(session, actor, list_name, where):
    """The item that the filter finds; a test that looks for one expects it."""
    item = query.find(session, actor, list_name, where)
    assert item is not None
    return item


def test_rows_are_created_updated_and_left_alone_by_their_key(house, tmp_path):
    first = "no;firm;mail;www;trade;land\n1;Alfa;a@alfa.test;alfa.test;Steel;Slovakia\n2;Beta;;;Wood;DE\n"
    assert run(house, prepared_from(tmp_path, first)).counts == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "refused": 0,
    }
    second = first.replace("Beta", "Beta GmbH") + "3;Gama;;;Steel;Estonia\n"
    assert run(house, prepared_from(tmp_path, second)).counts == {
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "refused": 0,
    }
    with house.home.database.read() as session:
        alfa = found_by(session, PROGRAM, "relations", filters.where(external_id="1"))
        assert (alfa["name"], alfa["address"], alfa["main_activity"].title) == ("Alfa", {"country": "SK"}, "Steel")
        beta = found_by(session, PROGRAM, "relations", filters.where(external_id="2"))
        assert beta["name"] == "Beta GmbH"
        assert [entry.kind for entry in versions.history(session, PROGRAM, "relations", beta.id)] == [
            "update",
            "create",
        ]
        assert query.count(session, PROGRAM, "main_activities").number == 2
    assert list(findings(house.home)) == []


def test_a_bad_row_is_refused_with_its_number_and_leaves_nothing_behind(house, tmp_path):
    text = (
        "no,firm,mail,www,trade,land\n"
        "1,Alfa,not an address,,Only for Alfa,SK\n"  # what its lookup made must go too
        "2,Beta,,,,Atlantis\n"
        "3,,,,,\n"
        "4,Delta,,,,DE,more,and more\n"
        ",Epsilon,,,,\n"
        "6,Fine,,,,PL\n"
        "7,,nobody,,,Atlantis\n"
    )
    result = run(house, prepared_from(tmp_path, text))
    assert result.counts == {"created": 1, "updated": 0, "unchanged": 0, "refused": 6}
    assert [one.number for one in sorted(result.refused, key=lambda one: one.number)] == [2, 3, 4, 5, 6, 8]
    reasons = {one.number: one.reason for one in result.refused}
    assert "email" in reasons[2] and "Atlantis" in reasons[3] and "name" in reasons[4]
    assert "2 fields more" in reasons[5] and "found again" in reasons[6]
    several = next(one for one in result.refused if one.number == 8)
    assert [one.column for one in several.misfits] == ["address.country", "email", "name"]
    with house.home.database.read() as session:
        assert query.count(session, PROGRAM, "main_activities").number == 0
        assert query.count(session, PROGRAM, "relations").number == 1
    assert list(findings(house.home)) == []


def test_a_time_that_the_clocks_leave_out_is_refused_in_the_row_that_has_it():
    rule, row = mapping.Rule(("when",), date="%d.%m.%Y %H:%M"), {"when": "29.03.2026 02:30"}
    with pytest.raises(Invalid) as refusal:
        mapping.value_of("start", rule, row, "Europe/Bratislava")
    assert [(one.field, str(one)) for one in refusal.value.errors] == [
        ("start", "2026-03-29 02:30 does not exist in Europe/Bratislava: the clocks are put forward then.")
    ]
    assert mapping.value_of("start", rule, row, "Europe/Moscow").hour == 2


def test_a_key_that_stands_twice_in_a_file_is_refused_the_second_time_and_overwrites_nothing(house, tmp_path):
    text = "no,firm,mail,www,trade,land\n7,Alfa,,,,SK\n8,Beta,,,,SK\n7,Gama,,,,SK\n"
    for outcome in ("created", "unchanged"):
        result = run(house, prepared_from(tmp_path, text))
        assert (result.counts[outcome], result.counts["refused"], result.counts["updated"]) == (2, 1, 0)
        assert [(one.number, one.reason) for one in result.refused] == [(4, "external_id: Row 2 has the same key: 7.")]
    with house.home.database.read() as session:
        assert found_by(session, PROGRAM, "relations", filters.where(external_id="7"))["name"] == "Alfa"


def test_a_dry_run_tells_the_same_and_leaves_nothing(house, tmp_path):
    text = "no,firm,mail,www,trade,land\n1,Alfa,,,Steel,SK\n2,Beta,wrong,,,\n"
    before = state(house)
    tried = run(house, prepared_from(tmp_path, text), dry=True)
    assert state(house) == before
    with house.home.database.read() as session:
        assert session.scalar(select(func.count()).select_from(imports.Import)) == 0
    done = run(house, prepared_from(tmp_path, text))
    assert (tried.counts, tried.refused) == (done.counts, done.refused)
    assert list(findings(house.home)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found_by_trial(tmp_path, encoding, delimiter):
    line = delimiter.join(["no", "firm", "mail", "www", "trade", "land"])
    body = f"{line}\n" + delimiter.join(
        ["1", "Žilinská čokoláda, ľahká; šťava" if delimiter == "\t" else "Žilinská čokoláda", "", "", "", "SK"]
    )
    (one,) = prepared_from(tmp_path, body.encode(encoding))
    assert one.rows[0].values["firm"].startswith("Žilinská čokoláda")


def test_a_workbook_is_read_like_a_csv(house, tmp_path):
    pd.DataFrame(
        {
            "no": [1, 2],
            "firm": ["Alfa", "Beta"],
            "mail": ["", ""],
            "www": ["", ""],
            "trade": ["Steel", "Wood"],
            "land": ["SK", "PL"],
        }
    ).to_excel(tmp_path / "t.xlsx", index=False)
    (tmp_path / "m.toml").write_text(RELATIONS)
    prepared = importing.prepare([mapping.read_mapping(tmp_path / "m.toml", "relations", "t.xlsx")], tmp_path)
    assert run(house, prepared).counts["created"] == 2
    with house.home.database.read() as session:
        assert found_by(session, PROGRAM, "relations", filters.where(external_id="1"))["name"] == "Alfa"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[columns]\nname = \"firm\"\n", "matches by"),
        ("match = [\"name\"]\n[columns]\nname = { from = \"firm\", colour = \"red\" }\n", "colour"),
        ("match = [\"name\"]\n[columns]\nname = \"nothing\"\n", "no column “nothing”"),
        ("match = [\"name\"\n", "is no TOML: look at line 2"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_written(tmp_path, toml, words):
    with pytest.raises(Invalid, match=words):
        prepared_from(tmp_path, "firm\nAlfa\n", toml)


def test_only_an_administrator_may_import(house, tmp_path):
    prepared = prepared_from(tmp_path, "no,firm,mail,www,trade,land\n1,Alfa,,,,\n")
    with house.read("north") as (_, actor), pytest.raises(Forbidden):
        importing.run(house.home.database, actor, prepared)
    with house.read("admin") as (_, actor):
        pass
    assert importing.run(house.home.database, actor, prepared)[0].counts["created"] == 1


def test_the_sales_tables_come_in_as_pandas_counts_them(house, test_data):
    folder = test_data / "sales"
    prepared = importing.prepare(mapping.read_bundle(ROOT / "examples" / "sales.toml"), folder)
    results = importing.run(house.home.database, PROGRAM, prepared)
    assert [result.refused for result in results] == [[]] * len(results)
    deals = pd.read_csv(folder / "sales_pipeline.csv").merge(pd.read_csv(folder / "sales_teams.csv"), on="sales_agent")
    deals["product"] = deals["product"].replace("GTXPro", "GTX Pro")
    deals["status"] = deals["deal_stage"].isin(["Won", "Lost"]).map({True: "closed", False: "new"})  # pyright: ignore[reportArgumentType] - pandas' stubs are narrower than pandas
    assert results[-1].counts["created"] == len(deals)
    with house.home.database.read() as session:
        for column, by in (
            ("sales_group", "manager"),
            ("product", "product"),
            ("owner", "regional_office"),
            ("salesperson", "sales_agent"),
        ):
            assert by_title(session, column) == by_pandas(deals, by), column
        for column, by in (("status", "status"), ("outcome", "outcome")):
            told = deals.assign(outcome=deals["deal_stage"].map({"Won": "won", "Lost": "lost"}))  # pyright: ignore[reportArgumentType] - pandas' stubs are narrower than pandas
            counts = {
                group.key[0]: group.count
                for group in totals.summarise(session, PROGRAM, "cases", by=[column]).groups()
                if group.key[0]
            }
            assert counts == told[by].value_counts().to_dict()
        table = definition(session, "cases").table
        flagged = session.scalar(select(func.count()).where(table.c.flagged.is_(True)))
        assert flagged == int((deals["account"].isna() | deals["engage_date"].isna()).sum())  # pyright: ignore[reportArgumentType] - pandas' stubs are narrower than pandas
        one = found_by(session, PROGRAM, "cases", filters.where(external_id="Z063OYW0"))
        assert one["name"] == "GTX Pro – Isdom" and one["value"] == Decimal(4514) and one["company"].title == "Isdom"
        assert one["created"].date() == datetime.date(2016, 10, 25) and one["closed"].date() == datetime.date(
            2017, 3, 11
        )
    before = state(house)
    with house.home.database.read() as session:
        lines = session.scalar(select(func.max(Change.seq)))
    again = importing.run(house.home.database, PROGRAM, prepared)
    assert all({name for name, number in result.counts.items() if number} == {"unchanged"} for result in again)
    assert state(house) == before
    with house.home.database.read() as session:
        assert session.scalar(select(func.max(Change.seq))) == lines
    assert list(findings(house.home)) == []


def by_title(session, column: str) -> dict[str, tuple[int, Decimal]]:
    groups = totals.summarise(session, PROGRAM, "cases", by=[column], totals={"value": "sum"}).groups()
    return {
        group.key[0].title: (group.count, sum((value for _, value in group.totals["value"]), Decimal(0)))
        for group in groups
    }


def by_pandas(deals: pd.DataFrame, column: str) -> dict[str, tuple[int, Decimal]]:
    groups = deals.groupby(column)
    return {str(name): (len(rows), Decimal(int(rows["close_value"].sum()))) for name, rows in groups}  # pyright: ignore[reportArgumentType] - pandas' stubs are narrower than pandas


def test_the_companies_come_in_with_codes_of_their_countries(house, test_data):
    folder = test_data / "companies"
    result = importing.run(
        house.home.database,
        PROGRAM,
        importing.prepare(mapping.read_bundle(ROOT / "examples" / "companies.toml"), folder),
    )[0]
    firms = pd.read_csv(folder / "listed-companies.csv")
    assert (result.counts["created"], result.refused) == (len(firms), [])
    with house.home.database.read() as session:
        found = list(query.page(session, PROGRAM, "relations", limit=2000).items)
        codes = {
            "Turkey": "TR",
            "Finland": "FI",
            "Poland": "PL",
            "Lithuania": "LT",
            "Hungary": "HU",
            "Czech Republic": "CZ",
            "Estonia": "EE",
            "Latvia": "LV",
            "Slovakia": "SK",
        }
        assert (
            pd.Series([item["address"]["country"] for item in found]).value_counts().to_dict()
            == firms["country"].map(codes).value_counts().to_dict()  # pyright: ignore[reportArgumentType] - pandas' stubs are narrower than pandas
        )
        assert sum(1 for item in found if item["web"]) == firms["website"].notna().sum()
        assert query.count(session, PROGRAM, "main_activities").number == firms["industry"].nunique()


@pytest.mark.parametrize("rows", [0, 600])
def test_a_killed_import_goes_on_where_it_was(house, tmp_path, rows):
    lines = [f"{n},Firm {n},,,Trade {n % 7},SK" if n % 50 else f"{n},Firm {n},wrong,,,SK" for n in range(1, 1500)]
    prepared = prepared_from(tmp_path, "no,firm,mail,www,trade,land\n" + "\n".join(lines))
    script = (
        "import sys; from pathlib import Path\n"
        "from caseroom.lists import importing, mapping; from caseroom.lists.rights import PROGRAM\n"
        "from caseroom.portal.home import open_home; from caseroom.portal.settings import load\n"
        "home = open_home(load(Path(sys.argv[1]), environ={}, database_url=sys.argv[2])); folder = Path(sys.argv[3])\n"
        "ready = importing.prepare([mapping.read_mapping(folder / 'm.toml', 'relations', 't.csv')], folder)\n"
        "print('begin', flush=True); importing.run(home.database, PROGRAM, ready)\n"
    )
    url = house.home.database.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(house.home.settings.home), url, str(tmp_path)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline() == b"begin\n"
    while _imported(house) < rows:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert rows <= _imported(house) < 1499
    result = run(house, prepared)
    assert result.counts == {"created": 1470, "updated": 0, "unchanged": 0, "refused": 29}
    assert [one.number for one in result.refused] == list(range(51, 1500, 50))
    with house.home.database.read() as session:
        assert query.count(session, PROGRAM, "relations").number == 1470
        assert query.count(session, PROGRAM, "main_activities").number == 7
    assert list(findings(house.home)) == []
    assert run(house, prepared).counts == {"created": 0, "updated": 0, "unchanged": 1470, "refused": 29}


def _imported(house) -> int:
    """How many rows of the import have been read and written."""
    with house.home.database.read() as session:
        return session.scalar(select(func.sum(imports.Import.done)).where(imports.Import.state == "running")) or 0


def test_a_flagged_gap_is_flagged_until_somebody_fills_it(house, tmp_path):
    toml = 'match = ["external_id"]\n[columns]\nexternal_id = "no"\nname = "what"\n'
    toml += 'company = "firm"\nsales_group = "team"\n'
    house.make_relation(name="Isdom")
    run(house, prepared_from(tmp_path, "no,what,firm,team\n1,Open,,North\n2,Whole,Isdom,North\n", toml, "cases"))
    with house.write("north") as (session, actor):
        table = definition(session, "cases").table
        flags = dict([tuple(row) for row in session.execute(select(table.c.external_id, table.c.flagged))])
        assert flags == {"1": True, "2": None}
        gap = found_by(session, actor, "cases", filters.where(external_id="1"))
        firm = found_by(session, actor, "relations", filters.where(name="Isdom"))
        from caseroom.lists import items

        items.update(session, actor, "cases", gap.id, {"company": firm.id}, version=gap.version)
        assert session.scalar(select(table.c.flagged).where(table.c.id == gap.id)) is None


def test_all_that_is_wrong_with_a_row_is_told_with_its_columns(house, tmp_path):
    """A key that cannot be, a name that is nowhere: the other refusals are told beside them."""
    text = f"firm,trade,mail\n{'x' * 300},Nowhere,not an address\nBeta,Nowhere,not an address\n"
    columns = '[columns]\nname = "firm"\nmain_activity = "trade"\nemail = "mail"\n'
    for match, expected in (('["name"]', [{"name", "main_activity", "email"}, {"main_activity", "email"}]),
                            ("[]", [{"name", "main_activity", "email"}, {"main_activity", "email"}])):  # fmt: skip
        toml = f'match = {match}\nexisting = "{"update" if match != "[]" else "keep"}"\n{columns}'
        done = run(house, prepared_from(tmp_path, text, toml))
        assert [{one.column for one in refusal.misfits} for refusal in done.refused] == expected
        assert [len(refusal.misfits) for refusal in done.refused] == [3, 2]
        assert done.refused[0].misfits[0].value
