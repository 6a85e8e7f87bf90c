"""What the artifact store held when it was counted last."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_artifacts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("num_files", sa.Integer(), nullable=False),
        sa.Column("stored_at_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_stored_artifacts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stored_artifacts_kind", "stored_artifacts", ["kind", "size_bytes", "digest"])
    op.create_table(
        "project_storage",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("num_artifacts", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_storage_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_storage")),
    )
    op.create_index("ix_project_storage_size", "project_storage", ["size_bytes", "project_id"])
    op.create_table(
        "storage_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("counted_at_s", sa.Double(), nullable=False),
        sa.Column("took_s", sa.Double(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_counts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dataset_versions_artifact", "dataset_versions", ["digest"])
    op.create_index("ix_model_versions_artifact", "model_versions", ["digest"])
    op.create_index("ix_algorithm_versions_artifact", "algorithm_versions", ["tree"])


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
