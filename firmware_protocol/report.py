"""The report: what a tag says of one display. Only `SHOWN` proves, and only with the current revision and content.

In and out: 15 octets, carried as the value of the vendor sensor 0xE0 + display, which fills its TLV exactly (17).
Rule: `SHOWN` names the revision and content *on the glass*; every other state names the highest *accepted*.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag

from msgspec import Struct

from firmware_protocol.content import CONTENT_PREFIX_OCTETS
from firmware_protocol.errors import FieldError
from firmware_protocol.identity import DISPLAYS_MAX

REPORT_OCTETS = 15
REPORT_TLV_OCTETS = 17
REPORT_OPCODE = 0xFE  # Sensor Value with 15 octets behind the sensor index
REPORT_SENSOR_BASE = 0xE0
BATTERY_STEP_MV = 20
BATTERY_MV_MAX = 255 * BATTERY_STEP_MV
REFRESH_HALF_S_MAX = 255

_LAYOUT = struct.Struct("<BI4sHBBbB")


class ReportState(IntEnum):
    """Zero is none of them, so that empty memory proves nothing."""

    SHOWN = 1
    WAITING_PARTS = 2
    REFRESHING = 3
    WAITING_T = 4
    FAILED = 5
    REFUSED = 6
    GLASS_UNKNOWN = 7


class Cause(IntEnum):
    """Why a glass does not follow: the four high bits of the flags. `BROWN_OUT` stands, too, in what a tag says that
    lost its power in a refresh; the others beside `FAILED` and `REFUSED` alone.
    """

    NONE = 0
    BUSY_MISSING = 1
    TOO_SHORT = 2
    TOO_LONG = 3
    BROWN_OUT = 4
    SLOT_SPOILED = 5
    NO_PICTURE = 6
    OTHER_PICTURE = 7
    NO_BASE = 8

    @property
    def words(self) -> str:
        """For people; what they can do about it stands in docs/operating.md."""
        return _WORDS[self]


_WORDS = {
    Cause.NONE: "it does not say why",
    Cause.BUSY_MISSING: "the panel never said it was busy",
    Cause.TOO_SHORT: "the refresh was too short for this panel",
    Cause.TOO_LONG: "the refresh was too long for this panel",
    Cause.BROWN_OUT: "it lost its power in the refresh",
    Cause.SLOT_SPOILED: "the picture in flash is not the one ordered",
    Cause.NO_PICTURE: "the octets are no picture of this panel",
    Cause.OTHER_PICTURE: "the octets are another picture than the manifest names",
    Cause.NO_BASE: "it does not hold the picture to build on",
}
CAUSE_SHIFT = 4


class ReportFlags(IntFlag):
    """Bits a receiver does not know are kept and mean nothing to it."""

    NONE = 0
    BATTERY_LOW = 1
    REBOOTED = 2  # the first report of this display since the tag started
    NO_CLOCK = 4  # the tag does not know the site's time, so a picture *at T* waits
    TAKES_DIFFERENCES = 8  # the tag can build a picture on the one that its glass shows

    def because(self, cause: Cause) -> int:
        """With the reason beside them, as a report carries both."""
        return self | cause << CAUSE_SHIFT


class Report(Struct, frozen=True):
    """`refresh_counter` counts refreshes of this glass and wraps at 2^16; `refresh_half_s` is the length of the last
    one in half seconds (0 = none since the tag started); `battery_mv` travels in steps of 20.
    """

    display: int
    flags: int
    revision: int
    content_prefix: bytes
    refresh_counter: int
    state: ReportState
    refresh_half_s: int
    temperature_c: int
    battery_mv: int

    @property
    def cause(self) -> Cause:
        """`NONE`, too, for one that this version does not know."""
        value = self.flags >> CAUSE_SHIFT
        return Cause(value) if value in set(Cause) else Cause.NONE

    def pack(self) -> bytes:
        """The 15 octets of the value. Raises `ValueError` for a prefix that is not 4 octets."""
        if len(self.content_prefix) != CONTENT_PREFIX_OCTETS:
            raise ValueError(f"a content prefix of {len(self.content_prefix)} octets")
        return _LAYOUT.pack(
            self.flags,
            self.revision,
            self.content_prefix,
            self.refresh_counter,
            self.state,
            self.refresh_half_s,
            self.temperature_c,
            self.battery_mv // BATTERY_STEP_MV,
        )

    def pack_tlv(self) -> bytes:
        """The 17 octets of the whole TLV."""
        return bytes((REPORT_OPCODE, REPORT_SENSOR_BASE + self.display)) + self.pack()

    @classmethod
    def unpack(cls, display: int, octets: bytes, offset: int = 0) -> Report:
        """From the value of the sensor of `display`, which begins at `offset`. Raises `FieldError`."""
        if len(octets) != REPORT_OCTETS:
            raise FieldError("report", f"{len(octets)} octets", "15 octets", offset=offset)
        flags, revision, prefix, refresh_counter, state, refresh_half_s, temperature_c, battery = _LAYOUT.unpack(octets)
        if not ReportState.SHOWN <= state <= ReportState.GLASS_UNKNOWN:
            raise FieldError("report.state", state, "a state this version knows", offset=offset + 11)
        return cls(
            display,
            flags,
            revision,
            prefix,
            refresh_counter,
            ReportState(state),
            refresh_half_s,
            temperature_c,
            battery * BATTERY_STEP_MV,
        )

    @classmethod
    def unpack_tlv(cls, octets: bytes) -> Report:
        """From a whole TLV and nothing more. Raises `FieldError`."""
        if len(octets) != REPORT_TLV_OCTETS:
            raise FieldError("report.tlv", f"{len(octets)} octets", "17 octets", offset=0)
        if octets[0] != REPORT_OPCODE:
            raise FieldError("report.opcode", octets[0], "0xFE, a sensor value of 15 octets", offset=0)
        if octets[1] < REPORT_SENSOR_BASE:
            raise FieldError("report.sensor", octets[1], f"0xE0 + display, below {DISPLAYS_MAX}", offset=1)
        return cls.unpack(octets[1] - REPORT_SENSOR_BASE, octets[2:], 2)
