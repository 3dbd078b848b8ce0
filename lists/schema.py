"""Making lists and columns at run time: their rows in the system tables and their real tables.

What stands is changed by changing.py (columns), list_settings.py (lists), retyping.py (types) and bins.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from . import altering, changelog_buffer, column_options, content_types, hooks, numbering, settling, time_limits
from .catalogue import GENERATION, ListDefinition, catalogue, definition, forget, fresh, system_columns, table_name
from .columns import TYPES, ColumnType, column_type
from .columns.auto_number import AutoNumberColumn
from .columns.content_type import ContentTypeColumn
from .database import database_of, one_at_a_time
from .errors import Conflict, Forbidden, Invalid, about
from .formulas import definitions as formulas
from .models import ColumnRow, Counter, ListRow, ViewRow, now
from .rights import Actor
from .sqltypes import is_storable
from .view_settings import SETTINGS

NAME = re.compile(r"^[a-z][a-z0-9_]{0,49}$")
LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,8})*")
SEPARATIONS = ("common", "by_owner", "by_group")
RESERVED_LISTS = frozenset({"new", "bin", "import", "users"})  # addresses below /lists, and what persons point to
RESERVED = frozenset({"id", "guid", "version", "scope_id", "created", "created_by", "modified", "modified_by",
                      "external_id", "deleted", "deleted_by", "bin_stage", "flagged", "title"})  # fmt: skip
OF_FORMS = frozenset({"csrf_token", "next"})  # what each form has beside the columns
MOST_COLUMNS, MOST_LISTS = 250, 10_000

_TITLES = {
    "name": {"en": "Name", "sk": "Názov"},
    "owner": {"en": "Owner", "sk": "Vlastník"},
    "sales_group": {"en": "Sales group", "sk": "Predajná skupina"},
    "salesperson": {"en": "Salesperson", "sk": "Predajca"},
    "shared_with": {"en": "Shared with", "sk": "Zdieľané s"},
}
NAME_COLUMN = {"name": "name", "type": "text", "title": _TITLES["name"], "required": True, "indexed": True}
GROUP_COLUMNS: list[dict[str, Any]] = [
    {
        "name": "owner",
        "type": "lookup",
        "list": "owners",
        "title": _TITLES["owner"],
        "by_program": True,
        "indexed": True,
    },
    {"name": "sales_group", "type": "lookup", "list": "sales_groups", "title": _TITLES["sales_group"], "indexed": True},
    {
        "name": "salesperson",
        "type": "lookup",
        "list": "salespeople",
        "title": _TITLES["salesperson"],
        "by_program": True,
        "indexed": True,
    },
    {"name": "shared_with", "type": "multi_lookup", "list": "sales_groups", "title": _TITLES["shared_with"]},
]


def create_list(session: Session, actor: Actor, body: Mapping[str, Any]) -> int:
    """Make a list from its body: `name`, `title`, `separation`, `columns`, `views`, `settings`.

    Every list has a column `name`; one that is separated by owner or group has the four columns of its group.
    Returns the list's id. Raises Invalid, Conflict (the name is taken), Forbidden (not an administrator).
    """
    administrators_only(actor)
    name, titles = name_of(body, "name"), titles_of(body)
    if name in RESERVED_LISTS:
        raise Invalid("name", "“%(name)s” is the name of a page; choose another.", name=name)
    one_at_a_time(session, "lists")
    if session.scalar(select(ListRow.id).where(ListRow.name == name)):
        raise Conflict("There is a list called %(name)s already.", name=name)
    if len(catalogue(session).by_id) >= MOST_LISTS:
        raise Invalid("name", "There can be at most %(max)s lists.", max=MOST_LISTS)
    separation = separation_of(body.get("separation", "common"))
    row = _make_list(session, name, titles, separation, _settings_for(body, separation))
    settle_formulas(session, _fill_list(session, row, body), [row])
    log_list(session, actor, row.id, [])
    forget(session)
    return row.id


def add_column(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> int:
    """Add a column to a list: `name`, `type`, `title` and the type's options. Returns its id."""
    fills = body.get("type") in (AutoNumberColumn.name, ContentTypeColumn.name)  # gives every item a value
    found = for_change(session, actor, list_name, alone=fills)
    column = make_column(session, found, body)
    log_change(session, actor, found, column.name)
    return column.id


