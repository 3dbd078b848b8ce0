"""What every list does over the API: `cases`, and a list that the API itself made, pass the very same tests."""
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalIterable=false, reportOperatorIssue=false

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from house import House

VISITS = {
    "name": "visits",
    "title": {"en": "Visits", "sk": "Návštevy"},
    "separation": "by_group",
    "columns": [
        {"name": "note", "type": "text", "multiline": True},
        {"name": "code", "type": "text", "max": 20, "indexed": True},
        {"name": "story", "type": "rich_text"},
        {"name": "hours", "type": "number", "decimals": 1, "min": 0},
        {"name": "cost", "type": "currency"},
        {"name": "share", "type": "percent"},
        {"name": "paid", "type": "boolean"},
        {"name": "day", "type": "date"},
        {"name": "begun", "type": "datetime"},
        {"name": "mood", "type": "choice", "choices": ["good", "bad"]},
        {"name": "topics", "type": "multi_choice", "choices": ["price", "service", "delivery"]},
        {"name": "firm", "type": "lookup", "list": "relations"},
        {"name": "people", "type": "multi_lookup", "list": "contacts"},
        {"name": "host", "type": "person"},
        {"name": "labels", "type": "tags"},
        {"name": "mail", "type": "email"},
        {"name": "tel", "type": "phone"},
        {"name": "page", "type": "url"},
        {"name": "place", "type": "address"},
        {"name": "country", "type": "country"},
        {"name": "guests", "type": "participants"},
    ],
}


@dataclass
class Kind:
    """A list under test: the values of a whole item, and the filters that find exactly it."""

    name: str
    text: str  # a text column that may be changed freely
    values: dict[str, Any]
    finds: list[str] = field(default_factory=list)

    @property
    def items(self) -> str:
        return f"/api/v1/lists/{self.name}/items"


def visits(house: House) -> Kind:
    made = house.api("admin").post("/api/v1/lists", json=VISITS)
    assert made.status_code == 201, made.text
    firm = house.make_relation(name="Stavby Žilina")
    person = house.make("contacts", {"surname": "Novák", "company": firm.id})
    return Kind(
        "visits",
        "note",
        {
            "note": "Long\ntext",
            "code": "A-1",
            "story": "<p>It <b>went</b> well</p>",
            "hours": "2.5",
            "cost": "1200.50",
            "share": "35",
            "paid": True,
            "day": "2026-11-05",
            "begun": "2026-11-05T10:00:00+00:00",
            "mood": "good",
            "topics": ["price", "service"],
            "firm": firm.id,
            "people": [person.id],
            "host": house.people["north"],
            "labels": ["vip", "new"],
            "mail": "a@example.org",
            "tel": "+421905123456",
            "page": "https://example.org/a",
            "place": {"street": "Hlavná 1", "city": "Žilina", "country": "SK"},
            "country": "SK",
            "guests": [{"email": "b@example.org", "answer": "none"}],
        },
        finds=[
            "note ne null and contains(note, 'ONG')",
            "code eq 'A-1'",
            "startswith(code, 'a-')",
            "endswith(code, '-1')",
            "contains(story, 'went')",
            "hours eq 2.5",
            "hours gt 2.4 and hours lt 2.6",
            "cost eq 1200.50",
            "cost ge 1200.495 and cost le 1200.505",
            "share in (35)",
            "paid eq true",
            "paid",
            "day eq 2026-11-05",
            "day lt 2026-11-06",
            "begun eq 2026-11-05T11:00:00+01:00",
            "begun eq 2026-11-05",
            "mood eq 'good'",
            "topics eq 'price'",
            "contains(topics, 'serv')",
            f"firm eq {firm.id}",
            "firm/name eq 'Stavby Žilina'",
            "contains(firm, 'zilina')",
            f"people eq {person.id}",
            "people/surname eq 'Novák'",
            "host eq '@me'",
            "host/name eq 'North Person'",
            "labels eq 'vip'",
            "mail eq 'a@example.org'",
            "contains(tel, '905')",
            "page ne null",
            "contains(place, 'hlavna')",
            "country eq 'SK'",
            "guests ne null",
            "sales_group eq '@my_groups'",
            "salesperson eq '@me'",
            "created_by eq '@me'",
            "created ge '@today'",
            "name eq 'Whole' and not (code eq 'B')",
            "code in ('A-1', 'x')",
            "external_id eq 'ext-1'",
        ],
    )


