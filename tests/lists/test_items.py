"""Items through the one door: made, changed, deleted, restored."""

from __future__ import annotations

import pytest
from house import House

from caseroom.lists import items, query
from caseroom.lists.errors import Stale


def test_a_stale_edit_is_refused_and_loses_nothing(house: House) -> None:
    case = house.make_case(name="Deal")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "second"}, version=1)
    with pytest.raises(Stale), house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "first"}, version=1)
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "cases", case.id)["description"] == "second"
