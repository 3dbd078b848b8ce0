"""How Alembic runs our revisions: on the connection that it is given, within its transaction."""

from __future__ import annotations

from typing import Literal

from alembic import context

from caseroom.lists.database import Base
from caseroom.lists.sqltypes import Json
from caseroom.portal.migrations import is_ours


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Our JSON type by its name; all else as Alembic writes it."""
    return "sqltypes.Json" if kind == "type" and item is Json else False


context.configure(
    render_item=render_item,
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=is_ours,
    compare_type=True,
    user_module_prefix="sqltypes.",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
