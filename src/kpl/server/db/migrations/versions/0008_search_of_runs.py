"""An index that holds all that a search of runs looks at."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        columns = ["project_id", "id", "name", "pipeline", "template", "created_by", "state"]
        batch_op.create_index("ix_runs_search", columns)


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
