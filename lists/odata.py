"""OData texts of the API and of saved views as the engine's own filters and orders.

The grammar is odata-query's; its tree is walked here, over column types, with bounds. The words `'@me'`, `'@today'`
and their like (`tokens`) mean the same everywhere.
Source of the grammar: OData 4.01, Part 2: URL Conventions, section 5.1.1.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

from odata_query import ast
from odata_query.exceptions import (
    ArgumentCountException,
    ParsingException,
    TokenizingException,
    UnknownFunctionException,
)
from odata_query.grammar import ODataLexer, ODataParser
from sly.lex import Token

from . import tokens
from .catalogue import Catalogue, ListDefinition
from .columns import ColumnType
from .errors import Invalid
from .filters import And, Compare, Filter, Not, Or
from .reading import SYSTEM_TYPES
from .rights import Actor
from .tokens import Days

LONGEST_FILTER, LONGEST_KEPT, DEEPEST, LONGEST_ORDER, MOST_ORDERS = 8000, 1000, 20, 1000, 8
FILTER, ORDER = "$filter", "$orderby"

_OPERATORS: dict[type[Any], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.In: "in",
}
_TURNED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_TEXT_FUNCTIONS = ("contains", "startswith", "endswith")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NEVER, _ALWAYS = Or([]), And([])


class _Lexer(ODataLexer):
    """The library's lexer takes `all_day` for `all`, `nullable` for `null`, and no `not(…)`; this one does not."""

    tokens = ODataLexer.tokens
    ANY = r"any(?=\s*\()"  # type: ignore[assignment]
    ALL = r"all(?=\s*\()"  # type: ignore[assignment]
    NULL = r"null\b"  # type: ignore[assignment]
    BOOLEAN = r"(?:true|false)\b"  # type: ignore[assignment]
    NOT = r"not(?=\()|not\s+"  # type: ignore[assignment]


def parse_filter(
    text: str, definition: ListDefinition, actor: Actor, now: datetime.datetime, lists: Catalogue | None = None
) -> Filter:
    """A `$filter` text as a filter of the engine.

    `now`: this instant, aware; `lists`: the catalogue, where days and tokens shall be understood behind a lookup too
    (`case/expected_close le '@today'`). Raises Invalid (field `$filter`) that names the place or the column.
    """
    if len(text) > LONGEST_FILTER:
        raise Invalid(FILTER, "A filter has at most %(max)s characters.", max=LONGEST_FILTER)
    if not text.strip() or _UNSTORABLE.search(text):
        raise Invalid(FILTER, "The filter cannot be understood at character %(place)s: “%(text)s”.", place=1, text="")
    return _Translation(definition, actor, now, lists).boolean(_tree(text.strip()), 0)


def clauses_of(text: str) -> list[list[tuple[str, str, str]]] | None:
    """A filter as clauses that must all hold, each of comparisons (column, operator, value) of which one must.

    Null is `empty` with 1 or 0. None for a filter of any other shape. Raises Invalid for what is no filter.
    """
    node = _tree(text.strip())
    is_all = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
    clauses = []
    for part in _chain(node, ast.And) if is_all else [node]:
        is_any = isinstance(part, ast.BoolOp) and isinstance(part.op, ast.Or)
        comparisons = [_comparison(one) for one in (_chain(part, ast.Or) if is_any else [part])]
        if any(one is None for one in comparisons):
            return None
        clauses.append([one for one in comparisons if one is not None])
    return clauses


def _comparison(node: Any) -> tuple[str, str, str] | None:
    match node:
        case ast.Call(func=ast.Identifier(name=name), args=[ast.Identifier() as column, ast.String(val=text)]):
            return (_path(column)[0], name, text) if name in _TEXT_FUNCTIONS else None
        case ast.Compare(left=ast.Identifier() as column, right=ast.Null(), comparator=ast.Eq() | ast.NotEq()):
            return _path(column)[0], "empty", "1" if isinstance(node.comparator, ast.Eq) else "0"
        case ast.Compare(left=ast.Identifier() as column, right=ast.Boolean() as truth):
            op = _OPERATORS[type(node.comparator)]
            return (_path(column)[0], op, "1" if truth.py_val else "0") if op in ("eq", "ne") else None
        case ast.Compare(
            left=ast.Identifier() as column,
            right=ast.String() | ast.Integer() | ast.Float() | ast.Date() | ast.DateTime(),
        ):
            return _path(column)[0], _OPERATORS[type(node.comparator)], str(getattr(node.right, "val", ""))
    return None


def parse_orderby(text: str, definition: ListDefinition, field: str = ORDER) -> list[tuple[str, bool]]:
    """An `$orderby` text (`expected_close desc, company/name`) as (column, descending) pairs.

    A lookup sorts by its shown title, so that `company` and `company/name` are the same. Raises Invalid on `field`.
    """
    if len(text) > LONGEST_ORDER:
        raise Invalid(field, "A sort order has at most %(max)s characters.", max=LONGEST_ORDER)
    order = [_order(part.split(), definition, field) for part in text.split(",")]
    if len(order) > MOST_ORDERS:
        raise Invalid(field, "There can be at most %(max)s sort columns.", max=MOST_ORDERS)
    return order


