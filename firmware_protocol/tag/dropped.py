"""Why a tag did nothing about something it heard: counted by reason, in RAM, for whoever looks at a tag on a bench."""

from enum import StrEnum


class Dropped(StrEnum):
    NOT_UNDERSTOOD = "not_understood"  # it opened, and its fields cannot be
    SEAL_BROKEN = "seal_broken"  # forged, damaged, another tag's, or under keys that are no longer ours
    REPLAYED = "replayed"  # its counter was used before; a manifest is answered all the same
    WITHOUT_KEYS = "without_keys"  # sealed, and this tag has no keys to open it with
    OLDER = "older"  # a manifest under a lower revision than this tag holds, or under its own with another content
    UNWANTED_PART = "unwanted_part"  # of a picture that this tag does not fetch
    BAD_BLOCK = "bad_block"  # parts that the sealed manifest does not vouch for
