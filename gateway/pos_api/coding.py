"""Takes content codings off a body as it comes in, and never more of it than may be kept.

In: the Content-Encoding header, the octets of the body in pieces. Out: the octets meant.
Rule: what a few kilobytes unfold to is counted while they unfold, or one request could fill the memory.
Source: the POS contract, rule 4; RFC 9110 section 8.4.1 (some clients send `deflate` without its zlib frame).
"""

import zlib
from typing import Protocol

from gateway.pos_api.limits import CODINGS_MAX
from gateway.pos_api.problem import Problem

_GZIP_WBITS, _ZLIB_WBITS, _RAW_WBITS = 31, 15, -15


class Decoder(Protocol):
    """Raises `Problem` malformed_body for octets that are not of its coding."""

    def take(self, octets: bytes, room: int) -> bytes:
        """The octets meant; more than `room` of them only says that there are too many."""

    def end(self) -> None:
        """The body is over; raises `Problem` if it stopped half way."""


class Identity:
    def take(self, octets: bytes, room: int) -> bytes:
        return octets

    def end(self) -> None:
        return


class Unzip:
    """gzip, of one member or several, and deflate, with or without its zlib frame."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream = zlib.decompressobj(_GZIP_WBITS) if coding == "gzip" else None
        self._first = b""
        self._started = False

    def take(self, octets: bytes, room: int) -> bytes:
        if self._stream is None:
            self._first += octets
            if len(self._first) < 2:
                return b""
            self._stream = zlib.decompressobj(_deflate_wbits(self._first))
            octets, self._first = self._first, b""
        unfolded = bytearray()
        while octets and len(unfolded) <= room:
            self._started = True
            if self._stream.eof:
                self._stream = self._next_member(octets)
            try:
                unfolded += self._stream.decompress(octets, room + 1 - len(unfolded))
            except zlib.error as error:
                raise Problem("malformed_body", f"The body is not {self._coding}: {error}.") from None
            octets = self._stream.unconsumed_tail or self._stream.unused_data
        return bytes(unfolded)

    def _next_member(self, octets: bytes) -> "zlib._Decompress":
        if self._coding != "gzip":
            raise Problem("malformed_body", f"Something follows the end of the {self._coding} body.")
        return zlib.decompressobj(_GZIP_WBITS)

    def end(self) -> None:
        is_empty = not self._started and not self._first
        if not is_empty and (self._stream is None or not self._stream.eof):
            raise Problem("malformed_body", f"The {self._coding} body stops half way.")


class Chain:
    """Several codings, the last applied comes off first."""

    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def take(self, octets: bytes, room: int) -> bytes:
        for decoder in self._decoders:
            octets = decoder.take(octets, room)
        return octets

    def end(self) -> None:
        for decoder in self._decoders:
            decoder.end()


def decoder_for(content_encoding: str) -> Decoder:
    """Raises `Problem` coding_unknown; codings are separated by commas, in the order in which they were applied."""
    codings = [name for name in (part.strip().lower() for part in content_encoding.split(",")) if name]
    decoders: list[Decoder] = []
    for coding in reversed(codings):
        name = coding.removeprefix("x-")
        if name == "identity":
            continue
        if name not in ("gzip", "deflate") or len(decoders) == CODINGS_MAX:
            raise Problem("coding_unknown", f"The content coding {coding[:40]!r} is not read; gzip and deflate are.")
        decoders.append(Unzip(name))
    return decoders[0] if len(decoders) == 1 else Chain(decoders) if decoders else Identity()


def _deflate_wbits(first: bytes) -> int:
    """RFC 1950, section 2.2: the first two octets of a zlib frame name method 8 and are divisible by 31."""
    is_framed = first[0] & 0x0F == 8 and int.from_bytes(first[:2], "big") % 31 == 0
    return _ZLIB_WBITS if is_framed else _RAW_WBITS
