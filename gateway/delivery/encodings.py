"""The encodings that bridges may ask for again: a bounded cache over contents, newest kept.

Rule: nothing here is needed for correctness; what was dropped is read from the contents again.
"""

from collections import OrderedDict
from collections.abc import Mapping

from firmware_protocol import Encoding
from gateway.delivery.limits import ENCODINGS_KEPT_OCTETS


class EncodingCache:
    """By content id, and by encoding id for bridges, which know no other name."""

    def __init__(self) -> None:
        self._by_content: OrderedDict[bytes, Encoding] = OrderedDict()
        self._content_of: dict[bytes, bytes] = {}
        self._ids: dict[bytes, bytes] = {}
        self._octets = 0

    def add(self, encodings: Mapping[bytes, Encoding]) -> None:
        for content_id, encoding in encodings.items():
            if content_id in self._by_content:
                continue
            self._by_content[content_id] = encoding
            self._content_of[encoding.encoding_id] = content_id
            self._ids[content_id] = encoding.encoding_id
            self._octets += len(encoding.stream)
        while self._octets > ENCODINGS_KEPT_OCTETS and len(self._by_content) > 1:
            content_id, dropped = self._by_content.popitem(last=False)
            self._content_of.pop(dropped.encoding_id, None)
            self._ids.pop(content_id, None)
            self._octets -= len(dropped.stream)

    def of_content(self, content_id: bytes) -> Encoding | None:
        return self._by_content.get(content_id)

    def get(self, encoding_id: bytes) -> Encoding | None:
        content_id = self._content_of.get(encoding_id)
        return self._by_content.get(content_id) if content_id is not None else None

    def ids(self) -> Mapping[bytes, bytes]:
        """Encoding id by content id of what is held now: a copy, because a turn must not see it change."""
        return dict(self._ids)
