"""A list's second bin is emptied at once: asked for with the number, done by the worker, resumed after a kill."""

from __future__ import annotations

import pytest
from house import House, token_of
from jsonschema import Draft202012Validator
from sqlalchemy import event

from caseroom.lists import bulk_editing, items, recycling
from caseroom.lists.models import UserRole
from caseroom.portal.checking import findings

BIN = "/api/v1/lists/relations/second-bin"


def discarded(house: House, number: int, first: str = "Firm") -> list[int]:
    """So many companies in the second bin."""
    made = []
    for start in range(0, number, 50):
        with house.write("admin") as (session, actor):
            for place in range(start, min(start + 50, number)):
                made.append(items.create(session, actor, "relations", {"name": f"{first} {place}"}).id)
                items.delete(session, actor, "relations", made[-1], version=None)
                items.discard(session, actor, "relations", made[-1])
    return made


def work(house: House) -> None:
    while bulk_editing.step(house.home.database):
        pass


def test_a_program_confirms_the_number_and_asks_how_far_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "PURGED_AT_ONCE", 5)
    admin, _made = house.api("admin"), discarded(house, 12)
    assert admin.get(BIN).json == {"count": 12}
    for asked in ("", "?confirm=11", "?confirm=13"):
        refused = admin.delete(BIN + asked)
        assert refused.status_code == 409 and "This ends 12 items for good" in refused.json["detail"]
    for asked in ("?confirm=0", "?confirm=x", f"?confirm={10**20}"):
        assert admin.delete(BIN + asked).status_code == 422
    begun = admin.delete(f"{BIN}?confirm=12")
    assert (begun.status_code, begun.json["state"], begun.json["kind"]) == (202, "gathering", "purge")
    later = discarded(house, 1, "Later")
    here = begun.headers["Location"]
    assert bulk_editing.step(house.home.database) and bulk_editing.step(house.home.database)
    under_way = admin.get(here).json
    assert (under_way["state"], under_way["rows"], under_way["done"], under_way["waiting"]) == ("running", 12, 5, 7)
    work(house)
    ended = admin.get(here).json
    assert (ended["state"], ended["done"], ended["refused"]) == ("done", 12, 0) and ended["finished"]
    assert admin.get(BIN).json == {"count": 1}, "what came later nobody has confirmed"
    assert [one["id"] for one in admin.get("/api/v1/lists/relations/items?discarded=true").json["value"]] == later
    described = admin.get("/api/v1/openapi.json").json
    answers = described["paths"]["/api/v1/me/jobs/{job_id}"]["get"]["responses"]
    schema = {**answers["200"]["content"]["application/json"]["schema"], "components": described["components"]}
    assert list(Draft202012Validator(schema).iter_errors(ended)) == []
    assert list(findings(house.home)) == []


def test_a_page_asks_with_the_number_and_shows_how_far_it_is(house: House) -> None:
    discarded(house, 2)
    admin = house.client("admin")
    assert "/bin/second/empty/relations" in admin.get("/bin/second").text
    question = admin.get("/bin/second/empty/relations").text
    assert "2 items end for good" in question and 'name="confirm" value="2"' in question
    discarded(house, 1)
    form = {"csrf_token": token_of(question), "confirm": "2"}
    again = admin.post("/bin/second/empty/relations", data=form)
    assert again.status_code == 409 and "This ends 3 items for good" in again.text and 'value="3"' in again.text
    done = admin.post("/bin/second/empty/relations", data={**form, "confirm": "3"}, follow_redirects=True).text
    assert "Empty the second recycle bin" in done and "All rows are done" in done and "Put it all back" not in done
    assert "Empty the second recycle bin: " in admin.get("/jobs").text
    assert "/bin/second/empty/relations" not in admin.get("/bin/second").text
    assert admin.post("/bin/second/empty/relations", data={**form, "confirm": "0"}).status_code == 409
    assert admin.get("/bin/second/empty/nothing").status_code == 404


def test_what_went_with_an_item_ends_with_it_and_what_is_brought_back_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recycling, "PURGED_AT_ONCE", 1)
    cases = [house.make_case().id for _ in range(2)]
    activity = house.make("activities", {"case": cases[0], "activity_type": "task", "description": "Call"}).id
    with house.write("admin") as (session, actor):
        for case in cases:
            items.delete(session, actor, "cases", case, version=None)
            items.discard(session, actor, "cases", case)
    admin = house.api("admin")
    begun = admin.delete("/api/v1/lists/cases/second-bin?confirm=2")
    bulk_editing.step(house.home.database)
    with house.write("admin") as (session, actor):
        items.restore(session, actor, "cases", cases[1])
    work(house)
    ended = admin.get(begun.headers["Location"]).json
    assert (ended["done"], ended["unchanged"], ended["refused"]) == (1, 1, 0)
    assert admin.get(f"/api/v1/lists/cases/items/{cases[1]}").status_code == 200
    assert admin.get("/api/v1/lists/activities/second-bin").json == {"count": 0}
    assert admin.post(f"/api/v1/lists/activities/items/{activity}/restore").status_code == 404


def test_a_worker_that_is_killed_leaves_a_job_that_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "PURGED_AT_ONCE", 2)
    discarded(house, 5)
    admin, engine = house.api("admin"), house.home.database.engine
    here = admin.delete(f"{BIN}?confirm=5").headers["Location"]
    for _ in range(2):
        assert bulk_editing.step(house.home.database)

    def fall(_connection: object) -> None:
        raise KeyboardInterrupt

    event.listen(engine, "commit", fall)  # all of the portion is written, nothing of it is kept
    with pytest.raises(KeyboardInterrupt):
        bulk_editing.step(house.home.database)
    event.remove(engine, "commit", fall)
    assert (admin.get(here).json["done"], admin.get(here).json["waiting"]) == (2, 3)
    work(house)
    assert admin.get(here).json["done"] == 5 and admin.get(BIN).json == {"count": 0}


def test_only_administrators_empty_it_also_while_it_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "PURGED_AT_ONCE", 2)
    discarded(house, 5)
    for who in ("north", "manager"):
        assert house.api(who).get(BIN).status_code == 403
        assert house.api(who).delete(f"{BIN}?confirm=5").status_code == 403
        assert house.client(who).get("/bin/second/empty/relations").status_code == 403
        token = token_of(house.client(who).get("/account").text)
        assert token and house.api(who).post("/bin/second/empty/relations").status_code == 403
    assert house.api("admin").delete(f"{BIN}?confirm=4&confirm=5").status_code == 422
    here = house.api("admin").delete(f"{BIN}?confirm=5").headers["Location"]
    assert house.api("north").get(here).status_code == house.api("north").get("/api/v1/me/jobs/999").status_code == 404
    bulk_editing.step(house.home.database)
    with house.home.database.write() as session:
        role = session.query(UserRole).filter_by(user_id=house.people["admin"], role="administrator").one()
        role.role = "manager"
    work(house)
    job = house.api("admin").get(here).json
    assert (job["state"], job["done"], job["waiting"]) == ("cancelled", 0, 5)
