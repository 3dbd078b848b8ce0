"""Folders of a list: items that lie in each other, and the lookup by which others lie in them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseroom.lists import (
    bins,
    folders,
    importing,
    items,
    list_files,
    list_rows,
    list_settings,
    list_templates,
    mapping,
    query,
    schema,
    versions,
)
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.errors import Conflict, Forbidden, Invalid
from caseroom.lists.filters import Compare
from caseroom.lists.folders import Folders
from caseroom.lists.rights import PROGRAM
from caseroom.lists.trees import DEEPEST


@pytest.fixture
def papers(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "papers", "title": {"en": "Papers", "sk": "Papiere"}})
        list_settings.change(session, actor, "papers", {"folders": True})
    return house


def there(session: Any) -> Folders:
    found = folders.of(catalogue(session), definition(session, "papers"))
    assert found is not None
    return found


def make(house: House, name: str, inside: int | None = None) -> int:
    return house.make("papers_folders", {"name": name, "inside": inside}).id


def in_folder(house: House, folder_id: int | None, *, below: bool = False) -> list[str]:
    with house.read("north") as (session, actor):
        where = folders.shown_in(session, there(session), folder_id, with_all_below=below)
        page = query.page(session, actor, "papers", where=where, order=[("name", False)])
        return [item.title for item in page.items]


def test_folders_are_a_list_of_their_own_named_after_the_first(papers: House) -> None:
    with papers.read("north") as (session, _actor):
        found = there(session)
        assert (found.column.name, found.list.name, found.parent.name) == ("folder", "papers_folders", "inside")
        assert found.list.titles == {"en": "Folders of “Papers”", "sk": "Priečinky zoznamu „Papiere“"}


@pytest.mark.parametrize("title", [{"sk": "Papiere"}, {"en": "P" * 200}, {"et": "Paberid"}])
def test_folders_are_named_whatever_the_list_is_called(house: House, title: dict[str, str]) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "papers", "title": title})
        list_settings.change(session, actor, "papers", {"folders": True})
        assert next(iter(title.values()))[:100] in there(session).list.titles["sk"]


def test_what_lies_where_and_what_lies_below(papers: House) -> None:
    year = make(papers, "2026")
    spring = make(papers, "Spring", year)
    make(papers, "Autumn", year)
    for name, folder in (("plan", None), ("report", year), ("offer", spring)):
        papers.make("papers", {"name": name, "folder": folder})
    assert in_folder(papers, None) == ["plan"] and in_folder(papers, year) == ["report"]
    assert in_folder(papers, year, below=True) == ["offer", "report"]
    assert in_folder(papers, None, below=True) == ["offer", "plan", "report"]
    with papers.read("north") as (session, actor):
        assert [one.title for one in folders.inside(session, actor, there(session), year)[0]] == ["Autumn", "Spring"]
        assert [one.title for one in folders.inside(session, actor, there(session), None)[0]] == ["2026"]
        assert [one.title for one in folders.way_to(session, actor, there(session), spring)] == ["2026", "Spring"]


def test_a_folder_cannot_lie_in_itself_or_below_itself(papers: House) -> None:
    outer = make(papers, "outer")
    middle = make(papers, "middle", outer)
    inner = make(papers, "inner", middle)
    for target in (outer, middle, inner):
        with pytest.raises(Invalid, match="lies in the item itself") as refusal, papers.write("north") as (s, actor):
            items.update(s, actor, "papers_folders", outer, {"inside": target}, version=None)
        assert refusal.value.errors[0].field == "inside"
    with papers.write("north") as (session, actor):
        items.update(session, actor, "papers_folders", inner, {"inside": None}, version=None)


def test_folders_lie_in_each_other_only_so_deep(papers: House) -> None:
    last = make(papers, "1")
    for depth in range(2, DEEPEST + 1):
        last = make(papers, str(depth), last)
    with pytest.raises(Invalid, match="at most 20 deep"):
        make(papers, "one more", last)


def test_a_folder_with_something_in_it_is_not_deleted(papers: House) -> None:
    year = make(papers, "2026")
    inner = make(papers, "inner", year)
    paper = papers.make("papers", {"name": "report", "folder": inner})
    for folder in (year, inner):
        with pytest.raises(Conflict, match="move or delete them first"), papers.write("north") as (session, actor):
            items.delete(session, actor, "papers_folders", folder, version=None)
    with papers.write("north") as (session, actor):
        items.delete(session, actor, "papers", paper.id, version=None)
        items.delete(session, actor, "papers_folders", inner, version=None)
        items.delete(session, actor, "papers_folders", year, version=None)


def test_a_list_without_folders_any_more_shows_everything_and_has_them_again(papers: House) -> None:
    papers.make("papers", {"name": "report", "folder": make(papers, "2026")})
    with papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"folders": None})
        assert folders.of(catalogue(session), definition(session, "papers")) is None
    with papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"folders": True})
        assert there(session).list.name == "papers_folders"


@pytest.mark.parametrize("given_name", ["name", "no_such", 7, [], "company"])
def test_only_a_lookup_into_a_tree_makes_folders(papers: House, given_name: Any) -> None:
    with papers.write("admin") as (session, actor):
        schema.add_column(session, actor, "papers", {"name": "company", "type": "lookup", "list": "stages"})
    with pytest.raises(Invalid, match="lie in each other") as refusal, papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"folders": given_name})
    assert refusal.value.errors[0].field == "folders"


def test_a_list_with_another_column_called_folder_keeps_it(house: House) -> None:
    with house.write("admin") as (session, actor):
        body = {"name": "boxes", "columns": [{"name": "folder", "type": "text"}]}
        schema.create_list(session, actor, body)
    with pytest.raises(Invalid, match="something else"), house.write("admin") as (session, actor):
        list_settings.change(session, actor, "boxes", {"folders": True})
    with house.read("admin") as (session, _actor):
        assert "boxes_folders" not in catalogue(session).by_name


def test_a_file_brings_the_folders_along_where_they_are_not(papers: House) -> None:
    with papers.write("admin") as (session, actor):
        body = list_templates.body_of(session, actor, "papers")
        text = "".join(list_files.write(body)).replace('"papers', '"letters')
        read = list_files.read(text)
        assert list_templates.apply(session, actor, read).made
        found = folders.of(catalogue(session), definition(session, "letters"))
        assert found is not None and found.list.name == "letters_folders"
        assert not list_templates.apply(session, actor, read).changed, "applied twice it changes nothing"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5)), max_size=12))
def test_however_folders_are_moved_none_lies_in_itself(papers: House, moves: list[tuple[int, int | None]]) -> None:
    run = uuid.uuid4()
    ids = [make(papers, f"{run} {number}") for number in range(6)]
    above: dict[int, int | None] = dict.fromkeys(range(6))
    for moved, to in moves:
        way, at = {moved}, to
        while at is not None and at not in way:
            way.add(at)
            at = above[at]
        try:
            with papers.write("north") as (session, actor):
                inside = None if to is None else ids[to]
                items.update(session, actor, "papers_folders", ids[moved], {"inside": inside}, version=None)
        except Invalid:
            assert at is not None, "refused, though it lies not in itself"
        else:
            assert at is None, "taken, though it would lie in itself"
            above[moved] = to


def test_a_folder_takes_along_no_more_levels_than_there_may_be(papers: House) -> None:
    last, top = make(papers, "1"), make(papers, "top")
    inner = make(papers, "inner", top)
    for depth in range(2, DEEPEST):
        last = make(papers, str(depth), last)
    with pytest.raises(Invalid, match="at most 20 deep"), papers.write("north") as (session, actor):
        items.update(session, actor, "papers_folders", top, {"inside": last}, version=None)
    with papers.write("north") as (session, actor):
        items.update(session, actor, "papers_folders", inner, {"inside": last}, version=None)


def test_two_folders_beside_each_other_have_two_names(papers: House) -> None:
    year = make(papers, "2026")
    make(papers, "Twin", year)
    with pytest.raises(Invalid, match="called “TWIN” here already"):
        make(papers, "TWIN", year)
    make(papers, "Články", year)
    with pytest.raises(Invalid, match="here already"):
        make(papers, "ČLÁNKY", year)
    make(papers, "Clanky", year)
    other = make(papers, "Twin")
    with pytest.raises(Invalid, match="here already"), papers.write("north") as (session, actor):
        items.update(session, actor, "papers_folders", other, {"inside": year}, version=None)


def test_what_comes_back_from_the_bin_without_its_folder_lies_in_none(papers: House) -> None:
    year = make(papers, "2026")
    inner = make(papers, "inner", year)
    paper = papers.make("papers", {"name": "report", "folder": year})
    with papers.write("north") as (session, actor):
        items.delete(session, actor, "papers", paper.id, version=None)
        items.delete(session, actor, "papers_folders", inner, version=None)
        items.delete(session, actor, "papers_folders", year, version=None)
    with papers.write("north") as (session, actor):
        items.restore(session, actor, "papers", paper.id)
        items.restore(session, actor, "papers_folders", inner)
    assert in_folder(papers, None) == ["report"]
    with papers.read("north") as (session, actor):
        assert [one.title for one in folders.inside(session, actor, there(session), None)[0]] == ["inner"]
        first, *_ = versions.history(session, actor, "papers", paper.id)
        assert [(one.column.name, one.new) for one in first.changes] == [("folder", None)]


def test_whatever_serves_as_a_folder_stays_while_something_lies_in_it(house: House) -> None:
    with house.write("admin") as (session, actor):
        tree = {"name": "up", "type": "lookup", "list": "rooms", "tree": True}
        schema.create_list(session, actor, {"name": "rooms", "columns": [tree]})
        columns = [{"name": "where", "type": "lookup", "list": "rooms"}]
        schema.create_list(session, actor, {"name": "chairs", "columns": columns})
        list_settings.change(session, actor, "chairs", {"folders": "where"})
    hall = house.make("rooms", {"name": "hall"}).id
    house.make("chairs", {"name": "red", "where": hall})
    with pytest.raises(Conflict), house.write("north") as (session, actor):
        items.delete(session, actor, "rooms", hall, version=None)


def test_a_copy_of_a_list_has_folders_of_its_own(papers: House) -> None:
    with papers.write("admin") as (session, actor):
        list_templates.copy(session, actor, "papers", name="letters", title={"en": "Letters"})
        found = folders.of(catalogue(session), definition(session, "letters"))
        assert found is not None and found.list.name == "letters_folders"


def test_folders_are_archived_with_their_list(papers: House) -> None:
    with papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"archived": True})
    with pytest.raises(Forbidden, match="archived"):
        make(papers, "late")
    with papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"archived": False})
    make(papers, "again")


def test_the_folders_of_a_code_list_are_the_administrators(house: House) -> None:
    with house.write("admin") as (session, actor):
        list_settings.create(session, actor, {"name": "colours", "kind": "code"})
        list_settings.change(session, actor, "colours", {"folders": True})
    with pytest.raises(Forbidden):
        house.make("colours_folders", {"name": "warm"})
    house.make("colours_folders", {"name": "warm"}, by="admin")


def test_a_column_that_was_deleted_is_made_anew_for_the_folders_that_stand(papers: House) -> None:
    make(papers, "2026")
    with papers.write("admin") as (session, actor):
        bins.delete_column(session, actor, "papers", "folder")
        assert folders.of(catalogue(session), definition(session, "papers")) is None
    with papers.write("admin") as (session, actor):
        list_settings.change(session, actor, "papers", {"folders": True})
        assert there(session).list.name == "papers_folders"


def test_a_list_and_its_folders_travel_as_two_files(papers: House) -> None:
    with papers.write("admin") as (session, actor):
        for name in ("papers_folders", "papers"):
            text = "".join(list_files.write(list_templates.body_of(session, actor, name)))
            list_templates.apply(session, actor, list_files.read(text.replace('"papers', '"letters')))
        found = folders.of(catalogue(session), definition(session, "letters"))
        assert found is not None and folders.is_list_of_folders(found.list)


def test_all_of_very_many_folders_are_searched_below(papers: House) -> None:
    top = make(papers, "top")
    with papers.write("north") as (session, actor):
        for number in range(600):
            items.add(session, actor, "papers_folders", {"name": f"f{number:03}", "inside": top})
    with papers.read("north") as (session, actor):
        shown, more = folders.inside(session, actor, there(session), top)
        assert (len(shown), more) == (500, True)
        found, more = folders.inside(session, actor, there(session), top, search="f599")
        assert ([one.title for one in found], more) == (["f599"], False)


# --- Imports by paths -----------------------------------------------------------------------------

BY_PATH = """
match = ["external_id"]
[columns]
external_id = "no"
name = "title"
folder = {from = "where"%s}
"""


def imported(house: House, folder: Path, rows: list[str], create: str = "") -> importing.Result:
    (folder / "rows.csv").write_text("\n".join(["no;title;where", *rows]))
    (folder / "step.toml").write_text(BY_PATH % create)
    step = mapping.read_mapping(folder / "step.toml", "papers", "rows.csv")
    return importing.run(house.home.database, PROGRAM, importing.prepare([step], folder))[0]


def way(house: House, title: str) -> str:
    """The folders down to a paper."""
    with house.read("north") as (session, actor):
        item = query.find(session, actor, "papers", Compare(("name",), "eq", title))
        assert item is not None
        below = item["folder"] and folders.way_to(session, actor, there(session), item["folder"].id)
        return " / ".join(one.title for one in below or ())


def test_rows_find_their_folder_by_its_path(papers: House, tmp_path: Path) -> None:
    """The same name lies in two places; a name with a stroke in it is found first."""
    for top in ("2025", "2026"):
        make(papers, "Spring", make(papers, top))
    make(papers, "In / out")
    make(papers, "2025", make(papers, "Old"))
    rows = [
        "1;offer;2026/Spring", "2;report; 2025 / Spring ", "3;mail;In / out", "4;lost;Spring", "5;none;2026 / Summer",
        "6;plan;/2025",
    ]  # fmt: skip
    done = imported(papers, tmp_path, rows)
    assert (done.counts["created"], done.counts["refused"]) == (4, 2)
    ways = [way(papers, name) for name in ("offer", "report", "mail", "plan")]
    assert ways == ["2026 / Spring", "2025 / Spring", "In / out", "2025"]
    assert [one.reason for one in done.refused] == [
        "folder: There is more than one “Spring” in papers_folders.",
        "folder: There is no “2026 / Summer” in papers_folders.",
    ]


def test_what_is_missing_on_a_path_is_made_once_and_goes_with_a_refused_row(papers: House, tmp_path: Path) -> None:
    year = make(papers, "2026")
    rows = ["1;offer;2026 / Spring / North", "2;report;2026 / Spring", "3;plan;2026 / Spring / North"]
    rows.append(f"4;{'x' * 300};New / Place")  # a title that is too long
    for expected in ({"created": 3, "refused": 1}, {"unchanged": 3, "refused": 1}):
        done = imported(papers, tmp_path, rows, ", create = true")
        assert expected.items() <= done.counts.items(), done
    with papers.read("north") as (session, actor):
        for folder, expected in ((year, ["Spring"]), (None, ["2026"])):
            assert [one.title for one in folders.inside(session, actor, there(session), folder)[0]] == expected
    assert [way(papers, name) for name in ("offer", "report")] == ["2026 / Spring / North", "2026 / Spring"]


def test_a_copy_with_rows_has_the_folders_too_and_leaves_out_what_does_not_fit(papers: House) -> None:
    with papers.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "kinds", "columns": []})
        list_settings.change(session, actor, "kinds", {"kind": "code"})
        schema.add_column(session, actor, "papers", {"name": "kind", "type": "lookup", "list": "kinds"})
        schema.add_column(session, actor, "papers", {"name": "pages", "type": "number"})
    old = papers.make("kinds", {"name": "old"}, by="admin").id
    year = make(papers, "2026")
    papers.make("papers", {"name": "offer", "folder": make(papers, "Spring", year), "kind": old, "pages": 5})
    papers.make("papers", {"name": "report", "folder": year, "pages": 50})
    with papers.write("admin") as (session, actor):
        items.update(session, actor, "kinds", old, {"retired": True}, version=None)
        rule = {"formula": "pages < 10", "message": "Too long."}
        list_settings.change(session, actor, "papers", {"validation": rule})
        done = list_templates.copy(session, actor, "papers", name="copies", title={"en": "Copies"})
        who = actor
    list_rows.copy_rows(papers.home.database, who, "papers", done)
    assert (done.created, [str(one.errors[0]) for one in done.refused]) == (1, ["Too long."])
    with papers.read("north") as (session, actor):
        [item] = query.page(session, actor, "copies").items
        assert (item.title, item["kind"].title, item["folder"].title) == ("offer", "old", "Spring")
        assert item["folder"].list != "papers_folders"
