"""The manifest: *this display's glass shall be this content under this revision*. A state, not an order.

In and out: 64 octets, before sealing. Rule: what the glass shall show is said here alone; parts are worth nothing
without it. Why: docs/protocol.md, "Manifest, report, proof".
"""

from __future__ import annotations

import struct
from enum import IntEnum

from msgspec import Struct

from firmware_protocol.content import BASE_PREFIX_OCTETS, CONTENT_ID_OCTETS, CONTENT_PREFIX_OCTETS, NO_BASE
from firmware_protocol.encoding import ENCODED_OCTETS_MAX, ENCODING_ID_OCTETS, ROOT_OCTETS, Codec, Encoding
from firmware_protocol.errors import FieldError
from firmware_protocol.identity import DISPLAYS_MAX

MANIFEST_OCTETS = 64

_LAYOUT = struct.Struct("<BBBBI16s8s8sII16s")


class Action(IntEnum):
    """What the tag shall do with the picture once it is whole."""

    KEEP = 0  # hold it in an image slot, draw nothing
    SHOW = 1
    SHOW_AT_T = 2


class Manifest(Struct, frozen=True):
    """`t_ms` is a time of the site's epoch, u32, wrapping; 0 = now, and only `SHOW_AT_T` has another."""

    display: int
    action: Action
    codec: Codec
    revision: int
    content_id: bytes
    encoding_id: bytes
    base_prefix: bytes
    encoded_size: int
    t_ms: int
    root: bytes

    @classmethod
    def showing(cls, display: int, revision: int, content_id: bytes, encoding: Encoding) -> Manifest:
        """Show this content now."""
        return cls(
            display=display,
            action=Action.SHOW,
            codec=encoding.codec,
            revision=revision,
            content_id=content_id,
            encoding_id=encoding.encoding_id,
            base_prefix=encoding.base_prefix,
            encoded_size=len(encoding.data),
            t_ms=0,
            root=encoding.root,
        )

    @property
    def content_prefix(self) -> bytes:
        return self.content_id[:CONTENT_PREFIX_OCTETS]

    @property
    def builds_on_another(self) -> bool:
        """It needs the picture that `base_prefix` names; without a prefix there is none that would do."""
        return self.codec is Codec.DIFFERENCE or self.base_prefix != NO_BASE

    def pack(self) -> bytes:
        """64 octets. Raises `ValueError` for fields that have not the length of their place."""
        lengths = tuple(map(len, (self.content_id, self.encoding_id, self.base_prefix, self.root)))
        if lengths != (CONTENT_ID_OCTETS, ENCODING_ID_OCTETS, BASE_PREFIX_OCTETS, ROOT_OCTETS):
            raise ValueError(f"content id, encoding id, base prefix and root of {lengths} octets")
        return _LAYOUT.pack(
            self.display,
            self.action,
            self.codec,
            0,
            self.revision,
            self.content_id,
            self.encoding_id,
            self.base_prefix,
            self.encoded_size,
            self.t_ms,
            self.root,
        )

    @classmethod
    def unpack(cls, octets: bytes) -> Manifest:
        """Raises `FieldError`."""
        if len(octets) != MANIFEST_OCTETS:
            raise FieldError("manifest", f"{len(octets)} octets", "64 octets", offset=0)
        (display, action, codec, reserved, revision, content, encoding, base, encoded_size, t_ms, root) = (
            _LAYOUT.unpack(octets)
        )
        if display >= DISPLAYS_MAX:
            raise FieldError("manifest.display", display, f"below {DISPLAYS_MAX}", offset=0)
        if action > Action.SHOW_AT_T:
            raise FieldError("manifest.action", action, "an action this version knows", offset=1)
        if codec > Codec.DIFFERENCE:
            raise FieldError("manifest.codec", codec, "a codec this version knows", offset=2)
        if reserved:
            raise FieldError("manifest.reserved", reserved, "zero", offset=3)
        if not 0 < encoded_size <= ENCODED_OCTETS_MAX:
            raise FieldError("manifest.encoded_size", encoded_size, f"1 to {ENCODED_OCTETS_MAX}", offset=40)
        if (t_ms != 0) != (action == Action.SHOW_AT_T):
            raise FieldError("manifest.t_ms", t_ms, "zero, except with *show at T*", offset=44)
        return cls(display, Action(action), Codec(codec), revision, content, encoding, base, encoded_size, t_ms, root)
