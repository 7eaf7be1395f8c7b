"""Every number that caps a chunk, with its reason above it."""

# What the embedded broker lets pass (docs/chunks.md): 1,000 products with all texts and a year of changes fit well.
CHUNK_OCTETS_MAX = 8 << 20
# Ids are repeated in answers and logs, and nobody needs a longer one.
ID_LENGTH_MAX = 64
# More chunks than a whole assortment of ten million products has.
CHUNKS_MAX = 10_000
# Chunks waiting for their turn: eight of the largest. A sender that has more on the way repeats them later.
WAITING_OCTETS_MAX = 8 * CHUNK_OCTETS_MAX
