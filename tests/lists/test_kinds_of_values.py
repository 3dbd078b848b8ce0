"""Locations, several people, telephone numbers, addresses by country; and a list of very many columns."""

from __future__ import annotations

import contextlib
import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from house import House, token_of
from hypothesis import given
from hypothesis import strategies as st
from statements import statements

from caseroom.lists import exporting, items, query, schema
from caseroom.lists.columns import Reader, column_type
from caseroom.lists.columns.address import NEEDED, ORDERS, PARTS
from caseroom.lists.errors import Invalid
from caseroom.lists.filters import Compare, field

SITES = {"name": "sites", "columns": [
    {"name": "place", "type": "location"}, {"name": "team", "type": "person", "multiple": True, "default": "@me"},
    {"name": "call", "type": "phone", "country": "SK"}, {"name": "post", "type": "address", "complete": True},
    {"name": "unknown", "type": "calculated", "formula": "ISBLANK(place)"},
    {"name": "near", "type": "boolean", "show_when": "NOT(ISBLANK(place))"},
]}  # fmt: skip


@pytest.fixture
def sites(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, SITES)
    return house


def found(house: House, where: Any) -> list[str]:
    with house.read("north") as (session, actor):
        return [one.title for one in query.page(session, actor, "sites", where=where).items]


