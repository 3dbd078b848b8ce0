"""What writers may send: changes of hidden things, and their own things made to point at hidden ones.

Each function answers the bodies for one address; its values are the address's parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from canary_asks import Asking, Sent, Values
from canary_garden import VISITS
from letters import a_mail, word_file

from caseroom.lists.catalogue import ListDefinition

Bodies = Callable[[Asking, Values], Iterator[Sent]]
WRITES: dict[str, Bodies] = {}
ANY = {"If-Match": "*"}
WHEN = {"start": "2026-12-05T10:00:00+01:00", "end": "2026-12-05T11:00:00+01:00"}
AS_TYPED = {"start": "2026-12-05 10:00", "end": "2026-12-05 11:00"}


def _of(*endpoints: str) -> Callable[[Bodies], Bodies]:
    def keep(bodies: Bodies) -> Bodies:
        WRITES.update(dict.fromkeys(endpoints, bodies))
        return bodies

    return keep


def is_own(asking: Asking, values: Values) -> bool:
    """Whether the address names a thing of the asker's own (lists may have the same numbers)."""
    name = values.get("name") or values.get("list_name") or ""
    return (values.get("item_id") or values.get("case_id")) == asking.own.get(name or "cases")


def _filled(found: ListDefinition, asking: Asking) -> dict[str, Any]:
    """The least that a new item of the list needs."""
    values: dict[str, Any] = {"name": "Stranger"} if not found.column("name").by_program else {}
    if found.has("surname"):
        values["surname"] = "Stranger"
    if found.name == "events":
        values |= WHEN
    if found.name == "cases":
        values["company"] = asking.garden.common["relations"]
    return values


# --- Items of any list ----------------------------------------------------------------------------


@_of("api_items.attach")
def attach(asking: Asking, values: Values) -> Iterator[Sent]:
    yield Sent(files=(("file", word_file("Stranger"), "Stranger.docx"),))


@_of("api_items.create")
def create(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["name"]]
    filled = _filled(found, asking)
    for column, _target, number in asking.pointing(found.name):
        yield Sent(json={**filled, column.name: [number] if column.type.is_multi else number})
    if found.name == VISITS:
        taken = {"code": asking.word("visits.code"), "external_id": asking.word("external_id")}
        yield Sent(json={**filled, **taken}, makes=True)
    if found.name == "cases":
        yield Sent(json={**filled, "name": asking.word("cases.name")}, makes=True)


@_of("api_batch.write")
def batch(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["name"]]
    if not asking.matters(found.name):
        return
    hidden = [*asking.naming.ids.get(found.name, ())][:2] if found.name != "events" else []
    kinds = [{"kind": kind, "id": number, "version": version, "values": {}, "expected": {"name": "x"}}
             for number in hidden for kind in ("update", "delete", "restore") for version in (1, "*")]  # fmt: skip
    if kinds:
        yield Sent(json={"changes": kinds})
    filled = _filled(found, asking)
    made = [{"kind": "create", "values": {**filled, column.name: [number] if column.type.is_multi else number}}
            for column, _target, number in asking.pointing(found.name)]  # fmt: skip
    if made:
        yield Sent(json={"changes": made})


@_of("bulk.start")
def many_rows(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["list_name"]]
    if found.name not in asking.naming.ids or found.name == "events":
        return
    hidden = list(asking.naming.ids[found.name])
    # Of the others the walk still needs those that stand.
    for kind in ("restore", "discard", "delete") if found.name == VISITS else ("restore", "discard"):
        yield Sent({"id": hidden, "do": kind}, form={}, makes=True)
    for column, target, number in asking.pointing(found.name):
        yield Sent({"id": hidden}, form={f"how.{column.name}": "set", column.name: str(number)})
        yield Sent({"id": hidden}, form={"_find": column.name, f"{column.name}__q": asking.word(f"{target}.name")})


@_of("recycle_bin.restore", "recycle_bin.purge")
def from_a_bin(asking: Asking, _values: Values) -> Iterator[Sent]:
    """The page says the same whatever is named: it tells of those alone that it could bring back."""
    for name in asking.naming.ids:
        yield Sent(form={"id": [f"{name}:{one}" for one in asking.naming.ids[name]]})


