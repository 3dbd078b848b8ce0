"""Filling an empty home with the demo's world, through the same door as every other write."""

from __future__ import annotations

import dataclasses
import io
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from email.utils import getaddresses
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...libraries import extraction, formats
from ...libraries import installing as templates
from ...lists import bulk, items
from ...lists.catalogue import definition
from ...lists.crm import users
from ...lists.rights import PROGRAM, load_actor
from ...outlook_addin import filing, messages
from .. import sign_in
from ..home import Home, prepare
from ..notices import following
from . import people
from .world import Row, World, make_world, references

# The demo tells when and by whom everything was made, as an import does.
LOADER = dataclasses.replace(PROGRAM, by_import=True)
SERVICE_SUPPORT = {"Service support": "service_support"}
MARK = "demo-being-filled"  # a file in the home while it is being filled
Progress = Callable[[int], Any]


def fill(home: Home, seed: int, today: date, begin: Callable[[int], Progress]) -> None:
    """Fill an empty home with the world of `seed` as it is on `today`.

    `begin` is told how many rows there will be and answers a function that is told of every few that are written.
    While it runs, the file MARK stands in the home, so that a home that was filled half is known as such.
    """
    mark = home.settings.home / MARK
    mark.touch()
    prepare(home)
    world = make_world(seed, today)
    progress = begin(len(world.users) + sum(len(rows) for rows in world.lists.values()))
    Loading(home, world, progress).run()
    with home.database.write() as session:
        following.begin_anew(session)
    mark.unlink()


