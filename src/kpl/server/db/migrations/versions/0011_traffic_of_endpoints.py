"""What endpoints answered, minute by minute."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoint_traffic",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("at_s", sa.Double(), nullable=False),
        sa.Column("num_requests", sa.Integer(), nullable=False),
        sa.Column("num_errors", sa.Integer(), nullable=False),
        sa.Column("latencies", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_endpoint_traffic_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "endpoint", "at_s", name=op.f("pk_endpoint_traffic")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_endpoint_traffic_at_s", "endpoint_traffic", ["at_s"])


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