@_of("recycle_bin.empty")
def empty_bin(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["list_name"] == "cases":
        yield Sent(form={"confirm": "1"})


@_of("api_bins.empty")
def empty_bin_by_program(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["name"] == "cases":
        yield Sent(query={"confirm": "1"})


@_of("bulk.cancel", "bulk.undo")
def stop_change(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={})


@_of("grid.write")
def grid(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["list_name"]]
    if not asking.matters(found.name):
        return
    hidden = [*asking.naming.ids.get(found.name, ())][:2] if found.name != "events" else []
    kinds = [{"kind": kind, "id": number, "version": version, "cells": {}, "expected": {"name": "x"}}
             for number in hidden for kind in ("update", "delete", "restore") for version in (1, "*")]  # fmt: skip
    if kinds:
        yield Sent(json={"changes": kinds})
    filled = _filled(found, asking)
    named = [{"kind": "create", "values": filled, "cells": {column.name: asking.word(f"{target}.name")}}
             for column, target, _number in asking.pointing(found.name)]  # fmt: skip
    if named:
        yield Sent(json={"changes": named})


@_of("grid.take_file")
def file_for_grid(_asking: Asking, _values: Values) -> Iterator[Sent]:
    """The same is answered whatever the list holds: a token of one's own file."""
    yield Sent(files=(("file", b"", "empty.txt"),))
    yield Sent(files=(("file", b"A stranger's words", "stranger.txt"),), makes=True)


@_of("api_items.change")
def change(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["name"]]
    if not is_own(asking, values):
        yield Sent(json={"name": "Changed"})
        yield Sent(json={} if found.column("name").by_program else {"name": "Changed"}, headers=ANY)
        yield Sent(json={"no_such": 1, "name": 5}, headers={"If-Match": '"1", "2"'})
        return
    for column, _target, number in asking.pointing(found.name):
        if not column.by_program:
            yield Sent(json={column.name: [number] if column.type.is_multi else number}, headers=ANY)


@_of("api_items.delete")
def delete(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(headers={"If-Match": '"77", "78"'})
    yield Sent()


@_of("api_items.restore")
def restore(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent(json={"version": 1}, headers={"If-Match": '"1", "77"'})


@_of("items.create")
def create_by_form(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["list_name"]]
    filled = {**_filled(found, asking), **(AS_TYPED if found.name == "events" else {})}
    for column, target, number in asking.pointing(found.name):
        if column.by_program or not column.in_form:
            continue  # no field of the form
        yield Sent(form={**filled, column.name: str(number)})
        looked_for = {"_find": column.name, f"{column.name}__q": asking.word(f"{target}.name")}
        yield Sent(form={**filled, column.name: str(number), **looked_for})


@_of("items.save")
def save(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["list_name"]]
    if not is_own(asking, values):
        yield Sent(form={"version": "1", "name": "Changed"})
        return
    filled = {**_filled(found, asking), "version": "1"}
    for column, _target, number in asking.pointing(found.name):
        if column.in_form and not column.by_program:
            yield Sent(form={**filled, column.name: str(number)})
            yield Sent(form={**filled, column.name: str(number), "version": "77"})


@_of("items.delete")
def delete_by_form(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={})


@_of("items.restore_version")
def restore_version(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"version": "1"})


@_of("items.done", "items.restore")
def done(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={})


@_of("actions.undo")
def undo(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(query={"version": "1"}, form={})
    yield Sent(form={})


# --- Comments, notices, alerts --------------------------------------------------------------------


@_of("comments.add")
def say(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"text": "Words"})
    yield Sent(form={"text": "", "answers": str(asking.naming.comments[0])})


@_of("sharing.share")
def share(asking: Asking, _values: Values) -> Iterator[Sent]:
    people = [str(number) for number in asking.garden.house.people.values()][:4]
    yield Sent(form={"people": people, "message": "Look", "let": "1"})
    yield Sent(form={"people": people[:1], "_find": "people", "people__q": "person"})


@_of("api_sharing.share")
def share_by_program(asking: Asking, _values: Values) -> Iterator[Sent]:
    people = sorted(asking.garden.house.people.values())[:4]
    yield Sent(json={"people": people, "message": "Look", "let": True})
    yield Sent(json={"people": people[:1]})


@_of("comments.change")
def say_otherwise(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"text": "Other words"})


@_of("api_comments.add")
def say_by_program(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"text": "Words"})
    yield Sent(json={"text": "Words", "answers": asking.naming.comments[0]})


@_of("api_comments.change")
def say_otherwise_by_program(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"text": "Other words"})


@_of("notices.mark_all", "notices.open_one")
def seen(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"up_to": "1"})


@_of("api_notices.mark_seen")
def seen_by_program(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"up_to": 1})


@_of("notices.save")
def change_alert(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"changes": "columns", "columns": "name", "rhythm": "daily", "hour": "7", "by": "portal"})


