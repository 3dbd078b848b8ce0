"""A column of a large list gets another type by the worker, in portions, while everybody goes on working."""

from __future__ import annotations

from typing import Any

import pytest
from house import House, token_of

from caseroom.lists import bins, items, query, retyping, retyping_jobs, schema
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Conflict, Forbidden, Invalid, words_from_json
from caseroom.lists.models import Retyping, User
from caseroom.portal.checking import findings

ROWS, PORTION = 95, 20
HERE = "/lists/wells/columns/depth"


@pytest.fixture
def wells(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A list that counts as large, with a number and a text that is mostly one."""
    monkeypatch.setattr(retyping, "AT_ONCE", 50)
    monkeypatch.setattr(retyping, "CHUNK", PORTION)
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "wells", "columns": [
            {"name": "depth", "type": "number", "decimals": 2}, {"name": "said", "type": "text", "max": 100},
        ]})  # fmt: skip
        for number in range(ROWS):
            said = str(number) if number % 30 else "deep"
            items.add(session, actor, "wells", {"name": f"Well {number}", "depth": number, "said": said})
    return house


def start(house: House, column: str, **body: Any) -> Any:
    with house.read("admin") as (_session, admin):
        pass
    confirmed = body.pop("confirmed", False)
    return retyping_jobs.change_type(house.home.database, admin, "wells", column, body, confirmed=confirmed)


def work(house: House, most: int = 100) -> int:
    """How many portions the worker does until it waits or is done."""
    for done in range(most):
        if not retyping_jobs.step(house.home.database):
            return done
    return most


def job(house: House, number: int) -> Retyping:
    with house.home.database.read() as session:
        return session.get_one(Retyping, number)


def values(house: House, column: str) -> list[Any]:
    with house.read("admin") as (session, actor):
        page = query.page(session, actor, "wells", order=[("id", False)], limit=500)
        return [one.definition.column(column).type.to_json(one[column]) for one in page.items]


def kind(house: House, column: str) -> str:
    with house.read("north") as (session, _actor):
        return definition(session, "wells").column(column).type.name


def test_values_are_converted_in_portions_between_which_others_read_and_write(wells: House) -> None:
    number = start(wells, "depth", type="text", max=100)
    assert work(wells, 2) == 2 and job(wells, number).converted == 2 * PORTION
    assert kind(wells, "depth") == "number" and values(wells, "depth")[3] == "3.00"
    first = wells.make("wells", {"name": "New", "depth": "1.5"})
    with wells.write("north") as (session, actor):
        found = query.page(session, actor, "wells", order=[("id", False)], limit=70).items
        items.update(session, actor, "wells", found[0].id, {"depth": "777"}, version=None)
        items.update(session, actor, "wells", found[69].id, {"depth": None}, version=None)
        items.delete(session, actor, "wells", found[5].id, version=None)
        bins_number = found[5].id
    work(wells)
    assert job(wells, number).state == "done" and kind(wells, "depth") == "text"
    shown = values(wells, "depth")
    assert (shown[0], shown[1], shown[68], shown[-1], len(shown)) == ("777", "1", None, "1.5", ROWS)
    assert first.id and list(findings(wells.home)) == []
    with wells.write("admin") as (session, actor):
        assert items.restore(session, actor, "wells", bins_number)["depth"] == "5"
        (row,) = bins.deleted_columns(session, actor, "wells")
        assert bins.original_name(row.name) == "depth"


def test_what_is_written_much_while_it_goes_on_is_caught_up_in_portions(wells: House) -> None:
    number = start(wells, "depth", type="text", max=100)
    while job(wells, number).state == "filling":
        retyping_jobs.step(wells.home.database)
    with wells.write("north") as (session, actor):
        for one in query.page(session, actor, "wells", order=[("id", False)], limit=3 * PORTION).items:
            items.update(session, actor, "wells", one.id, {"depth": one["depth"] + 1000}, version=None)
    assert work(wells, 2) == 2 and job(wells, number).state == "ending"
    work(wells)
    shown = values(wells, "depth")
    assert job(wells, number).state == "done" and shown[0] == "1000" and shown[3 * PORTION] == str(3 * PORTION)


def test_it_asks_before_values_are_lost_and_goes_on_when_it_may(wells: House) -> None:
    number = start(wells, "said", type="number", decimals=0)
    work(wells)
    told = job(wells, number)
    assert (told.state, told.converted, told.lost) == ("asking", ROWS, 4) and kind(wells, "said") == "text"
    assert [one.value for one in retyping_jobs.forecast(told).examples] == ["deep"] * 4
    wells.make("wells", {"name": "Later", "said": "deeper"})
    with wells.write("admin") as (session, actor):
        found = definition(session, "wells")
        retyping_jobs.confirm(session, actor, found, found.column("said"))
    work(wells)
    assert kind(wells, "said") == "number" and values(wells, "said")[:3] == [None, "1", "2"]
    assert values(wells, "said")[-1] is None


def test_what_would_be_lost_at_the_last_moment_is_asked_for_too(wells: House) -> None:
    with wells.write("admin") as (session, actor):
        for one in query.page(session, actor, "wells", limit=500).items:
            items.update(session, actor, "wells", one.id, {"said": "5"}, version=None)
    number = start(wells, "said", type="number")
    while job(wells, number).state == "filling":
        retyping_jobs.step(wells.home.database)
    wells.make("wells", {"name": "Later", "said": "deeper"})
    work(wells)
    assert (job(wells, number).state, job(wells, number).lost) == ("asking", 1)


def test_what_cannot_be_done_any_more_is_refused_and_the_column_stays(wells: House) -> None:
    number = start(wells, "depth", type="text", max=100)
    with pytest.raises(Conflict, match="already"):
        start(wells, "depth", type="text", max=50)
    work(wells, 1)
    with wells.write("admin") as (session, actor):
        schema.add_column(session, actor, "wells", {"name": "twice", "type": "calculated", "formula": "depth * 2"})
    work(wells)
    refused = job(wells, number)
    assert refused.state == "refused" and "wells.twice" in str(words_from_json(refused.refusal or {}))
    assert kind(wells, "depth") == "number" and values(wells, "twice")[2] == "4.00"
    with pytest.raises(Invalid):
        start(wells, "depth", type="text", max=100)
    with wells.write("admin") as (session, actor):
        bins.delete_column(session, actor, "wells", "twice")
    again = start(wells, "depth", type="text", max=100)
    with wells.home.database.write() as session:
        session.get_one(User, wells.people["admin"]).active = False
    work(wells)
    assert job(wells, again).state == "refused" and kind(wells, "depth") == "number"


def test_a_column_that_was_deleted_meanwhile_is_left_alone(wells: House) -> None:
    number = start(wells, "depth", type="text", max=100)
    work(wells, 1)
    with wells.write("admin") as (session, actor):
        bins.delete_column(session, actor, "wells", "depth")
    work(wells)
    assert job(wells, number).state == "refused"
    with wells.write("admin") as (session, actor):
        (row,) = bins.deleted_columns(session, actor, "wells")
        bins.restore_column(session, actor, "wells", row.id)
    assert values(wells, "depth")[:2] == ["0.00", "1.00"]


def test_only_an_administrator_starts_confirms_and_stops(wells: House) -> None:
    start(wells, "depth", type="text", max=100)
    with wells.write("north") as (session, north):
        found = definition(session, "wells")
        for do in (retyping_jobs.confirm, retyping_jobs.stop):
            with pytest.raises(Forbidden):
                do(session, north, found, found.column("depth"))
    with pytest.raises(Forbidden):
        retyping_jobs.change_type(wells.home.database, north, "wells", "said", {"type": "tags"})
    assert wells.client("north").get(HERE).status_code == 403
    assert "becoming" not in wells.api("north").get("/api/v1/lists/wells/columns").text


def test_the_columns_page_shows_how_far_it_is_and_asks_and_stops(wells: House) -> None:
    client = wells.client("admin")

    def post(address: str, **form: Any) -> Any:
        return client.post(address, data={"csrf_token": token_of(client.get(HERE).text), **form})

    answer = post("/lists/wells/columns/said/type", type="number")
    assert answer.status_code == 303 and answer.location == "/lists/wells/columns/said"
    work(wells, 2)
    page = client.get(answer.location).text
    assert f"{2 * PORTION} of {ROWS} values are converted" in page and "Stop" in page
    part = client.get(answer.location, headers={"HX-Request": "true", "HX-Target": "retyping"}).text
    assert part.lstrip().startswith('<div id="retyping"')
    work(wells)
    page = client.get(answer.location).text
    assert "4 values do not convert as they are." in page and ">deep</a>" in page
    assert post("/lists/wells/columns/said/type/stop").status_code == 303
    assert "values are converted" not in client.get(answer.location).text and work(wells) == 0
    assert post("/lists/wells/columns/said/type/confirm").status_code == 404
    post("/lists/wells/columns/said/type", type="number")
    work(wells)
    post("/lists/wells/columns/said/type/confirm")
    work(wells)
    assert kind(wells, "said") == "number"


def test_programs_are_told_how_far_it_is(wells: House) -> None:
    client, path = wells.api("admin"), "/api/v1/lists/wells/columns"
    answer = client.patch(f"{path}/said", json={"type": "number"})
    assert answer.status_code == 202
    assert answer.json["becoming"] == {
        "type": "number", "state": "filling", "values": ROWS, "converted": 0, "lost": 0,
    }  # fmt: skip
    assert client.patch(f"{path}/said", json={"type": "number"}).status_code == 409
    work(wells)
    told = next(one for one in client.get(path).json["value"] if one["name"] == "said")
    assert (told["becoming"]["state"], told["becoming"]["lost"]) == ("asking", 4)
    assert client.patch(f"{path}/said", json={"type": "number", "confirm": True}).status_code == 202
    work(wells)
    told = next(one for one in client.get(path).json["value"] if one["name"] == "said")
    assert told["type"] == "number" and "becoming" not in told
