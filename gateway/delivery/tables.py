"""Delivery's tables: bridges, which bridge serves which tag, the keys between tag and gateway, the newest offer.

Rule: an offer is a row here before its first octet leaves (docs/protocol.md, "Manifests"). Encodings are a cache, not a
table. Times are milliseconds since the Unix epoch, UTC.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from gateway.database import metadata

bridge = Table(
    "bridge",
    metadata,
    Column("bridge_id", Text, primary_key=True),  # "<store>/<name>"
    Column("store_id", Text, nullable=False),
    Column("carrier", Text, nullable=False),  # mqtt | serial | openepaperlink
    Column("path", Text),  # of a serial bridge or a radio module: its stable device path
    Column("boot_id", LargeBinary),
    Column("last_run_id", LargeBinary),
    Column("profile", Integer),
    Column("registered_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    Column("channel", Integer),  # of a radio module
    Index("bridge_of_store", "store_id"),
)

association = Table(
    "association",
    metadata,
    Column("tag_id", Text, primary_key=True),
    Column("bridge_id", Text, nullable=False),
    Column("group_no", Integer, nullable=False),
    Column("esl_id", Integer, nullable=False),
    UniqueConstraint("bridge_id", "group_no", "esl_id", name="esl_address_of_bridge"),
    sqlite_with_rowid=False,
)

tag_key = Table(
    "tag_key",
    metadata,
    Column("tag_id", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("tag_nonce", LargeBinary, nullable=False),
    Column("gateway_nonce", LargeBinary, nullable=False),
    Column("down_reserved", BigInteger, nullable=False),  # counters up to here may have been used
    Column("heard_at", BigInteger),  # null: the tag has not been heard under this key yet
    Column("renew_from", Integer),  # the generation that somebody wants replaced; null: none
    sqlite_with_rowid=False,
)

# Nonces of join requests that were answered: a tag draws a new one each time, so who says one again has recorded it.
used_nonce = Table(
    "used_nonce",
    metadata,
    Column("tag_id", Text, primary_key=True),
    Column("tag_nonce", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

offer = Table(
    "offer",
    metadata,
    Column("display_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),  # the highest ever recorded
    Column("encoding_id", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_contact_at", BigInteger),
    Column("answer", Text),  # the newest answer to this revision: received | refreshing | failed | refused
    Column("base_content_id", LargeBinary),  # of a difference: the content it builds on
    sqlite_with_rowid=False,
)
