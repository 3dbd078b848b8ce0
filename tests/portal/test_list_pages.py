"""The pages of lists: table, views, filters, sort, paging, count, suggestions, recycle bin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from caseroom.lists import schema
from caseroom.lists.reading import SYSTEM_TYPES
from caseroom.lists.rights import PROGRAM


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """The SELECTs that run inside, sign-in's own left out."""
    seen: list[str] = []
    mine = ("user_sessions", "users.id, users.guid", "user_roles", "memberships")

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT") and not any(
            f"FROM {name}" in statement or name in statement for name in mine
        ):
            seen.append(statement)

    engine = house.home.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def suggested(client: FlaskClient, address: str) -> list[dict[str, Any]]:
    """What a lookup's address answers."""
    return json.loads(client.get(address).text)


def titles(page: str) -> list[str]:
    """The titles of the rows, in their order."""
    return [
        unescape(one)
        for one in re.findall(r'<td role="cell" class="cell-title"[^>]*><a href="[^"]*">([^<]*)</a>', page)
    ]


def test_a_list_shows_its_rows_with_links_money_and_actions(house: House) -> None:
    case = house.make_case(name="Rolling mill", value="48000")
    page = house.client("north").get("/lists/cases").text
    assert titles(page) == ["Rolling mill"]
    assert "48,000\u00a0€" in page
    assert f'href="/lists/relations/{case["company"].id}"' in page
    for action in ("call", "task", "meeting", "email", "close"):
        assert f'href="/cases/{case.id}/{action}?next=' in page


def test_the_list_page_costs_three_statements_and_one_per_kind_of_lookup(house: House) -> None:
    for _ in range(3):
        house.make_case(value="10")
    client = house.client("north")
    client.get("/lists/cases")
    with statements(house) as seen:
        client.get("/lists/cases")
    # companies, stages and salespeople are the kinds of lookup that the view shows
    assert len(seen) <= 3 + 3, "\n".join(seen)
    house.make("case_types", by="admin")
    with statements(house) as seen:
        client.get("/lists/case_types")
    assert len(seen) <= 3, "\n".join(seen)


def test_filters_sort_and_search_are_in_the_address(house: House) -> None:
    for name, value in (("Alpha", "100"), ("Beta", "20000"), ("Gamma", "30000")):
        house.make_case(name=name, value=value)
    client = house.client("north")
    assert titles(client.get("/lists/cases?f.value.gt=10,000&sort=-value").text) == ["Gamma", "Beta"]
    assert titles(client.get("/lists/cases?search=alp").text) == ["Alpha"]
    page = client.get("/lists/cases?f.status=new&sort=name").text
    assert titles(page) == ["Alpha", "Beta", "Gamma"]
    assert 'aria-sort="ascending"' in page and "Status is New" in page
    assert titles(client.get("/lists/cases?f.status=closed").text) == []


