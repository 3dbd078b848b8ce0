"""Texts that try to break something, wherever texts are taken: each is answered or refused in words, never by a fall.

The application of the tests raises what it does not expect, so that any such thing fails here with its cause. What
OData texts are given in full variety by tests/portal/test_api_odata.py comes here from the other sides.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from house import Browser, House, token_of

from caseroom.lists import imports as kept_imports
from caseroom.lists import items, schema
from caseroom.lists.errors import Invalid
from caseroom.portal import imports
from caseroom.portal.checking import findings

LONE, NUL = "\ud800", "a\x00b"
TEXTS = [
    "", "%", "_", "\\", "'", "''", '"', "%%%%%%%%%%%%%%_", "(a+)+$", "[", "a{99999}", ".*", "$where", "-- x",
    "; DROP TABLE",
    NUL, LONE, "\U0001f600" * 50, "\u202e", "ſ", "İ", "x" * 70_000, "0", "-0", "1e400", "-1e400", "NaN", "Infinity",
    "9" * 400, "1e9999999", "0x10", "1_000", "٣", "½", "1/0", "2026-02-30", "0000-00-00", "9999-12-31", "-1",
    "10000-01-01",
    "24:00", "2026-01-01T00:00:00+99:99", "2147483648", "9223372036854775808", "true", "null", "@me", "@today",
    "@nonsense",
    "{{ 1/0 }}", "<script>", "\r\n", "\t", "[]", "{}", "[" * 3000, "../../etc/passwd", "1,2,3", "1;2",
]  # fmt: skip
ODD: list[Any] = [
    None, True, 0, -1, 1e308, 10**400, 10**20, 0.1 + 0.2, [], [[]], {}, {"id": 1}, {"id": "x"}, {"id": None}, [None],
    [True],
    [{}], ["a", 1], {"a": {"b": {"c": []}}}, "a" * 300_000, NUL, LONE, "1e9999999", ["a" * 300], list(range(500)),
    [10**30], {"latitude": "91", "longitude": "x"}, {"latitude": 1e400, "longitude": []}, {"street": 5,
    "country": "XX"},
]  # fmt: skip
COLUMNS = [
    {"name": "t", "type": "text"}, {"name": "rich", "type": "rich_text"}, {"name": "n", "type": "number",
    "decimals": 2},
    {"name": "c", "type": "currency"}, {"name": "p", "type": "percent"}, {"name": "b", "type": "boolean"},
    {"name": "d", "type": "date"}, {"name": "i", "type": "datetime"}, {"name": "choice", "type": "choice",
    "choices": ["x"]},
    {"name": "some", "type": "multi_choice", "choices": ["x"]}, {"name": "l", "type": "lookup", "list": "relations"},
    {"name": "ls", "type": "multi_lookup", "list": "relations"}, {"name": "who", "type": "person"},
    {"name": "tags", "type": "tags"}, {"name": "mail", "type": "email"}, {"name": "phone", "type": "phone"},
    {"name": "url", "type": "url"}, {"name": "adr", "type": "address"}, {"name": "land", "type": "country"},
    {"name": "place", "type": "location"}, {"name": "files", "type": "attachment"}, {"name": "no",
    "type": "auto_number"},
    {"name": "twice", "type": "calculated", "formula": "n * 2"}, {"name": "per", "type": "calculated",
    "formula": "n / c"},
]  # fmt: skip
NAMES = ["name", "id", "created", "modified_by", *(str(column["name"]) for column in COLUMNS)]
FORMULAS = [
    "1/0", "n / 0", "MOD(n, 0)", "0 ^ -1", "9 ^ 9 ^ 9", "(-1) ^ 0.5", "n ^ n ^ n", "n / (n - n)", "ROUND(n, 99999)",
    "DATE(99999, 1, 1)", "DATE(n, n, n)", 'DATEADD(d, 999999999, "year")', 'DATEADD(d, n ^ 9, "day")', "d + 999999999",
    "LEFT(t, 999999999999)", "MID(t, -5, n)", 'TEXT(n)', "t & " * 190 + "t", "(" * 500 + "1" + ")" * 500,
    "IF(" * 60 + "b" + ", 1, 2)" * 60, "NOT(" * 60 + "b" + ")" * 60, "-" * 400 + "1", "1" * 500, "n" * 300, "[",
    "[name", '"',
    "l.name.name.name", "l.nonsense", "SUM()", "SUM(t)", "CONTAINS(t)", "nonsense(1)", "=", "==", "1 = 1 = 1", NUL,
    LONE,
    "SUM(" + ",".join(["n"] * 300) + ")", "d - d", "n%%%%%", "t > 5", "b + 1", "ISBLANK(files)", "no + 1",
    "WEEKDAY(d, 7)",
]  # fmt: skip
ANSWERED = {200, 201, 302, 303, 400, 404, 409, 413, 414, 422}


@pytest.fixture(scope="module")
def attacked(shared_house: House) -> House:
    """A list with a column of every type and two rows, one of them empty."""
    shared_house.make_relation(name="Firm")
    with shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "targets", "columns": COLUMNS})
        full = {"n": "0", "c": "0", "t": "%", "d": "2028-02-29", "b": True, "tags": ["a"], "some": ["x"], "choice": "x"}
        items.create(session, actor, "targets", {"name": "full", **full})
        items.create(session, actor, "targets", {"name": "empty"})
    return shared_house


def answered(answer: Any, *what: Any) -> None:
    assert answer.status_code in ANSWERED, (what, answer.status_code, answer.text[:500])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("operator", ["eq", "gt", "contains", "empty", "in", "nonsense"])
def test_filters_of_pages_take_any_text(attacked: House, operator: str) -> None:
    client = attacked.client("north")
    for place, name in enumerate(NAMES):
        many = [(f"f.{name}.{operator}", _as_bytes(text)) for text in TEXTS]
        parts = (many[:12], many[12:17], many[17:30], many[30:])
        for part in parts[place % 2 :: 2]:
            answered(client.get("/lists/targets", query_string=part), name, operator)


def test_filters_of_programs_take_any_value_for_any_column(attacked: House) -> None:
    client, turn = attacked.api("north"), 0
    for name in [*NAMES, "l/name", "l/n", "who/name", "name/name", "l/l/l"]:
        for text in TEXTS[turn % 6 :: 6]:
            operand, turn = text if text[:1].isdigit() else quoted(text), turn + 1
            ways = f"{name} eq {operand}", f"contains({name},{quoted(text)})", f"{name} in ({operand},null)"
            asked = ways[turn % 3]
            parameters = {"$filter": _as_bytes(asked[:7000]), "$select": "id"}
            answered(client.get("/api/v1/lists/targets/items", query_string=parameters), asked[:200])


def test_every_word_of_an_address_may_be_nonsense(attacked: House) -> None:
    client, program = attacked.client("north"), attacked.api("north")
    words = ("search", "sort", "group", "totals", "view", "columns", "kind", "board", "start", "end", "after", "filter",
             "fold", "month", "date", "page", "q", "column", "operator", "value", "format", "widths")  # fmt: skip
    options = ("$orderby", "$select", "$expand", "$top", "$skiptoken", "$count", "$filter", "$skip", "$nonsense")
    pages = ("suggest", "search", "lists/targets/export", "lists/targets/filter", "lists/targets/grid")
    for turn, text in enumerate(TEXTS):
        asked = _as_bytes(text[:5000])
        for word in words[turn % 5 :: 5]:
            answered(client.get("/lists/targets", query_string={word: asked}), word, text[:80])
        page, given = pages[turn % 5], {"q": asked, "column": asked, "format": asked}
        answered(client.get(f"/{page}", query_string=given), page, text[:80])
        for option in options[turn % 3 :: 3]:
            answered(program.get("/api/v1/lists/targets/items", query_string={option: asked}), option, text[:80])
        answered(program.get("/api/v1/search", query_string={"q": asked, "top": asked}), text[:80])
    for number in (0, -1, 2**31, 2**63, 10**300):
        for path in ("/lists/targets/{}", "/api/v1/lists/targets/items/{}", "/api/v1/lists/targets/items/{}/versions"):
            answered(client.get(path.format(number)) if "api" not in path else program.get(path.format(number)), path)


def test_any_json_may_be_sent_as_a_value(attacked: House) -> None:
    client, admin = attacked.api("north"), attacked.api("admin")
    made = client.post("/api/v1/lists/targets/items", json={"name": "victim"}).json["id"]
    for place, name in enumerate([*NAMES, "nonsense", ""]):
        for value in [*ODD, *TEXTS][place % 5 :: 5]:
            body = json.dumps({name: value})
            sent: dict[str, Any] = {"data": body, "content_type": "application/json"}
            answered(client.patch(f"/api/v1/lists/targets/items/{made}", headers={"If-Match": "*"}, **sent), body[:200])
    for body in [*ODD, [[1]], "x"]:
        for path in ("items", "columns", "views"):
            sent = {"data": json.dumps(body), "content_type": "application/json"}
            answered(admin.post(f"/api/v1/lists/targets/{path}", **sent), path, str(body)[:200])
    read = client.get(f"/api/v1/lists/targets/items/{made}")
    assert read.status_code == 200 and client.get("/api/v1/lists/targets/items").status_code == 200


def test_any_text_may_be_typed_into_a_form(attacked: House) -> None:
    client = attacked.client("north")
    page = client.get("/lists/targets/new")
    token = token_of(page.text)
    for text in TEXTS:
        typed = dict.fromkeys([*NAMES, "n-currency", "adr-street", "adr-country", "i-time", "version"], _as_bytes(text))
        answered(client.post("/lists/targets/new", data={**typed, "csrf_token": token}), text[:80])
    answered(client.get("/lists/targets?sort=-id"))


@pytest.mark.parametrize("option", ["formula", "validation", "default_formula", "show_when"])
def test_any_formula_is_saved_or_refused_and_then_read(attacked: House, option: str) -> None:
    client = attacked.api("admin")
    names = []
    for place, formula in enumerate(FORMULAS):
        name = f"{option[:4]}_{place}"
        kind = {"type": "calculated"} if option == "formula" else {"type": "number"}
        body = {"name": name, **kind, option: {"formula": formula} if option == "validation" else formula}
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        answer = client.post("/api/v1/lists/targets/columns", **sent)
        answered(answer, option, formula[:80])
        names += [name] if answer.status_code == 201 else []
    assert client.get("/api/v1/lists/targets/items").status_code == 200
    for name in names:
        for asked in ({"$filter": f"{name} ne null"}, {"$orderby": f"{name} desc"}):
            answered(client.get("/api/v1/lists/targets/items", query_string=asked), name, asked)
    row = {"name": "by rule", "n": "999999999999.99", "d": "9998-12-31"}
    answered(client.post("/api/v1/lists/targets/items", json=row))
    for name in names:
        assert client.delete(f"/api/v1/lists/targets/columns/{name}").status_code == 204


@pytest.mark.parametrize("what", ["filter", "order", "group", "columns", "totals", "colours", "kind", "widths"])
def test_any_text_may_be_said_by_a_view(attacked: House, what: str) -> None:
    client, browser = attacked.api("north"), attacked.client("north")
    said = [*TEXTS, *(FORMULAS if what == "colours" else ()), *ODD]
    for place, text in enumerate(said if what in ("filter", "colours") else said[len(what) % 2 :: 2]):
        given = [{"formula": text, "colour": "red"}] if what == "colours" and isinstance(text, str) else text
        body = {"name": f"v_{what}_{place}", what: given, "shared": False}
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        answer = client.post("/api/v1/lists/targets/views", **sent)
        answered(answer, what, str(text)[:80])
        if answer.status_code == 201:
            answered(browser.get(f"/lists/targets?view={body['name']}"), what, str(text)[:80])


def test_any_cell_may_stand_in_a_file_that_is_imported(attacked: House) -> None:
    with attacked.read("admin") as (_session, admin):
        pass
    clean = [text.replace('"', "'").replace("\r\n", " ")[:2000] for text in TEXTS if text not in (LONE, NUL)]
    lines = [",".join(NAMES)] + [",".join(f'"{text}"' for _ in NAMES) for text in clean]
    file = io.BytesIO("\n".join(lines).encode())
    for odd in (NUL.encode(), b"\xff\xfe\x00", LONE.encode("utf-8", "surrogatepass"), b"", b",,,,\n\n", b'"'):
        try:
            imports.take(attacked.home, admin, "targets", io.BytesIO(odd), "odd.csv")
        except Invalid as refusal:
            assert str(refusal)
    number = imports.take(attacked.home, admin, "targets", file, "odd.csv")
    client: Browser = attacked.client("admin")
    answered(client.get(f"/imports/{number}"))
    skipped = {"id", "modified_by", "who", "files", "no", "twice", "per", "created"}
    wanted = {name: {"from": name} for name in NAMES if name not in skipped}
    with attacked.write("admin") as (session, actor):
        kept_imports.try_out(session, actor, number, {"columns": wanted, "match": ["name"]})
    while imports.step(attacked.home):
        pass
    with attacked.write("admin") as (session, actor):
        kept_imports.start(session, actor, number)
    while imports.step(attacked.home):
        pass
    with attacked.read("admin") as (session, actor):
        found = kept_imports.get(session, actor, number)
        assert (found.state, found.done) == ("done", found.total), found.problem
        assert found.counts["refused"] > len(clean) / 2
    for page in ("", "/refused.csv"):
        answered(client.get(f"/imports/{number}{page}"))
    assert [one for one in findings(attacked.home) if not one.startswith("follower")] == []  # no worker runs


def test_a_fault_of_our_own_at_one_row_ends_that_import_and_no_other(
    attacked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with attacked.read("admin") as (_session, admin):
        pass
    numbers = [imports.take(attacked.home, admin, "targets", io.BytesIO(b"name\nfirst\n"), f"{n}.csv") for n in (1, 2)]
    for number in numbers:
        with attacked.write("admin") as (session, actor):
            kept_imports.start(session, actor, number, {"columns": {"name": {"from": "name"}}, "match": ["name"]})
    with monkeypatch.context() as patch:
        patch.setattr(items, "add", lambda *_given, **_named: 1 // 0)
        assert imports.step(attacked.home)
    while imports.step(attacked.home):
        pass
    with attacked.read("admin") as (session, actor):
        failed, done = [kept_imports.get(session, actor, number) for number in numbers]
        assert (failed.state, done.state) == ("failed", "done"), done.problem
        assert failed.problem is not None and "fault of its own" in str(failed.problem)
    with attacked.write("admin") as (session, actor):
        kept_imports.start(session, actor, numbers[0])
    while imports.step(attacked.home):
        pass
    with attacked.read("admin") as (session, actor):
        assert kept_imports.get(session, actor, numbers[0]).state == "done", "it can be started again"


def _as_bytes(text: str) -> bytes:
    """Halves of surrogate pairs too, as a careless program would send them."""
    return text.encode("utf-8", "surrogatepass")
