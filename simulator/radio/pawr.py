"""Periodic advertising with responses: the train, what fits its packets and slots, and how fast it reaches a shop.

In: a train's parameters, tags, who loses what. Out: rounds, microseconds, answers. Rule: times are those of events,
subevents and slots, counted; a parameter set whose slots run into the next subevent, or whose answers do not fit their
slots, is refused. A tag that loses the train: `pawr_sync`. Pictures, which need a connection: `connections`.
Figures: radio and panel facts 1.1, 1.3 and 3.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from simulator.radio.draws import Draw
from simulator.radio.path_loss import BLE_1M, Way, survives

T_IFS_US = 150
FRAMING_OCTETS = 11  # preamble, access address, header, extended header, check sum
SEAL_OCTETS = 13  # two AD structures' heads, randomizer 5, MIC 4
PACKET_OCTETS_MAX = 48  # of the ESL service, the group's octet included
TAGS_A_GROUP_MAX = 255
COMMAND_OCTETS = {"ping": 2, "read sensor": 3, "display image": 4, "timed image": 8, "led": 13, "timed led": 17}
_SLOT_UNIT_US = 125

Lost = Callable[[int, int, Way], bool]  # tag, event of the train, way


class TrainWrong(ValueError):
    """These parameters cannot run. `str()` says why."""


def airtime_us(esl_octets: int, megabits: int = 1) -> int:
    """Of one packet with so many octets of the ESL service, sealed and framed."""
    return (FRAMING_OCTETS + SEAL_OCTETS + esl_octets) * 8 // megabits


class Train(Struct, frozen=True):
    """Times in microseconds. `slots` answers after each of `subevents` packets; `megabits`: of the PHY."""

    name: str
    interval_us: int
    subevents: int
    subevent_us: int
    slot_delay_us: int
    slot_us: int
    slots: int
    megabits: int = 1

    def __post_init__(self) -> None:
        if self.window_closes_us >= self.subevent_us:
            raise TrainWrong(f"{self.name}: slots end at {self.window_closes_us} us of {self.subevent_us}")
        if self.subevents * self.subevent_us > self.interval_us:
            raise TrainWrong(f"{self.name}: {self.subevents} subevents do not fit an interval")

    @property
    def window_closes_us(self) -> int:
        return self.slot_delay_us + self.slots * self.slot_us

    @property
    def tags_max(self) -> int:
        return self.subevents * TAGS_A_GROUP_MAX

    def answers(self, octets: int) -> bool:
        """Does an answer of so many octets fit a slot, with the pause before the next?"""
        return airtime_us(octets, self.megabits) + T_IFS_US <= self.slot_us

    def fitted(self, answer_octets: int) -> "Train":
        """The same train with slots long enough for such answers, and as many of them as there is room for."""
        needed_us = airtime_us(answer_octets, self.megabits) + T_IFS_US
        slot_us = max(self.slot_us, -(-needed_us // _SLOT_UNIT_US) * _SLOT_UNIT_US)
        slots = min(self.slots, (self.subevent_us - self.slot_delay_us - 1) // slot_us)
        return replace(self, slot_us=slot_us, slots=slots)

    def commands_a_packet(self, command: str) -> int:
        """So many that each is answered."""
        return min(self.slots, (PACKET_OCTETS_MAX - 1) // COMMAND_OCTETS[command])

    def subevent_at_us(self, event: int, group: int) -> int:
        """Since the train began."""
        return event * self.interval_us + group * self.subevent_us


NORDIC = Train("Nordic", 1_760_000, 128, 13_750, 10_000, 375, 8)
SILICON_LABS = Train("Silicon Labs", 1_541_250, 28, 55_000, 37_500, 750, 23)


class Sweep(Struct, frozen=True):
    """Every tag was given one command and heard. `elapsed_us` ends with the last answer's slot."""

    rounds: int
    elapsed_us: int
    answers: int
    bridge_air_us: int
    tags_air_us: int

    @property
    def answers_per_s(self) -> float:
        return self.answers / (self.elapsed_us / 1e6)


def sweep(train: Train, tags: int, command: str, lost: Lost, answer_octets: int = 3) -> Sweep:
    """One command to each of `tags`, spread evenly over the groups, until each answer is heard. Raises `TrainWrong`."""
    if tags > train.tags_max:
        raise TrainWrong(f"{tags} tags: {train.name} has {train.subevents} groups of at most {TAGS_A_GROUP_MAX}")
    if not train.answers(answer_octets):
        raise TrainWrong(f"answers of {answer_octets} octets do not fit slots of {train.slot_us} us")
    per_packet = train.commands_a_packet(command)
    waiting = [list(range(group, tags, train.subevents)) for group in range(train.subevents)]
    event = answers = bridge_us = tags_us = 0
    last_us = 0
    answer_us = airtime_us(answer_octets, train.megabits)
    while any(waiting):
        for group, queue in enumerate(waiting):
            if not queue:
                continue
            asked = queue[:per_packet]
            bridge_us += airtime_us(1 + COMMAND_OCTETS[command] * len(asked), train.megabits)
            heard: set[int] = set()
            for slot, tag in enumerate(asked):
                if lost(tag, event, Way.DOWN):
                    continue
                tags_us += answer_us
                if not lost(tag, event, Way.UP):
                    heard.add(tag)
                    ends_us = train.slot_delay_us + (slot + 1) * train.slot_us
                    last_us = max(last_us, train.subevent_at_us(event, group) + ends_us)
            answers += len(heard)
            # Who was not heard is asked first in the next event: a straggler must not wait for a whole group.
            waiting[group] = [tag for tag in asked if tag not in heard] + queue[per_packet:]
        event += 1
    return Sweep(event, last_us, answers, bridge_us, tags_us)


def tries_until_all_heard(tags: int, lost: Lost, group: int = 0) -> int:
    """How often a group must be asked until each of its tags was heard at least once, stragglers alone."""
    missing = range(group * tags, (group + 1) * tags)
    tries = 0
    left = list(missing)
    while left:
        left = [tag for tag in left if lost(tag, tries, Way.DOWN) or lost(tag, tries, Way.UP)]
        tries += 1
    return tries


def urgent_us(train: Train, number: int, draw: Draw, lost: Lost) -> int:
    """From an order to the packet that its tag understands: the rest of an interval, one more for each lost try."""
    wait_us = round(draw(number) * train.interval_us)
    event = 0
    while lost(number, event, Way.DOWN):
        event += 1
    return wait_us + event * train.interval_us


def heard_in_slot(answers_dbm: Sequence[float]) -> int | None:
    """Which of the answers in one slot the bridge hears: the only one, or the one that drowns all others."""
    if not answers_dbm:
        return None
    strongest = max(range(len(answers_dbm)), key=lambda place: answers_dbm[place])
    others = [dbm for place, dbm in enumerate(answers_dbm) if place != strongest]
    captured = all(survives(BLE_1M, answers_dbm[strongest], other, in_time=True) for other in others)
    return strongest if captured else None


def lossless(tag: int, event: int, way: Way) -> bool:
    """Nothing is lost."""
    return False


def losing(draw: Draw, probability: float) -> Lost:
    """Each way on its own, with the same probability."""
    return lambda tag, event, way: draw((event << 33) + (tag << 1) + (way is Way.UP)) < probability
