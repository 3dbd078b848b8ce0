"""The settings: where a value comes from, and what a wrong one is told."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from caseroom.portal import settings as settings_module
from caseroom.portal.settings import SettingsError, load, table, with_secret_key


def shown(settings: settings_module.Settings) -> dict[str, tuple[str, str]]:
    return {line.name: (line.value, line.origin) for line in table(settings)}


def test_without_any_configuration_everything_lies_in_the_home(tmp_path: Path):
    settings = load(tmp_path, environ={})
    assert settings.home == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path}/caseroom.db"
    assert settings.blob_url == f"file://{tmp_path}/blobs"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert not settings.can_send_mail and not settings.secure and not settings.development
    assert list(tmp_path.iterdir()) == []


def test_the_home_is_the_option_then_the_environment_then_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).home == tmp_path / "var"
    assert load(environ={"CASEROOM_HOME": "there"}).home == tmp_path / "there"
    assert load("here", environ={"CASEROOM_HOME": "there"}).home == tmp_path / "here"


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path):
    (tmp_path / "caseroom.toml").write_text('port = 8001\nbind = "::1"\nsession_hours = 8\n')
    settings = load(tmp_path, environ={"CASEROOM_PORT": "8002", "CASEROOM_BIND": "10.0.0.1"}, port=8003, bind=None)
    assert (settings.port, settings.bind, settings.session_hours, settings.currency) == (
        8003,
        "10.0.0.1",
        8,
        "EUR",
    )
    lines = shown(settings)
    assert lines["port"] == ("8003", "command line")
    assert lines["bind"] == ("10.0.0.1", "environment")
    assert lines["session_hours"] == ("8", str(tmp_path / "caseroom.toml"))
    assert lines["currency"] == ("EUR", "default")


def test_the_public_address_of_an_ipv6_server_has_brackets(tmp_path: Path):
    assert load(tmp_path, environ={}, bind="::1").public_url == "http://[::1]:8000"


def test_a_public_address_is_kept_without_its_last_slash(tmp_path: Path):
    settings = load(tmp_path, environ={"CASEROOM_PUBLIC_URL": "https://crm.example.test/"})
    assert settings.public_url == "https://crm.example.test" and settings.secure


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("Yes", True), ("on", True), ("false", False), ("0", False), ("OFF", False)],
)
def test_yes_and_no_are_read_from_the_environment(tmp_path: Path, text: str, value: bool):
    assert load(tmp_path, environ={"CASEROOM_DEVELOPMENT": text}).development is value


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("CASEROOM_PORT", "eighty", "is not a whole number"),
        ("CASEROOM_PORT", "", "is not a whole number"),
        ("CASEROOM_PORT", "0", "must be between 1 and 65535"),
        ("CASEROOM_TRUSTED_PROXIES", "-1", "must be between 0 and 10"),
        ("CASEROOM_DEVELOPMENT", "perhaps", "is not true or false"),
        ("CASEROOM_HOME", "", "is not a folder"),
        ("CASEROOM_TIME_ZONE", "Mars/Base", "is not a time zone"),
        ("CASEROOM_TIME_ZONE", "../../etc/passwd", "is not a time zone"),
        ("CASEROOM_CURRENCY", "eur", "is not an ISO 4217 currency"),
        ("CASEROOM_LANGUAGE", "tlh", "must be one of en"),
        ("CASEROOM_DATABASE_URL", "mysql://host/db", "must begin with one of sqlite://, postgresql://"),
        ("CASEROOM_BLOB_URL", "/srv/blobs", "must begin with one of file://, s3://"),
        ("CASEROOM_PUBLIC_URL", "crm.example.test", "must begin with one of http://, https://"),
        ("CASEROOM_PUBLIC_URL", "https://", "names no host"),
        ("CASEROOM_PUBLIC_URL", "https://host:port", "is not a URL"),
        ("CASEROOM_SMTP_URL", "http://mail.example.test", "must begin with one of smtp://, smtps://"),
        ("CASEROOM_SECRET_KEY", "short", "must have at least 32 characters"),
        ("CASEROOM_PROT", "8000", "there is no such setting; did you mean port?"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, reason: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as refusal:
        load(environ={name: text})
    message = str(refusal.value)
    assert message.startswith(f"{name}: ") and reason in message and "\n" not in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('port = "8000"', "port: '8000' is not a whole number"),
        ("port = true", "port: True is not a whole number"),
        ("development = 1", "development: 1 is not true or false"),
        ("bind = 1", "bind: 1 is not text"),
        ("currencies = 'EUR'", "currencies: there is no such setting; did you mean currency?"),
        ('home = "/elsewhere"', "home cannot be set in the home itself"),
        ("port = = 1", "Invalid value"),
        ("[mail]\nfrom = 'x'", "mail: there is no such setting"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path: Path, content: str, reason: str):
    (tmp_path / "caseroom.toml").write_text(content)
    with pytest.raises(SettingsError) as refusal:
        load(tmp_path, environ={})
    message = str(refusal.value)
    assert message.startswith(str(tmp_path / "caseroom.toml")) and reason in message and "\n" not in message


def test_a_mail_server_needs_a_sender(tmp_path: Path):
    server = {"CASEROOM_SMTP_URL": "smtp://mail.example.test:587"}
    with pytest.raises(SettingsError, match="mail_from"):
        load(tmp_path, environ=server)
    assert load(tmp_path, environ={**server, "CASEROOM_MAIL_FROM": "crm@example.test"}).can_send_mail


def test_the_test_suite_s_own_names_are_no_settings(tmp_path: Path):
    load(tmp_path, environ={"CASEROOM_TEST_DATA": "x", "CASEROOM_NO_SKIPS": "1"})
    with pytest.raises(SettingsError):
        load(tmp_path, environ={"CASEROOM_NO_SKIPS_AT_ALL": "1"})


def test_a_secret_key_is_made_once_for_its_owner_only(tmp_path: Path):
    home = tmp_path / "home"
    first = with_secret_key(load(home, environ={}))
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(os.stat(home / "secret_key").st_mode) == 0o600
    assert load(home, environ={}).secret_key == first.secret_key
    assert with_secret_key(load(home, environ={})).secret_key == first.secret_key
    assert [path.name for path in home.iterdir()] == ["secret_key"]


def test_a_new_home_is_closed_to_the_machines_other_users(tmp_path: Path):
    with_secret_key(load(tmp_path / "new", environ={}))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path):
    unstarted = [load(tmp_path, environ={}) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        keys = {settings.secret_key for settings in pool.map(with_secret_key, unstarted)}
    assert len(keys) == 1


def test_a_configured_key_is_used_and_none_is_made(tmp_path: Path):
    settings = with_secret_key(load(tmp_path, environ={"CASEROOM_SECRET_KEY": "k" * 32}))
    assert settings.secret_key == "k" * 32 and not (tmp_path / "secret_key").exists()


def test_an_emptied_key_file_is_refused(tmp_path: Path):
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(SettingsError, match="is empty"):
        load(tmp_path, environ={})


def test_no_secret_is_printed(tmp_path: Path):
    canary = "canary" * 8
    settings = load(
        tmp_path,
        environ={
            "CASEROOM_SECRET_KEY": canary,
            "CASEROOM_DATABASE_URL": f"postgresql+psycopg://me:{canary}@db/crm?sslmode=require",
            "CASEROOM_SMTP_URL": f"smtp://me:{canary}@mail.example.test:587",
            "CASEROOM_MAIL_FROM": "crm@example.test",
            "CASEROOM_BLOB_URL": f"s3://bucket/house?secret_access_key={canary}&region=eu",
        },
    )
    lines = shown(settings)
    assert canary not in str(lines) and canary not in repr(settings)
    assert lines["secret_key"][0] == "(set)"
    assert lines["database_url"][0] == "postgresql+psycopg://me:***@db/crm?sslmode=require"
    assert lines["smtp_url"][0] == "smtp://me:***@mail.example.test:587"
    assert lines["blob_url"][0] == "s3://bucket/house?secret_access_key=***&region=eu"


@pytest.mark.parametrize("name", ["SMTP_URL", "SECRET_KEY", "DATABASE_URL"])
def test_no_secret_is_in_a_refusal(tmp_path: Path, name: str):
    with pytest.raises(SettingsError) as refusal:
        load(tmp_path, environ={f"CASEROOM_{name}": "ftp://me:pa55@h"})
    assert "pa55" not in str(refusal.value)


def test_every_setting_says_what_it_is_for(tmp_path: Path):
    for line in table(load(tmp_path, environ={})):
        assert len(line.help) > 15, line.name
    assert shown(load(tmp_path, environ={}))["database_url"][0] == f"sqlite:///{tmp_path}/caseroom.db"
