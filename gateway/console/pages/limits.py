"""The numbers of the pages, each with its reason."""

# One message a fifth of a second: smooth for the eye, and a wave of 2,000 proofs costs ten reads, not 2,000.
GATHER_S = 0.2
# Proxies and browsers give up on a silent stream after some 30 s.
BEAT_S = 15.0
# Pictures kept as PNG: 2,000 glasses and their next contents, some 2 kB each.
PICTURES_KEPT = 5_000
# A picture never changes under its name, which is the hash of its pixels.
PICTURE_CACHE_CONTROL = "public, max-age=31536000, immutable"
# A person's memory of a display; the admin API pages through the rest.
HISTORY_SHOWN = 40
