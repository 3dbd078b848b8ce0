"""No way round (SPEC 8): what hangs on a case of group North is in no answer to who may not read it.

A random word stands in every text, file and attachment (tests/canary_garden.py). Every address of the URL map is asked
with all hidden numbers and words in it (canary_asks, canary_reads, canary_writes), by `south`, who works for another
owner, by `both`, who has just left the group, and by nobody. After each request for something hidden comes the same for
something that never was: the two answers must be the same. `north` asks the same and finds every word, so that the
test can fail.
"""

from __future__ import annotations

import io
import re

import pytest
from canary_garden import BULLETINS, HIDDEN, UNPLANTED, Garden, plant, text_columns
from canary_walk import EXEMPT, SAFE, Walk, Walker, stored
from canary_words import texts_of
from house import House, token_of
from icalendar import Calendar
from search_house import index
from sqlalchemy import update

from caseroom.lists import exporting, query
from caseroom.lists.rights import PROGRAM
from caseroom.outlook_addin.models import Outgoing

# What only its writer sees: the working copy of a check-out.
OWN_EYES = {"member.draft"}
# Reading addresses at which nobody finds a planted word, and why.
SILENT = {
    "account.show": "the asker's own account",
    "account.sign_in_page": "leads on who is signed in",
    "api_lists.columns": "definitions, which everybody may read",
    "api_me.me": "the asker's own groups",
    "api_openapi.description": "a description of the API",
    "column_menu.show": "titles of columns and addresses of the list with other arguments",
    "comments.people": "names of colleagues",
    "grid.show": "the page without its rows, which are at grid.rows",
    "lists.count": "numbers only: they must be the same as for what never was",
    "lists.index": "titles of lists",
    "api_bins.job": "the name of a list and numbers of rows",
    "jobs.show": "titles of lists and numbers of rows",
    "list_colours.check": "whether a condition is understood, whatever the rows are",
    "list_views.columns": "titles of columns",
    "list_views.save_as": "what the address itself says",
    "outlook.manifest_file": "the same for everybody",
    "outlook.taskpane": "the same for everybody",
    "actions.choose_company": "companies, which are common property",
    "actions.relations_action": "a form on the company, which is common property",
    **dict.fromkeys(
        ("admin.show", "admin.show_organisation", "admin.show_status", "admin.show_user", "admin.show_users",
         "admin.new_user", "list_settings.new", "list_settings.show", "list_settings.ask_remove",
         "list_settings.recycle_bin", "list_settings.ask_purge", "recycle_bin.show_second", "recycle_bin.ask_purge",
         "recycle_bin.ask_empty", "api_bins.read",
         "list_files.ask_export", "list_files.export", "list_files.ask_import",
         "list_files.ask_copy", "item_rights.show", "columns.new", "columns.edit", "columns.ask_type",
         "columns.ask_delete", "list_forms.show", "content_types.show", "content_types.edit",
         "imports.every", "imports.of_list", "imports.show", "imports.ask_delete", "imports.mapping",
         "imports.sample", "imports.refused",
         "api_imports.browse", "api_imports.read", "api_imports.propose", "api_imports.refused"),
        "for administrators only, whom nothing is hidden from",
    ),
}  # fmt: skip
# Writing addresses that no salesperson may use.
NOT_FOR_NORTH = (
    "/bin/second", "/admin", "/imports", "/lists/templates", "/api/v1/imports",
    "/api/v1/lists/<name>/columns", "/api/v1/lists/<name>", "/api/v1/lists", "/api/v1/lists/<name>/imports",
    "/api/v1/lists/<name>/second-bin",
)  # fmt: skip
CHANGING_LISTS = re.compile(
    r"/lists/(?:new|import|bin/.*|<list_name>/(?:settings|archive|remove|copy|form|types/.*|new-column|columns/.*|deleted-columns/.*|imports|import-mappings/.*))"
    r"|/lists/<list_name>/<int:item_id>/retire|/api/v1/lists/<name>/columns/<column>"
)


@pytest.fixture(scope="module")
def garden(shared_house: House) -> Garden:
    """The planted house, from which `both` has just left group North; nothing was indexed since."""
    planted = plant(shared_house)
    seen = Walker(planted, "both").client.get(f"/api/v1/search?q={planted.words('cases.name')}").json["value"]
    assert seen, "both must have found the case before, so that what is remembered for them could betray it"
    _leave_north(shared_house)
    return planted


@pytest.fixture(scope="module")
def seen_by_north(garden: Garden) -> Walk:
    """What `north` finds by the same walk."""
    return Walker(garden, "north").look()