# --- Locations ------------------------------------------------------------------------------------

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["latitude", "longitude", "label", "x", "id", "content"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(ANY)
def test_any_value_is_read_or_refused_in_words(raw: Any) -> None:
    for name, options in (("location", {}), ("attachment", {}), ("auto_number", {"prefix": "{year}-"}), ("phone", {}),
                          ("phone", {"country": "SK"}), ("person", {"multiple": True})):  # fmt: skip
        kind = column_type(name, options)
        try:
            value = kind.parse(raw)
        except Invalid as refusal:
            assert str(refusal.errors[0])
            continue
        if name not in ("attachment", "person"):
            assert kind.parse(kind.to_json(value)) == value  # what is read can be written again
            assert isinstance(kind.format(value, Reader("sk")), str)
            assert value is None or isinstance(kind.export_cell(value), str)


@given(st.decimals(-90, 90, places=9), st.decimals(-180, 180, places=9), st.text(max_size=20))
def test_a_location_says_the_same_in_every_form(latitude: Decimal, longitude: Decimal, label: str) -> None:
    kind = column_type("location", {})
    value = kind.parse({"latitude": str(latitude), "longitude": float(longitude), "label": label})
    assert abs(Decimal(value["latitude"]) - latitude) <= Decimal("0.0000005")
    assert abs(Decimal(value["longitude"]) - longitude) <= Decimal("0.000001") and "E" not in str(value["longitude"])
    assert kind.parse(kind.export_cell(value)) == value


@pytest.mark.parametrize("raw", [
    {"latitude": 90.1, "longitude": 0}, {"latitude": 1}, {"label": "Castle"}, "48.1", "north", "48,1 17,2 9",
    {"latitude": "NaN", "longitude": "0"}, {"latitude": True, "longitude": 1}, {"latitude": "9" * 50, "longitude": 1},
    {"latitude": 1, "longitude": -181}, {"latitude": 1, "longitude": 1, "height": 5}, [48, 17], 48,
    {"latitude": 1, "longitude": 1, "label": "x" * 256}, {"latitude": 1, "longitude": 1, "label": 5},
])  # fmt: skip
def test_what_is_no_place_is_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        column_type("location", {}).parse(raw)


def test_a_location_in_forms_pages_and_questions(sites: House) -> None:
    browser = sites.client("north")
    token = token_of(browser.get("/lists/sites/new").text)
    form = {"csrf_token": token, "name": "Works", "place-latitude": "48,1486", "place-longitude": "17.1077",
            "place-label": "Castle & Hill"}  # fmt: skip
    refused = browser.post("/lists/sites/new", data=form | {"place-latitude": "99"})
    assert refused.status_code == 422 and 'value="17.1077"' in refused.text and "between" in refused.text
    saved = browser.post("/lists/sites/new", data=form)
    assert saved.status_code == 303, saved.text
    page = browser.get(saved.location).text
    assert 'href="geo:48.1486,17.1077?q=48.1486%2C17.1077(Castle%20%26%20Hill)"' in page
    assert 'value="48.1486"' in browser.get(saved.location.split("?")[0] + "/edit").text
    sites.make("sites", {"name": "Nowhere"})
    assert (
        found(sites, field("place", "contains", "CASTLE")) == ["Works"] == found(sites, field("unknown", "eq", False))
    )
    assert found(sites, field("place", "contains", "latitude")) == []
    assert found(sites, Compare(("place",), "empty", True)) == ["Nowhere"]
    assert "Works" in browser.get("/lists/sites?f.place.contains=castle&sort=place").text
    read = sites.api("north").get("/api/v1/lists/sites/items?$orderby=place desc").json["value"][0]
    assert read["place"] == {"latitude": "48.1486", "longitude": "17.1077", "label": "Castle & Hill"}


# --- People ---------------------------------------------------------------------------------------


def test_a_column_of_several_people(sites: House) -> None:
    people, api = sites.people, sites.api("north")
    made = api.post("/api/v1/lists/sites/items", json={"name": "Both", "team": [people["both"], people["west"]]})
    assert [one["title"] for one in made.json["team"]] == ["Both Person", "West Person"]
    assert api.post("/api/v1/lists/sites/items", json={"name": "x", "team": [999999]}).status_code == 422
    mine = sites.make("sites", {"name": "Mine"})
    assert [one.title for one in mine["team"]] == ["North Person"]
    assert found(sites, field("team", "eq", people["west"])) == ["Both"]
    assert found(sites, field("team/name", "contains", "north")) == ["Mine"]
    page = api.get("/api/v1/lists/sites/items?$filter=team eq '@me'")
    assert [one["name"] for one in page.json["value"]] == ["Mine"]
    browser = sites.client("north")
    shown = browser.get(f"/lists/sites/{made.json['id']}").text
    assert "Both Person" in shown and "West Person" in shown
    edit = browser.get(f"/lists/sites/{made.json['id']}/edit").text
    data = {"csrf_token": token_of(edit), "name": "Both", "version": "1", "team": [people["north"], people["both"]]}
    assert browser.post(f"/lists/sites/{made.json['id']}/edit", data=data).status_code == 303
    assert found(sites, field("team", "eq", people["west"])) == []


# --- Telephones and addresses ---------------------------------------------------------------------


@pytest.mark.parametrize(("raw", "country", "kept", "shown"), [
    ("0905 123 456", "SK", "+421905123456", "+421 905 123 456"), ("00421 905/123 456", None, "+421905123456", None),
    ("+44 20 7946 0958", "SK", "+442079460958", "+44 20 7946 0958"), ("905 12", "SK", "905 12", "905 12"),
    ("0905 123 456", None, "0905 123 456", "0905 123 456"), ("ext. 12", "SK", "ext. 12", None),
    ("+421 2 5555 1234 ext. 9", "SK", "+421 2 5555 1234 ext. 9", None),
])  # fmt: skip
def test_telephone_numbers_are_kept_in_one_form(raw: str, country: str | None, kept: str, shown: str | None) -> None:
    kind = column_type("phone", {"country": country} if country else {})
    assert kind.parse(raw) == kept
    assert kind.format(kept, Reader()) == (shown or kind.format(kept, Reader()))


def test_company_pages_show_numbers_as_lists_do(sites: House) -> None:
    company = sites.make_relation(name="Tatra", phone="+421905123456")
    sites.make("contacts", {"first_name": "Eva", "surname": "Malá", "company": company.id, "mobile": "+442079460958"})
    page = sites.client("north").get(f"/lists/relations/{company.id}").text
    assert "+421 905 123 456" in page and 'href="tel:+421905123456"' in page
    assert "+44 20 7946 0958" in page and 'href="tel:+442079460958"' in page


def test_addresses_are_written_as_in_their_country() -> None:
    kind, parts = column_type("address", {}), {"street": "Main 1", "postcode": "811 01", "city": "Town", "region": "R"}
    said = {code: kind.format({**parts, "country": code}, Reader("en")) for code in ("SK", "US", "GB", "HU", "IN")}
    assert said == {
        "SK": "Main 1, 811 01 Town, R, Slovakia", "US": "Main 1, Town R 811 01, United States",
        "GB": "Main 1, Town, R, 811 01, United Kingdom", "HU": "Town, Main 1, 811 01, R, Hungary",
        "IN": "Main 1, Town 811 01, R, India",
    }  # fmt: skip
    for lines in ORDERS.values():
        assert sorted(part for line in lines for part in line) == sorted(set(PARTS) - {"country"})
    assert {part for needed in NEEDED.values() for part in needed} < set(PARTS)


def test_a_complete_address_has_what_a_letter_needs(sites: House) -> None:
    api = sites.api("north")
    for address, lacks in (({"street": "Main 1", "city": "Austin", "postcode": "1", "country": "US"}, "region"),
                           ({"street": "Hlavná 1", "city": "Žilina", "country": "SK"}, "postcode"),
                           ({"city": "Žilina"}, "street"),
                           ({"street": "Hlavná 1", "city": "Žilina", "postcode": "1"}, "country")):  # fmt: skip
        refused = api.post("/api/v1/lists/sites/items", json={"name": "x", "post": address})
        assert refused.status_code == 422 and lacks in refused.json["errors"][0]["message"]
    sent = {"name": "x", "post": {"street": "O'Connell St 1", "city": "Dublin", "country": "IE"}}
    assert api.post("/api/v1/lists/sites/items", json=sent).status_code == 201
    assert api.post("/api/v1/lists/sites/items", json={"name": "y", "post": None}).status_code == 201


@pytest.mark.parametrize(("kind", "options"), [
    ("phone", {"country": "XX"}), ("phone", {"country": 5}), ("person", {"multiple": "yes"}),
    ("person", {"multiple": True, "unique": True}), ("location", {"indexed": True}), ("attachment", {"max": 0}),
    ("attachment", {"max": 101}), ("attachment", {"unique": True}), ("attachment", {"default": "x"}),
    ("address", {"complete": 1}), ("location", {"default": "x"}),
])  # fmt: skip
def test_options_without_sense_are_refused(shared_house: House, kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal, shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "bad", "columns": [{"name": "x", "type": kind, **options}]})
    assert refusal.value.errors[0].field in options


