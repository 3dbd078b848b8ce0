"""Functions that a list definition names and a room registers: what must be true in the same instant as a write.

`lists/` imports nothing of the upper rooms; they register here when they are imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from .errors import Invalid


@dataclass
class Change:
    """A write that is about to happen. A before_write function may change `new`, or raise a domain error.

    `old`: the stored values before (empty on create), `new`: all stored values after, both by column name with
    lookups as ids; `given`: the names that the caller set; `kind`: create, update, delete or restore.
    """

    kind: str
    definition: Any
    actor: Any
    old: Mapping[str, Any]
    new: dict[str, Any]
    given: frozenset[str] = field(default_factory=frozenset)

    def changed(self, *names: str) -> bool:
        """Whether any of these values differs from what is stored."""
        return any(self.old.get(name) != self.new.get(name) for name in names)


Function = Callable[[Session, Change], None]
_before: dict[str, Function] = {}
_after: dict[str, Function] = {}


def before_write(name: str) -> Callable[[Function], Function]:
    """Register a function that a definition's `before_write` may name; it runs before the row is written."""
    return _register(_before, name)


def after_write(name: str) -> Callable[[Function], Function]:
    """Register a function that a definition's `after_write` may name; it runs in the same transaction, the row written
    (`change.new` then has `id`)."""
    return _register(_after, name)


def _register(registry: dict[str, Function], name: str) -> Callable[[Function], Function]:
    def keep(function: Function) -> Function:
        registry[name] = function
        return function

    return keep


def get(name: str, *, after: bool = False) -> Function:
    """The function registered as `name`. Raises Invalid when no room registers it."""
    registry = _after if after else _before
    if name not in registry:
        raise Invalid("before_write", "No function is registered as %(name)s.", name=name)
    return registry[name]


def run_before(session: Session, change: Change) -> None:
    """Run the definition's before_write functions in their order."""
    for name in change.definition.settings.get("before_write", ()):
        get(name)(session, change)


def run_after(session: Session, change: Change) -> None:
    """Run the definition's after_write functions in their order."""
    for name in change.definition.settings.get("after_write", ()):
        get(name, after=True)(session, change)
