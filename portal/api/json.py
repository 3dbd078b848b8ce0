"""JSON in and out: bodies read with care, items written by their columns' types."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from ...lists.columns import ColumnType, References, ShownColumn
from ...lists.columns.computed import RollupColumn
from ...lists.errors import FieldError, Invalid
from ...lists.query import Item
from ...lists.reading import SYSTEM_TYPES
from .etags import etag

LARGEST_BODY = 2_000_000  # bytes
DEEPEST = 50
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def answer(data: Any, status: int = 200, **headers: str) -> Response:
    """`data` as a JSON answer; `headers` with underscores for hyphens."""
    response = Response(json.dumps(data, ensure_ascii=False, allow_nan=False), status, mimetype="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def item_json(item: Item, columns: Iterable[str] | None = None) -> dict[str, Any]:
    """An item as the API shows it: its visible columns (or these of them), by type, with its entity tag."""
    return items_json([item], columns)[0]


def items_json(items: Sequence[Item], columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Items of one page, all with the same columns, each as `item_json` shows it."""
    wanted = None if columns is None else {"id", *columns}
    kinds = [
        (name, kind, kind.is_multi, kind.name == "reverse_lookup" or is_amount_of_others(kind))
        for name in (items[0] if items else ())
        for kind in [_shown_type(items[0], name)]
        if kind is not None and (wanted is None or name in wanted)
    ]
    found = []
    for item in items:
        shown: dict[str, Any] = {"@odata.etag": etag(item.version)}
        for name, kind, is_multi, has_notes in kinds:
            value = item[name]
            shown[name] = [] if is_multi and value is None else kind.to_json(value)
            if has_notes:
                shown |= _notes(item, name, value, kind)
        found.append(shown)
    return found


def _notes(item: Item, name: str, value: Any, kind: ColumnType) -> dict[str, Any]:
    """What must be said beside a value: how many there are in all, or of which currency it is."""
    if kind.name == "reverse_lookup":
        return {f"{name}@odata.count": value.in_all if isinstance(value, References) else 0}
    return {f"{name}@caseroom.currency": item.currencies.get(name)}


def is_amount_of_others(kind: ColumnType) -> bool:
    """Whether the values are amounts of money whose currency no column of the list itself says."""
    return isinstance(kind, (RollupColumn, ShownColumn)) and kind.result.name == "currency"


def _shown_type(item: Item, name: str) -> ColumnType | None:
    if name in SYSTEM_TYPES:
        return SYSTEM_TYPES[name]
    column = item.definition.by_name.get(name)
    return None if column is None or column.hidden else column.type


def item_answer(item: Item, status: int = 200) -> Response:
    """One item with its `ETag`; a new one (201) also says where it is."""
    response = answer(item_json(item), status, ETag=etag(item.version))
    if status == 201:
        response.headers["Location"] = url_for("api_items.read", name=item.definition.name, item_id=item.id)
    return response


def made(items: Mapping[str, Item], status: int = 200) -> Response:
    """What an action made or changed: `{"activity": {…}, "event": {…}}`."""
    return answer({name: item_json(item) for name, item in items.items()}, status)


def body(*, optional: bool = False) -> dict[str, Any]:
    """The request's JSON object. With `optional`, nothing at all is `{}`.

    Raises UnsupportedMediaType (415), RequestEntityTooLarge (413), Invalid for what is not a sound JSON object.
    """
    request.max_content_length = LARGEST_BODY
    raw = request.get_data(cache=False)
    if optional and not raw:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        read = json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError:
        raise Invalid("", "The body is nested too deeply.") from None
    except ValueError as refusal:
        raise Invalid("", "The body is not JSON: %(reason)s", reason=str(refusal)[:200]) from None
    if not isinstance(read, dict):
        raise Invalid("", "The body must be a JSON object.")
    _check(read, 0)
    return read


def parsed(given: Mapping[str, Any], kinds: Mapping[str, ColumnType]) -> dict[str, Any]:
    """The values of a body whose fields are of these types, every refusal at once. Raises Invalid."""
    errors, values = [], {}
    for name, raw in given.items():
        if name not in kinds:
            errors.append(FieldError(name, "There is no field %(name)s here.", {"name": name[:80]}))
            continue
        try:
            values[name] = kinds[name].parse(raw)
        except Invalid as refusal:
            errors.append(FieldError(name, refusal.message, refusal.values))
    if errors:
        raise Invalid.many(errors)
    return values


def only(given: Mapping[str, Any], *names: str) -> None:
    """Refuse fields with other names. Raises Invalid."""
    errors = [
        FieldError(name, "There is no field %(name)s here.", {"name": name[:80]}) for name in given if name not in names
    ]
    if errors:
        raise Invalid.many(errors)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of two values for one column neither is what was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _check(value: Any, depth: int) -> None:
    """Refuse what no database stores: half characters, NUL; and towers of brackets."""
    if depth > DEEPEST:
        raise Invalid("", "The body is nested too deeply.")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise Invalid("", "A text in the body holds a character that is none (NUL or half a pair).")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(key, depth + 1)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
