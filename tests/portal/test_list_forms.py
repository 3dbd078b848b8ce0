"""The form of a list is arranged: its fields in sections, in every way in which a list is described."""

from __future__ import annotations

import json
from typing import Any

import pytest
from form_pages import Admin, fields, sent
from house import House

from caseroom.lists import bins, changing, items, list_files, list_forms, list_settings, list_templates, query, schema
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Invalid

FORM = [
    {"title": {"en": "Basics", "sk": "Základ"}, "columns": ["state", "name"]},
    {"columns": ["price"]},
]  # fmt: skip
TOOLS = {
    "name": "tools", "title": {"en": "Tools"}, "columns": [
        {"name": "state", "type": "choice", "choices": ["new", "used"], "default": "new"},
        {"name": "price", "type": "currency"},
        {"name": "currency", "type": "text", "max": 3},
        {"name": "note", "type": "text", "title": {"en": "Note"}},
        {"name": "marks", "type": "multi_choice", "choices": ["a", "b"]},
    ],
}  # fmt: skip


@pytest.fixture
def tools(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    return house


@pytest.fixture
def admin(tools: House) -> Admin:
    return Admin(tools)


def arrange(house: House, form: Any) -> None:
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "tools", {"form": form})


def test_a_form_has_the_fields_of_its_sections_in_their_order(tools: House, admin: Admin) -> None:
    assert fields(admin.get("/lists/tools/new")) == ["name", "state", "price", "currency", "note", "marks"]
    arrange(tools, FORM)
    assert fields(admin.get("/lists/tools/new")) == ["Basics", "state", "name", "price", "currency"]
    made = admin.send("/lists/tools/new", name="Drill", state="used", price="5", currency="USD", note="not in the form")
    number = int(made.location.rpartition("/")[2])
    with tools.write("admin") as (session, actor):
        item = query.get(session, actor, "tools", number)
        assert (item["name"], item["state"], str(item["price"]), item["note"]) == ("Drill", "used", "5.00", None)
        assert item.currency("price") == "USD"
        items.update(session, actor, "tools", number, {"note": "by the API", "marks": ["a"]}, version=None)
    assert "Basics" in fields(admin.get(f"/lists/tools/{number}/edit"))
    admin.send(f"/lists/tools/{number}/edit", name="Drill 2", state="new", price="5", currency="USD", version="2")
    with tools.read("admin") as (session, actor):
        item = query.get(session, actor, "tools", number)
        assert (item["name"], item["note"], item["marks"]) == ("Drill 2", "by the API", ["a"])
    bulk = admin.get(f"/lists/tools/bulk?do=edit&id={number}")
    assert 'name="note"' in bulk and 'name="marks"' in bulk  # many rows are edited as in the grid


def test_what_must_be_filled_in_is_in_every_form(tools: House) -> None:
    with tools.read("admin") as (session, _actor), pytest.raises(Invalid, match="“Name” must be filled in"):
        list_forms.checked(definition(session, "tools"), [{"columns": ["state"]}])
    arrange(tools, FORM)
    with tools.write("admin") as (session, actor):
        changing.change_column(session, actor, "tools", "note", {"required": True})
        schema.add_column(session, actor, "tools", {"name": "free", "type": "text"})
        shown = list_forms.shown(definition(session, "tools"))
        assert shown == [FORM[0], {"columns": ["price", "note"]}]


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ([], "one to 50 sections"), ("name", "one to 50 sections"), ([1], "a title, or none, and columns"),
        ([{"columns": ["name"], "more": 1}], "a title, or none, and columns"), ([{"columns": "name"}], "list of names"),
        ([{"columns": ["name", "nowhere"]}], "no column nowhere"), ([{"columns": ["name", "name"]}], "stands twice"),
        ([{"columns": ["name"]}, {"columns": ["name"]}], "stands twice"),
        ([{"title": {"en": 5}, "columns": ["name"]}], "one text per language"), ([{"columns": []}] * 51, "50 sections"),
    ],
)  # fmt: skip
def test_a_form_that_makes_no_sense_is_refused(tools: House, form: Any, why: str) -> None:
    answer = tools.api("admin").patch("/api/v1/lists/tools", json={"form": form})
    assert answer.status_code == 422 and why in answer.text, answer.text
    assert answer.json["errors"][0]["field"] == "form"
    with tools.read("admin") as (session, _actor):
        assert "form" not in definition(session, "tools").settings


def test_the_api_files_and_copies_carry_the_form(tools: House, admin: Admin) -> None:
    api = tools.api("admin")
    assert "form" not in api.get("/api/v1/lists/tools").json
    assert api.patch("/api/v1/lists/tools", json={"form": FORM}).json["form"] == FORM
    made = api.post("/api/v1/lists", json={"name": "racks", "form": [{"title": "Rack", "columns": ["name"]}]})
    assert made.json["form"] == [{"title": {"en": "Rack"}, "columns": ["name"]}]
    with tools.write("admin") as (session, actor):
        text = "".join(list_files.write(list_templates.body_of(session, actor, "tools")))
        assert json.loads(text)["form"] == FORM
        list_templates.copy(session, actor, "tools", name="copies", title={"en": "Copies"})
        assert definition(session, "copies").settings["form"] == FORM
        body = list_files.read(text.replace('"Basics"', '"Main"'))
        assert list_templates.apply(session, actor, body).changed == ["form"]
        assert list_templates.apply(session, actor, body).changed == []
        short = {"name": "tools", "form": [{"title": "Short", "columns": ["name"]}]}
        assert list_templates.apply(session, actor, short).changed == ["form"]
        assert list_templates.apply(session, actor, short).changed == []
        with pytest.raises(Invalid) as refused:
            list_templates.apply(session, actor, {"name": "tools", "form": [{"columns": ["name", "x"]}]})
        assert refused.value.errors[0].field == "form"
    assert api.patch("/api/v1/lists/tools", json={"form": None}).json.get("form") is None
    assert fields(admin.get("/lists/tools/new"))[:2] == ["name", "state"]


