"""At which speed one end of a serial line speaks, and what it says to change that.

In: what the peer offers or takes, what was understood and what was not, the time. Out: `baud`, and what is to be said.
Rule: both ends open at the base speed, and an end that raised its speed and is not understood goes back there, so two
ends that lost each other meet again. One end leads (it `offers`), the other follows (it `takes`); an end without either
stays where it is, and a peer of an older firmware never answers an offer.
Why: docs/protocol.md, "Speeds".
"""

from collections.abc import Collection, Sequence

from firmware_protocol.link.limits import (
    LATENCY_S,
    OPEN_EVERY_S,
    SPEED_DOUBT_S,
    SPEED_FALLS_MAX,
    SPEED_OFFER_FIRST_S,
    SPEED_OFFERS_MAX,
    SPEED_PROBES_MAX,
    SPEEDS_OFFERED_MAX,
)


class LineSpeed:
    """`baud` is that of the octets that are said next. `offers`: what a leading end still offers, fastest first."""

    def __init__(self, base: int, *, offers: Sequence[int] = (), takes: Collection[int] = ()) -> None:
        self.base = self.baud = base
        self.offers = tuple(sorted((one for one in offers if one > base), reverse=True))[:SPEEDS_OFFERED_MAX]
        self._takes = frozenset(one for one in takes if one > base)
        self._offer_at: float | None = None  # when to offer (again)
        self._offers_said = 0
        self._answer: int | None = None  # to be said; 0 = stay
        self._switch_at: float | None = None  # nothing is said until then, so that what was said leaves before
        self._next = base
        self._silent_since: float | None = None  # since something should have been understood
        self._probes = 0
        self._is_proved = False
        self._fell_from: int | None = None
        self._falls: dict[int, int] = {}

    @property
    def is_raised(self) -> bool:
        return self.baud != self.base

    @property
    def is_quiet(self) -> bool:
        """A change is under way: say nothing."""
        return self._switch_at is not None

    @property
    def holds_data(self) -> bool:
        """The first offer is on its way: what is said now might meet the change."""
        return self._offers_said == 1 and self._offer_at is not None

    def wake_at(self) -> float | None:
        """When the time alone changes something; 0.0 = now."""
        if self._answer is not None:
            return 0.0
        doubt_at = None if self._silent_since is None else self._silent_since + SPEED_DOUBT_S
        return min((at for at in (self._switch_at, self._offer_at, doubt_at) if at is not None), default=None)

    # Leading

    def opened(self, now: float) -> None:
        """Both ends know each other."""
        if self.offers and not self.is_raised and self._offer_at is None:
            self._offer_at, self._offers_said = now, 0

    def closed(self) -> None:
        """The peer is a new one, or none: it has been offered nothing."""
        self._offer_at = self._answer = self._switch_at = None
        self._offers_said = 0

    def offer(self, now: float) -> tuple[int, ...]:
        """The speeds to be offered now; none if it is not the time."""
        if self._offer_at is None or now < self._offer_at:
            return ()
        self._offers_said += 1
        wait_s = SPEED_OFFER_FIRST_S * (1 << self._offers_said - 1)
        self._offer_at = now + wait_s
        if self._offers_said > SPEED_OFFERS_MAX:
            self._offer_at = None
            return ()
        return self.offers

    def taken(self, baud: int, now: float) -> None:
        """The peer took one of the speeds, or (0) none."""
        if self._offers_said == 0 or self.is_quiet or self.is_raised or (baud and baud not in self.offers):
            return
        self._offer_at = None
        if baud:
            self._next, self._switch_at = baud, now + LATENCY_S

    # Following

    def offered(self, speeds: Sequence[int]) -> None:
        """Answer with the fastest that both can."""
        if not self.is_raised and not self.is_quiet:
            self._answer = max(self._takes.intersection(speeds), default=0)

    def answer(self, now: float) -> int | None:
        """What is to be answered now; what is said after it is said at that speed."""
        answer, self._answer = self._answer, None
        if answer:
            self._next, self._switch_at = answer, now + LATENCY_S
        return answer

    # Doubting

    def expects(self, now: float) -> None:
        """Something was said that wants an answer, or something came that was not understood."""
        if self.is_raised and self._silent_since is None:
            self._silent_since = now

    def doubts(self, now: float) -> bool:
        """True once when nothing was understood for so long that the peer must be asked whether it is there."""
        return self._silent_since is not None and now >= self._silent_since + SPEED_DOUBT_S and not self._probes

    def probed(self, now: float) -> None:
        """The peer was asked."""
        self._probes += self.is_raised
        if self.is_raised:
            self._silent_since = now + OPEN_EVERY_S - SPEED_DOUBT_S

    def understood(self) -> None:
        """A sound frame of the peer."""
        self._silent_since, self._probes = None, 0
        if self.is_raised:
            self._is_proved = True
        elif self._fell_from is not None:
            self._blame(self._fell_from)
            self._fell_from = None

    def forgive(self) -> None:
        """The peer is a new one: it had gone back to the base speed for a reason of its own."""
        self._fell_from = None

    def give_up(self) -> None:
        """The port refuses the speed that was about to be taken."""
        self.offers = tuple(one for one in self.offers if one != self.baud)

    def pass_time(self, now: float) -> bool:
        """True when the speed has changed."""
        if self._switch_at is not None and now >= self._switch_at:
            self._switch_at = None
            self.baud, self._is_proved = self._next, False
        elif (
            self._probes >= SPEED_PROBES_MAX
            and self._silent_since is not None
            and (now >= self._silent_since + SPEED_DOUBT_S)
        ):
            self._fell_from, self.baud = self.baud, self.base
        else:
            return False
        self._silent_since, self._probes = None, 0
        return True

    def _blame(self, baud: int) -> None:
        """The same peer, understood at the base speed again: it was the line."""
        self._falls[baud] = self._falls.get(baud, 0) + (1 if self._is_proved else SPEED_FALLS_MAX)
        if self._falls[baud] >= SPEED_FALLS_MAX:
            self.offers = tuple(one for one in self.offers if one != baud)
