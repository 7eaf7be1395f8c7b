"""The disk under a gateway's file: full, slow, or cut off from its power at a commit.

In: what shall go wrong. Out: real effects on the real file: SQLite's own *disk is full*, time that passes in a commit,
and after a power cut the very octets that were on the disk. Rule: the gateway knows nothing of it; this listens to
SQLAlchemy's events of every engine that writes into the folder.

A power cut keeps what the last fsync had made safe: before the commit, after it, or a write-ahead log torn at any octet
of what this commit appended (the fsync had not returned, so nobody was answered). Of a connection that asks for no
fsync at each commit, nothing is safe that it has committed.
"""

import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from weakref import WeakKeyDictionary

from msgspec import Struct
from sqlalchemy import Connection, Engine, event

from simulator.virtual_time import VirtualLoop

PAGES_WITHOUT_BOUND = 4_294_967_294  # SQLite's own upper end of max_page_count
WAL_HEADER_OCTETS = 32
SYNC_FULL = 2  # PRAGMA synchronous: in WAL mode, each commit is followed by an fsync


class Tear(StrEnum):
    """What of the commit at hand is on the disk when the power goes."""

    BEFORE = "before the commit"
    WITHIN = "within the commit"
    AFTER = "after the commit"


class PowerCut(Struct, frozen=True):
    """At the n-th commit from now. `share`: of what the commit wrote, how much a torn one keeps."""

    commits: int
    tear: Tear
    share: float


class Disk:
    """Open it with `open`, close it with `close`. `dies` is called in the turn behind a commit that loses power."""

    def __init__(self, folder: Path, spare: Path, file: str, loop: VirtualLoop) -> None:
        self.full = False
        self.slow_s = 0.0
        self.commits = 0
        self._folder, self._spare, self._file, self._loop = folder, spare, file, loop
        self._cut: PowerCut | None = None
        self._at_commit = 0
        self._holds_unsafe = False  # the disk was never asked to make the newest commits safe
        self._dies: Callable[[], None] | None = None
        self._writers: WeakKeyDictionary[Engine, bool] = WeakKeyDictionary()
        self._waiting: WeakKeyDictionary[Engine, bool] = WeakKeyDictionary()
        self._bounded: WeakKeyDictionary[Engine, bool] = WeakKeyDictionary()

    def open(self) -> None:
        event.listen(Engine, "begin", self._begin)
        event.listen(Engine, "commit", self._commit)

    def close(self) -> None:
        event.remove(Engine, "begin", self._begin)
        event.remove(Engine, "commit", self._commit)

    def cut_power(self, cut: PowerCut, dies: Callable[[], None]) -> None:
        """Arm it; a cut that was armed before is forgotten."""
        self._cut, self._dies, self._at_commit = cut, dies, self.commits + cut.commits

    def is_another(self) -> None:
        """Another file lies there now, and all of it is safe."""
        self._holds_unsafe = False

    def disarm(self) -> None:
        self._cut = self._dies = None

    def _begin(self, connection: Connection) -> None:
        if not self._writes_here(connection) or self._bounded.get(connection.engine, False) is self.full:
            return
        self._bounded[connection.engine] = self.full
        bound = 1 if self.full else PAGES_WITHOUT_BOUND  # never below what is there: SQLite sees to that
        connection.exec_driver_sql(f"PRAGMA max_page_count = {bound}")

    def _commit(self, connection: Connection) -> None:
        if not self._writes_here(connection):
            return
        self.commits += 1
        if self.slow_s:
            self._loop.stall(self.slow_s)
        is_cut = self._cut is not None and self.commits >= self._at_commit
        is_safe = self._waits_for_the_disk(connection)
        if (is_cut or not is_safe) and not self._holds_unsafe:
            self._keep_copy("before")
        self._holds_unsafe = not is_safe
        if is_cut:
            self._loop.call_soon(self._power_is_gone)

    def _power_is_gone(self) -> None:
        cut, dies = self._cut, self._dies
        self.disarm()
        self._holds_unsafe = False
        if cut is None or dies is None:
            return
        self._keep_copy("after")
        dies()
        self._lay(cut)

    def _lay(self, cut: PowerCut) -> None:
        """Put on the disk what the power cut left of it. The dead instance has let go of the file."""
        log = f"{self._file}-wal"
        kept = "after" if cut.tear is Tear.AFTER else "before"
        for name in (self._file, log):
            source = self._spare / f"{kept}-{name}"
            if source.exists():
                shutil.copyfile(source, self._folder / name)
            else:
                (self._folder / name).unlink(missing_ok=True)
        (self._folder / f"{self._file}-shm").unlink(missing_ok=True)
        if cut.tear is Tear.WITHIN:
            self._tear_log(log, cut.share)

    def _tear_log(self, log: str, share: float) -> None:
        before, after = self._spare / f"before-{log}", self._spare / f"after-{log}"
        old = before.read_bytes() if before.exists() else b""
        new = after.read_bytes() if after.exists() else b""
        is_appended = len(new) > len(old) and new[:WAL_HEADER_OCTETS] == old[:WAL_HEADER_OCTETS]
        begun = len(old) if is_appended else 0  # a log that starts anew overwrites itself from the first octet on
        torn = begun + int((len(new) - begun) * share)
        (self._folder / log).write_bytes(new[:torn] + old[torn:])

    def _keep_copy(self, when: str) -> None:
        for name in (self._file, f"{self._file}-wal"):
            source, kept = self._folder / name, self._spare / f"{when}-{name}"
            if source.exists():
                shutil.copyfile(source, kept)
            else:
                kept.unlink(missing_ok=True)

    def _waits_for_the_disk(self, connection: Connection) -> bool:
        """Whether a commit comes back only after its fsync: else the power takes all that came since the last one."""
        known = self._waiting.get(connection.engine)
        if known is None:
            driver = connection.connection.cursor()
            known = self._waiting[connection.engine] = driver.execute("PRAGMA synchronous").fetchone()[0] >= SYNC_FULL
            driver.close()
        return known

    def _writes_here(self, connection: Connection) -> bool:
        known = self._writers.get(connection.engine)
        if known is None:
            driver = connection.connection.cursor()
            try:
                (only_reads,) = driver.execute("PRAGMA query_only").fetchone()
                where = driver.execute("PRAGMA database_list").fetchone()[2]
            finally:
                driver.close()
            known = not only_reads and Path(where).resolve() == (self._folder / self._file).resolve()
            self._writers[connection.engine] = known
        return known
