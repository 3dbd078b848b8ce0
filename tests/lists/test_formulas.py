"""The formula language: what it computes, what it refuses and where, and that it is bounded."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseroom.lists.catalogue import Column
from caseroom.lists.columns import column_type
from caseroom.lists.errors import Invalid
from caseroom.lists.formulas import checking, evaluating, storing, syntax
from caseroom.lists.formulas.tree import Moments, Node

TODAY = datetime.date(2026, 11, 27)
MOMENTS = Moments(
    datetime.datetime(2026, 11, 27, 23, 30, tzinfo=datetime.UTC),
    TODAY,
    "Europe/Bratislava",
    {"users": 7, "salespeople": 3},
)
OF_ORDERS = {
    "price": ("currency", {}, "Preis", Decimal("10.50")), "amount": ("number", {"decimals": 0}, "Menge", Decimal(3)),
    "share": ("percent", {}, "Share", Decimal(20)), "empty": ("number", {}, "Empty", None),
    "name": ("text", {}, "Name", "Žltý kôň"), "state": ("choice", {"choices": ["new", "won"]}, "State", "won"),
    "done": ("boolean", {}, "Done", None), "due": ("date", {}, "Due date", datetime.date(2026, 1, 31)),
    "at": ("datetime", {}, "At", datetime.datetime(2026, 6, 30, 22, 30, tzinfo=datetime.UTC)),
    "tags": ("tags", {}, "Tags", None), "company": ("lookup", {"list": "firms"}, "Firm", 5),
    "rival": ("lookup", {"list": "firms"}, "Rival", None), "many": ("multi_lookup", {"list": "firms"}, "Many", None),
    "owner": ("person", {}, "Responsible", 7), "twin_a": ("text", {}, "Twin", None),
    "twin_b": ("text", {}, "twin", None),
}  # fmt: skip
OF_FIRMS = {"name": ("text", {}, "Name", None), "parent": ("lookup", {"list": "firms"}, "Parent", None)}


@dataclass
class List:
    """As much of a list's definition as the language needs."""

    name: str
    columns: list[Any] = field(default_factory=list)

    @property
    def by_name(self) -> dict[str, Any]:
        return {column.name: column for column in self.columns}

    visible_columns = property(lambda self: self.columns)


def made(name: str, columns: dict[str, Any], first: int) -> List:
    return List(
        name,
        [
            Column(number, key, column_type(kind, options), {"en": title, "sk": f"{title} (sk)"}, options, number)
            for number, (key, (kind, options, title, _)) in enumerate(columns.items(), first)
        ],
    )


ORDERS, FIRMS = made("orders", OF_ORDERS, 1), made("firms", OF_FIRMS, 101)
LISTS: Any = SimpleNamespace(by_name={"orders": ORDERS, "firms": FIRMS})


class Row:
    def value(self, name: str) -> Any:
        return OF_ORDERS[name][3]

    def through(self, node: Any) -> Any:
        return "ACME" if node.field.name == "company" else None


def meaning(text: str) -> Node:
    return checking.check(syntax.parse(text), LISTS, ORDERS).node


def value(text: str) -> Any:
    return evaluating.evaluate(meaning(text), Row(), MOMENTS)


