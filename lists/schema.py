"""Making and changing lists at run time: their rows in the system tables and their real tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column as SqlColumn
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from . import changelog_buffer, column_options, hooks
from .catalogue import GENERATION, catalogue, definition, forget, fresh, system_columns, table_name
from .columns import TYPES, column_type
from .database import one_at_a_time
from .errors import Conflict, Forbidden, Invalid
from .formulas import definitions as formulas
from .models import ColumnRow, Counter, ListRow, ViewRow, now
from .rights import Actor
from .sqltypes import COLLATION

NAME = re.compile(r"^[a-z][a-z0-9_]{0,49}$")
SEPARATIONS = ("common", "by_owner", "by_group")
RESERVED = frozenset({"id", "guid", "version", "scope_id", "created", "created_by", "modified", "modified_by",
                      "external_id", "deleted", "deleted_by", "flagged", "title"})  # fmt: skip
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
    name, titles = _name_of(body, "name"), titles_of(body)
    if session.scalar(select(ListRow.id).where(ListRow.name == name)):
        raise Conflict("There is a list called %(name)s already.", name=name)
    if len(catalogue(session).by_id) >= MOST_LISTS:
        raise Invalid("name", "There can be at most %(max)s lists.", max=MOST_LISTS)
    separation = body.get("separation", "common")
    if separation not in SEPARATIONS:
        raise Invalid(
            "separation", "“%(value)s” is not one of: %(choices)s.", value=separation, choices=", ".join(SEPARATIONS)
        )
    row = _make_list(session, name, titles, separation, _settings_for(body, separation))
    settle_formulas(session, _fill_list(session, row, body), [row])
    log_list(session, actor, row.id, [])
    forget(session)
    return row.id


def add_column(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> int:
    """Add a column to a list: `name`, `type`, `title` and the type's options. Returns its id."""
    administrators_only(actor)
    found = definition(session, list_name)
    row = session.get_one(ListRow, found.id)
    if len(found.columns) >= MOST_COLUMNS:
        raise Invalid("name", "There can be at most %(max)s columns.", max=MOST_COLUMNS)
    column = _add_column(session, row, body)
    settle_formulas(session, [column])
    row.version += 1
    log_list(session, actor, row.id, [str(body.get("name"))])
    forget(session)
    return column.id


