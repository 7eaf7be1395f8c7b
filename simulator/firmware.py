"""Firmwares: what a tag's maker may ship within the protocol, and yet no two ship alike. Named, as data.

In: shares of a shop's tags, its seed. Out: for each tag a `Firmware`, and its `Habits`: what it does with what it is
about to say. Rule: a firmware changes how and when a tag says and asks, never what it accepts, draws or proves; who has
none of these is plain, draws nothing here and says just what `TagMachine` says. Seen in the field: radio and panel
facts 8, numbers 5, 6, 9, 10 and 30.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from firmware_protocol import TagId
from firmware_protocol.poll import CannotOpen, PartRequest, Response, SealedReport, UpItem
from simulator.chance import Chance, key_of, unit


class Firmware(Struct, frozen=True):
    """`words` for the docs. Times are the fleet's own.

    `window_parts`: how many parts it asks for at once; None = as many as one request reaches.
    `repeats_max`: a report is said again at one to so many contacts that follow, octet by octet.
    `late_s`: what it answers to what it heard comes at a contact of its own, so much later at most.
    `loses_first_proof`: the report after a refresh is sent, and nobody hears it.
    `redraws_every_s`: so often it draws its glass anew, of its own accord, and does not know then what it shows.
    `drift_ppm`: added to its crystal's. `clock_restarts`: with each refresh its contacts begin at another instant.
    """

    words: str
    window_parts: int | None = None
    repeats_max: int = 0
    late_s: float = 0.0
    loses_first_proof: bool = False
    redraws_every_s: float = 0.0
    drift_ppm: float = 0.0
    clock_restarts: bool = False


PLAIN = Firmware("as the protocol's own tag machine says it")
FIRMWARES: dict[str, Firmware] = {
    "small-windows": Firmware("asks for four parts at a time, and has several contacts a picture", window_parts=4),
    "repeats": Firmware("says each report again at one to three contacts that follow", repeats_max=3),
    "late": Firmware("answers up to 20 s after the contact in which it was asked", late_s=20.0),
    "lost-proof": Firmware("the first report after each refresh is never heard", loses_first_proof=True),
    "redraws": Firmware("draws its glass anew every half hour, and says that it is unknown", redraws_every_s=1800.0),
    "bad-clock": Firmware(
        "500 ppm off, and its contacts begin anew with each refresh", drift_ppm=500.0, clock_restarts=True
    ),
}


class FirmwareWrong(ValueError):
    """Shares of firmwares that cannot be. `str()` says which, and what there is."""


def ensure_shares(shares: Mapping[str, float]) -> None:
    """Raises FirmwareWrong."""
    for name, share in shares.items():
        if name not in FIRMWARES:
            raise FirmwareWrong(f"no firmware is called {name!r}; there are {', '.join(FIRMWARES)}")
        if not 0 <= share <= 1:
            raise FirmwareWrong(f"{name} is {share}: a share of the tags, 0 to 1, is wanted")
    if sum(shares.values()) > 1:
        raise FirmwareWrong(f"the shares are {sum(shares.values()):g} together: 1 at most is wanted")


def firmware_of(seed: int, tag_id: TagId, shares: Mapping[str, float]) -> Firmware:
    """By a draw of its own, so that it moves no other and other tags do not move it."""
    if not shares:
        return PLAIN
    ticket = unit(key_of(seed, f"firmware/{tag_id}"), 0)
    for name, share in shares.items():
        if ticket < share:
            return FIRMWARES[name]
        ticket -= share
    return PLAIN


class Habits:
    """What one tag of a firmware holds in RAM between its contacts. Of a plain one there is none."""

    def __init__(self, firmware: Firmware) -> None:
        self.firmware = firmware
        self.forget()

    def forget(self) -> None:
        """RAM is lost."""
        self._late: list[UpItem] = []
        self._again: list[tuple[SealedReport, int]] = []  # and how often still
        self._loses_proof = False

    @property
    def owes(self) -> bool:
        """The next contact has something to say that the machine has said already."""
        return bool(self._late or self._again)

    @property
    def is_late(self) -> bool:
        """Something was heard and is not answered yet."""
        return bool(self._late)

    def was_drawn(self) -> None:
        self._loses_proof = self.firmware.loses_first_proof

    def opens(self, items: Sequence[UpItem], chance: Chance) -> list[UpItem]:
        """What a contact begins with, where the machine would begin with `items`."""
        said: list[UpItem] = [*self._late, *(report for report, _ in self._again)]
        self._late = []
        self._again = [(report, left - 1) for report, left in self._again if left > 1]
        reports = [item for item in items if isinstance(item, SealedReport)]
        if self._loses_proof and reports:
            self._loses_proof = False
            items = [item for item in items if not isinstance(item, SealedReport)]
        elif self.firmware.repeats_max:
            self._again += [(report, 1 + chance.randrange(self.firmware.repeats_max)) for report in reports]
        return [*said, *self._narrowed(items)]

    def answers(self, items: Sequence[UpItem]) -> list[UpItem]:
        """What it says at once to what it heard; the rest is said late. Parts are asked for in their contact."""
        items = self._narrowed(items)
        if not self.firmware.late_s:
            return items
        self._late += [item for item in items if isinstance(item, (SealedReport, Response, CannotOpen))]
        return [item for item in items if not isinstance(item, (SealedReport, Response, CannotOpen))]

    def _narrowed(self, items: Sequence[UpItem]) -> list[UpItem]:
        window = self.firmware.window_parts
        if window is None:
            return list(items)
        return [
            PartRequest.of(item.encoding_id, item.offsets()[:window]) if isinstance(item, PartRequest) else item
            for item in items
        ]
