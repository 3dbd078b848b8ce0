"""What a write leaves beside the row: its version, and its line in the change log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from . import bulk, changelog_buffer, pending
from .catalogue import ListDefinition
from .hooks import Change
from .models import Version

_versions = cast(Table, Version.__table__)


def record(
    session: Session,
    change: Change,
    item_id: int,
    version: int,
    old: Mapping[str, Any],
    before: int | None,
    after: int | None,
) -> None:
    """The version row and the change log's line of one write."""
    found, actor, at = change.definition, change.actor, bulk.instant(session)
    stored = {str(_column_key(found, name)): _json_value(found, name, value) for name, value in old.items()}
    row = {"list_id": found.id, "item_id": item_id, "version": version, "kind": change.kind, "old": stored}
    # The first version is the making itself, whose time and author an import may know.
    made = {"at": change.new["created"], "actor_id": change.new["created_by"]} if change.kind == "create" else {}
    pending.insert(session, _versions, {**row, "at": at, "actor_id": actor.user_id, **made})
    names = sorted(name for name in old) if change.kind == "update" else []
    changelog_buffer.add(session, {
        "at": at, "list_id": found.id, "item_id": item_id, "guid": change.new["guid"], "kind": change.kind,
        "actor_id": actor.user_id, "batch": actor.batch, "scope_before": before, "scope_after": after, "columns": names,
    })  # fmt: skip


def _column_key(found: ListDefinition, name: str) -> int | str:
    return found.by_name[name].id if name in found.by_name else name


def _json_value(found: ListDefinition, name: str, value: Any) -> Any:
    return found.by_name[name].type.to_json(value) if name in found.by_name and value is not None else value
