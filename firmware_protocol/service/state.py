"""The states of a tag in the service, as data: which event leads where, and what a state waits for.

In: an event. Out: the next state. Rule: all transitions stand in `TRANSITIONS`, the picture in docs/protocol.md is
compared with it, and a pair that is not in it does not happen. Source: ESL service 2.7.3, ESL profile 8.3, as Nordic's
and Silicon Labs' stacks cite them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from firmware_protocol.service.row import EslState

# Without a valid message a synchronized tag gives its synchronization up, and so long after that its access point.
# One packet an hour to any tag of a group keeps the whole group; access points say one each 10 or 30 minutes.
SILENCE_MS = 60 * 60 * 1000


class EslEvent(Enum):
    CONNECTED = "connected"  # by an access point, and the link is encrypted
    COMPLETE = "complete"  # Update Complete and synchronized, in either order: the tag closes the link
    LINK_LOST = "link lost"  # before that; all that makes a tag associated has been written
    LINK_LOST_EARLY = "link lost early"  # before all of it was written
    SYNC_LOST = "sync lost"  # too many packets of its subevent missed
    SILENCE = "60 minutes"  # without a valid message, or without being connected
    UNASSOCIATE = "Unassociate"
    RESET = "reset"  # Factory Reset over the link, or by a person in any state


_ = EslState
TRANSITIONS: Mapping[EslState, Mapping[EslEvent, EslState]] = MappingProxyType(
    {
        _.UNASSOCIATED: {
            EslEvent.CONNECTED: _.CONFIGURING,
            EslEvent.RESET: _.UNASSOCIATED,
        },
        _.CONFIGURING: {
            EslEvent.COMPLETE: _.SYNCHRONIZED,
            EslEvent.LINK_LOST: _.UNSYNCHRONIZED,
            EslEvent.LINK_LOST_EARLY: _.UNASSOCIATED,
            EslEvent.UNASSOCIATE: _.UNASSOCIATED,
            EslEvent.RESET: _.UNASSOCIATED,
        },
        _.SYNCHRONIZED: {
            EslEvent.CONNECTED: _.UPDATING,
            EslEvent.SYNC_LOST: _.UNSYNCHRONIZED,
            EslEvent.SILENCE: _.UNSYNCHRONIZED,
            EslEvent.UNASSOCIATE: _.UNASSOCIATED,
            EslEvent.RESET: _.UNASSOCIATED,
        },
        _.UPDATING: {
            EslEvent.COMPLETE: _.SYNCHRONIZED,
            EslEvent.LINK_LOST: _.UNSYNCHRONIZED,
            EslEvent.UNASSOCIATE: _.UNASSOCIATED,
            EslEvent.RESET: _.UNASSOCIATED,
        },
        _.UNSYNCHRONIZED: {
            EslEvent.CONNECTED: _.UPDATING,
            EslEvent.SILENCE: _.UNASSOCIATED,
            EslEvent.UNASSOCIATE: _.UNASSOCIATED,  # heard before, by a tag that takes its time over it
            EslEvent.RESET: _.UNASSOCIATED,
        },
    }
)


class WrongEvent(RuntimeError):
    """Our own caller told of an event that this state does not have: stop the run."""

    def __init__(self, state: EslState, event: EslEvent) -> None:
        super().__init__(f"{event.value}, but the tag is {state.name}")
        self.state, self.event = state, event


def next_state(state: EslState, event: EslEvent) -> EslState:
    """Raises `WrongEvent`."""
    reached = TRANSITIONS[state].get(event)
    if reached is None:
        raise WrongEvent(state, event)
    return reached
