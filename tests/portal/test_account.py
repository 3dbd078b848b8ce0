"""The account page: what is the user's own, and nobody else's."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from house import PASSWORD, House, token_of

from caseroom.lists.models import User
from caseroom.portal import sign_in
from caseroom.portal.models import ApiToken, SignInFailure, UserSession
from caseroom.portal.pages.account import device
from caseroom.portal.settings import languages

NEW = "plum lorry quarrel 9"


def post(client: FlaskClient, address: str, **form: str):
    token = token_of(client.get("/account").text)
    return client.post(address, data={**form, "csrf_token": token})


def test_the_page_shows_who_one_is_and_what_is_ones_own(house: House) -> None:
    text = house.client("north").get("/account").text
    for wanted in ("North Person", "north@house.test", "this browser", "/calendar/feed/", "webcal://", "Caseroom 0."):
        assert wanted in text, wanted


def test_language_and_zone_are_kept_and_used_at_once(house: House) -> None:
    client = house.client("north")
    language = languages()[-1]
    answer = post(client, "/account/preferences", language=language, time_zone="Asia/Tokyo")
    assert answer.status_code == 303
    with house.read("north") as (_session, actor):
        assert (actor.language, actor.time_zone) == (language, "Asia/Tokyo")
    assert post(client, "/account/preferences", language=language, time_zone="").status_code == 303
    with house.read("north") as (_session, actor):
        assert actor.time_zone == "Europe/Bratislava"


@pytest.mark.parametrize("form", [{"language": "xx", "time_zone": ""}, {"language": "en", "time_zone": "Mars/Base"}])
def test_an_unknown_language_or_zone_is_refused_beside_its_field(house: House, form: dict[str, str]) -> None:
    answer = post(house.client("north"), "/account/preferences", **form)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text


def test_a_new_password_needs_the_current_one_and_ends_the_other_sessions(house: House) -> None:
    here, elsewhere = house.client("north"), house.client("north")
    answer = post(here, "/account/password", current=PASSWORD, password=NEW, again=NEW)
    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    with house.read("north") as (session, _actor):
        user = session.get_one(User, house.people["north"])
        assert sign_in.password_fits(user, NEW) and not sign_in.password_fits(user, PASSWORD)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"current": "not it at all"}, "not your current password"),
        ({"password": "short", "again": "short"}, "at least 10 characters"),
        ({"password": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}, "easily guessed"),
        ({"password": "northperson1", "again": "northperson1"}, "easily guessed"),
        ({"again": "another one 77"}, "differ"),
        ({"password": "x" * 257, "again": "x" * 257}, "longer than 256"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(house: House, form: dict[str, str], said: str) -> None:
    client, other = house.client("north"), house.client("north")
    answer = post(client, "/account/password", **{"current": PASSWORD, "password": NEW, "again": NEW, **form})
    assert answer.status_code == 422 and said in answer.text
    assert other.get("/account").status_code == 200
    with house.read("north") as (session, _actor):
        assert sign_in.password_fits(session.get_one(User, house.people["north"]), PASSWORD)


def test_guessing_the_current_password_is_slowed_down_too(house: House) -> None:
    client = house.client("north")
    with house.home.database.write() as session:
        session.add_all(SignInFailure(account="north@house.test", address="10.0.0.1") for _time in range(10))
    assert post(client, "/account/password", current=PASSWORD, password=NEW, again=NEW).status_code == 429


def test_strength_is_said_in_a_word() -> None:
    known = "North Person north@house.test"
    assert [
        sign_in.strength(one, known) for one in ("aaaaaaaaaaaaaaaa", "1234567890", "qwertyuiop", "northperson99")
    ] == ["weak"] * 4
    assert sign_in.strength("Tr4m&lorry", known) == "fair"
    assert sign_in.strength("plum lorry quarrel 9 Yes", known) == "strong"
    assert sign_in.strength(sign_in.new_password(), known) in ("fair", "strong")


def test_the_strength_comes_while_typing_and_nothing_is_kept(house: House) -> None:
    client = house.client("north")
    assert "weak" in post(client, "/account/password/strength", password="short").text
    assert "strong" in post(client, "/account/password/strength", password="plum lorry quarrel 9 Yes").text
    assert post(client, "/account/password/strength", password="").text.strip() == ""


def test_one_or_all_other_sessions_can_be_ended(house: House) -> None:
    here, second, third = (house.client("north") for _browser in range(3))
    with house.read("north") as (session, _actor):
        numbers = [row.id for row in sign_in.sessions_of(session, house.people["north"])]
    assert len(numbers) == 3
    assert post(here, f"/account/sessions/{numbers[1]}/end").status_code == 303
    assert second.get("/account").status_code == 303 and third.get("/account").status_code == 200
    assert post(here, "/account/sessions/end-others").status_code == 303
    assert third.get("/account").status_code == 303 and here.get("/account").status_code == 200


def test_nobody_ends_another_users_session_or_token(house: House) -> None:
    south, north = house.client("south"), house.client("north")
    house.api("south")
    with house.read("south") as (session, _actor):
        theirs = session.query(UserSession).filter_by(user_id=house.people["south"]).one().id
        token = session.query(ApiToken).filter_by(user_id=house.people["south"]).one().id
    assert post(north, f"/account/sessions/{theirs}/end").status_code == 404
    assert post(north, f"/account/tokens/{token}/revoke").status_code == 404
    assert post(north, "/account/sessions/99999999999/end").status_code == 404
    assert south.get("/account").status_code == 200


def test_a_token_is_shown_once_works_and_ends_when_revoked(house: House) -> None:
    client = house.client("north")
    answer = post(client, "/account/tokens", name="  Nightly   export ")
    found = re.search(r'value="(cr_[\w-]+)"', answer.text)
    assert answer.status_code == 200 and found
    page = client.get("/account").text
    assert "Nightly export" in page and found.group(1) not in page
    program = house.app.test_client()
    bearer = {"Authorization": f"Bearer {found.group(1)}"}
    assert program.get("/account", headers=bearer).status_code == 200
    with house.read("north") as (session, _actor):
        row = session.query(ApiToken).filter_by(user_id=house.people["north"]).one()
        assert found.group(1) not in row.token_hash
    assert post(client, f"/account/tokens/{row.id}/revoke").status_code == 303
    assert program.get("/account", headers=bearer).status_code == 303


def test_a_token_needs_a_name_and_there_is_an_end_to_them(house: House) -> None:
    client = house.client("north")
    assert post(client, "/account/tokens", name=" ").status_code == 422
    assert post(client, "/account/tokens", name="x" * 101).status_code == 422
    with house.write("north") as (session, _actor):
        user = session.get_one(User, house.people["north"])
        for number in range(sign_in.MOST_TOKENS):
            sign_in.add_token(session, user, f"Token {number}")
    answer = post(client, "/account/tokens", name="One more")
    assert answer.status_code == 422 and "revoke one first" in answer.text


def test_a_device_is_named_as_its_user_knows_it() -> None:
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
    assert device(firefox) == "Firefox, Windows"
    assert device(phone) == "Safari, iPhone"
    assert device("curl/8.0") == "curl"