def cases(house: House) -> Kind:
    firm = house.make_relation(name="Stavby Žilina")
    person = house.make("contacts", {"surname": "Novák", "company": firm.id})
    return Kind(
        "cases",
        "description",
        {
            "company": firm.id,
            "contacts": [person.id],
            "value": "1200.50",
            "expected_close": "2026-11-05",
            "description": "Long\ntext",
            "stage": 2,
            "case_type": 1,
            "currency": "EUR",
        },
        finds=[
            "contains(description, 'ONG')",
            "value eq 1200.50",
            "expected_close eq 2026-11-05",
            f"company eq {firm.id}",
            "company/name eq 'Stavby Žilina'",
            f"contacts eq {person.id}",
            "case_type/name eq 'Preliminary interest'",
            "status eq 'new' and value gt 1",
            "sales_group eq '@my_groups' and name eq 'Whole'",
            "startswith(stage, 'off')",
            "external_id eq 'ext-1'",
        ],
    )


KINDS = {"cases": cases, "visits": visits}


@pytest.fixture(params=sorted(KINDS))
def kind(house: House, request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param](house)


def make(client: FlaskClient, kind: Kind, **values: Any) -> dict[str, Any]:
    base = {"name": "Deal"} | ({"company": kind.values["company"]} if kind.name == "cases" else {})
    made = client.post(kind.items, json=base | values)
    assert made.status_code == 201, made.text
    return made.json


def written(value: Any) -> Any:
    """A read value as it would be written: references as ids."""
    if isinstance(value, list):
        return [written(one) for one in value]
    return value["id"] if isinstance(value, dict) and set(value) == {"id", "title"} else value


def test_an_item_comes_back_as_it_was_written(house: House, kind: Kind) -> None:
    north = house.api("north")
    made = make(north, kind, name="Whole", **kind.values)
    again = north.get(f"{kind.items}/{made['id']}")
    assert again.json == made
    assert {name: written(made[name]) for name in kind.values} == kind.values
    assert again.headers["ETag"] == made["@odata.etag"] == '"1"'
    assert (
        made["sales_group"]["title"] == "North"
        and made["owner"]["title"] == "Alfa"
        and made["salesperson"]["title"] == "North Person"
    )


def test_a_new_item_says_where_it_is(house: House, kind: Kind) -> None:
    made = house.api("north").post(
        kind.items, json={"name": "x", **({"company": kind.values["company"]} if kind.name == "cases" else {})}
    )
    assert made.headers["Location"] == f"{kind.items}/{made.json['id']}"


def test_filters_on_every_column_find_the_item_and_only_it(house: House, kind: Kind) -> None:
    north = house.api("north")
    whole = make(north, kind, name="Whole", external_id="ext-1", **kind.values)
    other = {"company": house.make_relation(by="west").id, "stage": 3} if kind.name == "cases" else {}
    make(house.api("west"), kind, name="Bare", **other)
    both = house.api("both")
    for text in kind.finds:
        client = north if "@" in text else both
        found = client.get(kind.items, query_string={"$filter": text})
        assert found.status_code == 200, (text, found.text)
        assert [item["id"] for item in found.json["value"]] == [whole["id"]], text


