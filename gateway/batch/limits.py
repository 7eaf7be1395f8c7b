"""Every number of a batch that caps, waits or retries, with its reason."""

# POS contract: a session lives this long from its start; pushes do not prolong it.
SESSION_LIVES_S = 30 * 60
# POS contract: this many sessions of a store may be open at once.
OPEN_SESSIONS_MAX = 16
# POS contract: products in a push, and in a display-sync chunk; saving takes the same slices.
ROWS_PER_SLICE = 1_000
# POS contract: the status is kept for 30 days.
STATUS_KEPT_MS = 30 * 24 * 60 * 60 * 1000
# POS contract: a list that misses more than a fifth of the store removes nothing unless it is forced.
REMOVAL_SHARE_MAX = 0.20
# POS contract: the status shows the first hundred errors; the listing shows all.
ERRORS_IN_STATUS = 100
# Session ids are `[A-Za-z0-9_-]{16,64}`; 144 bits cannot be guessed.
SESSION_ID_OCTETS = 18

# POS contract: every display is looked at each 30 s for up to 6 minutes.
VERIFICATION_ROUND_S, VERIFICATION_ROUNDS = 30, 12
if VERIFICATION_ROUND_S * VERIFICATION_ROUNDS != 6 * 60:
    raise ValueError("the rounds must fill the six minutes")

# Expired sessions are noticed at once by whoever asks; this only sweeps their rows out.
SWEEP_EVERY_S = 60.0
# A full disk is tried again this often: soon enough for a person who has just made space.
RETRY_AFTER_TROUBLE_S = 5.0
# A worker that dies again and again over one batch, or a disk with errors, is a fault that a person must see.
TRIES_MAX = 5
# What the status repeats of an error of ours: its kind and a sentence, not a page.
FAILURE_CHARACTERS_MAX = 500
