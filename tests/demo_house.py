"""A demo for tests that look at it: filled, indexed, served, with the things in it that its pages need to be seen."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from letters import a_mail, word_file
from sqlalchemy import select
from sqlalchemy.orm import Session

from caseroom.libraries import documents
from caseroom.lists import bins, filters, imports, items, list_settings, query, schema
from caseroom.lists.filters import And, Compare
from caseroom.lists.models import User
from caseroom.lists.query import Item
from caseroom.lists.rights import Actor, Level, load_actor
from caseroom.outlook_addin import filing, messages
from caseroom.portal import imports as importing
from caseroom.portal import worker
from caseroom.portal.app import Caseroom, create_app
from caseroom.portal.demo import loading
from caseroom.portal.home import Home, open_home
from caseroom.portal.notices import alerts
from caseroom.portal.settings import load

HTML = "<p><b>We take it.</b></p><p>As <a href='https://tatra.test/offer'>offered</a>.</p><table><tr><td>2</td></tr></table>"


@dataclass
class DemoHouse:
    """`ids`: items of north's by what they are good for, such as `company` or `closed_case`."""

    home: Home
    app: Caseroom
    ids: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def write(self, name: str) -> Iterator[tuple[Session, Actor]]:
        """A writing transaction and this person as actor."""
        with self.home.database.write() as session:
            user = session.scalars(select(User).where(User.email == f"{name}@demo.test")).one()
            actor = load_actor(session, user.id)
            assert actor is not None
            yield session, actor


@dataclass(frozen=True)
class FilledDemo:
    """A home to copy, filled as `caseroom demo` does on that day, index included."""

    folder: Path
    today: date


def filled_once(shared: Path) -> FilledDemo:
    """Filling takes half a minute: one process fills the folder within `shared`, the others wait for it."""
    demo, told = shared / "demo", shared / "demo.day"
    with open(shared / "demo.lock", "w") as lock:
        flock(lock, LOCK_EX)
        if not told.exists():
            today = date.today()
            _fill(demo, today)
            told.write_text(today.isoformat())
    return FilledDemo(demo, date.fromisoformat(told.read_text()))


def _fill(folder: Path, today: date) -> None:
    home = open_home(load(folder, environ={}))
    loading.fill(home, 1, today, lambda rows: lambda number: None)
    while worker.index_changes(home):
        pass
    home.database.dispose()


def open_demo(folder: Path) -> Home:
    """A filled demo, with the styleguide and a mail server that is never asked."""
    return open_home(
        load(folder, environ={}, development=True, smtp_url="smtp://127.0.0.1:9", mail_from="portal@demo.test")
    )


def enter(home: Home) -> DemoHouse:
    """A demo that is filled already."""
    house = DemoHouse(home, create_app(home.settings, opened=home))
    with home.database.write() as session:  # Slovak words are longer: what has room for them has room for English
        session.scalars(select(User).where(User.email == "north@demo.test")).one().language = "sk"
    with house.write("north") as (session, north):
        house.ids |= _busiest(session, north) | _prepared(session, north)
        house.ids["alert"] = alerts.add(session, north, "cases", item_id=house.ids["case"]).id
        html = a_mail("Offer accepted", html=HTML, attach={"order.docx": word_file()})
        prepared = filing.prepare(home.blobs, messages.parse(html))
        assert north.user_id is not None
        filed = filing.file_message(session, north, prepared, case=house.ids["case"])
        house.ids |= {"html_mail": filed.mail.id, "user": north.user_id}
        colleague = session.scalars(select(User).where(User.email == "adam.belica@demo.test")).one()
        house.ids["colleague"] = colleague.id
    house.ids |= _imported(house)
    with house.write("admin") as (session, admin):
        schema.create_list(session, admin, {"name": "papers", "title": "Papers"})
        list_settings.change(session, admin, "papers", {"folders": True})
        outer = items.create(session, admin, "papers_folders", {"name": "Contracts"})
        house.ids["folder"] = outer.id
        items.create(session, admin, "papers_folders", {"name": "With customers", "inside": outer.id})
        items.create(session, admin, "papers", {"name": "Frame contract", "folder": outer.id})
        house.ids["deleted_list"] = schema.create_list(session, admin, {"name": "trials", "title": "Trials"})
        bins.delete_list(session, admin, "trials")
    return house