# --- Choices and tags from texts -------------------------------------------------------------------

MARKS = ["red", "big", {"value": "new", "title": {"en": "As new", "sk": "Ako nové"}}]
PLACES = ["Nitra, Slovakia", "Brno"]


@pytest.mark.parametrize(("choices", "text", "chosen"), [
    (MARKS, "red; big", ["red", "big"]), (MARKS, "red\r\nbig\n", ["red", "big"]), (MARKS, "red,big", ["red", "big"]),
    (MARKS, "ako nove; Big", ["new", "big"]), (MARKS, "As new, as new", ["new"]), (MARKS, " ; ", None),
    (MARKS, ["As new"], ["new"]), (PLACES, "Nitra, Slovakia", ["Nitra, Slovakia"]),
    (PLACES, "Brno; Nitra, Slovakia", ["Brno", "Nitra, Slovakia"]), (["a;b", "c"], "a;b", ["a;b"]),
    (["a;b", "c"], "c, a;b", ["c", "a;b"]),
])  # fmt: skip
def test_choices_are_read_from_a_text_by_value_or_label(choices: Any, text: Any, chosen: Any) -> None:
    kind = column_type("multi_choice", {"choices": choices})
    assert kind.parse(text) == chosen
    for language in ("en", "sk"):
        assert kind.parse(kind.format(chosen, Reader(language))) == chosen
    assert kind.parse(kind.export_cell(chosen)) == chosen