def refusal(text: str) -> str:
    with pytest.raises(Invalid) as refused:
        meaning(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=price * amount", "31.50"),
        ("[Preis]*[menge]", "31.50"),
        ("price * share%", "2.1"),
        ("2 + 3 * 4", "14"),
        ("-2 ^ 2", "4"),
        ("2 ^ 3 ^ 2", "64"),
        ("2 ^ -2", "0.25"),
        ("2 ^ 0.5", None),
        ("1 / 3", "0.333333"),
        ("2 / 3", "0.666667"),
        ("-2 / 3", "-0.666667"),
        ("1 / 0", None),
        ("MOD(7, 0)", None),
        ("MOD(-7, 3)", "2"),
        ("0.1 + 0.2", "0.3"),
        ("999999999999 + 1", None),
        ("999999999999 * 999999999999", None),
        ("price + empty", None),
        ("SUM(price, empty, 1)", "11.5"),
        ("MAX(price, empty, 99)", "99"),
        ("MIN(amount; price)", "3"),
        ("ROUND(2.5)", "3"),
        ("ROUND(-2.5, 0)", "-3"),
        ("ROUND(1234.5678, -2)", "1200"),
        ("INT(-1.5)", "-2"),
        ("CEILING(1.2)", "2"),
        ("ABS(-5)", "5"),
        ("LEN(name)", "8"),
        ('LEN("")', "0"),
        ("DAYS(DATE(2026,3,1), due)", "29"),
        ("due - DATE(2026,1,1)", "30"),
        ("YEAR(due)", "2026"),
        ("WEEKDAY(DATE(2026,11,29))", "1"),
        ("WEEKDAY(DATE(2026,11,29), 2)", "7"),
        ('DATEDIF(due, DATE(2027,1,30), "year")', "0"),
        ('DATEDIF(due, DATE(2027,1,31), "year")', "1"),
        ('DATEDIF(DATE(2026,1,20), DATE(2026,1,1), "week")', "-2"),
        ("MONTH(at)", "7"),
        ("IFBLANK(empty, 0)", "0"),
    ],
)
def test_numbers_are_exact_and_what_cannot_be_computed_is_blank(text: str, expected: str | None) -> None:
    assert value(text) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name & "!"', "Žltý kôň!"),
        ('empty & "x"', "x"),
        ('"" & empty', None),
        ('price & " €"', "10.5 €"),
        ('"a""b"', 'a"b'),
        ("UPPER(LEFT(name, 4))", "ŽLTÝ"),
        ("RIGHT(name)", "ň"),
        ("MID(name, 6, 2)", "kô"),
        ('TRIM("  a   b ")', "a b"),
        ("TEXT(due)", "2026-01-31"),
        ("TEXT(at)", "2026-07-01 00:30"),
        ('CONCAT(state, "/", amount, "/", 1 = 1)', "won/3/true"),
        ("company", "ACME"),
        ("company.name & 1", "ACME1"),
        ("rival", None),
        ('IF(done, "yes")', None),
        ('COALESCE(rival, twin_a, "none")', "none"),
        ("company.parent", "ACME"),
    ],
)
def test_texts_join_blanks_as_nothing(text: str, expected: str | None) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('empty = ""', True),
        ("empty = 0", False),
        ("empty <> 0", True),
        ("empty < 1", False),
        ("empty >= 0", False),
        ("done", None),
        ("NOT(done)", True),
        ('not done and state = "won"', True),
        ('state = "Won"', False),
        ('"ŽLTÝ" < "žlty a"', True),
        ('CONTAINS(name, "KON")', True),
        ('STARTSWITH(name, "zlt")', True),
        ('CONTAINS(twin_a, "x")', False),
        ("due < TODAY()", True),
        ("at < NOW()", True),
        ("at = DATE(2026, 7, 1)", True),
        ("owner = ME()", True),
        ("owner <> ME()", False),
        ("company = rival", False),
        ("ISBLANK(tags)", True),
        ("ISBLANK(rival)", True),
        ('company = "ACME"', True),
        ("OR(done, amount > 2)", True),
        ("AND(TRUE(), false)", False),
        ('ISBLANK("")', True),
    ],
)
def test_a_comparison_is_true_or_false_whatever_is_blank(text: str, expected: bool | None) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("due + 1", (2026, 2, 1)),
        ('DATEADD(due, 1, "month")', (2026, 2, 28)),
        ('DATEADD(due, -1, "Year")', (2025, 1, 31)),
        ('DATEADD(due, 2, "week")', (2026, 2, 14)),
        ("DATE(2026, 14, 0)", (2027, 1, 31)),
        ("TODAY()", (2026, 11, 27)),
        ("DATE(0, 1, 1)", None),
        ("due + 99999999", None),
        ("MAX(due, TODAY())", (2026, 11, 27)),
    ],
)
def test_days_are_counted_as_calendars_do(text: str, expected: tuple[int, int, int] | None) -> None:
    assert value(text) == (datetime.date(*expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "A formula is a text such as price * 1.2."),
        ("price *", "At character 8: the formula ends too early."),
        ("price $ 2", "At character 7: “$ 2” is not understood here."),
        ("1 < 2 < 3", "At character 7: “< 3” is not understood here."),
        ("prise * 2", "At character 1: the list orders has no column “prise”."),
        ("price + [No such]", "At character 9: the list orders has no column “No such”."),
        ("twin & 1", "At character 1: “twin” may be any of twin_a, twin_b; write its internal name."),
        ("company.phone", "At character 9: the list firms has no column “phone”."),
        ("price.name", "At character 1: price is not a lookup, so that nothing can stand behind it."),
        ("company.parent.parent.name", "At character 23: a formula follows at most 2 lookups in a row."),
        ("owner.password_hash", "At character 7: a person has no column “password_hash”, only name and email."),
        ("price + name", "At character 9: a number belongs here."),
        ("name - 1", "At character 1: a number belongs here."),
        ("IF(price, 1, 2)", "At character 4: a condition belongs here, something that is yes or no."),
        ("IF(done, 1, name)", "At character 13: a number belongs here."),
        ("price = name", "At character 9: a number belongs here."),
        ("done < true", "At character 6: these can be compared with = and <> only."),
        ("YEAR(price)", "At character 6: a date belongs here."),
        ("tags & 1", "At character 1: a text belongs here."),
        ("ISBLANK(many)", "At character 9: formulas cannot ask about lookups of several items."),
        ("company = owner", "At character 11: these are items of different lists."),
        ("company = ME()", "At character 11: ME() is compared with a person or a salesperson."),
        ("LEFT()", "At character 1: LEFT(text, count) is how it is written; 0 arguments do not fit."),
        ('DATEADD(due, 1, "eon")', "At character 17: the unit is one of day, week, month, year, in quotes."),
        ("1234567890123", "At character 1: a number has at most 12 digits and 6 decimals."),
        ("0.1234567", "At character 1: a number has at most 12 digits and 6 decimals."),
        ("a\x00b", "At character 2: “\x00b” is not understood here."),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text: str, said: str) -> None:
    assert refusal(text) == said


