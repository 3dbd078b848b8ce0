"""What formulas say of a row that is written: validations with their own words, defaults, columns that do not apply."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from house import House

from caseroom.lists import changing, importing, items, list_settings, mapping, query, schema
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.errors import Invalid
from caseroom.lists.formulas import definitions as formulas
from caseroom.lists.models import User
from caseroom.lists.rights import PROGRAM

VISITS = {
    "name": "visits",
    "validation": None,
    "columns": [
        {"name": "start", "type": "date", "default": {"formula": "TODAY() + 7"}},
        {"name": "end", "type": "date", "default_formula": "start + 1", "validation": {
            "formula": "ISBLANK(end) or end >= start",
            "message": {"en": "A visit ends after it begins.", "sk": "Návšteva sa končí po začiatku."}}},
        {"name": "company", "type": "lookup", "list": "relations", "validation": {
            "formula": 'company.status <> "passive"', "message": "Nobody visits 100 % passive companies."}},
        {"name": "cost", "type": "currency", "default_formula": "10 / 3", "validation": {"formula": "cost >= 0"}},
        {"name": "host", "type": "person", "default_formula": "ME()"},
        {"name": "code", "type": "text", "max": 10, "default_formula": 'UPPER(LEFT(name, 3)) & "-" & YEAR(start)'},
        {"name": "kind", "type": "choice", "choices": ["short", "long"],
         "default_formula": 'IF(cost > 100, "long", "no such")'},
        {"name": "abroad", "type": "boolean"},
        {"name": "passport", "type": "text", "required": True, "show_when": "abroad"},
    ],
}  # fmt: skip


@pytest.fixture
def visits(house: House) -> House:
    body = {key: value for key, value in VISITS.items() if key != "validation"}
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, body)
    return house


def refused(house: House, values: dict[str, Any], *, by: str = "north") -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        house.make("visits", values, by=by)
    return [(error.field, str(error)) for error in refusal.value.errors]


def change(house: House, item: Any, **values: Any) -> Any:
    with house.write("north") as (session, actor):
        return items.update(session, actor, "visits", item.id, values, version=item.version)


def test_what_cannot_be_read_hides_nothing_else_and_no_rule_that_uses_it_is_asked(visits: House) -> None:
    bad = {"name": "", "start": "2026-12-02", "end": "2026-12-01", "cost": "many", "abroad": True, "company": 999}
    assert [field for field, _words in refused(visits, bad)] == ["cost", "company", "name", "passport", "end"]
    assert [field for field, _words in refused(visits, {"start": "soon", "end": "2026-12-01"})] == ["start"]
    assert [field for field, _words in refused(visits, {"abroad": "perhaps", "cost": "-1"})] == ["abroad", "cost"]
    item = visits.make("visits", {"start": "2026-12-02", "end": "2026-12-03"})
    with pytest.raises(Invalid) as refusal:
        change(visits, item, name="", cost="many", end="2026-12-01", abroad=True)
    assert [error.field for error in refusal.value.errors] == ["cost", "name", "passport", "end"]
    with pytest.raises(Invalid) as refusal:
        change(visits, item, start="soon", end="2026-12-01")
    assert [error.field for error in refusal.value.errors] == ["start"]


def test_a_value_that_breaks_its_rule_is_refused_in_the_rules_own_words(visits: House) -> None:
    bad = {"start": "2026-12-02", "end": "2026-12-01", "cost": "-1"}
    assert refused(visits, bad) == [
        ("end", "A visit ends after it begins."),
        ("cost", "This is not valid: a rule of the list says otherwise."),
    ]
    visit = visits.make("visits", {"start": "2026-12-02", "end": None})
    with pytest.raises(Invalid, match="ends after it begins"):
        change(visits, visit, end="2026-12-01")
    assert change(visits, visit, end="2026-12-03")["version"] == 2


def test_a_columns_rule_is_asked_of_values_and_of_none_only_where_it_speaks_of_blanks(visits: House) -> None:
    assert visits.make("visits", {"cost": None})["cost"] is None, "“cost >= 0” does not make a cost required"
    with visits.write("admin") as (session, actor):
        rule = {"formula": "NOT(ISBLANK(code)) or cost < 1000", "message": "Dear visits have a code."}
        changing.change_column(session, actor, "visits", "code", {"validation": rule})
    assert refused(visits, {"cost": "1000", "code": None}) == [("code", "Dear visits have a code.")]
    assert visits.make("visits", {"cost": "999", "code": None})["code"] is None


def test_the_words_are_in_the_readers_language(visits: House) -> None:
    with visits.home.database.write() as session:
        session.get_one(User, visits.people["north"]).language = "sk"
    body = {"name": "x", "start": "2026-12-02", "end": "2026-12-01"}
    answer = visits.api("north").post("/api/v1/lists/visits/items", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": "end", "message": "Návšteva sa končí po začiatku."}]


def test_a_rule_looks_behind_a_lookup(visits: House) -> None:
    sleeping, awake = visits.make_relation(status="passive"), visits.make_relation(status="active")
    assert refused(visits, {"company": sleeping.id}) == [("company", "Nobody visits 100 % passive companies.")]
    visit = visits.make("visits", {"company": awake.id})
    assert change(visits, visit, company=None)["company"] is None


def test_an_old_item_that_breaks_a_new_rule_may_be_changed_elsewhere(visits: House) -> None:
    visit = visits.make("visits", {"cost": "500"})
    with visits.write("admin") as (session, actor):
        rule = {"formula": "cost < 100", "message": "Too dear."}
        changing.change_column(session, actor, "visits", "cost", {"validation": rule})
    visit = change(visits, visit, name="renamed")
    with pytest.raises(Invalid, match="Too dear"):
        change(visits, visit, cost="400")
    assert change(visits, visit, cost="99")["cost"] == 99


def test_a_list_has_a_rule_of_its_own(visits: House) -> None:
    with visits.write("admin") as (session, actor):
        rule = {"formula": "ISBLANK(cost) or cost < 1000 or NOT(ISBLANK(company))", "message": "Who pays?"}
        list_settings.change(session, actor, "visits", {"validation": rule})
    assert refused(visits, {"cost": "1000"}) == [("", "Who pays?")]
    with visits.write("admin") as (session, actor):
        list_settings.change(session, actor, "visits", {"validation": None})
    assert visits.make("visits", {"cost": "1000"})["cost"] == 1000


def test_defaults_are_computed_when_an_item_is_made(visits: House) -> None:
    visit = visits.make("visits", {"name": "audit", "start": "2026-03-01"})
    assert visit["end"].isoformat() == "2026-03-02" and visit["cost"] == Decimal("3.33")
    assert visit["host"].id == visits.people["north"] and visit["code"] == "AUD-2026"
    assert visit["kind"] is None, "what does not fit the column is left blank"
    given = visits.make("visits", {"name": "audit", "end": None, "cost": "200", "code": "mine"})
    assert (given["end"], given["cost"], given["code"], given["kind"]) == (None, 200, "mine", "long")
    assert change(visits, given, start="2027-01-01")["end"] is None, "a default is for new items only"


def test_a_column_that_does_not_apply_is_not_required(visits: House) -> None:
    visit = visits.make("visits", {"abroad": False})
    assert refused(visits, {"abroad": True}) == [("passport", "“passport” must be filled in.")]
    with pytest.raises(Invalid, match="must be filled in"):
        change(visits, visit, abroad=True)
    visit = change(visits, visit, abroad=True, passport="X1")
    with pytest.raises(Invalid, match="must be filled in"):
        change(visits, visit, passport=None)
    assert change(visits, visit, abroad=False, passport=None)["passport"] is None


def test_an_import_obeys_the_rules_and_fills_in_defaults(visits: House, tmp_path: Path) -> None:
    rows = "name,start,end\ngood,2026-12-01,2026-12-05\nbad,2026-12-02,2026-12-01\nopen,2026-12-03,\n"
    (tmp_path / "visits.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "m.toml").write_text(
        'match = ["name"]\n[columns]\nname = "name"\nstart = "start"\nend = "end"\n', encoding="utf-8"
    )
    prepared = importing.prepare([mapping.read_mapping(tmp_path / "m.toml", "visits", "visits.csv")], tmp_path)
    result = importing.run(visits.home.database, PROGRAM, prepared)[0]
    assert (result.counts["created"], result.counts["refused"]) == (2, 1)
    assert "A visit ends after it begins." in str(result.refused[0])
    with visits.read("admin") as (session, actor):
        page = query.page(session, actor, "visits", order=[("name", False)])
        assert [(item["name"], item["code"]) for item in page.items] == [("good", "GOO-2026"), ("open", "OPE-2026")]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"validation": {"formula": "x + 1"}}, "validation: At character 3: a condition belongs here"),
        ({"validation": "x > 1"}, "validation: A validation has a formula"),
        ({"validation": {"formula": "x > 1", "message": 5}}, "validation: The message is a text"),
        ({"validation": {"formula": "x > 1", "message": {"en": ""}}}, "validation: The message is a text"),
        ({"default_formula": "TODAY()"}, "default_formula: At character 1: a number belongs here."),
        ({"default": {"formula": "1 +"}}, "default_formula: At character 4: the formula ends too early."),
        ({"show_when": "nosuch"}, "show_when: At character 1: the list visits has no column “nosuch”."),
        ({"show_when": ["x"]}, "show_when: A formula is a text"),
        ({"formula": "1"}, "formula: A column of type number has no option formula."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(visits: House, column: dict[str, Any], said: str) -> None:
    with visits.write("admin") as (session, actor), pytest.raises(Invalid) as refusal:
        schema.add_column(session, actor, "visits", {"name": "x", "type": "number", **column})
    (error,) = refusal.value.errors
    assert f"{error.field}: {error}".startswith(said)


def test_a_default_item_must_be_one_of_the_columns_list(visits: House) -> None:
    body = {"name": "second", "type": "lookup", "list": "cases", "default_formula": "company"}
    with pytest.raises(Invalid, match="item of another list"), visits.write("admin") as (session, actor):
        schema.add_column(session, actor, "visits", body)
    with visits.write("admin") as (session, actor):
        schema.add_column(session, actor, "visits", {**body, "list": "relations"})
    company = visits.make_relation()
    assert visits.make("visits", {"company": company.id})["second"].id == company.id


def test_rules_are_shown_by_names_and_count_as_uses(visits: House) -> None:
    with visits.read("admin") as (session, _):
        lists, found = catalogue(session), definition(session, "visits")
        shown = formulas.shown(lists, found, found.column("end").options)
        assert shown["validation"]["formula"] == "ISBLANK(end) or end >= start"
        assert shown["default_formula"] == "start + 1"
        places = [owner.name for _, owner in formulas.uses(lists, found.column("start")) if owner]
        assert places == ["end", "code"]


def test_the_programs_lists_may_get_rules_too(house: House) -> None:
    with house.write("admin") as (session, actor):
        rule = {"formula": 'status <> "closed" or NOT(ISBLANK(closing_note))', "message": "Say how it ended."}
        list_settings.change(session, actor, "cases", {"validation": rule})
    case = house.make_case()
    north = house.api("north")
    address = f"/api/v1/cases/{case.id}/actions/close"
    refused_ = north.post(address, json={"outcome": "won"})
    assert refused_.status_code == 422 and "Say how it ended." in refused_.text
    assert north.post(address, json={"outcome": "won", "closing_note": "Signed."}).status_code == 200
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "cases", case.id)["status"] == "closed"
