"""`$filter` and `$orderby`: against an oracle in plain Python, at their bounds, and with rubbish."""
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalIterable=false

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from house import House, settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists import catalogue
from caseroom.lists.errors import Invalid
from caseroom.lists.odata import LONGEST_FILTER, parse_filter, parse_orderby

NOW = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC)
ITEMS = "/api/v1/lists/cases/items"
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def ask(client: FlaskClient, text: str, **more: Any) -> Any:
    return client.get(ITEMS, query_string={"$filter": text, **more})


# --- Against an oracle ----------------------------------------------------------------------------

Row = dict[str, Any]
ROWS: list[Row] = [
    {"n": None, "t": None, "d": None, "i": None, "b": None, "g": None},
    *(
        {
            "n": Decimal(number) / 4 if number % 5 else None,
            "t": ("alfa", "beta", "o'neil", "50%", "a_b", None)[number % 6],
            "d": datetime.date(2026, 1, 1 + number) if number % 4 else None,
            "i": datetime.datetime(2026, 1, 1 + number // 2, 12 * (number % 2), tzinfo=datetime.UTC)
            if number % 7
            else None,
            "b": (True, False, None)[number % 3],
            "g": ["x"] * (number % 2) + ["y"] * (number % 3 == 0) or None,
        }
        for number in range(24)
    ),
]
KINDS = {"n": "number", "t": "text", "d": "date", "i": "datetime", "b": "boolean", "g": "tags"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def rows(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FlaskClient, dict[int, Row]]]:
    """A list with these rows, once per kind of database, and the rows by id."""
    house = _house(request, tmp_path_factory.mktemp("oracle"))
    admin = house.api("admin")
    columns = [
        {"name": name, "type": kind, **({"decimals": 2} if kind == "number" else {})} for name, kind in KINDS.items()
    ]
    assert admin.post("/api/v1/lists", json={"name": "rows", "columns": columns}).status_code == 201
    by_id = {}
    for row in ROWS:
        values = {
            name: str(value) if isinstance(value, (Decimal, datetime.date)) else value for name, value in row.items()
        }
        made = admin.post("/api/v1/lists/rows/items", json={"name": "r", **values})
        assert made.status_code == 201, made.text
        by_id[made.json["id"]] = row
    yield admin, by_id
    house.home.database.dispose()


def _house(request: pytest.FixtureRequest, folder: Path) -> House:
    import shutil

    import sqlalchemy as sa

    if request.param == "sqlite":
        path = folder / "caseroom.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return settle(folder / "home", f"sqlite:///{path}")
    server, template = request.getfixturevalue("postgresql"), request.getfixturevalue("postgresql_template")
    engine, name = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool), f"{template}_oracle"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")

    def drop() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    request.addfinalizer(drop)
    return settle(folder / "home", sa.make_url(server).set(database=name).render_as_string(hide_password=False))


Test = tuple[str, Callable[[Row], bool]]
RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _compared(name: str, literal: str, value: Any) -> st.SearchStrategy[Test]:
    """A comparison of a column with a literal: absent values equal nothing and are beyond nothing."""

    def make(op: str) -> Test:
        text = f"{name} {op} {literal}"
        if op == "eq":
            return text, lambda row: row[name] is not None and row[name] == value
        if op == "ne":
            return text, lambda row: row[name] is None or row[name] != value
        return text, lambda row: row[name] is not None and RANGES[op](row[name], value)

    return st.sampled_from(["eq", "ne", *(RANGES if name in "ndi" else ())]).map(make)


