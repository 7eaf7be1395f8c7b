"""The commands of the service: what an access point asks of a tag.

Each row: opcode, fields, the states in which it is legal (elsewhere it is answered by Error *invalid state*), its
answer, and whether it may be said to all tags of a group at once. On the poll profile the tag is named by the frame, so
ESL_ID is written 0 and not looked at.
"""

from __future__ import annotations

from firmware_protocol.layout import rest, u8, u32
from firmware_protocol.service.led import (
    FlashPattern,
    LedColour,
    LedOrder,
    Repeat,
    flash_pattern,
    led_colour,
    repeat,
)
from firmware_protocol.service.responses import BasicState, DisplayState, LedState, SensorValue, VendorResponse
from firmware_protocol.service.row import ANY_HEARING, CONNECTED, command

BROADCAST_ESL_ID = 0xFF


@command(0x00, legal_in=ANY_HEARING, answer=BasicState, spec="ESL service, Ping")
class Ping:
    esl_id: int = u8()


@command(0x01, legal_in=ANY_HEARING, answer=BasicState, spec="ESL service, Unassociate from AP")
class UnassociateFromAp:
    """Answered with the *synchronized* bit already 0. Never said to all: stacks disagree on whether it is obeyed."""

    esl_id: int = u8()


@command(0x02, legal_in=ANY_HEARING, answer=BasicState, broadcast=True, spec="ESL service, Service Reset")
class ServiceReset:
    """Answered with the *service needed* bit already 0."""

    esl_id: int = u8()


@command(0x03, legal_in=CONNECTED, answer=None, spec="ESL service, Factory Reset")
class FactoryReset:
    esl_id: int = u8()


@command(0x04, legal_in=CONNECTED, answer=None, spec="ESL service, Update Complete")
class UpdateComplete:
    esl_id: int = u8()


@command(0x10, legal_in=ANY_HEARING, answer=SensorValue, spec="ESL service, Read Sensor Data")
class ReadSensorData:
    esl_id: int = u8()
    sensor_index: int = u8()


@command(0x11, legal_in=ANY_HEARING, answer=DisplayState, broadcast=True, spec="ESL service, Refresh Display")
class RefreshDisplay:
    esl_id: int = u8()
    display_index: int = u8()


@command(0x20, legal_in=ANY_HEARING, answer=DisplayState, broadcast=True, spec="ESL service, Display Image")
class DisplayImage:
    esl_id: int = u8()
    display_index: int = u8()
    image_index: int = u8()


@command(0x60, legal_in=ANY_HEARING, answer=DisplayState, broadcast=True, spec="ESL service, Display Timed Image")
class DisplayTimedImage:
    """`absolute_time`: see `absolute_time`; 0 deletes what is pending."""

    esl_id: int = u8()
    display_index: int = u8()
    image_index: int = u8()
    absolute_time: int = u32()


@command(0xB0, legal_in=ANY_HEARING, answer=LedState, broadcast=True, spec="ESL service, LED Control")
class LedControl:
    """Periods in units of 2 ms."""

    esl_id: int = u8()
    led_index: int = u8()
    colour: LedColour = led_colour()
    pattern: FlashPattern = flash_pattern()
    off_period: int = u8()
    on_period: int = u8()
    repeat: Repeat = repeat()

    @property
    def order(self) -> LedOrder:
        return LedOrder(self.colour, self.pattern, self.off_period, self.on_period, self.repeat)


@command(0xF0, legal_in=ANY_HEARING, answer=LedState, broadcast=True, spec="ESL service, LED Timed Control")
class LedTimedControl:
    """As `LedControl`, from `absolute_time` on; 0 deletes what is pending."""

    esl_id: int = u8()
    led_index: int = u8()
    colour: LedColour = led_colour()
    pattern: FlashPattern = flash_pattern()
    off_period: int = u8()
    on_period: int = u8()
    repeat: Repeat = repeat()
    absolute_time: int = u32()

    @property
    def order(self) -> LedOrder:
        return LedOrder(self.colour, self.pattern, self.off_period, self.on_period, self.repeat)


@command(
    0x0F,
    legal_in=ANY_HEARING,
    answer=VendorResponse,
    broadcast=True,
    spec="ESL service, vendor-specific command: the length nibble counts the octets behind the ESL_ID",
    opcode_mask=0x0F,
)
class VendorCommand:
    """Our tags know none."""

    esl_id: int = u8()
    octets: bytes = rest(at_most=15)


Command = (
    Ping
    | UnassociateFromAp
    | ServiceReset
    | FactoryReset
    | UpdateComplete
    | ReadSensorData
    | RefreshDisplay
    | DisplayImage
    | DisplayTimedImage
    | LedControl
    | LedTimedControl
    | VendorCommand
)
