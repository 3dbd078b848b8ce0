"""Content types: kinds of items in one list, each with a form, required columns and defaults of its own."""

from __future__ import annotations

from typing import Any

import pytest
from house import House

from caseroom.lists import (
    bins,
    changing,
    changing_types,
    content_types,
    items,
    list_files,
    list_templates,
    query,
    schema,
    versions,
)
from caseroom.lists.catalogue import definition
from caseroom.lists.database import savepoint
from caseroom.lists.errors import DomainError, Invalid

REQUESTS = {
    "name": "requests", "title": {"en": "Requests"}, "columns": [
        {"name": "number", "type": "text", "required": True},
        {"name": "state", "type": "choice", "choices": ["open", "done"], "default": "open"},
        {"name": "due", "type": "date"},
        {"name": "worker", "type": "person"},
        {"name": "price", "type": "currency"},
    ],
}  # fmt: skip
COMPLAINT = {
    "value": "complaint", "title": {"en": "Complaint", "sk": "Reklamácia"},
    "form": [{"columns": ["name", "due"]}, {"title": {"en": "Who"}, "columns": ["worker"]}],
    "required": ["due"], "defaults": {"worker": "@me", "state": "done"},
}  # fmt: skip
QUESTION = {"value": "question", "title": {"en": "Question"}, "form": [{"columns": ["name", "number"]}]}


@pytest.fixture
def requests(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, REQUESTS)
        items.create(session, actor, "requests", {"name": "Old", "number": "1"})
        gone = items.create(session, actor, "requests", {"name": "Gone", "number": "2"})
        items.delete(session, actor, "requests", gone.id, version=None)
        changing_types.make(session, actor, "requests", QUESTION)
        changing_types.make(session, actor, "requests", COMPLAINT)
    return house


def refused(house: House, values: Any) -> list[str]:
    with house.read("north") as (session, actor), pytest.raises(Invalid) as refusal:
        items.create(session, actor, "requests", values)
    return [error.field for error in refusal.value.errors]


def test_the_first_type_makes_the_column_and_is_that_of_all_items(requests: House) -> None:
    with requests.write("admin") as (session, actor):
        (old,) = query.page(session, actor, "requests").items
        assert (old["content_type"], old["version"]) == ("question", 1)
        assert [one.kind for one in versions.history(session, actor, "requests", old.id)] == ["create"]
        found = definition(session, "requests")
        assert [one["value"] for one in content_types.types_of(found)] == ["question", "complaint"]
        assert content_types.numbers(session, found) == {"question": 1}
        back = items.restore(session, actor, "requests", old.id + 1)
        assert back["content_type"] == "question"


def test_an_item_is_asked_for_what_its_type_asks(requests: House) -> None:
    assert refused(requests, {"name": "X"}) == ["number"]  # the first type is that of new items
    assert refused(requests, {"name": "X", "content_type": "complaint"}) == ["due"]
    assert refused(requests, {"content_type": "complaint", "due": "2026-12-01"}) == ["name"]
    assert refused(requests, {"name": "X", "content_type": "nonsense"}) == ["content_type"]
    assert refused(requests, {"name": "X", "number": "1", "content_type": None}) == ["content_type"]
    with requests.write("north") as (session, actor):
        made = items.create(session, actor, "requests", {
            "name": "Broken", "content_type": "complaint", "due": "2026-12-01", "price": "5"})  # fmt: skip
        assert (made["state"], made["worker"].id, str(made["price"])) == ("done", actor.user_id, "5.00")
        given = {"name": "Late", "content_type": "complaint", "due": "2026-12-01", "state": "open", "worker": None}
        made = items.create(session, actor, "requests", given)
        assert (made["state"], made["worker"], made["number"]) == ("open", None, None)
        with pytest.raises(Invalid) as refusal:
            items.update(session, actor, "requests", made.id, {"content_type": "question"}, version=None)
        assert [error.field for error in refusal.value.errors] == ["number"]
        changed = {"content_type": "question", "number": "7"}
        made = items.update(session, actor, "requests", made.id, changed, version=None)
        assert str(made["due"]) == "2026-12-01"  # what the other type's form has not stays
        items.restore_version(session, actor, "requests", made.id, 1)
        assert query.get(session, actor, "requests", made.id)["content_type"] == "complaint"


def test_an_item_has_a_type_however_the_column_was_made(house: House) -> None:
    with house.write("admin") as (session, actor):
        kinds = {"name": "content_type", "type": "content_type", "choices": ["a", "b"], "default": "a"}
        schema.create_list(session, actor, {"name": "forms", "columns": [kinds]})
        for odd in ({"default": {"formula": "x"}}, {"default_formula": "name"}, {"default": 5}):
            with pytest.raises(Invalid), savepoint(session):
                schema.create_list(session, actor, {"name": "odd", "columns": [{**kinds, **odd}]})
    made = house.make("forms", {"name": "X"})
    assert made["content_type"] == "a"
    with pytest.raises(Invalid, match="must be filled in"), house.write("north") as (session, actor):
        items.update(session, actor, "forms", made.id, {"content_type": None}, version=None)
    with pytest.raises(Invalid, match="must be filled in"):
        house.make("forms", {"name": "Y", "content_type": None})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"form": [{"columns": ["due"]}]}, "“Name” must be filled in"),
        ({"form": "x"}, "list of one to"), ({"form": [{"columns": ["name", "x"]}]}, "no column x"),
        ({"required": ["x"]}, "no column x"), ({"required": "due"}, "list of words"),
        ({"form": [{"columns": ["name"]}], "required": ["due"]}, "“due” must be filled in"),
        ({"defaults": {"x": 1}}, "no column x"), ({"defaults": ["due"]}, "object with columns"),
        ({"defaults": {"due": "soon"}}, "no value for “due”"),
        ({"defaults": {"state": "lost"}}, "no value for “state”"),
        ({"defaults": {"due": "@me"}}, "no value for"), ({"defaults": {"worker": 1}}, "no value for"),
        ({"description": 5}, "text per language"), ({"more": 1}, "Each choice is"), ({"title": 5}, "Each choice is"),
        ({"retired": "yes"}, "Each choice is"),
    ],
)  # fmt: skip
def test_a_type_that_makes_no_sense_is_refused(requests: House, said: Any, why: str) -> None:
    with requests.read("admin") as (session, actor), pytest.raises(Invalid, match=why) as refusal:
        changing_types.make(session, actor, "requests", {"value": "odd", **said})
    assert refusal.value.errors[0].field == "choices"