def _leave_north(house: House) -> None:
    admin = house.client("admin")
    page = f"/admin/users/{house.people['both']}"
    form = {"name": "Both Person", "role": "salesperson", "groups": [house.groups["West"]], "language": "en"}
    answer = admin.post(page, data={**form, "csrf_token": token_of(admin.get(page).text)})
    assert answer.status_code == 303, answer.text


# --- The test can fail ------------------------------------------------------------------------------


def test_every_text_holds_a_word(garden: Garden) -> None:
    """Also a column that is yet to be invented: it is planted, or stands in UNPLANTED with the reason."""
    with garden.house.home.database.read() as session:
        for name in HIDDEN:
            items = query.page(session, PROGRAM, name, limit=500).items
            for column in text_columns(garden.lists[name]):
                place = f"{name}.{column.name}"
                if place not in UNPLANTED:
                    assert any(garden.words.stem in str(item[column.name]).lower() for item in items), place


def test_a_list_of_hidden_things_is_in_the_garden(garden: Garden) -> None:
    assert {name for name, found in garden.lists.items() if found.separation != "common"} == set(HIDDEN)


def test_north_finds_every_word_by_the_same_walk(garden: Garden, seen_by_north: Walk) -> None:
    assert set(garden.words.by_place) - seen_by_north.everything == OWN_EYES


