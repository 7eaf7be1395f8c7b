"""Every number by which sync waits, retries or cuts, with its reason above it."""

# A nudge may be lost and a clock may jump: the tables are compared at least this often (docs/architecture.md).
LOOK_AT_LEAST_EVERY_S = 60.0
# A worker that died or a full disk: soon enough for a person who mends it, rare enough not to spin.
RETRY_AFTER_TROUBLE_S = 2.0
# One write transaction: long enough to share its fsync, short enough (tens of ms) not to keep a POS waiting. The sooner
# the first labels are written, the sooner bridges and tags have work of their own: more than this and they stood idle.
DISPLAYS_AT_ONCE = 256
# Four calls for the displays of a transaction: two workers were as busy as with two calls, and four have one each.
LABELS_IN_A_WORKER_CALL = 64
# Each round redraws only what changed meanwhile; more rounds than this and the next nudge goes on.
DRAWS_BEFORE_GIVING_UP = 20
# What was bound between a chunk's last drawing and its counting is drawn at once; after that whoever asked asks again.
LOOKS_AT_A_CHUNK = 3
# About 1.2 kB each: one product on several displays, and prices that come back, are drawn once.
PACKED_KEPT = 20_000
