"""Rights: who sees and changes what, and that nothing else tells of it (SPEC 8)."""

from __future__ import annotations

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists import items, list_settings, query, schema, totals
from caseroom.lists.errors import Forbidden, Invalid, NotFound
from caseroom.lists.filters import Compare, Not, field
from caseroom.lists.rights import PROGRAM, Level
from caseroom.portal.checking import findings


def _sees(house: House, name: str, list_name: str) -> set[int]:
    with house.read(name) as (session, actor):
        return {item.id for item in query.page(session, actor, list_name).items}


def test_a_case_is_seen_by_its_group_its_owners_manager_and_administrators_only(house: House) -> None:
    case = house.make_case(by="north")
    seeing = {name for name in house.people if case.id in _sees(house, name, "cases")}
    assert seeing == {"admin", "manager", "north", "both", "reader"}


def test_companies_and_contacts_are_common_property(house: House) -> None:
    relation = house.make_relation(by="north")
    contact = house.make("contacts", {"surname": "Buyer", "company": relation.id})
    for name in house.people:
        assert relation.id in _sees(house, name, "relations") and contact.id in _sees(house, name, "contacts"), name


def test_a_reader_sees_what_the_group_sees_and_changes_nothing(house: House) -> None:
    case = house.make_case(by="north")
    with pytest.raises(Forbidden), house.write("reader") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "x"}, version=None)
    with pytest.raises(Forbidden), house.write("reader") as (session, actor):
        items.create(session, actor, "relations", {"name": "x"})


def test_what_hangs_on_a_case_moves_with_it_at_once(house: House) -> None:
    case = house.make_case(by="both", sales_group=house.groups["North"])
    task = house.make("activities", {"case": case.id}, by="both")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"sales_group": house.groups["West"]}, version=None)
    assert task.id in _sees(house, "west", "activities") and task.id not in _sees(house, "north", "activities")
    with house.read("west") as (session, actor):
        assert str(query.get(session, actor, "activities", task.id)["sales_group"]) == "West"


def test_sharing_a_case_lets_another_group_read_it_and_sharing_its_company_does_not(house: House) -> None:
    case = house.make_case(by="north")
    task = house.make("activities", {"case": case.id})
    with house.write("north") as (session, actor):
        items.update(
            session, actor, "relations", case["company"].id, {"shared_with": [house.groups["South"]]}, version=None
        )
    assert case.id not in _sees(house, "south", "cases")
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"shared_with": [house.groups["South"]]}, version=None)
    assert case.id in _sees(house, "south", "cases") and task.id in _sees(house, "south", "activities")
    with pytest.raises(Forbidden), house.write("south") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "x"}, version=None)


@pytest.mark.parametrize("list_name", ["activities", "events", "documents", "mails"])
def test_nothing_is_moved_into_a_case_that_is_only_shared_for_reading(house: House, list_name: str) -> None:
    case = house.make_case(by="north", shared_with=[house.groups["South"]])
    when = {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"} if list_name == "events" else {}
    typed = {"name": "Mine"} if list_name in ("events", "documents") else {}
    mine = house.make(list_name, {"company": case["company"].id, **when, **typed}, by="south")
    with pytest.raises(Forbidden), house.write("south") as (session, actor):
        items.update(session, actor, list_name, mine.id, {"case": case.id}, version=None)
    assert mine.id not in _sees(house, "north", list_name) or list_name == "events"
    with house.read("south") as (session, actor):
        standing = query.get(session, actor, list_name, mine.id)
        assert standing["case"] is None and standing.version == 1


def test_who_leaves_a_group_loses_its_cases_at_once(house: House) -> None:
    case = house.make_case(by="north")
    assert case.id in _sees(house, "both", "cases")
    with house.write("admin") as (session, actor):
        person = query.find(session, actor, "salespeople", field("user", "eq", house.people["both"]))
        assert person
        items.update(session, actor, "salespeople", person.id, {"groups": [house.groups["West"]]}, version=None)
    assert case.id not in _sees(house, "both", "cases")


def test_a_salesperson_gives_nothing_to_a_group_of_others(house: House) -> None:
    with pytest.raises(Invalid, match="not a member"):
        house.make_case(by="north", sales_group=house.groups["South"])
    case = house.make_case(by="north")
    with pytest.raises(Invalid, match="not a member"), house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"sales_group": house.groups["South"]}, version=None)


def test_hidden_and_missing_are_the_same_answer(house: House) -> None:
    case = house.make_case(by="north")
    answers = []
    for number in (case.id, 999_999):
        with pytest.raises(NotFound) as missing, house.write("south") as (session, actor):
            items.update(session, actor, "cases", number, {"description": "x"}, version=None)
        with pytest.raises(Invalid) as refused:
            house.make("activities", {"case": number}, by="south")
        answers.append((str(missing.value), str(refused.value)))
    assert answers[0] == answers[1]


def test_a_masked_value_is_absent_for_filter_sort_search_and_totals(house: House) -> None:
    case = house.make_case(name="Zebra", by="north")
    event = house.make("events", {"case": case.id, "description": "Quagga", "name": None})
    with house.read("south") as (session, actor):
        for where in (
            field("name", "contains", "zebra"),
            field("description", "contains", "quagga"),
            field("case", "eq", case.id),
            field("case/name", "eq", "Zebra"),
            Not(field("description", "empty", True)),
            field("company/name", "startswith", "relations"),
            field("created_by", "eq", house.people["north"]),
            field("description", "ge", "A"),
        ):
            assert not query.page(session, actor, "events", where=where).items, where
        assert not query.page(session, actor, "events", search="zebra").items
        assert query.page(session, actor, "events", where=field("description", "ne", "Quagga")).items
        (seen,) = query.page(
            session, actor, "events", order=[("description", True), ("case", False), ("name", False)]
        ).items
        assert (
            seen.id == event.id
            and seen.level == Level.HEADLINE
            and "Zebra" not in str(dict(seen))
            and "Quagga" not in str(dict(seen))
        )
        assert [group.key for group in totals.summarise(session, actor, "events", by=["case"]).groups()] == [(None,)]


