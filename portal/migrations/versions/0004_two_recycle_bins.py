"""The recycle bin in two stages, and purging."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from caseroom.lists import sqltypes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every list's own table says in which bin an item is; lists and columns say when they were purged."""
    op.add_column("lists", sa.Column("purged", sqltypes.UtcDateTime(), nullable=True))
    op.add_column("list_columns", sa.Column("purged", sqltypes.UtcDateTime(), nullable=True))
    in_a_bin = sa.text("bin_stage IS NOT NULL")
    for number in op.get_bind().scalars(sa.text("SELECT id FROM lists ORDER BY id")).all():
        table = f"list_{number}"
        op.add_column(table, sa.Column("bin_stage", sa.Integer(), nullable=True))
        op.execute(f"UPDATE {table} SET bin_stage = 1 WHERE deleted IS NOT NULL")  # noqa: S608 - our own name
        op.create_index(
            f"ix_{table}_bin", table, ["bin_stage", "deleted"], sqlite_where=in_a_bin, postgresql_where=in_a_bin
        )
