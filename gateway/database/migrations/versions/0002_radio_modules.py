"""OpenEPaperLink radio modules and their tags."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("tag", sa.Column("hw_type", sa.Integer(), nullable=True))
    op.add_column("bridge", sa.Column("channel", sa.Integer(), nullable=True))
