"""What a formula means: names become columns, operations get types. What does not fit is refused, with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ..errors import N_, Invalid, Words
from . import functions, naming, syntax
from .naming import Lists
from .tree import (
    BLANK,
    BOOLEAN,
    DATE,
    HEAVIEST,
    TEXT,
    Apply,
    Call,
    Constant,
    Field,
    Given,
    Kind,
    Moment,
    Node,
    Path,
    Through,
    Type,
    Word,
    Written,
    apply,
    misfit,
    weigh,
)

MOST_LOOKUPS_IN_ALL = 20
_COMPARED = {Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT, Kind.ITEM}
_OPERATORS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_TURNED = {"gt": "lt", "ge": "le"}
_NEEDED = {
    Kind.NUMBER: Words("At character %(place)s: a number belongs here."),
    Kind.TEXT: Words("At character %(place)s: a text belongs here."),
    Kind.BOOLEAN: Words("At character %(place)s: a condition belongs here, something that is yes or no."),
    Kind.DATE: Words("At character %(place)s: a date belongs here."),
    Kind.INSTANT: Words("At character %(place)s: a date and time belongs here."),
    Kind.ITEM: Words("At character %(place)s: an item of a list belongs here."),
    Kind.OTHER: Words("At character %(place)s: only ISBLANK can ask about this column."),
}


@dataclass
class Checked:
    """A formula that makes sense: its tree, and each word of it with the key of the column that it means."""

    node: Node
    words: list[tuple[Word, str]]


def check(
    written: Written, lists: Lists, found: Any, *, wanted: Kind | None = None, checker: Checker | None = None
) -> Checked:
    """The meaning of a formula in the list `found`. `wanted`: what its value must be, else any value.

    Raises Invalid without a field's name, with the place.
    """
    checker = checker or Checker(lists, found)
    node = checker.node(written)
    node = checker.value(node, written.at) if wanted is None else checker.as_kind(node, wanted, written.at)
    syntax.check_size(*weigh(node), HEAVIEST)
    if checker.lookups > MOST_LOOKUPS_IN_ALL:
        raise Invalid("", "A formula follows at most %(max)s lookups.", max=MOST_LOOKUPS_IN_ALL)
    return Checked(node, checker.words)


@dataclass
class Checker:
    """One formula's checking. `inside`: the calculated columns that are being taken apart, (list, column)."""

    lists: Lists
    found: Any
    inside: tuple[tuple[str, str], ...] = ()
    words: list[tuple[Word, str]] = field(default_factory=list)
    lookups: int = 0

    def node(self, written: Written) -> Node:
        match written:
            case Given(value=""):
                return Constant(BLANK, None)
            case Given(value=bool() as value):
                return Constant(BOOLEAN, value)
            case Given(value=str() as value):
                return Constant(TEXT, value)
            case Given(value=number):
                return Constant(Type(Kind.NUMBER, _places(number)), number)
            case Path(words=words):
                return self.path(self.found, words)
            case Call():
                return self.call(written)
        raise TypeError(written)

    # --- Columns ---

    def path(self, found: Any, words: Sequence[Word]) -> Node:
        if len(words) > naming.MOST_LOOKUPS + 1:
            raise misfit(
                words[naming.MOST_LOOKUPS + 1].start,
                "At character %(place)s: a formula follows at most %(max)s lookups in a row.",
                max=naming.MOST_LOOKUPS,
            )
        meant = naming.named(found, words[0])
        self.words.append((words[0], meant.key))
        if len(words) == 1:
            return self.calculated(found, meant.calculated, words[0]) if meant.calculated else meant.field
        if meant.field.type.kind is not Kind.ITEM:
            text = N_("At character %(place)s: %(column)s is not a lookup, so that nothing can stand behind it.")
            raise misfit(words[0].start, text, column=meant.field.name)
        inner = self.path(self.target(meant.field), words[1:])
        self.lookups += 1
        return Through(inner.type, meant.field, str(meant.field.type.target), inner)

    def target(self, item: Field) -> Any:
        """The list that a lookup points to; None for users."""
        return None if item.type.target == "users" else self.lists.by_name[item.type.target]

    def calculated(self, found: Any, column: Any, word: Word) -> Node:
        """A calculated column's own tree, rounded as the column shows it."""
        key = (found.name, column.name)
        if key in self.inside:
            text = N_("At character %(place)s: %(column)s would be calculated from itself.")
            raise misfit(word.start, text, column=column.name)
        inner = Checker(self.lists, found, (*self.inside, key))
        written = syntax.parse(str(column.options.get("formula", "")), stored=True)
        node = inner.value(inner.node(written), word.start)
        self.lookups += inner.lookups
        syntax.check_size(*weigh(node), HEAVIEST)
        node = rounded(node, column.type.result)
        return Apply(node.type, "coalesce", (node,), (column.name,))

    # --- Operations ---

    def call(self, call: Call) -> Node:
        if call.name in _OPERATORS:
            return self.comparison(call, _OPERATORS[call.name])
        if call.name in functions.OPERATORS:
            return functions.OPERATORS[call.name](self, call, [self.node(arg) for arg in call.args])
        known = functions.FUNCTIONS.get(call.name)
        if known is None:
            text = N_("At character %(place)s: there is no function %(name)s. There are: %(known)s.")
            raise misfit(call.at, text, name=call.name[:40], known=", ".join(sorted(functions.FUNCTIONS)))
        if not known.least <= len(call.args) <= known.most:
            text = N_("At character %(place)s: %(usage)s is how it is written; %(count)s arguments do not fit.")
            raise misfit(call.at, text, usage=known.usage, count=len(call.args))
        return known.make(self, call, [self.node(arg) for arg in call.args])

    def comparison(self, call: Call, op: str) -> Node:
        left, right = (self.node(arg) for arg in call.args)
        left, right = self.alike([left, right], call.args)
        kind = left.type.kind
        if kind not in _COMPARED and kind is not Kind.BLANK:
            raise self.unfit(Kind.TEXT, call.args[0].at)
        if kind in (Kind.BOOLEAN, Kind.ITEM) and op not in ("eq", "ne"):
            text = N_("At character %(place)s: these can be compared with = and <> only.")
            raise misfit(call.at, text)
        if op in _TURNED:
            op, left, right = _TURNED[op], right, left
        if kind is Kind.TEXT and op in ("lt", "le"):
            return apply(BOOLEAN, "before" if op == "lt" else "not_after", left, right)
        return apply(BOOLEAN, op, left, right)

    # --- Kinds ---

    def value(self, node: Node, at: int) -> Node:
        """The node as something that a column may hold: an item is its title."""
        if node.type.kind is Kind.ITEM:
            return self.as_kind(node, Kind.TEXT, at)
        if node.type.kind is Kind.OTHER:
            raise self.unfit(Kind.TEXT, at)
        return self.as_kind(node, Kind.TEXT, at) if node.type.kind is Kind.BLANK else node

    def as_kind(self, node: Node, wanted: Kind, at: int) -> Node:
        """The node as a value of this kind, turned into one where that loses nothing. Raises Invalid at `at`."""
        given = node.type
        if given.kind is wanted:
            return node
        if given.kind is Kind.BLANK:
            return Constant(Type(wanted), None)
        if wanted is Kind.TEXT:
            turned = self.text_of(node)
            if turned is not None:
                return turned
        if wanted is Kind.DATE and given.kind is Kind.INSTANT:
            return apply(DATE, "local_date", node, Moment(TEXT, "zone"))
        raise self.unfit(wanted, at)

    def text_of(self, node: Node) -> Node | None:
        match node.type.kind:
            case Kind.NUMBER:
                return apply(TEXT, "number_text", node)
            case Kind.DATE:
                return apply(TEXT, "date_text", node)
            case Kind.INSTANT:
                return apply(TEXT, "instant_text", node, Moment(TEXT, "zone"))
            case Kind.BOOLEAN:
                no = apply(TEXT, "if", apply(BOOLEAN, "isblank", node), Constant(TEXT, None), Constant(TEXT, "false"))
                return apply(TEXT, "if", node, Constant(TEXT, "true"), no)
            case Kind.ITEM:
                return self.title_of(node)
        return None

    def title_of(self, node: Node) -> Node | None:
        """An item's title: what its list calls `name`."""
        self.lookups += 1
        if isinstance(node, Field):
            name = naming.named(self.target(node), Word("name", 0, 0)).field
            return Through(TEXT, node, str(node.type.target), name)
        if isinstance(node, Through):
            inner = self.title_of(node.inner)
            return None if inner is None else Through(TEXT, node.field, node.target, inner)
        return None

    def alike(self, nodes: Sequence[Node], written: Sequence[Written]) -> list[Node]:
        """The nodes as values of one kind: a date with an instant as dates, an item with a text as texts."""
        kinds = {node.type.kind for node in nodes} - {Kind.BLANK}
        kind = kinds.pop() if len(kinds) == 1 else None
        if kinds == {Kind.DATE, Kind.INSTANT}:
            kind = Kind.DATE
        elif kinds == {Kind.ITEM, Kind.TEXT}:
            kind = Kind.TEXT
        if kind is None and not kinds:
            kind = Kind.TEXT  # nothing but blanks
        if kind is None:
            wanted = next(node.type.kind for node in nodes if node.type.kind is not Kind.BLANK)
            places = zip(nodes, written, strict=True)
            raise self.unfit(wanted, next(one.at for node, one in places if node.type.kind not in (Kind.BLANK, wanted)))
        if kind is Kind.ITEM:
            return self.same_list(nodes, written)
        return [self.as_kind(node, kind, one.at) for node, one in zip(nodes, written, strict=True)]

    def same_list(self, nodes: Sequence[Node], written: Sequence[Written]) -> list[Node]:
        """Items of one list; ME() is the reader as an item of the list of the others."""
        targets = {node.type.target for node in nodes if node.type.kind is Kind.ITEM and node.type.target}
        if len(targets) > 1:
            raise misfit(written[-1].at, "At character %(place)s: these are items of different lists.")
        target = targets.pop() if targets else "users"
        if target not in functions.ME_IN and any(isinstance(node, Moment) for node in nodes):
            raise misfit(written[-1].at, "At character %(place)s: ME() is compared with a person or a salesperson.")
        item = Type(Kind.ITEM, target=target)
        return [Constant(item, None) if node.type.kind is Kind.BLANK else replace(node, type=item) for node in nodes]

    def unfit(self, wanted: Kind, at: int) -> Invalid:
        return misfit(at, _NEEDED[wanted].message)


def rounded(node: Node, result: Any) -> Node:
    """The node with no more decimal places than the result type of its column keeps."""
    decimals = getattr(result, "decimals", node.type.places)
    if node.type.kind is not Kind.NUMBER or node.type.places <= decimals:
        return node
    return apply(Type(Kind.NUMBER, decimals), "round", node, Constant(Type(Kind.NUMBER), Decimal(decimals)))


def _places(number: Any) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))
