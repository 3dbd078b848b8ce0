"""A disk that is full refuses what would be written, in words and without leftovers; once there is room all goes on."""

from __future__ import annotations

import errno
import io
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from letters import a_mail, word_file
from processes import Client, children, serving, token_of, until
from sqlalchemy import event, func, select, text

from caseroom.lists.catalogue import definition
from caseroom.lists.models import Change
from caseroom.portal.checking import findings

RELATIONS = "/api/v1/lists/relations/items"
FILES = "/api/v1/libraries/documents/files"


@contextmanager
def no_more_room(*pids: int) -> Iterator[None]:
    """Let these processes write nothing to files any more (setrlimit(2), EFBIG), as on a disk that is full."""
    before: dict[int, tuple[int, int]] = {}
    for pid in pids:
        with suppress(ProcessLookupError):  # a child that has read a file and ended
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError, PermissionError):  # or has bound itself closer meanwhile
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_a_portal_without_room_says_so_keeps_reading_and_goes_on_when_there_is_room(house):
    with serving(house) as (server,):
        client = Client(server.port, token_of(house, "north"))
        company = client.post(RELATIONS, {"name": "Tatra Steel"}).json
        path = f"{RELATIONS}/{company['id']}"
        document = client.form(FILES, file=("Offer.docx", word_file("An offer"))).json
        content = client.get(f"{FILES}/{document['id']}/content").body
        with house.home.database.read() as session:
            before = session.scalar(select(func.max(Change.seq)))
        letter = a_mail(attach={"Terms.docx": word_file("terms")})
        with no_more_room(server.process.pid, *children(server.process.pid)):
            refused = [
                client.form(FILES, file=("Second.docx", word_file("Another offer"))),
                client.send("PUT", f"{FILES}/{document['id']}/content", word_file("New"), If_Match="*"),
                client.form("/api/v1/mail", message=("a.eml", letter), company=company["id"]),
            ]
            if house.home.database.is_sqlite:
                refused += [
                    client.post(RELATIONS, {"name": "No room for it"}),
                    client.patch(path, {"phone": "+421 2 0000 0001"}, If_Match="*"),
                    client.delete(path),
                    client.post(f"{FILES}/{document['id']}/checkout"),
                ]
            for answer in refused:
                assert answer.status == 507 and answer.headers["Content-Type"] == "application/problem+json"
                assert answer.json["title"] == "Storage full" and "no room left" in answer.json["detail"]
            assert client.get(path).json["version"] == 1
            assert client.get(f"{FILES}/{document['id']}/content").body == content
        with house.home.database.read() as session:
            meanwhile = session.scalars(select(Change).where(Change.seq > before))
            assert all(line.columns == ["content_text"] for line in meanwhile)  # read by the worker before or after
        assert client.post(RELATIONS, {"name": "Okapi Works"}).status == 201
        assert client.form(FILES, file=("Second.docx", word_file("Another offer"))).status == 201
        assert client.form("/api/v1/mail", message=("a.eml", letter), company=company["id"]).status == 201
        # The worker met the same full disk; what was committed before and after it is found.
        for word in ("tatra", "okapi"):
            assert until(lambda word=word: client.get(f"/api/v1/search?q={word}").json["value"], 60), word
    assert list(findings(house.home, deep=True)) == []


def test_a_database_that_is_full_is_told_from_one_that_is_broken(house):
    database, north = house.home.database, house.api("north")
    company = house.make_relation(name="Tatra Steel")
    if database.is_sqlite:
        with database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        database.dispose()
        event.listen(
            database.engine, "connect",
            lambda connection, _record: connection.execute(f"PRAGMA max_page_count = {pages}"),
        )  # fmt: skip
        long = "x" * 9_000  # more than is free in the pages that there are
    else:
        with database.write() as session:
            table = definition(session, "relations").table.name
            session.execute(text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
            ))  # fmt: skip
            session.execute(text(f"CREATE TRIGGER disk_is_full BEFORE UPDATE ON {table} EXECUTE FUNCTION no_room()"))
        long = "x"
    answer = north.patch(f"{RELATIONS}/{company.id}", json={"description": long}, headers={"If-Match": "*"})
    assert answer.status_code == 507 and "no room left" in answer.json["detail"]
    assert north.get(f"{RELATIONS}/{company.id}").json["version"] == 1
    page = house.client("north")
    form = page.get(f"/lists/relations/{company.id}/edit")
    assert form.status_code == 200 and list(findings(house.home)) == []


def test_a_full_folder_for_temporary_files_is_said_in_words(house, monkeypatch):
    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", full, raising=False)
    north = house.api("north")
    answer = north.post(FILES, data={"file": (io.BytesIO(word_file()), "Offer.docx")})
    assert answer.status_code == 507 and "no room left" in answer.json["detail"]