def test_a_choice_that_there_is_not_is_named() -> None:
    kind = column_type("multi_choice", {"choices": PLACES})
    with pytest.raises(Invalid, match="“Košice, Slovakia” is not one of: Nitra, Slovakia, Brno"):
        kind.parse("Brno; Košice, Slovakia")
    with pytest.raises(Invalid, match="is not one of"):
        column_type("multi_choice", {"choices": MARKS}).parse([["red"]])


def test_tags_are_read_from_a_text_with_commas_semicolons_and_lines() -> None:
    assert column_type("tags", {}).parse("a; b,c\r\n d e ;a") == ["a", "b", "c", "d e"]


# --- Many columns ---------------------------------------------------------------------------------

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("text", {}), ("number", {}), ("date", {}), ("choice", {"choices": ["a", "b"]}), ("lookup", {"list": "relations"}),
    ("boolean", {}), ("phone", {}), ("tags", {}), ("currency", {}), ("datetime", {}), ("address", {}), ("location", {}),
    ("calculated", {"formula": "c001 * 2"}), ("person", {"multiple": True}), ("auto_number", {}),
]  # fmt: skip


def test_a_list_of_150_columns_works_everywhere_in_few_statements(house: House) -> None:
    columns = [{"name": f"c{n:03}", "type": kind, **options} for n in range(150) for kind, options in [KINDS[n % 15]]]
    columns += [{"name": "many", "type": "reverse_lookup", "list": "wide", "column": "up"},
                {"name": "up", "type": "lookup", "list": "wide", "show": ["c000", "c001", "c008"]}]  # fmt: skip
    admin, api = house.api("admin"), house.api("north")
    assert admin.post("/api/v1/lists", json={"name": "wide", "columns": columns}).status_code == 201
    company = house.make_relation(name="Tatra").id
    samples: dict[str, Any] = {
        "text": "word", "number": "1.5", "date": "2026-01-02", "choice": "a", "lookup": company, "boolean": True,
        "phone": "+421905123456", "tags": ["x"], "currency": "3", "datetime": "2026-01-02T10:00:00Z",
        "address": {"city": "Brno"}, "location": {"latitude": "1", "longitude": "2"}, "person": [house.people["north"]],
    }  # fmt: skip
    values = {one["name"]: samples[one["type"]] for one in columns if one["type"] in samples and one["name"] != "up"}
    made = api.post("/api/v1/lists/wide/items", json={"name": "First", **values})
    assert made.status_code == 201, made.text
    top = made.json["id"]
    for number in range(8):
        assert api.post("/api/v1/lists/wide/items", json={"name": f"n{number}", **values, "up": top}).status_code == 201
    asked = {"$filter": " and ".join(f"c{n:03} eq 'word'" for n in range(0, 150, 15)), "$orderby": "c014 desc"}
    with statements(house) as seen:
        page = api.get("/api/v1/lists/wide/items", query_string=asked)
    assert len(page.json["value"]) == 9 and len(page.json["value"][0]) > 155
    assert len(seen) <= 6, seen
    assert {row["c012"] for row in page.json["value"]} == {"3.00"}
    browser = house.client("north")
    with statements(house) as seen:
        form = browser.get(f"/lists/wide/{top}/edit")
    assert form.status_code == 200 and 'name="c135"' in form.text
    assert len(seen) <= 20, seen
    sent = {"csrf_token": token_of(form.text), "version": "1", "name": "Changed", "c000": "other"}
    assert browser.post(f"/lists/wide/{top}/edit", data=sent).status_code == 303
    with statements(house) as seen:
        shown = browser.get("/lists/wide?sort=-c001").text
    assert "Changed" in shown and len(seen) <= 14, seen
    assert browser.get(f"/lists/wide/{top}").status_code == 200
    with house.read("north") as (session, actor):
        with statements(house) as seen:
            target = io.BytesIO()
            assert exporting.export(session, actor, "wide", "csv", target) == 9
        assert len(seen) <= 6, seen
        exporting.export(session, actor, "wide", "xlsx", io.BytesIO())
    rows = list(csv.DictReader(io.StringIO(target.getvalue().decode("utf-8-sig"))))
    assert rows[0]["c000"] == "other" and rows[1]["up.c000"] == "other" and rows[1]["c149"] == "0002"


