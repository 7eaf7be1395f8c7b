"""Everything a tag, a bridge and a gateway say to each other: pure, sans-I/O, no clock, no socket."""

from firmware_protocol.content import content_id
from firmware_protocol.encoding import Codec, Encoding, decode, encode
from firmware_protocol.errors import FieldError, PeerError, ProtocolError, Replayed, SealBroken
from firmware_protocol.identity import FactoryCode, TagId, display_id, split_display_id
from firmware_protocol.manifest import Action, Manifest
from firmware_protocol.panels import PANELS, Colours, Panel
from firmware_protocol.report import Report, ReportFlags, ReportState

__all__ = [
    "PANELS",
    "Action",
    "Codec",
    "Colours",
    "Encoding",
    "FactoryCode",
    "FieldError",
    "Manifest",
    "Panel",
    "PeerError",
    "ProtocolError",
    "Replayed",
    "Report",
    "ReportFlags",
    "ReportState",
    "SealBroken",
    "TagId",
    "content_id",
    "decode",
    "display_id",
    "encode",
    "split_display_id",
]
