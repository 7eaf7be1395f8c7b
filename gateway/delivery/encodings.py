"""How pictures travel to a display, and the encodings that bridges may ask for again: a bounded cache, newest kept.

In: which content is wanted, and which one the glass is proved to show. Out: the cheapest encoding on the air.
Rule: nothing here is needed for correctness; what was dropped is made of the contents again. A base that cannot be read
costs parts, never a delivery.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, select

from firmware_protocol import PANELS, Codec, Encoding, FieldError
from firmware_protocol.content import NO_BASE
from firmware_protocol.encoding import Base, encode_difference, encoding_of, unpacked
from firmware_protocol.poll import PART_OCTETS
from gateway.delivery import rule
from gateway.delivery.books import Entry, load_entries
from gateway.delivery.limits import DIFFERENCES_OFFERED_MAX, ENCODINGS_KEPT_OCTETS
from gateway.delivery.tables import offer
from gateway.shelf import content_of
from gateway.shelf.tables import desired

log = structlog.get_logger("delivery")


class Wanted(NamedTuple):
    """A content for a glass that is proved to show `base`; None: nobody knows what, or its tag builds on nothing."""

    content_id: bytes
    base: bytes | None


class EncodingCache:
    """By encoding id, as bridges ask; beside it, which one serves what is wanted."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[bytes, Encoding] = OrderedDict()
        self._serves: dict[Wanted, bytes] = {}
        self._octets = 0

    def add(self, encodings: Mapping[Wanted, Encoding]) -> None:
        for wanted, encoding in encodings.items():
            self._serves[wanted] = encoding.encoding_id
            if encoding.encoding_id not in self._by_id:
                self._by_id[encoding.encoding_id] = encoding
                self._octets += len(encoding.stream)
        if self._octets <= ENCODINGS_KEPT_OCTETS:
            return
        while self._octets > ENCODINGS_KEPT_OCTETS and len(self._by_id) > 1:
            _, dropped = self._by_id.popitem(last=False)
            self._octets -= len(dropped.stream)
        self._serves = {wanted: one for wanted, one in self._serves.items() if one in self._by_id}

    def get(self, encoding_id: bytes) -> Encoding | None:
        return self._by_id.get(encoding_id)

    def among(self, wanted: Iterable[Wanted]) -> dict[Wanted, Encoding]:
        """Those of these that are held. Not the whole cache: a turn wants a few of ten thousands."""
        return {one: self._by_id[self._serves[one]] for one in wanted if one in self._serves}


def wanted_by(entry: Entry) -> Wanted | None:
    """What the next offer to this display has to carry, by its books before that offer. None: nothing is desired."""
    if entry.books.desired_content is None:
        return None
    if not entry.takes_differences:
        return Wanted(entry.books.desired_content, None)
    silent = entry.answer is None and entry.attempts >= DIFFERENCES_OFFERED_MAX
    base = rule.base_of(entry.books, entry.offered_base, gives_up=silent or entry.answer == "refused")
    return Wanted(entry.books.desired_content, base)


def wanted_for(connection: Connection, display_ids: Sequence[str]) -> list[Wanted]:
    """What the displays' next offers will carry, each once."""
    wanted = map(wanted_by, load_entries(connection, display_ids).values())
    return list(dict.fromkeys(one for one in wanted if one is not None))


def make_encodings(connection: Connection, wanted: Collection[Wanted]) -> dict[Wanted, Encoding]:
    """Of each whose content is known, the encoding of the fewest parts: deflated, or a difference to the base.

    Never raw: what is drawn of glyphs and bars always deflates, and noise would gain four parts in a hundred.
    """
    ids = {one.content_id for one in wanted} | {one.base for one in wanted if one.base is not None}
    contents = content_of(connection, sorted(ids))
    made: dict[Wanted, Encoding] = {}
    for one in wanted:
        if one.content_id not in contents:
            continue
        panel, deflated = contents[one.content_id]
        made[one] = encoding_of(Codec.DEFLATE, NO_BASE, deflated)
        if one.base in contents and contents[one.base][0] == panel and panel in PANELS:
            told = _difference(panel, one.base, contents[one.base][1], deflated)
            if told is not None and _parts(told) < _parts(made[one]):
                made[one] = told
    return made


def _difference(panel_name: str, base: bytes, base_deflated: bytes, deflated: bytes) -> Encoding | None:
    panel = PANELS[panel_name]
    total = sum(panel.plane_sizes)
    try:
        shown = Base(base, unpacked(Codec.DEFLATE, base_deflated, total), panel.row_octets)
        return encode_difference(shown, unpacked(Codec.DEFLATE, deflated, total))
    except FieldError as error:
        log.warning("picture_not_readable", base=base.hex(), panel=panel_name, reason=str(error), next="sent whole")
        return None


def offered_encoding(connection: Connection, encoding_id: bytes) -> dict[Wanted, Encoding] | None:
    """An encoding that is on offer, made again. None: it is not, or it comes out otherwise by now."""
    row = connection.execute(
        select(desired.c.content_id, offer.c.base_content_id)
        .join(offer, (offer.c.display_id == desired.c.display_id) & (offer.c.revision == desired.c.revision))
        .where(offer.c.encoding_id == encoding_id)
        .limit(1)
    ).one_or_none()
    made = {} if row is None else make_encodings(connection, [Wanted(row.content_id, row.base_content_id)])
    return made if any(one.encoding_id == encoding_id for one in made.values()) else None


def _parts(encoding: Encoding) -> int:
    """Frames on the air, which is what a picture costs."""
    return -(-len(encoding.stream) // PART_OCTETS)
