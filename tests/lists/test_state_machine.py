"""Anything, in any order: lists, columns, items and views are changed at random, and all stays as plain Python says.

Two lists that point at each other, and the same two as dictionaries (tests/list_model.py). After each step the service
reads what the model says; at the end versions and the change log have no gap, the tables have the places and indexes
that the definitions ask for, and `caseroom check` finds nothing.

CASEROOM_TEST_EXAMPLES: how many random lives each database sees, instead of a few.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from list_model import CONVERSIONS, MULTI, ModelColumn, ModelItem, ModelList, ModelView, Refused, World
from sqlalchemy import inspect, select, text, update
from sqlalchemy.orm import Session

from caseroom.lists import (
    altering,
    bins,
    bulk_editing,
    changelog,
    changing,
    editing,
    items,
    odata,
    own_views,
    query,
    retyping,
    schema,
    versions,
    views,
)
from caseroom.lists.catalogue import catalogue, definition, forget
from caseroom.lists.database import savepoint
from caseroom.lists.editing import Edit
from caseroom.lists.errors import DomainError, Invalid, NotFound
from caseroom.lists.models import Change, ListRow, Version, now
from caseroom.lists.reading import Stage
from caseroom.lists.rights import Actor
from caseroom.portal.checking import findings
from caseroom.portal.notices import following

EXAMPLES, STEPS = int(os.environ.get("CASEROOM_TEST_EXAMPLES") or 6), 30
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
TEXTS = ("a", "A", "á", "5", "1.25", "a%_\\b", "ß")
NUMBERS = {0: ("0", "5", "-3"), 2: ("1.00", "1.25", "-3.50", "100.00", "5")}
DATES = ("2026-01-31", "2028-02-29")
CHOICES = ("new", "used", "lost")
KINDS = ("text", "number", "boolean", "date", "choice", "multi_choice", "tags", "lookup", "multi_lookup")
_lives = itertools.count(1)


class Lists(RuleBasedStateMachine):
    """A random life of two lists. `house`: given by the test."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.numbers = itertools.count(1)
        life = next(_lives)
        self.names = (f"things{life}", f"places{life}")

    # --- How a change is made to both -------------------------------------------------------------

    def both(self, expected: Callable[[World], Any], real: Callable[[Session, Actor], Any], by: str = "north") -> Any:
        """Do it to a copy of the model and to the real one, which refuses just what the model refuses."""

        def write() -> Any:
            with self.house.write(by) as (session, actor):
                return real(session, actor)

        return self.compare(expected, write)

    def compare(self, expected: Callable[[World], Any], write: Callable[[], Any]) -> Any:
        world = deepcopy(self.world)
        try:
            told = expected(world)
        except Refused:
            with pytest.raises(DomainError):
                write()
            return None
        answer = write()
        self.world = world
        return answer if told is None else (answer, told)

    def standing(self) -> list[ModelList]:
        return [one for one in self.world.lists.values() if not one.deleted]

    def draw_list(self, data: st.DataObject) -> ModelList:
        name = data.draw(st.sampled_from([one.name for one in self.standing()]), label="list")
        return self.world.lists[name]

    def draw_stored(self, data: st.DataObject, found: ModelList) -> ModelColumn:
        return found.column(data.draw(st.sampled_from([one.name for one in found.stored]), label="column"))

    def draw_item(self, data: st.DataObject, found: ModelList) -> int:
        return data.draw(st.sampled_from([*sorted(found.items), 999_999]), label="item")

    def draw_value(self, data: st.DataObject, column: ModelColumn) -> Any:
        """A value as it is sent; now and then one that is refused."""
        if column.type == "text":
            some = st.sampled_from(TEXTS)
        elif column.type == "number":
            some = st.sampled_from(NUMBERS[column.options.get("decimals", 2)])
        elif column.type == "boolean":
            some = st.booleans()
        elif column.type == "date":
            some = st.sampled_from(DATES)
        else:
            one = st.sampled_from([*self._targets(column)]) if "list" in column.options else st.sampled_from(CHOICES)
            some = st.lists(one, max_size=2, unique=True) if column.type in MULTI else one
        return data.draw(st.none() | some if column.name != "name" else some, label=column.name)

    def _targets(self, column: ModelColumn) -> list[int]:
        return [*sorted(self.world.lists[column.options["list"]].items), 999_999]

    def draw_values(self, data: st.DataObject, found: ModelList, *, most: int = 4) -> dict[str, Any]:
        names = [one.name for one in found.stored]
        chosen = data.draw(st.lists(st.sampled_from(names), max_size=most, unique=True), label="columns")
        return {name: self.draw_value(data, found.column(name)) for name in chosen}

    def draw_column(self, data: st.DataObject, number: int = 0) -> ModelColumn:
        kind = data.draw(st.sampled_from(KINDS), label="type")
        options: dict[str, Any] = {}
        if kind == "text":
            options["max"] = 100
        if kind == "number":
            options["decimals"] = data.draw(st.sampled_from(tuple(NUMBERS)))
        if "choice" in kind:
            options["choices"] = list(CHOICES)
        if "lookup" in kind:
            options["list"] = data.draw(st.sampled_from(self.names))
        for name in ("required", "unique", "indexed"):
            if data.draw(st.integers(0, 5), label=name) == 5:
                options[name] = True
        name = data.draw(st.sampled_from(NAMES), label="name")
        return ModelColumn(number, name, kind, options, name)

    # --- The beginning ----------------------------------------------------------------------------

    @initialize(data=st.data())
    def two_lists(self, data: st.DataObject) -> None:
        with self.house.read("admin") as (session, _actor):
            self.began = changelog.last(session)
        for name in self.names:
            with self.house.write("admin") as (session, actor):
                number = schema.create_list(session, actor, {"name": name})
                own = definition(session, name).column("name")
            first = ModelColumn(own.id, "name", "text", {"required": True, "indexed": True}, own.title("en"))
            self.world.lists[name] = ModelList(number, name, [first])
            self.world.log.append(("list", number, None))
        for name in self.names:
            for _ in range(3):
                self._add(name, self.draw_column(data))
            self._make(data, self.world.lists[name], 3)

    # --- Columns ----------------------------------------------------------------------------------

    def _add(self, list_name: str, column: ModelColumn, more: dict[str, Any] | None = None) -> None:
        given = {key: value for key, value in column.options.items() if key != "of"}
        body = {"name": column.name, "type": column.type, "title": column.title, **given, **(more or {})}
        number = self.both(
            lambda world: world.add_column(world.lists[list_name], column),
            lambda session, actor: schema.add_column(session, actor, list_name, body),
            by="admin",
        )
        if number is not None:
            column_ = self.world.lists[list_name].column(column.name)
            column_.id = number

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def add_column(self, data: st.DataObject) -> None:
        self._add(self.draw_list(data).name, self.draw_column(data))

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def add_computed_column(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        numbers = [one for one in found.stored if one.type == "number"]
        pointing = [(other, one) for other in self.standing() for one in other.columns
                    if one.options.get("list") == found.name and one.is_stored]  # fmt: skip
        name = data.draw(st.sampled_from(NAMES))
        if numbers and data.draw(st.booleans()):
            of = found.column(data.draw(st.sampled_from([one.name for one in numbers])))
            column = ModelColumn(0, name, "calculated", {"of": of.id, "decimals": 2}, name)
            self._add(found.name, column, {"formula": f"{of.name} * 2"})
        elif pointing:
            other, lookup = pointing[data.draw(st.integers(0, len(pointing) - 1))]
            column = ModelColumn(0, name, "rollup", {"list": other.name, "column": lookup.name}, name)
            self._add(found.name, column)

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def change_column(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        column = self.draw_stored(data, found)
        what = data.draw(st.sampled_from(("title", "position", "required", "unique", "indexed", "choices")))
        body: dict[str, Any] = {"title": f"Title {next(self.numbers)}"}
        if what == "position":
            body = {"position": data.draw(st.integers(1, len(found.columns)))}
        elif what == "choices" and "choices" in column.options:
            kept = data.draw(st.lists(st.sampled_from(CHOICES), min_size=1, unique=True))
            body = {"choices": [{"value": one, "retired": True} if data.draw(st.booleans()) else one for one in kept]}
        elif what == "required" or (what in ("unique", "indexed") and self._may_be_indexed(column)):
            body = {what: data.draw(st.sampled_from((True, None)))}
        self.both(
            lambda world: world.change_column(world.lists[found.name], column.name, body),
            lambda session, actor: changing.change_column(session, actor, found.name, column.name, body),
            by="admin",
        )

    @staticmethod
    def _may_be_indexed(column: ModelColumn) -> bool:
        return column.type not in MULTI and (column.type != "text" or "max" in column.options)

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), confirmed=st.booleans())
    def give_another_type(self, data: st.DataObject, confirmed: bool) -> None:
        found = self.draw_list(data)
        column = self.draw_stored(data, found)
        kinds = sorted({new for old, new in CONVERSIONS if old == column.type})
        if not kinds:
            return
        kind = data.draw(st.sampled_from(kinds))
        body: dict[str, Any] = {"type": kind}
        kept = {"required", "unique", "indexed", *(("choices",) if "choice" in kind else ("list",))}
        options = {key: value for key, value in column.options.items() if key in kept}
        if kind == "text":
            body["max"] = 100
        if kind == "number":
            body["decimals"] = data.draw(st.sampled_from(tuple(NUMBERS)))
            if column.type == "number" and body["decimals"] == column.options.get("decimals", 2):
                return
        options |= {key: value for key, value in body.items() if key != "type"}
        new = ModelColumn(0, column.name, kind, options, column.title)
        with self.house.read("admin") as (_session, actor):
            pass
        self.compare(
            lambda world: world.retype(world.lists[found.name], column.name, new, confirmed=confirmed),
            lambda: retyping.change_type(
                self.house.home.database, actor, found.name, column.name, body, confirmed=confirmed
            ),
        )
        self._learn_number(found.name, column.name)

    def _learn_number(self, list_name: str, name: str) -> None:
        """The id of the column that has taken another's place."""
        found = self.world.lists[list_name]
        column = found.column(name)
        if column.id == 0:
            with self.house.read("admin") as (session, _actor):
                column.id = definition(session, list_name).column(name).id
            for item in found.items.values():
                if 0 in item.values:
                    item.values[column.id] = item.values.pop(0)

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def delete_column(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        name = data.draw(st.sampled_from([one.name for one in found.columns]))
        self.both(
            lambda world: world.delete_column(world.lists[found.name], name),
            lambda session, actor: bins.delete_column(session, actor, found.name, name),
            by="admin",
        )

    @precondition(lambda self: any(one.bin for one in self.standing()))
    @rule(data=st.data())
    def restore_column(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([one.name for one in self.standing() if one.bin]))
        found = self.world.lists[name]
        number = data.draw(st.sampled_from([one.id for one in found.bin]))
        self.both(
            lambda world: world.restore_column(world.lists[found.name], number),
            lambda session, actor: bins.restore_column(session, actor, found.name, number),
            by="admin",
        )

    @rule(data=st.data())
    def delete_or_restore_list(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.names))
        number = self.world.lists[name].id
        if self.world.lists[name].deleted:
            self.both(
                lambda world: world.restore_list(world.lists[name]),
                lambda session, actor: bins.restore_list(session, actor, number),
                by="admin",
            )
        else:
            self.both(
                lambda world: world.delete_list(world.lists[name]),
                lambda session, actor: bins.delete_list(session, actor, name),
                by="admin",
            )

    # --- Items ------------------------------------------------------------------------------------

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def make_items(self, data: st.DataObject) -> None:
        self._make(data, self.draw_list(data), data.draw(st.integers(1, 3)))

    def _make(self, data: st.DataObject, found: ModelList, number: int) -> None:
        for _ in range(number):
            self._make_one(found.name, {"name": data.draw(st.sampled_from(TEXTS)), **self.draw_values(data, found)})

    def _make_one(self, name: str, values: dict[str, Any]) -> None:
        made = self.both(
            lambda world: world.create(world.lists[name], values).id,
            lambda session, actor: items.create(session, actor, name, values).id,
        )
        if made:
            self.world.number(self.world.lists[name], [made[0]])

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), seen=st.sampled_from((None, 0, 0, 1)))
    def edit_item(self, data: st.DataObject, seen: int | None) -> None:
        """By who saw the version that stands, an older one, or none."""
        found = self.draw_list(data)
        number, values = self.draw_item(data, found), self.draw_values(data, found)
        item = found.items.get(number)
        version = None if seen is None or item is None else item.version - seen
        self.both(
            lambda world: world.update(world.lists[found.name], number, values, version=version),
            lambda session, actor: items.update(session, actor, found.name, number, values, version=version),
        )

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def delete_item(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        number = self.draw_item(data, found)
        self.both(
            lambda world: world.delete(world.lists[found.name], number),
            lambda session, actor: items.delete(session, actor, found.name, number, version=None),
        )

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def restore_item(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        number = self.draw_item(data, found)
        self.both(
            lambda world: world.restore(world.lists[found.name], number),
            lambda session, actor: items.restore(session, actor, found.name, number),
        )

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def restore_version(self, data: st.DataObject) -> None:
        found = self.draw_list(data)
        number = self.draw_item(data, found)
        item = found.items.get(number)
        version = data.draw(st.integers(0, item.version + 1 if item else 1))
        self.both(
            lambda world: world.restore_version(world.lists[found.name], number, version),
            lambda session, actor: items.restore_version(session, actor, found.name, number, version),
        )

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def write_batch(self, data: st.DataObject) -> None:
        """Several changes, all or nothing."""
        found = self.draw_list(data)
        edits: list[Edit] = []
        for _ in range(data.draw(st.integers(1, 4))):
            kind = data.draw(st.sampled_from(editing.KINDS))
            number = None if kind == "create" else self.draw_item(data, found)
            values = self.draw_values(data, found) if kind in ("create", "update") else {}
            values |= {"name": data.draw(st.sampled_from(TEXTS))} if kind == "create" else {}
            edits.append(Edit(kind, number, values=values))

        def expected(world: World) -> bool:
            there = world.lists[found.name]
            for edit in edits:
                _edit(world, there, edit)
            return True

        done = self.both(expected, lambda session, actor: editing.write(session, actor, found.name, edits))
        if done:
            made = [one.item_id for one in done[0].written if one.kind == "create"]
            self.world.number(self.world.lists[found.name], made)

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def change_many(self, data: st.DataObject) -> None:
        """The same change of several items, each for itself."""
        found = self.draw_list(data)
        ids = data.draw(st.lists(st.sampled_from([*sorted(found.items), 999_999]), min_size=1, max_size=4))
        values = self.draw_values(data, found, most=2)
        if not values:
            return

        def change(session: Session, actor: Actor) -> dict[str, int]:
            job = bulk_editing.start(session, actor, found.name, "update", values, ids=ids)
            assert job.state == "done"
            return bulk_editing.counts(session, job)

        told = self.both(lambda world: world.change_many(world.lists[found.name], ids, values), change)
        assert told is None or told[0] == told[1]

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), to_its_end=st.booleans())
    def fall_over(self, data: st.DataObject, to_its_end: bool) -> None:
        """What fails in the middle leaves nothing; within a larger transaction too, which goes on."""
        found = self.draw_list(data)
        values = {"name": "gone", **self.draw_values(data, found)}
        number = self.draw_item(data, found)

        def attempt(session: Session, actor: Actor) -> None:
            for do in (
                lambda: items.create(session, actor, found.name, values),
                lambda: items.update(session, actor, found.name, number, values, version=None),
                lambda: items.delete(session, actor, found.name, number, version=None),
            ):
                try:
                    do()
                except DomainError:
                    return

        with pytest.raises(ZeroDivisionError), self.house.write("north") as (session, actor):
            attempt(session, actor)
            raise ZeroDivisionError
        if to_its_end:
            with self.house.write("north") as (session, actor), pytest.raises(ZeroDivisionError), savepoint(session):
                attempt(session, actor)
                raise ZeroDivisionError

    # --- Views ------------------------------------------------------------------------------------

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), shared=st.booleans())
    def save_view(self, data: st.DataObject, shared: bool) -> None:
        found = self.draw_list(data)
        plain = [one.name for one in found.stored if one.type in ("text", "number", "boolean", "date", "choice")]
        column = found.column(data.draw(st.sampled_from(plain)))
        value = self.draw_value(data, column)
        body = {
            "name": f"view{next(self.numbers)}", "filter": f"{column.name} eq {_literal(column, value)}",
            "columns": ["name"], "shared": shared,
        }  # fmt: skip
        with self.house.write("admin" if shared else "north") as (session, actor):
            number = views.save(session, actor, found.name, body).id
        found.views.append(ModelView(number, column.name, column.id, value))

    @precondition(lambda self: any(one.views for one in self.standing()))
    @rule(data=st.data())
    def delete_view(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([one.name for one in self.standing() if one.views]))
        found = self.world.lists[name]
        view = found.views[data.draw(st.integers(0, len(found.views) - 1))]
        with self.house.read("admin") as (session, _actor):
            own = own_views.by_id(session, [view.id])[view.id].user_id
        with self.house.write("admin" if own is None else "north") as (session, actor):
            views.delete(session, actor, found.name, view.id)
        found.views.remove(view)

    # --- What always holds ------------------------------------------------------------------------

    @invariant()
    def the_service_reads_what_the_model_says(self) -> None:
        with self.house.read("north") as (session, actor):
            for found in self.world.lists.values():
                if found.deleted:
                    with pytest.raises(NotFound):
                        query.page(session, actor, found.name)
                    continue
                there = definition(session, found.name)
                told = [(one.id, one.name, one.type.name, one.title("en")) for one in there.columns]
                assert told == [(one.id, one.name, one.type, one.title) for one in found.columns]
                page = query.page(session, actor, found.name, order=[("id", False)], limit=1000)
                assert [self._read(one) for one in page.items] == [self._said(found, one) for one in found.standing()]
                assert query.count(session, actor, found.name).number == len(found.standing())
                deleted = [one.id for one in query.page(session, actor, found.name, stage=Stage.BIN, limit=1000).items]
                assert sorted(deleted) == sorted(one.id for one in found.items.values() if one.deleted)
                self._check_views(session, actor, found)

    @staticmethod
    def _read(item: query.Item) -> Any:
        shown = {one.name: one.type.to_json(item[one.name]) for one in item.definition.columns}
        return item.id, item.version, shown

    def _said(self, found: ModelList, item: ModelItem) -> Any:
        return item.id, item.version, {one.name: self.world.shown(found, item, one) for one in found.columns}

    def _check_views(self, session: Session, actor: Actor, found: ModelList) -> None:
        there = definition(session, found.name)
        for view in found.views:
            saved = own_views.by_id(session, [view.id])[view.id]
            column = found.column(view.column)
            try:
                where = odata.parse_filter(saved.settings["filter"], there, actor, now(), catalogue(session))
                page = query.page(session, actor, found.name, where=where, order=[("id", False)], limit=1000)
            except Invalid:
                assert column.id != view.column_id  # it has another type now
                continue
            if column.id == view.column_id:
                wanted = [one.id for one in found.standing() if one.values.get(column.id) == _kept(column, view.value)]
                assert [one.id for one in page.items] == wanted

    def teardown(self) -> None:
        if not self.world.lists:
            return
        with self.house.read("admin") as (session, actor):
            self._check_log(session)
            for found in self.world.lists.values():
                self._check_versions(session, actor, found)
                self._check_table(session, found)
        while following.step(self.house.home):
            pass
        assert list(findings(self.house.home)) == []
        self._put_away()

    def _check_log(self, session: Session) -> None:
        lines = session.scalars(select(Change).where(Change.seq > self.began).order_by(Change.seq)).all()
        assert [line.seq for line in lines] == list(range(self.began + 1, self.began + len(lines) + 1))
        said = [(kind, number, item.id if item else None) for kind, number, item in self.world.log]
        assert [(line.kind, line.list_id, line.item_id) for line in lines] == said

    def _check_versions(self, session: Session, actor: Actor, found: ModelList) -> None:
        rows = session.scalars(select(Version).where(Version.list_id == found.id).order_by(Version.id)).all()
        for item in found.items.values():
            own = [(one.kind, {int(key): value for key, value in one.old.items()}) for one in rows
                   if one.item_id == item.id]  # fmt: skip
            assert own == item.history
            assert [one.version for one in rows if one.item_id == item.id] == list(range(1, item.version + 1))
        assert {one.item_id for one in rows} == set(found.items)
        for item in [] if found.deleted else found.standing():
            assert len(versions.history(session, actor, found.name, item.id)) == item.version

    def _check_table(self, session: Session, found: ModelList) -> None:
        """The table has a place for each stored column, in the bin or not, and the indexes asked for."""
        looking, table = inspect(session.connection()), f"list_{found.id}"
        places = {str(one["name"]) for one in looking.get_columns(table) if str(one["name"]).startswith("c")}
        stored = [one for one in (*found.columns, *found.bin) if one.is_stored]
        assert {f"c{one.id}" for one in stored} == places - {"created", "created_by"}
        there = altering.index_names(session)
        for column in found.stored:
            name = f"ix_{table}_c{column.id}"
            wanted = column.type == "lookup" or column.options.get("unique") or column.options.get("indexed")
            assert any(one.startswith(name) and not one[len(name):len(name) + 1].isdigit() for one in there) == bool(
                wanted
            ), column
        for column in found.bin:
            assert f"ix_{table}_c{column.id}" not in there
            if column.type == "text":
                rows = session.execute(text(f"SELECT id, c{column.id} FROM {table}")).all()
                assert {row[0]: row[1] for row in rows} == {
                    one.id: one.values.get(column.id) for one in found.items.values()
                }

    def _put_away(self) -> None:
        """So that the next life is not slower than this one."""
        with self.house.write("admin") as (session, _actor):
            mine = [found.id for found in self.world.lists.values()]
            session.execute(update(ListRow).where(ListRow.id.in_(mine)).values(deleted=now()))
            forget(session)


def _edit(world: World, found: ModelList, edit: Edit) -> None:
    number = edit.item_id or 0
    if edit.kind == "create":
        world.create(found, edit.values)
    elif edit.kind == "update":
        world.update(found, number, edit.values, version=None)
    elif edit.kind == "delete":
        world.delete(found, number)
    else:
        world.restore(found, number)


def _literal(column: ModelColumn, value: Any) -> str:
    """The value as OData writes it."""
    if value is None:
        return "null"
    if column.type == "boolean":
        return "true" if value else "false"
    return str(value) if column.type in ("number", "date") else "'" + str(value).replace("'", "''") + "'"


def _kept(column: ModelColumn, value: Any) -> Any:
    """A number with the places that the column has."""
    if column.type != "number" or value is None:
        return value
    return f"{float(value):.{column.options.get('decimals', 2)}f}"


def test_whatever_is_done_to_lists_in_whatever_order_all_stays_as_a_plain_model_says(shared_house: House) -> None:
    machine = type("ListsOfThisHouse", (Lists,), {"house": shared_house})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example],
        ),
    )  # fmt: skip
