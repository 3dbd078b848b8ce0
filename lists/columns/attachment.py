"""Files on an item. Their bytes are kept by whoever took them in; the item names them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..errors import N_, Invalid
from ..sqltypes import Json
from .base import ColumnType, Reader, refuse
from .options import Option

MOST_FILES = 100


@dataclass(frozen=True)
class StoredFile:
    """A file whose bytes are safely kept. Only the program makes one: a client names files that stand by their id."""

    sha256: str
    name: str
    size: int
    type: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def entry(self) -> dict[str, Any]:
        """As an item keeps it."""
        return {"id": self.id, "name": self.name, "size": self.size, "type": self.type, "sha256": self.sha256}


class AttachmentColumn(ColumnType):
    """One or several files, at most `max` (20 if not said). Read as `[{"id", "name", "size", "type", "sha256"}]`.

    Written as a list of files that stay (`{"id"}`) and of new ones: `StoredFile`, into which the API and the pages turn
    what they are sent.
    """

    name = "attachment"
    operators = frozenset({"empty"})
    form_field = "attachment"
    option_names = frozenset({"max"})
    described: ClassVar = {"max": Option("whole", N_("Files at most"), N_("From 1 to 100; 20 if empty."))}
    is_multi = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        most = options.get("max")
        if most is not None and (not isinstance(most, int) or not 1 <= most <= MOST_FILES):
            raise Invalid("max", "This must be between %(min)s and %(max)s.", min=1, max=MOST_FILES)
        if options.get("default") or options.get("default_formula"):
            raise Invalid("default", "Files have no default.")

    @property
    def most(self) -> int:
        return int(self.options.get("max") or 20)

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> list[dict[str, Any]] | None:
        """The files in their order; of one that stays only its id, which the door completes."""
        if raw is None or raw == "":
            return None
        entries = [self._one(one) for one in (raw if isinstance(raw, (list, tuple)) else [raw])]
        if len(entries) > self.most:
            raise refuse("There can be at most %(max)s files here.", max=self.most)
        if len({entry["id"] for entry in entries}) != len(entries):
            raise refuse("The same file stands here twice.")
        return entries or None

    def _one(self, raw: Any) -> dict[str, Any]:
        if isinstance(raw, StoredFile):
            return raw.entry
        known = raw.get("id") if isinstance(raw, Mapping) else None
        if not isinstance(known, str) or not known:
            raise refuse("A file is given by its id, or by its name and its content in base64.")
        return {"id": known}

    def from_json(self, value: Any) -> Any:
        return value

    def form_value(self, value: Any, reader: Reader) -> Any:
        return list(value or ())

    def format(self, value: Any, reader: Reader) -> str:
        return ", ".join(entry.get("name", "") for entry in value or ())

    def search_text(self, value: Any) -> str:
        return " ".join(entry["name"] for entry in value or ())

    def export_cell(self, value: Any) -> str:
        return self.format(value, Reader())
