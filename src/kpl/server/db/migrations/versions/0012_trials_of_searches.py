"""Searches and their trials: which task tries what, what came of it, and how far the search is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("trial", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("value", sa.Double(), nullable=True))
        # A default that is more than text would make Alembic copy the table, and drop what hangs on the old one.
        batch_op.add_column(sa.Column("fell_behind", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("search", sa.JSON(), nullable=True))
        batch_op.create_index(
            "ux_tasks_trial",
            ["parent_id", "trial"],
            unique=True,
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
