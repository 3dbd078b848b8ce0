"""Two servers on one home: of two who change the same thing at once one wins, the other is told, nothing is lost."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from house import House, enter
from letters import a_mail, word_file
from processes import Answer, Client, at_once, caseroom, serving, token_of

from caseroom.lists import changelog
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.models import Change, Version
from caseroom.outlook_addin.models import StoredMessage
from caseroom.portal.checking import check_rows

ROUNDS = 6


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A settled house's database of each kind, kept for the whole module: servers take seconds to start."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("races") / "caseroom.db"
        shutil.copyfile(request.getfixturevalue("sqlite_house"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgresql"), request.getfixturevalue("postgresql_house")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"{template}_{uuid.uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def house(database_url: str, house_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("races") / "home"
    shutil.copytree(house_home, folder)
    entered = enter(folder, database_url)
    yield entered
    entered.home.database.dispose()


class Race:
    """Two colleagues, each at a server of its own, an administrator, and a follower who reads the log meanwhile."""

    def __init__(self, house: House, ports: list[int]) -> None:
        self.house = house
        self.left, self.right = (
            Client(port, token_of(house, who)) for port, who in zip(ports, ("north", "both"), strict=True)
        )
        self.admin = Client(ports[0], token_of(house, "admin"))
        self.promised: list[tuple[str, int, int]] = []  # guid, id, version of every write that was answered so
        self.read: list[int] = []
        self.stop = threading.Event()
        self.company = self.made(self.left.post(items("relations"), {"name": "Tatra Steel"}))

    def at_once(self, *calls: Callable[[], Answer]) -> list[Answer]:
        """The answers; none of them may be an error of ours."""
        answers = at_once(*calls)
        for answer in answers:
            assert answer.status < 500, answer.body
            self.remember(answer)
        return answers

    def made(self, answer: Answer) -> Any:
        """What an answer says was made."""
        assert answer.status in (200, 201), answer.body
        self.remember(answer)
        return answer.json

    def remember(self, answer: Answer) -> None:
        if answer.status in (200, 201) and answer.body[:1] == b"{":
            for value in (answer.json, *(one for one in answer.json.values() if isinstance(one, dict))):
                if "guid" in value and "version" in value:
                    self.promised.append((value["guid"], value["id"], value["version"]))

    def follow(self) -> None:
        """Read the log as its followers do, while it grows."""
        while not self.stop.is_set():
            with self.house.home.database.read() as session:
                self.read += [line.seq for line in changelog.read(session, self.read[-1] if self.read else 0)]
            self.stop.wait(0.01)


@pytest.fixture(scope="module")
def running(house: House) -> Iterator[Race]:
    with serving(house, "--no-worker", servers=2) as servers:
        race = Race(house, [server.port for server in servers])
        follower = threading.Thread(target=race.follow)
        follower.start()
        yield race
        race.stop.set()
        follower.join()


@pytest.fixture
def race(running: Race) -> Iterator[Race]:
    """After each test: every write that was answered with success stands in the versions and in the change log."""
    yield running
    with running.house.home.database.read() as session:
        kept = {
            (guid, version.item_id, version.version)
            for guid, version in session.execute(
                sa.select(Change.guid, Version).join(
                    Version, sa.and_(Version.list_id == Change.list_id, Version.item_id == Change.item_id)
                )
            )
        }
        assert set(running.promised) <= kept
        lines = session.execute(sa.select(Change.list_id, Change.item_id, sa.func.count()).where(
            Change.item_id.is_not(None)).group_by(Change.list_id, Change.item_id)).all()  # fmt: skip
        versions = session.execute(sa.select(Version.list_id, Version.item_id, sa.func.count()).group_by(
            Version.list_id, Version.item_id)).all()  # fmt: skip
        assert {tuple(line) for line in lines} == {tuple(one) for one in versions}
        assert changelog.last(session) == session.scalar(sa.select(sa.func.count()).select_from(Change))


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def items(name: str, number: int | None = None) -> str:
    return f"/api/v1/lists/{name}/items" + (f"/{number}" if number else "")


def files(number: int | None = None, *parts: str) -> str:
    return "/".join(["/api/v1/libraries/documents/files", *([str(number)] if number else []), *parts])


def new_company(race: Race) -> Any:
    return race.made(race.left.post(items("relations"), {"name": f"Tatra {uuid.uuid4().hex[:8]}"}))


def new_case(race: Race) -> Any:
    return race.made(
        race.left.post(items("cases"), {"name": f"Cranes {uuid.uuid4().hex[:8]}", "company": race.company["id"]})
    )


def new_document(race: Race) -> Any:
    name = f"Paper {uuid.uuid4().hex[:8]}.docx"
    return race.made(race.left.form(files(), file=(name, word_file(name))))


def test_of_two_edits_of_the_same_version_one_wins(race):
    for turn in range(ROUNDS):
        company = new_company(race)
        values = [{"phone": f"+421 2 0000 {turn}1{side}"} for side in (1, 2)]
        answers = race.at_once(*(
            lambda client=client, body=body: client.patch(items("relations", company["id"]), body, If_Match='"1"')
            for client, body in zip((race.left, race.right), values, strict=True)
        ))  # fmt: skip
        assert statuses(answers) == [200, 412]
        winner = next(answer for answer in answers if answer.status == 200).json
        now = race.right.get(items("relations", company["id"])).json
        assert (now["version"], now["phone"]) == (2, winner["phone"])


def test_edits_that_name_no_version_are_all_kept_in_the_history(race):
    company = new_company(race)
    path = items("relations", company["id"])
    said = [f"note {turn}" for turn in range(ROUNDS)]
    for turn in range(0, ROUNDS, 2):
        answers = race.at_once(
            lambda: race.left.patch(path, {"description": said[turn]}, If_Match="*"),
            lambda: race.right.patch(path, {"description": said[turn + 1]}, If_Match="*"),
        )
        assert statuses(answers) == [200, 200]
    history = race.left.get(f"{path}/versions").json["value"]
    new = {one["new"] for entry in history for one in entry["changes"] if one["column"] == "description"}
    assert len(history) == ROUNDS + 1 and new >= set(said)


def test_of_two_check_outs_one_wins_and_the_other_learns_who_has_it(race):
    document = new_document(race)
    for _ in range(ROUNDS):
        answers = race.at_once(
            lambda: race.left.post(files(document["id"], "checkout")),
            lambda: race.right.post(files(document["id"], "checkout")),
        )
        assert statuses(answers) == [200, 423]
        race.made(race.admin.post(files(document["id"], "discard")))
        loser = next(answer for answer in answers if answer.status == 423)
        holder = "Both" if answers[0] is loser else "North"
        assert f"{holder} Person" in loser.json["detail"]


def test_a_save_beside_a_check_in_is_made_before_or_after_it_or_refused(race):
    document = new_document(race)
    path = files(document["id"], "content")
    for turn in range(ROUNDS):
        before = len(race.left.get(files(document["id"], "versions")).json["value"])
        race.made(race.left.post(files(document["id"], "checkout")))
        mine = word_file(f"mine {turn}")
        race.made(race.left.send("PUT", path, mine, If_Match="*"))
        answers = race.at_once(
            lambda: race.left.post(files(document["id"], "checkin"), {"comment": "done"}),
            lambda: race.right.send("PUT", path, word_file(f"theirs {turn}"), If_Match="*"),
        )
        assert answers[0].status == 200 and answers[1].status in (200, 423)
        history = race.left.get(files(document["id"], "versions")).json["value"]
        assert len(history) == before + (2 if answers[1].status == 200 else 1)
        checked_in = history[1 if answers[1].status == 200 else 0]
        assert race.left.get(f"{path}?version={checked_in['number']}").body == mine


def test_of_two_saves_of_the_same_content_one_wins(race):
    document = new_document(race)
    path = files(document["id"], "content")
    for turn in range(ROUNDS):
        tag = race.left.get(path).headers["ETag"]
        sent = [word_file(f"left {turn}"), word_file(f"right {turn}")]
        answers = race.at_once(
            lambda: race.left.send("PUT", path, sent[0], If_Match=tag),
            lambda: race.right.send("PUT", path, sent[1], If_Match=tag),
        )
        assert statuses(answers) == [200, 412]
        assert race.left.get(path).body == sent[0 if answers[0].status == 200 else 1]


def test_a_document_is_checked_in_once(race):
    document = new_document(race)
    for turn in range(ROUNDS):
        race.made(race.left.post(files(document["id"], "checkout")))
        answers = race.at_once(*[lambda: race.left.post(files(document["id"], "checkin"), {"kind": "major"})] * 2)
        assert statuses(answers) == [200, 409]
        assert len(race.left.get(files(document["id"], "versions")).json["value"]) == turn + 2


def test_one_file_name_is_given_once_in_a_case(race):
    for turn in range(ROUNDS):
        case = new_case(race)
        answers = race.at_once(*(
            lambda client=client: client.form(files(), file=("Offer.docx", word_file(f"{turn}")), case=case["id"])
            for client in (race.left, race.right)
        ))  # fmt: skip
        assert statuses(answers) == [201, 409]


def test_a_case_is_closed_once_and_goes_on_once(race):
    for _ in range(ROUNDS):
        case = new_case(race)
        body = {"outcome": "won", "continue_as_support": True}
        path = f"/api/v1/cases/{case['id']}/actions/close"
        answers = race.at_once(lambda: race.left.post(path, body), lambda: race.right.post(path, body))
        assert statuses(answers)[0] == 200 and statuses(answers)[1] in (409, 412)
        going_on = race.left.get(f"{items('cases')}?$filter=support_of%20eq%20{case['id']}").json["value"]
        assert len(going_on) == 1


def test_a_message_that_two_file_at_once_is_stored_once(race):
    for turn in range(ROUNDS):
        one, other = new_case(race), new_case(race)
        letter = a_mail(f"Offer {uuid.uuid4()}", attach={f"Terms {turn}.docx": word_file(f"terms {turn}")})
        with race.house.home.database.read() as session:
            before = session.scalar(sa.select(sa.func.count()).select_from(StoredMessage))
        answers = race.at_once(*(
            lambda client=client: client.form("/api/v1/mail", message=("a.eml", letter), case=one["id"])
            for client in (race.left, race.right)
        ))  # fmt: skip
        assert statuses(answers) == [200, 201] and len({answer.json["id"] for answer in answers}) == 1
        elsewhere = race.right.form("/api/v1/mail", message=("a.eml", letter), case=other["id"])
        assert elsewhere.status == 201
        papers = race.left.get(f"{items('documents')}?$filter=case%20eq%20{one['id']}").json["value"]
        assert len(papers) == 1
        with race.house.home.database.read() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(StoredMessage)) == before + 1


def test_a_new_message_that_two_file_to_two_cases_at_once_is_stored_once(race):
    for _ in range(ROUNDS):
        cases = [new_case(race), new_case(race)]
        letter = a_mail(f"Offer {uuid.uuid4()}")
        with race.house.home.database.read() as session:
            before = session.scalar(sa.select(sa.func.count()).select_from(StoredMessage))
        answers = race.at_once(*(
            lambda client=client, case=case: client.form("/api/v1/mail", message=("a.eml", letter), case=case["id"])
            for client, case in zip((race.left, race.right), cases, strict=True)
        ))  # fmt: skip
        assert statuses(answers) == [201, 201]
        with race.house.home.database.read() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(StoredMessage)) == before + 1


def test_of_a_deletion_and_an_edit_one_wins(race):
    ends = Counter()
    for _ in range(ROUNDS):
        company = new_company(race)
        path = items("relations", company["id"])
        answers = race.at_once(
            lambda: race.left.delete(path, If_Match='"1"'),
            lambda: race.right.patch(path, {"phone": "+421 2 0000 0001"}, If_Match='"1"'),
        )
        ends[tuple(answer.status for answer in answers)] += 1
        assert race.left.get(path).status == (404 if answers[0].status == 204 else 200)
    assert set(ends) <= {(204, 404), (412, 200)}


def test_a_value_that_must_be_unique_is_taken_once(race):
    for turn in range(ROUNDS):
        name = f"Crane {turn}"
        answers = race.at_once(*(
            lambda client=client: client.post(items("products"), {"name": name})
            for client in (race.admin, Client(race.right.port, race.admin.token))
        ))  # fmt: skip
        assert statuses(answers) == [201, 422]


def test_a_product_in_use_is_not_deleted_at_the_moment_it_is_chosen(race):
    ends = Counter()
    for turn in range(ROUNDS):
        product = race.made(race.admin.post(items("products"), {"name": f"Digger {turn}"}))
        body = {"name": "Digging", "company": race.company["id"], "product": product["id"]}
        answers = race.at_once(
            lambda: race.admin.delete(items("products", product["id"])),
            lambda: race.right.post(items("cases"), body),
        )
        ends[tuple(answer.status for answer in answers)] += 1
    assert set(ends) <= {(204, 422), (409, 201)}


def test_what_is_added_to_a_case_while_it_changes_its_group_goes_with_it(race):
    west = race.house.groups["West"]
    outsider = Client(race.left.port, token_of(race.house, "north"))
    for _ in range(ROUNDS):
        case = new_case(race)
        answers = race.at_once(
            lambda: race.admin.patch(items("cases", case["id"]), {"sales_group": west}, If_Match='"1"'),
            lambda: race.right.post(f"/api/v1/cases/{case['id']}/actions/task", {"description": "Call them"}),
        )
        assert [answer.status for answer in answers] == [200, 201]
        activity = answers[1].json["activity"]["id"]
        assert outsider.get(items("activities", activity)).status == 404
        assert race.right.get(items("activities", activity)).json["sales_group"]["id"] == west


def test_an_activity_edited_while_its_case_moves_or_is_renamed_is_not_lost(race):
    west = race.house.groups["West"]
    for turn in range(ROUNDS):
        case = new_case(race)
        task = race.made(race.right.post(f"/api/v1/cases/{case['id']}/actions/task", {"description": "First"}))
        path = items("activities", task["activity"]["id"])
        values = {"sales_group": west} if turn % 2 else {"name": f"Renamed {turn}"}
        answers = race.at_once(
            lambda: race.admin.patch(items("cases", case["id"]), values, If_Match="*"),
            lambda: race.right.patch(path, {"description": "Second"}, If_Match="*"),
        )
        assert statuses(answers) == [200, 200]
        now = race.admin.get(path).json
        assert now["description"] == "Second"
        assert now["name"].endswith(race.admin.get(items("cases", case["id"])).json["name"])


def test_nothing_is_added_to_a_case_that_is_deleted_at_that_moment(race):
    ends = Counter()
    for _ in range(ROUNDS):
        case = new_case(race)
        answers = race.at_once(
            lambda: race.left.delete(items("cases", case["id"])),
            lambda: race.right.post(f"/api/v1/cases/{case['id']}/actions/task", {"description": "Call them"}),
        )
        ends[tuple(answer.status for answer in answers)] += 1
        left = race.admin.get(f"{items('activities')}?$filter=case%20eq%20{case['id']}").json["value"]
        assert left == []
    assert {end[0] for end in ends} == {204} and {end[1] for end in ends} <= {201, 404, 422}


def test_a_column_added_at_run_time_interrupts_no_writer(race):
    name = f"machines_{uuid.uuid4().hex[:6]}"
    race.made(race.admin.post("/api/v1/lists", {"name": name, "title": {"en": "Machines"}}))
    columns, writers = [f"weight_{turn}" for turn in range(4)], 3
    for column in columns:
        added = {"name": column, "type": "number", "title": {"en": column}, "unique": True}
        answers = race.at_once(
            lambda: race.admin.post(f"/api/v1/lists/{name}/columns", added),
            *(
                lambda client=client, number=number, column=column: client.post(
                    items(name), {"name": f"Machine {number} beside {column}"}
                )
                for client in (race.left, race.right)
                for number in range(writers)
            ),
        )
        assert statuses(answers) == [201] * (1 + 2 * writers)
        filled = race.at_once(*(
            lambda client=client, value=value, column=column: client.post(items(name), {"name": column, column: value})
            for client, value in ((race.left, "1.5"), (race.right, "2.5"))
        ))  # fmt: skip
        assert statuses(filled) == [201, 201]
    with race.house.home.database.read() as session:
        assert catalogue(session).get(name).has(columns[-1])
        table = definition(session, name).table
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == len(columns) * (2 * writers + 2)


def test_a_column_changed_at_run_time_interrupts_no_writer_and_loses_no_value(race):
    name = f"parts_{uuid.uuid4().hex[:6]}"
    columns = [{"name": "weight", "type": "number"}, {"name": "code", "type": "text"}]
    race.made(race.admin.post("/api/v1/lists", {"name": name, "title": {"en": "Parts"}, "columns": columns}))
    first = race.made(race.left.post(items(name), {"name": "First", "weight": "1.50"}))
    address = f"/api/v1/lists/{name}/columns"
    changes = [
        ("weight", {"type": "text"}), ("code", {"unique": True}), ("weight", {"type": "number", "decimals": 3}),
        ("code", {"unique": None, "indexed": True}), ("weight", {"decimals": 2}), ("code", {"required": True}),
    ]  # fmt: skip
    for turn, (column, change) in enumerate(changes, 1):
        answers = race.at_once(
            lambda: race.admin.patch(f"{address}/{column}", change),
            lambda: race.left.patch(items(name, first["id"]), {"weight": f"{turn}.25"}, If_Match="*"),
            *(
                lambda client=client: client.post(
                    items(name), {"name": f"Part {turn}", "weight": "2.5", "code": uuid.uuid4().hex}
                )
                for client in (race.left, race.right) * 2
            ),
        )
        assert statuses(answers) == [200, 200, 201, 201, 201, 201], [answer.body for answer in answers]
        assert float(race.left.get(items(name, first["id"])).json["weight"]) == turn + 0.25
    with race.house.home.database.read() as session:
        found = definition(session, name)
        weights = session.scalars(sa.select(found.sql("weight"))).all()
        assert len(weights) == 1 + 4 * len(changes) and None not in weights


def test_what_is_written_while_its_list_is_separated_anew_has_the_new_rights(race):
    name = f"parcels_{uuid.uuid4().hex[:6]}"
    race.made(race.admin.post("/api/v1/lists", {"name": name, "title": {"en": "Parcels"}, "separation": "by_group"}))
    mine = race.made(race.left.post(items(name), {"name": "Parcel"}))
    for separation in ("common", "by_group") * 3:
        answers = race.at_once(
            lambda: race.admin.patch(f"/api/v1/lists/{name}", {"separation": separation}),
            lambda: race.left.post(items(name), {"name": "Made meanwhile"}),
            lambda: race.right.post(items(name), {"name": "Made meanwhile"}),
            lambda: race.left.patch(items(name, mine["id"]), {"name": f"Parcel, {separation}"}, If_Match="*"),
        )
        assert statuses(answers) == [200, 200, 201, 201]
        with race.house.home.database.read() as session:
            assert list(check_rows(session, definition(session, name))) == []


def test_after_all_of_it_the_follower_has_read_every_line_and_the_home_is_sound(race):
    with race.house.home.database.read() as session:
        last = changelog.last(session)
    while race.read[-1] < last:
        race.stop.wait(0.05)
    assert race.read == list(range(race.read[0], last + 1))
    checked = caseroom(race.house, "check", "--deep")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_series_has_no_gap_and_no_number_twice(race):
    name = f"series_{uuid.uuid4().hex[:8]}"
    columns = [{"name": "number", "type": "auto_number"}, {"name": "note", "type": "text", "unique": True}]
    assert race.admin.post("/api/v1/lists", {"name": name, "columns": columns}).status == 201
    for turn in range(ROUNDS):
        answers = race.at_once(*(
            lambda client=client, note=note: client.post(items(name), {"name": "x", "note": f"{turn} {note}"})
            for client, note in ((race.left, "a"), (race.right, "a"), (race.left, "b"), (race.right, "c"))
        ))  # fmt: skip
        assert statuses(answers) == [201, 201, 201, 422]
    numbers = sorted(one["number"] for one in race.left.get(f"{items(name)}?$top=100").json["value"])
    assert numbers == [f"{number:04}" for number in range(1, 3 * ROUNDS + 1)]