def test_every_column_sorts_both_ways_and_pages_by_keyset_without_loss(house: House, kind: Kind) -> None:
    north = house.api("north")
    whole = {key: value for key, value in kind.values.items() if key not in ("company", "contacts")}
    ids = [make(north, kind, name=f"Deal {number % 3}", **(whole if number % 2 else {}))["id"] for number in range(7)]
    columns = house.api("north").get(f"/api/v1/lists/{kind.name}/columns").json["value"]
    for column, way in itertools.product(
        [*(one["name"] for one in columns), "id", "created", "created_by", "version", "guid"], ("asc", "desc")
    ):
        everything = north.get(kind.items, query_string={"$orderby": f"{column} {way}"})
        assert everything.status_code == 200, (column, everything.text)
        order = [item["id"] for item in everything.json["value"]]
        assert sorted(order) == sorted(ids), column
        walked, address = [], f"{kind.items}?$top=3&$orderby={column} {way}"
        while address:
            page = north.get(address)
            assert page.status_code == 200, (column, way, page.text)
            walked += [item["id"] for item in page.json["value"]]
            address = page.json.get("@odata.nextLink")
        assert walked == order, (column, way)


def test_numbers_and_days_sort_by_value_and_empty_ones_come_last(house: House, kind: Kind) -> None:
    north = house.api("north")
    column = "value" if kind.name == "cases" else "cost"
    for amount in ("9.50", None, "100.00", "-3.00"):
        make(north, kind, **{column: amount})
    for way, expected in (("asc", ["-3.00", "9.50", "100.00", None]), ("desc", ["100.00", "9.50", "-3.00", None])):
        page = north.get(kind.items, query_string={"$orderby": f"{column} {way}", "$top": 2}).json
        rest = north.get(page["@odata.nextLink"]).json
        assert [item[column] for item in page["value"] + rest["value"]] == expected


def test_the_next_link_is_absolute_and_keeps_the_question(house: House, kind: Kind) -> None:
    north = house.api("north")
    for number in range(4):
        make(north, kind, name=f"Deal {number}")
    page = north.get(
        kind.items,
        query_string={
            "$top": 2,
            "$filter": "startswith(name, 'deal') and name ne 'a&b'",
            "$select": "name",
            "$count": "true",
        },
    ).json
    assert page["@odata.nextLink"].startswith(f"{house.home.settings.public_url}{kind.items}?")
    rest = north.get(page["@odata.nextLink"]).json
    assert page["@odata.count"] == rest["@odata.count"] == 4
    assert "@odata.nextLink" not in rest and set(rest["value"][0]) == {"@odata.etag", "id", "name"}


def test_an_edit_names_the_version_it_saw(house: House, kind: Kind) -> None:
    north = house.api("north")
    item = make(north, kind)
    address = f"{kind.items}/{item['id']}"
    assert north.patch(address, json={kind.text: "a"}).status_code == 428
    first = north.patch(address, json={kind.text: "a"}, headers={"If-Match": item["@odata.etag"]})
    assert first.status_code == 200 and first.headers["ETag"] == '"2"' and first.json[kind.text] == "a"
    stale = north.patch(address, json={kind.text: "b"}, headers={"If-Match": item["@odata.etag"]})
    assert stale.status_code == 412 and stale.mimetype == "application/problem+json"
    assert north.get(address).json[kind.text] == "a"
    assert north.patch(address, json={kind.text: "c"}, headers={"If-Match": "*"}).json["version"] == 3


@pytest.mark.parametrize(
    "tag", ['W/"1"', '"01"', '"٣"', '""', '"x"', '"9999999999999999999999999"', '"1', "1x", '"0"', '"-1"', '"2", "3"']
)
def test_weak_and_odd_tags_never_match(house: House, tag: str) -> None:
    case = house.make_case()
    north = house.api("north")
    answer = north.patch(
        f"/api/v1/lists/cases/items/{case.id}",
        json={"description": "x"},
        headers={"If-Match": tag.encode().decode("latin-1")},
    )
    assert answer.status_code == 412, answer.text
    assert (
        north.patch(
            f"/api/v1/lists/cases/items/{case.id}", json={"description": "x"}, headers={"If-Match": '"7", "1"'}
        ).status_code
        == 200
    )