numbers = st.sampled_from(["0", "1", "1.25", "2.5", "2.501", "2.499", "-1", "1e1", "5.75", "0.0001"]).flatmap(
    lambda text: _compared("n", text, Decimal(text))
)
texts = st.sampled_from(["alfa", "beta", "o'neil", "50%", "nothing"]).flatmap(
    lambda text: _compared("t", _quoted(text), text)
)
days = st.dates(datetime.date(2025, 12, 30), datetime.date(2026, 1, 27)).flatmap(
    lambda day: _compared("d", str(day), day)
)
instants = st.integers(0, 26 * 24).flatmap(
    lambda hours: _compared(
        "i",
        (NOW.replace(month=1, day=1, hour=0) + datetime.timedelta(hours=hours)).isoformat(),
        NOW.replace(month=1, day=1, hour=0) + datetime.timedelta(hours=hours),
    )
)
truths = st.sampled_from(
    [
        ("b eq true", lambda row: row["b"] is True),
        ("b ne true", lambda row: row["b"] is not True),
        ("b", lambda row: row["b"] is True),
    ]
)
empties = st.sampled_from([*"ntdibg"]).flatmap(
    lambda name: st.sampled_from(
        [
            (f"{name} eq null", lambda row: row[name] is None),
            (f"{name} ne null", lambda row: row[name] is not None),
        ]
    )
)
words = st.sampled_from(
    [
        ("contains(t,'A')", lambda row: "a" in (row["t"] or "")),
        ("contains(t,'%')", lambda row: "%" in (row["t"] or "")),
        ("contains(t,'_')", lambda row: "_" in (row["t"] or "")),
        ("startswith(t,'Be')", lambda row: (row["t"] or "").startswith("be")),
        ("endswith(t,'a') eq false", lambda row: not (row["t"] or "").endswith("a")),
        ("contains(t,'''')", lambda row: "'" in (row["t"] or "")),
        ("t in ('alfa','50%')", lambda row: row["t"] in ("alfa", "50%")),
        ("n in (1.25, 2.501, 5)", lambda row: row["n"] in (Decimal("1.25"), 5)),
        ("n in (5)", lambda row: row["n"] == 5),
        ("t in ('beta', null)", lambda row: row["t"] in ("beta", None)),
        ("g eq 'x'", lambda row: "x" in (row["g"] or ())),
        ("g ne 'y'", lambda row: "y" not in (row["g"] or ())),
        ("i eq 2026-01-04", lambda row: row["i"] is not None and row["i"].date() == datetime.date(2026, 1, 4)),
        ("i le 2026-01-04", lambda row: row["i"] is not None and row["i"].date() <= datetime.date(2026, 1, 4)),
        ("i gt 2026-01-04", lambda row: row["i"] is not None and row["i"].date() > datetime.date(2026, 1, 4)),
        ("2 lt n", lambda row: row["n"] is not None and row["n"] > 2),
    ]
)
leaves: st.SearchStrategy[Test] = st.one_of(numbers, texts, days, instants, truths, empties, words)


def _join(parts: tuple[Test, str, Test]) -> Test:
    (left, test_left), word, (right, test_right) = parts
    if word == "and":
        return f"({left} and {right})", lambda row: test_left(row) and test_right(row)
    return f"({left} or {right})", lambda row: test_left(row) or test_right(row)


def _negate(part: Test) -> Test:
    return f"not ({part[0]})", lambda row: not part[1](row)


trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(_join), inner.map(_negate)),
    max_leaves=8,
)


def test_random_filters_find_what_plain_python_finds(rows: tuple[FlaskClient, dict[int, Row]]) -> None:
    client, by_id = rows

    @QUIET
    @given(trees)
    def compare(tree: Test) -> None:
        text, test = tree
        found = client.get("/api/v1/lists/rows/items", query_string={"$filter": text, "$select": "id"})
        assert found.status_code == 200, (text, found.text)
        assert [item["id"] for item in found.json["value"]] == [number for number, row in by_id.items() if test(row)], (
            text
        )

    compare()


def test_random_texts_are_answered_or_refused_but_never_break_anything(
    rows: tuple[FlaskClient, dict[int, Row]],
) -> None:
    client, _ = rows
    pieces = st.sampled_from(
        [
            "n",
            "t",
            "d",
            "i",
            "b",
            "g",
            "id",
            "created_by",
            "nonsense",
            " eq ",
            " ne ",
            " gt ",
            " in ",
            " and ",
            " or ",
            "not ",
            "(",
            ")",
            ",",
            "'",
            "''",
            "'x'",
            "1",
            "-",
            "1.5",
            "1e999",
            "null",
            "true",
            "2026-02-31",
            "2026-01-01",
            "2026-01-01T00:00:00Z",
            "9999-12-31",
            "contains",
            "contains(t,",
            "/",
            "name",
            "any",
            "all",
            ":",
            "=",
            "@me",
            "'@me'",
            "'@today'",
            "'@today+9999'",
            " ",
            "\x00",
            "😀",
            "\\",
            "%",
            "duration'P1D'",
            "add",
            "concat",
            "geography'x'",
            "a.b",
            "00000000-0000-0000-0000-000000000000",
            "12:30",
            "٣",
            "9" * 400,
            "\ud800",
        ]
    )
    texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=10).map("".join))

    @QUIET
    @given(texts, st.sampled_from(["$filter", "$orderby", "$select", "$expand", "$top", "$skiptoken", "$count"]))
    def never_breaks(text: str, option: str) -> None:
        answer = client.get("/api/v1/lists/rows/items", query_string={option: text.encode("utf-8", "surrogatepass")})
        assert answer.status_code in (200, 422), (option, text, answer.text)
        if answer.status_code == 422:
            assert answer.json["errors"][0]["field"] == option and answer.json["detail"], (option, text, answer.text)

    never_breaks()


