"""Documents as SharePoint has them: versions, check-out, who sees what meanwhile, and that nothing is lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from house import House
from sqlalchemy import select

from caseroom.libraries import collecting, documents, reading, uploads
from caseroom.libraries.blobs import Blob
from caseroom.libraries.models import FileVersion, UnreadFile, WorkingCopy
from caseroom.lists import catalogue, items, query, versions
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Conflict, Forbidden, Invalid, Locked, NotFound, Stale
from caseroom.lists.models import ListRow
from caseroom.lists.query import Item


def pdf(text: str) -> bytes:
    """A file that is a PDF by its content."""
    return f"%PDF-1.4\n% {text}\n%%EOF\n".encode()


class Desk:
    """One document of a case, and short ways to work on it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.case = house.make_case().id
        self.id = self.add("north", "Offer.pdf", "one").id

    def blob(self, text: str) -> Blob:
        return self.house.home.blobs.put(io.BytesIO(pdf(text)))

    def add(self, who: str, file_name: str, text: str, **more: Any) -> Item:
        blob = self.blob(text)
        with self.house.write(who) as (session, actor):
            return documents.add_file(session, actor, "documents", blob, file_name, {"case": self.case}, **more)

    def put(self, who: str, text: str, **more: Any) -> Item:
        blob = self.blob(text)
        with self.house.write(who) as (session, actor):
            return documents.put_content(session, actor, "documents", self.id, blob, **more)

    def do(self, who: str, step: Callable[..., Item], *arguments: Any, **more: Any) -> Item:
        with self.house.write(who) as (session, actor):
            return step(session, actor, "documents", self.id, *arguments, **more)

    def read(self, who: str, version: str | None = None) -> bytes:
        with self.house.read(who) as (session, actor):
            content = documents.content_of(session, actor, "documents", self.id, version)
        return b"".join(self.house.home.blobs.open(content.blob.sha256))

    def item(self, who: str = "north") -> Item:
        with self.house.read(who) as (session, actor):
            return query.get(session, actor, "documents", self.id)

    def numbers(self, who: str = "north") -> list[str]:
        with self.house.read(who) as (session, actor):
            return [entry.number for entry in documents.history(session, actor, "documents", self.id)]


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def switch_minor_versions_on(house: House, **more: Any) -> None:
    with house.home.database.write() as session:
        row = session.scalars(select(ListRow).where(ListRow.name == "documents")).one()
        row.settings = {**row.settings, "minor_versions": True, **more}
        catalogue.forget(session)


def test_a_new_document_is_version_one_and_named_as_its_file(desk: Desk) -> None:
    item = desk.item()
    assert (item["file_version"], item["name"], item["file_name"]) == ("1.0", "Offer", "Offer.pdf")
    assert item["media_type"] == "application/pdf" and item["size"] == len(pdf("one"))
    assert item["case"].id == desk.case and item["company"] is not None
    assert desk.read("north") == pdf("one")


def test_each_save_makes_the_next_version_and_each_stays_readable(desk: Desk) -> None:
    desk.put("north", "two")
    desk.put("both", "three")
    assert desk.numbers() == ["3.0", "2.0", "1.0"]
    assert [desk.read("north", number) for number in ("1.0", "2.0", "3.0")] == [pdf("one"), pdf("two"), pdf("three")]
    with pytest.raises(NotFound):
        desk.read("north", "9.0")
    with pytest.raises(NotFound):
        desk.read("north", "one")


def test_minor_versions_count_drafts_and_publishing_makes_the_next_major(desk: Desk) -> None:
    switch_minor_versions_on(desk.house)
    draft = desk.add("north", "Draft.pdf", "draft")
    assert draft["file_version"] == "0.1"
    desk.id = draft.id
    assert desk.put("north", "second")["file_version"] == "0.2"
    assert desk.do("north", documents.publish)["file_version"] == "1.0"
    with pytest.raises(Conflict, match="published already"):
        desk.do("north", documents.publish)
    desk.do("north", documents.checkout)
    assert desk.do("north", documents.checkin)["file_version"] == "1.1"
    desk.do("north", documents.checkout)
    assert desk.do("north", documents.checkin, kind="major", comment="final")["file_version"] == "2.0"
    assert desk.numbers() == ["2.0", "1.1", "1.0", "0.2", "0.1"]