def _order(words: Sequence[str], definition: ListDefinition, field: str) -> tuple[str, bool]:
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
        raise Invalid(field, "“%(text)s” is not a sort column with asc or desc.", text=" ".join(words)[:80])
    name, _, beyond = words[0].partition("/")
    if beyond and definition.has(f"{name}.{beyond}"):  # a column that comes along with a lookup
        name, beyond = f"{name}.{beyond}", ""
    kind = column_type_of(definition, name, field)
    if beyond and (beyond != "name" or not kind.target):
        raise Invalid(field, "“%(text)s” is not a sort column with asc or desc.", text=words[0][:80])
    return name, len(words) == 2 and words[1].lower() == "desc"


def column_type_of(definition: ListDefinition, name: str, field: str) -> ColumnType:
    """The type of a column that may be asked for. Raises Invalid on `field` for an unknown or an inner one."""
    column = definition.by_name.get(name)
    if name in SYSTEM_TYPES:
        return SYSTEM_TYPES[name]
    if column is None or column.hidden:
        raise Invalid(field, "The list %(list)s has no column %(column)s.", list=definition.name, column=name[:80])
    return column.type.result


def _tree(text: str) -> Any:
    """What a filter's text says; of short ones it is kept, since the same views ask the same again and again."""
    return _kept_tree(text) if len(text) <= LONGEST_KEPT else _parsed(text)


def _parsed(text: str) -> Any:
    try:
        tokens = list(_single_lists(_Lexer().tokenize(text)))
    except TokenizingException as refusal:
        raise _misunderstood(text, refusal.token) from None
    try:
        tree = ODataParser().parse(iter(tokens))
    except ParsingException as refusal:
        raise _misunderstood(text, refusal.token) from None
    except UnknownFunctionException as refusal:
        name = refusal.function_name[:40]
        raise Invalid(FILTER, "There is no function %(name)s in filters.", name=name) from None
    except ArgumentCountException as refusal:
        name, count = refusal.function_name, refusal.n_args_given
        raise Invalid(FILTER, "%(name)s does not take %(count)s arguments.", name=name, count=count) from None
    except Exception:  # the grammar's own actions stumble over some odd texts, each in its own way
        raise _misunderstood(text, None) from None
    if tree is None:
        raise _misunderstood(text, None)
    return tree


_kept_tree = lru_cache(maxsize=2000)(_parsed)


def _misunderstood(text: str, token: Token | None) -> Invalid:
    if token is None:
        return Invalid(FILTER, "The filter ends too early or is not a comparison.")
    place = int(getattr(token, "index", 0))
    return Invalid(
        FILTER,
        "The filter cannot be understood at character %(place)s: “%(text)s”.",
        place=place + 1,
        text=text[place : place + 30],
    )


def _single_lists(tokens: Iterator[Token]) -> Iterator[Token]:
    """`id in (1)`: the grammar wants a comma after a single value, OData does not."""
    begun, commas = 0, 0
    for token in tokens:
        if token.type == "IN":
            begun, commas = 1, 0
        elif begun and token.type == "(":
            begun += 1
        elif begun and token.type == ",":
            commas += 1
        elif begun and token.type == ")":
            if begun == 2 and not commas:
                yield _comma(token)
            begun = 0
        yield token


def _comma(near: Token) -> Token:
    comma = Token()
    comma.type = comma.value = ","
    comma.lineno, comma.index = near.lineno, near.index
    return comma


