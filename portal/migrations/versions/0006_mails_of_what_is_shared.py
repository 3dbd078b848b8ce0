"""Who is shown an item has a mail of it, unless they want none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was shown before is not mailed any more."""
    op.add_column("users", sa.Column("mail_when_shared", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("notices", sa.Column("to_mail", sa.Boolean(), nullable=False, server_default=sa.false()))
    waiting = sa.text("to_mail")
    op.create_index("ix_notices_to_mail", "notices", ["id"], sqlite_where=waiting, postgresql_where=waiting)
