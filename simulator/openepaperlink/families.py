"""What the firmware of one family of tags does otherwise than that of the next.

Rule: numbers and habits stand here, `tag.OeplTag` obeys them; a habit that is a fault of the original is named as one.
Source: OpenEPaperLink's tag firmware (ZBS243 448a247, nRF52811 72ad24e, EFR32xG22 27dde1e); facts only, see NOTICE.
"""

from __future__ import annotations

from msgspec import Struct

OWN_INTERVAL_S, OWN_INTERVAL_MAX_S = 40.0, 600.0
SMOOTHED = 8  # check-ins, over which the interval is averaged
_CHANNELS = (11, 15, 20, 25, 26, 27)


class Family(Struct, frozen=True, kw_only=True):
    """`..._s`: how long it listens after each try, or how long a try takes."""

    name: str
    channels: tuple[int, ...] = _CHANNELS
    ping_s: float
    check_in_s: float
    block_tries: int
    block_s: float
    listen_s: float  # for the parts of a block, from the moment it was told to wait for
    block_attempts: int = 5
    done_s: float
    long_every_s: float  # of sleep, between check-ins that say everything
    awake_again_s: float | None = None  # after somebody has pressed its button
    obeys_after_transfer: bool  # the next check-in that stood in an offer of data
    resumes: bool  # a picture, at the block where it gave up
    resumes_by_argument: bool = False  # only if the offer's argument is the same, too
    checks_size: bool = False  # a picture is the same only with the same size
    wrong_is_done: bool = False  # a payload that is not what it should be is confirmed, and not shown
    wants_full_waveform: bool = False  # fault: any other is confirmed, and not shown
    fails_at_whole_blocks: bool = False  # fault: a payload of whole blocks is confirmed, and not shown
    steps_s: tuple[float, ...] = ()  # between check-ins that nobody answers, then it scans; empty: by an average


ZBS = Family(
    name="ZBS243",
    ping_s=0.002,
    check_in_s=0.005,
    block_tries=30,
    block_s=0.0085,
    listen_s=0.315,
    done_s=0.006,
    long_every_s=300.0,
    awake_again_s=0.1,
    obeys_after_transfer=True,
    resumes=True,
    resumes_by_argument=True,
)
NRF = Family(
    name="nRF52811",
    ping_s=0.005,
    check_in_s=0.005,
    block_tries=10,
    block_s=0.006,
    listen_s=0.315,
    done_s=0.006,
    long_every_s=300.0,
    awake_again_s=10.0,
    obeys_after_transfer=True,
    resumes=True,
)
EFR32 = Family(
    name="EFR32xG22",
    channels=_CHANNELS[:-1],
    ping_s=0.020,
    check_in_s=0.020,
    block_tries=10,
    block_s=0.350,
    listen_s=0.350,
    block_attempts=10,
    done_s=0.010,
    long_every_s=600.0,
    obeys_after_transfer=False,
    resumes=False,
    checks_size=True,
    wrong_is_done=True,
    wants_full_waveform=True,
    fails_at_whole_blocks=True,
    steps_s=(40.0,) * 4 + (80.0,) * 4 + (120.0,) * 4,
)
FAMILIES = (ZBS, NRF, EFR32)


def own_interval_s(family: Family, failed: list[bool]) -> float | None:
    """Until the next check-in, if the tag decides; `failed`: its last check-ins, the newest last. None: it scans."""
    if family.steps_s:
        in_a_row = next((count for count, bad in enumerate(reversed(failed)) if not bad), len(failed))
        if in_a_row > len(family.steps_s):
            return None
        return family.steps_s[max(in_a_row - 1, 0)]
    recent = failed[-SMOOTHED:]
    interval_s = OWN_INTERVAL_S + (OWN_INTERVAL_MAX_S - OWN_INTERVAL_S) * sum(recent) / SMOOTHED
    return None if interval_s >= OWN_INTERVAL_MAX_S else interval_s
