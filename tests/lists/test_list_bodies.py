"""Random and hostile bodies for lists and columns: done, or refused in words; never half made."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect

from caseroom.lists import changing, items, list_files, list_settings, list_templates, query, retyping, schema
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.columns import TYPES
from caseroom.lists.database import savepoint
from caseroom.lists.errors import DomainError, Invalid

NASTY = [
    "", " ", "x", "a\x00b", "\ud800", "'; DROP TABLE lists; --", "%s%(x)s", "{{ 7*7 }}", "9" * 400, "name", "id", "İı",
    "c1", "list_1", "1e999", "-0", "[#1]", "=1/0",
]  # fmt: skip
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NASTY) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "formula", "value"]), inner),
    max_leaves=5,
)
option = st.sampled_from(sorted({name for kind in TYPES.values() for name in kind.option_names} | changing.OF_ANY))
sound = {
    "choices": ["a", "b"], "list": "relations", "formula": "LEN(name)", "max": 50, "decimals": 1, "required": True,
    "unique": True, "indexed": True, "title": "Title", "description": {"en": "About"}, "default": "a", "hidden": False,
}  # fmt: skip
options = st.dictionaries(option, junk, max_size=3).flatmap(
    lambda chosen: st.sets(st.sampled_from(sorted(sound)), max_size=4).map(
        lambda names: {name: sound[name] for name in names} | chosen
    )
)
names = st.text(string.ascii_lowercase, min_size=1, max_size=4) | st.sampled_from(NASTY)
types = st.sampled_from(sorted(TYPES)) | junk
columns = st.builds(lambda name, kind, rest: {**rest, "name": name, "type": kind}, names, types, options)
ABOUT = ["title", "description", "kind", "separation", "headline", "translated", "validation", "archived", "form", "x"]
about_list = st.dictionaries(
    st.sampled_from(ABOUT),
    junk | st.sampled_from(["code", "list", "common", "by_group", "by_owner"]), max_size=3,
)  # fmt: skip
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def stand(session: Any, actor: Any) -> None:
    """What must be true whatever was sent: the definition loads, agrees with the table, and an item can be read."""
    session.info.pop("catalogue", None)
    looking = inspect(session.connection())
    for found in catalogue(session).by_name.values():
        if found.settings.get("built_in"):
            continue
        there = {str(one["name"]) for one in looking.get_columns(found.table.name)}
        assert {column.physical for column in found.columns if column.type.is_stored} <= there
        for item in query.page(session, actor, found.name, limit=3).items:
            for name, value in item.items():
                if found.has(name):
                    found.column(name).type.to_json(value)


@pytest.fixture
def sheet(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "sheet", "columns": [
            {"name": "words", "type": "text"}, {"name": "number", "type": "number"},
            {"name": "colour", "type": "choice", "choices": ["a", "b"]},
            {"name": "twice", "type": "calculated", "formula": "number * 2"},
        ]})  # fmt: skip
        for number in range(3):
            items.create(session, actor, "sheet", {"name": f"n{number}", "words": "same", "number": 5, "colour": "a"})
    return house


@QUICK
@given(body=columns, changed=st.sampled_from(["name", "words", "number", "colour", "twice", "nowhere"]), change=options,
       of_list=about_list)  # fmt: skip
def test_whatever_is_sent_is_done_or_refused_in_words(
    sheet: House, body: dict[str, Any], changed: str, change: dict[str, Any], of_list: dict[str, Any]
) -> None:
    class Enough(Exception):
        """Every example begins from the same sheet."""

    with pytest.raises(Enough), sheet.write("admin") as (session, actor):
        for attempt in (
            lambda: schema.add_column(session, actor, "sheet", body),
            lambda: changing.change_column(session, actor, "sheet", changed, change),
            lambda: retyping.forecast(session, actor, "sheet", changed, {**change, "type": body["type"]}),
            lambda: list_settings.change(session, actor, "sheet", of_list),
            lambda: list_settings.create(session, actor, {**of_list, "name": body["name"], "columns": [body]}),
            lambda: list_templates.apply(session, actor, list_files.read(_file(body, change, of_list))),
        ):
            try:
                with savepoint(session):
                    attempt()
            except DomainError as refusal:
                assert str(refusal)
            stand(session, actor)
        assert definition(session, "sheet")
        raise Enough


def _file(body: dict[str, Any], change: dict[str, Any], of_list: dict[str, Any]) -> str:
    return json.dumps({**of_list, "name": "sheet", "columns": [body, {"name": "words", "type": "text", **change}]})


def test_choices_of_a_column_that_has_none_are_refused_in_words(sheet: House) -> None:
    with sheet.write("admin") as (session, actor):
        body = json.dumps({"name": "sheet", "columns": [{"name": "words", "type": "text", "choices": ["a", "b"]}]})
        for attempt in (
            lambda: list_templates.apply(session, actor, list_files.read(body)),
            lambda: changing.change_column(session, actor, "relations", "name", {"choices": ["a"]}),
        ):
            with pytest.raises(Invalid) as refused:
                attempt()
            assert refused.value.errors[0].field.endswith("choices") and str(refused.value)
