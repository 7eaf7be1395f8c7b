"""Where shipped stacks differ in what a tag accepts and answers: one profile a stack, as data.

In: nothing. Out: `PROFILES`, of which `OURS` is the default. Rule: whoever behaves differently for a stack looks here;
no stack's name stands in any other module. A gateway needs none of it: `answers.what_it_says` reads them all alike.
Sources: nRF ESL `service/esl.c`; Silicon Labs `esl_tag_core`; an EtherMind-derived tag; Espressif `ble_esl` 1.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from msgspec import Struct

from firmware_protocol.service.absolute_time import Bound
from firmware_protocol.service.responses import ErrorCode


class Overflow(Enum):
    """What a tag does when the next answer finds no room in its packet. It answers nothing behind it."""

    KEEPS_ROOM = "room for Error is always kept; what finds none is not done"
    REPLACES_LAST = "it is done, and Error takes the place of the last answer"
    ADDS_IF_ROOM = "it is done, and Error is added if there is room"


class Quirks(Struct, frozen=True):
    """`None` for an error: the command is obeyed.

    `nothing_of_its_kind`: the tag has no display, LED or sensor at all. `update_complete_answered`: by Basic State.
    `obeys_broadcast_unassociate`: when it comes for all tags of a group. `broadcast_when_connected`: to ESL_ID 0xFF
    over the control point. `off_after_ms`: how long it waits unassociated until it switches itself off for good.
    `led_seconds_count_runs`: an LED that plays for seconds stops after as many runs, too. `refuses_replays`: a packet
    whose randomizer was used before, or is far below the newest, is not heard; only for access points that count.
    """

    name: str
    image_index_too_high: ErrorCode = ErrorCode.INVALID_IMAGE_INDEX
    display_index_too_high: ErrorCode = ErrorCode.INVALID_PARAMETERS
    nothing_of_its_kind: ErrorCode = ErrorCode.INVALID_OPCODE
    refresh_nothing_shown: ErrorCode = ErrorCode.INVALID_IMAGE_INDEX
    delete_nothing_pending: ErrorCode | None = None
    broadcast_when_connected: ErrorCode | None = ErrorCode.INVALID_PARAMETERS
    time_bound: Bound = Bound.UP_TO_48_DAYS
    overflow: Overflow = Overflow.KEEPS_ROOM
    update_complete_answered: bool = False
    obeys_broadcast_unassociate: bool = False
    unassociate_after_ms: int = 0
    led_seconds_count_runs: bool = False
    off_after_ms: int | None = None
    refuses_replays: bool = False


OURS = Quirks("ours", refuses_replays=True)
NORDIC = Quirks(
    "nordic",
    image_index_too_high=ErrorCode.INVALID_PARAMETERS,  # its work-around for erratum ES-23182
    broadcast_when_connected=None,
    time_bound=Bound.BELOW_48_DAYS,
    overflow=Overflow.REPLACES_LAST,
    update_complete_answered=True,
    led_seconds_count_runs=True,
)
SILICON_LABS = Quirks(
    "silicon-labs",
    refresh_nothing_shown=ErrorCode.UNSPECIFIED,
    delete_nothing_pending=ErrorCode.INVALID_PARAMETERS,
    overflow=Overflow.ADDS_IF_ROOM,
    obeys_broadcast_unassociate=True,
    unassociate_after_ms=750,
    off_after_ms=3_600_000,
)
ETHERMIND = Quirks("ethermind", display_index_too_high=ErrorCode.UNSPECIFIED, time_bound=Bound.RAW_UP_TO_48_DAYS)
ESPRESSIF = Quirks("espressif")

PROFILES: Mapping[str, Quirks] = MappingProxyType(
    {profile.name: profile for profile in (OURS, NORDIC, SILICON_LABS, ETHERMIND, ESPRESSIF)}
)
