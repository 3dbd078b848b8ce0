"""What a list engine must do, said once more in plain Python: columns, items, versions and the log as dictionaries.

It knows no SQL and nothing of how the real one works; tests/lists/test_state_machine.py does the same to both.
Values are written as the API reads them, lookups as ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MULTI = ("multi_choice", "tags", "multi_lookup")
LOOKUPS = ("lookup", "multi_lookup")
COMPUTED = ("calculated", "rollup")


class Refused(Exception):
    """The real one refuses this as well."""


@dataclass
class ModelColumn:
    id: int
    name: str
    type: str
    options: dict[str, Any]
    title: str

    @property
    def is_stored(self) -> bool:
        return self.type not in COMPUTED


@dataclass
class ModelItem:
    """`values` by column id, also of columns in the bin; `history`: kind and replaced values of each version."""

    id: int
    values: dict[int, Any]
    deleted: bool = False
    history: list[tuple[str, dict[int, Any]]] = field(default_factory=lambda: [("create", {})])

    @property
    def version(self) -> int:
        return len(self.history)


@dataclass
class ModelView:
    """A view that finds the items whose `column` equals `value`; `column_id`: which one that was when it was saved."""

    id: int
    column: str
    column_id: int
    value: Any


@dataclass
class ModelList:
    """A list with its bins."""

    id: int
    name: str
    columns: list[ModelColumn]
    items: dict[int, ModelItem] = field(default_factory=dict)
    bin: list[ModelColumn] = field(default_factory=list)
    views: list[ModelView] = field(default_factory=list)
    deleted: bool = False

    def column(self, name: str) -> ModelColumn:
        """The column called so."""
        found = [one for one in self.columns if one.name == name]
        if not found:
            raise Refused(name)
        return found[0]

    @property
    def stored(self) -> list[ModelColumn]:
        """The columns that hold values."""
        return [one for one in self.columns if one.is_stored]

    def standing(self) -> list[ModelItem]:
        """The items outside of the bin, by id."""
        return sorted((one for one in self.items.values() if not one.deleted), key=lambda one: one.id)


@dataclass
class World:
    """All lists by name, and the change log: (kind, list id, item)."""

    lists: dict[str, ModelList] = field(default_factory=dict)
    log: list[tuple[str, int, ModelItem | None]] = field(default_factory=list)
    made: list[ModelItem] = field(default_factory=list)  # items whose ids the real one gives

    # --- Items ------------------------------------------------------------------------------------

    def create(self, found: ModelList, values: Mapping[str, Any]) -> ModelItem:
        """A new item, under a number of its own until the real one's is known."""
        item = ModelItem(-1 - len(self.made), {})
        new = {one.id: _read(one, values.get(one.name)) for one in found.stored}
        self._choosable(found, new, {})
        self._filled(found.stored, new)
        self._unique(found, new, None)
        item.values = new
        found.items[item.id] = item
        self.made.append(item)
        self.log.append(("create", found.id, item))
        return item

    def number(self, found: ModelList, ids: Sequence[int]) -> None:
        """Give the items that were made the ids that they have in the real one."""
        for item, number in zip(self.made, ids, strict=True):
            found.items[number] = found.items.pop(item.id)
            item.id = number
        self.made.clear()

    def update(self, found: ModelList, item_id: int, values: Mapping[str, Any], *, version: int | None) -> bool:
        item = self._there(found, item_id)
        if version is not None and version != item.version:
            raise Refused("stale")
        given = {found.column(name).id: _read(found.column(name), value) for name, value in values.items()}
        self._choosable(found, given, item.values)
        return self._write(found, item, given)

    def delete(self, found: ModelList, item_id: int, *, version: int | None = None) -> None:
        item = self._there(found, item_id)
        if version is not None and version != item.version:
            raise Refused("stale")
        item.deleted = True
        self._record("delete", found, item, {})

    def restore(self, found: ModelList, item_id: int) -> None:
        item = self._there(found, item_id, deleted=True)
        self._unique(found, item.values, item)
        item.deleted = False
        self._record("restore", found, item, {})

    def restore_version(self, found: ModelList, item_id: int, version: int) -> None:
        item = self._there(found, item_id)
        if not 1 <= version <= item.version:
            raise Refused("version")
        then = dict(item.values)
        for _kind, old in reversed(item.history[version:]):
            then |= old
        wanted: dict[int, Any] = {}
        for column in found.stored:
            value = then.get(column.id)
            if value != item.values.get(column.id) and self._may_choose(column, value, None):
                wanted[column.id] = value
        self._write(found, item, wanted)

    def change_many(self, found: ModelList, ids: Sequence[int], values: Mapping[str, Any]) -> dict[str, int]:
        """The same change of each of these, each for itself. What no item can have is refused as a whole."""
        given = {found.column(name).id: _read(found.column(name), value) for name, value in values.items()}
        self._choosable(found, given, {})
        self._filled([one for one in found.stored if one.id in given], given)
        counts: dict[str, int] = {}
        for number in sorted(set(ids)):
            try:
                outcome = "done" if self.update(found, number, values, version=None) else "unchanged"
            except Refused:
                outcome = "refused"
            counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    def _there(self, found: ModelList, item_id: int, *, deleted: bool = False) -> ModelItem:
        item = found.items.get(item_id)
        if item is None or item.deleted != deleted:
            raise Refused("not there")
        return item

    def _write(self, found: ModelList, item: ModelItem, given: Mapping[int, Any]) -> bool:
        new = {number: value for number, value in given.items() if value != item.values.get(number)}
        if not new:
            return False
        self._filled([one for one in found.stored if one.id in new], new)
        self._unique(found, new, item)
        self._record("update", found, item, {number: item.values.get(number) for number in new})
        item.values |= new
        return True

    def _record(self, kind: str, found: ModelList, item: ModelItem, old: dict[int, Any]) -> None:
        item.history.append((kind, old))
        self.log.append((kind, found.id, item))

    def _choosable(self, found: ModelList, given: Mapping[int, Any], before: Mapping[int, Any]) -> None:
        for column in found.stored:
            if column.id in given and not self._may_choose(column, given[column.id], before.get(column.id)):
                raise Refused(column.name)

    def _may_choose(self, column: ModelColumn, value: Any, before: Any) -> bool:
        """Whether what this chooses anew is there to be chosen."""
        new = _several(value) - _several(before)
        if column.type in LOOKUPS:
            target = self.lists[column.options["list"]]
            return all(one in target.items and not target.items[one].deleted for one in new)
        retired = {one["value"] for one in column.options.get("choices", ()) if isinstance(one, dict)}
        return not new & retired

    @staticmethod
    def _filled(columns: Sequence[ModelColumn], values: Mapping[int, Any]) -> None:
        if any(one.options.get("required") and values.get(one.id) is None for one in columns):
            raise Refused("required")

    @staticmethod
    def _unique(found: ModelList, values: Mapping[int, Any], own: ModelItem | None) -> None:
        for column in found.stored:
            value = values.get(column.id)
            others = [one.values.get(column.id) for one in found.standing() if one is not own]
            if column.options.get("unique") and value is not None and value in others:
                raise Refused("unique")

    # --- Columns ----------------------------------------------------------------------------------

    def add_column(self, found: ModelList, column: ModelColumn) -> None:
        if any(one.name == column.name for one in found.columns):
            raise Refused("name")
        self._fits(found, column)
        found.columns.append(column)
        self.log.append(("list", found.id, None))

    def change_column(self, found: ModelList, name: str, body: Mapping[str, Any]) -> None:
        column = found.column(name)
        if name == "name" and "required" in body and not body["required"]:
            raise Refused("required")
        if "position" in body:
            found.columns.remove(column)
            found.columns.insert(body["position"] - 1, column)
        options = {**column.options, **{key: body[key] for key in body if key not in ("title", "position")}}
        options = {key: value for key, value in options.items() if value is not None}
        if options.get("unique") and not column.options.get("unique"):
            self._different(found, column)
        if "choices" in body:
            lost = set(choice_values(column.options)) - set(choice_values(options))
            if any(_several(one.values.get(column.id)) & lost for one in found.standing()):
                raise Refused("choices")
        column.options, column.title = options, body.get("title", column.title)
        self.log.append(("list", found.id, None))

    def delete_column(self, found: ModelList, name: str) -> None:
        column = found.column(name)
        if name == "name" or self._is_used(found, column) or any(one.column == name for one in found.views):
            raise Refused("used")
        found.columns.remove(column)
        found.bin.append(column)
        self.log.append(("list", found.id, None))

    def restore_column(self, found: ModelList, column_id: int) -> None:
        column = next(one for one in found.bin if one.id == column_id)
        if any(one.name == column.name for one in found.columns):
            raise Refused("name")
        self._fits(found, column)
        if column.options.get("unique"):
            self._different(found, column)
        found.bin.remove(column)
        found.columns.append(column)
        self.log.append(("list", found.id, None))

    def retype(self, found: ModelList, name: str, new: ModelColumn, *, confirmed: bool) -> None:
        """The column gives way to `new`, which has what became of its values."""
        column = found.column(name)
        if name == "name" or self._is_used(found, column):
            raise Refused("used")
        self._fits(found, new)
        lost = False
        for item in found.items.values():
            value = item.values.get(column.id)
            if value is not None:
                item.values[new.id], loses = CONVERSIONS[column.type, new.type](value, new.options)
                lost = lost or loses
        if lost and not confirmed:
            raise Refused("unconfirmed")
        if new.options.get("unique"):
            self._different(found, new)
        found.columns[found.columns.index(column)] = new
        found.bin.append(column)
        self.log.append(("list", found.id, None))

    def delete_list(self, found: ModelList) -> None:
        others = [one for one in self.lists.values() if one is not found and not one.deleted]
        if any(column.options.get("list") == found.name for other in others for column in other.columns):
            raise Refused("pointed at")
        found.deleted = True
        self.log.append(("list", found.id, None))

    def restore_list(self, found: ModelList) -> None:
        """What points to a list that is gone goes into the bin."""
        found.deleted = False
        for column in list(found.columns):
            if column.type in LOOKUPS and self.lists[column.options["list"]].deleted:
                found.columns.remove(column)
                found.bin.append(column)
        self.log.append(("list", found.id, None))

    def _fits(self, found: ModelList, column: ModelColumn) -> None:
        """What it points to or computes with is there."""
        target = column.options.get("list")
        if target and self.lists[target].deleted:
            raise Refused("list")
        if column.type == "calculated" and column.options["of"] not in [one.id for one in found.stored]:
            raise Refused("formula")
        if column.type == "rollup":
            pointing = [one for one in self.lists[str(target)].columns if one.name == column.options["column"]]
            if not pointing or pointing[0].options.get("list") != found.name:
                raise Refused("column")
        if (column.options.get("unique") or column.options.get("indexed")) and column.type in MULTI:
            raise Refused("unique")

    def _is_used(self, found: ModelList, column: ModelColumn) -> bool:
        if any(one.options.get("of") == column.id for one in found.columns):
            return True
        return any(
            one.type == "rollup" and one.options["list"] == found.name and one.options["column"] == column.name
            for other in self.lists.values() if not other.deleted for one in other.columns
        )  # fmt: skip

    @staticmethod
    def _different(found: ModelList, column: ModelColumn) -> None:
        values = [one.values.get(column.id) for one in found.standing()]
        filled = [value for value in values if value is not None]
        if any(filled.count(value) > 1 for value in filled):
            raise Refused("unique")

    # --- Reading ----------------------------------------------------------------------------------

    def shown(self, found: ModelList, item: ModelItem, column: ModelColumn) -> Any:
        """The value as the API reads it."""
        if column.type == "calculated":
            value = item.values.get(column.options["of"])
            return None if value is None else f"{Decimal(value) * 2:.2f}"
        if column.type == "rollup":
            other = self.lists[column.options["list"]]
            pointing = other.column(column.options["column"]).id
            return str(sum(item.id in _several(one.values.get(pointing)) for one in other.standing()))
        value = item.values.get(column.id)
        if column.type not in LOOKUPS or value is None:
            return [] if column.type == "multi_lookup" else value
        target = self.lists[column.options["list"]]
        name = target.column("name").id
        there = [target.items[one] for one in (value if column.type == "multi_lookup" else [value])]
        seen = [{"id": one.id, "title": one.values[name]} for one in there if not one.deleted]
        return seen if column.type == "multi_lookup" else (seen[0] if seen else None)


