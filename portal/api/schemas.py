"""JSON Schemas (2020-12) of columns, items and the API's own bodies, made from the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...lists.catalogue import Catalogue, Column, ListDefinition
from ...lists.columns import TYPES, ColumnType
from ...lists.reading import SYSTEM_TYPES
from ...lists.schema import SEPARATIONS
from .operations import fields, listed, ref

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
    "multi_lookup": {"type": "array", "items": REFERENCE},
    "multi_choice": {"type": "array", "items": TEXT},
    "tags": {"type": "array", "items": TEXT},
    "participants": {"type": "array", "items": PARTICIPANT},
}
_NUMBER_GIVEN: Schema = {"type": ["string", "number"], "description": "A decimal string; a number is read too"}
_WRITTEN: dict[str, Schema] = {
    "number": _NUMBER_GIVEN,
    "currency": _NUMBER_GIVEN,
    "percent": _NUMBER_GIVEN,
    "lookup": ID,
    "person": ID,
    "multi_lookup": {"type": "array", "items": ID},
}


def read_schema(kind: ColumnType) -> Schema:
    """How a column of this type is read: null where it is empty or not to be seen; multi-values are arrays."""
    schema = _READ.get(kind.result.name, TEXT)
    return schema if kind.is_multi else {"anyOf": [schema, {"type": "null"}]}


def written_schema(kind: ColumnType) -> Schema:
    """How a column of this type is written."""
    schema = _WRITTEN.get(kind.name) or _READ.get(kind.name, TEXT)
    values = getattr(kind, "values", None)
    if kind.name == "choice" and values:
        schema = {"enum": list(values)}
    if kind.name == "multi_choice" and values:
        schema = {"type": "array", "items": {"enum": list(values)}}
    return {"anyOf": [schema, {"type": "null"}]}


def item_schema(found: ListDefinition) -> Schema:
    """An item of a list as it is read."""
    properties: dict[str, Schema] = {"@odata.etag": TEXT}
    properties |= {name: read_schema(kind) for name, kind in SYSTEM_TYPES.items()}
    properties |= {column.name: _titled(column, read_schema(column.type)) for column in found.visible_columns}
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
    },
}
VIEW: Schema = {
    "type": "object",
    "required": ["name", "title", "shared"],
    "properties": {
        "id": ID,
        "name": TEXT,
        "title": TITLES,
        "shared": {"type": "boolean"},
        "columns": {"type": "array", "items": TEXT},
        "filter": TEXT,
        "order": TEXT,
    },
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
        "columns": {"type": "array", "items": ref("Column")},
        "views": {"type": "array", "items": ref("View")},
    },
}
FORMULA: Schema = {"type": "string", "description": "A formula: docs/formulas.md"}
_OR_NULL: Schema = {"type": "null"}
VALIDATION: Schema = fields({"formula": FORMULA, "message": TITLES}, "formula")
VALIDATION_GIVEN: Schema = {"anyOf": [fields({"formula": FORMULA, "message": TITLE_GIVEN}, "formula"), _OR_NULL]}
_FORMULAS_GIVEN: Mapping[str, Schema] = {
    "formula": FORMULA,
    "decimals": {"type": ["integer", "null"], "minimum": 0, "maximum": 6},
    "format": {"enum": ["number", "currency", "percent", None]},
    "validation": VALIDATION_GIVEN,
    "default_formula": {"anyOf": [FORMULA, _OR_NULL]},
    "show_when": {"anyOf": [FORMULA, _OR_NULL]},
}
COLUMN_CHANGED: Schema = fields({"title": TITLE_GIVEN, "description": TITLE_GIVEN, **_FORMULAS_GIVEN})
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
VIEW_GIVEN: Schema = fields(
    {
        "name": TEXT,
        "title": TITLE_GIVEN,
        "columns": {"type": "array", "items": TEXT},
        "filter": TEXT,
        "order": TEXT,
        "group": TEXT,
        "shared": {"type": "boolean"},
        "default": {"type": "boolean"},
    },
    "name",
)
LIST_GIVEN: Schema = fields(
    {
        "name": TEXT,
        "title": TITLE_GIVEN,
        "separation": {"enum": list(SEPARATIONS)},
        "description": TITLE_GIVEN,
        "validation": VALIDATION_GIVEN,
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


def components(lists: Catalogue) -> Mapping[str, Schema]:
    """All named schemas: the fixed ones, and two for each list."""
    named: dict[str, Schema] = {
        "Problem": PROBLEM,
        "Item": ANY_ITEM,
        "Page": PAGE,
        "Column": COLUMN,
        "View": VIEW,
        "List": LIST,
        "Lists": dict(listed(ref("List"))),
        "Versions": dict(listed(VERSION)),
        "Me": ME,
        "Reference": REFERENCE,
    }
    for name, found in sorted(lists.by_name.items()):
        named[f"Item.{name}"] = item_schema(found)
        named[f"Write.{name}"] = item_write_schema(found)
    return named