def test_north_finds_words_at_every_address_that_reads(garden: Garden, seen_by_north: Walk) -> None:
    reading = {rule.endpoint for rule in garden.house.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    without = {name for name in reading if not seen_by_north.found[name]} - set(EXEMPT)
    assert without == set(SILENT)


def test_every_way_in_shows_its_own_words(garden: Garden, seen_by_north: Walk) -> None:
    """The word of a file is found in the file, that of a header in the raw message, and so on."""
    ways = {
        "api_items.browse": {"cases.description", "deleted.text", "mails.text", "visits.a_address"},
        "api_items.download": {"attached"},
        "api_items.history": {"first version's text"},
        "api_libraries.download": {"first version's file", "documents.content_text", "documents.file_name"},
        "api_libraries.versions": {"comment"},
        "api_views.browse": {"view.title", "view.filter", "view.colour"},
        "list_colours.show": {"view.colour"},
        "api_mail.attachment": {"letter.attachment", "letter.attachment_name", "letter.plain_attachment"},
        "api_mail.raw": {"letter.header", "letter.html", "letter.attachment", "mails.message_id"},
        "api_search.find": {"cases.description", "documents.content_text", "mails.text", "meeting.text"},
        "calendar.feed_of_user": {"meeting.text", "events.name", "events.place", "events.participants"},
        "calendar.show": {"cases.name", "events.name"},
        "comments.show": {"comment.text", "comment.of_member"},
        "api_comments.browse": {"comment.text"},
        "recycle_bin.show": {"deleted.name", "deleted.visit"},
        "notices.show": {"comment.of_member", "cases.name"},
        "api_notices.browse": {"comment.of_member"},
        "api_alerts.browse": {"cases.name"},
        "api_alerts.read": {"cases.name"},
        "case.show": {"comment.text", "task.text", "call.text", "mails.subject", "documents.name"},
        "company.show": {"cases.name", "task.text", "mails.subject"},
        "home.show": {"cases.name", "activities.description"},
        "items.download": {"attached"},
        "items.history": {"first version's text"},
        "lists.recycle_bin": {"deleted.name", "deleted.document"},
        "lists.show": {"cases.name", "documents.name", "mails.sender", "visits.name"},
        "mail.html_body": {"letter.html"},
    }
    missing = {name: places - seen_by_north.found[name] for name, places in ways.items()}
    assert not {name: places for name, places in missing.items() if places}


def test_what_is_refused_to_others_north_may_do(house: House) -> None:
    """The requests are sound: at every address that writes, one of them is answered with success."""
    planted = plant(house)
    with house.home.database.write() as session:
        session.execute(update(Outgoing).values(state="set_aside"))  # so that it can be sent again
    walk = Walker(planted, "north").write()
    writing = {
        f"{method} {rule.rule}"
        for rule in house.app.url_map.iter_rules()
        for method in (rule.methods or set()) - set(SAFE)
        if rule.endpoint not in EXEMPT and not rule.rule.startswith("/account")
    }
    refused = {one for one in writing if not walk.succeeded(one)}
    assert {one for one in refused if not _is_for_others(one.split(" ", 1)[1])} == set()


def _is_for_others(rule: str) -> bool:
    return rule.startswith(NOT_FOR_NORTH[:5]) or rule in NOT_FOR_NORTH or bool(CHANGING_LISTS.fullmatch(rule))


# --- No way round -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def knocked(garden: Garden) -> Walk:
    """What nobody hears, who is not signed in."""
    return Walker(garden, None).knock()


def test_every_address_and_method_is_asked_or_exempt_with_a_reason(garden: Garden, knocked: Walk) -> None:
    every = {
        f"{method} {rule.rule}"
        for rule in garden.house.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint not in EXEMPT
    }
    assert every - set(knocked.statuses) == set()


def test_who_may_not_read_the_case_finds_no_word_and_no_difference(garden: Garden) -> None:
    """`both` has left the group: at once, with whatever the index and its caches still know.

    Two thousand requests each: one of the two asks everything on SQLite, the other on PostgreSQL.
    """
    before = stored(garden)
    walk = Walker(garden, "both" if garden.house.home.database.is_sqlite else "south").probe()
    assert not walk.wrong, "\n".join(walk.wrong)
    assert not (gone := before - stored(garden)), "\n".join(gone)


def test_what_others_make_with_the_same_words_tells_them_nothing(garden: Garden) -> None:
    """Filing the very same mail, uploading a file of the same name, taking a unique value: as if nobody had before.

    By `far`, whose things nobody else in these tests sees.
    """
    before = stored(garden)
    walk = Walker(garden, "far").probe(making=True)
    assert not walk.wrong, "\n".join(walk.wrong)
    assert {"POST /api/v1/mail", "POST /lists/documents/upload"} <= set(walk.statuses)
    assert not (gone := before - stored(garden)), "\n".join(gone)


@pytest.mark.parametrize("who", ["both", "south"])
def test_the_index_brought_up_to_date_shows_no_more(garden: Garden, who: str) -> None:
    index(garden.house)
    client = garden.house.api(who)
    for word in [*garden.words.by_place.values(), garden.words.stem[:6]]:
        answer = client.get("/api/v1/search", query_string={"q": word})
        assert answer.json["value"] == [], word


def test_nobody_finds_anything(knocked: Walk) -> None:
    assert not knocked.wrong, "\n".join(knocked.wrong)


def test_a_token_that_was_revoked_opens_nothing(garden: Garden) -> None:
    walk = Walker(garden, None, _ended_token(garden.house)).knock()
    assert not walk.wrong, "\n".join(walk.wrong)


def _ended_token(house: House) -> str:
    """A token of north's that north has revoked."""
    header = house.api("north").environ_base["HTTP_AUTHORIZATION"]
    browser = house.client("north")
    page = browser.get("/account").text
    numbers = sorted({int(part.split("/")[0]) for part in page.split("/account/tokens/")[1:] if part[0].isdigit()})
    form = {"csrf_token": token_of(page)}
    assert browser.post(f"/account/tokens/{numbers[-1]}/revoke", data=form).status_code == 303
    return header.removeprefix("Bearer ")


@pytest.mark.parametrize("kind", exporting.FORMATS)
def test_exports_hold_what_their_reader_may_see(garden: Garden, kind: str) -> None:
    def words(who: str) -> set[str]:
        found: set[str] = set()
        for name in (*HIDDEN, BULLETINS, "relations", "contacts"):
            file = io.BytesIO()
            with garden.house.read(who) as (session, actor):
                exporting.export(session, actor, name, kind, file)
            found |= garden.words.among(texts_of(file.getvalue()))
        return found

    shown = {"cases.description", "activities.description", "events.place", "documents.name", "mails.text"}
    assert shown | {"visits.a_tags", "visits.a_address"} <= words("north")
    assert not words("both") | words("south")


# --- What may be seen -------------------------------------------------------------------------------


def test_south_sees_the_company_and_nothing_of_the_case(garden: Garden) -> None:
    client, company = garden.house.client("south"), garden.common["relations"]
    page = client.get(f"/lists/relations/{company}").text
    assert "Shared Works" in page and garden.words.stem not in page
    assert client.get(f"/lists/cases/{garden.naming.first('cases')}").status_code == 404
    assert client.get(f"/api/v1/lists/relations/items/{company}").json["name"] == "Shared Works"


def test_a_company_with_hidden_things_looks_like_one_with_none(garden: Garden) -> None:
    """No count, sum, next step or last contact tells of them."""
    house = garden.house
    empty = house.make_relation(name="Shared Works", email="buyer@shared.test", by="west").id
    house.make("contacts", {"surname": "Shared", "company": empty}, by="west")
    hidden = house.make_relation(name="Shared Works", email="buyer@shared.test", by="west").id
    house.make("contacts", {"surname": "Shared", "company": hidden}, by="west")
    case = house.make_case(company=hidden, value="5000", name=garden.words("cases.name"))
    house.make("activities", {"case": case.id, "activity_type": "call", "description": "Words"})
    pages = [house.client("south").get(f"/lists/relations/{number}").text for number in (empty, hidden)]
    shown = [_without_numbers(page, number) for page, number in zip(pages, (empty, hidden), strict=True)]
    assert shown[0] == shown[1]
    assert garden.words.stem in house.client("north").get(f"/lists/relations/{hidden}").text


def _without_numbers(page: str, company: int) -> str:
    page = re.sub(r'csrf[-_]token"[^>]*', "", page)
    page = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+-]*|/lists/contacts/\d+|value=\"\d+\"", "", page)
    return re.sub(rf"\b{company}\b", "#", page)