# --- Groups ---------------------------------------------------------------------------------------


def test_a_column_holds_a_group_or_several_and_ones_own_are_found(house: House) -> None:
    with house.write("admin") as (session, actor):
        columns = [{"name": "team", "type": "group"}, {"name": "teams", "type": "group", "multiple": True}]
        schema.create_list(session, actor, {"name": "duties", "columns": columns})
    north, south = house.groups["North"], house.groups["South"]
    made = house.make("duties", {"name": "door", "team": north, "teams": [north, south]})
    assert made["team"].title == "North" and [one.title for one in made["teams"]] == ["North", "South"]
    house.make("duties", {"name": "roof", "team": south})
    api = house.api("north")
    found = api.get("/api/v1/lists/duties/items?$filter=team eq '@my_groups'").json["value"]
    assert [one["name"] for one in found] == ["door"]
    assert api.get("/api/v1/lists/duties/items?$filter=team/name eq 'South'").json["value"][0]["name"] == "roof"
    with pytest.raises(Invalid, match="no such item"):
        house.make("duties", {"name": "none", "team": 999_999})


# --- Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1 200,50", "1200.50"), ("1.200,50", "1200.50"), ("1,200.50", "1200.50"), ("12,5", "12.50"),
        ("(5.00)", "-5.00"), ("\u22125", "-5.00"), ("1,200,000", "1200000.00"), ("1.200.000", "1200000.00"),
        ("1.200", "1.20"), ("1e3", "1000.00"),
        ("1,200", None), ("1,2,3", None), ("()", None), ("1..2", None), ("€5", None), ("5 %", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_spreadsheets_write_them_and_never_guessed(written: str, number: str | None) -> None:
    kind = column_type("number", {})
    if number is None:
        with pytest.raises(Invalid):
            kind.parse(written)
    else:
        assert kind.parse(written) == Decimal(number)


def test_three_decimals_behind_a_comma_are_decimals_where_the_column_has_so_many() -> None:
    assert column_type("number", {"decimals": 3}).parse("1,200") == Decimal("1.200")
    with pytest.raises(Invalid, match=r"can be read in two ways; write 1200 or 1\.2\."):
        column_type("number", {"decimals": 2}).parse("1,200")


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("€1,000.25", "1000.25"), ("5,00 €", "5"), ("EUR 5", "5"), ("(€5.00)", "-5"), ("-€5", "-5"), ("€ (5)", "-5"),
        ("5", "5"),
    ],
)  # fmt: skip
def test_an_amount_may_come_with_its_currencys_sign(house: House, written: str, amount: str) -> None:
    deal = house.make_case(value=written, currency="EUR")
    assert deal["value"] == Decimal(amount)


@pytest.mark.parametrize("written", ["$5", "5 Kč", "USD 5", "5 GBP", "kr 5"])
def test_an_amount_with_another_currencys_sign_is_refused(house: House, written: str) -> None:
    words = "is in another currency than this amount, which is in EUR"
    with pytest.raises(Invalid, match=words) as refused:
        house.make_case(value=written, currency="EUR")
    assert refused.value.errors[0].field == "value"
    deal = house.make_case(value="1")
    with pytest.raises(Invalid, match=words), house.write("north") as (session, actor):
        items.update(session, actor, "cases", deal.id, {"value": written}, version=1)


