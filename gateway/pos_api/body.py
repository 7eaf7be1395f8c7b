"""One request's body as it comes in: limits, codings and character set on the way to the routes.

In: the server's `receive`, the headers. Out: the same, with the body whole, decoded and in UTF-8; a `Problem` where
that cannot be. Rule: no answer leaves while the client still writes, unless it asked first (Expect) or writes too
much; past the limit nothing more is kept. Source: the POS contract, rule 4.
"""

import asyncio
from collections.abc import Mapping

from litestar.types import HTTPRequestEvent, HTTPScope, Receive
from litestar.types.asgi_types import HTTPReceiveMessage

from gateway.pos_api.charset import charset_of, to_utf_8
from gateway.pos_api.coding import Identity, decoder_for
from gateway.pos_api.limits import BODY_OCTETS_MAX, DISCARD_OCTETS_MAX, DISCARD_S_MAX
from gateway.pos_api.problem import Problem

_TOO_LARGE = f"The body is larger than {BODY_OCTETS_MAX // 1024 // 1024} MB; send fewer products at a time."


class ClientLeft(ConnectionError):
    """The client hung up in the middle of its body. There is nobody to answer."""


class Body:
    """`receive` gives the body in one piece, `discard` gets rid of what nobody wanted."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        self._receive = receive
        self._headers = headers_of(scope)
        self._is_read = False  # the client has nothing more to say
        self._is_asked_for = False  # whether the server has told a waiting client to go on
        self._is_given = False

    async def receive(self) -> HTTPReceiveMessage:
        """The whole body as one message, after that what the server says (that the client has left)."""
        if self._is_given:
            return await self._next()
        self._is_given = True
        return HTTPRequestEvent(type="http.request", body=await self._whole(), more_body=False)

    async def discard(self) -> bool:
        """Read and throw away what the client still writes. False: it would not end, so hang up after the answer."""
        if self._is_read:
            return True
        if self._waits_for_word:
            return False
        discarded = 0
        try:
            async with asyncio.timeout(DISCARD_S_MAX):
                while not self._is_read and discarded <= DISCARD_OCTETS_MAX:
                    discarded += len(await self._piece())
        except TimeoutError:
            return False
        except ClientLeft:
            return True
        return self._is_read

    async def _whole(self) -> bytes:
        codec = charset_of(self._headers.get("content-type", ""))
        decoder = decoder_for(self._headers.get("content-encoding", ""))
        announced = self._headers.get("content-length", "")
        if isinstance(decoder, Identity) and announced.isdecimal() and int(announced) > BODY_OCTETS_MAX:
            raise Problem("body_too_large", _TOO_LARGE)
        body = bytearray()
        while not self._is_read:
            body += decoder.take(await self._piece(), BODY_OCTETS_MAX - len(body))
            if len(body) > BODY_OCTETS_MAX:
                raise Problem("body_too_large", _TOO_LARGE)
        decoder.end()
        return bytes(body) if codec is None else to_utf_8(bytes(body), codec)

    async def _piece(self) -> bytes:
        message = await self._next()
        if message["type"] == "http.disconnect":
            self._is_read = True
            raise ClientLeft
        self._is_read = not message.get("more_body", False)
        return message.get("body", b"")

    async def _next(self) -> HTTPReceiveMessage:
        self._is_asked_for = True
        return await self._receive()  # type: ignore[return-value]  # an HTTP scope receives HTTP messages

    @property
    def _waits_for_word(self) -> bool:
        return not self._is_asked_for and self._headers.get("expect", "").lower() == "100-continue"


def headers_of(scope: HTTPScope) -> Mapping[str, str]:
    """Header names in lower case; one sent twice is joined by a comma, as RFC 9110 section 5.3 reads it."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
