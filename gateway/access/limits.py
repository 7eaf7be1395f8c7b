"""Every number of this folder that caps or waits, with its reason."""

# Two live tokens of a kind let a POS change its token without an interruption; more would only be forgotten ones.
LIVE_TOKENS_MAX = 2
# A token for a while, such as that of one import: whoever needs more than a day needs one without an end.
LIVES_S_MAX = 24 * 60 * 60

# A repeated request is recognised for a day: a till that was off over night still gets its first answer.
ANSWER_KEPT_MS = 24 * 60 * 60 * 1000

# 256 bits: a token is drawn, never guessed, so a plain hash of it is enough to keep.
TOKEN_OCTETS = 32
BRIDGE_PASSWORD_OCTETS = 24

# The wire's HELLO carries the run id in this many octets.
RUN_ID_OCTETS = 8

# After a restore every number that others may remember goes to the clock's, or up by this much where the clock is
# behind it; a tag whose number is further ahead of ours than this is not followed (docs/protocol.md, "Restore").
RESTORE_JUMP = 2**20

# Revisions are u32, and half of them are left to our own moves. Seconds since 2026 come to as many in 2094.
RESTORE_CLOCK_S_MAX = 2**31
