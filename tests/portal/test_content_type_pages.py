"""Content types on pages: made by administrators, chosen by whoever makes an item, each with its own form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from form_pages import Admin, fields, sent
from house import House

from caseroom.lists import content_types, items, query, schema
from caseroom.lists.catalogue import definition

HERE = "/lists/requests/types"


@pytest.fixture
def requests(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "requests", "title": {"en": "Requests"}, "columns": [
            {"name": "number", "type": "text", "title": {"en": "Number"}}, {"name": "due", "type": "date"},
            {"name": "state", "type": "choice", "choices": ["open", "done"]},
            {"name": "marks", "type": "multi_choice", "choices": ["a", "b"]},
        ]})  # fmt: skip
        items.create(session, actor, "requests", {"name": "Old", "number": "1"})
    return house


@pytest.fixture
def admin(requests: House) -> Admin:
    return Admin(requests)


def types(house: House) -> list[dict[str, Any]]:
    with house.read("admin") as (session, _actor):
        return content_types.types_of(definition(session, "requests"))


def make(admin: Admin, title: str, *names: str, **more: Any) -> None:
    form = sent(admin.get(f"{HERE}/type"))
    form["in"] = ["0" if name in ("name", *names) else "" for name in form["column"]]
    admin.send(f"{HERE}/type", **form, own="1", **{"title-en": title}, **more)


@pytest.fixture
def two(admin: Admin) -> Admin:
    make(admin, "Question", "number")
    make(admin, "Complaint <b>", "due", "marks", required=["due"], **{"default-state": "done"})
    return admin


def test_an_administrator_makes_types_and_changes_them_without_scripts(requests: House, two: Admin) -> None:
    assert types(requests) == [
        {"value": "question", "title": {"en": "Question"}, "form": [{"columns": ["name", "number"]}]},
        {"value": "complaint_b", "title": {"en": "Complaint <b>"}, "form": [{"columns": ["name", "due", "marks"]}],
         "required": ["due"], "defaults": {"state": "done"}},
    ]  # fmt: skip
    page = two.get(HERE)
    assert "Complaint &lt;b&gt;" in page and HERE in two.get("/lists/requests/settings")
    address = f"{HERE}/type?of=complaint_b"
    form = {**sent(two.get(address)), "of": "complaint_b", "own": "1", "title-en": "Complaint"}
    form["required"] = "due"
    moved = two.send(f"{HERE}/type", 200, **form, do="up-due").text
    assert sent(moved)["column"][:2] == ["due", "name"] and 'value="Complaint"' in moved
    assert re.search(r'name="required" value="due" checked', moved) and types(requests)[1]["title"]["en"] != "Complaint"
    two.send(f"{HERE}/type", 303, **form, **{"description-en": "What went wrong", "default-state": ""})
    assert types(requests)[1] == {
        "value": "complaint_b", "title": {"en": "Complaint"}, "description": {"en": "What went wrong"},
        "form": [{"columns": ["name", "due", "marks"]}], "required": ["due"],
    }  # fmt: skip
    wrong = two.send(f"{HERE}/type", 422, **form, **{"default-due": "soon"}).text
    assert "“soon” is no value for “due”." in wrong and 'value="soon"' in wrong
    two.send(f"{HERE}/type", 409, **{"title-en": "Question", "own": ""})
    two.send(f"{HERE}/type", 422, **{**form, "title-en": ""})
    two.send(f"{HERE}/move", of="complaint_b", to=1)
    assert types(requests)[0]["value"] == "complaint_b"
    assert "in use" in two.send(f"{HERE}/remove", 422, of="question").text
    two.send(f"{HERE}/remove", of="complaint_b")
    assert [one["value"] for one in types(requests)] == ["question"]
    for place in ("move", "remove", "type"):
        two.send(f"{HERE}/{place}", 404, of="no/where")
    two.get("/lists/requests/columns/content_type")
    two.send("/lists/requests/columns/content_type", 303, **{"title-en": "Kind", "required": "1"})
    assert types(requests)[0]["form"]


def test_new_offers_the_types_each_with_its_form(requests: House, two: Admin) -> None:
    page = two.get("/lists/requests")
    assert "/lists/requests/new?content_type=question" in page
    assert fields(two.get("/lists/requests/new")) == ["content_type", "name", "number"]
    page = two.get("/lists/requests/new?content_type=complaint_b")
    assert fields(page) == ["content_type", "name", "due", "marks"]
    assert re.search(r'for="f-due">due <span class="required">', page)
    form: dict[str, Any] = {"content_type": "complaint_b", "_type": "complaint_b", "name": "Broken"}
    assert "“due” must be filled in." in two.send("/lists/requests/new", 422, **form).text
    made = two.send("/lists/requests/new", **form, due="2026-12-01", number="not in this form").location
    with requests.read("admin") as (session, actor):
        item = query.get(session, actor, "requests", int(made.rpartition("/")[2]))
        assert (item["content_type"], item["state"], item["number"]) == ("complaint_b", "done", None)
    assert "Number" not in re.findall(r"<dt[^>]*>(.*?)</dt>", two.get(made))  # no dash for what its type has not
    two.send("/lists/requests/new", 422, content_type="nonsense", name="X")


def test_what_nobody_touched_takes_the_other_types_default(requests: House, admin: Admin) -> None:
    both = ("number", "state", "due")
    make(admin, "A", *both, "marks", **{"default-state": "open", "default-number": "A1", "default-due": "2026-12-01"})
    make(admin, "B", *both, **{"default-state": "done", "default-number": "B1"})
    page = admin.get("/lists/requests/new?content_type=a")
    assert 'value="open" selected' in page and 'value="A1"' in page and 'value="2026-12-01"' in page
    form: dict[str, Any] = {"_type": "a", "content_type": "b", "name": "Lamp", "state": "open", "number": "A1",
                            "due": "2026-12-01", "marks": "a"}  # fmt: skip
    page = admin.send("/lists/requests/new", 200, **form).text
    assert 'value="done" selected' in page and 'value="B1"' in page and "2026-12-01" not in page
    assert 'value="Lamp"' in page and 'type="hidden" name="marks" value="a"' in page
    page = admin.send("/lists/requests/new", 200, **{**form, "number": "mine", "state": "", "due": "3 Dec 2026"}).text
    assert 'value="mine"' in page and 'value="3 Dec 2026"' in page and 'value="done" selected' not in page
    page = admin.send("/lists/requests/new", 200, **{**form, "due": "no day"}).text
    assert 'value="no day"' in page


def test_another_type_shows_its_form_first_and_values_stay(requests: House, two: Admin) -> None:
    with requests.read("admin") as (session, actor):
        number = query.page(session, actor, "requests").items[0].id
    address = f"/lists/requests/{number}/edit"
    page = two.get(address)
    assert fields(page) == ["content_type", "name", "number"] and 'name="_type" value="question"' in page
    form: dict[str, Any] = {"version": "1", "_type": "question", "name": "New", "number": "typed"}
    form["content_type"] = "complaint_b"
    page = two.send(address, 200, **form).text  # nothing is saved: the other type's form comes first
    assert fields(page) == ["content_type", "name", "due", "marks"] and 'value="New"' in page
    assert '<input type="hidden" name="number" value="typed">' in page
    back: dict[str, Any] = {**form, "_type": "complaint_b", "content_type": "question", "due": "tomorrow", "marks": "a"}
    page = two.send(address, 200, **back).text
    assert fields(page)[-1] == "number" and 'value="typed"' in page
    assert 'type="hidden" name="due" value="tomorrow"' in page
    two.send(address, **{**form, "_type": "complaint_b", "due": "2026-12-01", "marks": "b"})
    with requests.read("admin") as (session, actor):
        item = query.get(session, actor, "requests", number)
        assert (item["name"], item["content_type"], item["marks"]) == ("New", "complaint_b", ["b"])
        assert item["number"] == "1"  # its field was not in the form that was saved
    copied = two.get(f"/lists/requests/{number}/copy")
    assert fields(copied) == ["content_type", "name", "due", "marks"]


def test_a_type_begins_with_an_item_of_another_list(requests: House, admin: Admin) -> None:
    with requests.write("admin") as (session, actor):
        schema.add_column(session, actor, "requests", {"name": "firm", "type": "lookup", "list": "relations"})
        schema.add_column(session, actor, "requests", {"name": "case", "type": "lookup", "list": "cases"})
    firm = requests.make_relation(name="Tatra Steel")
    case = requests.make_case(name="Secret", by="south")
    make(admin, "Order", "firm", "case", **{"default-firm": firm.id, "default-case": case.id})
    assert types(requests)[0]["defaults"] == {"firm": firm.guid, "case": case.guid}
    page = admin.get(f"{HERE}/type?of=order")
    assert re.search(rf'<option value="{firm.id}" selected>Tatra Steel<', page)
    form = {**sent(page), "of": "order", "own": "1", "title-en": "Order", "default-firm": firm.id}
    wrong = admin.send(f"{HERE}/type", 422, **{**form, "default-firm": "99999"}).text
    assert "“99999” is no value for “firm”." in wrong
    with requests.write("north") as (session, actor):
        made = items.create(session, actor, "requests", {"name": "By a program"})
        assert (made["firm"].id, made["case"]) == (firm.id, None), "who may not see an item does not begin with it"
    page = requests.client("north").get("/lists/requests/new").text
    assert "Tatra Steel" in page and "Secret" not in page
    with requests.write("admin") as (session, actor):
        items.delete(session, actor, "relations", firm.id, version=None)
        made = items.create(session, actor, "requests", {"name": "Later"})
        assert made["firm"] is None and made["case"].id == case.id


def test_a_types_item_is_looked_for_without_scripts(requests: House, admin: Admin) -> None:
    with requests.write("admin") as (session, actor):
        schema.add_column(session, actor, "requests", {"name": "firm", "type": "lookup", "list": "relations"})
    firms = [requests.make_relation(name=f"Firm {number:03}").id for number in range(205)]
    form = {**sent(admin.get(f"{HERE}/type")), "title-en": "Order", "_find": "default-firm"}
    page = admin.send(f"{HERE}/type", 200, **form, **{"default-firm__q": "firm 042"}).text
    assert f'<option value="{firms[42]}">Firm 042</option>' in page and "Firm 017" not in page
    assert types(requests) == []
