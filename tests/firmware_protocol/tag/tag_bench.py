"""A workbench for one tag: keys, manifests, parts and glass, each under the hand of the test.

In: what the test wants sent or drawn. Out: what the tag says, unsealed, and what its glass really shows. It seals and
opens with the protocol's codecs but knows nothing of the tag's insides.
"""

import random
from dataclasses import dataclass, field

from msgspec import Struct

from firmware_protocol import PANELS, Codec, Encoding, FactoryCode, Manifest, Panel, Report, TagId, content_id, encode
from firmware_protocol.commissioning import JoinAnswer as JoinAnswerMessage
from firmware_protocol.commissioning import JoinRequest
from firmware_protocol.encoding import Base, encode_difference
from firmware_protocol.keys import SITE_SECRET_OCTETS, SessionKeys, derive_share, join_key, owner_key, session_keys
from firmware_protocol.manifest import Action
from firmware_protocol.poll import Join, JoinAnswer, Part, PartRequest, SealedManifest, SealedReport, UpItem
from firmware_protocol.sealing import open_report, seal_manifest
from firmware_protocol.tag import Outcome, TagMachine

TAG = TagId.parse("A4C1380000000001")
CODE = FactoryCode(bytes(range(16)))
SITE_SECRET = b"s" * SITE_SECRET_OCTETS
PANEL = PANELS["2.13-bw"]
PART_OCTETS = 99


class Picture(Struct, frozen=True):
    """A content, ready to travel."""

    planes: tuple[bytes, ...]
    content_id: bytes
    encoding: Encoding


def picture(seed: int, *, panel: Panel = PANEL, codec: Codec = Codec.DEFLATE, noise: int = 40) -> Picture:
    """White glass with some octets of noise: the more noise, the longer the encoding."""
    chance = random.Random(seed)
    planes = []
    for size in panel.plane_sizes:
        plane = bytearray(b"\xff" * size)
        for _ in range(noise):
            plane[chance.randrange(size)] = chance.randrange(256)
        planes.append(bytes(plane))
    return of_planes(tuple(planes), panel, codec)


def of_planes(planes: tuple[bytes, ...], panel: Panel = PANEL, codec: Codec = Codec.DEFLATE) -> Picture:
    return Picture(planes, content_id(panel, planes), encode(planes, codec))


def difference_to(base: Picture, shown: Picture, panel: Panel = PANEL) -> Picture:
    """The second picture, told as what differs from the first."""
    octets = b"".join(shown.planes)
    held = Base(base.content_id, b"".join(base.planes), panel.row_octets)
    return Picture(shown.planes, shown.content_id, encode_difference(held, octets))


def part(sent: Picture, offset: int) -> Part:
    return Part(TAG, sent.encoding.encoding_id, offset, sent.encoding.stream[offset : offset + PART_OCTETS])


@dataclass
class Bench:
    panels: list[Panel] = field(default_factory=lambda: [PANEL])
    keys: SessionKeys | None = None
    down_counter: int = 0
    heard: list[tuple[int, Report]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drawn = 0
        self._chance = random.Random(7)
        self.tag = TagMachine(TAG, CODE, self.panels, self._chance.randbytes)
        self.glass: list[tuple[bytes, ...] | None] = [None] * len(self.panels)

    # keys

    def answer_to(self, request: JoinRequest, *, owner: bool) -> tuple[JoinAnswer, SessionKeys]:
        share, gateway_nonce = derive_share(SITE_SECRET, TAG), self._chance.randbytes(8)
        key = owner_key(CODE, share, TAG) if owner else join_key(CODE, TAG)
        request.check(key)
        answer = JoinAnswerMessage.seal(key, request, gateway_nonce, share)
        return JoinAnswer(answer.pack()), session_keys(CODE, share, TAG, request.tag_nonce, gateway_nonce)

    def join(self) -> list[Report]:
        """Commission the new tag; its first reports under the new keys."""
        answer, self.keys = self.answer_to(self.request(self.tag.contact()), owner=False)
        return self.reports(self.tag.receive(answer))

    def request(self, items: list[UpItem]) -> JoinRequest:
        return next(JoinRequest.unpack(item.octets) for item in items if isinstance(item, Join))

    # manifests and parts

    def manifest(self, revision: int, shown: Picture, display: int = 0, t_ms: int = 0) -> SealedManifest:
        assert self.keys is not None
        encoding = shown.encoding
        made = Manifest(
            display=display,
            action=Action.SHOW_AT_T if t_ms else Action.SHOW,
            codec=encoding.codec,
            revision=revision,
            content_id=shown.content_id,
            encoding_id=encoding.encoding_id,
            base_prefix=encoding.base_prefix,
            encoded_size=len(encoding.data),
            t_ms=t_ms,
            root=encoding.root,
        )
        self.down_counter += 1
        return SealedManifest(seal_manifest(self.keys, self.down_counter, made))

    def offer(self, revision: int, shown: Picture, display: int = 0, t_ms: int = 0) -> list[UpItem]:
        return self.tag.receive(self.manifest(revision, shown, display, t_ms))

    def send_parts(self, shown: Picture, items: list[UpItem]) -> list[UpItem]:
        """What these items ask for of this picture."""
        said: list[UpItem] = []
        for offset in wanted(items, shown):
            said += self.tag.receive(part(shown, offset))
        return said

    def show(self, revision: int, shown: Picture, display: int = 0) -> list[Report]:
        """The whole way to the glass."""
        self.reports(self.send_parts(shown, self.offer(revision, shown, display)))
        self.draw()
        return self.reports(self.tag.contact())

    # the glass

    def draw(self, outcome: Outcome = Outcome.DRAWN, refresh_s: float = 1.7) -> bool:
        """One refresh, if one is due."""
        order = self.tag.refresh_due()
        if order is None:
            return False
        self.tag.refresh_begins(order.display)
        self.glass[order.display] = order.planes if outcome is Outcome.DRAWN else None
        self.drawn += 1
        self.tag.refresh_ended(order.display, outcome, refresh_s, 21, 2980)
        return True

    # what the tag says

    def reports(self, items: list[UpItem]) -> list[Report]:
        """Opened, and kept with their counters."""
        assert self.keys is not None
        opened = [open_report(self.keys, item.octets) for item in items if isinstance(item, SealedReport)]
        self.heard += opened
        return [report for _, report in opened]


def wanted(items: list[UpItem], shown: Picture) -> list[int]:
    """The offsets these items ask for, of this picture's encoding."""
    return [
        offset
        for item in items
        if isinstance(item, PartRequest) and item.encoding_id == shown.encoding.encoding_id
        for offset in item.offsets()
    ]
