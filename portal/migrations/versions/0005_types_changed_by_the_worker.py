"""Columns of large lists that the worker gives another type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from caseroom.lists import sqltypes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """How far each change of a column's type has come."""
    op.create_table(
        "retypings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("column_id", sa.Integer(), nullable=False),
        sa.Column("new_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("converted", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("examples", sqltypes.Json, nullable=False),
        sa.Column("refusal", sqltypes.Json, nullable=True),
        sa.Column("created", sqltypes.UtcDateTime(), nullable=False),
        sa.Column("finished", sqltypes.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_retypings_list_id"), "retypings", ["list_id"], unique=False)
    op.create_index(op.f("ix_retypings_state"), "retypings", ["state"], unique=False)
