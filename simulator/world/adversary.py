"""Somebody who hears everything and can say anything: on the bridges' links, and on the air to every tag.

In: a world, a seed. Out: forged, replayed, truncated, re-ordered and cross-tag messages, each with what must become of
it. Rule: it has no key and no factory code; what it says is made of what it has heard and of chance.
Why: docs/security.md.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from firmware_protocol import TagId
from firmware_protocol.link.messages import (
    DownMessage,
    FromTag,
    FromTagKind,
    Parts,
    PartsWanted,
    SeenReason,
    TagSeen,
    ToTag,
    ToTagKind,
    UpMessage,
)
from firmware_protocol.link.payload import pack_payloads
from firmware_protocol.poll import (
    CannotOpen,
    DownItem,
    Join,
    JoinAnswer,
    Part,
    Response,
    SealedCommand,
    SealedManifest,
    SealedReport,
    UpItem,
)
from firmware_protocol.tag import PleaseCommission
from simulator.chance import generator
from simulator.world.world import World

MESSAGES_A_PAYLOAD = 25
SIGNAL_DBM = -60
_ITEM_OF: Mapping[ToTagKind, Callable[[bytes], DownItem]] = {
    ToTagKind.JOIN_ANSWER: JoinAnswer,
    ToTagKind.MANIFEST: SealedManifest,
    ToTagKind.COMMAND: SealedCommand,
}
_OCTETS_OF_REPORT, _OCTETS_OF_JOIN, _COMMAND_OCTETS = 30, 24, (15, 61)


class Adversary:
    """`said` counts what it said, by kind; `to_gateway` what the gateway must have counted as rejected for that, and
    `to_tags` what the tags must have dropped. What it says of contacts, and repeats of *cannot open*, is counted apart.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._chance = generator(seed, "adversary")
        self._up: list[FromTag] = []
        self._down: list[ToTag] = []
        self._parts: list[Parts] = []
        self._tag_ids = list(world.fleet.tags)
        self._waiting: list[UpMessage] = []
        self.said: Counter[str] = Counter()
        self.to_gateway = 0
        self.to_tags = 0
        self._ways: list[tuple[str, Callable[[], None]]] = [
            ("replayed to the gateway", self._replay_up),
            ("cross-tag to the gateway", self._cross_up),
            ("truncated to the gateway", self._truncate_up),
            ("changed to the gateway", self._change_up),
            ("forged to the gateway", self._forge_up),
            ("re-ordered to the gateway", self._reorder_up),
            ("of a stranger", self._stranger),
            ("complaints", self._complain),
            ("lies about contacts", self._lie),
            ("damaged payloads", self._damage),
            ("wishes", self._wish),
            ("replayed to a tag", self._replay_down),
            ("cross-tag to a tag", self._cross_down),
            ("changed to a tag", self._change_down),
            ("forged to a tag", self._forge_down),
            ("truncated to a tag", self._truncate_down),
            ("re-ordered to a tag", self._reorder_down),
            ("parts for a tag", self._part_down),
            ("please commission", self._please_commission),
        ]

    def listen(self) -> None:
        """At every bridge, from now on."""
        for bridge in self._world.fleet.bridges.values():
            bridge.overheard = self._hear

    def stop_listening(self) -> None:
        """It says only what it has heard before: what it says itself is no news to it."""
        for bridge in self._world.fleet.bridges.values():
            bridge.overheard = None

    def _hear(self, message: UpMessage | DownMessage) -> None:
        match message:
            case FromTag():
                self._up.append(message)
            case ToTag():
                self._down.append(message)
            case Parts():
                self._parts.append(message)

    @property
    def heard(self) -> Counter[str]:
        """What it has to make its messages of."""
        return Counter([*(one.kind.name for one in self._up), *(one.kind.name for one in self._down)])

    def attack(self, messages: int) -> None:
        """Say so many, now."""
        for _ in range(messages):
            name, way = self._chance.choice(self._ways)
            self.said[name] += 1
            way()
            if len(self._waiting) >= MESSAGES_A_PAYLOAD:
                self._send()
        self._send()

    # to the gateway

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for payload in pack_payloads(waiting, self._chance.randrange(1 << 20)):
            self._world.carrier.put_in(self._any_bridge(), payload)

    def _say(self, message: UpMessage, *, rejected: bool = True) -> None:
        self._waiting.append(message)
        is_complaint = isinstance(message, FromTag) and message.kind is FromTagKind.CANNOT_OPEN
        self.to_gateway += rejected and not is_complaint

    def _say_item(self, tag_id: TagId, kind: FromTagKind, octets: bytes) -> None:
        self._say(FromTag(tag_id, kind, SIGNAL_DBM, octets))

    def _any_bridge(self) -> str:
        return f"{self._world.store}/{self._chance.choice(list(self._world.fleet.bridges))}"

    def _some(self, messages: Sequence[FromTag]) -> FromTag:
        return self._chance.choice(messages)

    def _sealed(self) -> FromTag:
        while (one := self._some(self._up)).kind is FromTagKind.CANNOT_OPEN:
            pass
        return one

    def _another(self, tag_id: TagId) -> TagId:
        return self._chance.choice([one for one in self._tag_ids if one != tag_id])

    def _replay_up(self) -> None:
        self._say(self._some(self._up))

    def _cross_up(self) -> None:
        one = self._sealed()
        self._say_item(self._another(one.tag_id), one.kind, one.octets)

    def _truncate_up(self) -> None:
        one = self._sealed()
        self._say_item(one.tag_id, one.kind, one.octets[: self._chance.randrange(1, len(one.octets))])

    def _change_up(self) -> None:
        one = self._sealed()
        kind = self._chance.choice([FromTagKind.JOIN, FromTagKind.REPORT, FromTagKind.RESPONSE])
        octets = one.octets if kind is not one.kind else self._flipped(one.octets)
        self._say_item(one.tag_id, kind, octets)

    def _forge_up(self) -> None:
        kind = self._chance.choice([FromTagKind.JOIN, FromTagKind.REPORT, FromTagKind.RESPONSE])
        size = {FromTagKind.JOIN: _OCTETS_OF_JOIN, FromTagKind.REPORT: _OCTETS_OF_REPORT}.get(kind)
        octets = self._chance.randbytes(self._chance.randrange(1, 90) if size is None else size)
        self._say_item(self._chance.choice(self._tag_ids), kind, octets)

    def _reorder_up(self) -> None:
        """The last before the first."""
        start = self._chance.randrange(len(self._up))
        for one in reversed(self._up[start : start + 3]):
            self._say(one)
        self.said["re-ordered to the gateway"] += len(self._up[start : start + 3]) - 1

    def _stranger(self) -> None:
        one = self._some(self._up)
        self._waiting.append(FromTag(TagId(self._chance.randbytes(8)), one.kind, SIGNAL_DBM, one.octets))
        self.to_gateway += 1

    def _complain(self) -> None:
        octets = bytes((self._chance.choice((1, 2)),)) + self._chance.randbytes(5)
        self._say_item(self._chance.choice(self._tag_ids), FromTagKind.CANNOT_OPEN, octets)

    def _lie(self) -> None:
        tag_id, reason = self._chance.choice(self._tag_ids), self._chance.choice(list(SeenReason))
        self._say(
            TagSeen(tag_id, reason, -self._chance.randrange(30, 100), self._chance.randrange(1 << 32)), rejected=False
        )

    def _damage(self) -> None:
        (payload,) = pack_payloads([self._some(self._up)], 7)
        self._world.carrier.put_in(self._any_bridge(), self._flipped(payload))
        self.to_gateway += 1

    def _wish(self) -> None:
        self._say(PartsWanted(self._chance.randbytes(8), ()))

    # to tags

    def _hand(self, tag_id: TagId, item: DownItem | Part | PleaseCommission) -> None:
        """On the air, between two contacts; what the tag says to it goes to the gateway like any word of it."""
        tag = self._world.fleet.tags[tag_id]
        tag.bring_up_to_date()
        for answer in tag.machine.receive(item):
            self._forward(tag_id, answer)
        self.to_tags += not isinstance(item, PleaseCommission)

    def _forward(self, tag_id: TagId, item: UpItem) -> None:
        match item:
            case Join():
                self._say_item(tag_id, FromTagKind.JOIN, item.octets)
            case SealedReport():
                self._waiting.append(FromTag(tag_id, FromTagKind.REPORT, SIGNAL_DBM, item.octets))
            case Response():
                self._waiting.append(FromTag(tag_id, FromTagKind.RESPONSE, SIGNAL_DBM, item.octets))
            case CannotOpen():
                octets = bytes((item.what,)) + item.randomizer
                self._say_item(tag_id, FromTagKind.CANNOT_OPEN, octets)

    def _replay_down(self) -> None:
        one = self._chance.choice(self._down)
        self._hand(one.tag_id, _ITEM_OF[one.kind](one.octets))

    def _cross_down(self) -> None:
        one = self._chance.choice(self._down)
        self._hand(self._another(one.tag_id), _ITEM_OF[one.kind](one.octets))

    def _change_down(self) -> None:
        one = self._chance.choice(self._down)
        self._hand(one.tag_id, _ITEM_OF[one.kind](self._flipped(one.octets)))

    def _forge_down(self) -> None:
        kind = self._chance.choice(list(ToTagKind))
        size = len(next(one.octets for one in self._down if one.kind is kind))
        self._hand(self._chance.choice(self._tag_ids), _ITEM_OF[kind](self._chance.randbytes(size)))

    def _truncate_down(self) -> None:
        """Only commands may be of any length; shorter items of other kinds are no frames at all."""
        low, high = _COMMAND_OCTETS
        one = self._chance.choice([one for one in self._down if low <= len(one.octets) - 1])
        self._hand(one.tag_id, SealedCommand(one.octets[: self._chance.randrange(low, min(len(one.octets), high))]))

    def _reorder_down(self) -> None:
        start = self._chance.randrange(len(self._down))
        for one in reversed(self._down[start : start + 3]):
            self._hand(one.tag_id, _ITEM_OF[one.kind](one.octets))
        self.said["re-ordered to a tag"] += len(self._down[start : start + 3]) - 1

    def _part_down(self) -> None:
        one = self._chance.choice(self._parts)
        octets = self._chance.choice((self._chance.randbytes(99), one.octets[:99]))
        self._hand(
            self._chance.choice(self._tag_ids), Part(self._chance.choice(self._tag_ids), one.encoding_id, 0, octets)
        )

    def _please_commission(self) -> None:
        self._hand(self._chance.choice(self._tag_ids), PleaseCommission.BIT)

    def _flipped(self, octets: bytes) -> bytes:
        changed = bytearray(octets)
        changed[self._chance.randrange(len(octets))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)