def make_column(session: Session, found: ListDefinition, body: Mapping[str, Any]) -> ColumnRow:
    """The row of a new column and its place in the table, its formulas settled; for who changes the list anyway."""
    if len(found.own_columns) >= MOST_COLUMNS:
        raise Invalid("name", "There can be at most %(max)s columns.", max=MOST_COLUMNS)
    column = add_to(session, session.get_one(ListRow, found.id), body)
    settle_formulas(session, [column])
    return column


def for_change(session: Session, actor: Actor, list_name: str, *, alone: bool = False) -> ListDefinition:
    """The list, for an administrator to change: nobody else changes its definition until this transaction ends.

    `alone`: nor does anybody write by the definition as it was; who has begun ends first, the others wait.
    Raises Forbidden, NotFound.
    """
    administrators_only(actor)
    time_limits.lift(session)  # a large list's indexes and numbers take the time that they take
    one_at_a_time(session, "list", list_name)
    if alone:
        one_at_a_time(session, GENERATION)
    session.info.pop("catalogue", None)  # it may have changed while we waited
    return definition(session, list_name)


def log_change(session: Session, actor: Actor, found: ListDefinition, *names: str) -> None:
    """The list has a new version, and the change log a line; `names`: what of it has changed."""
    session.get_one(ListRow, found.id).version += 1
    log_list(session, actor, found.id, sorted(names))
    forget(session)


def install(session: Session, actor: Actor, bodies: list[Mapping[str, Any]]) -> None:
    """Make several lists that may point at each other; those that exist get the columns and views they lack."""
    known = {row.name: row for row in session.scalars(select(ListRow))}
    new: list[ListRow] = []
    for body in bodies:
        name = name_of(body, "name")
        separation = known[name].separation if name in known else body.get("separation", "common")
        settings = _settings_for(body, separation)
        if name in known:
            settings = _with_the_house_s(settings, known[name].settings)
        if name not in known:
            known[name] = _make_list(session, name, titles_of(body), separation, settings)
            log_list(session, actor, known[name].id, [])
            new.append(known[name])
        elif known[name].settings != settings:
            known[name].settings = settings
    made = [column for body in bodies for column in _fill_list(session, known[body["name"]], body)]
    settle_formulas(session, made, new)
    forget(session)


def _with_the_house_s(shipped: Mapping[str, Any], standing: Mapping[str, Any]) -> dict[str, Any]:
    """A shipped list's settings with what administrators have said; a validation is theirs, or ours by column ids."""
    kept = {*standing.get("by_house", ()), *(("by_house",) if "by_house" in standing else ())}
    kept |= {"validation"} if standing.get("validation") else set()
    rest = {key: value for key, value in shipped.items() if key not in kept}
    return rest | {key: value for key, value in standing.items() if key in kept}


def _make_list(
    session: Session, name: str, titles: dict[str, str], separation: str, settings: dict[str, Any]
) -> ListRow:
    """The list's row and its real table, with the system columns only."""
    row = ListRow(name=name, titles=titles, separation=separation, settings=settings)
    session.add(row)
    session.flush()
    operations, table = Operations(MigrationContext.configure(session.connection())), table_name(row.id)
    operations.create_table(table, *system_columns())
    by_scope = "scope_id + 0" if database_of(session).is_sqlite else "scope_id"  # see sqltypes.by_scope
    operations.create_index(f"ix_{table}_scope", table, [text(by_scope), "deleted"])
    operations.create_index(f"ix_{table}_guid", table, ["guid"], unique=True)
    operations.create_index(f"ix_{table}_modified", table, ["modified", "id", "scope_id", "deleted"])
    operations.create_index(f"ix_{table}_external", table, ["external_id"])
    in_a_bin = text("bin_stage IS NOT NULL")
    operations.create_index(
        f"ix_{table}_bin", table, ["bin_stage", "deleted"], sqlite_where=in_a_bin, postgresql_where=in_a_bin
    )
    return row


