"""Administrators make and change lists on pages, with and without scripts; everybody else is told that they may not."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from house import Answer, Browser, House, token_of
from processes import caseroom

from caseroom.lists import items, list_files, list_templates, query, schema
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.columns import TYPES

READS = (
    "/lists/new", "/lists/bin", "/lists/import", "/lists/{0}/settings", "/lists/{0}/remove", "/lists/{0}/copy",
    "/lists/{0}/as-file", "/lists/{0}/file.json", "/lists/{0}/new-column", "/lists/{0}/new-column?type=choice",
    "/lists/{0}/columns/name", "/lists/{0}/columns/name/type", "/lists/{0}/columns/name/delete", "/lists/{0}/form",
    "/lists/{0}/types", "/lists/{0}/types/type",
)  # fmt: skip
WRITES = (
    "/lists/new", "/lists/bin/1/restore", "/lists/import", "/lists/{0}/settings", "/lists/{0}/remove",
    "/lists/{0}/copy", "/lists/{0}/archive", "/lists/{0}/new-column", "/lists/{0}/columns/name",
    "/lists/{0}/columns/name/type", "/lists/{0}/columns/name/move", "/lists/{0}/columns/name/delete",
    "/lists/{0}/deleted-columns/1/restore", "/lists/{0}/form",
    "/lists/{0}/types/type", "/lists/{0}/types/move", "/lists/{0}/types/remove",
)  # fmt: skip


class Admin:
    """An administrator's browser, who sends forms."""

    def __init__(self, house: House) -> None:
        self.client: Browser = house.client("admin")
        self.token = token_of(self.client.get("/lists/new").text)

    def get(self, address: str) -> Answer:
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.text[-2000:])
        return answer

    def send(self, address: str, status: int = 303, **form: Any) -> Answer:
        answer = self.client.post(address, data={key.replace("__", "-"): value for key, value in form.items()}
                                  | {"csrf_token": self.token})  # fmt: skip
        assert answer.status_code == status, (answer.status_code, answer.text[-3000:])
        return answer


@pytest.fixture
def admin(house: House) -> Admin:
    return Admin(house)


def columns(house: House, name: str) -> dict[str, Any]:
    with house.read("admin") as (session, _actor):
        return {column.name: column for column in definition(session, name).columns}


def field(page: str, name: str) -> str:
    """What stands beside a field."""
    found = re.search(rf'id="f-{name}-error">.*?<span>(.*?)</span>', page, re.S)
    assert found, page[-3000:]
    return found[1]


def test_a_salesperson_is_told_that_only_administrators_change_lists(house: House) -> None:
    for who in ("north", "manager"):
        client = house.client(who)
        token = token_of(client.get("/account").text)
        for name in ("cases", "nowhere"):
            for address in READS:
                answer = client.get(address.format(name))
                assert answer.status_code == 403 and "Only an administrator" in answer.text, address
            for address in WRITES:
                assert client.post(address.format(name), data={"csrf_token": token}).status_code == 403, address
        assert "/settings" not in client.get("/lists/cases").text and "/lists/new" not in client.get("/lists").text
    assert house.client().get("/lists/new").status_code == 303


