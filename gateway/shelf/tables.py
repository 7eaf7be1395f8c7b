"""The shelf's tables: tags, displays, bindings, what each display should show, what it proved, and its history.

Rule: `display_history` is append-only, one row per fact; *desired* and *shown* hold the present alone.
Times are milliseconds since the Unix epoch, UTC. Why these tables: docs/architecture.md.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from gateway.database import metadata

tag = Table(
    "tag",
    metadata,
    Column("tag_id", Text, primary_key=True),
    Column("store_id", Text, nullable=False),
    Column("factory_code", LargeBinary, nullable=False),  # sealed under site.key; empty: of a radio module's tag
    Column("model", Text, nullable=False),
    Column("approved_at", BigInteger),
    Column("removed_at", BigInteger),
    Column("twin_at", BigInteger),  # when two tags of this id were heard; null: there is one. Nothing is sent meanwhile
    Column("twin_cause", Text),
    Column("hw_type", Integer),  # of a radio module's tag: its OpenEPaperLink type; null: it speaks our wire
    Index("tag_of_store", "store_id"),
)

display = Table(
    "display",
    metadata,
    Column("display_id", Text, primary_key=True),
    Column("tag_id", Text, ForeignKey("tag.tag_id"), nullable=False),
    Column("idx", Integer, nullable=False),
    Column("store_id", Text, nullable=False),
    Column("panel", Text, nullable=False),
    Column("binding_version", Integer, nullable=False, default=0),  # 0 = never bound: nothing is sent to it
    Column("template", Text, nullable=False, default="shelf"),
    Column("removed_at", BigInteger),
    UniqueConstraint("tag_id", "idx", name="display_of_tag"),
    Index("display_of_store", "store_id"),
)

binding = Table(
    "binding",
    metadata,
    Column("display_id", Text, ForeignKey("display.display_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("product_id", Integer, nullable=False),
    Column("barcode", Text, nullable=False),
    Index("binding_of_product", "product_id"),
    sqlite_with_rowid=False,
)

template_release = Table(
    "template_release",
    metadata,
    Column("template", Text, primary_key=True),
    Column("release", Text, nullable=False),
    Column("released_at", BigInteger, nullable=False),
)

content = Table(
    "content",
    metadata,
    Column("content_id", LargeBinary, primary_key=True),
    Column("panel", Text, nullable=False),
    Column("deflated", LargeBinary, nullable=False),  # the planes as the wire's deflate codec packs them
)

desired = Table(
    "desired",
    metadata,
    Column("display_id", Text, ForeignKey("display.display_id"), primary_key=True),
    Column("store_id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("content_id", LargeBinary, nullable=False),
    Column("next_revision", BigInteger),
    Column("next_content_id", LargeBinary),
    Column("next_at", BigInteger),
    Column("binding_version", Integer, nullable=False),
    Column("template_release", Text, nullable=False),
    Column("settings_version", Integer, nullable=False),
    Column("valid_from", BigInteger),
    Column("valid_until", BigInteger),
    Column("fallback_reason", Text),
    Column("fallback_detail", Text),
    Column("moved_at", BigInteger, nullable=False),
    Index("desired_of_store", "store_id"),
    Index("desired_until", "valid_until"),
    sqlite_with_rowid=False,
)

desired_source = Table(
    "desired_source",
    metadata,
    Column("display_id", Text, ForeignKey("desired.display_id"), primary_key=True),
    Column("product_id", Integer, primary_key=True),
    Column("product_version", BigInteger, nullable=False),
    Index("desired_source_of_product", "product_id"),
    sqlite_with_rowid=False,
)

shown = Table(
    "shown",
    metadata,
    Column("display_id", Text, ForeignKey("display.display_id"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("content_id", LargeBinary),  # null = unknown
    Column("refresh_counter", Integer, nullable=False),
    Column("how", Text, nullable=False),  # glass | report | settled
    Column("up_counter", BigInteger),  # of the newest report heard under the present key; null = none
    Column("proved_at", BigInteger),
    Column("takes_differences", Boolean, nullable=False, default=False, server_default=false()),  # its newest report
    sqlite_with_rowid=False,
)

display_history = Table(
    "display_history",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("display_id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("fact", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("content_id", LargeBinary),
    Column("bridge_id", Text),
    Column("cause", Text),
    Column("drawn_from", Text),  # product_id:version, …, of a *desired* fact
    Index("history_of_display", "display_id", "seq"),
)
