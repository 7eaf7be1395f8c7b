"""Twins, keys that are to be renewed, and the nonces of tags that were answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("tag", sa.Column("twin_at", sa.BigInteger(), nullable=True))
    op.add_column("tag", sa.Column("twin_cause", sa.Text(), nullable=True))
    op.add_column("tag_key", sa.Column("renew_from", sa.Integer(), nullable=True))
    op.create_table(
        "used_nonce",
        sa.Column("tag_id", sa.Text(), nullable=False),
        sa.Column("tag_nonce", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tag_id", "tag_nonce"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO used_nonce SELECT tag_id, tag_nonce FROM tag_key")
