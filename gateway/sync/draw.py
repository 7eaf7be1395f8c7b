"""What a worker process does: draw labels and pack their planes.

In: label requests. Out: content id, packed planes and the fallback of each, in the same order. Pure and picklable.
"""

from msgspec import Struct

from firmware_protocol import Codec, encode
from gateway.labels import LabelRequest, render_many


class Packed(Struct, frozen=True):
    """`deflated`: the planes as the wire's deflate codec packs them. `reason`, `detail`: of a fallback."""

    content_id: bytes
    deflated: bytes
    reason: str | None
    detail: str | None


def draw_and_pack(requests: list[LabelRequest]) -> list[Packed]:
    """Draw each request; a label that cannot be drawn comes back as its fallback, with the reason."""
    return [
        Packed(
            content_id=drawn.content_id,
            deflated=encode(drawn.planes, Codec.DEFLATE).data,
            reason=drawn.fallback.reason if drawn.fallback else None,
            detail=drawn.fallback.detail if drawn.fallback else None,
        )
        for drawn in render_many(requests)
    ]