def test_a_version_limit_keeps_the_current_one_and_so_many_more(desk: Desk) -> None:
    switch_minor_versions_on(desk.house, minor_versions=False, version_limit=2)
    for text in ("two", "three", "four", "five"):
        desk.put("north", text)
    assert desk.numbers() == ["5.0", "4.0", "3.0"]


def test_while_checked_out_others_read_the_last_version_and_cannot_write(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.put("north", "draft")
    assert desk.read("north") == pdf("draft") and desk.read("both") == pdf("one")
    assert desk.item("both")["checked_out_by"].title == "North Person"
    refused: list[Callable[[], Any]] = [
        lambda: desk.put("both", "mine"),
        lambda: desk.do("both", documents.checkout),
        lambda: desk.do("both", documents.checkin),
        lambda: desk.do("both", documents.discard),
        lambda: desk.do("both", documents.publish),
        lambda: desk.do("both", documents.restore, "1.0"),
        lambda: desk.do("admin", documents.checkout),
        lambda: desk.do("admin", documents.restore, "1.0"),
    ]
    for attempt in refused:
        with pytest.raises(Locked, match=r"Checked out by North Person since .+\."):
            attempt()
    assert desk.numbers("both") == ["1.0"] and desk.numbers("north") == ["", "1.0"]


def test_the_facts_of_a_checked_out_document_are_its_holders_too(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    for who in ("both", "manager", "admin"):
        with desk.house.write(who) as (session, actor), pytest.raises(Locked, match="North Person"):
            items.update(session, actor, "documents", desk.id, {"name": "Mine"}, version=None)
        with desk.house.write(who) as (session, actor), pytest.raises(Locked, match="North Person"):
            items.delete(session, actor, "documents", desk.id, version=None)
    with desk.house.write("both") as (session, actor), pytest.raises(Locked, match="North Person"):
        items.delete(session, actor, "cases", desk.case, version=None)
    with desk.house.write("north") as (session, actor):
        items.update(session, actor, "documents", desk.id, {"name": "Renamed"}, version=None)
    assert desk.item("both")["name"] == "Renamed"


def test_a_case_that_changes_group_takes_its_checked_out_document_along(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    with desk.house.write("both") as (session, actor):
        items.update(session, actor, "cases", desk.case, {"sales_group": desk.house.groups["West"]}, version=None)
    assert desk.item("west")["checked_out_by"] is not None
    with pytest.raises(NotFound):
        desk.item("north")


def test_check_in_makes_the_draft_everybodys_version(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.put("north", "draft")
    item = desk.do("north", documents.checkin, comment="  better prices ")
    assert (item["file_version"], item["checked_out_by"], item["checked_out_at"]) == ("2.0", None, None)
    assert desk.read("both") == pdf("draft")
    with desk.house.read("both") as (session, actor):
        newest = documents.history(session, actor, "documents", desk.id)[0]
        assert (newest.comment, newest.kind, newest.by and newest.by.title) == (
            "better prices",
            "major",
            "North Person",
        )
        assert not session.scalars(select(WorkingCopy)).all()


def test_check_in_may_bring_its_own_file_or_keep_the_content(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.do("north", documents.checkin, blob=desk.blob("brought"), file_name="whatever.pdf")
    assert desk.read("both") == pdf("brought") and desk.item()["file_name"] == "Offer.pdf"
    desk.do("north", documents.checkout)
    assert desk.do("north", documents.checkin)["file_version"] == "3.0"
    assert desk.read("both") == pdf("brought")


def test_overwriting_at_check_in_keeps_the_number(desk: Desk) -> None:
    desk.put("north", "two")
    desk.do("north", documents.checkout)
    desk.put("north", "two, mended")
    assert desk.do("north", documents.checkin, kind="overwrite", comment="typo")["file_version"] == "2.0"
    assert desk.numbers() == ["2.0", "1.0"]
    assert desk.read("both", "2.0") == pdf("two, mended") and desk.read("both", "1.0") == pdf("one")


def test_an_unknown_kind_of_check_in_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    with pytest.raises(Invalid, match="minor, major, overwrite"):
        desk.do("north", documents.checkin, kind="huge")
    assert desk.item()["checked_out_by"] is not None


def test_discarding_forgets_the_draft_and_frees_the_document(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.put("north", "draft")
    desk.do("north", documents.discard)
    assert desk.read("north") == pdf("one") and desk.numbers() == ["1.0"]
    desk.put("both", "two")
    assert desk.read("north") == pdf("two")
    with pytest.raises(Conflict, match="not checked out"):
        desk.do("north", documents.discard)
    with pytest.raises(Conflict, match="not checked out"):
        desk.do("north", documents.checkin)


def test_an_administrator_may_end_anothers_check_out(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.put("north", "draft")
    desk.do("admin", documents.checkin)
    assert desk.read("both") == pdf("draft") and desk.item()["checked_out_by"] is None
    desk.do("north", documents.checkout)
    desk.put("north", "another")
    desk.do("admin", documents.discard)
    assert desk.read("north") == pdf("draft")


def test_checking_out_twice_is_told(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    with pytest.raises(Conflict, match="already"):
        desk.do("north", documents.checkout)


def test_restoring_appends_a_version(desk: Desk) -> None:
    desk.put("north", "two")
    assert desk.do("north", documents.restore, "1.0")["file_version"] == "3.0"
    assert desk.read("both") == pdf("one") and desk.numbers() == ["3.0", "2.0", "1.0"]
    desk.do("north", documents.checkout)
    desk.do("north", documents.restore, "2.0")
    assert desk.read("north") == pdf("two") and desk.read("both") == pdf("one")


def test_a_stale_save_is_refused_and_loses_nothing(desk: Desk) -> None:
    seen = desk.item()
    desk.put("both", "two")
    with pytest.raises(Stale):
        desk.put("north", "mine", version=seen.version)
    with pytest.raises(Stale):
        desk.put("north", "mine", seen={seen["sha256"][:32]})
    assert desk.read("north") == pdf("two")
    desk.put("north", "three", version=desk.item().version)
    assert desk.numbers() == ["3.0", "2.0", "1.0"]


def test_who_may_not_see_or_change_a_document_is_told_so(desk: Desk) -> None:
    for who in ("south", "west"):
        for version in (None, "1.0", "7.0"):
            with pytest.raises(NotFound, match=r"^There is no such item\.$"):
                desk.read(who, version)
        with pytest.raises(NotFound):
            desk.put(who, "theirs")
        with pytest.raises(NotFound):
            desk.do(who, documents.checkout)
    with pytest.raises(Forbidden):
        desk.put("reader", "mine")
    with pytest.raises(Forbidden):
        desk.do("reader", documents.checkout)
    assert desk.read("reader") == pdf("one")


def test_the_same_name_in_a_case_is_a_clear_choice(desk: Desk) -> None:
    with pytest.raises(Conflict, match=r"Offer\.pdf"):
        desk.add("both", "Offer.pdf", "two", if_exists="refuse")
    new_version = desk.add("both", "Offer.pdf", "two", if_exists="new_version")
    assert new_version.id == desk.id and new_version["file_version"] == "2.0"
    second, third = (desk.add("both", "Offer.pdf", text, if_exists="keep_both") for text in ("a", "b"))
    assert (second["file_name"], second["name"]) == ("Offer (2).pdf", "Offer (2)")
    assert third["file_name"] == "Offer (3).pdf" and third["file_version"] == "1.0"
    with pytest.raises(Invalid, match="keep_both"):
        desk.add("both", "Offer.pdf", "c", if_exists="perhaps")
    elsewhere = desk.house.make_case().id
    desk.case = elsewhere
    assert desk.add("north", "Offer.pdf", "x", if_exists="refuse")["file_version"] == "1.0"


def test_a_name_that_stands_where_one_cannot_see_is_no_hindrance(house: House) -> None:
    company = house.make_relation().id
    for who in ("north", "south"):
        blob = house.home.blobs.put(io.BytesIO(pdf(who)))
        with house.write(who) as (session, actor):
            made = documents.add_file(
                session, actor, "documents", blob, "Same.pdf", {"company": company}, if_exists="refuse"
            )
        assert made["file_name"] == "Same.pdf"


def test_a_document_begins_with_a_file(house: House) -> None:
    with house.write("north") as (session, actor), pytest.raises(Invalid, match="begins with its file"):
        items.create(session, actor, "documents", {"name": "Nothing"})
    blob = house.home.blobs.put(io.BytesIO(pdf("x")))
    with house.write("north") as (session, actor), pytest.raises(NotFound, match="no such library"):
        documents.add_file(session, actor, "cases", blob, "x.pdf", {})


def test_every_change_stands_in_the_items_history(desk: Desk) -> None:
    desk.do("north", documents.checkout)
    desk.put("north", "two")
    desk.do("north", documents.checkin)
    with desk.house.read("north") as (session, actor):
        entries = versions.history(session, actor, "documents", desk.id)
    changed = [{difference.column.name for difference in entry.changes} for entry in entries]
    assert changed[:2] == [
        {"file_version", "size", "checked_out_by", "checked_out_at"}
        - ({"size"} if len(pdf("one")) == len(pdf("two")) else set()),
        {"checked_out_by", "checked_out_at"},
    ]


def test_of_many_at_once_exactly_one_checks_out_and_in_and_the_others_are_told(desk: Desk) -> None:
    for step, told in ((documents.checkout, (Conflict,)), (documents.checkin, (Conflict,))):
        answers = _at_once(6, lambda number, step=step: desk.do("both" if number % 2 else "north", step))
        won = [answer for answer in answers if isinstance(answer, Item)]
        lost = [answer for answer in answers if not isinstance(answer, Item)]
        if step is documents.checkout:
            assert len(won) == 1 and len(lost) == 5
            holder = "both" if won[0]["checked_out_by"].title == "Both Person" else "north"
            desk.put(holder, "draft")
        else:
            assert len(won) == 1 and len(lost) == 5
        assert all(isinstance(answer, told) for answer in lost), lost
    assert desk.numbers() == ["2.0", "1.0"] and desk.read("both") == pdf("draft")


def test_of_many_saves_at_once_none_is_lost_and_a_stale_one_is_told(desk: Desk) -> None:
    answers = _at_once(6, lambda number: desk.put("north", f"text {number}"))
    assert all(isinstance(answer, Item) for answer in answers), answers
    assert desk.numbers() == [f"{number}.0" for number in range(7, 0, -1)]
    assert {desk.read("north", f"{number}.0") for number in range(2, 8)} == {pdf(f"text {n}") for n in range(6)}
    version = desk.item().version
    answers = _at_once(4, lambda number: desk.put("north", f"once {number}", version=version))
    assert sorted(type(answer).__name__ for answer in answers) == ["Item", "Stale", "Stale", "Stale"]
    assert len(desk.numbers()) == 8


def _at_once(number: int, step: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads got: its result or its error."""
    start, answers = threading.Barrier(number), [None] * number

    def run(place: int) -> None:
        start.wait()
        try:
            answers[place] = step(place)
        except Exception as error:
            answers[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_text_that_takes_long_is_read_by_the_worker(desk: Desk) -> None:
    from caseroom.libraries.house_templates import build

    blob = desk.house.home.blobs.put(io.BytesIO(build("offer", "en")))
    with desk.house.write("north") as (session, actor):
        item = documents.add_file(session, actor, "documents", blob, "Long.docx", {"case": desk.case}, text=None)
    desk.id = item.id
    assert desk.item()["content_text"] is None
    for _ in range(20):
        if not reading.step(desk.house.home):
            break
    assert not reading.step(desk.house.home)
    assert "Thank you for your interest" in desk.item()["content_text"]
    assert desk.item()["modified_by"].title == "North Person"
    with desk.house.read("north") as (session, _actor):
        assert not session.scalars(select(UnreadFile)).all()


def test_an_orphan_is_collected_and_what_a_row_names_is_not(desk: Desk) -> None:
    home = desk.house.home
    desk.put("north", "two")
    desk.do("north", documents.checkout)
    desk.put("north", "draft")
    orphan = desk.blob("nobody's").sha256
    assert collecting.collect(home) == 0 and home.blobs.exists(orphan)
    assert collecting.collect(home, grace=timedelta(seconds=-5)) == 1
    assert not home.blobs.exists(orphan)
    assert (desk.read("north"), desk.read("both"), desk.read("north", "1.0")) == (pdf("draft"), pdf("two"), pdf("one"))
    assert list(collecting.findings(home)) == []


def test_a_missing_or_damaged_blob_is_found(desk: Desk) -> None:
    home = desk.house.home
    sha256 = desk.item()["sha256"]
    home.blobs.delete(sha256)
    assert list(collecting.findings(home)) == [f"the stored file {sha256} is missing"]


_KILLED = """
import os, signal, sys, io
from pathlib import Path
from caseroom.libraries import documents
from caseroom.lists.rights import load_actor
from caseroom.portal.home import open_home
from caseroom.portal.settings import load
folder, url, user, case = sys.argv[1:]
home = open_home(load(Path(folder), environ={}, database_url=url))
blob = home.blobs.put(io.BytesIO(b"%PDF-1.4\\n% killed\\n%%EOF\\n"))
with home.database.write() as session:
    actor = load_actor(session, int(user))
    documents.add_file(session, actor, "documents", blob, "Killed.pdf", {"case": int(case)})
    session.flush()
    print(blob.sha256, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_between_storing_and_commit_leaves_only_an_orphan(desk: Desk) -> None:
    home = desk.house.home
    url = home.settings.database_url
    arguments = [str(home.settings.home), url, str(desk.house.people["north"]), str(desk.case)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, *arguments], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    orphan = done.stdout.strip()
    with desk.house.read("north") as (session, actor):
        assert query.count(session, actor, "documents").number == 1
        assert len(session.scalars(select(FileVersion).where(FileVersion.sha256 == orphan)).all()) == 0
    assert home.blobs.exists(orphan)
    assert collecting.collect(home, grace=timedelta(seconds=-5)) == 1
    assert not home.blobs.exists(orphan) and desk.read("north") == pdf("one")
    assert list(collecting.findings(home)) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\temp\\Offer.docx", "Offer.docx"),
        ("../../etc/passwd", "passwd"),
        ("a/b\x00c\r\nd.pdf", "b-c-d.pdf"),
        ('quo"te<x>.pdf', "quo-te-x-.pdf"),
        ("gnp\u202excod.pdf", "gnp-xcod.pdf"),
        ("…" * 300 + ".docx", "…" * 195 + ".docx"),
        ("  .docx ", "docx"),
        ("", "document"),
    ],
)
def test_a_file_name_is_made_fit(given: str, kept: str) -> None:
    assert uploads.tidy_name(given) == kept


TAKEN = {
    "002-trivial-libre-office-writer.pdf", "comments-rich-para.docx", "crazyones-pdfa.pdf", "doc-coreprops.docx",
    "doc-default.docx", "habibi.pdf", "hdr-header-footer.docx", "libreoffice-writer-password.pdf",
    "minimal-document.pdf", "par-hyperlinks.docx", "pdfkit.pdf", "tbl-having-tables.docx", "testAnnotations.pdf",
    "testComment.xlsx", "testEXCEL-formats.xlsx", "testEXCEL.xlsx", "testEXCEL_charts.xlsx",
    "testEXCEL_custom_props.xlsx", "testEXCEL_dateFormats.xlsx", "testPDF_bookmarks.pdf", "testWORD_2006ml.docx",
    "testWORD_custom_props.docx", "testWORD_various.docx",
}  # fmt: skip
REFUSED = {"not-really-a-word-file.docx": "“not-really-a-word-file.docx”"}


def test_the_real_documents_are_taken_and_the_false_one_is_refused_by_name(house: House, test_data: Path) -> None:
    folder = test_data / "documents"
    assert {path.name for path in folder.iterdir()} == TAKEN | set(REFUSED)
    case = house.make_case().id
    with house.read("north") as (session, _actor):
        settings = definition(session, "documents").settings
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            if path.name in REFUSED:
                with pytest.raises(Invalid, match=REFUSED[path.name]):
                    uploads.prepare_upload(house.home.blobs, file, path.name, settings)
                continue
            taken = uploads.prepare_upload(house.home.blobs, file, path.name, settings)
        with house.write("north") as (session, actor):
            item = documents.add_file(
                session, actor, "documents", taken.blob, taken.file_name, {"case": case}, text=taken.text
            )
        assert item["media_type"] == taken.format.media_type and item["size"] == path.stat().st_size
        with house.read("north") as (session, actor):
            content = documents.content_of(session, actor, "documents", item.id)
        assert b"".join(house.home.blobs.open(content.blob.sha256)) == path.read_bytes()