def test_a_list_is_made_and_gets_columns_of_every_type(house: House, admin: Admin) -> None:
    assert "/lists/new" in admin.get("/lists").text
    made = admin.send("/lists/new", title__en="Úplné Tools", title__sk="Náradie", separation="common", kind="list")
    assert made.location == "/lists/uplne_tools/settings" and "New list" not in admin.get(made.location).text
    assert "/lists/uplne_tools/settings" in admin.get("/lists/uplne_tools").text
    types = admin.get("/lists/uplne_tools/new-column").text
    for kind in TYPES:
        if kind in ("participants", "content_type"):
            continue
        address = "/lists/uplne_tools/new-column"
        assert f"type={kind}" in types
        admin.get(f"{address}?type={kind}")
        own = {"choices": "red\nvery blue\n", "list": "uplne_tools", "formula": 'name & "!"', "function": "count",
               "show": "name, column_text", "multiple": "1", "prefix": "T-", "country": "SK", "complete": "1"}
        given = {key: value for key, value in own.items() if key in TYPES[kind].option_names}
        if kind in ("reverse_lookup", "rollup"):
            given |= {"list": "uplne_tools", "column": "column_lookup"}
        admin.send(address, 303, type=kind, title__en=f"Column {kind}", description__en="What stands here", **given)
    made_columns = columns(house, "uplne_tools")
    assert made_columns["column_choice"].type.values == ["red", "very blue"]
    assert made_columns["column_text"].description("en") == "What stands here"
    page = admin.get("/lists/uplne_tools/settings").text
    assert page.count("/columns/column_") > 40
    assert admin.get("/lists/uplne_tools/new").text.count("What stands here") > 10
    assert made_columns["column_lookup"].options["show"] == ["name", "column_text"]
    assert "f-function" in admin.get("/lists/uplne_tools/columns/column_rollup").text
    for name in [name for name, column in made_columns.items() if column.is_own]:
        address = f"/lists/uplne_tools/columns/{name}"
        admin.send(address, **sent_as_it_is(admin.get(address).text))
    assert {name: column.options for name, column in columns(house, "uplne_tools").items()} == {
        name: column.options for name, column in made_columns.items()
    }
    assert admin.client.get("/lists/uplne_tools/columns/column_lookup.name").status_code == 404


def test_what_is_refused_stands_beside_its_field_and_what_was_typed_stays(house: House, admin: Admin) -> None:
    page = admin.send("/lists/new", 409, title__en="Cases", name="cases", kind="list", separation="common").text
    assert "There is a list called cases already." in field(page, "name") and 'value="Cases"' in page
    page = admin.send("/lists/new", 422, title__en="!!!", kind="list", separation="common").text
    assert "begins with a letter" in field(page, "name")
    page = admin.send("/lists/new", 422, kind="list", name="x", separation="common").text
    assert "Say what it is called." in field(page, "title-en")
    new = "/lists/products/new-column"
    page = admin.send(new, 422, type="number", title__en="Weight", decimals="9", min="many").text
    assert "between 0 and 6" in field(page, "decimals") and 'value="many"' in page
    page = admin.send(new, 422, type="text", title__en="Rule", validation="nonsense >", message__en="No").text
    assert "At character" in field(page, "validation") and "nonsense &gt;" in page
    page = admin.send(new, 422, type="text", title__en="Rule", default_formula="1 +", show_when="")
    assert "At character" in field(page.text, "default_formula")
    assert "needs its choices" in field(admin.send(new, 422, type="choice", title__en="Colour").text, "choices")
    assert admin.send(new, 422, type="nonsense").text and "weight" not in columns(house, "products")
    page = admin.send("/lists/products/columns/name", 422, title__en="Name", required="", unique="1").text
    assert "is required" in field(page, "required")
    for address in ("/lists/products/columns/nowhere", "/lists/nowhere/settings", "/lists/products/columns/x/delete"):
        assert admin.client.get(address).status_code == 404


def sent_as_it_is(page: str) -> dict[str, Any]:
    """What a browser sends of a page's form when nobody has touched it."""
    form = page[page.index('data-guard') if "data-guard" in page else 0 :]
    form = form[: form.index("</form>")]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in told and (told.get("type") not in ("checkbox", "radio") or " checked" in tag):
            sent.setdefault(told["name"], []).append(told.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        sent[name] = [html.unescape(text)]
    for name, inner in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        sent[name] = re.findall(r'<option value="([^"]*)" selected', inner) or [""]
    del sent["csrf_token"]
    return sent


def test_a_form_that_nobody_has_touched_changes_nothing(house: House, admin: Admin) -> None:
    with house.read("admin") as (session, _actor):
        before = {name: found.version for name, found in catalogue(session).by_name.items()}
        names = {name: [column.name for column in found.columns] for name, found in catalogue(session).by_name.items()}
    for name in ("products", "stages", "cases", "documents", "events"):
        address = f"/lists/{name}/settings"
        admin.send(address, **sent_as_it_is(admin.get(address).text))
        for column in names[name]:
            address = f"/lists/{name}/columns/{column}"
            admin.send(address, **sent_as_it_is(admin.get(address).text))
    with house.read("admin") as (session, _actor):
        assert {name: found.version for name, found in catalogue(session).by_name.items()} == before


@pytest.fixture
def tools(house: House) -> list[int]:
    body = {
        "name": "tools", "separation": "by_group",
        "columns": [
            {"name": "state", "type": "choice", "choices": [{"value": "new", "kind": "ok"}, "used", "lost"]},
            {"name": "weight", "type": "text"}, {"name": "parent", "type": "lookup", "list": "tools"},
            {"name": "owner_of_it", "type": "person"},
        ],
    }  # fmt: skip
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, body)
    with house.write("north") as (session, actor):
        first = items.create(session, actor, "tools", {"name": "Drill", "state": "used", "weight": "2.5"})
        second = items.create(session, actor, "tools", {
            "name": "Bit", "parent": first.id, "weight": "light", "owner_of_it": house.people["north"],
        })  # fmt: skip
    return [first.id, second.id]


