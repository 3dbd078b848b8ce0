"""What is written: the grammar, and the tree of places that it makes of a text."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from ..errors import N_, Invalid
from .tree import BOUND, DEEPEST_WRITTEN, LONGEST, MOST_NODES, PLACES, Call, Given, Path, Word, Written, measure, misfit

# As spreadsheets bind: a sign stands closer than ^, & joins what + and - have summed, comparisons come after.
GRAMMAR = r"""
start: "="? or
?or: and (OR and)*                                   -> chain
?and: not (AND not)*                                 -> chain
?not: comparison | NOT not                           -> sign
?comparison: joined (COMPARE joined)?                -> chain
?joined: sum (JOIN sum)*                             -> chain
?sum: product ((PLUS | MINUS) product)*              -> chain
?product: power ((TIMES | OVER) power)*              -> chain
?power: signed (POWER signed)*                       -> chain
?signed: percent | (PLUS | MINUS) signed             -> sign
?percent: atom PERCENT*
?atom: NUMBER -> number
    | STRING -> text
    | TRUTH -> truth
    | (NAME | AND | OR) "(" [arguments] ")"          -> call
    | word ("." word)*                               -> path
    | "(" or ")"
arguments: or (("," | ";") or)*
word: NAME | BRACKETED

COMPARE: "<>" | "<=" | ">=" | "=" | "<" | ">"
JOIN: "&"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
POWER: "^"
PERCENT: "%"
OR.2: /or\b/i
AND.2: /and\b/i
NOT.2: /not\b/i
TRUTH.2: /(true|false)\b(?!\s*\()/i
NUMBER: /\d+(\.\d+)?|\.\d+/
STRING: /"(?:[^"]|"")*"/
NAME: /[^\W\d]\w*/
BRACKETED: /\[[^\[\]]+\]/
%ignore /\s+/
"""
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def parse(text: str, *, stored: bool = False) -> Written:
    """The tree of a formula's text. `stored`: it was accepted before, and names columns by ids, which may be longer.

    Raises Invalid (without a field's name) that says at which character.
    """
    if not isinstance(text, str) or not text.strip():
        raise Invalid("", "A formula is a text such as price * 1.2.")
    if len(text) > LONGEST and not stored:
        raise Invalid("", "A formula has at most %(max)s characters.", max=LONGEST)
    if found := _UNSTORABLE.search(text):
        raise _not_understood(text, found.start())
    try:
        tree: Any = _parser().parse(text)
    except UnexpectedEOF:
        raise misfit(len(text), _TOO_EARLY) from None
    except UnexpectedCharacters as refusal:
        raise _not_understood(text, refusal.pos_in_stream) from None
    except UnexpectedToken as refusal:
        if refusal.token.type == "$END":
            raise misfit(len(text), _TOO_EARLY) from None
        raise _not_understood(text, refusal.token.start_pos or 0) from None
    except UnexpectedInput:
        raise _not_understood(text, 0) from None
    count, depth = measure(tree)
    check_size(count, depth, DEEPEST_WRITTEN)
    return tree


def check_size(count: int, depth: int, deepest: int) -> None:
    """Refuse a tree that is too large to be computed on every row. Raises Invalid."""
    if count > MOST_NODES:
        raise Invalid("", "A formula has at most %(max)s parts, those of the columns it uses included.", max=MOST_NODES)
    if depth > deepest:
        words = N_(
            "This formula is nested too deeply. IF after IF, SUM, CONCAT and AND take many parts without nesting."
        )
        raise Invalid("", words)


_TOO_EARLY = N_("At character %(place)s: the formula ends too early.")


def _not_understood(text: str, at: int) -> Invalid:
    return misfit(at, "At character %(place)s: “%(text)s” is not understood here.", text=text[at : at + 20])


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Tree(), maybe_placeholders=False)


@v_args(inline=True)
class _Tree(Transformer[Any, Any]):
    """Called by the parser from the leaves up, so that no text is too deep for it."""

    def start(self, whole: Written) -> Written:
        return whole

    def chain(self, first: Written, *rest: Any) -> Written:
        """`a + b - c`, from the left. Chains of `&`, `and`, `or` are one call, however long."""
        made, waiting = first, list(rest)
        while waiting:
            sign, right, *waiting = waiting
            name = sign.lower()
            if name in ("&", "and", "or") and isinstance(made, Call) and made.name == name:
                made = Call(made.at, name, (*made.args, right))
            else:
                made = Call(sign.start_pos, name, (made, right))
        return made

    def sign(self, sign: Token, value: Written) -> Written:
        name = sign.lower()
        return Call(sign.start_pos or 0, name if name == "not" else f"unary{name}", (value,))

    def percent(self, value: Written, *signs: Token) -> Written:
        for sign in signs:
            value = Call(sign.start_pos or 0, "%", (value,))
        return value

    def number(self, token: Token) -> Written:
        value = Decimal(str(token))
        if abs(value) >= BOUND or value != round(value, PLACES):
            raise misfit(token.start_pos or 0, "At character %(place)s: a number has at most 12 digits and 6 decimals.")
        return Given(token.start_pos or 0, value)

    def text(self, token: Token) -> Written:
        return Given(token.start_pos or 0, token[1:-1].replace('""', '"'))

    def truth(self, token: Token) -> Written:
        return Given(token.start_pos or 0, token.lower() == "true")

    def call(self, name: Token, arguments: tuple[Written, ...] = ()) -> Written:
        return Call(name.start_pos or 0, name.upper(), arguments)

    def arguments(self, *args: Written) -> tuple[Written, ...]:
        return args

    def word(self, token: Token) -> Word:
        text = token[1:-1].strip() if token.type == "BRACKETED" else str(token)
        return Word(text, token.start_pos or 0, token.end_pos or 0)

    def path(self, *words: Word) -> Written:
        return Path(words[0].start, words)
