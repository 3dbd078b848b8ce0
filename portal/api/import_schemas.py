"""JSON Schemas of imports: a mapping, what is proposed, how an import stands, what it refused."""

from __future__ import annotations

from ...lists.imports import STATES
from .operations import Schema, fields
from .schemas import ID, REFERENCE, TEXT

MAPPING: Schema = {
    "type": "object",
    "description": "By column of the list the column of the file, or what docs/import.md says of a column; `match`: "
    "by what items are found again (else external_id)",
    "properties": {
        "columns": {"type": "object"},
        "match": {"type": ["array", "string"], "items": TEXT},
        "existing": {"enum": ["update", "keep"]},
        "missing": {"enum": ["create", "refuse"]},
    },
    "required": ["columns"],
    "additionalProperties": False,
}
_COUNTS: Schema = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
_COUNTS_OR_NONE: Schema = {"anyOf": [_COUNTS, {"type": "null"}]}
IMPORT: Schema = fields(
    {
        "id": ID,
        "list": {"type": ["string", "null"], "description": "null where the list is gone"},
        "file": TEXT,
        "state": {"enum": sorted(STATES)},
        "rows": {"type": "integer", "minimum": 0},
        "done": {"type": "integer", "minimum": 0, "description": "Rows that are read; of an undoing, items"},
        "counts": {**_COUNTS, "description": "created, updated, unchanged, refused"},
        "tried": {**_COUNTS_OR_NONE, "description": "What a trial found of these"},
        "undone": {**_COUNTS_OR_NONE, "description": "removed, put_back, kept"},
        "refused": {"type": "integer", "minimum": 0, "description": "How many lines …/refused has"},
        "problem": {"type": ["string", "null"], "description": "Why it could not go on"},
        "mapping": {"anyOf": [{"type": "object"}, {"type": "null"}]},
        "by": {"anyOf": [REFERENCE, {"type": "null"}]},
        "created": {"type": "string", "format": "date-time"},
        "ended": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    },
    "id", "list", "file", "state", "rows", "done", "counts", "refused",
)  # fmt: skip
PROPOSAL: Schema = fields(
    {
        "columns": {
            "type": "array",
            "items": fields({"name": TEXT, "sample": {"type": "array", "items": TEXT}}, "name", "sample"),
            "description": "The file's, with their first values",
        },
        "targets": {"type": "array", "items": TEXT, "description": "What of the list may be filled"},
        "mapping": {"type": "object", "description": "The proposed one"},
        "remembered": {"anyOf": [fields({"name": TEXT, "mapping": {"type": "object"}}), {"type": "null"}]},
    },
    "columns", "targets", "mapping", "remembered",
)  # fmt: skip
REFUSED: Schema = fields(
    {
        "about": {"enum": ["trial", "import", "undo"]},
        "value": {
            "type": "array",
            "items": fields(
                {
                    "row": {"type": ["integer", "null"]},
                    "list": {"type": ["string", "null"]},
                    "item": {"anyOf": [ID, {"type": "null"}]},
                    "column": TEXT,
                    "value": TEXT,
                    "reason": TEXT,
                },
                "row", "column", "value", "reason",
            ),
        },
        "next": ID,
    },
    "about", "value",
)  # fmt: skip
