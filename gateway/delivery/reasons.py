"""Why a display is not confirmed, in the closed set of the POS contract.

In: what is known of tag, bridge and the last attempt. Out: one reason. Rule: the cause a person can mend comes first.
"""

from firmware_protocol import ReportState
from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.limits import BATTERY_LOW_MV, CONTACTS_BEFORE_RETRY
from gateway.delivery.plan import Attempt
from gateway.delivery.tags import TagLink
from gateway.shelf import Reason


def reason_of(
    link: TagLink | None, session: BridgeSession | None, attempt: Attempt | None, label: Reason | None, now_s: float
) -> Reason:
    """`session`: of the bridge that serves the tag; `label`: why its label shows no price, if it shows none."""
    if label in (Reason.UNBOUND, Reason.PRODUCT_REMOVED):
        return label
    if link is None or link.last_heard_s is None:
        return Reason.BRIDGE_DOWN if session is not None and not session.open else Reason.OUT_OF_RANGE
    if session is not None and not session.open:
        return Reason.BRIDGE_DOWN
    contact_s = session.contact_s if session is not None else 0.0
    silent = link.lost or (
        attempt is not None and attempt.unanswered > 1 and now_s - link.last_heard_s > CONTACTS_BEFORE_RETRY * contact_s
    )
    if silent:
        low = link.battery_mv is not None and 0 < link.battery_mv < BATTERY_LOW_MV
        return Reason.BATTERY if low else Reason.ASLEEP
    if attempt is not None and attempt.answer is ReportState.REFUSED and attempt.failed > 1:  # the whole picture, too
        return Reason.REFUSED_IMAGE
    if attempt is not None and attempt.answer in (ReportState.FAILED, ReportState.GLASS_UNKNOWN) and attempt.failed:
        return Reason.REFRESH_FAILED
    return label or Reason.NOT_YET
