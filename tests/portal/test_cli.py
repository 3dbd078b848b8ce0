"""The command line teaches, answers mistakes in one line, makes a home, and says whether it is sound."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import signal
import sys
from pathlib import Path
from select import select as select_ready

import pytest
from click.testing import CliRunner, Result

from caseroom.lists import filters, query
from caseroom.lists.rights import PROGRAM
from caseroom.portal import sign_in
from caseroom.portal.cli import main
from caseroom.portal.home import open_home
from caseroom.portal.settings import load

COMMANDS = ["demo", "init", "serve", "worker", "import", "export", "user", "token", "settings", "check", "reindex"]
INIT = ["init", "--owner", "Alfa Ltd", "--group", "North", "--administrator", "Ana.Mala@alfa.test", "--currency", "CZK"]


def caseroom(*words: str, home: Path | None = None) -> Result:
    extra = ["--home", str(home)] if home else []
    return CliRunner().invoke(main, [*words, *extra])


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("caseroom: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    result = caseroom(*INIT, "--password", "long enough secret", home=tmp_path / "home")
    assert result.exit_code == 0, result.stderr
    return tmp_path / "home"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_that_says_what_it_does(command):
    result = caseroom(command, "--help")
    assert result.exit_code == 0 and len(result.output.splitlines()) > 5


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["export", "cases", "--format", "pdf"],
        ["user", "add"],
        ["import", "cases"],
        ["demo", "--bind", "0.0.0.0"],
        ["demo", "--port", "99999"],
    ],
)
def test_a_mistake_is_one_line_and_status_2(words):
    refused(caseroom(*words))


def test_the_demo_refuses_to_listen_on_another_address(tmp_path, monkeypatch):
    monkeypatch.setenv("CASEROOM_BIND", "0.0.0.0")
    said = refused(caseroom("demo", home=tmp_path / "demo"))
    assert "127.0.0.1 only" in said and "0.0.0.0 (environment)" in said
    assert not (tmp_path / "demo" / "caseroom.db").exists()


def test_a_home_that_is_not_there_is_said_in_one_line_with_what_to_do(tmp_path):
    assert "caseroom init" in refused(caseroom("check", home=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_init_makes_a_home_once(home):
    settings = load(home, environ={})
    assert settings.currency == "CZK" and settings.origins["currency"].endswith("caseroom.toml")
    opened = open_home(settings)
    with opened.database.read() as session:
        user = sign_in.find_user(session, "ana.mala@alfa.test")
        assert user is not None and user.name == "Ana Mala" and sign_in.password_fits(user, "long enough secret")
        group = query.find(session, PROGRAM, "sales_groups", filters.where(name="North"))
        assert group is not None and group["owner"].title == "Alfa Ltd"
        assert query.find(session, PROGRAM, "case_types", filters.where(external_id="service_support")) is not None
    assert "has data" in refused(caseroom(*INIT, home=home))
    assert caseroom("check", home=home).exit_code == 0


def test_init_refuses_what_cannot_be_used_and_makes_nothing(tmp_path):
    assert "time-zone" in refused(caseroom(*INIT, "--time-zone", "Nowhere/City", home=tmp_path / "a"))
    assert not (tmp_path / "a" / "caseroom.toml").exists()
    assert "10 characters" in refused(caseroom(*INIT, "--password", "short", home=tmp_path / "b"))
    wrong = ["init", "--owner", "A", "--group", "B", "--administrator", "nobody"]
    assert "e-mail address" in refused(caseroom(*wrong, home=tmp_path / "b"))
    assert not (tmp_path / "b" / "caseroom.toml").exists()
    assert "--owner is missing" in refused(caseroom("init", home=tmp_path / "c"))


def test_a_user_is_added_and_a_token_is_printed_alone(home):
    words = ["user", "add", "eva@alfa.test", "--name", "Eva Biela", "--role", "salesperson", "--group", "North"]
    added = caseroom(*words, home=home)
    assert added.exit_code == 0 and "password" in added.stdout
    assert "already" in refused(caseroom(*words, home=home))
    token = caseroom("token", "add", "eva@alfa.test", home=home)
    assert token.stdout.strip().startswith("cr_") and len(token.stdout.split()) == 1
    with open_home(load(home, environ={})).database.read() as session:
        user = sign_in.find_user(session, "eva@alfa.test")
        assert user is not None and sign_in.user_of_token(session, token.stdout.strip()) == user.id
    assert "no item named" in refused(caseroom(*words[:-1], "South", home=home))
    assert "no user" in refused(caseroom("token", "add", "nobody@alfa.test", home=home))


def test_settings_are_shown_with_their_origin_and_without_secrets(home):
    shown = json.loads(caseroom("settings", "--json", home=home).stdout)
    assert shown["currency"]["value"] == "CZK" and shown["secret_key"]["value"] == "(set)"


def test_an_import_and_an_export_go_round(home, tmp_path):
    (tmp_path / "in.csv").write_text("firm,mail\nAlfa,a@alfa.test\n=1+1,\nBad,no address\n")
    (tmp_path / "m.toml").write_text('match = ["name"]\n[columns]\nname = "firm"\nemail = "mail"\n')
    words = ["import", "relations", str(tmp_path / "in.csv"), "--mapping", str(tmp_path / "m.toml")]
    tried = caseroom(*words, "--dry-run", home=home)
    assert tried.exit_code == 1 and "would create" in tried.stdout
    done = caseroom(*words, "--report", str(tmp_path / "refused.csv"), home=home)
    assert done.exit_code == 1 and "in.csv row 4: email" in done.stdout
    assert [row["row"] for row in csv.DictReader((tmp_path / "refused.csv").open())] == ["4"]
    rows = list(
        csv.DictReader(
            io.StringIO(caseroom("export", "relations", "--format", "csv", home=home).stdout.lstrip("\ufeff"))
        )
    )
    assert [row["name"] for row in rows] == ["Alfa", "'=1+1"]
    assert [
        row["name"] for row in json.loads(caseroom("export", "relations", "--format", "json", home=home).stdout)
    ] == ["Alfa", "=1+1"]
    book = tmp_path / "out.xlsx"
    assert caseroom("export", "relations", "--format", "xlsx", "--output", str(book), home=home).exit_code == 0
    from openpyxl import load_workbook

    assert [row[2] for row in load_workbook(book).worksheets[0].iter_rows(values_only=True)] == ["name", "Alfa", "=1+1"]


def test_a_list_that_is_not_there_is_named_and_the_file_that_stands_stays(home, tmp_path):
    kept = tmp_path / "kept.csv"
    kept.write_text("yesterday's")
    said = refused(caseroom("export", "relatoins", "--format", "csv", "--output", str(kept), home=home))
    assert "“relatoins”" in said and "relations" in said
    assert kept.read_text() == "yesterday's"
    (tmp_path / "m.toml").write_text('match = ["name"]\n[columns]\nname = "firm"\n')
    (tmp_path / "in.csv").write_text("firm\nAlfa\n")
    words = ["import", "relatoins", str(tmp_path / "in.csv"), "--mapping", str(tmp_path / "m.toml")]
    assert "“relatoins”" in refused(caseroom(*words, home=home))


def test_refused_rows_are_told_in_the_order_of_the_file(home, tmp_path):
    (tmp_path / "in.csv").write_text("firm,mail,land\nAlfa,nobody,\nBeta,,Atlantis\nGama,nothing,\nDelta,,Lemuria\n")
    (tmp_path / "m.toml").write_text(
        'match = ["name"]\n[columns]\nname = "firm"\nemail = "mail"\n'
        'address.parts.country = { from = "land", country = true }\n'
    )
    words = ["import", "relations", str(tmp_path / "in.csv"), "--mapping", str(tmp_path / "m.toml")]
    report = tmp_path / "report.csv"
    assert caseroom(*words, "--report", str(report), home=home).exit_code == 1
    assert [row["row"] for row in csv.DictReader(report.open())] == ["2", "3", "4", "5"]


def test_init_asks_again_for_what_cannot_be_used(tmp_path):
    answers = [
        "Alfa", "North", "nobody", "ana@alfa.test", "", "short", "long enough secret", "another secret", "",
        "https://crm.alfa.test", "Nowhere/City", "Europe/Tallinn", "CZK", "xx", "sk",
    ]  # fmt: skip
    said = at_a_terminal(["init", "--home", str(tmp_path / "home")], answers)
    assert "is ready. Sign in as ana@alfa.test" in said and said.count("Error: ") == 4
    assert "two different passwords" in said
    settings = load(tmp_path / "home", environ={})
    assert (settings.time_zone, settings.currency, settings.language) == ("Europe/Tallinn", "CZK", "sk")


def at_a_terminal(words: list[str], answers: list[str]) -> str:
    """What the command says to somebody who types these answers, one to each of its questions."""
    child, terminal = pty.fork()
    if child == 0:
        program = "from caseroom.portal.cli import main; main()"
        os.execv(sys.executable, [sys.executable, "-c", program, *words])
    said, left = "", list(answers)
    try:
        while heard := _heard(terminal):
            said += heard
            if left and said.endswith(": "):
                os.write(terminal, f"{left.pop(0)}\n".encode())
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    return said


def _heard(terminal: int) -> str:
    """What comes next; nothing once the program has ended."""
    assert select_ready([terminal], [], [], 60)[0], "it waits for something"
    try:
        return os.read(terminal, 4096).decode()
    except OSError:
        return ""


def test_a_copied_home_gives_the_same_answers(home, tmp_path):
    before = caseroom("export", "stages", "--format", "json", home=home).stdout
    shutil.copytree(home, tmp_path / "copy")
    assert caseroom("export", "stages", "--format", "json", home=tmp_path / "copy").stdout == before
    assert caseroom("check", "--deep", home=tmp_path / "copy").exit_code == 0