def test_choices_are_renamed_added_put_in_order_retired_and_taken_out(house: House, admin: Admin, tools: Any) -> None:
    form: dict[str, Any] = {
        "title-en": "State", "choice-value": ["new", "used", "lost"], "choice-0-order": "3", "choice-1-order": "1",
        "choice-1-title-en": "Second hand", "choice-1-retired": "1", "choice-2-out": "1", "choices": "mended\n\n",
    }  # fmt: skip
    admin.send("/lists/tools/columns/state", **form)
    choices = columns(house, "tools")["state"].options["choices"]
    assert choices == [
        {"value": "used", "title": {"en": "Second hand"}, "retired": True}, {"value": "new", "kind": "ok"}, "mended",
    ]  # fmt: skip
    client = house.client("north")
    assert "Second hand" not in client.get("/lists/tools/new").text
    assert "Second hand" in client.get(f"/lists/tools/{tools[0]}/edit").text
    form["choice-1-out"], form["choice-value"] = "1", ["new", "used"]
    page = admin.send("/lists/tools/columns/state", 422, **form).text
    assert "used (1×)" in field(page, "choices") and "mended" in page


def test_a_column_moves_goes_and_comes_back_and_changes_its_type(house: House, admin: Admin, tools: Any) -> None:
    admin.send("/lists/tools/columns/weight/move", to="1")
    assert next(iter(columns(house, "tools"))) == "weight"
    admin.send("/lists/tools/columns/weight/move", 422, to="0")
    assert "2 items have a value in it" in admin.get("/lists/tools/columns/weight/delete").text
    admin.send("/lists/tools/columns/weight/delete")
    number = re.search(r"/deleted-columns/(\d+)/restore", admin.get("/lists/tools/settings").text)
    assert number and "weight" not in columns(house, "tools")
    admin.send(f"/lists/tools/deleted-columns/{number[1]}/restore")
    admin.get("/lists/tools/columns/weight/type?type=number")
    page = admin.send("/lists/tools/columns/weight/type", 409, type="number", decimals="1").text
    assert "1 value does not convert" in page and "light" in page
    admin.send("/lists/tools/columns/weight/type", type="number", decimals="1", confirmed="1")
    assert columns(house, "tools")["weight"].type.name == "number"
    admin.send("/lists/tools/columns/weight/type", 422, type="participants")


def test_a_new_separation_is_told_before_it_acts(house: House, admin: Admin, tools: Any) -> None:
    south = house.client("south")
    form: dict[str, Any] = {
        "title__en": "Tools", "separation": "common", "kind": "list", "headline-here": "1", "headline": "state",
    }  # fmt: skip
    page = admin.send("/lists/tools/settings", 422, **form).text
    assert "This changes at once who sees 2 items." in page and south.get(f"/lists/tools/{tools[0]}").status_code == 404
    admin.send("/lists/tools/settings", **form, confirmed="1")
    assert south.get(f"/lists/tools/{tools[0]}").status_code == 200
    with house.read("admin") as (session, _actor):
        assert definition(session, "tools").headline == {"name", "state"}
    rule: dict[str, Any] = {"validation": "weight <> name", "message__en": "Say another weight."}
    admin.send("/lists/tools/settings", **form, **rule)
    assert "Say another weight." in admin.get("/lists/tools/settings").text
    page = admin.send("/lists/tools/settings", 422, **form, validation="nonsense").text
    assert field(page, "validation")


