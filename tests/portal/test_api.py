"""The API's own manners: who may come in, what bodies it takes, how it refuses; who I am; the case actions."""
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalIterable=false

from __future__ import annotations

from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.portal.api.json import LARGEST_BODY

ITEMS = "/api/v1/lists/relations/items"


def rules(house: House) -> list[tuple[str, str]]:
    """(method, address) of every rule below /api/v1, with places filled."""
    found = []
    for rule in house.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            address = rule.build(
                {
                    name: 1 if converter.__class__.__name__ == "IntegerConverter" else "cases"
                    for name, converter in rule._converters.items()
                },
                append_unknown=False,
            )
            assert address is not None
            found += [(method, address[1]) for method in sorted(rule.methods or ())]
    return found


def test_nobody_comes_in_without_a_token(house: House) -> None:
    client = house.app.test_client()
    for method, address in rules(house):
        answer = client.open(address, method=method, json={} if method in ("POST", "PATCH", "PUT") else None)
        if method == "OPTIONS":
            assert answer.status_code == 200 and "Allow" in answer.headers
            continue
        csrf = method in (
            "POST",
            "PATCH",
            "PUT",
            "DELETE",
        )  # without a token a browser is meant, which needs the form's
        assert answer.status_code in ((401, 403) if csrf else (401,)), (method, address, answer.status_code)
        wrong = client.open(
            address,
            method=method,
            json={} if csrf else None,
            headers={"Authorization": "Bearer cr_wrong", "If-Match": "*"},
        )
        assert wrong.status_code == 401 and "Bearer" in wrong.headers["WWW-Authenticate"], (method, address, wrong.text)
        assert method == "HEAD" or wrong.mimetype == "application/problem+json"


def test_who_i_am_names_my_groups_and_my_feed(house: House) -> None:
    me = house.api("both").get("/api/v1/me").json
    assert me["user"] == {
        "id": house.people["both"],
        "name": "Both Person",
        "email": "both@house.test",
        "language": "en",
        "time_zone": house.home.settings.time_zone,
    }
    assert me["roles"] == ["salesperson"]
    assert [(group["title"], group["owner"]["title"]) for group in me["groups"]] == [
        ("North", "Alfa"),
        ("West", "Alfa"),
    ]
    assert me["default_group"]["id"] in (house.groups["North"], house.groups["West"])
    assert me["calendar_feed"].startswith(house.home.settings.public_url + "/calendar/feed/") and me[
        "calendar_feed"
    ].endswith(".ics")
    admin = house.api("admin").get("/api/v1/me").json
    assert admin["groups"] == [] and admin["default_group"] is None and admin["calendar_feed"] != me["calendar_feed"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "x"}', "text/plain", 415),
        (b'{"name": "x"}', None, 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"name": NaN}', "application/json", 422),
        (b'{"name": -Infinity}', "application/json", 422),
        (b'{"name": 1e999}', "application/json", 422),
        (b'{"name": "a", "name": "b"}', "application/json", 422),
        (b'{"name": "\\ud800"}', "application/json", 422),
        (b'{"name": "a\\u0000b"}', "application/json", 422),
        (b'{"name": ' + b"9" * 5000 + b"}", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"name": ' + b"[" * 60 + b"]" * 60 + b"}", "application/json", 422),
        (b'{"name": "' + b"x" * 300 + b'"}', "application/json", 422),
        (b'{"name": {"a": 1}}', "application/json", 422),
        (b'{"name": "' + b"x" * LARGEST_BODY + b'"}', "application/json", 413),
        (b'{"name": "x"}', "application/json; charset=utf-8", 201),
        (b'{"name": "x"}', "application/merge-patch+json", 201),
    ],
)
def test_a_body_that_is_no_sound_json_object_is_refused_in_words(
    house: House, body: bytes, kind: str | None, status: int
) -> None:
    answer = house.api("north").post(ITEMS, data=body, content_type=kind)
    assert answer.status_code == status, answer.text
    if status >= 400:
        problem = answer.json
        assert (
            answer.mimetype == "application/problem+json"
            and problem["status"] == status
            and problem["detail"]
            and problem["title"]
        )
        assert house.api("north").get(ITEMS).json["value"] == []


