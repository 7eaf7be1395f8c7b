"""The responses of the service: what a tag answers. They carry no address; their place says whose they are."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from firmware_protocol.layout import rest, u8, u16
from firmware_protocol.report import REPORT_SENSOR_BASE
from firmware_protocol.service.row import response


class ErrorCode(IntEnum):
    UNSPECIFIED = 0x01
    INVALID_OPCODE = 0x02
    INVALID_STATE = 0x03
    INVALID_IMAGE_INDEX = 0x04
    IMAGE_NOT_AVAILABLE = 0x05
    INVALID_PARAMETERS = 0x06
    CAPACITY_LIMIT = 0x07
    INSUFFICIENT_BATTERY = 0x08
    INSUFFICIENT_RESOURCES = 0x09
    RETRY = 0x0A
    QUEUE_FULL = 0x0B
    IMPLAUSIBLE_ABSOLUTE_TIME = 0x0C


class BasicStateFlags(IntFlag):
    SERVICE_NEEDED = 1
    SYNCHRONIZED = 2
    ACTIVE_LED = 4
    PENDING_LED_UPDATE = 8
    PENDING_DISPLAY_UPDATE = 16


@response(0x00, spec="ESL service, Error")
class Error:
    """`code`: an `ErrorCode`, or 0xF0 to 0xFF of a vendor; reserved ones are read as they come."""

    code: int = u8()


@response(0x01, spec="ESL service, LED State: the command was accepted")
class LedState:
    led_index: int = u8()


@response(0x10, spec="ESL service, Basic State")
class BasicState:
    """`bitmap`: `BasicStateFlags`; reserved bits are read as they come."""

    bitmap: int = u16()


@response(0x11, spec="ESL service, Display State: the command was accepted, no more")
class DisplayState:
    display_index: int = u8()
    image_index: int = u8()


@response(0x0E, spec="ESL service, Sensor Value: the length nibble counts the value's octets", opcode_mask=0x0F)
class SensorValue:
    """A report is the value of the sensor 0xE0 + display: see `firmware_protocol.report`."""

    sensor_index: int = u8()
    value: bytes = rest(at_most=15)

    @property
    def is_report(self) -> bool:
        return self.sensor_index >= REPORT_SENSOR_BASE


@response(0x0F, spec="ESL service, vendor-specific response: length nibble + 1 octets", opcode_mask=0x0F)
class VendorResponse:
    octets: bytes = rest(at_least=1, at_most=16)


Response = Error | LedState | BasicState | DisplayState | SensorValue | VendorResponse