def choice_values(options: Mapping[str, Any]) -> list[str]:
    """The values of a choice's options."""
    return [one["value"] if isinstance(one, dict) else one for one in options.get("choices", ())]


def _several(value: Any) -> set[Any]:
    return set(value) if isinstance(value, list) else set() if value is None else {value}


def _read(column: ModelColumn, value: Any) -> Any:
    """The value as it is kept. Refused where the column has no room for it."""
    if value is None or value == []:
        return None
    if column.type == "number":
        made, lost = written(Decimal(value), column.options)
        if lost:
            raise Refused(column.name)
        return made
    if column.type in ("choice", "multi_choice") and _several(value) - set(choice_values(column.options)):
        raise Refused(column.name)
    return value


def written(number: Decimal, options: Mapping[str, Any]) -> tuple[str, bool]:
    """A number with the column's places, and whether something is lost by it."""
    made = number.quantize(Decimal(1).scaleb(-options.get("decimals", 2)), ROUND_HALF_UP)
    return str(made), made != number


def _number_of_text(value: str, options: Mapping[str, Any]) -> tuple[str | None, bool]:
    try:
        return written(Decimal(value), options)
    except ArithmeticError:
        return None, True


def _choices_of_choice(value: str, options: Mapping[str, Any]) -> tuple[list[str] | None, bool]:
    return ([value], False) if value in choice_values(options) else (None, True)


CONVERSIONS: dict[tuple[str, str], Callable[[Any, Mapping[str, Any]], tuple[Any, bool]]] = {
    ("text", "number"): _number_of_text,
    ("number", "text"): lambda value, _options: (f"{Decimal(value).normalize():f}", False),
    ("number", "number"): lambda value, options: written(Decimal(value), options),
    ("choice", "text"): lambda value, _options: (value, False),
    ("choice", "multi_choice"): _choices_of_choice,
    ("date", "text"): lambda value, _options: (value, False),
    ("text", "tags"): lambda value, _options: (list(dict.fromkeys(value.split(", "))), False),
    ("tags", "text"): lambda value, _options: (", ".join(value), False),
    ("lookup", "multi_lookup"): lambda value, _options: ([value], False),
    ("multi_lookup", "lookup"): lambda value, _options: (value[0], False) if len(value) == 1 else (None, True),
}
