"""The numbers of the pages, each with its reason."""

# One message a fifth of a second: smooth for the eye, and a wave of 2,000 proofs costs ten reads, not 2,000.
GATHER_S = 0.2
# Proxies give up on a silent stream after some 30 s, and the page itself after 40 (static/live.js).
BEAT_S = 15.0
# How soon a browser whose stream broke asks again: a killed gateway is back within a second or two.
RETRY_MS = 1_000
# A read names at most so many displays: far below SQLite's 32,766 parameters, and other readers get their turn.
DISPLAYS_A_READ = 500
# Batches among which the one in progress is looked for; a store has rarely more than two that are not over.
BATCHES_LOOKED_AT = 8
# Pictures kept as PNG: 2,000 glasses and their next contents, some 1 kB each.
PICTURES_KEPT = 5_000
# A picture never changes under its name, which is the hash of its pixels. Private: where a token is asked for, no
# proxy may hand it to others.
PICTURE_CACHE_CONTROL = "private, max-age=31536000, immutable"
# Browsers ask each time and mostly hear 304: after an update no page runs with half of the old script.
ASSET_CACHE_CONTROL = "no-cache"
# A person's memory of a display; the admin API pages through the rest.
HISTORY_SHOWN = 60
# The token is asked for once a quarter on each device.
COOKIE_S = 90 * 24 * 3600
# A token and where to go on to.
LOGIN_OCTETS_MAX = 8_192
