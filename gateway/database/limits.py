"""Every number of this folder that waits or caps, with its reason."""

# One fsync (0.4 ms measured on the slowest disk tried) answers this many requests at most; more would only make
# the first of them wait for the last.
GROUP_WRITES_MAX = 64

# A status poll never waits for a save, and one slow listing never stops the polls.
READERS = 2

# Somebody else (a backup, a person with `sqlite3`) may hold the file for a moment.
BUSY_WAIT_S = 5.0

# Pages of the file that the writer keeps in memory, in KiB: the indexes of a hypermarket's catalogue.
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024

# The journal is copied into the database file each time it has grown by this many pages (of 4 KiB): each copy costs
# two fsyncs, a longer journal only disk space and a slower first read after a crash.
CHECKPOINT_PAGES = 4000

# A copy for a backup tells how far it is after this many pages (16 MiB): a bar that moves, and not a call a page.
PAGES_A_STEP = 4096
