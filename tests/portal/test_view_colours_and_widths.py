"""Colour rules and column widths on pages: made, ordered, refused, shown to colleagues, kept in a view."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from house import House, token_of

CASES = "/lists/cases"
RULES = [("value > 1000", "red"), ("value > 1", "green")]


def sent(*rules: tuple[str, str], **more: str) -> str:
    pairs = [pair for formula, colour in rules for pair in (("formula", formula), ("colour", colour))]
    return f"{CASES}/colours?{urlencode([*pairs, *more.items()])}"


def hues(page: str) -> list[str]:
    return re.findall(r'class="row-hue-(\d)"', page)


def typed(page: str) -> list[tuple[str, str]]:
    """The rows of the form: condition and colour."""
    rows = re.findall(r'<select class="input" name="colour".*?</select>.*?name="formula"[^>]*>', page, re.DOTALL)
    found = [(re.search(r' value="([^"]*)" list', row), re.search(r'value="(\w+)" selected', row)) for row in rows]
    return [(unescape(formula[1]), colour[1]) for formula, colour in found if formula and colour]


def test_a_salesperson_colours_rows_sees_them_and_saves_them_with_a_view(house: House) -> None:
    house.make_case(name="Big", value="5000")
    house.make_case(name="Little", value="5")
    client = house.client("north")
    form = client.get(f"{CASES}/colours?view=all&sort=name").text
    assert typed(form) == [("", "blue")] and "[Expected value] &gt; 1000" in form
    answer = client.get(sent(*RULES, ("", "blue"), view="all", sort="name"))
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert hues(page) == ["8", "3"] and "Save view as…" in page
    # A colleague who is sent the address sees the colours under their own rights, on a board too.
    assert hues(house.client("both").get(answer.location).text) == ["8", "3"]
    assert "row-hue-8" in client.get(f"{answer.location}&kind=board&board=stage").text
    assert client.get(f"{answer.location}&kind=calendar&start=created").status_code == 200
    state = urlsplit(answer.location).query
    saved = client.post(
        f"{CASES}/views/new", data={"csrf_token": token_of(page), "state": state, "title": "Tinted"}
    ).location
    assert hues(client.get(saved).text) == ["8", "3"] and "Save view as…" not in client.get(saved).text
    again = client.get(saved.replace(CASES, f"{CASES}/colours")).text
    assert typed(again) == [*RULES, ("", "blue")]
    # The same rules need no place in the address; none at all are said there.
    assert client.get(sent(*RULES, view="tinted")).location == f"{CASES}?view=tinted"
    bare = client.get(sent(("", "red"), view="tinted")).location
    assert hues(client.get(bare).text) == [] and dict(parse_qsl(urlsplit(bare).query))["colours"] == "none"


def test_rules_are_added_ordered_and_taken_away_without_scripts(house: House) -> None:
    client = house.client("north")
    up = client.get(sent(*RULES, do="up-1"))
    assert up.status_code == 200 and typed(up.text) == RULES[::-1]
    assert typed(client.get(sent(*RULES, do="down-0")).text) == RULES[::-1]
    assert typed(client.get(sent(*RULES, do="remove-0")).text) == RULES[1:]
    assert typed(client.get(sent(*RULES, do="add")).text) == [*RULES, ("", "blue")]
    assert len(typed(client.get(sent(*RULES * 12, do="add")).text)) == 20
    for odd in ("up-99", "remove--1", "up-", "nonsense", "down-²"):
        assert typed(client.get(sent(*RULES, do=odd)).text) == RULES, odd


def test_a_refused_rule_is_named_and_nothing_typed_is_lost(house: House) -> None:
    client = house.client("north")
    wrong = [("value > 1000", "red"), ("value >", "green"), ("price = 3", "grey")]
    answer = client.get(sent(*wrong, view="all"))
    assert answer.status_code == 422 and typed(answer.text) == wrong
    said = unescape(re.sub(r"<[^>]*>", "", answer.text))
    assert "Rule 2: At character" in said and "Rule 3: At character 1" in said and "Rule 1:" not in said
    assert 'name="view" value="all"' in answer.text
    # While one types, each condition is answered for itself.
    check = f"{CASES}/colours/check?{urlencode({'formula': 'price = 3'})}"
    assert "has no column “price”" in client.get(check).text and "<html" not in client.get(check).text
    assert "Understood" in client.get(f"{CASES}/colours/check?formula=value>3").text
    assert client.get(f"{CASES}/colours/check").text.strip() == ""
    assert client.get(sent(("value > 1" + " + 1" * 200, "red"), ("value > 1" + " + 1" * 200, "red"))).status_code == 422
    # In an address: what is wrong is left out and told, the rest stands; over the API the rule is named as well.
    house.make_case(name="Big", value="5000")
    odd = client.get(f"{CASES}?{urlencode({'view': 'all', 'colours': 'pink: price > 3' + chr(10) + 'red: value > 1'})}")
    assert "Colour rule 1 is left out" in odd.text and hues(odd.text) == ["8"]
    refused = house.api("north").post(
        f"/api/v1{CASES}/views",
        json={"name": "odd", "colours": [{"formula": formula, "colour": colour} for formula, colour in wrong]},
    )
    assert refused.json["errors"][0]["message"].startswith("Rule 2: ")


def test_a_rule_in_an_address_tells_nothing_of_what_is_masked(house: House) -> None:
    house.make("events", {"case": house.make_case(by="south").id, "description": "Merger"}, by="south")
    rule = urlencode({"view": "all", "colours": 'red: description = "Merger" or not (description = "Merger")'})
    assert "row-hue-8" in house.client("south").get(f"/lists/events?{rule}").text
    seen = house.client("north").get(f"/lists/events?{rule}").text
    assert "<tbody" in seen and hues(seen) == []


def test_widths_are_typed_refused_kept_and_drawn_into_ones_own_view(house: House) -> None:
    house.make_case(name="Big", value="5000")
    client = house.client("north")
    form = client.get(f"{CASES}/choose-columns?view=all&columns=name,value").text
    assert 'aria-label="Width of Expected value in pixels"' in form

    def chosen(width: str, **more: str) -> str:
        rows = [("column", "name"), ("of", "name"), ("place", "1"), ("width", "300")]
        rows += [("column", "value"), ("of", "value"), ("place", "2"), ("width", width), ("show", "1")]
        return f"{CASES}/choose-columns?{urlencode([*rows, *more.items()])}"

    for wrong in ("wide", "39", "1001", "-80"):
        refused = client.get(chosen(wrong, view="all"))
        assert refused.status_code == 422 and f'value="{wrong}"' in refused.text and "Expected value: “" in refused.text
    answer = client.get(chosen("120", view="all"))
    page = client.get(answer.location).text
    assert re.findall(r'<col width="(\d+)">', page) == ["36", "300", "120"] and "Save view as…" in page
    assert "data-widths-show" in page and "data-widths-save" not in page
    state = urlsplit(answer.location).query
    saved = client.post(
        f"{CASES}/views/new", data={"csrf_token": token_of(page), "state": state, "title": "Drawn"}
    ).location
    page = client.get(saved).text
    draw = re.search(r'data-widths-save="([^"]*)"', page)
    assert draw is not None and re.findall(r'<col width="(\d+)">', page) == ["36", "300", "120"]
    drawn = client.post(draw[1], data={"csrf_token": token_of(page), "widths": "name:310,value:99,stage:77"})
    assert drawn.status_code == 204
    assert re.findall(r'<col width="(\d+)">', client.get(saved).text) == ["36", "310", "99"]
    (view,) = [one for one in house.api("north").get(f"/api/v1{CASES}/views").json["value"] if not one["shared"]]
    assert view["widths"] == {"name": 310, "value": 99, "stage": 77} and view["columns"] == ["name", "value"]
    token = {"csrf_token": token_of(page)}
    assert client.post(draw[1], data={**token, "widths": "name:5"}).status_code == 422
    assert client.post(draw[1], data={**token, "widths": "nonsense:50"}).status_code == 422
    other = house.client("both")
    mine = {"csrf_token": token_of(other.get(CASES).text), "widths": "name:100"}
    assert other.post(draw[1], data=mine).status_code == 404
    assert view["widths"] == house.api("north").get(f"/api/v1{CASES}/views").json["value"][-1]["widths"]
