"""When each model got its latest version, and indexes that list pipelines and models by their last change."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pipelines", schema=None) as batch_op:
        batch_op.create_index("ix_pipelines_updated", ["project_id", "updated_at_s", "id"])
    with op.batch_alter_table("models", schema=None) as batch_op:
        batch_op.add_column(sa.Column("updated_at_s", sa.Double(), server_default="0", nullable=False))
        batch_op.create_index("ix_models_updated", ["project_id", "updated_at_s", "id"])
    op.execute(
        "UPDATE models SET updated_at_s = COALESCE("
        "(SELECT MAX(created_at_s) FROM model_versions WHERE model_id = models.id), created_at_s)"
    )


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
