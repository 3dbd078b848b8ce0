"""Who is shown an item, on a page or by a program, has a mail of it: in their language, as their rights are then."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from house import Browser, House, application, token_of
from jsonschema import Draft202012Validator
from sqlalchemy import event, select

from caseroom.lists import items, sharing
from caseroom.lists.models import User
from caseroom.outlook_addin.models import Outgoing
from caseroom.portal.notices import share_mails
from caseroom.portal.notices.models import Notice

ONCE = "6f1c1f0e-5d0c-4c5e-9a53-0d6c1d8f7b11"


@pytest.fixture
def posting(house: House) -> House:
    """The house with a mail server."""
    settings = replace(
        house.home.settings, smtp_url="smtp://127.0.0.1:1", mail_from="house@example.test",
        public_url="https://house.test/",
    )  # fmt: skip
    house.home = replace(house.home, settings=settings)
    house.app = application(house.home)
    return house


def share(house: House, who: str, list_name: str, item_id: int, *people: str, **more: Any) -> Any:
    given = {"people": [house.people[name] for name in people], **more}
    return house.api(who).post(f"/api/v1/lists/{list_name}/items/{item_id}/share", json=given)


def mails(house: House) -> list[EmailMessage]:
    while share_mails.step(house.home):
        pass
    with house.home.database.read() as session:
        rows = session.scalars(select(Outgoing).order_by(Outgoing.id)).all()
    raws = [b"".join(house.home.blobs.open(row.sha256)) for row in rows]
    return [cast(EmailMessage, message_from_bytes(raw, policy=policy.default)) for raw in raws]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def post(client: Browser, address: str, **form: Any) -> Any:
    return client.post(address, data={"csrf_token": token_of(client.get("/account").text), **form})


def test_who_is_shown_it_has_a_mail_with_the_words_and_the_link_once(posting: House) -> None:
    case = posting.make_case(name="Tower <b>").id
    told = [{"id": posting.people["both"], "title": "Both Person"}]
    for _ in range(2):
        answer = share(posting, "north", "cases", case, "both", message="Look <i>here</i>\nplease", once=ONCE)
        assert answer.status_code == 200 and answer.json == {"told": told, "others": []}
    (mail,) = mails(posting)
    assert (mail["To"], mail["Auto-Submitted"]) == ("both@house.test", "auto-generated")
    assert mail["Subject"] == "North Person shows you: Tower <b>" and "house@example.test" in mail["From"]
    plain, html = text_of(mail), text_of(mail, "html")
    assert "North Person shows you this: Tower <b> (Cases)" in plain and "Look <i>here</i>\nplease" in plain
    link = f"https://house.test/lists/cases/{case}"
    assert f"\n{link}\n" in plain and f'href="{link}"' in html
    assert "Look &lt;i&gt;here&lt;/i&gt;<br>please" in html and "Tower &lt;b&gt;" in html
    assert len(mails(posting)) == 1
    share(posting, "north", "cases", case, "both", once=ONCE)
    assert len(mails(posting)) == 1, "told once, mailed once"
    share(posting, "north", "cases", case, "both")
    assert len(mails(posting)) == 2


def test_a_page_mails_in_the_readers_language(posting: House) -> None:
    with posting.home.database.write() as session:
        session.get_one(User, posting.people["both"]).language = "sk"
    case = posting.make_case(name="Tower").id
    client = posting.client("north")
    assert "by mail" in client.get(f"/lists/cases/{case}/share").text
    post(client, f"/lists/cases/{case}/share", people=str(posting.people["both"]), message="Look")
    (mail,) = mails(posting)
    assert "Dobrý deň" in text_of(mail) and "Look" in text_of(mail) and 'lang="sk"' in text_of(mail, "html")
    assert "Také e-maily vypnete" in text_of(mail) and "Such mails" not in text_of(mail)


def test_rights_are_asked_again_when_the_mail_is_made(posting: House) -> None:
    case = posting.make_case(name="Tower", sales_group=posting.groups["North"], by="both").id
    assert share(posting, "both", "cases", case, "north").json["told"]
    with posting.write("admin") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": posting.groups["South"]}, version=None)
    assert mails(posting) == []
    with posting.write("admin") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": posting.groups["North"]}, version=None)
    assert mails(posting) == [], "it is in the portal again; the mail's time is over"


def test_who_wants_no_such_mails_is_told_in_the_portal_only(posting: House) -> None:
    case, client = posting.make_case().id, posting.client("both")
    assert 'name="mail_when_shared"' in client.get("/account").text
    assert post(client, "/account/preferences", language="en", time_zone="").status_code == 303
    share(posting, "north", "cases", case, "both")
    assert mails(posting) == []
    assert posting.api("both").get("/api/v1/me/notices").json["unseen"] == 1
    post(client, "/account/preferences", language="en", time_zone="", mail_when_shared="1")
    share(posting, "north", "cases", case, "both")
    assert len(mails(posting)) == 1


def test_a_worker_that_is_killed_loses_and_doubles_no_mail(posting: House) -> None:
    case, engine = posting.make_case().id, posting.home.database.engine
    share(posting, "north", "cases", case, "both")

    def fall(_connection: Any) -> None:
        raise KeyboardInterrupt

    event.listen(engine, "commit", fall)  # all is written, nothing is kept
    with pytest.raises(KeyboardInterrupt):
        share_mails.step(posting.home)
    event.remove(engine, "commit", fall)
    assert len(mails(posting)) == 1


def test_without_a_mail_server_nothing_waits_for_one(house: House) -> None:
    case = house.make_case().id
    share(house, "north", "cases", case, "both")
    assert mails(house) == []
    with house.home.database.read() as session:
        assert list(session.scalars(select(Notice).where(Notice.to_mail))) == []
    assert "by mail" not in house.client("north").get(f"/lists/cases/{case}/share").text


def test_programs_let_read_and_hear_of_others_as_the_page_does(house: House) -> None:
    case = house.make_case().id
    south = {"id": house.people["south"], "title": "South Person"}
    assert share(house, "north", "cases", case, "south").json == {"told": [], "others": [south]}
    assert share(house, "north", "cases", case, "south", let=True).json == {"told": [south], "others": []}
    with house.read("south") as (session, actor):
        assert sharing.readers_among(session, "cases", case, [actor])
    assert share(house, "south", "cases", case, "west").json == {"told": None, "others": None}
    assert share(house, "south", "cases", case, "west", let=True).status_code == 403
    schema = house.api("north").get("/api/v1/openapi.json").json
    described = schema["paths"]["/api/v1/lists/{name}/items/{item_id}/share"]["post"]["responses"]["200"]
    validator = Draft202012Validator({
        **described["content"]["application/json"]["schema"], "components": schema["components"],
    })  # fmt: skip
    assert list(validator.iter_errors(share(house, "north", "cases", case, "south").json)) == []


def test_what_cannot_be_shared_is_refused_in_words(shared_house: House) -> None:
    house, case = shared_house, shared_house.make_case().id
    north, both = house.api("north"), house.people["both"]
    address = f"/api/v1/lists/cases/items/{case}/share"
    for given, field in (
        ({}, "people"), ({"people": both}, "people"), ({"people": ["x"]}, "people"), ({"people": [True]}, "people"),
        ({"people": []}, "people"), ({"people": [10**30, -1, 0]}, "people"),
        ({"people": [house.people["north"]]}, "people"), ({"people": [both, 999_999]}, "people"),
        ({"people": list(range(1, 40))}, "people"), ({"people": [both], "message": 5}, "message"),
        ({"people": [both], "message": "x" * 501}, "message"), ({"people": [both], "let": 1}, "let"),
        ({"people": [both], "once": "again"}, "once"), ({"people": [both], "to": "x"}, "to"),
    ):  # fmt: skip
        answer = north.post(address, json=given)
        assert answer.status_code == 422 and answer.json["errors"][0]["field"] == field, (given, answer.text)
    south = house.api("south")
    for number in (case, 999_999):
        answer = south.post(f"/api/v1/lists/cases/items/{number}/share", json={"people": [both]})
        assert answer.status_code == 404