def test_an_unknown_function_is_told_which_there_are() -> None:
    assert refusal("1 + EVAL(2)").startswith("At character 5: there is no function EVAL. There are: ABS, AND,")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1990 + "1" + ")" * 1990,
        "-" * 3000 + "1",
        "1" + "+1" * 1500,
        "IF(true," * 400 + "1" + ")" * 400,
        "2" + "^9" * 100,
        "not " * 900 + "true",
        "x" * 4001,
        "(" * 3999,
        "SUM(" + ",".join(["1"] * 101) + ")",
        " & ".join(["name"] * 600),
    ],
)
def test_a_formula_that_is_too_large_is_refused_in_words(text: str) -> None:
    if text.startswith("((") and text.endswith("))"):
        assert value(text) == 1  # brackets alone make nothing deep
    else:
        assert refusal(text)


def test_long_chains_of_joins_and_conditions_are_not_deep() -> None:
    assert value(" & ".join(['"ab"'] * 100)) == "ab" * 100
    assert value(" and ".join(["price > 1"] * 100)) is True
    assert value(f"SUM({', '.join(['price'] * 100)})") == 1050


@given(st.text(alphabet="abprice.[]()\"'+-*/^%&<>=,;0123456789 \n#IFANDnotor\x00é", max_size=60))
def test_no_text_whatever_raises_anything_but_a_refusal(text: str) -> None:
    try:
        node = meaning(text)
    except Invalid as refused:
        assert refused.message
    else:
        evaluating.evaluate(node, Row(), MOMENTS)


def test_a_formula_is_kept_by_column_id_and_shown_by_the_names_of_the_day() -> None:
    text = 'IF( [Preis]>1; company.name ;[Due date] & "[Preis]") '
    stored = storing.by_ids(text, checking.check(syntax.parse(text), LISTS, ORDERS).words)
    assert stored == 'IF( [#1]>1; [#11].[#101] ;[#8] & "[Preis]") '
    assert storing.by_names(stored, LISTS, ORDERS) == 'IF( price>1; company.name ;due & "[Preis]") '
    renamed = List(
        "orders", [replace(column, name=f"new_{column.name}") for column in ORDERS.columns]
    )
    lists: Any = SimpleNamespace(by_name={**LISTS.by_name, "orders": renamed})
    assert storing.by_names(stored, lists, renamed) == 'IF( new_price>1; new_company.name ;new_due & "[Preis]") '
    again = checking.check(syntax.parse(stored, stored=True), LISTS, ORDERS)
    assert storing.by_ids(stored, again.words) == stored


def places() -> Iterator[tuple[str, int]]:
    yield from [
        ("price * amount", 2),
        ("price * 0.125", 5),
        ("price / 2", 6),
        ("ROUND(price / 3, 1)", 1),
        ("LEN(name)", 0),
        ("amount + 0.5", 1),
        ("price%", 4),
        ("IF(done, 1, 0.25)", 2),
        ("amount ^ 2", 0),
    ]


@pytest.mark.parametrize(("text", "expected"), list(places()))
def test_how_many_decimal_places_a_result_has_is_known_beforehand(text: str, expected: int) -> None:
    assert meaning(text).type.places == expected