def change_list(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> None:
    """Change a list's `title`, `separation` or `validation`. A new separation re-scopes every item at once."""
    from . import items  # items needs the definitions, and only here do definitions need items

    administrators_only(actor)
    found = definition(session, list_name)
    row = session.get_one(ListRow, found.id)
    if "title" in body:
        row.titles = titles_of(body)
    if "separation" in body:
        if body["separation"] not in SEPARATIONS:
            raise Invalid(
                "separation",
                "“%(value)s” is not one of: %(choices)s.",
                value=body["separation"],
                choices=", ".join(SEPARATIONS),
            )
        # Whoever writes by the old separation ends first; the others wait for the new one.
        one_at_a_time(session, GENERATION)
        row.separation = body["separation"]
        if row.separation != "common":
            missing = [column for column in GROUP_COLUMNS if not found.has(column["name"])]
            for column in missing:
                _add_column(session, row, column)
            row.settings = _with_ownership(row.settings)
    if "validation" in body:
        rest = {key: value for key, value in row.settings.items() if key != "validation"}
        row.settings = rest if body["validation"] is None else {**rest, "validation": body["validation"]}
        settle_formulas(session, [], [row])
    row.version += 1
    log_list(session, actor, row.id, sorted(body))
    forget(session)
    if "separation" in body:
        items.rescope_all(session, actor, definition(session, list_name))


def delete_list(session: Session, actor: Actor, list_name: str) -> None:
    """Put a list away: its items stay in their table, nothing shows them. The CRM's own lists stay."""
    administrators_only(actor)
    found = definition(session, list_name)
    if found.settings.get("built_in"):
        raise Forbidden("The list %(list)s belongs to the CRM and cannot be deleted.", list=list_name)
    if catalogue(session).pointing_at.get(list_name):
        raise Conflict("Other lists point to %(list)s; remove those columns first.", list=list_name)
    row = session.get_one(ListRow, found.id)
    row.deleted = now()
    row.name = f"{row.name[:40]}-{row.id}"
    log_list(session, actor, row.id, [])
    forget(session)


def save_view(session: Session, actor: Actor, list_name: str, body: Mapping[str, Any]) -> int:
    """Save a view: `name`, `title`, `columns`, `filter`, `order`. `shared` true (administrators) = everybody's."""
    found = definition(session, list_name)
    if body.get("shared"):
        administrators_only(actor)
    row = ViewRow(list_id=found.id, name=_name_of(body, "name"), titles=titles_of(body), settings=_view_settings(body),
                  user_id=None if body.get("shared") else actor.user_id, position=1000)  # fmt: skip
    session.add(row)
    session.flush()
    forget(session)
    return row.id


def install(session: Session, actor: Actor, bodies: list[Mapping[str, Any]]) -> None:
    """Make several lists that may point at each other; those that exist get the columns and views they lack."""
    known = {row.name: row for row in session.scalars(select(ListRow))}
    new: list[ListRow] = []
    for body in bodies:
        name = _name_of(body, "name")
        separation = body.get("separation", "common")
        settings = _settings_for(body, separation)
        if name in known and known[name].settings.get("validation"):
            settings["validation"] = known[name].settings["validation"]  # the house's own, or ours by column ids
        if name not in known:
            known[name] = _make_list(session, name, titles_of(body), separation, settings)
            log_list(session, actor, known[name].id, [])
            new.append(known[name])
        elif known[name].settings != settings:
            known[name].settings = settings
    made = [column for body in bodies for column in _fill_list(session, known[body["name"]], body)]
    settle_formulas(session, made, new)
    forget(session)


def _make_list(
    session: Session, name: str, titles: dict[str, str], separation: str, settings: dict[str, Any]
) -> ListRow:
    """The list's row and its real table, with the system columns only."""
    row = ListRow(name=name, titles=titles, separation=separation, settings=settings)
    session.add(row)
    session.flush()
    operations, table = Operations(MigrationContext.configure(session.connection())), table_name(row.id)
    operations.create_table(table, *system_columns())
    operations.create_index(f"ix_{table}_scope", table, ["scope_id"])
    operations.create_index(f"ix_{table}_guid", table, ["guid"], unique=True)
    operations.create_index(f"ix_{table}_modified", table, ["modified", "id"])
    operations.create_index(f"ix_{table}_external", table, ["external_id"])
    return row


def settle_formulas(session: Session, columns: Sequence[ColumnRow], lists: Sequence[ListRow] = ()) -> None:
    """Check the formulas of new columns and lists, and store them by column id. Raises Invalid on the option.

    A calculated column may use another that is new too: what one computes is known once those it uses are settled.
    """
    waiting = [column for column in columns if formulas.has_formulas(column.options) or column.type == "calculated"]
    given = {column.id: column.options for column in waiting}
    for _round in waiting:
        found, before = fresh(session), [column.options for column in waiting]
        for column in waiting:
            home = found.by_id[column.list_id]
            there = replace(home.column(column.name), options=given[column.id])
            column.options = formulas.settled(found, home, there)
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
    for column in _columns_for(body, row.separation):
        if column.get("name") not in columns:
            made.append(_add_column(session, row, column))
    views = set(session.scalars(select(ViewRow.name).where(ViewRow.list_id == row.id, ViewRow.user_id.is_(None))))
    for position, view in enumerate(body.get("views", ())):
        if view.get("name") not in views:
            session.add(
                ViewRow(
                    list_id=row.id,
                    name=_name_of(view, "name"),
                    titles=titles_of(view),
                    settings=_view_settings(view),
                    position=position,
                )
            )
    session.flush()
    return made


def _add_column(session: Session, row: ListRow, body: Mapping[str, Any]) -> ColumnRow:
    name = _name_of(body, "name")
    if name in RESERVED:
        raise Invalid("name", "“%(name)s” is the name of a column that every list has.", name=name)
    if session.scalar(select(ColumnRow.id).where(ColumnRow.list_id == row.id, ColumnRow.name == name)):
        raise Conflict("There is a column called %(name)s already.", name=name)
    options = {key: value for key, value in body.items() if key not in ("name", "type", "title")}
    kind = column_type(str(body.get("type", "")), options)
    _check_options(session, row, kind.name, options)
    position = (session.scalar(select(func.max(ColumnRow.position)).where(ColumnRow.list_id == row.id)) or 0) + 1
    column = ColumnRow(
        list_id=row.id, name=name, type=kind.name, titles=titles_of(body, name), options=options, position=position
    )
    session.add(column)
    session.flush()
    if not kind.is_stored:
        return column
    operations = Operations(MigrationContext.configure(session.connection()))
    table, physical = table_name(row.id), f"c{column.id}"
    operations.add_column(table, SqlColumn(physical, kind.sql_type()))
    if options.get("indexed") or options.get("unique") or (kind.target and not kind.is_multi):
        key = f"{physical} COLLATE {COLLATION}" if kind.is_text else physical
        operations.create_index(f"ix_{table}_{physical}", table, [text(key), text("id")])
    return column


def _check_options(session: Session, row: ListRow, kind: str, options: Mapping[str, Any]) -> None:
    column_options.check(kind, options)
    if "list" in TYPES[kind].option_names:
        target = options.get("list")
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
    return _with_ownership(settings) if separation != "common" else settings


def _with_ownership(settings: Mapping[str, Any]) -> dict[str, Any]:
    before = list(settings.get("before_write", ()))
    if "crm.ownership" not in before:
        before.insert(0, "crm.ownership")
    return {**settings, "before_write": before}


def _view_settings(view: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in view.items() if key in ("columns", "filter", "order", "group", "kind", "default")
    }


def _name_of(body: Mapping[str, Any], key: str) -> str:
    name = body.get(key)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Invalid(key, "A name is made of small letters, digits and underscores, and begins with a letter.")
    return name


def titles_of(body: Mapping[str, Any], default: str | None = None) -> dict[str, str]:
    """The titles by language that a body gives. Raises Invalid."""
    title = body.get("title") or default or body.get("name")
    titles = {"en": title} if isinstance(title, str) else title
    if (
        not isinstance(titles, dict)
        or not titles
        or not all(isinstance(word, str) and 0 < len(word) <= 200 for word in titles.values())
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