@_of("notices.add")
def alert(asking: Asking, values: Values) -> Iterator[Sent]:
    form = {"changes": "all", "rhythm": "weekly", "hour": "8", "weekday": "0", "by": "portal"}
    if values["list_name"] in asking.naming.ids and values["list_name"] != "events":
        yield Sent(form={**form, "item": str(asking.naming.first(values["list_name"]))})
    if values["list_name"] == "cases":
        yield Sent(form={**form, "view": str(asking.naming.views[0])})


@_of("api_alerts.add")
def alert_by_program(asking: Asking, _values: Values) -> Iterator[Sent]:
    for name in asking.naming.ids:
        if name != "events":
            yield Sent(json={"list": name, "item": asking.naming.first(name), "changes": "deleted"})
    yield Sent(json={"list": "cases", "view": asking.naming.views[0], "changes": "deleted"})


@_of("api_alerts.change")
def change_alert_by_program(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"changes": "columns", "columns": ["name"], "rhythm": "daily", "hour": 9, "by": ["portal"]})


# --- Lists, administration ------------------------------------------------------------------------


@_of("api_views.create")
def save_view(asking: Asking, values: Values) -> Iterator[Sent]:
    if values["name"] == "cases":
        word = asking.word("cases.name")
        yield Sent(json={"name": f"own_{word}", "title": "Mine", "filter": f"name eq '{word}'"}, makes=True)


@_of("list_views.save_as")
def save_shown(asking: Asking, values: Values) -> Iterator[Sent]:
    if values["list_name"] == "cases":
        state = f"view=own&f.name={asking.word('cases.name')}"
        yield Sent(form={"state": state, "title": f"As {asking.word('cases.name')}"}, makes=True)


