"""The recycle bins on pages and in the API: from the list's bin to the second one, and to the end."""

from __future__ import annotations

import pytest
from house import House, token_of

from caseroom.portal import worker


@pytest.fixture
def case(house: House) -> int:
    case = house.make_case(description="Zeta").id
    assert house.api("north").delete(f"/api/v1/lists/cases/items/{case}").status_code == 204
    return case


def test_a_bin_is_emptied_by_one_question_and_an_administrator_brings_it_back(house: House, case: int) -> None:
    north, admin = house.client("north"), house.client("admin")
    page = north.get("/lists/cases/bin").text
    assert "93 days" in page and "do=discard&amp;all=1" in page
    question = north.get("/lists/cases/bulk?do=discard&all=1").text
    assert "An administrator can still bring it back" in question
    form = {"csrf_token": token_of(question)}
    done = north.post("/lists/cases/bulk?do=discard&all=1", data=form, follow_redirects=True).text
    assert "All rows are done" in done and "Put it all back" not in done
    assert "recycle bin is empty" in north.get("/lists/cases/bin").text
    assert north.get("/bin/second").status_code == 403
    assert f"cases:{case}" in admin.get("/bin/second").text
    form = {"id": f"cases:{case}", "second": "1", "csrf_token": token_of(admin.get("/account").text)}
    assert admin.post("/bin/restore", data=form).location == "/bin/second"
    assert north.get(f"/lists/cases/{case}").status_code == 200


def test_one_s_own_bin_brings_things_back_and_names_what_it_cannot(house: House, case: int) -> None:
    north = house.client("north")
    page = north.get("/bin").text
    assert f"cases:{case}" in page and "/bin/second" not in page
    form = {"id": [f"cases:{case}", "cases:999", "nothing:1", "cases:x"], "csrf_token": token_of(page)}
    assert north.post("/bin/restore", data=form).location == "/bin"
    page = north.get("/bin").text
    assert "Restored: 1 item" in page and "#999" in page
    assert north.get("/bin?after=nonsense").location == "/bin"


def test_what_is_purged_is_asked_for_first_and_then_gone(house: House, case: int) -> None:
    north, admin = house.client("north"), house.client("admin")
    house.api("north").delete(f"/api/v1/lists/cases/items/{case}?deleted=true")
    assert "for good?" in admin.get(f"/bin/second/purge?id=cases:{case}").text
    for who, status in ((north, 403), (admin, 303)):
        form = {"id": f"cases:{case}", "csrf_token": token_of(who.get("/account").text)}
        assert who.post("/bin/second/purge", data=form).status_code == status
    assert "Gone for good: 1 item" in admin.get("/bin/second").text
    assert admin.get(f"/bin/second/purge?id=cases:{case}").location == "/bin/second"
    assert house.api("admin").post(f"/api/v1/lists/cases/items/{case}/restore").status_code == 404


def test_the_api_deletes_by_stages_and_says_nothing_to_those_who_may_not(house: House, case: int) -> None:
    north, south, admin = house.api("north"), house.api("south"), house.api("admin")
    item, missing = f"/api/v1/lists/cases/items/{case}", "/api/v1/lists/cases/items/999"
    for query in ("?deleted=true", "?discarded=true"):
        refused, never = south.delete(item + query), south.delete(missing + query)
        assert refused.status_code == never.status_code == 404 and refused.data == never.data
    assert north.delete(item + "?deleted=true").status_code == 204
    assert north.get("/api/v1/lists/cases/items?discarded=true").json["value"] == []
    assert [one["id"] for one in admin.get("/api/v1/lists/cases/items?discarded=true").json["value"]] == [case]
    assert north.delete(item + "?discarded=true").status_code == 404
    assert admin.delete(item + "?discarded=true").status_code == 204
    assert admin.delete(item + "?discarded=true").status_code == 404


def test_a_deleted_list_ends_from_its_page(house: House) -> None:
    admin = house.client("admin")
    house.api("admin").post("/api/v1/lists", json={"name": "notes", "title": "Notes"})
    house.api("admin").delete("/api/v1/lists/notes")
    page = admin.get("/lists/bin").text
    number = int(page.partition("/lists/bin/")[2].partition("/")[0])
    assert "for good?" in admin.get(f"/lists/bin/{number}/purge").text
    assert house.client("north").get(f"/lists/bin/{number}/purge").status_code == 403
    admin.post(f"/lists/bin/{number}/purge", data={"csrf_token": token_of(admin.get("/account").text)})
    assert "No list was deleted" in admin.get("/lists/bin").text
    while worker.purge_deleted(house.home):
        pass
    assert admin.get(f"/lists/bin/{number}/purge").status_code == 404