def test_a_deleted_item_is_in_the_bin_and_comes_back(house: House, kind: Kind) -> None:
    north = house.api("north")
    item = make(north, kind, **{kind.text: "kept"})
    address = f"{kind.items}/{item['id']}"
    assert north.delete(address, headers={"If-Match": '"9"'}).status_code == 412
    assert north.delete(address, headers={"If-Match": item["@odata.etag"]}).status_code == 204
    assert north.get(address).status_code == north.delete(address).status_code == 404
    assert north.get(kind.items).json["value"] == []
    assert [one["id"] for one in north.get(f"{kind.items}?deleted=true").json["value"]] == [item["id"]]
    assert house.api("south").get(f"{kind.items}?deleted=true").json["value"] == []
    assert house.api("south").post(f"{address}/restore").status_code == 404
    back = north.post(f"{address}/restore")
    assert back.status_code == 200 and back.json[kind.text] == "kept"
    assert north.get(f"{kind.items}?deleted=true").json["value"] == []


def test_versions_tell_what_was_and_an_earlier_one_comes_back(house: House, kind: Kind) -> None:
    north = house.api("north")
    item = make(north, kind, **{kind.text: "first"})
    address = f"{kind.items}/{item['id']}"
    for text in ("second", "third"):
        north.patch(address, json={kind.text: text}, headers={"If-Match": "*"})
    newest, middle, first = north.get(f"{address}/versions").json["value"]
    assert newest["changes"] == [{"column": kind.text, "old": "second", "new": "third"}]
    assert middle["by"]["title"] == "North Person" and first["kind"] == "create" and first["version"] == 1
    assert north.post(f"{address}/restore", json={"version": 1}, headers={"If-Match": '"1"'}).status_code == 412
    back = north.post(f"{address}/restore", json={"version": 1})
    assert back.status_code == 200 and back.json["version"] == 4 and back.json[kind.text] == "first"
    assert north.post(f"{address}/restore", json={"version": 99}).status_code == 404
    assert north.post(f"{address}/restore", json={"version": "x"}).status_code == 422


def test_another_group_sees_nothing_and_hidden_is_byte_for_byte_missing(house: House, kind: Kind) -> None:
    north, south = house.api("north"), house.api("south")
    item = make(north, kind, **{kind.text: "secret"})
    assert south.get(kind.items, query_string={"$count": "true"}).json == {"value": [], "@odata.count": 0}
    assert (
        south.get(kind.items, query_string={"$filter": f"{kind.text} eq 'secret' or id eq {item['id']}"}).json["value"]
        == []
    )
    for method, tail, body in (
        ("GET", "", None),
        ("GET", "/versions", None),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("POST", "/restore", {"version": 1}),
        ("PATCH", "", {"name": "mine"}),
        ("PATCH", "", {"nonsense": 1}),
        ("HEAD", "", None),
    ):
        answers = [
            south.open(f"{kind.items}/{number}{tail}", method=method, json=body, headers={"If-Match": '"1"'})
            for number in (item["id"], 99_999_999)
        ]
        assert answers[0].status_code == answers[1].status_code == 404, (method, tail, answers[0].text)
        assert answers[0].data == answers[1].data and dict(answers[0].headers) == dict(answers[1].headers), (
            method,
            tail,
        )
    assert north.get(f"{kind.items}/{item['id']}").json["version"] == 1


def test_who_may_only_read_may_not_change(house: House, kind: Kind) -> None:
    item = make(house.api("north"), kind)
    reader, address = house.api("reader"), f"{kind.items}/{item['id']}"
    assert reader.get(address).status_code == 200
    assert reader.patch(address, json={kind.text: "x"}, headers={"If-Match": "*"}).status_code == 403
    assert reader.delete(address).status_code == 403
    assert reader.post(f"{address}/restore", json={"version": 1}).status_code == 403
    assert (
        reader.post(
            kind.items,
            json={"name": "x", "company": kind.values.get("company")} if kind.name == "cases" else {"name": "x"},
        ).status_code
        == 403
    )
    assert house.api("north").get(address).json == item


