"""A small house for tests: two owners, three groups, a person of every kind, and short ways to make things.

`house` drives the real application on a real database: `house.client("north")` is a signed-in browser,
`house.api("north")` a program with a bearer token, `house.write("north")` a service call's session and actor.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.test import TestResponse

from caseroom.libraries import documents
from caseroom.libraries import installing as templates
from caseroom.lists import items, query
from caseroom.lists.crm import users
from caseroom.lists.database import Database
from caseroom.lists.models import User
from caseroom.lists.query import Item
from caseroom.lists.rights import PROGRAM, Actor, load_actor
from caseroom.portal import sign_in
from caseroom.portal.app import Caseroom, create_app
from caseroom.portal.home import Home, open_home
from caseroom.portal.notices import following
from caseroom.portal.request import COOKIE, cookie_value
from caseroom.portal.settings import load

PASSWORD = "correct horse battery"
# Argon2 is slow on purpose; a hash made with the least of work is checked with the least of work.
_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


class Answer(TestResponse):
    """An answer whose JSON a test may look into at once: where there is none, the test fails all the same."""

    if TYPE_CHECKING:
        json: Any  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]


class Browser(FlaskClient):
    """Flask's test client, with answers typed for tests."""

    if TYPE_CHECKING:

        def get(self, *args: Any, **kw: Any) -> Answer: ...
        def post(self, *args: Any, **kw: Any) -> Answer: ...
        def put(self, *args: Any, **kw: Any) -> Answer: ...
        def patch(self, *args: Any, **kw: Any) -> Answer: ...
        def delete(self, *args: Any, **kw: Any) -> Answer: ...
        def head(self, *args: Any, **kw: Any) -> Answer: ...
        def options(self, *args: Any, **kw: Any) -> Answer: ...
        def open(self, *args: Any, **kw: Any) -> Answer: ...


class CompiledOnce(BytecodeCache):
    """Every house has an application of its own; what their templates compile to they share."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = CompiledOnce()
OF_ONE_HOME = ("home", "database_url", "blob_url", "secret_key", "origins")
_applications: dict[tuple[Any, ...], Caseroom] = {}


def application(home: Home) -> Caseroom:
    """The application as `create_app` makes it for this home.

    Compiling its hundred addresses takes a tenth of a second, so that homes whose other settings are alike get copies
    of one.
    """
    settings = home.settings
    names = [one.name for one in fields(settings) if one.name not in OF_ONE_HOME]
    alike = tuple(str(getattr(settings, name)) for name in names)
    if alike not in _applications:
        _applications[alike] = create_app(settings, opened=home)
        _applications[alike].jinja_env.bytecode_cache = TEMPLATES
    app = copy(_applications[alike])
    app.extensions = {**app.extensions, "caseroom": home}
    app.config = copy(app.config)
    app.config.update(SECRET_KEY=settings.secret_key, TESTING=True)
    return app


# What SQLAlchemy compiles it keeps per dialect and engine; the tests' many short-lived engines share it.
_dialects: dict[str, Any] = {}
_compiled: LRUCache[Any, Any] = LRUCache(5000)


def share_compiled(database: Database) -> None:
    """Let this database's statements be compiled once for all tests."""
    engine = database.engine
    engine.dialect = _dialects.setdefault(engine.dialect.name, engine.dialect)
    engine.update_execution_options(compiled_cache=_compiled)


