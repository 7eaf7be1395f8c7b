"""What may be asked of a running fleet, one JSON object a line on its standard input (`--control`).

In: `{"do": "kill", "tags": 10}` and the like. Out: what was done, as a JSON object. Rule: a line that is wrong changes
nothing and is answered with the reason; the end of the input ends the fleet, because whoever asked is gone.
"""

import json
from collections.abc import Callable
from pathlib import Path

from firmware_protocol import FieldError, TagId
from simulator.cli.running import RunningFleet
from simulator.faults import FaultRates

Order = dict[str, object]


def carry_out(running: RunningFleet, line: str) -> dict[str, object]:
    """The answer: `event` is `done` or `refused`."""
    try:
        order = json.loads(line)
        if not isinstance(order, dict) or order.get("do") not in ORDERS:
            raise ValueError(f"`do` is one of {', '.join(ORDERS)}")
        return {"event": "done", "do": order["do"], **ORDERS[str(order["do"])](running, order)}
    except (ValueError, KeyError, TypeError, FieldError) as error:
        return {"event": "refused", "line": line.strip(), "reason": str(error)}


def _faults(running: RunningFleet, order: Order) -> Order:
    """`loss`, `duplication`, `reordering`, `corruption`: of payloads, on serial of frames; those not named are 0."""
    names = ("loss", "duplication", "reordering", "corruption")
    running.fleet.set_link_rates(FaultRates(*(float(str(order.get(name, 0.0))) for name in names)))
    return {}


def _kill(running: RunningFleet, order: Order) -> Order:
    """`tags`: so many living ones fall silent."""
    return {"tags": [str(tag_id) for tag_id in running.fleet.kill_tags(int(str(order["tags"])))]}


def _revive(running: RunningFleet, order: Order) -> Order:
    """`tags`: these ids, or all that are silent."""
    wanted = order.get("tags")
    running.fleet.revive_tags([TagId.parse(str(one)) for one in wanted] if isinstance(wanted, list) else None)
    return {}


def _reboot(running: RunningFleet, order: Order) -> Order:
    """`tag`: its RAM is lost."""
    running.fleet.reboot_tag(TagId.parse(str(order["tag"])))
    return {}


def _unplug(running: RunningFleet, order: Order) -> Order:
    """`bridge`, and `seconds` until it is plugged in again (none: until `replug`)."""
    name = str(order["bridge"])
    running.unplug(name)
    if "seconds" in order:
        running.fleet.scheduler.after(float(str(order["seconds"])), lambda: running.replug(name))
    return {"bridge": name}


def _replug(running: RunningFleet, order: Order) -> Order:
    running.replug(str(order["bridge"]))
    return {}


def _restart(running: RunningFleet, order: Order) -> Order:
    """`bridge`: its RAM is lost."""
    running.fleet.restart_bridge(str(order["bridge"]))
    return {}


def _dump(running: RunningFleet, order: Order) -> Order:
    """`folder`, or that of --dump."""
    folder = order.get("folder")
    return {"pictures": running.dump(Path(str(folder)) if folder is not None else None)}


def _tap(running: RunningFleet, order: Order) -> Order:
    """What came down to the bridges since the last such order; the first begins to listen."""
    return running.fleet.tap_links().to_json()


def _status(running: RunningFleet, order: Order) -> Order:
    return running.status()


ORDERS: dict[str, Callable[[RunningFleet, Order], Order]] = {
    "faults": _faults,
    "kill": _kill,
    "revive": _revive,
    "reboot": _reboot,
    "unplug": _unplug,
    "replug": _replug,
    "restart": _restart,
    "dump": _dump,
    "tap": _tap,
    "status": _status,
}