class _Translation:
    def __init__(
        self, definition: ListDefinition, actor: Actor, now: datetime.datetime, lists: Catalogue | None
    ) -> None:
        self.definition, self.actor, self.now, self.lists = definition, actor, now, lists

    def boolean(self, node: Any, depth: int) -> Filter:
        """A condition. Chains of `and` or `or` are one node, however long."""
        if depth > DEEPEST:
            raise Invalid(FILTER, "A filter is at most %(max)s levels deep.", max=DEEPEST)
        match node:
            case ast.BoolOp(op=op):
                parts = [self.boolean(part, depth + 1) for part in _chain(node, type(op))]
                return And(parts) if isinstance(op, ast.And) else Or(parts)
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.boolean(node.operand, depth + 1))
            case ast.Compare():
                return self.comparison(node, depth)
            case ast.Call():
                return self.text_function(node)
            case ast.Identifier() | ast.Attribute():
                return self.compare(_path(node), "eq", ast.Boolean("true"))
        raise Invalid(FILTER, "A filter is made of comparisons such as name eq 'x', joined by and, or, not.")

    def comparison(self, node: ast.Compare, depth: int) -> Filter:
        op = _OPERATORS[type(node.comparator)]
        left: Any = node.left
        right: Any = node.right
        if op in _TURNED and isinstance(left, ast._Literal) and not isinstance(right, ast._Literal):
            op, left, right = _TURNED[op], right, left  # 5 lt value
        if isinstance(left, ast.Call) and isinstance(right, ast.Boolean) and op in ("eq", "ne"):
            found = self.boolean(left, depth + 1)
            return found if right.py_val == (op == "eq") else Not(found)
        path = _path(left)
        if op == "in":
            return self.among(path, cast(ast.List, node.right).val)
        return self.compare(path, op, right)

    def text_function(self, node: ast.Call) -> Filter:
        name = node.func.name
        if name not in _TEXT_FUNCTIONS or node.func.namespace:
            raise Invalid(FILTER, "There is no function %(name)s in filters.", name=node.func.full_name()[:40])
        path, text = _path(node.args[0]), node.args[1]
        self.kind(path)
        if not isinstance(text, ast.String):
            raise Invalid(FILTER, "%(name)s looks for a text in quotes.", name=name)
        return Compare(path, name, text.val)

    def among(self, path: tuple[str, ...], literals: Sequence[Any]) -> Filter:
        """`in`: any of these values."""
        kind = self.kind(path)
        plain: list[Any] = []
        others: list[Filter] = []
        for literal in literals:
            if isinstance(literal, ast.Null):
                others.append(Compare(path, "empty", True))
                continue
            for one in self.operands(kind, literal):
                if isinstance(one, Days):
                    others.append(one.compare(path, "eq", kind))
                else:
                    plain.append(one)
        among = Compare(path, "in", plain) if plain else _NEVER
        return Or([among, *others]) if others else among

    def compare(self, path: tuple[str, ...], op: str, literal: Any) -> Filter:
        if isinstance(literal, ast.Null):
            self.kind(path)
            return Compare(path, "empty", op == "eq") if op in ("eq", "ne") else _NEVER
        kind = self.kind(path)
        operands = self.operands(kind, literal)
        if len(operands) == 1 and isinstance(operands[0], Days):
            return operands[0].compare(path, op, kind)
        if len(operands) == 1:
            return Compare(path, op, operands[0])
        if op == "eq":
            return Compare(path, "in", operands) if operands else _NEVER
        return And([Compare(path, "ne", one) for one in operands]) if op == "ne" else _NEVER

    def operands(self, kind: ColumnType | None, literal: Any) -> list[Any]:
        """The values that a literal stands for: one, but for tokens any number."""
        match literal:
            case ast.Boolean():
                return [literal.py_val]
            case ast.String():
                return self.word(kind, literal.val)
            case ast.Date():
                return [self.day(kind, literal.val)]
            case ast.Integer() | ast.Float() | ast.DateTime() | ast.GUID():
                return [literal.val]
        raise Invalid(
            FILTER, "A column is compared with a value: a text in quotes, a number, a date, true, false or null."
        )

    def day(self, kind: ColumnType | None, text: str) -> Any:
        if kind is None or kind.name != "datetime":
            return text
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            raise Invalid(FILTER, "“%(value)s” is not a date (year-month-day).", value=text) from None
        return Days(day, day, self.actor.time_zone)

    def word(self, kind: ColumnType | None, text: str) -> list[Any]:
        """`@me` and its like, where the column's type has a meaning for it; else the text itself."""
        found = tokens.meaning(kind, text, self.actor, self.now)
        return [text] if found is None else found

    def kind(self, path: tuple[str, ...]) -> ColumnType | None:
        """The type at the end of a path; None where only the engine can say."""
        first = column_type_of(self.definition, path[0], FILTER)
        if len(path) == 1:
            return first
        if not first.target:
            raise Invalid(FILTER, "%(column)s is not a lookup.", column=path[0])
        if self.lists is None or first.target == "users":
            return None
        return column_type_of(self.lists.get(first.target), path[1], FILTER)


def _chain(node: ast.BoolOp, op: type[Any]) -> list[Any]:
    """The parts of `a or b or c`, in their order, without recursion."""
    parts, waiting = [], [node]
    while waiting:
        one: Any = waiting.pop()
        if isinstance(one, ast.BoolOp) and isinstance(one.op, op):
            waiting += [one.right, one.left]
        else:
            parts.append(one)
    return parts


def _path(node: Any) -> tuple[str, ...]:
    match node:
        case ast.Identifier(name=name, namespace=()):
            return (name,)
        case ast.Identifier(name=beyond, namespace=(name,)):  # a column that comes along with a lookup
            return (f"{name}.{beyond}",)
        case ast.Attribute(owner=ast.Identifier(name=name, namespace=()), attr=str(beyond)):
            return name, beyond
        case ast.Attribute():
            raise Invalid(FILTER, "A filter follows at most one lookup.")
    raise Invalid(FILTER, "A comparison begins with a column's name.")
