"""The face holds together: every piece renders, nothing breaks the content security policy."""

from __future__ import annotations

import json
import pathlib
import re

import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel
from flask_wtf import CSRFProtect

from caseroom.portal import assets, template_words
from caseroom.portal.pages.styleguide import blueprint
from caseroom.portal.pages.table_cells import table_cells
from caseroom.portal.sentences import one_stop

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = ["/styleguide", "/styleguide/item/1", "/styleguide/error", "/styleguide/sign-in"]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask("face", template_folder=str(ROOT / "templates"), static_folder=str(assets.STATIC))
    app.secret_key = "for tests"
    app.jinja_env.undefined = jinja2.StrictUndefined
    Babel(app)
    CSRFProtect(app)
    app.jinja_env.filters["one_stop"], app.jinja_env.filters["cells"] = one_stop, table_cells
    template_words.register(app)
    assets.register(app)
    app.register_blueprint(blueprint)
    return app.test_client()


@pytest.mark.parametrize("page", PAGES)
def test_every_piece_renders_with_strict_undefined(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    assert "</html>" in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_pages_carry_no_inline_script_style_or_handler(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("page", PAGES)
def test_no_id_stands_twice_on_a_page(client: FlaskClient, page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', client.get(page).text)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("page", PAGES)
def test_what_labels_and_descriptions_point_at_is_there(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    ids = set(re.findall(r'\sid="([^"]+)"', text))
    wanted = re.findall(r'(?:\sfor|aria-describedby|aria-labelledby|popovertarget|\sform)="([^"]+)"', text)
    assert {part for value in wanted for part in value.split()} <= ids


@pytest.mark.parametrize("page", PAGES)
def test_every_icon_is_in_the_sprite(client: FlaskClient, page: str) -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (assets.STATIC / "icons.svg").read_text()))
    used = re.findall(r'<use href="[^"#]*#([^"]*)"', client.get(page).text)
    assert used and set(used) <= sprite


def test_icons_named_in_templates_and_scripts_are_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (assets.STATIC / "icons.svg").read_text()))
    named = {n for path in TEMPLATES for n in re.findall(r"(?:icon\(|icon_name=)'([a-z-]+)'", path.read_text())}
    for path in (ROOT / "portal" / "frontend" / "src").glob("*.ts"):
        named |= set(re.findall(r'\b(?:icon|iconButton|button)\("([a-z-]+)"', path.read_text()))
    assert named and named <= sprite


def test_words_that_scripts_say_are_on_the_page(client: FlaskClient) -> None:
    found = re.search(r'<template id="words">(.*?)</template>', client.get("/styleguide").text, re.DOTALL)
    assert found
    words = json.loads(found.group(1))
    said = {
        w
        for path in (ROOT / "portal" / "frontend" / "src").glob("*.ts")
        for w in re.findall(r'\bword\("(\w+)"\)', path.read_text())
    }
    assert said and said <= set(words)


def test_a_refused_field_is_tied_to_its_error(client: FlaskClient) -> None:
    field = re.search(r'<input[^>]*id="f-r_name"[^>]*>', client.get("/styleguide").text)
    assert field and 'aria-invalid="true"' in field.group() and "f-r_name-error" in field.group()


def test_the_panel_receives_the_item_without_the_shell(client: FlaskClient) -> None:
    part = client.get("/styleguide/item/1", headers={"HX-Request": "true", "HX-Target": "panel-body"}).text
    assert "<h1>Enterprise licence</h1>" in part
    assert "<html" not in part


def test_an_address_changes_with_its_content(
    client: FlaskClient, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assert assets.fingerprint("a.css") == ""
    (tmp_path / "a.css").write_text("a { }")
    first = assets.fingerprint("a.css")
    (tmp_path / "a.css").write_text("b { color: red }")
    assert first and assets.fingerprint("a.css") not in ("", first)


def test_a_missing_bundle_is_named_and_leaves_no_script_element(
    client: FlaskClient, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assert assets.missing_bundles() == list(assets.BUNDLES)
    answer = client.get("/styleguide")
    assert answer.status_code == 200 and "<script" not in answer.text


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "portal" / "frontend" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert "http" not in lock and '"resolved"' not in lock


def test_what_is_loaded_first_stays_small() -> None:
    import gzip

    def packed(*names: str) -> int:
        return sum(len(gzip.compress((assets.STATIC / name).read_bytes())) for name in names)

    if assets.missing_bundles():
        pytest.skip(assets.BUNDLE_ADVICE)
    font = (assets.STATIC / "fonts" / "inter-latin.woff2").stat().st_size
    # 120 kB is the promise for a whole list page; its rows and the logo take the rest.
    assert packed(*assets.STYLESHEETS, "icons.svg", "dist/app.js") + font < 81_000
    # These come on their own pages only.
    assert packed("dist/grid.js") < 14_000 and packed("dist/taskpane.js") < 4_000


def test_words_that_the_grid_says_are_on_its_page() -> None:
    script = "".join(path.read_text() for path in (ROOT / "portal" / "frontend" / "src").glob("grid*.ts"))
    page = (ROOT / "templates" / "lists" / "grid.html").read_text()
    said = set(re.findall(r'\bsay\("(\w+)"', script))
    assert said and said <= set(re.findall(r"'(\w+)': _\(", page))
