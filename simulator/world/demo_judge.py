"""The judge of `esl demo`: compares every glass with what the rows that were sent ask for.

In: the store's settings, the accepted requests in their order, bindings, the glasses, the time. Out: the displays whose
glass is not, pixel by pixel, the plain reference's picture. Rule: plain values in and out, and callable in a process of
its own, because drawing without any cache takes its time.
"""

import json
import signal
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.access import StoreSettings
from gateway.catalog import RowMode, decode_json
from simulator.world.judge import Judge

_MODES = {"/add": RowMode.ADD, "/productUpdate": RowMode.UPDATE, "/batch/push": RowMode.UPDATE}
SentRows = tuple[str, Sequence[Mapping[str, object]]]


class GlassToJudge(Struct, frozen=True):
    """One display of the fleet: what it is bound to, and what its glass shows, as its controller holds it."""

    display_id: str
    panel: str
    template: str
    barcodes: tuple[str, ...]
    planes: tuple[bytes, ...]


class DemoJudge:
    """Rows are told once, in the order in which they were accepted; glasses may be judged again and again."""

    def __init__(self, settings: Mapping[str, object], sent: Sequence[SentRows]) -> None:
        """`settings`: the store as the admin API tells of it."""
        self._judge = Judge(_settings(settings))
        for path, rows in sent:
            raw = decode_json(json.dumps(rows).encode())
            if not isinstance(raw, list):
                raise TypeError("rows are a list")
            self._judge.accepted(raw, _MODES[path])

    def different(self, glasses: Sequence[GlassToJudge], at: datetime) -> list[str]:
        """The ids of the displays that do not show what they should."""
        return [
            one.display_id
            for one in glasses
            if self._judge.expected(one.display_id, one.panel, one.barcodes, at, one.template).planes != one.planes
        ]


_at_work: DemoJudge | None = None


def begin(settings: Mapping[str, object], sent: Sequence[SentRows]) -> None:
    """In a worker process, once: Ctrl-C is its parent's to answer, and the rows are folded."""
    global _at_work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _at_work = DemoJudge(settings, sent)


def different(glasses: Sequence[GlassToJudge], at: datetime) -> list[str]:
    """In a worker process that has begun."""
    if _at_work is None:
        raise RuntimeError("`begin` comes first")
    return _at_work.different(glasses, at)


def _settings(found: Mapping[str, object]) -> StoreSettings:
    version = found["settingsVersion"]
    return StoreSettings(
        store_id=str(found["store"]),
        currency=str(found["currency"]),
        time_zone=str(found["timeZone"]),
        locale=str(found["locale"]),
        law=str(found["law"]),
        settings_version=version if isinstance(version, int) else 0,
        allow_zero_price=bool(found["allowZeroPrice"]),
        source=None,
        trial=bool(found["trial"]),
    )