def test_random_page_addresses_never_break_anything(rows: tuple[FlaskClient, dict[int, Row]]) -> None:
    import base64
    import json

    client, _ = rows
    values = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=5),
        st.just("a\x00b"),
        st.just("\ud800"),
        st.sampled_from(
            [
                {"n": "NaN"},
                {"n": "1e99999"},
                {"n": "sNaN"},
                {"n": "1"},
                {"t": "x"},
                {"t": "0001-01-01T00:00:00+14:00"},
                {"d": "2026-01-01"},
                {"d": 5},
                {},
                {"n": 1, "d": 2},
                [],
            ]
        ),
    )

    @QUIET
    @given(st.lists(values, max_size=4), st.sampled_from(["n", "t", "d", "i", "b", "g", "created_by", "id", "name"]))
    def never_breaks(token: list[Any], column: str) -> None:
        text = base64.urlsafe_b64encode(json.dumps([False, *token]).encode()).decode()
        answer = client.get("/api/v1/lists/rows/items", query_string={"$skiptoken": text, "$orderby": column})
        assert answer.status_code in (200, 422), (token, column, answer.text)

    never_breaks()


# --- At the bounds --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["id eq 1"] * 2000),
        "not " * 1500 + "id eq 1",
        "not (" * 25 + "id eq 1" + ")" * 25,
        " or ".join(["id eq 1"] * 300),
        "x" * (LONGEST_FILTER + 1),
    ],
)
def test_too_much_of_a_filter_is_refused_in_words(house: House, text: str) -> None:
    answer = ask(house.api("north"), text)
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "$filter"


def test_brackets_alone_are_no_depth(house: House) -> None:
    assert ask(house.api("north"), "(" * 3000 + "id eq 1" + ")" * 3000).json == {"value": []}


def test_two_hundred_alternatives_in_a_row_are_not_too_deep(house: House) -> None:
    case = house.make_case()
    answer = ask(house.api("north"), " or ".join(f"id eq {number}" for number in range(case.id, case.id + 200)))
    assert [item["id"] for item in answer.json["value"]] == [case.id]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drop table(", "character 5"),
        ("name eq 'open", "character 9"),
        ("name eq", "character 5"),
        ("", "character 1"),
        ("nonsense eq 1", "nonsense"),
        ("company/nonsense eq 1", "nonsense"),
        ("name/x eq 1", "name"),
        ("a/b/c eq 1", "one lookup"),
        ("value eq 'many'", "value"),
        ("value add 1 eq 2", "begins with a column"),
        ("name eq description", "compared with a value"),
        ("frobnicate(name)", "frobnicate"),
        ("contains(name)", "contains"),
        ("contains(name, 5)", "text in quotes"),
        ("tolower(name) eq 'x'", "begins with a column"),
        ("expected_close gt 2026-02-31", "expected_close"),
        ("modified gt 2026-02-31", "2026-02-31"),
        ("company gt 5", "company"),
        ("1 eq 1", "begins with a column"),
        ("contacts/any(c:c/name eq 'x')", ""),
    ],
)
def test_what_cannot_be_understood_is_named(house: House, text: str, said: str) -> None:
    answer = ask(house.api("north"), text)
    assert answer.status_code == 422, answer.text
    assert said in answer.json["errors"][0]["message"] and answer.json["errors"][0]["field"] == "$filter"


def test_unknown_and_doubled_options_are_refused(house: House) -> None:
    north = house.api("north")
    for address in (
        "$search=x",
        "$top=5001",
        "$top=-1",
        "$top=x",
        "$skiptoken=x",
        "$count=maybe",
        "$select=nonsense",
        "$expand=name",
        "$expand=created_by",
        "$filter=id eq 1&$filter=id eq 2",
        "$skip=1",
        "$orderby=name up",
        "$orderby=",
        "$orderby=name,,id",
        "$orderby=value/name",
        "deleted=yes",
    ):
        answer = north.get(f"{ITEMS}?{address}")
        assert answer.status_code == 422, (address, answer.text)
        assert answer.json["errors"][0]["field"] == address.split("=")[0]


def test_nothing_at_all_can_be_asked_for_with_the_count(house: House) -> None:
    house.make_case()
    assert house.api("north").get(f"{ITEMS}?$top=0&$count=true").json == {"value": [], "@odata.count": 1}