def test_a_deleted_column_leaves_the_form_and_comes_back_to_its_place(tools: House, admin: Admin) -> None:
    arrange(tools, [{"title": {"en": "Basics"}, "columns": ["name", "note", "state"]}])
    with tools.write("admin") as (session, actor):
        changing.change_column(session, actor, "tools", "note", {"title": {"en": "Remark"}})
        bins.delete_column(session, actor, "tools", "note")
    assert fields(admin.get("/lists/tools/new")) == ["Basics", "name", "state"]
    with tools.write("admin") as (session, actor):
        assert list_templates.body_of(session, actor, "tools")["form"][0]["columns"] == ["name", "state"]
        bins.restore_column(session, actor, "tools", bins.deleted_columns(session, actor, "tools")[0].id)
    page = admin.get("/lists/tools/new")
    assert fields(page) == ["Basics", "name", "note", "state"] and "Remark" in page


def test_an_administrator_arranges_the_form_without_scripts(tools: House, admin: Admin) -> None:
    here = "/lists/tools/form"
    assert here in admin.get("/lists/tools/settings")
    form = sent(admin.get(here))
    assert form["column"] == ["name", "state", "price", "note", "marks"] and set(form["in"]) == {"0"}
    form = sent(admin.send(here, 200, **form, do="up-state").text)
    assert form["column"][:2] == ["state", "name"]
    form = sent(admin.send(here, 200, **form, do="section").text)
    form["section-0-title-en"], form["section-1-title-en"] = "Basics", "More <b>"
    form = sent(admin.send(here, 200, **form, do="down-marks").text)
    assert form["in"] == ["0", "0", "0", "0", "1"]
    form["in"][form["column"].index("note")] = ""
    page = admin.send(here, 200, **form, do="look").text
    form = sent(page)
    assert form["column"][-1] == "note" and form["in"][-1] == "" and "More &lt;b&gt;" in page
    assert "form" not in settings_of(tools)  # nothing is saved yet
    wrong = {
        **form,
        "in": ["" if name == "name" else where for name, where in zip(form["column"], form["in"], strict=True)],
    }
    refused = admin.send(here, 422, **wrong).text
    assert "“Name” must be filled in and has no default" in refused and sent(refused)["section-0-title-en"] == "Basics"
    admin.send(here, **form)
    assert settings_of(tools)["form"] == [
        {"title": {"en": "Basics"}, "columns": ["state", "name", "price"]},
        {"title": {"en": "More <b>"}, "columns": ["marks"]},
    ]
    assert fields(admin.get("/lists/tools/new"))[:3] == ["Basics", "state", "name"]
    form = sent(admin.send(here, 200, **form, do="drop-1").text)
    form = sent(admin.send(here, 200, **form, do="put-note").text)
    assert form["in"] == ["0"] * 5 and form["column"] == ["state", "name", "price", "marks", "note"]
    admin.send(here, do="whole")
    assert "form" not in settings_of(tools)
    for junk in ("", "drop-9", "up-", "up-nowhere", "drop-²", "put-nowhere", "x" * 5000):
        answer = admin.client.post(here, data={"do": junk, "section": ["a", "²"], "column": ["x", "name"],
                                               "in": ["²", "99999"], "csrf_token": admin.token})  # fmt: skip
        assert answer.status_code in (200, 422), junk


def settings_of(house: House) -> Any:
    with house.read("admin") as (session, _actor):
        return definition(session, "tools").settings


def test_a_section_moves_with_all_that_is_in_it(tools: House, admin: Admin) -> None:
    arrange(tools, [*FORM, {"columns": ["note"]}])
    here = "/lists/tools/form"
    form = sent(admin.get(here))
    page = admin.send(here, 200, **form, do="later-0").text
    form = sent(page)
    assert form["column"][:4] == ["price", "state", "name", "note"] and form["in"][:4] == ["0", "1", "1", "2"]
    assert form["section-1-title-en"] == "Basics" and 'aria-label="Move the section up: Basics"' in page
    for nowhere in ("sooner-0", "later-2", "later-99", "sooner-x", "sooner-²"):
        assert sent(admin.send(here, 200, **form, do=nowhere).text) == form
    form = sent(admin.send(here, 200, **form, do="sooner-2").text)
    admin.send(here, **form)
    with tools.read("admin") as (session, _actor):
        assert definition(session, "tools").settings["form"] == [FORM[1], {"columns": ["note"]}, FORM[0]]


def test_a_field_put_into_another_section_stands_last_there(tools: House, admin: Admin) -> None:
    arrange(tools, [{"columns": ["name", "state"]}, {"columns": ["price", "note"]}])
    here = "/lists/tools/form"
    form = sent(admin.get(here))
    form["in"][form["column"].index("state")] = "1"  # stands above that section
    form = sent(admin.send(here, 200, **form, do="look").text)
    assert form["column"] == ["name", "price", "note", "state", "marks"] and form["was"] == ["0", "1", "1", "1", ""]
    form["in"][form["column"].index("marks")] = "0"
    form["in"][form["column"].index("price")] = "0"
    admin.send(here, **form)
    with tools.read("admin") as (session, _actor):
        sections = definition(session, "tools").settings["form"]
        assert sections == [{"columns": ["name", "price", "marks"]}, {"columns": ["note", "state"]}]
