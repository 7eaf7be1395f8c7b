"""Loss that comes in bursts, as functions of the instant: ask about any moment, in any order, at the same small price.

In: an instant in seconds, draws by index. Out: in which state a link is then, and how much it loses.
Rule: time is cut into cells; each cell's story is drawn from its number alone, so idle hours are never stepped through
and two who ask differently often see one history.
Models, all assumed in radio and panel facts 5.1: Gilbert and Elliott's two states with dwell times, drawn afresh at the
start of each cell of ten dwells; an outage of 2 to 30 s; a bridge whose whole neighbourhood is disturbed at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp

from msgspec import Struct

from simulator.radio.draws import Draw, exponential, spread

_DWELLS_A_CELL = 10  # pairs of good and bad: then the state is drawn afresh
_INDICES_A_CELL = 1 << 12  # more dwells than a cell ever has


class Preset(Struct, frozen=True):
    """Loss in either state, and mean dwell times.

    The facts give probabilities per packet, and for *store* a bad dwell of 0.3 s. The good dwell follows from the ratio
    of the two probabilities, so that the share of time that is bad, and the mean loss, are the table's; the bad dwells
    of the other presets are to that of *store* as their mean bad runs are. (The facts' 10 s of good dwell beside 0.3 s
    would lose 2.7 %, not the 4.7 % of their own table; the worse of the two is taken.)
    """

    name: str
    loss_good: float
    loss_bad: float
    good_s: float
    bad_s: float

    @property
    def bad_share(self) -> float:
        return self.bad_s / (self.good_s + self.bad_s)

    @property
    def mean_loss(self) -> float:
        return self.loss_good + (self.loss_bad - self.loss_good) * self.bad_share


def _preset(name: str, loss_good: float, loss_bad: float, to_bad: float, to_good: float) -> Preset:
    bad_s = 0.3 * 0.15 / to_good
    return Preset(name, loss_good, loss_bad, bad_s * to_good / to_bad, bad_s)


PRESETS = {
    preset.name: preset
    for preset in (
        _preset("quiet", 0.002, 0.30, 0.002, 0.30),
        _preset("store", 0.01, 0.60, 0.01, 0.15),
        _preset("busy", 0.03, 0.80, 0.03, 0.10),
        _preset("edge", 0.10, 0.90, 0.05, 0.10),
    )
}


@dataclass(slots=True)
class Bursts:
    """The two states of one link, good at first or bad as the cell's first draw says."""

    preset: Preset
    draw: Draw
    _cell: int = field(default=-1, repr=False)
    _changes: Sequence[float] = field(default=(), repr=False)
    _bad_first: bool = field(default=False, repr=False)

    def is_bad(self, at_s: float) -> bool:
        """At this instant."""
        length_s = _DWELLS_A_CELL * (self.preset.good_s + self.preset.bad_s)
        cell = int(at_s // length_s)
        if cell != self._cell:
            self._live(cell, length_s)
        within_s = at_s - cell * length_s
        passed = sum(change_s <= within_s for change_s in self._changes)
        return self._bad_first ^ bool(passed % 2)

    def loss(self, at_s: float) -> float:
        """Probability that a frame is lost."""
        return self.preset.loss_bad if self.is_bad(at_s) else self.preset.loss_good

    def _live(self, cell: int, length_s: float) -> None:
        """The instants in this cell at which the state changes. Kept, because a contact asks about one cell often."""
        index = cell * _INDICES_A_CELL
        bad = self._bad_first = self.draw(index) < self.preset.bad_share
        changes: list[float] = []
        passed_s = 0.0
        while passed_s < length_s:
            index += 1
            passed_s += exponential(self.draw, index, self.preset.bad_s if bad else self.preset.good_s)
            changes.append(passed_s)
            bad = not bad
        self._cell, self._changes = cell, changes


class Episodes(Struct, frozen=True):
    """Something that happens `per_hour` times, lasts so long, and lies somewhere in its stretch of the hour."""

    draw: Draw
    per_hour: float
    shortest_s: float
    longest_s: float

    def is_on(self, at_s: float) -> bool:
        """At this instant. An episode may reach into the next stretch, never further."""
        if self.per_hour <= 0:
            return False
        stretch_s = 3600 / self.per_hour
        stretch = int(at_s // stretch_s)
        return any(self._covers(number, stretch_s, at_s) for number in (stretch, stretch - 1))

    def _covers(self, stretch: int, stretch_s: float, at_s: float) -> bool:
        begins_s = (stretch + self.draw(2 * stretch)) * stretch_s
        return begins_s <= at_s < begins_s + spread(self.draw, 2 * stretch + 1, self.shortest_s, self.longest_s)


def outages(draw: Draw, per_hour: float = 2.0) -> Episodes:
    """Of one tag: a trolley before it, a cart of drinks, a promotion's metal stand. Nothing passes."""
    return Episodes(draw, per_hour, 2.0, 30.0)


def disturbances(draw: Draw, per_hour: float = 0.5) -> Episodes:
    """Of one bridge: all its tags lose link quality from one minute to the next. Seen; how often and long: assumed."""
    return Episodes(draw, per_hour, 30.0, 120.0)


DISTURBED_DB = 8.0  # by so much the noise rises (assumed)


class WiFi(Struct, frozen=True):
    """A neighbour on a 2.4 GHz channel (1, 6, 11): busy for `duty` of the time, in bursts of about `burst_us`."""

    channel: int
    duty: float
    burst_us: float = 1000.0

    @property
    def centre_mhz(self) -> int:
        return 2412 + 5 * (self.channel - 1)

    def hit_rate(self, airtime_us: int) -> float:
        """Probability that a frame of this length on an overlapping channel meets one of its bursts."""
        if self.duty <= 0:
            return 0.0
        if self.duty >= 1:
            return 1.0
        idle_us = self.burst_us * (1 - self.duty) / self.duty
        return 1 - (1 - self.duty) * exp(-airtime_us / idle_us)


_OVERLAPS_MHZ = 12  # half of Wi-Fi's 22 MHz, and half of a 2 MHz channel beside it


def channel_mhz(channel: int) -> int:
    """Of 802.15.4, 11 to 26; 27 is what some tags make of it beyond the standard."""
    return 2405 + 5 * (channel - 11)


def overlaps(wifi: WiFi, at_mhz: float) -> bool:
    return abs(wifi.centre_mhz - at_mhz) < _OVERLAPS_MHZ


def hopped_share(wifi: WiFi) -> float:
    """Of the 37 channels a BLE link hops over, how many the neighbour covers."""
    hops = [2404 + 2 * hop for hop in range(11)] + [2428 + 2 * hop for hop in range(26)]
    return sum(overlaps(wifi, at_mhz) for at_mhz in hops) / len(hops)


def fixed_channel_loss(neighbours: Sequence[WiFi], channel: int, airtime_us: int) -> float:
    """802.15.4 sits on one channel: all or nothing."""
    kept = 1.0
    for wifi in neighbours:
        if overlaps(wifi, channel_mhz(channel)):
            kept *= 1 - wifi.hit_rate(airtime_us)
    return 1 - kept


def hopping_loss(neighbours: Sequence[WiFi], airtime_us: int) -> float:
    """BLE hops, so every neighbour takes its share."""
    kept = 1.0
    for wifi in neighbours:
        kept *= 1 - hopped_share(wifi) * wifi.hit_rate(airtime_us)
    return 1 - kept
