"""The same shop in a train (PAwR): what tags that hear a broadcast each 1.76 s would make of it, for comparison.

In: a `Shop` with its bridges. Out: seconds, years. Rule: the same floor, shadows and bursts as for polling, on BLE: by
2 dB less sensitive, with frames of other lengths. Pictures go over connections, proofs into answer slots.
Assumed: a connection costs the tag's cell `CONNECTION_UC` besides the packets; no figure has been published.
"""

from msgspec import Struct

from simulator import battery
from simulator.radio.bursts import PRESETS, Bursts
from simulator.radio.connections import EVENT_US, PACKET_US, Push, push
from simulator.radio.draws import draws
from simulator.radio.path_loss import BLE_1M, Way, packet_error_rate
from simulator.radio.pawr import NORDIC, Train, sweep, urgent_us
from simulator.radio.polled_bridge import Picture
from simulator.radio.sizing_shop import Shop, life_years, percentile

PACKET_AIR_OCTETS = 261
COMMAND_AIR_OCTETS = 72
ANSWER_OCTETS = 17  # of a proof
CONNECTION_UC = 3_000.0  # 2 s, of which the radio is on for a third, at 5 mA
PACKET_UC = 5.0e-3 * PACKET_US  # 5 mA
CHANGES = 300  # looked at for the delays


class InTrain(Struct, frozen=True):
    """`fits`: has the fullest bridge fewer tags than its train has addresses?"""

    train: str
    fits: bool
    update_s: float
    proofs_s: float  # to hear each tag's proof once
    change_mean_s: float
    change_95_s: float
    years: float


def in_train(shop: Shop, picture: Picture, changes_a_day: int, panel: str, train: Train = NORDIC) -> InTrain:
    """At the fullest bridge, with as many of its tags as a train has addresses for."""
    train = train.fitted(ANSWER_OCTETS)
    air = _BleAir(shop, shop.by_size[0], train)
    fits = len(air.tags) <= train.tags_max
    tags = min(len(air.tags), train.tags_max)
    draw = draws(shop.seed, air.name, "train")
    proofs = sweep(train, tags, "read sensor", air.command_lost, ANSWER_OCTETS)
    whole = push(tags, picture.octets, draw, train=train, packet_lost=air.packet_lost)
    delays_s: list[float] = []
    packets = 0
    for number in range(CHANGES):
        one, delay_s = _lone_change(air, int(draw(-1 - number) * tags), number, picture)
        delays_s.append(delay_s)
        packets += one.packets
    delays_s.sort()
    change_uc = CONNECTION_UC + packets / CHANGES * PACKET_UC + picture.refresh_mj / battery.OPEN_V * 1000
    per_day = changes_a_day / len(shop.names)
    used_uc_s = battery.TRAIN_UC / (train.interval_us / 1e6) + per_day * change_uc / 86_400
    return InTrain(
        train.name,
        fits,
        whole.elapsed_s + picture.refresh_s + train.interval_us / 1e6,
        proofs.elapsed_us / 1e6,
        sum(delays_s) / CHANGES,
        percentile(delays_s, 0.95),
        life_years(panel, used_uc_s),
    )


def _lone_change(air: "_BleAir", tag: int, number: int, picture: Picture) -> tuple[Push, float]:
    """Over a connection of its own, and the proof in the train: seconds from order to proof."""
    draw = draws(air.shop.seed, f"{air.name}/{number}", "lone change")

    def packet_lost(_: int, packet: int) -> bool:
        return air.packet_lost(tag, packet + 1000 * number)

    def answer_lost(_: int, event: int, way: Way) -> bool:
        return air.command_lost(tag, event + 1000 * number, way)

    one = push(1, picture.octets, draw, connections=1, train=air.train, packet_lost=packet_lost)
    proof_us = urgent_us(air.train, 99, draw, answer_lost)
    return one, one.elapsed_s + picture.refresh_s + proof_us / 1e6


class _BleAir:
    """Between one bridge and its tags, event by event."""

    def __init__(self, shop: Shop, name: str, train: Train) -> None:
        self.name, self.tags, self.shop, self.train = name, shop.at_bridge[name], shop, train
        self._bursts: dict[int, Bursts] = {}
        self._preset = PRESETS[shop.air.preset]

    def command_lost(self, tag: int, event: int, way: Way) -> bool:
        octets = COMMAND_AIR_OCTETS if way is Way.DOWN else COMMAND_AIR_OCTETS - 48 + ANSWER_OCTETS
        return self._lost(tag, way, event * self.train.interval_us / 1e6, octets, 2 * event + (way is Way.UP))

    def packet_lost(self, tag: int, packet: int) -> bool:
        """Connections follow each other; where in time exactly does not matter to one burst of 0.3 s."""
        return self._lost(tag, Way.DOWN, tag + packet * EVENT_US / 1e6, PACKET_AIR_OCTETS, (1 << 40) + packet)

    def _lost(self, tag: int, way: Way, at_s: float, octets: int, number: int) -> bool:
        name = f"{self.tags[tag]}/{self.name}"
        seed, channel = self.shop.seed, self.shop.channel
        bursts = self._bursts.get(tag)
        if bursts is None:
            bursts = self._bursts[tag] = Bursts(self._preset, draws(seed, name, "bursts"))
        margin_db = channel.signal_dbm(self.tags[tag], self.name, way) - BLE_1M.sensitivity_dbm
        margin_db += channel.floor.propagation.fading_db(draws(seed, name, "BLE fading"), number)
        kept = (1 - packet_error_rate(BLE_1M, margin_db, octets)) * (1 - bursts.loss(at_s))
        return draws(seed, name, "BLE loss")(number) >= kept