@pytest.mark.parametrize("who", ["south", "both"])
def test_the_calendar_says_meeting_with_time_place_and_salesperson_only(garden: Garden, who: str) -> None:
    house, number = garden.house, _meeting(garden)
    item = house.api(who).get(f"/api/v1/lists/events/items/{number}").json
    assert (item["name"], item["place"], item["salesperson"]["title"]) == ("Meeting", "Open square", "North Person")
    assert item["start"].startswith("2026-12-01T")
    hidden = ("company", "case", "activity", "description", "owner", "sales_group", "created_by")
    assert [item[name] for name in hidden] == [None] * len(hidden) and item["participants"] == []
    page = house.client(who).get("/calendar?view=agenda&date=2026-12-01").text
    assert "Meeting" in page and "Open square" in page and garden.words.stem not in page
    feed = house.api(who).get("/api/v1/me").json["calendar_feed"].rpartition("/calendar")[2]
    text = house.client().get(f"/calendar{feed}").data
    titles = [str(one.get("summary")) for one in Calendar.from_ical(text).walk("VEVENT")]
    assert "Meeting" in titles and garden.words.stem not in text.decode().replace("\r\n ", "")
    assert f"Meeting: {garden.words('cases.name')}" in house.client("north").get("/calendar?date=2026-12-01").text


def _meeting(garden: Garden) -> int:
    with garden.house.home.database.read() as session:
        found = query.page(session, PROGRAM, "events", limit=50).items
    return next(item.id for item in found if item["place"] == "Open square")


def test_the_order_of_masked_rows_tells_nothing(garden: Garden) -> None:
    """Sorted by what they hide, rows stand by their number, up or down."""
    house = garden.house
    case = house.make_case(name="Order", company=garden.common["relations"]).id
    texts = [("b", "2027-01-02"), ("c", "2027-01-01"), ("a", "2027-01-03")]
    made = [
        house.make("events", {"case": case, "description": text, "participants": [{"email": f"{text}@b.test"}],
                              "start": f"{day}T10:00:00+01:00", "end": f"{day}T11:00:00+01:00"}).id
        for text, day in texts
    ]  # fmt: skip
    south = house.api("south")
    for column in garden.lists["events"].visible_columns:
        if column.name in ("start", "end", "place", "salesperson", "all_day", "time_zone", "recurrence"):
            continue
        for direction, expected in (("asc", made), ("desc", made[::-1])):
            asked = {"$orderby": f"{column.name} {direction}", "$top": "500", "$select": "name"}
            shown = [one["id"] for one in south.get("/api/v1/lists/events/items", query_string=asked).json["value"]]
            assert [number for number in shown if number in made] == expected, (column.name, direction)


def test_the_order_by_hidden_targets_tells_nothing(garden: Garden) -> None:
    """A lookup to what one may not see sorts like none."""
    house = garden.house
    case, others = garden.naming.first("cases"), garden.naming.ids["activities"]
    full = {"of_cases": case, "of_activities": [others[0]], "of_documents": [garden.naming.first("documents")]}
    made = [
        house.make(BULLETINS, values, by="north").id
        for values in ({}, full, {}, {**full, "of_activities": list(others)}, {})
    ]
    south = house.api("south")
    for column in garden.lists[BULLETINS].visible_columns:
        if column.type.target in HIDDEN and column.type.target != "events":
            for direction, expected in (("asc", made), ("desc", made[::-1])):
                asked = {"$orderby": f"{column.name} {direction}", "$top": "500", "$select": "name"}
                shown = [
                    one["id"] for one in south.get(f"/api/v1/lists/{BULLETINS}/items", query_string=asked).json["value"]
                ]
                assert [number for number in shown if number in made] == expected, (column.name, direction)
