"""Two ends of a serial line on virtual time: the line delays, loses, changes, repeats and reorders what it carries."""

import random
from dataclasses import dataclass, field

from firmware_protocol.link.serial import LinkOpened, LinkPayload, SerialLink


@dataclass
class Line:
    """`loss`, `change`, `repeat`, `late` are shares of frames. Each end speaks at its own `baud`, `delay_s` each way.
    What was said at another speed than that at which it is heard, or above `carries_baud`, is garbage.
    """

    chance: random.Random
    loss: float = 0.0
    change: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    baud: int = 921_600
    delay_s: float = 0.010
    carries_baud: int = 12_000_000
    now: float = 0.0
    ends: list[SerialLink] = field(default_factory=list)
    greeting: bool = False  # an end that meets a new peer says which session it is
    got: dict[SerialLink, list[bytes]] = field(default_factory=dict)
    opened: dict[SerialLink, int] = field(default_factory=dict)  # how often an end met a new peer
    faults: dict[str, int] = field(default_factory=dict)
    _flying: list[tuple[float, int, int, int, bytes]] = field(default_factory=list)  # at, order, to which end, baud
    _free_at: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _order: int = 0

    def plug(self, first: SerialLink, second: SerialLink) -> None:
        """Also re-plugs: what flies to an end that is new still arrives there."""
        self.ends = [first, second]
        for end in self.ends:
            self.got.setdefault(end, [])
            self.opened.setdefault(end, 0)

    def run(self, *, for_s: float = 60.0) -> None:
        """Until nothing flies and nobody wants to be woken, or for so long."""
        end_at = self.now + for_s
        while True:
            for place, end in enumerate(self.ends):
                self._carry(place, end.to_send(self.now))
            wakes = [wake for end in self.ends if (wake := end.wake_at()) is not None]
            moments = [at for at, *_ in self._flying] + wakes
            if not moments:
                return
            if min(moments) > end_at:
                self.now = end_at
                return
            self.now = max(self.now, min(moments))
            self._deliver()

    def _carry(self, place: int, octets: bytes) -> None:
        for piece in octets.split(b"\x00"):
            if not piece:
                continue
            coded = piece + b"\x00"
            self._free_at[place] = max(self._free_at[place], self.now) + len(coded) * 10 / self.ends[place].baud
            at = self._free_at[place] + self.delay_s
            baud = self.ends[place].baud
            if self._strikes("loss", self.loss):
                continue
            if self._strikes("change", self.change):
                spot = self.chance.randrange(len(coded))
                coded = coded[:spot] + bytes((coded[spot] ^ 1 << self.chance.randrange(8),)) + coded[spot + 1 :]
            if self._strikes("late", self.late):
                at += self.chance.random() * 0.1
            self._fly(at, 1 - place, baud, coded)
            if self._strikes("repeat", self.repeat):
                self._fly(at + self.chance.random() * 0.1, 1 - place, baud, coded)

    def _fly(self, at: float, place: int, baud: int, octets: bytes) -> None:
        self._flying.append((at, self._order, place, baud, octets))
        self._order += 1

    def _strikes(self, fault: str, share: float) -> bool:
        struck = self.chance.random() < share
        self.faults[fault] = self.faults.get(fault, 0) + struck
        return struck

    def _deliver(self) -> None:
        due = sorted(each for each in self._flying if each[0] <= self.now)
        self._flying = [each for each in self._flying if each[0] > self.now]
        for _, _, place, baud, octets in due:
            end = self.ends[place]
            if baud != end.baud or baud > self.carries_baud:
                octets = self.chance.randbytes(len(octets))
            for event in end.receive(octets, self.now):
                match event:
                    case LinkPayload(octets=payload):
                        self.got[end].append(payload)
                    case LinkOpened():
                        self.opened[end] += 1
                        if self.greeting:
                            end.send(greeting(end))


def greeting(end: SerialLink) -> bytes:
    return b"hello from %d" % end.session


def two_ends(line: Line) -> tuple[SerialLink, SerialLink]:
    ends = SerialLink(0xA, baud=line.baud), SerialLink(0xB, baud=line.baud)
    line.plug(*ends)
    line.run()
    assert all(end.is_open for end in ends)
    return ends