def _imported(house: DemoHouse) -> dict[str, int]:
    """Imports of products: one waits for its columns, one was tried, one was undone after somebody's edit."""
    with house.write("admin") as (session, admin):
        pass
    ids: dict[str, int] = {}
    for name, table in (("new", "Widget"), ("tried", "Gadget"), ("undone", "Gear")):
        rows = f"Name;External ID;Price\n{table};{name}-1;10,5\n;{name}-2;x\n{table} 2;{name}-3;7\n"
        ids[f"{name}_import"] = importing.take(
            house.home, admin, "products", io.BytesIO(rows.encode()), f"{name} products.csv"
        )  # fmt: skip
        if name == "new":
            continue
        rules = {"name": "Name", "external_id": "External ID"}
        body = {"columns": {key: {"from": value} for key, value in rules.items()}, "match": ["external_id"]}
        with house.home.database.write() as session:
            imports.try_out(session, admin, ids[f"{name}_import"], body)
        importing.step(house.home)
    number = ids["undone_import"]
    for begin in (imports.start, imports.start_undo):
        with house.home.database.write() as session:
            begin(session, admin, number)
        while importing.step(house.home):
            pass
        with house.write("admin") as (session, admin):
            made = query.find(session, admin, "products", filters.where(external_id="undone-1"))
            if made:
                items.update(session, admin, "products", made.id, {"name": "Better gear"}, version=None)
    return ids


def _busiest(session: Session, north: Actor) -> dict[str, int]:
    """The company with which north has the most to do, and what hangs on it."""

    def all_of(name: str, **equal: Any) -> list[Item]:
        return query.page(session, north, name, where=filters.where(**equal), order=[("id", False)], limit=500).items

    own = [case for case in all_of("cases", status="new") if case.editable and case["company"]]
    [(company, _)] = Counter(case["company"].id for case in own).most_common(1)
    case = max((one for one in own if one["company"].id == company), key=lambda one: len(one["contacts"] or ()))
    closed = next(one for one in all_of("cases", status="closed") if one.editable)
    return {
        "company": company,
        "case": case.id,
        "closed_case": closed.id,
        "contact": all_of("contacts", company=company)[0].id,
        "activity": next(one.id for one in all_of("activities", activity_type="task") if one.editable),
        "event": next(one.id for one in all_of("events") if one.editable),
        "mail": next(one.id for one in all_of("mails") if one.level >= Level.READ and one["message"]),
    }


def _prepared(session: Session, north: Actor) -> dict[str, int]:
    """What nobody has done yet in a fresh demo: a check-out, an edited and a deleted item, a document in parts."""
    mine = [one for one in query.page(session, north, "documents", limit=500).items if one.editable]
    free, taken, *_ = mine
    documents.checkout(session, north, "documents", taken.id)
    of_north = And([Compare(("status",), "eq", "new"), Compare(("sales_group",), "eq", north.default_group)])
    some = [one for one in query.page(session, north, "cases", where=of_north, limit=50).items if one.editable]
    edited, deleted, discarded, *_ = some
    items.update(session, north, "cases", edited.id, {"description": "Now without the second hall."}, version=None)
    items.delete(session, north, "cases", deleted.id, version=None)
    items.delete(session, north, "cases", discarded.id, version=None)
    items.discard(session, north, "cases", discarded.id)
    templates = query.page(session, north, "templates", limit=1).items
    return {
        "document": free.id,
        "taken_document": taken.id,
        "edited_case": edited.id,
        "deleted_case": deleted.id,
        "discarded_case": discarded.id,
        "template": templates[0].id if templates else 0,
    }
