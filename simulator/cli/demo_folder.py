"""Where a demo's shop lives: a folder that is taken up again, or made anew when another shop is asked for.

In: the folder, and what the shop is made of. Out: the folder, locked for this process. Rule: only a folder that a demo
made is ever started afresh, and only what a gateway or a demo wrote in it is removed.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.cli.admin_api import GatewayRefuses
from simulator.cli.demo_limits import GATEWAY_STOPS_S, LOOK_EVERY_S
from simulator.clock import SystemClock

# What `esl serve` writes (docs/operating.md); its ports are remembered, so that the address stays the same.
_DATABASE = "esl.sqlite"
_OF_A_GATEWAY = (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", "site.key", "admin.token", "broker", "serial")
_GATEWAY_LOCK = "lock"
_OWN = "demo"  # the demo's own folder in the data folder


@dataclass(frozen=True, slots=True)
class Made:
    """What a shop was made with. `products`: a count, or the hash of a file."""

    tags: int
    products: str
    seed: int
    carrier: str


class DemoFolder:
    """`data` is the gateway's `--data`; the demo's own files stand in `data/demo`."""

    def __init__(self, data: Path, lock_descriptor: int, *, is_taken_up: bool) -> None:
        self.data = data
        self.is_taken_up = is_taken_up
        self._lock_descriptor = lock_descriptor

    @classmethod
    async def open(cls, data: Path, made: Made) -> "DemoFolder":
        """Lock it, and make it a folder of this shop. Raises `GatewayRefuses`."""
        own = data / _OWN
        try:
            if (data / _DATABASE).exists() and not own.is_dir():
                raise GatewayRefuses(f"{data} holds a shop that no demo made: give another folder (--data)")
            own.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = _lock(own / "lock")
            if descriptor is None:
                raise GatewayRefuses(f"a demo runs on {data} already: stop it, or give another folder (--data)")
            await _end_orphan(data)
            kept = _read(own / "made.json")
            if kept != asdict(made):
                _forget(data)
                (own / "made.json").write_text(json.dumps(asdict(made)) + "\n")
        except OSError as error:
            raise GatewayRefuses(
                f"the folder {data} cannot be used: {error.strerror}: give another one (--data)"
            ) from None
        return cls(data, descriptor, is_taken_up=kept == asdict(made))

    @property
    def fleet_state(self) -> Path:
        return self.data / _OWN / "fleet"

    @property
    def gateway_log(self) -> Path:
        return self.data / _OWN / "gateway.log"

    def token(self) -> str | None:
        """The POS token that an earlier run was given."""
        try:
            return (self.data / _OWN / "pos.token").read_text().strip()
        except OSError:
            return None

    def keep_token(self, token: str) -> None:
        """Readable by its owner alone."""
        path = self.data / _OWN / "pos.token"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{token}\n")

    def close(self) -> None:
        os.close(self._lock_descriptor)


def user_folder() -> Path:
    """Where programs keep what is a user's own, by the platform's convention."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "esl-gateway" / "demo"
    named = os.environ.get("XDG_DATA_HOME", "")
    shared = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"
    return shared / "esl-gateway" / "demo"


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed; None: somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def _end_orphan(data: Path) -> None:
    """A demo that was killed leaves its gateway behind; nobody else has a gateway on a demo's folder."""
    clock = SystemClock()
    path = data / _GATEWAY_LOCK
    gives_up_s = clock.monotonic_s() + GATEWAY_STOPS_S
    while path.exists() and (descriptor := _lock(path)) is None:
        owner = path.read_text().strip()
        if clock.monotonic_s() > gives_up_s:
            raise GatewayRefuses(f"process {owner} runs a gateway on {data} and does not end: stop it")
        with suppress(ValueError, ProcessLookupError):
            os.kill(int(owner), signal.SIGTERM)
        await clock.sleep(LOOK_EVERY_S)
    if path.exists() and descriptor is not None:
        os.close(descriptor)


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _forget(data: Path) -> None:
    own = data / _OWN
    for path in (*(data / name for name in _OF_A_GATEWAY), own / "fleet", own / "pos.token"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
