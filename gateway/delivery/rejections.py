"""What was heard and not believed, counted by reason. A figure for people: nothing depends on it."""

from collections.abc import Mapping
from enum import StrEnum


class Rejection(StrEnum):
    """One for each message of a bridge, or item of a tag, that changed nothing. Values end the names of figures."""

    PAYLOAD = "payload_not_understood"  # a whole payload: damaged, or not of this protocol
    ITEM = "item_not_understood"  # an item of a tag whose octets have not the shape of its kind
    STRANGER = "stranger"  # about a tag that this store does not have
    NO_KEYS = "without_keys"  # sealed, by a tag that has no keys of ours: it is asked to commission
    SEAL = "seal_broken"  # opens under no key of its tag: forged, damaged, another tag's, or said under former keys
    REPLAYED = "replayed"  # opens, and was heard before, or is too old to tell
    JOIN_FORGED = "join_forged"  # a join request that was not made with the tag's factory code
    JOIN_RECORDED = "join_recorded"  # one whose nonce has been answered before: a tag draws a new one each time
    JOIN_UNASKED = "join_unasked"  # a commissioned tag asks for new keys, and nobody asked it to
    CANNOT_OPEN = (
        "cannot_open_unfounded"  # it cannot open something that we did not say under these keys, or said so before
    )
    TWIN = "twin"  # said in the name of a tag that a person must look at first
    ENCODING = "encoding_unknown"  # a bridge asks for parts of a picture that is on offer to nobody


FIGURES: Mapping[Rejection, str] = {
    Rejection.PAYLOAD: "Payloads of bridges that were damaged, or are not of this protocol.",
    Rejection.ITEM: "Items of tags whose octets have not the shape of their kind.",
    Rejection.STRANGER: "Messages about tags that their store does not have.",
    Rejection.NO_KEYS: "Sealed items of tags that have no keys yet.",
    Rejection.SEAL: "Sealed items that open under no key of their tag.",
    Rejection.REPLAYED: "Sealed items that were heard before.",
    Rejection.JOIN_FORGED: "Join requests that were not made with their tag's factory code.",
    Rejection.JOIN_RECORDED: "Join requests whose nonce had been answered before.",
    Rejection.JOIN_UNASKED: "Join requests of commissioned tags that nobody had asked for new keys.",
    Rejection.CANNOT_OPEN: "Complaints of tags about messages that were not said, or that they complained of before.",
    Rejection.TWIN: "Items in the name of tags that have a twin.",
    Rejection.ENCODING: "Wishes of bridges for pictures that are on offer to nobody.",
}


class Rejections:
    """Counts since the start, all reasons from the beginning."""

    def __init__(self) -> None:
        self.by_reason: dict[Rejection, int] = dict.fromkeys(Rejection, 0)

    def add(self, reason: Rejection) -> None:
        self.by_reason[reason] += 1

    @property
    def total(self) -> int:
        return sum(self.by_reason.values())
