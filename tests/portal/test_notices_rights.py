"""Whatever happens in whatever order: nobody is told a word of an item that they may not read at that time."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from house import House, application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from caseroom.lists import comments, items, query
from caseroom.lists.crm import users
from caseroom.lists.database import savepoint
from caseroom.lists.errors import DomainError, NotFound
from caseroom.lists.rights import Level
from caseroom.outlook_addin.models import Outgoing
from caseroom.portal.notices import alerts, delivering, following, reading

PEOPLE = ("north", "west", "south", "both", "reader", "manager")
GROUPS = ("North", "West", "South")
WHO, GROUP, CASE = st.sampled_from(PEOPLE), st.sampled_from(GROUPS), st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), WHO, CASE, WHO),
        st.tuples(st.just("rename"), WHO, CASE, st.none()),
        st.tuples(st.just("move"), st.just("admin"), CASE, GROUP),
        st.tuples(st.just("join"), WHO, st.none(), st.frozensets(GROUP, max_size=2)),
        st.tuples(st.just("follow"), st.none(), st.none(), st.none()),
        st.tuples(st.just("tell"), st.none(), st.none(), st.none()),
    ),
    max_size=14,
)
_numbers = itertools.count(1)


class Story:
    """Two cases, alerts of everybody, and what is done."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.words: dict[str, int] = {}
        self.sent = 0
        self.cases = [self._case() for _ in range(2)]
        for who in PEOPLE:
            with house.write(who) as (session, actor):
                for existing in alerts.of_user(session, actor):
                    alerts.end(session, actor, existing.alert.id)
                with suppress(DomainError):  # who is in no group sees no case at all
                    alerts.add(session, actor, "cases", by_mail=True)
        while following.step(house.home) or delivering.step(house.home):
            pass
        self.sent = len(self._mails())

    def _word(self, case: int | None = None) -> str:
        word = f"secret{next(_numbers):05}"
        if case is not None:
            self.words[word] = case
        return word

    def _case(self) -> int:
        word = self._word()
        with self.house.write("admin") as (session, actor):
            values = {"name": word, "sales_group": self.house.groups["North"]}
            company = items.create(session, actor, "relations", {"name": f"Firm {word}"})
            made = items.create(session, actor, "cases", {**values, "company": company.id})
        self.words[word] = made.id
        return made.id

    def do(self, what: str, who: str | None, case: int | None, how: object) -> None:
        house = self.house
        if what == "follow":
            following.step(house.home)
        elif what == "tell":
            while delivering.step(house.home):
                pass
            self.check_mails()
        elif what == "join":
            groups = [house.groups[name] for name in cast(frozenset[str], how)]
            roles = {"reader": "reader", "manager": "manager"}
            with house.write("admin") as (session, actor):
                users.change_user(
                    session, actor, house.people[str(who)], name=f"{str(who).title()} Person",
                    role=roles.get(str(who), "salesperson"), groups=groups, language="en",
                    manages=[house.owners["Alfa"]] if who == "manager" else [],
                )  # fmt: skip
        else:
            self._write(what, str(who), self.cases[case or 0], how)

    def _write(self, what: str, who: str, case: int, how: object) -> None:
        word = self._word(case)
        with self.house.write(who) as (session, actor), suppress(DomainError), savepoint(session):
            if what == "say":
                comments.add(session, actor, "cases", case, f"{word} @{str(how).title()} Person")
            elif what == "rename":
                items.update(session, actor, "cases", case, {"name": word}, version=None)
            else:
                group = self.house.groups[str(how)]
                items.update(session, actor, "cases", case, {"sales_group": group}, version=None)

    def reads(self, who: str, case: int) -> bool:
        with self.house.read(who) as (session, actor):
            try:
                query.get(session, actor, "cases", case, right=Level.READ)
            except NotFound:
                return False
        return True

    def _mails(self) -> list[EmailMessage]:
        with self.house.home.database.read() as session:
            rows = session.scalars(select(Outgoing).order_by(Outgoing.id)).all()
        raws = [b"".join(self.house.home.blobs.open(row.sha256)) for row in rows]
        return [cast(EmailMessage, message_from_bytes(raw, policy=policy.default)) for raw in raws]

    def check_mails(self) -> None:
        mails = self._mails()
        for mail in mails[self.sent :]:
            who = str(mail["To"]).partition("@")[0]
            text = str(mail["Subject"]) + "".join(str(part.get_content()) for part in mail.iter_parts())
            for word, case in self.words.items():
                assert word not in text or self.reads(who, case), (who, word)
        self.sent = len(mails)

    def check_notices(self) -> None:
        for who in PEOPLE:
            with self.house.read(who) as (session, actor):
                found, _older = reading.page(session, actor, limit=200)
                assert reading.unseen(session, actor) <= len(found)
            for told in found:
                assert self.reads(who, told.item_id), (who, told)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_nobody_is_told_of_what_they_may_not_read_then(
    shared_house: House, steps: list[tuple[str, str, int, object]]
) -> None:
    house = shared_house
    changed = replace(house.home.settings, smtp_url="smtp://127.0.0.1:1", mail_from="house@example.test")
    house.home = replace(house.home, settings=changed)
    house.app = application(house.home)
    story = Story(house)
    for step in [*steps, ("follow", None, None, None), ("tell", None, None, None)]:
        story.do(*step)  # type: ignore[arg-type]
        if step[0] in ("move", "join", "follow", "tell"):
            story.check_notices()
