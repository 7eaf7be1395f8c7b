"""A tap on the cables of a fleet's bridges: what came down to them, counted by message, display and encoding.

In: the messages of each payload that a bridge took. Out: counts, for those who ask what a change has cost on the link.
Rule: it only listens; what got lost on the way, or came to a bridge without power, is not in it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_protocol import TagId, display_id
from firmware_protocol.link import DownMessage
from firmware_protocol.link.messages import Associate, Parts, PleaseCommission, ToTag, ToTagKind, Unassociate


@dataclass(slots=True)
class LinkTap:
    """`messages` by name; `manifests` and `commands` by display; `parts`: octets of each encoding, by its id;
    `streams`: how many it has in all.
    """

    payloads: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    tags: set[TagId] = field(default_factory=set)
    manifests: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    parts: Counter[bytes] = field(default_factory=Counter)
    streams: dict[bytes, int] = field(default_factory=dict)

    def listen(self, messages: Sequence[DownMessage]) -> None:
        self.payloads += 1
        for message in messages:
            self.messages[type(message).__name__] += 1
            if isinstance(message, ToTag | Associate | Unassociate | PleaseCommission):
                self.tags.add(message.tag_id)
            if isinstance(message, Parts):
                self.parts[message.encoding_id] += len(message.octets)
                self.streams[message.encoding_id] = message.stream_size
            elif isinstance(message, ToTag) and message.kind is ToTagKind.MANIFEST:
                self.manifests[display_id(message.tag_id, message.display)] += 1
            elif isinstance(message, ToTag) and message.kind is ToTagKind.COMMAND:
                self.commands[display_id(message.tag_id, message.display)] += 1

    def to_json(self) -> dict[str, object]:
        return {
            "payloads": self.payloads,
            "messages": dict(self.messages),
            "manifests": dict(self.manifests),
            "commands": dict(self.commands),
            "parts": {encoding_id.hex(): octets for encoding_id, octets in self.parts.items()},
            "streams": {encoding_id.hex(): octets for encoding_id, octets in self.streams.items()},
        }