class Loading:
    """One filling of one home; `ids` knows under which id each row of the world was written, by list and key."""

    def __init__(self, home: Home, world: World, progress: Progress) -> None:
        self.home, self.world, self.progress = home, world, progress
        self.ids: dict[str, dict[str, int]] = {name: {} for name in ("users", *world.lists)}
        self.hash = sign_in.hash_password(people.PASSWORD)  # the same for all: argon2 is slow on purpose
        self.addresses: dict[str, int] = {}
        self.messages: dict[str, filing.Prepared] = {}

    def run(self) -> None:
        """Write everything: the administrator first, who made the rest, and users once their groups are there."""
        first, *others = self.world.users
        self._add_users([first])
        for name in ("owners", "sales_groups"):
            self._add_rows(name)
        self._add_users(others)
        for name in self.world.lists:
            if name not in ("owners", "sales_groups", "salespeople"):
                self._add_rows(name)
        with self.home.database.write() as session:
            templates.point(session)

    def _add_users(self, rows: list[Row]) -> None:
        sellers = {row["user"]: row for row in self.world.lists["salespeople"]}
        with self.home.database.write() as session:
            for row in rows:
                self._add_user(session, row, sellers.get(row["key"]))
        self.progress(len(rows))

    def _add_user(self, session: Session, row: Row, seller: Row | None) -> None:
        details = {}
        if seller is not None:
            columns = ("mobile", "phone", "position", "created", "modified", "created_by", "modified_by")
            details = self._written("salespeople", {name: seller[name] for name in columns})
        user = users.add_user(
            session, LOADER, row["email"], name=row["name"], role=row["roles"][0], password_hash=self.hash,
            groups=[self.ids["sales_groups"][key] for key in row["groups"]],
            manages=[self.ids["owners"][key] for key in row["manages"]],
            language=row["language"], time_zone=row["time_zone"], details=details,
        )  # fmt: skip
        self.ids["users"][row["key"]] = user.id
        self.addresses[user.email] = user.id
        if seller is not None:
            actor = load_actor(session, user.id)
            self.ids["salespeople"][seller["key"]] = actor.salesperson_id if actor and actor.salesperson_id else 0
            self.progress(1)

    def _add_rows(self, name: str) -> None:
        prepared = (self._prepared(name, row) for row in _own_references_first(name, self.world.lists[name]))
        while chunk := list(islice(prepared, bulk.MOST_PER_TRANSACTION)):
            with self.home.database.write() as session, bulk.many_writes(session):
                for key, values in chunk:
                    self.ids[name][key] = self._add(session, name, key, values)
            self.progress(len(chunk))

    def _prepared(self, name: str, row: Row) -> tuple[str, Row]:
        """The row with what takes long done before its transaction: a file stored and read, a mail taken apart."""
        if name == "documents":
            return row["key"], self._with_file(row)
        if name == "mails":
            return row["key"], self._with_message(row)
        return row["key"], row

    def _with_file(self, row: Row) -> Row:
        blob = self.home.blobs.put(io.BytesIO(row["content"]))
        found = formats.examine(io.BytesIO(row["content"]), row["file_name"])
        with tempfile.NamedTemporaryFile() as file:
            file.write(row["content"])
            file.flush()
            # We have just written this file ourselves: it is read here, not in a limited process of its own.
            text, _ = extraction.read(file.name, found.kind)
        stored = {"media_type": found.media_type, "size": blob.size, "sha256": blob.sha256, "content_text": text}
        return {name: value for name, value in row.items() if name != "content"} | stored | {"file_version": "1.0"}

    def _with_message(self, row: Row) -> Row:
        named = {address.lower() for _, address in getaddresses([row["sender"], row["recipients"]])}
        addressed = sorted(self.addresses[address] for address in named if address in self.addresses)
        values = {name: value for name, value in row.items() if name != "message"}
        self.messages[row["key"]] = filing.prepare(self.home.blobs, messages.parse(row["message"]))
        return values | {"addressed_users": addressed}

    def _add(self, session: Session, name: str, key: str, row: Row) -> int:
        values = self._written(name, row)
        if name == "case_types":
            values["external_id"] = SERVICE_SUPPORT.get(row["name"])
        hidden = {column.name for column in definition(session, name).columns if column.hidden}
        program = {column: values.pop(column) for column in hidden & values.keys()}
        if name == "mails":
            return self._add_mail(session, key, values, program)
        return items.add(session, LOADER, name, values, program=program)

    def _add_mail(self, session: Session, key: str, values: Row, program: Row) -> int:
        """A mail with its stored message, as filing leaves it."""
        prepared = self.messages.pop(key)
        message = filing.store_message(session, prepared)
        mail = items.add(session, LOADER, "mails", values, program={**program, "message": message})
        table = definition(session, "mails").table
        guid = session.scalars(select(table.c.guid).where(table.c.id == mail)).one()
        filing.note_filing(session, guid, message, prepared)
        return mail

    def _written(self, name: str, row: Row) -> Row:
        """The row's values with ids in the place of the world's keys."""
        values = {column: value for column, value in row.items() if column != "key"}
        for column, one_or_many in _grouped(references(name, row)):
            value = values[column]
            if column == "participants":
                values[column] = [self._participant(one) for one in value]
            elif isinstance(value, list):
                values[column] = [self.ids[target][key] for target, key in one_or_many]
            else:
                ((target, key),) = one_or_many
                values[column] = self.ids[target][key]
        return values

    def _participant(self, participant: dict[str, str]) -> dict[str, Any]:
        kind = "user" if "user" in participant else "contact"
        target = {"user": "users", "contact": "contacts"}[kind]
        return {**participant, kind: self.ids[target][participant[kind]]}


def _own_references_first(name: str, rows: list[Row]) -> Iterator[Row]:
    """The rows of a list so that one that refers to another of the same list (a parent) comes after it."""
    written: set[str] = set()
    waiting = rows
    while waiting:
        later = []
        for row in waiting:
            if all(key in written for _, target, key in references(name, row) if target == name):
                written.add(row["key"])
                yield row
            else:
                later.append(row)
        waiting = later


def _grouped(found: Iterator[tuple[str, str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The references by column: [(column, [(list, key), …]), …]."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for column, target, key in found:
        columns.setdefault(column, []).append((target, key))
    return list(columns.items())