def test_random_values_never_break_an_item(house: House) -> None:
    north = house.api("north")
    names = [column["name"] for column in north.get("/api/v1/lists/events/columns").json["value"]]
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**30, 10**31),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        st.sampled_from(
            [
                "2026-01-01",
                "2026-13-01T00:00:00Z",
                "0001-01-01T00:00:00+14:00",
                "FREQ=DAILY",
                "Europe/Tallinn",
                "north",
                "a@b",
                "1e999999",
            ]
        ),
    )
    value = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["id", "user", "email", "contact", "street", "x"]), inner, max_size=3),
        ),
        max_leaves=5,
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(
        st.sampled_from(["events", "relations", "cases", "salespeople"]),
        st.dictionaries(
            st.sampled_from([*names, "name", "tags", "address", "web", "value", "external_id", "guid"]),
            value,
            max_size=4,
        ),
    )
    def never_breaks(list_name: str, values: dict[str, Any]) -> None:
        answer = north.post(f"/api/v1/lists/{list_name}/items", json=values)
        assert answer.status_code in (201, 403, 422), (list_name, values, answer.text)
        if answer.status_code == 201:
            assert north.get(answer.headers["Location"]).json == answer.json

    never_breaks()


def test_a_wrong_method_says_which_are_right(house: House) -> None:
    answer = house.api("north").put(ITEMS, json={})
    assert (
        answer.status_code == 405
        and {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
        and answer.mimetype == "application/problem+json"
    )


def test_head_is_get_without_the_body(house: House) -> None:
    firm = house.make_relation()
    north = house.api("north")
    head, whole = north.head(f"{ITEMS}/{firm.id}"), north.get(f"{ITEMS}/{firm.id}")
    assert head.status_code == 200 and head.data == b"" and head.headers["ETag"] == whole.headers["ETag"] == '"1"'
    assert north.head(f"{ITEMS}/99999").status_code == 404


def test_unknown_lists_and_addresses_are_problems_too(house: House) -> None:
    north = house.api("north")
    for address in (
        "/api/v1/lists/nowhere",
        "/api/v1/lists/nowhere/items",
        "/api/v1/lists/nowhere/items/1",
        "/api/v1/nothing",
        f"{ITEMS}/x",
        f"{ITEMS}/{2**40}",
    ):
        answer = north.get(address)
        assert (
            answer.status_code == 404 and answer.mimetype == "application/problem+json" and answer.json["status"] == 404
        ), address


def test_refusals_are_said_in_the_readers_language_only_once_per_field(house: House) -> None:
    answer = house.api("north").post(
        "/api/v1/lists/cases/items", json={"name": "", "value": "x", "expected_close": "x"}
    )
    assert sorted(error["field"] for error in answer.json["errors"]) == ["company", "expected_close", "name", "value"]
    assert all(error["message"] and "%(" not in error["message"] for error in answer.json["errors"])


# --- Case actions ---------------------------------------------------------------------------------


def test_actions_answer_what_they_made(house: House) -> None:
    north, case = house.api("north"), house.make_case(name="Deal")
    contact = house.make("contacts", {"surname": "Novák", "company": case["company"].id})
    base = f"/api/v1/cases/{case.id}/actions"
    task = north.post(f"{base}/task", json={"description": "Write the offer", "due": "2026-12-01"})
    assert (
        task.status_code == 201
        and task.json["activity"]["activity_type"] == "task"
        and task.json["activity"]["due"] == "2026-12-01"
    )
    call = north.post(f"{base}/call", json={"description": "She said yes", "contact": contact.id}).json["activity"]
    assert call["contact"]["title"] == "Novák" and call["company"]["id"] == case["company"].id and call["done"]
    meeting = north.post(
        f"{base}/meeting",
        json={
            "start": "2026-12-01T10:00:00+01:00",
            "end": "2026-12-01T11:00:00+01:00",
            "place": "Tallinn",
            "participants": [{"email": "x@example.org"}],
        },
    )
    assert meeting.status_code == 201 and meeting.json["event"]["activity"]["id"] == meeting.json["activity"]["id"]
    assert (
        meeting.json["event"]["participants"] == [{"email": "x@example.org", "answer": "none"}]
        and meeting.json["event"]["start"] == "2026-12-01T09:00:00+00:00"
    )
    relation = north.post(f"/api/v1/relations/{case['company'].id}/actions/call", json={"description": "Hello"}).json[
        "activity"
    ]
    assert relation["case"] is None and relation["company"]["id"] == case["company"].id
    assert north.post(f"{base}/task").status_code == 201


def test_a_case_is_closed_once_and_can_be_reopened(house: House) -> None:
    north, case = house.api("north"), house.make_case(name="Deal")
    base = f"/api/v1/cases/{case.id}/actions"
    assert north.post(f"{base}/close", json={"outcome": "won"}, headers={"If-Match": '"7"'}).status_code == 412
    closed = north.post(
        f"{base}/close",
        json={"outcome": "won", "closing_note": "good", "closing_reason": 1, "continue_as_support": True},
    )
    assert (
        closed.status_code == 200
        and closed.json["case"]["status"] == "closed"
        and closed.json["case"]["closing_reason"]["title"] == "Price"
    )
    assert (
        closed.json["support_case"]["support_of"]["id"] == case.id
        and closed.json["support_case"]["case_type"]["title"] == "Service support"
    )
    assert north.post(f"{base}/close", json={"outcome": "lost"}).status_code == 409
    again = north.post(f"{base}/reopen")
    assert again.status_code == 200 and again.json["case"]["status"] == "new" and again.json["case"]["outcome"] is None
    assert north.post(f"{base}/reopen", json={}).status_code == 409


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("task", {"nonsense": 1}, "nonsense"),
        ("task", {"due": "soon"}, "due"),
        ("call", {"contact": "x"}, "contact"),
        ("call", {"contact": 99999}, "contact"),
        ("call", {"contact": {"id": 10**40}}, "contact"),
        ("meeting", {}, "start"),
        ("meeting", {"start": "2026-12-01T10:00:00"}, "start"),
        ("meeting", {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T09:00:00Z"}, "end"),
        ("close", {}, "outcome"),
        ("close", {"outcome": "draw"}, "outcome"),
        ("close", {"outcome": ["won"]}, "outcome"),
        ("close", {"outcome": "won", "closing_reason": 99999}, "closing_reason"),
        ("close", {"outcome": "won", "continue_as_support": "perhaps"}, "continue_as_support"),
        ("close", {"outcome": "won", "continue_as_support": True, "support_group": 99999}, "support_group"),
        ("reopen", {"why": "x"}, "why"),
    ],
)
def test_what_an_action_cannot_use_is_refused_and_nothing_is_made(
    house: House, action: str, body: dict[str, Any], field: str
) -> None:
    north, case = house.api("north"), house.make_case()
    refused = north.post(f"/api/v1/cases/{case.id}/actions/{action}", json=body)
    assert refused.status_code == 422, refused.text
    assert field in {error["field"] for error in refused.json["errors"]}
    assert (
        north.get("/api/v1/lists/activities/items").json["value"]
        == north.get("/api/v1/lists/events/items").json["value"]
        == []
    )
    assert north.get(f"/api/v1/lists/cases/items/{case.id}").json["version"] == 1


def test_actions_on_a_hidden_case_answer_as_on_a_missing_one(house: House) -> None:
    case, south, reader = house.make_case(), house.api("south"), house.api("reader")
    for action, body in (
        ("task", {}),
        ("call", {}),
        ("meeting", {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"}),
        ("close", {"outcome": "won"}),
        ("reopen", {}),
    ):
        hidden, missing = (
            south.post(f"/api/v1/cases/{number}/actions/{action}", json=body) for number in (case.id, 99_999)
        )
        assert hidden.status_code == missing.status_code == 404 and hidden.data == missing.data, action
        if action != "reopen":
            assert reader.post(f"/api/v1/cases/{case.id}/actions/{action}", json=body).status_code == 403, action
