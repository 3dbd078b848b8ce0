"""Many changes of a list over the API: all or nothing."""

from __future__ import annotations

import uuid
from typing import Any

from house import Answer, House

ADDRESS = "/api/v1/lists/relations/batch"


def send(house: House, changes: Any, *, by: str = "north", address: str = ADDRESS, **more: Any) -> Answer:
    return house.api(by).post(address, json={"changes": changes, **more})


def test_a_batch_answers_what_it_made(house: House) -> None:
    firm, batch = house.make_relation(name="Old"), str(uuid.uuid4())
    answer = send(house, [
        {"kind": "create", "key": "a", "values": {"name": "New"}},
        {"kind": "update", "id": firm.id, "version": firm.version, "values": {"name": "Newer"}},
    ], batch=batch)  # fmt: skip
    assert answer.status_code == 200, answer.text
    made, changed = answer.json["value"]
    assert answer.json["batch"] == batch
    assert (made["key"], made["version"]) == ("a", 1)
    assert (changed["id"], changed["version"]) == (firm.id, firm.version + 1)
    assert send(house, [{"kind": "delete", "id": made["id"], "version": "*"}]).status_code == 200


def test_a_refusal_names_every_cell_and_writes_nothing(house: House) -> None:
    firm = house.make_relation(name="Old")
    answer = send(house, [
        {"kind": "update", "id": firm.id, "version": 1, "values": {"name": "Newer"}},
        {"kind": "create", "key": "b", "values": {"name": "", "employees": "many"}},
        {"kind": "update", "id": 999_999, "version": 1, "values": {"name": "x"}},
    ])  # fmt: skip
    assert answer.status_code == 422
    assert answer.json["detail"].startswith("Nothing was written.")
    errors = answer.json["errors"]
    assert [one["change"] for one in errors][-1] == 2
    assert {"field": "changes[2]", "message": "There is no such item.", "change": 2, "id": 999_999, "key": None,
            "column": "", "value": None} in errors  # fmt: skip
    assert all(one["key"] == "b" for one in errors if one["change"] == 1)
    assert house.api("north").get(f"/api/v1/lists/relations/items/{firm.id}").json["name"] == "Old"


def test_what_is_no_change_is_refused_with_its_place(house: House) -> None:
    without_version = {"kind": "update", "id": 1, "values": {}}
    answer = send(house, ["x", {"kind": "move"}, without_version, {"kind": "create", "no": 1}])
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json["errors"]] == [
        "changes[0]", "changes[1].kind", "changes[2].version", "changes[3].no",
    ]  # fmt: skip
    assert send(house, []).status_code == 422
    assert send(house, [{"kind": "create"}], batch="no").json["errors"][0]["field"] == "batch"
    assert send(house, [{"kind": "create"}], address="/api/v1/lists/nowhere/batch").status_code == 404
