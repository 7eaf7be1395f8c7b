"""The words of the shelf: facts of the history, reasons, and the events that nudge whoever compares tables.

Rule: *offered*, *received* and *proved* are three different facts and never stand for one another.
"""

from enum import StrEnum

from msgspec import Struct


class Fact(StrEnum):
    """One row of `display_history` each."""

    DESIRED = "desired"  # what the display shall show has moved
    OFFERED = "offered"  # a manifest was recorded; it may be out from now on
    RECEIVED = "received"  # the tag has accepted the manifest
    PROVED = "proved"  # the tag reports, after its refresh, that its glass shows it
    SETTLED = "settled"  # content returned and nothing had been offered since: proved without asking
    FAILED = "failed"  # the tag reports that a refresh failed
    REFUSED = "refused"  # the tag refused what was offered
    UNKNOWN = "unknown"  # what the glass shows is not known any more


class Reason(StrEnum):
    """Why a display is not confirmed, or shows no price: the closed set of the POS contract."""

    ASLEEP = "asleep"
    OUT_OF_RANGE = "out_of_range"
    BATTERY = "battery"
    BRIDGE_DOWN = "bridge_down"
    REFUSED_IMAGE = "refused_image"
    REFRESH_FAILED = "refresh_failed"
    LABEL_REFUSED = "label_refused"
    ZERO_PRICE = "zero_price"
    UNBOUND = "unbound"
    PRODUCT_REMOVED = "product_removed"
    SUPERSEDED = "superseded"
    NOT_YET = "not_yet"


class BindingsChanged(Struct, frozen=True):
    """Bindings, approvals or removals were committed: these displays may be stale."""

    store_id: str
    display_ids: tuple[str, ...]


class DesiredMoved(Struct, frozen=True):
    """New revisions were committed: these displays shall show something else."""

    store_id: str
    display_ids: tuple[str, ...]


class ShownMoved(Struct, frozen=True):
    """A fact about what a glass shows was committed."""

    store_id: str
    display_id: str
    revision: int
    fact: Fact
