"""The tag side: what a label accepts, refuses, draws and says, by its own decisions. Start at `TagMachine`; `EslTag` is
the same tag in the Bluetooth ESL service.
"""

from firmware_protocol.tag.display import NotNow, Outcome
from firmware_protocol.tag.dropped import Dropped
from firmware_protocol.tag.esl import Characteristic, EslTag, SlotAnswer
from firmware_protocol.tag.machine import PleaseCommission, RefreshOrder, TagMachine
from firmware_protocol.tag.memory import TagJson

__all__ = [
    "Characteristic",
    "Dropped",
    "EslTag",
    "NotNow",
    "Outcome",
    "PleaseCommission",
    "RefreshOrder",
    "SlotAnswer",
    "TagJson",
    "TagMachine",
]
