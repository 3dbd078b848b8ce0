"""`caseroom check` says nothing of a sound home, and one line for each thing that is not as it must be."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from house import House
from letters import a_mail, word_file
from search_house import index, keys
from sqlalchemy import delete, select, update

from caseroom.libraries.models import FileVersion
from caseroom.lists import changelog
from caseroom.lists.catalogue import ListDefinition, definition
from caseroom.lists.models import Change, Version
from caseroom.outlook_addin.models import StoredCopy
from caseroom.portal.checking import findings
from caseroom.portal.cli import main
from caseroom.portal.search import engine_of


class Lived:
    """A house in which things have happened: a case, a document of two versions, a filed mail, a built index."""

    def __init__(self, house: House) -> None:
        self.house, north = house, house.api("north")
        contact = house.make("contacts", {"surname": "Buyer"})
        self.case = house.make_case(name="Cranes", contacts=[contact.id])
        self.document = house.make("documents", {"name": "Terms", "case": self.case.id})
        saved = north.put(
            f"/api/v1/libraries/documents/files/{self.document.id}/content",
            data=b"%PDF-1.4\n% second\n%%EOF\n", headers={"If-Match": "*"},
        )  # fmt: skip
        assert saved.status_code == 200, saved.text
        letter = {"message": (io.BytesIO(a_mail(attach={"a.docx": word_file()})), "a.eml"), "case": str(self.case.id)}
        assert north.post("/api/v1/mail", data=letter).status_code == 201
        index(house)

    def change(self, statement: Any) -> None:
        """Change the database behind the program's back."""
        with self.house.home.database.engine.begin() as connection:
            connection.execute(statement)

    def read(self, statement: Any) -> Any:
        with self.house.home.database.read() as session:
            return session.scalars(statement).first()

    def list(self, name: str) -> ListDefinition:
        with self.house.home.database.read() as session:
            return definition(session, name)

    def set(self, name: str, item_id: int, **values: Any) -> None:
        """Set columns of a row."""
        found = self.list(name)
        physical = {found.by_name[key].physical if found.has(key) else key: value for key, value in values.items()}
        self.change(update(found.table).where(found.table.c.id == item_id).values(physical))

    def blob(self, sha256: str) -> Path:
        (found,) = self.house.home.settings.home.rglob(sha256)
        return found

    @property
    def current(self) -> str:
        found = self.list("documents")
        return self.read(select(found.sql("sha256")).where(found.table.c.id == self.document.id))

    @property
    def first_version(self) -> str:
        mine = select(FileVersion.sha256).where(FileVersion.item_id == self.document.id, FileVersion.major == 1)
        return self.read(mine.where(FileVersion.list_id == self.list("documents").id))

    @property
    def index(self) -> Path:
        return self.house.home.index_folder


def _spoil(path: Path) -> None:
    """The same number of other bytes."""
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def _lose_a_version(lived: Lived) -> None:
    lived.change(delete(Version).where(Version.list_id == lived.list("documents").id, Version.version == 1,
                                       Version.item_id == lived.document.id))  # fmt: skip


def _lose_a_row(lived: Lived) -> None:
    found = lived.list("activities")
    lived.house.make("activities", {"case": lived.case.id, "activity_type": "task"})
    index(lived.house)
    lived.change(delete(found.table))


def _lose_a_line(lived: Lived) -> None:
    with lived.house.home.database.read() as session:
        last = changelog.last(session)
    lived.change(delete(Change).where(Change.seq == last - 1))


def _set_aside(lived: Lived) -> None:
    with lived.house.home.database.write() as session:
        changelog.set_aside(session, "search", 3, "relations/1: too odd")