def test_types_are_changed_ordered_retired_and_removed(requests: House) -> None:
    with requests.write("admin") as (session, actor):
        changing_types.move(session, actor, "requests", "complaint", 1)
        assert content_types.default_of(definition(session, "requests")) == "complaint"
        changing_types.change(session, actor, "requests", "complaint", {"retired": True, "required": None})
        found = definition(session, "requests")
        assert content_types.default_of(found) == "question"
        assert "required" not in content_types.type_called(found, "complaint")
    assert refused(requests, {"name": "X", "content_type": "complaint"}) == ["content_type"]
    with requests.write("admin") as (session, actor):
        for what, words in (("question", "in use"), ("nowhere", "no such content type")):
            with pytest.raises(DomainError, match=words):
                changing_types.remove(session, actor, "requests", what)
        with pytest.raises(Invalid, match="must not be retired"):
            changing_types.change(session, actor, "requests", "question", {"retired": True})
        changing_types.remove(session, actor, "requests", "complaint")
        with pytest.raises(Invalid, match="last content type"):
            changing_types.remove(session, actor, "requests", "question")
        with pytest.raises(Invalid, match="is called content_type"):
            schema.add_column(session, actor, "requests", {"name": "kind", "type": "content_type", "choices": ["a"]})


def test_a_column_that_goes_is_gone_from_the_types_too(requests: House) -> None:
    with requests.write("admin") as (session, actor):
        bins.delete_column(session, actor, "requests", "due")
        changing.change_column(session, actor, "requests", "number", {"required": None})
        changing.change_column(session, actor, "requests", "number", {"hidden": True})
        types = content_types.types_of(definition(session, "requests"))
        assert types[1]["form"][0]["columns"] == ["name"] and "required" not in types[1]
        assert types[0]["form"] == [{"columns": ["name"]}]
        items.create(session, actor, "requests", {"name": "X", "content_type": "complaint"})
        bins.delete_column(session, actor, "requests", "content_type")
        bins.delete_column(session, actor, "requests", "worker")
        made = items.create(session, actor, "requests", {"name": "Without a type"})
        there = {row.name.split("-")[0]: row.id for row in bins.deleted_columns(session, actor, "requests")}
        bins.restore_column(session, actor, "requests", there["content_type"])
        assert query.get(session, actor, "requests", made.id)["content_type"] == "question"
        assert content_types.types_of(definition(session, "requests"))[1]["defaults"] == {"state": "done"}


def test_files_copies_and_the_api_carry_the_types(requests: House) -> None:
    api = requests.api("admin")
    with requests.write("admin") as (session, actor):
        body = list_files.read("".join(list_files.write(list_templates.body_of(session, actor, "requests"))))
        assert list_templates.apply(session, actor, body).changed == []
        body["columns"][-1]["choices"][0] |= {
            "form": [{"title": "Main", "columns": ["name", "number"]}],
            "required": [],
        }
        assert list_templates.apply(session, actor, body).changed == ["content_type"]
        assert list_templates.apply(session, actor, body).changed == []
        list_templates.copy(session, actor, "requests", name="copies", title={"en": "Copies"})
        list_templates.apply(session, actor, {**body, "name": "elsewhere"})
        types = content_types.types_of(definition(session, "requests"))
        for name in ("copies", "elsewhere"):
            assert content_types.types_of(definition(session, name)) == types
    column = next(one for one in api.get("/api/v1/lists/copies").json["columns"] if one["name"] == "content_type")
    assert column["choices"][1] == COMPLAINT and column["type"] == "content_type"
    choices = [*column["choices"], {"value": "praise"}]
    changed = api.patch("/api/v1/lists/copies/columns/content_type", json={"choices": choices})
    assert changed.json["choices"][2] == {"value": "praise"}
    answer = api.post("/api/v1/lists/copies/items", json={"name": "X", "content_type": "praise"})
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "number"
    assert api.post("/api/v1/lists/copies/items", json={"name": "X", "number": "1"}).json["content_type"] == "question"
    found = api.get("/api/v1/lists/requests/items?$filter=content_type eq 'question'&$orderby=content_type").json
    assert len(found["value"]) == 1
    views = {"name": "board", "title": "Board", "kind": "board", "board": "content_type", "group": "content_type"}
    assert api.post("/api/v1/lists/requests/views", json=views).status_code == 201
