"""The query options of a list's items: `$filter $orderby $select $expand $top $skiptoken $count`, and the bins."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from ...lists.catalogue import Catalogue, ListDefinition
from ...lists.errors import Invalid
from ...lists.filters import Filter
from ...lists.models import now
from ...lists.odata import column_type_of, parse_filter, parse_orderby
from ...lists.query import MOST_PER_PAGE
from ...lists.reading import Stage
from ...lists.rights import Actor

KNOWN = ("$filter", "$orderby", "$select", "$expand", "$top", "$skiptoken", "$count")
USUAL_TOP, LONGEST_TOKEN, MOST_EXPANDED = 50, 4000, 10


@dataclass(frozen=True)
class Options:
    """What a request asks of a list. `select` None = all columns; `expand`: lookup columns."""

    where: Filter | None
    order: list[tuple[str, bool]]
    select: tuple[str, ...] | None
    expand: tuple[str, ...]
    top: int
    after: str | None
    count: bool
    stage: Stage


def read_options(
    given: MultiDict[str, str],
    definition: ListDefinition,
    actor: Actor,
    lists: Catalogue,
    *,
    known: tuple[str, ...] = KNOWN,
) -> Options:
    """The options of a request's query; `known`: those that the address takes. Raises Invalid on the option's name."""
    for name in given:
        if name.startswith("$") and name not in known:
            raise Invalid(
                name[:40],
                "There is no option %(name)s here. There are: %(known)s.",
                name=name[:40],
                known=", ".join(known),
            )
        if name.startswith("$") and len(given.getlist(name)) > 1:
            raise Invalid(name, "The option %(name)s stands twice.", name=name)
    text = given.get("$filter")
    order = given.get("$orderby")
    return Options(
        where=None if text is None else parse_filter(text, definition, actor, now(), lists),
        order=parse_orderby(order, definition) if order is not None else [],
        select=select_of(given.get("$select"), definition),
        expand=expand_of(given.get("$expand"), definition),
        top=_top(given.get("$top")),
        after=_token(given.get("$skiptoken")),
        count=_yes("$count", given.get("$count")),
        stage=stage_of(given),
    )


def stage_of(given: MultiDict[str, str]) -> Stage:
    """Which items are meant: those that stand, with `deleted` the recycle bin's, with `discarded` the second's."""
    if _yes("discarded", given.get("discarded")):
        return Stage.SECOND_BIN
    return Stage.BIN if _yes("deleted", given.get("deleted")) else Stage.STANDING


def select_of(text: str | None, definition: ListDefinition) -> tuple[str, ...] | None:
    """The columns of `$select`; None for all."""
    if text is None or text.strip() == "*":
        return None
    names = _names(text)
    for name in names:
        column_type_of(definition, name, "$select")
    return names


def expand_of(text: str | None, definition: ListDefinition) -> tuple[str, ...]:
    """The lookup columns of `$expand`."""
    if text is None:
        return ()
    names = _names(text)
    for name in names:
        kind = column_type_of(definition, name, "$expand")
        if not kind.target or kind.target == "users":
            raise Invalid("$expand", "%(column)s is not a lookup.", column=name)
    if len(names) > MOST_EXPANDED:
        raise Invalid("$expand", "There can be at most %(max)s of them.", max=MOST_EXPANDED)
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def _top(text: str | None) -> int:
    if text is None:
        return USUAL_TOP
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= MOST_PER_PAGE):
        raise Invalid("$top", "This must be between %(min)s and %(max)s.", min=0, max=MOST_PER_PAGE)
    return int(text)


def _token(text: str | None) -> str | None:
    if text is not None and not 0 < len(text) <= LONGEST_TOKEN:
        raise Invalid("$skiptoken", "This page address does not fit the list any more; begin again.")
    return text


def whole(name: str, given: MultiDict[str, str], *, most: int = 2**31 - 1) -> int | None:
    """A whole number behind the question mark, from 1; None where it is not there. Raises Invalid."""
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 1 <= int(text) <= most):
        raise Invalid(name, "This must be between %(min)s and %(max)s.", min=1, max=most)
    return int(text)


def _yes(name: str, text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise Invalid(name, "This must be true or false.")
    return text == "true"