def settle_formulas(session: Session, columns: Sequence[ColumnRow], lists: Sequence[ListRow] = ()) -> None:
    """Check the formulas of new columns and lists, and store them by column id. Raises Invalid on the option.

    A calculated column may use another that is new too: what one computes is known once those it uses are settled.
    """
    waiting = [column for column in columns if settling.needs_settling(column.type, column.options)]
    waiting.sort(key=lambda column: column.type == "calculated")  # formulas use what the others are
    given = {column.id: column.options for column in waiting}
    for _round in waiting:
        found, before = fresh(session), [column.options for column in waiting]
        for column in waiting:
            home = found.by_id[column.list_id]
            there = replace(home.column(column.name), options=given[column.id])
            with about(column.name):
                column.options = settling.settled(found, home, there)
        if [column.options for column in waiting] == before:
            break
    for row in lists:
        if row.settings.get("validation"):
            found = fresh(session)
            rule = formulas.validation_of_list(found, found.by_id[row.id], row.settings["validation"])
            row.settings = {**row.settings, "validation": rule}


def _fill_list(session: Session, row: ListRow, body: Mapping[str, Any]) -> list[ColumnRow]:
    """Make the columns and views of `body` that the list does not have yet; answers the columns."""
    made: list[ColumnRow] = []
    columns = set(session.scalars(select(ColumnRow.name).where(ColumnRow.list_id == row.id)))
    if len(columns) + len(body.get("columns", ())) > MOST_COLUMNS:
        raise Invalid("columns", "There can be at most %(max)s columns.", max=MOST_COLUMNS)
    for column in _columns_for(body, row.separation):
        if column.get("name") not in columns:
            with about(str(column.get("name"))):
                made.append(add_to(session, row, column))
    views = set(session.scalars(select(ViewRow.name).where(ViewRow.list_id == row.id, ViewRow.user_id.is_(None))))
    for position, view in enumerate(body.get("views", ())):
        if view.get("name") not in views:
            session.add(
                ViewRow(
                    list_id=row.id,
                    name=name_of(view, "name"),
                    titles=titles_of(view),
                    settings={key: view[key] for key in SETTINGS if key in view},
                    position=position,
                )
            )
    session.flush()
    return made


def add_to(session: Session, row: ListRow, body: Mapping[str, Any]) -> ColumnRow:
    """A column's row and place in the table, its formulas not settled yet."""
    name = name_of(body, "name")
    if name in RESERVED:
        raise Invalid("name", "“%(name)s” is the name of a column that every list has.", name=name)
    if name in OF_FORMS:
        raise Invalid("name", "“%(name)s” is a name that forms use themselves; choose another.", name=name)
    if session.scalar(select(ColumnRow.id).where(ColumnRow.list_id == row.id, ColumnRow.name == name)):
        raise Conflict("There is a column called %(name)s already.", name=name)
    options = {key: value for key, value in body.items() if key not in ("name", "type", "title")}
    kind = column_type(str(body.get("type", "")), options)
    if isinstance(kind, ContentTypeColumn) and name != content_types.NAME:
        raise Invalid("name", "The column of the content types is called %(name)s.", name=content_types.NAME)
    check_options(session, row, kind.name, options)
    position = (session.scalar(select(func.max(ColumnRow.position)).where(ColumnRow.list_id == row.id)) or 0) + 1
    column = ColumnRow(
        list_id=row.id, name=name, type=kind.name, titles=titles_of(body, name), options=options, position=position
    )
    session.add(column)
    session.flush()
    if kind.is_stored:
        _make_place(session, column, kind)
    return column