def test_a_list_is_archived_deleted_and_brought_back_on_the_pages(house: House, admin: Admin, tools: Any) -> None:
    north = house.client("north")
    admin.send("/lists/tools/archive")
    assert "/lists/tools" not in north.get("/lists").text and "/lists/tools" in admin.get("/lists").text
    page = north.get(f"/lists/tools/{tools[0]}")
    assert page.status_code == 200 and "/edit" not in page.text
    assert north.get("/lists/tools/new").status_code == 403
    admin.send("/lists/tools/archive", back="1")
    assert north.get("/lists/tools/new").status_code == 200
    assert "2 items are in it" in admin.get("/lists/tools/remove").text
    admin.send("/lists/tools/remove")
    assert admin.client.get("/lists/tools").status_code == 404
    number = re.search(r"/lists/bin/(\d+)/restore", admin.get("/lists/bin").text)
    assert number
    admin.send(f"/lists/bin/{number[1]}/restore")
    assert north.get(f"/lists/tools/{tools[0]}").status_code == 200
    admin.send("/lists/cases/remove", 403)
    admin.send("/lists/cases/archive", 403)


def rows(house: House, name: str) -> list[tuple[Any, ...]]:
    with house.read("admin") as (session, actor):
        page = query.page(session, actor, name, order=[("name", False)])
        return [(one["name"], one["state"], str(one["parent"] or ""), str(one["owner_of_it"] or ""),
                 str(one["sales_group"])) for one in page.items]  # fmt: skip


def test_a_list_is_copied_with_its_rows_and_travels_as_a_file(house: House, admin: Admin, tools: Any) -> None:
    admin.get("/lists/tools/copy")
    admin.send("/lists/tools/copy", title__en="More tools", rows="1")
    assert rows(house, "more_tools") == rows(house, "tools") and len(rows(house, "tools")) == 2
    assert columns(house, "more_tools")["parent"].type.target == "more_tools"
    assert "called tools already" in admin.send("/lists/tools/copy", 422, title__en="Tools", name="tools").text
    admin.get("/lists/tools/as-file")
    file = json.loads(admin.get("/lists/tools/file.json?rows=1").text)
    assert [row["name"] for row in file["rows"]] == ["Drill", "Bit"]

    def take(body: Any, status: int = 303) -> str:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = admin.send("/lists/import", status, file=(io.BytesIO(data), "tools.json"))
        return admin.get(answer.location).text if status == 303 else answer.text

    before = rows(house, "tools")
    take(file)
    with house.read("admin") as (session, _actor):
        version = definition(session, "tools").version
    assert rows(house, "tools") == before
    admin.send("/lists/more_tools/remove")
    admin.send("/lists/tools/remove")
    take(file)
    assert rows(house, "tools") == before
    with house.read("admin") as (session, _actor):
        version = definition(session, "tools").version
    take(file)
    with house.read("admin") as (session, actor):
        assert definition(session, "tools").version == version
        assert {one.version for one in query.page(session, actor, "tools").items} <= {1, 2}
    assert json.loads(admin.get("/lists/tools/file.json?rows=1").text) == file
    for change, place in (
        ({"columns": [*file["columns"], {"name": "x", "type": "choice"}]}, "columns[6].choices"),
        ({"columns": [{**file["columns"][1], "type": "number"}]}, "columns[1].type"),
        ({"rows": [{"external_id": "n", "name": "New", "parent": {"name": "Nobody"}}]}, "rows[1].parent"),
        ({"views": [{"name": "v", "filter": "nonsense eq 1"}]}, "views[1].filter"),
        ({"settings": {"before_write": ["crm.case"]}}, "settings.before_write"),
        ({"frobnicate": 1}, "frobnicate"), ({"columns": "many"}, "columns"),
    ):  # fmt: skip
        assert place in take({**file, **change}, 422), change
    for junk in (b"", b"{", b"[1]", b"\xff\xfe", b'{"name": "a\\u0000"}', b"[" * 100_000, b'name = "x"\n[['):
        take(junk, 422)


