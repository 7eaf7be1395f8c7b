"""The tables of batch: sessions, their staged rows and errors, chunks, and the displays that a batch waits for.

Rule: everything a restart needs is here; memory holds nothing but nudges. A staged push lives until it is saved.
Times are milliseconds since the Unix epoch, UTC. Why these tables: docs/architecture.md.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from gateway.database import metadata

session = Table(
    "session",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("store_id", Text, ForeignKey("store.store_id"), nullable=False),
    Column("mode", Text, nullable=False),  # update | full
    Column("remove_missing", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # open | processing | completed | failed | expired
    Column("phase", Text),  # saving | syncing | verifying, while processing
    Column("failure", Text),
    # Whatever was accepted after this number is newer than the session: it is never missing.
    Column("started_seq", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger),  # when the POS said that all has been sent
    Column("complete_no", Integer),  # the order in which sessions are processed
    Column("saved_at", BigInteger),
    Column("synced_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("pushes", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("displays_bound", Integer),  # when saving ended: what the progress of syncing is measured against
    Column("round", Integer, nullable=False),
    Column("next_check_at", BigInteger),
    Index("session_of_store", "store_id", "state"),
)

# The accepted rows of one push, in the order of their numbers: a line a row cost four times as much (measured).
staged_push = Table(
    "staged_push",
    metadata,
    Column("session_id", Text, ForeignKey("session.session_id"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
    Column("barcodes", Text, nullable=False),  # JSON
    Column("rows", Text, nullable=False),  # JSON of ParsedRows
)

row_error = Table(
    "row_error",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("session_id", Text, ForeignKey("session.session_id"), nullable=False),
    Column("push_no", Integer, nullable=False),
    Column("idx", Integer, nullable=False),  # the row's place in its push
    Column("barcode", Text),
    Column("field", Text),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text),
    Index("row_error_of_session", "session_id", "seq"),
)

missing_product = Table(
    "missing_product",
    metadata,
    Column("session_id", Text, ForeignKey("session.session_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("product_id", Integer, nullable=False),
    Column("barcode", Text, nullable=False),
    sqlite_with_rowid=False,
)

chunk = Table(
    "chunk",
    metadata,
    Column("chunk_id", Text, primary_key=True),
    Column("session_id", Text, ForeignKey("session.session_id"), nullable=False),
    Column("idx", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # rows: staged rows first..last · removal: missing products first..last
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("products", Text),  # JSON: [product id, barcode, version] of each, once it is saved
    Column("displays_total", Integer),  # the result, once it is handled
    Column("displays_handled", Integer),
    Column("refused", Text),  # JSON: display ids
    Index("chunk_of_session", "session_id", "idx", unique=True),
)

batch_display = Table(
    "batch_display",
    metadata,
    Column("session_id", Text, ForeignKey("session.session_id"), primary_key=True),
    Column("display_id", Text, primary_key=True),
    Column("needed_revision", BigInteger, nullable=False),
    # Null: confirmed when the batch began to wait. Else only facts of `display_history` after this one count.
    Column("after_seq", BigInteger),
    Column("reason", Text),
    Column("confirmed_at", BigInteger),
    Index("batch_display_waiting", "display_id", sqlite_where=text("confirmed_at IS NULL")),
    sqlite_with_rowid=False,
)
