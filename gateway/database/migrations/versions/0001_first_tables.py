"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "association",
        sa.Column("tag_id", sa.Text(), nullable=False),
        sa.Column("bridge_id", sa.Text(), nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.Column("esl_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tag_id"),
        sa.UniqueConstraint("bridge_id", "group_no", "esl_id", name="esl_address_of_bridge"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "bridge",
        sa.Column("bridge_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("boot_id", sa.LargeBinary(), nullable=True),
        sa.Column("last_run_id", sa.LargeBinary(), nullable=True),
        sa.Column("profile", sa.Integer(), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("bridge_id"),
    )
    op.create_index("bridge_of_store", "bridge", ["store_id"], unique=False)
    op.create_table(
        "content",
        sa.Column("content_id", sa.LargeBinary(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("deflated", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_id"),
    )
    op.create_table(
        "display_history",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.LargeBinary(), nullable=True),
        sa.Column("bridge_id", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("drawn_from", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("history_of_display", "display_history", ["display_id", "seq"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "route", "key"),
    )
    op.create_index("idempotency_expiry", "idempotency", ["expires_at"], unique=False)
    op.create_table(
        "offer",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("encoding_id", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_contact_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("display_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_seq", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("field_seqs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("product_by_barcode", "product", ["store_id", "barcode"], unique=True)
    op.create_table(
        "run",
        sa.Column("run_id", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "store",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("twin_of", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("allow_zero_price", sa.Boolean(), nullable=False),
        sa.Column("settings_version", sa.Integer(), nullable=False),
        sa.Column("next_accepted_seq", sa.BigInteger(), nullable=False),
        sa.Column("next_product_version", sa.BigInteger(), nullable=False),
        sa.Column("restores", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["twin_of"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("store_id"),
    )
    op.create_table(
        "tag",
        sa.Column("tag_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("factory_code", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tag_id"),
    )
    op.create_index("tag_of_store", "tag", ["store_id"], unique=False)
    op.create_table(
        "tag_key",
        sa.Column("tag_id", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("tag_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("gateway_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("down_reserved", sa.BigInteger(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tag_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "template_release",
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("template"),
    )
    op.create_table(
        "bridge_credential",
        sa.Column("bridge_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("bridge_id"),
    )
    op.create_index("bridge_credential_of_store", "bridge_credential", ["store_id"], unique=False)
    op.create_table(
        "display",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("tag_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("binding_version", sa.Integer(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["tag.tag_id"],
        ),
        sa.PrimaryKeyConstraint("display_id"),
        sa.UniqueConstraint("tag_id", "idx", name="display_of_tag"),
    )
    op.create_index("display_of_store", "display", ["store_id"], unique=False)
    op.create_table(
        "extra_barcode",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.product_id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "code", "product_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("extra_barcode_by_product", "extra_barcode", ["product_id"], unique=False)
    op.create_table(
        "price_ledger",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("accepted_seq", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.product_id"],
        ),
        sa.PrimaryKeyConstraint("line_id"),
    )
    op.create_index("price_ledger_by_product", "price_ledger", ["product_id"], unique=False)
    op.create_table(
        "sandbox_mark",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "mark"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("remove_missing", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("started_seq", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("complete_no", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=True),
        sa.Column("synced_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("pushes", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("superseded", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("displays_bound", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("session_of_store", "session", ["store_id", "state"], unique=False)
    op.create_table(
        "sync_credential",
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("store_id"),
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field_map", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.store_id"],
        ),
        sa.PrimaryKeyConstraint("hash"),
        sa.UniqueConstraint("token_id"),
    )
    op.create_index("token_of_store", "token", ["store_id"], unique=False)
    op.create_table(
        "batch_display",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("needed_revision", sa.BigInteger(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "display_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "batch_display_waiting",
        "batch_display",
        ["display_id"],
        unique=False,
        sqlite_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "binding",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["display_id"],
            ["display.display_id"],
        ),
        sa.PrimaryKeyConstraint("display_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("binding_of_product", "binding", ["product_id"], unique=False)
    op.create_table(
        "chunk",
        sa.Column("chunk_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("products", sa.Text(), nullable=True),
        sa.Column("displays_total", sa.Integer(), nullable=True),
        sa.Column("displays_handled", sa.Integer(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.session_id"],
        ),
        sa.PrimaryKeyConstraint("chunk_id"),
    )
    op.create_index("chunk_of_session", "chunk", ["session_id", "idx"], unique=True)
    op.create_table(
        "desired",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.LargeBinary(), nullable=False),
        sa.Column("next_revision", sa.BigInteger(), nullable=True),
        sa.Column("next_content_id", sa.LargeBinary(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("binding_version", sa.Integer(), nullable=False),
        sa.Column("template_release", sa.Text(), nullable=False),
        sa.Column("settings_version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("fallback_reason", sa.Text(), nullable=True),
        sa.Column("fallback_detail", sa.Text(), nullable=True),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["display_id"],
            ["display.display_id"],
        ),
        sa.PrimaryKeyConstraint("display_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("desired_of_store", "desired", ["store_id"], unique=False)
    op.create_index("desired_until", "desired", ["valid_until"], unique=False)
    op.create_table(
        "missing_product",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "row_error",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("push_no", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.session_id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("row_error_of_session", "row_error", ["session_id", "seq"], unique=False)
    op.create_table(
        "shown",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_counter", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("up_counter", sa.BigInteger(), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["display_id"],
            ["display.display_id"],
        ),
        sa.PrimaryKeyConstraint("display_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_push",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("barcodes", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "first_seq"),
    )
    op.create_table(
        "desired_source",
        sa.Column("display_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("product_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["display_id"],
            ["desired.display_id"],
        ),
        sa.PrimaryKeyConstraint("display_id", "product_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("desired_source_of_product", "desired_source", ["product_id"], unique=False)
