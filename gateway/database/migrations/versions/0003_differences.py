"""Pictures that travel as a difference to the one on the glass."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("offer", sa.Column("base_content_id", sa.LargeBinary(), nullable=True))
    op.add_column("shown", sa.Column("takes_differences", sa.Boolean(), nullable=False, server_default=sa.false()))
