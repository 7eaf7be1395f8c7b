"""The data folder of one gateway: its lock, its keys, and what it says of itself to other programs.

In: a path. Out: the lock for as long as the process lives, `site.key`, `admin.token`, `endpoint.json`.
Rule: whoever reads `endpoint.json` finds it whole or not at all; secrets are readable by their owner alone; a restore
that was cut off after it was decided is finished before anything is read.
"""

import base64
import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from gateway.app.errors import CannotStart
from gateway.app.limits import ADMIN_TOKEN_OCTETS, SITE_KEY_OCTETS
from gateway.app.shop_files import ADMIN_TOKEN, PORTS, SITE_KEY, finish
from gateway.ports import Secrets

ENDPOINT, LOCK = "endpoint.json", "lock"


@dataclass(frozen=True, slots=True)
class Keys:
    """`site_secret`: 32 octets, under which everything between tags and this site stands. `admin_token`: a text."""

    site_secret: bytes = field(repr=False)
    admin_token: str = field(repr=False)


class LastPorts(Struct, frozen=True):
    """Where the last run listened; None = unknown."""

    http: int | None = None
    mqtt: int | None = None


def load_keys(folder: Path, secrets: Secrets) -> Keys:
    """The keys of the folder, made at the first start. Raises CannotStart."""
    with _said_by_meaning(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        site_secret = _read_or_make(folder / SITE_KEY, secrets.octets(SITE_KEY_OCTETS))
        token = base64.urlsafe_b64encode(secrets.octets(ADMIN_TOKEN_OCTETS)).rstrip(b"=") + b"\n"
        admin_token = _read_or_make(folder / ADMIN_TOKEN, token).decode("ascii", "replace").strip()
    if len(site_secret) != SITE_KEY_OCTETS:
        raise CannotStart(f"{folder / SITE_KEY} is damaged: it has {len(site_secret)} octets. Restore it from a backup")
    if not admin_token:
        raise CannotStart(f"{folder / ADMIN_TOKEN} is empty: remove it, and the gateway makes a new one")
    return Keys(site_secret, admin_token)


class DataFolder:
    """Locked from `open` until `close`, or until the process ends, however it ends."""

    def __init__(self, path: Path, lock_descriptor: int) -> None:
        self.path = path
        self._lock_descriptor = lock_descriptor

    @classmethod
    def open(cls, path: Path) -> "DataFolder":
        """Raises CannotStart: another gateway runs on it, or it cannot be used."""
        with _said_by_meaning(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)  # no child inherits it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise CannotStart(
                f"another gateway (process {owner or 'unknown'}) runs on {path}: "
                "stop it, or give another folder (--data)"
            ) from None
        try:
            with _said_by_meaning(path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                (path / ENDPOINT).unlink(missing_ok=True)  # of a run that was killed: its ports are in ports.json
                finish(path)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def last_ports(self) -> LastPorts:
        try:
            found = json.loads((self.path / PORTS).read_text())
            return LastPorts(int(found["http"]), int(found["mqtt"]) if found.get("mqtt") else None)
        except (OSError, ValueError, KeyError, TypeError):
            return LastPorts()

    def announce(self, http_url: str, mqtt_url: str, ports: LastPorts) -> None:
        """The gateway is ready: say where. Raises CannotStart."""
        with _said_by_meaning(self.path):
            _write_whole(self.path / PORTS, json.dumps({"http": ports.http, "mqtt": ports.mqtt}))
            endpoint = {"http": http_url, "mqtt": mqtt_url, "pid": os.getpid()}
            _write_whole(self.path / ENDPOINT, json.dumps(endpoint))

    def close(self) -> None:
        (self.path / ENDPOINT).unlink(missing_ok=True)
        os.close(self._lock_descriptor)


def _read_or_make(path: Path, fresh: bytes) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())  # a site key that a power cut takes back would orphan every tag
        draft.replace(path)
        return fresh


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


class _said_by_meaning:  # noqa: N801  # reads as a clause of `with`
    """Turns errors of the file system into the operator's words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno == 28:
            raise CannotStart(f"the disk that holds {self._folder} is full: free some space") from error
        raise CannotStart(
            f"the data folder {self._folder} cannot be used: {error.strerror}: {error.filename}. "
            "Give another folder (--data), or the rights to this one"
        ) from error