def test_names_that_begin_like_words_of_the_grammar_are_columns(house: House) -> None:
    house.make("events", {"name": "e", "all_day": True})
    found = house.api("north").get(
        "/api/v1/lists/events/items", query_string={"$filter": "all_day eq true and not(all_day eq false)"}
    )
    assert len(found.json["value"]) == 1


def test_quotes_are_doubled_inside_texts(house: House) -> None:
    case = house.make_case(name="O'Neil & söner 100%")
    for text in (
        "name eq 'O''Neil & söner 100%'",
        "contains(name, '''neil')",
        "endswith(name, '100%')",
        "contains(company/name, 'relations') and contains(name, 'SONER')",
    ):
        assert [item["id"] for item in ask(house.api("north"), text).json["value"]] == [case.id], text


# --- Tokens and orders, as list pages use them ----------------------------------------------------


def test_tokens_stand_for_the_reader_and_the_time(house: House) -> None:
    with house.read("both") as (session, actor):
        lists = catalogue.catalogue(session)
        cases = lists.get("cases")

        def of(text: str) -> Any:
            return parse_filter(text, cases, actor, NOW, lists)

        assert of("salesperson eq '@me'").value == actor.salesperson_id
        assert of("created_by eq '@me'").value == actor.user_id
        assert of("sales_group eq '@my_groups'").value == sorted(actor.groups)
        assert of("sales_group in ('@my_groups', 99)").value == [*sorted(actor.groups), "99"]
        assert of("expected_close eq '@today-3'").value == datetime.date(2026, 11, 20)
        assert of("closed gt '@now'").value == NOW
        assert of("name eq '@me'").value == "@me" and of("name eq '@today'").value == "@today"
        assert of("support_of/expected_close le '@today'").value == NOW.date()


def test_a_day_is_the_readers_day(house: House) -> None:
    with house.write("north") as (session, actor):
        from dataclasses import replace

        late = replace(actor, time_zone="Asia/Tokyo")
        begins, ends = parse_filter(
            "modified eq '@today'", catalogue.definition(session, "cases"), late, NOW.replace(hour=20)
        ).parts  # type: ignore[union-attr]
        assert (
            begins.value.isoformat() == "2026-11-24T00:00:00+09:00"
            and ends.value.isoformat() == "2026-11-25T00:00:00+09:00"
        )


def test_nobody_is_me_without_a_salesperson(house: House) -> None:
    case = house.make_case()
    admin = house.api("admin")
    assert ask(admin, "salesperson eq '@me'").json["value"] == []
    assert [item["id"] for item in ask(admin, "salesperson ne '@me'").json["value"]] == [case.id]
    assert ask(admin, "sales_group in ('@my_groups')").json["value"] == []


def test_every_view_of_the_shipped_lists_is_understood(house: House) -> None:
    with house.read("north") as (session, actor):
        lists = catalogue.catalogue(session)
        seen = 0
        for found in lists.by_name.values():
            for view in found.views:
                seen += 1
                if view.settings.get("filter"):
                    parse_filter(view.settings["filter"], found, actor, NOW, lists)
                if view.settings.get("order"):
                    parse_orderby(view.settings["order"], found)
        assert seen > 20


def test_a_lookup_sorts_by_its_title(house: House) -> None:
    for name in ("Zeta", "alfa", "Čadca"):
        house.make_case(company=house.make_relation(name=name).id)
    north = house.api("north")
    for order in ("company", "company/name asc"):
        found = north.get(f"{ITEMS}?$orderby={order}").json["value"]
        assert [item["company"]["title"] for item in found] == ["alfa", "Čadca", "Zeta"]


def test_what_stands_behind_the_id_in_an_order_changes_nothing(house: House) -> None:
    ids = [house.make_case(name=name).id for name in ("b", "a", "c")]
    assert [item["id"] for item in house.api("north").get(f"{ITEMS}?$orderby=id desc,name").json["value"]] == ids[::-1]


def test_an_order_is_understood_as_a_filter_is(house: House) -> None:
    with house.read("north") as (session, _):
        cases = catalogue.definition(session, "cases")
        assert parse_orderby(" expected_close DESC , company/name", cases) == [
            ("expected_close", True),
            ("company", False),
        ]
        for text in ("", "name sideways", "name desc desc", "nonsense", ",".join(["name"] * 9), "name" * 400):
            with pytest.raises(Invalid) as refused:
                parse_orderby(text, cases)
            assert refused.value.errors[0].field == "$orderby"
