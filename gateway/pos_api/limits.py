"""Every number of this folder that caps or waits, with its reason."""

# POS contract, Rows: a request with more is refused whole, so that a POS learns to cut its list.
PRODUCTS_PER_REQUEST_MAX = 1_000

# POS contract, rule 4: counted after decoding. 1,000 rows of 10 kB of description each still fit.
BODY_OCTETS_MAX = 16 * 1024 * 1024
# POS contract, rule 4: what a client still writes is read and thrown away this long before it is refused; otherwise
# a client that writes first and reads later sees a reset connection instead of the answer (measured).
DISCARD_OCTETS_MAX = 128 * 1024 * 1024
DISCARD_S_MAX = 10.0
# `gzip, deflate` is already more than any POS sends.
CODINGS_MAX = 2

# POS contract, rule 8.
REQUESTS_PER_S = 1_000
BURST_REQUESTS = 2_000
# A bucket is 100 octets; a gateway with more live tokens than this forgets the ones that are full again.
BUCKETS_REMEMBERED_MAX = 10_000

# POS contract, Batches: what answers and the document say; `gateway.batch.limits` holds them.
SESSION_S = 30 * 60
SESSIONS_OPEN_MAX = 16
STATUS_POLL_S = 5
ERRORS_IN_STATUS_MAX = 100
PAGE_ITEMS_DEFAULT = 100
PAGE_ITEMS_MAX = 1_000

# A UUID has 36 characters; a POS that puts document numbers into its keys stays well below this.
IDEMPOTENCY_KEY_LENGTH_MAX = 255

# POS contract, rule 5: the published poll is every 5 to 10 s, pools keep connections for 30 to 90 s.
KEEP_ALIVE_S = 120
# SIGTERM waits this long for requests that are being answered; a save takes far less.
GRACEFUL_SHUTDOWN_S = 10

# Sandbox checklist: rejected barcodes remembered per store until one of them is corrected.
REJECTED_REMEMBERED_MAX = 1_000

REQUEST_ID_OCTETS = 8

# What Retry-After says: a session of the store expires some time within half an hour; a person frees the disk.
OPEN_SESSIONS_RETRY_S = 60
STORAGE_RETRY_S = 60
# /readyz: a gateway that starts needs a second or two.
NOT_READY_RETRY_S = 2
