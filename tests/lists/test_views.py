"""Saved views: what they may say, whose they are, which one a reader begins with; counts and totals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from house import House

from caseroom.lists import query, totals, views
from caseroom.lists.catalogue import definition
from caseroom.lists.columns import Reference
from caseroom.lists.errors import Conflict, Forbidden, Invalid, NotFound
from caseroom.lists.filters import And, Compare
from caseroom.lists.totals import Summary

FULL: dict[str, Any] = {
    "columns": ["name", "stage", "value"],
    "widths": {"name": 320},
    "filter": "status eq 'new' and expected_close lt '@today' and (value gt 100 or sales_group eq '@my_groups')",
    "order": "stage, value desc",
    "group": "stage, salesperson",
    "totals": {"value": "sum", "expected_close": "min", "company": "filled"},
    "colours": [
        {"formula": "expected_close < TODAY()", "colour": "red"},
        {"formula": "value > 500", "colour": "green"},
    ],
    "kind": "board",
    "board": "stage",
}


def save(house: House, who: str, **body: Any) -> int:
    with house.write(who) as (session, actor):
        return views.save(session, actor, "cases", {"name": "own", **body}).id


def first(house: House, who: str) -> str:
    with house.read(who) as (session, actor):
        view = views.first_view(session, definition(session, "cases"), actor)
    assert view is not None
    return view.name


def test_a_view_keeps_all_that_it_may_say_and_survives_the_renaming_of_what_its_formulas_use(house: House) -> None:
    made = house.api("north").post("/api/v1/lists/cases/views", json={"name": "full", "title": "Full", **FULL})
    assert made.status_code == 201, made.text
    assert {name: made.json[name] for name in FULL} == FULL
    with house.read("north") as (session, actor):
        known = views.views_for(session, definition(session, "cases"), actor)
        stored = next(view for view in known if view.name == "full")
        assert "[#" in stored.settings["colours"][0]["formula"]
        assert stored in [view for view in known if view.id == made.json["id"]]


WRONG: list[tuple[str, Any]] = [
    ("columns", ["nonsense"]),
    ("columns", "name"),
    ("widths", {"name": 5}),
    ("widths", {"nonsense": 100}),
    ("filter", "nonsense eq 1"),
    ("filter", "value gt 'much'"),
    ("filter", 5),
    ("order", "nonsense"),
    ("order", "value sideways"),
    ("order", "name," * 40),
    ("group", "nonsense"),
    ("group", "stage sideways"),
    ("group", "contacts"),
    ("group", "value"),
    ("group", "stage, salesperson, owner"),
    ("totals", {"company": "sum"}),
    ("totals", {"value": "median"}),
    ("totals", {"value": []}),
    ("totals", []),
    ("colours", [{"formula": "value >", "colour": "red"}]),
    ("colours", [{"formula": "value", "colour": "red"}]),
    ("colours", [{"formula": "value > 1", "colour": "pink"}]),
    ("colours", [{"formula": 5, "colour": "red"}]),
    ("kind", "gantt"),
    ("kind", "board"),
    ("kind", "calendar"),
    ("board", "value"),
    ("start", "name"),
    ("end", "expected_close"),
    ("default", "yes"),
    ("default_for", [1]),
    ("default_for", ["north"]),
]
# What a setting lacks is named, where it is right by itself.
NEEDED = {("kind", "board"): "board", ("kind", "calendar"): "start", ("end", "expected_close"): "start"}


def test_a_view_that_its_list_does_not_understand_is_refused_by_name(house: House) -> None:
    north = house.api("north")
    for setting, value in WRONG:
        refused = north.post("/api/v1/lists/cases/views", json={"name": "bad", setting: value})
        assert refused.status_code == 422, (setting, value, refused.text)
        fields = {error["field"] for error in refused.json["errors"]}
        assert fields == {NEEDED.get((setting, str(value)), setting)}, (setting, value, refused.json)


def test_ones_own_view_is_changed_and_deleted_by_nobody_else_and_shared_ones_by_administrators(house: House) -> None:
    mine, ours = save(house, "north", title="Mine"), save(house, "admin", name="ours", shared=True)
    for who, view, refusal in (("both", mine, NotFound), ("admin", mine, NotFound), ("north", ours, Forbidden)):
        with house.write(who) as (session, actor):
            with pytest.raises(refusal):
                views.change(session, actor, "cases", view, {"title": "Theirs"})
            with pytest.raises(refusal):
                views.delete(session, actor, "cases", view)
    with house.write("north") as (session, actor):
        with pytest.raises(Conflict):
            views.save(session, actor, "cases", {"name": "own"})
        with pytest.raises(Forbidden):
            views.change(session, actor, "cases", mine, {"shared": True})
        changed = views.change(session, actor, "cases", mine, {"title": "Hot", "filter": "value gt 1", "columns": None})
        assert changed.title("en") == "Hot" and changed.settings == {"filter": "value gt 1"}
        with pytest.raises(NotFound):
            views.delete(session, actor, "relations", mine)
        views.delete(session, actor, "cases", mine)
        known = views.views_for(session, definition(session, "cases"), actor)
        assert "own" not in {view.name for view in known}


def test_a_reader_begins_with_their_own_view_else_their_groups_else_everybodys(house: House) -> None:
    assert first(house, "north") == "open"
    save(house, "admin", name="norths", shared=True, default_for=[house.groups["North"]])
    assert (first(house, "north"), first(house, "south")) == ("norths", "open")
    save(house, "north", default=True)
    assert (first(house, "north"), first(house, "both")) == ("own", "norths")
    save(house, "admin", name="ours", shared=True, default=True, default_for=[house.groups["North"]])
    assert (first(house, "both"), first(house, "south")) == ("ours", "ours")
    with house.read("both") as (session, _actor):
        settings = {view.name: view.settings for view in definition(session, "cases").views}
    assert not settings["open"].get("default") and not settings["norths"].get("default_for")


def test_views_stand_in_the_order_that_was_asked_for(house: House) -> None:
    for name in ("one", "two", "three"):
        number = save(house, "north", name=name)
    with house.write("north") as (session, actor):
        views.change(session, actor, "cases", number, {"position": 0})
        own = [view.name for view in views.views_for(session, definition(session, "cases"), actor) if view.user_id]
        assert own == ["three", "one", "two"]
        with pytest.raises(Invalid):
            views.change(session, actor, "cases", number, {"position": -1})


def test_a_column_that_a_view_needs_is_not_deleted(house: House) -> None:
    admin = house.api("admin")
    columns = [{"name": "size", "type": "number"}, {"name": "mood", "type": "choice", "choices": ["good", "bad"]}]
    assert admin.post("/api/v1/lists", json={"name": "parts", "columns": columns}).status_code == 201
    views_ = "/api/v1/lists/parts/views"
    colours = {"name": "v", "colours": [{"formula": "size > 5", "colour": "red"}]}
    number = admin.post(views_, json=colours).json["id"]
    assert admin.delete("/api/v1/lists/parts/columns/size").status_code == 409
    for settings in ({"totals": {"size": "sum"}}, {"widths": None, "group": "size"}):
        patched = admin.patch(f"{views_}/{number}", json={"colours": None, "totals": None, "group": None, **settings})
        assert patched.status_code == 200, patched.text
        assert admin.delete("/api/v1/lists/parts/columns/size").status_code == 409
    assert admin.patch(f"{views_}/{number}", json={"kind": "board", "board": "mood", "group": None}).status_code == 200
    assert admin.delete("/api/v1/lists/parts/columns/size").status_code == 204
    assert admin.delete("/api/v1/lists/parts/columns/mood").status_code == 409
    assert admin.delete(f"{views_}/{number}").status_code == 204
    assert admin.delete("/api/v1/lists/parts/columns/mood").status_code == 204


# --- Counts and totals ----------------------------------------------------------------------------


def summary(house: House, who: str, list_name: str = "cases", **asked: Any) -> Summary:
    with house.read(who) as (session, actor):
        return totals.summarise(session, actor, list_name, **asked)


def test_groups_have_counts_and_totals_and_money_of_two_currencies_is_never_added(house: House) -> None:
    with house.read("north") as (session, actor):
        stages = {item.title: item.reference for item in query.page(session, actor, "stages").items}
    offer, contacted = stages["Offer"], stages["Contacted"]
    rows = [("10", "EUR", offer), ("15.50", "EUR", offer), ("7", "USD", offer), ("1", "EUR", contacted)]
    for value, currency, stage in [*rows, (None, "EUR", contacted)]:
        house.make_case(value=value, currency=currency, stage=stage.id)
    wanted = {"value": "sum", "name": "count", "expected_close": "filled"}
    found = summary(house, "north", by=["stage", "salesperson"], totals=wanted)
    assert found.parts[offer,].count == 3 and found.parts[contacted,].count == 2 and not found.capped
    assert found.parts[offer,].totals["value"] == [("EUR", Decimal("25.50")), ("USD", Decimal(7))]
    assert found.parts[contacted,].totals["value"] == [("EUR", Decimal(1))]
    assert found.whole and found.whole.count == 5 and found.whole.totals["name"] == [(None, 5)]
    assert found.whole.totals["expected_close"] == [(None, 0)]
    (inner,) = [part for part in found.groups(2) if part.key[0] == offer]
    assert isinstance(inner.key[1], Reference) and inner.count == 3
    for function, amounts in (("avg", Decimal("8.5")), ("min", Decimal(1)), ("max", Decimal("15.5"))):
        where = And([Compare(("currency",), "eq", "EUR"), Compare(("value",), "lt", 100)])
        whole = summary(house, "north", where=where, totals={"value": function}).whole
        got = whole and whole.totals["value"]
        expected = Decimal("26.5") / 3 if function == "avg" else amounts
        assert got == [("EUR", expected)], function


def test_what_a_reader_may_not_see_is_in_no_group_and_no_total(house: House) -> None:
    house.make_case(value="10", by="north")
    house.make_case(value="90000", by="south")
    seen = summary(house, "north", by=["salesperson"], totals={"value": "sum"})
    assert seen.whole and seen.whole.count == 1 and seen.whole.totals["value"] == [("EUR", Decimal(10))]
    assert len(seen.groups()) == 1
    # Events show their headline to everybody: who and when, and nothing of what about.
    house.make("events", {"case": house.make_case(by="south").id, "description": "Secret"}, by="south")
    masked = summary(house, "north", "events", by=["description"], totals={"description": "filled"})
    assert masked.whole and masked.whole.count == 1
    assert [(part.key, part.count) for part in masked.groups()] == [((None,), 1)]
    assert masked.whole.totals["description"] == [(None, 0)]
    full = summary(house, "south", "events", by=["description"])
    assert [part.key for part in full.groups()] == [("Secret",)]


def test_more_rows_or_groups_than_are_added_up_have_no_total_instead_of_a_wrong_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        house.make("products", {"name": f"P{number}"}, by="admin")
    monkeypatch.setattr(totals, "MOST_GROUPS", 3)
    assert summary(house, "north", "products", by=["name"]).capped
    assert not summary(house, "north", "products").capped
    monkeypatch.setattr(totals, "MOST_ROWS", 3)
    assert summary(house, "north", "products").capped
