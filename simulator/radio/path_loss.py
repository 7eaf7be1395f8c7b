"""How strong a frame arrives, and how likely it is understood.

In: a distance, what stands in the way, a frame's length. Out: dBm, and the probability that the frame is lost.
Rule: the edge is 3 dB wide and lies elsewhere for each length, so loss is always asked of a frame of so many octets: a
short check-in still succeeds where a long part fails.
Figures: radio and panel facts 5.2. The two error curves are the standard's of 802.15.4 (O-QPSK at 2.4 GHz) and that of
non-coherent GFSK; each is laid so that its sensitivity is where the data sheets measure it.
"""

from enum import Enum
from functools import cache
from math import comb, exp, expm1, fsum, log, log1p, log10, sqrt

from msgspec import Struct

from simulator.radio.draws import Draw, normal


class Way(Enum):
    """Of a frame. The bridge is the louder of the two."""

    UP = "up"
    DOWN = "down"


class Modulation(Struct, frozen=True):
    """`sensitivity_dbm`: 1 % of frames of 20 octets lost (802.15.4), 0.1 % of bits wrong (BLE).
    `capture_db`: by so much the stronger of two frames at once must be above the other to survive.
    """

    name: str
    sensitivity_dbm: float
    capture_db: float


IEEE_802_15_4 = Modulation("802.15.4", -97.0, 3.0)
BLE_1M = Modulation("BLE 1M", -95.0, 8.0)

_CHIPS = 16
_FREE_OF_ERRORS_DB = 8.0  # above this margin the longest frame fails less than once in 10^11
_HOPELESS_DB = -12.0


class Propagation(Struct, frozen=True):
    """How fields fade in one kind of shop. `correlated`: the share of the shadowing that a tag has with every bridge,
    because it is of its own place; the rest it has with each one apart (assumed: half and half).
    """

    exponent: float = 2.2
    at_1m_db: float = 40.2
    sigma_db: float = 6.0
    packet_sigma_db: float = 2.0
    correlated: float = 0.5

    def path_loss_db(self, distance_m: float) -> float:
        """In the open; below a metre as at one metre."""
        return self.at_1m_db + 10 * self.exponent * log10(max(distance_m, 1.0))

    def shadow_db(self, of_tag: Draw, of_pair: Draw) -> float:
        """What a place adds, or takes away, for good."""
        own = normal(of_tag, 0, self.sigma_db * sqrt(self.correlated))
        return own + normal(of_pair, 0, self.sigma_db * sqrt(1 - self.correlated))

    def fading_db(self, draw: Draw, index: int) -> float:
        """What one packet more or less meets."""
        return normal(draw, index, self.packet_sigma_db)


class Budget(Struct, frozen=True):
    """Transmitters and antennas. A tag's antenna sits beside a cell and a glass."""

    bridge_tx_dbm: float = 8.0
    tag_tx_dbm: float = 0.0
    tag_antenna_dbi: float = -5.0
    bridge_antenna_dbi: float = 0.0

    def received_dbm(self, loss_db: float, way: Way) -> float:
        tx_dbm = self.tag_tx_dbm if way is Way.UP else self.bridge_tx_dbm
        return tx_dbm + self.tag_antenna_dbi + self.bridge_antenna_dbi - loss_db


def packet_error_rate(modulation: Modulation, margin_db: float, octets: int) -> float:
    """`margin_db`: received above sensitivity. `octets`: all that the check sum covers, and the check sum."""
    if margin_db > _FREE_OF_ERRORS_DB:
        return 0.0
    if margin_db < _HOPELESS_DB:
        return 1.0
    ratio = 10 ** (margin_db / 10)
    if modulation is IEEE_802_15_4:
        bit_error_rate = _dsss_bit_error_rate(_dsss_ratio_at_sensitivity() * ratio)
    else:
        bit_error_rate = 0.5 * exp(log(2 * 0.001) * ratio)
    return -expm1(8 * octets * log1p(-bit_error_rate))


def survives(modulation: Modulation, frame_dbm: float, other_dbm: float, *, in_time: bool) -> bool:
    """Two frames at once: is this one received? `in_time`: it began first, or within the other's preamble."""
    return in_time and frame_dbm - other_dbm >= modulation.capture_db


def _dsss_bit_error_rate(ratio: float) -> float:
    terms = (
        (1 - 2 * (chip % 2)) * comb(_CHIPS, chip) * exp(20 * ratio * (1 / chip - 1)) for chip in range(2, _CHIPS + 1)
    )
    return min(0.5, max(0.0, 8 / 15 / _CHIPS * fsum(terms)))


@cache
def _dsss_ratio_at_sensitivity() -> float:
    """Signal to noise at which 1 % of frames of 20 octets are lost."""
    low, high = 0.5, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        lost = -expm1(8 * 20 * log1p(-_dsss_bit_error_rate(middle)))
        low, high = (middle, high) if lost > 0.01 else (low, middle)
    return low
