"""Changes of many rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from caseroom.lists import sqltypes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The jobs that change many rows, and their rows."""
    op.create_table(
        "bulk_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("given", sqltypes.Json, nullable=False),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("gathered", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(length=36), nullable=False),
        sa.Column("created", sqltypes.UtcDateTime(), nullable=False),
        sa.Column("finished", sqltypes.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_bulk_jobs_state"), "bulk_jobs", ["state"], unique=False)
    op.create_index(op.f("ix_bulk_jobs_user_id"), "bulk_jobs", ["user_id"], unique=False)
    op.create_table(
        "bulk_rows",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("refusal", sqltypes.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["bulk_jobs.id"],
        ),
        sa.PrimaryKeyConstraint("job_id", "item_id"),
    )
