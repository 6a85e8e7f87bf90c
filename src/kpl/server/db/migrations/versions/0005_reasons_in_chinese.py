"""Reasons in Chinese, beside the English."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COLUMNS = {
    "orchestration_inbox": ["reason_zh"],
    "runs": ["reason_zh"],
    "tasks": ["reason_zh", "why_zh"],
}


def upgrade() -> None:
    for table, names in _COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.add_column(sa.Column(name, sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