def _spoil_the_index(lived: Lived) -> None:
    for segment in lived.index.glob("*.seg"):
        half = segment.read_bytes()[: segment.stat().st_size // 2]
        segment.unlink()  # a file that is mapped into memory is not cut under its reader
        segment.write_bytes(half)
    lived.house.home.database.caches.pop("search engine")


def _forget_an_entry(lived: Lived) -> None:
    engine = engine_of(lived.house.home)
    engine.write(engine.state() or {}, [], [(lived.list("cases").id, lived.case.id)])


def _another_history(lived: Lived) -> None:
    lived.change(update(Change).values(guid="another", list_id=1))


Damage = list[tuple[Callable[[Lived], None], str]]

TO_FILES: Damage = [
    (lambda lived: _spoil(lived.blob(lived.current)), "documents {document}: the stored file {current}… is damaged"),
    (lambda lived: os.truncate(lived.blob(lived.current), 3), "documents {document}: its file has 3 bytes, not"),
    (lambda lived: lived.blob(lived.current).unlink(), "documents {document}: its file {current}… is not stored"),
    (lambda lived: lived.blob(lived.first_version).unlink(), "version 1.0 of documents {document}: its file"),
    (lambda lived: lived.blob(lived.read(select(StoredCopy.sha256))).unlink(), "a stored message: its file"),
]
TO_ROWS: Damage = [
    (_lose_a_row, "activities 1: it has versions, but is not there"),
    (_lose_a_version, "documents {document}: it is at version 2, but has 1 versions up to 2"),
    (_lose_a_line, "change log: "),
    (
        lambda lived: lived.set("cases", lived.case.id, scope_id=1),
        "cases {case}: its rights are not those of its values",
    ),
    (lambda lived: lived.set("cases", lived.case.id, scope_id=999), "cases {case}: its scope 999 does not exist"),
    (
        lambda lived: lived.set("cases", lived.case.id, product=77),
        "cases {case}: product points to products 77, which is not there",
    ),
    (
        lambda lived: lived.set("cases", lived.case.id, contacts=[1, 88]),
        "cases {case}: contacts points to contacts 88, which is not there",
    ),
    (_set_aside, "follower search: change 3 was set aside: relations/1: too odd"),
]  # fmt: skip
TO_THE_INDEX: Damage = [
    (lambda lived: shutil.rmtree(lived.index), "search index: it is missing or cannot be read"),
    (_spoil_the_index, "search index: it is missing or cannot be read"),
    (_forget_an_entry, "search index: cases {case} is at version 1, the index has none"),
    (_another_history, "search index: it belongs to another history"),
]


def test_check_names_every_file_that_is_lost_or_damaged(house):
    _each_is_found(Lived(house), TO_FILES)


def test_check_names_every_row_version_and_line_that_is_not_as_it_must_be(house):
    _each_is_found(Lived(house), TO_ROWS)


def test_check_finds_an_index_that_does_not_fit_and_a_worker_mends_it(house):
    lived = Lived(house)
    for damage, words in TO_THE_INDEX:
        _each_is_found(lived, [(damage, words)])
        if damage is _forget_an_entry:
            assert caseroom("reindex", lived).exit_code == 0
        index(house)
        assert list(findings(house.home, deep=True)) == []
        assert keys(house, "north", "cranes") >= {("cases", lived.case.id)}


def _each_is_found(lived: Lived, damages: Damage) -> None:
    """Each damage adds its line, just once, to what `caseroom check` says of the home."""
    current = lived.current[:12]
    before: list[str] = list(findings(lived.house.home, deep=True))
    assert before == []
    for damage, words in damages:
        damage(lived)
        found = list(findings(lived.house.home, deep=True))
        expected = words.format(document=lived.document.id, case=lived.case.id, current=current)
        new = [line for line in found if line not in before and line.startswith(expected)]
        assert len(new) == 1, (expected, found)
        before = found
    result = caseroom("check", lived, "--deep")
    assert result.exit_code == 1 and result.stdout.splitlines() == before


def caseroom(command: str, lived: Lived, *options: str) -> Result:
    """A command on the home, in this process."""
    home = lived.house.home
    environ = {"CASEROOM_DATABASE_URL": home.database.url.render_as_string(hide_password=False)}
    return CliRunner().invoke(main, [command, *options, "--home", str(home.settings.home)], env=environ)


def test_nothing_is_asked_of_what_was_ended_for_good(house: House) -> None:
    case = house.make_case(name="Ended").id
    address = f"/api/v1/lists/cases/items/{case}"
    for by, stage in (("north", ""), ("north", "?deleted=true"), ("admin", "?discarded=true")):
        assert house.api(by).delete(address + stage, headers={"If-Match": "*"}).status_code == 204
    assert list(findings(house.home)) == []