def test_every_refused_field_is_named_at_once(house: House, kind: Kind) -> None:
    north = house.api("north")
    number = "value" if kind.name == "cases" else "cost"
    refused = north.post(kind.items, json={"nonsense": 1, number: "many", "owner": 1, "id": 7})
    assert refused.status_code == 422
    empty = {"name", "company"} if kind.name == "cases" else {"name"}
    assert {error["field"] for error in refused.json["errors"]} == {"nonsense", number, "owner", "id", *empty}
    assert north.post(kind.items, json={}).json["errors"][0]["field"] == "name"
    assert north.get(kind.items).json["value"] == []


def test_inner_columns_are_neither_shown_nor_asked_for(house: House) -> None:
    north = house.api("north")
    case = house.make_case()
    north.post(
        f"/api/v1/cases/{case.id}/actions/meeting",
        json={"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00"},
    )
    event = north.get("/api/v1/lists/events/items").json["value"][0]
    assert "name_typed" not in event and "participant_users" not in event
    for option in ("$filter", "$orderby", "$select"):
        text = "name_typed eq true" if option == "$filter" else "name_typed"
        assert north.get("/api/v1/lists/events/items", query_string={option: text}).status_code == 422, option


def test_lookups_that_cannot_be_read_are_null(house: House) -> None:
    case = house.make_case(name="Secret deal")
    visits(house)
    made = house.api("admin").post(
        "/api/v1/lists", json={"name": "notes", "columns": [{"name": "deal", "type": "lookup", "list": "cases"}]}
    )
    assert made.status_code == 201, made.text
    note = house.api("north").post("/api/v1/lists/notes/items", json={"name": "n", "deal": case.id}).json
    south = house.api("south")
    assert note["deal"] == {"id": case.id, "title": "Secret deal"}
    assert south.get(f"/api/v1/lists/notes/items/{note['id']}").json["deal"] is None
    assert south.get("/api/v1/lists/notes/items?$expand=deal").json["value"][0]["deal"] is None
    for text, found in (
        (f"deal eq {case.id}", 0),
        ("deal eq null", 1),
        (f"not (deal eq {case.id})", 1),
        (f"deal ne {case.id}", 1),
        ("deal/name eq 'Secret deal'", 0),
    ):
        assert len(south.get("/api/v1/lists/notes/items", query_string={"$filter": text}).json["value"]) == found, text
    assert south.post("/api/v1/lists/notes/items", json={"name": "m", "deal": case.id}).status_code == 422


def test_expanding_costs_one_statement_per_kind(house: House) -> None:
    from sqlalchemy import event

    relation = house.make_relation(name="One")
    for _ in range(5):
        house.make_case(company=relation.id)
    north = house.api("north")
    seen: list[str] = []
    # From now on it is known who reads what, and how long the lists are.
    assert north.get("/api/v1/lists/cases/items", query_string={"$expand": "company,stage"}).status_code == 200
    event.listen(house.home.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for top in (1, 5):
        seen.clear()
        page = north.get("/api/v1/lists/cases/items", query_string={"$expand": "company,stage", "$top": top}).json[
            "value"
        ]
        assert (
            page[0]["company"]["status"] == "active" and page[0]["stage"]["title"] == "Contacted" and len(page) == top
        )
        counts.append(len(seen))
    assert counts[0] == counts[1], seen


def test_a_compressed_answers_tag_names_the_same_version(house: House) -> None:
    company = house.make_relation(name="Tatra Steel " * 20, description="long " * 400)
    north, address = house.api("north"), f"/api/v1/lists/relations/items/{company.id}"
    for packed in ("gzip", "br"):
        seen = north.get(address, headers={"Accept-Encoding": packed})
        assert seen.headers["Content-Encoding"] == packed
        tag = seen.headers["ETag"]
        body = {"description": packed}
        assert north.patch(address, json=body, headers={"If-Match": tag}).status_code == 200
        assert north.patch(address, json=body, headers={"If-Match": tag}).status_code == 412