@_of("list_views.save_over", "list_views.change", "list_views.delete", "list_views.save_widths")
def change_shown(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["list_name"] == "cases":
        yield Sent(form={"state": "sort=name", "title": "Another", "widths": "name:90"})


@_of("list_board.move")
def move_card(asking: Asking, values: Values) -> Iterator[Sent]:
    for column, _target, number in asking.pointing(values["list_name"]):
        yield Sent(form={"column": column.name, "to": number, "version": "1"})
    yield Sent(form={"column": "stage", "to": "", "version": "1"})


@_of("api_views.change")
def change_view(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["name"] == "cases":
        yield Sent(json={"title": "Another", "filter": "value gt 1"})


@_of("api_lists.create", "api_lists.change", "api_lists.add_column", "api_lists.delete")
def shape(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values.get("name") in (None, "cases", VISITS):
        yield Sent(json={"name": VISITS, "type": "text"})
        yield Sent(json={"separation": "common"})


@_of(
    "list_settings.save", "list_settings.archive", "list_settings.remove", "list_files.copy", "columns.add",
    "list_forms.save", "content_types.save", "content_types.move", "content_types.remove",
    "imports.upload", "imports.change_mapping",
    "columns.save", "columns.move", "columns.change_type", "columns.confirm_type",
    "columns.stop_type", "columns.delete", "columns.restore",
)  # fmt: skip
def change_list_by_form(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["list_name"] == "cases":
        yield Sent(form={"title-en": "Changed", "separation": "common", "type": "text", "confirmed": "1"})


@_of("api_imports.upload")
def import_file(_asking: Asking, values: Values) -> Iterator[Sent]:
    if values["name"] == "cases":
        yield Sent(files=(("file", b"a;b\nx;1\n", "a.csv"),))


@_of("api_imports.start")
def start_import(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"mapping": {"columns": {"name": "a"}}, "dry_run": True})


@_of("admin.change_user", "admin.add_user")
def change_user(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"name": "X", "email": "x@house.test", "role": "administrator", "groups": "1", "language": "en"})


# --- Actions --------------------------------------------------------------------------------------


@_of("api_actions.task", "api_actions.call", "api_actions.reopen")
def plain_action(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={})


@_of("api_actions.call_relation")
def call(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={}, makes=True)


@_of("api_actions.meeting")
def meeting(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json=WHEN)


@_of("api_actions.close")
def close(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"outcome": "won"}, headers={"If-Match": '"1", "77"'})
    yield Sent(json={"outcome": "won", "continue_as_support": True})


# One form that fits every action.
_ACTION = {"description": "Words", "outcome": "won", "to": "a@b.test", "subject": "Subject", "text": "Text", **AS_TYPED}


@_of("actions.cases_action")
def action_by_form(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form=_ACTION)
    yield Sent(form={"to": "nobody"})


@_of("actions.relations_action")
def action_on_company(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form=_ACTION, makes=True)


@_of("api_mail.email", "api_mail.email_relation")
def email(asking: Asking, values: Values) -> Iterator[Sent]:
    letter = {"to": "a@b.test", "subject": "Subject", "text": "Text"}
    if is_own(asking, values) or "relation_id" in values:
        yield Sent(json={**letter, "attachments": [asking.naming.first("documents")]})
    else:
        yield Sent(json=letter)


# --- Documents ------------------------------------------------------------------------------------


@_of("api_libraries.upload")
def upload(asking: Asking, values: Values) -> Iterator[Sent]:
    yield from _uploads(asking, values["library"])
    if values["library"] == "documents":
        activity = {"activity": str(asking.naming.first("activities")), "if_exists": "refuse"}
        yield Sent(form=activity, files=(("file", word_file("Stranger"), "Stranger.docx"),))


@_of("documents.upload")
def upload_by_form(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield from _uploads(asking, "documents")
    searched = {"_find": "case", "case__q": asking.word("cases.name"), "case": str(asking.naming.first("cases"))}
    yield Sent(form=searched)


def _uploads(asking: Asking, library: str) -> Iterator[Sent]:
    """Into a hidden case; and into one's own place under the name and with the bytes of a hidden file."""
    hidden = str(asking.naming.first("cases"))
    name = f"{asking.word('documents.file_name')}.docx"
    file = ("file", word_file(asking.word("documents.content_text")), name)
    for if_exists in ("refuse", "new_version", "keep_both"):
        yield Sent(form={"case": hidden, "if_exists": if_exists}, files=(file,))
    if library == "documents":
        yield Sent(form={"company": str(asking.garden.common["relations"])}, files=(file,), makes=True)


@_of("api_libraries.from_template")
def from_template(asking: Asking, _values: Values) -> Iterator[Sent]:
    chosen = {"document_type": asking.garden.common["document_types"], "case": asking.naming.first("cases")}
    yield Sent(json=chosen)
    yield Sent(json={**chosen, "document_type": 999_999})


@_of("documents.make_from_template")
def from_template_by_form(asking: Asking, values: Values) -> Iterator[Sent]:
    if values["case_id"] == asking.naming.first("cases"):
        yield Sent(form={"document_type": str(asking.garden.common["document_types"])})


@_of("api_libraries.save")
def save_content(_asking: Asking, _values: Values) -> Iterator[Sent]:
    for headers in ({}, ANY, {"If-Match": '"1"'}):
        yield Sent(body=word_file("Stranger"), headers=headers)
    yield Sent(body=b"no document", headers=ANY)


@_of("documents.save", "documents.checkin")
def save_by_form(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(form={"kind": "major"}, files=(("file", word_file("Stranger"), "Stranger.docx"),))
    yield Sent(form={"kind": "major"}, files=(("file", b"no document", "Stranger.docx"),))
    yield Sent(form={})


# --- Mail -----------------------------------------------------------------------------------------


@_of("api_mail.file_message")
def file_message(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield from _filings(asking, asks_first=False)


@_of("mail.file_submit")
def file_by_form(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield from _filings(asking, asks_first=True)


def _filings(asking: Asking, *, asks_first: bool) -> Iterator[Sent]:
    """With hidden things; and the very message that is filed there, in one's own place and in none."""
    for name, target in (("case", "cases"), ("activity", "activities")):
        fresh = ("message", a_mail(f"To {name}"), "mail.eml")
        yield Sent(form={name: str(asking.naming.first(target))}, files=(fresh,))
    same = ("message", asking.naming.letter(), "mail.eml")
    yield Sent(form={"case": str(asking.naming.first("cases"))}, files=(same,))
    answering = a_mail(
        f"Re {asking.word('mails.subject')}",
        References=f"<{asking.naming.token}@house.test>",
        sender="buyer@shared.test",
    )
    yield Sent(files=(("message", answering, "mail.eml"),), form={}, makes=not asks_first)
    forged = a_mail("Forged", sender="buyer@shared.test").replace(
        b"<one@tatra.test>", f"<{asking.word('mails.message_id')}@tatra.test>".encode()
    )
    yield Sent(
        form={"company": str(asking.garden.common["relations"])}, files=(("message", forged, "f.eml"),), makes=True
    )
    yield Sent(form={"company": str(asking.garden.common["relations"])}, files=(same,), makes=True)


@_of("api_mail.undo")
def undo_filing(asking: Asking, values: Values) -> Iterator[Sent]:
    if values["mail_id"] == asking.naming.first("mails"):
        yield Sent()


@_of("api_mail.suggest")
def suggest(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent(json={"addresses": ["buyer@shared.test"], "references": [f"<{asking.naming.token}@house.test>"]})
    yield Sent(json={"addresses": ["buyer@shared.test"], "subject": asking.word("cases.name")})
