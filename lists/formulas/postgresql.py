"""What formulas compute with, inside PostgreSQL: the same functions as in `primitives`, on NUMERIC, DATE and TEXT.

Each guards its arguments, so that none ever raises. They are made when a home is prepared, and anew only when this
text has changed.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..collations import ROOT
from .tree import BOUND, LONGEST_TEXT

_FIRST, _LAST = "DATE '1000-01-01'", "DATE '9998-12-31'"
_FOLDED = "regexp_replace(normalize(lower(translate({0}, 'İIı', 'iii')), NFKD), '[\\u0300-\\u036f]', '', 'g')"


def _bounded(expression: str) -> str:
    return f"r := {expression}; IF abs(r) < {BOUND} THEN RETURN r; END IF; RETURN NULL;"


# name: (arguments, result, declarations, body). An argument is a, b, c; n numeric, t text, d date, i timestamptz.
_FUNCTIONS: dict[str, tuple[str, str, str, str]] = {
    "add": ("nn", "n", "r numeric;", _bounded("a + b")),
    "sub": ("nn", "n", "r numeric;", _bounded("a - b")),
    "mul": ("nn", "n", "r numeric;", _bounded("round(a * b, 6)")),
    "div": (
        "nn", "n", "r numeric;",
        "IF b = 0 THEN RETURN NULL; END IF;"
        + _bounded("sign(a) * sign(b) * div(2000000 * abs(a) + abs(b), 2 * abs(b)) * 0.000001"),
    ),
    "mod": (
        "nn", "n", "r numeric;",
        "IF b = 0 THEN RETURN NULL; END IF; r := mod(a, b);"
        " IF r <> 0 AND sign(r) <> sign(b) THEN r := r + b; END IF; RETURN r;",
    ),
    "power": (
        "nn", "n", "r numeric; p numeric := 1;",
        "IF b <> trunc(b) OR abs(b) > 64 THEN RETURN NULL; END IF;"
        " FOR i IN 1..abs(b)::int LOOP p := p * a; END LOOP;"
        " IF b >= 0 THEN " + _bounded("round(p, 6)") + " END IF; IF p = 0 THEN RETURN NULL; END IF; "
        + _bounded("sign(p) * div(2000000 + abs(p), 2 * abs(p)) * 0.000001"),
    ),
    "round": ("nn", "n", "r numeric;", _bounded("round(a, least(6, greatest(-12, trunc(b)))::int)")),
    "floor": ("n", "n", "r numeric;", _bounded("floor(a)")),
    "ceiling": ("n", "n", "r numeric;", _bounded("ceil(a)")),
    "trunc": ("n", "n", "", "RETURN trunc(a);"),
    "length": ("t", "n", "", "RETURN length(coalesce(a, ''));"),
    "upper": ("t", "t", "", f"RETURN upper(a COLLATE {ROOT});"),
    "lower": ("t", "t", "", f"RETURN lower(a COLLATE {ROOT});"),
    "trim": ("t", "t", "", "RETURN nullif(btrim(regexp_replace(a, ' +', ' ', 'g'), ' '), '');"),
    "left": ("tn", "t", "", "RETURN nullif(left(a, least(1000000, greatest(0, trunc(b)))::int), '');"),
    "right": ("tn", "t", "", "RETURN nullif(right(a, least(1000000, greatest(0, trunc(b)))::int), '');"),
    "mid": (
        "tnn", "t", "",
        "RETURN nullif(substr(a, least(1000000, greatest(1, trunc(b)))::int,"
        " least(1000000, greatest(0, trunc(c)))::int), '');",
    ),
    "join": (
        "tt", "t", "r text;",
        "r := coalesce(a, '') || coalesce(b, '');"
        f" IF length(r) <= {LONGEST_TEXT} THEN RETURN nullif(r, ''); END IF; RETURN NULL;",
    ),
    "contains": ("tt", "b", "", f"RETURN strpos({_FOLDED.format('a')}, {_FOLDED.format('b')}) > 0;"),
    "startswith": ("tt", "b", "", f"RETURN starts_with({_FOLDED.format('a')}, {_FOLDED.format('b')});"),
    "before": ("tt", "b", "", f'RETURN {_FOLDED.format("a")} COLLATE "C" < {_FOLDED.format("b")} COLLATE "C";'),
    "not_after": ("tt", "b", "", f'RETURN {_FOLDED.format("a")} COLLATE "C" <= {_FOLDED.format("b")} COLLATE "C";'),
    "number_text": ("n", "t", "", "RETURN trim_scale(a)::text;"),
    "date_text": ("d", "t", "", "RETURN to_char(a, 'YYYY-MM-DD');"),
    "year": ("d", "n", "", "RETURN date_part('year', a)::int;"),
    "month": ("d", "n", "", "RETURN date_part('month', a)::int;"),
    "day": ("d", "n", "", "RETURN date_part('day', a)::int;"),
    "weekday": ("d", "n", "", "RETURN date_part('isodow', a)::int;"),
    "add_days": (
        "dn", "d", "",
        f"IF trunc(b) NOT BETWEEN {_FIRST} - a AND {_LAST} - a THEN RETURN NULL; END IF; RETURN a + trunc(b)::int;",
    ),
    "add_months": (
        "dn", "d", "",
        # Months since the year 0, as in `primitives`: PostgreSQL raises where a day lies before 4714 BC.
        "IF date_part('year', a)::int * 12 + date_part('month', a)::int - 1 + trunc(b)"
        " NOT BETWEEN 12000 AND 119987 THEN RETURN NULL; END IF;"
        " RETURN a + make_interval(months => trunc(b)::int);",
    ),
    "date": (
        "nnn", "d", "",
        "IF trunc(a) NOT BETWEEN 1000 AND 9998 THEN RETURN NULL; END IF;"
        " RETURN formula_add_days(formula_add_months(make_date(trunc(a)::int, 1, 1), b - 1), c - 1);",
    ),
    "days_between": ("dd", "n", "", "RETURN a - b;"),
    "months_between": (
        "dd", "n", "m int;",
        "m := (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a);"
        " IF m > 0 AND date_part('day', b) < date_part('day', a) THEN m := m - 1;"
        " ELSIF m < 0 AND date_part('day', b) > date_part('day', a) THEN m := m + 1; END IF; RETURN m;",
    ),
}  # fmt: skip
_NOT_STRICT = {"length", "join"}
# A zone that this server does not know counts as UTC; catching that forbids parallel workers.
_ZONED = {
    "local_date": ("it", "d", "", "RETURN ({local})::date;"),
    "instant_text": ("it", "t", "", "RETURN to_char({local}, 'YYYY-MM-DD HH24:MI');"),
}
_TYPES = {"n": "numeric", "t": "text", "d": "date", "i": "timestamptz", "b": "boolean"}


def _definition(name: str, takes: str, gives: str, declared: str, body: str, volatility: str) -> str:
    arguments = ", ".join(f"{letter} {_TYPES[kind]}" for letter, kind in zip("abc", takes, strict=False))
    strict = "" if name in _NOT_STRICT else " STRICT"
    declare = f"DECLARE {declared} " if declared else ""
    return (
        f"CREATE OR REPLACE FUNCTION formula_{name}({arguments}) RETURNS {_TYPES[gives]} LANGUAGE plpgsql"
        f" IMMUTABLE{strict} {volatility} AS $formula$ {declare}BEGIN {body} END $formula$"
    )


def statements() -> list[str]:
    """The definitions of all functions."""
    made = [_definition(name, *parts, "PARALLEL SAFE") for name, parts in _FUNCTIONS.items()]
    for name, (takes, gives, declared, body) in _ZONED.items():
        known, unknown = (body.format(local=f"a AT TIME ZONE {zone}") for zone in ("b", "'UTC'"))
        guarded = f"BEGIN {known} EXCEPTION WHEN OTHERS THEN {unknown} END;"
        made.append(_definition(name, takes, gives, declared, guarded, "PARALLEL UNSAFE"))
    return made


def prepare(session: Session) -> None:
    """Make the functions in a PostgreSQL database, or bring them up to date."""
    made = statements()
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('formula_functions'))"))  # two may start at once
    mark = hashlib.sha256("\n".join(made).encode()).hexdigest()
    known = text("SELECT obj_description(to_regprocedure('formula_add(numeric, numeric)'), 'pg_proc')")
    if session.scalar(known) == mark:
        return
    connection = session.connection()
    for statement in made:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    connection.exec_driver_sql(f"COMMENT ON FUNCTION formula_add(numeric, numeric) IS '{mark}'")