def _make_place(session: Session, column: ColumnRow, kind: ColumnType) -> None:
    """The column's place in the list's table, with its index; standing rows get the numbers of a series, or a type."""
    if isinstance(kind, AutoNumberColumn | ContentTypeColumn):
        one_at_a_time(session, GENERATION)  # whoever writes without knowing of it ends first
    altering.add_column(session, column.list_id, f"c{column.id}", kind)
    found = fresh(session).by_id[column.list_id]
    if isinstance(kind, AutoNumberColumn):
        numbering.number_all(session, found, found.column(column.name))
    elif isinstance(kind, ContentTypeColumn):
        content_types.fill(session, found)
    if kind.wants_index:
        altering.create_index(session, column.list_id, f"c{column.id}", kind)


def check_options(session: Session, row: ListRow, kind: str, options: Mapping[str, Any]) -> None:
    """Refuse options that do not fit the type or point to no list. Raises Invalid on the option."""
    column_options.check(kind, options)
    if "list" in TYPES[kind].option_names:
        target = options.get("list")
        if target in (None, ""):
            raise Invalid("list", "Choose the list that it points to.")
        known = select(ListRow.id).where(ListRow.name == target, ListRow.deleted.is_(None))
        if not isinstance(target, str) or (target not in (row.name, "users") and not session.scalar(known)):
            raise Invalid("list", "There is no list called %(list)s.", list=str(target)[:80])


def _columns_for(body: Mapping[str, Any], separation: str) -> list[Mapping[str, Any]]:
    columns = list(body.get("columns", ()))
    names = {column.get("name") for column in columns if isinstance(column, Mapping)}
    if "name" not in names:
        columns.insert(0, NAME_COLUMN)
    if separation != "common":
        columns += [column for column in GROUP_COLUMNS if column["name"] not in names]
    return columns


def _settings_for(body: Mapping[str, Any], separation: str) -> dict[str, Any]:
    settings = dict(body.get("settings") or {})
    for name in settings.get("before_write", ()):
        hooks.get(name)
    return with_ownership(settings) if separation != "common" else settings


def with_ownership(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a list whose items belong to an owner and a group."""
    before = list(settings.get("before_write", ()))
    if "crm.ownership" not in before:
        before.insert(0, "crm.ownership")
    return {**settings, "before_write": before}


def name_of(body: Mapping[str, Any], key: str) -> str:
    """An internal name. Raises Invalid."""
    name = body.get(key)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Invalid(key, "A name is made of small letters, digits and underscores, and begins with a letter.")
    return name


def separation_of(given: Any) -> str:
    """One of SEPARATIONS. Raises Invalid."""
    if given not in SEPARATIONS:
        choices = ", ".join(SEPARATIONS)
        raise Invalid("separation", "“%(value)s” is not one of: %(choices)s.", value=str(given)[:40], choices=choices)
    return str(given)


def titles_of(body: Mapping[str, Any], default: str | None = None) -> dict[str, str]:
    """The titles by language that a body gives. Raises Invalid."""
    title = body.get("title") or default or body.get("name")
    titles = {"en": title} if isinstance(title, str) else title
    if (
        not isinstance(titles, dict)
        or not titles
        or not all(isinstance(word, str) and word.strip() and len(word) <= 200 for word in titles.values())
        or not is_storable(titles)
        or not all(isinstance(language, str) and LANGUAGE.fullmatch(language) for language in titles)
    ):
        raise Invalid("title", "A title is a text, or one text per language.")
    return titles


def administrators_only(actor: Actor) -> None:
    """Raises Forbidden for anybody else."""
    if not actor.is_administrator:
        raise Forbidden("Only an administrator may change lists.")


def log_list(session: Session, actor: Actor, list_id: int, columns: list[str]) -> None:
    """The change log's line of a changed definition."""
    changelog_buffer.add(session, {
        "at": now(), "list_id": list_id, "item_id": None, "guid": None, "kind": "list", "actor_id": actor.user_id,
        "batch": None, "scope_before": None, "scope_after": None, "columns": columns,
    })  # fmt: skip


def prepare(session: Session) -> None:
    """The counters that the ground needs, in a new database."""
    for name in ("changes", "definitions"):
        if session.get(Counter, name) is None:
            session.add(Counter(name=name, value=0))
    session.flush()
