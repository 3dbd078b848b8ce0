"""What an import, or its undoing, could not take: where it stood, what it was, and why, to be told in any language."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import DomainError, Words
from .mapping import Step
from .spooling import SourceRow

LONGEST = 200


@dataclass(frozen=True)
class Misfit:
    """One refused value: the column's internal name (empty: the row as a whole), what the file says there, and why."""

    column: str
    value: str
    words: Words

    def __str__(self) -> str:
        return f"{self.column}: {self.words}" if self.column else str(self.words)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: its number (the header is 1), its columns, and why."""

    file: str
    number: int
    misfits: tuple[Misfit, ...]

    @property
    def reason(self) -> str:
        """Why, in English and one line."""
        return "; ".join(map(str, self.misfits))


def of_row(step: Step, row: SourceRow, refusal: DomainError) -> Refusal:
    """The refusal of a row, with what the file says in the columns that it is about."""
    return Refusal(step.file, row.number, tuple(
        Misfit(one.field, _said(step, row, one.field), Words(one.message, one.values)) for one in refusal.by_field
    ))  # fmt: skip


def _said(step: Step, row: SourceRow, column: str) -> str:
    rule = step.columns.get(column.partition(".")[0])
    cells = [str(row.values[name] or "") for name in sorted(rule.all_sources)] if rule else []
    return " ".join(filter(None, cells))[:LONGEST]
