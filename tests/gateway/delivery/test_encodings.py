import random

import pytest

from firmware_protocol import Codec, encode
from gateway.delivery import encodings
from gateway.delivery.encodings import EncodingCache, Wanted

ONE, TWO = (encode([random.Random(seed).randbytes(900)], Codec.DEFLATE) for seed in (1, 2))


def test_what_serves_two_wants_is_held_for_both_or_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that finds it held, and no octets to send, would be due again at once, and again."""
    monkeypatch.setattr(encodings, "ENCODINGS_KEPT_OCTETS", 1_500)
    cache, wants = EncodingCache(), (Wanted(b"content", b"base"), Wanted(b"content", None))
    other = Wanted(b"other", None)
    cache.add({wants[0]: ONE})
    cache.add({wants[1]: ONE})
    assert cache.among([*wants, other]) == dict.fromkeys(wants, ONE)
    cache.add({other: TWO})
    assert cache.among([*wants, other]) == {other: TWO}
    assert cache.get(ONE.encoding_id) is None
    cache.add({wants[1]: ONE})
    assert (cache.get(ONE.encoding_id), cache.get(TWO.encoding_id)) == (ONE, None)
