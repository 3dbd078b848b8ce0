"""Signing in, and what guards every request: guesses slowed down, sessions that end, form tokens, headers."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from house import PASSWORD, House, token_of
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from caseroom.lists.models import User, now
from caseroom.portal import request as portal_request
from caseroom.portal import sign_in
from caseroom.portal.app import create_app
from caseroom.portal.home import open_home
from caseroom.portal.models import SignInFailure, UserSession
from caseroom.portal.request import COOKIE, is_own_address
from caseroom.portal.settings import load

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def lone(tmp_path: Path, sqlite_template: Path) -> House:
    """A house on SQLite alone, for what has nothing to do with the database."""
    import shutil

    from house import settle

    shutil.copyfile(sqlite_template, tmp_path / "caseroom.db")
    return settle(tmp_path / "home", f"sqlite:///{tmp_path / 'caseroom.db'}")


def attempt(client: FlaskClient, email: str, password: str, *, address: str = "127.0.0.1", **form: str) -> Any:
    """Try to sign in from a network address."""
    where = {"REMOTE_ADDR": address}
    token = token_of(client.get("/sign-in", environ_overrides=where).text)
    data = {"email": email, "password": password, "csrf_token": token, **form}
    return client.post("/sign-in", data=data, environ_overrides=where)


def fail_often(house: House, account: str, address: str, times: int) -> None:
    with house.home.database.write() as session:
        session.add_all(SignInFailure(account=account, address=address) for _time in range(times))


# --- Guessing -------------------------------------------------------------------------------------


def test_after_ten_wrong_passwords_even_the_right_one_waits(house: House) -> None:
    client = house.client()
    for _time in range(house.home.settings.sign_in_attempts):
        assert attempt(client, "north@house.test", "wrong password").status_code == 422
    refused = attempt(client, "north@house.test", PASSWORD)
    assert refused.status_code == 429 and "15 minutes" in refused.text
    assert "Set-Cookie" not in refused.headers or COOKIE not in refused.headers["Set-Cookie"]
    assert attempt(house.client(), " North@House.test ", PASSWORD, address="10.0.0.9").status_code == 429


def test_others_are_not_kept_waiting_for_one_accounts_wrong_passwords(lone: House) -> None:
    fail_often(lone, "north@house.test", "10.0.0.1", 10)
    assert attempt(lone.client(), "south@house.test", PASSWORD, address="10.0.0.2").status_code == 303
    assert attempt(lone.client(), "west@house.test", PASSWORD, address="10.0.0.1").status_code == 303


def test_an_address_that_tries_many_accounts_waits_and_others_do_not(lone: House) -> None:
    for number in range(100):
        fail_often(lone, f"nobody{number}@house.test", "10.0.0.1", 1)
    assert attempt(lone.client(), "south@house.test", PASSWORD, address="10.0.0.1").status_code == 429
    assert attempt(lone.client(), "south@house.test", PASSWORD, address="10.0.0.2").status_code == 303


def test_the_wait_ends(lone: House) -> None:
    fail_often(lone, "north@house.test", "10.0.0.1", 10)
    with lone.home.database.write() as session:
        session.query(SignInFailure).update({"at": now() - timedelta(minutes=16)})
    assert attempt(lone.client(), "north@house.test", PASSWORD).status_code == 303


def test_an_unknown_address_takes_as_long_as_a_wrong_password_and_says_the_same(lone: House) -> None:
    with lone.home.database.read() as session:
        known = sign_in.find_user(session, "north@house.test")
        unknown = sign_in.find_user(session, "nobody@house.test")
    assert known and unknown is None
    known.password_hash = sign_in.hash_password(PASSWORD)  # as slow as real ones, unlike the house's

    def fastest(user: User | None) -> float:
        spent = []
        for _time in range(5):
            start = time.process_time()
            assert not sign_in.password_fits(user, "wrong password")
            spent.append(time.process_time() - start)
        return min(spent)

    assert 0.5 < fastest(known) / fastest(unknown) < 2
    say = [
        re.sub(r'value="[^"]*"|content="[^"]*"', "", attempt(lone.client(), email, "wrong password").text)
        for email in ("north@house.test", "nobody@house.test")
    ]
    assert say[0] == say[1]


def test_who_is_kept_out_cannot_sign_in_with_the_right_password(lone: House) -> None:
    with lone.home.database.write() as session:
        session.get_one(User, lone.people["north"]).active = False
    assert attempt(lone.client(), "north@house.test", PASSWORD).status_code == 422


# --- Sessions -------------------------------------------------------------------------------------


def test_the_cookie_is_for_http_only_and_for_this_site(house: House) -> None:
    answer = attempt(house.client(), "north@house.test", PASSWORD)
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith(f"{COOKIE}="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie


def test_cookies_are_secure_where_the_public_address_is_https(lone: House, tmp_path: Path) -> None:
    settings = load(
        tmp_path / "home", environ={}, database_url=str(lone.home.database.url), public_url="https://crm.example.test"
    )
    app = create_app(settings, opened=open_home(settings))
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://crm.example.test")
    signed_in = client.post(
        "/sign-in",
        base_url="https://crm.example.test",
        headers={"Referer": "https://crm.example.test/sign-in"},
        data={"email": "north@house.test", "password": PASSWORD, "csrf_token": token_of(page.text)},
    )
    assert signed_in.status_code == 303
    cookies = page.headers.getlist("Set-Cookie") + signed_in.headers.getlist("Set-Cookie")
    assert cookies and all("Secure" in cookie for cookie in cookies)
    assert "max-age" in signed_in.headers["Strict-Transport-Security"]


def test_signing_in_makes_a_new_session_and_ends_the_one_before(house: House) -> None:
    client = house.client("north")
    before = client.get_cookie(COOKIE)
    assert before
    answer = client.post(
        "/sign-in",
        data={"email": "south@house.test", "password": PASSWORD, "csrf_token": token_of(client.get("/account").text)},
    )
    after = client.get_cookie(COOKIE)
    assert answer.status_code == 303 and after and after.value != before.value
    assert "South Person" in client.get("/account").text
    stranger = house.client()
    stranger.set_cookie(COOKIE, before.value)
    assert stranger.get("/account").status_code == 303


def test_a_secret_that_an_attacker_chose_opens_nothing_after_sign_in(house: House) -> None:
    client = house.client()
    with house.app.test_request_context():
        planted = portal_request.cookie_value("chosen-by-an-attacker")
    client.set_cookie(COOKIE, planted)
    assert attempt(client, "north@house.test", PASSWORD).status_code == 303
    attacker = house.client()
    attacker.set_cookie(COOKIE, planted)
    assert attacker.get("/account").status_code == 303


def test_a_form_token_from_before_signing_in_is_worth_nothing_after(house: House) -> None:
    client = house.client()
    token = token_of(client.get("/sign-in").text)
    assert attempt(client, "north@house.test", PASSWORD).status_code == 303
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 403


def test_signing_out_ends_the_session_even_for_who_kept_the_cookie(house: House) -> None:
    client = house.client("north")
    kept = client.get_cookie(COOKIE)
    assert kept and client.get("/account").status_code == 200
    assert client.post("/sign-out", data={"csrf_token": token_of(client.get("/account").text)}).status_code == 303
    assert client.get_cookie(COOKIE) is None
    client.set_cookie(COOKIE, kept.value)
    assert client.get("/account").status_code == 303


def test_a_session_ends_when_it_is_not_used_or_too_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = house.client("north")
    assert client.get("/account").status_code == 200
    real = time.time
    hours = house.home.settings.session_hours * 3600
    monkeypatch.setattr(time, "time", lambda: real() + hours - 60)
    assert client.get("/account").status_code == 200  # used just in time: renewed
    monkeypatch.setattr(time, "time", lambda: real() + 2 * hours - 120)
    assert client.get("/account").status_code in (200, 303)
    monkeypatch.setattr(time, "time", lambda: real() + 4 * hours)
    assert client.get("/account").status_code == 303
    monkeypatch.undo()
    other = house.client("south")
    with house.home.database.write() as session:
        session.query(UserSession).filter_by(user_id=house.people["south"]).update({"expires": now()})
    assert other.get("/account").status_code == 303


def test_a_cookie_that_was_tampered_with_is_no_session(lone: House) -> None:
    client = lone.client("north")
    cookie = client.get_cookie(COOKIE)
    assert cookie
    said, made, signature = cookie.value.split(".")
    for value in (
        # Its first letter, since of the last one's bits some mean nothing.
        ".".join([said, made, ("B" if signature[0] == "A" else "A") + signature[1:]]),
        "",
        "x",
        said,
        "é" * 9,
    ):
        client.set_cookie(COOKIE, value)
        assert client.get("/account").status_code == 303, value


# --- Where one goes on ----------------------------------------------------------------------------

ADDRESSES = st.one_of(
    st.text(max_size=60),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                [
                    "/",
                    "\\",
                    "//",
                    "http:",
                    "https:",
                    "evil.test",
                    "@",
                    ":",
                    "?",
                    "#",
                    "%2f",
                    "%5c",
                    "\t",
                    "\n",
                    ".",
                    "javascript:",
                    " ",
                    "\u00a0",
                    "\u2028",
                    "\x00",
                    "lists",
                    ";",
                    "[",
                    "]",
                ]
            ),
            max_size=8,
        ),
    ),
)


@given(ADDRESSES)
@hypothesis_settings(max_examples=500, deadline=None)
def test_no_address_leads_away_from_the_portal(wanted: str) -> None:
    if not is_own_address(wanted):
        return
    # As a browser reads it (WHATWG URL): tabs and line ends vanish, a backslash is a slash.
    read = re.sub(r"[\t\r\n]", "", wanted.strip("\x00\x1f ")).replace("\\", "/")
    there = urlsplit(urljoin("http://portal.test/sign-in", read))
    assert (there.scheme, there.netloc) == ("http", "portal.test")


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "\\\\evil.test",
        "evil.test",
        "/a\r\nSet-Cookie: x=1",
        "http:/evil.test",
        "///evil.test",
    ],
)
def test_an_open_redirect_is_refused(lone: House, wanted: str) -> None:
    assert attempt(lone.client(), "north@house.test", PASSWORD, next=wanted).headers["Location"] == "/"


def test_one_goes_on_where_one_wanted_to(lone: House) -> None:
    client = lone.client()
    away = client.get("/calendar?view=week&date=2026-12-01")
    assert away.status_code == 303
    wanted = re.search(r'name="next" value="([^"]*)"', client.get(away.headers["Location"]).text)
    assert wanted
    there = wanted.group(1).replace("&amp;", "&")
    assert there == "/calendar?view=week&date=2026-12-01"
    assert attempt(client, "north@house.test", PASSWORD, next=there).headers["Location"] == there


# --- Every address --------------------------------------------------------------------------------


def address_of(rule: Rule) -> str:
    """An address that the rule answers, with something in each place."""
    return re.sub(r"<(?:(?P<kind>\w+)(?:\((?P<args>[^)]*)\))?:)?\w+>", _sample, rule.rule)


def _sample(found: re.Match[str]) -> str:
    if found["kind"] == "any":
        return found["args"].split(",")[0].strip("'\" ")
    return (
        "1"
        if found["kind"] in ("int", "float")
        else "00000000-0000-0000-0000-000000000000"
        if found["kind"] == "uuid"
        else "x"
    )


def test_every_unsafe_address_wants_the_form_token_of_who_has_a_cookie(lone: House) -> None:
    signed_in, stranger = lone.client("admin"), lone.client()
    walked = 0
    # Sign-in from Outlook's frame neither reads nor sets a cookie: there is nothing to forge.
    without_cookies = {
        name for name, view in lone.app.view_functions.items() if getattr(view, "ignores_cookies", False)
    }
    assert all(name.startswith("outlook.") for name in without_cookies) and len(without_cookies) <= 2
    for rule in lone.app.url_map.iter_rules():
        if rule.endpoint in without_cookies:
            continue
        for method in sorted(set(UNSAFE) & (rule.methods or set())):
            for client in (signed_in, stranger):
                answer = client.open(address_of(rule), method=method)
                assert answer.status_code == 403, (method, rule.rule, answer.status_code)
                assert client.open(address_of(rule), method=method, data={"csrf_token": "x"}).status_code == 403
            walked += 1
    assert walked > 10
    assert signed_in.get("/account").status_code == 200


def test_a_bearer_token_needs_no_form_token_and_a_wrong_one_is_nobody(lone: House) -> None:
    program = lone.api("north")
    assert program.post("/account/language", data={"language": "en"}).status_code == 303
    program.environ_base["HTTP_AUTHORIZATION"] = "Bearer cr_wrong"
    answer = program.post("/account/language", data={"language": "en"})
    assert answer.status_code == 303 and "/sign-in" in answer.headers["Location"]


def test_a_bearer_token_beside_a_cookie_never_uses_the_cookie(lone: House) -> None:
    client = lone.client("north")
    answer = client.post("/sign-out", headers={"Authorization": "Bearer cr_wrong"})
    assert answer.status_code == 303
    assert client.get_cookie(COOKIE) is None or client.get("/account").status_code == 200


def test_every_answer_has_the_security_headers_and_is_never_sniffed(lone: House) -> None:
    clients = (lone.client("admin"), lone.client())
    walked = 0
    for rule in lone.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        for client in clients:
            address = "/static/css/tokens.css" if rule.endpoint == "static" else address_of(rule)
            answer = client.get(address)
            assert answer.status_code < 500, rule.rule
            assert answer.headers["X-Content-Type-Options"] == "nosniff", rule.rule
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe-eval" not in policy and "default-src 'none'" in policy, rule.rule
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert "Content-Type" in answer.headers or not answer.data
            walked += 1
    assert walked > 20
    assert lone.client().get("/there/is/nothing").headers["X-Content-Type-Options"] == "nosniff"


def test_pages_of_who_is_signed_in_are_not_kept_by_anybody(lone: House) -> None:
    assert lone.client("north").get("/account").headers["Cache-Control"] == "no-store"


# --- Behind a proxy -------------------------------------------------------------------------------


def address_noted(lone: House, tmp_path: Path, proxies: int) -> str:
    settings = load(tmp_path / "home", environ={}, database_url=str(lone.home.database.url), trusted_proxies=proxies)
    client = create_app(settings, opened=open_home(settings)).test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.7, 198.51.100.4"
    assert attempt(client, "north@house.test", "wrong password", address="127.0.0.1").status_code == 422
    with lone.home.database.read() as session:
        return session.query(SignInFailure).order_by(SignInFailure.id.desc()).first().address  # type: ignore[union-attr]


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "198.51.100.4"), (2, "203.0.113.7")])
def test_a_forwarded_address_counts_only_from_trusted_proxies(
    lone: House, tmp_path: Path, proxies: int, address: str
) -> None:
    assert address_noted(lone, tmp_path, proxies) == address


# --- Weight ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_texts_are_sent_packed_to_who_can_unpack_them(lone: House, encoding: str) -> None:
    client = lone.client("north")
    for address in ("/account", "/static/css/tokens.css?v=1", "/static/icons.svg"):
        plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": encoding})
        assert packed.headers["Content-Encoding"] == encoding, address
        assert len(packed.data) < len(plain.data) * 0.6
        assert "Accept-Encoding" in packed.headers["Vary"]
    font = client.get("/static/fonts/inter-latin.woff2", headers={"Accept-Encoding": encoding})
    assert "Content-Encoding" not in font.headers
    assert (
        "immutable"
        in client.get("/static/css/tokens.css?v=1", headers={"Accept-Encoding": encoding}).headers["Cache-Control"]
    )


def test_a_packed_file_that_has_not_changed_is_not_sent_again(lone: House) -> None:
    client = lone.client()
    first = client.get("/static/icons.svg", headers={"Accept-Encoding": "br"})
    again = client.get("/static/icons.svg", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
