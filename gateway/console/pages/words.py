"""The words of the pages for states, facts and reasons. Rule: *wanted*, *received* and *proved* never mean the same."""

from collections.abc import Mapping

from gateway.console.pages.wall import State
from gateway.shelf import Fact, Reason

STATES: Mapping[State, str] = {
    State.PROVED: "proved",
    State.WAITING: "on its way",
    State.UNKNOWN: "glass not known yet",
    State.IDLE: "never bound",
    State.REMOVED: "removed",
}
FACTS: Mapping[str, str] = {
    Fact.DESIRED.value: "wanted",
    Fact.OFFERED.value: "offered to the tag",
    Fact.RECEIVED.value: "received by the tag",
    Fact.PROVED.value: "proved on the glass",
    Fact.SETTLED.value: "proved without asking: it returned before anything was sent",
    Fact.FAILED.value: "refresh failed",
    Fact.REFUSED.value: "refused by the tag",
    Fact.UNKNOWN.value: "glass not known any more",
}
REASONS: Mapping[str, str] = {
    Reason.ASLEEP.value: "the tag sleeps until its next contact",
    Reason.OUT_OF_RANGE.value: "no bridge hears the tag",
    Reason.BATTERY.value: "the tag's battery is too low",
    Reason.BRIDGE_DOWN.value: "the tag's bridge is away",
    Reason.REFUSED_IMAGE.value: "the tag refused the picture",
    Reason.REFRESH_FAILED.value: "the glass did not refresh as it should",
    Reason.LABEL_REFUSED.value: "the label cannot be drawn whole; it shows less",
    Reason.ZERO_PRICE.value: "the product has no price above zero; the label says: price at the till",
    Reason.UNBOUND.value: "it is bound to no product",
    Reason.PRODUCT_REMOVED.value: "its product was removed",
    Reason.SUPERSEDED.value: "a newer picture is on its way",
    Reason.NOT_YET.value: "on its way",
}
