"""The public face is small and pinned: a name here is a promise to whoever builds on it."""

import firmware_protocol

FACE = [
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


def test_the_face_is_these_names_and_no_others() -> None:
    assert firmware_protocol.__all__ == FACE
    assert all(hasattr(firmware_protocol, name) for name in FACE)