def test_a_code_list_retires_its_entries(house: House, admin: Admin) -> None:
    admin.send("/lists/new", title__en="Colours", kind="code", separation="common", translated="sk")
    assert {"retired", "name_sk"} <= set(columns(house, "colours"))
    with house.write("admin") as (session, actor):
        entry = items.create(session, actor, "colours", {"name": "Red", "name_sk": "Červená"})
    client = house.client("north")
    assert client.get("/lists/colours/new").status_code == 403
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "colours", entry.id)["name"] == "Red"
    admin.send(f"/lists/colours/{entry.id}/retire")
    with house.read("admin") as (session, actor):
        assert query.get(session, actor, "colours", entry.id)["retired"] is True
    assert "Use again" in admin.get(f"/lists/colours/{entry.id}").text
    admin.send(f"/lists/colours/{entry.id}/retire", back="1")
    assert "Use again" not in admin.get(f"/lists/colours/{entry.id}").text
    admin.send(f"/lists/cases/{entry.id}/retire", 404)


def test_every_shipped_list_is_such_a_file_and_applying_it_changes_nothing(house: House) -> None:
    with house.write("admin") as (session, actor):
        for name, found in catalogue(session).by_name.items():
            text = "".join(list_files.write(list_templates.body_of(session, actor, name)))
            done = list_templates.apply(session, actor, list_files.read(text))
            assert (done.made, done.changed) == (False, []), name
            assert definition(session, name).version == found.version


def test_a_list_travels_by_the_command_line(house: House, admin: Admin, tools: Any, tmp_path: Path) -> None:
    saved = caseroom(house, "list", "export", "tools", "--rows")
    assert saved.returncode == 0 and json.loads(saved.stdout)["rows"][0]["name"] == "Drill", saved.stderr
    admin.send("/lists/tools/remove")
    file = tmp_path / "tools.json"
    file.write_text(saved.stdout, encoding="utf-8")
    assert "tools: made; rows: 2 added" in caseroom(house, "list", "import", str(file)).stderr
    again = caseroom(house, "list", "import", str(file)).stderr
    assert "tools: unchanged; rows: 0 added, 0 changed, 2 unchanged" in again
    file.write_text('name = "x"\n[[columns]]\nname = "c"\ntype = "choice"\n', encoding="utf-8")
    wrong = caseroom(house, "list", "import", str(file))
    assert wrong.returncode == 2 and "columns[1].choices: A choice needs its choices." in wrong.stderr
    assert caseroom(house, "list", "export", "nowhere").returncode == 2


NASTY = (
    "", "\x00\ud7ff", "<script>alert(1)</script>", "9" * 400, "-1", "1e999", "'; DROP TABLE lists; --",
    "{{ 7*7 }} %s %(x)s", "x" * 5000, "../../etc/passwd", "id", "=1/0",
)  # fmt: skip
FIELDS = (
    "title-en", "title-sk", "description-en", "kind", "separation", "headline", "validation", "message-en",
    "translated", "name", "default", "min", "max", "decimals", "list", "formula", "format", "choices", "to",
    "choice-value", "choice-0-order", "choice-0-title-en", "show_when", "default_formula", "unique", "rows",
)  # fmt: skip


def test_an_attacker_s_values_are_refused_in_words_or_shown_as_text(admin: Admin, tools: Any) -> None:
    columns_of = "/lists/tools/columns"
    for value in NASTY:
        sent: list[tuple[str, dict[str, str]]] = [(address, {}) for address in (
            "/lists/new", "/lists/tools/settings", "/lists/tools/copy", "/lists/import", f"{columns_of}/state",
            f"{columns_of}/weight", f"{columns_of}/weight/move",
        )]  # fmt: skip
        sent += [("/lists/tools/new-column", {"type": kind}) for kind in ("text", "number", "choice", "lookup", value)]
        sent += [(f"{columns_of}/weight/type", {"type": kind}) for kind in ("date", "multi_choice", value)]
        for address, more in sent:
            form = {**dict.fromkeys(FIELDS, value), "headline-here": "1", **more, "csrf_token": admin.token}
            answer = admin.client.post(address, data=form)
            assert answer.status_code in (303, 409, 422), (address, value, answer.status_code)
            assert "<script>alert" not in answer.text
        for address in (
            f"/lists/{value or 'x'}/settings", f"{columns_of}/{value or 'x'}",
            f"/lists/tools/new-column?type={value}", f"{columns_of}/weight/type?type={value}",
        ):  # fmt: skip
            assert admin.client.get(address).status_code in (200, 404, 308, 405), (address, value)
    admin.get("/lists/tools")
    admin.get("/lists/tools/settings")
