"""How pictures travel to a display, and the encodings that bridges may ask for again: a bounded cache, newest kept.

In: which content is wanted, and which one the glass is proved to show. Out: the cheapest encoding on the air.
Rule: nothing here is needed for correctness; what was dropped is made of the contents again.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select

from firmware_protocol import PANELS, Codec, Encoding
from firmware_protocol.content import NO_BASE
from firmware_protocol.encoding import Base, encode_difference, encoding_of, unpacked
from firmware_protocol.poll import PART_OCTETS
from gateway.delivery.limits import ENCODINGS_KEPT_OCTETS
from gateway.delivery.tables import offer
from gateway.shelf import content_of
from gateway.shelf.tables import desired


class Wanted(NamedTuple):
    """A content for a glass that is proved to show `base`; None: nobody knows what, or its tag builds on nothing."""

    content_id: bytes
    base: bytes | None


class EncodingCache:
    """By what was wanted, and by encoding id for bridges, which know no other name."""

    def __init__(self) -> None:
        self._by_wanted: OrderedDict[Wanted, Encoding] = OrderedDict()
        self._by_id: dict[bytes, Encoding] = {}
        self._octets = 0

    def add(self, encodings: Mapping[Wanted, Encoding]) -> None:
        for wanted, encoding in encodings.items():
            self._by_id[encoding.encoding_id] = encoding  # one encoding may serve more than one that is wanted
            if wanted in self._by_wanted:
                continue
            self._by_wanted[wanted] = encoding
            self._octets += len(encoding.stream)
        while self._octets > ENCODINGS_KEPT_OCTETS and len(self._by_wanted) > 1:
            _, dropped = self._by_wanted.popitem(last=False)
            self._by_id.pop(dropped.encoding_id, None)
            self._octets -= len(dropped.stream)

    def get(self, encoding_id: bytes) -> Encoding | None:
        return self._by_id.get(encoding_id)

    def held(self) -> Mapping[Wanted, Encoding]:
        """What is held now: a copy, because a turn must not see it change."""
        return dict(self._by_wanted)


def make_encodings(connection: Connection, wanted: Collection[Wanted]) -> dict[Wanted, Encoding]:
    """Of each whose content is known, the encoding of the fewest parts: a difference to the base, or the whole."""
    ids = {one.content_id for one in wanted} | {one.base for one in wanted if one.base is not None}
    contents = content_of(connection, sorted(ids))
    made: dict[Wanted, Encoding] = {}
    for one in wanted:
        if one.content_id not in contents:
            continue
        panel_name, deflated = contents[one.content_id]
        made[one] = encoding_of(Codec.DEFLATE, NO_BASE, deflated)
        if one.base in contents and contents[one.base][0] == panel_name and panel_name in PANELS:
            panel = PANELS[panel_name]
            total = sum(panel.plane_sizes)
            base = Base(one.base, unpacked(Codec.DEFLATE, contents[one.base][1], total), panel.row_octets)
            told = encode_difference(base, unpacked(Codec.DEFLATE, deflated, total))
            if _parts(told) < _parts(made[one]):
                made[one] = told
    return made


def offered_encoding(connection: Connection, encoding_id: bytes) -> dict[Wanted, Encoding] | None:
    """An encoding that is on offer, made again. None: it is not, or it comes out otherwise by now."""
    row = connection.execute(
        select(desired.c.content_id, offer.c.base_content_id)
        .join(offer, offer.c.display_id == desired.c.display_id)
        .where(offer.c.encoding_id == encoding_id)
        .limit(1)
    ).one_or_none()
    made = {} if row is None else make_encodings(connection, [Wanted(row.content_id, row.base_content_id)])
    return made if any(one.encoding_id == encoding_id for one in made.values()) else None


def _parts(encoding: Encoding) -> int:
    """Frames on the air, which is what a picture costs."""
    return -(-len(encoding.stream) // PART_OCTETS)
