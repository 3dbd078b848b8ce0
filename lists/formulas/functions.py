"""The functions and operators that a formula may use: how each is written, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ..errors import N_
from .tree import (
    BOOLEAN,
    DATE,
    INSTANT,
    PLACES,
    TEXT,
    Apply,
    Call,
    Constant,
    Kind,
    Moment,
    Node,
    Type,
    apply,
    misfit,
)

if TYPE_CHECKING:
    from .checking import Checker

Make = Callable[["Checker", Call, Sequence[Node]], Node]
ME_IN = ("users", "salespeople")  # the lists in which the reader is somebody
MANY = 100
UNITS = ("day", "week", "month", "year")


@dataclass(frozen=True)
class Function:
    """A function: how it is written, how few and many arguments it takes, and what makes its node."""

    usage: str
    least: int
    most: int
    make: Make


def number(value: int) -> Constant:
    return Constant(Type(Kind.NUMBER), Decimal(value))


def of_places(*nodes: Node) -> Type:
    """The type of a number that has the places of these."""
    return Type(Kind.NUMBER, max(node.type.places for node in nodes))


def _numbers(checker: Checker, call: Call, args: Sequence[Node]) -> list[Node]:
    return _kinds(checker, call, args, [Kind.NUMBER] * len(args))


def _texts(checker: Checker, call: Call, args: Sequence[Node]) -> list[Node]:
    return _kinds(checker, call, args, [Kind.TEXT] * len(args))


def _truths(checker: Checker, call: Call, args: Sequence[Node]) -> list[Node]:
    return _kinds(checker, call, args, [Kind.BOOLEAN] * len(args))


def _kinds(checker: Checker, call: Call, args: Sequence[Node], kinds: Sequence[Kind]) -> list[Node]:
    return [
        checker.as_kind(node, kind, written.at) for node, kind, written in zip(args, kinds, call.args, strict=False)
    ]


# --- Operators ------------------------------------------------------------------------------------


def _plus(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    """Numbers, or a date and a number of days."""
    left, right = args
    if left.type.kind in (Kind.DATE, Kind.INSTANT):
        day, days = _kinds(checker, call, args, [Kind.DATE, Kind.NUMBER])
        return apply(DATE, "add_days", day, days)
    left, right = _numbers(checker, call, args)
    return _balanced("add", of_places(left, right), [*_terms(left), *_terms(right)])


def _terms(node: Node) -> Sequence[Node]:
    """What a sum is the sum of: long sums are made anew as trees of little depth."""
    if isinstance(node, Apply) and node.op == "add":
        return [term for part in node.args for term in _terms(part)]
    return [node]


def _minus(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    """Numbers, two dates (the days between), or a date and a number of days."""
    left, right = args
    dates = (Kind.DATE, Kind.INSTANT)
    if left.type.kind in dates and right.type.kind in dates:
        return _days(checker, call, args)
    if left.type.kind in dates:
        day, days = _kinds(checker, call, args, [Kind.DATE, Kind.NUMBER])
        return apply(DATE, "add_days", day, apply(days.type, "neg", days))
    left, right = _numbers(checker, call, args)
    return apply(of_places(left, right), "sub", left, right)


def _times(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    left, right = _numbers(checker, call, args)
    return apply(Type(Kind.NUMBER, min(PLACES, left.type.places + right.type.places)), "mul", left, right)


def _over(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return apply(Type(Kind.NUMBER, PLACES), "div", *_numbers(checker, call, args))


def _power(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    base, exponent = _numbers(checker, call, args)
    whole = isinstance(exponent, Constant) and isinstance(exponent.value, Decimal) and exponent.value >= 0
    places = 0 if whole and base.type.places == 0 else PLACES
    return apply(Type(Kind.NUMBER, places), "power", base, exponent)


def _percent(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    (value,) = _numbers(checker, call, args)
    return apply(Type(Kind.NUMBER, min(PLACES, value.type.places + 2)), "div", value, number(100))


def _sign(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    (value,) = _numbers(checker, call, args)
    return apply(value.type, "neg", value) if call.name == "unary-" else value


def _join(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return _balanced("join", TEXT, _texts(checker, call, args)) if args else Constant(TEXT, None)


def _all(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return Apply(BOOLEAN, "and", tuple(_truths(checker, call, args)))


def _any(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return Apply(BOOLEAN, "or", tuple(_truths(checker, call, args)))


def _not(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return apply(BOOLEAN, "not", *_truths(checker, call, args))


def _balanced(op: str, type_: Type, nodes: Sequence[Node]) -> Node:
    """A chain as a tree of little depth: what many parts are joined by does not grow deep."""
    if len(nodes) == 1:
        return nodes[0]
    if len(nodes) == 2:
        return apply(type_, op, *nodes)
    middle = len(nodes) // 2
    halves = [_balanced(op, type_, nodes[:middle]), _balanced(op, type_, nodes[middle:])]
    return apply(type_, op, *halves)


OPERATORS: dict[str, Make] = {
    "+": _plus, "-": _minus, "*": _times, "/": _over, "^": _power, "%": _percent, "unary-": _sign, "unary+": _sign,
    "&": _join, "and": _all, "or": _any, "not": _not,
}  # fmt: skip


# --- Functions ------------------------------------------------------------------------------------


def _if(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    """The value where the condition holds, else the other; without another, blank. A row of IFs is one."""
    condition = checker.as_kind(args[0], Kind.BOOLEAN, call.args[0].at)
    values = [checker.value(node, at.at) for node, at in zip(args[1:], call.args[1:], strict=True)]
    chosen = checker.alike([*_raw(args[1:], values)], call.args[1:])
    other = chosen[1] if len(chosen) > 1 else Constant(chosen[0].type, None)
    further = other.args if isinstance(other, Apply) and other.op == "if" else (other,)
    return Apply(_common(chosen), "if", (condition, chosen[0], *further))


def _raw(given: Sequence[Node], values: Sequence[Node]) -> list[Node]:
    """Blanks stay blanks, so that the other values say what kind they are."""
    return [one if one.type.kind is Kind.BLANK else value for one, value in zip(given, values, strict=True)]


def _common(nodes: Sequence[Node]) -> Type:
    return of_places(*nodes) if nodes[0].type.kind is Kind.NUMBER else nodes[0].type


def _coalesce(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    values = [checker.value(node, at.at) for node, at in zip(args, call.args, strict=True)]
    chosen = checker.alike(_raw(args, values), call.args)
    return Apply(_common(chosen), "coalesce", tuple(chosen))


def _isblank(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    (value,) = args
    if value.type.kind is Kind.BLANK:
        value = Constant(TEXT, None)
    if value.type.kind is Kind.OTHER and value.type.target:  # which of them the reader may see, no formula asks
        raise misfit(call.args[0].at, "At character %(place)s: formulas cannot ask about lookups of several items.")
    return apply(BOOLEAN, "isblank", value)


def _extreme(op: str) -> Make:
    def make(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
        chosen = checker.alike(args, call.args)
        if chosen[0].type.kind not in (Kind.NUMBER, Kind.DATE, Kind.INSTANT):
            raise checker.unfit(Kind.NUMBER, call.args[0].at)
        return Apply(_common(chosen), op, tuple(chosen))

    return make


def _sum(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    """Blanks count as nothing; of nothing but blanks the sum is 0."""
    numbers = [Apply(node.type, "coalesce", (node, number(0))) for node in _numbers(checker, call, args)]
    return _balanced("add", of_places(*numbers), numbers)


def _round(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    value, *more = _numbers(checker, call, args)
    places = more[0] if more else number(0)
    known = places.value if isinstance(places, Constant) and isinstance(places.value, Decimal) else Decimal(PLACES)
    type_ = Type(Kind.NUMBER, min(value.type.places, max(0, int(known))))
    return apply(type_ if type_.places else Type(Kind.NUMBER), "round", value, places)


def _weekday(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    """As spreadsheets count: 1 = Sunday; with a 2 behind it 1 = Monday."""
    day = checker.as_kind(args[0], Kind.DATE, call.args[0].at)
    found = apply(Type(Kind.NUMBER), "weekday", day)
    if len(args) == 1:
        return apply(found.type, "add", apply(found.type, "mod", found, number(7)), number(1))
    if not (isinstance(args[1], Constant) and args[1].value in (Decimal(1), Decimal(2))):
        raise misfit(call.args[1].at, "At character %(place)s: this is 1 (weeks begin on Sunday) or 2 (on Monday).")
    return found if args[1].value == 2 else _weekday(checker, call, args[:1])


def _unit(call: Call, node: Node) -> str:
    unit = node.value.lower() if isinstance(node, Constant) and isinstance(node.value, str) else None
    if unit not in UNITS:
        words = N_("At character %(place)s: the unit is one of %(units)s, in quotes.")
        raise misfit(call.args[2].at, words, units=", ".join(UNITS))
    return unit


def _dateadd(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    day, count = _kinds(checker, call, args, [Kind.DATE, Kind.NUMBER])
    unit = _unit(call, args[2])
    if unit in ("week", "year"):
        count = apply(count.type, "mul", count, number(7 if unit == "week" else 12))
    return apply(DATE, "add_days" if unit in ("day", "week") else "add_months", day, count)


def _datedif(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    start, end = _kinds(checker, call, args, [Kind.DATE, Kind.DATE])
    unit, whole = _unit(call, args[2]), Type(Kind.NUMBER)
    by_days = unit in ("day", "week")
    found = apply(whole, "days_between", end, start) if by_days else apply(whole, "months_between", start, end)
    if unit in ("day", "month"):
        return found
    return apply(whole, "trunc", apply(Type(Kind.NUMBER, PLACES), "div", found, number(7 if by_days else 12)))


def _days(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    return apply(Type(Kind.NUMBER), "days_between", *_kinds(checker, call, args, [Kind.DATE, Kind.DATE]))


def _moment(type_: Type, what: str) -> Make:
    return lambda _checker, _call, _args: Moment(type_, what)


def _constant(value: bool) -> Make:
    return lambda _checker, _call, _args: Constant(BOOLEAN, value)


def _simple(op: str, takes: Sequence[Kind], gives: Type) -> Make:
    def make(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
        return apply(gives, op, *_kinds(checker, call, args, takes))

    return make


def _abs(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    (value,) = _numbers(checker, call, args)
    return apply(value.type, "abs", value)


def _mod(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
    left, right = _numbers(checker, call, args)
    return apply(of_places(left, right), "mod", left, right)


def _part_of(name: str) -> Make:
    """LEFT and RIGHT: without a count one letter, as spreadsheets do."""

    def make(checker: Checker, call: Call, args: Sequence[Node]) -> Node:
        text, *count = _kinds(checker, call, args, [Kind.TEXT, Kind.NUMBER])
        return apply(TEXT, name, text, *(count or [number(1)]))

    return make


_N, _T, _D = Kind.NUMBER, Kind.TEXT, Kind.DATE
_WHOLE = Type(Kind.NUMBER)
FUNCTIONS: dict[str, Function] = {
    made.usage.partition("(")[0]: made
    for made in (
        Function("IF(condition, value, other)", 2, 3, _if),
        Function("AND(condition, …)", 1, MANY, _all),
        Function("OR(condition, …)", 1, MANY, _any),
        Function("NOT(condition)", 1, 1, _not),
        Function("TRUE()", 0, 0, _constant(True)),
        Function("FALSE()", 0, 0, _constant(False)),
        Function("ISBLANK(value)", 1, 1, _isblank),
        Function("COALESCE(value, …)", 1, MANY, _coalesce),
        Function("IFBLANK(value, other)", 2, 2, _coalesce),
        Function("CONTAINS(text, part)", 2, 2, _simple("contains", [_T, _T], BOOLEAN)),
        Function("STARTSWITH(text, beginning)", 2, 2, _simple("startswith", [_T, _T], BOOLEAN)),
        Function("LEN(text)", 1, 1, _simple("length", [_T], _WHOLE)),
        Function("UPPER(text)", 1, 1, _simple("upper", [_T], TEXT)),
        Function("LOWER(text)", 1, 1, _simple("lower", [_T], TEXT)),
        Function("TRIM(text)", 1, 1, _simple("trim", [_T], TEXT)),
        Function("LEFT(text, count)", 1, 2, _part_of("left")),
        Function("RIGHT(text, count)", 1, 2, _part_of("right")),
        Function("MID(text, start, count)", 3, 3, _simple("mid", [_T, _N, _N], TEXT)),
        Function("CONCAT(text, …)", 1, MANY, _join),
        Function("TEXT(value)", 1, 1, _join),
        Function("SUM(number, …)", 1, MANY, _sum),
        Function("MIN(value, …)", 1, MANY, _extreme("least")),
        Function("MAX(value, …)", 1, MANY, _extreme("greatest")),
        Function("ROUND(number, places)", 1, 2, _round),
        Function("ABS(number)", 1, 1, _abs),
        Function("INT(number)", 1, 1, _simple("floor", [_N], _WHOLE)),
        Function("FLOOR(number)", 1, 1, _simple("floor", [_N], _WHOLE)),
        Function("CEILING(number)", 1, 1, _simple("ceiling", [_N], _WHOLE)),
        Function("MOD(number, divisor)", 2, 2, _mod),
        Function("TODAY()", 0, 0, _moment(DATE, "today")),
        Function("NOW()", 0, 0, _moment(INSTANT, "now")),
        Function("ME()", 0, 0, _moment(Type(Kind.ITEM), "me")),
        Function("YEAR(date)", 1, 1, _simple("year", [_D], _WHOLE)),
        Function("MONTH(date)", 1, 1, _simple("month", [_D], _WHOLE)),
        Function("DAY(date)", 1, 1, _simple("day", [_D], _WHOLE)),
        Function("WEEKDAY(date, kind)", 1, 2, _weekday),
        Function("DATE(year, month, day)", 3, 3, _simple("date", [_N, _N, _N], DATE)),
        Function("DATEADD(date, count, unit)", 3, 3, _dateadd),
        Function("DATEDIF(start, end, unit)", 3, 3, _datedif),
        Function("DAYS(end, start)", 2, 2, _days),
    )
}
