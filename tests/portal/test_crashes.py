"""What is killed loses nothing that was answered, and a copied home is the same home: with real processes."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from house import PASSWORD, House, enter, token_of
from letters import word_file
from processes import Client, caseroom, serving, start, stop, until
from processes import token_of as bearer_of
from search_house import PEOPLE, found, suggested

from caseroom.lists import changelog, items
from caseroom.lists.models import Follower
from caseroom.portal.checking import findings
from caseroom.portal.search.searching import MOST_HITS

RELATIONS = "/api/v1/lists/relations/items"
QUESTIONS = ("quagga", "okapi", "steel -quagga", "house", "zeb", "terms")


def search(client: Client, text: str) -> list[tuple[str, int]]:
    answer = client.get(f"/api/v1/search?q={text}")
    assert answer.status == 200, answer.body
    return sorted((hit["list"], hit["id"]) for hit in answer.json["value"])


def answers(house: House) -> dict[tuple[str, str], Any]:
    """What everybody finds, and what is suggested while they type."""
    told: dict[tuple[str, str], Any] = {}
    for who in PEOPLE:
        for text in QUESTIONS:
            hits = found(house, who, text, limit=MOST_HITS)
            told[who, text] = (
                sorted((hit.list, hit.id, hit.title, str(hit.marked_snippet)) for hit in hits),
                suggested(house, who, text),
            )
    return told


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def is_indexed(house: House) -> bool:
    with house.home.database.read() as session:
        follower = session.get(Follower, "search")
        return follower is not None and follower.seq == changelog.last(session)


def change_much(house: House, turn: int) -> None:
    """A hundred changes: new companies and cases, a name that stands in many others, deletions."""
    with house.write("north") as (session, actor):
        words = ("Quagga", "Okapi", "Zebra")
        made = [
            items.create(session, actor, "relations", {"name": f"{words[n % 3]} Steel {turn}.{n}"}).id
            for n in range(24)
        ]
        for number, company in enumerate(made):
            values = {"name": f"Terms {number}", "company": company, "description": f"A {words[number % 3]} in turn"}
            case = items.create(session, actor, "cases", values)
            items.create(session, actor, "activities", {"case": case.id, "activity_type": "task"})
    with house.write("north") as (session, actor):
        for company in made[:10]:
            items.update(session, actor, "relations", company, {"name": f"Okapi House {company}"}, version=None)
        for company in made[18:]:
            items.delete(session, actor, "relations", company, version=None)


def test_what_is_committed_while_the_worker_is_dead_is_found_when_one_works_again(house):
    with serving(house, "--no-worker") as (server,):
        client = Client(server.port, bearer_of(house, "north"))
        worker = start(house, "worker")
        try:
            first = client.post(RELATIONS, {"name": "Giraffe Works"}).json
            assert until(lambda: search(client, "giraffe") == [("relations", first["id"])])
            kill(worker)
            second = client.post(RELATIONS, {"name": "Giraffe Traders"})
            assert second.status == 201
            renamed = client.patch(f"{RELATIONS}/{first['id']}", {"name": "Okapi Works"}, If_Match="*")
            assert renamed.status == 200
            assert search(client, "okapi") == [] and search(client, "giraffe") == []
            worker = start(house, "worker")
            assert until(lambda: search(client, "okapi") == [("relations", first["id"])])
            assert search(client, "giraffe") == [("relations", second.json["id"])]
        finally:
            stop(worker)


def test_a_worker_killed_again_and_again_indexes_just_what_a_rebuild_does(house):
    chance = random.Random(7)
    for turn in range(3):
        change_much(house, turn)
        before = _generation(house)
        worker = start(house, "worker")
        try:
            assert until(lambda before=before: _generation(house) != before)
            until(lambda: is_indexed(house), chance.uniform(0.0, 0.6))
        finally:
            kill(worker)
    worker = start(house, "worker")
    try:
        assert until(lambda: is_indexed(house))
    finally:
        stop(worker)
    house.home.database.caches.pop("search engine", None)
    told = answers(house)
    assert all(len(hits) < MOST_HITS for hits, _suggested in told.values())  # nothing is cut off
    assert len(told["south", "okapi"][0]) > 20 and told["south", "quagga"][0] != told["north", "quagga"][0]
    assert list(findings(house.home, deep=True)) == []
    shutil.rmtree(house.home.index_folder)
    rebuilt = caseroom(house, "reindex")
    assert rebuilt.returncode == 0, rebuilt.stderr
    house.home.database.caches.pop("search engine", None)
    assert answers(house) == told


def _generation(house: House) -> list[str]:
    return sorted(path.name for path in house.home.index_folder.glob("*.toc"))


@pytest.fixture
def whole(tmp_path: Path, sqlite_house: Path, house_home: Path) -> Iterator[House]:
    """A house whose database lies in its home: one folder to copy."""
    folder = tmp_path / "original"
    shutil.copytree(house_home, folder)
    shutil.copyfile(sqlite_house, folder / "caseroom.db")
    entered = enter(folder, f"sqlite:///{folder / 'caseroom.db'}")
    yield entered
    entered.home.database.dispose()


def _at(house: House, folder: Path) -> House:
    return enter(folder, f"sqlite:///{folder / 'caseroom.db'}")


def test_a_home_that_is_stopped_copied_and_served_gives_the_same_answers(whole, tmp_path):
    """docs/backup.md, word by word; then the copy is put back over what has gone on since."""
    token = bearer_of(whole, "north")
    with serving(whole) as (server,):
        client = Client(server.port, token)
        company = client.post(RELATIONS, {"name": "Quagga Steel"}).json
        file = {"file": ("Terms.docx", word_file("The okapi is sold as seen")), "company": company["id"]}
        document = client.form("/api/v1/libraries/documents/files", **file).json
        event = {"name": "Fair", "start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00"}
        assert client.post("/api/v1/lists/events/items", event).status == 201
        cookie = _sign_in(client)
        assert until(lambda: search(client, "okapi") == [("documents", document["id"])])
        before = _told(client, cookie, document["id"])
    shutil.copytree(whole.home.settings.home, tmp_path / "copy")
    copy = _at(whole, tmp_path / "copy")
    with serving(copy) as (server,):
        client = Client(server.port, token)
        assert _told(client, cookie, document["id"]) == before
        assert _sign_in(client)
    assert caseroom(copy, "check", "--deep").returncode == 0
    copy.home.database.dispose()
    with serving(whole) as (server,):
        client = Client(server.port, token)
        path = f"{RELATIONS}/{company['id']}"
        assert client.patch(path, {"name": "Giraffe Steel"}, If_Match="*").status == 200
        assert client.post(RELATIONS, {"name": "Giraffe Works"}).status == 201
        assert until(lambda: len(search(client, "giraffe")) >= 2)
    whole.home.database.dispose()
    for left in whole.home.settings.home.glob("caseroom.db*"):
        left.unlink()
    shutil.copyfile(tmp_path / "copy" / "caseroom.db", whole.home.settings.home / "caseroom.db")
    with serving(whole) as (server,):
        client = Client(server.port, token)
        assert client.post(RELATIONS, {"name": "Zebra Works"}).status == 201
        assert until(lambda: search(client, "zebra") and search(client, "quagga"))
        assert search(client, "giraffe") == [] and _told(client, cookie, document["id"]) == before
    assert caseroom(whole, "check", "--deep").returncode == 0


def _sign_in(client: Client) -> str:
    """The session's cookie, by the sign-in page."""
    from urllib.parse import urlencode

    browser = Client(client.port, "")
    page = browser.get("/sign-in")
    form_cookie = page.headers["Set-Cookie"].partition(";")[0]
    form = {"email": "north@house.test", "password": PASSWORD, "csrf_token": token_of(page.body.decode())}
    answer = browser.send(
        "POST", "/sign-in", urlencode(form).encode(), Cookie=form_cookie,
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert answer.status == 303
    return answer.headers["Set-Cookie"].partition(";")[0]


def _told(client: Client, cookie: str, document: int) -> list[Any]:
    """Items, a document's content, search, the calendar at its secret address, a page of a signed-in browser."""
    feed = client.get("/api/v1/me").json["calendar_feed"]
    home = Client(client.port, "").send("GET", "/account", Cookie=cookie)
    shown = [client.get(f"/api/v1/lists/{name}/items").json["value"] for name in ("events", "documents", "owners")]
    return [
        shown, client.get(f"/api/v1/libraries/documents/files/{document}/content").body, search(client, "okapi"),
        Client(client.port, "").get(feed[feed.index("/calendar/") :]).body, home.status,
    ]  # fmt: skip
