"""The link between gateway and bridge: messages, the payloads that carry several, and the serial carrier's frames.

Start at `messages`; a payload (`payload`) goes over MQTT as it is, over a serial port inside frames (`serial`).
"""

from firmware_protocol.link.messages import DownMessage, UpMessage
from firmware_protocol.link.payload import (
    Payload,
    pack_payloads,
    unpack_down_payload,
    unpack_payload,
    unpack_up_payload,
)
from firmware_protocol.link.serial import SerialLink

__all__ = [
    "DownMessage",
    "Payload",
    "SerialLink",
    "UpMessage",
    "pack_payloads",
    "unpack_down_payload",
    "unpack_payload",
    "unpack_up_payload",
]
