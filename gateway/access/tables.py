"""The tables of access: stores, tokens, what sandbox traffic has shown, remembered answers, bridges, audit, runs.

Rule: of a token only its hash is kept. Times are milliseconds since the Unix epoch, UTC. Why these tables:
docs/architecture.md.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gateway.database import metadata

store = Table(
    "store",
    metadata,
    Column("store_id", Text, primary_key=True),
    Column("twin_of", Text, ForeignKey("store.store_id")),  # set for the sandbox twin of a store in production
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("law", Text, nullable=False),
    Column("allow_zero_price", Boolean, nullable=False),
    Column("settings_version", Integer, nullable=False),
    Column("next_accepted_seq", BigInteger, nullable=False),
    Column("next_product_version", BigInteger, nullable=False),
    Column("restores", Integer, nullable=False),  # how often its numbers have jumped: what is older may be forgotten
    Column("source", Text),  # the authority elsewhere that gives the numbers; null = this gateway
    Column("trial", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("token_id", Text, nullable=False, unique=True),
    Column("store_id", Text, ForeignKey("store.store_id"), nullable=False),
    Column("kind", Text, nullable=False),  # sandbox | production
    Column("field_map", Text),  # JSON object: our field name by theirs
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("ends_at", BigInteger),  # of one that was made for a while
    Index("token_of_store", "store_id"),
)

sandbox_mark = Table(
    "sandbox_mark",
    metadata,
    Column("store_id", Text, ForeignKey("store.store_id"), primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("store_id", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("idempotency_expiry", "expires_at"),
)

bridge_credential = Table(
    "bridge_credential",
    metadata,
    Column("bridge_id", Text, primary_key=True),  # <store>/<name>
    Column("store_id", Text, ForeignKey("store.store_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),  # in clear: the broker's own configuration beside this file needs it
    Column("created_at", BigInteger, nullable=False),
    Index("bridge_credential_of_store", "store_id"),
)

sync_credential = Table(
    "sync_credential",
    metadata,
    Column("store_id", Text, ForeignKey("store.store_id"), primary_key=True),
    Column("password", Text, nullable=False),  # in clear, as a bridge's
    Column("created_at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text),  # JSON object
)

run = Table(
    "run",
    metadata,
    Column("run_id", LargeBinary, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
)
