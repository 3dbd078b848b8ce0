"""Lists as boards and calendars: sums, overdue, moving with and without luck, one-click won, nobody else's cards."""

from __future__ import annotations

import datetime
import re
from html import unescape

from house import Browser, House, token_of
from statements import statements

from caseroom.lists.models import now

BOARD = "/lists/cases?kind=board&board=stage"


def lanes(page: str) -> dict[str, tuple[str, str, list[str]]]:
    """By a lane's title: its count, its sum, its cards."""
    found = {}
    for lane in re.findall(r'<section class="board-lane".*?</section>', page, re.DOTALL):
        title = re.search(r"<h2[^>]*>(.*?) <span class=\"count\">([^<]*)</span>", lane, re.DOTALL)
        total = re.search(r'<span class="board-total">.*?</span>([^<]*)</span>', lane, re.DOTALL)
        cards = re.findall(r'<div class="board-card-head"><a href="[^"]*">([^<]*)</a>', lane)
        assert title is not None
        found[unescape(title[1])] = (title[2], unescape(total[1]) if total else "", [unescape(one) for one in cards])
    return found


def moves(page: str, item: int) -> dict[str, dict[str, str]]:
    """By its words, what each button in a card's menu sends."""
    card = page.split(f'id="card-{item}"', 1)[1].split("</li>\n", 1)[0].split("</ul></div>", 1)[0]
    form = re.search(rf'<form method="post" id="moving-{item}" action="/lists/\w+/{item}/move">(.*?)</form>', card)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1])) if form else {}
    buttons = re.findall(rf' form="moving-{item}" name="to" value="([^"]*)">(.*?)</button>', card)
    return {unescape(words): {**fields, "to": unescape(value)} for value, words in buttons}


def move(client: Browser, page: str, item: int, **fields: str) -> str:
    """Send a card's form; the page that follows."""
    sent = {**fields, "csrf_token": token_of(page), "next": BOARD}
    answer = client.post(f"/lists/cases/{item}/move", data=sent)
    assert answer.status_code == 303 and answer.location == BOARD
    return client.get(BOARD).text


def test_a_board_has_counts_sums_per_currency_overdue_cards_and_empty_lanes(house: House) -> None:
    yesterday = (now().date() - datetime.timedelta(days=2)).isoformat()
    house.make_case(name="Late", value="10", expected_close=yesterday)
    house.make_case(name="Dollar", value="5", currency="USD")
    client = house.client("north")
    client.get(BOARD)
    with statements(house) as seen:
        page = client.get(BOARD).text
    found = lanes(page)
    assert list(found) == ["Contacted", "Offer", "Negotiation"] and found["Offer"] == ("0", "", [])
    assert found["Contacted"][:2] == ("2", "10\u00a0€ + 5\u00a0$") and sorted(found["Contacted"][2]) == [
        "Dollar",
        "Late",
    ]
    assert page.count("board-overdue") == 1
    # The lists' definitions, sums, their titles, the lanes, cards' places, cards and what they point to.
    assert len(seen) <= 10, "\n".join(seen)


def test_a_card_moves_by_its_menu_and_a_stale_or_refused_move_is_told_and_changes_nothing(house: House) -> None:
    case = house.make_case(name="Deal")
    client = house.client("north")
    page = client.get(BOARD).text
    forms = moves(page, case.id)
    assert set(forms) == {"Offer", "Negotiation", "empty"}
    moved = move(client, page, case.id, **forms["Offer"])
    assert lanes(moved)["Offer"][2] == ["Deal"] and "Deal: Stage is now Offer." in unescape(moved)
    stale = move(client, moved, case.id, **forms["Negotiation"])
    assert lanes(stale)["Offer"][2] == ["Deal"] and "Nothing was moved:" in stale
    wrongs: list[dict[str, str]] = [
        {"column": "value", "to": "5"}, {"to": "999999"}, {"column": "status", "to": "closed"}, {"to": "x"},
        {"column": "nonsense"}, {"version": "x"}, {"to": "9" * 30}, {"to": "\x00"},
    ]  # fmt: skip
    for wrong in wrongs:
        fields = {"version": str(house.api("north").get(f"/api/v1/lists/cases/items/{case.id}").json["version"])}
        refused = move(client, moved, case.id, **{"column": "stage", "to": "", **fields, **wrong})
        assert lanes(refused)["Offer"][2] == ["Deal"] and "Nothing was moved:" in refused, wrong
    reader = house.client("reader").get(BOARD).text
    assert lanes(reader)["Offer"][2] == ["Deal"] and not moves(reader, case.id)
    other = house.client("south")
    assert "Deal" not in other.get(BOARD).text
    other.post(f"/lists/cases/{case.id}/move", data={**forms["Offer"], "csrf_token": token_of(other.get("/").text)})
    assert house.api("north").get(f"/api/v1/lists/cases/items/{case.id}").json["stage"]["title"] == "Offer"


def test_a_case_is_won_with_one_click_and_a_board_by_what_the_program_sets_has_no_moves(house: House) -> None:
    case = house.make_case(name="Deal")
    client = house.client("north")
    page = client.get(BOARD).text
    assert f'action="/cases/{case.id}/close"' in page
    won = client.post(f"/cases/{case.id}/close", data={"outcome": "won", "next": BOARD, "csrf_token": token_of(page)})
    assert won.status_code == 303 and won.location == BOARD
    assert "Deal" not in str(lanes(client.get(BOARD).text))
    by_status = client.get("/lists/cases?view=all&kind=board&board=status").text
    assert lanes(by_status)["Closed"][2] == ["Deal"] and not moves(by_status, case.id)


def test_who_sees_the_headline_only_finds_the_cards_among_what_is_empty(house: House) -> None:
    company = house.make_relation(name="Mystery", by="south").id
    house.make("events", {"case": house.make_case(by="south", company=company).id, "name": "Visit"}, by="south")
    masked = lanes(house.client("north").get("/lists/events?view=all&kind=board&board=company").text)
    assert "Mystery" not in masked and masked["empty"][0] == "1"
    assert lanes(house.client("south").get("/lists/events?view=all&kind=board&board=company").text)["Mystery"][0] == "1"


def test_any_list_with_a_date_is_a_calendar_and_only_its_own_days_are_there(house: House) -> None:
    house.make_case(name="In May", expected_close="2027-05-14")
    house.make_case(name="In June", expected_close="2027-06-14")
    house.make_case(name="Theirs", expected_close="2027-05-14", by="south")
    client = house.client("north")
    page = client.get("/lists/cases?kind=calendar&start=expected_close&date=2027-05-01").text
    assert "May 2027" in page and "In May" in page and "In June" not in page and "Theirs" not in page
    spanning = "/lists/cases?view=all&kind=calendar&start=created&end=expected_close&date=2027-05-01"
    assert "In June" in client.get(spanning).text
    for day in ("nonsense", "0001-01-01", "9999-12-31", "2100-12-31"):
        assert client.get(f"/lists/cases?kind=calendar&start=expected_close&date={day}").status_code == 200
    assert client.get("/lists/events?view=all&kind=calendar&start=start&end=end").status_code == 200
