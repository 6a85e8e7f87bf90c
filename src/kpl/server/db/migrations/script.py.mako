"""${message}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:${"  # noqa: PLR0915  as long as there are tables" if down_revision is None else ""}
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """There is no way back: restore the backup that was made before the upgrade."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