def test_a_sign_that_several_currencies_have_fits_each_of_them(house: House) -> None:
    for code in ("USD", "CAD"):
        assert house.make_case(value="$ 5", currency=code)["value"] == 5
    assert house.make_case(value="5 kr", currency="SEK")["value"] == 5


def test_truths_are_read_in_the_portals_languages() -> None:
    kind = column_type("boolean", {})
    assert {kind.parse(word) for word in ("yes", "Áno", "ja", "JAH", "evet", "TRUE", "1")} == {True}
    assert {kind.parse(word) for word in ("no", "nie", "Nein", "ei", "hayır", "FALSE", "0")} == {False}
    with pytest.raises(Invalid, match="yes or no"):
        kind.parse("maybe")


def test_a_percentage_may_come_with_its_sign() -> None:
    assert column_type("percent", {}).parse("35 %") == 35


@pytest.mark.parametrize(
    "written", ["0.5,5", "1.2,5", "1,2.5", "10 20", "1 2 3", "1'2", "1_000", "٣", "1e9999999", "1e99", "1e-9"]
)
def test_what_nobody_writes_for_a_number_is_none(written: str) -> None:
    for name in ("number", "currency", "percent"):
        with pytest.raises(Invalid):
            column_type(name, {}).parse(written)
        with pytest.raises(Invalid):
            column_type(name, {}).parse(f"{written}%%")
    for empty in ("€", "%"):
        with pytest.raises(Invalid):
            column_type("currency" if empty == "€" else "percent", {}).parse(empty)


@given(st.text(alphabet="0123456789.,eE+-() '€%\u00a0", max_size=20) | st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    for name in ("number", "currency", "percent", "location"):
        kind = column_type(name, {})
        with contextlib.suppress(Invalid):
            kind.parse({"latitude": text, "longitude": text} if name == "location" else text)


@pytest.mark.parametrize("raw", [{}, {"title": "Top"}, {"ID": 2}, {"name": "Top"}])
def test_an_object_without_an_id_empties_no_lookup(raw: Any) -> None:
    for name, options in (("lookup", {"list": "relations"}), ("person", {}), ("person", {"multiple": True})):
        with pytest.raises(Invalid, match="number of an item"):
            column_type(name, options).parse([raw] if options.get("multiple") else raw)
    assert column_type("lookup", {"list": "relations"}).parse({"id": None}) is None


def test_a_text_on_one_line_turns_nothing_round_that_is_said_after_it() -> None:
    """Characters that override the direction of what follows are left out; marks of single letters stay."""
    kind = column_type("text", {})
    assert kind.parse("Offer \u202egpj.exe\u202c for \u2067Tel Aviv\u2069") == "Offer gpj.exe for Tel Aviv"
    assert kind.parse("שלום\u200f!") == "שלום\u200f!"
    assert column_type("text", {"multiline": True}).parse("a\n\u202bb") == "a\n\u202bb"


def test_a_tag_has_no_comma_however_it_comes() -> None:
    kind = column_type("tags", {})
    assert kind.parse(["a, b", "c"]) == kind.parse("a, b; c") == ["a", "b", "c"]
    assert kind.parse(kind.form_value(["a", "b"], Reader())) == ["a", "b"]


def test_a_list_is_not_made_with_more_columns_than_there_may_be(house: House) -> None:
    columns = [{"name": f"c{number}", "type": "text"} for number in range(schema.MOST_COLUMNS + 1)]
    with house.write("admin") as (session, actor), pytest.raises(Invalid, match="at most"):
        schema.create_list(session, actor, {"name": "wide", "columns": columns})


def test_bounds_between_which_there_is_nothing_are_refused(house: House) -> None:
    with house.write("admin") as (session, actor), pytest.raises(Invalid, match="at least 5"):
        column = {"name": "count", "type": "number", "min": 5, "max": 1}
        schema.create_list(session, actor, {"name": "narrow", "columns": [column]})
