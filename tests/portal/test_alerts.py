"""Alerts: which changes they find, when they are told, how, and to whom not."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from house import House, application, token_of
from sqlalchemy import func, select, update

from caseroom.lists import comments, items, views
from caseroom.lists.errors import Invalid, NotFound
from caseroom.lists.models import now
from caseroom.outlook_addin.models import Outgoing
from caseroom.portal.notices import alerts, delivering, following, letters, reading, schedule
from caseroom.portal.notices.models import Alert, AlertFinding, Digest


def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None) -> Any:
    return client.post(address, data={"csrf_token": token_of(client.get("/lists").text), **(data or {})})


def work(house: House) -> None:
    """All that a running worker does with the log, at once."""
    while following.step(house.home):
        pass
    while delivering.step(house.home):
        pass


def with_mail(house: House) -> House:
    settings = replace(house.home.settings, smtp_url="smtp://127.0.0.1:1", mail_from="house@example.test")
    house.home = replace(house.home, settings=settings)
    house.app = application(house.home)
    return house


def alert(house: House, who: str, list_name: str = "cases", **more: Any) -> int:
    with house.write(who) as (session, actor):
        return alerts.add(session, actor, list_name, **more).id


def change(house: House, who: str, case: int, **values: Any) -> None:
    with house.write(who) as (session, actor):
        items.update(session, actor, "cases", case, values, version=None)


def told(house: House, who: str) -> list[tuple[int, str | None]]:
    with house.read(who) as (session, actor):
        found, _older = reading.page(session, actor)
        return [(one.item_id, one.change) for one in reversed(found) if one.kind == "alert"]


def mails(house: House) -> list[EmailMessage]:
    with house.home.database.read() as session:
        rows = session.scalars(select(Outgoing).order_by(Outgoing.id)).all()
    raws = [b"".join(house.home.blobs.open(row.sha256)) for row in rows]
    return [cast(EmailMessage, message_from_bytes(raw, policy=policy.default)) for raw in raws]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content()


def test_an_alert_of_a_list_tells_what_others_do_in_it(house: House) -> None:
    alert(house, "both")
    case = house.make_case(by="north").id
    own = house.make_case(by="both").id
    work(house)
    assert told(house, "both") == [(case, "new")]
    change(house, "north", case, name="Another")
    change(house, "both", own, name="My own")
    work(house)
    assert told(house, "both") == [(case, "new"), (case, "changed")]
    with house.write("north") as (session, actor):
        items.delete(session, actor, "cases", case, version=None)
    work(house)
    assert told(house, "both")[-1] == (case, "deleted")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ("new", ["new"]),
        ("changed", ["changed"]),
        ("deleted", ["deleted"]),
        ("all", ["new", "changed", "comment", "deleted"]),
    ],
)
def test_an_alert_tells_the_kind_of_change_that_was_asked_for(house: House, changes: str, found: list[str]) -> None:
    alert(house, "both", changes=changes)
    case = house.make_case(by="north").id
    work(house)
    change(house, "north", case, name="Another")
    work(house)
    with house.write("north") as (session, actor):
        comments.add(session, actor, "cases", case, "Said")
    work(house)
    assert [kind for _item, kind in told(house, "both")] == [kind for kind in found if kind != "deleted"]
    with house.write("north") as (session, actor):
        items.delete(session, actor, "cases", case, version=None)
    work(house)
    assert told(house, "both") == [(case, "deleted")] * ("deleted" in found)  # of the item itself nothing is told now


def test_an_alert_of_columns_tells_only_when_these_change(house: House) -> None:
    case = house.make_case(by="north").id
    alert(house, "both", item_id=case, changes="columns", columns=["value"])
    change(house, "north", case, name="Another")
    work(house)
    assert told(house, "both") == []
    change(house, "north", case, value="5")
    work(house)
    assert told(house, "both") == [(case, "changed")]


def a_view(house: House, who: str, filter_: str) -> int:
    with house.write(who) as (session, actor):
        return views.save(session, actor, "cases", {"name": "dear", "title": "Dear", "filter": filter_}).id


@pytest.mark.parametrize("filter_", ["value gt 100", "value gt 100 and created_by ne '@me'"])
def test_an_item_that_enters_or_leaves_a_view_counts(house: House, filter_: str) -> None:
    case, other = house.make_case(by="north", value="1").id, house.make_case(by="north", value="1").id
    alert(house, "both", view_id=a_view(house, "both", filter_))
    change(house, "north", case, value="500")
    change(house, "north", other, value="50")
    work(house)
    assert told(house, "both") == [(case, "entered")]
    change(house, "north", case, name="Still dear")
    work(house)
    change(house, "north", case, value="7")
    work(house)
    assert [kind for _item, kind in told(house, "both")] == ["entered", "changed", "left"]


def test_a_change_of_three_lines_at_once_is_told_once_with_all_of_it(house: House) -> None:
    with_mail(house)
    case = house.make_case(by="north", name="First", value="1").id
    alert(house, "both", item_id=case, by_mail=True)
    for value in ("2", "3", "4"):
        change(house, "north", case, value=value)
    work(house)
    assert told(house, "both") == [(case, "changed")]
    [mail] = mails(house)
    assert re.search(r": €?1(\.00)? → €?4(\.00)?\s", text_of(mail)), text_of(mail)


def test_who_may_not_read_the_item_is_alerted_of_nothing(house: House) -> None:
    with_mail(house)
    alert(house, "south", by_mail=True)
    case = house.make_case(by="both", sales_group=house.groups["North"]).id
    alert(house, "both", item_id=case, by_mail=True)
    alert(house, "west", by_mail=True)
    change(house, "north", case, name="A secret name")
    work(house)
    assert told(house, "south") == told(house, "west") == []
    assert {mail["To"] for mail in mails(house)} == {"both@house.test"}


def test_a_right_that_is_lost_before_it_is_told_tells_nothing(house: House) -> None:
    with_mail(house)
    case = house.make_case(by="both", sales_group=house.groups["North"]).id
    alert(house, "north", item_id=case, by_mail=True)
    change(house, "both", case, name="A secret name")
    while following.step(house.home):
        pass
    change(house, "both", case, sales_group=house.groups["West"])
    work(house)
    assert told(house, "north") == [] and mails(house) == []
    with house.home.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertFinding)) == 0


def test_a_mail_tells_old_and_new_in_the_reader_s_language(house: House) -> None:
    with_mail(house)
    with house.write("admin") as (session, _actor):
        from caseroom.lists.models import User

        session.execute(update(User).where(User.id == house.people["both"]).values(language="sk"))
    case = house.make_case(by="north", name="Mill", value="1500").id
    alert(house, "both", item_id=case, by_mail=True)
    change(house, "north", case, value="2500", name="Mill & <Sons>")
    work(house)
    [mail] = mails(house)
    assert mail["To"] == "both@house.test" and mail["Auto-Submitted"] == "auto-generated"
    plain, html = text_of(mail), text_of(mail, "html")
    assert "Dobrý deň" in plain and "Názov: Mill → Mill & <Sons>" in plain, plain
    assert re.search(r"1\s500\S* → 2\s500", plain) and f"/lists/cases/{case}" in plain, plain
    assert "Mill &amp; &lt;Sons&gt;" in html and "<del>" in html


def test_without_a_mail_server_everything_is_told_in_the_portal(house: House) -> None:
    alert(house, "both", by_portal=False, by_mail=True)
    case = house.make_case(by="north").id
    work(house)
    assert told(house, "both") == [(case, "new")] and mails(house) == []
    assert "portal only" in house.client("both").get("/alerts").text


def test_a_digest_waits_for_its_hour_and_comes_once(house: House) -> None:
    with_mail(house)
    number = alert(house, "both", rhythm="daily", hour=7, by_mail=True)
    for name in ("One", "Two"):
        house.make_case(by="north", name=name)
    work(house)
    assert told(house, "both") == [] and mails(house) == []
    with house.home.database.write() as session:
        session.execute(update(AlertFinding).where(AlertFinding.alert_id == number).values(due=now()))
    work(house)
    work(house)
    [mail] = mails(house)
    assert "One" in text_of(mail) and "Two" in text_of(mail)
    assert len(told(house, "both")) == 2


class Killed(BaseException):
    """As if the process died here."""


@pytest.mark.parametrize("at", ["Digest", "insert_new", "Outgoing", "delete"])
def test_a_worker_that_dies_while_telling_loses_and_doubles_nothing(
    house: House, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mail(house)
    alert(house, "both", by_mail=True)
    case = house.make_case(by="north").id

    def die(*_given: Any, **_more: Any) -> None:
        raise Killed

    while following.step(house.home):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(delivering, at, die)
        with pytest.raises(Killed):
            delivering.step(house.home)
    assert mails(house) == [] and told(house, "both") == []
    work(house)
    work(house)
    assert len(mails(house)) == 1 and told(house, "both") == [(case, "new")]
    with house.home.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Digest)) == 1


def test_two_workers_that_tell_at_once_tell_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with_mail(house)
    alert(house, "both", by_mail=True)
    house.make_case(by="north")
    while following.step(house.home):
        pass
    write = letters.write

    def another_comes_first(*given: Any) -> Any:
        monkeypatch.undo()
        delivering.tell(house.home, house.people["both"])
        return write(*given)

    monkeypatch.setattr(letters, "write", another_comes_first)
    delivering.tell(house.home, house.people["both"])
    assert len(mails(house)) == 1


BRATISLAVA = ZoneInfo("Europe/Bratislava")


@pytest.mark.parametrize(
    ("at", "hour", "due"),
    [
        ("2026-03-28 09:00", 8, "2026-03-29 08:00"),  # the night of the change
        ("2026-10-24 09:00", 8, "2026-10-25 08:00"),
        ("2026-03-28 23:00", 2, "2026-03-29 03:00"),  # there is no 02:00
        ("2026-10-25 01:00", 2, "2026-10-25 02:00"),  # there are two, and the first counts
        ("2026-06-01 07:59", 8, "2026-06-01 08:00"),
        ("2026-06-01 08:00", 8, "2026-06-02 08:00"),
    ],
)
def test_the_hour_of_a_digest_is_the_clock_s_on_the_wall(at: str, hour: int, due: str) -> None:
    instant = datetime.datetime.fromisoformat(at).replace(tzinfo=BRATISLAVA)
    found = schedule.due("daily", hour, 0, "Europe/Bratislava", instant)
    assert f"{found.astimezone(BRATISLAVA):%Y-%m-%d %H:%M}" == due


def test_a_year_of_digests_has_one_a_day_and_one_a_week() -> None:
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for rhythm, expected in (("daily", 365), ("weekly", 52)):
        days, then = [], at
        while (then := schedule.due(rhythm, 2, 3, "Europe/Bratislava", then)).year == 2026:
            days.append(then.astimezone(BRATISLAVA).date())
        assert len(days) == len(set(days))
        assert abs(len(days) - expected) <= 1
        assert rhythm == "daily" or {day.weekday() for day in days} == {3}


def test_alerts_are_made_seen_and_ended_on_pages(house: House) -> None:
    case, client = house.make_case(by="north", name="Mill").id, house.client("both")
    assert "Mill" in client.get(f"/lists/cases/alert?item={case}").text
    form = {"item": case, "changes": "all", "rhythm": "weekly", "weekday": 4, "hour": 16, "by": "portal"}
    assert send(client, "/lists/cases/alert", form).status_code == 303
    page = client.get("/alerts").text
    assert "Mill" in page and "Weekly, Friday, 16:00" in page
    again = send(client, "/lists/cases/alert", {**form, "by": "mail"})
    with house.read("both") as (session, actor):
        number = alerts.of_user(session, actor)[0].alert.id
    assert again.status_code == 422 and f"You have this alert already: number {number}." in again.text
    assert f'href="/alerts/{number}"' in again.text
    refused = send(client, "/lists/cases/alert", {**form, "changes": "columns"})
    assert refused.status_code == 422 and "Choose at least one column." in refused.text
    with house.read("both") as (session, actor):
        number = alerts.of_user(session, actor)[0].alert.id
    assert house.client("north").get(f"/alerts/{number}/end").status_code == 404
    assert "both" in house.client("admin").get("/alerts?of=everybody").text.lower()
    assert house.client("north").get("/alerts?of=everybody").status_code == 403
    assert "Mill" in client.get(f"/alerts/{number}/end").text
    send(client, f"/alerts/{number}/end")
    assert "Mill" not in client.get("/alerts").text


def test_an_administrator_ends_anybody_s_alert(house: House) -> None:
    number = alert(house, "both")
    house.make_case(by="north")
    while following.step(house.home):
        pass
    send(house.client("admin"), f"/alerts/{number}/end")
    work(house)
    assert told(house, "both") == []
    with house.home.database.read() as session:
        assert session.get(Alert, number) is None


def test_an_alert_of_what_one_may_not_read_is_refused(house: House) -> None:
    case = house.make_case(by="north").id
    with pytest.raises(NotFound):
        alert(house, "south", item_id=case)
    with pytest.raises(NotFound):
        alert(house, "south", view_id=999)
    hidden, never = (house.client("south").get(f"/lists/cases/alert?item={one}") for one in (case, 999_999))
    assert hidden.status_code == never.status_code == 404
    with pytest.raises(Invalid):
        alert(house, "north", by_portal=False)


def test_an_alert_is_changed_by_its_owner_and_what_waits_is_told_at_the_new_time(house: House) -> None:
    house.make_relation(name="Somebody")
    one = alert(house, "both", rhythm="weekly", hour=8, weekday=(now().weekday() + 3) % 7)
    client = house.client("both")
    page = client.get(f"/alerts/{one}").text
    assert f'action="/alerts/{one}"' in page and 'value="weekly" checked' in page
    assert f'href="/alerts/{one}"' in client.get("/alerts").text
    case = house.make_case(by="north").id
    work(house)
    assert told(house, "both") == []
    form = {"changes": "columns", "rhythm": "now", "hour": "8", "weekday": "0", "by": "portal"}
    refused = send(client, f"/alerts/{one}", form)
    assert refused.status_code == 422 and "Choose at least one column." in refused.text
    assert 'value="columns" checked' in refused.text and 'value="now" checked' in refused.text
    for wrong in ({"rhythm": "daily", "hour": "24"}, {"rhythm": "weekly", "weekday": ""}):
        assert send(client, f"/alerts/{one}", {**form, "columns": ["value"], **wrong}).status_code == 422
    unused = {"columns": ["value"], "rhythm": "now", "hour": "", "weekday": "9"}
    assert send(client, f"/alerts/{one}", {**form, **unused}).status_code == 303
    page = client.get(f"/alerts/{one}").text
    assert "required" not in page.split('class="fields-row alert-time"')[1].split("</select></div></div>")[0]
    assert send(client, f"/alerts/{one}", {**form, "columns": ["value"]}).status_code == 303
    assert "When these columns change: Expected value · At once · portal only" in client.get("/alerts").text
    assert 'name="columns" value="value" checked' in client.get(f"/alerts/{one}").text
    work(house)
    assert told(house, "both") == [(case, "new")], "what it had found is told at its new time"
    change(house, "north", case, description="Not of it")
    change(house, "north", case, value="7")
    work(house)
    assert told(house, "both") == [(case, "new"), (case, "changed")]
    # Nobody else changes it; to all but administrators it is not there.
    wanted = {**form, "changes": "all"}
    assert house.client("north").get(f"/alerts/{one}").status_code == 404
    assert send(house.client("north"), f"/alerts/{one}", wanted).status_code == 404
    assert send(house.client("admin"), f"/alerts/{one}", wanted).status_code == 403
    assert send(client, "/alerts/99999999999", wanted).status_code == 404


def test_an_alert_of_what_may_not_be_read_any_more_cannot_be_changed(house: House) -> None:
    case = house.make_case(by="north").id
    one = alert(house, "north", item_id=case)
    client = house.client("north")
    assert client.get(f"/alerts/{one}").status_code == 200 and 'value="new"' not in client.get(f"/alerts/{one}").text
    with house.write("admin") as (session, actor):
        items.update(session, actor, "cases", case, {"sales_group": house.groups["South"]}, version=None)
    gone, missing = client.get(f"/alerts/{one}"), client.get("/lists/cases/999999/edit")
    assert gone.status_code == missing.status_code == 404 and "There is no such item." in gone.text
    assert f'href="/alerts/{one}"' not in client.get("/alerts").text
