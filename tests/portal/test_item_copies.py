"""An item made like another, two versions side by side, and the link that its menu copies."""

from __future__ import annotations

import re

from house import House, token_of

from caseroom.lists import items, schema


def test_a_copy_begins_as_the_item_is_and_is_one_of_its_own(house: House) -> None:
    case = house.make_case(name="Rolling mill", value="1250.50", description="Two halls.")
    client = house.client("north")
    page = client.get(f"/lists/cases/{case.id}").text
    assert f'href="/lists/cases/{case.id}/copy"' in page
    form = client.get(f"/lists/cases/{case.id}/copy").text
    assert 'value="Rolling mill (copy)"' in form and "Two halls." in form and 'action="/lists/cases/new"' in form
    with house.read("north") as (session, actor):
        company = items.query.get(session, actor, "cases", case.id)["company"].id
    sent = {"name": "Rolling mill 2", "company": company, "value": "1250.50", "csrf_token": token_of(form)}
    answer = client.post("/lists/cases/new", data=sent)
    assert answer.status_code == 303 and answer.location != f"/lists/cases/{case.id}"
    assert "Rolling mill 2" in client.get(answer.location).text
    assert "Rolling mill 2" not in client.get(f"/lists/cases/{case.id}").text


def test_what_no_two_items_may_have_is_not_copied(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "tools", "title": {"en": "Tools"}})
        schema.add_column(session, actor, "tools", {"name": "serial", "type": "text", "unique": True})
    tool = house.make("tools", {"name": "Saw", "serial": "S-17"})
    form = house.client("north").get(f"/lists/tools/{tool.id}/copy").text
    assert 'value="Saw (copy)"' in form and "S-17" not in form


def test_who_may_only_read_and_what_begins_with_a_file_is_not_copied(house: House) -> None:
    case, document = house.make_case(), house.make("documents", {})
    reader = house.client("reader")
    assert "/copy" not in reader.get(f"/lists/cases/{case.id}").text
    assert reader.get(f"/lists/cases/{case.id}/copy").status_code == 403
    assert house.client("south").get(f"/lists/cases/{case.id}/copy").status_code == 404
    assert house.client("north").get(f"/lists/documents/{document.id}/copy").status_code == 403


def test_two_versions_stand_side_by_side_what_differs_first(house: House) -> None:
    case = house.make_case(name="First", description="Same")
    with house.write("north") as (session, actor):
        for name in ("Second", "Third"):
            items.update(session, actor, "cases", case.id, {"name": name}, version=None)
    client = house.client("north")
    assert f'action="/lists/cases/{case.id}/compare"' in client.get(f"/lists/cases/{case.id}/history").text
    page = client.get(f"/lists/cases/{case.id}/compare?old=1&new=3").text
    rows = re.findall(r'<tr( class="is-changed")?><th scope="row">([^<]*)</th>', page)
    assert [label for changed, label in rows if changed] == ["Name"] and rows[0][1] == "Name"
    assert re.search(r"<del>.*First.*</del>.*<ins>.*Third.*</ins>", page) and "Second" not in page.split("<table")[1]
    assert "Same" in page
    newest = client.get(f"/lists/cases/{case.id}/compare").text
    assert re.search(r"<del>.*Second.*</del>.*<ins>.*Third.*</ins>", newest)
    for wrong in ("old=0", "new=9", "old=-1&new=2", "old=99999999999"):
        assert client.get(f"/lists/cases/{case.id}/compare?{wrong}").status_code == 404, wrong
    assert client.get(f"/lists/cases/{case.id}/compare?old=x").status_code == 200
    assert house.client("south").get(f"/lists/cases/{case.id}/compare?old=1").status_code == 404
