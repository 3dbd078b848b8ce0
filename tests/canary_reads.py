"""What readers may put behind the question mark: filters, sorts, searches, expansions, presets, versions.

Each function answers the variants for one address; its values are the address's parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from canary_asks import Asking, Sent, Values
from canary_garden import HIDDEN, text_columns

from caseroom.lists.catalogue import Column

MOST_EXPANDED, MOST_ORDERS = 10, 8
TOP = "500"

Variants = Callable[[Asking, Values], Iterator[Sent]]
READS: dict[str, Variants] = {}


def _of(*endpoints: str) -> Callable[[Variants], Variants]:
    def keep(variants: Variants) -> Variants:
        READS.update(dict.fromkeys(endpoints, variants))
        return variants

    return keep


def _query(**arguments: Any) -> Sent:
    return Sent(query={name.replace("__", "."): value for name, value in arguments.items()})


def _texts(asking: Asking, list_name: str) -> list[Column]:
    return [one for one in text_columns(asking.lists[list_name]) if not one.hidden and "contains" in one.type.operators]


def _in_parts(names: list[str], length: int) -> Iterator[list[str]]:
    for start in range(0, len(names), length):
        yield names[start : start + length]


@_of("api_items.browse")
def items(asking: Asking, values: Values) -> Iterator[Sent]:
    name = values["name"]
    visible = asking.lists[name].visible_columns
    if not asking.matters(name):
        return
    yield Sent({"$top": TOP, "$count": "true"})
    yield Sent({"deleted": "true", "$count": "true", "$top": TOP})
    lookups = [one.name for one in visible if one.type.target not in (None, "users")]
    for part in _in_parts(lookups, MOST_EXPANDED):
        yield Sent({"$expand": ",".join(part), "$top": TOP})
    for part in _in_parts([one.name for one in visible], MOST_ORDERS):
        yield Sent({"$orderby": " desc,".join(part), "$top": TOP, "$select": "name"})
    for filter_ in _filters(asking, name):
        yield Sent({"$filter": filter_, "$count": "true"})
    if name in asking.naming.ids and name != "events":  # that events are there everybody may know
        ids = [*asking.naming.ids[name], *asking.naming.deleted[name]]
        yield Sent({"$filter": f"id in ({','.join(map(str, ids))})", "$count": "true"})
        yield Sent({"$filter": f"guid eq '{asking.naming.guid}'", "$count": "true"})


def _filters(asking: Asking, name: str) -> Iterator[str]:
    texts = [(one.name, asking.word(f"{name}.{one.name}")) for one in _texts(asking, name)]
    yield " or ".join(f"contains({column},'{word}')" for column, word in texts)
    yield " or ".join(f"startswith({column},'{asking.naming.words.stem[:6]}')" for column, _word in texts if column)
    plain = [(one.name, asking.word(f"{name}.{one.name}")) for one in _texts(asking, name) if one.type.is_text]
    yield " or ".join(f"{column} eq '{word}'" for column, word in plain)
    yield f"external_id eq '{asking.word('external_id')}'"
    pointing = asking.pointing(name)
    if pointing:
        yield " or ".join(f"{column.name} eq {number}" for column, _target, number in pointing)
        yield " or ".join(f"not ({column.name} ne {number})" for column, _target, number in pointing)
        yield " or ".join(f"{column.name} in ({number})" for column, _target, number in pointing)
        yield " or ".join(
            f"contains({column.name}/{one.name},'{asking.word(f'{target}.{one.name}')}')"
            for column, target, _number in pointing
            for one in _texts(asking, target)
        )


@_of("api_items.read")
def item(asking: Asking, values: Values) -> Iterator[Sent]:
    lookups = [
        one.name for one in asking.lists[values["name"]].visible_columns if one.type.target not in (None, "users")
    ]
    yield Sent({"$expand": ",".join(lookups[:MOST_EXPANDED])})


@_of("api_lists.read", "api_lists.columns", "api_views.browse", "lists.recycle_bin")
def of_a_list(asking: Asking, values: Values) -> Iterator[Sent]:
    if asking.matters(values.get("name") or values["list_name"]):
        yield Sent()


@_of(
    "list_settings.show", "list_settings.ask_remove", "list_files.ask_export", "list_files.export",
    "list_files.ask_copy", "imports.of_list", "columns.new", "columns.edit", "columns.ask_type", "columns.ask_delete",
    "api_imports.browse", "api_bins.read", "recycle_bin.ask_empty",
    "list_forms.show", "content_types.show", "content_types.edit",
)  # fmt: skip
def for_administrators(_asking: Asking, values: Values) -> Iterator[Sent]:
    """They say the same of every list to who is no administrator, before they look for it: one list will do."""
    if (values.get("list_name") or values["name"]) == "cases":
        yield Sent()


@_of("lists.show")
def list_page(asking: Asking, values: Values) -> Iterator[Sent]:
    found = asking.lists[values["list_name"]]
    if not asking.matters(found.name):
        return
    yield Sent(headers={"Accept-Encoding": "gzip"})
    for view in (*(view.name for view in found.views), "own"):
        yield Sent({"view": view})
    yield Sent({"view": "all", "sort": "-modified"}, headers={"HX-Target": "rows", "HX-Request": "true"})
    yield Sent({"search": asking.word(f"{found.name}.name"), "count": "1"})
    yield Sent({f"f.{column.name}": number for column, _target, number in asking.pointing(found.name)})
    if found.name == "cases":
        shaped = {"view": "all", "group": "company,salesperson", "totals": "value:sum,company:filled"}
        yield Sent(shaped)
        yield Sent({**shaped, "fold": "1"})
        yield Sent({"view": "all", "kind": "board", "board": "company"})
        yield Sent({"view": "all", "kind": "calendar", "start": "created"})
        yield Sent({"view": "all", "f1.name.contains": asking.word("cases.name"), "f1.value.gt": "1"})
    for column in _texts(asking, found.name)[:1]:
        rule = f'red: CONTAINS({column.name}, "{asking.word(f"{found.name}.{column.name}")}")'
        yield Sent({"view": "all", "colours": rule, "widths": "name:90"})


@_of("list_filter.values")
def filter_values(asking: Asking, values: Values) -> Iterator[Sent]:
    name, some = values["list_name"], ("name", "company", "case", "description", "subject", "a_lookup", "a_text")
    if name in HIDDEN and values["column"] in some:
        yield Sent({"view": "all"})
        yield Sent({"q": asking.word(f"{name}.{values['column']}")}, headers={"HX-Target": "values"})


@_of("filter_form.show", "list_filter.conditions", "list_views.columns", "list_views.manage")
def list_settings(asking: Asking, values: Values) -> Iterator[Sent]:
    if asking.matters(values["list_name"]):
        yield Sent({"view": "own"})
        yield Sent({f"f.{column.name}": number for column, _target, number in asking.pointing(values["list_name"])})


@_of("list_colours.show", "list_colours.check")
def colour_rules(asking: Asking, values: Values) -> Iterator[Sent]:
    """Conditions on what is hidden, typed and in the address of the list."""
    name = values["list_name"]
    if not asking.matters(name):
        return
    conditions = [f'CONTAINS({one.name}, "{asking.word(f"{name}.{one.name}")}")' for one in _texts(asking, name)]
    yield Sent({"view": "own"})
    yield Sent({"view": "own", "colours": "\n".join(f"red: {one}" for one in conditions[:3])})
    yield Sent({"formula": conditions, "colour": ["red"] * len(conditions), "do": "up-1"})


@_of("list_views.save_as")
def save_view_form(asking: Asking, values: Values) -> Iterator[Sent]:
    if values["list_name"] == "cases":
        yield Sent({"state": f"view=own&f.name={asking.word('cases.name')}"})


@_of("list_export.show")
def list_export(asking: Asking, values: Values) -> Iterator[Sent]:
    yield from list_count(asking, values)
    columns = ",".join(column.name for column in asking.lists[values["list_name"]].visible_columns)
    for kind in ("csv", "json", "xlsx"):
        yield Sent({"columns": columns, "view": "all", "format": kind})


@_of("lists.count", "grid.rows")
def list_count(asking: Asking, values: Values) -> Iterator[Sent]:
    name = values["list_name"]
    if not asking.matters(name):
        return
    yield Sent({"search": asking.word(f"{name}.name")})
    yield Sent({f"f.{column.name}.contains": asking.word(f"{name}.{column.name}") for column in _texts(asking, name)})
    for column, target, number in asking.pointing(name):
        yield Sent({"view": "all", f"f.{column.name}": number})
        yield Sent({"view": "all", f"f.{column.name}.contains": asking.word(f"{target}.name")})


@_of("bulk.ask")
def many_rows(asking: Asking, values: Values) -> Iterator[Sent]:
    name = values["list_name"]
    if not asking.matters(name):
        return
    if name in asking.naming.ids and name != "events":
        for kind in ("edit", "delete", "restore", "discard"):
            yield Sent({"id": [*asking.naming.ids[name], *asking.naming.deleted[name]], "do": kind})
    yield Sent({"all": "1", "state": f"view=all&search={asking.word(f'{name}.name')}"})
    for column, _target, number in asking.pointing(name):
        yield Sent({"all": "1", "do": "delete", "state": f"view=all&f.{column.name}={number}"})


@_of("recycle_bin.ask_purge")
def purging(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent({"id": [f"{name}:{one}" for name, ids in asking.naming.deleted.items() for one in ids]})


@_of("lists.suggest")
def lookup_suggestions(asking: Asking, values: Values) -> Iterator[Sent]:
    if asking.matters(values["list_name"]):
        yield Sent()
        yield Sent({"q": asking.word(f"{values['list_name']}.name")})
        yield Sent({"q": asking.naming.words.stem[:6]})


@_of("items.new")
def new_form(asking: Asking, values: Values) -> Iterator[Sent]:
    if asking.matters(values["list_name"]):
        yield Sent()
    for column, _target, number in asking.pointing(values["list_name"]):
        yield Sent({column.name: str(number)})


@_of("api_search.find")
def search(asking: Asking, _values: Values) -> Iterator[Sent]:
    for word in [*asking.naming.words.by_place.values(), asking.naming.words.stem[:7]]:
        yield Sent({"q": word, "top": "50"})
    yield Sent({"q": f'-{asking.word("cases.name")} "{asking.word("cases.name")}"', "list": "cases"})


@_of("search.results")
def search_page(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    for place in ("cases.name", "documents.content_text", "mails.text", "events.description"):
        yield Sent({"q": asking.word(place)})
        yield Sent({"q": asking.word(place), "list": place.partition(".")[0]})


@_of("search.proposals")
def search_box(asking: Asking, _values: Values) -> Iterator[Sent]:
    for text in (asking.word("cases.name"), asking.naming.words.stem[:5], "Shared"):
        yield Sent({"q": text})


@_of("calendar.show")
def calendar(_asking: Asking, _values: Values) -> Iterator[Sent]:
    for view, whose in (("month", "all"), ("week", "groups"), ("agenda", "mine"), ("agenda", "all")):
        yield Sent({"view": view, "date": "2026-12-01", "of": whose})


@_of("case.show")
def case_page(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent(headers={"HX-Target": "panel-body", "HX-Request": "true"})
    yield Sent({"kind": "mail"}, headers={"HX-Target": "timeline-part"})


@_of("company.show")
def company_page(asking: Asking, values: Values) -> Iterator[Sent]:
    yield from case_page(asking, values)
    for kind in ("calls", "meetings", "tasks", "documents"):
        yield Sent({"kind": kind}, headers={"HX-Target": "timeline-part"})
    yield Sent({"before": "2199-01-01T00:00:00+00:00~4~999999"}, headers={"HX-Target": "older"})


@_of("items.show", "documents.page", "mail.mail_page")
def item_page(asking: Asking, values: Values) -> Iterator[Sent]:
    yield Sent()
    if values.get("item_id") == next(iter(asking.naming.ids.get(values.get("list_name", "documents"), ())), None):
        yield Sent({"panel": "1"}, headers={"HX-Target": "panel-body", "HX-Request": "true"})


@_of("documents.download", "api_libraries.download")
def content(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent({"version": "1.0", "inline": "1"})
    yield Sent({"version": "2.0"}, headers={"Range": "bytes=0-50000"})
    yield Sent({"version": "99.0"})
    yield Sent(headers={"If-None-Match": "*"})


@_of("documents.new", "mail.file_form")
def presets(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent({"case": asking.naming.first("cases"), "company": asking.garden.common["relations"]})
    yield Sent({"case": asking.naming.first("cases"), "template": "1"})
    yield Sent({"case__q": asking.word("cases.name"), "company__q": asking.word("cases.name")})


@_of("actions.choose_company")
def choice_of_company(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent({"company": asking.naming.first("cases")})
    yield Sent({"company__q": asking.word("cases.name")})


@_of("admin.show_users")
def users(asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent({"q": asking.word("cases.name")})


@_of("comments.people")
def people_to_name(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent({"q": "person"})


@_of("notices.show_alerts", "jobs.show")
def alerts(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent({"of": "everybody"})


@_of("notices.new")
def alert_form(asking: Asking, values: Values) -> Iterator[Sent]:
    name = values["list_name"]
    if name in asking.naming.ids and name != "events":
        yield Sent({"item": asking.naming.first(name)})
    if name == "cases":
        yield Sent({"view": asking.naming.views[0]})


@_of("api_notices.browse")
def notices(_asking: Asking, _values: Values) -> Iterator[Sent]:
    yield Sent()
    yield Sent({"unseen": "true"})