def test_a_filter_through_a_lookup_names_its_item_and_finds_by_words(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    house.make_case(name="With steel", company=company.id)
    house.make_case(name="Without")
    client = house.client("north")
    page = client.get(f"/lists/cases?f.company={company.id}").text
    assert titles(page) == ["With steel"] and "Company is Tatra Steel" in page
    assert titles(client.get("/lists/cases?f.company.contains=tatra").text) == ["With steel"]


def test_my_own_and_days_are_understood_in_filters(house: House) -> None:
    house.make_case(name="Mine", by="north")
    house.make_case(name="Colleague's", by="both")
    client = house.client("north")
    assert titles(client.get("/lists/cases?view=all&f.salesperson=@me").text) == ["Mine"]
    assert titles(client.get("/lists/cases?view=all&f.created=today&sort=name").text) == ["Colleague's", "Mine"]
    assert titles(client.get("/lists/cases?view=all&f.created.lt=today").text) == []


def test_pages_follow_each_other_without_gap_or_repeat(house: House) -> None:
    with house.write("north") as (session, actor):
        from caseroom.lists import items

        for number in range(120):
            items.create(
                session, actor, "relations", {"name": f"Firm {number % 7}", "priority": "high" if number % 3 else None}
            )
    client, seen = house.client("north"), []
    address = "/lists/relations?sort=-priority"
    while address:
        page = client.get(address).text
        seen += re.findall(r'data-id="(\d+)"', page)
        found = re.search(r'href="([^"]*after=[^"]*)" rel="next"', page)
        address = unescape(found[1]) if found else ""
    assert len(seen) == 120 == len(set(seen))


def test_an_amount_can_be_paged_by(house: House) -> None:
    company = house.make_relation().id
    with house.write("north") as (session, actor):
        from caseroom.lists import items

        for number in range(60):
            items.create(session, actor, "cases", {"name": f"Case {number}", "company": company, "value": str(number)})
    client = house.client("north")
    first = client.get("/lists/cases?sort=value").text
    address = unescape(re.search(r'href="([^"]*after=[^"]*)" rel="next"', first)[1])  # type: ignore[index]
    second = client.get(address).text
    assert len(titles(first)) == 50 and titles(second) == [f"Case {number}" for number in range(50, 60)]


def test_htmx_gets_the_table_part_alone_and_the_address_with_it(house: House) -> None:
    house.make_case(name="Deal")
    answer = house.client("north").get(
        "/lists/cases?search=deal&f.value.ge=",
        headers={"HX-Request": "true", "HX-Target": "rows", "HX-Trigger-Name": "search"},
    )
    assert answer.text.lstrip().startswith('<div id="rows"') and "<html" not in answer.text
    assert answer.headers["HX-Replace-Url"] == "/lists/cases?search=deal"


def test_empty_fields_of_the_filter_form_leave_the_address(house: House) -> None:
    answer = house.client("north").get("/lists/cases?search=&f.value.ge=&f.status=new")
    assert answer.status_code == 302 and answer.headers["Location"] == "/lists/cases?f.status=new"


def test_the_filter_form_is_asked_for_by_itself_and_what_is_chosen_stays_until_then(house: House) -> None:
    house.make_case(name="Alpha", value="100")
    client = house.client("north")
    page = client.get("/lists/cases?f.status=new&f1.value.gt=1&sort=name&search=al").text
    fields = page.split('id="filter-fields"', 1)[1].split("</details>", 1)[0]
    assert re.findall(r'name="([^"]+)" value="([^"]+)"', fields) == [("f.status", "new"), ("f1.value.gt", "1")]
    address = unescape(re.findall(r'data-part="([^"]+)"', fields)[0])
    part = client.get(address, headers={"HX-Request": "true"}).text
    assert "<html" not in part and 'name="f.status" value="new" checked' in part
    assert '<input type="hidden" name="f1.value.gt" value="1">' in part and "filter-value-ge" in part
    alone = client.get(address).text
    assert '<form class="filters-page" method="get" action="/lists/cases"' in alone and part.strip() in alone
    assert '<input type="hidden" name="sort" value="name">' in alone and 'name="search" value="al"' in alone
    assert house.client("templates").get(address).status_code == 403


def test_the_count_is_capped_and_asked_for_by_itself(house: House) -> None:
    house.make_case()
    assert house.client("north").get("/lists/cases/count").text == '<span class="count">1 row</span>'


def test_what_is_wrong_in_the_address_is_named_and_left_out(house: House) -> None:
    house.make_case(name="Deal")
    client = house.client("north")
    for address, words in (
        ("/lists/cases?f.value.gt=many", "is not a number"),
        ("/lists/cases?f.nothing=1", "is not a filter"),
        ("/lists/cases?view=nothing", "no view called"),
        ("/lists/cases?sort=nothing", "no column called"),
        ("/lists/cases?after=nothing", "not there any more"),
        ("/lists/cases?f.expected_close=soon", "is not a date"),
    ):
        answer = client.get(address)
        assert answer.status_code == 200 and words in answer.text and titles(answer.text) == ["Deal"], address


def test_nothing_found_says_what_to_loosen_and_an_empty_list_what_it_is_for(house: House) -> None:
    client = house.client("north")
    assert "Opportunities discussed with companies." in client.get("/lists/cases?view=all").text
    house.make_case()
    page = client.get("/lists/cases?f.value.gt=5&search=zzz").text
    assert "Loosen one of these" in page and "Search: zzz" in page


def test_who_is_in_no_group_is_told_who_can_help(house: House) -> None:
    answer = house.client("templates").get("/lists/cases")
    assert answer.status_code == 403 and "admin@house.test" in answer.text
    assert "/lists/cases" not in re.findall(
        r'<li>.*?href="([^"]*)"', house.client("templates").get("/lists").text.split('id="page"')[1]
    )


def test_the_other_group_sees_none_of_it_in_page_count_suggestion_or_filter(house: House) -> None:
    case = house.make_case(name="Canary")
    client = house.client("south")
    for address in (
        "/lists/cases?view=all",
        "/lists/cases/count?view=all",
        "/lists/cases/suggest?q=can",
        f"/lists/activities?view=all&f.case={case.id}",
    ):
        assert "Canary" not in client.get(address).text, address
    assert client.get(f"/lists/cases/{case.id}").status_code == 404


def test_suggestions_begin_with_what_was_typed_and_leave_out_the_retired(house: House) -> None:
    for name, town in (("Steel Works", "Kassel"), ("Tatra Steel", "Košice")):
        house.make_relation(
            name=name, address={"city": town}, registration_no="36211222" if town == "Kassel" else "12345678"
        )
    client = house.client("north")
    found = suggested(client, "/lists/relations/suggest?q=STE")
    assert [one["title"] for one in found] == ["Steel Works", "Tatra Steel"]
    assert found[0]["detail"] == "Kassel · 36211222"
    assert [one["title"] for one in suggested(client, "/lists/relations/suggest?q=3621")] == ["Steel Works"]
    assert [one["title"] for one in suggested(client, "/lists/relations/suggest?q=tatra+ste")] == ["Tatra Steel"]
    house.make("case_types", {"name": "Old kind", "retired": True}, by="admin")
    assert client.get("/lists/case_types/suggest?q=old").json == []
    assert [one["title"] for one in suggested(client, "/lists/users/suggest?q=south")] == ["South Person"]


def test_the_recycle_bin_brings_back(house: House) -> None:
    from house import token_of

    case = house.make_case(name="Gone")
    client = house.client("north")
    token = token_of(client.get("/lists/cases").text)
    assert client.post(f"/lists/cases/{case.id}/delete", data={"csrf_token": token}).status_code == 303
    assert "Gone" not in titles(client.get("/lists/cases").text)
    assert "Gone" in client.get("/lists/cases/bin").text
    assert "Gone" not in house.client("south").get("/lists/cases/bin").text
    client.post(f"/lists/cases/{case.id}/restore", data={"csrf_token": token})
    assert titles(client.get("/lists/cases").text) == ["Gone"]


def test_a_list_made_at_run_time_has_the_same_pages(house: House) -> None:
    with house.home.database.write() as session:
        schema.create_list(
            session,
            PROGRAM,
            {
                "name": "visits",
                "title": {"en": "Visits"},
                "columns": [
                    {"name": "day", "type": "date"},
                    {"name": "kind", "type": "choice", "choices": ["short", "long"]},
                    {"name": "host", "type": "lookup", "list": "contacts"},
                    {"name": "cost", "type": "currency"},
                ],
            },
        )
    host = house.make("contacts", {"surname": "Kütt"})
    house.make("visits", {"name": "First", "day": "2026-12-01", "kind": "short", "host": host.id, "cost": "12.50"})
    client = house.client("north")
    page = client.get("/lists/visits?f.kind=short&sort=-cost").text
    assert titles(page) == ["First"] and "Kütt" in page and "12.50\u00a0€" in page
    assert "Visits" in client.get("/lists").text
    assert "First" in client.get(f"/lists/contacts/{host.id}").text


def test_overdue_days_are_marked_until_they_are_done(house: House) -> None:
    house.make("activities", {"activity_type": "task", "case": house.make_case().id, "due": "2020-01-01"})
    assert 'class="overdue"' in house.client("north").get("/lists/activities").text


ARGUMENT = st.one_of(
    st.sampled_from(
        [
            "view",
            "sort",
            "search",
            "after",
            "count",
            "f.",
            "f..",
            "f.name",
            "f.value.gt",
            "f.company",
            "f.modified",
            "f.expected_close.le",
            "f.stage.contains",
            "f.contacts",
            "f.shared_with.ne",
            "f.status.empty",
            "f.value.contains",
            "f.id",
            "f.created_by",
            "f.closed.ne",
        ]
    ),
    st.text(max_size=12),
)
VALUE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "@me",
            "1",
            "-1",
            "99999999999999999999",
            "1e400",
            "NaN",
            "today",
            "0001-01-01",
            "9999-12-31",
            "9999-12-31T23:59",
            "-name",
            "modified",
            "-contacts",
            "WzBd",
            "\x00",
            "²",
            "½",
            "2026-02-30",
            "in 999 years",
            "24:00",
            "bnVsbA",
            "W2ZhbHNlLCAiXHUwMDAwIl0",
        ]
    ),
    st.dates().map(str),
    st.datetimes().map(lambda at: at.isoformat()),
    st.integers().map(str),
    st.floats().map(str),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.lists(st.tuples(ARGUMENT, VALUE), max_size=6))
