"""The domain errors. Every service raises one of these; the portal maps them to answers in one place.

Messages are English message ids with ``%(name)s`` places; `values` fills them after translation. They are literals
where the error is raised, or marked by `N_` where they begin their way to it: so the catalogues find them
(portal/translations/renew.py). A value that has words of its own is `Words` or `Titles`, told in the reader's
language as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


def N_(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is told."""
    return message


@dataclass(frozen=True)
class Words:
    """A message with its values, to be told in the language of whoever reads it; as text it is English."""

    message: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class Titles(dict[str, str]):
    """The titles of a list or a column by language, as a message's value; as text it is English."""

    def __str__(self) -> str:
        return self.get("en") or next(iter(self.values()), "")


def words_to_json(words: Words) -> dict[str, Any]:
    """Words as they are kept."""
    return {"message": words.message, "values": {name: _kept(value) for name, value in words.values.items()}}


def words_from_json(body: Mapping[str, Any]) -> Words:
    """Kept words as they were."""
    return Words(body["message"], {name: _found(value) for name, value in body["values"].items()})


def _kept(value: Any) -> Any:
    if isinstance(value, Words):
        return {"words": words_to_json(value)}
    if isinstance(value, Titles):
        return {"titles": dict(value)}
    return value if isinstance(value, int | float | bool) or value is None else str(value).replace("\0", "")


def _found(value: Any) -> Any:
    if isinstance(value, dict):
        return words_from_json(value["words"]) if "words" in value else Titles(value["titles"])
    return value


class DomainError(Exception):
    """What a caller did, or asked for, cannot be done; `message` says what and why."""

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values

    @property
    def words(self) -> Words:
        """What it says, as the value of another message."""
        return Words(self.message, self.values)

    @property
    def by_field(self) -> list[FieldError]:
        """It as refusals of fields; of the item as a whole where it names none."""
        return [FieldError("", self.message, self.values)]


class NotFound(DomainError):
    """It is not there, or the actor may not know that it is: the very same answer."""

    def __init__(self, message: str = "There is no such item.", **values: Any) -> None:
        super().__init__(message, **values)


class Forbidden(DomainError):
    """The actor sees it but may not do this."""


class Conflict(DomainError):
    """Somebody else changed it meanwhile. `current_version` is the version that stands now."""

    def __init__(self, message: str, *, current_version: int | None = None, **values: Any) -> None:
        super().__init__(message, **values)
        self.current_version = current_version


class Stale(Conflict):
    """The version that the caller saw is not the one that stands now; nothing was written."""


class Locked(Conflict):
    """Somebody holds it (check-out or lock); the message names the holder."""


class StorageFull(DomainError):
    """There is no room left for what was sent."""


class TooSlow(DomainError):
    """What was asked takes longer than anybody may keep the database; it was stopped."""


@dataclass(frozen=True)
class FieldError:
    """One refused field: its internal name (empty = the item as a whole) and why."""

    field: str
    message: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class Invalid(DomainError):
    """Values were refused; `errors` names each field and its reason, `about` the one of several that they belong to."""

    about = ""

    def __init__(self, field: str, message: str, **values: Any) -> None:
        super().__init__(message, **values)
        self.errors: list[FieldError] = [FieldError(field, message, values)]

    @property
    def by_field(self) -> list[FieldError]:
        """Each refused field with its reason."""
        return self.errors

    @classmethod
    def many(cls, errors: list[FieldError]) -> Invalid:
        """One refusal for several fields; `errors` must not be empty."""
        first = errors[0]
        refusal = cls(first.field, first.message, **first.values)
        refusal.errors = list(errors)
        return refusal


_NOTHING: frozenset[str] = frozenset()


class Gathered:
    """The refusals of one row, so that all of them are told at once. `errors`: what was refused of it already."""

    def __init__(self, errors: Iterable[FieldError] = ()) -> None:
        self.errors = list(errors)

    @property
    def fields(self) -> frozenset[str]:
        """The columns that are refused: nobody knows what they were meant to hold, so that nothing goes by them."""
        return frozenset(error.field.partition(".")[0] for error in self.errors) if self.errors else _NOTHING

    def read_of(self, names: Set[str]) -> Set[str]:
        """Of these columns those that are not refused."""
        return names - self.fields if self.errors else names

    def also(self) -> Gathered:
        """Within this block a refusal is kept for later."""
        return self

    def __enter__(self) -> None:
        """Every row that is written passes here several times: a generator would cost three times as much."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Invalid):
            self.errors += error.errors
            return True
        return False

    def tell(self) -> None:
        """Raises Invalid where anything was refused."""
        if self.errors:
            raise Invalid.many(self.errors)


@contextmanager
def about(name: str) -> Iterator[None]:
    """Within this block a refusal says about which of several things it is."""
    try:
        yield
    except Invalid as refusal:
        refusal.about = refusal.about or name
        raise
