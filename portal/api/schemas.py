"""JSON Schemas (2020-12) of columns, items and the API's own bodies, made from the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...lists.catalogue import Column, ListDefinition
from ...lists.colours import COLOURS
from ...lists.columns import TYPES, ColumnType
from ...lists.reading import SYSTEM_TYPES
from ...lists.schema import SEPARATIONS
from ...lists.totals import FUNCTIONS
from ...lists.view_settings import KINDS
from .json import is_amount_of_others
from .operations import fields, ref

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "integer", "minimum": 1}
REFERENCE: Schema = {"type": "object", "required": ["id", "title"], "properties": {"id": ID, "title": TEXT}}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
TITLES: Schema = {"type": "object", "additionalProperties": TEXT}
TITLE_GIVEN: Schema = {"anyOf": [TEXT, TITLES], "description": "A text, or one text per language"}
PARTICIPANT: Schema = {
    "type": "object",
    "properties": {
        "user": ID,
        "contact": ID,
        "email": TEXT,
        "answer": {"enum": ["none", "accepted", "declined", "tentative"]},
    },
    "additionalProperties": False,
}
LOCATION: Schema = {
    **fields({"latitude": DECIMAL, "longitude": DECIMAL, "label": TEXT}, "latitude", "longitude"),
    "description": "Degrees as decimal strings (WGS 84)",
}
FILE: Schema = fields(
    {"id": TEXT, "name": TEXT, "size": {"type": "integer"}, "type": TEXT, "sha256": TEXT}, "id", "name"
)
FILE_GIVEN: Schema = {
    "type": "object",
    "description": "A file that stays, by its id; or a new one: its name, and its content in base64",
    "properties": {"id": TEXT, "name": TEXT, "content": {"type": "string", "contentEncoding": "base64"}},
}
_PARTS = ("street", "postcode", "city", "region", "country")
ADDRESS: Schema = {"type": "object", "properties": dict.fromkeys(_PARTS, TEXT), "additionalProperties": False}

_READ: dict[str, Schema] = {
    "number": DECIMAL,
    "currency": DECIMAL,
    "percent": DECIMAL,
    "boolean": {"type": "boolean"},
    "whole": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "address": ADDRESS,
    "lookup": REFERENCE,
    "person": REFERENCE,
    "group": REFERENCE,
    "multi_lookup": {"type": "array", "items": REFERENCE},
    "reverse_lookup": {"type": "array", "items": REFERENCE},
    "multi_choice": {"type": "array", "items": TEXT},
    "tags": {"type": "array", "items": TEXT},
    "participants": {"type": "array", "items": PARTICIPANT},
    "attachment": {"type": "array", "items": FILE},
    "location": LOCATION,
}
_NUMBER_GIVEN: Schema = {"type": ["string", "number"], "description": "A decimal string; a number is read too"}
_WRITTEN: dict[str, Schema] = {
    "number": _NUMBER_GIVEN,
    "currency": _NUMBER_GIVEN,
    "percent": _NUMBER_GIVEN,
    "lookup": ID,
    "person": ID,
    "group": ID,
    "multi_lookup": {"type": "array", "items": ID},
    "attachment": {"type": "array", "items": FILE_GIVEN},
}


def read_schema(kind: ColumnType) -> Schema:
    """How a column of this type is read: null where it is empty or not to be seen; multi-values are arrays."""
    schema = _READ.get(kind.result.name, TEXT)
    if kind.is_multi and kind.result.name in ("person", "group"):
        schema = _READ["multi_lookup"]
    return schema if kind.is_multi else {"anyOf": [schema, {"type": "null"}]}


def written_schema(kind: ColumnType) -> Schema:
    """How a column of this type is written."""
    schema = _WRITTEN.get(kind.name) or _READ.get(kind.name, TEXT)
    if kind.is_multi and kind.name in ("person", "group"):
        schema = _WRITTEN["multi_lookup"]
    values = getattr(kind, "values", None)
    if kind.name in ("choice", "content_type") and values:
        schema = {"enum": list(values)}
    if kind.name == "multi_choice" and values:
        schema = {"type": "array", "items": {"enum": list(values)}}
    return {"anyOf": [schema, {"type": "null"}]}


def item_schema(found: ListDefinition) -> Schema:
    """An item of a list as it is read."""
    properties: dict[str, Schema] = {"@odata.etag": TEXT}
    properties |= {name: read_schema(kind) for name, kind in SYSTEM_TYPES.items()}
    properties |= {column.name: _titled(column, read_schema(column.type)) for column in found.visible_columns}
    for column in found.visible_columns:
        if column.type.name == "reverse_lookup":
            properties[f"{column.name}@odata.count"] = {"type": "integer", "minimum": 0}
        elif is_amount_of_others(column.type):
            properties[f"{column.name}@caseroom.currency"] = {"type": ["string", "null"]}
    properties["id"] = ID
    return {**fields(properties, "@odata.etag", "id"), "title": found.title("en")}


def item_write_schema(found: ListDefinition) -> Schema:
    """What may be sent for an item of a list."""
    columns = [column for column in found.visible_columns if not column.by_program]
    properties = {column.name: _titled(column, written_schema(column.type)) for column in columns}
    return {**fields(properties | {"external_id": TEXT}), "title": found.title("en")}


def _titled(column: Column, schema: Schema) -> Schema:
    described = column.description("en")
    titled: dict[str, Any] = {**schema, "title": column.title("en")}
    if column.by_program:
        titled["readOnly"] = True
    return {**titled, "description": described} if described else titled


PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {"type": "array", "items": fields({"field": TEXT, "message": TEXT}, "field", "message")},
    },
}
ANY_ITEM: Schema = {
    "type": "object",
    "description": "An item of any list; the schema of one list's items is Item.<list>",
    "required": ["@odata.etag", "id"],
    "properties": {"@odata.etag": TEXT, "id": ID},
}
PAGE: Schema = {
    "type": "object",
    "required": ["value"],
    "properties": {
        "value": {"type": "array", "items": ref("Item")},
        "@odata.nextLink": {"type": "string", "format": "uri"},
        "@odata.count": {"type": "integer", "minimum": 0},
        "@caseroom.countCapped": {"const": True, "description": "There are more than @odata.count says"},
    },
    "additionalProperties": False,
}
COLUMN: Schema = {
    "type": "object",
    "required": ["name", "type", "title", "required", "read_only"],
    "properties": {
        "name": TEXT,
        "type": {"enum": sorted(TYPES)},
        "title": TITLES,
        "required": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "becoming": {
            "type": "object",
            "properties": {
                "type": {"enum": sorted(TYPES)},
                "state": {"enum": ["filling", "asking", "ending"], "description": "asking: values would be lost"},
                "values": {"type": "integer"},
                "converted": {"type": "integer"},
                "lost": {"type": "integer"},
            },
            "description": "Another type that it is being given in the background; for administrators",
        },
    },
}
_VIEW_SETTINGS: Mapping[str, Schema] = {
    "columns": {"type": "array", "items": TEXT},
    "widths": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "Pixels by column"},
    "filter": {"type": "string", "description": "As $filter"},
    "order": {"type": "string", "description": "As $orderby"},
    "group": {"type": "string", "description": "As $orderby: one column, or a second within it"},
    "totals": {"type": "object", "additionalProperties": {"enum": list(FUNCTIONS)}},
    "colours": {
        "type": "array",
        "items": fields({"formula": TEXT, "colour": {"enum": list(COLOURS)}}, "formula", "colour"),
        "description": "The first rule whose formula (docs/formulas.md) holds colours the row",
    },
    "kind": {"enum": list(KINDS)},
    "board": {"type": "string", "description": "The choice or lookup of whose values a board is made"},
    "start": {"type": "string", "description": "The date on which an item stands in a calendar"},
    "end": {"type": "string", "description": "The date until which it does"},
    "default": {"type": "boolean", "description": "The view that a reader begins with"},
    "default_for": {"type": "array", "items": ID, "description": "Sales groups whose members begin with it"},
}
VIEW: Schema = {
    "type": "object",
    "required": ["name", "title", "shared"],
    "properties": {
        "id": ID,
        "name": TEXT,
        "title": TITLES,
        "shared": {"type": "boolean"},
        **_VIEW_SETTINGS,
    },
}
FORM: Schema = {
    "type": "array",
    "minItems": 1,
    "description": "The sections of the form; columns that none of them names have no field",
    "items": fields({"title": TITLES, "columns": {"type": "array", "items": TEXT}}, "columns"),
}
LIST: Schema = {
    "type": "object",
    "required": ["name", "title", "separation", "kind", "columns", "views"],
    "properties": {
        "name": TEXT,
        "title": TITLES,
        "separation": {"enum": list(SEPARATIONS)},
        "kind": TEXT,
        "description": TITLES,
        "headline": {"type": "array", "items": TEXT},
        "form": FORM,
        "folders": {"type": "string", "description": "The lookup by which items lie in folders"},
        "archived": {"type": "boolean"},
        "comments": {"type": "boolean"},
        "columns": {"type": "array", "items": ref("Column")},
        "views": {"type": "array", "items": ref("View")},
    },
}
FORMULA: Schema = {"type": "string", "description": "A formula: docs/formulas.md"}
_OR_NULL: Schema = {"type": "null"}
VALIDATION: Schema = fields({"formula": FORMULA, "message": TITLES}, "formula")
VALIDATION_GIVEN: Schema = {"anyOf": [fields({"formula": FORMULA, "message": TITLE_GIVEN}, "formula"), _OR_NULL]}
_COLUMN_NAMES: Schema = {"type": ["array", "null"], "items": TEXT}
_FORMULAS_GIVEN: Mapping[str, Schema] = {
    "show": {**_COLUMN_NAMES, "description": "Of a lookup: columns of its list that come along"},
    "list": {"type": "string", "description": "Of lookups, reverse lookups and roll-ups: the other list"},
    "column": {"type": "string", "description": "Of reverse lookups and roll-ups: the lookup that points here"},
    "function": {"enum": ["count", "sum", "avg", "min", "max"]},
    "of": {"type": ["string", "null"], "description": "Of a roll-up: the column whose values come together"},
    "filter": {"anyOf": [FORMULA, _OR_NULL]},
    "formula": FORMULA,
    "decimals": {"type": ["integer", "null"], "minimum": 0, "maximum": 6},
    "format": {"enum": ["number", "currency", "percent", None]},
    "validation": VALIDATION_GIVEN,
    "default_formula": {"anyOf": [FORMULA, _OR_NULL]},
    "show_when": {"anyOf": [FORMULA, _OR_NULL]},
}
_TEXT_OR_NULL: Schema = {"anyOf": [TITLE_GIVEN, _OR_NULL]}
_YES_NO: Schema = {"type": ["boolean", "null"]}
COLUMN_CHANGED: Schema = {
    "type": "object",
    "description": "Beside these, the options of the column's type: choices, min, max, multiline, …",
    "properties": {
        "title": TITLE_GIVEN,
        "position": {"type": "integer", "minimum": 1, "description": "Among all columns; 1 = first"},
        "description": _TEXT_OR_NULL,
        "required": _YES_NO,
        "unique": _YES_NO,
        "indexed": _YES_NO,
        "hidden": _YES_NO,
        "default": {"description": "A value, or {formula}"},
        **_FORMULAS_GIVEN,
        "type": {"enum": sorted(TYPES)},
        "confirm": {"type": "boolean", "description": "Values that do not convert may be lost"},
    },
}
COLUMN_GIVEN: Schema = {
    "type": "object",
    "required": ["name", "type"],
    "description": "Beside these, the options of the type: choices, list, decimals, min, max, multiline, …",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,49}$"},
        "type": {"enum": sorted(TYPES)},
        "title": TITLE_GIVEN,
        "required": {"type": "boolean"},
        "unique": {"type": "boolean"},
        "default": {"description": "A value, or {formula}"},
        "indexed": {"type": "boolean"},
        **_FORMULAS_GIVEN,
    },
}
_VIEW_SETTINGS_GIVEN = {name: {"anyOf": [schema, _OR_NULL]} for name, schema in _VIEW_SETTINGS.items()}
VIEW_GIVEN: Schema = fields(
    {"name": TEXT, "title": TITLE_GIVEN, "shared": {"type": "boolean"}, **_VIEW_SETTINGS_GIVEN}, "name"
)
VIEW_CHANGED: Schema = fields(
    {
        "title": TITLE_GIVEN,
        "shared": {"type": "boolean"},
        "position": {"type": "integer", "minimum": 0, "maximum": 9999},
        **_VIEW_SETTINGS_GIVEN,
    }
)
_OF_LIST: Mapping[str, Schema] = {
    "title": TITLE_GIVEN,
    "separation": {"enum": list(SEPARATIONS)},
    "description": _TEXT_OR_NULL,
    "kind": {"enum": ["list", "code"], "description": "code: read by all, edited by administrators"},
    "headline": {"type": ["array", "null"], "items": TEXT, "description": "What readers at that level see"},
    "translated": {"type": ["array", "null"], "items": TEXT, "description": "Languages with a name of their own"},
    "validation": VALIDATION_GIVEN,
    "comments": {"type": "boolean", "description": "Whether items have comments"},
    "form": {"anyOf": [FORM, _OR_NULL]},
    "folders": {
        "type": ["string", "boolean", "null"],
        "description": "The lookup by which items lie in folders; true makes it and the list of folders",
    },
}
LIST_CHANGED: Schema = fields({**_OF_LIST, "archived": {"type": "boolean"}})
LIST_GIVEN: Schema = fields(
    {
        "name": TEXT,
        **_OF_LIST,
        "columns": {"type": "array", "items": COLUMN_GIVEN},
        "views": {"type": "array", "items": VIEW_GIVEN},
    },
    "name",
)
VERSION: Schema = fields(
    {
        "version": {"type": "integer"},
        "kind": TEXT,
        "at": {"type": "string", "format": "date-time"},
        "by": {"anyOf": [REFERENCE, {"type": "null"}]},
        "changes": {"type": "array", "items": fields({"column": TEXT, "old": {}, "new": {}}, "column", "old", "new")},
    },
    "version",
    "kind",
    "at",
    "by",
    "changes",
)
COMMENT: Schema = fields(
    {
        "id": ID,
        "author": {"anyOf": [REFERENCE, {"type": "null"}]},
        "text": TEXT,
        "mentions": {"type": "array", "items": REFERENCE},
        "at": {"type": "string", "format": "date-time"},
        "edited": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "answers": {"anyOf": [ID, {"type": "null"}], "description": "The comment that this one answers"},
        "deleted": {"type": "boolean", "description": "Only of one that was answered: it has no text any more"},
    },
    "id", "author", "text", "mentions", "at", "edited", "answers", "deleted",
)  # fmt: skip
NOTICE: Schema = fields(
    {
        "id": ID,
        "kind": {"enum": ["mention", "reply", "responsible", "share", "alert"]},
        "list": TEXT,
        "item": REFERENCE,
        "who": {"type": ["string", "null"]},
        "at": {"type": "string", "format": "date-time"},
        "seen": {"type": "boolean"},
        "change": {"type": ["string", "null"], "description": "Of an alert: new, changed, deleted, entered, left"},
        "comment": {"type": ["string", "null"], "description": "What was said, its beginning"},
        "message": {"type": ["string", "null"], "description": "What was written by who shared it"},
    },
    "id", "kind", "list", "item", "who", "at", "seen", "change", "comment", "message",
)  # fmt: skip
NOTICES: Schema = fields(
    {"value": {"type": "array", "items": NOTICE}, "unseen": {"type": "integer", "minimum": 0}, "before": ID},
    "value", "unseen",
)  # fmt: skip
ME: Schema = fields(
    {
        "user": fields(
            {"id": ID, "name": TEXT, "email": TEXT, "language": TEXT, "time_zone": TEXT}, "id", "name", "email"
        ),
        "roles": {"type": "array", "items": TEXT},
        "groups": {
            "type": "array",
            "items": fields({"id": ID, "title": TEXT, "owner": {"anyOf": [REFERENCE, {"type": "null"}]}}, "id"),
        },
        "default_group": {"anyOf": [REFERENCE, {"type": "null"}]},
        "calendar_feed": {"type": "string", "format": "uri"},
    },
    "user",
    "roles",
    "groups",
    "default_group",
    "calendar_feed",
)
