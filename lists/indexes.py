"""The indexes that are wanted and not there yet, made beside everybody's work.

An index is missing when somebody is the first to read in a language, when a column of a large list is to have one, and
when a view sorts a large list by a column that has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from . import altering, column_options, odata, own_views
from .catalogue import Column, ListDefinition, View, catalogue, table_name
from .database import Database, database_of
from .errors import Invalid

LARGE = 20_000  # rows: fewer are sorted in a moment


def complete(database: Database) -> bool:
    """Make one missing index. Answers whether there was any."""
    with database.read() as session:
        found = next(missing(session), None)
    if found is None:
        return False
    if database.is_sqlite:
        with database.write() as session:
            session.execute(text("CREATE INDEX IF NOT EXISTS {} ON {} ({})".format(*found)))
    else:
        _make_concurrently(database, *found)
    return True


def missing(session: Session) -> Iterator[tuple[str, str, str]]:
    """Every index that is wanted and that the database has not: its name, its table, and what it is on."""
    there, in_use = altering.index_names(session), altering.collations_in_use(session)
    views = own_views.all_of_everybody(session)
    for found in catalogue(session).by_id.values():
        sorting = _sorted_by([*found.views, *views.get(found.id, ())], found)
        for column in found.own_columns:
            asked = column.type.wants_index
            if not asked and column.name not in sorting:
                continue
            wanted = altering.wanted_indexes(session, found.id, column.physical, column.type, in_use)
            lacking = {index: keys for index, keys in wanted.items() if index not in there}
            if lacking and (asked or _is_worth_it(session, found, column)):
                yield from ((index, table_name(found.id), keys) for index, keys in lacking.items())


def _sorted_by(views: list[View], found: ListDefinition) -> Set[str]:
    """The columns by which these views sort first of all: those that they group by come before."""
    names: set[str] = set()
    for view in views:
        try:
            order = odata.parse_orderby(str(view.settings.get("group") or view.settings.get("order") or "name"), found)
        except Invalid:
            continue  # it names a column that is gone
        names.add(order[0][0])
    return {column.name for column in found.own_columns if column.name in names and _can_have_one(column)}


def _can_have_one(column: Column) -> bool:
    """A lookup has one already, and is sorted by what it points to."""
    return column.type.is_stored and not column.type.target and column_options.can_be_indexed(column.type)


def _is_worth_it(session: Session, found: ListDefinition, column: Column) -> bool:
    """Whether the list is large, and holds no text that is too long for an index."""
    if not altering.has_more_rows(session, found.id, LARGE):
        return False
    known: dict[tuple[int, str], bool] = database_of(session).caches.setdefault("fit for an index", {})
    key = (found.id, column.physical)
    if column.type.is_text and key not in known:
        longest = session.scalar(select(func.max(func.length(found.sql(column.name))))) or 0
        known[key] = longest <= column_options.LONGEST_INDEXED
    return known.get(key, True)


def _make_concurrently(database: Database, index: str, table: str, keys: str) -> None:
    """While others read and write. PostgreSQL allows it in no transaction, and leaves a broken index where it fails."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))
        connection.execute(text(f"CREATE INDEX CONCURRENTLY {index} ON {table} ({keys})"))