def test_a_mails_privacy_binds_all_but_filer_and_addressed(house: House) -> None:
    program = {"subject": "Zebra", "sender": "a@x.test", "text": "Quagga", "addressed_users": [house.people["both"]]}
    for tier, texts in (("subject", {"Zebra"}), ("existence", set())):
        mail = house.make("mails", {"privacy": tier}, program=program)
        for name in ("reader", "manager", "admin"):
            with house.read(name) as (session, actor):
                seen = str(dict(query.get(session, actor, "mails", mail.id)))
                assert {word for word in ("Zebra", "Quagga") if word in seen} == texts, (tier, name)
                assert not query.page(session, actor, "mails", where=field("text", "contains", "quagga")).items
        for name in ("north", "both"):
            with house.read(name) as (session, actor):
                assert "Quagga" in str(dict(query.get(session, actor, "mails", mail.id))), (tier, name)


def test_an_administrator_changes_how_a_list_is_separated_and_it_acts_at_once(house: House) -> None:
    case = house.make_case(by="north")
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "cases", {"separation": "by_owner"})
    assert case.id in _sees(house, "west", "cases") and case.id not in _sees(house, "south", "cases")
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "cases", {"separation": "common"})
    assert case.id in _sees(house, "south", "cases")
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "cases", {"separation": "by_group"})
    assert case.id not in _sees(house, "west", "cases")


PEOPLE = ("admin", "manager", "north", "west", "both", "south", "reader", "templates")
MEMBERS = {"North": {"north", "both", "reader"}, "West": {"west", "both"}, "South": {"south"}}
MANAGED = {"North": {"manager"}, "West": {"manager"}, "South": set()}


def test_a_deleted_event_is_unknown_to_who_may_not_bring_it_back(house: House) -> None:
    """That an event is there everybody may know, but not what lies in the recycle bin."""
    event = house.make("events", by="north")
    with house.write("north") as (session, actor):
        items.delete(session, actor, "events", event.id, version=None)
    for number in (event.id, 987_654):
        with house.write("south") as (session, actor), pytest.raises(NotFound):
            items.restore(session, actor, "events", number)


def test_a_sort_by_many_lookups_tells_nothing_of_hidden_targets(house: House) -> None:
    columns = [{"name": "about", "type": "multi_lookup", "list": "cases"}]
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "notices", "separation": "common", "columns": columns})
    cases = [house.make_case(by="north").id for _ in range(2)]
    made = [
        house.make("notices", {"about": about}, by="north").id for about in ([], cases[1:], [], cases[:1], cases, [])
    ]
    with house.read("south") as (session, actor):
        for down in (False, True):
            found = query.page(session, actor, "notices", order=[("about", down)]).items
            assert [item.id for item in found] == sorted(made, reverse=down)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(MEMBERS)), st.sets(st.sampled_from(sorted(MEMBERS))), st.integers(0, 2)),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_groups_and_shares_there_are_everybody_sees_just_what_is_theirs(
    house: House, rows: list[tuple[str, set[str], int]]
) -> None:
    expected: dict[str, set[int]] = {name: set() for name in PEOPLE}
    editable: dict[str, set[int]] = {name: set() for name in PEOPLE}
    made = []
    for group, shares, tasks in rows:
        with house.home.database.write() as session:
            values = {
                "name": f"{group} {tasks}",
                "sales_group": house.groups[group],
                "shared_with": [house.groups[one] for one in shares],
                "company": _any_company(house, session),
            }
            case = items.create(session, PROGRAM, "cases", values)
            children = [items.create(session, PROGRAM, "activities", {"case": case.id}) for _ in range(tasks)]
        made.append(case.id)
        readers = {"admin"} | MEMBERS[group] | MANAGED[group] | set().union(*(MEMBERS[one] for one in shares))
        for name in readers:
            expected[name].add(case.id)
        for name in ({"admin"} | MEMBERS[group] | MANAGED[group]) - {"reader"}:
            editable[name].add(case.id)
        for child in children:
            assert {name for name in PEOPLE if child.id in _sees(house, name, "activities")} == readers
    for name in PEOPLE:
        with house.read(name) as (session, actor):
            found = query.page(session, actor, "cases", where=Compare(("id",), "in", made)).items
            assert {item.id for item in found} == expected[name], name
            assert {item.id for item in found if item.editable} == editable[name], name
            assert query.count(session, actor, "cases", where=Compare(("id",), "in", made)).number == len(
                expected[name]
            )


def _any_company(house: House, session: object) -> int:
    return items.create(session, PROGRAM, "relations", {"name": "Any"}).id  # type: ignore[arg-type]


def test_what_hangs_on_a_case_follows_when_the_list_of_cases_is_separated_anew(house: House) -> None:
    case = house.make_case(by="north")
    task = house.make("activities", {"case": case.id, "activity_type": "task"})
    assert task.id not in _sees(house, "west", "activities")
    for separation, seen in (("by_owner", True), ("by_group", False)):
        with house.write("admin") as (session, actor):
            list_settings.change(session, actor, "cases", {"separation": separation})
        assert (task.id in _sees(house, "west", "activities")) is seen
        assert list(findings(house.home)) == []
