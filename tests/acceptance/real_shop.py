"""A shop of real processes: `esl serve`, `esl simulate`, the commands, and what each says of itself."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from acceptance_sizes import wait_for
from gateway_process import GatewayProcess

from gateway.access import StoreSettings

Document = dict[str, Any]
STORE = "shop"
# As `esl store add shop` makes it.
SETTINGS = StoreSettings(STORE, "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)
ESL = [sys.executable, "-m", "gateway.cli"]
ANSWERS_WITHIN_S = 60


def esl(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that talks to the gateway on this folder."""
    environment = {**os.environ, "ESL_DATA": str(data), "COLUMNS": "200"}
    return subprocess.run([*ESL, *words], capture_output=True, text=True, env=environment, check=False)


def said(data: Path, *words: str) -> Document:
    """What a command reports with --json; it must succeed."""
    ended = esl(data, *words, "--json")
    assert ended.returncode == 0, f"esl {' '.join(words)}: {ended.stderr}"
    report: Document = json.loads(ended.stdout)
    return report


def figures(running: GatewayProcess) -> dict[str, float]:
    """/metrics, by name."""
    text = httpx.get(running.endpoint["http"] + "/metrics", timeout=ANSWERS_WITHIN_S).text
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def displays(running: GatewayProcess, store: str = STORE) -> list[Document]:
    """Every display of the store with its two halves, as the operator sees them."""
    found: list[Document] = []
    after: str | None = ""
    while after is not None:
        page = running.admin("GET", f"/admin/displays?store={store}&after={after}").raise_for_status().json()
        found += page["displays"]
        after = page["next"]
    return found


def unconfirmed(running: GatewayProcess, store: str = STORE) -> list[Document]:
    """Displays that owe a proof, be it of a picture that is yet to be drawn."""
    drawn_or_bound = (one for one in displays(running, store) if one["desiredRevision"] is not None or one["barcodes"])
    return [one for one in drawn_or_bound if not one["confirmed"]]


def all_confirmed(running: GatewayProcess, within_s: float, store: str = STORE) -> None:
    """Wait until no display owes a proof."""

    def words() -> str:
        left = unconfirmed(running, store)
        return f"{len(left)} displays are not confirmed, such as {left[:3]}"

    wait_for(lambda: not unconfirmed(running, store), within_s, words)


class FleetProcess:
    """A running `esl simulate --control --json`."""

    def __init__(self, data: Path, *options: str, store: str = STORE) -> None:
        command = [*ESL, "simulate", "--data", str(data), "--store", store, "--control", "--json", *options]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.status: Document = {}
        self._answers: queue.Queue[Document] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="fleet", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told["event"] in ("done", "refused"):
                self._answers.put(told)
            else:
                self.status = told

    def order(self, do: str, **more: object) -> Document:
        """What `--control` answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        answer = self._answers.get(timeout=ANSWERS_WITHIN_S)
        assert answer["event"] == "done", answer
        return answer

    def until_commissioned(self, within_s: float) -> None:
        wait_for(
            lambda: self.status and self.status["commissioned"] == self.status["tags"], within_s, lambda: self.status
        )

    def dump(self, folder: Path) -> dict[str, Document]:
        """What every glass shows now: fleet.json by display, with the pictures beside it."""
        self.order("dump", folder=str(folder))
        told = json.loads((folder / "fleet.json").read_text())
        return {display["display"]: display for tag in told["tags"] for display in tag["displays"]}

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(ANSWERS_WITHIN_S)
        self._reader.join(ANSWERS_WITHIN_S)
        assert self.process.stderr is not None
        assert self.process.returncode == 0, self.process.stderr.read()


@contextmanager
def fleet(data: Path, *options: str, store: str = STORE) -> Iterator[FleetProcess]:
    """Running, and stopped at the end; killed if the test failed."""
    one = FleetProcess(data, *options, store=store)
    try:
        yield one
        one.stop()
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for pipe in (one.process.stdin, one.process.stderr):
            assert pipe is not None
            pipe.close()


def bind_all(data: Path, store: str = STORE) -> dict[str, str]:
    """`esl bind --auto`: barcode by display."""
    return {one["displayId"]: one["barcodes"][0] for one in said(data, "bind", "--auto", "--store", store)["bindings"]}


def import_rows(data: Path, file: Path, rows: Sequence[Document], store: str = STORE) -> Document:
    """Write the rows into the file and import it."""
    file.write_text(json.dumps(list(rows), ensure_ascii=False))
    return said(data, "import", str(file), "--store", store)
