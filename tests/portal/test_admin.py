"""Administration: for administrators alone; what they change acts at once; nobody locks the house from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from house import PASSWORD, House, token_of

from caseroom.lists import changelog
from caseroom.lists.crm import users
from caseroom.lists.errors import Conflict
from caseroom.lists.models import Membership, User, UserRole, now
from caseroom.lists.rights import PROGRAM
from caseroom.portal import sign_in, status
from caseroom.portal.models import Lease

PAGES = ("/admin", "/admin/users", "/admin/users/new", "/admin/organisation", "/admin/status")


def post(client: FlaskClient, address: str, **form: Any):
    token = token_of(client.get("/admin/users").text)
    return client.post(address, data={**form, "csrf_token": token})


def form_of(house: House, who: str, /, **changed: Any) -> dict[str, Any]:
    """What the form of a user sends."""
    return {"name": f"{who.title()} Person", "role": "salesperson", "groups": [], "language": "en", **changed}


@pytest.mark.parametrize("name", ["manager", "north", "reader", "templates"])
def test_only_administrators_get_in(house: House, name: str) -> None:
    client = house.client(name)
    for address in (*PAGES, f"/admin/users/{house.people['north']}"):
        answer = client.get(address)
        assert answer.status_code == 403 and "Only an administrator" in answer.text, address
    token = token_of(client.get("/account").text)
    for address in (
        "/admin/users/new",
        f"/admin/users/{house.people[name]}",
        f"/admin/users/{house.people['admin']}/active",
        f"/admin/users/{house.people['admin']}/password",
        "/admin/organisation/owners",
    ):
        form = {**form_of(house, name, role="administrator"), "csrf_token": token}
        assert client.post(address, data=form).status_code == 403, address
    assert "/admin" not in client.get("/account").text


def test_all_pages_render_for_an_administrator(house: House) -> None:
    client = house.client("admin")
    for address in (*PAGES, f"/admin/users/{house.people['north']}", f"/admin/users/{house.people['manager']}"):
        assert client.get(address).status_code == 200, address


def test_a_new_user_signs_in_with_the_password_that_was_shown_once(house: House) -> None:
    client = house.client("admin")
    answer = post(
        client, "/admin/users/new", **form_of(house, "new", email="New@House.test", groups=[house.groups["North"]])
    )
    found = re.search(r'id="f-new_password"[^>]*value="([^"]+)"', answer.text)
    assert answer.status_code == 200 and found
    with house.home.database.read() as session:
        user = sign_in.find_user(session, "new@house.test")
        assert user and sign_in.password_fits(user, found.group(1))
        assert [row.group_id for row in session.query(Membership).filter_by(user_id=user.id)] == [house.groups["North"]]
    assert found.group(1) not in client.get(f"/admin/users/{user.id}").text


@pytest.mark.parametrize(
    ("changed", "status_code", "said"),
    [
        ({"email": "north@house.test"}, 409, "already"),
        ({"email": "no address"}, 422, "not an e-mail address"),
        ({"name": " "}, 422, "must be filled in"),
        ({"role": "king"}, 422, "is not one of"),
        ({"role": "manager"}, 422, "manages at least one owner"),
        ({"role": "manager", "manages": ["99999"]}, 422, "no such item"),
        ({"groups": ["99999"]}, 422, "no such item"),
        ({"groups": ["x"]}, 422, "no such item"),
        ({"password": "short"}, 422, "at least 10 characters"),
        ({"language": "tlh"}, 422, "one of the languages"),
    ],
)
def test_a_user_who_cannot_be_is_refused_whole_and_keeps_what_was_typed(
    house: House, changed: dict[str, Any], status_code: int, said: str
) -> None:
    client = house.client("admin")
    with house.home.database.read() as session:
        before, seq = session.query(User).count(), changelog.last(session)
    answer = post(client, "/admin/users/new", **form_of(house, "brand", **{"email": "brand@house.test", **changed}))
    assert answer.status_code == status_code and said in answer.text
    assert "Brand Person" in answer.text or changed.get("name")
    with house.home.database.read() as session:
        assert (session.query(User).count(), changelog.last(session)) == (before, seq)


def test_a_change_of_groups_acts_at_the_users_next_click(house: House) -> None:
    case = house.make_case(name="Northern lights")
    south = house.people["south"]

    def may_see() -> bool:
        from caseroom.lists import query

        with house.read("south") as (session, actor):
            return bool(query.many(session, actor, "cases", [case.id]))

    client = house.client("admin")
    assert not may_see()
    assert (
        post(client, f"/admin/users/{south}", **form_of(house, "south", groups=[house.groups["North"]])).status_code
        == 303
    )
    assert may_see()
    assert (
        post(client, f"/admin/users/{south}", **form_of(house, "south", groups=[house.groups["South"]])).status_code
        == 303
    )
    assert not may_see()


def test_a_change_of_role_acts_at_the_users_next_click(house: House) -> None:
    admin, north = house.client("admin"), house.client("north")
    assert north.get("/admin").status_code == 403
    assert (
        post(
            admin, f"/admin/users/{house.people['north']}", **form_of(house, "north", role="administrator")
        ).status_code
        == 303
    )
    assert north.get("/admin").status_code == 200
    assert (
        post(admin, f"/admin/users/{house.people['north']}", **form_of(house, "north", role="reader")).status_code
        == 303
    )
    assert north.get("/admin").status_code == 403


def test_a_new_name_stands_in_the_list_of_salespeople_too(house: House) -> None:
    form = form_of(house, "north", name="Norma Nová", groups=[house.groups["North"]])
    assert post(house.client("admin"), f"/admin/users/{house.people['north']}", **form).status_code == 303
    with house.home.database.read() as session:
        person = users.salesperson_of(session, PROGRAM, session.get_one(User, house.people["north"]))
        assert person and person["name"] == "Norma Nová" and person["surname"] == "Nová"


def test_deactivating_ends_sessions_tokens_and_feed_at_once_and_keeps_memberships(house: House) -> None:
    admin, north, program = house.client("admin"), house.client("north"), house.api("north")
    feed = re.search(r"/calendar/feed/[^\"]+\.ics", north.get("/account").text)
    assert feed and program.get("/account").status_code == 200
    address = f"/admin/users/{house.people['north']}/active"
    assert post(admin, address, active="0").status_code == 303
    assert north.get("/account").status_code == 303 and program.get("/account").status_code == 303
    assert house.client().get(feed.group()).status_code == 404
    with house.home.database.read() as session:
        assert session.query(Membership).filter_by(user_id=house.people["north"]).count() == 1
    assert post(admin, address, active="1").status_code == 303
    assert north.get("/account").status_code == 303 and program.get("/account").status_code == 303
    assert house.client("north").get("/account").status_code == 200
    assert house.client().get(feed.group()).status_code == 200


def test_a_reset_password_is_shown_once_and_ends_the_sessions(house: House) -> None:
    admin, north = house.client("admin"), house.client("north")
    answer = post(admin, f"/admin/users/{house.people['north']}/password")
    found = re.search(r'id="f-new_password"[^>]*value="([^"]+)"', answer.text)
    assert found and north.get("/account").status_code == 303
    with house.read("north") as (session, _actor):
        user = session.get_one(User, house.people["north"])
        assert sign_in.password_fits(user, found.group(1)) and not sign_in.password_fits(user, PASSWORD)


def test_administrators_do_not_lock_themselves_out(house: House) -> None:
    client, own = house.client("admin"), house.people["admin"]
    with house.home.database.write() as session:
        users.add_user(session, PROGRAM, "second@house.test", name="Second Admin", role="administrator")
    assert post(client, f"/admin/users/{own}/active", active="0").status_code == 409
    answer = post(client, f"/admin/users/{own}", **form_of(house, "admin", role="salesperson"))
    assert answer.status_code == 409 and "another administrator" in answer.text
    assert client.get("/admin").status_code == 200


def test_the_last_administrator_stays_whoever_asks(house: House) -> None:
    own = house.people["admin"]
    with house.home.database.write() as session:
        with pytest.raises(Conflict):
            users.set_active(session, PROGRAM, own, False)
        with pytest.raises(Conflict):
            users.set_roles(session, PROGRAM, session.get_one(User, own), "reader")
        second = users.add_user(session, PROGRAM, "second@house.test", name="Second Admin", role="administrator")
        users.set_active(session, PROGRAM, second.id, False)
        with pytest.raises(Conflict):  # one who is kept out does not count
            users.set_active(session, PROGRAM, own, False)
        users.set_active(session, PROGRAM, second.id, True)
        users.set_roles(session, PROGRAM, session.get_one(User, own), "reader")
    with house.home.database.read() as session:
        assert session.query(UserRole).filter_by(user_id=own).one().role == "reader"


def test_an_unknown_user_is_not_there(house: House) -> None:
    client = house.client("admin")
    for number in ("0", "99999", "99999999999999999999"):
        assert client.get(f"/admin/users/{number}").status_code == 404
        assert post(client, f"/admin/users/{number}/active", active="0").status_code == 404


def test_users_are_found_by_name_and_address_without_accents(house: House) -> None:
    with house.home.database.write() as session:
        users.add_user(session, PROGRAM, "zk@house.test", name="Želmíra Kráľová", role="template_editor")
    client = house.client("admin")
    assert "Želmíra" in client.get("/admin/users?q=zelmira+kral").text
    assert "Želmíra" in client.get("/admin/users?q=ZK%40").text
    assert "Želmíra" not in client.get("/admin/users?q=nobody%25").text


def test_owners_and_groups_are_added_by_name(house: House) -> None:
    client = house.client("admin")
    assert post(client, "/admin/organisation/owners", name="Gama").status_code == 303
    with house.home.database.read() as session:
        from caseroom.lists import query
        from caseroom.lists.filters import where

        owner = query.find(session, PROGRAM, "owners", where(name="Gama"))
    assert owner
    assert post(client, "/admin/organisation/sales_groups", name="East", owner=str(owner.id)).status_code == 303
    text = client.get("/admin/organisation").text
    assert text.index("Gama") < text.index("East")
    for address, form in (
        ("owners", {"name": ""}),
        ("sales_groups", {"name": "East"}),
        ("sales_groups", {"name": "E", "owner": "x"}),
        ("sales_groups", {"name": "E", "owner": "9999"}),
    ):
        answer = post(client, f"/admin/organisation/{address}", **form)
        assert answer.status_code == 422 and "error-summary" in answer.text, form


def test_the_first_steps_are_ticked_off_as_they_are_done(house: House) -> None:
    client = house.client("admin")
    assert "First steps" in client.get("/admin").text
    house.make("relations")
    assert "The house is in order" in client.get("/admin").text


def test_the_status_page_tells_of_followers_work_and_settings_but_no_secrets(house: House) -> None:
    with house.home.database.write() as session:
        changelog.move_to(session, "search", changelog.last(session) - 3)
        changelog.set_aside(session, "search", 1, "the disk was full")
        session.add(Lease(name="worker", holder="host:1", until=now() - status.LATE * 2))
    text = house.client("admin").get("/admin/status").text
    for wanted in ("3 changes behind", "the disk was full", "host:1", "sign_in_attempts", "set aside"):
        assert wanted in text, wanted
    assert house.home.settings.secret_key not in text and "(set)" in text


def test_a_follower_that_is_up_to_date_is_no_finding(house: House) -> None:
    with house.home.database.write() as session:
        changelog.move_to(session, "search", changelog.last(session))
    with house.home.database.read() as session:
        state = status.followers(session)[0]
    assert (state.behind, state.is_late, state.since) == (0, False, None)


def test_only_items_writes_the_lists_so_every_change_of_groups_is_in_the_log(house: House) -> None:
    with house.home.database.read() as session:
        before = changelog.last(session)
    form = form_of(house, "south", groups=[house.groups["North"], house.groups["South"]])
    assert post(house.client("admin"), f"/admin/users/{house.people['south']}", **form).status_code == 303
    with house.home.database.read() as session:
        lines = changelog.read(session, before)
    assert [line.kind for line in lines] == ["update"] and "groups" in lines[0].columns