def test_no_query_string_breaks_the_list_page(house: House, arguments: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    if not house.people.get("_signed_in"):
        house.people["_signed_in"] = 1
        house.make_case(name="Deal", value="5")
        house.kept = house.client("north")  # type: ignore[attr-defined]
    client = house.kept  # type: ignore[attr-defined]
    text = urlencode(arguments, errors="replace")
    for address in ("/lists/cases", "/lists/cases/count", "/lists/cases/bin", "/lists/cases/new"):
        answer = client.get(f"{address}?{text}", follow_redirects=True)
        assert answer.status_code < 500, text


@pytest.mark.parametrize(
    "address",
    ["/lists/nothing", "/lists/nothing/1", "/lists/cases/0", "/lists/cases/99999999999", "/lists/nothing/suggest"],
)
def test_what_is_not_there_is_not_found(house: House, address: str) -> None:
    assert house.client("north").get(address).status_code == 404


def test_the_columns_that_every_list_has_can_be_shown_edited_beside_and_exported(house: House) -> None:
    tatra, client = house.make_relation(name="Tatra"), house.client("north")
    names = ",".join(["name", *SYSTEM_TYPES])
    page = client.get(f"/lists/relations?columns={names}")
    assert page.status_code == 200 and tatra.guid in page.text and f">{tatra.id}<" in page.text
    [row] = client.get(f"/lists/relations/grid/rows?columns={names}").json["rows"]
    assert row["id"] == tatra.id
    exported = client.get(f"/lists/relations/export?format=csv&columns={names}")
    assert exported.status_code == 200 and tatra.guid in exported.text
    for kind in ("board&board=status", "calendar&start=created"):
        assert client.get(f"/lists/relations?columns={names}&kind={kind}").status_code == 200
