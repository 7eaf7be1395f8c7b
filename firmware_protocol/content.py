"""The content id: the name of exact pixels on an exact glass.

In: a panel and its planes as the controller takes them. Out: 16 octets. Rule: the same pixels on the same geometry have
the same id, everywhere; the tag computes it over what it reads back to fill the controller.
"""

import hashlib
import struct
from collections.abc import Sequence

from firmware_protocol.panels import Panel

CONTENT_ID_OCTETS = 16
CONTENT_PREFIX_OCTETS = 4  # what a report carries of it
BASE_PREFIX_OCTETS = 8  # what a manifest and an encoding carry of the content they build on
NO_BASE = bytes(BASE_PREFIX_OCTETS)

_GEOMETRY = struct.Struct("<HHB")


def content_id(panel: Panel, planes: Sequence[bytes]) -> bytes:
    """First 16 octets of SHA-256 over width u16, height u16, colours u8 and the planes (wire: sizes).

    Raises `ValueError` for planes that are not this panel's: nobody but ourselves can cause that.
    """
    sizes = tuple(map(len, planes))
    if sizes != panel.plane_sizes:
        raise ValueError(f"planes of {sizes} octets are not those of {panel.name}: {panel.plane_sizes}")
    sha = hashlib.sha256(_GEOMETRY.pack(panel.width_px, panel.height_px, panel.colours))
    for plane in planes:
        sha.update(plane)
    return sha.digest()[:CONTENT_ID_OCTETS]
