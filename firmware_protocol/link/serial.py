"""A reliable stream of payloads over a serial line that loses, changes, repeats and re-opens.

In: octets from the line, payloads to send, the time. Out: octets for the line, `LinkPayload`s (each once, in order
within a session), `LinkOpened` when the peer is a new one. Rule: a link is a pair of sessions, ours and the peer's;
frames of any other pair are not heard. Whoever opens the port makes a new `SerialLink` with a new session, and so does
a device that starts: the other end then drops what waited, both ways, and says so by `LinkOpened`.
A copy of an old frame that comes late can bring an end to a session that is over; an end that hears others and not its
peer for a second takes a new session itself, which brings both together again.
Selective repeat: up to a window of frames on their way, each acknowledged by number. The line keeps the order, so a
frame is lost as soon as one sent after it is acknowledged; else after a time-out that doubles.
Two ends open at one speed and may agree on a faster one (`LineSpeed`): whoever writes to the line keeps it at `baud`.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from msgspec import Struct

from firmware_protocol.link.frames import (
    SERIAL_VERSION,
    DataFlags,
    Frame,
    FrameReader,
    FrameType,
    pack_speeds,
    unpack_speeds,
)
from firmware_protocol.link.limits import (
    DEFAULT_BAUD,
    LATENCY_S,
    OPEN_EVERY_S,
    PAYLOAD_OCTETS_MAX,
    PEER_LOST_S,
    RETRY_MAX_S,
    RETRY_MIN_S,
    RETRY_ROUND_TRIPS,
    SERIAL_CODED_OCTETS_MAX,
    SERIAL_DATA_OCTETS_MAX,
    SESSIONS_REMEMBERED,
    WINDOW_FRAMES_MAX,
    WINDOW_FRAMES_MIN,
    WINDOW_LATENCIES,
)
from firmware_protocol.link.speed import LineSpeed

_SEQUENCES = 1 << 16
_SESSION_MAX = (1 << 32) - 1
_BITS_A_OCTET = 10  # 8N1
_DOUBLINGS_MAX = 6  # from the shortest time-out that reaches the longest


class LinkOpened(Struct, frozen=True):
    """The peer is there and is a new one: whatever was sent before is gone. Say hello."""

    peer_session: int


class LinkPayload(Struct, frozen=True):
    """A payload, whole, as the peer sent it."""

    octets: bytes


LinkEvent = LinkOpened | LinkPayload


@dataclass(slots=True)
class LinkCounts:
    """What went wrong so far, for the log and the metrics."""

    foreign: int = 0  # whole frames of another pair of sessions
    sent: int = 0  # data frames, each time
    repeated: int = 0  # of these, frames we sent again
    duplicate: int = 0  # frames that had come before
    broken: int = 0  # payloads that were no payload: pieces without a beginning, or too long


@dataclass(slots=True)
class _InFlight:
    frame: Frame
    sent_at: float = 0.0
    order: int = -1  # of its last sending among all sendings; -1 = to be sent
    tries: int = 0


class SerialLink:
    """One end. Call `receive` with what came, `to_send` after each call that could change something, and again at
    `wake_at`. Octets of `to_send` are for the line at `baud`: when that has changed, let what was written leave, set
    the line, go on. All times in seconds of one monotonic clock.
    """

    def __init__(
        self, session: int, *, baud: int = DEFAULT_BAUD, offers: Sequence[int] = (), takes: Collection[int] = ()
    ) -> None:
        """`session` is 1 to 2^32 - 1, drawn anew (by `Secrets`) each time the port is opened; an end that must renew it
        counts on from there. `baud`: at which the line opens. `offers`: faster ones that a gateway would go to;
        `takes`: those that a bridge can.
        """
        if not 0 < session <= _SESSION_MAX:
            raise ValueError(f"session {session}: 1 to 2^32 - 1")
        self.session = session
        self.peer_session = 0
        self.counts = LinkCounts()
        self.speed = LineSpeed(baud, offers=offers, takes=takes)
        self._fit_window()
        self._reader = FrameReader()
        self._retired: deque[int] = deque(maxlen=SESSIONS_REMEMBERED)
        self._open_at: float | None = 0.0  # when to say OPEN again; None = the peer knows us
        self._answer_open = False
        self._heard_at: float | None = None  # when the peer last said something to us
        self._ack_due = False
        self._order = 0
        self._start_streams()

    def _fit_window(self) -> None:
        octet_s = _BITS_A_OCTET / self.baud
        busy = int(WINDOW_LATENCIES * LATENCY_S / octet_s / SERIAL_CODED_OCTETS_MAX) + 1
        self.window = min(max(busy, WINDOW_FRAMES_MIN), WINDOW_FRAMES_MAX)
        round_trip_s = LATENCY_S + self.window * SERIAL_CODED_OCTETS_MAX * octet_s
        self.retry_s = max(RETRY_ROUND_TRIPS * round_trip_s, RETRY_MIN_S)

    @property
    def baud(self) -> int:
        """The speed at which the line must be now."""
        return self.speed.baud

    @property
    def is_open(self) -> bool:
        """Both ends know each other."""
        return self.peer_session != 0 and self._open_at is None

    @property
    def bad_frames(self) -> int:
        return self._reader.bad

    @property
    def waiting(self) -> int:
        """Frames not yet acknowledged."""
        return len(self._flight) + len(self._queue)

    def send(self, payload: bytes) -> None:
        """For the peer, after all that was sent before. Raises `ValueError` for more than a payload may hold."""
        if not 0 < len(payload) <= PAYLOAD_OCTETS_MAX:
            raise ValueError(f"a payload of {len(payload)} octets: 1 to {PAYLOAD_OCTETS_MAX}")
        last = len(payload) - SERIAL_DATA_OCTETS_MAX
        for start in range(0, len(payload), SERIAL_DATA_OCTETS_MAX):
            flags = (DataFlags.FIRST if start == 0 else 0) | (DataFlags.LAST if start >= last else 0)
            self._queue.append((int(flags), payload[start : start + SERIAL_DATA_OCTETS_MAX]))

    def receive(self, octets: bytes, now: float) -> list[LinkEvent]:
        """What happened by these octets. `to_send` with the same time is the next call."""
        events: list[LinkEvent] = []
        understood = False
        for frame in self._reader.feed(octets):
            if not self._is_for_us(frame):
                self._take_foreign(frame, now)
                continue
            understood = True
            self._heard_at = now
            self._take(frame, events, now)
            self.speed.understood()
        if not understood:
            self.speed.expects(now)
        return events

    def _take(self, frame: Frame, events: list[LinkEvent], now: float) -> None:
        match frame.type:
            case FrameType.OPEN | FrameType.OPENED:
                self._take_open(frame, events, now)
            case FrameType.DATA:
                self._known(now)
                self._take_data(frame, events)
            case FrameType.ACK:
                self._known(now)
                self._take_ack(frame)
            case FrameType.SPEED:
                self.speed.offered(unpack_speeds(frame.data))
            case FrameType.AGREED:
                self.speed.taken(unpack_speeds(frame.data)[0], now)
            case _:
                assert_never(frame.type)

    def to_send(self, now: float) -> bytes:
        """Everything the line should carry now."""
        if self.speed.pass_time(now):
            self._fit_window()
            self._reader.start_anew()
            self._open_at = now  # is the peer there as well?
            return b""  # the line must be set first
        if self.speed.is_quiet:
            return b""
        if self._open_at is None and self.speed.doubts(now):
            self._open_at = now
        out = [*self._greetings(now)]
        if self._ack_due:
            self._ack_due = False
            out.append(self._ack().pack())
        if self.is_open:
            if speeds := self.speed.offer(now):
                out.append(self._frame(FrameType.SPEED, data=pack_speeds(*speeds)).pack())
            if not self.speed.holds_data:
                out.extend(self._data(now))
        if (taken := self.speed.answer(now)) is not None:
            out.append(self._frame(FrameType.AGREED, data=pack_speeds(taken)).pack())
        return b"".join(out)

    def _greetings(self, now: float) -> Iterator[bytes]:
        if self._answer_open:
            self._answer_open = False
            yield self._frame(FrameType.OPENED, flags=SERIAL_VERSION).pack()
        if self._open_at is not None and self._open_at <= now:
            # the zero before it ends whatever noise stands on the line, such as a boot loader's banner
            yield b"\x00" + self._frame(FrameType.OPEN, flags=SERIAL_VERSION).pack()
            self._open_at = now + OPEN_EVERY_S
            self.speed.probed(now)

    def _data(self, now: float) -> Iterator[bytes]:
        self._fill_window()
        for flying in self._flight.values():
            if self._is_due(flying, now):
                self.speed.expects(now)
                yield self._send_again(flying, now)

    def wake_at(self) -> float | None:
        """When `to_send` has something again by itself; 0.0 = now; None = not before something comes in."""
        speed_at = self.speed.wake_at()
        if self.speed.is_quiet:
            return speed_at
        if self._ack_due or self._answer_open:
            return 0.0
        if not self.is_open:
            return min((at for at in (self._open_at, speed_at) if at is not None), default=None)
        if self.speed.holds_data:
            return speed_at
        if self._queue and self._span() < self.window:
            return 0.0
        dues = [self._due_at(flying) for flying in self._flight.values()]
        return min(dues if speed_at is None else [*dues, speed_at], default=None)

    # Opening

    def _start_streams(self) -> None:
        """Both directions from sequence 0, nothing waiting."""
        self._queue: deque[tuple[int, bytes]] = deque()
        self._flight: dict[int, _InFlight] = {}  # by sequence, oldest first
        self._next_sequence = 0
        self._expected = 0
        self._early: dict[int, Frame] = {}
        self._assembly: bytearray | None = None
        self._ack_due = False

    def _is_for_us(self, frame: Frame) -> bool:
        if frame.type not in (FrameType.OPEN, FrameType.OPENED):
            return frame.from_session == self.peer_session and frame.to_session == self.session
        if frame.from_session in (0, self.session, *self._retired):
            return False
        return frame.type is FrameType.OPEN or frame.to_session == self.session

    def _take_foreign(self, frame: Frame, now: float) -> None:
        self.counts.foreign += 1
        if frame.from_session == self.session:  # a line that echoes
            return
        if self._heard_at is None:
            self._heard_at = now
        elif now - self._heard_at > PEER_LOST_S:
            self.session = self.session % _SESSION_MAX + 1
            self.peer_session, self._open_at, self._heard_at = 0, 0.0, now
            self._retired.clear()
            self.speed.closed()
            self._start_streams()

    def _take_open(self, frame: Frame, events: list[LinkEvent], now: float) -> None:
        if frame.from_session != self.peer_session:
            if self.peer_session:
                self._retired.append(self.peer_session)
            self.peer_session = frame.from_session
            self.speed.forgive()
            self.speed.closed()
            self._start_streams()
            self._open_at = 0.0
            events.append(LinkOpened(self.peer_session))
        if frame.to_session == self.session:
            self._known(now)
        self._answer_open = self._answer_open or frame.type is FrameType.OPEN

    def _known(self, now: float) -> None:
        """The peer has named our session, at this speed."""
        if self._open_at is not None:
            self._open_at = None
            self.speed.opened(now)

    # Coming in

    def _take_data(self, frame: Frame, events: list[LinkEvent]) -> None:
        self._ack_due = True
        ahead = (frame.sequence - self._expected) % _SEQUENCES
        if ahead >= WINDOW_FRAMES_MAX or frame.sequence in self._early:
            self.counts.duplicate += 1
            return
        self._early[frame.sequence] = frame
        while (ready := self._early.pop(self._expected, None)) is not None:
            self._expected = (self._expected + 1) % _SEQUENCES
            self._assemble(ready, events)

    def _assemble(self, frame: Frame, events: list[LinkEvent]) -> None:
        if frame.flags & DataFlags.FIRST:
            if self._assembly is not None:
                self.counts.broken += 1
            self._assembly = bytearray()
        if self._assembly is None:
            self.counts.broken += 1
            return
        self._assembly += frame.data
        if len(self._assembly) > PAYLOAD_OCTETS_MAX:
            self.counts.broken += 1
            self._assembly = None
        elif frame.flags & DataFlags.LAST:
            events.append(LinkPayload(bytes(self._assembly)))
            self._assembly = None

    def _ack(self) -> Frame:
        seen = 0
        for sequence in self._early:
            seen |= 1 << (sequence - self._expected - 1) % _SEQUENCES
        return self._frame(FrameType.ACK, sequence=self._expected, data=seen.to_bytes(4, "little"))

    # Going out

    def _take_ack(self, frame: Frame) -> None:
        expected, seen = frame.sequence, int.from_bytes(frame.data, "little")
        if (self._next_sequence - expected) % _SEQUENCES > self._span():
            return  # older than what is acknowledged already, or about frames never sent
        newest = -1
        for sequence, flying in list(self._flight.items()):
            beyond = (sequence - expected) % _SEQUENCES
            if beyond >= WINDOW_FRAMES_MAX + 1 or (beyond and seen >> (beyond - 1) & 1):
                newest = max(newest, flying.order)
                del self._flight[sequence]
        if newest < 0:
            return
        for flying in self._flight.values():
            flying.tries = min(flying.tries, 1)
            if flying.order < newest:
                flying.order = -1

    def _fill_window(self) -> None:
        while self._queue and self._span() < self.window:
            flags, data = self._queue.popleft()
            frame = self._frame(FrameType.DATA, sequence=self._next_sequence, flags=flags, data=data)
            self._flight[self._next_sequence] = _InFlight(frame)
            self._next_sequence = (self._next_sequence + 1) % _SEQUENCES

    def _span(self) -> int:
        """How much of the window is taken: the oldest frame on its way holds its lower end, whatever else has come."""
        oldest = next(iter(self._flight), self._next_sequence)
        return (self._next_sequence - oldest) % _SEQUENCES

    def _due_at(self, flying: _InFlight) -> float:
        if flying.order < 0:
            return 0.0
        doubled = self.retry_s * (1 << min(flying.tries - 1, _DOUBLINGS_MAX))
        return flying.sent_at + min(doubled, RETRY_MAX_S)

    def _is_due(self, flying: _InFlight, now: float) -> bool:
        return self._due_at(flying) <= now

    def _send_again(self, flying: _InFlight, now: float) -> bytes:
        self.counts.sent += 1
        if flying.tries:
            self.counts.repeated += 1
        flying.sent_at, flying.order, flying.tries = now, self._order, flying.tries + 1
        self._order += 1
        return flying.frame.pack()

    def _frame(self, kind: FrameType, *, sequence: int = 0, flags: int = 0, data: bytes = b"") -> Frame:
        return Frame(kind, self.session, self.peer_session, sequence, flags, data)