class House:
    """`people`: user ids by short name; `groups`, `owners`: item ids by name."""

    def __init__(self, home: Home) -> None:
        self.home = home
        share_compiled(home.database)
        self.app = application(home)
        self.owners: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        self.people: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def recognise(self) -> None:
        """Read the ids of people, groups and owners from the settled house's database."""
        with self.home.database.read() as session:
            self.owners = {item.title: item.id for item in query.page(session, PROGRAM, "owners").items}
            self.groups = {item.title: item.id for item in query.page(session, PROGRAM, "sales_groups").items}
            self.people = {user.email.partition("@")[0]: user.id for user in session.scalars(select(User))}

    def settle(self) -> None:
        """Make the people, groups and code lists, in an empty, prepared database."""
        stored = templates.store(self.home.blobs)
        with self.home.database.write() as session:
            for owner in ("Alfa", "Beta"):
                self.owners[owner] = items.create(session, PROGRAM, "owners", {"name": owner}).id
            for group, owner in (("North", "Alfa"), ("West", "Alfa"), ("South", "Beta")):
                made = items.create(session, PROGRAM, "sales_groups", {"name": group, "owner": self.owners[owner]})
                self.groups[group] = made.id
            self._person(session, "admin", "administrator")
            self._person(session, "manager", "manager", manages=["Alfa"])
            self._person(session, "north", "salesperson", ["North"])
            self._person(session, "west", "salesperson", ["West"])
            self._person(session, "both", "salesperson", ["North", "West"])
            self._person(session, "south", "salesperson", ["South"])
            self._person(session, "reader", "reader", ["North"])
            self._person(session, "templates", "template_editor")
            for kind in ("Preliminary interest", "Binding order"):
                items.create(session, PROGRAM, "case_types", {"name": kind})
            items.create(session, PROGRAM, "case_types", {"name": "Service support", "external_id": "service_support"})
            for place, stage in enumerate(("Contacted", "Offer", "Negotiation")):
                items.create(
                    session, PROGRAM, "stages", {"name": stage, "position": place, "probability": 20 + 20 * place}
                )
            items.create(session, PROGRAM, "closing_reasons", {"name": "Price"})
            items.create(session, PROGRAM, "document_types", {"name": "Offer"})
            templates.install(session, stored)
        while following.step(self.home):  # nobody is told of what was there before
            pass

    def _person(
        self, session: Session, name: str, role: str, groups: list[str] | None = None, manages: list[str] | None = None
    ) -> None:
        user = users.add_user(
            session,
            PROGRAM,
            f"{name}@house.test",
            name=f"{name.title()} Person",
            role=role,
            password_hash=_HASH,
            groups=[self.groups[group] for group in groups or ()],
            manages=[self.owners[owner] for owner in manages or ()],
        )
        self.people[name] = user.id

    @contextmanager
    def read(self, name: str) -> Iterator[tuple[Session, Actor]]:
        """A reading session and this person as actor."""
        with self.home.database.read() as session:
            yield session, self._actor(session, name)

    @contextmanager
    def write(self, name: str) -> Iterator[tuple[Session, Actor]]:
        """A writing transaction and this person as actor."""
        with self.home.database.write() as session:
            yield session, self._actor(session, name)

    def _actor(self, session: Session, name: str) -> Actor:
        actor = load_actor(session, self.people[name])
        assert actor is not None
        return actor

    def client(self, name: str | None = None) -> Browser:
        """A browser, signed in as the sign-in page does it; the page itself is driven by its own tests."""
        client = cast(Browser, self.app.test_client())
        if name:
            with self.home.database.write() as session:
                user = session.scalars(select(User).where(User.email == f"{name}@house.test")).one()
                secret = sign_in.open_session(session, user, address="127.0.0.1", agent="Werkzeug")
            with self.app.app_context():
                client.set_cookie(COOKIE, cookie_value(secret))
        return client

    def api(self, name: str) -> Browser:
        """A program that sends a bearer token."""
        with self.home.database.write() as session:
            user = session.scalars(select(User).where(User.id == self.people[name])).one()
            token = sign_in.add_token(session, user)
        client = cast(Browser, self.app.test_client())
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def make(
        self,
        list_name: str,
        values: dict[str, Any] | None = None,
        *,
        by: str = "north",
        program: dict[str, Any] | None = None,
    ) -> Item:
        """An item made by a person; a name is invented where none is given."""
        values = dict(values or {})
        if list_name not in ("contacts", "salespeople", "activities", "mails", "events"):
            values.setdefault("name", f"{list_name} {next(self._numbers)}")
        if list_name == "contacts":
            values.setdefault("surname", f"Person{next(self._numbers)}")
        if list_name == "events":
            values = {"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00", **values}
        if list_name in ("documents", "templates"):
            return self._make_document(list_name, values, by, (program or {}).get("content_text"))
        with self.write(by) as (session, actor):
            return items.create(session, actor, list_name, values, program=program)

    def _make_document(self, library: str, values: dict[str, Any], by: str, text: str | None) -> Item:
        """A document with a small PDF that says its name, since a document begins with its file."""
        content = f"%PDF-1.4\n% {values['name']}\n%%EOF\n".encode()
        blob = self.home.blobs.put(io.BytesIO(content))
        with self.write(by) as (session, actor):
            return documents.add_file(session, actor, library, blob, f"{values['name']}.pdf", values, text=text)

    def make_relation(self, *, by: str = "north", **values: Any) -> Item:
        return self.make("relations", values, by=by)

    def make_case(self, *, by: str = "north", **values: Any) -> Item:
        """A case, with a company of its own where none is given."""
        if "company" not in values:
            values["company"] = self.make_relation(by=by).id
        return self.make("cases", values, by=by)


def token_of(page: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page) or re.search(
        r'name="csrf-token" content="([^"]+)"', page
    )
    assert found, "the page has no form token"
    return found.group(1)


def settle(folder: Path, database_url: str, **settings: Any) -> House:
    """A new house on a prepared, empty database."""
    house = House(open_home(load(folder, environ={}, database_url=database_url, **settings)))
    house.settle()
    return house


def enter(folder: Path, database_url: str) -> House:
    """A house that is settled already."""
    house = House(open_home(load(folder, environ={}, database_url=database_url)))
    house.recognise()
    return house
